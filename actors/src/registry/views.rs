//! What others may look at: always what is committed, never what is only decided.

use std::collections::BTreeMap;

use actix::{Handler, Message, ResponseFuture};

use crate::{
    dispatch::{
        command::Place,
        conversation::{Conversation, Phase},
        counselor::Counselor,
        laws::{Breaches, Law},
        queue::Ticket,
    },
    ids::{ConversationId, CounselorId},
    protocol::Rejected,
    push::{Load, StandingAlarm},
    registry::{Registry, State},
    sabotage::{Sabotage, sabotaged},
    time::Timestamp,
};

/// A waiting conversation's place; none if it does not wait, or if nobody knows whether this server still serves it.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "Option<Place>")]
pub struct LookPlace(pub ConversationId);

/// Who is there, and who waits.
///
/// # Errors
/// When another server has taken over, or nobody knows.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "Result<QueueOverview, Rejected>")]
pub struct LookQueues;

/// The institution as it stands.
#[derive(Debug, Clone, Default)]
pub struct QueueOverview {
    /// Everyone with places.
    pub loads: Vec<Load>,
    /// Everyone who waits, in the order of service of one queue that had them all.
    pub waiting: Vec<Conversation>,
    /// How many stand in the common queue.
    pub common_waiting: usize,
    /// How many would be served before somebody who asked for each now.
    pub before_new: BTreeMap<CounselorId, usize>,
    /// What is not settled.
    pub alarms: Vec<StandingAlarm>,
}

/// How the Registry and its journal are.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "Health")]
pub struct LookHealth;

/// See [`LookHealth`].
#[derive(Debug, Clone, Default)]
pub struct Health {
    /// Whether it serves: neither fenced nor stopping.
    pub serving: bool,
    /// Whether another server has taken over.
    pub fenced: bool,
    /// Whether the store does not answer as it should.
    pub troubled: bool,
    /// The last event that is committed.
    pub committed: u64,
    /// Events decided and not yet committed.
    pub backlog: usize,
    /// When the oldest decision not yet committed was made.
    pub uncommitted_since: Option<Timestamp>,
    /// What was committed.
    pub tally: Tally,
    /// Sockets held.
    pub sockets: usize,
    /// Conversations in progress.
    pub in_progress: usize,
    /// Conversations that wait.
    pub waiting: usize,
    /// Those of them that stand in the common queue …
    pub common_waiting: usize,
    /// … and in queues of counselors and supervisors; in both if others are allowed.
    pub queue_waiting: usize,
    /// When the one who waits longest came.
    pub waiting_since: Option<Timestamp>,
    /// How often each law was found broken.
    pub breaches: Vec<(Law, u64)>,
}

/// What a Registry's journal has done since it started; only ever grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Batches that were committed.
    pub commits: u64,
    /// Events in them.
    pub events: u64,
    /// Batches tried again, their outcome being unknown.
    pub retries: u64,
}

impl From<&Counselor> for Load {
    fn from(counselor: &Counselor) -> Self {
        Self {
            counselor: counselor.id,
            role: counselor.role,
            shown: counselor.public_status(),
            on_shift: counselor.on_shift,
            active: counselor.active.len(),
            waiting: counselor.queue.len(),
            capacity: counselor.capacity,
        }
    }
}

impl Handler<LookPlace> for Registry {
    type Result = ResponseFuture<Option<Place>>;

    fn handle(&mut self, LookPlace(conversation): LookPlace, ctx: &mut Self::Context) -> Self::Result {
        self.committed.mirror_presence(&self.decided);
        let place = self.committed.place(conversation);
        let confirmed = self.confirm_look(ctx);
        Box::pin(async move { confirmed.await.ok().and(place) })
    }
}

impl Handler<LookQueues> for Registry {
    type Result = ResponseFuture<Result<QueueOverview, Rejected>>;

    fn handle(&mut self, _: LookQueues, ctx: &mut Self::Context) -> Self::Result {
        let now = self.now();
        self.committed.mirror_presence(&self.decided);
        let shown = if sabotaged(Sabotage::ShowBeforeKept) { &self.decided } else { &self.committed };
        let mut waiting: Vec<Conversation> =
            shown.conversations().filter(|facts| facts.phase == Phase::Waiting).copied().collect();
        waiting.sort_unstable_by_key(|facts| Ticket::from(facts));
        let overview = QueueOverview {
            loads: self.committed.counselors().map(Load::from).collect(),
            waiting,
            common_waiting: self.committed.common_queue().len(),
            before_new: self.committed.waiting_before_new(now).collect(),
            alarms: self.standing_alarms(),
        };
        let confirmed = self.confirm_look(ctx);
        Box::pin(async move { confirmed.await.map(|()| overview) })
    }
}

impl Handler<LookHealth> for Registry {
    type Result = actix::MessageResult<LookHealth>;

    fn handle(&mut self, _: LookHealth, _ctx: &mut Self::Context) -> Self::Result {
        let breaches: &Breaches = self.decided.breaches();
        let (waiting, in_progress): (Vec<&Conversation>, Vec<&Conversation>) =
            self.committed.conversations().partition(|facts| facts.phase == Phase::Waiting);
        // What another server has overtaken is no longer on its way.
        let uncommitted_since = self.journal.uncommitted_since().filter(|_| self.state != State::Fenced);
        actix::MessageResult(Health {
            serving: self.state == State::Serving,
            fenced: self.state == State::Fenced,
            troubled: self.troubled,
            committed: self.journal.committed(),
            backlog: self.journal.backlog(),
            uncommitted_since,
            tally: self.tally,
            sockets: self.children.sockets(),
            in_progress: in_progress.len(),
            waiting: waiting.len(),
            common_waiting: self.committed.common_queue().len(),
            queue_waiting: self.committed.counselors().map(|counselor| counselor.queue.len()).sum(),
            waiting_since: waiting.iter().map(|facts| facts.opened_at).min(),
            breaches: Law::ALL.into_iter().map(|law| (law, breaches.of(law))).collect(),
        })
    }
}
