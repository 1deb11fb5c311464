//! What people say, as far as silence depends on it: the clocks of their talks are told that something came.

use std::sync::{Arc, Mutex, PoisonError};

use actix::{Addr, Context, Handler, Message};

use crate::{
    conversation::{Activity, VisitorReturned},
    dispatch::conversation::Conversation,
    ids::{PersonId, VisitorId},
    protocol::{MessageSeen, Progress},
    registry::Registry,
    sabotage::{Sabotage, sabotaged},
};

/// What is known of messages, on its way to a Registry, which is woken for the first of them and finds the others when it
/// comes. Bounded, as a mailbox filled by `do_send` is not: messages come in from outside. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct ActivityInbox(Arc<Mutex<Vec<MessageSeen>>>);

impl ActivityInbox {
    /// Sends one to `registry`, for which all of them are meant. Those that exceed the bound while it claims
    /// its journal are dropped: silence counts from its start.
    pub fn send(&self, registry: &Addr<Registry>, message: MessageSeen) {
        let mut messages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if messages.len() < MESSAGES_SEEN_MAX {
            messages.push(message);
        }
        if messages.len() == 1 {
            registry.do_send(ActivityArrived(self.clone()));
        }
    }

    fn take(&self) -> Vec<MessageSeen> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Messages have come, or are stored.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
struct ActivityArrived(ActivityInbox);

/// Messages on their way at once.
const MESSAGES_SEEN_MAX: usize = 65_536;

impl Handler<ActivityArrived> for Registry {
    type Result = ();

    fn handle(&mut self, ActivityArrived(messages): ActivityArrived, ctx: &mut Self::Context) {
        for message in messages.take() {
            self.message_seen(message, ctx);
        }
    }
}

impl Registry {
    fn message_seen(&mut self, message: MessageSeen, ctx: &mut Context<Self>) {
        let Some(talk) = self.decided.talk_between(message.from, message.to, message.conversation) else {
            return;
        };
        let now = self.now();
        let (mut at, mut progress) = (message.at.min(now), message.progress);
        if sabotaged(Sabotage::CountWordAgain) {
            at = now;
            progress = if progress == Progress::Again { Progress::Stored } else { progress };
        }
        let before = self.waits_since(talk);
        match progress {
            Progress::Coming => {
                self.decided.message_seen(talk, at, message.from);
                self.decided.coming(talk, now);
            }
            Progress::Stored => {
                self.decided.stored(talk, at, message.from, now);
                self.record.stored(talk);
            }
            Progress::Again => {
                self.decided.passed(talk);
                self.read_record([talk], ctx);
            }
            Progress::Passed => self.decided.passed(talk),
        }
        if self.waits_since(talk) != before {
            self.children.answers_changed();
        }
        let counselor = self.decided.conversation(talk).and_then(Conversation::counselor);
        let by_counselor = counselor.map(PersonId::from) == Some(message.from);
        self.children.tell_talk(talk, Activity { at, by_counselor, progress, now });
    }

    /// A visitor who was gone when the talk began is here again.
    pub(super) fn visitor_returned(&mut self, visitor: VisitorId) {
        if let Some(facts) = self.decided.consultation_of(visitor) {
            self.children.tell_talk(facts.id, VisitorReturned);
        }
    }
}
