//! Registry: one per institution. Takes commands, lets Dispatch decide, appends, waits for the journal, answers,
//! publishes.
//!
//! One command is one synchronous turn ([`Registry::turn`]); nothing is decided anywhere else. Answers leave only in
//! [`Registry::on_committed`], after the commit. `registry/publish.rs` tells the actors, `registry/views.rs` lets
//! others look.

mod activity;
mod answers;
mod children;
mod closing;
mod ending;
mod im;
mod outgoing;
mod ownership;
mod presence;
mod publish;
mod record;
mod sockets;
mod views;

use std::{fmt, rc::Rc, sync::Arc, time::Duration};

use actix::{
    Actor, ActorFutureExt, AsyncContext, Context, ContextFutureSpawner, Handler, ResponseFuture, SpawnHandle,
    WrapFuture,
};
use tokio::sync::oneshot;

pub use crate::protocol::{
    Ask, Bind, Bounds, Called, Choose, Clock, EndLogIns, EndOwn, HandOver, Join, Leave, LogIns, LoggedIn,
    MessageSeen, OutgoingMessage, Progress, RegistryStatus, Rejected, Retire, SendSocketsAway, SetForecast,
    Setup, ShutDown, SocketRole, SupervisorFrame, Tell,
};
use crate::{
    conversation::StoreRecovered,
    dispatch::{
        Dispatch,
        command::{Answer, Command, Refusal},
        conversation::EndReason,
        limits::DispatchLimits,
    },
    ids::{PersonId, WriterId},
    journal::{AppendFault, Batch, Claim, ClaimFault, Journal, Store, StoreFault},
    push::Closing,
    registry::{children::Children, ownership::Ownership, record::RecordReader},
    sabotage::{Sabotage, answers_early, sabotaged},
    time::Timestamp,
};
pub use activity::ActivityInbox;
pub use views::{Health, LookHealth, LookPlace, LookQueues, QueueOverview, Tally};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Serving,
    Stopping,
    HandingOver,
    Fenced,
}

type Reply = Result<Answer, Rejected>;

struct Waiter {
    reply: Reply,
    to: oneshot::Sender<Reply>,
}

impl Waiter {
    /// Whoever asked may have given up waiting; then nobody is left to tell.
    fn answer(self) {
        let _ = self.to.send(self.reply);
    }

    fn answer_with(self, reply: Reply) {
        let _ = self.to.send(reply);
    }
}

/// See the module.
pub struct Registry {
    setup: Setup,
    store: Rc<dyn Store>,
    limits: Arc<DispatchLimits>,
    state: State,
    /// As decided: ahead of the store.
    decided: Dispatch,
    /// As committed: what anyone may see.
    committed: Dispatch,
    journal: Journal<Waiter>,
    children: Children,
    /// When the clock was looked at last.
    looked_at: Timestamp,
    alarm: Option<(Timestamp, SpawnHandle)>,
    /// The store did not answer as it should since its last success.
    troubled: bool,
    retries: u32,
    tally: Tally,
    stopping: Vec<oneshot::Sender<()>>,
    record: RecordReader,
    ownership: Ownership,
    exit_guard: ExitGuard,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("institution", &self.setup.institution)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Tells the process when the Registry goes without being asked to: actix does not catch panics.
struct ExitGuard {
    armed: bool,
    on_status: Arc<dyn Fn(RegistryStatus) + Send + Sync>,
}

impl Drop for ExitGuard {
    fn drop(&mut self) {
        if self.armed {
            (self.on_status)(RegistryStatus::Died);
        }
    }
}

impl Registry {
    /// A Registry that claims its journal when it starts; until then its mailbox waits.
    pub fn new(setup: Setup, store: Rc<dyn Store>) -> Self {
        let limits = Arc::new(setup.limits.clone());
        let exit_guard = ExitGuard { armed: true, on_status: Arc::clone(&setup.on_status) };
        Self {
            store,
            state: State::Serving,
            decided: Dispatch::new(setup.limits.clone()),
            committed: Dispatch::new(setup.limits.clone()),
            journal: Journal::new((setup.writer)(), 0),
            children: Children::new(setup.bounds.resume_events_max, setup.first_socket),
            looked_at: Timestamp(i64::MAX),
            alarm: None,
            troubled: false,
            retries: 0,
            tally: Tally::default(),
            stopping: Vec::new(),
            record: RecordReader::default(),
            ownership: Ownership::default(),
            limits,
            exit_guard,
            setup,
        }
    }

    fn now(&self) -> Timestamp {
        self.setup.clock.now()
    }

    /// Looks at the clock. A long time since the last look means that nothing ran here meanwhile, or that the machine's
    /// clock was set forward: as after an outage, nobody is silent who could not be heard, and nobody has waited too
    /// long.
    fn look_at_the_clock(&mut self, ctx: &mut Context<Self>) {
        let now = self.now();
        let missed = now.since(std::mem::replace(&mut self.looked_at, now));
        if missed < ABSENT_MIN || self.state != State::Serving {
            return;
        }
        tracing::warn!(institution = %self.setup.institution, seconds = missed.as_secs(), "the clock has jumped forward");
        self.count_anew(ctx);
        // Timers ring by another clock.
        if let Some((_, handle)) = self.alarm.take() {
            ctx.cancel_future(handle);
        }
        self.arm(ctx);
    }

    /// A commit that takes this long is an outage, before anybody says so: nothing falls due meanwhile.
    fn look_at_the_journal(&mut self) {
        let since = self.journal.uncommitted_since().filter(|_| self.state == State::Serving);
        if since.is_some_and(|since| self.now().since(since) >= SLOW_COMMIT)
            && !std::mem::replace(&mut self.troubled, true)
        {
            tracing::warn!(institution = %self.setup.institution, "a commit takes long");
        }
    }

    /// Silence and waiting are counted from now: nobody could be heard meanwhile.
    fn count_anew(&mut self, ctx: &mut Context<Self>) {
        let now = self.now();
        // Return is never refused and decides nothing by itself.
        let _ = self.decide(&Command::StoreRecovered, ctx);
        self.children.tell_talks(StoreRecovered(now));
    }

    /// Claims the journal under a fresh writer id and revives the state up to the claim. The mailbox waits.
    fn claim(&mut self, ctx: &mut Context<Self>) {
        let (writer, now) = ((self.setup.writer)(), self.now());
        self.store
            .claim(writer, now)
            .into_actor(self)
            .map(move |claim, this, ctx| match claim {
                Ok(claim) => this.revive(writer, &claim, ctx),
                Err(ClaimFault::NotOwner) => this.fenced(),
                Err(ClaimFault::Unknown(fault)) => {
                    tracing::warn!(institution = %this.setup.institution, %fault, "cannot claim the journal, trying again");
                    let delay = this.back_off();
                    // In order, so that the mailbox goes on waiting.
                    tokio::time::sleep(delay).into_actor(this).map(|(), this, ctx| this.claim(ctx)).wait(ctx);
                }
            })
            .wait(ctx);
    }

    fn revive(&mut self, writer: WriterId, claim: &Claim, ctx: &mut Context<Self>) {
        // What has happened is not in the future, whatever the machine's clock says now.
        self.setup.clock.not_before(claim.at);
        let now = self.now();
        self.looked_at = now;
        self.decided = Dispatch::revive(self.setup.limits.clone(), &claim.snapshot, now);
        self.committed = self.decided.clone();
        self.journal = Journal::new(writer, claim.seq);
        self.retries = 0;
        self.record.watch_from(now);
        self.start_children(ctx);
        self.arm(ctx);
        self.at_each(self.setup.bounds.fence_check, Self::check, ctx);
        self.at_each(self.setup.bounds.state_every, |this, _| this.show_state(), ctx);
        self.at_each(LOOK_EVERY, Self::look_around, ctx);
        let open = self.committed.conversations().count();
        tracing::info!(institution = %self.setup.institution, seq = claim.seq, open, "revived");
        (self.setup.on_status)(RegistryStatus::Serving);
    }

    /// One turn: decide, append, and have it carried to the store.
    fn turn(&mut self, command: &Command, ctx: &mut Context<Self>) -> Result<Answer, Refusal> {
        self.look_at_the_clock(ctx);
        self.decide(command, ctx)
    }

    fn decide(&mut self, command: &Command, ctx: &mut Context<Self>) -> Result<Answer, Refusal> {
        let now = self.now();
        let mut decision = self.decided.decide(now, command)?;
        self.journal.append(now, &mut decision);
        self.children.state_changed();
        self.arm(ctx);
        self.start_next_commit(ctx);
        Ok(decision.answer)
    }

    /// Starts the next commit, unless one is under way.
    fn start_next_commit(&mut self, ctx: &mut Context<Self>) {
        if self.state == State::Fenced {
            return;
        }
        if let Some(batch) = self.journal.freeze(self.setup.bounds.batch_max) {
            self.store_batch(batch, ctx);
        } else if let Some(closing) = self.state.ends_with().filter(|_| self.journal.is_idle()) {
            self.exit_guard.armed = false;
            self.children.close_all(closing);
            for stopped in self.stopping.drain(..) {
                let _ = stopped.send(());
            }
        }
    }

    fn store_batch(&mut self, batch: Arc<Batch>, ctx: &mut Context<Self>) {
        if sabotaged(Sabotage::TellBeforeKept) {
            self.publish(&batch, ctx);
        }
        self.store
            .append(batch)
            .into_actor(self)
            .map(|outcome, this, ctx| match outcome {
                Ok(()) => this.on_committed(ctx),
                Err(AppendFault::Unknown(fault)) => {
                    if !this.troubled {
                        tracing::warn!(institution = %this.setup.institution, %fault, "a commit's outcome is unknown");
                    }
                    this.troubled = true;
                    this.tally.retries += 1;
                    let delay = this.back_off();
                    ctx.run_later(delay, |this, ctx| {
                        if sabotaged(Sabotage::RegatherOnRetry) {
                            this.journal.regather();
                        }
                        if sabotaged(Sabotage::SkipUnknownBatch) {
                            return this.on_committed(ctx);
                        }
                        if let Some(batch) = this.journal.in_flight().cloned() {
                            this.store_batch(batch, ctx);
                        }
                    });
                }
                Err(AppendFault::Fenced) if sabotaged(Sabotage::FenceTakenForLanded) => this.on_committed(ctx),
                Err(AppendFault::Fenced) => {
                    this.journal.is_refused();
                    this.fenced();
                }
                Err(AppendFault::Refused(fault)) => {
                    tracing::error!(institution = %this.setup.institution, %fault, "commit rejected by the store: the registry stops");
                    this.journal.is_refused();
                    this.give_up();
                    (this.setup.on_status)(RegistryStatus::Broken(fault));
                }
            })
            .spawn(ctx);
    }

    /// The batch in flight is committed: whoever waited for it is answered, in order, and everyone concerned hears of
    /// it.
    fn on_committed(&mut self, ctx: &mut Context<Self>) {
        let Some((batch, ready)) = self.journal.take_committed() else { return };
        self.retries = 0;
        self.tally.commits += 1;
        self.tally.events += batch.events.len() as u64;
        ready.into_iter().for_each(Waiter::answer);
        if !sabotaged(Sabotage::TellBeforeKept) {
            self.publish(&batch, ctx);
        }
        if std::mem::take(&mut self.troubled) {
            self.store_recovered(ctx);
        }
        (self.setup.on_commit)();
        self.start_next_commit(ctx);
    }

    /// The store is back: nobody could be heard meanwhile, so silence and waiting are counted from now.
    fn store_recovered(&mut self, ctx: &mut Context<Self>) {
        tracing::info!(institution = %self.setup.institution, "the store answers again, commits go on");
        self.count_anew(ctx);
        (self.setup.on_status)(RegistryStatus::StoreRecovered);
    }

    /// What waits for the store, one way or the other.
    fn backlog(&self) -> usize {
        self.journal.backlog() + self.ownership.waiting()
    }

    fn back_off(&mut self) -> Duration {
        self.retries = self.retries.saturating_add(1);
        Duration::from_millis(100 << self.retries.min(5)).min(Duration::from_secs(2))
    }

    fn fenced(&mut self) {
        if self.state != State::Fenced {
            tracing::warn!(institution = %self.setup.institution, "another server has taken the institution over");
            self.give_up();
            (self.setup.on_status)(RegistryStatus::Fenced);
        }
    }

    fn give_up(&mut self) {
        self.state = State::Fenced;
        self.exit_guard.armed = false;
        let (unsettled, undone) = self.journal.abandon();
        for waiter in unsettled {
            waiter.answer_with(Err(Rejected::Unsettled));
        }
        for waiter in undone {
            waiter.answer_with(Err(Rejected::Switching));
        }
        self.ownership.abandon();
        self.children.close_all(Closing::Switching);
        for stopped in self.stopping.drain(..) {
            let _ = stopped.send(());
        }
    }

    /// All Registries of a server do what they do regularly at the same moments, so that a thousand of them wake it once, and their
    /// questions to the store go together.
    fn at_each(&self, every: Duration, work: fn(&mut Self, &mut Context<Self>), ctx: &mut Context<Self>) {
        let millis = i64::try_from(every.as_millis()).unwrap_or(i64::MAX).max(1);
        let until = millis - self.now().0.rem_euclid(millis);
        ctx.run_later(Duration::from_millis(until.unsigned_abs()), move |this, ctx| {
            work(this, ctx);
            this.at_each(every, work, ctx);
        });
    }

    fn look_around(&mut self, ctx: &mut Context<Self>) {
        self.look_at_the_clock(ctx);
        self.look_at_the_journal();
    }

    /// Every few seconds: is the journal still ours, is the store there, are the actors alive?
    fn check(&mut self, ctx: &mut Context<Self>) {
        // One that is handed over has another owner any moment, of which it is told.
        if matches!(self.state, State::Fenced | State::HandingOver) {
            return;
        }
        self.revive_children(ctx);
        let now = self.now();
        self.children.logins.forget_before(now);
        self.read_what_others_stored(ctx);
        if !self.journal.is_idle() {
            return;
        }
        let writer = self.journal.writer();
        self.store
            .newest()
            .into_actor(self)
            .map(move |newest, this, ctx| match newest {
                Ok((_, other)) if other != writer => this.fenced(),
                Ok(_) => {
                    if this.journal.is_idle() && std::mem::take(&mut this.troubled) {
                        this.store_recovered(ctx);
                    }
                }
                Err(StoreFault(fault)) => {
                    if !std::mem::replace(&mut this.troubled, true) {
                        tracing::warn!(institution = %this.setup.institution, %fault, "the store cannot be reached");
                    }
                }
            })
            .spawn(ctx);
    }

    /// Waits for Dispatch's own next deadline.
    fn arm(&mut self, ctx: &mut Context<Self>) {
        let due = self.decided.next_deadline();
        if self.alarm.as_ref().map(|(at, _)| *at) == due {
            return;
        }
        if let Some((_, handle)) = self.alarm.take() {
            ctx.cancel_future(handle);
        }
        let Some(at) = due else { return };
        let wait = at.since(self.now());
        self.alarm = Some((at, ctx.run_later(wait, Self::on_timer)));
    }

    fn on_timer(&mut self, ctx: &mut Context<Self>) {
        let Some((at, _)) = self.alarm.take() else { return };
        if self.state != State::Serving {
            return;
        }
        if self.troubled {
            // Nothing falls due while the journal is behind.
            self.alarm = Some((at, ctx.run_later(RETRY_TIMER_AFTER, Self::on_timer)));
        } else if self.turn(&Command::Wake, ctx).is_err() {
            tracing::error!(institution = %self.setup.institution, "the timer of waits was refused");
        }
    }

    /// The same visitor asking again for the same, while the first asking is still on its way, joins it.
    fn join_pending(&self, command: &Command, refusal: &Refusal) -> Option<Answer> {
        let (Command::Open { requested_counselor, .. }, Refusal::AlreadyConsulting { conversation, .. }) =
            (command, refusal)
        else {
            return None;
        };
        let pending = self.decided.conversation(*conversation)?;
        let joins = self.committed.conversation(*conversation).is_none()
            && pending.requested_counselor == *requested_counselor;
        joins.then(|| Answer::Opened { facts: *pending, place: self.decided.place(*conversation) })
    }
}

impl Actor for Registry {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX_COMMANDS_MAX);
        self.claim(ctx);
    }
}

/// How often the clock is looked at, and how much may pass between two looks while all is well.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const ABSENT_MIN: Duration = Duration::from_secs(15);

const SLOW_COMMIT: Duration = Duration::from_secs(5);

/// What fell due while the journal was behind is looked at again after this.
const RETRY_TIMER_AFTER: Duration = Duration::from_secs(1);

/// Commands that wait for their turn; senders beyond it wait themselves.
const MAILBOX_COMMANDS_MAX: usize = 4096;

impl Handler<Ask> for Registry {
    type Result = ResponseFuture<Reply>;

    fn handle(&mut self, Ask(command): Ask, ctx: &mut Self::Context) -> Self::Result {
        let is_behind = self.backlog() >= self.setup.bounds.backlog_max;
        let rejected = self.state.rejects().or(is_behind.then_some(Rejected::Busy));
        if let Some(rejected) = rejected {
            return Box::pin(std::future::ready(Err(rejected)));
        }
        let before = self.journal.decided();
        let decided = self.turn(&command, ctx);
        let rests_on_a_commit = self.journal.decided() > before;
        let is_first = decided.is_ok();
        let reply = decided
            .or_else(|refusal| self.join_pending(&command, &refusal).ok_or(Rejected::Refused(refusal)));
        if answers_early(is_first, reply.is_ok()) {
            return Box::pin(std::future::ready(reply));
        }
        let (to, answered) = oneshot::channel();
        // A refusal too waits for all that it rests on.
        if let Some(waiter) = self.journal.wait(Waiter { reply, to }) {
            waiter.answer();
        }
        let answered = async move { answered.await.unwrap_or(Err(Rejected::Unsettled)) };
        if rests_on_a_commit {
            return Box::pin(answered);
        }
        let confirmed = self.confirm(ctx);
        Box::pin(async move {
            let reply = answered.await;
            confirmed.await.and(reply)
        })
    }
}

impl Handler<EndOwn> for Registry {
    type Result = ResponseFuture<Option<Reply>>;

    fn handle(&mut self, own: EndOwn, ctx: &mut Self::Context) -> Self::Result {
        let EndOwn { conversation, person } = own;
        let facts = self.decided.conversation(conversation);
        let reason = facts.and_then(|facts| {
            if PersonId::from(facts.visitor) == person {
                Some(EndReason::Visitor)
            } else {
                (facts.counselor().map(PersonId::from) == Some(person)).then_some(EndReason::Counselor)
            }
        });
        let Some(reason) = reason else { return Box::pin(std::future::ready(None)) };
        let ended = self.handle(Ask(Command::End { conversation, reason }), ctx);
        Box::pin(async move { Some(ended.await) })
    }
}

impl Handler<Bind> for Registry {
    type Result = ();

    fn handle(&mut self, Bind(bindings): Bind, _ctx: &mut Self::Context) {
        self.children.bind(bindings);
    }
}

impl Handler<SetForecast> for Registry {
    type Result = ();

    fn handle(&mut self, SetForecast(outlook): SetForecast, _ctx: &mut Self::Context) {
        self.decided.set_forecast(outlook);
        self.children.state_changed();
    }
}
