//! Conversations as they are kept: read from the projection that the journal writes.

pub mod deletion;
pub mod list;
pub mod queue;
pub mod reading;

use std::collections::HashMap;

use hotline_actors::{
    ConversationId, PersonId,
    dispatch::conversation::{Conversation, Kind, Medium, Phase, Priority},
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::params::Page;

/// One conversation's row.
#[derive(Debug, Clone)]
pub struct ConversationRow {
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
    /// For `REQUEST_SUPERVISE`: the consultation it is about.
    pub consultation: Option<Uuid>,
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

impl ConversationRow {
    /// The row of a conversation of this institution, from the facts as the journal keeps them.
    pub fn of(institution: &str, facts: &Conversation) -> Self {
        let (kind, consultation) = match facts.kind {
            Kind::Consultation => ("COUNSELING_SESSION", None),
            Kind::Supervision { consultation } => ("REQUEST_SUPERVISE", Some(consultation.0)),
        };
        let (medium, call_started_at) = match facts.medium {
            Medium::Text => ("TEXT", None),
            Medium::Voice { since } => ("VOICE", Some(since.0)),
        };
        let (ended_at, end_reason) = match facts.phase {
            Phase::Waiting | Phase::InProgress { .. } => (None, None),
            Phase::Ended { at, reason, .. } => (Some(at.0), Some(reason.as_str().to_owned())),
        };
        let priority = match facts.priority {
            Priority::Normal => "NORMAL",
            Priority::Urgent => "URGENT",
        };
        Self {
            id: facts.id.0,
            institution: institution.to_owned(),
            kind: kind.to_owned(),
            visitor: facts.visitor.0,
            wanted: facts.requested_counselor.map(|wanted| wanted.0),
            counselor: facts.counselor().map(|counselor| counselor.0),
            consultation,
            status: facts.status().as_str().to_owned(),
            priority: priority.to_owned(),
            opened_at: facts.opened_at.0,
            started_at: facts.started_at().map(|at| at.0),
            ended_at,
            end_reason,
            medium: medium.to_owned(),
            call_started_at,
        }
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.ended_at.is_some()
    }

    /// Whether it waits.
    pub fn waits(&self) -> bool {
        self.status == "WAITING"
    }

    /// Whether a visitor consults a counselor in it, rather than a counselor a supervisor.
    pub fn is_consultation(&self) -> bool {
        self.consultation.is_none()
    }

    /// Who serves it, or is asked for.
    pub fn counterpart(&self) -> Option<PersonId> {
        self.counselor.or(self.wanted).map(PersonId)
    }

    /// Whether `person` is one of the two.
    pub fn is_party(&self, person: PersonId) -> bool {
        self.visitor == person.0 || self.counterpart() == Some(person)
    }
}

/// [`ConversationRow`]s of the conversations `c` that the rest of the statement says.
macro_rules! rows {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            ConversationRow,
            "select c.id, c.institution, c.kind, c.visitor, c.wanted, c.counselor, c.consultation, c.status,
                    c.priority, c.opened_at, c.started_at, c.ended_at, c.end_reason, c.medium, c.call_started_at
             from conversations c " + $rest
            $(, $argument)*
        )
    };
}

/// One conversation of an institution; not those deleted.
///
/// # Errors
/// The database's.
pub async fn find(
    pool: &PgPool,
    institution: &str,
    id: ConversationId,
) -> Result<Option<ConversationRow>, sqlx::Error> {
    rows!("where c.id = $1 and c.institution = $2 and c.deleted_at is null", id.0, institution)
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
    let found =
        rows!("where c.id = any($1) and c.institution = $2 and c.deleted_at is null", ids, institution)
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
    let rows = rows!(
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
    rows!(
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
