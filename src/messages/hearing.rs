//! Tells the dispatch that a person's word has come, before it is stored: silence must not run out on the way.

use std::{fmt, sync::Arc, time::Duration};

use hotline_actors::{ConversationId, PersonId, Timestamp, dispatch::conversation::CallSignal};

use super::{NewMessage, said::Letter};
use crate::{answer::describe, people::People};

/// Who speaks is mostly known from memory. A database that takes longer than this is as good as away; then the word is
/// stored without being heard, and silence is counted from the database's return anyway (contract 5).
const HEAR_MAX: Duration = Duration::from_millis(500);

/// A person has said something to another, or signalled about a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    pub institution: String,
    pub from: PersonId,
    pub to: PersonId,
    /// The conversation the client named; not checked.
    pub conversation: Option<ConversationId>,
    /// When it was said, which may be long ago: a callback delivered again, or fetched from the history.
    pub at: Timestamp,
    /// Somebody said something: not so for a signal that is for clients only.
    pub spoken: bool,
    /// What it says about a call.
    pub call: Option<CallSignal>,
}

/// Takes letters to the sockets.
pub(super) type Deliver = Arc<dyn Fn(Letter) + Send + Sync>;

/// Who is told of words.
#[derive(Clone)]
pub struct Ears {
    people: People,
    tell: Arc<dyn Fn(Heard) + Send + Sync>,
    deliver: Deliver,
}

impl fmt::Debug for Ears {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ears").finish_non_exhaustive()
    }
}

/// As much of a message as is heard.
pub(super) struct Word {
    from: String,
    to: String,
    conversation: Option<ConversationId>,
    at: Timestamp,
    spoken: bool,
    call: Option<CallSignal>,
}

impl Word {
    /// `None` for what is nobody's word, and no signal either.
    pub(super) fn of(message: &NewMessage) -> Option<Self> {
        let (spoken, call) = (message.is_word(), message.call());
        (spoken || call.is_some()).then(|| Self {
            from: message.from.clone(),
            to: message.to.clone(),
            conversation: message.claimed(),
            at: message.said_at,
            spoken,
            call,
        })
    }
}

impl Ears {
    /// Calls `tell` for every word between two people of one institution. It must not block.
    pub fn new(people: People, tell: impl Fn(Heard) + Send + Sync + 'static) -> Self {
        Self { people, tell: Arc::new(tell), deliver: Arc::new(|_| {}) }
    }

    /// Calls `deliver` with every letter whose message is stored, in the order in which they are. It must not block.
    #[must_use]
    pub fn delivering(self, deliver: impl Fn(Letter) + Send + Sync + 'static) -> Self {
        Self { deliver: Arc::new(deliver), ..self }
    }

    pub(super) fn deliver(&self) -> Deliver {
        Arc::clone(&self.deliver)
    }

    /// Who the two are, if memory knows them both by these names. A notice is said by nobody.
    pub(super) fn sides(&self, message: &NewMessage) -> Option<(PersonId, PersonId)> {
        if message.system {
            return None;
        }
        Some((self.people.known(&message.from)?, self.people.known(&message.to)?))
    }

    pub(super) async fn hear(&self, word: Word) {
        let found = tokio::time::timeout(HEAR_MAX, async {
            Ok::<_, sqlx::Error>((
                self.people.by_account(&word.from).await?,
                self.people.by_account(&word.to).await?,
            ))
        });
        let (from, to) = match found.await {
            Ok(Ok((Some(from), Some(to)))) => (from, to),
            // Unknown people: the store keeps the message apart.
            Ok(Ok(_)) => return,
            Ok(Err(error)) => {
                tracing::debug!(error = describe(&error), "a word is stored without being heard");
                return;
            }
            Err(_) => {
                tracing::debug!("a word is stored without being heard in time");
                return;
            }
        };
        if from.institution == to.institution
            && let Some(institution) = from.institution
        {
            let (from, to) = (from.id, to.id);
            let Word { conversation, at, spoken, call, .. } = word;
            (self.tell)(Heard { institution, from, to, conversation, at, spoken, call });
        }
    }
}
