//! Conversation: the clock of one open talk. Learns of every message, keeps silence, the limits and the notices
//! ahead of them, and wakes the Registry when something is due. Dispatch checks again: a timer only wakes.

use std::{sync::Arc, time::Duration};

use actix::{Actor, ActorContext, AsyncContext, Context, Handler, Message, Recipient, SpawnHandle};

use crate::{
    dispatch::{
        clock::{TalkClock, TalkRecord},
        command::Command,
        conversation::Phase,
        event::{Event, Notice},
        limits::DispatchLimits,
    },
    ids::ConversationId,
    protocol::{Clock, Progress, Tell},
    push::{CommittedEvent, CommittedEvents},
    time::Timestamp,
};

/// What was due and has not been decided is brought up again after this: the journal may have been behind.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// See the module.
pub(crate) struct Conversation {
    id: ConversationId,
    registry: Recipient<Tell>,
    limits: Arc<DispatchLimits>,
    now: Arc<dyn Clock>,
    clock: TalkClock,
    timer: Option<SpawnHandle>,
    /// When the timer rings.
    armed_for: Timestamp,
}

impl std::fmt::Debug for Conversation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conversation")
            .field("id", &self.id)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

/// A person's message has come, at this moment of ours.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub(crate) struct Activity {
    pub(crate) at: Timestamp,
    pub(crate) by_counselor: bool,
    pub(crate) progress: Progress,
    pub(crate) now: Timestamp,
}

/// At `now` the record says this of the talk.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub(crate) struct Recorded {
    pub(crate) record: TalkRecord,
    pub(crate) now: Timestamp,
}

/// The server, or its journal, has come back: silence counts from now.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub(crate) struct StoreRecovered(pub(crate) Timestamp);

/// A visitor who was gone when the talk began is back.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub(crate) struct VisitorReturned;

impl Conversation {
    pub(crate) fn new(
        id: ConversationId,
        registry: Recipient<Tell>,
        limits: Arc<DispatchLimits>,
        now: Arc<dyn Clock>,
        clock: TalkClock,
    ) -> Self {
        Self { id, registry, limits, now, clock, timer: None, armed_for: Timestamp(i64::MAX) }
    }

    /// Waits for whatever falls due next; earlier than needed if messages come meanwhile, never later.
    fn arm(&mut self, ctx: &mut Context<Self>) {
        let now = self.now.now();
        let (at, _) = self.clock.next(&self.limits, now);
        let wait = at.since(now);
        if let Some(timer) = self.timer.take() {
            ctx.cancel_future(timer);
        }
        self.armed_for = at;
        self.timer = Some(ctx.run_later(wait, Self::on_timer));
    }

    fn on_timer(&mut self, ctx: &mut Context<Self>) {
        self.timer = None;
        if !self.registry.connected() {
            // Nobody is left to decide.
            ctx.stop();
            return;
        }
        let now = self.now.now();
        if self.clock.next(&self.limits, now).0 > now {
            self.arm(ctx);
            return;
        }
        self.registry.do_send(Tell(Command::Due { conversation: self.id }));
        self.armed_for = now + RETRY_AFTER;
        self.timer = Some(ctx.run_later(RETRY_AFTER, Self::on_timer));
    }

    fn on_event(&mut self, committed: &CommittedEvent) {
        let Some(facts) = committed.facts.filter(|facts| facts.id == self.id) else { return };
        self.clock.sent = facts.sent;
        if let Event::MediumChanged { medium, .. } = committed.event {
            self.clock.medium_changed(medium, committed.at);
        }
        self.clock.alarmed = facts.alarmed;
        // Not if a message has come since that was said before it.
        if let Event::Noticed { notice: Notice::Silence, .. } = committed.event
            && !self.clock.said.is_last_by_visitor()
            && self.clock.quiet_since + self.limits.silence_notice <= committed.at
        {
            self.clock.silence_noticed = Some(committed.at);
        }
    }
}

impl Actor for Conversation {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.arm(ctx);
    }
}

impl Handler<Activity> for Conversation {
    type Result = ();

    fn handle(&mut self, word: Activity, ctx: &mut Self::Context) {
        let Activity { at, by_counselor, progress, now } = word;
        match progress {
            Progress::Coming => {
                self.clock.message_seen(at, by_counselor);
                self.clock.comes(now);
            }
            Progress::Stored => self.clock.stored(at, by_counselor, now, self.limits.answers_settle()),
            Progress::Again | Progress::Passed => self.clock.passed(),
        }
        // Most messages move deadlines away, and the timer would find out when it rings; others bring an alarm nearer,
        // or withdraw a notice.
        if self.clock.next(&self.limits, now).0 < self.armed_for {
            self.arm(ctx);
        }
    }
}

impl Handler<Recorded> for Conversation {
    type Result = ();

    fn handle(&mut self, Recorded { record, now }: Recorded, ctx: &mut Self::Context) {
        self.clock.recorded(&record, now, self.limits.answers_settle());
        self.arm(ctx);
    }
}

impl Handler<StoreRecovered> for Conversation {
    type Result = ();

    fn handle(&mut self, StoreRecovered(at): StoreRecovered, ctx: &mut Self::Context) {
        self.clock.returned(at, self.limits.answers_settle());
        // The machine's clock may have been set forward: what is due by it is due at once.
        self.arm(ctx);
    }
}

impl Handler<VisitorReturned> for Conversation {
    type Result = ();

    fn handle(&mut self, _: VisitorReturned, _ctx: &mut Self::Context) {
        self.clock.absent = false;
    }
}

impl Handler<CommittedEvents> for Conversation {
    type Result = ();

    fn handle(&mut self, CommittedEvents(events): CommittedEvents, ctx: &mut Self::Context) {
        for committed in &events {
            self.on_event(committed);
            if committed
                .facts
                .is_some_and(|facts| facts.id == self.id && matches!(facts.phase, Phase::Ended { .. }))
            {
                ctx.stop();
                return;
            }
        }
        self.arm(ctx);
    }
}
