//! Deleting a conversation: hidden everywhere at once. What was said is erased later (see [`crate::retention`]).

use hotline_actors::{PersonId, Timestamp};
use sqlx::PgPool;

use super::Row;
use crate::audit::{self, Action};

/// Hides a conversation, the talks with supervisors about it, and what people thought of them. Says whether it was there
/// to be hidden: neither open nor hidden already.
///
/// # Errors
/// The database's; nothing is hidden then.
pub async fn delete(pool: &PgPool, row: &Row, actor: PersonId, now: Timestamp) -> Result<bool, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    let hidden = sqlx::query_scalar!(
        "update conversations set deleted_at = $2
         where (id = $1 or consultation = $1) and ended_at is not null and deleted_at is null
         returning id",
        row.id,
        now.0
    )
    .fetch_all(&mut *transaction)
    .await?;
    if !hidden.contains(&row.id) {
        return Ok(false);
    }
    sqlx::query!("update evaluations set deleted_at = $2 where conversation = any($1)", &hidden, now.0)
        .execute(&mut *transaction)
        .await?;
    // What was said for it too late stands apart, and would still be shown there.
    let named: Vec<String> = hidden.iter().map(|id| id.simple().to_string()).collect();
    sqlx::query!(
        "delete from unplaced_messages u using unnest($2::text[]) as n (id)
         where u.institution = $1 and strpos(u.callback ->> 'CloudCustomData', n.id) > 0",
        row.institution,
        &named
    )
    .execute(&mut *transaction)
    .await?;
    let action = Action::DeleteConversation;
    audit::note(&mut *transaction, &row.institution, actor, action, row.id, now).await?;
    transaction.commit().await?;
    Ok(true)
}
