//! The sockets: who may open one, what it is told, how it resumes, and when it is given up.

mod answers;
mod flood;

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Client, Hotline, SOON, Socket, close_code};

const VISITORS: usize = 16;
const ROUNDS: usize = 40;

async fn lin_at_work(settings: &[(&str, &str)]) -> (Hotline, Client) {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.add_counselor("ecnu", "lin").await;
    hotline.add_user("ecnu", "SUPERVISOR", "du").await;
    hotline.add_user("ecnu", "SUPERVISOR", "other").await;
    hotline.add_user("ecnu", "INSTITUTION", "boss").await;
    hotline.database.bind_supervisor("lin", "du").await;
    for (key, value) in settings {
        hotline.set(key, value);
    }
    hotline.start().await;
    let lin = hotline.staff("lin").await;
    (hotline, lin)
}

async fn say(socket: &mut Socket, presence: &str) {
    socket.send(json!({ "type": "presence", "presence": presence })).await;
    socket.expect("the presence", |frame| frame["type"] == "presence", SOON).await;
}

fn seq(frame: &Value) -> u64 {
    frame["seq"].as_u64().expect("an event has a number")
}

#[tokio::test]
async fn one_who_does_not_keep_up_is_closed_with_1013_and_starts_anew() {
    let (hotline, lin) = lin_at_work(&[("sockets.debt_bytes_max", "20000")]).await;
    let mut slow = lin.unread_workbench().await;
    let lin_id = lin.id().await;
    assert_eq!(lin.post("/user/maxconsults", json!({ "maxConsults": 50 })).await.ok(), "ok");
    // Each of them is told in three events a round: more, in all, than the system keeps for a reader who sleeps.
    let rounds = (0..VISITORS).map(async |code| {
        let visitor = hotline.visitor("ecnu", &format!("round-{code}")).await;
        for _ in 0..ROUNDS {
            let conversation = visitor.open(&lin_id).await;
            visitor.end(conversation["id"].as_str().expect("an id")).await;
        }
    });
    futures_util::future::join_all(rounds).await;
    let mut seen = Vec::new();
    let code = tokio::time::timeout(SOON * 2, async {
        loop {
            match slow.next().await {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).expect("a frame is JSON");
                    if frame["type"] == "event" {
                        seen.push(seq(&frame));
                    }
                }
                Some(Ok(Message::Close(reason))) => return reason.map(|reason| u16::from(reason.code)),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    });
    let code = code.await;
    assert_eq!(code, Ok(Some(1013)), "after {} events", seen.len());
    let cursor = *seen.last().expect("something was read");
    assert!(seen.is_sorted(), "in order as far as it went");
    // So much was missed that it gets the whole instead.
    let mut resumed = lin.socket(&format!("/workbench/ws?since={cursor}")).await;
    let snapshot = resumed.snapshot().await;
    assert!(snapshot["cursor"].as_u64() > Some(cursor));
    assert_eq!((&snapshot["active"], &snapshot["waiting"]), (&json!([]), &json!([])));
    hotline.assert_calm();
}

#[tokio::test]
async fn busy_and_away_take_nobody_new_and_online_takes_who_waits() {
    let (hotline, lin) = lin_at_work(&[]).await;
    let mut workbench = lin.workbench().await;
    workbench.snapshot().await;
    for presence in ["busy", "away"] {
        say(&mut workbench, presence).await;
        let visitor = hotline.visitor("ecnu", presence).await;
        let waiting = visitor.open(&lin.id().await).await;
        assert_eq!(waiting["status"], "WAITING");
        assert_eq!(waiting["queue"]["counselorState"], presence);
    }
    say(&mut workbench, "online").await;
    let mut seated = Vec::new();
    for _ in 0..2 {
        let event = workbench.expect("one is seated", |frame| frame["event"] == "assigned", SOON).await;
        seated.push(event["talk"]["createdTime"].as_u64().expect("a time"));
    }
    assert!(seated.is_sorted(), "in the order of arrival");
    // A client that comes back says nothing new of one who was here all the time.
    drop(workbench);
    let mut back = lin.socket("/workbench/ws?presence=away").await;
    assert_eq!(back.snapshot().await["presence"], "online");
}

#[tokio::test]
async fn a_socket_that_comes_back_gets_what_it_missed() {
    let (hotline, lin) = lin_at_work(&[]).await;
    let mut workbench = lin.workbench().await;
    let cursor = workbench.snapshot().await["cursor"].as_u64().expect("a cursor");
    drop(workbench);
    let visitor = hotline.visitor("ecnu", "first").await;
    let conversation = visitor.open(&lin.id().await).await;
    let id = conversation["id"].as_str().expect("an id");
    let mut back = lin.socket(&format!("/workbench/ws?since={cursor}")).await;
    let last = back.expect("resumed", |frame| frame["type"] == "resumed", SOON).await["cursor"].clone();
    let [opened, assigned] = [seq(&back.event("opened", id).await), seq(&back.event("assigned", id).await)];
    assert!(cursor < opened && assigned == opened + 1, "nothing is left out: {cursor}, {opened}, {assigned}");
    back.ping().await;
    assert!(!back.has_come_as("event"), "and nothing comes twice: {:?}", back.came());
    assert_eq!(last, assigned);
    // A cursor from the future, or from before all memory, gives a new snapshot.
    let mut strange = lin.socket("/workbench/ws?since=999999").await;
    assert_eq!(strange.snapshot().await["active"][0]["id"], id);
}

#[tokio::test]
async fn an_unanswered_visitor_is_told_to_those_who_can_help_and_to_nobody_else() {
    let (hotline, lin) = lin_at_work(&[("dispatch.unanswered_seconds", "[1]")]).await;
    let mut workbench = lin.workbench().await;
    let mut du = hotline.staff("du").await.workbench().await;
    let mut other = hotline.staff("other").await.workbench().await;
    let mut boss = hotline.staff("boss").await.workbench().await;
    for socket in [&mut workbench, &mut du, &mut other, &mut boss] {
        socket.snapshot().await;
    }
    let visitor = hotline.visitor("ecnu", "first").await;
    let mut waiting_room = visitor.visitor_socket().await;
    waiting_room.snapshot().await;
    let conversation = visitor.open(&lin.id().await).await;
    let id = conversation["id"].as_str().expect("an id");
    for socket in [&mut workbench, &mut du, &mut boss] {
        assert_eq!(socket.event("unanswered", id).await["afterSeconds"], 1);
    }
    visitor.end(id).await;
    waiting_room.event("ended", id).await;
    assert!(!waiting_room.has_come("unanswered"), "the visitor is not told");
    other.ping().await;
    assert!(!other.has_come("unanswered"), "nor a supervisor of others");
}

#[tokio::test]
async fn a_visitor_logs_in_with_the_first_frame_or_not_at_all() {
    let (hotline, _) = lin_at_work(&[("sockets.auth_seconds_max", "8")]).await;
    let visitor = hotline.visitor("ecnu", "first").await;
    let stranger = hotline.client();

    let mut socket = stranger.socket("/visitor/ws").await;
    socket.send(json!({ "type": "auth", "token": visitor.token })).await;
    socket.snapshot().await;
    let mut wrong = stranger.socket("/visitor/ws").await;
    wrong.send(json!({ "type": "auth", "token": "nobody" })).await;
    assert_eq!(wrong.closed(SOON).await, Some(4003));
    let mut hasty = stranger.socket("/visitor/ws").await;
    hasty.send(json!({ "type": "ping" })).await;
    assert_eq!(hasty.closed(SOON).await, Some(4003));
    let mut silent = stranger.socket("/visitor/ws").await;
    assert_eq!(silent.closed(SOON).await, Some(4003));
}

#[tokio::test]
async fn frames_that_make_no_sense_are_told_so_and_harm_nobody() {
    let (hotline, lin) = lin_at_work(&[]).await;
    let mut workbench = lin.workbench().await;
    workbench.snapshot().await;
    for garbage in ["", "{", "[]", "null", r#"{"type":"presence","presence":"gone"}"#, r#"{"type":"auth"}"#] {
        workbench.send_text(garbage).await;
        workbench.expect("an error", |frame| frame["type"] == "error", SOON).await;
    }
    workbench.ping().await;

    let mut large = lin.workbench().await;
    large.send_text(&" ".repeat(17 * 1024)).await;
    assert_eq!(large.closed(SOON).await, Some(1009));
    let mut binary = lin.unread_workbench().await;
    binary.send(Message::binary(vec![0_u8; 3])).await.expect("it is sent");
    assert_eq!(close_code(&mut binary).await, Some(1003));
    hotline.assert_calm();
}

/// 120 frames between two heartbeats; then they wait, and are not lost.
#[tokio::test]
async fn one_who_sends_too_fast_waits_and_is_answered_all_the_same() {
    let (hotline, lin) = lin_at_work(&[("sockets.heartbeat_seconds", "3")]).await;
    let mut flooding = lin.workbench().await;
    flooding.snapshot().await;
    for _ in 0..200 {
        flooding.send(json!({ "type": "ping" })).await;
    }
    for _ in 0..200 {
        flooding.expect("a pong", |frame| frame["type"] == "pong", SOON).await;
    }
    flooding.ping().await;
    hotline.assert_calm();
}

#[tokio::test]
async fn a_cookie_opens_a_socket_from_our_own_pages_only() {
    let (hotline, lin) = lin_at_work(&[]).await;
    let ours = lin.url("");
    let token = lin.token.clone().expect("logged in");
    let visitor = hotline.visitor("ecnu", "first").await.token.expect("logged in");
    for (path, token) in [("/workbench/ws", &token), ("/visitor/ws", &visitor)] {
        for (origin, status) in [(Some(ours.as_str()), 101), (Some("https://evil.example"), 403), (None, 403)]
        {
            let client = hotline.client();
            let mut request = client
                .request(reqwest::Method::GET, path)
                .header("Cookie", format!("JSESSIONID={token}"))
                .header("Connection", "Upgrade")
                .header("Upgrade", "websocket")
                .header("Sec-WebSocket-Version", "13")
                .header("Sec-WebSocket-Key", "aG90bGluZS1ob3RsaW5lIQ==");
            if let Some(origin) = origin {
                request = request.header("Origin", origin);
            }
            let answer = tokio::time::timeout(Duration::from_secs(5), request.send()).await;
            let answer = answer.expect("it is answered in time").expect("it is answered");
            assert_eq!(answer.status().as_u16(), status, "{path} from {origin:?}");
        }
    }
    // A visitor has no place at the workbench, nor has nobody.
    let as_visitor = hotline.visitor("ecnu", "second").await.get("/workbench/ws").await;
    as_visitor.refused(-5, "未开通权限");
    assert_eq!(hotline.client().get("/workbench/ws").await.status, 403);
}
