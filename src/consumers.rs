//! What follows from events outside the database: a notice over IM, a message over WeChat.
//!
//! Each consumer keeps a cursor per institution (docs/design.md 6): an event is done with, then the cursor moves, so that every
//! event is consumed at least once. What fails for now is tried again with doubling waits, and what fails for good or
//! comes too late is written into `given_up` and passed.

mod cursor;

use std::{
    collections::HashMap,
    fmt,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use hotline_actors::{Timestamp, dispatch::event::Event};
use sqlx::PgPool;
use tokio::{
    sync::{
        Notify,
        broadcast::{self, error::RecvError},
    },
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep},
};

use crate::{clock, errors::describe, metrics::Metrics};
use cursor::Cursor;

/// Events read at once.
const PAGE_EVENTS_MAX: i64 = 100;

/// Does something outside about events of some kinds.
pub trait Consumer: Send + Sync + 'static {
    /// Under which its cursors are kept; never changed.
    fn name(&self) -> &'static str;

    /// The names of the events it wants, as [`Event::name`] tells them.
    fn kinds(&self) -> &'static [&'static str];

    /// An event older than this is not worth telling any more.
    fn age_max(&self) -> Duration;

    /// Does what follows from one event. It may be called again for the same event.
    fn consume(&self, stored: &StoredEvent) -> impl Future<Output = Result<Consumed, Failure>> + Send;
}

/// What followed from an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consumed {
    /// Something outside: it should not be done again.
    Acted,
    /// Nothing; looked at again, it would be nothing again.
    Nothing,
}

/// An event as it is stored.
#[derive(Debug, Clone)]
pub struct StoredEvent {
    pub institution: String,
    pub seq: i64,
    pub at: Timestamp,
    pub event: Event,
}

/// Why an event was not consumed. The reasons are logged and kept: ids only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Worth another try.
    #[error("{0}")]
    Passing(String),
    /// Will never succeed.
    #[error("{0}")]
    Lasting(String),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Passing(describe(&error))
    }
}

/// How often a consumer looks, and how long it keeps trying.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    /// Between two looks at all journals, for what nobody told: another server's commits, and new institutions.
    pub look_every: Duration,
    /// Between two looks at one institution's, however often it commits.
    pub pause: Duration,
    /// Before the second try; doubled for each further one.
    pub first_wait: Duration,
    /// The longest wait between two tries.
    pub wait_max: Duration,
    /// Tries of one event.
    pub tries_max: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            look_every: Duration::from_secs(15),
            pause: Duration::from_secs(1),
            first_wait: Duration::from_secs(1),
            wait_max: Duration::from_secs(30),
            tries_max: 6,
        }
    }
}

/// The life in which an institution is served here, by its code.
pub type Lives = Arc<dyn Fn(&str) -> Option<u64> + Send + Sync>;

/// What is to be followed.
pub struct Served {
    /// Institutions that have committed something, as it happens. Whoever is too slow to hear of each looks at all.
    pub feed: broadcast::Receiver<Arc<str>>,
    /// In which life this server serves the institution, if it does: among several, each tells of its own, and begins anew where
    /// another has told of it meanwhile.
    pub life: Lives,
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Served").finish_non_exhaustive()
    }
}

/// Runs one consumer over all institutions, each in its own order, so that one that is stuck holds up no other. Does
/// not return unless a part of it died. Dropping it stops it.
///
/// Followers rest until the feed, or a look at all journals in one statement, says that there is something: a thousand idle
/// institutions cost what that look costs.
///
/// An institution that is there already when this consumer first runs is begun at its end: nobody is told of old things.
pub async fn run<C: Consumer>(
    pool: PgPool,
    metrics: Metrics,
    consumer: Arc<C>,
    retry: RetryPolicy,
    Served { mut feed, life }: Served,
) {
    let mut following: HashMap<Arc<str>, Following> = HashMap::new();
    let mut followers = JoinSet::new();
    let mut tick = interval(retry.look_every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut well, mut at_start, mut is_fed) = (true, true, true);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            Some(ended) = followers.join_next() => match ended {
                // Another server follows it now, or this one does anew: it is looked at once more.
                Ok(institution) => drop(following.remove(&institution)),
                Err(_died) => return,
            },
            news = feed.recv(), if is_fed => match news {
                Ok(institution) => if let Some(following) = following.get(&institution) {
                    following.woken.notify_one();
                    continue;
                }
                Err(RecvError::Lagged(_)) => {}
                // The server stops; what is left to follow is looked for.
                Err(RecvError::Closed) => {
                    is_fed = false;
                    continue;
                }
            },
        }
        match cursor::open_all(&pool, consumer.name(), at_start).await {
            Ok(cursors) => {
                (well, at_start) = (true, false);
                for (cursor, head) in cursors {
                    let now = life(&cursor.institution);
                    if let Some(following) = following.get(cursor.institution.as_str()) {
                        // One that follows an earlier life finds out, and ends.
                        if following.at.load(Ordering::Relaxed) < head || following.life != now {
                            following.woken.notify_one();
                        }
                        continue;
                    }
                    if now.is_none() {
                        continue;
                    }
                    let new = Following { life: now, ..Following::default() };
                    // What was committed while this consumer did not run.
                    new.woken.notify_one();
                    following.insert(cursor.institution.as_str().into(), new.clone());
                    let follower = Follower {
                        pool: pool.clone(),
                        metrics: metrics.clone(),
                        consumer: Arc::clone(&consumer),
                        retry,
                        life: Arc::clone(&life),
                        cursor,
                    };
                    followers.spawn(follower.follow(new));
                }
            }
            Err(error) if well => {
                well = false;
                tracing::warn!(consumer = consumer.name(), error = %describe(&error), "cursors cannot be read");
            }
            // Told already.
            Err(_) => {}
        }
    }
}

/// A follower, as seen by whoever wakes it.
#[derive(Debug, Clone, Default)]
struct Following {
    woken: Arc<Notify>,
    /// Everything up to here is done with.
    at: Arc<AtomicI64>,
    /// In which life of the institution here.
    life: Option<u64>,
}

/// A consumer in one institution.
struct Follower<C> {
    pool: PgPool,
    metrics: Metrics,
    consumer: Arc<C>,
    retry: RetryPolicy,
    life: Lives,
    cursor: Cursor,
}

impl<C: Consumer> Follower<C> {
    /// Ends with the institution's name once this server does not serve it any more, or does so anew.
    async fn follow(mut self, following: Following) -> Arc<str> {
        let mut well = true;
        loop {
            following.woken.notified().await;
            if !self.goes_on(&following) {
                self.is_at(None);
                return self.cursor.institution.as_str().into();
            }
            match self.catch_up(&following).await {
                Ok(()) => well = true,
                Err(error) => {
                    // Told once; told again after it was well.
                    if std::mem::replace(&mut well, false) {
                        let (consumer, institution) = (self.consumer.name(), &self.cursor.institution);
                        tracing::warn!(consumer, institution, error = %describe(&error), "events cannot be followed");
                    }
                    following.woken.notify_one();
                }
            }
            following.at.store(self.cursor.at(), Ordering::Relaxed);
            sleep(self.retry.pause).await;
        }
    }

    fn goes_on(&self, following: &Following) -> bool {
        (self.life)(&self.cursor.institution) == following.life
    }

    /// Consumes what is there, as long as this server serves the institution.
    async fn catch_up(&mut self, following: &Following) -> Result<(), sqlx::Error> {
        loop {
            self.pass_the_stale().await?;
            let kinds = self.consumer.kinds();
            let (head, events) = self.cursor.read(&self.pool, kinds, PAGE_EVENTS_MAX).await?;
            let is_all = events.len() < usize::try_from(PAGE_EVENTS_MAX).unwrap_or(usize::MAX);
            for (seq, event) in events {
                if !self.goes_on(following) {
                    following.woken.notify_one();
                    return Ok(());
                }
                match event {
                    Ok(stored) => self.consume(&stored).await?,
                    Err(reason) => self.give_up(seq, 1, reason).await?,
                }
            }
            self.is_at(None);
            if is_all {
                return self.cursor.pass(&self.pool, head).await;
            }
        }
    }

    fn is_at(&self, event: Option<Timestamp>) {
        self.metrics.consumer_is_at(self.consumer.name(), &self.cursor.institution, event);
    }

    async fn consume(&mut self, stored: &StoredEvent) -> Result<(), sqlx::Error> {
        self.is_at(Some(stored.at));
        let mut wait = self.retry.first_wait;
        for left in (0..self.retry.tries_max).rev() {
            let (consumer, institution, seq) = (self.consumer.name(), &stored.institution, stored.seq);
            match self.consumer.consume(stored).await {
                Ok(Consumed::Acted) => return self.cursor.done(&self.pool, stored.seq).await,
                Ok(Consumed::Nothing) => return self.cursor.pass(&self.pool, stored.seq).await,
                Err(Failure::Passing(reason)) if left > 0 => {
                    tracing::info!(consumer, institution, seq, reason, "consumer: event failed, retrying");
                    sleep(wait).await;
                    wait = (wait * 2).min(self.retry.wait_max);
                }
                Err(failure) => return self.give_up(stored.seq, 1, failure.to_string()).await,
            }
        }
        Ok(())
    }

    /// Gives up `events` events, the last of which is `seq`.
    async fn give_up(&mut self, seq: i64, events: u64, reason: String) -> Result<(), sqlx::Error> {
        let (consumer, institution) = (self.consumer.name(), &self.cursor.institution);
        tracing::warn!(consumer, institution, seq, reason, "consumer: event given up");
        self.cursor.give_up(&self.pool, seq, &reason, clock::now()).await?;
        self.metrics.consumer_gave_up(self.consumer.name(), &self.cursor.institution, events);
        Ok(())
    }

    /// What is too old is given up all at once: after an outage, or after the consumer was switched off for a while.
    async fn pass_the_stale(&mut self) -> Result<(), sqlx::Error> {
        let before = clock::steady() - self.consumer.age_max();
        if let Some(stale) = self.cursor.stale(&self.pool, self.consumer.kinds(), before).await? {
            let reason = format!("{} events came too late to be told", stale.number);
            self.give_up(stale.last, u64::try_from(stale.number).unwrap_or(0), reason).await?;
        }
        Ok(())
    }
}
