//! 36. A deleted conversation is hidden everywhere at once, and erased later.

use super::*;
use crate::support::{SOON, Word, until, words};
use hotline::{clock, retention};
use hotline_actors::Timestamp;
use serde_json::json;

#[tokio::test]
async fn a_deleted_conversation_is_nowhere_and_that_is_noted() {
    let hotline = house().await;
    let (visitor, guanli) = (hotline.visitor("ecnu", "v1").await, hotline.staff("guanli").await);
    let now = clock::now().0;
    let talk = Past::talk("sandbox_v1", "lin", now - 1_200_000).put(&hotline).await;
    let request =
        Past { about: Some(&talk), ..Past::talk("lin", "dudao", now - 1_100_000) }.put(&hotline).await;
    said(&hotline, &talk, "sandbox_v1", "lin", words::text("你好"), now - 1_190_000).await;
    let rate = json!({ "conversationId": talk, "objectType": "CONVERSATION", "level": 5, "content": "好" });
    visitor.put("/evaluate", rate).await.ok();

    // Words for it that came far too late stand apart.
    let late = Word::new("sandbox_v1", "lin", &talk, 7, words::text("还在吗"));
    hotline.client().callback(&late.callback()).await;
    assert_eq!(guanli.get("/message/unplaced").await.body["count"], 1);

    let path = format!("/conversation/{talk}");
    for nobody in [&visitor, &hotline.staff("lin").await, &hotline.staff("dudao").await] {
        nobody.delete(&path).await.refused(-5, "未开通权限");
    }
    let unknown = format!("会话未找到：{talk}");
    hotline.staff("guanli2").await.delete(&path).await.refused(-1, &unknown);
    let open = id_of(&visitor.open(&hotline.database.id_of("lin").await).await);
    guanli.delete(&format!("/conversation/{open}")).await.refused(-1, "请先结束会话");

    assert_eq!(guanli.delete(&path).await.ok(), "ok");
    guanli.delete(&path).await.refused(-1, &unknown);
    for id in [&talk, &request] {
        guanli.get(&format!("/conversation/{id}")).await.refused_with(-1);
        guanli.get(&format!("/message/conversation/web?conversationId={id}")).await.refused_with(-1);
        guanli.post(&format!("/conversation/export/{id}"), Value::Null).await.refused_with(-1);
        guanli.post("/conversation/batchexport", json!([id])).await.refused_with(-1);
    }
    assert_eq!(listed(&guanli, "").await.0, [open]);
    assert_eq!(listed(&guanli, "conversationType=REQUEST_SUPERVISE").await.1, 0);
    assert_eq!(visitor.get("/conversation/current").await.body["count"], 1);
    assert_eq!(guanli.get("/message/unplaced").await.body["count"], 0);
    assert_eq!(guanli.get("/conversation/numberranking").await.ok(), json!([]));
    assert_eq!(guanli.get("/conversation/ratedranking").await.ok(), json!([]));
    let lin = hotline.staff("lin").await.get("/conversation/mine").await.ok();
    assert_eq!((&lin["totalNumber"], &lin["rating"]), (&json!(0), &Value::Null));
    assert_eq!(noted(&hotline, "delete-conversation").await, [("guanli".to_owned(), Some(talk.clone()))]);
    hotline.assert_calm();
}

#[tokio::test]
async fn what_was_said_is_erased_after_the_retention_period_and_not_before() {
    let mut hotline = prepared().await;
    hotline.set("records.retention_days", 0);
    hotline.set("records.erase_every_seconds", 1);
    hotline.start().await;
    let (visitor, guanli) = (hotline.visitor("ecnu", "v1").await, hotline.staff("guanli").await);
    let now = clock::now().0;
    let kept = Past::talk("sandbox_v1", "lin", now - 3_600_000).put(&hotline).await;
    let talk = Past::talk("sandbox_v1", "lin", now - 1_200_000).put(&hotline).await;
    for id in [&kept, &talk] {
        said(&hotline, id, "sandbox_v1", "lin", words::text("你好"), now - 1_190_000).await;
        let rate = json!({ "conversationId": id, "objectType": "CONVERSATION", "level": 5, "content": "好" });
        visitor.put("/evaluate", rate).await.ok();
    }
    guanli.delete(&format!("/conversation/{talk}")).await.ok();
    let pool = hotline.database.pool.clone();
    let left = async |id: &str| {
        sqlx::query_scalar!(
            r#"select (select count(*) from messages where conversation = $1)
                    + (select count(*) from evaluations where conversation = $1 and content is not null) as "left!""#,
            Uuid::parse_str(id).expect("an id")
        )
        .fetch_one(&pool)
        .await
        .expect("words can be counted")
    };
    until("the words are erased", SOON, async || (left(&talk).await == 0).then_some(())).await;
    assert_eq!(left(&kept).await, 2, "what is not deleted stays");

    // Thirty days to the millisecond; the server, which keeps none, is not asked.
    hotline.terminate();
    hotline.ended(SOON).await;
    let (pool, deleted_at, days): (_, i64, i64) = (&pool, 1_700_000_000_000, 30 * 86_400_000);
    let id = Uuid::parse_str(&kept).expect("an id");
    sqlx::query!("update conversations set deleted_at = $1 where id = $2", deleted_at, id)
        .execute(pool)
        .await
        .expect("a mark");
    for (at, erased) in [(deleted_at + days - 1, 0), (deleted_at + days, 1), (deleted_at + days, 0)] {
        assert_eq!(retention::erase_due(pool, 30, Timestamp(at)).await.expect("it can erase"), erased);
    }
    hotline.assert_calm();
}

#[tokio::test]
async fn a_rating_written_in_the_moment_of_a_deletion_does_not_count() {
    let hotline = house().await;
    let (visitor, guanli) = (hotline.visitor("ecnu", "v1").await, hotline.staff("guanli").await);
    let talk = Past::talk("sandbox_v1", "lin", clock::now().0 - 1_200_000).put(&hotline).await;
    let rate = json!({ "conversationId": talk, "objectType": "CONVERSATION", "level": 5 });

    // A deletion has hidden the talk and is not committed yet when the rating comes.
    let mut deletion = hotline.database.pool.begin().await.expect("a transaction");
    let id = Uuid::parse_str(&talk).expect("an id");
    for statement in [
        sqlx::query!("update conversations set deleted_at = 1 where id = $1", id),
        sqlx::query!("update evaluations set deleted_at = 1 where conversation = $1", id),
    ] {
        statement.execute(&mut *deletion).await.expect("a deletion");
    }
    let rating = async { visitor.put("/evaluate", rate.clone()).await };
    let commit = async {
        until("the rating waits, or is written", SOON, async || {
            let seen = sqlx::query_scalar!(
                r#"select exists (select from pg_stat_activity where datname = current_database()
                                  and wait_event_type = 'Lock' and query like '%evaluations%')
                       or exists (select from evaluations where conversation = $1) as "seen!""#,
                id
            );
            seen.fetch_one(&hotline.database.pool).await.expect("an answer").then_some(())
        })
        .await;
        deletion.commit().await.expect("it is deleted");
    };
    let (rated, ()) = tokio::join!(rating, commit);
    rated.refused(-1, &format!("会话未找到：{talk}"));
    assert_eq!(guanli.get("/conversation/ratedranking").await.ok(), json!([]));
    let lin = hotline.staff("lin").await.get("/conversation/mine").await.ok();
    assert_eq!((&lin["rating"], &lin["ratingNumber"]), (&Value::Null, &json!(0)));
    hotline.assert_calm();
}

#[tokio::test]
async fn totals_of_people_go_down_with_a_deletion_once() {
    let hotline = house().await;
    hotline.visitor("ecnu", "v1").await;
    let (guanli, lin) = (hotline.staff("guanli").await, hotline.staff("lin").await);
    let now = clock::now().0;
    let talks = [
        Past::talk("sandbox_v1", "lin", now - 7_200_000).put(&hotline).await,
        Past { ended_at: Some(now - 60_000), ..Past::talk("sandbox_v1", "lin", now - 120_000) }
            .put(&hotline)
            .await,
    ];
    // As the ends of these two had written it.
    let ends = sqlx::query!(
        "insert into talk_times (person, institution, millis)
         select v.person, 'ecnu', sum(c.millis)::bigint
         from counted_talks c cross join lateral (values (c.visitor), (c.counselor)) as v (person)
         group by v.person"
    );
    ends.execute(&hotline.database.pool).await.expect("times");
    let totals = async || {
        let visitors = guanli.get("/user/list").await.ok();
        let staff = guanli.get("/user/ms/counselor/list?username=lin").await.ok();
        [&visitors, &staff].map(|rows| rows[0]["totalTime"].as_i64().expect("a number"))
    };
    let (first, second) = (600_000, 60_000);
    assert_eq!(totals().await, [first + second; 2]);
    let path = format!("/conversation/{}", talks[0]);
    let (one, other) = tokio::join!(guanli.delete(&path), guanli.delete(&path));
    let mut codes = [one, other].map(|answer| answer.body["code"].as_i64().expect("a code"));
    codes.sort_unstable();
    assert_eq!(codes, [-1, 0], "one of two deletions is the one");
    assert_eq!(totals().await, [second, second]);
    let mine = lin.get("/conversation/mine").await.ok();
    assert_eq!((&mine["totalTime"], &mine["totalNumber"]), (&json!(second), &json!(1)));
    guanli.delete(&format!("/conversation/{}", talks[1])).await.ok();
    assert_eq!(totals().await, [0, 0]);
    hotline.assert_calm();
}
