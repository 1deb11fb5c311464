//! Tells dispatch that a person's message has arrived, before it is stored: silence must not run out. And once more
//! when it is stored: who sent the last message is known from the stored messages alone.

use std::{fmt, sync::Arc, time::Duration};

use hotline_actors::{
    ConversationId, PersonId, Timestamp, dispatch::conversation::CallSignal, registry::Progress,
};

use super::{NewMessage, outgoing::Delivery};
use crate::{
    clock,
    errors::describe,
    people::{People, PersonRef},
};

/// The sender is mostly known from memory. If the database takes longer than this, dispatch is not told that
/// it arrived, only that it is stored; silence is counted from the database's return anyway (docs/contract.md 5).
const LOOK_UP_MAX: Duration = Duration::from_millis(500);

/// A person has said something to another, or signalled about a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonActivity {
    pub institution: String,
    pub from: PersonId,
    pub to: PersonId,
    /// The conversation the client named; not checked.
    pub conversation: Option<ConversationId>,
    /// When it was said, in the time of dispatch; it may be long ago: a callback delivered again, or fetched from the history.
    pub at: Timestamp,
    /// Somebody said something: not so for a signal that is for clients only.
    pub spoken: bool,
    /// What it says about a call.
    pub call: Option<CallSignal>,
    /// How far it is on its way to the store.
    pub progress: Progress,
}

/// The sender and the receiver of a message, and their institution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) institution: String,
    pub(super) from: PersonId,
    pub(super) to: PersonId,
    /// Where the store has placed it; else what the client says counts.
    pub(super) conversation: Option<ConversationId>,
}

impl Pair {
    /// Nobody talks to somebody of another institution.
    fn of(from: PersonRef, to: &PersonRef) -> Option<Self> {
        let institution =
            from.institution.filter(|institution| to.institution.as_ref() == Some(institution))?;
        Some(Self { institution, from: from.id, to: to.id, conversation: None })
    }
}

/// Takes what is said to the sockets.
type Deliver = Arc<dyn Fn(Delivery) + Send + Sync>;

/// Who is told of words.
#[derive(Clone)]
pub struct ActivityObserver {
    people: People,
    tell: Arc<dyn Fn(PersonActivity) + Send + Sync>,
    deliver: Deliver,
}

impl fmt::Debug for ActivityObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActivityObserver").finish_non_exhaustive()
    }
}

/// The part of a message that dispatch is told of.
pub(super) struct IncomingMessage {
    from: String,
    to: String,
    conversation: Option<ConversationId>,
    at: Timestamp,
    spoken: bool,
    call: Option<CallSignal>,
}

impl IncomingMessage {
    /// `None` for what is neither a person's message nor a call signal.
    pub(super) fn of(message: &NewMessage) -> Option<Self> {
        let (spoken, call) = (message.is_said_by_person(), message.call());
        (spoken || call.is_some()).then(|| Self {
            from: message.from.clone(),
            to: message.to.clone(),
            conversation: message.claimed(),
            at: if message.is_stamped_here { message.said_at } else { message.said_at + clock::ahead() },
            spoken,
            call,
        })
    }
}

impl ActivityObserver {
    /// Calls `tell` for every word between two people of one institution. It must not block.
    pub fn new(people: People, tell: impl Fn(PersonActivity) + Send + Sync + 'static) -> Self {
        Self { people, tell: Arc::new(tell), deliver: Arc::new(|_| {}) }
    }

    /// Calls `deliver` for every message said over our own IM once it is stored, in the order in which they are. It must not block.
    #[must_use]
    pub fn delivering(self, deliver: impl Fn(Delivery) + Send + Sync + 'static) -> Self {
        Self { deliver: Arc::new(deliver), ..self }
    }

    /// Takes it to the sockets.
    pub(super) fn deliver(&self, delivery: Delivery) {
        (self.deliver)(delivery);
    }

    /// Who the two are, if memory knows them both by these names. A notice is said by nobody.
    pub(super) fn sides(&self, message: &NewMessage) -> Option<(PersonId, PersonId)> {
        if message.system {
            return None;
        }
        Some((self.people.known(&message.from)?, self.people.known(&message.to)?))
    }

    /// A message has arrived. Dispatch is told before it is queued for the store, never after "stored"; given
    /// back if memory does not know the two, to be looked up.
    pub(super) fn comes(&self, incoming: IncomingMessage) -> Option<IncomingMessage> {
        match self.sides_of(&incoming) {
            Some((from, to)) => self.tell(Pair::of(from, &to), &incoming, Progress::Coming),
            None => return Some(incoming),
        }
        None
    }

    fn sides_of(&self, incoming: &IncomingMessage) -> Option<(PersonRef, PersonRef)> {
        self.people.known_here(&incoming.from).zip(self.people.known_here(&incoming.to))
    }

    /// Tells dispatch whether a message or call signal was stored as new. The store has looked up people whom memory does
    /// not know; where it has not, the message is unmatched, and dispatch may never have been told that it arrived.
    pub(super) fn notify_stored(&self, message: &NewMessage, progress: Progress, pair: Option<Pair>) {
        let Some(incoming) = IncomingMessage::of(message) else { return };
        let pair = pair.or_else(|| {
            let (from, to) = self.sides_of(&incoming)?;
            Pair::of(from, &to)
        });
        self.tell(pair, &incoming, progress);
    }

    fn tell(&self, pair: Option<Pair>, incoming: &IncomingMessage, progress: Progress) {
        if let Some(Pair { institution, from, to, conversation }) = pair {
            let IncomingMessage { at, spoken, call, .. } = *incoming;
            let conversation = conversation.or(incoming.conversation);
            (self.tell)(PersonActivity { institution, from, to, conversation, at, spoken, call, progress });
        }
    }

    /// As `comes`, for one whose author has to be looked up.
    pub(super) async fn notify_activity(&self, incoming: IncomingMessage) {
        let found = tokio::time::timeout(LOOK_UP_MAX, async {
            Ok::<_, sqlx::Error>((
                self.people.by_account(&incoming.from).await?,
                self.people.by_account(&incoming.to).await?,
            ))
        });
        let (from, to) = match found.await {
            Ok(Ok((Some(from), Some(to)))) => (from, to),
            // Unknown people: the store treats the message as unmatched.
            Ok(Ok(_)) => return,
            Ok(Err(error)) => {
                tracing::debug!(
                    error = describe(&error),
                    "looking up a message's sender failed: dispatch is told once it is stored"
                );
                return;
            }
            Err(_) => {
                tracing::debug!(
                    "looking up a message's sender timed out: dispatch is told once it is stored"
                );
                return;
            }
        };
        self.tell(Pair::of(from, &to), &incoming, Progress::Coming);
    }
}
