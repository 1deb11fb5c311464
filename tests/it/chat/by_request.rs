//! What is said without a socket: by a page that goes away.

use std::time::Instant;

use futures_util::future::join_all;
use image::ImageFormat;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::{
    Chat, answered, heard,
    pictures::{drawn, upload},
    prepared, record, row, say,
};
use crate::support::{Client, SOON, until};

const WORDS: usize = 20;

fn word(talk: &str, reference: &str, text: &str) -> Value {
    json!({ "ref": reference, "conversation": talk, "text": text })
}

/// The answers to all of them, in their order.
async fn post(client: &Client, words: Value) -> Vec<Value> {
    let answers = client.post("/im/say", words).await.ok();
    answers.as_array().expect("a list").clone()
}

/// The message that one word became.
async fn said(client: &Client, word: Value) -> Value {
    let answers = post(client, json!([word])).await;
    assert_eq!((answers.len(), &answers[0]["type"]), (1, &json!("said")), "{answers:?}");
    answers[0]["message"].clone()
}

async fn refused(client: &Client, word: Value, why: &str) {
    let answers = post(client, json!([word])).await;
    super::refused(&answers[0], why);
}

#[tokio::test]
async fn what_is_said_by_a_request_is_stored_answered_and_heard() {
    let mut chat = Chat::begin().await;
    let kept = said(&chat.visitor, word(&chat.talk, "a1", "  再见 ")).await;
    assert_eq!((&kept["payload"], &kept["ref"]), (&json!({ "text": "再见" }), &json!("a1")));
    // Also on the author's own sockets: none of them has asked.
    for socket in [&mut chat.lin_socket, &mut chat.visitor_socket] {
        assert_eq!(heard(socket, "a1").await["message"], kept);
    }
    assert_eq!(record(&chat.lin, &chat.talk).await, [row(&kept)]);
    // Again, over either road: the same message.
    assert_eq!(said(&chat.visitor, word(&chat.talk, "a1", "再见")).await, kept);
    assert_eq!(say(&mut chat.visitor_socket, &chat.talk, "a1", "再见").await["message"], kept);
    let back = said(&chat.lin, word(&chat.talk, "b1", "保重")).await;
    assert_eq!(back["flow"], "out");
    chat.visitor.end(&chat.talk).await;
    assert_eq!(
        said(&chat.visitor, word(&chat.talk, "a1", "再见")).await,
        kept,
        "the answer may have got lost"
    );
    assert_eq!(record(&chat.lin, &chat.talk).await.len(), 2);
    chat.hotline.assert_calm();
}

#[tokio::test]
async fn what_comes_over_both_roads_in_the_same_moment_is_counted_once() {
    let mut chat = Chat::begin().await;
    let (visitor, talk) = (chat.visitor.clone(), chat.talk.clone());
    let requests = (0..WORDS).map(|number| said(&visitor, word(&talk, &format!("k{number}"), "在说")));
    let visitor_socket = &mut chat.visitor_socket;
    let over_socket = async {
        for number in 0..WORDS {
            let frame =
                json!({ "type": "say", "ref": format!("k{number}"), "conversation": talk, "text": "在说" });
            visitor_socket.send(frame).await;
        }
        let mut answers = Vec::new();
        for number in 0..WORDS {
            answers.push(answered(visitor_socket, &format!("k{number}")).await["message"].clone());
        }
        answers
    };
    let (by_request, by_socket) = futures_util::future::join(join_all(requests), over_socket).await;
    assert_eq!(by_request, by_socket, "the same message for both");
    assert_eq!(record(&chat.lin, &chat.talk).await.len(), WORDS);
    for number in 0..WORDS {
        heard(&mut chat.lin_socket, &format!("k{number}")).await;
    }
    chat.lin_socket.ping().await;
    let again = chat.lin_socket.came().iter().filter(|frame| frame["type"] == "message");
    let mut again: Vec<&Value> = again.map(|frame| &frame["message"]).collect();
    if chat.hotline.servers() == 1 {
        assert!(again.is_empty(), "nothing is heard twice: {again:?}");
    }
    // Among several the first telling may have gone to an owner that is none any more, so it is told again: once, and the same.
    for message in &by_request {
        let told = again.extract_if(.., |told| *told == message).count();
        assert!(told <= 1, "{message} is told again {told} times");
    }
    assert!(again.is_empty(), "others are told: {again:?}");
    assert_eq!(chat.lin.get("/message/unread").await.ok()[0]["unread"], WORDS);
}

#[tokio::test]
async fn words_of_one_request_keep_their_order_and_one_that_is_refused_holds_up_no_other() {
    let mut hotline = prepared().await;
    // What is said here in a moment is more than a socket may send in thirty seconds.
    hotline.set("sockets.heartbeat_seconds", 1);
    hotline.start().await;
    let mut chat = Chat::on(hotline).await;
    let (talk, number_of) = (chat.talk.clone(), |number: usize| format!("w{number}"));
    let mut words: Vec<Value> =
        (0..199).map(|number| word(&talk, &number_of(number), &number_of(number))).collect();
    // In their midst one that is too long.
    words.insert(100, word(&talk, "long", &"字".repeat(4001)));
    let answers = post(&chat.visitor, json!(words)).await;
    let refs: Vec<&Value> = answers.iter().map(|answer| &answer["ref"]).collect();
    assert_eq!(refs, words.iter().map(|word| &word["ref"]).collect::<Vec<_>>(), "answered one by one");
    super::refused(&answers[100], "4000");
    assert_eq!(answers[100]["reason"], "tooLong");
    assert_eq!(answers.iter().filter(|answer| answer["type"] == "said").count(), 199);
    let texts = async |chat: &Chat| -> Vec<Value> {
        record(&chat.lin, &chat.talk).await.iter().map(|row| row["payload"]["text"].clone()).collect()
    };
    let expected: Vec<Value> = (0..199).map(|number| json!(number_of(number))).collect();
    assert_eq!(texts(&chat).await, expected);
    for number in 0..199 {
        let message = chat.lin_socket.expect("a word", |frame| frame["type"] == "message", SOON).await;
        assert_eq!(message["message"]["ref"], number_of(number), "heard in this order");
    }
    // All of it again, as a page does that came back: counted once.
    assert_eq!(post(&chat.visitor, json!(words)).await, answers);
    assert_eq!(texts(&chat).await, expected);
    chat.hotline.assert_calm();
}

#[tokio::test]
async fn a_list_has_a_bound_and_what_is_no_word_in_it_is_answered_in_its_place() {
    let chat = Chat::begin().await;
    let many: Vec<Value> = (0..201).map(|number| word(&chat.talk, &format!("m{number}"), "嗯")).collect();
    chat.visitor.post("/im/say", json!(many)).await.refused(-2, "一次最多发送200条消息");
    let large: Vec<Value> =
        (0..6).map(|number| word(&chat.talk, &format!("l{number}"), &"字".repeat(4000))).collect();
    chat.visitor.post("/im/say", json!(large)).await.fault(413, "/im/say");
    for no_list in [word(&chat.talk, "x1", "嗯"), json!("嗯"), json!(7)] {
        chat.visitor.post("/im/say", no_list).await.refused(-2, "参数格式不正确");
    }
    assert_eq!(post(&chat.visitor, json!([])).await, [] as [Value; 0]);
    assert_eq!(record(&chat.lin, &chat.talk).await, [] as [Value; 0], "nothing of it was said");
    let mixed =
        json!([word(&chat.talk, "g1", "一"), 7, { "ref": "b2", "text": "嗯" }, word(&chat.talk, "g3", "三")]);
    let answers = post(&chat.visitor, mixed).await;
    let kinds: Vec<_> =
        answers.iter().map(|answer| (answer["type"].as_str(), answer["ref"].as_str())).collect();
    let (said, error) = (Some("said"), Some("error"));
    assert_eq!(kinds, [(said, Some("g1")), (error, None), (error, Some("b2")), (said, Some("g3"))]);
    assert_eq!(record(&chat.lin, &chat.talk).await.len(), 2);
}

#[tokio::test]
async fn a_request_has_the_checks_of_the_socket() {
    let mut chat = Chat::begin().await;
    let stranger = chat.hotline.visitor("ecnu", "second").await;
    let boss = chat.hotline.staff("boss").await;
    let other = chat.hotline.staff("other").await;
    for client in [&stranger, &boss, &other] {
        refused(client, word(&chat.talk, "x1", "让我说"), &format!("会话未找到：{}", chat.talk)).await;
    }
    let lone = chat.hotline.client();
    assert_eq!(lone.post("/im/say", json!([word(&chat.talk, "x1", "让我说")])).await.status, 403);
    refused(&chat.visitor, word(&chat.talk, "x1", " "), "消息内容不能为空").await;
    refused(&chat.visitor, word(&chat.talk, "", "嗯"), "参数格式不正确：ref").await;
    refused(&chat.visitor, json!({ "conversation": chat.talk, "text": "嗯" }), "参数格式不正确").await;
    let both = json!({ "ref": "x2", "conversation": chat.talk, "text": "嗯", "image": "x" });
    refused(&chat.visitor, both, "参数格式不正确：text, image").await;
    let form =
        chat.visitor.request(Method::POST, "/im/say").form(&[("ref", "x3")]).send().await.expect("an answer");
    assert_eq!(form.status().as_u16(), 415);
    chat.visitor.end(&chat.talk).await;
    chat.lin_socket.event("ended", &chat.talk).await;
    refused(&chat.visitor, word(&chat.talk, "x4", "还有"), "当前没有进行中的会话，消息未发送。").await;
    assert_eq!(record(&chat.lin, &chat.talk).await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_picture_is_said_by_a_request_too() {
    let mut chat = Chat::begin().await;
    let kept = upload(&chat.visitor, &chat.talk, drawn(ImageFormat::Png)).await.ok();
    let picture = json!({ "ref": "p1", "conversation": chat.talk, "image": kept["id"] });
    let said = said(&chat.visitor, picture).await;
    assert_eq!((&said["type"], &said["payload"]["uuid"]), (&json!("TIMImageElem"), &kept["id"]));
    assert_eq!(heard(&mut chat.lin_socket, "p1").await["message"], said);
}

#[tokio::test]
async fn where_people_talk_over_tencent_nothing_is_said_by_a_request() {
    let mut hotline = prepared().await;
    hotline.set("im.mode", "tencent");
    hotline.start().await;
    let chat = Chat::on(hotline).await;
    refused(&chat.visitor, word(&chat.talk, "a1", "在吗"), "未启用内置即时通信").await;
}

/// The page is gone before its answer: what it had sent whole is said to the end.
#[tokio::test]
async fn words_whose_page_is_gone_are_said_to_the_end() {
    let mut chat = Chat::begin().await;
    let words: Vec<Value> =
        (0..WORDS).map(|number| word(&chat.talk, &format!("g{number}"), "再见")).collect();
    let body = json!(words).to_string();
    let url = chat.visitor.url("/im/say");
    let address = url.trim_start_matches("http://").split('/').next().expect("an address").to_owned();
    let token = chat.visitor.token.clone().expect("logged in");
    // Nothing is stored for a moment, so that the page is surely gone before the first word is.
    let mut holding = chat.hotline.database.pool.begin().await.expect("a transaction");
    sqlx::query("lock table messages in access exclusive mode").execute(&mut *holding).await.expect("locked");
    let mut page = TcpStream::connect(&address).await.expect("a connection");
    let head = format!(
        "POST /im/say HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    page.write_all(head.as_bytes()).await.expect("it is sent");
    until("the first word waits to be stored", SOON, async || {
        let text = chat.lin.request(Method::GET, "/metrics").send().await.ok()?.text().await.ok()?;
        text.lines().any(|line| line == "hotline_messages_buffered 1").then_some(())
    })
    .await;
    // Reset, not only closed: there is nobody who could be answered.
    page.set_zero_linger().expect("it can be reset");
    drop(page);
    // Whoever asks afterwards is answered afterwards: by then the server knows.
    for _ in 0..3 {
        chat.lin.get("/auth/me").await.ok();
    }
    holding.rollback().await.expect("let go");
    for number in 0..WORDS {
        heard(&mut chat.lin_socket, &format!("g{number}")).await;
    }
    assert_eq!(record(&chat.lin, &chat.talk).await.len(), WORDS);
    chat.hotline.assert_calm();
}

#[tokio::test]
async fn as_many_words_as_a_socket_may_send_go_at_once_and_more_wait_or_are_busy() {
    let mut hotline = prepared().await;
    // One grows back in half a minute, which is as long as any waits.
    hotline.set("sockets.heartbeat_seconds", 3600);
    hotline.start().await;
    let chat = Chat::on(hotline).await;
    let began = Instant::now();
    let words = |from: usize| {
        let words = (from..from + 61).map(|number| word(&chat.talk, &format!("p{number}"), "在"));
        words.collect::<Vec<_>>()
    };
    let mut answers = post(&chat.visitor, json!(words(0))).await;
    answers.extend(post(&chat.visitor, json!(words(61))).await);
    let (said, busy): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer["type"] == "said");
    let grown = usize::try_from(began.elapsed().as_secs() / 30).expect("few");
    assert!((120..=120 + grown).contains(&said.len()), "{} were said", said.len());
    assert!(busy.iter().all(|answer| answer["reason"] == "busy"), "{busy:?}");
    let others = post(&chat.lin, json!([word(&chat.talk, "b1", "我在")])).await;
    assert_eq!(others[0]["type"], "said", "another person is another matter");
    assert_eq!(record(&chat.lin, &chat.talk).await.len(), said.len() + 1, "what is busy was not said");
    chat.hotline.assert_calm();
}
