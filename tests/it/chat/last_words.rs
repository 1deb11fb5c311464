//! What was received before a socket closed is carried out, however it closed: stored, in order, and told to the other side.

use std::time::Duration;

use futures_util::{SinkExt, future::join_all};
use image::ImageFormat;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

use super::{
    Chat, heard,
    pictures::{drawn, upload},
    prepared, record, say,
};
use crate::support::{Client, Hotline, SOON, Socket, delivered, delivered_and_left_unread, until};

/// Right before the end, as fast as they go out: more than a socket may send between two heartbeats.
const WORDS: usize = 150;
/// Visitors at once.
const MANY: usize = 4;

type Line = WebSocketStream<TcpStream>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Close {
    /// A close frame.
    Goodbye,
    /// The end of the stream, without a close frame.
    Fin,
    /// As when a tunnel breaks: `SO_LINGER` 0.
    Reset,
    LogOut,
    /// SIGTERM.
    Stop,
}

/// Gathered, and written at once.
async fn send(line: &mut Line, frame: Value) {
    line.feed(Message::text(frame.to_string())).await.expect("the socket takes a frame");
}

/// Once all of it has arrived: what a reset finds still unsent was never received.
async fn close(how: Close, mut line: Line, client: &Client, talk: &str) {
    line.flush().await.expect("it goes out");
    delivered(line.get_ref()).await;
    match how {
        Close::Goodbye => line.close(None).await.expect("a close frame goes out"),
        Close::Fin => line.get_mut().shutdown().await.expect("it is shut down"),
        Close::Reset => line.get_ref().set_zero_linger().expect("it can be set"),
        Close::LogOut => {
            assert_eq!(client.post("/logout", Value::Null).await.status, 302);
            for _ in 0..3 {
                says_too_late(&mut line, talk).await;
            }
        }
        // The socket stays as it is.
        Close::Stop => std::mem::forget(line),
    }
}

/// The socket may be closed already; then it does not even go out.
async fn says_too_late(line: &mut Line, talk: &str) {
    let late = json!({ "type": "say", "ref": "late", "conversation": talk, "text": "太晚了" });
    let _closed = line.send(Message::text(late.to_string())).await;
}

/// Everybody's words, a picture, a recall and a mark, right before the end.
async fn sends_all(line: &mut Line, talk: &str, picture: &Value, before: &Value) {
    let word = |number: usize| json!({ "type": "say", "ref": format!("w{number}"), "conversation": talk, "text": format!("第{number}句") });
    for number in 0..WORDS {
        send(line, word(number)).await;
    }
    send(line, json!({ "type": "say", "ref": "picture", "conversation": talk, "image": picture })).await;
    send(line, json!({ "type": "recall", "ref": "back", "conversation": talk, "message": before })).await;
    send(line, json!({ "type": "read", "conversation": talk })).await;
}

/// A visitor in a talk with lin, who has said something and uploaded a picture.
struct Visit {
    client: Client,
    talk: String,
    picture: Value,
    before: Value,
}

impl Visit {
    async fn begin(hotline: &Hotline, lin: &str, code: &str) -> Self {
        let client = hotline.visitor("ecnu", code).await;
        let talk = client.open(lin).await["id"].as_str().expect("an id").to_owned();
        let picture = upload(&client, &talk, drawn(ImageFormat::Png)).await.ok()["id"].clone();
        let mut socket = client.visitor_socket().await;
        socket.snapshot().await;
        let before = say(&mut socket, &talk, "before", "说错了").await["message"]["ID"].clone();
        Self { client, talk, picture, before }
    }

    /// The other side hears all of it, and in order.
    async fn is_heard(&self, lin_socket: &mut Socket) {
        let mut words = Vec::new();
        let of_talk = |frame: &Value, kind: &str| frame["type"] == kind && frame["conversation"] == self.talk;
        let word = |frame: &Value| of_talk(frame, "message") && frame["message"]["ref"] != "before";
        for _ in 0..=WORDS {
            words.push(lin_socket.expect("a last word", word, SOON * 6).await["message"]["ref"].clone());
        }
        let sent: Vec<Value> =
            (0..WORDS).map(|number| json!(format!("w{number}"))).chain([json!("picture")]).collect();
        assert_eq!(words, sent, "in order");
        let recalled = lin_socket.expect("the recall", |frame| of_talk(frame, "recalled"), SOON).await;
        assert_eq!(recalled["message"], self.before);
        lin_socket.expect("the mark", |frame| of_talk(frame, "read"), SOON).await;
    }

    async fn is_kept(&self, lin: &Client) {
        let rows = record(lin, &self.talk).await;
        // Lin's is there as well: it is what was read.
        let said: Vec<&Value> = rows.iter().filter(|row| row["flow"] == "in").collect();
        assert_eq!(said.len(), WORDS + 2, "all of it, and nothing that came too late");
        assert_eq!((&said[0]["ID"], &said[0]["isRevoked"]), (&self.before, &json!(true)));
        for (number, row) in said[1..=WORDS].iter().enumerate() {
            assert_eq!(row["payload"]["text"], format!("第{number}句"));
        }
        assert_eq!(said[WORDS + 1]["type"], "TIMImageElem");
        assert!(rows.iter().any(|row| row["flow"] == "out" && row["isPeerRead"] == true), "and read");
    }
}

async fn at_work(settings: &[(&str, u64)]) -> (Hotline, Client, Socket, Vec<Visit>) {
    let mut hotline = prepared().await;
    for (key, value) in settings {
        hotline.set(key, value);
    }
    hotline.start().await;
    let lin = hotline.staff("lin").await;
    let mut lin_socket = lin.workbench().await;
    lin_socket.snapshot().await;
    let id = lin.id().await;
    let mut visits = Vec::new();
    for number in 0..MANY {
        let visit = Visit::begin(&hotline, &id, &format!("last{number}")).await;
        say(&mut lin_socket, &visit.talk, &format!("hello{number}"), "您好").await;
        visits.push(visit);
    }
    (hotline, lin, lin_socket, visits)
}

async fn all_close(how: Close, visits: &[Visit]) {
    let closing = visits.iter().map(async |visit| {
        let mut line = visit.client.unread_socket("/visitor/ws").await;
        sends_all(&mut line, &visit.talk, &visit.picture, &visit.before).await;
        close(how, line, &visit.client, &visit.talk).await;
    });
    join_all(closing).await;
}

#[tokio::test]
async fn what_came_before_a_close_is_carried_out_however_it_closed() {
    for how in [Close::Goodbye, Close::Fin, Close::Reset, Close::LogOut] {
        let (hotline, lin, mut lin_socket, visits) = at_work(&[]).await;
        all_close(how, &visits).await;
        for visit in &visits {
            visit.is_heard(&mut lin_socket).await;
        }
        lin_socket.ping().await;
        assert!(!lin_socket.has_heard("late"), "{how:?}");
        for visit in &visits {
            visit.is_kept(&lin).await;
        }
        hotline.assert_calm();
    }
}

/// Nothing can be stored, so that the server reads as far ahead as it does, and the rest stands in its system's buffer.
#[tokio::test]
async fn what_had_come_before_a_log_out_counts_though_nobody_had_read_it() {
    // Eight texts of 12 KB, where 64 KiB are read ahead.
    let words = 0..8;
    let mut hotline = prepared().await;
    hotline.set("messages.store_milliseconds_max", 60_000);
    hotline.start().await;
    let mut chat = Chat::on(hotline).await;
    let mut line = chat.visitor.unread_socket("/visitor/ws").await;
    let mut holding = chat.hotline.database.pool.begin().await.expect("a transaction");
    sqlx::query("lock table messages in access exclusive mode").execute(&mut *holding).await.expect("locked");
    for number in words.clone() {
        let (reference, text) = (format!("w{number}"), "字".repeat(4000));
        let word = json!({ "type": "say", "ref": reference, "conversation": chat.talk, "text": text });
        send(&mut line, word).await;
    }
    line.flush().await.expect("it goes out");
    delivered_and_left_unread(line.get_ref()).await;
    assert_eq!(chat.visitor.post("/logout", Value::Null).await.status, 302);
    says_too_late(&mut line, &chat.talk).await;
    holding.rollback().await.expect("let go");
    for number in words.clone() {
        heard(&mut chat.lin_socket, &format!("w{number}")).await;
    }
    chat.lin_socket.ping().await;
    assert!(!chat.lin_socket.has_heard("late"));
    assert_eq!(record(&chat.lin, &chat.talk).await.len(), words.len());
    chat.hotline.assert_calm();
}

#[tokio::test]
async fn what_came_before_a_stop_is_carried_out_and_told_before_the_close() {
    let (mut hotline, lin, mut lin_socket, visits) = at_work(&[("server.shutdown_seconds_max", 60)]).await;
    all_close(Close::Stop, &visits).await;
    hotline.terminate();
    for visit in &visits {
        visit.is_heard(&mut lin_socket).await;
    }
    assert_eq!(lin_socket.closed(SOON).await, Some(1001));
    assert!(hotline.ended(Duration::from_secs(90)).await.success());
    hotline.start().await;
    for visit in &visits {
        visit.is_kept(&lin).await;
    }
    hotline.assert_calm();
}

/// As a page's first frame: logs in, and waits for nothing.
async fn strangers_line(client: &Client) -> Line {
    let url = client.url("/visitor/ws").replacen("http", "ws", 1);
    let host = url.trim_start_matches("ws://").trim_end_matches("/visitor/ws").to_owned();
    let stream = TcpStream::connect(&host).await.expect("the server listens");
    tokio_tungstenite::client_async(url, stream).await.expect("the socket opens").0
}

#[tokio::test]
async fn what_came_before_a_close_outlasts_a_database_that_is_away() {
    let mut hotline = prepared().await;
    hotline.set("database.acquire_seconds_max", 1);
    hotline.start().await;
    let mut chat = Chat::on(hotline).await;
    // A log-in that nobody has used yet has to be looked up.
    let again = chat.hotline.visitor("ecnu", "first").await;
    let mut lines = Vec::new();
    for how in [Close::Goodbye, Close::Fin, Close::Reset] {
        lines.push((how, "", chat.visitor.unread_socket("/visitor/ws").await));
        lines.push((how, "stranger", strangers_line(&again).await));
    }
    chat.hotline.database.shut().await;
    for (how, who, mut line) in lines {
        if who == "stranger" {
            send(&mut line, json!({ "type": "auth", "token": again.token })).await;
        }
        for number in 0..5 {
            let word = json!({ "type": "say", "ref": format!("{how:?}{who}{number}"), "conversation": chat.talk, "text": "再见" });
            send(&mut line, word).await;
        }
        close(how, line, &chat.visitor, &chat.talk).await;
    }
    // Everybody has been refused by then who does not wait.
    for _ in 0..2 {
        chat.hotline.client().get("/config").await.refused(-1, "系统繁忙，请稍后再试");
    }
    chat.hotline.database.reopen().await;
    let mut words = Vec::new();
    for _ in 0..30 {
        let word = |frame: &Value| frame["type"] == "message" && frame["conversation"] == chat.talk;
        let heard = chat.lin_socket.expect("a last word", word, SOON * 6).await;
        words.push(heard["message"]["ref"].as_str().expect("its ref").to_owned());
    }
    for how in [Close::Goodbye, Close::Fin, Close::Reset] {
        for who in ["", "stranger"] {
            let sent: Vec<String> = (0..5).map(|number| format!("{how:?}{who}{number}")).collect();
            let theirs: Vec<String> = words.iter().filter(|word| sent.contains(word)).cloned().collect();
            assert_eq!(theirs, sent, "in order");
        }
    }
    assert_eq!(record(&chat.lin, &chat.talk).await.len(), 30);
}

#[tokio::test]
async fn a_choice_of_presence_right_before_a_close_counts() {
    for how in [Close::Goodbye, Close::Fin, Close::Reset] {
        let mut chat = Chat::begin().await;
        let mut line = chat.lin.unread_socket("/workbench/ws").await;
        for presence in ["busy", "online", "away"] {
            send(&mut line, json!({ "type": "presence", "presence": presence })).await;
        }
        close(how, line, &chat.lin, &chat.talk).await;
        let second = chat.hotline.visitor("ecnu", "second").await;
        let id = chat.lin.id().await;
        until("it is seen", SOON, async || {
            let waiting = second.open(&id).await;
            let state = waiting["queue"]["counselorState"].clone();
            second.end(waiting["id"].as_str().expect("an id")).await;
            (state == "away").then_some(())
        })
        .await;
        chat.visitor_socket.ping().await;
        chat.hotline.assert_calm();
    }
}

#[tokio::test]
async fn a_first_frame_and_words_behind_it_count_too() {
    let mut chat = Chat::begin().await;
    let stranger = chat.hotline.client();
    let mut line = strangers_line(&stranger).await;
    send(&mut line, json!({ "type": "auth", "token": chat.visitor.token })).await;
    for number in 0..5 {
        let word =
            json!({ "type": "say", "ref": format!("w{number}"), "conversation": chat.talk, "text": "再见" });
        send(&mut line, word).await;
    }
    close(Close::Reset, line, &stranger, &chat.talk).await;
    for number in 0..5 {
        heard(&mut chat.lin_socket, &format!("w{number}")).await;
    }
    assert_eq!(record(&chat.lin, &chat.talk).await.len(), 5);
}

/// A frame as a client masks it.
fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).expect("short");
    let mut bytes = vec![0x80 | opcode, 0x80 | 0x7e];
    bytes.extend(length.to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

/// In one write, before the handshake is answered: more than one frame may hold, and more than is read at once.
#[tokio::test]
async fn words_right_behind_the_handshake_count_however_many_they_are() {
    let chat = Chat::begin().await;
    let token = chat.visitor.token.as_deref().expect("a token");
    let host = chat.visitor.url("").trim_start_matches("http://").to_owned();
    let mut all = format!(
        "GET /visitor/ws HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: aG90bGluZS1ob3RsaW5lIQ==\r\n\r\n"
    )
    .into_bytes();
    for number in 0..20 {
        let text = format!("{number}{}", "x".repeat(2900));
        let word =
            json!({ "type": "say", "ref": format!("e{number}"), "conversation": chat.talk, "text": text });
        all.extend(frame(1, word.to_string().as_bytes()));
    }
    all.extend(frame(8, &1000_u16.to_be_bytes()));
    let mut stream = TcpStream::connect(&host).await.expect("the server listens");
    stream.write_all(&all).await.expect("it goes out");
    let mut answer = Vec::new();
    let read = tokio::time::timeout(SOON, stream.read_to_end(&mut answer)).await;
    read.expect("the socket ends").expect("and is not reset");
    let rows = record(&chat.lin, &chat.talk).await;
    assert_eq!(rows.len(), 20);
    chat.hotline.assert_calm();
}
