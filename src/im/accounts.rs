//! Accounts are made known to Tencent when somebody first needs one, and once only: only then can others write to them.

use std::sync::Arc;

use dashmap::DashSet;
use hotline_actors::PersonId;
use sqlx::PgPool;

use super::{
    background_tasks::{BackgroundTasks, retry},
    rest::Rest,
};
use crate::{clock, errors::describe};

/// People remembered as known; the rest is looked up again.
const KNOWN_MAX: usize = 200_000;

/// See the module. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Accounts {
    rest: Option<Rest>,
    pool: PgPool,
    background_tasks: BackgroundTasks,
    /// Known to Tencent, or about to be.
    known: Arc<DashSet<PersonId>>,
}

impl Accounts {
    pub(super) fn new(rest: Option<Rest>, pool: PgPool, background_tasks: BackgroundTasks) -> Self {
        Self { rest, pool, background_tasks, known: Arc::default() }
    }

    /// Somebody has logged in or is about to use IM. Returns at once.
    pub fn needed(&self, person: PersonId) {
        let Some(rest) = self.rest.clone() else { return };
        if self.known.len() >= KNOWN_MAX {
            self.known.clear();
        }
        if !self.known.insert(person) {
            return;
        }
        let (pool, known) = (self.pool.clone(), Arc::clone(&self.known));
        self.background_tasks.run("account import", async move {
            if let Err(reason) = import(&rest, &pool, person).await {
                tracing::warn!(%person, reason, "an IM account could not be imported; the next log-in tries again");
                known.remove(&person);
            }
        });
    }
}

async fn import(rest: &Rest, pool: &PgPool, person: PersonId) -> Result<(), String> {
    let username = sqlx::query_scalar!(
        "select username from people p
         where id = $1 and deleted_at is null and not exists (select from im_accounts a where a.person = p.id)",
        person.0,
    )
    .fetch_optional(pool)
    .await
    .map_err(|error| describe(&error))?;
    let Some(username) = username else { return Ok(()) };
    retry(|| rest.account_import(&username)).await.map_err(|fault| fault.to_string())?;
    sqlx::query!(
        "insert into im_accounts (person, institution, imported_at)
         select id, institution, $2 from people where id = $1
         on conflict do nothing",
        person.0,
        clock::now().0,
    )
    .execute(pool)
    .await
    .map_err(|error| describe(&error))?;
    Ok(())
}
