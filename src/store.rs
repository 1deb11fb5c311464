//! The journal's store in PostgreSQL. The commits of all institutions share a few connections ([`Commits`]), and so do claims and
//! what else is read.
//!
//! Batches are stored by a single autocommitted statement, events and projections together, so that no transaction
//! outlives a silent peer. The fence is the primary key of `events`; see `hotline_actors::journal` for the protocol.

mod calls;
mod claims;
mod commits;
mod newest;
mod rows;
mod snapshots;
mod statement;

use std::{rc::Rc, sync::Arc};

use futures_util::{
    FutureExt,
    future::{BoxFuture, LocalBoxFuture},
};
use hotline_actors::{
    ConversationId, Timestamp, WriterId,
    dispatch::clock::TalkRecord,
    journal::{AppendFault, Batch, Claim, ClaimFault, Store, StoreFault},
};
use sqlx::{PgPool, error::ErrorKind, postgres::PgConnectOptions};

use calls::Calls;
use claims::Claims;
pub use claims::Ownership;
pub use commits::{CONNECTIONS as COMMIT_CONNECTIONS, CommitLimits};
use commits::{CommitFault, Commits};
use newest::NewestReader;

use crate::people::People;

/// What the journals of all institutions share. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Journals {
    commits: Commits,
    claims: Claims,
    newest: NewestReader,
    /// For what else is read.
    calls: Calls,
    /// Told whom a commit has changed, before anybody hears of it.
    people: People,
}

impl Journals {
    /// What is shared, and what must run as long as any journal is kept: the writers, which connect as `options` say, whoever
    /// claims, and whoever asks whose the journals are. The rest goes over two pools: of claims and records, and of whose
    /// journals are. `administrator` is the account in whose name notices stand in the record; `people` are told whom a commit
    /// has changed.
    pub fn new(
        options: &PgConnectOptions,
        (pool, newest): (PgPool, PgPool),
        administrator: &str,
        limits: CommitLimits,
        people: People,
    ) -> (Self, Vec<BoxFuture<'static, ()>>) {
        let (commits, mut tasks) = Commits::new(options, administrator, limits);
        let calls = Calls { pool, call_max: limits.call_max };
        let (claims, claiming) = Claims::new(&calls, limits.shared_lock_max);
        tasks.extend(claiming);
        let (newest, asking) = NewestReader::new(newest, limits.call_max);
        tasks.push(asking);
        (Self { commits, claims, newest, calls, people }, tasks)
    }
}

/// The journal of one institution.
#[derive(Debug)]
pub struct PgStore(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    institution: String,
    journals: Journals,
    ownership: Option<Ownership>,
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
        async move { inner.journals.claims.claim(&inner.institution, writer, now, inner.ownership).await }
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
            let calls = &inner.journals.calls;
            let records = calls.call(async |connection| snapshots::records(connection, &talks).await).await;
            records.map_err(|error| StoreFault(error.describe()))
        }
        .boxed_local()
    }
}

impl Inner {
    /// After a rejected batch: was it committed by an attempt whose answer was lost, or has another owner been
    /// here? Asked whatever it said no to: notices and conversations stand under constraints of their own, and which of
    /// them a batch meets first, before the fence or behind it, is for PostgreSQL to choose.
    async fn append_outcome(&self, batch: &Batch, error: &sqlx::Error) -> Result<(), AppendFault> {
        let calls = &self.journals.calls;
        let found = calls
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
