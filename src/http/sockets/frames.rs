//! The JSON of the sockets; `docs/sockets.md` shows one of each.

pub(crate) mod answers;

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use bytestring::ByteString;
use hotline_actors::{
    ConversationId, CounselorId, PersonId, Timestamp, VisitorId,
    dispatch::{
        conversation::{Conversation, EndReason, Kind, Priority},
        counselor::{ChosenStatus, Role},
        event::{Event, Notice},
    },
    push::{CommittedEvent, Load, OwnPlaces, Push, WorkbenchSnapshot},
};
use serde::{Deserialize, Serialize};

use crate::{
    conversations::queue::QueueView,
    im::embedded,
    text::heal,
    wording::{Sentence, notices},
};
use answers::{AlarmView, Waiting};

/// What a client may send.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Command {
    /// A visitor's first frame.
    Auth { token: String },
    /// What a counselor chose.
    Presence {
        #[serde(rename = "presence")]
        choice: ChosenStatus,
    },
    /// Answered with a pong, for clients that cannot see the protocol's own.
    Ping,
    /// Our own IM.
    #[serde(untagged)]
    Talk(embedded::Command),
}

/// A client's frame.
pub(super) fn command(text: &str) -> Result<Command, Sentence> {
    // Half an emoji is legal in JSON and in no text here: it becomes U+FFFD, as in a callback, and nothing else is lost.
    serde_json::from_str(&heal(text.as_bytes())).map_err(|_| Sentence::Malformed)
}

/// A word for a presence that can be chosen.
pub(super) fn choice(word: &str) -> Option<ChosenStatus> {
    match word {
        "online" => Some(ChosenStatus::Online),
        "busy" => Some(ChosenStatus::Busy),
        "away" => Some(ChosenStatus::Away),
        _ => None,
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Frame<'a> {
    Snapshot(Snapshot),
    Resumed {
        cursor: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        presence: Option<ChosenStatus>,
    },
    Event(Box<EventFrame>),
    State(State),
    Presence {
        presence: ChosenStatus,
    },
    Pong,
    Error {
        code: i32,
        message: &'a str,
        reason: &'a str,
    },
}

#[derive(Serialize)]
#[serde(untagged)]
enum Snapshot {
    Seat(SeatSnapshot),
    Visit(VisitSnapshot),
    Administrator(AdministratorSnapshot),
}

/// Administrators have no places, and look on.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AdministratorSnapshot {
    cursor: u64,
    common: Common,
    #[serde(flatten)]
    answers: Waiting,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SeatSnapshot {
    cursor: u64,
    presence: ChosenStatus,
    on_shift: bool,
    max_consults: u32,
    active: Vec<Talk>,
    waiting: Vec<Talk>,
    common: Common,
    #[serde(flatten)]
    answers: Waiting,
}

#[derive(Serialize)]
struct VisitSnapshot {
    cursor: u64,
    conversation: Option<Talk>,
    queue: Option<QueueView>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Talk {
    id: ConversationId,
    visitor: VisitorId,
    counselor: Option<CounselorId>,
    wanted: Option<CounselorId>,
    consultation: Option<ConversationId>,
    status: &'static str,
    conversation_type: &'static str,
    priority: &'static str,
    common: bool,
    created_time: Timestamp,
    start_time: Option<Timestamp>,
    /// Since when the visitor waits for an answer.
    unanswered_since: Option<Timestamp>,
}

impl Talk {
    fn of(facts: &Conversation, unanswered_since: Option<Timestamp>) -> Self {
        let (conversation_type, consultation) = match facts.kind {
            Kind::Consultation => ("COUNSELING_SESSION", None),
            Kind::Supervision { consultation } => ("REQUEST_SUPERVISE", Some(consultation)),
        };
        Self {
            id: facts.id,
            visitor: facts.visitor,
            counselor: facts.counselor(),
            wanted: facts.requested_counselor,
            consultation,
            status: facts.status().as_str(),
            conversation_type,
            priority: priority(facts.priority),
            common: facts.in_common_queue,
            created_time: facts.opened_at,
            start_time: facts.started_at(),
            unanswered_since,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventFrame {
    seq: u64,
    time: Timestamp,
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<ConversationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    talk: Option<Talk>,
    #[serde(flatten)]
    more: More,
}

/// What one kind of event says besides.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct More {
    #[serde(skip_serializing_if = "Option::is_none")]
    counselor: Option<CounselorId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<PersonId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_consults: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_seconds: Option<u32>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum State {
    Place {
        queue: QueueView,
    },
    #[serde(rename_all = "camelCase")]
    Unanswered {
        unanswered_since: Arc<BTreeMap<ConversationId, Option<Timestamp>>>,
    },
    Alarms {
        alarms: Vec<AlarmView>,
    },
    Floor {
        common: Common,
        #[serde(rename = "onShift", skip_serializing_if = "Option::is_none")]
        on_shift: Option<bool>,
        #[serde(skip_serializing_if = "Option::is_none")]
        others: Option<Vec<LoadView>>,
    },
}

impl State {
    fn overview(common_waiting: usize, on_shift: Option<bool>, others: Option<&[Load]>) -> Self {
        let others = others.map(|others| others.iter().map(LoadView::from).collect());
        Self::Floor { common: Common { waiting: common_waiting }, on_shift, others }
    }
}

#[derive(Serialize)]
struct Common {
    waiting: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LoadView {
    counselor: CounselorId,
    role: Role,
    presence: &'static str,
    on_shift: bool,
    active: usize,
    waiting: usize,
    max_consults: u32,
}

impl From<&Load> for LoadView {
    fn from(load: &Load) -> Self {
        Self {
            counselor: load.counselor,
            role: load.role,
            presence: load.shown.as_str(),
            on_shift: load.on_shift,
            active: load.active,
            waiting: load.waiting,
            max_consults: load.capacity,
        }
    }
}

fn priority(priority: Priority) -> &'static str {
    match priority {
        Priority::Normal => "NORMAL",
        Priority::Urgent => "URGENT",
    }
}

fn snapshot(desk: &WorkbenchSnapshot) -> Snapshot {
    let common = Common { waiting: desk.common_waiting };
    let answers = Waiting::of(&desk.answers);
    let talk =
        |facts: &Conversation| Talk::of(facts, desk.answers.unanswered.get(&facts.id).copied().flatten());
    match &desk.own_places {
        None => Snapshot::Administrator(AdministratorSnapshot { cursor: desk.cursor, common, answers }),
        Some(OwnPlaces { choice, on_shift, capacity, active, waiting }) => Snapshot::Seat(SeatSnapshot {
            cursor: desk.cursor,
            presence: *choice,
            on_shift: *on_shift,
            max_consults: *capacity,
            active: active.iter().map(talk).collect(),
            waiting: waiting.iter().map(talk).collect(),
            common,
            answers,
        }),
    }
}

fn event(told: &CommittedEvent) -> EventFrame {
    let facts = told.facts.as_ref();
    let more = match &told.event {
        // Of a presence people hear as of state.
        Event::PresenceChosen { counselor, .. } => More { counselor: Some(*counselor), ..More::default() },
        Event::Claimed | Event::Opened { .. } | Event::Widened { .. } | Event::MediumChanged { .. } => {
            More::default()
        }
        Event::Admitted { counselor, capacity, .. } | Event::CapacityChanged { counselor, capacity } => {
            More { counselor: Some(*counselor), max_consults: Some(*capacity), ..More::default() }
        }
        Event::Expelled { person, .. } | Event::Pardoned { person } => {
            More { person: Some(*person), ..More::default() }
        }
        Event::PriorityChanged { priority: to, .. } => {
            More { priority: Some(priority(*to)), ..More::default() }
        }
        Event::Assigned { counselor, .. } | Event::CounselorLost { counselor } => {
            More { counselor: Some(*counselor), ..More::default() }
        }
        Event::Noticed { notice, .. } => More {
            notice: Some(notice_name(*notice)),
            text: Some(notices::text_of(*notice)),
            ..More::default()
        },
        Event::Unanswered { after_seconds, .. } => {
            let counselor = facts.and_then(Conversation::counselor);
            More { counselor, after_seconds: Some(*after_seconds), ..More::default() }
        }
        Event::Ended { reason, .. } => ended(*reason, facts),
    };
    EventFrame {
        seq: told.seq,
        time: told.at,
        event: told.event.name(),
        conversation: told.event.conversation(),
        talk: facts.map(|facts| Talk::of(facts, told.unanswered_since)),
        more,
    }
}

fn ended(reason: EndReason, facts: Option<&Conversation>) -> More {
    More {
        counselor: facts.and_then(Conversation::counselor),
        end_reason: Some(reason.as_str()),
        status: facts.map(|facts| facts.status().as_str()),
        ..More::default()
    }
}

/// `silence`, or with its seconds `limit-600`.
fn notice_name(notice: Notice) -> String {
    notice
        .seconds()
        .map_or_else(|| notice.kind().to_owned(), |seconds| format!("{}-{seconds}", notice.kind()))
}

thread_local! {
    /// What goes to everybody's sockets goes to one after the other: it is written for the first of a thread alone.
    static LATEST: RefCell<VecDeque<(Shared, ByteString)>> = const { RefCell::new(VecDeque::new()) };
}

/// What one commit usually has for those who hear all of it.
const LATEST_MAX: usize = 16;

/// What many hear alike.
enum Shared {
    Event(Arc<CommittedEvent>),
    Floor { common_waiting: usize, on_shift: Option<bool>, others: Arc<Vec<Load>> },
}

impl Shared {
    /// Whether both say the same because they are the same. What is in [`LATEST`] stays alive, so its address is its own.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Event(one), Self::Event(other)) => Arc::ptr_eq(one, other),
            (
                Self::Floor { common_waiting, on_shift, others },
                Self::Floor { common_waiting: waiting, on_shift: shift, others: loads },
            ) => Arc::ptr_eq(others, loads) && common_waiting == waiting && on_shift == shift,
            (Self::Event(_), Self::Floor { .. }) | (Self::Floor { .. }, Self::Event(_)) => false,
        }
    }

    fn written(&self) -> String {
        write(&match self {
            Self::Event(told) => Frame::Event(Box::new(event(told))),
            Self::Floor { common_waiting, on_shift, others } => {
                Frame::State(State::overview(*common_waiting, *on_shift, Some(others)))
            }
        })
    }

    fn text(self) -> ByteString {
        LATEST.with_borrow_mut(|latest| {
            if let Some((_, text)) = latest.iter().find(|(known, _)| known.is_same(&self)) {
                return text.clone();
            }
            let text = ByteString::from(self.written());
            latest.truncate(LATEST_MAX - 1);
            latest.push_front((self, text.clone()));
            text
        })
    }
}

/// What a push says to a client, frame after frame.
pub(super) fn each(push: Push, mut tell: impl FnMut(ByteString)) {
    let frame = match push {
        Push::Events(events) => {
            return events.iter().for_each(|told| tell(Shared::Event(Arc::clone(told)).text()));
        }
        Push::QueueOverview { common_waiting, on_shift, others: Some(others) } => {
            return tell(Shared::Floor { common_waiting, on_shift, others }.text());
        }
        Push::QueueOverview { common_waiting, on_shift, others: None } => {
            Frame::State(State::overview(common_waiting, on_shift, None))
        }
        Push::Frame(frame) => return tell(ByteString::from(&*frame.0)),
        Push::Workbench(ref desk) => Frame::Snapshot(snapshot(desk)),
        Push::Visit { cursor, ref conversation, place } => Frame::Snapshot(Snapshot::Visit(VisitSnapshot {
            cursor,
            conversation: conversation.as_ref().map(|facts| Talk::of(facts, None)),
            queue: place.map(QueueView::from),
        })),
        Push::Resumed { cursor, presence } => Frame::Resumed { cursor, presence },
        Push::Presence(presence) => Frame::Presence { presence },
        Push::Unanswered(unanswered_since) => Frame::State(State::Unanswered { unanswered_since }),
        Push::Alarms(alarms) => {
            Frame::State(State::Alarms { alarms: alarms.iter().map(AlarmView::from).collect() })
        }
        Push::Place(place) => Frame::State(State::Place { queue: place.into() }),
        Push::Close(_) => return,
    };
    tell(write(&frame).into());
}

pub(super) fn error(sentence: &Sentence) -> String {
    write(&Frame::Error { code: -2, message: &sentence.to_string(), reason: sentence.reason() })
}

pub(super) fn pong() -> String {
    write(&Frame::Pong)
}

/// Ids, numbers and words of ours: nothing in a frame can fail to be JSON.
fn write(frame: &Frame<'_>) -> String {
    serde_json::to_string(frame).unwrap_or_default()
}

#[cfg(test)]
mod tests;
