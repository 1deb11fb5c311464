//! `C2C.CallbackBeforeSendMsg` as a gate: nobody writes outside an open conversation of the two (docs/contract.md 7).
//!
//! Tencent waits two seconds and then delivers. Whatever cannot be decided in time is let through: an extra message is
//! stored as unmatched, a refused message is lost.

use std::time::Duration;

use hotline_actors::Timestamp;
use sqlx::PgPool;

use crate::{
    errors::describe,
    messages::{LATE_AFTER_END, SentMessage},
    people::People,
};

/// Well under Tencent's two seconds.
const DECIDE_MAX: Duration = Duration::from_millis(800);

/// Why a message may not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// The two have none, or it is over.
    #[error("no conversation of the two goes on")]
    NoConversation,
    /// It has not begun: nobody would read it.
    #[error("their conversation has not begun")]
    Waiting,
}

/// Whether a message may be sent now.
///
/// # Errors
/// [`Closed`], when it certainly may not.
pub async fn pass(
    pool: &PgPool,
    people: &People,
    administrator: &str,
    sent: &SentMessage,
    now: Timestamp,
) -> Result<(), Closed> {
    if sent.from == administrator {
        return Ok(());
    }
    match tokio::time::timeout(DECIDE_MAX, decide(pool, people, sent, now)).await {
        Ok(Ok(decision)) => decision,
        Ok(Err(error)) => {
            tracing::info!(error = %describe(&error), "message gate: lookup failed, message allowed without a check");
            Ok(())
        }
        Err(_) => {
            tracing::info!("message gate: lookup timed out, message allowed without a check");
            Ok(())
        }
    }
}

async fn decide(
    pool: &PgPool,
    people: &People,
    sent: &SentMessage,
    now: Timestamp,
) -> Result<Result<(), Closed>, sqlx::Error> {
    let (from, to) = (people.by_account(&sent.from).await?, people.by_account(&sent.to).await?);
    let (Some(from), Some(to)) = (from, to) else { return Ok(Err(Closed::NoConversation)) };
    let late = i64::try_from(LATE_AFTER_END.as_millis()).unwrap_or(i64::MAX);
    let row = sqlx::query!(
        r#"
        select exists (
                   select from conversations
                   where (visitor, counselor) in (($1, $2), ($2, $1))
                     and (status = 'IN_PROGRESS' or ended_at >= $3)
               ) as "open!",
               exists (
                   select from conversations
                   where (visitor, wanted) in (($1, $2), ($2, $1)) and status = 'WAITING'
               ) as "waits!"
        "#,
        from.id.0,
        to.id.0,
        now.0 - late,
    )
    .fetch_one(pool)
    .await?;
    Ok(match (row.open, row.waits) {
        (true, _) => Ok(()),
        (false, true) => Err(Closed::Waiting),
        (false, false) => Err(Closed::NoConversation),
    })
}
