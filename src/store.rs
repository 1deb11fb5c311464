//! The journal's store in PostgreSQL. The commits of all institutions share a few connections ([`Commits`]), and so do claims and
//! what else is read.
//!
//! Batches are stored by a single autocommitted statement, events and projections together, so that no transaction
//! outlives a silent peer. The fence is the primary key of `events`; see `hotline_actors::journal` for the protocol.

mod commits;
mod newest;
mod rows;
mod statement;

use std::{collections::HashMap, rc::Rc, sync::Arc, time::Duration};

use futures_util::{
    FutureExt,
    future::{BoxFuture, LocalBoxFuture},
};
use hotline_actors::{
    ConversationId, Timestamp, WriterId,
    dispatch::{Revived, Snapshot, StaffMember, clock::TalkRecord},
    journal::{AppendFault, Batch, Claim, ClaimFault, Store, StoreFault},
};
use sqlx::{PgConnection, PgPool, error::ErrorKind, postgres::PgConnectOptions};
use uuid::Uuid;

pub use commits::{CONNECTIONS as COMMIT_CONNECTIONS, CommitLimits};
use commits::{CommitFault, Commits};
use newest::NewestReader;

use crate::{clock, conversations::conversation_rows, people::People};

/// The named constraint that is the fence.
const FENCE: &str = "events_fence";
/// How often a claim may be beaten by another before it gives up for now.
const CLAIMS_MAX: u32 = 8;

/// What the journals of all institutions share. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Journals {
    commits: Commits,
    newest: NewestReader,
    /// For claims and what else is read.
    pool: PgPool,
    call_max: Duration,
    /// Told whom a commit has changed, before anybody hears of it.
    people: People,
}

impl Journals {
    /// What is shared, and what must run as long as any journal is kept: the writers, which connect as `options` say, and whoever asks whose
    /// the journals are. The rest is read through two pools: of claims and records, and of
    /// whose journals are. `administrator` is the account in whose name notices stand in the
    /// record; `people` are told whom a commit has changed.
    pub fn new(
        options: &PgConnectOptions,
        (pool, newest): (PgPool, PgPool),
        administrator: &str,
        limits: CommitLimits,
        people: People,
    ) -> (Self, Vec<BoxFuture<'static, ()>>) {
        let (commits, mut tasks) = Commits::new(options, administrator, limits);
        let (newest, asking) = NewestReader::new(newest, limits.call_max);
        tasks.push(asking);
        (Self { commits, newest, pool, call_max: limits.call_max, people }, tasks)
    }
}

/// As whose an institution is claimed, where several servers share a database: a row of `owners`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ownership {
    /// The server, by its row in `nodes`.
    pub node: Uuid,
    /// Counts how often the institution has changed its owner.
    pub epoch: i64,
}

/// The journal of one institution.
#[derive(Debug)]
pub struct PgStore(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    institution: String,
    journals: Journals,
    #[expect(dead_code, reason = "the claim asks for it in the next commit")]
    ownership: Option<Ownership>,
}

/// What a call came to.
enum StoreError {
    Database(sqlx::Error),
    /// A row that should be readable is not.
    Row(rows::Unreadable),
    Late,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<rows::Unreadable> for StoreError {
    fn from(error: rows::Unreadable) -> Self {
        Self::Row(error)
    }
}

impl StoreError {
    fn hits_fence(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Database(error)) => error.constraint() == Some(FENCE),
            Self::Database(_) | Self::Row(_) | Self::Late => false,
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Database(error) => crate::errors::describe(error),
            Self::Row(error) => error.to_string(),
            Self::Late => "no answer in time".to_owned(),
        }
    }
}

impl PgStore {
    /// The journal of `institution` among the others. With an `ownership` it is claimed only as long as the database says the
    /// same; without, whoever comes may claim it.
    pub fn new(institution: String, journals: Journals, ownership: Option<Ownership>) -> Self {
        Self(Rc::new(Inner { institution, journals, ownership }))
    }
}

impl Store for PgStore {
    fn claim(&self, writer: WriterId, now: Timestamp) -> LocalBoxFuture<'static, Result<Claim, ClaimFault>> {
        let inner = Rc::clone(&self.0);
        async move {
            let claimed = inner.call(async |connection| inner.take_over(connection, writer, now).await).await;
            claimed.map_err(|error| ClaimFault::Unknown(error.describe()))
        }
        .boxed_local()
    }

    fn append(&self, batch: Arc<Batch>) -> LocalBoxFuture<'static, Result<(), AppendFault>> {
        let inner = Rc::clone(&self.0);
        async move {
            if !batch.events.windows(2).all(|pair| pair[0].seq + 1 == pair[1].seq) {
                return Err(AppendFault::Refused(format!("a gap in the batch up to {}", batch.last_seq())));
            }
            // Who has only talked is known as well as before.
            let (talks, others): (Vec<_>, Vec<_>) =
                batch.people.iter().partition(|(_, change)| change.is_talk_alone());
            let counting = inner
                .journals
                .people
                .pending_talk_time(talks.into_iter().map(|(person, change)| (*person, rows::talked(change))));
            let stored = inner.journals.commits.store(&inner.institution, Arc::clone(&batch)).await;
            inner.journals.people.changed(others.into_iter().map(|(person, _)| *person));
            match stored {
                Ok(()) => {
                    counting.committed();
                    Ok(())
                }
                Err(CommitFault::Refused(error)) => inner.append_outcome(&batch, &error).await,
                Err(CommitFault::Unknown(fault)) => Err(AppendFault::Unknown(fault)),
            }
        }
        .boxed_local()
    }

    fn newest(&self) -> LocalBoxFuture<'static, Result<(u64, WriterId), StoreFault>> {
        let inner = Rc::clone(&self.0);
        async move { inner.journals.newest.newest(&inner.institution).await }.boxed_local()
    }

    fn records(
        &self,
        talks: Vec<ConversationId>,
    ) -> LocalBoxFuture<'static, Result<Vec<TalkRecord>, StoreFault>> {
        let inner = Rc::clone(&self.0);
        async move {
            let records = inner.call(async |connection| inner.records(connection, &talks).await).await;
            records.map_err(|error| StoreFault(error.describe()))
        }
        .boxed_local()
    }
}

impl Inner {
    /// Reads on one of the connections, within the limit.
    async fn call<T>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let run = async { work(&mut *self.journals.pool.acquire().await?).await };
        tokio::time::timeout(self.journals.call_max, run).await.map_err(|_| StoreError::Late)?
    }

    /// After a rejected batch: was it committed by an attempt whose answer was lost, or has another owner been
    /// here? Asked whatever it said no to: notices and conversations stand under constraints of their own, and which of
    /// them a batch meets first, before the fence or behind it, is for PostgreSQL to choose.
    async fn append_outcome(&self, batch: &Batch, error: &sqlx::Error) -> Result<(), AppendFault> {
        let found = self
            .call(async |connection| {
                let found = sqlx::query!(
                    r#"
                    select (select writer from events where institution = $1 and seq = $2) as "standing",
                           (select writer from events where institution = $1 order by seq desc limit 1) as "newest"
                    "#,
                    self.institution,
                    number(batch.last_seq())
                )
                .fetch_one(connection)
                .await?;
                Ok([found.standing, found.newest])
            })
            .await;
        let writers = found.map_err(|error| AppendFault::Unknown(error.describe()))?;
        if writers[0] == Some(batch.writer.0) {
            Ok(())
        } else if writers.into_iter().flatten().any(|writer| writer != batch.writer.0) {
            Err(AppendFault::Fenced)
        } else if misses_a_row(error) {
            let first = batch.events.first().map_or(0, |first| first.seq);
            Err(AppendFault::Refused(format!(
                "the row before {first} is missing: the database was set back?"
            )))
        } else {
            Err(AppendFault::Refused(crate::errors::describe(error)))
        }
    }

    async fn take_over(
        &self,
        connection: &mut PgConnection,
        writer: WriterId,
        now: Timestamp,
    ) -> Result<Claim, StoreError> {
        let mut claims = 1;
        let claim = loop {
            // The newest event is the latest: time only moves forward, also where the machine's clock was set back.
            let claimed = sqlx::query!(
                r#"
                insert into events (institution, seq, writer, at, kind, body)
                select $1, coalesce(newest.seq, 0) + 1, $2, greatest($3, newest.at), 'claimed', '{"event": "claimed"}'
                from (values (1)) as one
                    left join lateral (
                        select seq, at from events where institution = $1 order by seq desc limit 1
                    ) newest on true
                returning seq, at
                "#,
                self.institution,
                writer.0,
                now.0
            )
            .fetch_one(&mut *connection)
            .await
            .map_err(StoreError::from);
            match claimed {
                Ok(claim) => break claim,
                Err(error) if error.hits_fence() && claims < CLAIMS_MAX => claims += 1,
                Err(error) => return Err(error),
            }
        };
        // Only now: whatever an old owner had in flight is either in here or can no longer land.
        let snapshot = self.read(connection).await?;
        Ok(Claim { seq: u64::try_from(claim.seq).unwrap_or(0), at: Timestamp(claim.at), snapshot })
    }

    async fn read(&self, connection: &mut PgConnection) -> Result<Snapshot, StoreError> {
        let seats = sqlx::query_as!(
            rows::SeatRow,
            r#"
            select id, kind, max_consults, presence
            from people
            where institution = $1 and kind in ('COUNSELOR', 'SUPERVISOR')
              and deleted_at is null and state is distinct from 'BANNED'
            order by id
            "#,
            self.institution
        )
        .fetch_all(&mut *connection)
        .await?;
        let open = conversation_rows!(
            "where c.institution = $1
                -- Apart, as their indexes are.
                and ((c.kind = 'COUNSELING_SESSION' and c.status in ('WAITING', 'IN_PROGRESS'))
                     or (c.kind = 'REQUEST_SUPERVISE' and c.status in ('WAITING', 'IN_PROGRESS')))
             order by c.id",
            self.institution
        )
        .fetch_all(&mut *connection)
        .await?;
        let last_arrival = sqlx::query_scalar!(
            r#"
            select (body ->> 'arrival')::bigint as "arrival!" from events
            where institution = $1 and kind = 'opened' order by seq desc limit 1
            "#,
            self.institution
        )
        .fetch_optional(&mut *connection)
        .await?;
        let seats = seats.into_iter().map(StaffMember::try_from).collect::<Result<_, _>>()?;
        let open = open.iter().map(rows::open_facts).collect::<Result<Vec<_>, _>>()?;
        let talks: Vec<_> =
            open.iter().filter(|facts| facts.counselor().is_some()).map(|facts| facts.id).collect();
        let records = self.records(connection, &talks).await?;
        let mut said: HashMap<_, _> = records.into_iter().map(|record| (record.talk, record.said)).collect();
        let last_open = open.iter().map(|facts| facts.arrival).max().unwrap_or(0);
        let last_arrival =
            last_arrival.and_then(|arrival| u64::try_from(arrival).ok()).unwrap_or(0).max(last_open);
        let open =
            open.into_iter().map(|facts| Revived { facts, said: said.remove(&facts.id).unwrap_or_default() });
        Ok(Snapshot { staff: seats, open: open.collect(), last_arrival })
    }

    async fn records(
        &self,
        connection: &mut PgConnection,
        talks: &[ConversationId],
    ) -> Result<Vec<TalkRecord>, StoreError> {
        let talks: Vec<Uuid> = talks.iter().map(|talk| talk.0).collect();
        let ahead = i64::try_from(clock::ahead().as_millis()).unwrap_or(i64::MAX);
        let rows = sqlx::query_file_as!(rows::RecordRow, "src/store/records.sql", &talks, ahead)
            .fetch_all(connection)
            .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }
}

/// A batch gets no numbers when the row before it is missing (store/commit.sql).
fn misses_a_row(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(|error| error.kind() == ErrorKind::NotNullViolation && error.table() == Some("events"))
}

/// Numbers of events stay far below the largest that the database holds.
fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
