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
    people::{counselor, visitor},
    rng::Rng,
    sockets::ClientSocket,
    world::{World, ends},
};

/// A visitor: comes a few times, waits, talks, falls silent, hangs up before the answer, ends twice.
pub(crate) struct Visitor {
    world: Rc<World>,
    rng: Rng,
    id: VisitorId,
    counselors: u64,
    socket: Option<ClientSocket>,
    cursor: Option<u64>,
}

impl Visitor {
    pub(crate) fn new(world: &Rc<World>, number: u64, counselors: u64) -> Self {
        let rng = Rng::stream(world.seed, 10_000 + number);
        Self { world: Rc::clone(world), rng, id: visitor(number), counselors, socket: None, cursor: None }
    }

    pub(crate) async fn lives(mut self, until: Timestamp) {
        let day = until.since(self.world.now()).as_secs();
        sleep(self.rng.seconds(0..=day * 9 / 10)).await;
        while self.world.now() < until {
            if self.world.stored().is_out(self.id.into()) {
                // Banned: they cannot log in. They try again later, for good if they were deleted.
                sleep(self.rng.seconds(600..=3_600)).await;
                continue;
            }
            if self.rng.percent(60) {
                self.connects().await;
            }
            if let Some(conversation) = self.asks().await {
                self.stays(conversation, until).await;
            }
            self.disconnects();
            sleep(self.rng.seconds(600..=day / 3)).await;
        }
    }

    async fn connects(&mut self) {
        if self.socket.as_ref().is_some_and(ClientSocket::is_up) {
            return;
        }
        self.disconnects();
        let since = self.cursor.filter(|_| self.rng.percent(70));
        self.socket = self.world.joins(self.id.into(), SocketRole::Visitor, since).await;
    }

    fn disconnects(&mut self) {
        if let Some(socket) = self.socket.take() {
            self.cursor = socket.leaves();
        }
    }

    async fn asks(&mut self) -> Option<ConversationId> {
        // Now and then for somebody who is new here, and soon gone.
        let wanted = self.rng.percent(60).then(|| self.rng.within(0..=self.counselors));
        let fallback = [None, Some(true), Some(false)][usize::from(self.rng.percent(50))];
        for _ in 0..5 {
            let conversation = ConversationId(self.world.fresh_id());
            let open = Command::Open {
                conversation,
                visitor: self.id,
                requested_counselor: wanted.map(counselor),
                allow_fallback: fallback,
            };
            if self.rng.percent(10) {
                // Hangs up before the answer; what they asked for may have happened.
                let patience = self.rng.millis(0..=12);
                let _ = tokio::time::timeout(patience, self.world.asks_by(self.id, open.clone())).await;
            }
            match self.world.asks_by(self.id, open).await {
                Ok(Answer::Opened { facts, .. }) => return Some(facts.id),
                Err(Rejected::Refused(Refusal::AlreadyConsulting { conversation, .. })) => {
                    return Some(conversation);
                }
                Ok(Answer::Done) | Err(Rejected::Refused(_)) => return None,
                Err(Rejected::Busy | Rejected::Switching | Rejected::Stopping | Rejected::Unsettled) => {
                    sleep(self.rng.seconds(2..=60)).await;
                }
            }
        }
        None
    }

    async fn stays(&mut self, conversation: ConversationId, until: Timestamp) {
        let silent_after = self.rng.within(0..=40);
        let mut step = 0;
        while self.world.now() < until {
            sleep(self.rng.seconds(5..=180)).await;
            let facts = self.world.stored().facts(conversation);
            let Some(facts) = facts.filter(|facts| !matches!(facts.phase, Phase::Ended { .. })) else {
                return;
            };
            step += 1;
            if self.rng.percent(4) {
                let end = ends(conversation, EndReason::Visitor);
                if self.rng.percent(30) {
                    // Twice, the second before the answer to the first.
                    let (first, second) =
                        (self.world.asks_by(self.id, end.clone()), self.world.asks_by(self.id, end));
                    let _ = futures_util::future::join(first, second).await;
                } else if self.world.asks_by(self.id, end.clone()).await.is_ok() && self.rng.percent(30) {
                    let _ = self.world.asks_by(self.id, end).await;
                }
            } else if self.rng.percent(10) {
                self.disconnects();
            } else if self.rng.percent(10) {
                self.connects().await;
            } else if step < silent_after {
                self.world.says_by_im(&facts, false);
            }
        }
    }
}
