//! What people say, as far as silence depends on it: the clocks of their talks are told that something came.

use std::sync::{Arc, Mutex, PoisonError};

use actix::{Addr, Handler, Message};

use crate::{
    conversation::{Back, Word},
    dispatch::{clock::TalkClock, conversation::Conversation},
    ids::{PersonId, VisitorId},
    protocol::{Heard, Progress},
    registry::Registry,
    sabotage::{Sabotage, sabotaged},
};

/// Words on their way to a Registry. It is woken for the first of them and finds the others when it comes, so that a
/// thousand words a second do not wake it a thousand times. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Words(Arc<Mutex<Vec<Heard>>>);

impl Words {
    /// Takes one along to `registry`, for which all of them are meant. More than a Registry can hear while it claims its
    /// journal are not: silence counts from its return.
    pub fn send(&self, registry: &Addr<Registry>, heard: Heard) {
        let mut words = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if words.len() < WORDS_MAX {
            words.push(heard);
        }
        if words.len() == 1 {
            registry.do_send(Hear(self.clone()));
        }
    }

    fn take(&self) -> Vec<Heard> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Words have come, or are stored.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
struct Hear(Words);

/// Words on their way at once.
const WORDS_MAX: usize = 65_536;

impl Handler<Hear> for Registry {
    type Result = ();

    fn handle(&mut self, Hear(words): Hear, _ctx: &mut Self::Context) {
        for heard in words.take() {
            self.hear(heard);
        }
    }
}

impl Registry {
    fn hear(&mut self, heard: Heard) {
        let Some(talk) = self.decided.talk_between(heard.from, heard.to, heard.conversation) else { return };
        let now = self.now();
        let (mut at, mut progress) = (heard.at.min(now), heard.progress);
        if sabotaged(Sabotage::CountWordAgain) {
            at = now;
            progress = if progress == Progress::Passed { Progress::Stored } else { progress };
        }
        let before = self.decided.clock(talk).and_then(TalkClock::unanswered_since);
        match progress {
            Progress::Coming => {
                self.decided.heard(talk, at, heard.from);
                self.decided.coming(talk, now);
            }
            Progress::Stored => self.decided.stored(talk, at, heard.from, now),
            Progress::Passed => self.decided.passed(talk),
        }
        if self.decided.clock(talk).and_then(TalkClock::unanswered_since) != before {
            self.carriers.answers_changed();
        }
        let counselor = self.decided.conversation(talk).and_then(Conversation::counselor);
        let by_counselor = counselor.map(PersonId::from) == Some(heard.from);
        self.carriers.tell_talk(talk, Word { at, by_counselor, progress, now });
    }

    /// A visitor who was gone when the talk began is here again.
    pub(super) fn back(&mut self, visitor: VisitorId) {
        if let Some(facts) = self.decided.consultation_of(visitor) {
            self.carriers.tell_talk(facts.id, Back);
        }
    }
}
