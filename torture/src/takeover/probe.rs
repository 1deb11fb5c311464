//! Visitors who open and end a conversation again and again, together every fifty milliseconds, through the balancer: how long
//! nobody is served after a fault shows here.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use crate::{
    history::Fact,
    load::{
        World,
        asker::{Asker, KnownStatus},
    },
};

/// Between two who ask.
const STEP: Duration = Duration::from_millis(50);
/// So many that one who waits for an answer in vain, as long as they wait, leaves no gap.
pub(super) const VISITORS: u32 = 40;
const ANSWER_MAX: Duration = STEP.saturating_mul(VISITORS);

struct Prober {
    asker: Asker,
    talk: Option<String>,
    /// No answer is missing: it is known whether there is a talk.
    sure: bool,
}

/// Asks until the world closes.
pub(super) async fn ask(world: World, number: u32) {
    let asker = Asker::come(&world, &format!("probe{number}")).await;
    let mut prober = Prober { asker, talk: None, sure: true };
    let mut rounds = interval_at(Instant::now() + STEP * number, ANSWER_MAX);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while !world.is_closing() {
        rounds.tick().await;
        // Who has no answer by then asks again.
        let _unanswered = timeout(ANSWER_MAX, prober.decide()).await;
    }
}

impl Prober {
    /// One decision. Given up in the middle, it leaves what is not known as not known.
    async fn decide(&mut self) {
        if !self.sure {
            // What has happened already would be told again without any decision.
            let Ok(newest) = self.asker.newest().await else { return };
            self.talk = newest.filter(KnownStatus::is_open).map(|known| known.conversation);
        }
        self.sure = false;
        let asked_ms = self.asker.world.history.run_ms();
        if let Some(talk) = &self.talk {
            if !self.asker.end(talk).await {
                return;
            }
            self.talk = None;
        } else {
            let Some(known) = self.asker.open(&Asker::for_anyone()).await else { return };
            self.talk = Some(known.conversation);
        }
        self.sure = true;
        self.asker.world.history.note(&self.asker.username, Fact::Decided { asked_ms });
    }
}
