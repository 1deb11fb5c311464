//! What is asked of dispatch, what it answers, and its no.

use std::collections::BTreeSet;

use crate::{
    dispatch::{
        conversation::{Conversation, EndReason, Medium, Priority},
        counselor::{ChosenStatus, PublicStatus, Role},
        event::Removal,
    },
    ids::{ConversationId, CounselorId, PersonId, VisitorId},
    time::Timestamp,
};

/// Something asked. Ids of new things come in with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A visitor asks for a conversation.
    Open {
        /// The new conversation's id.
        conversation: ConversationId,
        /// Who asks.
        visitor: VisitorId,
        /// For whom; none for anyone.
        requested_counselor: Option<CounselorId>,
        /// Whether others may serve it after a while; none leaves it to the institution.
        allow_fallback: Option<bool>,
    },
    /// A counselor calls a supervisor in.
    Supervise {
        /// The new conversation's id.
        conversation: ConversationId,
        /// The consultation it is about.
        consultation: ConversationId,
        /// Whom.
        supervisor: CounselorId,
    },
    /// Somebody ends a conversation, or leaves the queue.
    End {
        /// Which.
        conversation: ConversationId,
        /// In which part.
        reason: EndReason,
    },
    /// A place in the queues is changed.
    Prioritize {
        /// Which.
        conversation: ConversationId,
        /// The new one.
        priority: Priority,
    },
    /// A counselor's capacity is set.
    SetCapacity {
        /// Whose.
        counselor: CounselorId,
        /// The new one.
        capacity: u32,
    },
    /// Somebody with places comes into the institution. Refused for whoever is out: the asker may not have heard of it.
    AddStaff {
        /// Who.
        counselor: CounselorId,
        /// As what.
        role: Role,
        /// With how many places.
        capacity: u32,
    },
    /// Somebody is banned, or deleted; the latter is refused while they are in a conversation.
    Remove {
        /// Who.
        person: PersonId,
        /// How.
        how: Removal,
    },
    /// Somebody who was banned may come in again.
    Reinstate {
        /// Who.
        person: PersonId,
        /// As what and with how many places, if they have any.
        seat: Option<(Role, u32)>,
    },
    /// A call began or ended.
    ChangeMedium {
        /// In which conversation.
        conversation: ConversationId,
        /// How the two talk now.
        medium: Medium,
    },
    /// A socket of a counselor has come. What it wishes counts only for one who was offline.
    Arrive {
        /// Who.
        counselor: CounselorId,
        /// What the client says they chose before; none: online.
        choice: Option<ChosenStatus>,
    },
    /// A counselor can be reached and chose so, or (none) is offline.
    SetPresence {
        /// Who.
        counselor: CounselorId,
        /// What they chose; none: offline, after the grace.
        choice: Option<ChosenStatus>,
    },
    /// Who is on shift now.
    Shift {
        /// All of them.
        on: BTreeSet<CounselorId>,
    },
    /// A visitor was seen, or is known to be gone.
    Seen {
        /// Who.
        visitor: VisitorId,
        /// Whether they are there.
        here: bool,
    },
    /// A talk's clock says that something is due; it is checked again.
    Due {
        /// Which talk.
        conversation: ConversationId,
    },
    /// A deadline of Dispatch has come.
    Wake,
    /// The journal can be written again after an outage: silence and waiting are counted anew.
    StoreRecovered,
}

/// What is answered when it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "there is one for each command, and it is soon gone")]
pub enum Answer {
    /// It is so.
    Done,
    /// A conversation was opened.
    Opened {
        /// As it stands after the decision: taken, or waiting.
        facts: Conversation,
        /// Its place, if it waits.
        place: Option<Place>,
    },
}

/// Where somebody who waits stands (`dispatch/place.rs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// How many are served before, by whoever serves this one.
    pub ahead: usize,
    /// What the counselor asked for by name does.
    pub counselor: Option<PublicStatus>,
    /// Nobody is served before, and somebody is there to serve.
    pub next: bool,
    /// When the limit ends the wait.
    pub wait_until: Timestamp,
    /// A guess in whole minutes; none while nobody is there, or their talks do not say it.
    pub estimated_wait_seconds: Option<u64>,
    /// While none of those who would serve can be reached, nor has a shift today: when the next one begins.
    pub next_shift: Option<Timestamp>,
}

/// Dispatch's no. It changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such counselor in this institution.
    #[error("no such counselor")]
    UnknownCounselor,
    /// No such supervisor in this institution.
    #[error("no such supervisor")]
    UnknownSupervisor,
    /// No open conversation of that id.
    #[error("no such open conversation")]
    UnknownConversation,
    /// The visitor has an open conversation already.
    #[error("already consulting")]
    AlreadyConsulting {
        /// Which.
        conversation: ConversationId,
        /// With whom, or for whom they wait.
        counselor: Option<CounselorId>,
    },
    /// Nobody consults themselves.
    #[error("not with oneself")]
    WithOneself,
    /// It has not begun.
    #[error("the conversation only waits")]
    OnlyWaiting,
    /// A supervisor was called in already.
    #[error("a supervisor was asked already")]
    AlreadySupervised,
    /// They were banned or deleted.
    #[error("banned or deleted")]
    Expelled,
    /// They are in an open conversation.
    #[error("in an open conversation")]
    InConversation,
}
