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
};

/// After a store that did not answer.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(200);

type Confirmation = oneshot::Sender<Result<(), Rejected>>;

/// Who waits to hear that the journal is ours.
#[derive(Default)]
pub(super) struct Ownership {
    /// They came after the question under way was asked.
    waiting: Vec<Confirmation>,
    is_asking: bool,
}

impl Ownership {
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The journal is another's.
    pub(super) fn abandon(&mut self) {
        for waiting in self.waiting.drain(..) {
            // Whoever asked may have given up waiting; then nobody is left to tell.
            let _ = waiting.send(Err(Rejected::Switching));
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
            self.ownership.waiting.push(to);
            self.ask_whose_it_is(ctx);
        }
        async move { confirmed.await.unwrap_or(Err(Rejected::Unsettled)) }
    }

    fn ask_whose_it_is(&mut self, ctx: &mut Context<Self>) {
        self.ownership.waiting.retain(|waiting| !waiting.is_closed());
        if self.ownership.is_asking || self.ownership.waiting.is_empty() {
            return;
        }
        self.ownership.is_asking = true;
        let asked = std::mem::take(&mut self.ownership.waiting);
        let writer = self.journal.writer();
        self.store
            .newest()
            .into_actor(self)
            .map(move |newest, this, ctx| {
                this.ownership.is_asking = false;
                match newest {
                    Ok((_, owner)) if owner == writer => {
                        for waiting in asked {
                            let _ = waiting.send(Ok(()));
                        }
                        this.ask_whose_it_is(ctx);
                    }
                    Ok(_) => {
                        this.ownership.waiting.extend(asked);
                        this.fenced();
                        this.ownership.abandon();
                    }
                    Err(StoreFault(fault)) => {
                        tracing::debug!(institution = %this.setup.institution, fault, "ownership not confirmed, asking again");
                        this.ownership.waiting.splice(0..0, asked);
                        ctx.run_later(ASK_AGAIN_AFTER, Self::ask_whose_it_is);
                    }
                }
            })
            .spawn(ctx);
    }
}
