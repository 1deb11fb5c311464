//! People who are not in the cache are looked up together: whoever asks while a statement is under way shares the next one.
//! Under load that is one statement for dozens of requests, and never one that began before it was asked for.

use std::{collections::HashMap, io};

use hotline_actors::PersonId;
use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot};

use super::{Person, cache::PersonCache, repository};
use crate::{
    errors::{describe, is_away},
    secrets::Sealer,
};

/// Who may wait for the next statement; others wait for room.
const WAITING_MAX: usize = 1024;
/// People of one statement; a list that is longer goes alone.
const PEOPLE_MAX: usize = 256;

type Found = Result<HashMap<PersonId, Person>, sqlx::Error>;

struct Asked {
    ids: Vec<PersonId>,
    answer: oneshot::Sender<Found>,
}

/// See the module. Cheap to clone; ends with the last clone.
#[derive(Clone)]
pub(super) struct Loader {
    to: mpsc::Sender<Asked>,
    cache: PersonCache,
}

impl Loader {
    pub(super) fn start(pool: PgPool, sealer: Sealer, cache: PersonCache) -> Self {
        let (to, asked) = mpsc::channel(WAITING_MAX);
        tokio::spawn(run(asked, pool, sealer, cache.clone()));
        Self { to, cache }
    }

    /// Waits until nobody looks for others any more, which is never while all is well.
    pub(super) async fn ended(&self) {
        self.to.closed().await;
    }

    /// These people, as they stand after the question; `None` if whoever wants them must look themself.
    pub(super) async fn load(&self, ids: &[PersonId]) -> Option<Found> {
        let (known, ids) = self.cache.recall(ids);
        if ids.is_empty() {
            return Some(Ok(known));
        }
        let (answer, answered) = oneshot::channel();
        self.to.send(Asked { ids, answer }).await.ok()?;
        let mut found = answered.await.ok()?;
        if let Ok(people) = &mut found {
            people.extend(known);
        }
        Some(found)
    }
}

async fn run(mut asked: mpsc::Receiver<Asked>, pool: PgPool, sealer: Sealer, cache: PersonCache) {
    while let Some(first) = asked.recv().await {
        let mut number = first.ids.len();
        let mut together = vec![first];
        while number < PEOPLE_MAX {
            let Ok(next) = asked.try_recv() else { break };
            number += next.ids.len();
            together.push(next);
        }
        let mut ids: Vec<PersonId> = together.iter().flat_map(|asked| asked.ids.iter().copied()).collect();
        ids.sort_unstable();
        ids.dedup();
        let versions = cache.versions(&ids);
        let found = repository::load(&pool, &sealer, &ids).await;
        if let Ok(people) = &found {
            cache.keep(people.values(), &versions);
        }
        answer(together, found);
    }
}

/// To each those that were asked for. Whoever asked may have gone.
fn answer(together: Vec<Asked>, found: Found) {
    match found {
        Ok(people) => {
            for Asked { ids, answer } in together {
                let theirs = ids.iter().filter_map(|id| Some((*id, people.get(id)?.clone()))).collect();
                let _gone = answer.send(Ok(theirs));
            }
        }
        Err(error) if is_away(&error) => {
            let why = describe(&error);
            for Asked { answer, .. } in together {
                let _gone = answer.send(Err(sqlx::Error::Io(io::Error::other(why.clone()))));
            }
        }
        // One row that cannot be read must not fail the others: each looks alone.
        Err(_) => drop(together),
    }
}
