//! The commits of all institutions over a few connections: what waits is stored together by one statement, as soon as a
//! writer is free. So a commit takes the longer the more there is to do, and more is gathered meanwhile; nobody waits for
//! others to come.
//!
//! Bulkheads: a statement that fails for what one batch has in it says no to all, so each is then stored alone, and the one at
//! fault hears of it alone. One that waits for a lock goes on waiting on a connection apart, and so does what its
//! institution stores in the next seconds.

use std::{
    collections::{HashMap, VecDeque},
    fmt, slice,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use hotline_actors::journal::Batch;
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use tokio::{
    sync::{Notify, oneshot},
    time::Instant,
};

use super::{calls::StoreError, statement};

/// The writers of what is stored together.
const SHARED_CONNECTIONS: u32 = 2;
/// Batches and events in one statement. One batch may have more events; then it is stored alone.
const BATCHES_MAX: usize = 64;
const EVENTS_MAX: usize = 512;
/// A second writer helps when a whole statement waits, or when the first has been at its own for so long: PostgreSQL shares
/// the flush among statements anyway, and two half-filled ones cost it more than a full one.
const HELP_AFTER: Duration = Duration::from_millis(50);
/// For how long an institution that waited for a lock is stored apart.
const APART_FOR: Duration = Duration::from_secs(10);
/// For how long a writer is busy with batches one by one.
const ALONE_FOR: Duration = Duration::from_secs(1);
/// Connections for those that are stored apart.
const APART_CONNECTIONS: u32 = 2;

/// A call is given up this long after PostgreSQL should have ended it.
const CALL_SLACK: Duration = Duration::from_secs(3);
const SHARED_LOCK_MAX: Duration = Duration::from_millis(200);

/// All connections that commits take.
pub const CONNECTIONS: u32 = SHARED_CONNECTIONS + APART_CONNECTIONS;

/// How long a commit may take.
#[derive(Debug, Clone, Copy)]
pub struct CommitLimits {
    /// A statement is given up after this, which should be longer than the server's own limit.
    pub call_max: Duration,
    /// A lock that is held longer holds up nobody but the institution that needs it.
    pub shared_lock_max: Duration,
}

impl CommitLimits {
    /// For statements that PostgreSQL ends after `statement_max`.
    pub fn new(statement_max: Duration) -> Self {
        Self { call_max: statement_max + CALL_SLACK, shared_lock_max: SHARED_LOCK_MAX }
    }
}

/// The way to the writers. Cheap to clone.
#[derive(Clone)]
pub(super) struct Commits {
    queues: Arc<Queues>,
    call_max: Duration,
}

impl fmt::Debug for Commits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commits").finish_non_exhaustive()
    }
}

/// Why a batch is not known to be stored.
#[derive(Debug)]
pub(super) enum CommitFault {
    /// PostgreSQL understood it, alone, and said no for good.
    Refused(sqlx::Error),
    /// It may have been stored or not.
    Unknown(String),
}

type Outcome = Result<(), CommitFault>;

struct Waiting {
    institution: String,
    batch: Arc<Batch>,
    to: oneshot::Sender<Outcome>,
}

impl Waiting {
    /// Whoever asked may be gone; then nobody is left to tell.
    fn answer(self, outcome: Outcome) {
        let _ = self.to.send(outcome);
    }
}

#[derive(Default)]
struct Queues {
    state: Mutex<State>,
    first: Notify,
    second: Notify,
    apart: Notify,
}

#[derive(Default)]
struct State {
    shared: VecDeque<Waiting>,
    apart: VecDeque<Waiting>,
    /// Institutions that are stored apart, and until when.
    apart_until: HashMap<String, Instant>,
    /// Since when the first writer has been at a statement.
    first_busy_since: Option<Instant>,
}

/// What a writer may do now.
enum Due {
    Now,
    At(Instant),
    NotYet,
}

impl State {
    fn due(&self, is_first: bool, now: Instant) -> Due {
        match (self.shared.is_empty(), self.first_busy_since) {
            (false, _) if is_first => Due::Now,
            (true, _) | (false, None) => Due::NotYet,
            (false, Some(since)) if self.shared.len() >= BATCHES_MAX || since + HELP_AFTER <= now => Due::Now,
            (false, Some(since)) => Due::At(since + HELP_AFTER),
        }
    }

    /// As much of what waits as goes into one statement.
    fn take_shared(&mut self) -> Vec<Waiting> {
        let (mut taken, mut events) = (Vec::new(), 0);
        while let Some(next) = self.shared.front() {
            if next.to.is_closed() {
                // It has waited too long, and is tried again by whoever asked.
                self.shared.pop_front();
                continue;
            }
            events += next.batch.events.len();
            if taken.len() == BATCHES_MAX || (!taken.is_empty() && events > EVENTS_MAX) {
                break;
            }
            taken.extend(self.shared.pop_front());
        }
        taken
    }

    fn is_apart(&mut self, institution: &str, now: Instant) -> bool {
        let is_apart = self.apart_until.get(institution).is_some_and(|until| *until > now);
        if !is_apart {
            self.apart_until.remove(institution);
        }
        is_apart
    }
}

impl Queues {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, waiting: Waiting) {
        let mut state = self.state();
        if state.is_apart(&waiting.institution, Instant::now()) {
            state.apart.push_back(waiting);
            self.apart.notify_one();
            return;
        }
        state.shared.push_back(waiting);
        self.first.notify_one();
        // At the first it sets its clock, at a full statement it begins.
        let waiting = state.shared.len();
        if state.first_busy_since.is_some() && (waiting == 1 || waiting.is_multiple_of(BATCHES_MAX)) {
            self.second.notify_one();
        }
    }

    /// Waits until there is something for this writer, and takes it.
    async fn take_shared(&self, is_first: bool) -> Vec<Waiting> {
        let woken = if is_first { &self.first } else { &self.second };
        loop {
            let due = {
                let mut state = self.state();
                let due = state.due(is_first, Instant::now());
                if matches!(due, Due::Now) {
                    let taken = state.take_shared();
                    if is_first && !taken.is_empty() {
                        state.first_busy_since = Some(Instant::now());
                    }
                    if !state.shared.is_empty() {
                        // Of what comes while the first is idle the second has not heard.
                        self.second.notify_one();
                    }
                    if taken.is_empty() {
                        continue;
                    }
                    return taken;
                }
                due
            };
            match due {
                Due::At(at) => drop(tokio::time::timeout_at(at, woken.notified()).await),
                Due::Now | Due::NotYet => woken.notified().await,
            }
        }
    }

    /// Waits until something is to be stored apart, and takes it.
    async fn take_apart(&self) -> Waiting {
        loop {
            {
                let mut state = self.state();
                while state.apart.front().is_some_and(|waiting| waiting.to.is_closed()) {
                    state.apart.pop_front();
                }
                if let Some(waiting) = state.apart.pop_front() {
                    if !state.apart.is_empty() {
                        // Whoever else is free takes the next.
                        self.apart.notify_one();
                    }
                    return waiting;
                }
            }
            self.apart.notified().await;
        }
    }

    /// From now on, and for a while, this institution is stored apart.
    fn set_apart(&self, institution: &str) {
        self.state().apart_until.insert(institution.to_owned(), Instant::now() + APART_FOR);
    }

    fn store_apart(&self, waiting: Waiting) {
        self.set_apart(&waiting.institution);
        let mut state = self.state();
        state.apart.push_back(waiting);
        self.apart.notify_one();
    }
}

impl Commits {
    /// The way to the writers, and the writers, to be run as long as anything is to be stored. `administrator` is the account
    /// in whose name notices stand in the record.
    pub(super) fn new(
        options: &PgConnectOptions,
        administrator: &str,
        limits: CommitLimits,
    ) -> (Self, Vec<BoxFuture<'static, ()>>) {
        let queues = Arc::new(Queues::default());
        let lane = |options: PgConnectOptions| Lane {
            options,
            administrator: administrator.to_owned(),
            call_max: limits.call_max,
            connection: None,
        };
        let shared =
            options.clone().options([("lock_timeout", limits.shared_lock_max.as_millis().to_string())]);
        let mut writers: Vec<BoxFuture<'static, ()>> = Vec::new();
        for number in 0..SHARED_CONNECTIONS {
            writers.push(write_shared(Arc::clone(&queues), number == 0, lane(shared.clone())).boxed());
        }
        for _ in 0..APART_CONNECTIONS {
            writers.push(write_apart(Arc::clone(&queues), lane(options.clone())).boxed());
        }
        (Self { queues, call_max: limits.call_max }, writers)
    }

    /// Stores a batch, together with what else waits; in time, or it is not known.
    pub(super) async fn store(&self, institution: &str, batch: Arc<Batch>) -> Outcome {
        let (to, outcome) = oneshot::channel();
        self.queues.push(Waiting { institution: institution.to_owned(), batch, to });
        let unknown = |why: &str| Err(CommitFault::Unknown(why.to_owned()));
        match tokio::time::timeout(self.call_max, outcome).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => unknown("the writer is gone"),
            Err(_) => unknown("no answer in time"),
        }
    }
}

async fn write_shared(queues: Arc<Queues>, is_first: bool, mut lane: Lane) {
    loop {
        let waiting = queues.take_shared(is_first).await;
        match lane.store(&waiting).await {
            Ok(()) => {
                for one in waiting {
                    one.answer(Ok(()));
                }
            }
            Err(fault) if waiting.len() > 1 && fault.is_of_one() => {
                store_each_alone(&queues, &mut lane, waiting).await;
            }
            Err(fault) if waiting.len() > 1 => {
                let fault = fault.describe();
                for one in waiting {
                    one.answer(Err(CommitFault::Unknown(fault.clone())));
                }
            }
            Err(fault) => {
                if let Some(one) = waiting.into_iter().next() {
                    settle(&queues, one, Err(fault));
                }
            }
        }
        if is_first {
            queues.state().first_busy_since = None;
        }
    }
}

/// One after the other, so that the one at fault hears of it alone. Not for ever: what comes late is tried again by its
/// institution, and shares again.
async fn store_each_alone(queues: &Queues, lane: &mut Lane, waiting: Vec<Waiting>) {
    let until = Instant::now() + ALONE_FOR;
    let mut gone = None;
    for one in waiting {
        if let Some(fault) = &gone {
            one.answer(Err(CommitFault::Unknown(String::clone(fault))));
            continue;
        }
        let outcome = lane.store(slice::from_ref(&one)).await;
        gone = match &outcome {
            Err(fault) if !fault.is_of_one() => Some(fault.describe()),
            Ok(()) | Err(_) if Instant::now() > until => Some("others took too long".to_owned()),
            Ok(()) | Err(_) => None,
        };
        settle(queues, one, outcome);
    }
}

/// What came of one batch alone. One that waits for another's lock goes on waiting apart.
fn settle(queues: &Queues, one: Waiting, outcome: Result<(), StoreError>) {
    match outcome {
        Ok(()) => one.answer(Ok(())),
        Err(fault) if fault.is_held_up() => queues.store_apart(one),
        Err(fault) => {
            if will_come_again(&fault) {
                queues.set_apart(&one.institution);
            }
            one.answer(Err(fault.into()));
        }
    }
}

async fn write_apart(queues: Arc<Queues>, mut lane: Lane) {
    loop {
        let one = queues.take_apart().await;
        let outcome = lane.store(slice::from_ref(&one)).await;
        if outcome.as_ref().is_err_and(will_come_again) {
            queues.set_apart(&one.institution);
        }
        one.answer(outcome.map_err(CommitFault::from));
    }
}

/// A connection of its own, made when first needed and again after it broke.
struct Lane {
    options: PgConnectOptions,
    administrator: String,
    call_max: Duration,
    /// Taken out while in use: a statement that is broken off leaves none behind.
    connection: Option<PgConnection>,
}

/// Whether the batch will be tried again and is likely to meet it again: it shares no statement until then.
fn will_come_again(error: &StoreError) -> bool {
    error.is_of_one() && !error.is_final()
}

impl From<StoreError> for CommitFault {
    fn from(fault: StoreError) -> Self {
        if fault.is_final()
            && let StoreError::Database(error) = fault
        {
            return Self::Refused(error);
        }
        Self::Unknown(fault.describe())
    }
}

impl Lane {
    async fn store(&mut self, waiting: &[Waiting]) -> Result<(), StoreError> {
        let taken = self.connection.take();
        let run = async {
            let mut connection = match taken {
                Some(connection) => connection,
                None => PgConnection::connect_with(&self.options).await?,
            };
            let batches = waiting.iter().map(|one| (one.institution.as_str(), &*one.batch));
            let stored = statement::store(&mut connection, &self.administrator, batches).await;
            Ok((connection, stored))
        };
        let (connection, stored) = tokio::time::timeout(self.call_max, run)
            .await
            .map_err(|_| StoreError::Late)?
            .map_err(StoreError::Database)?;
        let stored = stored.map_err(StoreError::Database);
        if !stored.as_ref().is_err_and(StoreError::ends_connection) {
            self.connection = Some(connection);
        }
        stored
    }
}
