//! What is said without a socket: by a page that goes away.

use futures_util::future::join_all;
use image::ImageFormat;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Chat, answered, heard,
    pictures::{drawn, upload},
    prepared, record, row, say,
};
use crate::support::Client;

const WORDS: usize = 20;

fn word(talk: &str, reference: &str, text: &str) -> Value {
    json!({ "ref": reference, "conversation": talk, "text": text })
}

async fn post(client: &Client, body: Value) -> Value {
    client.post("/im/say", body).await.ok()
}

#[tokio::test]
async fn what_is_said_by_a_request_is_stored_answered_and_heard() {
    let mut chat = Chat::begin().await;
    let said = post(&chat.visitor, word(&chat.talk, "a1", "  再见 ")).await;
    assert_eq!((&said["payload"], &said["ref"]), (&json!({ "text": "再见" }), &json!("a1")));
    // Also on the author's own sockets: none of them has asked.
    for socket in [&mut chat.hers, &mut chat.his] {
        assert_eq!(heard(socket, "a1").await["message"], said);
    }
    assert_eq!(record(&chat.lin, &chat.talk).await, [row(&said)]);
    // Again, over either road: the same message.
    assert_eq!(post(&chat.visitor, word(&chat.talk, "a1", "再见")).await, said);
    assert_eq!(say(&mut chat.his, &chat.talk, "a1", "再见").await["message"], said);
    let back = post(&chat.lin, word(&chat.talk, "b1", "保重")).await;
    assert_eq!(back["flow"], "out");
    chat.visitor.end(&chat.talk).await;
    assert_eq!(
        post(&chat.visitor, word(&chat.talk, "a1", "再见")).await,
        said,
        "the answer may have got lost"
    );
    assert_eq!(record(&chat.lin, &chat.talk).await.len(), 2);
    chat.hotline.assert_calm();
}

#[tokio::test]
async fn what_comes_over_both_roads_in_the_same_moment_is_counted_once() {
    let mut chat = Chat::begin().await;
    let (visitor, talk) = (chat.visitor.clone(), chat.talk.clone());
    let requests = (0..WORDS).map(|number| post(&visitor, word(&talk, &format!("k{number}"), "在说")));
    let his = &mut chat.his;
    let over_socket = async {
        for number in 0..WORDS {
            let frame =
                json!({ "type": "say", "ref": format!("k{number}"), "conversation": talk, "text": "在说" });
            his.send(frame).await;
        }
        let mut answers = Vec::new();
        for number in 0..WORDS {
            answers.push(answered(his, &format!("k{number}")).await["message"].clone());
        }
        answers
    };
    let (by_request, by_socket) = futures_util::future::join(join_all(requests), over_socket).await;
    assert_eq!(by_request, by_socket, "the same message for both");
    assert_eq!(record(&chat.lin, &chat.talk).await.len(), WORDS);
    for number in 0..WORDS {
        heard(&mut chat.hers, &format!("k{number}")).await;
    }
    chat.hers.ping().await;
    assert!(!chat.hers.has_come_as("message"), "nothing is heard twice");
    assert_eq!(chat.lin.get("/message/unread").await.ok()[0]["unread"], WORDS);
}

#[tokio::test]
async fn a_request_has_the_checks_of_the_socket() {
    let mut chat = Chat::begin().await;
    let stranger = chat.hotline.visitor("ecnu", "second").await;
    let boss = chat.hotline.staff("boss").await;
    let other = chat.hotline.staff("other").await;
    for client in [&stranger, &boss, &other] {
        client
            .post("/im/say", word(&chat.talk, "x1", "让我说"))
            .await
            .refused(-1, &format!("会话未找到：{}", chat.talk));
    }
    let lone = chat.hotline.client();
    assert_eq!(lone.post("/im/say", word(&chat.talk, "x1", "让我说")).await.status, 403);
    chat.visitor.post("/im/say", word(&chat.talk, "x1", " ")).await.refused(-1, "消息内容不能为空");
    chat.visitor.post("/im/say", word(&chat.talk, "", "嗯")).await.refused(-1, "参数格式不正确：ref");
    chat.visitor
        .post("/im/say", json!({ "conversation": chat.talk, "text": "嗯" }))
        .await
        .refused(-2, "参数格式不正确");
    let both = json!({ "ref": "x2", "conversation": chat.talk, "text": "嗯", "image": "x" });
    chat.visitor.post("/im/say", both).await.refused(-1, "参数格式不正确：text, image");
    let form =
        chat.visitor.request(Method::POST, "/im/say").form(&[("ref", "x3")]).send().await.expect("an answer");
    assert_eq!(form.status().as_u16(), 415);
    chat.visitor.end(&chat.talk).await;
    chat.hers.event("ended", &chat.talk).await;
    chat.visitor
        .post("/im/say", word(&chat.talk, "x4", "还有"))
        .await
        .refused(-1, "当前没有进行中的会话，消息未发送。");
    assert_eq!(record(&chat.lin, &chat.talk).await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_picture_is_said_by_a_request_too() {
    let mut chat = Chat::begin().await;
    let kept = upload(&chat.visitor, &chat.talk, drawn(ImageFormat::Png)).await.ok();
    let picture = json!({ "ref": "p1", "conversation": chat.talk, "image": kept["id"] });
    let said = post(&chat.visitor, picture).await;
    assert_eq!((&said["type"], &said["payload"]["uuid"]), (&json!("TIMImageElem"), &kept["id"]));
    assert_eq!(heard(&mut chat.hers, "p1").await["message"], said);
}

#[tokio::test]
async fn where_people_talk_over_tencent_nothing_is_said_by_a_request() {
    let mut hotline = prepared().await;
    hotline.set("im.mode", "tencent");
    hotline.start().await;
    let chat = Chat::on(hotline).await;
    chat.visitor.post("/im/say", word(&chat.talk, "a1", "在吗")).await.refused(-1, "未启用内置即时通信");
}
