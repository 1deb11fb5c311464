//! The way to PostgreSQL: how connections are made, and the migrations.

use std::time::Duration;

use sqlx::{
    PgPool,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::config::{ConfigError, Database};

/// Forward only.
static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// A transaction of ours that does nothing this long has lost its owner.
const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(30);

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
    ]))
}

/// The connections for requests. None is made yet.
pub fn pool(settings: &Database) -> Result<PgPool, ConfigError> {
    Ok(PgPoolOptions::new()
        .max_connections(settings.connections_max)
        .acquire_timeout(Duration::from_secs(settings.acquire_seconds_max))
        .connect_lazy_with(options(settings)?))
}

/// Runs the migrations that are missing. They may take longer than a request's statement may.
pub async fn migrate(settings: &Database) -> Result<(), MigrateFault> {
    let options = options(settings)?.options([("statement_timeout", "0"), ("lock_timeout", "60s")]);
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(settings.acquire_seconds_max))
        .connect_with(options)
        .await?;
    let outcome = MIGRATIONS.run(&pool).await;
    pool.close().await;
    Ok(outcome?)
}

/// Why the schema could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateFault {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Unreachable(#[from] sqlx::Error),
    #[error(transparent)]
    Migrate(#[from] MigrateError),
}
