//! What our own server could not do, told without the values it was about.

use std::fmt;

/// Nothing that whoever asked could have done otherwise: the database did not do its part, or something broke.
#[derive(Debug, thiserror::Error)]
pub enum InternalError {
    #[error("{}", describe(.0))]
    Database(#[from] sqlx::Error),
    /// The cause, for the log.
    #[error("{0}")]
    Other(String),
}

impl InternalError {
    pub fn other(cause: impl fmt::Display) -> Self {
        Self::Other(cause.to_string())
    }
}

/// Whether the database could not be reached, or could not work just now, rather than refuse what was asked of it.
pub fn is_away(error: &sqlx::Error) -> bool {
    // Connections, resources, limits in time, operators' work, and databases that let nobody in.
    const AWAY: [&str; 6] = ["08", "53", "57", "58", "55000", "55P03"];
    if let Some(error) = error.as_database_error() {
        return error.code().is_some_and(|code| AWAY.iter().any(|class| code.starts_with(class)));
    }
    matches!(
        error,
        sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
    )
}

/// PostgreSQL's messages quote the values that displeased it, so the log gets the code and the names only.
pub fn describe(error: &sqlx::Error) -> String {
    match error.as_database_error() {
        Some(error) => format!(
            "database error {} on table {:?}, constraint {:?}",
            error.code().unwrap_or_default(),
            error.table().unwrap_or_default(),
            error.constraint().unwrap_or_default(),
        ),
        None => error.to_string(),
    }
}
