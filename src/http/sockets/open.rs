//! Which sockets are open, and how many may be: of a person, of strangers behind one address, and in all.
//!
//! A whole campus may stand behind one address, with an attacker among them. So a newcomer is never refused for an
//! address's sake: the stranger who has waited there longest makes room, and whoever is logged in is no stranger.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use actix::{Message, Recipient};
use hotline_actors::PersonId;
use tokio::{sync::Notify, time::timeout};

use crate::{
    config,
    identity::{Caller, TokenHash},
};

/// Before a log-in ends: for what its sockets have received to be read.
const LAST_READ_MAX: Duration = Duration::from_secs(1);

/// What an open socket is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub(super) enum Asked {
    /// To make room.
    MakeRoom,
    /// To carry out all that has come so far.
    Finish,
}

/// The open sockets. Cheap to clone.
#[derive(Clone)]
pub struct OpenSockets(Arc<Inner>);

struct Inner {
    bounds: Bounds,
    begun: Instant,
    book: Mutex<Book>,
    left: Notify,
}

impl std::fmt::Debug for OpenSockets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpenSockets({})", self.book().open.len())
    }
}

#[derive(Debug, Clone, Copy)]
struct Bounds {
    sockets: usize,
    of_person: usize,
    strangers: usize,
    of_address: usize,
}

#[derive(Default)]
struct Book {
    next: u64,
    open: BTreeMap<u64, Open>,
    /// Those who count, oldest first: one who was asked to make room does not, nor does one who has left.
    strangers: BTreeSet<u64>,
    of_address: HashMap<IpAddr, BTreeSet<u64>>,
    of_person: HashMap<PersonId, BTreeSet<u64>>,
}

struct Open {
    address: IpAddr,
    owner: Option<SocketOwner>,
    socket: Recipient<Asked>,
    /// Milliseconds since the server began.
    last_received: Arc<AtomicI64>,
    finishing: Arc<Notify>,
    last_read: Arc<LastRead>,
}

/// Whose socket it is, and by which log-in.
#[derive(Clone)]
struct SocketOwner {
    person: PersonId,
    institution: Option<String>,
    login: TokenHash,
}

impl SocketOwner {
    fn is(caller: &Caller) -> Self {
        Self { person: caller.id, institution: caller.institution.clone(), login: caller.token }
    }
}

/// Between whoever ends a log-in and what reads one of its sockets.
#[derive(Default)]
struct LastRead {
    wanted: Notify,
    done: Arc<Notify>,
}

/// No socket can be opened: there are as many as there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

/// A socket among the open ones; dropped when all of it is over.
pub(super) struct OpenSocket {
    id: u64,
    sockets: OpenSockets,
    last_received: Arc<AtomicI64>,
    last_read: Arc<LastRead>,
}

impl OpenSockets {
    pub fn new(settings: &config::Sockets) -> Self {
        let bounds = Bounds {
            sockets: settings.open_max,
            of_person: settings.per_person_max,
            strangers: settings.strangers_max,
            of_address: settings.strangers_per_address_max,
        };
        let (book, left) = (Mutex::default(), Notify::new());
        Self(Arc::new(Inner { bounds, begun: Instant::now(), book, left }))
    }

    /// A newcomer, logged in or not yet. Whoever has to make room for it is asked to.
    pub(super) fn enter(
        &self,
        address: IpAddr,
        caller: Option<&Caller>,
        socket: Recipient<Asked>,
    ) -> Result<OpenSocket, Full> {
        let mut book = self.book();
        if book.open.len() >= self.0.bounds.sockets {
            // Strangers first; and if there are none, nobody who talks is thrown out for somebody new.
            book.make_room_of_a_stranger(None).ok_or(Full)?;
        }
        let id = book.next;
        book.next += 1;
        let last_received = Arc::new(AtomicI64::new(self.now(Instant::now())));
        let (owner, last_read) = (caller.map(SocketOwner::is), Arc::<LastRead>::default());
        let open = Open {
            address,
            owner,
            socket,
            last_received: Arc::clone(&last_received),
            finishing: Arc::default(),
            last_read: Arc::clone(&last_read),
        };
        book.open.insert(id, open);
        match caller {
            Some(caller) => book.add_to_person(id, caller.id, self.0.bounds),
            None => book.add_stranger(id, address, self.0.bounds),
        }
        drop(book);
        Ok(OpenSocket { id, sockets: self.clone(), last_received, last_read })
    }

    /// Has all that the sockets of a log-in have received by now read, while the log-in still goes on: it counts although
    /// it is carried out later. Waits for it a moment, and no longer.
    pub async fn read_last_frames(&self, caller: &Caller) {
        let read: Vec<_> = {
            let book = self.book();
            let ids = book.of_person.get(&caller.id).into_iter().flatten();
            let sockets = ids.filter_map(|id| book.open.get(id));
            let of_log_in =
                sockets.filter(|open| open.owner.as_ref().is_some_and(|owner| owner.login == caller.token));
            // Waited for from here on, so that none is missed that is done at once.
            let ask = |open: &Open| {
                let done = Arc::clone(&open.last_read.done).notified_owned();
                open.last_read.wanted.notify_one();
                done
            };
            of_log_in.map(ask).collect()
        };
        if timeout(LAST_READ_MAX, futures_util::future::join_all(read)).await.is_err() {
            tracing::warn!("log-out: reading the last frames of its WebSockets timed out");
        }
    }

    /// Asks every socket to carry out all that has come, and waits for it, at most so long.
    pub async fn finish(&self, within: Duration) {
        self.finish_those(within, |_| true).await;
    }

    /// The same for the sockets of an institution.
    pub async fn finish_of(&self, institution: &str, within: Duration) {
        self.finish_those(within, |owner| {
            owner.is_some_and(|owner| owner.institution.as_deref() == Some(institution))
        })
        .await;
    }

    async fn finish_those(&self, within: Duration, are_those: impl Fn(Option<&SocketOwner>) -> bool) {
        let asked: Vec<Arc<Notify>> = {
            let book = self.book();
            let ask = |open: &Open| {
                open.socket.do_send(Asked::Finish);
                Arc::clone(&open.finishing)
            };
            book.open.values().filter(|open| are_those(open.owner.as_ref())).map(ask).collect()
        };
        let all = futures_util::future::join_all(asked.iter().map(|finished| finished.notified()));
        if timeout(within, all).await.is_err() {
            tracing::info!("some sockets still carry out what has come");
        }
    }

    /// Waits until none is open and all that came is carried out, at most so long.
    pub async fn over(&self, within: Duration) {
        let all = async {
            loop {
                let left = self.0.left.notified();
                if self.book().open.is_empty() {
                    return;
                }
                left.await;
            }
        };
        if timeout(within, all).await.is_err() {
            tracing::warn!(
                sockets = self.book().open.len(),
                "shutdown: timed out waiting for WebSockets to handle received frames"
            );
        }
    }

    /// What is in there is right after a panic as well.
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self, now: Instant) -> i64 {
        i64::try_from(now.duration_since(self.0.begun).as_millis()).unwrap_or(i64::MAX)
    }
}

impl Book {
    fn add_stranger(&mut self, id: u64, address: IpAddr, bounds: Bounds) {
        if self.of_address.get(&address).is_some_and(|ids| ids.len() >= bounds.of_address) {
            self.make_room_of_a_stranger(Some(address));
        }
        if self.strangers.len() >= bounds.strangers {
            self.make_room_of_a_stranger(None);
        }
        self.strangers.insert(id);
        self.of_address.entry(address).or_default().insert(id);
    }

    /// Of several sockets of one person the one that was silent longest is most likely dead.
    fn add_to_person(&mut self, id: u64, person: PersonId, bounds: Bounds) {
        let ids = self.of_person.entry(person).or_default();
        ids.insert(id);
        if ids.len() <= bounds.of_person {
            return;
        }
        let last_received =
            |id: &u64| self.open.get(id).map(|open| open.last_received.load(Ordering::Relaxed));
        let silent = ids.iter().copied().filter(|other| *other != id).min_by_key(last_received);
        if let Some(silent) = silent {
            self.make_room(silent);
        }
    }

    fn make_room_of_a_stranger(&mut self, address: Option<IpAddr>) -> Option<()> {
        let oldest = match address {
            Some(address) => self.of_address.get(&address)?.first(),
            None => self.strangers.first(),
        };
        let oldest = *oldest?;
        self.make_room(oldest);
        Some(())
    }

    fn make_room(&mut self, id: u64) {
        if let Some(open) = self.open.get(&id) {
            open.socket.do_send(Asked::MakeRoom);
        }
        self.uncount(id);
    }

    fn uncount(&mut self, id: u64) {
        let Some(open) = self.open.get(&id) else { return };
        self.strangers.remove(&id);
        forget(&mut self.of_address, &open.address, id);
        if let Some(SocketOwner { person, .. }) = &open.owner {
            forget(&mut self.of_person, person, id);
        }
    }
}

fn forget<K: Eq + std::hash::Hash>(groups: &mut HashMap<K, BTreeSet<u64>>, key: &K, id: u64) {
    if let Some(ids) = groups.get_mut(key) {
        ids.remove(&id);
        if ids.is_empty() {
            groups.remove(key);
        }
    }
}

impl OpenSocket {
    pub(super) fn last_received(&self, now: Instant) {
        self.last_received.store(self.sockets.now(now), Ordering::Relaxed);
    }

    /// No stranger any more.
    pub(super) fn logged_in(&self, caller: &Caller) {
        let mut book = self.sockets.book();
        book.uncount(self.id);
        let Some(open) = book.open.get_mut(&self.id) else { return };
        open.owner = Some(SocketOwner::is(caller));
        book.add_to_person(self.id, caller.id, self.sockets.0.bounds);
    }

    /// Waits until what has come is to be read now: the log-in is about to end.
    pub(super) async fn last_read(&self) {
        self.last_read.wanted.notified().await;
    }

    /// It is.
    pub(super) fn last_read_done(&self) {
        self.last_read.done.notify_waiters();
    }

    /// All that had come when it was asked for is carried out.
    pub(super) fn finished(&self) {
        if let Some(open) = self.sockets.book().open.get(&self.id) {
            open.finishing.notify_one();
        }
    }
}

impl Drop for OpenSocket {
    fn drop(&mut self) {
        let mut book = self.sockets.book();
        book.uncount(self.id);
        if let Some(open) = book.open.remove(&self.id) {
            open.finishing.notify_one();
            open.last_read.done.notify_waiters();
        }
        drop(book);
        self.sockets.0.left.notify_one();
    }
}
