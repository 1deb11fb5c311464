//! Administrators.

use std::rc::Rc;

use hotline_actors::{
    ConversationId, PersonId, Timestamp,
    dispatch::{
        command::{Answer, Command},
        conversation::{EndReason, Phase, Priority},
        counselor::Role,
        event::Removal,
    },
    registry::{Rejected, SocketRole},
};
use tokio::time::sleep;
use uuid::Uuid;

use crate::{
    people::{counselor, visitor},
    rng::Rng,
    sockets::ClientSocket,
    world::{World, ends},
};

/// An administrator: looks on, raises priorities, ends talks, and rarely bans or deletes somebody, or brings in
/// somebody new.
pub(crate) struct Administrator {
    world: Rc<World>,
    rng: Rng,
    id: PersonId,
    socket: Option<ClientSocket>,
    counselors: u64,
    visitors: u64,
}

/// Until somebody is taken out for good: after that many asked, somebody has.
const TRIES_MAX: usize = 8;

impl Administrator {
    pub(crate) fn new(world: &Rc<World>, number: u64, counselors: u64, visitors: u64) -> Self {
        let rng = Rng::stream(world.seed, 300 + number);
        let id = PersonId(Uuid::from_u64_pair(0xa, number));
        Self { world: Rc::clone(world), rng, id, socket: None, counselors, visitors }
    }

    pub(crate) async fn works(mut self, until: Timestamp) {
        while self.world.now() < until {
            sleep(self.rng.seconds(60..=900)).await;
            self.looks_on().await;
            self.sorts_the_queue().await;
            match self.rng.within(0..=99) {
                0..=5 => self.bans_a_visitor().await,
                6..=9 => self.bans_a_counselor().await,
                10..=12 => self.deletes_a_visitor().await,
                13..=14 => self.tries_somebody_new().await,
                15..=20 => self.ends_a_talk().await,
                _ => {}
            }
        }
    }

    async fn looks_on(&mut self) {
        if self.socket.as_ref().is_some_and(ClientSocket::is_up) && self.rng.percent(80) {
            return;
        }
        let since = self.socket.take().and_then(ClientSocket::leaves).filter(|_| self.rng.percent(70));
        self.socket = self.world.joins(self.id, SocketRole::Administrator, since).await;
    }

    async fn sorts_the_queue(&mut self) {
        let waiting = self.open(|phase| phase == Phase::Waiting);
        if let Some(conversation) = self.rng.one_of(&waiting) {
            let priority = if self.rng.percent(70) { Priority::Urgent } else { Priority::Normal };
            let _ = self.asks(Command::Prioritize { conversation, priority }).await;
        }
    }

    async fn ends_a_talk(&mut self) {
        let talks = self.open(|phase| phase != Phase::Waiting);
        if let Some(talk) = self.rng.one_of(&talks) {
            let _ = self.asks(ends(talk, EndReason::Administrator)).await;
        }
    }

    async fn bans_a_visitor(&mut self) {
        let person: PersonId = visitor(self.rng.within(0..=self.visitors - 1)).into();
        let _ = self.asks(Command::Remove { person, how: Removal::Banned }).await;
        sleep(self.rng.seconds(1..=900)).await;
        self.insists(Command::Reinstate { person, seat: None }).await;
    }

    async fn bans_a_counselor(&mut self) {
        let person: PersonId = counselor(self.rng.within(0..=self.counselors - 1)).into();
        let _ = self.asks(Command::Remove { person, how: Removal::Banned }).await;
        sleep(self.rng.seconds(1..=300)).await;
        self.insists(Command::Reinstate { person, seat: Some((Role::Counselor, 3)) }).await;
    }

    async fn deletes_a_visitor(&mut self) {
        let person: PersonId = visitor(self.rng.within(0..=self.visitors - 1)).into();
        let _ = self.asks(Command::Remove { person, how: Removal::Deleted }).await;
    }

    /// Somebody new comes in, is asked for by name, never shows up, and is deleted again.
    async fn tries_somebody_new(&mut self) {
        let new = counselor(self.counselors);
        if self.world.stored().is_out(new.into()) {
            return;
        }
        self.insists(Command::AddStaff { counselor: new, role: Role::Counselor, capacity: 2 }).await;
        sleep(self.rng.seconds(600..=7_200)).await;
        let _ = self.asks(Command::Remove { person: new.into(), how: Removal::Deleted }).await;
    }

    /// Asks until it is done, or refused.
    async fn insists(&mut self, command: Command) {
        for _ in 0..TRIES_MAX {
            match self.asks(command.clone()).await {
                Ok(_) | Err(Rejected::Refused(_)) => return,
                Err(_) => sleep(self.rng.seconds(5..=120)).await,
            }
        }
    }

    async fn asks(&self, command: Command) -> Result<Answer, Rejected> {
        self.world.asks_by(self.id, command).await
    }

    fn open(&self, which: impl Fn(Phase) -> bool) -> Vec<ConversationId> {
        let stored = self.world.stored();
        stored.folded.conversations().filter(|facts| which(facts.phase)).map(|facts| facts.id).collect()
    }
}
