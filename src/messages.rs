//! What was said: taken into a bounded buffer, stored by one writer in batches, and answered only once committed.
//!
//! A second write path (docs/design.md 6): it needs no order among institutions, only that a message is stored
//! exactly once however often it is delivered (law L-8). One that belongs to no conversation is stored as unmatched, not lost.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hotline_actors::{ConversationId, PersonId, Timestamp, dispatch::conversation::CallSignal};
use sqlx::postgres::PgConnectOptions;
use tokio::{
    sync::{Mutex, Semaphore, TryAcquireError, mpsc, oneshot, watch},
    time::Instant,
};
use uuid::Uuid;

use crate::config::Settings;

mod activity;
mod body;
mod calls;
pub mod elements;
pub mod gaps;
mod insert;
mod marks;
pub mod outgoing;
pub mod record;
mod sent;
pub mod unmatched;
pub mod unread;
pub mod web;
mod writer;

use activity::IncomingMessage;
pub use activity::{ActivityObserver, PersonActivity};
pub use body::Body;
pub(crate) use insert::late_after_end;
pub use sent::{Read, SentMessage, Withdrawn};
pub use unmatched::UnmatchedLimits;
use writer::{BufferPermit, BufferedMessage, Writer, WriterChannels};

/// What the writer of messages takes of PostgreSQL's.
pub const WRITER_CONNECTIONS: u32 = 1;
/// How long after its end a conversation still gets messages: `MsgTime` has whole seconds, and what was
/// written while the other one ended still belongs to it (docs/contract.md 7).
pub const LATE_AFTER_END: Duration = Duration::from_secs(5);
/// Together with the number of messages this bounds the memory of the buffer: one callback may be 256 KiB.
const BUFFER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How much is kept, and for how long anybody waits.
#[derive(Debug, Clone, Copy)]
pub struct MessageLimits {
    /// Messages in the buffer, those being stored included.
    pub buffer_max: usize,
    /// Messages in one insert.
    pub batch_max: usize,
    /// A message not stored by then is answered [`StoreFault::Late`].
    pub store_max: Duration,
    /// The database ends a statement after this.
    pub statement_max: Duration,
    /// The database ends the waiting for a lock after this.
    pub lock_max: Duration,
    /// How many unmatched messages are kept.
    pub unmatched: UnmatchedLimits,
}

impl MessageLimits {
    /// As set in `[messages]` and `[database]`.
    pub fn of(settings: &Settings) -> Self {
        let (messages, database) = (&settings.messages, &settings.database);
        Self {
            buffer_max: messages.buffer_max,
            batch_max: messages.batch_max,
            store_max: Duration::from_millis(messages.store_milliseconds_max),
            statement_max: Duration::from_secs(database.statement_seconds_max),
            lock_max: Duration::from_secs(database.lock_seconds_max),
            unmatched: UnmatchedLimits {
                message_bytes_max: messages.unplaced_message_bytes_max,
                of_sender_max: messages.unplaced_per_person_max.into(),
                messages_max: messages.unplaced_max.into(),
                bytes_max: messages.unplaced_bytes_max,
            },
        }
    }
}

/// A message to be stored. Holds a person's words: prints none of them.
#[derive(Clone)]
pub struct NewMessage {
    from: String,
    to: String,
    sequence: u32,
    random: u32,
    said_at: Timestamp,
    received_at: Timestamp,
    /// Whether `said_at` is ours, and not Tencent's.
    is_stamped_here: bool,
    key: String,
    online_only: bool,
    send_result: i32,
    cloud_custom_data: String,
    body: Body,
    system: bool,
    /// Who `from` and `to` are, as far as memory knows: then nothing has to be looked up to place it.
    sides: Option<(PersonId, PersonId)>,
}

impl NewMessage {
    /// Makes a message of what was sent. One from `administrator`, the IM account of ours, is a notice and nobody's word.
    ///
    /// U+0000, which `jsonb` cannot keep, becomes U+FFFD.
    pub fn new(sent: SentMessage, administrator: &str, received_at: Timestamp) -> Self {
        let clean = |text: String| if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text };
        Self {
            system: sent.from == administrator,
            from: clean(sent.from),
            to: clean(sent.to),
            sequence: sent.sequence,
            random: sent.random,
            said_at: sent.said_at,
            received_at,
            is_stamped_here: false,
            key: clean(sent.key),
            online_only: sent.online_only,
            send_result: sent.send_result,
            cloud_custom_data: clean(sent.cloud_custom_data),
            body: sent.body,
            sides: None,
        }
    }

    /// The conversation it names. Other custom data (clients put quotes and the like there) names none.
    pub fn claimed(&self) -> Option<ConversationId> {
        self.cloud_custom_data.trim().parse().ok()
    }

    /// Whether a person said something to another: no notice of ours, nothing only for clients, nothing undelivered.
    pub fn is_said_by_person(&self) -> bool {
        !self.system && !self.online_only && self.send_result == 0
    }

    /// What it says about a call. A signal that was not delivered begins and ends nothing; `OnlineOnlyFlag` does not
    /// matter here.
    fn call(&self) -> Option<CallSignal> {
        self.body.call().filter(|_| self.send_result == 0)
    }

    fn bytes(&self) -> usize {
        let texts = [&self.cloud_custom_data, &self.key, &self.from, &self.to];
        self.body.json().len() + texts.into_iter().map(String::len).sum::<usize>()
    }
}

impl fmt::Debug for NewMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewMessage")
            .field("key", &self.key)
            .field("said_at", &self.said_at)
            .field("words", &"…")
            .finish_non_exhaustive()
    }
}

/// The message stands in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It was not there before.
    Inserted,
    /// It had been delivered before; nothing was written.
    Duplicate,
}

/// Why a message is not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreFault {
    /// The buffer is full; the message is not in it.
    #[error("the buffer of messages is full")]
    Full,
    /// Not stored in time. It stays in the buffer and is stored when it can be.
    #[error("the message is not stored yet; it will be")]
    Late,
    /// It belongs to no conversation; stored as unmatched, with this reason.
    #[error("the message belongs to no conversation: {reason}")]
    Unmatched { reason: String },
    /// It belongs to no conversation, and is not kept either: of people nobody knows, or more than there is room for.
    #[error("the message belongs to no conversation and is not kept: {reason}")]
    Dropped { reason: String },
    /// The database cannot hold it, alone and whatever is tried.
    #[error("the message cannot be stored")]
    Refused,
    /// The server is stopping, or the writer is gone.
    #[error("the writer of messages has stopped")]
    Stopped,
}

/// What the store has done since it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Messages stored.
    pub stored: u64,
    /// Deliveries of messages that were stored before.
    pub duplicates: u64,
    /// Deliveries stored as unmatched.
    pub unmatched: u64,
    /// Deliveries that belong nowhere and were not kept.
    pub dropped: u64,
    /// Messages the database could not hold.
    pub refused: u64,
    /// Messages answered before they were stored.
    pub late: u64,
    /// Messages turned away because the buffer was full.
    pub full: u64,
    /// Outages of the database.
    pub outages: u64,
    /// Messages in the buffer now, those being stored included.
    pub buffered: u64,
}

#[derive(Default)]
struct Counters {
    stored: AtomicU64,
    duplicates: AtomicU64,
    unmatched: AtomicU64,
    dropped: AtomicU64,
    refused: AtomicU64,
    late: AtomicU64,
    full: AtomicU64,
    outages: AtomicU64,
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// The way to the one writer. Cheap to clone.
#[derive(Clone)]
pub struct MessageStore {
    limits: MessageLimits,
    observer: ActivityObserver,
    entries: mpsc::Sender<BufferedMessage>,
    room: Arc<Semaphore>,
    room_bytes: Arc<Semaphore>,
    stopping: Arc<watch::Sender<bool>>,
    alive: watch::Receiver<()>,
    /// When the last message over our own IM was sent (outgoing.rs).
    latest: Arc<std::sync::Mutex<Timestamp>>,
    /// Held while a batch goes in, and while a mark is set (marks.rs).
    marking: Arc<Mutex<()>>,
    counters: Arc<Counters>,
}

impl fmt::Debug for MessageStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageStore").field("figures", &self.figures()).finish_non_exhaustive()
    }
}

impl MessageStore {
    /// Starts the writer on the current runtime, with a connection of its own made from `options`. `observer` is told of
    /// every person's word that comes.
    ///
    /// A connection that cannot be made is an outage like any other: tried again until it can.
    pub fn start(options: &PgConnectOptions, limits: MessageLimits, observer: ActivityObserver) -> Self {
        let (entries, waiting) = mpsc::channel(limits.buffer_max.max(1));
        let (stopping, stop) = watch::channel(false);
        let (living, alive) = watch::channel(());
        let counters = Arc::new(Counters::default());
        let marking = Arc::new(Mutex::new(()));
        let channels = WriterChannels { waiting, stop, observer: observer.clone() };
        let writer = Writer::new(options, limits, channels, Arc::clone(&marking), Arc::clone(&counters));
        tokio::spawn(async move {
            // Dropped however the writer ends, also by a panic: that is what `ended` waits for.
            let _living = living;
            writer.run().await;
        });
        Self {
            limits,
            observer,
            entries,
            room: Arc::new(Semaphore::new(limits.buffer_max)),
            room_bytes: Arc::new(Semaphore::new(BUFFER_BYTES_MAX)),
            stopping: Arc::new(stopping),
            alive,
            latest: Arc::new(std::sync::Mutex::new(Timestamp(i64::MIN))),
            marking,
            counters,
        }
    }

    /// Stores a message and returns once it is committed.
    ///
    /// # Errors
    /// [`StoreFault`]. After [`StoreFault::Late`] the message will still be stored; a caller that goes away changes
    /// nothing either.
    pub async fn store(&self, message: NewMessage) -> Result<Stored, StoreFault> {
        let deadline = Instant::now() + self.limits.store_max;
        let incoming = IncomingMessage::of(&message);
        let (answer, answered) = oneshot::channel();
        let entry = self.admit(message, answer)?;
        let unknown = incoming.and_then(|incoming| self.observer.comes(incoming));
        self.enqueue(entry)?;
        // In the buffer first: an outage that prevents looking up the sender must not lose the message.
        if let Some(incoming) = unknown {
            self.observer.notify_activity(incoming).await;
        }
        match tokio::time::timeout_at(deadline, answered).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(StoreFault::Stopped),
            Err(_) => {
                count(&self.counters.late);
                Err(StoreFault::Late)
            }
        }
    }

    /// Messages not yet committed.
    pub fn backlog(&self) -> usize {
        self.limits.buffer_max.saturating_sub(self.room.available_permits())
    }

    /// What was done so far.
    pub fn figures(&self) -> Figures {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &self.counters;
        Figures {
            stored: read(&counters.stored),
            duplicates: read(&counters.duplicates),
            unmatched: read(&counters.unmatched),
            dropped: read(&counters.dropped),
            refused: read(&counters.refused),
            late: read(&counters.late),
            full: read(&counters.full),
            outages: read(&counters.outages),
            buffered: self.backlog() as u64,
        }
    }

    /// Returns when the writer has ended, on request or by a panic. Without it the server would store no messages, so
    /// whoever did not ask for it has to stop the process.
    pub async fn ended(&self) {
        let mut alive = self.alive.clone();
        // Nothing is ever sent: it only returns, with an error, when the sender is dropped.
        while alive.changed().await.is_ok() {}
    }

    /// Takes nothing new, stores what is in the buffer, and returns when that is done. While the database is away that
    /// may be never: the caller sets the limit.
    pub async fn shut_down(&self) {
        self.room.close();
        self.stopping.send_replace(true);
        self.ended().await;
    }

    fn enqueue(&self, entry: BufferedMessage) -> Result<(), StoreFault> {
        self.entries.try_send(entry).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => StoreFault::Full,
            mpsc::error::TrySendError::Closed(_) => StoreFault::Stopped,
        })
    }

    /// Gives the message its place in the buffer, or says why not.
    fn admit(
        &self,
        mut message: NewMessage,
        answer: oneshot::Sender<Result<Stored, StoreFault>>,
    ) -> Result<BufferedMessage, StoreFault> {
        let bytes = u32::try_from(message.bytes()).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).try_acquire_owned();
        let room_bytes = Arc::clone(&self.room_bytes).try_acquire_many_owned(bytes);
        match (room, room_bytes) {
            (Ok(room), Ok(room_bytes)) => {
                message.sides = self.observer.sides(&message);
                let permit = BufferPermit { _message: room, _bytes: room_bytes };
                Ok(BufferedMessage { id: Uuid::now_v7(), message, answer, permit, delivery: None })
            }
            (Err(TryAcquireError::Closed), _) => Err(StoreFault::Stopped),
            (Err(TryAcquireError::NoPermits), _) | (Ok(_), Err(_)) => {
                count(&self.counters.full);
                Err(StoreFault::Full)
            }
        }
    }
}
