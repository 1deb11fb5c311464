//! Who looked at, or did what to, something that is another's (design 9). Ids only.

use std::time::Duration;

use hotline_actors::{PersonId, Timestamp};
use sqlx::postgres::PgExecutor;
use uuid::Uuid;

/// A record and its pictures, opened within this, are one reading.
const READ_AS_ONE: Duration = Duration::from_mins(10);

/// What is noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Read what was said in a conversation.
    ReadMessages,
    /// Took somebody off a day.
    RemoveShift,
    /// Looked at a conversation.
    ReadConversation,
    /// Looked through the list of records; no single one is named.
    ListRecords,
    /// Took a conversation out as a file.
    ExportConversation,
    /// Deleted a conversation.
    DeleteConversation,
    /// Changed a conversation's place in the queues.
    ChangePriority,
    /// Read a message that belongs to no conversation.
    ReadUnplaced,
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
            Self::RemoveShift => "remove-shift",
            Self::ReadConversation => "read-conversation",
            Self::ListRecords => "list-records",
            Self::ExportConversation => "export-conversation",
            Self::DeleteConversation => "delete-conversation",
            Self::ChangePriority => "change-priority",
            Self::ReadUnplaced => "read-unplaced",
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

/// What was noted after this is still the same reading at `now`.
pub fn same_reading_since(now: Timestamp) -> Timestamp {
    Timestamp(now.0 - i64::try_from(READ_AS_ONE.as_millis()).unwrap_or(0))
}

/// As [`note`], unless the same was noted within the last minutes: what is read in many small pieces is read once.
pub async fn note_once(
    executor: impl PgExecutor<'_>,
    institution: &str,
    actor: PersonId,
    action: Action,
    target: Uuid,
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into audit (institution, actor, action, target, at)
         select $1, $2, $3, $4, $5
         where not exists (select from audit where target = $4 and action = $3 and actor = $2 and at > $6)",
        institution,
        actor.0,
        action.as_str(),
        target,
        at.0,
        same_reading_since(at).0,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// As [`note`], for several targets at once.
pub async fn note_each(
    executor: impl PgExecutor<'_>,
    institution: &str,
    actor: PersonId,
    action: Action,
    targets: &[Uuid],
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into audit (institution, actor, action, target, at)
         select $1, $2, $3, t.target, $5 from unnest($4::uuid[]) as t (target)",
        institution,
        actor.0,
        action.as_str(),
        targets,
        at.0,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// As [`note`], for what has no single target.
pub async fn note_whole(
    executor: impl PgExecutor<'_>,
    institution: &str,
    actor: PersonId,
    action: Action,
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into audit (institution, actor, action, at) values ($1, $2, $3, $4)",
        institution,
        actor.0,
        action.as_str(),
        at.0,
    )
    .execute(executor)
    .await?;
    Ok(())
}
