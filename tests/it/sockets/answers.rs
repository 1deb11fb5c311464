//! Who waits for an answer, and the alarms about it, as the pages of those who can help are told.

use serde_json::{Value, json};

use super::lin_at_work;
use crate::support::{Hotline, SOON, Socket, Word, words};

/// Nothing falls due, and the earlier of two servers does not find out about the other.
const LONG: [(&str, &str); 2] =
    [("dispatch.unanswered_seconds", "[3600]"), ("journal.fence_check_seconds", "3600")];

/// Soon, so that nobody waits for two minutes; and then not again.
const SETTINGS: [(&str, &str); 2] =
    [("dispatch.unanswered_seconds", "[1]"), ("dispatch.unanswered_every_seconds", "3600")];

async fn says(hotline: &Hotline, from: &str, to: &str, conversation: &str, number: u32) {
    let word = Word::new(from, to, conversation, number, words::text("在吗"));
    hotline.client().say(&word).await;
}

/// The next frame that says since when the visitor of this talk waits.
async fn waits(socket: &mut Socket, conversation: &str) -> Value {
    let names = |frame: &Value| frame["unansweredSince"].get(conversation).is_some();
    let frame = socket.expect("who waits", |frame| frame["type"] == "state" && names(frame), SOON).await;
    frame["unansweredSince"][conversation].clone()
}

/// Waits until the visitor is told to be answered. What was told before may come again: whatever an event tells of is named
/// anew.
async fn answered(socket: &mut Socket, conversation: &str) {
    while !waits(socket, conversation).await.is_null() {}
}

/// As [`answered`], the other way round: since when the visitor waits.
async fn asked(socket: &mut Socket, conversation: &str) -> Value {
    loop {
        let since = waits(socket, conversation).await;
        if !since.is_null() {
            return since;
        }
    }
}

/// The next list of alarms that has so many.
async fn alarms(socket: &mut Socket, number: usize) -> Vec<Value> {
    let has = |frame: &Value| frame["alarms"].as_array().is_some_and(|alarms| alarms.len() == number);
    let frame = socket.expect("the alarms", |frame| frame["type"] == "state" && has(frame), SOON).await;
    frame["alarms"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn alarms_stand_on_the_pages_of_those_who_can_help_until_somebody_answers() {
    let (mut hotline, lin) = lin_at_work(&SETTINGS).await;
    let mut workbench = lin.workbench().await;
    let mut du = hotline.staff("du").await.workbench().await;
    let mut other = hotline.staff("other").await.workbench().await;
    let boss = hotline.staff("boss").await;
    let mut office = boss.workbench().await;
    for socket in [&mut workbench, &mut du, &mut other, &mut office] {
        let snapshot = socket.snapshot().await;
        assert_eq!((&snapshot["alarms"], &snapshot["unansweredSince"]), (&json!([]), &json!({})));
    }
    let visitor = hotline.visitor("ecnu", "first").await;
    let conversation = visitor.open(&lin.id().await).await;
    let id = conversation["id"].as_str().expect("an id");
    let assigned = workbench.event("assigned", id).await;
    assert_eq!(assigned["talk"]["unansweredSince"], conversation["startTime"]);
    for socket in [&mut workbench, &mut du, &mut office] {
        assert_eq!(waits(socket, id).await, conversation["startTime"]);
        let alarm = json!({
            "kind": "unanswered",
            "conversation": id,
            "counselor": lin.id().await,
            "visitor": visitor.id().await,
            "since": conversation["startTime"],
            "afterSeconds": 1,
        });
        assert_eq!(alarms(socket, 1).await, [alarm]);
    }
    let now = boss.get("/dispatch/now").await.ok();
    assert_eq!(now["alarms"][0]["conversation"], id);
    says(&hotline, "lin", &visitor.username, id, 1).await;
    for socket in [&mut workbench, &mut du, &mut office] {
        answered(socket, id).await;
        assert!(alarms(socket, 0).await.is_empty(), "and that settles it");
    }
    other.ping().await;
    assert!(
        !other.came().iter().any(|frame| frame["unansweredSince"].get(id).is_some()),
        "they see no such talk"
    );
    // A restart knows it, too.
    says(&hotline, &visitor.username, "lin", id, 2).await;
    let asked = asked(&mut office, id).await;
    assert!(asked.as_i64() >= conversation["startTime"].as_i64(), "{asked}");
    let alarm = alarms(&mut office, 1).await;
    hotline.kill();
    hotline.start().await;
    let snapshot = boss.workbench().await.snapshot().await;
    assert_eq!(snapshot["unansweredSince"][id], asked);
    assert_eq!(snapshot["alarms"], json!(alarm), "as it stood before");
    let own = lin.workbench().await.snapshot().await;
    assert_eq!(own["active"][0]["unansweredSince"], asked);
    hotline.assert_calm();
}

#[tokio::test]
async fn a_word_said_again_because_its_answer_got_lost_is_no_new_question() {
    let mut settings = SETTINGS.to_vec();
    settings.push(("im.mode", "embedded"));
    let (hotline, lin) = lin_at_work(&settings).await;
    let mut workbench = lin.workbench().await;
    workbench.snapshot().await;
    let visitor = hotline.visitor("ecnu", "first").await;
    let mut waiting_room = visitor.visitor_socket().await;
    waiting_room.snapshot().await;
    let conversation = visitor.open(&lin.id().await).await;
    let id = conversation["id"].as_str().expect("an id");
    let say =
        |reference: &str| json!({ "type": "say", "ref": reference, "conversation": id, "text": "在吗" });
    let said =
        |reference: &'static str| move |frame: &Value| frame["type"] == "said" && frame["ref"] == reference;
    waiting_room.send(say("one")).await;
    waiting_room.expect("the word", said("one"), SOON).await;
    workbench.send(say("answer")).await;
    workbench.expect("the answer", said("answer"), SOON).await;
    answered(&mut workbench, id).await;
    // The page of the visitor comes back, and does not know whether its word arrived.
    waiting_room.send(say("one")).await;
    waiting_room.expect("the same word", said("one"), SOON).await;
    waiting_room.send(say("two")).await;
    let second = waiting_room.expect("another", said("two"), SOON).await;
    assert_eq!(asked(&mut workbench, id).await, second["message"]["timeMs"], "since the word that is new");
}

#[tokio::test]
async fn what_the_earlier_server_stores_after_another_took_over_counts_there() {
    let (earlier, lin) = lin_at_work(&LONG).await;
    let mut workbench = lin.workbench().await;
    workbench.snapshot().await;
    let visitor = earlier.visitor("ecnu", "first").await;
    let conversation = visitor.open(&lin.id().await).await;
    let id = conversation["id"].as_str().expect("an id");
    let mut later = earlier.second_server();
    later.set("journal.fence_check_seconds", 1);
    later.start().await;
    let mut office = later.staff("boss").await.workbench().await;
    assert_eq!(office.snapshot().await["unansweredSince"][id], conversation["startTime"]);
    says(&earlier, "lin", &visitor.username, id, 1).await;
    answered(&mut office, id).await;
    says(&earlier, &visitor.username, "lin", id, 2).await;
    asked(&mut office, id).await;
    later.assert_calm();
}
