//! What was said. Not an event: the messages themselves are stored elsewhere, and here only who has said the last one,
//! and when.

use crate::{
    dispatch::{
        Dispatch, Open, Watch,
        clock::{TalkClock, TalkRecord},
    },
    ids::{ConversationId, PersonId},
    time::Timestamp,
};

impl Dispatch {
    /// A person's message of this moment has come in a talk. Not an event: the message itself is stored elsewhere.
    pub fn message_seen(&mut self, conversation: ConversationId, at: Timestamp, by: PersonId) {
        if let Some((clock, by_counselor)) = self.clock_and_side(conversation, by) {
            clock.message_seen(at, by_counselor);
        }
    }

    /// It is on its way to the store since `now`.
    pub fn coming(&mut self, conversation: ConversationId, now: Timestamp) {
        if let Some(Open { watch: Watch::Talking(clock), .. }) = self.open.get_mut(&conversation) {
            clock.comes(now);
        }
    }

    /// It is stored, for the first time: now it counts who has sent the last message.
    pub fn stored(&mut self, conversation: ConversationId, at: Timestamp, by: PersonId, now: Timestamp) {
        let settle = self.limits.answers_settle();
        if let Some((clock, by_counselor)) = self.clock_and_side(conversation, by) {
            clock.stored(at, by_counselor, now, settle);
        }
    }

    /// At `now` the record says this of a talk; answers whether that is news.
    pub fn recorded(&mut self, record: &TalkRecord, now: Timestamp) -> bool {
        let settle = self.limits.answers_settle();
        let Some(Open { watch: Watch::Talking(clock), .. }) = self.open.get_mut(&record.talk) else {
            return false;
        };
        let before = *clock;
        clock.recorded(record, now, settle);
        *clock != before
    }

    /// It had been stored before, or cannot be.
    pub fn passed(&mut self, conversation: ConversationId) {
        if let Some(Open { watch: Watch::Talking(clock), .. }) = self.open.get_mut(&conversation) {
            clock.passed();
        }
    }

    /// The clock of a talk, and whether `by` is the counselor in it.
    fn clock_and_side(&mut self, id: ConversationId, by: PersonId) -> Option<(&mut TalkClock, bool)> {
        let Open { facts, watch } = self.open.get_mut(&id)?;
        match watch {
            Watch::Waiting { .. } => None,
            Watch::Talking(clock) => Some((clock, facts.counselor().map(PersonId::from) == Some(by))),
        }
    }
}
