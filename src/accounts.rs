//! What a ban, a deletion, an activation or a password set by another does to the person at once: log-ins, sockets,
//! queues, conversations, IM. Each runs to its end also when whoever asked for it hangs up.

mod resets;

use std::future::Future;

use hotline_actors::{
    PersonId,
    dispatch::{
        command::{Command, Refusal},
        counselor::Role,
        event::Removal,
    },
    push::Closing,
    registry::{LogIns, Rejected},
};
use sqlx::PgPool;

use crate::{
    audit::{self, Action},
    auth::Sessions,
    clock,
    errors::{InternalError, describe},
    identity::{AccountKind, Caller, NotAllowed},
    im::Im,
    institutions::Institutions,
    people::{Change, Editor, People, Person, ProfileFault, UnknownPerson},
    shifts::Calendar,
};

/// Why an account stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Deleted meanwhile.
    #[error(transparent)]
    Gone(#[from] UnknownPerson),
    /// Somebody of no institution.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    #[error("the old password has been replaced")]
    WrongPassword,
    /// By dispatch.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    #[error(transparent)]
    Profile(#[from] ProfileFault),
    #[error(transparent)]
    Internal(#[from] InternalError),
}

impl From<sqlx::Error> for AccountError {
    fn from(error: sqlx::Error) -> Self {
        Self::Internal(error.into())
    }
}

/// Runs `work` to its end, whatever becomes of the request that asked for it.
async fn to_the_end(
    work: impl Future<Output = Result<(), AccountError>> + 'static,
) -> Result<(), AccountError> {
    actix_web::rt::spawn(work).await.map_err(InternalError::other)?
}

/// The places of somebody who has any.
pub fn role(kind: AccountKind) -> Option<Role> {
    match kind {
        AccountKind::Counselor => Some(Role::Counselor),
        AccountKind::Supervisor => Some(Role::Supervisor),
        AccountKind::Visitor | AccountKind::Institution | AccountKind::System => None,
    }
}

/// What happens to accounts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Accounts {
    pub pool: PgPool,
    pub people: People,
    pub sessions: Sessions,
    pub institutions: Institutions,
    pub im: Im,
}

impl Accounts {
    /// Bans or deletes somebody.
    ///
    /// # Errors
    /// [`AccountError`]: they are in an open conversation and would be deleted, or were deleted meanwhile.
    pub async fn remove(&self, caller: &Caller, person: Person, how: Removal) -> Result<(), AccountError> {
        let (action, actor) = match how {
            Removal::Banned => (Action::Ban, caller.id),
            Removal::Deleted => (Action::DeletePerson, caller.id),
        };
        let accounts = self.clone();
        to_the_end(async move {
            let institution = home(&person)?;
            audit::note(&accounts.pool, institution, actor, action, person.id.0, clock::now()).await?;
            let decided =
                accounts.institutions.ask(institution, Command::Remove { person: person.id, how }).await;
            match decided {
                Err(Rejected::Refused(Refusal::Expelled)) => {
                    return Err(UnknownPerson::of(&person.id.to_string()).into());
                }
                Err(rejected @ Rejected::Refused(_)) => return Err(rejected.into()),
                // Not confirmed is not undone: it may be committed, so their sessions are ended in any case.
                Ok(_)
                | Err(Rejected::Busy | Rejected::Switching | Rejected::Stopping | Rejected::Unsettled) => {}
            }
            accounts.end_sessions(&person, Closing::LoggedOut).await?;
            decided?;
            if how == Removal::Deleted {
                let now = clock::now();
                let today = Calendar::open(&accounts.pool, institution, now).await?.day(now);
                let editor = Editor { institution: Some(institution), by: actor, at: now };
                accounts.people.retire(person.id, &today.to_string(), editor).await?;
                accounts.tell_dispatch().await;
            }
            Ok(())
        })
        .await
    }

    /// Lets somebody who was banned come in again.
    ///
    /// # Errors
    /// [`AccountError::Gone`] when they were deleted meanwhile.
    pub async fn reinstate(&self, caller: &Caller, person: Person) -> Result<(), AccountError> {
        let actor = caller.id;
        let accounts = self.clone();
        to_the_end(async move {
            let institution = home(&person)?;
            audit::note(&accounts.pool, institution, actor, Action::Activate, person.id.0, clock::now())
                .await?;
            let places = u32::try_from(person.max_consults).map_err(InternalError::other)?;
            let seat = role(person.kind).map(|role| (role, places));
            match accounts.institutions.ask(institution, Command::Reinstate { person: person.id, seat }).await
            {
                Err(Rejected::Refused(Refusal::Expelled)) => {
                    Err(UnknownPerson::of(&person.id.to_string()).into())
                }
                outcome => Ok(outcome.map(drop)?),
            }
        })
        .await
    }

    /// Changes somebody's account. A new password ends that person's log-ins; new supervisors are told to dispatch.
    ///
    /// # Errors
    /// [`AccountError::Gone`] when they were deleted meanwhile.
    pub async fn change(&self, caller: &Caller, person: Person, change: Change) -> Result<(), AccountError> {
        let actor = caller.id;
        let accounts = self.clone();
        to_the_end(async move {
            let institution = home(&person)?;
            let editor = Editor { institution: Some(institution), by: actor, at: clock::now() };
            if !accounts.people.change(person.id, &change, editor).await? {
                return Err(UnknownPerson::of(&person.username).into());
            }
            if change.password_hash.is_some() {
                accounts.end_sessions(&person, Closing::PasswordSet).await?;
            }
            if change.supervisors.is_some() {
                accounts.tell_dispatch().await;
            }
            Ok(())
        })
        .await
    }

    /// Sets somebody's own new password, where `old` still is the hash of the old one. The other log-ins end.
    ///
    /// # Errors
    /// [`AccountError::WrongPassword`] when the old one has been replaced meanwhile.
    pub async fn replace_password(
        &self,
        caller: Caller,
        old: String,
        new: String,
    ) -> Result<(), AccountError> {
        let accounts = self.clone();
        to_the_end(async move {
            if !accounts.people.replace_password(caller.id, &old, &new).await? {
                return Err(AccountError::WrongPassword);
            }
            accounts.sessions.end_all_of(caller.id, Some(caller.token)).await?;
            if let Some(institution) = &caller.institution {
                let others = LogIns::AllBut(caller.token.into());
                accounts.institutions.end_log_ins(institution, caller.id, others, Closing::PasswordSet);
            }
            Ok(())
        })
        .await
    }

    /// Ends the log-ins and sockets of somebody, here and at Tencent IM. Log-ins go first: a socket that is just opening
    /// looks for its own again.
    async fn end_sessions(&self, person: &Person, closing: Closing) -> Result<(), sqlx::Error> {
        self.sessions.end_all_of(person.id, None).await?;
        if let Some(institution) = &person.institution {
            self.institutions.end_log_ins(institution, person.id, LogIns::All, closing);
        }
        self.im.kick(person.username.clone());
        Ok(())
    }

    /// Who looks after whom has changed, and is kept. Dispatch looks again by itself before long, so a failure is no more
    /// than a delay.
    pub async fn tell_dispatch(&self) {
        if let Err(error) = self.institutions.refresh().await {
            tracing::warn!(error = %describe(&error), "passing changed bindings to dispatch failed: they apply at the next refresh");
        }
    }
}

/// Only system administrators belong to no institution, and nobody keeps them.
fn home(person: &Person) -> Result<&str, NotAllowed> {
    person.institution.as_deref().ok_or(NotAllowed)
}

/// Whether somebody is in a conversation that is not over.
pub async fn has_open(pool: &PgPool, person: PersonId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (
               select from conversations
               -- The indexes have the visitor and the first of the two; none that is open is deleted.
               where (visitor = $1 or (coalesce(counselor, wanted) = $1 and counselor = $1))
                   and deleted_at is null and status in ('WAITING', 'IN_PROGRESS')
           ) as "open!""#,
        person.0
    )
    .fetch_one(pool)
    .await
}
