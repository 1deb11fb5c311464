//! Each push as the JSON that goes out, and what comes in.

use std::collections::BTreeSet;

use hotline_actors::dispatch::{
    conversation::{Medium, Phase, Sent},
    event::Removal,
};
use uuid::Uuid;

use super::*;

const DOCUMENT: &str = include_str!("../../../../docs/sockets.md");

fn conversation() -> Conversation {
    Conversation {
        id: ConversationId(Uuid::from_u128(1)),
        kind: Kind::Consultation,
        visitor: VisitorId(Uuid::from_u128(2)),
        requested_counselor: None,
        allow_fallback: false,
        in_common_queue: true,
        priority: Priority::Normal,
        medium: Medium::Text,
        call_ended: None,
        arrival: 1,
        opened_at: Timestamp(1_000),
        phase: Phase::InProgress { counselor: CounselorId(Uuid::from_u128(3)), since: Timestamp(2_000) },
        sent: Sent::default(),
        alarmed: None,
    }
}

fn told(event: Event) -> Push {
    let facts = event.conversation().map(|_| conversation());
    Push::Events(
        [Arc::new(CommittedEvent { seq: 42, at: Timestamp(3_000), event, facts, unanswered_since: None })]
            .into(),
    )
}

fn texts(push: &Push) -> Vec<ByteString> {
    let mut texts = Vec::new();
    each(push.clone(), |text| texts.push(text));
    texts
}

/// The only one that `push` has.
fn text(push: &Push) -> ByteString {
    let [text] = &texts(push)[..] else { panic!("one frame") };
    text.clone()
}

fn every_event() -> Vec<Event> {
    let (conversation, counselor) = (ConversationId(Uuid::from_u128(1)), CounselorId(Uuid::from_u128(3)));
    vec![
        Event::Opened {
            conversation,
            kind: Kind::Consultation,
            visitor: VisitorId(Uuid::from_u128(2)),
            wanted: None,
            fallback: false,
            arrival: 1,
        },
        Event::Widened { conversation },
        Event::PriorityChanged { conversation, priority: Priority::Urgent },
        Event::Assigned { conversation, counselor },
        Event::MediumChanged { conversation, medium: Medium::Voice { since: Timestamp(2_500) } },
        Event::Noticed { conversation, notice: Notice::Limit { index: 0, ahead_seconds: 600 } },
        Event::Unanswered { conversation, index: 0, after_seconds: 120 },
        Event::Ended { conversation, reason: EndReason::Silence },
        Event::CounselorLost { counselor },
        Event::CapacityChanged { counselor, capacity: 7 },
        Event::Expelled { person: counselor.into(), how: Removal::Banned },
    ]
}

/// What no socket is told as an event: who owns the journal, and what shows as state.
const NOT_TOLD: [&str; 4] = ["claimed", "admitted", "presence-chosen", "pardoned"];

/// All kinds there are, as serde lists them for one that there is not.
fn every_kind() -> BTreeSet<String> {
    let error = serde_json::from_str::<Event>(r#"{"event":"?"}"#).expect_err("no kind is called so");
    let error = error.to_string();
    let listed = error.split_once("expected one of").expect("the kinds there are").1;
    listed.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_event_has_its_frame_and_its_line_in_the_document() {
    let shown = every_event().iter().map(|event| event.name().to_owned()).collect::<Vec<_>>();
    let known: BTreeSet<String> = shown.into_iter().chain(NOT_TOLD.map(str::to_owned)).collect();
    assert_eq!(known, every_kind(), "each is told or is not, and stands here");
    let frames: Vec<serde_json::Value> = every_event()
        .into_iter()
        .map(|event| {
            let line = format!("| `{}` |", event.name());
            assert!(DOCUMENT.contains(&line), "docs/sockets.md has no line {line}");
            let frame = text(&told(event));
            serde_json::from_str(&frame).expect("a frame is JSON")
        })
        .collect();
    insta::assert_json_snapshot!("events", frames);
}

#[test]
fn what_many_hear_is_written_once_and_what_is_new_anew() {
    let first = told(Event::Claimed);
    assert_eq!(text(&first).as_ptr(), text(&first.clone()).as_ptr(), "the same bytes for both");
    let conversation = ConversationId(Uuid::from_u128(1));
    assert!(text(&told(Event::Widened { conversation })).contains("widened"));
    let overview = |common_waiting, on_shift| Push::QueueOverview {
        common_waiting,
        on_shift,
        others: Some(Arc::new(Vec::new())),
    };
    let of = overview(1, Some(true));
    assert_eq!(text(&of).as_ptr(), text(&of).as_ptr());
    assert!(text(&overview(2, Some(false))).contains(r#""waiting":2"#));
    let Push::QueueOverview { others, .. } = of else { panic!("it is") };
    let counselors = Push::QueueOverview { common_waiting: 1, on_shift: Some(false), others };
    assert!(text(&counselors).contains(r#""onShift":false"#), "one's own shift is one's own");
}

#[test]
fn what_a_commit_has_for_a_socket_is_written_in_order_and_once_for_all_who_hear_some_of_it() {
    let tell = |events: &[&Arc<CommittedEvent>]| {
        texts(&Push::Events(events.iter().map(|told| Arc::clone(told)).collect()))
    };
    let at = |seq| {
        Arc::new(CommittedEvent {
            seq,
            at: Timestamp(3_000),
            event: Event::Claimed,
            facts: None,
            unanswered_since: None,
        })
    };
    let (first, second, third) = (at(1), at(2), at(3));
    let all = tell(&[&first, &second, &third]);
    let seqs: Vec<u64> = all
        .iter()
        .map(|text| {
            serde_json::from_str::<serde_json::Value>(text).expect("JSON")["seq"].as_u64().expect("a number")
        })
        .collect();
    assert_eq!(seqs, [1, 2, 3]);
    let some = tell(&[&first, &third]);
    assert_eq!([some[0].as_ptr(), some[1].as_ptr()], [all[0].as_ptr(), all[2].as_ptr()], "the same bytes");
    // As many as are remembered; then it is written again, not lost.
    let many: Vec<Arc<CommittedEvent>> = (4..4 + u64::try_from(LATEST_MAX).expect("few")).map(at).collect();
    tell(&many.iter().collect::<Vec<_>>());
    assert_eq!(tell(&[&first]), [all[0].clone()]);
    assert_eq!(LATEST.with_borrow(VecDeque::len), LATEST_MAX);
}

#[test]
fn what_is_no_command_is_refused() {
    for text in ["", "{", "[]", r#"{"type":"shout"}"#, r#"{"type":"presence","presence":"gone"}"#] {
        assert!(command(text).is_err(), "{text}");
    }
    assert!(matches!(command(r#"{"type":"ping","more":1}"#), Ok(Command::Ping)));
}
