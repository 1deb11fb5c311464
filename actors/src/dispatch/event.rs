//! What has happened. Ids and facts only, never a person's words: events are kept for good.

use serde::{Deserialize, Serialize};

use crate::{
    dispatch::{
        conversation::{EndReason, Kind, Medium, Priority},
        counselor::{ChosenStatus, Role},
    },
    ids::{ConversationId, CounselorId, PersonId, VisitorId},
};

/// A fact. Together with its moment it changes the state in one way only, see `Dispatch::apply`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A new owner has taken the institution over; it changes nothing else.
    Claimed,
    /// Somebody with places has come into the institution, or back.
    Admitted {
        /// Who.
        counselor: CounselorId,
        /// As what.
        role: Role,
        /// With how many places.
        capacity: u32,
    },
    /// Capacity was set.
    CapacityChanged {
        /// Whose.
        counselor: CounselorId,
        /// The new one.
        capacity: u32,
    },
    /// A counselor or supervisor chose their presence, or came with it; none: they are offline.
    PresenceChosen {
        /// Who.
        counselor: CounselorId,
        /// What holds from now on.
        choice: Option<ChosenStatus>,
    },
    /// Somebody was banned or deleted.
    Expelled {
        /// Who.
        person: PersonId,
        /// How.
        how: Removal,
    },
    /// Somebody who was banned may come in again.
    Pardoned {
        /// Who.
        person: PersonId,
    },
    /// A conversation was asked for, and waits.
    Opened {
        /// Which.
        conversation: ConversationId,
        /// What it is about.
        kind: Kind,
        /// Who asked.
        visitor: VisitorId,
        /// For whom (`requested_counselor`; the journal stores it by this name); none for anyone.
        wanted: Option<CounselorId>,
        /// Whether others may serve it after a while (`allow_fallback`; likewise).
        fallback: bool,
        /// Its number in the order of arrival.
        arrival: u64,
    },
    /// A request for a named counselor now stands in the common queue too.
    Widened {
        /// Which.
        conversation: ConversationId,
    },
    /// Its place in the queues changed.
    PriorityChanged {
        /// Which.
        conversation: ConversationId,
        /// The new one.
        priority: Priority,
    },
    /// It has a place: the talk begins.
    Assigned {
        /// Which.
        conversation: ConversationId,
        /// Who took it.
        counselor: CounselorId,
    },
    /// A call began or ended in it.
    MediumChanged {
        /// Which.
        conversation: ConversationId,
        /// How the two talk now.
        medium: Medium,
    },
    /// The two were told something by us.
    Noticed {
        /// Which.
        conversation: ConversationId,
        /// What.
        notice: Notice,
    },
    /// The counselor has not answered for a while, and hears of it, as do their supervisors and the administrators.
    Unanswered {
        /// Which.
        conversation: ConversationId,
        /// The number of the alarm.
        index: u32,
        /// Seconds since the first message that is not answered, or since the start.
        after_seconds: u32,
    },
    /// It ended, and gave its place free if it had one.
    Ended {
        /// Which.
        conversation: ConversationId,
        /// Why.
        reason: EndReason,
    },
    /// A counselor with talks or a queue went offline: supervisors, administrators and those in that queue hear it.
    CounselorLost {
        /// Who.
        counselor: CounselorId,
    },
}

/// How somebody was taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Removal {
    /// May be activated again.
    Banned,
    /// For good.
    Deleted,
}

/// What the two in a talk are told. Its sentence stands in web/src/i18n/notices.json.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "kebab-case")]
pub enum Notice {
    /// Whether there is anything else: the talk will end if nobody speaks.
    Silence,
    /// The talk will reach its limit.
    Limit {
        /// The number of the notice.
        index: u8,
        /// Seconds until then.
        ahead_seconds: u32,
    },
}

impl Notice {
    /// Its kind, as in the journal, in the record and in the frames.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Silence => "silence",
            Self::Limit { .. } => "limit",
        }
    }

    /// The seconds that its sentence speaks of.
    pub fn seconds(self) -> Option<u32> {
        match self {
            Self::Silence => None,
            Self::Limit { ahead_seconds, .. } => Some(ahead_seconds),
        }
    }

    /// The bit in which `SentNotices` remembers that it is out: 0 to 7 are of the limit, 8 to 15 held alarms once. None: the
    /// clock of the talk knows it until somebody speaks, and a restart forgets it.
    pub(crate) fn bit(self) -> Option<u8> {
        match self {
            Self::Silence => None,
            Self::Limit { index, .. } => Some(index),
        }
    }
}

impl Event {
    /// The event's name, as in the journal and in the frames.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Admitted { .. } => "admitted",
            Self::CapacityChanged { .. } => "capacity-changed",
            Self::PresenceChosen { .. } => "presence-chosen",
            Self::Expelled { .. } => "expelled",
            Self::Pardoned { .. } => "pardoned",
            Self::Opened { .. } => "opened",
            Self::Widened { .. } => "widened",
            Self::PriorityChanged { .. } => "priority-changed",
            Self::Assigned { .. } => "assigned",
            Self::MediumChanged { .. } => "medium-changed",
            Self::Noticed { .. } => "noticed",
            Self::Unanswered { .. } => "unanswered",
            Self::Ended { .. } => "ended",
            Self::CounselorLost { .. } => "counselor-lost",
        }
    }

    /// The conversation it is about.
    pub fn conversation(&self) -> Option<ConversationId> {
        match self {
            Self::Opened { conversation, .. }
            | Self::Widened { conversation }
            | Self::PriorityChanged { conversation, .. }
            | Self::Assigned { conversation, .. }
            | Self::MediumChanged { conversation, .. }
            | Self::Noticed { conversation, .. }
            | Self::Unanswered { conversation, .. }
            | Self::Ended { conversation, .. } => Some(*conversation),
            Self::Claimed
            | Self::Admitted { .. }
            | Self::CapacityChanged { .. }
            | Self::PresenceChosen { .. }
            | Self::Expelled { .. }
            | Self::Pardoned { .. }
            | Self::CounselorLost { .. } => None,
        }
    }
}
