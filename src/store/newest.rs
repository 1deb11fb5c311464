//! Whose each journal is. Many institutions ask at the same moment, each for itself: whoever waits while a statement runs
//! shares the next.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use hotline_actors::{WriterId, journal::StoreFault};
use sqlx::PgPool;
use tokio::sync::{Notify, oneshot};

use crate::errors::describe;

type Newest = Result<(u64, WriterId), StoreFault>;

/// The way to whoever asks PostgreSQL. Cheap to clone.
#[derive(Clone)]
pub(super) struct NewestReader(Arc<Inner>);

#[derive(Default)]
struct Inner {
    waiting: Mutex<Vec<(String, oneshot::Sender<Newest>)>>,
    came: Notify,
}

impl fmt::Debug for NewestReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewestReader").finish_non_exhaustive()
    }
}

impl Inner {
    fn waiting(&self) -> MutexGuard<'_, Vec<(String, oneshot::Sender<Newest>)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl NewestReader {
    /// The reader, and what asks for it, to be run as long as anybody may want to know.
    pub(super) fn new(pool: PgPool, call_max: Duration) -> (Self, BoxFuture<'static, ()>) {
        let inner = Arc::<Inner>::default();
        let asking = ask_for_all(Arc::clone(&inner), pool, call_max).boxed();
        (Self(inner), asking)
    }

    /// The number of the institution's newest event, and who wrote it; read after this was called.
    pub(super) async fn newest(&self, institution: &str) -> Newest {
        let (to, newest) = oneshot::channel();
        self.0.waiting().push((institution.to_owned(), to));
        self.0.came.notify_one();
        newest.await.unwrap_or_else(|_| Err(StoreFault("nobody reads it any more".to_owned())))
    }
}

async fn ask_for_all(inner: Arc<Inner>, pool: PgPool, call_max: Duration) {
    loop {
        inner.came.notified().await;
        let waiting = std::mem::take(&mut *inner.waiting());
        let institutions: Vec<String> = waiting.iter().map(|(institution, _)| institution.clone()).collect();
        let twice = async {
            match read(&pool, &institutions).await {
                // A connection that broke, perhaps: before anybody is told that PostgreSQL is away.
                Err(error) if error.as_database_error().is_none() => read(&pool, &institutions).await,
                newest => newest,
            }
        };
        let newest = match tokio::time::timeout(call_max, twice).await {
            Ok(Ok(newest)) => Ok(newest),
            Ok(Err(error)) => Err(describe(&error)),
            Err(_) => Err("no answer in time".to_owned()),
        };
        for (institution, to) in waiting {
            let newest = match &newest {
                Ok(newest) => newest.get(&institution).copied().ok_or("it has no events yet"),
                Err(fault) => Err(fault.as_str()),
            };
            // Whoever asked may be gone; then nobody is left to tell.
            let _ = to.send(newest.map_err(|fault| StoreFault(fault.to_owned())));
        }
    }
}

async fn read(
    pool: &PgPool,
    institutions: &[String],
) -> Result<HashMap<String, (u64, WriterId)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select i.code as "institution!", newest.seq, newest.writer
        from unnest($1::text[]) as i (code)
            cross join lateral (
                select seq, writer from events where institution = i.code order by seq desc limit 1
            ) newest
        "#,
        institutions
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.institution, (u64::try_from(row.seq).unwrap_or(0), WriterId(row.writer))))
        .collect())
}
