//! Deleting a conversation: hidden everywhere at once. What was said is erased later (see [`crate::retention`]).

use hotline_actors::{PersonId, Timestamp};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::ConversationRow;
use crate::{
    audit::{self, Action},
    people::People,
};

/// Hides a conversation of the institution, the talks with supervisors about it, and what people thought of them, and takes its time off the
/// totals of the two. Says whether it was there to be hidden: neither open nor hidden already.
///
/// # Errors
/// The database's; nothing is hidden then.
pub async fn delete(
    pool: &PgPool,
    people: &People,
    institution: &str,
    row: &ConversationRow,
    actor: PersonId,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let hidden = hide(pool, institution, row, actor, now).await;
    // Also when it is not known whether it was hidden.
    people.changed([Some(PersonId(row.visitor)), row.counselor.map(PersonId)].into_iter().flatten());
    hidden
}

async fn hide(
    pool: &PgPool,
    institution: &str,
    row: &ConversationRow,
    actor: PersonId,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    let millis = counted(&mut transaction, row.id).await?;
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
    take_off(&mut transaction, row, millis).await?;
    // What was said for it too late stands apart, and would still be shown there.
    let named: Vec<String> = hidden.iter().map(|id| id.simple().to_string()).collect();
    sqlx::query!(
        "delete from unplaced_messages u using unnest($2::text[]) as n (id)
         where u.institution = $1 and strpos(u.callback ->> 'CloudCustomData', n.id) > 0",
        institution,
        &named
    )
    .execute(&mut *transaction)
    .await?;
    let action = Action::DeleteConversation;
    audit::note(&mut *transaction, institution, actor, action, row.id, now).await?;
    transaction.commit().await?;
    Ok(true)
}

/// How long the talk counts for each of the two; nothing for one that is with a supervisor, never began, or was hidden
/// before. Locks its row, so that two who delete it at once take its time off once.
async fn counted(connection: &mut PgConnection, id: Uuid) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!("select id from conversations where id = $1 for no key update", id)
        .fetch_optional(&mut *connection)
        .await?;
    let millis = sqlx::query_scalar!(
        r#"select millis as "millis!" from counted_talks where id = $1 and ended_at is not null"#,
        id
    );
    Ok(millis.fetch_optional(connection).await?.unwrap_or(0))
}

/// Takes a talk off the totals of the two, one after the other in the order in which the journal writes them: neither
/// waits for the other in a circle.
async fn take_off(
    connection: &mut PgConnection,
    row: &ConversationRow,
    millis: i64,
) -> Result<(), sqlx::Error> {
    let mut two: Vec<Uuid> = [Some(row.visitor), row.counselor].into_iter().flatten().collect();
    two.sort_unstable();
    for person in two.into_iter().filter(|_| millis > 0) {
        sqlx::query!(
            "update talk_times set millis = greatest(millis - $2, 0) where person = $1",
            person,
            millis
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
