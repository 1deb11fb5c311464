//! Who looked at, or did what to, something that is another's (docs/design.md 9). Ids only.

use std::time::Duration;

use hotline_actors::{PersonId, Timestamp};
use sqlx::postgres::PgExecutor;
use uuid::Uuid;

/// A record and its pictures, opened within this, are one reading.
const READ_AS_ONE: Duration = Duration::from_mins(10);
/// Requests that are under way at the same time may be noted in another order than they came in.
const AT_ONCE: Duration = Duration::from_mins(1);

/// What is noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Read what was said in a conversation.
    ReadMessages,
    /// Took somebody off a day.
    RemoveShift,
    /// Looked at a conversation.
    ReadConversation,
    /// Looked through the list of records; the visitors on the page are named.
    ListRecords,
    /// Looked through a list of people.
    ListPeople,
    /// Looked at who works and who waits just now.
    ReadLiveState,
    /// Looked at who is on duty, with their numbers.
    ReadDuty,
    /// Was sent the words of a talk between two others as they were said.
    HearLive,
    /// Called a supervisor in to somebody else's talk.
    CallSupervisor,
    /// Took a conversation out as a file.
    ExportConversation,
    /// Deleted a conversation.
    DeleteConversation,
    /// Changed a conversation's place in the queues.
    ChangePriority,
    /// Read a message that belongs to no conversation.
    ReadUnmatched,
    Ban,
    Activate,
    /// Deleted an account.
    DeletePerson,
    /// Set another's password.
    SetPassword,
    /// Made an account.
    AddPerson,
    /// Changed what is told of another.
    ChangeProfile,
    /// Bound supervisors to a counselor: they read everything of that counselor from now on.
    Bind,
    /// Took supervisors off a counselor.
    Unbind,
    /// Put people on a day.
    AddShift,
    /// Replaced somebody's standing week.
    ChangeWeek,
    /// Set somebody's password on the command line.
    ResetPassword,
}

/// The actor of what was done on the command line.
pub const OPERATOR: PersonId = PersonId(Uuid::nil());

impl Action {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadMessages => "read-messages",
            Self::RemoveShift => "remove-shift",
            Self::ReadConversation => "read-conversation",
            Self::ListRecords => "list-records",
            Self::ListPeople => "list-people",
            Self::ReadLiveState => "read-live-state",
            Self::ReadDuty => "read-duty",
            Self::HearLive => "hear-live",
            Self::CallSupervisor => "call-supervisor",
            Self::ExportConversation => "export-conversation",
            Self::DeleteConversation => "delete-conversation",
            Self::ChangePriority => "change-priority",
            Self::ReadUnmatched => "read-unplaced",
            Self::Ban => "ban",
            Self::Activate => "activate",
            Self::DeletePerson => "delete-person",
            Self::SetPassword => "set-password",
            Self::AddPerson => "add-person",
            Self::ChangeProfile => "change-profile",
            Self::Bind => "bind",
            Self::Unbind => "unbind",
            Self::AddShift => "add-shift",
            Self::ChangeWeek => "change-week",
            Self::ResetPassword => "reset-password",
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

/// What was noted after the first and up to the second is still the same reading at `now`. Nothing later is: the clock has
/// been set back since.
pub fn same_reading(now: Timestamp) -> (Timestamp, Timestamp) {
    (now - READ_AS_ONE, now + AT_ONCE)
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
    let (since, until) = same_reading(at);
    sqlx::query!(
        "insert into audit (institution, actor, action, target, at)
         select $1, $2, $3, $4, $5
         where not exists (select from audit
                           where target = $4 and action = $3 and actor = $2 and at > $6 and at <= $7)",
        institution,
        actor.0,
        action.as_str(),
        target,
        at.0,
        since.0,
        until.0,
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

/// What is noted about several people, or with more than its target.
#[derive(Debug, Clone, Copy)]
pub struct Note<'a> {
    /// None for what a system administrator looks at in every institution.
    pub institution: Option<&'a str>,
    pub actor: PersonId,
    pub action: Action,
    /// None for a list.
    pub target: Option<Uuid>,
    /// Who was seen, or bound.
    pub people: &'a [Uuid],
    /// Names of fields or filters, or a day; never a value that somebody typed.
    pub detail: Option<&'a str>,
    pub at: Timestamp,
}

impl Note<'_> {
    /// As [`note`].
    pub async fn write(&self, executor: impl PgExecutor<'_>) -> Result<(), sqlx::Error> {
        sqlx::query!(
            "insert into audit (institution, actor, action, target, people, detail, at)
             values ($1, $2, $3, $4, nullif($5::uuid[], '{}'), $6, $7)",
            self.institution,
            self.actor.0,
            self.action.as_str(),
            self.target,
            self.people,
            self.detail,
            self.at.0,
        )
        .execute(executor)
        .await?;
        Ok(())
    }

    /// As [`Note::write`], unless the actor did the same without a target within the last minutes: what pages ask for
    /// again and again is one view. Only for a view of everything there is: of a page or a day it would hide the others.
    pub async fn write_once(&self, executor: impl PgExecutor<'_>) -> Result<(), sqlx::Error> {
        let (since, until) = same_reading(self.at);
        sqlx::query!(
            "insert into audit (institution, actor, action, people, detail, at)
             select $1, $2, $3, nullif($4::uuid[], '{}'), $5, $6
             where not exists (select from audit
                               where target is null and action = $3 and actor = $2 and at > $7 and at <= $8)",
            self.institution,
            self.actor.0,
            self.action.as_str(),
            self.people,
            self.detail,
            self.at.0,
            since.0,
            until.0,
        )
        .execute(executor)
        .await?;
        Ok(())
    }
}
