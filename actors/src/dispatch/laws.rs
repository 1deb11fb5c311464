//! The laws of dispatch, one predicate each (docs/design.md 4). Property tests and the simulation check all of
//! [`Dispatch::broken_laws`]; production checks [`breach_of`] at every event and counts.

use std::collections::BTreeMap;

use crate::{
    dispatch::{
        Dispatch,
        conversation::{EndReason, Phase},
        counselor::Counselor,
        event::{Event, Notice},
        queue::Ticket,
    },
    ids::{ConversationId, CounselorId, VisitorId},
};

/// The laws that can be seen in one institution's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Law {
    /// L-1: never more active conversations than capacity, except where capacity was lowered below them.
    Capacity,
    /// L-2: a visitor has at most one open consultation.
    OneOpenPerVisitor,
    /// L-3: nobody waits beside a free place.
    NobodyWaitsBesideRoom,
    /// L-4: urgent first, then by arrival.
    Order,
    /// L-7: begun at most once, ended exactly once, its place released exactly once.
    OneLife,
    /// L-11: nobody is asked whether that was all, or ended for silence, who has sent the last message and waits for
    /// an answer.
    LastWord,
}

impl Law {
    /// All of them, in order.
    pub const ALL: [Self; 6] = [
        Self::Capacity,
        Self::OneOpenPerVisitor,
        Self::NobodyWaitsBesideRoom,
        Self::Order,
        Self::OneLife,
        Self::LastWord,
    ];

    /// The name in design and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Capacity => "L-1",
            Self::OneOpenPerVisitor => "L-2",
            Self::NobodyWaitsBesideRoom => "L-3",
            Self::Order => "L-4",
            Self::OneLife => "L-7",
            Self::LastWord => "L-11",
        }
    }
}

/// How often each law was found broken. Anything but zero is a fault of ours.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Breaches(BTreeMap<Law, u64>);

impl Breaches {
    pub(crate) fn count(&mut self, law: Law) {
        *self.0.entry(law).or_default() += 1;
    }

    /// How often `law` was broken.
    pub fn of(&self, law: Law) -> u64 {
        self.0.get(&law).copied().unwrap_or(0)
    }

    /// How often any was.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }
}

/// The law that `event` would break if it were applied to `dispatch` now; cheap enough for every event.
pub(crate) fn breach_of(dispatch: &Dispatch, event: &Event) -> Option<Law> {
    match event {
        Event::Opened { conversation, kind, visitor, .. } => {
            let again = dispatch.conversation(*conversation).is_some();
            let second = matches!(kind, super::conversation::Kind::Consultation)
                && dispatch.consultation_of(*visitor).is_some();
            if again { Some(Law::OneLife) } else { second.then_some(Law::OneOpenPerVisitor) }
        }
        Event::Assigned { conversation, counselor } => {
            breach_of_assignment(dispatch, *conversation, *counselor)
        }
        Event::Ended { conversation, .. } | Event::Noticed { conversation, .. } => {
            let silenced = matches!(
                event,
                Event::Ended { reason: EndReason::Silence, .. }
                    | Event::Noticed { notice: Notice::Silence, .. }
            );
            if dispatch.conversation(*conversation).is_none() {
                Some(Law::OneLife)
            } else {
                (silenced && dispatch.is_last_by_visitor(*conversation)).then_some(Law::LastWord)
            }
        }
        Event::Claimed
        | Event::Admitted { .. }
        | Event::CapacityChanged { .. }
        | Event::PresenceChosen { .. }
        | Event::Expelled { .. }
        | Event::Pardoned { .. }
        | Event::Widened { .. }
        | Event::PriorityChanged { .. }
        | Event::MediumChanged { .. }
        | Event::Unanswered { .. }
        | Event::CounselorLost { .. } => None,
    }
}

fn breach_of_assignment(dispatch: &Dispatch, id: ConversationId, counselor: CounselorId) -> Option<Law> {
    let Some(facts) = dispatch.conversation(id).filter(|facts| facts.phase == Phase::Waiting) else {
        return Some(Law::OneLife);
    };
    let Some(counselor) = dispatch.counselor(counselor).filter(|counselor| counselor.free() > 0) else {
        return Some(Law::Capacity);
    };
    let overtakes = dispatch.best_waiting(counselor).is_some_and(|best| best < Ticket::from(facts));
    overtakes.then_some(Law::Order)
}

impl Counselor {
    /// L-1: somebody was added while no place was free, and is one too many still.
    pub fn over_capacity(&self) -> bool {
        self.overfilled
            && self.free() == 0
            && self.active.len() > usize::try_from(self.capacity).unwrap_or(usize::MAX)
    }
}

impl Dispatch {
    /// L-11: whether the visitor has sent the last message in a talk and waits for an answer.
    pub fn is_last_by_visitor(&self, talk: ConversationId) -> bool {
        self.clock(talk).is_some_and(|clock| clock.said.is_last_by_visitor())
    }

    /// L-2, from the conversations themselves rather than the index.
    pub fn visitor_with_two_open(&self) -> Option<VisitorId> {
        let mut seen = std::collections::BTreeSet::new();
        self.conversations()
            .filter(|facts| facts.is_consultation())
            .map(|facts| facts.visitor)
            .find(|visitor| !seen.insert(*visitor))
    }

    /// L-3: a counselor with room for somebody who waits.
    pub fn room_beside_waiting(&self) -> Option<CounselorId> {
        self.counselors()
            .find(|counselor| counselor.takes() && self.best_waiting(counselor).is_some())
            .map(|counselor| counselor.id)
    }

    /// Queues, places and conversations tell the same story: everyone waiting stands exactly where the facts say,
    /// every place is held by a talk in progress, and nothing else is held (part of L-7).
    pub fn is_consistent(&self) -> bool {
        let tickets = |id: &ConversationId| self.open.get(id).map(|open| Ticket::from(&open.facts));
        let waiting = |ticket: &Ticket| {
            tickets(&ticket.conversation) == Some(*ticket)
                && self.conversation(ticket.conversation).is_some_and(|facts| facts.phase == Phase::Waiting)
        };
        let queues_hold_only_waiting = self.common_queue.iter().all(|ticket| {
            waiting(ticket)
                && self.conversation(ticket.conversation).is_some_and(|facts| facts.in_common_queue)
        }) && self.counselors().all(|counselor| {
            counselor.queue.iter().all(|ticket| {
                waiting(ticket)
                    && self
                        .conversation(ticket.conversation)
                        .is_some_and(|facts| facts.requested_counselor == Some(counselor.id))
            })
        });
        let alone_are_the_others = self.counselors().all(|counselor| {
            let alone = counselor.queue.iter().filter(|ticket| {
                self.conversation(ticket.conversation).is_some_and(|facts| !facts.in_common_queue)
            });
            alone.eq(counselor.alone.iter())
        });
        let in_queues: usize = self.counselors().map(|counselor| counselor.queue.len()).sum();
        let wait_in_queues = self
            .conversations()
            .filter(|facts| facts.phase == Phase::Waiting)
            .filter(|facts| facts.requested_counselor.is_some_and(|id| self.counselors.contains_key(&id)))
            .count();
        let wait_in_common = self
            .conversations()
            .filter(|facts| facts.phase == Phase::Waiting && facts.in_common_queue)
            .count();
        let stranded = self.conversations().any(|facts| {
            facts.phase == Phase::Waiting
                && !facts.in_common_queue
                && !facts.requested_counselor.is_some_and(|id| self.counselors.contains_key(&id))
        });
        let places: usize = self.counselors().map(|counselor| counselor.active.len()).sum();
        let held = self
            .conversations()
            .filter(|facts| {
                facts
                    .counselor()
                    .and_then(|id| self.counselor(id))
                    .is_some_and(|c| c.active.contains(&facts.id))
            })
            .count();
        let talks = self.conversations().filter(|facts| facts.counselor().is_some()).count();
        queues_hold_only_waiting
            && alone_are_the_others
            && in_queues == wait_in_queues
            && self.common_queue.len() == wait_in_common
            && !stranded
            && places == held
            && held == talks
    }

    /// Every law that the state breaks, or that an event has broken so far.
    pub fn broken_laws(&self) -> Vec<Law> {
        let mut broken: Vec<Law> = Law::ALL.into_iter().filter(|law| self.breaches.of(*law) > 0).collect();
        if self.counselors().any(Counselor::over_capacity) {
            broken.push(Law::Capacity);
        }
        if self.visitor_with_two_open().is_some() {
            broken.push(Law::OneOpenPerVisitor);
        }
        if self.room_beside_waiting().is_some() {
            broken.push(Law::NobodyWaitsBesideRoom);
        }
        if !self.is_consistent() {
            broken.push(Law::OneLife);
        }
        broken.sort_unstable();
        broken.dedup();
        broken
    }
}
