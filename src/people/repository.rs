//! People in PostgreSQL.

use std::{collections::HashMap, fmt};

use hotline_actors::{PersonId, Timestamp};
use sqlx::{PgPool, postgres::PgExecutor};
use uuid::Uuid;

use super::{AccountState, Person, PersonRef, Secret};
use crate::{
    identity::AccountKind,
    secrets::{Column, Sealer},
};

/// An account to be made. What is not named here is empty at first.
#[derive(Clone)]
pub struct NewPerson {
    pub id: PersonId,
    pub institution: Option<String>,
    pub kind: AccountKind,
    pub username: String,
    /// Argon2id, in PHC form. Visitors have none.
    pub password_hash: Option<String>,
    pub open_id: Option<String>,
    pub wechat_appid: Option<String>,
    pub name: Option<String>,
    pub max_consults: i32,
    pub created_by: Option<PersonId>,
    pub created_at: Timestamp,
}

impl fmt::Debug for NewPerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewPerson").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// The user name has been given out before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the user name exists already")]
pub struct Taken;

/// A stored word that the schema's checks should have made impossible.
fn distrusted(column: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("people.{column} holds a word that is not known").into())
}

fn kind(text: &str) -> Result<AccountKind, sqlx::Error> {
    text.parse().map_err(|_| distrusted("kind"))
}

fn state(text: Option<&str>) -> Result<Option<AccountState>, sqlx::Error> {
    match text {
        None => Ok(None),
        Some("NORMAL") => Ok(Some(AccountState::Normal)),
        Some("BANNED") => Ok(Some(AccountState::Banned)),
        Some(_) => Err(distrusted("state")),
    }
}

pub(super) async fn by_username(pool: &PgPool, username: &str) -> Result<Option<PersonRef>, sqlx::Error> {
    let row = sqlx::query!("select id, kind, institution from people where username = $1", username)
        .fetch_optional(pool)
        .await?;
    row.map(|row| {
        Ok(PersonRef { id: PersonId(row.id), kind: kind(&row.kind)?, institution: row.institution })
    })
    .transpose()
}

/// The one of the staff whose user name is this but for its case; nobody where several are.
pub(super) async fn alike(pool: &PgPool, username: &str) -> Result<Option<PersonRef>, sqlx::Error> {
    let rows = sqlx::query!(
        "select id, kind, institution from people where kind <> 'VISITOR' and lower(username) = lower($1) limit 2",
        username
    )
    .fetch_all(pool)
    .await?;
    let mut rows = rows.into_iter();
    match (rows.next(), rows.next()) {
        (Some(row), None) => {
            Ok(Some(PersonRef { id: PersonId(row.id), kind: kind(&row.kind)?, institution: row.institution }))
        }
        (_, _) => Ok(None),
    }
}

/// Whether somebody has this user name, or one of the staff has it but for its case.
pub(super) async fn is_taken(pool: &PgPool, username: &str) -> Result<bool, sqlx::Error> {
    let taken = sqlx::query_scalar!(
        r#"select exists (select from people where username = $1)
               or exists (select from people where kind <> 'VISITOR' and lower(username) = lower($1)) as "taken!""#,
        username
    );
    taken.fetch_one(pool).await
}

pub(super) async fn by_id(pool: &PgPool, id: PersonId) -> Result<Option<PersonRef>, sqlx::Error> {
    let row =
        sqlx::query!("select kind, institution from people where id = $1", id.0).fetch_optional(pool).await?;
    row.map(|row| Ok(PersonRef { id, kind: kind(&row.kind)?, institution: row.institution })).transpose()
}

/// What a log-in is checked against.
#[derive(Clone)]
pub struct Credentials {
    pub id: PersonId,
    pub password_hash: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({}, …)", self.id)
    }
}

pub(super) async fn credentials(pool: &PgPool, username: &str) -> Result<Option<Credentials>, sqlx::Error> {
    // Exactly that name, or else the one of the staff who has it but for its case.
    let rows = sqlx::query!(
        r#"select id, username = $1 as "is_exact!", deleted_at is null and state is distinct from 'BANNED' as "is_in!",
                  password_hash
           from people
           where username = $1 or (kind <> 'VISITOR' and lower(username) = lower($1))
           order by username = $1 desc
           limit 2"#,
        username
    )
    .fetch_all(pool)
    .await?;
    let is_one = rows.len() == 1;
    let row = rows.into_iter().next().filter(|row| row.is_in && (row.is_exact || is_one));
    Ok(row.map(|row| Credentials { id: PersonId(row.id), password_hash: row.password_hash }))
}

pub(super) async fn load(
    pool: &PgPool,
    sealer: &Sealer,
    ids: &[PersonId],
) -> Result<HashMap<PersonId, Person>, sqlx::Error> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"select id, institution, kind, username, visitor_number, open_id, wechat_appid, name, gender, age, avatar_url,
                  phone, id_number, email, emergency_contact, emergency_phone, department, title,
                  qualification, qualification_code, state, max_consults, subscribe,
                  activated, activated_at, created_by, created_at, updated_by, updated_at, deleted_at,
                  coalesce((select t.millis from talk_times t where t.person = people.id), 0) as "total_time!",
                  array(select b.supervisor from supervisor_bindings b where b.counselor = people.id
                        order by b.supervisor) as "supervisors!: Vec<Uuid>"
           from people where id = any($1)"#,
        &ids
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(|row| row.person(sealer).map(|person| (person.id, person))).collect()
}

struct Row {
    id: Uuid,
    institution: Option<String>,
    kind: String,
    username: String,
    visitor_number: Option<i32>,
    open_id: Option<String>,
    wechat_appid: Option<String>,
    name: Option<String>,
    gender: Option<String>,
    age: i32,
    avatar_url: Option<String>,
    phone: Option<String>,
    id_number: Option<String>,
    email: Option<String>,
    emergency_contact: Option<String>,
    emergency_phone: Option<String>,
    department: Option<String>,
    title: Option<String>,
    qualification: Option<String>,
    qualification_code: Option<String>,
    state: Option<String>,
    max_consults: i32,
    total_time: i64,
    subscribe: bool,
    activated: bool,
    activated_at: Option<i64>,
    created_by: Option<Uuid>,
    created_at: i64,
    updated_by: Option<Uuid>,
    updated_at: i64,
    deleted_at: Option<i64>,
    supervisors: Vec<Uuid>,
}

impl Row {
    fn person(self, sealer: &Sealer) -> Result<Person, sqlx::Error> {
        let id = PersonId(self.id);
        let secret = |sealed: Option<String>, column: Column| {
            sealed.map(|sealed| Secret::new(sealed, sealer.clone(), column.of(id)))
        };
        Ok(Person {
            id,
            institution: self.institution,
            kind: kind(&self.kind)?,
            username: self.username,
            visitor_number: self.visitor_number,
            open_id: self.open_id,
            wechat_appid: self.wechat_appid,
            name: self.name,
            gender: self.gender,
            age: self.age,
            avatar_url: self.avatar_url,
            phone: secret(self.phone, Column::Phone),
            id_number: secret(self.id_number, Column::IdNumber),
            email: self.email,
            emergency_contact: self.emergency_contact,
            emergency_phone: secret(self.emergency_phone, Column::EmergencyPhone),
            department: self.department,
            title: self.title,
            qualification: self.qualification,
            qualification_code: self.qualification_code,
            state: state(self.state.as_deref())?,
            max_consults: self.max_consults,
            total_time: self.total_time,
            subscribe: self.subscribe,
            activated: self.activated,
            activated_at: self.activated_at.map(Timestamp),
            supervisors: self.supervisors.into_iter().map(PersonId).collect(),
            created_by: self.created_by.map(PersonId),
            created_at: Timestamp(self.created_at),
            updated_by: self.updated_by.map(PersonId),
            updated_at: Timestamp(self.updated_at),
            deleted_at: self.deleted_at.map(Timestamp),
        })
    }
}

pub(super) async fn add(
    executor: impl PgExecutor<'_>,
    person: NewPerson,
) -> Result<Result<PersonId, Taken>, sqlx::Error> {
    let state = match person.kind {
        AccountKind::Visitor | AccountKind::Counselor | AccountKind::Supervisor => {
            Some(AccountState::Normal.as_str())
        }
        AccountKind::Institution | AccountKind::System => None,
    };
    let inserted = sqlx::query!(
        "insert into people (id, institution, kind, username, password_hash, open_id, wechat_appid, name, state,
                             max_consults, created_by, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)
         on conflict do nothing",
        person.id.0,
        person.institution,
        person.kind.as_str(),
        person.username,
        person.password_hash,
        person.open_id,
        person.wechat_appid,
        person.name,
        state,
        person.max_consults,
        person.created_by.map(|id| id.0),
        person.created_at.0,
    )
    .execute(executor)
    .await?;
    Ok(if inserted.rows_affected() == 1 { Ok(person.id) } else { Err(Taken) })
}
