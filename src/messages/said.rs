//! What is said over our own IM (`im.mode = "embedded"`). The same road as a callback's message, but here the server says
//! when it was said, and whoever listens hears it as soon as it is stored.

use std::{fmt, sync::PoisonError, time::Duration};

use hotline_actors::{
    ConversationId, PersonId, Timestamp,
    push::{EncodedFrame, SocketId},
};
use tokio::{sync::oneshot, time::Instant};
use uuid::Uuid;

use super::{MessageStore, NewMessage, StoreFault, Stored, count, hearing::Word};

/// A client that waits for its word to be stored can wait longer than Tencent does.
const SAY_MAX: Duration = Duration::from_secs(10);

/// What the sockets are told of a talk.
#[derive(Debug, Clone)]
pub struct Letter {
    pub institution: String,
    pub conversation: ConversationId,
    /// The two of it.
    pub to: [PersonId; 2],
    /// The socket that is answered itself.
    pub except: Option<SocketId>,
    pub parcel: EncodedFrame,
}

/// A message whose moment and id are not known before it stands in the line.
pub struct Draft<W> {
    pub message: NewMessage,
    /// Writes the letter that tells of it, and what its author is answered.
    pub write: W,
}

impl<W> fmt::Debug for Draft<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft").field("message", &self.message).finish_non_exhaustive()
    }
}

impl MessageStore {
    /// Stores what somebody says `now`, and returns what `write` has made of it; nothing if it had been stored before.
    /// Those in the letter hear of it in the order in which it is stored, which is the order of the record.
    ///
    /// # Errors
    /// As [`MessageStore::store`].
    pub async fn say<W, T>(&self, draft: Draft<W>, now: Timestamp) -> Result<Option<T>, StoreFault>
    where
        W: FnOnce(Uuid, Timestamp) -> (Letter, T),
    {
        let deadline = Instant::now() + SAY_MAX;
        let (word, written, answered) = self.stamp(draft, now)?;
        if let Some(word) = word {
            self.ears.hear(word).await;
        }
        match tokio::time::timeout_at(deadline, answered).await {
            Ok(Ok(Ok(Stored::First))) => Ok(Some(written)),
            Ok(Ok(Ok(Stored::Again))) => Ok(None),
            Ok(Ok(Err(fault))) => Err(fault),
            Ok(Err(_)) => Err(StoreFault::Stopped),
            Err(_) => {
                count(&self.counters.late);
                Err(StoreFault::Late)
            }
        }
    }

    /// Gives the message moment, id and place in the line. One at a time, so that all three have one order.
    #[expect(clippy::type_complexity, reason = "used once, just above")]
    fn stamp<W, T>(
        &self,
        draft: Draft<W>,
        now: Timestamp,
    ) -> Result<(Option<Word>, T, oneshot::Receiver<Result<Stored, StoreFault>>), StoreFault>
    where
        W: FnOnce(Uuid, Timestamp) -> (Letter, T),
    {
        let Draft { mut message, write } = draft;
        let (answer, answered) = oneshot::channel();
        // What is in there is right after a panic as well.
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        *latest = (*latest).max(now);
        (message.said_at, message.received_at, message.is_stamped_here) = (*latest, *latest, true);
        let word = Word::of(&message);
        let mut entry = self.admit(message, answer)?;
        let (letter, written) = write(entry.id, *latest);
        entry.letter = Some(letter);
        let unknown = word.and_then(|word| self.ears.comes(word));
        self.enqueue(entry)?;
        Ok((unknown, written, answered))
    }
}
