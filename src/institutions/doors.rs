//! The doors of the institutions: whoever comes with a request is let in, held for a moment, or sent to the server that owns the
//! institution.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    time::timeout,
};

use super::{Institutions, owned::ownership};
use crate::cluster::Cluster;

/// Where a request for an institution is answered.
#[derive(Debug)]
pub enum Entry {
    /// Here: let in until the visit is dropped.
    Here(Visit),
    /// In a moment: it is being handed over, or has just come. See [`Institutions::changed_owner`].
    Held,
    /// By another server, which has this id on the bus.
    Elsewhere(uuid::Uuid),
    /// By nobody whom this server knows of: there is no such institution, or nobody has taken it yet, which the next beats may change.
    Nowhere,
}

/// A request under way at an institution; dropped when its answer has gone. A hand-over waits for it.
#[derive(Debug)]
pub struct Visit(Arc<Door>);

impl Drop for Visit {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// A door is shut until the Registry serves, and shut again for a hand-over: an odd number is a shut one. The visits count by twos.
#[derive(Debug)]
pub(super) struct Door {
    visits: AtomicUsize,
    left: Notify,
}

const SHUT: usize = 1;
const VISIT: usize = 2;

impl Default for Door {
    fn default() -> Self {
        Self { visits: AtomicUsize::new(SHUT), left: Notify::new() }
    }
}

impl Door {
    /// Whoever comes from now on is let in.
    pub(super) fn open(&self) {
        self.visits.fetch_and(!SHUT, Ordering::SeqCst);
    }

    /// Whoever comes from now on is held; false if that was so already.
    pub(super) fn shut(&self) -> bool {
        self.visits.fetch_or(SHUT, Ordering::SeqCst) & SHUT == 0
    }

    fn enter(self: &Arc<Self>) -> Option<Visit> {
        if self.visits.fetch_add(VISIT, Ordering::SeqCst) & SHUT == 0 {
            return Some(Visit(Arc::clone(self)));
        }
        self.leave();
        None
    }

    fn leave(&self) {
        self.visits.fetch_sub(VISIT, Ordering::SeqCst);
        // One waits at most; a permit is kept for it if it does not wait yet.
        self.left.notify_one();
    }

    /// Waits until nobody is within, at most so long; false if somebody still is.
    pub(super) async fn emptied(&self, wait_max: Duration) -> bool {
        let emptied = async {
            while self.visits.load(Ordering::SeqCst) >= VISIT {
                self.left.notified().await;
            }
        };
        timeout(wait_max, emptied).await.is_ok()
    }
}

impl Institutions {
    /// Where a request for the institution is answered just now.
    pub fn enter(&self, institution: &str) -> Entry {
        let owned = self.0.cluster.as_ref().map(Cluster::owned_now);
        let handle =
            self.0.registries.get(institution).map(|handle| (Arc::clone(&handle.door), handle.ownership));
        // One that is to end as it is not ours any more lets nobody in.
        let is_ours = |own| owned.as_ref().is_none_or(|owned| ownership(owned, institution) == own);
        let visit = handle.as_ref().filter(|(_, own)| is_ours(*own)).and_then(|(door, _)| door.enter());
        if let Some(visit) = visit {
            return Entry::Here(visit);
        }
        let is_here = handle.is_some();
        let Some(owned) = owned else {
            return if is_here { Entry::Held } else { Entry::Nowhere };
        };
        if let Some(owner) = owned.elsewhere.get(institution) {
            Entry::Elsewhere(*owner)
        } else if is_here || owned.epochs.contains_key(institution) {
            Entry::Held
        } else {
            Entry::Nowhere
        }
    }

    /// Changes whenever somebody who is held, or has found nobody, may be let in or sent elsewhere. Subscribed to before
    /// [`Institutions::enter`], nothing is missed.
    pub fn changed_owner(&self) -> watch::Receiver<u64> {
        self.0.doors.subscribe()
    }

    /// As [`Institutions::enter`]; whoever is held, or has found nobody, waits at most so long for something else.
    pub async fn enter_within(&self, institution: &str, wait_max: Duration) -> Entry {
        let mut changed = self.changed_owner();
        let settled = async {
            loop {
                let entry = self.enter(institution);
                let waits = matches!(entry, Entry::Held | Entry::Nowhere);
                if !waits || changed.changed().await.is_err() {
                    return entry;
                }
            }
        };
        match timeout(wait_max, settled).await {
            Ok(entry) => entry,
            Err(_) => self.enter(institution),
        }
    }
}

impl super::Inner {
    /// Whoever is held looks again.
    pub(super) fn doors_changed(&self) {
        self.doors.send_modify(|changes| *changes = changes.wrapping_add(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_shuts_a_door_waits_for_those_within_and_nobody_else_comes_in() {
        let door = Arc::new(Door::default());
        assert!(door.enter().is_none(), "nothing serves yet");
        door.open();
        let (one, two) = (door.enter().expect("it is open"), door.enter().expect("it is open"));
        assert!(door.shut());
        assert!(!door.shut(), "it is shut already");
        assert!(door.enter().is_none());
        assert!(!door.emptied(Duration::from_secs(2)).await);
        drop(one);
        assert!(!door.emptied(Duration::from_secs(2)).await);
        let emptied = tokio::spawn({
            let door = Arc::clone(&door);
            async move { door.emptied(Duration::from_secs(2)).await }
        });
        tokio::task::yield_now().await;
        drop(two);
        assert!(emptied.await.expect("no panic"));
        assert!(door.enter().is_none());
        door.open();
        assert!(door.enter().is_some());
    }
}
