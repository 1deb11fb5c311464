//! What the bus, its links and its background tasks share.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{broadcast, mpsc},
    time::Instant,
};
use uuid::Uuid;

use super::{
    BusStream, Told,
    flow::Refusal,
    link::{Link, Outlet},
};

/// Other servers, with those that have gone lately: each start of a process is one.
const LINKS_MAX: usize = 1024;
/// A server that gave no sign for so long is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(1);
const TOLD_MAX: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) messages_out: AtomicU64,
    pub(super) bytes_out: AtomicU64,
    pub(super) messages_in: AtomicU64,
    pub(super) bytes_in: AtomicU64,
}

impl Counts {
    pub(super) fn sent(&self, bytes: usize) {
        add(&self.messages_out, &self.bytes_out, bytes);
    }

    pub(super) fn received(&self, bytes: usize) {
        add(&self.messages_in, &self.bytes_in, bytes);
    }
}

fn add(messages: &AtomicU64, total: &AtomicU64, bytes: usize) {
    messages.fetch_add(1, Ordering::Relaxed);
    total.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) id: Uuid,
    links: Mutex<HashMap<Uuid, Arc<Link>>>,
    heard: Mutex<HashMap<Uuid, Instant>>,
    outlet: Arc<Outlet>,
    streams: AtomicU64,
    pub(super) told: broadcast::Sender<Told>,
    pub(super) counts: Counts,
}

impl Shared {
    /// The second value: links with something to send.
    pub(super) fn new(id: Uuid, streams: mpsc::Sender<BusStream>) -> (Arc<Self>, mpsc::Receiver<Arc<Link>>) {
        // Room for those too that were forgotten while they stood there.
        let (ready, to_send) = mpsc::channel(2 * LINKS_MAX);
        let numberings = Arc::new(AtomicU64::new(0));
        let outlet = Arc::new(Outlet { ready, streams, numberings, gaps: AtomicU64::new(0) });
        let shared = Self {
            id,
            links: Mutex::default(),
            heard: Mutex::default(),
            outlet,
            streams: AtomicU64::new(0),
            told: broadcast::Sender::new(TOLD_MAX),
            counts: Counts::default(),
        };
        (Arc::new(shared), to_send)
    }

    /// The link to this server; none if there are too many.
    pub(super) fn link(&self, peer: Uuid) -> Option<Arc<Link>> {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(link) = links.get(&peer) {
            return Some(link.clone());
        }
        (links.len() < LINKS_MAX).then(|| {
            let link = Arc::new(Link::new(peer, self.outlet.clone()));
            links.insert(peer, link.clone());
            link
        })
    }

    pub(super) fn links(&self) -> Vec<Arc<Link>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    pub(super) fn next_stream(&self) -> u64 {
        self.streams.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn gaps(&self) -> u64 {
        self.outlet.gaps.load(Ordering::Relaxed)
    }

    /// All streams are reset, as what was on its way may be lost.
    pub(super) fn begin_anew(&self) {
        for link in self.links() {
            link.with(|numbering| numbering.begin_anew(Refusal::LinkReset));
        }
    }

    pub(super) fn hear(&self, server: Uuid, now: Instant) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.len() < LINKS_MAX || heard.contains_key(&server) {
            heard.insert(server, now);
        }
    }

    pub(super) fn hears_within(&self, server: Uuid, span: Duration) -> bool {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.get(&server).is_some_and(|at| at.elapsed() < span)
    }

    /// Forgets the servers that are gone.
    pub(super) fn forget(&self, now: Instant) {
        let is_gone = |at: &Instant| now.duration_since(*at) >= FORGOTTEN_AFTER;
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, at| !is_gone(at));
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.retain(|peer, link| {
            // Nobody else can get hold of one that only stands here while this is locked.
            Arc::strong_count(link) > 1
                || self.hears_within(*peer, FORGOTTEN_AFTER)
                || link.with(|numbering| {
                    !numbering.is_empty() || !numbering.is_unheard_for(FORGOTTEN_AFTER, now)
                })
        });
    }
}
