//! Whatever is answered without a commit, a refusal or a look, could be yesterday's: another server may have taken the
//! institution over meanwhile. So it is answered once the store has said, after it was asked, that the journal is still ours.
//! A commit needs none of this: it lands for the owner alone.

use std::{future::Future, time::Duration};

use actix::{ActorFutureExt, AsyncContext, Context, ContextFutureSpawner, WrapFuture};
use tokio::sync::oneshot;

use crate::{
    journal::StoreFault,
    protocol::Rejected,
    registry::{Registry, State},
    sabotage::{Sabotage, sabotaged},
    time::Timestamp,
};

/// After a store that did not answer.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// Nobody waits for longer: whoever asked has given up by then.
const CONFIRM_MAX: Duration = Duration::from_secs(10);
/// Looks and joins that wait beyond those for decisions.
pub(super) const LOOKS_MAX: usize = 1_000;

struct Confirmation {
    since: Timestamp,
    to: oneshot::Sender<Result<(), Rejected>>,
}

impl Confirmation {
    /// Whoever asked may be gone; then nobody is left to tell.
    fn tell(self, confirmed: Result<(), Rejected>) {
        let _ = self.to.send(confirmed);
    }
}

/// Who waits to hear that the journal is ours.
#[derive(Default)]
pub(super) struct Ownership {
    /// They came after the question under way was asked.
    waiting: Vec<Confirmation>,
    /// A question is under way, or will be asked again in a moment.
    is_asking: bool,
}

impl Ownership {
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The journal is another's.
    pub(super) fn abandon(&mut self) {
        for waiting in self.waiting.drain(..) {
            waiting.tell(Err(Rejected::Switching));
        }
    }
}

impl Registry {
    /// Ready once the journal was ours at a moment that has not come yet. Many who wait share a question.
    pub(super) fn confirm(
        &mut self,
        ctx: &mut Context<Self>,
    ) -> impl Future<Output = Result<(), Rejected>> + use<> {
        let (to, confirmed) = oneshot::channel();
        if self.state == State::Fenced {
            let _ = to.send(Err(Rejected::Switching));
        } else if sabotaged(Sabotage::AnswerUnconfirmed) {
            let _ = to.send(Ok(()));
        } else {
            self.ownership.waiting.push(Confirmation { since: self.now(), to });
            if !self.ownership.is_asking {
                self.ask_whose_it_is(ctx);
            }
        }
        async move { confirmed.await.unwrap_or(Err(Rejected::Unsettled)) }
    }

    /// As [`Registry::confirm`], for whoever only looks: refused where too many wait already.
    pub(super) fn confirm_look(
        &mut self,
        ctx: &mut Context<Self>,
    ) -> impl Future<Output = Result<(), Rejected>> + use<> {
        let too_many = self.ownership.waiting.len() >= LOOKS_MAX;
        let confirmed = (!too_many).then(|| self.confirm(ctx));
        async move {
            match confirmed {
                Some(confirmed) => confirmed.await,
                None => Err(Rejected::Busy),
            }
        }
    }

    fn ask_whose_it_is(&mut self, ctx: &mut Context<Self>) {
        let now = self.now();
        let (waiting, late) = std::mem::take(&mut self.ownership.waiting)
            .into_iter()
            .partition(|waiting| now.since(waiting.since) < CONFIRM_MAX);
        self.ownership.waiting = waiting;
        for waiting in Vec::from_iter(late) {
            waiting.tell(Err(Rejected::Unsettled));
        }
        self.ownership.is_asking = !self.ownership.waiting.is_empty();
        if !self.ownership.is_asking {
            return;
        }
        let asked = std::mem::take(&mut self.ownership.waiting);
        let writer = self.journal.writer();
        self.store
            .newest()
            .into_actor(self)
            .map(move |newest, this, ctx| match newest {
                Ok((_, owner)) if owner == writer => {
                    for waiting in asked {
                        waiting.tell(Ok(()));
                    }
                    this.ask_whose_it_is(ctx);
                }
                Ok(_) => {
                    this.ownership.waiting.extend(asked);
                    this.ownership.is_asking = false;
                    this.fenced();
                    this.ownership.abandon();
                }
                Err(StoreFault(fault)) => {
                    tracing::debug!(institution = %this.setup.institution, fault, "ownership not confirmed, asking again");
                    this.ownership.waiting.splice(0..0, asked);
                    ctx.run_later(ASK_AGAIN_AFTER, Self::ask_whose_it_is);
                }
            })
            .spawn(ctx);
    }
}
