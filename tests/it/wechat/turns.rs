//! "It is your turn": who waited and allowed it is told over WeChat, once.

use serde_json::{Value, json};

use super::{OPENID, prepare, visitor};
use crate::{
    fakes::wechat::{APPID, Fault, SEND, TEMPLATE, Wechat},
    support::{Client, Hotline, SOON, Socket, until},
};

fn subscribe_path() -> String {
    format!("/wx/user/{APPID}/subscribe")
}

/// A hotline where `lin` is at the workbench and has one place, which `o-first` has taken.
async fn busy_counselor() -> (Hotline, Wechat, Client, Socket, String) {
    let (mut hotline, wechat) = prepare().await;
    hotline.add_counselor("ecnu", "lin").await;
    hotline.start().await;
    let lin = hotline.staff("lin").await;
    lin.post("/user/maxconsults", json!({ "maxConsults": 1 })).await.ok();
    let mut workbench = lin.workbench().await;
    workbench.snapshot().await;
    let first = visitor(&hotline, &wechat, "o-first").await;
    // They allow a message too, but do not wait.
    wechat.allow("o-first");
    first.post(&subscribe_path(), Value::Null).await.ok();
    let taken = first.open("any").await["id"].as_str().expect("an id").to_owned();
    (hotline, wechat, lin, workbench, taken)
}

/// Somebody who waits from now on.
async fn waiting(hotline: &Hotline, wechat: &Wechat, openid: &str, allows: bool) -> (Client, String) {
    let client = visitor(hotline, wechat, openid).await;
    if allows {
        assert_eq!(client.post(&subscribe_path(), Value::Null).await.ok(), json!({ "allowed": 1 }));
    }
    let talk = client.open("any").await;
    assert_eq!(talk["status"], "WAITING");
    (client, talk["id"].as_str().expect("an id").to_owned())
}

async fn allowed(hotline: &Hotline, openid: &str) -> i32 {
    sqlx::query_scalar!(
        "select s.allowed from turn_subscriptions s join people p on p.id = s.person where p.username = $1",
        openid,
    )
    .fetch_one(&hotline.database.pool)
    .await
    .expect("they have subscribed")
}

async fn given_up(hotline: &Hotline) -> Vec<String> {
    sqlx::query_scalar!("select reason from given_up order by seq")
        .fetch_all(&hotline.database.pool)
        .await
        .expect("the table is there")
}

#[tokio::test]
async fn who_waited_and_allowed_it_is_told_once() {
    let (mut hotline, wechat, lin, _workbench, taken) = busy_counselor().await;
    wechat.allow(OPENID);
    let (_, second) = waiting(&hotline, &wechat, OPENID, true).await;
    // The third one asked for no word, and none is sent.
    let (_, third) = waiting(&hotline, &wechat, "o-third", false).await;
    lin.end(&taken).await;
    until("they are told", SOON, async || (wechat.sent().len() == 1).then_some(())).await;
    let sent = wechat.sent().remove(0);
    assert_eq!((&sent["touser"], &sent["template_id"]), (&json!(OPENID), &json!(TEMPLATE)));
    assert_eq!((&sent["page"], &sent["miniprogram_state"]), (&json!("pages/chat/index"), &json!("formal")));
    assert_eq!(sent["data"]["thing1"]["value"], "轮到您了，请回到小程序");
    assert_eq!(sent["data"]["name2"]["value"], "lin");
    let time = sent["data"]["time3"]["value"].as_str().expect("text");
    assert!(time.contains('年') && time.ends_with(|c: char| c.is_ascii_digit()), "{time}");
    until("their allowance is used", SOON, async || (allowed(&hotline, OPENID).await == 0).then_some(()))
        .await;

    hotline.kill();
    hotline.start().await;
    let _workbench = lin.workbench().await;
    wechat.allow("o-fourth");
    let (_, fourth) = waiting(&hotline, &wechat, "o-fourth", true).await;
    for talk in [&second, &third] {
        lin.end(talk).await;
    }
    until("the fourth is told", SOON, async || (wechat.sent().len() == 2).then_some(())).await;
    assert_eq!(wechat.sent()[1]["touser"], "o-fourth", "nobody is told again after a restart");
    assert_eq!(lin.conversation(&fourth).await["status"], "IN_PROGRESS");
    assert_eq!((allowed(&hotline, "o-first").await, given_up(&hotline).await), (1, Vec::new()));
    assert!(!hotline.log().contains(OPENID), "the log holds no openid");
    hotline.assert_calm();
}

#[tokio::test]
async fn a_refusal_is_normal_and_a_failure_is_tried_again() {
    let (hotline, wechat, lin, _workbench, taken) = busy_counselor().await;
    // Ours believes it, WeChat knows better.
    let (_, refusing) = waiting(&hotline, &wechat, "o-refusing", true).await;
    wechat.allow("o-patient");
    let (_, patient) = waiting(&hotline, &wechat, "o-patient", true).await;
    wechat.allow("o-unlucky");
    let (_, _unlucky) = waiting(&hotline, &wechat, "o-unlucky", true).await;

    lin.end(&taken).await;
    until("WeChat refuses", SOON, async || (allowed(&hotline, "o-refusing").await == 0).then_some(())).await;
    assert_eq!((wechat.sent().len(), wechat.asked(SEND).len()), (0, 1));

    wechat.fail(SEND, &[Fault::Silence, Fault::Says("<html>")]);
    lin.end(&refusing).await;
    until("they are told in the end", SOON, async || (wechat.sent().len() == 1).then_some(())).await;
    assert_eq!(wechat.asked(SEND).len(), 4);

    wechat.fail(SEND, &[Fault::Says(r#"{"errcode":47003,"errmsg":"argument invalid! rid: 60f0"}"#)]);
    lin.end(&patient).await;
    let reasons = until("it is given up", SOON, async || {
        Some(given_up(&hotline).await).filter(|reasons| !reasons.is_empty())
    })
    .await;
    assert_eq!(reasons, ["WeChat refuses with 47003"]);
    assert_eq!(allowed(&hotline, "o-unlucky").await, 1);
    hotline.assert_calm();
}

#[tokio::test]
async fn allowing_is_counted_and_is_the_visitors_own() {
    let (hotline, wechat, lin, ..) = busy_counselor().await;
    let client = visitor(&hotline, &wechat, OPENID).await;
    let config = client.get(&format!("/config?appid={APPID}")).await.ok();
    assert_eq!(config["turnTemplate"], TEMPLATE, "what to ask them about");
    assert_eq!(client.post(&subscribe_path(), Value::Null).await.ok()["allowed"], 1);
    let named = json!({ "templateId": TEMPLATE });
    assert_eq!(client.post(&subscribe_path(), named).await.ok()["allowed"], 2);
    let other = json!({ "templateId": "another" });
    client.post(&subscribe_path(), other).await.refused(-2, "参数格式不正确：templateId");
    for _ in 0..25 {
        client.post(&subscribe_path(), Value::Null).await.ok();
    }
    assert_eq!(allowed(&hotline, OPENID).await, 20, "more than anybody needs");
    lin.post(&subscribe_path(), Value::Null).await.refused(-5, "未开通权限");
}
