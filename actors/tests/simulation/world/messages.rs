//! Messages, as they come in: now and then late, and now and then again.

use std::{rc::Rc, time::Duration};

use hotline_actors::{
    ConversationId, PersonId, Timestamp,
    dispatch::conversation::Conversation,
    registry::{MessageSeen, Progress},
};

use crate::{memory_store::messages::Message, world::World};

/// Who said what to whom, and when.
#[derive(Debug, Clone, Copy)]
struct Said {
    conversation: ConversationId,
    from: PersonId,
    to: PersonId,
    by_counselor: bool,
    at: Timestamp,
}

impl World {
    /// A word: a server hears that it came.
    pub(crate) fn says(self: &Rc<Self>, conversation: &Conversation, by_counselor: bool) {
        let Some(said) = self.said(conversation, by_counselor) else { return };
        self.delivers(said);
    }

    /// A word, and what IM makes of it: late, twice, in another order.
    pub(crate) fn says_by_im(self: &Rc<Self>, conversation: &Conversation, by_counselor: bool) {
        let Some(said) = self.said(conversation, by_counselor) else { return };
        let rng = &mut *self.deliveries.borrow_mut();
        let late = if rng.percent(10) { rng.millis(0..=240_000) } else { Duration::ZERO };
        let copies = if rng.percent(15) { rng.within(1..=3) } else { 0 };
        self.delivers_after(late, said);
        for _ in 0..copies {
            let later = rng.millis(0..=1_200_000);
            self.delivers_after(late + later, said);
        }
    }

    fn said(&self, conversation: &Conversation, by_counselor: bool) -> Option<Said> {
        let counselor = PersonId::from(conversation.counselor()?);
        let visitor = PersonId::from(conversation.visitor);
        let (from, to) = if by_counselor { (counselor, visitor) } else { (visitor, counselor) };
        Some(Said { conversation: conversation.id, from, to, by_counselor, at: self.now() })
    }

    fn delivers_after(self: &Rc<Self>, delay: Duration, said: Said) {
        if delay.is_zero() {
            return self.delivers(said);
        }
        let world = Rc::clone(self);
        tokio::task::spawn_local(async move {
            tokio::time::sleep(delay).await;
            world.delivers(said);
        });
    }

    fn delivers(&self, said: Said) {
        // Nobody hears it while the servers are down: it does not come again by itself.
        let Some(server) = self.server_of(said.from) else { return };
        let Some(writer) = server.writer() else { return };
        let Said { conversation, from, to, by_counselor, at } = said;
        let mut is_new = false;
        if self.stored().folded.conversation(conversation).is_some() {
            let word = Message { said: at, delivered: self.now(), writer, by_counselor };
            is_new = self.store.0.borrow_mut().words.hears(conversation, word);
        }
        let stored = if is_new { Progress::Stored } else { Progress::Again };
        for progress in [Progress::Coming, stored] {
            let heard = MessageSeen { from, to, conversation: Some(conversation), at, progress };
            server.words.send(&server.registry, heard);
        }
    }
}
