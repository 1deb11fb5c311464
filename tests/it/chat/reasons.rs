//! Why something was refused: a word that programs know stands beside the sentence for people.

use std::collections::BTreeSet;

use image::ImageFormat;
use serde_json::{Value, json};

use super::{
    Chat, answered,
    pictures::{drawn, upload},
    prepared, recall, say,
};
use crate::support::{Answer, Socket};

/// The document's list, which the pages have words for.
async fn listed(chat: &Chat) -> BTreeSet<String> {
    let document = chat.hotline.client().get("/api/openapi.json").await.body;
    let list = document["components"]["schemas"]["ChatReason"]["enum"].clone();
    serde_json::from_value(list).expect("a list of words")
}

fn reason(answer: &Value) -> String {
    assert!(answer["message"].as_str().is_some_and(|words| !words.is_empty()), "{answer}");
    answer["reason"].as_str().unwrap_or_else(|| panic!("a reason: {answer}")).to_owned()
}

async fn not_said(socket: &mut Socket, frame: Value) -> String {
    let reference = frame["ref"].as_str().expect("a ref").to_owned();
    socket.send(frame).await;
    let answer = answered(socket, &reference).await;
    assert_eq!(answer["type"], "error", "{answer}");
    reason(&answer)
}

fn not_taken(answer: &Answer) -> String {
    reason(&answer.body)
}

#[tokio::test]
async fn each_reason_of_the_document_is_told_and_no_other() {
    let mut hotline = prepared().await;
    hotline.set("im.images_per_conversation_max", 1);
    hotline.set("database.acquire_seconds_max", 1);
    hotline.set("sockets.finish_seconds_max", 1);
    hotline.start().await;
    let mut chat = Chat::on(hotline).await;
    let expected = listed(&chat).await;
    let talk = chat.talk.clone();
    let mut told = BTreeSet::new();
    let kept = say(&mut chat.visitor_socket, &talk, "a1", "在吗").await["message"]["ID"].clone();
    let mut tell = |given: String, expected: &str| {
        assert_eq!(given, expected);
        told.insert(given);
    };

    let word = |reference: &str, text: &str| json!({ "type": "say", "ref": reference, "conversation": talk, "text": text });
    tell(not_said(&mut chat.visitor_socket, word("b1", "  ")).await, "empty");
    tell(not_said(&mut chat.visitor_socket, word("b2", &"字".repeat(4001))).await, "tooLong");
    let picture = json!({ "type": "say", "ref": "b3", "conversation": talk, "image": "0".repeat(32) });
    tell(not_said(&mut chat.visitor_socket, picture).await, "picture");
    let both = json!({ "type": "say", "ref": "b4", "conversation": talk, "image": "x", "text": "嗯" });
    tell(not_said(&mut chat.visitor_socket, both).await, "malformed");
    let nowhere = json!({ "type": "say", "ref": "b5", "conversation": "nowhere", "text": "嗯" });
    tell(not_said(&mut chat.visitor_socket, nowhere).await, "unknown");
    tell(
        reason(&recall(&mut chat.visitor_socket, &talk, "b6", &json!("0".repeat(32))).await),
        "unknownMessage",
    );
    chat.hotline.database.age_messages(&talk, 121_000).await;
    tell(reason(&recall(&mut chat.visitor_socket, &talk, "b7", &kept).await), "tooLate");

    tell(not_taken(&upload(&chat.visitor, &talk, "no picture".into()).await), "pictureKind");
    tell(not_taken(&upload(&chat.visitor, &talk, "GIF89a".into()).await), "pictureDamaged");
    let mut points = drawn(ImageFormat::Gif);
    points[6..10].copy_from_slice(&[0xff; 4]);
    tell(not_taken(&upload(&chat.visitor, &talk, points).await), "pictureLarge");
    upload(&chat.visitor, &talk, drawn(ImageFormat::Png)).await.ok();
    tell(not_taken(&upload(&chat.visitor, &talk, drawn(ImageFormat::Png)).await), "picturesFull");

    chat.lin.post("/user/maxconsults", json!({ "maxConsults": 1 })).await.ok();
    let late = chat.hotline.visitor("ecnu", "late").await;
    let mut waiting = late.visitor_socket().await;
    waiting.snapshot().await;
    let queued = late.open(&chat.lin.id().await).await["id"].clone();
    let early = json!({ "type": "say", "ref": "b8", "conversation": queued, "text": "您好" });
    tell(not_said(&mut waiting, early).await, "waiting");

    chat.hotline.database.shut().await;
    tell(not_said(&mut chat.visitor_socket, word("b9", "听得到吗")).await, "busy");
    chat.hotline.database.reopen().await;

    chat.visitor.end(&talk).await;
    chat.visitor_socket.event("ended", &talk).await;
    tell(not_said(&mut chat.visitor_socket, word("c1", "还有")).await, "ended");
    tell(reason(&recall(&mut chat.visitor_socket, &talk, "c2", &kept).await), "recallEnded");

    let mut elsewhere = prepared().await;
    elsewhere.set("im.mode", "tencent");
    elsewhere.start().await;
    let mut chat = Chat::on(elsewhere).await;
    tell(reason(&say(&mut chat.visitor_socket, &talk, "d1", "在吗").await), "refused");
    assert_eq!(told, expected);
}

#[tokio::test]
async fn what_is_no_command_has_a_reason_too() {
    let mut chat = Chat::begin().await;
    chat.visitor_socket.send(json!({ "type": "nonsense" })).await;
    let answer = chat.visitor_socket.expect("an error", |frame| frame["type"] == "error", super::SOON).await;
    assert_eq!(
        answer,
        json!({ "type": "error", "code": -2, "message": "参数格式不正确", "reason": "malformed" })
    );
}
