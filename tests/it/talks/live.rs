//! `GET /dispatch/now`: who is there, who waits, who is missing.

use super::*;
use crate::support::{SOON, until};
use hotline::clock;
use serde_json::json;

fn names(rows: &Value) -> Vec<String> {
    let name = |row: &Value| row["user"]["username"].as_str().expect("a user name").to_owned();
    let mut names: Vec<String> = rows.as_array().expect("rows").iter().map(name).collect();
    names.sort();
    names
}

#[tokio::test]
async fn whoever_waits_is_told_how_long_it_may_take_where_talks_enough_say_so() {
    let hotline = house().await;
    let minutes = |minutes: i64| minutes * 60_000;
    hotline.visitor("ecnu", "v0").await;
    for (counselor, talks) in [("lin", 5), ("chen", 4)] {
        for number in 0..talks {
            let began = minutes(60 * number);
            // Five, ten, fifteen … minutes long.
            let ended_at = Some(began + minutes(5 * (number + 1)));
            Past { ended_at, ..Past::talk("sandbox_v0", counselor, began) }.put(&hotline).await;
        }
    }
    let (lin, chen) = (hotline.staff("lin").await, hotline.staff("chen").await);
    let (lin_id, chen_id) = (lin.id().await, chen.id().await);
    let mut desks = Vec::new();
    for (counselor, places) in [(&lin, 2), (&chen, 1)] {
        counselor.post("/user/maxconsults", json!({ "maxConsults": places })).await.ok();
        let mut desk = counselor.workbench().await;
        desk.snapshot().await;
        desks.push(desk);
    }
    for (code, counselor) in [("t1", &lin_id), ("t2", &lin_id), ("t3", &chen_id)] {
        let talk = hotline.visitor("ecnu", code).await.open(counselor).await;
        assert_eq!(talk["status"], "IN_PROGRESS");
    }
    // What is known of past talks is read again with every change of shifts.
    let later = clock::now().0 + 24 * minutes(60);
    let guanli = hotline.staff("guanli").await;
    guanli.put("/arrange", json!({ "timestamp": later, "users": [chen_id] })).await.ok();
    let wait = async |code: &str, counselor: &str| {
        let waiting = hotline.visitor("ecnu", code).await.open(counselor).await;
        assert_eq!(waiting["status"], "WAITING");
        waiting["queue"].clone()
    };
    let first = wait("v1", &lin_id).await;
    // The median of fifteen minutes, once, over two places; rounded up to a minute.
    assert_eq!((&first["position"], &first["estimatedWaitSeconds"]), (&json!(1), &json!(480)));
    let second = wait("v2", &lin_id).await;
    assert_eq!((&second["position"], &second["estimatedWaitSeconds"]), (&json!(2), &json!(900)));
    let untold = wait("v3", &chen_id).await;
    assert_eq!((&untold["position"], &untold["estimatedWaitSeconds"]), (&json!(1), &Value::Null));
    desks[0].send(json!({ "type": "presence", "presence": "away" })).await;
    let waiting = hotline.visitor("ecnu", "v1").await;
    until("who is away says nothing of the wait", SOON, async || {
        let now = waiting.get("/conversation/current").await.ok();
        now[0]["queue"]["estimatedWaitSeconds"].is_null().then_some(())
    })
    .await;
    hotline.assert_calm();
}

#[tokio::test]
async fn a_deleted_talk_says_nothing_of_how_long_it_may_take() {
    let hotline = house().await;
    let minutes = |minutes: i64| minutes * 60_000;
    hotline.visitor("ecnu", "v0").await;
    for number in 0..5 {
        let began = minutes(60 * number);
        let ended_at = Some(began + minutes(15));
        Past { ended_at, ..Past::talk("sandbox_v0", "lin", began) }.put(&hotline).await;
    }
    let lin = hotline.staff("lin").await;
    let lin_id = lin.id().await;
    lin.post("/user/maxconsults", json!({ "maxConsults": 1 })).await.ok();
    let mut desk = lin.workbench().await;
    desk.snapshot().await;
    hotline.visitor("ecnu", "t1").await.open(&lin_id).await;
    let waiting = hotline.visitor("ecnu", "v1").await;
    assert_eq!(waiting.open(&lin_id).await["status"], "WAITING");
    let guanli = hotline.staff("guanli").await;
    // What is known of past talks is read again with every change of shifts.
    let reads_again = async |days: i64| {
        let day = clock::now().0 + 24 * days * minutes(60);
        guanli.put("/arrange", json!({ "timestamp": day, "users": [lin_id] })).await.ok();
    };
    let estimate =
        async || waiting.get("/conversation/current").await.ok()[0]["queue"]["estimatedWaitSeconds"].clone();
    reads_again(1).await;
    until("five talks are enough", SOON, async || (estimate().await == json!(900)).then_some(())).await;
    let past = sqlx::query_scalar::<_, uuid::Uuid>(
        "select id from conversations where ended_at is not null order by opened_at limit 1",
    );
    let past = past.fetch_one(&hotline.database.pool).await.expect("a talk");
    guanli.delete(&format!("/conversation/{}", past.simple())).await.ok();
    reads_again(2).await;
    until("four are not", SOON, async || estimate().await.is_null().then_some(())).await;
    hotline.assert_calm();
}

#[tokio::test]
async fn the_live_state_tells_who_is_there_who_waits_and_who_is_missing() {
    let hotline = house().await;
    let (lin, chen) = (hotline.staff("lin").await, hotline.staff("chen").await);
    let mut desk = lin.workbench().await;
    desk.snapshot().await;
    let (first, second, third) = (
        hotline.visitor("ecnu", "v1").await,
        hotline.visitor("ecnu", "v2").await,
        hotline.visitor("ecnu", "v3").await,
    );
    lin.post("/user/maxconsults", json!({ "maxConsults": 1 })).await.ok();
    first.open(&lin.id().await).await;
    second.open(&lin.id().await).await;
    third.open(&chen.id().await).await;

    let guanli = hotline.staff("guanli").await;
    let now = until("shifts are known", SOON * 3, async || {
        let now = guanli.get("/dispatch/now").await.ok();
        (names(&now["missing"]) == ["chen"]).then_some(now)
    })
    .await;
    assert_eq!(names(&now["online"]), ["lin"]);
    let seat = &now["online"][0];
    assert_eq!((&seat["active"], &seat["waiting"], &seat["maxConsults"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(seat["state"], "busy");
    assert_eq!(names(&now["waiting"]), ["sandbox_v2", "sandbox_v3"]);
    let waited = now["waiting"][0]["waited"].as_i64().expect("milliseconds");
    assert!((0..60_000).contains(&waited), "{waited}");
    assert_eq!(now["common"], 0);

    let bound = hotline.staff("dudao").await.get("/dispatch/now").await.ok();
    assert_eq!(
        (names(&bound["online"]), names(&bound["waiting"])),
        (vec!["lin".into()], vec!["sandbox_v2".to_owned()])
    );
    let none = hotline.staff("dudao2").await.get("/dispatch/now").await.ok();
    assert_eq!(none["waiting"], json!([]));
    for nobody in [&lin, &first] {
        nobody.get("/dispatch/now").await.refused(-5, "未开通权限");
    }
    let elsewhere = hotline.staff("guanli2").await.get("/dispatch/now").await.ok();
    assert_eq!((&elsewhere["online"], &elsewhere["waiting"]), (&json!([]), &json!([])));
    hotline.assert_calm();
}
