//! People of a simulated day, each with moods of his own: what they do hangs on the seed alone.

use std::{rc::Rc, time::Duration};

use hotline_actors::{
    ConversationId, CounselorId, PersonId, Timestamp, VisitorId,
    dispatch::{
        command::{Answer, Command, Refusal},
        conversation::{Conversation, EndReason, Phase, Priority},
        counselor::{Choice, Role},
        event::Expulsion,
    },
    registry::{Badge, Choose, Rejected},
};
use tokio::time::sleep;
use uuid::Uuid;

use crate::{
    chance::Chance,
    ears::Line,
    world::{World, ends},
};

pub(crate) fn counselor(number: u64) -> CounselorId {
    CounselorId(Uuid::from_u64_pair(0xc, number))
}

pub(crate) fn supervisor(number: u64) -> CounselorId {
    CounselorId(Uuid::from_u64_pair(0xd, number))
}

fn visitor(number: u64) -> VisitorId {
    VisitorId(Uuid::from_u64_pair(0x1, number))
}

/// A visitor: comes a few times, waits, talks, falls silent, hangs up before the answer, ends twice.
pub(crate) struct Visitor {
    world: Rc<World>,
    chance: Chance,
    id: VisitorId,
    counselors: u64,
    line: Option<Line>,
    cursor: Option<u64>,
}

impl Visitor {
    pub(crate) fn new(world: &Rc<World>, number: u64, counselors: u64) -> Self {
        let chance = Chance::stream(world.seed, 10_000 + number);
        Self { world: Rc::clone(world), chance, id: visitor(number), counselors, line: None, cursor: None }
    }

    pub(crate) async fn lives(mut self, until: Timestamp) {
        let day = until.since(self.world.now()).as_secs();
        sleep(self.chance.seconds(0..=day * 9 / 10)).await;
        while self.world.now() < until {
            if self.chance.percent(60) {
                self.connects().await;
            }
            if let Some(conversation) = self.asks().await {
                self.stays(conversation, until).await;
            }
            self.disconnects();
            sleep(self.chance.seconds(600..=day / 3)).await;
        }
    }

    async fn connects(&mut self) {
        if self.line.as_ref().is_some_and(Line::is_up) {
            return;
        }
        self.disconnects();
        let since = self.cursor.filter(|_| self.chance.percent(70));
        self.line = self.world.joins(self.id.into(), Badge::Visitor, since).await;
    }

    fn disconnects(&mut self) {
        if let Some(line) = self.line.take() {
            self.cursor = line.leaves();
        }
    }

    async fn asks(&mut self) -> Option<ConversationId> {
        let wanted = self.chance.percent(60).then(|| self.chance.within(0..=self.counselors - 1));
        let fallback = [None, Some(true), Some(false)][usize::from(self.chance.percent(50))];
        for _ in 0..5 {
            let conversation = ConversationId(self.world.fresh_id());
            let open =
                Command::Open { conversation, visitor: self.id, wanted: wanted.map(counselor), fallback };
            if self.chance.percent(10) {
                // Hangs up before the answer; what he asked for may have happened.
                let patience = self.chance.millis(0..=12);
                let _ = tokio::time::timeout(patience, self.world.asks(open.clone())).await;
            }
            match self.world.asks(open).await {
                Ok(Answer::Opened { conversation, .. })
                | Err(Rejected::Refused(Refusal::AlreadyConsulting { conversation, .. })) => {
                    return Some(conversation);
                }
                Ok(Answer::Done) | Err(Rejected::Refused(_)) => return None,
                Err(Rejected::Busy | Rejected::Switching | Rejected::Stopping | Rejected::Unsettled) => {
                    sleep(self.chance.seconds(2..=60)).await;
                }
            }
        }
        None
    }

    async fn stays(&mut self, conversation: ConversationId, until: Timestamp) {
        let silent_after = self.chance.within(0..=40);
        let mut step = 0;
        while self.world.now() < until {
            sleep(self.chance.seconds(5..=180)).await;
            let facts = self.world.book().facts(conversation);
            let Some(facts) = facts.filter(|facts| !matches!(facts.phase, Phase::Ended { .. })) else {
                return;
            };
            step += 1;
            if self.chance.percent(4) {
                let end = ends(conversation, EndReason::Visitor);
                if self.chance.percent(30) {
                    // Twice, the second before the answer to the first.
                    let (first, second) = (self.world.asks(end.clone()), self.world.asks(end));
                    let _ = futures_util::future::join(first, second).await;
                } else if self.world.asks(end.clone()).await.is_ok() && self.chance.percent(30) {
                    let _ = self.world.asks(end).await;
                }
            } else if self.chance.percent(10) {
                self.disconnects();
            } else if self.chance.percent(10) {
                self.connects().await;
            } else if step < silent_after {
                self.world.says(&facts, false);
            }
        }
    }
}

/// A counselor or supervisor: answers, ends, changes his presence and capacity, and his sockets drop.
pub(crate) struct Desk {
    world: Rc<World>,
    chance: Chance,
    id: CounselorId,
    badge: Badge,
    line: Option<Line>,
    cursor: Option<u64>,
}

impl Desk {
    pub(crate) fn counselor(world: &Rc<World>, number: u64) -> Self {
        Self::new(world, counselor(number), Role::Counselor, 3, 100 + number)
    }

    pub(crate) fn supervisor(world: &Rc<World>, number: u64) -> Self {
        Self::new(world, supervisor(number), Role::Supervisor, 2, 200 + number)
    }

    fn new(world: &Rc<World>, id: CounselorId, role: Role, capacity: u32, stream: u64) -> Self {
        let badge = Badge::Counselor { role, capacity, choice: None };
        let chance = Chance::stream(world.seed, stream);
        Self { world: Rc::clone(world), chance, id, badge, line: None, cursor: None }
    }

    pub(crate) async fn works(mut self, until: Timestamp) {
        while self.world.now() < until {
            if !self.line.as_ref().is_some_and(Line::is_up) {
                self.disconnects();
                let since = self.cursor.filter(|_| self.chance.percent(70));
                self.line = self.world.joins(self.id.into(), self.badge, since).await;
            }
            sleep(self.chance.seconds(20..=120)).await;
            for talk in self.talks() {
                if self.chance.percent(60) {
                    self.world.says(&talk, true);
                }
                if self.chance.percent(2) {
                    let _ = self.world.asks(ends(talk.id, EndReason::Counselor)).await;
                } else if self.chance.percent(2) {
                    self.calls(talk.id).await;
                }
            }
            if self.chance.percent(12) {
                self.changes().await;
            }
        }
        self.disconnects();
    }

    fn talks(&self) -> Vec<Conversation> {
        let book = self.world.book();
        book.folded.conversations().filter(|facts| facts.counselor() == Some(self.id)).copied().collect()
    }

    fn disconnects(&mut self) {
        if let Some(line) = self.line.take() {
            self.cursor = line.leaves();
        }
    }

    async fn calls(&mut self, consultation: ConversationId) {
        let conversation = ConversationId(self.world.fresh_id());
        let supervisor = supervisor(self.chance.within(0..=1));
        let _ = self.world.asks(Command::Supervise { conversation, consultation, supervisor }).await;
    }

    async fn changes(&mut self) {
        match self.chance.within(0..=9) {
            // Flaps, and now and then stays away for longer than the grace.
            0..=2 => {
                self.disconnects();
                sleep(self.chance.seconds(1..=50)).await;
            }
            3 => {
                self.disconnects();
                sleep(self.chance.seconds(50..=900)).await;
            }
            4..=6 => {
                let choices = [Choice::Online, Choice::Online, Choice::Online, Choice::Busy, Choice::Away];
                let choice = self.chance.one_of(&choices).unwrap_or(Choice::Online);
                if let Some(registry) = self.world.registry() {
                    self.world.note(|| format!("{} chooses {choice:?}", self.id));
                    registry.do_send(Choose { counselor: self.id, choice });
                }
            }
            _ => {
                let capacity = u32::try_from(self.chance.within(0..=5)).unwrap_or(3);
                let _ = self.world.asks(Command::SetCapacity { counselor: self.id, capacity }).await;
            }
        }
    }
}

/// An administrator: raises priorities, and rarely takes somebody out.
pub(crate) async fn administrates(world: Rc<World>, until: Timestamp, counselors: u64, visitors: u64) {
    let mut chance = Chance::stream(world.seed, 300);
    while world.now() < until {
        sleep(chance.seconds(60..=900)).await;
        let waiting: Vec<ConversationId> = world
            .book()
            .folded
            .conversations()
            .filter(|facts| facts.phase == Phase::Waiting)
            .map(|facts| facts.id)
            .collect();
        if let Some(conversation) = chance.one_of(&waiting) {
            let priority = if chance.percent(70) { Priority::Urgent } else { Priority::Normal };
            let _ = world.asks(Command::Prioritize { conversation, priority }).await;
        }
        if chance.percent(6) {
            let person: PersonId = visitor(chance.within(0..=visitors - 1)).into();
            let _ = world.asks(Command::Expel { person, how: Expulsion::Banned }).await;
            sleep(chance.seconds(1..=900)).await;
            let _ = world.asks(Command::Pardon { person, seat: None }).await;
        }
        if chance.percent(4) {
            let he = counselor(chance.within(0..=counselors - 1));
            let _ = world.asks(Command::Expel { person: he.into(), how: Expulsion::Banned }).await;
            sleep(chance.seconds(1..=300)).await;
            let again = Command::Pardon { person: he.into(), seat: Some((Role::Counselor, 3)) };
            let _ = world.asks(again).await;
        }
    }
}

/// The server dies a few times a day, at any moment, and comes back.
pub(crate) async fn kills(world: Rc<World>, until: Timestamp) {
    let mut chance = Chance::stream(world.seed, 400);
    loop {
        sleep(chance.seconds(3_600..=18_000) + chance.millis(0..=999)).await;
        if world.now() + Duration::from_mins(10) > until {
            return;
        }
        world.kill().await;
        sleep(chance.millis(0..=120_000)).await;
        world.start().await;
    }
}
