//! What was deleted is erased: some time after a conversation was hidden, a person's words in it go for good. What stays
//! is that it took place.

use std::time::Duration;

use hotline_actors::Timestamp;
use sqlx::PgPool;

use crate::{answer::describe, clock, config::Records};

/// Conversations erased by one statement.
const ERASED_AT_ONCE_MAX: i64 = 100;
const DAY_MILLISECONDS: i64 = 24 * 60 * 60 * 1000;

/// Erases what is due, now and again; runs until the process ends.
pub async fn keep_erasing(pool: PgPool, settings: Records) {
    let mut tick = tokio::time::interval(Duration::from_secs(settings.erase_every_seconds));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        match erase_due(&pool, settings.retention_days, clock::now()).await {
            Ok(0) => {}
            Ok(erased) => tracing::info!(conversations = erased, "what was deleted is erased"),
            // What is due stays due.
            Err(error) => {
                tracing::warn!(error = %describe(&error), "what was deleted could not be erased; tried again later");
            }
        }
    }
}

/// Erases the words of every conversation deleted at least `retention_days` before `now`; says of how many.
///
/// # Errors
/// The database's; what was erased before stays so.
pub async fn erase_due(pool: &PgPool, retention_days: u32, now: Timestamp) -> Result<u64, sqlx::Error> {
    let until = now.0 - i64::from(retention_days) * DAY_MILLISECONDS;
    let mut erased = 0;
    loop {
        let some = erase_some(pool, until, now).await?;
        if some == 0 {
            return Ok(erased);
        }
        erased += some;
    }
}

/// One statement: words and mark go together or not at all.
async fn erase_some(pool: &PgPool, until: i64, now: Timestamp) -> Result<u64, sqlx::Error> {
    let some = sqlx::query_scalar!(
        r#"
        with due as (
            select id from conversations
            where deleted_at <= $1 and erased_at is null
            order by deleted_at
            limit $3
            for update skip locked
        ), said as (
            delete from messages where conversation in (select id from due)
        ), shown as (
            delete from images where conversation in (select id from due)
        ), thought as (
            update evaluations set content = null, tag = null where conversation in (select id from due)
        ), marked as (
            update conversations set erased_at = $2 where id in (select id from due) returning id
        )
        select count(*) as "erased!" from marked
        "#,
        until,
        now.0,
        ERASED_AT_ONCE_MAX
    )
    .fetch_one(pool)
    .await?;
    Ok(u64::try_from(some).unwrap_or(0))
}
