//! The journal: the port to the store, and the ordered group commit.
//!
//! State moves first in memory; the journal then makes it true. What is decided while a commit is under way goes into
//! the next one, whole decisions together; answers wait for everything decided before them. This file is pure: the
//! Registry runs the futures.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use futures_util::future::LocalBoxFuture;

use crate::{
    dispatch::{
        Decision, Snapshot,
        clock::TalkRecord,
        conversation::Conversation,
        counselor::PublicStatus,
        event::{Event, Removal},
    },
    ids::{ConversationId, PersonId, WriterId},
    sabotage::{Sabotage, sabotaged},
    time::Timestamp,
};

/// An event with its number and its moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamped {
    /// Its number in the institution's journal, without gaps.
    pub seq: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// Whether somebody may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Taken out, and how.
    Out(Removal),
    /// They may again.
    In,
}

/// What a batch changes about one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PersonChange {
    /// The new capacity.
    pub capacity: Option<u32>,
    /// What they chose to be, or that they are offline.
    pub presence: Option<PublicStatus>,
    /// Whether they may come in.
    pub standing: Option<Standing>,
    /// Time of consultations that ended.
    pub talked: Duration,
}

impl PersonChange {
    /// Whether nothing but the time of consultations changes.
    pub fn is_talk_alone(&self) -> bool {
        *self == Self { talked: self.talked, ..Self::default() }
    }
}

/// What one commit stores: frozen once, tried again as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Who writes.
    pub writer: WriterId,
    /// The events, numbered without gaps.
    pub events: Vec<Stamped>,
    /// Every conversation touched, as it stands after the batch, in the order of the first touch.
    pub conversations: Vec<Conversation>,
    /// What changes about people.
    pub people: BTreeMap<PersonId, PersonChange>,
}

impl Batch {
    /// The number of the last event.
    pub fn last_seq(&self) -> u64 {
        self.events.last().map_or(0, |last| last.seq)
    }
}

/// What a claim found: the journal is ours from `seq` on, and this is the state up to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The number of the claim itself.
    pub seq: u64,
    /// When it was made: no earlier than anything before it, whatever the clock says.
    pub at: Timestamp,
    /// The state up to it.
    pub snapshot: Snapshot,
}

/// Why a batch is not known to be stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendFault {
    /// Another writer's row stands where ours should: the institution has a new owner.
    #[error("another server has taken over")]
    Fenced,
    /// It may have been stored or not; to be tried again as it is.
    #[error("outcome unknown: {0}")]
    Unknown(String),
    /// The store refuses what was decided; trying again is no use.
    #[error("the store refuses the batch: {0}")]
    Refused(String),
}

/// Why a journal is not claimed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimFault {
    /// The store says that the institution is another server's: it is not claimed, now or later.
    #[error("another server owns the institution")]
    NotOwner,
    /// It may have been claimed or not; to be tried again under a fresh writer id.
    #[error("{0}")]
    Unknown(String),
}

/// The store did not answer as it should; to be tried again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreFault(pub String);

/// Where the journal of one institution is kept. Every call has a limit in time of its own.
pub trait Store {
    /// Takes the next number under a fresh writer id, and only then reads the state up to it: what an old owner still
    /// had in flight can no longer land.
    fn claim(&self, writer: WriterId, now: Timestamp) -> LocalBoxFuture<'static, Result<Claim, ClaimFault>>;

    /// Stores a batch whole, or not at all. Asked again with the same batch after [`AppendFault::Unknown`], it finds
    /// out whether the first had been committed.
    fn append(&self, batch: Arc<Batch>) -> LocalBoxFuture<'static, Result<(), AppendFault>>;

    /// The highest number and who wrote it.
    fn newest(&self) -> LocalBoxFuture<'static, Result<(u64, WriterId), StoreFault>>;

    /// What the record says about these talks: with the words that another server has stored. Talks that are over are left
    /// out.
    fn records(
        &self,
        talks: Vec<ConversationId>,
    ) -> LocalBoxFuture<'static, Result<Vec<TalkRecord>, StoreFault>>;
}

/// One turn's outcome, never split between commits.
#[derive(Debug)]
struct Decided {
    events: Vec<Stamped>,
    touched: Vec<Conversation>,
}

/// The pipeline: decided, in flight, committed; and who waits for which number.
#[derive(Debug)]
pub struct Journal<W> {
    writer: WriterId,
    decided: u64,
    committed: u64,
    gathered: VecDeque<Decided>,
    gathered_events: usize,
    in_flight: Option<Arc<Batch>>,
    waiting: VecDeque<(u64, W)>,
}

impl<W> Journal<W> {
    /// A journal whose last committed number is the claim's.
    pub fn new(writer: WriterId, claimed: u64) -> Self {
        Self {
            writer,
            decided: claimed,
            committed: claimed,
            gathered: VecDeque::new(),
            gathered_events: 0,
            in_flight: None,
            waiting: VecDeque::new(),
        }
    }

    /// Who writes.
    pub fn writer(&self) -> WriterId {
        self.writer
    }

    /// The last number that is committed.
    pub fn committed(&self) -> u64 {
        self.committed
    }

    /// The last number that is decided.
    pub fn decided(&self) -> u64 {
        self.decided
    }

    /// Events decided and not yet committed.
    pub fn backlog(&self) -> usize {
        self.gathered_events + self.in_flight.as_ref().map_or(0, |batch| batch.events.len())
    }

    /// When the oldest decision that is not yet committed was made.
    pub fn uncommitted_since(&self) -> Option<Timestamp> {
        let in_flight = self.in_flight.as_ref().and_then(|batch| batch.events.first());
        let oldest = in_flight.or_else(|| self.gathered.front().and_then(|decided| decided.events.first()));
        oldest.map(|stamped| stamped.at)
    }

    /// Whether nothing is on its way.
    pub fn is_idle(&self) -> bool {
        self.in_flight.is_none() && self.gathered.is_empty()
    }

    /// Takes what a turn decided.
    pub fn append(&mut self, at: Timestamp, decision: &mut Decision) {
        if decision.events.is_empty() {
            return;
        }
        let mut events: Vec<Stamped> = std::mem::take(&mut decision.events)
            .into_iter()
            .map(|event| {
                self.decided += 1;
                Stamped { seq: self.decided, at, event }
            })
            .collect();
        self.gathered_events += events.len();
        if sabotaged(Sabotage::SplitDecision) && events.len() > 1 {
            let first = events.drain(..1).collect();
            self.gathered.push_back(Decided { events: first, touched: Vec::new() });
        }
        self.gathered.push_back(Decided { events, touched: std::mem::take(&mut decision.touched) });
    }

    /// Waits for everything decided so far; given back at once if that is committed already.
    pub fn wait(&mut self, waiter: W) -> Option<W> {
        if self.committed == self.decided {
            return Some(waiter);
        }
        self.waiting.push_back((self.decided, waiter));
        None
    }

    /// Freezes the next batch of at most about `events_max` events, unless one is in flight.
    pub fn freeze(&mut self, events_max: usize) -> Option<Arc<Batch>> {
        if self.in_flight.is_some() || self.gathered.is_empty() {
            return None;
        }
        let events_max = if sabotaged(Sabotage::SplitDecision) { 1 } else { events_max };
        let mut events = Vec::new();
        let mut conversations = Vec::new();
        let mut index: BTreeMap<ConversationId, usize> = BTreeMap::new();
        let mut people = BTreeMap::new();
        while let Some(next) = self.gathered.front() {
            if !events.is_empty() && events.len() + next.events.len() > events_max {
                break;
            }
            let Some(decided) = self.gathered.pop_front() else { break };
            for facts in decided.touched {
                note_talk(&mut people, &facts);
                let at = *index.entry(facts.id).or_insert(conversations.len());
                if at == conversations.len() {
                    conversations.push(facts);
                } else {
                    conversations[at] = facts;
                }
            }
            for stamped in decided.events {
                note_person(&mut people, &stamped.event);
                events.push(stamped);
            }
        }
        self.gathered_events -= events.len();
        let batch = Arc::new(Batch { writer: self.writer, events, conversations, people });
        self.in_flight = Some(Arc::clone(&batch));
        Some(batch)
    }

    /// The batch in flight is committed: it, and who need wait no longer, in order.
    pub fn take_committed(&mut self) -> Option<(Arc<Batch>, Vec<W>)> {
        let batch = self.in_flight.take()?;
        self.committed = batch.last_seq();
        let ready = self.waiting.iter().take_while(|(seq, _)| *seq <= self.committed).count();
        Some((batch, self.waiting.drain(..ready).map(|(_, waiter)| waiter).collect()))
    }

    /// The batch in flight, to be tried again as it is.
    pub fn in_flight(&self) -> Option<&Arc<Batch>> {
        self.in_flight.as_ref()
    }

    /// For a sabotage alone: what is in flight is frozen anew, with what was decided since.
    pub(crate) fn regather(&mut self) {
        let Some(batch) = self.in_flight.take() else { return };
        self.gathered_events += batch.events.len();
        self.gathered
            .push_front(Decided { events: batch.events.clone(), touched: batch.conversations.clone() });
        self.freeze(usize::MAX);
    }

    /// The batch in flight has not landed and never will.
    pub fn is_refused(&mut self) {
        self.in_flight = None;
    }

    /// Gives up: those who wait for the batch in flight, which may have landed; and those whose decisions no store has seen.
    pub fn abandon(&mut self) -> (Vec<W>, Vec<W>) {
        let under_way = self.in_flight.as_ref().map_or(0, |batch| batch.last_seq());
        let waiting = self.waiting.drain(..);
        let (unsettled, undone): (Vec<_>, Vec<_>) = waiting.partition(|(seq, _)| *seq <= under_way);
        let waiters = |waiting: Vec<(u64, W)>| waiting.into_iter().map(|(_, waiter)| waiter).collect();
        (waiters(unsettled), waiters(undone))
    }
}

fn note_person(people: &mut BTreeMap<PersonId, PersonChange>, event: &Event) {
    match event {
        Event::CapacityChanged { counselor, capacity } => {
            people.entry((*counselor).into()).or_default().capacity = Some(*capacity);
        }
        Event::PresenceChosen { counselor, choice } => {
            let presence = choice.map_or(PublicStatus::Offline, PublicStatus::from);
            people.entry((*counselor).into()).or_default().presence = Some(presence);
        }
        Event::Expelled { person, how } => {
            let change = people.entry(*person).or_default();
            (change.standing, change.presence) = (Some(Standing::Out(*how)), Some(PublicStatus::Offline));
        }
        Event::Pardoned { person } => people.entry(*person).or_default().standing = Some(Standing::In),
        Event::Claimed
        | Event::Admitted { .. }
        | Event::Opened { .. }
        | Event::Widened { .. }
        | Event::PriorityChanged { .. }
        | Event::Assigned { .. }
        | Event::MediumChanged { .. }
        | Event::Noticed { .. }
        | Event::Unanswered { .. }
        | Event::Ended { .. }
        | Event::CounselorLost { .. } => {}
    }
}

/// A consultation that has just ended counts for both. A decision touches an ended conversation for the last time.
fn note_talk(people: &mut BTreeMap<PersonId, PersonChange>, facts: &Conversation) {
    let crate::dispatch::conversation::Phase::Ended { talk: Some((counselor, since)), at, .. } = facts.phase
    else {
        return;
    };
    if facts.is_consultation() {
        for person in [PersonId::from(facts.visitor), counselor.into()] {
            people.entry(person).or_default().talked += at.since(since);
        }
    }
}
