//! The task that stores: gathers everything waiting, writes it with one statement, then answers.

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use hotline_actors::registry::Progress;
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use tokio::sync::{Mutex, OwnedSemaphorePermit, mpsc, oneshot, watch};
use uuid::Uuid;

use super::{
    Counters, MessageLimits, NewMessage, StoreFault, Stored,
    activity::ActivityObserver,
    count,
    insert::{self, Outcome},
    outgoing::Delivery,
};

/// A batch is closed when it holds this much: the statement carries it whole.
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(2);
/// Over the database's own time-out: then the connection itself is silent.
const SILENT_MAX: Duration = Duration::from_secs(2);

/// A message in the buffer, with the place it takes there.
pub(super) struct BufferedMessage {
    pub(super) id: Uuid,
    pub(super) message: NewMessage,
    pub(super) answer: oneshot::Sender<Result<Stored, StoreFault>>,
    pub(super) permit: BufferPermit,
    /// Tells of it once it is stored, for the first time.
    pub(super) delivery: Option<Delivery>,
}

/// A place in the buffer, free again when dropped.
pub(super) struct BufferPermit {
    pub(super) _message: OwnedSemaphorePermit,
    pub(super) _bytes: OwnedSemaphorePermit,
}

/// What leads to the writer, and away from it.
pub(super) struct WriterChannels {
    pub(super) waiting: mpsc::Receiver<BufferedMessage>,
    pub(super) stop: watch::Receiver<bool>,
    pub(super) observer: ActivityObserver,
}

pub(super) struct Writer {
    options: PgConnectOptions,
    limits: MessageLimits,
    channels: WriterChannels,
    marking: Arc<Mutex<()>>,
    counters: Arc<Counters>,
    connection: Option<PgConnection>,
    outage: bool,
}

/// Why a batch did not go in.
enum Failure {
    /// Something in it cannot be held; the same again would fail again.
    Rows { code: String },
    /// The database is not to be had, or does not say whether it took them: the same rows again.
    Database { cause: String },
}

impl Writer {
    pub(super) fn new(
        options: &PgConnectOptions,
        limits: MessageLimits,
        channels: WriterChannels,
        marking: Arc<Mutex<()>>,
        counters: Arc<Counters>,
    ) -> Self {
        let options = options.clone().application_name("hotline-messages").options([
            ("statement_timeout", limits.statement_max.as_millis().to_string()),
            ("lock_timeout", limits.lock_max.as_millis().to_string()),
            ("idle_in_transaction_session_timeout", limits.statement_max.as_millis().to_string()),
        ]);
        Self { options, limits, channels, marking, counters, connection: None, outage: false }
    }

    /// Runs until it is told to stop, or nobody is left who could say anything; then what waits is stored first.
    pub(super) async fn run(mut self) {
        while let Some(first) = self.next().await {
            let batch = self.gather(first);
            self.store(batch).await;
        }
    }

    async fn next(&mut self) -> Option<BufferedMessage> {
        let WriterChannels { waiting, stop, .. } = &mut self.channels;
        let told = async {
            // An error means that nobody is left to tell us: as good as being told.
            stop.wait_for(|stop| *stop).await.is_ok()
        };
        tokio::select! {
            entry = waiting.recv() => return entry,
            _ = told => {}
        }
        waiting.close();
        waiting.recv().await
    }

    fn gather(&mut self, first: BufferedMessage) -> Vec<BufferedMessage> {
        let mut bytes = first.message.bytes();
        let mut batch = vec![first];
        while batch.len() < self.limits.batch_max && bytes < BATCH_BYTES_MAX {
            let Ok(entry) = self.channels.waiting.try_recv() else { break };
            bytes += entry.message.bytes();
            batch.push(entry);
        }
        batch
    }

    /// Stores a batch. When something in it cannot be held, its halves go in one after the other, down to the single
    /// message, so that the rest is not held up.
    async fn store(&mut self, batch: Vec<BufferedMessage>) {
        let mut groups = vec![batch];
        while let Some(mut group) = groups.pop() {
            match self.flush(&group).await {
                Ok(outcomes) => {
                    for (entry, outcome) in group.into_iter().zip(outcomes) {
                        self.answer(entry, outcome);
                    }
                }
                Err(_) if group.len() > 1 => {
                    groups.push(group.split_off(group.len() / 2));
                    groups.push(group);
                }
                Err(code) => {
                    for entry in group {
                        tracing::error!(id = %entry.id.simple(), code, "storing a message failed for good: rejected by the database");
                        count(&self.counters.refused);
                        self.channels.observer.notify_stored(&entry.message, Progress::Passed, None);
                        // Whoever asked may have gone: late callers do not wait.
                        let _gone = entry.answer.send(Err(StoreFault::Refused));
                    }
                }
            }
        }
    }

    /// Tries until the database has taken `group`, or has said with this SQLSTATE that something in it cannot be held.
    async fn flush(&mut self, group: &[BufferedMessage]) -> Result<Vec<Outcome>, String> {
        let mut pause = RETRY_FIRST;
        loop {
            match self.attempt(group).await {
                Ok(outcomes) => {
                    if std::mem::take(&mut self.outage) {
                        tracing::info!(messages = group.len(), "storing messages works again");
                    }
                    return Ok(outcomes);
                }
                Err(Failure::Rows { code }) => return Err(code),
                Err(Failure::Database { cause }) => {
                    if !std::mem::replace(&mut self.outage, true) {
                        count(&self.counters.outages);
                        tracing::error!(
                            cause,
                            "storing messages failed: database unavailable, retrying from the buffer"
                        );
                    }
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(RETRY_MAX);
                }
            }
        }
    }

    async fn attempt(&mut self, group: &[BufferedMessage]) -> Result<Vec<Outcome>, Failure> {
        let limit = self.limits.statement_max + SILENT_MAX;
        let _no_mark_is_set = self.marking.lock().await;
        let connection = self.connection.take();
        let work = async {
            let mut connection = match connection {
                Some(connection) => connection,
                None => PgConnection::connect_with(&self.options).await?,
            };
            let outcomes = insert::insert(&mut connection, group, self.limits.unmatched).await?;
            Ok((connection, outcomes))
        };
        match tokio::time::timeout(limit, work).await {
            Ok(Ok((connection, outcomes))) => {
                self.connection = Some(connection);
                Ok(outcomes)
            }
            // The connection goes with the error: what state it is in is not worth finding out.
            Ok(Err(error)) => Err(failure(&error, group.len())),
            Err(_) => Err(Failure::Database { cause: "no answer".to_owned() }),
        }
    }

    fn answer(&self, entry: BufferedMessage, outcome: Outcome) {
        let counters = &self.counters;
        let (counter, answer, progress, pair): (&AtomicU64, _, _, _) = match outcome {
            Outcome::Stored(Stored::Inserted, pair) => {
                (&counters.stored, Ok(Stored::Inserted), Progress::Stored, pair)
            }
            Outcome::Stored(Stored::Duplicate, pair) => {
                (&counters.duplicates, Ok(Stored::Duplicate), Progress::Again, pair)
            }
            Outcome::Unmatched(reason) => {
                (&counters.unmatched, Err(StoreFault::Unmatched { reason }), Progress::Passed, None)
            }
            Outcome::Dropped(reason) => {
                (&counters.dropped, Err(StoreFault::Dropped { reason }), Progress::Passed, None)
            }
        };
        count(counter);
        self.channels.observer.notify_stored(&entry.message, progress, pair);
        // The place in the buffer is free before the answer is heard.
        drop(entry.permit);
        let delivery = entry.delivery.filter(|_| progress == Progress::Stored);
        // Whoever asked may have gone: late callers do not wait.
        let gone = entry.answer.send(answer).is_err();
        if let Some(mut delivery) = delivery {
            // One who is not answered any more hears it as the others do.
            delivery.message.except = delivery.message.except.filter(|_| !gone);
            self.channels.observer.deliver(delivery);
        }
    }
}

/// Sorts an error by what helps. Only codes are kept: the database's messages may quote what was to be stored.
fn failure(error: &sqlx::Error, rows: usize) -> Failure {
    if let Some(code) = error.as_database_error().map(|error| error.code().unwrap_or_default().into_owned()) {
        if is_about_rows(&code, rows) { Failure::Rows { code } } else { Failure::Database { cause: code } }
    } else if let sqlx::Error::Encode(_) = error {
        Failure::Rows { code: "encode".to_owned() }
    } else if let sqlx::Error::Io(error) = error {
        Failure::Database { cause: error.to_string() }
    } else {
        Failure::Database { cause: "connection".to_owned() }
    }
}

/// Whether SQLSTATE `code` speaks of what is to be stored rather than of the state of the server.
fn is_about_rows(code: &str, rows: usize) -> bool {
    match code {
        // Too slow for so many at once may do for half of them.
        "57014" => rows > 1,
        // Data exceptions, broken constraints, program limits (too large for an index or a field).
        _ => ["22", "23", "54"].iter().any(|class| code.starts_with(class)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_split_for_its_rows_and_kept_for_the_server() {
        for code in ["22P05", "22021", "23502", "54000", "57014"] {
            assert!(is_about_rows(code, 2), "{code}");
        }
        // Read-only, no disk, shutting down, no such table: none of it is the fault of a message.
        for code in ["25006", "53100", "57P01", "42P01", "40P01", "55P03", "08006", "28000", ""] {
            assert!(!is_about_rows(code, 2), "{code}");
        }
        assert!(!is_about_rows("57014", 1));
    }
}
