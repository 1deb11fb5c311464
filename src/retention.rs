//! What was deleted is erased: some time after a conversation was hidden, a person's words in it go for good. What stays
//! is that it took place. And what is unmatched has an end.

use std::{sync::Arc, time::Duration};

use hotline_actors::Timestamp;
use sqlx::PgPool;

use crate::{clock, config::Settings, errors::describe};

/// Conversations erased by one statement.
const ERASED_AT_ONCE_MAX: i64 = 100;
const DAY_MILLISECONDS: i64 = 24 * 60 * 60 * 1000;
/// A message that was taken back before it came: longer than Tencent keeps its history, none comes any more.
const MARKS_DAYS_MAX: i64 = 8;
/// Notes of what could not be done, for whoever looks after the server.
const GIVEN_UP_DAYS_MAX: i64 = 90;

/// Erases what is due, now and again; runs until the process ends.
pub async fn keep_erasing(pool: PgPool, settings: Arc<Settings>) {
    let (records, unplaced_days) = (settings.records, settings.messages.unplaced_days_max);
    let mut tick = tokio::time::interval(Duration::from_secs(records.erase_every_seconds));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        match delete_expired(&pool, unplaced_days, clock::now()).await {
            Ok(0) => {}
            Ok(ended) => tracing::info!(rows = ended, "expired unmatched messages, marks and notes deleted"),
            Err(error) => {
                tracing::warn!(error = %describe(&error), "deleting expired unmatched messages failed, retrying at the next run");
            }
        }
        match erase_due(&pool, records.retention_days, clock::now()).await {
            Ok(0) => {}
            Ok(erased) => tracing::info!(conversations = erased, "what was deleted is erased"),
            // What is due stays due.
            Err(error) => {
                tracing::warn!(error = %describe(&error), "erasing deleted conversations failed, retrying at the next run");
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

/// Ends what has been unmatched at least `unplaced_days` before `now`, marks of messages that never came, and notes of what was
/// given up; says how many rows.
///
/// # Errors
/// The database's; what was ended before stays so.
pub async fn delete_expired(pool: &PgPool, unplaced_days: u32, now: Timestamp) -> Result<u64, sqlx::Error> {
    let before = |days: i64| now.0 - days * DAY_MILLISECONDS;
    let unmatched =
        sqlx::query!("delete from unplaced_messages where received_at <= $1", before(unplaced_days.into()));
    let mut ended = unmatched.execute(pool).await?.rows_affected();
    let marks =
        sqlx::query!("delete from withdrawn_messages where withdrawn_at <= $1", before(MARKS_DAYS_MAX));
    ended += marks.execute(pool).await?.rows_affected();
    let given_up = sqlx::query!("delete from given_up where at <= $1", before(GIVEN_UP_DAYS_MAX));
    ended += given_up.execute(pool).await?.rows_affected();
    Ok(ended)
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
