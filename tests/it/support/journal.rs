//! The journal of one institution by itself, with writers of its own.

use std::{sync::Arc, time::Duration};

use futures_util::future::LocalBoxFuture;
use hotline::{
    people::People,
    store::{CommitLimits, Journals, PgStore},
};
use hotline_actors::{
    ConversationId, Timestamp, WriterId,
    dispatch::clock::TalkRecord,
    journal::{AppendFault, Batch, Claim, ClaimFault, Store, StoreFault},
};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::task::JoinSet;

use super::no_secrets;

/// When it is dropped, its connections fall, whatever they are at.
pub(crate) struct OwnJournal {
    store: PgStore,
    _tasks: JoinSet<()>,
}

impl OwnJournal {
    pub(crate) fn new(options: &PgConnectOptions, call_max: Duration) -> Self {
        let pool = PgPoolOptions::new().max_connections(2).connect_lazy_with(options.clone());
        // Whoever holds it up here does so for as long as they like.
        let limits = CommitLimits { call_max, shared_lock_max: call_max };
        let people = People::new(pool.clone(), no_secrets());
        let (journals, tasks) = Journals::new(options, (pool.clone(), pool), "administrator", limits, people);
        Self { store: PgStore::new("ecnu".to_owned(), journals, None), _tasks: tasks.into_iter().collect() }
    }
}

impl Store for OwnJournal {
    fn claim(&self, writer: WriterId, now: Timestamp) -> LocalBoxFuture<'static, Result<Claim, ClaimFault>> {
        self.store.claim(writer, now)
    }

    fn append(&self, batch: Arc<Batch>) -> LocalBoxFuture<'static, Result<(), AppendFault>> {
        self.store.append(batch)
    }

    fn newest(&self) -> LocalBoxFuture<'static, Result<(u64, WriterId), StoreFault>> {
        self.store.newest()
    }

    fn records(
        &self,
        talks: Vec<ConversationId>,
    ) -> LocalBoxFuture<'static, Result<Vec<TalkRecord>, StoreFault>> {
        self.store.records(talks)
    }
}
