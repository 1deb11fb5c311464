//! Among several servers: the Registries that run here are those of the institutions that this server owns.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use hotline_actors::registry::SendSocketsAway;
use tokio::time::{Instant, MissedTickBehavior};

use super::{Institutions, any_says};
use crate::{cluster::Owned, store::Ownership};

/// A journal that a stranger claimed is claimed again after this: by then the last beat tells whether it is still ours.
const CLAIM_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// How often the lease hears that what serves here is well; how many Registries are asked for that, and how long they have to answer.
const SIGN_EVERY: Duration = Duration::from_secs(1);
const ASKED_FOR_SIGN: usize = 16;
const SIGN_WAIT_MAX: Duration = Duration::from_millis(500);

/// As whose `institution` is served here; none if it is not.
pub(super) fn ownership(owned: &Owned, institution: &str) -> Option<Ownership> {
    owned.epochs.get(institution).map(|epoch| Ownership { node: owned.node, epoch: *epoch })
}

/// Ends what this server owns no more; gives what it owns.
fn end_what_is_lost(institutions: &Institutions) -> Option<Arc<Owned>> {
    let owned = institutions.0.cluster.as_ref()?.owned().borrow().clone();
    for institution in institutions.served() {
        let now = ownership(&owned, &institution);
        institutions.0.end_registry(&institution, |handle| handle.ownership != now);
    }
    Some(owned)
}

/// Ends what this server owns no more, and begins what it has come to own; true if it has begun anything.
pub(super) fn serve_what_is_owned(institutions: &Institutions) -> bool {
    let Some(owned) = end_what_is_lost(institutions) else { return false };
    let before = institutions.0.lives.load(Ordering::Relaxed);
    for institution in owned.epochs.keys() {
        institutions.open(institution, ownership(&owned, institution));
    }
    if owned.is_cut_off {
        for handle in &institutions.0.registries {
            handle.registry.do_send(SendSocketsAway);
        }
    }
    institutions.0.lives.load(Ordering::Relaxed) > before
}

pub(super) async fn follow(institutions: Institutions, forget: impl Fn()) {
    let Some(cluster) = &institutions.0.cluster else { return std::future::pending().await };
    let mut owned = cluster.owned();
    let mut settled = None;
    let mut claim_again = std::pin::pin!(tokio::time::sleep(Duration::ZERO));
    let mut is_lost = false;
    let mut sign = tokio::time::interval(SIGN_EVERY);
    sign.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_to_look = true;
    loop {
        if is_to_look {
            let (node, is_more) = {
                let now = owned.borrow_and_update();
                let is_served = |institution: &String| {
                    let handle = institutions.0.registries.get(institution);
                    handle.is_some_and(|handle| handle.ownership == ownership(&now, institution))
                };
                (now.node, now.epochs.keys().any(|institution| !is_served(institution)))
            };
            if settled != Some(node) || is_more {
                // Before anybody is answered: another server may have changed all of it.
                end_what_is_lost(&institutions);
                forget();
                cluster.has_settled(node);
                settled = Some(node);
            }
            if serve_what_is_owned(&institutions) {
                // Words that came between two owners may not have come here.
                institutions.0.recovered.notify_one();
                // Not waited for: a database that does not answer must not keep us from following who owns what.
                institutions.0.refresh_soon.notify_one();
            }
            // Whatever was news is in force by now.
            institutions.0.doors_changed();
        }
        // None of these waits for long.
        is_to_look = tokio::select! {
            changed = owned.changed() => if changed.is_err() { return } else { true },
            () = institutions.0.lost.notified() => {
                claim_again.as_mut().reset(Instant::now() + CLAIM_AGAIN_AFTER);
                is_lost = true;
                false
            }
            () = &mut claim_again, if is_lost => {
                is_lost = false;
                true
            }
            // What the server before had on its way when it was taken over stands in the database by now.
            () = institutions.0.revived.notified() => {
                forget();
                true
            }
            _ = sign.tick() => {
                if institutions.gives_sign().await {
                    cluster.gives_sign();
                }
                true
            }
        };
    }
}

impl Institutions {
    /// Whether any Registry answers, if there are any, whatever it says: one that hangs, or that cannot claim its journal, does not.
    async fn gives_sign(&self) -> bool {
        let some =
            self.0.registries.iter().take(ASKED_FOR_SIGN).map(|entry| entry.registry.clone()).collect();
        any_says(some, SIGN_WAIT_MAX, |_| true).await != Some(false)
    }
}
