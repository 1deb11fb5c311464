//! What must not happen, whoever tries it.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{Chat, heard, prepared, record, refused, say};
use crate::support::{Hotline, close_code};

#[tokio::test]
async fn nobody_speaks_in_a_talk_that_is_not_their_own() {
    let mut chat = Chat::begin().await;
    let stranger = chat.hotline.visitor("ecnu", "second").await;
    let mut strange = stranger.visitor_socket().await;
    strange.snapshot().await;
    let mut foreign = chat.hotline.staff("other").await.workbench().await;
    foreign.snapshot().await;
    let mut boss = chat.hotline.staff("boss").await.workbench().await;
    boss.snapshot().await;
    for socket in [&mut strange, &mut foreign, &mut boss] {
        refused(&say(socket, &chat.talk, "x1", "让我说").await, "会话未找到");
        refused(&super::recall(socket, &chat.talk, "x2", &json!("0".repeat(32))).await, "会话未找到");
        socket.send(json!({ "type": "read", "conversation": chat.talk })).await;
        let answer = socket.expect("an error", |frame| frame["type"] == "error", super::SOON).await;
        refused(&answer, "会话未找到");
    }
    refused(&say(&mut chat.visitor_socket, "no-id", "x3", "在吗").await, "会话未找到");
    chat.lin_socket.ping().await;
    assert!(!chat.lin_socket.has_come_as("message"));
    assert_eq!(record(&chat.lin, &chat.talk).await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_talk_hears_nothing_before_it_begins_and_nothing_after_it_has_ended() {
    let mut chat = Chat::begin().await;
    let late = chat.hotline.visitor("ecnu", "late").await;
    let mut waiting = late.visitor_socket().await;
    waiting.snapshot().await;
    assert_eq!(chat.lin.post("/user/maxconsults", json!({ "maxConsults": 1 })).await.ok(), "ok");
    let queued = late.open(&chat.lin.id().await).await;
    assert_eq!(queued["status"], "WAITING");
    let queued = queued["id"].as_str().expect("an id");
    refused(&say(&mut waiting, queued, "w1", "您好").await, "尚未开始");
    refused(&say(&mut chat.lin_socket, queued, "w2", "请稍等").await, "尚未开始");

    chat.visitor.end(&chat.talk).await;
    chat.visitor_socket.event("ended", &chat.talk).await;
    chat.lin_socket.event("ended", &chat.talk).await;
    refused(&say(&mut chat.visitor_socket, &chat.talk, "a1", "还有").await, "没有进行中的会话");
    refused(&say(&mut chat.lin_socket, &chat.talk, "b1", "再见").await, "没有进行中的会话");
    assert_eq!(record(&chat.lin, &chat.talk).await, [] as [Value; 0]);
    let unplaced = chat.hotline.staff("boss").await.get("/message/unplaced").await.ok();
    assert_eq!(unplaced, json!([]), "what is refused is kept nowhere");
}

#[tokio::test]
async fn a_word_has_its_length_and_what_looks_like_a_script_is_a_text() {
    let mut chat = Chat::begin().await;
    let long = "字".repeat(4000);
    let said = say(&mut chat.visitor_socket, &chat.talk, "a1", &long).await;
    assert_eq!(said["message"]["payload"]["text"], long);
    // Four bytes each: the longest text there is fits into one frame.
    assert_eq!(say(&mut chat.visitor_socket, &chat.talk, "a2", &"😀".repeat(4000)).await["type"], "said");
    refused(&say(&mut chat.visitor_socket, &chat.talk, "a3", &"字".repeat(4001)).await, "4000");
    for nothing in [" \n ", "\u{200b}\u{2060}\u{feff}", " \u{e0041}"] {
        refused(&say(&mut chat.visitor_socket, &chat.talk, "a4", nothing).await, "不能为空");
        refused(&say(&mut chat.lin_socket, &chat.talk, "a4", nothing).await, "不能为空");
        let word = json!([{ "ref": "a4", "conversation": chat.talk, "text": nothing }]);
        refused(&chat.visitor.post("/im/say", word).await.ok()[0], "不能为空");
    }
    let without = json!({ "type": "say", "ref": "", "conversation": chat.talk, "text": "嗯" });
    let endless = json!({ "type": "say", "ref": "r".repeat(65), "conversation": chat.talk, "text": "嗯" });
    for wrong in [without, endless] {
        chat.visitor_socket.send(wrong).await;
        let answer =
            chat.visitor_socket.expect("an error", |frame| frame["type"] == "error", super::SOON).await;
        refused(&answer, "ref");
    }
    let script = "<script>alert(1)</script><img src=x onerror=alert(1)>";
    say(&mut chat.visitor_socket, &chat.talk, "a5", script).await;
    assert_eq!(heard(&mut chat.lin_socket, "a5").await["message"]["payload"], json!({ "text": script }));
    say(&mut chat.visitor_socket, &chat.talk, "a6", "nul\0here").await;
    let rows = record(&chat.lin, &chat.talk).await;
    assert_eq!(rows.last().expect("rows")["payload"]["text"], "nul\u{fffd}here");
    for wrong in [
        json!({ "type": "say", "ref": "b1", "conversation": chat.talk }),
        json!({ "type": "say", "ref": "b1", "conversation": chat.talk, "text": "嗯", "image": "x" }),
        json!({ "type": "say", "ref": "b1", "conversation": chat.talk, "image": "0".repeat(32) }),
    ] {
        chat.visitor_socket.send(wrong).await;
        assert_eq!(super::answered(&mut chat.visitor_socket, "b1").await["type"], "error");
    }
    chat.visitor_socket.send(json!({ "type": "say", "conversation": chat.talk, "text": "嗯" })).await;
    let answer = chat.visitor_socket.expect("an error", |frame| frame["type"] == "error", super::SOON).await;
    assert_eq!(answer["code"], -2, "no command at all");
    chat.visitor_socket.send_text(&"x".repeat(16 * 1024 + 1)).await;
    assert_eq!(chat.visitor_socket.closed(super::SOON).await, Some(1009));
    chat.hotline.assert_calm();
}

/// What no text here can hold becomes U+FFFD, what is merely strange stays; each is answered and holds up no other.
#[tokio::test]
async fn a_word_with_anything_in_it_is_said_and_holds_up_no_other() {
    let mut chat = Chat::begin().await;
    let odd = [
        (r"half \ud83d an emoji", "half \u{fffd} an emoji"),
        (r"\ude00 the other half", "\u{fffd} the other half"),
        (r"nul\u0000here", "nul\u{fffd}here"),
        (r"bell\u0007 \u001b[31mred", "bell\u{7} \u{1b}[31mred"),
        (r"turned \u202e round", "turned \u{202e} round"),
        (r"line\u2028after\r\nline", "line\u{2028}after\r\nline"),
    ];
    for (number, (sent, kept)) in odd.iter().enumerate() {
        let reference = format!("o{number}");
        let talk = &chat.talk;
        let frame =
            format!(r#"{{"type":"say","ref":"{reference}","conversation":"{talk}","text":"{sent}"}}"#);
        chat.visitor_socket.send_text(&frame).await;
        let said = super::answered(&mut chat.visitor_socket, &reference).await;
        assert_eq!(
            (&said["type"], &said["message"]["payload"]["text"]),
            (&json!("said"), &json!(kept)),
            "{said}"
        );
        assert_eq!(heard(&mut chat.lin_socket, &reference).await["message"], said["message"]);
        assert_eq!(
            say(&mut chat.visitor_socket, &chat.talk, &format!("n{number}"), "下一句").await["type"],
            "said"
        );
    }
    // By a request as well.
    let body = format!(r#"[{{"ref":"p1","conversation":"{}","text":"half \ud83d"}}]"#, chat.talk);
    let request =
        chat.visitor.request(reqwest::Method::POST, "/im/say").header("content-type", "application/json");
    let said = crate::support::Answer::of(request.body(body)).await.ok();
    assert_eq!(said[0]["message"]["payload"]["text"], "half \u{fffd}");
    let rows = record(&chat.lin, &chat.talk).await;
    let texts: Vec<_> = rows.iter().step_by(2).map(|row| row["payload"]["text"].clone()).collect();
    let mut expected: Vec<_> = odd.iter().map(|(_, kept)| json!(kept)).collect();
    expected.push(json!("half \u{fffd}"));
    assert_eq!(texts, expected);
    chat.hotline.assert_calm();
}

#[tokio::test]
async fn one_who_sends_without_end_waits_and_nothing_of_it_is_lost() {
    let mut hotline = prepared().await;
    hotline.set("sockets.heartbeat_seconds", 3);
    hotline.start().await;
    let mut chat = Chat::on(hotline).await;
    let talk = chat.talk.clone();
    let say =
        |number| json!({ "type": "say", "ref": format!("f{number}"), "conversation": talk, "text": "刷" });
    chat.visitor_socket.flood((0..200).map(say)).await;
    for number in 0..200 {
        assert_eq!(super::answered(&mut chat.visitor_socket, &format!("f{number}")).await["type"], "said");
    }
    chat.hotline.assert_calm();
}

#[tokio::test]
async fn where_people_talk_over_tencent_the_sockets_carry_no_words() {
    let mut hotline = prepared().await;
    hotline.set("im.mode", "tencent");
    hotline.start().await;
    let mut chat = Chat::on(hotline).await;
    refused(&say(&mut chat.visitor_socket, &chat.talk, "a1", "在吗").await, "未启用");
    let path = format!("/im/image?conversation={}", chat.talk);
    chat.visitor.post(&path, Value::Null).await.refused(-1, "未启用内置即时通信");
    let config = chat.visitor.get("/config").await.ok();
    assert_eq!(config["im"]["mode"], "tencent");
}

#[tokio::test]
async fn a_log_in_that_has_ended_says_nothing_more() {
    let mut hotline = prepared().await;
    hotline.set("sockets.heartbeat_seconds", 1);
    hotline.start().await;
    let mut chat = Chat::on(hotline).await;
    // Of two log-ins of the same visitor one ends.
    let other = chat.hotline.visitor("ecnu", "first").await;
    let (mut silent, mut speaking) = (other.visitor_socket().await, other.unread_socket("/visitor/ws").await);
    silent.snapshot().await;
    let greeting = speaking.next().await.expect("a frame").expect("a whole one");
    assert!(greeting.to_text().expect("a text").contains("snapshot"));
    assert_eq!(other.post("/logout", Value::Null).await.status, 302);
    // By now it is closed, or about to be. It has not read that, and speaks all the same.
    let word = json!({ "type": "say", "ref": "x1", "conversation": chat.talk, "text": "在吗" });
    let _gone = speaking.send(Message::text(word.to_string())).await;
    assert_eq!(silent.closed(super::SOON).await, Some(4003));
    assert_eq!(close_code(&mut speaking).await, Some(4003));
    // Its connection lasts until all that has come over it is carried out.
    let over = async { while let Some(Ok(_)) = speaking.next().await {} };
    tokio::time::timeout(super::SOON, over).await.expect("it ends");
    assert_eq!(record(&chat.lin, &chat.talk).await, [] as [Value; 0]);
    assert_eq!(say(&mut chat.visitor_socket, &chat.talk, "a1", "在").await["type"], "said");
}

#[tokio::test]
async fn two_ims_at_once_and_an_open_callback_are_no_settings_for_the_open() {
    let mut hotline = prepared().await;
    hotline.set("im.notices", true);
    hotline.set("im.rest_url", "https://console.tim.qq.com");
    assert!(hotline.fails(&["check-config"], 78).contains("im.notices"));
    let mut open: Hotline = prepared().await;
    open.set("wechat.mode", "live");
    open.set("wechat.apps", "[]");
    open.set("server.public_url", "https://hotline.example.edu");
    assert!(open.fails(&["check-config"], 78).contains("im.callback_token"));
    open.set("im.callback_token", "secret");
    open.run(&["check-config"], "");
    open.set("im.callback_token", "");
    open.set("im.sdk_app_id", 0);
    open.set("im.secret_key", "");
    open.run(&["check-config"], "");
}
