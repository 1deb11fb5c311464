//! The journal's store in PostgreSQL: one connection and one statement per commit for each institution.
//!
//! A batch is stored by a single autocommitted statement, events and projections together, so that no transaction
//! outlives a silent peer. The fence is the primary key of `events`; see `hotline_actors::journal` for the protocol.

mod rows;
mod statement;

use std::{collections::HashMap, rc::Rc, sync::Arc, time::Duration};

use futures_util::{FutureExt, future::LocalBoxFuture};
use hotline_actors::{
    ConversationId, Timestamp, WriterId,
    dispatch::{Revived, Snapshot, StaffMember, clock::TalkRecord},
    journal::{AppendFault, Batch, Claim, Store, StoreFault},
};
use sqlx::{Connection, PgConnection, error::ErrorKind, postgres::PgConnectOptions};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::{clock, conversations::conversation_rows, people::People};

/// The named constraint that is the fence.
const FENCE: &str = "events_fence";
/// How often a claim may be beaten by another before it gives up for now.
const CLAIMS_MAX: u32 = 8;

/// The journal of one institution.
#[derive(Debug)]
pub struct PgStore(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    institution: String,
    /// The account in whose name notices stand in the record.
    administrator: String,
    options: PgConnectOptions,
    call_max: Duration,
    /// Told whom a commit has changed, before anybody hears of it.
    people: People,
    /// Taken out while in use: a call that is broken off leaves none behind.
    connection: Mutex<Option<PgConnection>>,
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

    /// A batch gets no numbers when the row before it is missing (store/statement.rs).
    fn misses_a_row(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Database(error)) => {
                error.kind() == ErrorKind::NotNullViolation && error.table() == Some("events")
            }
            Self::Database(_) | Self::Row(_) | Self::Late => false,
        }
    }

    /// Whether the database understood and said no for good: data, integrity and syntax errors, and missing rights.
    fn is_final(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Database(error)) => error
                .code()
                .is_some_and(|code| ["22", "23", "42"].iter().any(|class| code.starts_with(class))),
            Self::Database(_) | Self::Late => false,
            Self::Row(_) => true,
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
    /// A store for `institution`. Connects when first used. A call is given up after `call_max`, which should be
    /// longer than the server's own statement timeout. `people` are told whom a commit has changed.
    pub fn new(
        institution: String,
        administrator: String,
        options: PgConnectOptions,
        call_max: Duration,
        people: People,
    ) -> Self {
        let connection = Mutex::new(None);
        Self(Rc::new(Inner { institution, administrator, options, call_max, people, connection }))
    }
}

impl Store for PgStore {
    fn claim(&self, writer: WriterId, now: Timestamp) -> LocalBoxFuture<'static, Result<Claim, StoreFault>> {
        let inner = Rc::clone(&self.0);
        async move {
            let claimed = inner.call(async |connection| inner.take_over(connection, writer, now).await).await;
            claimed.map_err(|error| StoreFault(error.describe()))
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
                .people
                .pending_talk_time(talks.into_iter().map(|(person, change)| (*person, rows::talked(change))));
            let store = async |connection: &mut PgConnection| {
                statement::store(connection, &inner.institution, &inner.administrator, &batch)
                    .await
                    .map_err(StoreError::from)
            };
            let stored = inner.call(store).await;
            inner.people.changed(others.into_iter().map(|(person, _)| *person));
            match stored {
                Ok(()) => {
                    counting.committed();
                    Ok(())
                }
                Err(error) if error.is_final() => inner.append_outcome(&batch, &error).await,
                Err(error) => Err(AppendFault::Unknown(error.describe())),
            }
        }
        .boxed_local()
    }

    fn newest(&self) -> LocalBoxFuture<'static, Result<(u64, WriterId), StoreFault>> {
        let inner = Rc::clone(&self.0);
        async move {
            let newest = inner.call(async |connection| inner.newest(connection).await).await;
            newest.map_err(|error| StoreFault(error.describe()))
        }
        .boxed_local()
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
    /// Runs one call on the connection, within the limit; after a failure of the connection a new one is made next time.
    async fn call<T>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut slot = self.connection.lock().await;
        let taken = slot.take();
        let run = async {
            let mut connection = match taken {
                Some(connection) => connection,
                None => PgConnection::connect_with(&self.options).await?,
            };
            let outcome = work(&mut connection).await;
            Ok::<_, StoreError>((connection, outcome))
        };
        let (connection, outcome) =
            tokio::time::timeout(self.call_max, run).await.map_err(|_| StoreError::Late)??;
        // An error that the server reported leaves the connection in order; any other does not.
        if matches!(
            &outcome,
            Ok(_) | Err(StoreError::Database(sqlx::Error::Database(_)) | StoreError::Row(_))
        ) {
            *slot = Some(connection);
        }
        outcome
    }

    /// After a rejected batch: was it committed by an attempt whose answer was lost, or has another owner been
    /// here? Asked whatever it said no to: notices and conversations stand under constraints of their own, and which of
    /// them a batch meets first, before the fence or behind it, is for PostgreSQL to choose.
    async fn append_outcome(&self, batch: &Batch, error: &StoreError) -> Result<(), AppendFault> {
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
        } else if error.misses_a_row() {
            let first = batch.events.first().map_or(0, |first| first.seq);
            Err(AppendFault::Refused(format!(
                "the row before {first} is missing: the database was set back?"
            )))
        } else {
            Err(AppendFault::Refused(error.describe()))
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

    async fn newest(&self, connection: &mut PgConnection) -> Result<(u64, WriterId), StoreError> {
        let newest = sqlx::query!(
            "select seq, writer from events where institution = $1 order by seq desc limit 1",
            self.institution
        )
        .fetch_one(connection)
        .await?;
        Ok((u64::try_from(newest.seq).unwrap_or(0), WriterId(newest.writer)))
    }
}

/// Numbers of events stay far below the largest that the database holds.
fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
