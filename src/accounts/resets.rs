//! Passwords that an operator sets on the command line, beside the server that runs. The command ends the person's log-ins
//! in the database and leaves an audit row; the server, which answers requests from memory, looks for such rows.

use std::{collections::HashSet, time::Duration};

use hotline_actors::{PersonId, Timestamp, push::Closing, registry::LogIns};
use uuid::Uuid;

use super::Accounts;
use crate::{audit::Action, clock, errors::describe};

/// How often is looked: a log-in outlives the reset of its password by no more than this and the time of a query.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Rows get their numbers before they are committed, so a later number may be seen first. So many are looked at again.
const LOOK_BACK_ROWS: i64 = 1000;
/// A start carries out what was reset while no server ran, or an old one was about to stop: so far back. What is older was
/// carried out by the server of that time, and the log-ins of now are others.
const BEFORE_START: Duration = Duration::from_mins(10);

/// A password that was reset.
struct Reset {
    id: i64,
    at: i64,
    person: Uuid,
    username: String,
    institution: Option<String>,
}

impl Accounts {
    /// Ends the log-ins of those whose password was reset, until the task is dropped.
    pub async fn keep_watching_resets(self) {
        let mut moment = tokio::time::interval(LOOK_EVERY);
        moment.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut seen = Seen { last: None, handled: HashSet::new(), not_before: clock::now() - BEFORE_START };
        loop {
            moment.tick().await;
            if let Err(error) = look(&self, &mut seen).await {
                tracing::warn!(error = %describe(&error), "resets of passwords could not be looked for");
            }
        }
    }
}

/// What was looked at before.
struct Seen {
    /// The audit's last row, if it was ever read.
    last: Option<i64>,
    handled: HashSet<i64>,
    /// What stood there at the start and was done before this is done already.
    not_before: Timestamp,
}

impl Seen {
    /// Whether this has to be carried out, which it then is.
    fn takes(&mut self, reset: &Reset) -> bool {
        let is_old = self.last.is_none() && Timestamp(reset.at) < self.not_before;
        self.handled.insert(reset.id) && !is_old
    }
}

async fn look(accounts: &Accounts, seen: &mut Seen) -> Result<(), sqlx::Error> {
    let last = sqlx::query_scalar!(r#"select coalesce(max(id), 0) as "last!" from audit"#)
        .fetch_one(&accounts.pool)
        .await?;
    let after = seen.last.unwrap_or(last) - LOOK_BACK_ROWS;
    let resets = sqlx::query_as!(
        Reset,
        "select a.id, a.at, p.id as person, p.username, p.institution
         from audit a join people p on p.id = a.target where a.id > $1 and a.action = $2 order by a.id",
        after,
        Action::ResetPassword.as_str(),
    )
    .fetch_all(&accounts.pool)
    .await?;
    seen.handled.retain(|id| *id > after);
    for reset in resets {
        if seen.takes(&reset) {
            carry_out(accounts, reset);
        }
    }
    seen.last = Some(last);
    Ok(())
}

fn carry_out(accounts: &Accounts, reset: Reset) {
    let person = PersonId(reset.person);
    accounts.sessions.forget_all_of(person);
    if let Some(institution) = &reset.institution {
        // All sockets are told to come back; those of log-ins that have ended find that they cannot.
        accounts.institutions.end_log_ins(institution, person, LogIns::All, Closing::Switching);
    }
    let serves =
        reset.institution.as_ref().is_none_or(|institution| accounts.institutions.serves(institution));
    if serves {
        // Once, where there are several servers: whoever has logged in again stays.
        accounts.im.kick(reset.username);
    }
    tracing::info!(%person, "an operator has set a password: log-ins from before are over");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_does_not_repeat_what_was_carried_out_long_before_it() {
        let reset = |id: i64, at: i64| Reset {
            id,
            at,
            person: Uuid::nil(),
            username: "lin".to_owned(),
            institution: None,
        };
        let mut seen = Seen { last: None, handled: HashSet::new(), not_before: Timestamp(1_000) };
        assert!(!seen.takes(&reset(1, 999)), "it is long done");
        assert!(seen.takes(&reset(2, 1_000)), "perhaps no server ran");
        seen.last = Some(2);
        assert!(!seen.takes(&reset(1, 999)) && !seen.takes(&reset(2, 1_000)), "once looked at, always");
        // The operator's clock may be wrong: what was not there at the start is new.
        assert!(seen.takes(&reset(3, 0)));
    }
}
