//! Who may read a conversation, and whose conversations and figures a right reaches.

use sqlx::PgPool;
use uuid::Uuid;

use super::{ConversationRow, bound_to};
use crate::{
    identity::{Caller, NotAllowed},
    rights::{self, Reach, Right},
};

/// Whose conversations a caller's right reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All of the institution.
    Institution,
    /// Of these counselors: the caller alone, or those they look after.
    Counselors(Vec<Uuid>),
}

impl Scope {
    /// The scope of a right that reaches this far.
    ///
    /// # Errors
    /// The database's.
    pub async fn of(pool: &PgPool, caller: &Caller, reach: Reach) -> Result<Self, sqlx::Error> {
        Ok(match reach {
            Reach::Nothing => Self::Counselors(Vec::new()),
            Reach::Own => Self::Counselors(vec![caller.id.0]),
            Reach::Bound => Self::Counselors(bound_to(pool, caller.id).await?),
            Reach::Institution | Reach::Everywhere => Self::Institution,
        })
    }

    /// The counselors it is narrowed to, if it is.
    pub fn counselors(&self) -> Option<&[Uuid]> {
        match self {
            Self::Institution => None,
            Self::Counselors(counselors) => Some(counselors),
        }
    }
}

/// The two in it, whoever is asked for in it, and those whose right reaches it.
///
/// # Errors
/// The database's.
pub async fn may_read(pool: &PgPool, caller: &Caller, row: &ConversationRow) -> Result<bool, sqlx::Error> {
    if row.is_party(caller.id) {
        return Ok(true);
    }
    match rights::reach(caller.kind, Right::Records) {
        Reach::Nothing | Reach::Own => Ok(false),
        Reach::Bound => is_supervised_by(pool, caller, row).await,
        Reach::Institution | Reach::Everywhere => Ok(true),
    }
}

/// As [`may_read`], or [`NotAllowed`].
///
/// # Errors
/// The database's.
pub async fn require(
    pool: &PgPool,
    caller: &Caller,
    row: &ConversationRow,
) -> Result<Result<(), NotAllowed>, sqlx::Error> {
    Ok(if may_read(pool, caller, row).await? { Ok(()) } else { Err(NotAllowed) })
}

/// Whether the caller looks after the counselor in it, or is asked about it. The binding counts for the counselor's side
/// alone: a counselor who asks for themselves is a visitor there, and their supervisor has no business in it.
async fn is_supervised_by(
    pool: &PgPool,
    caller: &Caller,
    row: &ConversationRow,
) -> Result<bool, sqlx::Error> {
    let counselor = if row.is_consultation() { row.counselor.or(row.wanted) } else { Some(row.visitor) };
    sqlx::query_scalar!(
        r#"
        select exists (select from supervisor_bindings where supervisor = $1 and counselor = $2)
            or exists (select from conversations
                       where consultation = $3 and status <> 'CANCELLED' and (counselor = $1 or wanted = $1))
            as "may!"
        "#,
        caller.id.0,
        counselor,
        row.id
    )
    .fetch_one(pool)
    .await
}
