//! Looks into the database, past the server and past the proxy, right after a client was told something: is it there?

use std::time::Duration;

use sqlx::{PgPool, postgres::PgPoolOptions};

use crate::history::{Fact, History};

/// A database that is away or frozen is not waited for: then nothing is looked up.
const LOOK_MAX: Duration = Duration::from_secs(2);

/// What can be looked up.
#[derive(Debug, Clone, Copy)]
pub enum Lookup<'a> {
    Conversation(&'a str),
    End(&'a str),
    Message { from: &'a str, to: &'a str, key: &'a str },
    Evaluation { conversation: &'a str, object: &'a str },
    Event(u64),
    Capacity { counselor: &'a str, capacity: u32 },
}

/// The one who looks. Cheap to clone.
#[derive(Debug, Clone)]
pub struct StoreProbe {
    pool: PgPool,
    institution: String,
    history: History,
}

impl StoreProbe {
    pub fn new(url: &str, institution: &str, history: &History) -> Result<Self, sqlx::Error> {
        let pool = PgPoolOptions::new().max_connections(4).acquire_timeout(LOOK_MAX).connect_lazy(url)?;
        Ok(Self { pool, institution: institution.to_owned(), history: history.clone() })
    }

    /// Notes whether `lookup` is there. `client` was told of it just now.
    pub async fn look(&self, client: &str, lookup: Lookup<'_>) {
        if let Ok(Ok(there)) = tokio::time::timeout(LOOK_MAX, self.is_there(lookup)).await {
            self.history.note(client, Fact::Looked { what: format!("{lookup:?}"), there });
        }
    }

    /// How many of these messages are kept; none while the database cannot be asked.
    pub async fn kept(&self, keys: &[String]) -> Option<usize> {
        let query = sqlx::query_scalar("select count(*) from messages where msg_key = any($1)").bind(keys);
        let kept: i64 = tokio::time::timeout(LOOK_MAX, query.fetch_one(&self.pool)).await.ok()?.ok()?;
        usize::try_from(kept).ok()
    }

    async fn is_there(&self, lookup: Lookup<'_>) -> Result<bool, sqlx::Error> {
        let query = match lookup {
            Lookup::Conversation(id) => {
                sqlx::query_scalar("select exists(select 1 from conversations where id = $1::uuid)").bind(id)
            }
            Lookup::End(id) => sqlx::query_scalar(
                "select exists(select 1 from conversations where id = $1::uuid and ended_at is not null)",
            )
            .bind(id),
            Lookup::Message { from, to, key } => sqlx::query_scalar(
                "select exists(select 1 from messages where from_account = $1 and to_account = $2 and msg_key = $3)",
            )
            .bind(from)
            .bind(to)
            .bind(key),
            Lookup::Evaluation { conversation, object } => sqlx::query_scalar(
                "select exists(select 1 from evaluations where conversation = $1::uuid and object_type = $2)",
            )
            .bind(conversation)
            .bind(object),
            Lookup::Event(seq) => {
                sqlx::query_scalar("select exists(select 1 from events where institution = $1 and seq = $2)")
                    .bind(&self.institution)
                    .bind(i64::try_from(seq).unwrap_or(i64::MAX))
            }
            Lookup::Capacity { counselor, capacity } => sqlx::query_scalar(
                "select exists(select 1 from people where id = $1::uuid and max_consults = $2)",
            )
            .bind(counselor)
            .bind(i32::try_from(capacity).unwrap_or(i32::MAX)),
        };
        query.fetch_one(&self.pool).await
    }
}
