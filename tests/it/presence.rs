//! Who is there: however a counselor's connection ends, they are offline after the grace and not before, and nobody who talks
//! or waits is moved by mistake. Grace and heartbeat are scaled; what is asserted is in their terms.

mod one;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use futures_util::StreamExt;
use serde_json::{Value, json};
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

use crate::support::{Client, Hotline, SOON, Socket, Stalls};

const GRACE: Duration = Duration::from_secs(2);
const HEARTBEAT: Duration = Duration::from_secs(2);
/// What a machine that compiles beside us may add. Less than a heartbeat, so that one more than promised is noticed.
const SLACK: Duration = Duration::from_millis(1500);
/// One who flaps is gone for a moment this often: to the grace as five seconds are to a minute.
const FLAP: Duration = Duration::from_millis(GRACE.as_secs() * 1000 / 12);

/// How a connection may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// With a close frame.
    Clean,
    /// With a reset.
    Reset,
    /// Not at all: the TCP stays, and nobody reads or answers, as of a process that was stopped.
    Silent,
}

/// Counselors with one place each, all at the workbench but those who are to go; and an administrator who hears of it.
struct House {
    hotline: Hotline,
    boss: Socket,
}

async fn snapshot_of(socket: &mut WebSocketStream<TcpStream>) {
    loop {
        let message = socket.next().await.expect("it is open").expect("it is well");
        let Message::Text(text) = message else { continue };
        let frame: Value = serde_json::from_str(&text).expect("a frame is JSON");
        if frame["type"] == "snapshot" {
            return;
        }
    }
}

/// Ends a connection; gives back what must be held for it to stay.
async fn end(mut socket: WebSocketStream<TcpStream>, ending: Ending) -> Option<WebSocketStream<TcpStream>> {
    match ending {
        Ending::Clean => {
            socket.close(None).await.expect("it says goodbye");
            while let Some(Ok(message)) = socket.next().await {
                if message.is_close() {
                    break;
                }
            }
            None
        }
        Ending::Reset => {
            SockRef::from(socket.get_ref()).set_linger(Some(Duration::ZERO)).expect("it can be reset");
            None
        }
        Ending::Silent => Some(socket),
    }
}

async fn asks(hotline: &Hotline, code: &str, counselor: &str) -> (Client, String, String) {
    let visitor = hotline.visitor("ecnu", code).await;
    let asked = visitor.put("/conversation", json!({ "counselor": counselor, "fallback": true })).await.ok();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    (visitor, text(&asked["id"]), text(&asked["status"]))
}

impl House {
    async fn opens(counselors: &[&str]) -> Self {
        let mut hotline = Hotline::prepare(&["ecnu"]).await;
        for counselor in counselors {
            hotline.add_counselor("ecnu", counselor).await;
        }
        hotline.add_user("ecnu", "INSTITUTION", "boss").await;
        hotline.set("dispatch.default_max_consults", 1);
        hotline.set("dispatch.grace_seconds", GRACE.as_secs());
        hotline.set("sockets.heartbeat_seconds", HEARTBEAT.as_secs());
        hotline.start().await;
        let boss = Self::boss(&hotline).await;
        Self { hotline, boss }
    }

    async fn boss(hotline: &Hotline) -> Socket {
        let mut boss = hotline.staff("boss").await.workbench().await;
        boss.snapshot().await;
        boss
    }

    async fn counselor(&self, name: &str, places: u32) -> (Client, String) {
        let counselor = self.hotline.staff(name).await;
        assert_eq!(counselor.post("/user/maxconsults", json!({ "maxConsults": places })).await.ok(), "ok");
        let id = counselor.id().await;
        (counselor, id)
    }

    /// Waits for the next who is lost, and says when.
    async fn lost(&mut self) -> (String, Instant) {
        let lost = |frame: &Value| frame["event"] == "counselor-lost";
        let lost = self.boss.expect("somebody is lost", lost, SOON * 2).await;
        (lost["counselor"].as_str().expect("an id").to_owned(), Instant::now())
    }
}

/// Whether it was noticed after the grace and within two heartbeats more.
fn in_time(what: &str, gone: Instant, noticed: Instant, stalls: &Stalls) {
    let took = noticed - gone;
    assert!(took >= GRACE, "{what}: moved after {took:?}, within the grace");
    let stalled = stalls.so_far();
    assert!(
        took <= GRACE + 2 * HEARTBEAT + SLACK + stalled,
        "{what}: noticed after {took:?} on a machine that stalled for {stalled:?}"
    );
}

#[tokio::test]
async fn whoever_goes_is_offline_within_the_grace_and_two_heartbeats_however_they_go() {
    let stalls = Stalls::watch();
    let mut house = House::opens(&["clean", "reset", "silent", "tabs"]).await;
    let mut gone = BTreeMap::new();
    let mut held = Vec::new();
    let (tabs, tabs_id) = house.counselor("tabs", 2).await;
    let mut tab = tabs.workbench().await;
    tab.snapshot().await;
    let mut talks = vec![asks(&house.hotline, "with-tabs", &tabs_id).await];
    for (name, ending) in [("clean", Ending::Clean), ("reset", Ending::Reset), ("silent", Ending::Silent)] {
        let (counselor, id) = house.counselor(name, 1).await;
        let mut socket = counselor.unread_workbench().await;
        snapshot_of(&mut socket).await;
        // The talk comes first, so that the silence begins with the last frame read.
        talks.push(asks(&house.hotline, name, &id).await);
        let now = Instant::now();
        held.extend(end(socket, ending).await);
        gone.insert(id, (ending, now));
    }
    // Of two tabs one dies; the other stays.
    held.push(tabs.unread_workbench().await);
    for _ in 0..3 {
        let (who, noticed) = house.lost().await;
        let (ending, gone) = gone.remove(&who).expect("one who went");
        in_time(&format!("{ending:?}"), gone, noticed, &stalls);
    }
    for (visitor, talk, status) in &talks {
        assert_eq!(status, "IN_PROGRESS");
        assert_eq!(visitor.conversation(talk).await["status"], "IN_PROGRESS", "talks go on");
    }
    let now = house.hotline.staff("boss").await.get("/dispatch/now").await.ok();
    let online: Vec<_> =
        now["online"].as_array().expect("a list").iter().map(|seat| &seat["user"]["id"]).collect();
    assert_eq!(online, [&json!(tabs_id)], "{now}");
    let (_, _, status) = asks(&house.hotline, "one-more", &tabs_id).await;
    assert_eq!(status, "IN_PROGRESS");
    tab.ping().await;
    drop(held);
    house.hotline.assert_calm();
}

#[tokio::test]
async fn nobody_is_moved_while_a_counselor_flaps() {
    let stalls = Stalls::watch();
    let mut house = House::opens(&["lin", "han"]).await;
    let (lin, lin_id) = house.counselor("lin", 1).await;
    let (han, han_id) = house.counselor("han", 5).await;
    let mut han_socket = han.workbench().await;
    han_socket.snapshot().await;
    let mut last = lin.workbench().await;
    last.snapshot().await;
    let (first, talk, status) = asks(&house.hotline, "first", &lin_id).await;
    assert_eq!(status, "IN_PROGRESS");
    let (second, waits, status) = asks(&house.hotline, "second", &lin_id).await;
    assert_eq!(status, "WAITING");
    let mut told = second.visitor_socket().await;
    told.snapshot().await;

    drop(last);
    let mut pace = tokio::time::interval(FLAP);
    let begun = Instant::now();
    let mut gone = begun;
    for ending in [Ending::Clean, Ending::Reset].into_iter().cycle() {
        if begun.elapsed() > 3 * GRACE {
            break;
        }
        pace.tick().await;
        let mut socket = lin.unread_workbench().await;
        snapshot_of(&mut socket).await;
        pace.tick().await;
        gone = Instant::now();
        end(socket, ending).await;
    }
    let now = second.conversation(&waits).await;
    assert_eq!((&now["status"], &now["queue"]["position"]), (&json!("WAITING"), &json!(1)));
    assert_eq!(first.conversation(&talk).await["status"], "IN_PROGRESS", "the talk goes on");
    told.ping().await;
    house.boss.ping().await;
    assert!(!told.has_come("widened"), "the visitor waits for lin alone, as they wished");
    assert!(!house.boss.has_come("counselor-lost"), "lin was never gone for long");

    // Had lin been gone, the visitor would have been served by another.
    let (who, noticed) = house.lost().await;
    assert_eq!(who, lin_id);
    in_time("at last", gone, noticed, &stalls);
    assert_eq!(told.event("assigned", &waits).await["counselor"], han_id.as_str());
    house.hotline.assert_calm();
}

#[tokio::test]
async fn after_a_restart_who_comes_back_keeps_their_line_and_who_does_not_is_offline_after_the_grace() {
    let stalls = Stalls::watch();
    let mut house = House::opens(&["lin", "wu", "han"]).await;
    let (han, han_id) = house.counselor("han", 5).await;
    let mut talks = Vec::new();
    let mut lines = Vec::new();
    let mut sockets = vec![han.workbench().await];
    for name in ["lin", "wu"] {
        let (counselor, id) = house.counselor(name, 1).await;
        let mut socket = counselor.workbench().await;
        socket.snapshot().await;
        sockets.push(socket);
        talks.push(asks(&house.hotline, &format!("with-{name}"), &id).await);
        lines.push((asks(&house.hotline, &format!("for-{name}"), &id).await, counselor, id));
    }
    assert!(talks.iter().all(|(_, _, status)| status == "IN_PROGRESS"));
    assert!(lines.iter().all(|((_, _, status), ..)| status == "WAITING"));
    house.hotline.kill();
    drop(sockets);
    let down = Instant::now();
    house.hotline.start().await;
    house.boss = House::boss(&house.hotline).await;
    let ((for_lin, lin_waits, _), lin, _) = &lines[0];
    let ((for_wu, wus, _), _, wu_id) = &lines[1];
    let (mut han_socket, mut lin_socket) = (han.workbench().await, lin.workbench().await);
    for socket in [&mut han_socket, &mut lin_socket] {
        socket.snapshot().await;
    }
    let up = Instant::now();
    let (who, noticed) = house.lost().await;
    assert_eq!(&who, wu_id);
    assert!(noticed - down >= GRACE, "moved after {:?}, within the grace", noticed - down);
    let (took, stalled) = (noticed - up, stalls.so_far());
    assert!(took <= GRACE + 2 * HEARTBEAT + SLACK + stalled, "noticed after {took:?}, stalled {stalled:?}");
    han_socket.event("assigned", wus).await;
    let moved = for_wu.conversation(wus).await;
    assert_eq!(moved["counselor"]["id"], han_id.as_str());
    let stays = for_lin.conversation(lin_waits).await;
    assert_eq!((&stays["status"], &stays["queue"]["position"]), (&json!("WAITING"), &json!(1)));
    for (visitor, talk, _) in &talks {
        assert_eq!(visitor.conversation(talk).await["status"], "IN_PROGRESS", "talks go on");
    }
    lin_socket.ping().await;
    house.hotline.assert_calm();
}
