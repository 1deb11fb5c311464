//! Words as they come in: late, again and out of order, as IM delivers them. From them follows when silence may end a
//! talk, and when it must.

use std::collections::{BTreeMap, BTreeSet};

use hotline_actors::{ConversationId, Timestamp, WriterId};

/// A word that a server has heard of; delivered again it is none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word {
    pub(crate) said: Timestamp,
    pub(crate) delivered: Timestamp,
    /// As whom the server wrote that heard it.
    pub(crate) writer: WriterId,
}

#[derive(Debug, Default)]
pub(crate) struct Words {
    heard: BTreeMap<ConversationId, Vec<Word>>,
    /// Where the counselor has said something, by the stored messages.
    pub(crate) answered: BTreeSet<ConversationId>,
}

impl Words {
    pub(crate) fn hears(&mut self, talk: ConversationId, word: Word, by_counselor: bool) {
        let heard = self.heard.entry(talk).or_default();
        let again = |known: &Word| (known.writer, known.said) == (word.writer, word.said);
        if !heard.iter().any(again) {
            heard.push(word);
        }
        if by_counselor {
            self.answered.insert(talk);
        }
    }

    pub(crate) fn forget(&mut self, talk: ConversationId) {
        self.heard.remove(&talk);
        self.answered.remove(&talk);
    }

    /// What `writer` had heard before `now`.
    pub(crate) fn of(
        &self,
        talk: ConversationId,
        writer: WriterId,
        now: Timestamp,
    ) -> impl Iterator<Item = &Word> {
        let all = self.heard.get(&talk).into_iter().flatten();
        all.filter(move |word| word.writer == writer && word.delivered < now)
    }
}
