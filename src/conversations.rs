//! Conversations as they are kept: read from the projection that the journal writes.

pub mod deletion;
pub mod list;
pub mod queue;
pub mod reading;
mod row;

use std::collections::HashMap;

use hotline_actors::{ConversationId, PersonId};
use sqlx::PgPool;
use uuid::Uuid;

use crate::params::Page;
pub(crate) use row::conversation_rows;
pub use row::{ConversationRow, Misfit};

/// One conversation of an institution; not those deleted.
///
/// # Errors
/// The database's.
pub async fn find(
    pool: &PgPool,
    institution: &str,
    id: ConversationId,
) -> Result<Option<ConversationRow>, sqlx::Error> {
    conversation_rows!("where c.id = $1 and c.institution = $2 and c.deleted_at is null", id.0, institution)
        .fetch_optional(pool)
        .await
}

/// Those of `ids` that are the institution's and not deleted, in the order of `ids`.
///
/// # Errors
/// The database's.
pub async fn by_ids(
    pool: &PgPool,
    institution: &str,
    ids: &[Uuid],
) -> Result<Vec<ConversationRow>, sqlx::Error> {
    let found = conversation_rows!(
        "where c.id = any($1) and c.institution = $2 and c.deleted_at is null",
        ids,
        institution
    )
    .fetch_all(pool)
    .await?;
    let mut found: HashMap<Uuid, ConversationRow> = found.into_iter().map(|row| (row.id, row)).collect();
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// What somebody asked for themselves, newest first, every status; and how many there are.
///
/// # Errors
/// The database's.
pub async fn of_visitor(
    pool: &PgPool,
    visitor: PersonId,
    page: Page,
) -> Result<(Vec<ConversationRow>, i64), sqlx::Error> {
    let rows = conversation_rows!(
        "where c.visitor = $1 and c.kind = 'COUNSELING_SESSION' and c.deleted_at is null
         order by c.opened_at desc, c.id desc limit $2 offset $3",
        visitor.0,
        page.limit,
        page.offset
    )
    .fetch_all(pool)
    .await?;
    let count = sqlx::query_scalar!(
        r#"
        select count(*) as "count!" from conversations
        where visitor = $1 and kind = 'COUNSELING_SESSION' and deleted_at is null
        "#,
        visitor.0
    )
    .fetch_one(pool)
    .await?;
    Ok((rows, count))
}

/// The talks with supervisors about these consultations, the latest of each first.
///
/// # Errors
/// The database's.
pub async fn supervisions_of(
    pool: &PgPool,
    consultations: &[Uuid],
) -> Result<Vec<ConversationRow>, sqlx::Error> {
    if consultations.is_empty() {
        return Ok(Vec::new());
    }
    conversation_rows!(
        "where c.consultation = any($1) and c.deleted_at is null
         order by c.consultation, c.opened_at desc, c.id desc",
        consultations
    )
    .fetch_all(pool)
    .await
}

/// Whether `supervisor` looks after `counselor`.
///
/// # Errors
/// The database's.
pub async fn is_bound(pool: &PgPool, counselor: PersonId, supervisor: PersonId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select from supervisor_bindings where counselor = $1 and supervisor = $2) as "bound!""#,
        counselor.0,
        supervisor.0
    )
    .fetch_one(pool)
    .await
}

/// The supervisors who look after `counselor`.
///
/// # Errors
/// The database's.
pub async fn supervisors_of(pool: &PgPool, counselor: PersonId) -> Result<Vec<PersonId>, sqlx::Error> {
    let supervisors =
        sqlx::query_scalar!("select supervisor from supervisor_bindings where counselor = $1", counselor.0);
    Ok(supervisors.fetch_all(pool).await?.into_iter().map(PersonId).collect())
}

/// The counselors whom `supervisor` looks after.
///
/// # Errors
/// The database's.
pub async fn bound_to(pool: &PgPool, supervisor: PersonId) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "select counselor from supervisor_bindings where supervisor = $1 order by counselor",
        supervisor.0
    )
    .fetch_all(pool)
    .await
}
