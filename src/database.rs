//! The way to PostgreSQL: how connections are made, and the migrations.

use std::{
    fmt,
    time::{Duration, Instant},
};

use sqlx::{
    AssertSqlSafe, Connection, PgConnection, PgPool,
    error::ErrorKind,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{
    config::{ConfigError, Database},
    errors::is_away,
};

/// Forward only.
static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// PostgreSQL's code for a table that is not there.
const UNDEFINED_TABLE: &str = "42P01";

/// A transaction of ours that does nothing this long has lost its owner.
const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(30);

/// A connection of the pool idle for longer is asked whether it is still there before it is given out. Short, so that
/// whoever comes after an outage finds none that died in it, unless the outage was shorter still; and not shorter, because the
/// pool hands out the one that rested longest, so whoever asks alone would wait for that each time.
const IDLE_UNTESTED_MAX: Duration = Duration::from_millis(250);

/// Each list takes two.
const LISTS_CONNECTIONS_MAX: u32 = 4;

/// One for claims that go together, two for those that were held up, and one to ask whose the journals are. What else is read
/// of journals shares those of the claims.
const JOURNALS_CONNECTIONS_MAX: u32 = 4;

/// Between two tries while the database is away.
const AGAIN_FIRST: Duration = Duration::from_millis(50);
const AGAIN_MAX: Duration = Duration::from_secs(1);

/// Waits for a database that is away, within a bound, for those who could not ask again themselves.
#[derive(Debug)]
pub struct RetryDelay {
    until: Instant,
    pause: Duration,
}

impl RetryDelay {
    pub fn new(within: Duration) -> Self {
        Self { until: Instant::now() + within, pause: AGAIN_FIRST }
    }

    /// Waits a moment, and says whether to ask once more: not where the same would come of it, and not for ever.
    pub async fn may_retry_after(&mut self, error: &sqlx::Error) -> bool {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() || !may_pass(error) {
            return false;
        }
        tokio::time::sleep(self.pause.min(left)).await;
        self.pause = (self.pause * 2).min(AGAIN_MAX);
        true
    }
}

/// Whether the same may come to something else in a moment: the database is away, or another's work rolled this one back. A
/// pool that is closed stays so.
fn may_pass(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    let is_rolled_back = code.is_some_and(|code| code.starts_with("40"));
    !matches!(error, sqlx::Error::PoolClosed) && (is_away(error) || is_rolled_back)
}

/// How a connection is made, with the limits of `[database]` set on the server's side.
pub fn options(settings: &Database) -> Result<PgConnectOptions, ConfigError> {
    let options: PgConnectOptions = settings.url.reveal().parse().map_err(|_: sqlx::Error| {
        // The cause may quote the address, and that may hold a password.
        let cause = "it is no address of a PostgreSQL database".to_owned();
        ConfigError::Key { key: "database.url".to_owned(), cause }
    })?;
    let milliseconds = |limit: Duration| limit.as_millis().to_string();
    Ok(options.application_name("hotline").options([
        ("statement_timeout", milliseconds(Duration::from_secs(settings.statement_seconds_max))),
        ("lock_timeout", milliseconds(Duration::from_secs(settings.lock_seconds_max))),
        ("idle_in_transaction_session_timeout", milliseconds(IDLE_IN_TRANSACTION)),
        // The default of 4 is a turning disk's. What is hot lies in memory here, so an index is worth its pages.
        ("random_page_cost", "1.1".to_owned()),
        // Our statements find what they name by an index, or go through arrays: one plan does for all of them. Left to
        // itself PostgreSQL makes a new one for each array, which takes longer than what is planned.
        ("plan_cache_mode", "force_generic_plan".to_owned()),
        // A plan made while a table was new and small must not read it whole when it has grown.
        ("enable_seqscan", "off".to_owned()),
        // Where no index helps, a plan then looks so dear that PostgreSQL would compile it to machine code, each time anew,
        // which takes a hundred times longer than to run it.
        ("jit", "off".to_owned()),
    ]))
}

/// The connections for requests, once the database has answered on one. A pool alone would not say why it does not.
pub async fn pool(settings: &Database) -> Result<PgPool, DatabaseFault> {
    let options = options(settings)?;
    reach(settings, &options).await?.close().await.ok();
    Ok(connections(settings, settings.connections_max).connect_lazy_with(options))
}

fn connections(settings: &Database, number_max: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(number_max)
        .acquire_timeout(Duration::from_secs(settings.acquire_seconds_max))
        // A connection that was just used is there still; asking each time would double the way of a small statement.
        .test_before_acquire(false)
        .before_acquire(|connection, told| {
            Box::pin(async move {
                if told.idle_for > IDLE_UNTESTED_MAX {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
}

/// Connections for the list of records, made when they are first needed. It is asked for with some of many filters: a plan
/// kept for all of them would serve none. And however many lists are read, requests have their connections.
pub fn lists(settings: &Database, options: PgConnectOptions) -> PgPool {
    connections(settings, LISTS_CONNECTIONS_MAX)
        .connect_lazy_with(options.options([("plan_cache_mode", "force_custom_plan")]))
}

/// Connections on which journals are claimed and read, and one on which is asked whose they are, so that no reading holds that
/// up: so many, however many institutions there are.
pub fn journals(settings: &Database, options: &PgConnectOptions) -> (PgPool, PgPool) {
    let pool = |number_max| connections(settings, number_max).connect_lazy_with(options.clone());
    (pool(JOURNALS_CONNECTIONS_MAX - 1), pool(1))
}

/// PostgreSQL lets in fewer than this server may need. Known at the start, rather than when there is most to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "PostgreSQL lets {room} connections in (max_connections, without those it keeps for its superusers), and this server takes up \
     to {needed}: raise max_connections, or lower database.connections_max ({requests})"
)]
pub struct TooFewConnections {
    room: u32,
    needed: u32,
    requests: u32,
}

/// Whether PostgreSQL has room for this server: for its pools, and `more` connections besides.
pub async fn check_room(
    pool: &PgPool,
    settings: &Database,
    more: u32,
) -> Result<Result<(), TooFewConnections>, sqlx::Error> {
    let room = sqlx::query_scalar!(
        r#"select current_setting('max_connections')::integer
                - current_setting('superuser_reserved_connections')::integer as "room!""#
    )
    .fetch_one(pool)
    .await?;
    let (room, requests) = (u32::try_from(room).unwrap_or(0), settings.connections_max);
    let needed = requests + LISTS_CONNECTIONS_MAX + JOURNALS_CONNECTIONS_MAX + more;
    Ok(if needed <= room { Ok(()) } else { Err(TooFewConnections { room, needed, requests }) })
}

async fn reach(settings: &Database, options: &PgConnectOptions) -> Result<PgConnection, DatabaseFault> {
    let limit = Duration::from_secs(settings.acquire_seconds_max);
    let cause = match tokio::time::timeout(limit, PgConnection::connect_with(options)).await {
        Ok(Ok(connection)) => return Ok(connection),
        // Nobody's data are in these yet, so PostgreSQL may say itself what displeased it.
        Ok(Err(error)) => match error.as_database_error() {
            Some(error) => error.message().to_owned(),
            None => error.to_string(),
        },
        Err(_) => format!("no answer within {} seconds", settings.acquire_seconds_max),
    };
    let (host, port) = (options.get_host(), options.get_port());
    let database = options.get_database().unwrap_or("(the user's own)");
    Err(DatabaseFault::Unreachable(format!("{database} on {host}:{port}: {cause}")))
}

/// A connection for whoever reads the whole database once, by statements that may take so long.
pub async fn reader(settings: &Database, statement_max: Duration) -> Result<PgConnection, DatabaseFault> {
    let statement_max_ms = statement_max.as_millis().to_string();
    let options = options(settings)?.options([
        ("statement_timeout", statement_max_ms.as_str()),
        // Whoever reads what is found may take their time.
        ("idle_in_transaction_session_timeout", statement_max_ms.as_str()),
        ("enable_seqscan", "on"),
        ("plan_cache_mode", "auto"),
    ]);
    reach(settings, &options).await
}

/// Which migration the schema is of, none before the first; and which is this program's.
pub async fn schema(connection: &mut PgConnection) -> Result<(Option<i64>, Option<i64>), sqlx::Error> {
    // sqlx's own table, which is no part of the schema that queries are checked against.
    let applied = sqlx::query_scalar("select max(version) from _sqlx_migrations where success");
    let applied = match applied.fetch_one(connection).await {
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(UNDEFINED_TABLE) => None,
        applied => applied?,
    };
    Ok((applied, MIGRATIONS.iter().last().map(|migration| migration.version)))
}

/// Runs the migrations that are missing. They may take longer than a request's statement may. Tells which constraints some
/// rows from before break: they hold for all rows that are written, and the server may start.
pub async fn migrate(settings: &Database) -> Result<Vec<Unproven>, DatabaseFault> {
    let options = options(settings)?.options([
        ("statement_timeout", "0"),
        ("lock_timeout", "60s"),
        // Whole tables are looked through.
        ("enable_seqscan", "on"),
    ]);
    let mut connection = reach(settings, &options).await?;
    MIGRATIONS.run(&mut connection).await?;
    // The schema is there. Whoever holds a table for long keeps no hotline from starting any more.
    let lock_max = AssertSqlSafe(format!("set lock_timeout = '{}s'", settings.lock_seconds_max));
    sqlx::query(lock_max).execute(&mut connection).await.map_err(MigrateError::Execute)?;
    let unproven = prove(&mut connection).await.map_err(MigrateError::Execute)?;
    connection.close().await.ok();
    Ok(unproven)
}

/// A constraint that holds for what is written from now on, and perhaps not for rows from before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unproven {
    /// Some break it.
    Broken(String),
    /// Somebody else held the table, or it took too long: the next start looks again.
    NotLookedThrough(String),
}

impl fmt::Display for Unproven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(name) => {
                write!(f, "rows from before break the constraint {name}: `hotline check` names them")
            }
            Self::NotLookedThrough(name) => write!(
                f,
                "rows from before could not be looked through for the constraint {name}, since the table was in use: the \
                 next start or `hotline migrate` does it"
            ),
        }
    }
}

/// Lock not to be had in time, a deadlock, a statement that took too long.
const IN_USE: [&str; 3] = ["55P03", "40P01", "57014"];

/// Validates what a migration has added `not valid`. Done once for each constraint: a later start finds nothing to do, unless
/// rows break it; then it looks again, and is through once they are mended.
async fn prove(connection: &mut PgConnection) -> Result<Vec<Unproven>, sqlx::Error> {
    let names = sqlx::query_scalar!(
        r#"select quote_ident(conname) as "name!" from pg_constraint
           where conrelid = 'conversations'::regclass and not convalidated order by 1"#
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut unproven = Vec::new();
    for name in names {
        let statement = AssertSqlSafe(format!("alter table conversations validate constraint {name}"));
        match sqlx::query(statement).execute(&mut *connection).await {
            Ok(_) => {}
            Err(sqlx::Error::Database(error))
                if matches!(error.kind(), ErrorKind::ForeignKeyViolation | ErrorKind::CheckViolation) =>
            {
                unproven.push(Unproven::Broken(name));
            }
            Err(sqlx::Error::Database(error))
                if error.code().is_some_and(|code| IN_USE.contains(&&*code)) =>
            {
                unproven.push(Unproven::NotLookedThrough(name));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(unproven)
}

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseFault {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("{0}")]
    Unreachable(String),
    #[error(transparent)]
    Migrate(#[from] MigrateError),
}
