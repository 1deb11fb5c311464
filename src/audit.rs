//! Who looked at, or did what to, something that is another's (design 9). Ids only.

use hotline_actors::{PersonId, Timestamp};
use sqlx::postgres::PgExecutor;
use uuid::Uuid;

/// What is noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Read what was said in a conversation.
    ReadMessages,
    Ban,
    Activate,
    /// Deleted an account.
    DeletePerson,
    /// Set another's password.
    SetPassword,
}

impl Action {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadMessages => "read-messages",
            Self::Ban => "ban",
            Self::Activate => "activate",
            Self::DeletePerson => "delete-person",
            Self::SetPassword => "set-password",
        }
    }
}

/// Notes that `actor` did `action` to `target`, something of `institution`. Before it is answered: what cannot be noted
/// is not done.
pub async fn note(
    executor: impl PgExecutor<'_>,
    institution: &str,
    actor: PersonId,
    action: Action,
    target: Uuid,
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into audit (institution, actor, action, target, at) values ($1, $2, $3, $4, $5)",
        institution,
        actor.0,
        action.as_str(),
        target,
        at.0,
    )
    .execute(executor)
    .await?;
    Ok(())
}
