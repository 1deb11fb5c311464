//! Counselors and supervisors.

use std::rc::Rc;

use hotline_actors::{
    ConversationId, CounselorId, Timestamp,
    dispatch::{
        command::Command,
        conversation::{Conversation, EndReason},
        counselor::{ChosenStatus, Role},
    },
    registry::SocketRole,
};
use tokio::time::sleep;

use crate::{
    people::{counselor, supervisor},
    rng::Rng,
    sockets::ClientSocket,
    world::{World, ends},
};

/// A counselor or supervisor: answers, ends, changes presence and capacity, and has sockets that drop.
pub(crate) struct Counselor {
    world: Rc<World>,
    rng: Rng,
    id: CounselorId,
    role: Role,
    capacity: u32,
    socket: Option<ClientSocket>,
    /// Another tab, with choices of its own memory.
    tab: Option<ClientSocket>,
    cursor: Option<u64>,
}

impl Counselor {
    pub(crate) fn taking_visitors(world: &Rc<World>, number: u64) -> Self {
        Self::new(world, counselor(number), Role::Counselor, 3, 100 + number)
    }

    pub(crate) fn supervisor(world: &Rc<World>, number: u64) -> Self {
        Self::new(world, supervisor(number), Role::Supervisor, 2, 200 + number)
    }

    fn new(world: &Rc<World>, id: CounselorId, role: Role, capacity: u32, stream: u64) -> Self {
        let rng = Rng::stream(world.seed, stream);
        Self { world: Rc::clone(world), rng, id, role, capacity, socket: None, tab: None, cursor: None }
    }

    pub(crate) async fn works(mut self, until: Timestamp) {
        while self.world.now() < until {
            if !self.socket.as_ref().is_some_and(ClientSocket::is_up)
                && !self.world.stored().is_out(self.id.into())
            {
                self.disconnects();
                let since = self.cursor.filter(|_| self.rng.percent(70));
                let socket_role = self.socket_role();
                self.socket = self.world.joins(self.id.into(), socket_role, since).await;
            }
            if self.rng.percent(5) {
                self.turns_to_another_tab().await;
            }
            sleep(self.rng.seconds(20..=120)).await;
            for talk in self.talks() {
                if self.rng.percent(60) {
                    self.world.says_by_im(&talk, true);
                }
                if self.rng.percent(2) {
                    let _ = self.world.asks_by(self.id, ends(talk.id, EndReason::Counselor)).await;
                } else if self.rng.percent(2) {
                    self.calls(talk.id).await;
                }
            }
            if self.rng.percent(12) {
                self.changes().await;
            }
        }
        self.disconnects();
    }

    /// A client may say what its person was once.
    fn socket_role(&mut self) -> SocketRole {
        let wishes = [
            None,
            None,
            Some(ChosenStatus::Online),
            Some(ChosenStatus::Online),
            Some(ChosenStatus::Busy),
            Some(ChosenStatus::Away),
        ];
        let choice = self.rng.one_of(&wishes).flatten();
        SocketRole::Counselor { role: self.role, capacity: self.capacity, choice }
    }

    async fn turns_to_another_tab(&mut self) {
        if let Some(tab) = self.tab.take() {
            tab.leaves();
        } else if self.socket.as_ref().is_some_and(ClientSocket::is_up)
            && !self.world.stored().is_out(self.id.into())
        {
            let socket_role = self.socket_role();
            self.tab = self.world.joins(self.id.into(), socket_role, None).await;
        }
    }

    fn talks(&self) -> Vec<Conversation> {
        let stored = self.world.stored();
        stored.folded.conversations().filter(|facts| facts.counselor() == Some(self.id)).copied().collect()
    }

    fn disconnects(&mut self) {
        if let Some(tab) = self.tab.take() {
            tab.leaves();
        }
        if let Some(socket) = self.socket.take() {
            self.cursor = socket.leaves();
        }
    }

    async fn calls(&mut self, consultation: ConversationId) {
        let conversation = ConversationId(self.world.fresh_id());
        let supervisor = supervisor(self.rng.within(0..=1));
        let _ =
            self.world.asks_by(self.id, Command::Supervise { conversation, consultation, supervisor }).await;
    }

    async fn changes(&mut self) {
        match self.rng.within(0..=9) {
            // Flaps, and now and then stays away for longer than the grace.
            0..=2 => {
                self.disconnects();
                sleep(self.rng.seconds(1..=50)).await;
            }
            3 => {
                self.disconnects();
                sleep(self.rng.seconds(50..=900)).await;
            }
            4..=6 => {
                let choices = [
                    ChosenStatus::Online,
                    ChosenStatus::Online,
                    ChosenStatus::Online,
                    ChosenStatus::Busy,
                    ChosenStatus::Away,
                ];
                let choice = self.rng.one_of(&choices).unwrap_or(ChosenStatus::Online);
                let at = if self.rng.percent(30) { self.tab.as_ref() } else { None };
                if let Some(socket) = at.or(self.socket.as_ref()).filter(|socket| socket.is_up()) {
                    self.world.note(|| format!("{} chooses {choice:?}", self.id));
                    self.world.store.0.borrow_mut().asked.entry(self.id).or_default().push(choice);
                    socket.chooses(choice);
                }
            }
            _ => {
                let capacity = u32::try_from(self.rng.within(0..=5)).unwrap_or(3);
                let set = Command::SetCapacity { counselor: self.id, capacity };
                let _ = self.world.asks_by(self.id, set).await;
            }
        }
    }
}
