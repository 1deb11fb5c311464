//! What others may look at: always what is kept, never what is only decided.

use actix::{Handler, Message};

use crate::{
    dispatch::{
        command::Place,
        conversation::{Conversation, Phase},
        counselor::Counselor,
        laws::{Breaches, Law},
        queue::Ticket,
    },
    ids::ConversationId,
    push::Load,
    registry::{Registry, State},
};

/// A waiting conversation's place; none if it does not wait.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "Option<Place>")]
pub struct LookPlace(pub ConversationId);

/// Who is there, and who waits.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "Floor")]
pub struct LookFloor;

/// The institution as it stands.
#[derive(Debug, Clone, Default)]
pub struct Floor {
    /// Everyone with places.
    pub loads: Vec<Load>,
    /// Everyone who waits, in the order of service of one line that had them all.
    pub waiting: Vec<Conversation>,
    /// How many stand in the common queue.
    pub common_waiting: usize,
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
    /// Whether the store answers as it should.
    pub troubled: bool,
    /// The last event that is kept.
    pub committed: u64,
    /// Events decided and not yet kept.
    pub backlog: usize,
    /// Sockets held.
    pub sockets: usize,
    /// Open conversations, waiting or in progress.
    pub open: usize,
    /// How often each law was found broken.
    pub breaches: Vec<(Law, u64)>,
}

impl From<&Counselor> for Load {
    fn from(counselor: &Counselor) -> Self {
        Self {
            counselor: counselor.id,
            role: counselor.role,
            shown: counselor.shown(),
            on_shift: counselor.on_shift,
            active: counselor.active.len(),
            waiting: counselor.line.len(),
            capacity: counselor.capacity,
        }
    }
}

impl Handler<LookPlace> for Registry {
    type Result = Option<Place>;

    fn handle(&mut self, LookPlace(conversation): LookPlace, _ctx: &mut Self::Context) -> Self::Result {
        self.kept.mirror_presence(&self.decided);
        self.kept.place(conversation)
    }
}

impl Handler<LookFloor> for Registry {
    type Result = actix::MessageResult<LookFloor>;

    fn handle(&mut self, _: LookFloor, _ctx: &mut Self::Context) -> Self::Result {
        self.kept.mirror_presence(&self.decided);
        let mut waiting: Vec<Conversation> =
            self.kept.conversations().filter(|facts| facts.phase == Phase::Waiting).copied().collect();
        waiting.sort_unstable_by_key(|facts| Ticket::from(facts));
        actix::MessageResult(Floor {
            loads: self.kept.counselors().map(Load::from).collect(),
            waiting,
            common_waiting: self.kept.common().len(),
        })
    }
}

impl Handler<LookHealth> for Registry {
    type Result = actix::MessageResult<LookHealth>;

    fn handle(&mut self, _: LookHealth, _ctx: &mut Self::Context) -> Self::Result {
        let breaches: &Breaches = self.decided.breaches();
        actix::MessageResult(Health {
            serving: self.state == State::Serving,
            troubled: self.troubled,
            committed: self.journal.committed(),
            backlog: self.journal.backlog(),
            sockets: self.carriers.sockets(),
            open: self.kept.conversations().count(),
            breaches: Law::ALL.into_iter().map(|law| (law, breaches.of(law))).collect(),
        })
    }
}
