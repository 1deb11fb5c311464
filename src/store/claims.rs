//! Claims of many institutions go together: at the start, and when another server has died, hundreds are claimed at the same
//! moment, each by its own Registry. Whoever asks while a round is under way shares the next.
//!
//! A round first claims all by one statement. Only when that is committed it reads their state: whatever an old owner had in
//! flight is either in there or can no longer land.
//!
//! Bulkheads: a statement that fails for one institution says no to all, so each is then claimed alone. One whose journal
//! another server goes on writing, or that waits for a lock, goes on on a connection apart. So nobody else waits for it.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    fmt, iter, slice,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use hotline_actors::{
    Timestamp, WriterId,
    journal::{Claim, ClaimFault},
};
use sqlx::PgConnection;
use tokio::{
    sync::{Notify, oneshot},
    time::Instant,
};
use uuid::Uuid;

use super::{
    calls::{Calls, Lane, StoreError},
    snapshots,
};

/// Institutions in one round, so that none takes long.
const INSTITUTIONS_MAX: usize = 200;
/// How often a claim may be beaten by another, apart, before it gives up for now.
const CLAIMS_MAX: u32 = 8;
/// For how long institutions are claimed one by one before the others share a round again.
const ALONE_FOR: Duration = Duration::from_secs(1);
/// How many are claimed apart at the same time, of the three connections that there are for all of this.
const APART: usize = 2;

/// As whose an institution is claimed, where several servers share a database: a row of `owners`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ownership {
    /// The server, by its row in `nodes`.
    pub node: Uuid,
    /// Counts how often the institution has changed its owner.
    pub epoch: i64,
}

type Claimed = Result<Claim, ClaimFault>;

/// The way to whoever claims. Cheap to clone.
#[derive(Clone)]
pub(super) struct Claims {
    queues: Arc<Queues>,
    call_max: Duration,
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims").finish_non_exhaustive()
    }
}

impl Claims {
    /// The way, and what claims, to be run as long as anything is to be claimed. Who shares a round waits no longer than
    /// `shared_lock_max` for another's lock.
    pub(super) fn new(calls: &Calls, shared_lock_max: Duration) -> (Self, Vec<BoxFuture<'static, ()>>) {
        let queues = Arc::<Queues>::default();
        let mut tasks = vec![claim_together(Arc::clone(&queues), calls.clone(), shared_lock_max).boxed()];
        for _ in 0..APART {
            tasks.push(claim_apart(Arc::clone(&queues), calls.clone()).boxed());
        }
        (Self { queues, call_max: calls.call_max }, tasks)
    }

    /// Claims an institution, together with whatever else waits; in time, or it is not known.
    pub(super) async fn claim(
        &self,
        institution: &str,
        writer: WriterId,
        now: Timestamp,
        ownership: Option<Ownership>,
    ) -> Claimed {
        let (to, claimed) = oneshot::channel();
        self.queues.push(Waiting { institution: institution.to_owned(), writer, now, ownership, to });
        let unknown = |why: &str| Err(ClaimFault::Unknown(why.to_owned()));
        match tokio::time::timeout(self.call_max, claimed).await {
            Ok(Ok(claimed)) => claimed,
            Ok(Err(_)) => unknown("nobody claims any more"),
            Err(_) => unknown("no answer in time"),
        }
    }
}

struct Waiting {
    institution: String,
    writer: WriterId,
    now: Timestamp,
    ownership: Option<Ownership>,
    to: oneshot::Sender<Claimed>,
}

impl Waiting {
    /// Whoever asked may be gone. Then nobody is left to tell, and one event more stands in the journal, which changes nothing.
    fn answer(self, claimed: Claimed) {
        let _ = self.to.send(claimed);
    }

    fn fail(self, error: &StoreError) {
        self.answer(Err(ClaimFault::Unknown(error.describe())));
    }
}

#[derive(Default)]
struct Queues {
    together: Mutex<VecDeque<Waiting>>,
    came: Notify,
    apart: Mutex<VecDeque<Waiting>>,
    came_apart: Notify,
}

fn locked(queue: &Mutex<VecDeque<Waiting>>) -> MutexGuard<'_, VecDeque<Waiting>> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Queues {
    fn push(&self, waiting: Waiting) {
        locked(&self.together).push_back(waiting);
        self.came.notify_one();
    }

    fn push_apart(&self, waiting: Waiting) {
        locked(&self.apart).push_back(waiting);
        self.came_apart.notify_one();
    }

    /// Whoever had no turn shares the next round.
    fn put_back(&self, waiting: impl DoubleEndedIterator<Item = Waiting>) {
        let mut together = locked(&self.together);
        for one in waiting.rev() {
            together.push_front(one);
        }
    }

    /// Waits until somebody asks, and takes as many as share a round: each institution once, as each has one next number.
    async fn take_round(&self) -> Vec<Waiting> {
        loop {
            let (mut taken, mut institutions) = (Vec::new(), HashSet::new());
            {
                let mut together = locked(&self.together);
                // One that has waited too long is asked for again by its Registry.
                for one in std::mem::take(&mut *together).into_iter().filter(|one| !one.to.is_closed()) {
                    if taken.len() < INSTITUTIONS_MAX && institutions.insert(one.institution.clone()) {
                        taken.push(one);
                    } else {
                        together.push_back(one);
                    }
                }
            }
            if !taken.is_empty() {
                return taken;
            }
            self.came.notified().await;
        }
    }

    async fn take_apart(&self) -> Waiting {
        loop {
            {
                let mut apart = locked(&self.apart);
                apart.retain(|one| !one.to.is_closed());
                if let Some(one) = apart.pop_front() {
                    if !apart.is_empty() {
                        // Whoever else is free takes the next.
                        self.came_apart.notify_one();
                    }
                    return one;
                }
            }
            self.came_apart.notified().await;
        }
    }
}

async fn claim_together(queues: Arc<Queues>, calls: Calls, lock_max: Duration) {
    loop {
        let waiting = queues.take_round().await;
        let mut lane = calls.lane();
        let claimed = match &waiting[..] {
            [_] => None,
            _ => Some(insert(&mut lane, &waiting, Some(lock_max)).await),
        };
        let claimed = match claimed {
            Some(Ok(rows)) => match_rows(waiting, rows),
            Some(Err(error)) if !error.is_of_one() => {
                for one in waiting {
                    one.fail(&error);
                }
                continue;
            }
            Some(Err(_)) | None => claim_each_alone(&queues, &mut lane, lock_max, waiting).await,
        };
        read_and_answer(&mut lane, claimed).await;
    }
}

/// One after the other, once: whoever does not get it is told, or goes on apart.
async fn claim_each_alone(
    queues: &Queues,
    lane: &mut Lane,
    lock_max: Duration,
    waiting: Vec<Waiting>,
) -> Vec<(Waiting, ClaimRow)> {
    let until = Instant::now() + ALONE_FOR;
    let (mut claimed, mut waiting) = (Vec::new(), waiting.into_iter());
    while let Some(one) = waiting.next() {
        match insert(lane, slice::from_ref(&one), Some(lock_max)).await {
            Ok(rows) => claimed.extend(match_rows(vec![one], rows)),
            Err(error) if error.hits_fence() || error.is_held_up() => queues.push_apart(one),
            Err(error) if error.is_of_one() => one.fail(&error),
            Err(error) => {
                for one in iter::once(one).chain(waiting) {
                    one.fail(&error);
                }
                break;
            }
        }
        if Instant::now() > until {
            queues.put_back(waiting);
            break;
        }
    }
    claimed
}

async fn claim_apart(queues: Arc<Queues>, calls: Calls) {
    loop {
        let one = queues.take_apart().await;
        let (mut lane, mut tries) = (calls.lane(), 1);
        let claimed = loop {
            match insert(&mut lane, slice::from_ref(&one), None).await {
                Err(error) if error.hits_fence() && tries < CLAIMS_MAX && !one.to.is_closed() => tries += 1,
                claimed => break claimed,
            }
        };
        match claimed {
            Ok(rows) => read_and_answer(&mut lane, match_rows(vec![one], rows)).await,
            Err(error) => one.fail(&error),
        }
    }
}

/// What stands in the journal now.
struct ClaimRow {
    institution: String,
    seq: i64,
    at: i64,
}

/// Whose claim stands there. Who has none is not the owner, and is told so.
fn match_rows(waiting: Vec<Waiting>, rows: Vec<ClaimRow>) -> Vec<(Waiting, ClaimRow)> {
    let mut rows: HashMap<String, ClaimRow> =
        rows.into_iter().map(|row| (row.institution.clone(), row)).collect();
    let mut claimed = Vec::new();
    for one in waiting {
        match rows.remove(&one.institution) {
            Some(row) => claimed.push((one, row)),
            None => one.answer(Err(ClaimFault::NotOwner)),
        }
    }
    claimed
}

/// Reads the state of all who are claimed, and answers them. If that fails for what one of them has in it, by halves.
async fn read_and_answer(lane: &mut Lane, claimed: Vec<(Waiting, ClaimRow)>) {
    let mut parts = vec![claimed];
    while let Some(mut part) = parts.pop() {
        part.retain(|(one, _)| !one.to.is_closed());
        if part.is_empty() {
            continue;
        }
        let institutions: Vec<String> = part.iter().map(|(one, _)| one.institution.clone()).collect();
        match lane.call(async |connection| snapshots::read(connection, &institutions).await).await {
            Ok(mut states) => {
                for (one, ClaimRow { institution, seq, at }) in part {
                    let claimed = match states.remove(&institution) {
                        Some(Ok(snapshot)) => {
                            Ok(Claim { seq: u64::try_from(seq).unwrap_or(0), at: Timestamp(at), snapshot })
                        }
                        Some(Err(unreadable)) => Err(ClaimFault::Unknown(unreadable.to_string())),
                        None => Err(ClaimFault::Unknown("its state was not read".to_owned())),
                    };
                    one.answer(claimed);
                }
            }
            Err(error) if part.len() > 1 && error.is_of_one() => {
                let half = part.split_off(part.len() / 2);
                parts.extend([half, part]);
            }
            Err(error) => {
                for (one, _) in part {
                    one.fail(&error);
                }
            }
        }
    }
}

/// Claims all of these institutions or none, but for those that are another's: of them no row comes back. Another's lock is
/// waited for no longer than `lock_max`, or than the connection says.
async fn insert(
    lane: &mut Lane,
    waiting: &[Waiting],
    lock_max: Option<Duration>,
) -> Result<Vec<ClaimRow>, StoreError> {
    let lock_max = lock_max.map(|limit| limit.as_millis().to_string());
    lane.call(async |connection| insert_all(connection, waiting, lock_max.as_deref()).await).await
}

async fn insert_all(
    connection: &mut PgConnection,
    waiting: &[Waiting],
    lock_max_ms: Option<&str>,
) -> Result<Vec<ClaimRow>, sqlx::Error> {
    let institutions: Vec<&str> = waiting.iter().map(|one| one.institution.as_str()).collect();
    let writers: Vec<Uuid> = waiting.iter().map(|one| one.writer.0).collect();
    let moments: Vec<i64> = waiting.iter().map(|one| one.now.0).collect();
    let nodes: Vec<Option<Uuid>> = waiting.iter().map(|one| one.ownership.map(|own| own.node)).collect();
    let epochs: Vec<Option<i64>> = waiting.iter().map(|one| one.ownership.map(|own| own.epoch)).collect();
    // The newest event is the latest: time only moves forward, also where the machine's clock was set back. In the order of the
    // institutions, so that two servers which claim the same wait for one another in one direction only.
    sqlx::query_as!(
        ClaimRow,
        r#"
        insert into events (institution, seq, writer, at, kind, body)
        select c.institution, coalesce(newest.seq, 0) + 1, c.writer, greatest(c.at, newest.at), 'claimed',
               '{"event": "claimed"}'
        from unnest($1::text[], $2::uuid[], $3::bigint[], $4::uuid[], $5::bigint[]) as c (institution, writer, at, node, epoch)
            -- For this statement alone; the connection is another's in a moment.
            cross join (
                select set_config('lock_timeout', coalesce($6, current_setting('lock_timeout')), true)
            ) limits
            left join lateral (
                select seq, at from events where institution = c.institution order by seq desc limit 1
            ) newest on true
        where c.node is null
           or exists (select from owners o where o.institution = c.institution and o.node = c.node and o.epoch = c.epoch)
        order by c.institution
        returning institution, seq, at
        "#,
        &institutions as &[&str],
        &writers,
        &moments,
        &nodes as &[Option<Uuid>],
        &epochs as &[Option<i64>],
        lock_max_ms
    )
    .fetch_all(connection)
    .await
}
