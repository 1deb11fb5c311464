//! The people: who has an account, and what is known of them.

mod cache;
mod formats;
mod listing;
mod loader;
mod profile;
mod repository;
mod secret;
mod staff;
pub mod view;

use std::{borrow::Cow, collections::HashMap, fmt, sync::Arc};

use dashmap::DashMap;
use hotline_actors::{PersonId, Timestamp};
use sqlx::PgPool;

pub use cache::PendingTalkTime;
pub use listing::Filter;
pub use profile::{Profile, ProfileFault};
pub use repository::{Credentials, NewPerson, Taken};
pub use secret::Secret;
pub use staff::{Change, Editor};
pub use view::{PersonView, view};

use crate::{
    errors::InternalError,
    identity::{AccountKind, names},
    params::Page,
    secrets::Sealer,
    text::echo,
    wording,
};
use cache::PersonCache;
use loader::Loader;

/// Whether somebody may come in. Administrators have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountState {
    Normal,
    Banned,
}

impl AccountState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "NORMAL",
            Self::Banned => "BANNED",
        }
    }
}

/// What never changes about a person, so that it can be kept in memory for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRef {
    pub id: PersonId,
    pub kind: AccountKind,
    pub institution: Option<String>,
}

/// Everything stored of a person, except the password.
#[derive(Clone)]
pub struct Person {
    pub id: PersonId,
    pub institution: Option<String>,
    pub kind: AccountKind,
    pub username: String,
    /// Of a visitor: short, and unique in the institution.
    pub visitor_number: Option<i32>,
    pub open_id: Option<String>,
    pub wechat_appid: Option<String>,
    pub name: Option<String>,
    pub gender: Option<String>,
    pub age: i32,
    pub avatar_url: Option<String>,
    pub phone: Option<Secret>,
    pub id_number: Option<Secret>,
    pub email: Option<String>,
    pub emergency_contact: Option<String>,
    pub emergency_phone: Option<Secret>,
    pub department: Option<String>,
    pub title: Option<String>,
    pub qualification: Option<String>,
    pub qualification_code: Option<String>,
    pub state: Option<AccountState>,
    pub max_consults: i32,
    /// Milliseconds of finished consultations.
    pub total_time: i64,
    pub subscribe: bool,
    pub activated: bool,
    pub activated_at: Option<Timestamp>,
    /// For counselors: the supervisors who look after them.
    pub supervisors: Vec<PersonId>,
    pub created_by: Option<PersonId>,
    pub created_at: Timestamp,
    pub updated_by: Option<PersonId>,
    pub updated_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Person {
    /// Whether the account can be used.
    pub fn may_come_in(&self) -> bool {
        self.deleted_at.is_none() && self.state != Some(AccountState::Banned)
    }

    /// What others call this person: the name; a visitor without one by number, since their user name is a WeChat openid;
    /// others by user name.
    pub fn display_name(&self) -> Cow<'_, str> {
        match (self.name.as_deref().filter(|name| !name.is_empty()), self.visitor_number) {
            (Some(name), _) => Cow::Borrowed(name),
            (None, Some(number)) => Cow::Owned(wording::people::numbered_visitor(number)),
            (None, None) => Cow::Borrowed(&self.username),
        }
    }
}

/// Nobody of that id; one who was deleted meanwhile is nobody, too.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("nobody of that id or user name")]
pub struct UnknownPerson {
    /// As it was asked for, short enough to be said back.
    pub key: String,
}

impl UnknownPerson {
    pub fn of(key: &str) -> Self {
        Self { key: echo(key).to_owned() }
    }
}

impl fmt::Debug for UnknownPerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UnknownPerson(…)")
    }
}

/// User names kept in memory; more are looked up each time.
const DIRECTORY_ENTRIES_MAX: usize = 200_000;

/// The directory of people, over the database. Cheap to clone.
#[derive(Clone)]
pub struct People {
    pool: PgPool,
    sealer: Sealer,
    directory: Arc<Directory>,
    cache: PersonCache,
    loader: Loader,
}

#[derive(Default)]
struct Directory {
    by_username: DashMap<String, PersonRef>,
    by_id: DashMap<PersonId, PersonRef>,
}

impl fmt::Debug for People {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("People").finish_non_exhaustive()
    }
}

impl People {
    pub fn new(pool: PgPool, sealer: Sealer) -> Self {
        let cache = PersonCache::default();
        let loader = Loader::start(pool.clone(), sealer.clone(), cache.clone());
        Self { pool, sealer, directory: Arc::default(), cache, loader }
    }

    /// Who has this user name, also after deletion: names are never given out again.
    pub async fn by_username(&self, username: &str) -> Result<Option<PersonRef>, sqlx::Error> {
        if !names::is_account(username) {
            return Ok(None);
        }
        if let Some(found) = self.directory.by_username.get(username) {
            return Ok(Some(found.clone()));
        }
        let found = repository::by_username(&self.pool, username).await?;
        if let Some(person) = &found
            && self.directory.by_username.len() < DIRECTORY_ENTRIES_MAX
        {
            self.directory.by_username.insert(username.to_owned(), person.clone());
        }
        Ok(found)
    }

    /// Who has this user name as people write it: exactly, or else one of the staff whose name differs by case alone. An
    /// openid is somebody's as it is written, and nobody's otherwise.
    pub async fn by_written_name(&self, username: &str) -> Result<Option<PersonRef>, sqlx::Error> {
        match self.by_username(username).await? {
            Some(found) => Ok(Some(found)),
            None if names::is_account(username) => repository::alike(&self.pool, username).await,
            None => Ok(None),
        }
    }

    /// Who has this user name, if memory knows.
    pub fn known(&self, username: &str) -> Option<PersonId> {
        self.directory.by_username.get(username).map(|found| found.id)
    }

    /// Who an IM account is, as far as memory knows.
    pub fn known_here(&self, account: &str) -> Option<PersonRef> {
        match account.parse() {
            Ok(id) => self.directory.by_id.get(&id).map(|found| found.clone()),
            Err(_no_id) => self.directory.by_username.get(account).map(|found| found.clone()),
        }
    }

    /// What never changes about this person, also after deletion.
    pub async fn by_id(&self, id: PersonId) -> Result<Option<PersonRef>, sqlx::Error> {
        if let Some(found) = self.directory.by_id.get(&id) {
            return Ok(Some(found.clone()));
        }
        let found = repository::by_id(&self.pool, id).await?;
        if let Some(person) = &found
            && self.directory.by_id.len() < DIRECTORY_ENTRIES_MAX
        {
            self.directory.by_id.insert(id, person.clone());
        }
        Ok(found)
    }

    /// Who an IM account is: a user name, and in some callbacks a user id (docs/contract.md 7).
    pub async fn by_account(&self, account: &str) -> Result<Option<PersonRef>, sqlx::Error> {
        match account.parse() {
            Ok(id) => self.by_id(id).await,
            Err(_no_id) => self.by_username(account).await,
        }
    }

    /// Among several servers: from now on people are kept in memory of those institutions alone of which `is_ours` is true, which are
    /// those whose people no other server changes.
    pub fn keep_ours(&self, is_ours: impl Fn(Option<&str>) -> bool + Send + Sync + 'static) {
        self.cache.keep_ours(Box::new(is_ours));
    }

    /// Something was written about these people: to be called before it is acknowledged.
    pub fn changed(&self, people: impl IntoIterator<Item = PersonId>) {
        self.cache.forget(people);
    }

    /// Talks are about to be written that count so many milliseconds for these people.
    pub fn pending_talk_time(&self, talks: impl Iterator<Item = (PersonId, i64)>) -> PendingTalkTime {
        self.cache.pending_talk_time(talks)
    }

    /// Waits until people are no longer looked up together, which is never while all is well.
    pub async fn lookups_ended(&self) {
        self.loader.ended().await;
    }

    /// Everything about these people, deleted ones too: records name them. As it stands now, as far as this server itself
    /// has written it.
    pub async fn load(&self, ids: &[PersonId]) -> Result<HashMap<PersonId, Person>, sqlx::Error> {
        match self.loader.load(ids).await {
            Some(found) => found,
            None => repository::load(&self.pool, &self.sealer, ids).await,
        }
    }

    /// Everything about one person, as it stands now.
    pub async fn get(&self, id: PersonId) -> Result<Option<Person>, sqlx::Error> {
        Ok(self.load(&[id]).await?.remove(&id))
    }

    /// A page of people, newest first, and how many the whole list has.
    pub async fn list(&self, filter: &Filter, page: Page) -> Result<(Vec<Person>, i64), InternalError> {
        let (ids, count) = listing::page(&self.pool, &self.sealer, filter, page).await?;
        let mut people = self.load(&ids).await?;
        Ok((ids.iter().filter_map(|id| people.remove(id)).collect(), count))
    }

    /// Writes what is told of somebody; says whether they are there.
    pub async fn update(
        &self,
        id: PersonId,
        profile: &Profile,
        by: PersonId,
        at: Timestamp,
    ) -> Result<bool, ProfileFault> {
        let written = profile::write(&self.pool, &self.sealer, id, profile, by, at).await;
        self.changed([id]);
        written
    }

    /// Forgets whoever is in memory: another server may have written about them.
    pub fn forget_all(&self) {
        self.cache.forget_all();
    }

    /// What a log-in is checked against; nothing for whoever may not come in.
    pub async fn credentials(&self, username: &str) -> Result<Option<Credentials>, sqlx::Error> {
        if !names::is_account(username) {
            return Ok(None);
        }
        repository::credentials(&self.pool, username).await
    }

    /// Whether nobody new can have this user name.
    pub async fn is_taken(&self, username: &str) -> Result<bool, sqlx::Error> {
        repository::is_taken(&self.pool, username).await
    }

    /// Makes an account.
    ///
    /// # Errors
    /// [`Taken`] when the user name has been given out before.
    pub async fn add(&self, person: NewPerson) -> Result<Result<PersonId, Taken>, sqlx::Error> {
        repository::add(&self.pool, person).await
    }
}
