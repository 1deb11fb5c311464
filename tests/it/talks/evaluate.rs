//! 38. Evaluations.

use super::*;
use hotline::{clock, evaluations};
use hotline_actors::PersonId;
use serde_json::json;

async fn finished(hotline: &Hotline, visitor: &str) -> String {
    Past::talk(visitor, "lin", clock::now().0 - 1_200_000).put(hotline).await
}

#[tokio::test]
async fn who_asked_rates_the_talk_and_the_counselor_once_each() {
    let hotline = house().await;
    let visitor = hotline.visitor("ecnu", "v1").await;
    let talk = finished(&hotline, "sandbox_v1").await;
    let of = |object: &str| json!({ "conversationId": talk, "objectType": object });
    let bare = visitor.put("/evaluate", of("CONVERSATION")).await.ok();
    assert_eq!((&bare["creatorUser"]["username"], &bare["level"]), (&json!("sandbox_v1"), &Value::Null));
    assert_eq!(bare["creator"], json!(visitor.id().await));
    visitor.put("/evaluate", of("CONVERSATION")).await.refused(-1, "评价已存在");
    let rated = json!({ "conversationId": talk, "objectType": "COUNSELOR", "level": "4", "content": "谢谢" });
    let rated = visitor.put("/evaluate", rated).await.ok();
    assert_eq!((&rated["level"], &rated["content"]), (&json!(4), &json!("谢谢")));

    let lin = hotline.staff("lin").await;
    for nobody in ["lin", "chen", "guanli"] {
        hotline.staff(nobody).await.put("/evaluate", of("CONVERSATION")).await.refused(-5, "未开通权限");
    }
    visitor.put("/evaluate", of("VISITOR")).await.refused(-5, "未开通权限");
    let tagged =
        json!({ "conversationId": talk, "objectType": "VISITOR", "tag": "考试焦虑", "content": "配合" });
    assert_eq!(lin.put("/evaluate", tagged).await.ok()["tag"], "考试焦虑");

    let (to_visitor, to_lin) = (visitor.conversation(&talk).await, lin.conversation(&talk).await);
    assert_eq!(to_visitor["evaluate"]["objectType"], "CONVERSATION");
    assert_eq!(to_visitor["visitorEvaluate"], Value::Null, "what is thought of visitors is not for them");
    assert_eq!(to_lin["visitorEvaluate"]["tag"], "考试焦虑");
    let current = visitor.get("/conversation/current").await.ok();
    assert_eq!((&current[0]["evaluate"]["id"], &current[0]["visitorEvaluate"]), (&bare["id"], &Value::Null));

    let lin_id: PersonId = lin.id().await.parse().expect("an id");
    let ratings = evaluations::ratings_of(&hotline.database.pool, &[lin_id]).await.expect("ratings");
    let rating = ratings.get(&lin_id).expect("rated once");
    assert!((rating.mean - 4.0).abs() < f64::EPSILON && rating.number == 1, "{rating:?}");
    hotline.assert_calm();
}

#[tokio::test]
async fn an_evaluation_is_checked() {
    let hotline = house().await;
    let visitor = hotline.visitor("ecnu", "v1").await;
    let talk = finished(&hotline, "sandbox_v1").await;
    let unknown = "2c93189d7b53e68e017b53e69bb70025";
    for (body, named) in [
        (json!({ "objectType": "CONVERSATION" }), "conversationId"),
        (json!({ "conversationId": "", "objectType": "CONVERSATION" }), "conversationId"),
        (json!({ "conversationId": talk }), "objectType"),
        (json!({ "conversationId": talk, "objectType": "WEATHER" }), "objectType"),
        (json!({ "conversationId": talk, "objectType": "CONVERSATION", "level": 0 }), "level"),
        (json!({ "conversationId": talk, "objectType": "CONVERSATION", "level": 6 }), "level"),
        (
            json!({ "conversationId": talk, "objectType": "CONVERSATION", "content": "长".repeat(501) }),
            "content",
        ),
    ] {
        let answer = visitor.put("/evaluate", body).await;
        answer.refused_with(-2);
        assert!(answer.body["message"].to_string().contains(named), "{named}: {answer:?}");
    }
    let nowhere = json!({ "conversationId": unknown, "objectType": "CONVERSATION" });
    visitor.put("/evaluate", nowhere).await.refused(-1, &format!("会话未找到：{unknown}"));
    let good = json!({ "conversationId": talk, "objectType": "CONVERSATION", "content": "长".repeat(500) });
    hotline.visitor("other", "v9").await.put("/evaluate", good.clone()).await.refused_with(-1);
    visitor.put("/evaluate", good).await.ok();
    let waiting = id_of(&visitor.open(&hotline.database.id_of("lin").await).await);
    let early = json!({ "conversationId": waiting, "objectType": "CONVERSATION" });
    visitor.put("/evaluate", early).await.refused(-1, "会话尚未开始");
    hotline.assert_calm();
}
