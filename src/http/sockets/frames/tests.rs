//! Each push as the JSON that goes out, and what comes in; both are as the OpenAPI document says.

mod schema;

use std::{collections::BTreeSet, time::Duration};

use hotline_actors::{
    PersonId, VisitorId,
    dispatch::{
        command::Place,
        conversation::{EndReason, Kind, Medium, Phase, Priority, SentNotices},
        event::{Event, Notice, Removal},
    },
    push::{Answers, EncodedFrame, StandingAlarm},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::http::openapi;
use schema::Document;

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
        sent: SentNotices::default(),
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
fn not_told() -> Vec<Event> {
    let (person, counselor) = (PersonId(Uuid::from_u128(3)), CounselorId(Uuid::from_u128(3)));
    vec![
        Event::Claimed,
        Event::Admitted { counselor, role: counselor::Role::Counselor, capacity: 5 },
        Event::PresenceChosen { counselor, choice: None },
        Event::Pardoned { person },
    ]
}

/// All kinds there are, as serde lists them for one that there is not.
fn every_kind() -> BTreeSet<String> {
    let error = serde_json::from_str::<Event>(r#"{"event":"?"}"#).expect_err("no kind is called so");
    let error = error.to_string();
    let listed = error.split_once("expected one of").expect("the kinds there are").1;
    listed.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_event_has_its_frame_and_its_line_in_the_document() {
    let known = every_event().into_iter().chain(not_told()).map(|event| event.name().to_owned());
    assert_eq!(known.collect::<BTreeSet<_>>(), every_kind(), "each is told or is not, and stands here");
    for event in not_told() {
        assert!(texts(&told(event)).is_empty());
    }
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
    let conversation = ConversationId(Uuid::from_u128(1));
    let first = told(Event::Ended { conversation, reason: EndReason::Silence });
    assert_eq!(text(&first).as_ptr(), text(&first.clone()).as_ptr(), "the same bytes for both");
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
            event: Event::CounselorLost { counselor: CounselorId(Uuid::from_u128(3)) },
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
    for text in ["", "{", "[]", "{}", r#"{"type":"shout"}"#, r#"{"type":"presence","presence":"gone"}"#] {
        assert!(command(text).is_err(), "{text}");
    }
    assert!(matches!(command(r#"{"type":"ping","more":1}"#), Ok(ClientFrame::Socket(SocketCommand::Ping))));
}

fn document() -> Document {
    Document(serde_json::from_str(&openapi::json().expect("it is JSON")).expect("it is JSON"))
}

/// Everything else than events that a socket is told.
fn every_state() -> Vec<Push> {
    let (talk, counselor) = (conversation(), CounselorId(Uuid::from_u128(3)));
    let since = Timestamp(2_500);
    let (visitor, after) = (talk.visitor, Duration::from_mins(2));
    let alarms = vec![
        StandingAlarm::Unanswered { conversation: talk.id, counselor, visitor, since, after },
        StandingAlarm::CounselorLost { counselor, since, conversations: vec![talk.id] },
    ];
    let unanswered = BTreeMap::from([(talk.id, Some(since)), (ConversationId(Uuid::from_u128(9)), None)]);
    let load = Load {
        counselor,
        role: counselor::Role::Supervisor,
        shown: counselor::PublicStatus::Offline,
        on_shift: true,
        active: 1,
        waiting: 2,
        capacity: 5,
    };
    let supervision = Conversation { kind: Kind::Supervision { consultation: talk.id }, ..talk };
    let places = OwnPlaces {
        choice: counselor::ChosenStatus::Away,
        on_shift: true,
        capacity: 5,
        active: vec![talk, supervision],
        waiting: vec![Conversation { requested_counselor: Some(counselor), phase: Phase::Waiting, ..talk }],
    };
    let answers = Answers { unanswered: unanswered.clone(), alarms: alarms.clone() };
    let looked = WorkbenchSnapshot { cursor: 7, own_places: None, common_waiting: 1, answers };
    let workbench = WorkbenchSnapshot { own_places: Some(places), ..looked.clone() };
    let place = Place {
        ahead: 0,
        counselor: Some(counselor::PublicStatus::Busy),
        next: true,
        wait_until: since,
        estimated_wait_seconds: None,
        next_shift: Some(since),
    };
    let waits = Conversation { phase: Phase::Waiting, ..talk };
    vec![
        Push::Workbench(Arc::new(workbench)),
        Push::Workbench(Arc::new(looked)),
        Push::Visit { cursor: 7, conversation: Some(waits), place: Some(place) },
        Push::Visit { cursor: 7, conversation: None, place: None },
        Push::Resumed { cursor: 7, presence: None },
        Push::Resumed { cursor: 7, presence: Some(counselor::ChosenStatus::Busy) },
        Push::Presence(counselor::ChosenStatus::Online),
        Push::Place(place),
        Push::QueueOverview { common_waiting: 1, on_shift: Some(true), others: None },
        Push::QueueOverview { common_waiting: 1, on_shift: None, others: Some(Arc::new(vec![load])) },
        Push::Unanswered(Arc::new(unanswered)),
        Push::Alarms(Arc::new(alarms)),
    ]
}

/// What a schema with a discriminator tells apart.
fn kinds_of(schema: &Value) -> BTreeSet<String> {
    let mapping = schema["discriminator"]["mapping"].as_object().expect("a discriminator");
    mapping.keys().cloned().collect()
}

#[test]
fn every_frame_is_as_the_schema_says_and_every_kind_of_the_schema_is_sent() {
    let document = document();
    let events = every_event().into_iter().map(told).flat_map(|push| texts(&push));
    let states = every_state().into_iter().flat_map(|push| texts(&push));
    let answers = [pong(), error(&Sentence::Malformed)].map(ByteString::from);
    let talks = embedded::frames::one_of_each().map(|text| texts(&Push::Frame(EncodedFrame(text.into()))));
    let (mut kinds, mut told) = (BTreeSet::new(), BTreeSet::new());
    for text in events.chain(states).chain(answers).chain(talks.into_iter().flatten()) {
        let frame: Value = serde_json::from_str(&text).expect("a frame is JSON");
        if let Err(why) = document.check(document.schema("Frame"), &frame) {
            panic!("{why}: {frame}");
        }
        let word = |key: &str| frame[key].as_str().map(str::to_owned);
        kinds.extend(word("type"));
        told.extend(word("event"));
    }
    assert_eq!(kinds, kinds_of(document.schema("Frame")));
    let described = document.schema("PublicEvent")["oneOf"].as_array().expect("a list");
    let words = described.iter().map(|event| event["properties"]["event"]["enum"][0].as_str());
    assert_eq!(told, words.map(|word| word.expect("a word").to_owned()).collect());
}

#[test]
fn what_the_schema_does_not_say_does_not_fit() {
    let document = document();
    let fits = |frame: Value| document.check(document.schema("Frame"), &frame);
    let presence = json!({"type": "presence", "presence": "busy"});
    assert_eq!(fits(presence), Ok(()));
    for wrong in [
        json!({"type": "presence"}),
        json!({"type": "presence", "presence": "gone"}),
        json!({"type": "presence", "presence": "busy", "more": 1}),
        json!({"type": "presence", "presence": null}),
        json!({"type": "shout"}),
        json!({"type": "event", "seq": 1, "time": 2, "event": "expelled", "person": "1"}),
        json!({"type": "snapshot", "cursor": "7", "conversation": null, "queue": null}),
    ] {
        assert!(fits(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn every_command_of_the_schema_is_one() {
    let document = document();
    let (conversation, message) = (Uuid::from_u128(1).simple(), Uuid::from_u128(2).simple());
    let commands = [
        json!({"type": "auth", "token": "1"}),
        json!({"type": "presence", "presence": "busy"}),
        json!({"type": "ping"}),
        json!({"type": "say", "ref": "1", "conversation": conversation.to_string(), "text": "1"}),
        json!({"type": "say", "ref": "1", "conversation": conversation.to_string(), "image": message.to_string()}),
        json!({"type": "recall", "ref": "1", "conversation": conversation.to_string(), "message": message.to_string()}),
        json!({"type": "read", "conversation": conversation.to_string()}),
    ];
    let mut kinds = BTreeSet::new();
    for asked in commands {
        assert_eq!(document.check(document.schema("ClientFrame"), &asked), Ok(()), "{asked}");
        assert!(command(&asked.to_string()).is_ok(), "{asked}");
        kinds.extend(asked["type"].as_str().map(str::to_owned));
    }
    assert_eq!(kinds, kinds_of(document.schema("ClientFrame")));
}
