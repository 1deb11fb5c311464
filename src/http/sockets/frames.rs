//! The JSON of the sockets; `docs/sockets.md` shows one of each. Its schema is part of the OpenAPI document
//! ([`crate::http::openapi`]), and the pages' types are made of that.

pub(crate) mod answers;
mod event;
mod talk;

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use bytestring::ByteString;
use hotline_actors::{
    ConversationId, CounselorId, Timestamp,
    dispatch::{conversation::Conversation, counselor},
    push::{CommittedEvent, Load, OwnPlaces, Push, WorkbenchSnapshot},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    conversations::queue::QueueView,
    im::embedded::{self, frames::ErrorFrame},
    text::heal,
    wire::{
        Id,
        words::{ChosenStatus, PublicStatus, Role},
    },
    wording::Sentence,
};
use answers::{AlarmView, Unanswered};
use event::EventFrame;
use talk::Talk;

/// What a client may send.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum ClientFrame {
    Socket(SocketCommand),
    /// Our own IM.
    Talk(embedded::TalkCommand),
}

/// What is about the socket itself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(crate) enum SocketCommand {
    /// A visitor's first frame.
    Auth { token: String },
    /// What a counselor chose.
    Presence {
        #[serde(rename = "presence")]
        #[schema(value_type = ChosenStatus)]
        choice: counselor::ChosenStatus,
    },
    /// Answered with a pong, for clients that cannot see the protocol's own.
    Ping,
}

/// A client's frame.
pub(in crate::http) fn command(text: &str) -> Result<ClientFrame, Sentence> {
    // Half an emoji is legal in JSON and in no text here: it becomes U+FFFD, as in a callback, and nothing else is lost.
    serde_json::from_str(&heal(text.as_bytes())).map_err(|_| Sentence::Malformed)
}

/// A word for a presence that can be chosen.
pub(super) fn choice(word: &str) -> Option<counselor::ChosenStatus> {
    match word {
        "online" => Some(counselor::ChosenStatus::Online),
        "busy" => Some(counselor::ChosenStatus::Busy),
        "away" => Some(counselor::ChosenStatus::Away),
        _ => None,
    }
}

/// All that a client may be sent, as the OpenAPI document has it.
#[derive(ToSchema)]
#[serde(untagged)]
#[schema(as = Frame)]
#[expect(dead_code, reason = "read by the derive alone: our own IM writes its frames itself")]
pub(crate) enum AnyFrame<'a> {
    Socket(Frame<'a>),
    Talk(embedded::frames::Frame<'a>),
}

#[derive(Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
#[schema(as = SocketFrame)]
pub(crate) enum Frame<'a> {
    /// The first frame, unless the socket resumes.
    Snapshot(Snapshot),
    /// What was missed follows, up to this cursor.
    Resumed {
        cursor: u64,
        /// Of a counselor or supervisor.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = ChosenStatus, required = false)]
        presence: Option<ChosenStatus>,
    },
    Event(#[schema(inline)] Box<EventFrame>),
    State(StateUpdate),
    /// What a counselor or supervisor is from now on.
    Presence {
        presence: ChosenStatus,
    },
    Pong,
    Error(#[schema(inline)] ErrorFrame<'a>),
}

/// All that somebody sees when they come.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Snapshot {
    Workbench(WorkbenchView),
    Visit(VisitView),
    Administrator(AdministratorView),
}

/// Of an administrator, who has no places, and looks on.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AdministratorView {
    cursor: u64,
    common: CommonQueue,
    #[serde(flatten)]
    unanswered: Unanswered,
}

/// Of a counselor or supervisor.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WorkbenchView {
    cursor: u64,
    presence: ChosenStatus,
    on_shift: bool,
    max_consults: u32,
    /// Talks that run, the oldest first.
    active: Vec<Talk>,
    /// Who waits for them by name, in the order of service.
    waiting: Vec<Talk>,
    common: CommonQueue,
    #[serde(flatten)]
    unanswered: Unanswered,
}

/// Of a visitor.
#[derive(Serialize, ToSchema)]
pub(crate) struct VisitView {
    cursor: u64,
    /// The one that waits or runs.
    conversation: Option<Talk>,
    /// Its place, if it waits.
    queue: Option<QueueView>,
}

/// What is no event: it has no number, and the latest counts.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum StateUpdate {
    Place {
        queue: QueueView,
    },
    #[serde(rename_all = "camelCase")]
    Unanswered {
        /// By talk, where it has changed; null: answered, in a call, or over.
        #[schema(value_type = BTreeMap<String, Option<i64>>)]
        unanswered_since: Arc<BTreeMap<ConversationId, Option<Timestamp>>>,
    },
    Alarms {
        /// All that is not settled.
        alarms: Vec<AlarmView>,
    },
    #[serde(rename_all = "camelCase")]
    QueueOverview {
        common: CommonQueue,
        /// Of a counselor or supervisor: it changes at midnight, and when somebody is put on shift.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = bool, required = false)]
        on_shift: Option<bool>,
        /// For supervisors and administrators.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Vec<LoadView>, required = false)]
        others: Option<Vec<LoadView>>,
    },
}

impl StateUpdate {
    fn overview(common_waiting: usize, on_shift: Option<bool>, others: Option<&[Load]>) -> Self {
        let others = others.map(|others| others.iter().map(LoadView::from).collect());
        Self::QueueOverview { common: CommonQueue { waiting: common_waiting }, on_shift, others }
    }
}

/// Those who wait for anybody on shift.
#[derive(Serialize, ToSchema)]
pub(crate) struct CommonQueue {
    waiting: usize,
}

/// How loaded a counselor or supervisor is, as others see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoadView {
    #[schema(value_type = Id)]
    counselor: CounselorId,
    role: Role,
    presence: PublicStatus,
    on_shift: bool,
    active: usize,
    /// Who waits for them by name.
    waiting: usize,
    max_consults: u32,
}

impl From<&Load> for LoadView {
    fn from(load: &Load) -> Self {
        Self {
            counselor: load.counselor,
            role: load.role.into(),
            presence: load.shown.into(),
            on_shift: load.on_shift,
            active: load.active,
            waiting: load.waiting,
            max_consults: load.capacity,
        }
    }
}

fn snapshot(desk: &WorkbenchSnapshot) -> Snapshot {
    let common = CommonQueue { waiting: desk.common_waiting };
    let unanswered = Unanswered::of(&desk.answers);
    let talk =
        |facts: &Conversation| Talk::of(facts, desk.answers.unanswered.get(&facts.id).copied().flatten());
    match &desk.own_places {
        None => Snapshot::Administrator(AdministratorView { cursor: desk.cursor, common, unanswered }),
        Some(OwnPlaces { choice, on_shift, capacity, active, waiting }) => {
            Snapshot::Workbench(WorkbenchView {
                cursor: desk.cursor,
                presence: (*choice).into(),
                on_shift: *on_shift,
                max_consults: *capacity,
                active: active.iter().map(talk).collect(),
                waiting: waiting.iter().map(talk).collect(),
                common,
                unanswered,
            })
        }
    }
}

thread_local! {
    /// What goes to everybody's sockets goes to one after the other: it is written for the first of a thread alone.
    static LATEST: RefCell<VecDeque<(Shared, ByteString)>> = const { RefCell::new(VecDeque::new()) };
}

/// What one commit usually has for those who hear all of it.
const LATEST_MAX: usize = 16;

/// A frame that many sockets get alike.
enum Shared {
    Event(Arc<CommittedEvent>),
    QueueOverview { common_waiting: usize, on_shift: Option<bool>, others: Arc<Vec<Load>> },
}

impl Shared {
    /// Whether both say the same because they are the same. What is in [`LATEST`] stays alive, so its address is its own.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Event(one), Self::Event(other)) => Arc::ptr_eq(one, other),
            (
                Self::QueueOverview { common_waiting, on_shift, others },
                Self::QueueOverview { common_waiting: waiting, on_shift: shift, others: loads },
            ) => Arc::ptr_eq(others, loads) && common_waiting == waiting && on_shift == shift,
            (Self::Event(_), Self::QueueOverview { .. }) | (Self::QueueOverview { .. }, Self::Event(_)) => {
                false
            }
        }
    }

    /// None for what nobody is told.
    fn written(&self) -> Option<String> {
        Some(write(&match self {
            Self::Event(told) => Frame::Event(Box::new(EventFrame::of(told)?)),
            Self::QueueOverview { common_waiting, on_shift, others } => {
                Frame::State(StateUpdate::overview(*common_waiting, *on_shift, Some(others)))
            }
        }))
    }

    fn text(self) -> Option<ByteString> {
        LATEST.with_borrow_mut(|latest| {
            if let Some((_, text)) = latest.iter().find(|(known, _)| known.is_same(&self)) {
                return Some(text.clone());
            }
            let text = ByteString::from(self.written()?);
            latest.truncate(LATEST_MAX - 1);
            latest.push_front((self, text.clone()));
            Some(text)
        })
    }
}

/// What a push says to a client, frame after frame.
pub(super) fn each(push: Push, mut tell: impl FnMut(ByteString)) {
    let frame = match push {
        Push::Events(events) => {
            let texts = events.iter().filter_map(|told| Shared::Event(Arc::clone(told)).text());
            return texts.for_each(tell);
        }
        Push::QueueOverview { common_waiting, on_shift, others: Some(others) } => {
            let shared = Shared::QueueOverview { common_waiting, on_shift, others };
            return shared.text().into_iter().for_each(tell);
        }
        Push::QueueOverview { common_waiting, on_shift, others: None } => {
            Frame::State(StateUpdate::overview(common_waiting, on_shift, None))
        }
        Push::Frame(frame) => return tell(ByteString::from(&*frame.0)),
        Push::Workbench(ref desk) => Frame::Snapshot(snapshot(desk)),
        Push::Visit { cursor, ref conversation, place } => Frame::Snapshot(Snapshot::Visit(VisitView {
            cursor,
            conversation: conversation.as_ref().map(|facts| Talk::of(facts, None)),
            queue: place.map(QueueView::from),
        })),
        Push::Resumed { cursor, presence } => {
            Frame::Resumed { cursor, presence: presence.map(ChosenStatus::from) }
        }
        Push::Presence(presence) => Frame::Presence { presence: presence.into() },
        Push::Unanswered(unanswered_since) => Frame::State(StateUpdate::Unanswered { unanswered_since }),
        Push::Alarms(alarms) => {
            Frame::State(StateUpdate::Alarms { alarms: alarms.iter().map(AlarmView::from).collect() })
        }
        Push::Place(place) => Frame::State(StateUpdate::Place { queue: place.into() }),
        Push::Close(_) => return,
    };
    tell(write(&frame).into());
}

pub(super) fn error(sentence: &Sentence) -> String {
    let (message, reason) = (&sentence.to_string(), sentence.reason());
    write(&Frame::Error(ErrorFrame { reference: None, code: -2, message, reason }))
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
