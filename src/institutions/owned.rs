//! Among several servers: the Registries that run here are those of the institutions that this server owns.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use hotline_actors::registry::SendSocketsAway;

use super::Institutions;
use crate::{cluster::Owned, errors::describe, store::Ownership};

/// A journal that a stranger claimed is claimed again after this: by then the last beat tells whether it is still ours.
const CLAIM_AGAIN_AFTER: Duration = Duration::from_secs(1);

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
    loop {
        let (node, is_more) = {
            let now = owned.borrow_and_update();
            (now.node, now.epochs.keys().any(|institution| !institutions.serves(institution)))
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
            if let Err(error) = institutions.refresh().await {
                tracing::warn!(error = %describe(&error), "shifts cannot be read after taking over");
            }
        }
        tokio::select! {
            changed = owned.changed() => if changed.is_err() { return },
            () = institutions.0.lost.notified() => tokio::time::sleep(CLAIM_AGAIN_AFTER).await,
        }
    }
}
