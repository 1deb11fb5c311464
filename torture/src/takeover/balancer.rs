//! The load balancer before several servers: it asks each of them again and again whether it takes requests, leads clients to
//! those that said yes last, in turn, and closes what leads to one that does not any more; or, if it is told to, only to one that falls
//! silent.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use crate::{
    history::{Fact, History, ServerFact},
    proxy::Proxy,
    server,
};

/// Between two questions to a server.
const ASK_AGAIN: Duration = Duration::from_millis(100);
/// One that takes longer to answer takes no requests, by default.
pub const ANSWER_MAX: Duration = Duration::from_secs(1);

const READY: u16 = 200;

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Balancer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clients: Proxy,
    history: History,
    /// One that says no ends by itself what it has begun.
    drains: bool,
    answer_max: Duration,
    watched: Mutex<BTreeMap<String, Watched>>,
}

/// A server, as it answered last.
#[derive(Debug, Clone, Copy)]
struct Watched {
    address: SocketAddr,
    status: Option<u16>,
    /// Since when it answers so.
    since: Instant,
}

/// A server that can be asked past the balancer.
#[derive(Debug, Clone)]
pub struct Behind {
    pub name: String,
    pub address: SocketAddr,
    pub is_ready: bool,
}

impl Balancer {
    /// Leads who comes through `clients`; nowhere yet.
    pub fn new(clients: Proxy, history: &History) -> Self {
        Self::of(clients, history, false, ANSWER_MAX)
    }

    /// The same; whatever leads to a server that takes no requests any more is left to it to end. One that takes longer to answer
    /// than `answer_max` is silent.
    pub fn that_drains(clients: Proxy, history: &History, answer_max: Duration) -> Self {
        Self::of(clients, history, true, answer_max)
    }

    fn of(clients: Proxy, history: &History, drains: bool, answer_max: Duration) -> Self {
        let history = history.clone();
        Self(Arc::new(Inner { clients, history, drains, answer_max, watched: Mutex::default() }))
    }

    fn watched(&self) -> MutexGuard<'_, BTreeMap<String, Watched>> {
        self.0.watched.lock().expect("nobody panics while looking")
    }

    /// Asks this server from now on. A name is that of one process.
    pub fn watch(&self, name: &str, address: SocketAddr) {
        let watched = Watched { address, status: None, since: Instant::now() };
        self.watched().insert(name.to_owned(), watched);
        let (balancer, name) = (self.clone(), name.to_owned());
        tokio::spawn(async move {
            let begun = Instant::now();
            while balancer.is_watched(&name) {
                let status = server::health(address, balancer.0.answer_max).await;
                balancer.saw(&name, status, begun);
                tokio::time::sleep(ASK_AGAIN).await;
            }
        });
    }

    pub fn is_watched(&self, name: &str) -> bool {
        self.watched().contains_key(name)
    }

    /// The process has ended: its port may soon be another's.
    pub fn forget(&self, name: &str) {
        let forgotten = self.watched().remove(name);
        self.lead();
        if let Some(forgotten) = forgotten {
            self.0.clients.cut_to(forgotten.address);
        }
    }

    fn saw(&self, name: &str, status: Option<u16>, begun: Instant) {
        let address = {
            let mut all = self.watched();
            let Some(watched) = all.get_mut(name).filter(|watched| watched.status != status) else { return };
            let before = watched.status;
            (watched.status, watched.since) = (status, Instant::now());
            if (before == Some(READY)) == (status == Some(READY)) {
                return;
            }
            watched.address
        };
        // First where to, then the cut: whoever comes back at once is not led there again.
        self.lead();
        let what = if status == Some(READY) {
            ServerFact::Ready { after_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX) }
        } else {
            if !self.0.drains || status.is_none() {
                self.0.clients.cut_to(address);
            }
            ServerFact::NotReady
        };
        self.0.history.note(name, Fact::Server { what });
    }

    fn lead(&self) {
        let ready = self.behind().into_iter().filter(|behind| behind.is_ready);
        self.0.clients.lead_to(ready.map(|behind| behind.address).collect());
    }

    /// Everybody behind it.
    pub fn behind(&self) -> Vec<Behind> {
        let of = |(name, watched): (&String, &Watched)| Behind {
            name: name.clone(),
            address: watched.address,
            is_ready: watched.status == Some(READY),
        };
        self.watched().iter().map(of).collect()
    }

    /// The server that became ready last, of those that are.
    pub fn serving(&self) -> Option<String> {
        let all = self.watched();
        let ready = all.iter().filter(|(_, watched)| watched.status == Some(READY));
        ready.max_by_key(|(_, watched)| watched.since).map(|(name, _)| name.clone())
    }

    /// How long this server has been standing by: it answers, and takes no requests.
    pub fn standing_by(&self, name: &str) -> Option<Duration> {
        let all = self.watched();
        let watched = all.get(name)?;
        (watched.status.is_some() && watched.status != Some(READY)).then(|| watched.since.elapsed())
    }

    /// How long this server has been taking requests.
    pub fn ready_for(&self, name: &str) -> Option<Duration> {
        let all = self.watched();
        all.get(name).filter(|watched| watched.status == Some(READY)).map(|watched| watched.since.elapsed())
    }

    pub fn connections_cut(&self) -> u64 {
        self.0.clients.connections_cut()
    }
}
