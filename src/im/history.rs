//! Messages sent while this server was down: fetched from Tencent's history and stored in the same way as callbacks.
//!
//! Tencent does not repeat callbacks by default (docs/contract.md 7). So after a start and after an outage the history of every
//! talk in progress is fetched, and that of every talk once more after its end. How far a talk's history was fetched
//! stands in `conversations.history_at`, so that a hole is not forgotten because later words have come.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use futures_util::StreamExt;
use hotline_actors::Timestamp;
use sqlx::PgPool;
use tokio::{
    sync::Notify,
    time::{MissedTickBehavior, interval},
};
use uuid::Uuid;

use super::{
    callback::Fetched,
    rest::{HistoryPage, Rest, RestFault, Span},
};
use crate::{
    clock,
    errors::describe,
    institutions::Institutions,
    messages::{LATE_AFTER_END, MessageStore, NewMessage, StoreFault, Withdrawn},
};

/// How often it is looked for talks that have ended.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// After the last word that may still belong to a talk.
const SETTLED_AFTER_END: Duration = LATE_AFTER_END.saturating_add(Duration::from_secs(1));
/// What was said just now may not stand in the history yet, and be fetched again.
const NOT_YET_SETTLED: Duration = Duration::from_secs(10);
/// Tencent keeps a history for this long by default.
const KEPT_BY_TENCENT: Duration = Duration::from_hours(7 * 24);
/// Histories fetched at once, talks read at once, and talks pending in memory; the others wait in the database.
const FETCHES_MAX: usize = 4;
const ADDED_AT_ONCE_MAX: i64 = 500;
const PENDING_MAX: usize = 5000;
/// Pages of one history: far more than anybody writes in the longest talk. A server that never says that it is
/// complete must not keep us for ever.
const PAGES_MAX: usize = 500;
const FIRST_WAIT: Duration = Duration::from_secs(1);
const WAIT_MAX: Duration = Duration::from_mins(5);

/// A talk whose history is to be fetched.
#[derive(Debug, Clone)]
struct Talk {
    id: Uuid,
    visitor: String,
    counselor: String,
    from: Timestamp,
    /// None while it goes on.
    ended_at: Option<Timestamp>,
}

/// What is still to be done about a talk, and when.
#[derive(Debug, Clone)]
struct PendingFetch {
    talk: Talk,
    tries: u32,
    next_at: Timestamp,
}

/// Why a history is not complete.
#[derive(Debug, thiserror::Error)]
enum Gap {
    #[error("{0}")]
    Rest(#[from] RestFault),
    #[error("{0}")]
    Store(#[from] StoreFault),
    #[error("the database: {0}")]
    Database(String),
    #[error("it has no end")]
    Endless,
}

impl From<sqlx::Error> for Gap {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(describe(&error))
    }
}

/// Keeps histories complete as long as it runs.
pub struct HistoryFetcher {
    pub rest: Rest,
    pub pool: PgPool,
    pub messages: MessageStore,
    /// Among several servers, each looks after its own.
    pub institutions: Institutions,
    /// The IM account that is nobody's.
    pub administrator: String,
}

impl fmt::Debug for HistoryFetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HistoryFetcher").finish_non_exhaustive()
    }
}

impl HistoryFetcher {
    /// `recovered` tells when an outage is over.
    pub async fn run(self, recovered: Arc<Notify>) {
        let mut pending: BTreeMap<Uuid, PendingFetch> = BTreeMap::new();
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // A start is like an outage: nobody listened before.
        let mut missed_words = true;
        let mut well = true;
        loop {
            tokio::select! {
                _ = look.tick() => {}
                () = recovered.notified() => missed_words = true,
            }
            match self.add_talks(&mut pending, missed_words).await {
                Ok(()) => (missed_words, well) = (false, true),
                Err(error) if well => {
                    well = false;
                    tracing::warn!(error = %describe(&error), "IM history: listing the conversations to fetch failed, retrying");
                }
                // Told already.
                Err(_) => {}
            }
            self.fetch_due(&mut pending).await;
        }
    }

    async fn add_talks(
        &self,
        pending: &mut BTreeMap<Uuid, PendingFetch>,
        missed_words: bool,
    ) -> Result<(), sqlx::Error> {
        let now = clock::steady();
        let mut talks = self.ended(now, pending).await?;
        if missed_words {
            talks.extend(self.in_progress().await?);
        }
        for talk in talks {
            let known = pending.get(&talk.id).is_some_and(|pending| pending.talk.ended_at == talk.ended_at);
            if !known {
                pending.insert(talk.id, PendingFetch { talk, tries: 0, next_at: now });
            }
        }
        Ok(())
    }

    async fn in_progress(&self) -> Result<Vec<Talk>, sqlx::Error> {
        let rows = sqlx::query!(
            r#"
            select c.id, v.username as visitor, k.username as counselor,
                   coalesce(c.history_at, c.started_at) as "from!"
            from conversations c join people v on v.id = c.visitor join people k on k.id = c.counselor
            where c.status = 'IN_PROGRESS' and c.started_at is not null and c.institution = any($1)
            "#,
            &self.institutions.served(),
        )
        .fetch_all(&self.pool)
        .await?;
        let talks = rows.into_iter().map(|row| Talk {
            id: row.id,
            visitor: row.visitor,
            counselor: row.counselor,
            from: Timestamp(row.from),
            ended_at: None,
        });
        Ok(talks.collect())
    }

    /// Talks that ended and whose last words may not all be here.
    async fn ended(
        &self,
        now: Timestamp,
        pending: &BTreeMap<Uuid, PendingFetch>,
    ) -> Result<Vec<Talk>, sqlx::Error> {
        let known_ended: Vec<Uuid> = pending
            .values()
            .filter(|pending| pending.talk.ended_at.is_some())
            .map(|pending| pending.talk.id)
            .collect();
        if known_ended.len() >= PENDING_MAX {
            return Ok(Vec::new());
        }
        let rows = sqlx::query!(
            r#"
            select c.id, v.username as visitor, k.username as counselor, c.ended_at as "ended_at!",
                   coalesce(c.history_at, c.started_at) as "from!"
            from conversations c join people v on v.id = c.visitor join people k on k.id = c.counselor
            where c.started_at is not null and c.ended_at is not null
              and (c.history_at is null or c.history_at < c.ended_at)
              and c.ended_at between $1 and $2 and c.deleted_at is null
              and c.id <> all ($3) and c.institution = any($5)
            order by c.ended_at
            limit $4
            "#,
            (now - KEPT_BY_TENCENT).0,
            (now - SETTLED_AFTER_END).0,
            &known_ended,
            ADDED_AT_ONCE_MAX,
            &self.institutions.served(),
        )
        .fetch_all(&self.pool)
        .await?;
        let talks = rows.into_iter().map(|row| Talk {
            id: row.id,
            visitor: row.visitor,
            counselor: row.counselor,
            from: Timestamp(row.from),
            ended_at: Some(Timestamp(row.ended_at)),
        });
        Ok(talks.collect())
    }

    async fn fetch_due(&self, pending: &mut BTreeMap<Uuid, PendingFetch>) {
        let now = clock::steady();
        let due: Vec<Talk> = pending
            .values()
            .filter(|pending| pending.next_at <= now)
            .map(|pending| pending.talk.clone())
            .collect();
        let fetches = futures_util::stream::iter(due)
            .map(async |talk| (talk.id, self.complete(&talk).await))
            .buffer_unordered(FETCHES_MAX);
        let outcomes: Vec<(Uuid, Result<usize, Gap>)> = fetches.collect().await;
        for (id, outcome) in outcomes {
            match outcome {
                Ok(messages) => {
                    pending.remove(&id);
                    tracing::debug!(conversation = %id.simple(), messages, "a history is fetched");
                }
                Err(gap) => {
                    let Some(pending) = pending.get_mut(&id) else { continue };
                    if pending.tries == 0 {
                        tracing::warn!(conversation = %id.simple(), %gap, "IM history: fetch failed, retrying with backoff");
                    }
                    let wait = FIRST_WAIT.saturating_mul(1 << pending.tries.min(16)).min(WAIT_MAX);
                    pending.tries += 1;
                    pending.next_at = clock::steady() + wait;
                }
            }
        }
        // What Tencent has forgotten by now is lost; nothing is gained by going on.
        pending.retain(|id, pending| {
            let lost = pending.talk.ended_at.is_some_and(|ended| now.since(ended) > KEPT_BY_TENCENT);
            if lost {
                tracing::error!(conversation = %id.simple(), "IM history: fetch given up, Tencent no longer keeps it");
            }
            !lost
        });
    }

    /// Fetches and stores; answers how many messages the history held.
    async fn complete(&self, talk: &Talk) -> Result<usize, Gap> {
        let now = clock::steady();
        let until = talk.ended_at.map_or(now, |ended| ended + LATE_AFTER_END);
        let mut fetched = BTreeMap::new();
        // Each of the two may have cleared their own view of it (document 269/42794).
        for (operator, peer) in [(&talk.counselor, &talk.visitor), (&talk.visitor, &talk.counselor)] {
            let span = Span {
                operator: operator.clone(),
                peer: peer.clone(),
                // In Tencent's time, of which ours may be ahead.
                from_seconds: (talk.from - clock::ahead()).0.div_euclid(1000),
                to_seconds: until.0.div_euclid(1000),
            };
            self.fetch(&span, talk.id, &mut fetched).await?;
        }
        let number = fetched.len();
        for (_, message) in fetched {
            self.store(message, now).await?;
        }
        let complete_to = talk.ended_at.map_or(now - NOT_YET_SETTLED, |ended| ended + LATE_AFTER_END);
        sqlx::query!(
            "update conversations set history_at = greatest(history_at, started_at, $2) where id = $1",
            talk.id,
            complete_to.0,
        )
        .execute(&self.pool)
        .await?;
        Ok(number)
    }

    /// All pages, in the order they were said: the pages come newest first.
    async fn fetch(
        &self,
        span: &Span,
        talk: Uuid,
        fetched: &mut BTreeMap<(Timestamp, u32, String, String), Fetched>,
    ) -> Result<(), Gap> {
        let mut next = None;
        for _ in 0..PAGES_MAX {
            let HistoryPage { messages, unreadable, next: further } =
                self.rest.history(span, next.as_ref()).await?;
            if unreadable > 0 {
                tracing::warn!(conversation = %talk.simple(), unreadable, "IM history: entries could not be parsed and are skipped");
            }
            for message in messages {
                let sent = &message.sent;
                let place = (sent.said_at, sent.sequence, sent.from.clone(), sent.key.clone());
                fetched.insert(place, message);
            }
            if further.is_none() {
                return Ok(());
            }
            if further == next {
                return Err(Gap::Endless);
            }
            next = further;
        }
        Err(Gap::Endless)
    }

    async fn store(&self, message: Fetched, now: Timestamp) -> Result<(), Gap> {
        let Fetched { sent, is_withdrawn, is_read } = message;
        let said_at = sent.said_at;
        let named = Withdrawn { from: sent.from.clone(), to: sent.to.clone(), key: sent.key.clone() };
        match self.messages.store(NewMessage::new(sent, &self.administrator, now)).await {
            // What belongs nowhere is stored as unmatched, and what cannot be held was said so: neither is mended by another try.
            Ok(_) | Err(StoreFault::Unmatched { .. } | StoreFault::Dropped { .. } | StoreFault::Refused) => {}
            Err(fault @ (StoreFault::Full | StoreFault::Late | StoreFault::Stopped)) => {
                return Err(fault.into());
            }
        }
        if is_withdrawn {
            // The history does not say when. It is fetched right after the end, so nearly always that was before it.
            self.messages.mark_withdrawn(&self.pool, &named, said_at + clock::ahead()).await?;
        }
        if is_read {
            self.messages.mark_one_read(&self.pool, &named).await?;
        }
        Ok(())
    }
}
