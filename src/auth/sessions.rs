//! Log-in sessions: kept in PostgreSQL by the hash of their token, with a copy in memory that requests are answered from.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use dashmap::DashMap;
use hotline_actors::{PersonId, Timestamp};
use sqlx::PgPool;

use super::session_rows;
use crate::{
    cluster::Cluster,
    config,
    errors::describe,
    identity::{AccountKind, Caller, TokenHash},
};

const TOKEN_BYTES: usize = 32;
/// A token is these many characters of URL-safe base64.
const TOKEN_CHARS: usize = 43;
/// How often what was seen is written back.
const WRITE_BACK: Duration = Duration::from_mins(1);
/// Rows of one write-back; the rest follows in the next.
const WRITE_BACK_ROWS_MAX: usize = 10_000;
/// Copies in memory; sessions beyond it are read from the database each time.
const COPIES_MAX: usize = 100_000;
/// Among several servers, a copy is read again after so long: another may have ended the session at the moment of taking over.
const COPY_MAX: Duration = Duration::from_secs(10);
/// A copy nobody asked for in this long is dropped. The session itself stays.
const COPY_IDLE: Duration = Duration::from_hours(1);
/// How long it is remembered when a session ended, for what was received before and is still to be carried out …
const ENDS_KEPT: Duration = Duration::from_mins(5);
/// … and of how many.
const ENDS_MAX: usize = 10_000;

/// A fresh token: 256 random bits.
fn fresh_token() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; TOKEN_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// Why a session could not be begun.
#[derive(Debug, thiserror::Error)]
pub enum SessionFault {
    #[error("the system gives no random bytes")]
    NoRandomness(#[from] getrandom::Error),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// How long sessions live.
#[derive(Debug, Clone, Copy)]
struct Lifetimes {
    staff_idle: Duration,
    staff: Duration,
    visitor_idle: Duration,
}

impl Lifetimes {
    /// Until when a session goes on if it is not seen again.
    fn end(self, kind: AccountKind, created_at: Timestamp, seen_at: Timestamp) -> Timestamp {
        match kind {
            AccountKind::Visitor => seen_at + self.visitor_idle,
            AccountKind::Counselor
            | AccountKind::Supervisor
            | AccountKind::Institution
            | AccountKind::System => (seen_at + self.staff_idle).min(created_at + self.staff),
        }
    }

    fn is_over(self, kind: AccountKind, created_at: Timestamp, seen_at: Timestamp, now: Timestamp) -> bool {
        now > self.end(kind, created_at, seen_at)
    }
}

struct CachedSession {
    caller: Caller,
    read_at: Instant,
    created_at: Timestamp,
    seen_at: AtomicI64,
    written_at: AtomicI64,
}

/// The sessions. Cheap to clone.
#[derive(Clone)]
pub struct Sessions(Arc<Inner>);

struct Inner {
    pool: PgPool,
    lifetimes: Lifetimes,
    /// Among several servers, copies count only while nobody else can have ended their sessions.
    cluster: Option<Cluster>,
    cached: DashMap<TokenHash, Arc<CachedSession>>,
    /// The latest ends, oldest first.
    ended: Mutex<VecDeque<(Instant, TokenHash)>>,
    /// Counts ends, so that a copy read from the database just before one is not kept after it.
    ends: AtomicU64,
    /// Whose sessions are, as far as other servers answer them; that never changes.
    homes: DashMap<TokenHash, Option<Arc<str>>>,
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sessions({} in memory)", self.0.cached.len())
    }
}

impl Sessions {
    pub fn new(pool: PgPool, settings: &config::Session, cluster: Option<Cluster>) -> Self {
        let lifetimes = Lifetimes {
            staff_idle: Duration::from_secs(settings.staff_idle_seconds_max),
            staff: Duration::from_secs(settings.staff_seconds_max),
            visitor_idle: Duration::from_secs(settings.visitor_idle_seconds_max),
        };
        Self(Arc::new(Inner {
            pool,
            lifetimes,
            cluster,
            cached: DashMap::new(),
            ended: Mutex::default(),
            ends: AtomicU64::new(0),
            homes: DashMap::new(),
        }))
    }

    /// Begins a session and gives its token, which is nowhere kept. None for somebody who may not come in, or whose
    /// password hash is no longer `password`: a ban or a new password may overtake a log-in.
    pub async fn begin(
        &self,
        person: PersonId,
        password: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<String>, SessionFault> {
        let token = fresh_token()?;
        let begun = session_rows::insert(&self.0.pool, TokenHash::of(&token), person, password, now).await?;
        Ok(begun.then_some(token))
    }

    /// Until when a session goes on that was found before, if it is not seen again; none for one that has ended.
    pub async fn is_active(&self, hash: TokenHash, now: Timestamp) -> Result<Option<Timestamp>, sqlx::Error> {
        let copy = match self.cached_session(hash) {
            Some(copy) => Some(copy),
            None => self.read(hash).await?,
        };
        let Some(copy) = copy else { return Ok(None) };
        let seen_at = Timestamp(copy.seen_at.load(Ordering::Relaxed));
        let end = self.0.lifetimes.end(copy.caller.kind, copy.created_at, seen_at);
        Ok((now <= end).then_some(end))
    }

    /// Whether a session that has ended still went on at `moment`: what was received by then counts.
    pub fn went_on_until(&self, caller: &Caller, moment: Instant) -> bool {
        let ended = self.0.ended.lock().unwrap_or_else(PoisonError::into_inner);
        // What was forgotten and goes on may end later.
        let end = ended.iter().rev().find(|(_, token)| *token == caller.token);
        end.is_some_and(|(at, _)| moment < *at)
    }

    /// Each by itself: a log-in that begins after the others of its person have ended is none of them.
    fn note_ends(&self, tokens: &[TokenHash]) {
        let now = Instant::now();
        let mut ended = self.0.ended.lock().unwrap_or_else(PoisonError::into_inner);
        while ended.front().is_some_and(|(at, _)| now - *at > ENDS_KEPT) {
            ended.pop_front();
        }
        for token in tokens {
            if ended.len() >= ENDS_MAX {
                ended.pop_front();
            }
            ended.push_back((now, *token));
        }
    }

    /// Whose session this is, if it goes on. Notes that it was seen.
    pub async fn find(&self, token: &str, now: Timestamp) -> Result<Option<Caller>, sqlx::Error> {
        if token.len() != TOKEN_CHARS {
            return Ok(None);
        }
        let hash = TokenHash::of(token);
        let copy = match self.cached_session(hash) {
            Some(copy) => copy,
            None => match self.read(hash).await? {
                Some(copy) => copy,
                None => return Ok(None),
            },
        };
        let seen_at = Timestamp(copy.seen_at.load(Ordering::Relaxed));
        if self.0.lifetimes.is_over(copy.caller.kind, copy.created_at, seen_at, now) {
            self.end(hash).await?;
            return Ok(None);
        }
        copy.seen_at.fetch_max(now.0, Ordering::Relaxed);
        Ok(Some(copy.caller.clone()))
    }

    /// Of which institution the session is, also where it has ended meanwhile; none for a session that nobody knows, the inner none for
    /// one of an administrator of the system. Says nothing about whether it goes on.
    pub async fn institution_of(&self, token: &str) -> Result<Option<Option<String>>, sqlx::Error> {
        if token.len() != TOKEN_CHARS {
            return Ok(None);
        }
        let hash = TokenHash::of(token);
        if let Some(copy) = self.0.cached.get(&hash) {
            return Ok(Some(copy.caller.institution.clone()));
        }
        if let Some(home) = self.0.homes.get(&hash) {
            return Ok(Some(home.as_deref().map(str::to_owned)));
        }
        let found = session_rows::institution(&self.0.pool, hash).await?;
        if let Some(home) = &found {
            if self.0.homes.len() >= COPIES_MAX {
                // Rather all of them once more than a look at each of them whenever one is added.
                self.0.homes.clear();
            }
            self.0.homes.insert(hash, home.as_deref().map(Arc::from));
        }
        Ok(found)
    }

    fn cached_session(&self, hash: TokenHash) -> Option<Arc<CachedSession>> {
        let copy = self.0.cached.get(&hash).map(|copy| Arc::clone(&copy))?;
        let counts = match &self.0.cluster {
            None => true,
            // Whoever administers all institutions is answered by any server, and another may just have logged them out.
            Some(cluster) => {
                copy.caller.institution.is_some()
                    && cluster.holds_lease()
                    && copy.read_at.elapsed() < COPY_MAX
            }
        };
        counts.then_some(copy)
    }

    async fn read(&self, hash: TokenHash) -> Result<Option<Arc<CachedSession>>, sqlx::Error> {
        loop {
            let ends = self.0.ends.load(Ordering::SeqCst);
            let Some(row) = session_rows::read(&self.0.pool, hash).await? else { return Ok(None) };
            let copy = Arc::new(CachedSession {
                caller: row.caller,
                read_at: Instant::now(),
                created_at: row.created_at,
                seen_at: AtomicI64::new(row.seen_at.0),
                written_at: AtomicI64::new(row.seen_at.0),
            });
            if self.0.cached.len() < COPIES_MAX {
                self.0.cached.insert(hash, Arc::clone(&copy));
            }
            // An end deletes the row, then counts, then drops the cached session: whichever came first, none stays.
            if self.0.ends.load(Ordering::SeqCst) == ends {
                return Ok(Some(copy));
            }
            self.0.cached.remove(&hash);
        }
    }

    /// Ends one session.
    pub async fn end(&self, hash: TokenHash) -> Result<(), sqlx::Error> {
        // Ended again, it still ended when it did.
        if session_rows::delete(&self.0.pool, hash).await? {
            self.note_ends(&[hash]);
        }
        self.0.ends.fetch_add(1, Ordering::SeqCst);
        self.0.cached.remove(&hash);
        Ok(())
    }

    /// Ends all sessions of a person, except perhaps the one that asks.
    pub async fn end_all_of(&self, person: PersonId, except: Option<TokenHash>) -> Result<(), sqlx::Error> {
        let ended = session_rows::delete_all_of(&self.0.pool, person, except).await?;
        self.note_ends(&ended);
        self.0.ends.fetch_add(1, Ordering::SeqCst);
        self.0.cached.retain(|hash, copy| copy.caller.id != person || Some(*hash) == except);
        Ok(())
    }

    /// Forgets what is in memory of a person's sessions, which somebody else has deleted. One that goes on is read again.
    pub fn forget_all_of(&self, person: PersonId) {
        let cached = self.0.cached.iter().filter(|copy| copy.caller.id == person);
        let tokens: Vec<TokenHash> = cached.map(|copy| *copy.key()).collect();
        self.note_ends(&tokens);
        self.0.ends.fetch_add(1, Ordering::SeqCst);
        self.0.cached.retain(|_, copy| copy.caller.id != person);
    }

    /// Forgets all that is in memory, since another server may have changed it. Sessions that go on are read again.
    pub fn forget_all(&self) {
        self.0.ends.fetch_add(1, Ordering::SeqCst);
        // When they were last seen, if it is not written, is a minute ago at most.
        self.0.cached.clear();
    }

    /// Writes back when sessions were last seen, at most `WRITE_BACK_ROWS_MAX` of them in one statement, and drops idle ones from memory.
    pub async fn write_back(&self, now: Timestamp) -> Result<(), sqlx::Error> {
        let mut due: Vec<(TokenHash, i64, Arc<CachedSession>)> = Vec::new();
        for entry in &self.0.cached {
            let seen_at = entry.seen_at.load(Ordering::Relaxed);
            if seen_at > entry.written_at.load(Ordering::Relaxed) {
                due.push((*entry.key(), seen_at, Arc::clone(entry.value())));
            }
            if due.len() == WRITE_BACK_ROWS_MAX {
                break;
            }
        }
        let seen: Vec<(TokenHash, i64)> = due.iter().map(|(hash, seen_at, _)| (*hash, *seen_at)).collect();
        session_rows::write_seen(&self.0.pool, &seen).await?;
        for (_, seen_at, copy) in due {
            copy.written_at.fetch_max(seen_at, Ordering::Relaxed);
        }
        self.0.cached.retain(|_, copy| {
            let seen_at = copy.seen_at.load(Ordering::Relaxed);
            let unwritten = seen_at > copy.written_at.load(Ordering::Relaxed);
            unwritten || now.since(Timestamp(seen_at)) < COPY_IDLE
        });
        Ok(())
    }

    /// Writes back once a minute and clears what has ended, until the task is dropped.
    pub async fn keep_written(self) {
        let mut minute = tokio::time::interval(WRITE_BACK);
        minute.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            minute.tick().await;
            let now = crate::clock::now();
            let life = self.0.lifetimes;
            let cleared = async {
                self.write_back(now).await?;
                session_rows::clear(
                    &self.0.pool,
                    now - life.staff_idle,
                    now - life.staff,
                    now - life.visitor_idle,
                )
                .await
            };
            if let Err(error) = cleared.await {
                tracing::warn!(error = %describe(&error), "sessions could not be written back");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_long_and_never_the_same() {
        let (one, two) = (fresh_token().expect("random"), fresh_token().expect("random"));
        assert_eq!(one.len(), TOKEN_CHARS);
        assert_ne!(one, two);
    }

    #[test]
    fn staff_sessions_end_idle_or_old_and_visitors_idle_only() {
        let hour = Duration::from_hours(1);
        let life = Lifetimes { staff_idle: hour * 12, staff: hour * 24 * 7, visitor_idle: hour * 24 * 30 };
        let begun = Timestamp(0);
        let seen = |ago: Duration, after: Duration| (begun + after - ago, begun + after);
        for kind in
            [AccountKind::Counselor, AccountKind::Supervisor, AccountKind::Institution, AccountKind::System]
        {
            let (last, now) = seen(hour * 11, hour * 24 * 6);
            assert!(!life.is_over(kind, begun, last, now));
            let (last, now) = seen(hour * 13, hour * 24 * 6);
            assert!(life.is_over(kind, begun, last, now));
            let (last, now) = seen(hour, hour * 24 * 8);
            assert!(life.is_over(kind, begun, last, now));
        }
        let (last, now) = seen(hour * 24 * 29, hour * 24 * 300);
        assert!(!life.is_over(AccountKind::Visitor, begun, last, now));
        let (last, now) = seen(hour * 24 * 31, hour * 24 * 300);
        assert!(life.is_over(AccountKind::Visitor, begun, last, now));
    }
}
