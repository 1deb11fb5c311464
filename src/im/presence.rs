//! `State.StateChange` (docs/protocols.md 2.5): who is logged in to IM. A visitor assigned while away has little time to
//! come back, and whoever is gone is in no call.

use hotline_actors::Timestamp;

use super::{
    background_tasks::{BackgroundTasks, retry},
    callback::StateChange,
    rest::Rest,
};
use crate::{clock, errors::describe, identity::AccountKind, institutions::Institutions, people::People};

/// See the module. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Presences {
    rest: Option<Rest>,
    people: People,
    institutions: Institutions,
    background_tasks: BackgroundTasks,
}

impl Presences {
    pub(super) fn new(
        rest: Option<Rest>,
        people: People,
        institutions: Institutions,
        background_tasks: BackgroundTasks,
    ) -> Self {
        Self { rest, people, institutions, background_tasks }
    }

    /// A log-in has begun or ended, on one device. Returns at once: Tencent waits for the answer.
    pub fn changed(&self, change: StateChange, received_at: Timestamp) {
        let here = match change.action.as_str() {
            "Login" => true,
            "Logout" | "Disconnect" => false,
            // Newer ones: what people show about themselves.
            _ => return,
        };
        // In the time of dispatch, as words and calls: all are compared there.
        let at = change.at.unwrap_or(received_at) + clock::ahead();
        let this = self.clone();
        self.background_tasks
            .run("presence", async move { this.handle_change(&change.account, at, here).await });
    }

    async fn handle_change(&self, account: &str, at: Timestamp, here: bool) {
        let person = match self.people.by_account(account).await {
            Ok(Some(person)) => person,
            Ok(None) => return,
            Err(error) => {
                tracing::info!(error = %describe(&error), "IM state change: lookup of the account failed, event dropped");
                return;
            }
        };
        let Some(institution) = &person.institution else { return };
        // One device of several says nothing about the others: Tencent knows.
        let here = here || self.is_elsewhere(account).await;
        self.institutions.logged_in(institution, person.id, person.kind == AccountKind::Visitor, at, here);
    }

    async fn is_elsewhere(&self, account: &str) -> bool {
        let Some(rest) = &self.rest else { return false };
        match retry(|| rest.is_online(account)).await {
            Ok(online) => online,
            Err(fault) => {
                tracing::info!(%fault, "IM online status: query failed, person counted as offline");
                false
            }
        }
    }
}
