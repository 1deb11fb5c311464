//! Passwords that an operator sets on the command line, beside the server that runs. The command ends the person's log-ins
//! in the database and leaves an audit row; the server, which answers requests from memory, looks for such rows.

use std::{collections::HashSet, time::Duration};

use hotline_actors::{PersonId, Timestamp, push::Closing, registry::LogIns};
use uuid::Uuid;

use crate::{answer::describe, app::AppState, audit::Action};

/// How often is looked: a log-in outlives the reset of its password by no more than this and the time of a query.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Rows get their numbers before they are committed, so a later number may be seen first. So many are looked at again.
const LOOK_BACK_ROWS: i64 = 1000;

/// A password that was reset.
struct Reset {
    id: i64,
    person: Uuid,
    at: i64,
    username: String,
    institution: Option<String>,
}

/// Ends the log-ins of those whose password was reset, until the task is dropped.
pub async fn keep_watching(state: AppState) {
    let mut moment = tokio::time::interval(LOOK_EVERY);
    moment.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut seen = Seen::default();
    loop {
        moment.tick().await;
        if let Err(error) = look(&state, &mut seen).await {
            tracing::warn!(error = %describe(&error), "resets of passwords could not be looked for");
        }
    }
}

/// What was looked at before.
#[derive(Default)]
struct Seen {
    /// The audit's last row, if it was ever read.
    last: Option<i64>,
    handled: HashSet<i64>,
}

async fn look(state: &AppState, seen: &mut Seen) -> Result<(), sqlx::Error> {
    let last = sqlx::query_scalar!(r#"select coalesce(max(id), 0) as "last!" from audit"#)
        .fetch_one(&state.pool)
        .await?;
    let after = seen.last.unwrap_or(last) - LOOK_BACK_ROWS;
    let resets = sqlx::query_as!(
        Reset,
        "select a.id, p.id as person, a.at, p.username, p.institution
         from audit a join people p on p.id = a.target where a.id > $1 and a.action = $2 order by a.id",
        after,
        Action::ResetPassword.as_str(),
    )
    .fetch_all(&state.pool)
    .await?;
    seen.handled.retain(|id| *id > after);
    for reset in resets {
        if seen.handled.insert(reset.id) {
            carry_out(state, reset);
        }
    }
    seen.last = Some(last);
    Ok(())
}

fn carry_out(state: &AppState, reset: Reset) {
    let person = PersonId(reset.person);
    state.sessions.forget_begun_before(person, Timestamp(reset.at));
    if let Some(institution) = &reset.institution {
        // All sockets are told to come back; those of log-ins that have ended find that they cannot.
        state.institutions.end_log_ins(institution, person, LogIns::All, Closing::Switching);
    }
    state.im.kick(reset.username);
    tracing::info!(%person, "an operator has set a password: log-ins from before are over");
}
