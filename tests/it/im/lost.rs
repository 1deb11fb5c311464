//! What belongs nowhere, and what never came: for those who have to look into it.

use super::*;

#[tokio::test]
async fn what_belongs_nowhere_is_kept_for_the_administrator_and_moves_when_it_fits() {
    let house = House::open().await;
    let (nobody, admin) = (house.hotline.client(), house.hotline.staff("guanli").await);
    let anna = house.hotline.visitor("ecnu", "anna").await;
    let homeless = Word::new(&anna.username, "lin", "", 7, words::text("有人吗"));
    let answer = nobody.callback(&homeless.callback()).await;
    assert_eq!((&answer.body["ActionStatus"], &answer.body["ErrorCode"]), (&json!("FAIL"), &json!(1)));

    let listed = admin.get("/message/unplaced?page=0&size=10").await;
    assert_eq!(listed.body["count"], 1);
    let row = &listed.ok()[0];
    assert_eq!((&row["from"], &row["to"]), (&json!(anna.username), &json!("lin")));
    assert_eq!((&row["reason"], &row["payload"]["text"]), (&json!("no-open-conversation"), &json!("有人吗")));
    assert_eq!(admin.get("/message/unplaced?page=1").await.ok(), json!([]));
    let noted =
        sqlx::query_scalar!(r#"select count(*) as "noted!" from audit where action = 'read-unplaced'"#);
    assert_eq!(noted.fetch_one(&house.hotline.database.pool).await.expect("a count"), 1);
    for other in [&house.lin, &anna] {
        other.get("/message/unplaced").await.refused(-5, "未开通权限");
    }
    nobody.get("/message/unplaced").await.fault(403, "/message/unplaced");

    let id = anna.open(&house.lin_id).await["id"].as_str().expect("an id").to_owned();
    nobody.say(&homeless).await;
    assert_eq!(admin.get("/message/unplaced").await.body["count"], 0);
    assert_eq!(house.texts(&Talk { visitor: anna, id }).await, ["有人吗"]);
}

#[tokio::test]
async fn numbers_that_never_came_are_shown_by_sender() {
    let house = House::open().await;
    let (nobody, talk, other) = (house.hotline.client(), house.talk("anna").await, house.talk("bo").await);
    for sequence in [10, 11, 14, 15] {
        nobody.say(&talk.says(sequence, "话")).await;
    }
    // Lin numbers what they say to all of them on and on.
    for (sequence, to) in [(100, &talk), (101, &other), (103, &talk), (9000, &talk)] {
        nobody.say(&to.hears(sequence, "话")).await;
    }
    let path = format!("/message/gaps?conversationId={}", talk.id);
    let gaps = house.lin.get(&path).await;
    assert_eq!(gaps.body["count"], 2);
    let gaps = gaps.ok();
    let shown: Vec<_> = gaps
        .as_array()
        .expect("a list")
        .iter()
        .map(|gap| [&gap["from"], &gap["first"], &gap["last"]])
        .collect();
    let (lin, anna) = (json!("lin"), json!(talk.visitor.username));
    assert_eq!(shown, [[&lin, &json!(102), &json!(102)], [&anna, &json!(12), &json!(13)]]);

    let admin = house.hotline.staff("guanli").await;
    assert_eq!(admin.get(&path).await.body["count"], 2);
    let second = admin.get(&format!("{path}&page=1&size=1")).await;
    assert_eq!((&second.body["count"], second.body["result"].as_array().map(Vec::len)), (&json!(2), Some(1)));
    assert_eq!(second.body["result"][0]["first"], 12);
    assert_eq!(admin.get(&format!("{path}&page=2")).await.ok(), json!([]));
    other.visitor.get(&path).await.refused(-5, "未开通权限");
    house.lin.get("/message/gaps?conversationId=none").await.refused(-1, "conversation not find: none");
    house.lin.get("/message/gaps").await.refused_with(-2);
}
