//! 27. A counselor calls a supervisor in; and who is served first.

use super::*;
use crate::support::SOON;
use crate::support::until;
use serde_json::json;

const UNKNOWN: &str = "2c93189d7b53e68e017b53e69bb70025";

#[tokio::test]
async fn a_supervisor_is_called_in_and_has_a_line_of_their_own() {
    let hotline = house().await;
    let (lin, chen, dudao) =
        (hotline.staff("lin").await, hotline.staff("chen").await, hotline.staff("dudao").await);
    dudao.post("/user/maxconsults", json!({ "maxConsults": 1 })).await.ok();
    let mut desks = (lin.workbench().await, chen.workbench().await, dudao.workbench().await);
    desks.0.snapshot().await;
    desks.1.snapshot().await;
    desks.2.snapshot().await;
    let (first, second) = (hotline.visitor("ecnu", "v1").await, hotline.visitor("ecnu", "v2").await);
    let talk = id_of(&first.open(&lin.id().await).await);
    let other = id_of(&second.open(&chen.id().await).await);
    let ask = |id: &str, supervisor: &str| json!({ "supervise": supervisor, "conversationId": id });
    let (dudao_id, second_id) = (dudao.id().await, hotline.database.id_of("dudao2").await);

    let consultation = lin.put("/conversation/supervise", ask(&talk, &dudao_id)).await.ok();
    assert_eq!(consultation["id"], talk.as_str(), "the consultation itself is answered");
    assert_eq!(consultation["conversationType"], "COUNSELING_SESSION");
    assert_eq!(consultation["supervisor"]["username"], "dudao");
    let supervise = &consultation["supervise"];
    assert_eq!(
        (&supervise["conversationType"], &supervise["status"]),
        (&json!("REQUEST_SUPERVISE"), &json!("IN_PROGRESS"))
    );
    assert_eq!(
        (&supervise["user"]["username"], &supervise["supervisor"]["username"]),
        (&json!("lin"), &json!("dudao"))
    );

    // One place only: the next one waits in their line, and says so.
    let waiting = chen.put("/conversation/supervise", ask(&other, &dudao_id)).await.ok();
    assert_eq!(waiting["supervise"]["status"], "WAITING");
    assert_eq!(waiting["supervise"]["queue"]["position"], 1);
    assert_eq!(waiting["queue"], Value::Null, "the consultation itself does not wait");

    // Asked twice is asked once; another supervisor is refused.
    let again = lin.put("/conversation/supervise", ask(&talk, &dudao_id)).await.ok();
    assert_eq!(again["supervise"]["id"], supervise["id"]);
    lin.put("/conversation/supervise", ask(&talk, &second_id)).await.refused(-1, "已请求督导");

    // The visitor is not told. The one who is asked may read both.
    let seen = first.conversation(&talk).await;
    assert_eq!((&seen["supervise"], &seen["supervisor"]), (&Value::Null, &Value::Null));
    assert_eq!(dudao.conversation(&other).await["supervise"]["id"], waiting["supervise"]["id"]);
    dudao.conversation(&id_of(&waiting["supervise"])).await;

    first.end(&talk).await;
    until("the waiting request is seated", SOON, async || {
        (chen.conversation(&other).await["supervise"]["status"] == "IN_PROGRESS").then_some(())
    })
    .await;
    let ended = lin.conversation(&talk).await;
    assert_eq!(ended["supervise"]["endReason"], "consultation-ended");
    hotline.assert_calm();
    hotline.assert_sound();
}

#[tokio::test]
async fn a_request_for_a_supervisor_is_checked_in_the_known_order() {
    let hotline = house().await;
    let (lin, chen, guanli) =
        (hotline.staff("lin").await, hotline.staff("chen").await, hotline.staff("guanli").await);
    let visitor = hotline.visitor("ecnu", "v1").await;
    let (supervisor, counselor) = (hotline.database.id_of("dudao").await, lin.id().await);
    let path = "/conversation/supervise";
    lin.put(path, json!({ "conversationId": UNKNOWN })).await.refused_with(-2);
    lin.put(path, json!({ "supervise": supervisor })).await.refused_with(-2);
    let both = json!({ "supervise": UNKNOWN, "conversationId": UNKNOWN });
    lin.put(path, both).await.refused(-3, "supervisor not find");
    let no_supervisor = json!({ "supervise": counselor, "conversationId": UNKNOWN });
    lin.put(path, no_supervisor).await.refused(-3, "supervisor not find");
    let unknown = json!({ "supervise": supervisor, "conversationId": UNKNOWN });
    lin.put(path, unknown).await.refused(-1, &format!("会话未找到：{UNKNOWN}"));

    let talk = id_of(&visitor.open(&counselor).await);
    let ask = json!({ "supervise": supervisor, "conversationId": talk });
    lin.put(path, ask.clone()).await.refused_with(-5);
    guanli.put(path, ask.clone()).await.refused(-1, "会话尚未开始");
    for nobody in [&visitor, &hotline.staff("dudao").await] {
        nobody.put(path, ask.clone()).await.refused(-5, "未开通权限");
    }
    hotline.staff("guanli2").await.put(path, ask.clone()).await.refused(-3, "supervisor not find");

    let mut desk = lin.workbench().await;
    desk.snapshot().await;
    until("the visitor is seated", SOON, async || {
        (visitor.conversation(&talk).await["status"] == "IN_PROGRESS").then_some(())
    })
    .await;
    chen.put(path, ask.clone()).await.refused(-5, "未开通权限");
    // An administrator may ask in their place, with the query string as well.
    let query = format!("{path}?supervise={supervisor}&conversationId={talk}");
    assert_eq!(guanli.put(&query, Value::Null).await.ok()["supervise"]["status"], "WAITING");
    visitor.end(&talk).await;
    lin.put(path, ask).await.refused(-1, "会话已结束");
    hotline.assert_calm();
}

#[tokio::test]
async fn who_is_urgent_is_served_first_and_that_is_noted() {
    let hotline = house().await;
    let (lin, guanli) = (hotline.staff("lin").await, hotline.staff("guanli").await);
    let counselor = lin.id().await;
    let (first, second) = (hotline.visitor("ecnu", "v1").await, hotline.visitor("ecnu", "v2").await);
    let earlier = id_of(&first.open(&counselor).await);
    let later = id_of(&second.open(&counselor).await);
    let path = format!("/conversation/priority/{later}");
    for nobody in [&first, &lin] {
        nobody.post(&path, json!({ "priority": "URGENT" })).await.refused(-5, "未开通权限");
    }
    guanli.post(&path, json!({ "priority": "SOON" })).await.refused_with(-2);
    guanli.post(&path, json!({})).await.refused_with(-2);
    let unknown = format!("/conversation/priority/{UNKNOWN}");
    guanli
        .post(&unknown, json!({ "priority": "URGENT" }))
        .await
        .refused(-1, &format!("会话未找到：{UNKNOWN}"));
    hotline.staff("guanli2").await.post(&path, json!({ "priority": "URGENT" })).await.refused_with(-1);

    let raised = hotline.staff("dudao2").await.post(&path, json!({ "priority": "URGENT" })).await.ok();
    assert_eq!((&raised["priority"], &raised["queue"]["position"]), (&json!("URGENT"), &json!(1)));
    assert_eq!(first.conversation(&earlier).await["queue"]["position"], 2);
    guanli.post(&path, json!({ "priority": "NORMAL" })).await.ok();
    assert_eq!(first.conversation(&earlier).await["queue"]["position"], 1);
    let note = |who: &str| (who.to_owned(), Some(later.clone()));
    assert_eq!(noted(&hotline, "change-priority").await, [note("dudao2"), note("guanli")]);
    second.end(&later).await;
    guanli.post(&path, json!({ "priority": "URGENT" })).await.refused(-1, "会话已结束");
    hotline.assert_calm();
}

#[tokio::test]
async fn an_open_request_is_known_again_after_a_restart() {
    let mut hotline = house().await;
    let (lin, dudao) = (hotline.staff("lin").await, hotline.staff("dudao").await);
    let mut desks = (lin.workbench().await, dudao.workbench().await);
    desks.0.snapshot().await;
    desks.1.snapshot().await;
    let visitor = hotline.visitor("ecnu", "v1").await;
    let talk = id_of(&visitor.open(&lin.id().await).await);
    let ask = json!({ "supervise": dudao.id().await, "conversationId": talk });
    let request = lin.put("/conversation/supervise", ask.clone()).await.ok()["supervise"]["id"].clone();
    hotline.kill();
    drop(desks);
    hotline.start().await;
    let again = lin.put("/conversation/supervise", ask).await.ok();
    assert_eq!((&again["supervise"]["id"], &again["supervise"]["status"]), (&request, &json!("IN_PROGRESS")));
    visitor.end(&talk).await;
    assert_eq!(lin.conversation(&talk).await["supervise"]["endReason"], "consultation-ended");
    hotline.assert_calm();
}
