//! Calls of PostgreSQL, each within a limit in time, and what comes of one instead of success.

use std::{borrow::Cow, time::Duration};

use sqlx::{PgConnection, PgPool, Postgres, error::DatabaseError, pool::PoolConnection};

use crate::errors::describe;

/// The named constraint that is the fence.
const FENCE: &str = "events_fence";
/// What PostgreSQL says when it could serve nobody: connections, a database that lets nobody in or nobody write, resources, the
/// system around it.
const OF_ALL: [&str; 8] = ["08", "25", "28", "3D", "53", "57", "58", "55000"];

/// What a call came to.
#[derive(Debug)]
pub(super) enum StoreError {
    Database(sqlx::Error),
    Late,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl StoreError {
    fn code(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Database(error) => error.as_database_error().and_then(DatabaseError::code),
            Self::Late => None,
        }
    }

    /// Another writer's row stands where ours should.
    pub(super) fn hits_fence(&self) -> bool {
        match self {
            Self::Database(error) => {
                error.as_database_error().and_then(DatabaseError::constraint) == Some(FENCE)
            }
            Self::Late => false,
        }
    }

    /// Whether PostgreSQL understood and said no for good: data, integrity and syntax errors, and missing rights.
    pub(super) fn is_final(&self) -> bool {
        self.code().is_some_and(|code| ["21", "22", "23", "42"].iter().any(|class| code.starts_with(class)))
    }

    /// Another's lock was not let go in time, or it took too long.
    pub(super) fn is_held_up(&self) -> bool {
        self.code().is_some_and(|code| ["55P03", "57014", "40P01"].contains(&&*code))
    }

    /// Whether it may lie in one of those who shared the call, so that it may succeed for the others: whatever PostgreSQL says
    /// that is not about the server as a whole, and a value that cannot be read.
    pub(super) fn is_of_one(&self) -> bool {
        matches!(self, Self::Database(sqlx::Error::ColumnDecode { .. }))
            || self.is_held_up()
            || self.code().is_some_and(|code| !OF_ALL.iter().any(|class| code.starts_with(class)))
    }

    /// Whether the connection is of no more use.
    pub(super) fn ends_connection(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Database(_)) => {
                self.code().is_some_and(|code| ["08", "57P"].iter().any(|class| code.starts_with(class)))
            }
            Self::Database(_) | Self::Late => true,
        }
    }

    pub(super) fn describe(&self) -> String {
        match self {
            Self::Database(error) => describe(error),
            Self::Late => "no answer in time".to_owned(),
        }
    }
}

/// The connections for all that journals need besides commits. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Calls {
    pub(super) pool: PgPool,
    pub(super) call_max: Duration,
}

impl Calls {
    /// Works on one of the connections, within the limit.
    pub(super) async fn call<T>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, StoreError> {
        let run = async { work(&mut *self.pool.acquire().await?).await };
        let done = tokio::time::timeout(self.call_max, run).await.map_err(|_| StoreError::Late)?;
        done.map_err(StoreError::Database)
    }

    /// For some calls one after the other.
    pub(super) fn lane(&self) -> Lane {
        Lane { calls: self.clone(), connection: None }
    }
}

/// One of the connections, from the first call on, so that what follows needs no other.
pub(super) struct Lane {
    calls: Calls,
    /// Taken out while in use: a statement that is broken off leaves none behind.
    connection: Option<PoolConnection<Postgres>>,
}

impl Lane {
    /// As [`Calls::call`].
    pub(super) async fn call<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, StoreError> {
        let taken = self.connection.take();
        let run = async {
            let mut connection = match taken {
                Some(connection) => connection,
                None => self.calls.pool.acquire().await?,
            };
            let done = work(&mut connection).await;
            Ok((connection, done))
        };
        let (connection, done) = tokio::time::timeout(self.calls.call_max, run)
            .await
            .map_err(|_| StoreError::Late)?
            .map_err(StoreError::Database)?;
        let done = done.map_err(StoreError::Database);
        if !done.as_ref().is_err_and(StoreError::ends_connection) {
            self.connection = Some(connection);
        }
        done
    }
}
