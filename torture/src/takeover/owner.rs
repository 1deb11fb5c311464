//! To which server the institution belongs, as the database says, past all servers.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use sqlx::PgPool;
use tokio::task::JoinHandle;

use crate::{
    history::{Fact, History},
    setup,
};

const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// A database that is away or frozen says nothing.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// Looks again and again, as long as it lives.
#[derive(Debug)]
pub(super) struct OwnerWatch {
    seen: Arc<Mutex<Seen>>,
    looking: JoinHandle<()>,
}

#[derive(Debug, Clone)]
struct Seen {
    /// The process, and the epoch; none: it is nobody's.
    owner: Option<(String, i64)>,
    since: Instant,
}

impl OwnerWatch {
    /// What it sees goes into the history, too.
    pub(super) fn start(pool: PgPool, history: History) -> Self {
        let seen = Arc::new(Mutex::new(Seen { owner: None, since: Instant::now() }));
        let looking = tokio::spawn({
            let seen = Arc::clone(&seen);
            async move {
                loop {
                    if let Ok(Ok(owner)) = tokio::time::timeout(ANSWER_MAX, look(&pool)).await {
                        saw(&seen, owner, &history);
                    }
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
            }
        });
        Self { seen, looking }
    }

    fn seen(&self) -> Seen {
        self.seen.lock().expect("nobody panics while looking").clone()
    }

    /// The process that owns it.
    pub(super) fn owner(&self) -> Option<String> {
        self.seen().owner.map(|(process, _)| process)
    }

    /// For how long it has been so.
    pub(super) fn for_so_long(&self) -> Duration {
        self.seen().since.elapsed()
    }
}

impl Drop for OwnerWatch {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

async fn look(pool: &PgPool) -> Result<Option<(String, i64)>, sqlx::Error> {
    let query = "select nodes.name, owners.epoch from owners join nodes on nodes.id = owners.node where institution = $1";
    sqlx::query_as(query).bind(setup::INSTITUTION).fetch_optional(pool).await
}

fn saw(seen: &Mutex<Seen>, owner: Option<(String, i64)>, history: &History) {
    let mut seen = seen.lock().expect("nobody panics while looking");
    if seen.owner == owner {
        return;
    }
    if let Some((process, epoch)) = &owner {
        history.note(process, Fact::Owned { epoch: *epoch });
    }
    *seen = Seen { owner, since: Instant::now() };
}
