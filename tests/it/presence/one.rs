//! Presence is one: of the person, not of a tab or of a log-in that has ended. The grace is the usual minute, so that what
//! is asked at once shows what holds at once.

use serde_json::{Value, json};

use crate::support::{Client, Hotline, SOON, Socket};

/// The counselor `lin` and the supervisor `du` who looks after them; an administrator.
async fn opens(settings: &[(&str, u64)]) -> Hotline {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.add_counselor("ecnu", "lin").await;
    hotline.add_counselor("ecnu", "wu").await;
    hotline.add_user("ecnu", "SUPERVISOR", "du").await;
    hotline.add_user("ecnu", "INSTITUTION", "guanli").await;
    hotline.database.bind_supervisor("wu", "du").await;
    for (key, value) in settings {
        hotline.set(key, value);
    }
    hotline.start().await;
    hotline
}

/// A tab that says what it knew of its person.
async fn tab(person: &Client, presence: &str) -> (Socket, Value) {
    let mut socket = person.socket(&format!("/workbench/ws?presence={presence}")).await;
    let snapshot = socket.snapshot().await;
    (socket, snapshot["presence"].clone())
}

async fn chooses(socket: &mut Socket, presence: &str) {
    socket.send(json!({ "type": "presence", "presence": presence })).await;
    hears(socket, presence).await;
}

async fn hears(socket: &mut Socket, presence: &str) {
    let told = |frame: &Value| frame["type"] == "presence" && frame["presence"] == presence;
    socket.expect(&format!("the presence {presence}"), told, SOON).await;
}

async fn asks(hotline: &Hotline, code: &str, counselor: &str) -> Value {
    hotline.visitor("ecnu", code).await.open(counselor).await["status"].clone()
}

/// What others see of somebody with places.
async fn seen(hotline: &Hotline, person: &str) -> Value {
    let now = hotline.staff("guanli").await.get("/dispatch/now").await.ok();
    let seats = now["online"].as_array().expect("a list");
    seats
        .iter()
        .find(|seat| seat["user"]["id"] == *person)
        .map_or(json!("offline"), |seat| seat["state"].clone())
}

#[tokio::test]
async fn all_tabs_agree_and_none_that_comes_back_changes_what_was_chosen() {
    let mut hotline = opens(&[]).await;
    let lin = hotline.staff("lin").await;
    let id = lin.id().await;
    let (mut first, at_first) = tab(&lin, "online").await;
    // Another log-in of the same person, in another browser.
    let (mut second, at_second) = tab(&hotline.staff("lin").await, "busy").await;
    assert_eq!([at_first, at_second], [json!("online"), json!("online")]);
    chooses(&mut first, "away").await;
    hears(&mut second, "away").await;
    assert_eq!(seen(&hotline, &id).await, "away");

    drop(first);
    let (first, presence) = tab(&lin, "online").await;
    assert_eq!(presence, "away");
    assert_eq!(asks(&hotline, "v1", &id).await, "WAITING");
    // Both connections drop, and the stale one is first to return; it resumes.
    drop((first, second));
    let mut first = lin.socket("/workbench/ws?presence=online&since=1").await;
    let resumed = |frame: &Value| frame["type"] == "resumed" || frame["type"] == "snapshot";
    assert_eq!(first.expect("a greeting", resumed, SOON).await["presence"], "away");
    assert_eq!(asks(&hotline, "v2", &id).await, "WAITING");

    hotline.kill();
    hotline.start().await;
    let (mut first, presence) = tab(&lin, "online").await;
    assert_eq!(presence, "away", "kept over a restart");
    assert_eq!(asks(&hotline, "v3", &id).await, "WAITING");
    chooses(&mut first, "online").await;
    assert_eq!(asks(&hotline, "v4", &id).await, "IN_PROGRESS");
    hotline.assert_calm();
}

#[tokio::test]
async fn a_supervisor_who_chose_away_is_given_no_request_whichever_tab_comes() {
    let hotline = opens(&[]).await;
    let (wu, du) = (hotline.staff("wu").await, hotline.staff("du").await);
    let (_desk, _) = tab(&wu, "online").await;
    let talk = hotline.visitor("ecnu", "v").await.open(&wu.id().await).await;
    let (mut first, _) = tab(&du, "online").await;
    let (stale, _) = tab(&du, "online").await;
    chooses(&mut first, "away").await;
    drop(stale);
    let (_stale, presence) = tab(&du, "online").await;
    assert_eq!(presence, "away");
    let asked = format!(
        "/conversation/supervise?supervise={}&conversationId={}",
        du.id().await,
        talk["id"].as_str().expect("an id")
    );
    let request = wu.put(&asked, Value::Null).await.ok()["supervise"].clone();
    assert_eq!((&request["status"], &request["queue"]["next"]), (&json!("WAITING"), &json!(false)));
    chooses(&mut first, "online").await;
    first.event("assigned", request["id"].as_str().expect("an id")).await;

    // And a log-out ends it for a supervisor as for a counselor.
    du.post("/logout", Value::Null).await;
    assert_eq!(first.closed(SOON).await, Some(4003));
    assert_eq!(seen(&hotline, &hotline.database.id_of("du").await).await, "offline");
    hotline.assert_calm();
}

#[tokio::test]
async fn whoever_logs_out_is_offline_at_once_unless_another_log_in_is_here() {
    // No heartbeat looks whether the log-in goes on.
    let hotline = opens(&[("sockets.heartbeat_seconds", 3600)]).await;
    let (lin, elsewhere) = (hotline.staff("lin").await, hotline.staff("lin").await);
    let id = lin.id().await;
    let (mut here, _) = tab(&lin, "online").await;
    let (mut also_here, _) = tab(&lin, "online").await;
    let (mut there, _) = tab(&elsewhere, "online").await;
    lin.post("/logout", Value::Null).await;
    assert_eq!(asks(&hotline, "v1", &id).await, "IN_PROGRESS", "the other log-in is here");
    for socket in [&mut here, &mut also_here] {
        assert_eq!(socket.closed(SOON).await, Some(4003));
        assert!(!socket.has_come("opened"), "it heard nothing more: {:?}", socket.came());
    }
    there.ping().await;
    elsewhere.post("/logout", Value::Null).await;
    assert_eq!(asks(&hotline, "v2", &id).await, "WAITING", "offline without grace");
    assert_eq!(seen(&hotline, &id).await, "offline");
    assert_eq!(there.closed(SOON).await, Some(4003));

    // A page that closes its socket first, and then logs out.
    let again = hotline.staff("lin").await;
    let (socket, presence) = tab(&again, "busy").await;
    assert_eq!(presence, "busy", "who was offline says what they are");
    drop(socket);
    again.post("/logout", Value::Null).await;
    assert_eq!(seen(&hotline, &id).await, "offline");
    hotline.assert_calm();
}

#[tokio::test]
async fn the_sockets_of_a_log_in_that_ends_by_time_are_closed_then() {
    let hotline = opens(&[("sockets.heartbeat_seconds", 3600), ("session.staff_idle_seconds_max", 8)]).await;
    let lin = hotline.staff("lin").await;
    let id = lin.id().await;
    let (mut socket, _) = tab(&lin, "online").await;
    assert_eq!(socket.closed(SOON).await, Some(4003));
    assert_eq!(asks(&hotline, "v", &id).await, "WAITING", "offline with it");
    lin.get("/auth/me").await.fault(403, "/auth/me");
    hotline.assert_calm();
}
