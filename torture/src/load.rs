//! Real clients: visitors, counselors, a supervisor, and Tencent IM between them.

pub(crate) mod asker;
mod counselor;
mod im;
mod supervisor;
mod visitor;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use tokio::task::JoinSet;

use crate::{history::History, rng::Rng, setup::Staff, store_probe::StoreProbe, wire::Client};

/// What all clients share. Cheap to clone.
#[derive(Debug, Clone)]
pub struct World {
    pub base: String,
    pub seed: u64,
    pub history: History,
    pub probe: StoreProbe,
    /// Any server takes any request: each goes to another one than that before.
    spread: bool,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// User names by the ids of people.
    names: Mutex<BTreeMap<String, String>>,
    /// Conversations that were waiting when last heard of.
    waiting: Mutex<BTreeSet<String>>,
    tokens: AtomicU64,
    undelivered: AtomicU64,
    closing: AtomicBool,
}

impl World {
    pub fn new(base: &str, seed: u64, history: &History, probe: &StoreProbe) -> Self {
        let (base, history, probe) = (base.to_owned(), history.clone(), probe.clone());
        Self { base, seed, history, probe, spread: false, shared: Arc::default() }
    }

    /// The same before servers of which any takes any request.
    #[must_use]
    pub fn spread(self) -> Self {
        Self { spread: true, ..self }
    }

    pub(crate) fn client(&self, name: &str) -> Client {
        let new = if self.spread { Client::that_never_stays } else { Client::new };
        new(&self.base, name, &self.history).expect("a plain client can be built")
    }

    fn rng(&self, name: &str) -> Rng {
        Rng::of(self.seed, name)
    }

    fn remember_username(&self, id: &str, username: &str) {
        let mut names = self.shared.names.lock().expect("nobody panics while writing");
        names.insert(id.to_owned(), username.to_owned());
    }

    fn username(&self, id: &str) -> Option<String> {
        self.shared.names.lock().expect("nobody panics while writing").get(id).cloned()
    }

    fn waits(&self, conversation: &str, waits: bool) {
        let mut waiting = self.shared.waiting.lock().expect("nobody panics while writing");
        if waits {
            waiting.insert(conversation.to_owned());
        } else {
            waiting.remove(conversation);
        }
    }

    fn waiting(&self) -> Vec<String> {
        self.shared.waiting.lock().expect("nobody panics while writing").iter().cloned().collect()
    }

    fn next_token(&self) -> u64 {
        self.shared.tokens.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Nobody comes any more; who is there may finish.
    pub fn close(&self) {
        self.shared.closing.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.shared.closing.load(Ordering::Relaxed)
    }

    /// Messages that Tencent has not got rid of yet.
    pub fn undelivered(&self) -> u64 {
        self.shared.undelivered.load(Ordering::Relaxed)
    }
}

/// Everybody comes. Dropping the set sends everybody away.
pub fn begin(world: &World, visitors: usize, staff: &Staff) -> JoinSet<()> {
    let mut people = JoinSet::new();
    for username in &staff.counselors {
        people.spawn(counselor::work(world.clone(), username.clone()));
    }
    people.spawn(supervisor::watch(world.clone(), staff.supervisor.clone()));
    for number in 0..visitors {
        people.spawn(visitor::live(world.clone(), number, staff.counselors.clone()));
    }
    people
}
