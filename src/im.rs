//! Tencent IM: the signatures people log in with, the callbacks it sends, what it is asked, and the form its web client
//! shows. And an IM of our own, for where there is none (embedded.rs).

pub mod accounts;
pub mod background_tasks;
pub mod callback;
pub mod embedded;
pub mod gate;
pub mod history;
pub mod notices;
pub mod presence;
pub mod rest;
pub mod user_sig;

use sqlx::PgPool;

use crate::{config::Settings, institutions::Institutions, people::People};
use accounts::Accounts;
use background_tasks::BackgroundTasks;
use presence::Presences;
use rest::Rest;

/// What the server does about Tencent besides answering it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Im {
    /// None where Tencent is not asked for anything.
    pub rest: Option<Rest>,
    pub accounts: Accounts,
    pub presences: Presences,
    background_tasks: BackgroundTasks,
}

impl Im {
    pub fn new(
        settings: &Settings,
        http: reqwest::Client,
        pool: PgPool,
        people: People,
        institutions: Institutions,
    ) -> Self {
        let rest = Rest::new(settings, http);
        let background_tasks = BackgroundTasks::default();
        Self {
            accounts: Accounts::new(rest.clone(), pool, background_tasks.clone()),
            presences: Presences::new(rest.clone(), people, institutions, background_tasks.clone()),
            rest,
            background_tasks,
        }
    }

    /// Ends somebody's IM log-ins: they were banned or deleted, or their password was set by another. Done in the
    /// background, a few times over; what fails for good is logged.
    pub fn kick(&self, username: String) {
        let Some(rest) = self.rest.clone() else { return };
        self.background_tasks.run("kick", async move {
            if let Err(fault) = background_tasks::retry(|| rest.kick(&username)).await {
                tracing::warn!(%fault, "IM kick failed: the IM log-in was not ended");
            }
        });
    }
}
