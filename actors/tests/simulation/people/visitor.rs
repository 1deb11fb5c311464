//! Visitors.

use std::rc::Rc;

use hotline_actors::{
    ConversationId, Timestamp, VisitorId,
    dispatch::{
        command::{Answer, Command, Refusal},
        conversation::{EndReason, Phase},
    },
    registry::{Rejected, SocketRole},
};
use tokio::time::sleep;

use crate::{
    chance::Chance,
    ears::Line,
    people::{counselor, visitor},
    world::{World, ends},
};

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
            if self.world.book().is_out(self.id.into()) {
                // Banned: they cannot log in. They try again later, for good if they were deleted.
                sleep(self.chance.seconds(600..=3_600)).await;
                continue;
            }
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
        self.line = self.world.joins(self.id.into(), SocketRole::Visitor, since).await;
    }

    fn disconnects(&mut self) {
        if let Some(line) = self.line.take() {
            self.cursor = line.leaves();
        }
    }

    async fn asks(&mut self) -> Option<ConversationId> {
        // Now and then for somebody who is new here, and soon gone.
        let wanted = self.chance.percent(60).then(|| self.chance.within(0..=self.counselors));
        let fallback = [None, Some(true), Some(false)][usize::from(self.chance.percent(50))];
        for _ in 0..5 {
            let conversation = ConversationId(self.world.fresh_id());
            let open = Command::Open {
                conversation,
                visitor: self.id,
                requested_counselor: wanted.map(counselor),
                allow_fallback: fallback,
            };
            if self.chance.percent(10) {
                // Hangs up before the answer; what they asked for may have happened.
                let patience = self.chance.millis(0..=12);
                let _ = tokio::time::timeout(patience, self.world.asks_by(self.id, open.clone())).await;
            }
            match self.world.asks_by(self.id, open).await {
                Ok(Answer::Opened { facts, .. }) => return Some(facts.id),
                Err(Rejected::Refused(Refusal::AlreadyConsulting { conversation, .. })) => {
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
                    let (first, second) =
                        (self.world.asks_by(self.id, end.clone()), self.world.asks_by(self.id, end));
                    let _ = futures_util::future::join(first, second).await;
                } else if self.world.asks_by(self.id, end.clone()).await.is_ok() && self.chance.percent(30) {
                    let _ = self.world.asks_by(self.id, end).await;
                }
            } else if self.chance.percent(10) {
                self.disconnects();
            } else if self.chance.percent(10) {
                self.connects().await;
            } else if step < silent_after {
                self.world.says_by_im(&facts, false);
            }
        }
    }
}
