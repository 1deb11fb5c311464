//! Our own IM: what two people say over their sockets, as both of them, their supervisor and the record see it.

mod by_request;
mod hardened;
mod last_words;
mod pictures;
mod reasons;
mod under_way;

use serde_json::{Value, json};

use crate::support::{Client, Hotline, SOON, Socket, until};

/// A visitor in a talk with the counselor lin, over the IM of our own.
struct Chat {
    hotline: Hotline,
    lin: Client,
    visitor: Client,
    visitor_socket: Socket,
    lin_socket: Socket,
    talk: String,
}

async fn prepared() -> Hotline {
    let mut hotline = Hotline::prepare(&["ecnu", "hdu"]).await;
    hotline.add_counselor("ecnu", "lin").await;
    hotline.add_counselor("hdu", "other").await;
    hotline.add_user("ecnu", "SUPERVISOR", "du").await;
    hotline.add_user("ecnu", "INSTITUTION", "boss").await;
    hotline.database.bind_supervisor("lin", "du").await;
    hotline.set("im.mode", "embedded");
    hotline
}

impl Chat {
    async fn begin() -> Self {
        let mut hotline = prepared().await;
        hotline.start().await;
        Self::on(hotline).await
    }

    async fn on(hotline: Hotline) -> Self {
        let lin = hotline.staff("lin").await;
        let mut lin_socket = lin.workbench().await;
        lin_socket.snapshot().await;
        let visitor = hotline.visitor("ecnu", "first").await;
        let mut visitor_socket = visitor.visitor_socket().await;
        visitor_socket.snapshot().await;
        let talk = visitor.open(&lin.id().await).await["id"].as_str().expect("an id").to_owned();
        lin_socket.event("assigned", &talk).await;
        visitor_socket.event("assigned", &talk).await;
        Self { hotline, lin, visitor, visitor_socket, lin_socket, talk }
    }

    /// A supervisor is asked, and takes it.
    async fn ask(&mut self, supervisor: &Client) -> (Socket, String) {
        let mut theirs = supervisor.workbench().await;
        theirs.snapshot().await;
        let asked = json!({ "supervise": supervisor.id().await, "conversationId": self.talk });
        let answer = self.lin.put("/conversation/supervise", asked).await.ok();
        let request = answer["supervise"]["id"].as_str().expect("an id").to_owned();
        theirs.event("assigned", &request).await;
        (theirs, request)
    }
}

async fn say(socket: &mut Socket, talk: &str, reference: &str, text: &str) -> Value {
    socket.send(json!({ "type": "say", "ref": reference, "conversation": talk, "text": text })).await;
    answered(socket, reference).await
}

async fn recall(socket: &mut Socket, talk: &str, reference: &str, message: &Value) -> Value {
    let frame = json!({ "type": "recall", "ref": reference, "conversation": talk, "message": message });
    socket.send(frame).await;
    answered(socket, reference).await
}

async fn answered(socket: &mut Socket, reference: &str) -> Value {
    let fits = |frame: &Value| frame["ref"] == reference;
    socket.expect(&format!("an answer to {reference}"), fits, SOON).await
}

async fn heard(socket: &mut Socket, reference: &str) -> Value {
    let fits = |frame: &Value| frame["type"] == "message" && frame["message"]["ref"] == reference;
    socket.expect(&format!("the message {reference}"), fits, SOON).await
}

fn refused(answer: &Value, why: &str) {
    let told = answer["message"].as_str().unwrap_or_default();
    assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!(-1)), "{answer}");
    assert!(told.contains(why), "{told}");
}

async fn record(client: &Client, talk: &str) -> Vec<Value> {
    let rows = client.get(&format!("/message/conversation/web?conversationId={talk}&size=200")).await.ok();
    rows.as_array().expect("a list").clone()
}

/// Without what only the sockets tell.
fn row(message: &Value) -> Value {
    let mut row = message.clone();
    let fields = row.as_object_mut().expect("a message");
    assert!(fields.remove("timeMs").is_some_and(|time| time.is_i64()), "{message}");
    fields.remove("ref");
    row
}

#[tokio::test]
async fn what_is_said_is_stored_answered_and_heard_by_the_other_one() {
    let mut chat = Chat::begin().await;
    let mut second_tab = chat.visitor.visitor_socket().await;
    second_tab.snapshot().await;
    let said = say(&mut chat.visitor_socket, &chat.talk, "a1", "  你好 😀  ").await;
    assert_eq!((&said["type"], &said["conversation"]), (&json!("said"), &json!(chat.talk)));
    for socket in [&mut chat.lin_socket, &mut second_tab] {
        assert_eq!(heard(socket, "a1").await["message"], said["message"]);
    }
    assert_eq!(said["message"]["payload"], json!({ "text": "你好 😀" }));
    assert_eq!((&said["message"]["from"], &said["message"]["flow"]), (&json!("sandbox_first"), &json!("in")));
    assert_eq!(record(&chat.lin, &chat.talk).await, [row(&said["message"])]);
    // The visitor's own tab that asked was answered, and hears nothing besides.
    chat.visitor_socket.ping().await;
    assert!(!chat.visitor_socket.has_heard("a1"));
    let back = say(&mut chat.lin_socket, &chat.talk, "b1", "您好").await;
    assert_eq!(heard(&mut chat.visitor_socket, "b1").await["message"], back["message"]);
    assert_eq!(back["message"]["flow"], "out");
    chat.hotline.assert_calm();
    assert!(!chat.hotline.log().contains("你好"), "words stay out of the log");
}

#[tokio::test]
async fn what_is_read_is_told_and_counted() {
    let mut chat = Chat::begin().await;
    let first = say(&mut chat.visitor_socket, &chat.talk, "a1", "在吗").await;
    say(&mut chat.visitor_socket, &chat.talk, "a2", "您好").await;
    heard(&mut chat.lin_socket, "a2").await;
    let open = chat.lin.get("/message/unread").await.ok();
    assert_eq!((&open[0]["conversation"], &open[0]["unread"]), (&json!(chat.talk), &json!(2)));
    assert_eq!(open[0]["last"]["payload"]["text"], "您好");
    assert_eq!(chat.visitor.get("/message/unread").await.ok()[0]["peerReadTime"], Value::Null);
    chat.lin_socket.send(json!({ "type": "read", "conversation": chat.talk })).await;
    for socket in [&mut chat.visitor_socket, &mut chat.lin_socket] {
        let read = socket.expect("read", |frame| frame["type"] == "read", SOON).await;
        assert_eq!(
            (&read["conversation"], &read["reader"]),
            (&json!(chat.talk), &json!(chat.lin.id().await))
        );
        assert!(read["until"].as_i64() >= first["message"]["timeMs"].as_i64());
    }
    let open = chat.lin.get("/message/unread").await.ok();
    assert_eq!(open[0]["unread"], 0);
    assert!(chat.visitor.get("/message/unread").await.ok()[0]["peerReadTime"].is_i64());
    let back = say(&mut chat.lin_socket, &chat.talk, "b1", "在的").await;
    heard(&mut chat.visitor_socket, "b1").await;
    chat.visitor_socket.send(json!({ "type": "read", "conversation": chat.talk })).await;
    chat.lin_socket.expect("read", |frame| frame["type"] == "read", SOON).await;
    let rows = record(&chat.lin, &chat.talk).await;
    let of_lin = rows.iter().find(|row| row["ID"] == back["message"]["ID"]).expect("it is there");
    assert_eq!(of_lin["isPeerRead"], true);
    // Nothing is new to the visitor, and nothing is told.
    chat.visitor_socket.send(json!({ "type": "read", "conversation": chat.talk })).await;
    say(&mut chat.visitor_socket, &chat.talk, "a3", "好").await;
    heard(&mut chat.lin_socket, "a3").await;
    assert!(!chat.lin_socket.has_come_as("read"));
}

#[tokio::test]
async fn what_was_said_can_be_taken_back_for_two_minutes() {
    let mut chat = Chat::begin().await;
    let said = say(&mut chat.visitor_socket, &chat.talk, "a1", "说错了").await;
    heard(&mut chat.lin_socket, "a1").await;
    let id = said["message"]["ID"].clone();
    let done = recall(&mut chat.visitor_socket, &chat.talk, "r1", &id).await;
    assert_eq!((&done["type"], &done["message"]), (&json!("recalled"), &id));
    let told = chat.lin_socket.expect("recalled", |frame| frame["type"] == "recalled", SOON).await;
    assert_eq!((&told["conversation"], &told["message"]), (&json!(chat.talk), &id));
    assert_eq!(record(&chat.lin, &chat.talk).await[0]["isRevoked"], true);
    // Once more changes nothing, and is no fault.
    assert_eq!(recall(&mut chat.visitor_socket, &chat.talk, "r2", &id).await["type"], "recalled");

    let of_lin = say(&mut chat.lin_socket, &chat.talk, "b1", "没关系").await["message"]["ID"].clone();
    refused(&recall(&mut chat.visitor_socket, &chat.talk, "r3", &of_lin).await, "消息未找到");
    refused(&recall(&mut chat.visitor_socket, &chat.talk, "r4", &json!("nonsense")).await, "消息未找到");
    chat.hotline.database.age_messages(&chat.talk, 121_000).await;
    refused(&recall(&mut chat.lin_socket, &chat.talk, "r5", &of_lin).await, "两分钟");
    assert_eq!(record(&chat.lin, &chat.talk).await[1]["isRevoked"], false);
}

#[tokio::test]
async fn nothing_is_taken_back_after_the_end() {
    let mut chat = Chat::begin().await;
    let kept = say(&mut chat.visitor_socket, &chat.talk, "a1", "我想说").await["message"]["ID"].clone();
    let taken = say(&mut chat.visitor_socket, &chat.talk, "a2", "说错了").await["message"]["ID"].clone();
    assert_eq!(recall(&mut chat.visitor_socket, &chat.talk, "r1", &taken).await["type"], "recalled");
    chat.visitor.end(&chat.talk).await;
    chat.visitor_socket.event("ended", &chat.talk).await;
    refused(&recall(&mut chat.visitor_socket, &chat.talk, "r2", &kept).await, "会话已结束，不能撤回");
    // What was done before, and only its answer got lost, is answered again.
    assert_eq!(recall(&mut chat.visitor_socket, &chat.talk, "r1", &taken).await["type"], "recalled");
    let revoked: Vec<_> =
        record(&chat.lin, &chat.talk).await.iter().map(|row| row["isRevoked"].clone()).collect();
    assert_eq!(revoked, [json!(false), json!(true)]);
}

#[tokio::test]
async fn a_supervisor_who_is_asked_hears_the_consultation_until_that_is_over() {
    let mut chat = Chat::begin().await;
    let (du, boss) = (chat.hotline.staff("du").await, chat.hotline.staff("boss").await);
    let mut watching = boss.workbench().await;
    watching.snapshot().await;
    let (mut theirs, request) = chat.ask(&du).await;
    say(&mut chat.visitor_socket, &chat.talk, "a1", "我很难过").await;
    assert_eq!(heard(&mut theirs, "a1").await["conversation"], chat.talk);
    say(&mut chat.visitor_socket, &chat.talk, "a1b", "真的").await;
    heard(&mut theirs, "a1b").await;
    let noted = async || chat.hotline.database.audits("hear-live", &chat.talk).await;
    assert_eq!(noted().await, ["du"], "once, and of nobody else");
    // The talk of the two about it is theirs alone.
    let advice = say(&mut theirs, &request, "s1", "多听他说").await;
    assert_eq!(heard(&mut chat.lin_socket, "s1").await["message"], advice["message"]);
    assert_eq!((&advice["message"]["flow"], &advice["message"]["to"]), (&json!("in"), &json!("lin")));
    // The supervisor listens, and does not speak in it.
    refused(&say(&mut theirs, &chat.talk, "s2", "你好").await, "会话未找到");
    chat.lin.end(&request).await;
    theirs.event("ended", &request).await;
    say(&mut chat.visitor_socket, &chat.talk, "a2", "谢谢").await;
    heard(&mut chat.lin_socket, "a2").await;
    theirs.ping().await;
    assert!(!theirs.has_heard("a2"), "what the supervisor was asked is over");
    chat.visitor_socket.ping().await;
    watching.ping().await;
    assert!(!chat.visitor_socket.has_heard("s1") && !watching.has_heard("a1") && !watching.has_heard("s1"));
    refused(&say(&mut theirs, &request, "s3", "再见").await, "没有进行中的会话");
}

#[tokio::test]
async fn a_supervisor_does_not_hear_what_cannot_be_noted() {
    let mut chat = Chat::begin().await;
    let du = chat.hotline.staff("du").await;
    let (mut theirs, _) = chat.ask(&du).await;
    let pool = chat.hotline.database.pool.clone();
    let audit = async |statement: &'static str| {
        sqlx::query(statement).execute(&pool).await.expect("the table can be changed");
    };
    audit("alter table audit add constraint full_up check (id < 0) not valid").await;
    say(&mut chat.visitor_socket, &chat.talk, "a1", "我很难过").await;
    heard(&mut chat.lin_socket, "a1").await;
    // It is noted beside the talk: only the log tells when that was tried.
    until("the word cannot be noted", SOON, async || {
        chat.hotline.log().contains("it cannot be noted").then_some(())
    })
    .await;
    audit("alter table audit drop constraint full_up").await;
    // Ten minutes have not passed, but nothing was noted either.
    say(&mut chat.visitor_socket, &chat.talk, "a2", "还在吗").await;
    heard(&mut theirs, "a2").await;
    assert!(!theirs.has_heard("a1"), "words keep their order, so it would have come before");
    assert_eq!(chat.hotline.database.audits("hear-live", &chat.talk).await, ["du"]);
}
