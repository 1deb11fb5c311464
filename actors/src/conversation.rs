//! Conversation: the clock of one open talk. Hears every word's arrival, keeps silence, the limits and the notices
//! ahead of them, and wakes the Registry when something is due. Dispatch checks again: a timer only wakes.

use std::{sync::Arc, time::Duration};

use actix::{Actor, ActorContext, AsyncContext, Context, Handler, Message, Recipient, SpawnHandle};

use crate::{
    dispatch::{
        clock::TalkClock,
        command::Command,
        conversation::Phase,
        event::{Event, Notice},
        limits::Limits,
    },
    ids::ConversationId,
    protocol::{Clock, Progress, Tell},
    push::{Feed, Told},
    time::Timestamp,
};

/// What was due and has not been decided is brought up again after this: the journal may have been behind.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// See the module.
pub(crate) struct Conversation {
    id: ConversationId,
    registry: Recipient<Tell>,
    limits: Arc<Limits>,
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

/// A person's word has come, at this moment of ours.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub(crate) struct Word {
    pub(crate) at: Timestamp,
    pub(crate) by_counselor: bool,
    pub(crate) progress: Progress,
    pub(crate) now: Timestamp,
}

/// The server, or its journal, has come back: silence counts from now.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub(crate) struct Returned(pub(crate) Timestamp);

/// A visitor who was gone when seated is back.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub(crate) struct Back;

impl Conversation {
    pub(crate) fn new(
        id: ConversationId,
        registry: Recipient<Tell>,
        limits: Arc<Limits>,
        now: Arc<dyn Clock>,
        clock: TalkClock,
    ) -> Self {
        Self { id, registry, limits, now, clock, timer: None, armed_for: Timestamp(i64::MAX) }
    }

    /// Waits for whatever falls due next; earlier than needed if words come meanwhile, never later.
    fn arm(&mut self, ctx: &mut Context<Self>) {
        let now = self.now.now();
        let (at, _) = self.clock.next(&self.limits, now);
        let wait = at.since(now);
        if let Some(timer) = self.timer.take() {
            ctx.cancel_future(timer);
        }
        self.armed_for = at;
        self.timer = Some(ctx.run_later(wait, Self::rang));
    }

    fn rang(&mut self, ctx: &mut Context<Self>) {
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
        self.armed_for = now + AGAIN_AFTER;
        self.timer = Some(ctx.run_later(AGAIN_AFTER, Self::rang));
    }

    fn take_in(&mut self, told: &Told) {
        let Some(facts) = told.facts.filter(|facts| facts.id == self.id) else { return };
        self.clock.sent = facts.sent;
        if let Event::MediumChanged { medium, .. } = told.event {
            self.clock.medium_changed(medium, told.at);
        }
        self.clock.alarmed = facts.alarmed;
        // Not if a word has come since that was said before it.
        if let Event::Noticed { notice: Notice::Silence, .. } = told.event
            && !self.clock.said.is_last_by_visitor()
            && self.clock.quiet_since + self.limits.silence_notice <= told.at
        {
            self.clock.silence_noticed = Some(told.at);
        }
    }
}

impl Actor for Conversation {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.arm(ctx);
    }
}

impl Handler<Word> for Conversation {
    type Result = ();

    fn handle(&mut self, word: Word, ctx: &mut Self::Context) {
        let Word { at, by_counselor, progress, now } = word;
        match progress {
            Progress::Coming => {
                self.clock.heard(at, by_counselor);
                self.clock.comes(now);
            }
            Progress::Stored => self.clock.stored(at, by_counselor, now, self.limits.answers_settle()),
            Progress::Passed => self.clock.passed(),
        }
        // Most words move deadlines away, and the timer would find out when it rings; others bring an alarm nearer, or
        // withdraw a notice.
        if self.clock.next(&self.limits, now).0 < self.armed_for {
            self.arm(ctx);
        }
    }
}

impl Handler<Returned> for Conversation {
    type Result = ();

    fn handle(&mut self, Returned(at): Returned, ctx: &mut Self::Context) {
        self.clock.returned(at, self.limits.answers_settle());
        // The machine's clock may have been set forward: what is due by it is due at once.
        self.arm(ctx);
    }
}

impl Handler<Back> for Conversation {
    type Result = ();

    fn handle(&mut self, _: Back, _ctx: &mut Self::Context) {
        self.clock.absent = false;
    }
}

impl Handler<Feed> for Conversation {
    type Result = ();

    fn handle(&mut self, Feed(events): Feed, ctx: &mut Self::Context) {
        for told in &events {
            self.take_in(told);
            if told
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
