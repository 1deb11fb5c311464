//! Keeps the standing weeks written ahead.

use std::time::Duration;

use hotline_actors::Timestamp;
use sqlx::PgPool;
use tokio::time::{MissedTickBehavior, interval};

use super::{Calendar, rows};
use crate::{clock, errors::InternalError, institutions::Institutions};

/// A day is added once a day; looking more often finds a new day soon in every zone, and what an outage left out.
const EVERY: Duration = Duration::from_hours(1);
/// After a failure.
const AGAIN: Duration = Duration::from_mins(1);

/// Writes the standing weeks ahead at the start, then as the days go by; runs until the process ends. However long the
/// server was down, the first look writes what is missing, and a second one changes nothing.
pub async fn write_ahead_loop(pool: PgPool, institutions: Institutions) {
    let mut tick = interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if let Err(error) = write_all(&pool, &institutions, clock::now()).await {
            tracing::warn!(%error, "writing shifts ahead from standing weeks failed, retrying in a minute");
            tick.reset_after(AGAIN);
        }
    }
}

async fn write_all(pool: &PgPool, dispatch: &Institutions, now: Timestamp) -> Result<(), InternalError> {
    let mut written = 0;
    for institution in rows::institutions(pool).await? {
        written += Calendar::open(pool, &institution, now).await?.write_ahead().await?;
    }
    if written > 0 {
        tracing::info!(shifts = written, "standing weeks are written ahead");
        dispatch.refresh().await?;
    }
    Ok(())
}
