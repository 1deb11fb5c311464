//! Accounts of staff: made and changed whole, or not at all.

use std::fmt;

use hotline_actors::{PersonId, Timestamp};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    NewPerson, People, Taken,
    profile::{self, Profile, ProfileFault},
    repository,
};
use crate::audit::{self, Action, Note};

/// What is to be changed about somebody.
#[derive(Clone, Default)]
pub struct Change {
    pub profile: Profile,
    /// Argon2id, in PHC form.
    pub password_hash: Option<String>,
    /// Who looks after a counselor from now on.
    pub supervisors: Option<Vec<PersonId>>,
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Change(…)")
    }
}

impl People {
    /// Makes an account with all that is told of its person.
    ///
    /// # Errors
    /// [`Taken`] when the user name has been given out before.
    pub async fn create_staff(
        &self,
        person: NewPerson,
        change: &Change,
        by: PersonId,
    ) -> Result<Result<PersonId, Taken>, ProfileFault> {
        let mut transaction = self.pool.begin().await?;
        let (at, institution) = (person.created_at, person.institution.clone());
        let id = match repository::add(&mut *transaction, person).await? {
            Ok(id) => id,
            Err(taken) => return Ok(Err(taken)),
        };
        let editor = Editor { institution: institution.as_deref(), by, at };
        editor.note(id, Action::AddPerson).write(&mut *transaction).await?;
        profile::write(&mut *transaction, &self.sealer, id, &change.profile, by, at).await?;
        if let Some(supervisors) = &change.supervisors {
            editor.bind(&mut transaction, id, supervisors).await?;
        }
        transaction.commit().await?;
        Ok(Ok(id))
    }

    /// Changes an account of this institution; says whether it is there. What was changed is in the audit with it.
    pub async fn change(
        &self,
        id: PersonId,
        change: &Change,
        editor: Editor<'_>,
    ) -> Result<bool, ProfileFault> {
        let mut transaction = self.pool.begin().await?;
        let there = self.write(&mut transaction, id, change, editor).await?;
        let committed = transaction.commit().await;
        self.changed([id]);
        committed?;
        Ok(there)
    }

    async fn write(
        &self,
        connection: &mut PgConnection,
        id: PersonId,
        change: &Change,
        editor: Editor<'_>,
    ) -> Result<bool, ProfileFault> {
        // Locks the row, so that two who change the same person do it one after the other.
        let Editor { by, at, .. } = editor;
        if !profile::write(&mut *connection, &self.sealer, id, &change.profile, by, at).await? {
            return Ok(false);
        }
        let fields = change.profile.fields().join(" ");
        if !fields.is_empty() {
            let note = Note { detail: Some(&fields), ..editor.note(id, Action::ChangeProfile) };
            note.write(&mut *connection).await?;
        }
        if let Some(hash) = &change.password_hash {
            editor.note(id, Action::SetPassword).write(&mut *connection).await?;
            sqlx::query!("update people set password_hash = $2 where id = $1", id.0, hash)
                .execute(&mut *connection)
                .await?;
        }
        if let Some(supervisors) = &change.supervisors {
            editor.bind(connection, id, supervisors).await?;
        }
        Ok(true)
    }

    /// Sets a new password where the old one still is what it was; says whether it was.
    pub async fn replace_password(&self, id: PersonId, old: &str, new: &str) -> Result<bool, sqlx::Error> {
        let updated = sqlx::query!(
            "update people set password_hash = $3 where id = $1 and password_hash = $2 and deleted_at is null",
            id.0,
            old,
            new
        )
        .execute(&self.pool)
        .await?;
        Ok(updated.rows_affected() == 1)
    }

    /// Sets the password of somebody of the staff in the name of an operator, ends the log-ins that are kept, and notes it;
    /// says whether there is such a person.
    pub async fn reset_password(&self, id: PersonId, hash: &str, at: Timestamp) -> Result<bool, sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        let institution = sqlx::query_scalar!(
            "update people set password_hash = $2
             where id = $1 and kind <> 'VISITOR' and deleted_at is null returning institution",
            id.0,
            hash
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(institution) = institution else { return Ok(false) };
        sqlx::query!("delete from sessions where person = $1", id.0).execute(&mut *transaction).await?;
        let note = Note {
            institution: institution.as_deref(),
            actor: audit::OPERATOR,
            action: Action::ResetPassword,
            target: Some(id.0),
            people: &[],
            detail: None,
            at,
        };
        note.write(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Takes somebody who was deleted out of what is still to come: nobody is bound to that person, who has no more
    /// shifts.
    pub async fn retire(&self, id: PersonId, today: &str, editor: Editor<'_>) -> Result<(), sqlx::Error> {
        let at = editor.at;
        let mut transaction = self.pool.begin().await?;
        let left = sqlx::query_scalar!(
            "delete from supervisor_bindings where supervisor = $1 returning counselor",
            id.0
        )
        .fetch_all(&mut *transaction)
        .await?;
        for counselor in left {
            let note = Note { people: &[id.0], ..editor.note(PersonId(counselor), Action::Unbind) };
            note.write(&mut *transaction).await?;
        }
        sqlx::query!("delete from standing_weeks where person = $1", id.0).execute(&mut *transaction).await?;
        sqlx::query!(
            "update shifts set removed_at = $3 where person = $1 and day >= $2::text::date and removed_at is null",
            id.0,
            today,
            at.0
        )
        .execute(&mut *transaction)
        .await?;
        let committed = transaction.commit().await;
        // Whoever they looked after, too.
        self.cache.forget_all();
        committed
    }
}

/// Who changes an account, of which institution, and when.
#[derive(Debug, Clone, Copy)]
pub struct Editor<'a> {
    /// Of the account; none for a system administrator's.
    pub institution: Option<&'a str>,
    pub by: PersonId,
    pub at: Timestamp,
}

impl Editor<'_> {
    /// That `action` was done to `person`.
    fn note(&self, person: PersonId, action: Action) -> Note<'_> {
        Note {
            institution: self.institution,
            actor: self.by,
            action,
            target: Some(person.0),
            people: &[],
            detail: None,
            at: self.at,
        }
    }

    /// These and no others look after a counselor; only supervisors of the counselor's own institution do. Whoever is
    /// bound reads everything, so both who came and who went is noted.
    async fn bind(
        &self,
        connection: &mut PgConnection,
        counselor: PersonId,
        supervisors: &[PersonId],
    ) -> Result<(), sqlx::Error> {
        let supervisors: Vec<Uuid> = supervisors.iter().map(|id| id.0).collect();
        let left = sqlx::query_scalar!(
            "delete from supervisor_bindings where counselor = $1 and supervisor <> all($2) returning supervisor",
            counselor.0,
            &supervisors
        )
        .fetch_all(&mut *connection)
        .await?;
        let came = sqlx::query_scalar!(
            "insert into supervisor_bindings (counselor, supervisor, institution)
             select c.id, s.id, c.institution
             from people c join people s on s.institution = c.institution
             where c.id = $1 and s.id = any($2) and s.kind = 'SUPERVISOR' and s.deleted_at is null
             on conflict do nothing
             returning supervisor",
            counselor.0,
            &supervisors
        )
        .fetch_all(&mut *connection)
        .await?;
        for (action, people) in [(Action::Unbind, left), (Action::Bind, came)] {
            if !people.is_empty() {
                let note = Note { people: &people, ..self.note(counselor, action) };
                note.write(&mut *connection).await?;
            }
        }
        Ok(())
    }
}
