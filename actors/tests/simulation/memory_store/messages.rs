//! Messages as they come in: late, again and out of order, as IM delivers them. From them follows when silence may end a
//! talk, and when it must.

use std::collections::BTreeMap;

use hotline_actors::{
    ConversationId, Timestamp, WriterId,
    dispatch::clock::{Said, TalkRecord},
};

/// A word that a server has heard of; delivered again it is none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Message {
    pub(crate) said: Timestamp,
    pub(crate) delivered: Timestamp,
    /// As whom the server wrote that heard it.
    pub(crate) writer: WriterId,
    pub(crate) by_counselor: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Messages {
    heard: BTreeMap<ConversationId, Vec<Message>>,
}

impl Messages {
    /// Whether it is stored for the first time, by whichever server.
    pub(crate) fn hears(&mut self, talk: ConversationId, word: Message) -> bool {
        let heard = self.heard.entry(talk).or_default();
        let same = |known: &&Message| (known.said, known.by_counselor) == (word.said, word.by_counselor);
        let is_new = !heard.iter().any(|known| same(&known));
        if !heard.iter().filter(same).any(|known| known.writer == word.writer) {
            heard.push(word);
        }
        is_new
    }

    pub(crate) fn forget(&mut self, talk: ConversationId) {
        self.heard.remove(&talk);
    }

    /// Who has said what last, by all that is stored.
    pub(crate) fn said(&self, talk: ConversationId) -> Said {
        Self::said_by(self.heard.get(&talk).into_iter().flatten())
    }

    /// The same, as a server reads it.
    pub(crate) fn record(&self, talk: ConversationId) -> TalkRecord {
        let has_visitor_spoken = self.heard.get(&talk).into_iter().flatten().any(|word| !word.by_counselor);
        TalkRecord { talk, said: self.said(talk), has_visitor_spoken }
    }

    /// The same as `writer` may have known it before `now`: what was stored when it claimed the journal, what it stored
    /// since, and what others had stored when it read the record last, which was no earlier than `read`. One answer for each
    /// moment of that reading that makes a difference.
    pub(crate) fn known(
        &self,
        talk: ConversationId,
        writer: WriterId,
        (claimed, read): (Timestamp, Timestamp),
        now: Timestamp,
    ) -> Vec<Said> {
        let all = || self.heard.get(&talk).into_iter().flatten();
        let read = read.max(claimed);
        let meanwhile = all().map(|word| word.delivered).filter(|at| read < *at && *at < now);
        std::iter::once(read)
            .chain(meanwhile)
            .map(|read| {
                let known = |word: &&Message| {
                    word.delivered <= read || (word.writer == writer && word.delivered < now)
                };
                Self::said_by(all().filter(known))
            })
            .collect()
    }

    fn said_by<'a>(words: impl Iterator<Item = &'a Message>) -> Said {
        // As they came. Of two said at the same moment the one that came later is the later.
        let mut words: Vec<&Message> = words.collect();
        words.sort_by_key(|word| word.said);
        let answer = words.iter().rposition(|word| word.by_counselor);
        let open = &words[answer.map_or(0, |at| at + 1)..];
        Said {
            counselor: answer.map(|at| words[at].said),
            unanswered: open.first().zip(open.last()).map(|(first, last)| (first.said, last.said)),
        }
    }

    /// What `writer` had heard before `now`.
    pub(crate) fn of(
        &self,
        talk: ConversationId,
        writer: WriterId,
        now: Timestamp,
    ) -> impl Iterator<Item = &Message> {
        let all = self.heard.get(&talk).into_iter().flatten();
        all.filter(move |word| word.writer == writer && word.delivered < now)
    }
}
