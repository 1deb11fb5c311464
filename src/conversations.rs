//! Conversations as they are kept: read from the projection that the journal writes.

pub mod view;

use hotline_actors::{ConversationId, CounselorId, PersonId};
use sqlx::PgPool;
use uuid::Uuid;

use crate::params::Page;

/// One conversation's row.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its id.
    pub id: Uuid,
    /// Whose tenant.
    pub institution: String,
    /// `COUNSELING_SESSION` or `REQUEST_SUPERVISE`.
    pub kind: String,
    /// Who asked.
    pub visitor: Uuid,
    /// Who was asked for by name.
    pub wanted: Option<Uuid>,
    /// Who took it.
    pub counselor: Option<Uuid>,
    /// `WAITING`, `IN_PROGRESS`, `FINISHED`, `TIME_OUT` or `CANCELLED`.
    pub status: String,
    /// `NORMAL` or `URGENT`.
    pub priority: String,
    /// When it was asked for.
    pub opened_at: i64,
    /// When the talk began.
    pub started_at: Option<i64>,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// Why it ended.
    pub end_reason: Option<String>,
    /// `TEXT`, or `VOICE` while a call is running.
    pub medium: String,
    /// When the running call was answered.
    pub call_started_at: Option<i64>,
}

impl Row {
    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.ended_at.is_some()
    }

    /// Whether it waits.
    pub fn waits(&self) -> bool {
        self.status == "WAITING"
    }

    /// Who serves it, or is asked for.
    pub fn counterpart(&self) -> Option<PersonId> {
        self.counselor.or(self.wanted).map(PersonId)
    }
}

/// One conversation of an institution; not those deleted.
///
/// # Errors
/// The database's.
pub async fn find(pool: &PgPool, institution: &str, id: ConversationId) -> Result<Option<Row>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        r#"
        select id, institution, kind, visitor, wanted, counselor, status, priority, opened_at, started_at, ended_at,
               end_reason, medium, call_started_at
        from conversations
        where id = $1 and institution = $2 and deleted_at is null
        "#,
        id.0,
        institution
    )
    .fetch_optional(pool)
    .await
}

/// What somebody asked for himself, newest first, every status; and how many there are.
///
/// # Errors
/// The database's.
pub async fn of_visitor(
    pool: &PgPool,
    visitor: PersonId,
    page: Page,
) -> Result<(Vec<Row>, i64), sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select id, institution, kind, visitor, wanted, counselor, status, priority, opened_at, started_at, ended_at,
               end_reason, medium, call_started_at
        from conversations
        where visitor = $1 and kind = 'COUNSELING_SESSION' and deleted_at is null
        order by opened_at desc, id desc
        limit $2 offset $3
        "#,
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

/// Talks that an estimate rests on, and the fewest it can rest on.
const ESTIMATE_TALKS_MAX: i64 = 20;
const ESTIMATE_TALKS_MIN: i64 = 5;

/// The median length in milliseconds of a counselor's last talks; none with too few.
///
/// # Errors
/// The database's.
pub async fn median_length(pool: &PgPool, counselor: CounselorId) -> Result<Option<f64>, sqlx::Error> {
    let talks = sqlx::query!(
        r#"
        select count(*) as "count!",
               percentile_cont(0.5) within group (order by length) as median
        from (
            select (ended_at - started_at)::double precision as length
            from conversations
            where counselor = $1 and kind = 'COUNSELING_SESSION' and ended_at is not null and started_at is not null
            order by opened_at desc
            limit $2
        ) as talks
        "#,
        counselor.0,
        ESTIMATE_TALKS_MAX
    )
    .fetch_one(pool)
    .await?;
    Ok(talks.median.filter(|_| talks.count >= ESTIMATE_TALKS_MIN))
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
