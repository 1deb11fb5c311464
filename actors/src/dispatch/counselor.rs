//! One counselor (or supervisor) as dispatch sees them: places, line, and whether they take anyone.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    dispatch::{
        conversation::Conversation,
        queue::{Queue, Ticket},
    },
    ids::{ConversationId, CounselorId},
    sabotage::{Sabotage, sabotaged},
    time::Timestamp,
};

/// What somebody with places does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Takes visitors, their own and, on shift, those of the common queue.
    Counselor,
    /// Takes requests of counselors.
    Supervisor,
}

/// What a counselor chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// Takes new visitors.
    Online,
    /// Nobody new.
    Busy,
    /// Nobody new, and with time those who may go elsewhere do.
    Away,
}

/// Whether a counselor can be reached. Not an event: after a restart nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// The server has just come back and the grace runs: neither here nor lost.
    Returning,
    /// No socket, and the grace is over.
    Offline,
    /// Has a socket, or had one less than the grace ago.
    Here {
        /// What they chose.
        choice: Choice,
        /// Since when.
        since: Timestamp,
    },
}

/// What others see of a counselor's presence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Takes new visitors.
    Online,
    /// Chose so, or is full.
    Busy,
    /// Chose so.
    Away,
    /// Not there.
    Offline,
}

impl From<Choice> for Shown {
    fn from(choice: Choice) -> Self {
        match choice {
            Choice::Online => Self::Online,
            Choice::Busy => Self::Busy,
            Choice::Away => Self::Away,
        }
    }
}

impl Shown {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Busy => "busy",
            Self::Away => "away",
            Self::Offline => "offline",
        }
    }
}

/// One counselor or supervisor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counselor {
    /// Who.
    pub id: CounselorId,
    /// As what.
    pub role: Role,
    /// How many conversations at once (`maxConsults`).
    pub capacity: u32,
    /// Conversations in progress.
    pub active: BTreeSet<ConversationId>,
    /// Who waits for them by name.
    pub line: Queue,
    /// Those of them who do not stand in the common queue too.
    pub(crate) alone: Queue,
    /// Whether they can be reached.
    pub presence: Presence,
    /// What they chose, as it is kept: it outlives a restart, so that no older choice of a tab takes its place. None
    /// while they are offline.
    pub chosen: Option<Choice>,
    /// Whether they serve the common queue now.
    pub on_shift: bool,
    /// When they were last given somebody, to tell apart those with as many free places. Not kept over a restart.
    pub last_assigned: Option<Timestamp>,
    /// When they went offline with talks or a queue; none once nobody needs them any more. Whether they are back tells
    /// their presence.
    pub lost: Option<Timestamp>,
    /// Law L-1's witness: somebody was added while no place was free.
    pub overfilled: bool,
}

impl Counselor {
    pub(crate) fn new(id: CounselorId, role: Role, capacity: u32) -> Self {
        Self {
            id,
            role,
            capacity,
            active: BTreeSet::new(),
            line: Queue::default(),
            alone: Queue::default(),
            presence: Presence::Offline,
            chosen: None,
            on_shift: false,
            last_assigned: None,
            lost: None,
            overfilled: false,
        }
    }

    pub(crate) fn enqueue(&mut self, facts: &Conversation) {
        let ticket = Ticket::from(facts);
        self.line.insert(ticket);
        if !facts.common {
            self.alone.insert(ticket);
        }
    }

    pub(crate) fn dequeue(&mut self, ticket: &Ticket) {
        self.line.remove(ticket);
        self.alone.remove(ticket);
    }

    /// Their talks, and who waits for them by name.
    pub fn open_conversations(&self) -> impl Iterator<Item = ConversationId> {
        self.active.iter().copied().chain(self.line.iter().map(|ticket| ticket.conversation))
    }

    /// Places nobody has; zero while capacity is lowered below what runs.
    pub fn free(&self) -> u32 {
        let capacity = self.capacity + u32::from(sabotaged(Sabotage::SeatBeyondCapacity));
        capacity.saturating_sub(u32::try_from(self.active.len()).unwrap_or(u32::MAX))
    }

    /// Whether they would take somebody now.
    pub fn takes(&self) -> bool {
        self.free() > 0 && self.is_online()
    }

    /// Whether they serve the common queue now, as far as they have room.
    pub fn serves_common(&self) -> bool {
        self.on_shift && self.role == Role::Counselor
    }

    pub(crate) fn is_online(&self) -> bool {
        matches!(self.presence, Presence::Here { choice: Choice::Online, .. })
    }

    /// What others see.
    pub fn shown(&self) -> Shown {
        match self.presence {
            Presence::Returning | Presence::Offline => Shown::Offline,
            Presence::Here { choice: Choice::Busy, .. } => Shown::Busy,
            Presence::Here { choice: Choice::Away, .. } => Shown::Away,
            Presence::Here { choice: Choice::Online, .. } => {
                if self.free() == 0 {
                    Shown::Busy
                } else {
                    Shown::Online
                }
            }
        }
    }
}
