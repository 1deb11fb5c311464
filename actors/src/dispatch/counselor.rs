//! One counselor (or supervisor) as dispatch sees them: places, queue, and whether they take anyone.

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
    words::words,
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

words!(Role { Counselor = "counselor", Supervisor = "supervisor" });

/// What a counselor chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChosenStatus {
    /// Takes new visitors.
    Online,
    /// Nobody new.
    Busy,
    /// Nobody new, and with time those who may go elsewhere do.
    Away,
}

words!(ChosenStatus { Online = "online", Busy = "busy", Away = "away" });

/// Whether a counselor can be reached. Not an event: after a restart nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connectivity {
    /// The server has just come back and the grace runs: neither here nor lost.
    AwaitingReconnect,
    /// No socket, and the grace is over.
    Offline,
    /// Has a socket, or had one less than the grace ago.
    Here {
        /// What they chose.
        choice: ChosenStatus,
        /// Since when.
        since: Timestamp,
    },
}

/// What others see of a counselor's presence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicStatus {
    /// Takes new visitors.
    Online,
    /// Chose so, or is full.
    Busy,
    /// Chose so.
    Away,
    /// Not there.
    Offline,
}

impl From<ChosenStatus> for PublicStatus {
    fn from(choice: ChosenStatus) -> Self {
        match choice {
            ChosenStatus::Online => Self::Online,
            ChosenStatus::Busy => Self::Busy,
            ChosenStatus::Away => Self::Away,
        }
    }
}

words!(PublicStatus { Online = "online", Busy = "busy", Away = "away", Offline = "offline" });

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
    pub queue: Queue,
    /// Those of them who do not stand in the common queue too.
    pub(crate) alone: Queue,
    /// Whether they can be reached.
    pub connectivity: Connectivity,
    /// What they chose, as it is committed: it outlives a restart, so that no older choice of a tab takes its place.
    /// None while they are offline.
    pub chosen: Option<ChosenStatus>,
    /// Whether they serve the common queue now.
    pub on_shift: bool,
    /// When they were last given somebody, to tell apart those with as many free places. Forgotten at a restart.
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
            queue: Queue::default(),
            alone: Queue::default(),
            connectivity: Connectivity::Offline,
            chosen: None,
            on_shift: false,
            last_assigned: None,
            lost: None,
            overfilled: false,
        }
    }

    pub(crate) fn enqueue(&mut self, facts: &Conversation) {
        let ticket = Ticket::from(facts);
        self.queue.insert(ticket);
        if !facts.in_common_queue {
            self.alone.insert(ticket);
        }
    }

    pub(crate) fn dequeue(&mut self, ticket: &Ticket) {
        self.queue.remove(ticket);
        self.alone.remove(ticket);
    }

    /// Their talks, and who waits for them by name.
    pub fn open_conversations(&self) -> impl Iterator<Item = ConversationId> {
        self.active.iter().copied().chain(self.queue.iter().map(|ticket| ticket.conversation))
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
        matches!(self.connectivity, Connectivity::Here { choice: ChosenStatus::Online, .. })
    }

    /// What others see.
    pub fn public_status(&self) -> PublicStatus {
        match self.connectivity {
            Connectivity::AwaitingReconnect | Connectivity::Offline => PublicStatus::Offline,
            Connectivity::Here { choice: ChosenStatus::Busy, .. } => PublicStatus::Busy,
            Connectivity::Here { choice: ChosenStatus::Away, .. } => PublicStatus::Away,
            Connectivity::Here { choice: ChosenStatus::Online, .. } => {
                if self.free() == 0 {
                    PublicStatus::Busy
                } else {
                    PublicStatus::Online
                }
            }
        }
    }
}
