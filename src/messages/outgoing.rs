//! What is said over our own IM (`im.mode = "embedded"`). The same road as a callback's message, but here the server says
//! when it was said, and whoever listens hears it as soon as it is stored.

use std::{fmt, sync::PoisonError, time::Duration};

use hotline_actors::{Timestamp, registry::OutgoingMessage};
use tokio::{sync::oneshot, time::Instant};
use uuid::Uuid;

use super::{MessageStore, NewMessage, StoreFault, Stored, activity::IncomingMessage, count};

/// A client that waits for its word to be stored can wait longer than Tencent does.
const SAY_MAX: Duration = Duration::from_secs(10);

/// What the sockets of a conversation are told, and of which institution they are.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub institution: String,
    pub message: OutgoingMessage,
}

/// A message whose moment and id are not known before it has its place in the buffer.
pub struct UnsentMessage<W> {
    pub message: NewMessage,
    /// Writes what the sockets are told of it, and what its author is answered.
    pub write: W,
}

impl<W> fmt::Debug for UnsentMessage<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnsentMessage").field("message", &self.message).finish_non_exhaustive()
    }
}

impl MessageStore {
    /// Stores what somebody says `now`, and returns what `write` has made of it; nothing if it had been stored before.
    /// The sockets are told in the order in which it is stored, which is the order of the record.
    ///
    /// # Errors
    /// As [`MessageStore::store`].
    pub async fn say<W, T>(&self, unsent: UnsentMessage<W>, now: Timestamp) -> Result<Option<T>, StoreFault>
    where
        W: FnOnce(Uuid, Timestamp) -> (Delivery, T),
    {
        let deadline = Instant::now() + SAY_MAX;
        let (word, written, answered) = self.stamp(unsent, now)?;
        if let Some(word) = word {
            self.observer.notify_activity(word).await;
        }
        match tokio::time::timeout_at(deadline, answered).await {
            Ok(Ok(Ok(Stored::Inserted))) => Ok(Some(written)),
            Ok(Ok(Ok(Stored::Duplicate))) => Ok(None),
            Ok(Ok(Err(fault))) => Err(fault),
            Ok(Err(_)) => Err(StoreFault::Stopped),
            Err(_) => {
                count(&self.counters.late);
                Err(StoreFault::Late)
            }
        }
    }

    /// Gives the message moment, id and place in the buffer. One at a time, so that all three have one order.
    #[expect(clippy::type_complexity, reason = "used once, just above")]
    fn stamp<W, T>(
        &self,
        unsent: UnsentMessage<W>,
        now: Timestamp,
    ) -> Result<(Option<IncomingMessage>, T, oneshot::Receiver<Result<Stored, StoreFault>>), StoreFault>
    where
        W: FnOnce(Uuid, Timestamp) -> (Delivery, T),
    {
        let UnsentMessage { mut message, write } = unsent;
        let (answer, answered) = oneshot::channel();
        // What is in there is right after a panic as well.
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        *latest = (*latest).max(now);
        (message.said_at, message.received_at, message.is_stamped_here) = (*latest, *latest, true);
        let word = IncomingMessage::of(&message);
        let mut entry = self.admit(message, answer)?;
        let (delivery, written) = write(entry.id, *latest);
        entry.delivery = Some(delivery);
        let unknown = word.and_then(|word| self.observer.comes(word));
        self.enqueue(entry)?;
        Ok((unknown, written, answered))
    }
}
