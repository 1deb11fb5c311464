//! How a Registry ends: with its server, handed over in order, or because another server owns the institution already.

use actix::{ActorContext, Context, Handler, ResponseFuture};
use tokio::sync::oneshot;

use crate::{
    protocol::{HandOver, Rejected, Retire, SendSocketsAway, ShutDown},
    push::Closing,
    registry::{Registry, State},
};

impl State {
    /// How the sockets are closed when all that was decided is kept; none where it does not end with that.
    pub(super) fn ends_with(self) -> Option<Closing> {
        match self {
            Self::Stopping => Some(Closing::GoingAway),
            Self::HandingOver => Some(Closing::Switching),
            Self::Serving | Self::Fenced => None,
        }
    }

    /// What whoever asks for something new is told; none while it is decided.
    pub(super) fn rejects(self) -> Option<Rejected> {
        match self {
            Self::Serving => None,
            Self::Stopping => Some(Rejected::Stopping),
            Self::HandingOver | Self::Fenced => Some(Rejected::Switching),
        }
    }
}

impl Registry {
    /// Ends in order: ready when all that was decided is kept.
    fn end(&mut self, how: State, ctx: &mut Context<Self>) -> ResponseFuture<()> {
        let (stopped, waiting) = oneshot::channel();
        if self.state == State::Fenced {
            return Box::pin(std::future::ready(()));
        }
        self.state = how;
        self.stopping.push(stopped);
        self.start_next_commit(ctx);
        // The Registry drops the sender only when it dies, and then nothing is left to wait for.
        Box::pin(async move { waiting.await.unwrap_or(()) })
    }
}

impl Handler<ShutDown> for Registry {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: ShutDown, ctx: &mut Self::Context) -> Self::Result {
        self.end(State::Stopping, ctx)
    }
}

impl Handler<HandOver> for Registry {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: HandOver, ctx: &mut Self::Context) -> Self::Result {
        self.end(State::HandingOver, ctx)
    }
}

impl Handler<Retire> for Registry {
    type Result = ();

    fn handle(&mut self, _: Retire, ctx: &mut Self::Context) {
        if self.state != State::Fenced {
            tracing::info!(institution = %self.setup.institution, "another server serves the institution from now on");
            self.give_up();
        }
        ctx.stop();
    }
}

impl Handler<SendSocketsAway> for Registry {
    type Result = ();

    fn handle(&mut self, _: SendSocketsAway, _ctx: &mut Self::Context) {
        self.children.close_all(Closing::Switching);
    }
}
