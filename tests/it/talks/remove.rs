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
