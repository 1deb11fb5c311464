//! An institution is handed over to another server in order: nothing acknowledged is lost, and whoever asks meanwhile waits for a moment.
//!
//! The row of the owner changes only when all that was decided here is kept. Whatever goes wrong before or after, the fence and the
//! conditional claim hold as at any move: the worst that comes of it is a pause.

use std::{collections::BTreeSet, time::Duration};

use futures_util::{
    future::BoxFuture,
    stream::{self, StreamExt as _},
};
use hotline_actors::registry;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout, timeout_at};
use uuid::Uuid;

use super::{FatalError, Institutions, RegistryHandle};
use crate::{
    cluster::{Cluster, Owned, share},
    errors::describe,
    store::Ownership,
};

/// How long requests under way are waited for; whatever takes longer is told that the server changes.
const VISITS_MAX: Duration = Duration::from_secs(2);
/// … what has come otherwise is carried out …
const WORK_MAX: Duration = Duration::from_secs(1);
/// … the journal is kept …
const FLUSH_MAX: Duration = Duration::from_secs(2);
/// … and the database says that the row has changed.
const GIVE_MAX: Duration = Duration::from_secs(2);
/// After the last of all hand-overs: for this server to have seen it.
const SEEN_MAX: Duration = Duration::from_secs(1);

/// Institutions that are handed over at once.
const AT_ONCE: usize = 16;
/// How many institutions move at most when a server looks whether another should have some of its own.
const BALANCED_AT_ONCE: usize = 32;

/// Carries out what has come for an institution otherwise than by requests.
pub(super) type BeforeHandOver = Box<dyn Fn(String) -> BoxFuture<'static, ()> + Send + Sync>;

/// What became of a hand-over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandOver {
    /// The other server owns it.
    Moved,
    /// The other is not there any more: nobody owns it, and one will take it.
    LetGo,
    /// This server does not own it, hands it over already, or does not serve it yet.
    NotOurs,
    /// The database did not say: the next beat tells who owns it.
    Unclear,
    /// Requests are under way that take long: it stays for now.
    Busy,
}

impl Institutions {
    /// Before each hand-over, when no request is under way any more, this is done for the institution. Said once.
    pub fn before_hand_over(&self, work: impl Fn(String) -> BoxFuture<'static, ()> + Send + Sync + 'static) {
        // Only what puts the server together says it.
        let _ = self.0.before_hand_over.set(Box::new(work));
    }

    /// Hands the institution over to the server with the node id `to`. Goes on to its end though whoever asked is gone: a door that is
    /// shut must not stay so.
    pub async fn hand_over(&self, institution: &str, to: Uuid) -> HandOver {
        self.hand_over_or_keep(institution, to, false).await
    }

    /// The same; an institution in which requests are still under way after a while stays here if it may.
    async fn hand_over_or_keep(&self, institution: &str, to: Uuid, may_stay: bool) -> HandOver {
        let Some(cluster) = self.0.cluster.clone().filter(Cluster::has_bus) else { return HandOver::NotOurs };
        let handle = self.0.registries.get(institution).map(|handle| handle.clone());
        let Some(handle) = handle else { return HandOver::NotOurs };
        let Some(own) = handle.ownership else { return HandOver::NotOurs };
        if !handle.door.shut() {
            return HandOver::NotOurs;
        }
        let (institutions, code) = (self.clone(), institution.to_owned());
        let handing_over = tokio::spawn(async move {
            let life = handle.life;
            if !handle.door.emptied(VISITS_MAX).await {
                if may_stay {
                    handle.door.open();
                    institutions.0.doors_changed();
                    return HandOver::Busy;
                }
                tracing::info!(institution = %code, "a hand-over does not wait any longer for requests under way");
            }
            institutions.end_in_order(&code, handle).await;
            let outcome = institutions.give(&cluster, &code, own, to).await;
            match outcome {
                // It ends when the beat has seen it, so that it does not begin anew before.
                HandOver::Moved | HandOver::LetGo | HandOver::Busy => {}
                HandOver::NotOurs | HandOver::Unclear => {
                    institutions.0.end_registry(&code, |handle| handle.life == life);
                    // Begun again if the beat finds it to be ours.
                    institutions.0.lost.notify_one();
                }
            }
            outcome
        });
        // Nobody aborts it, so it has died if it does not say; and nobody would ever open that door again.
        handing_over.await.unwrap_or_else(|_| {
            let _ = self.0.fatal_errors.try_send(FatalError::Died("what hands an institution over"));
            HandOver::Unclear
        })
    }

    /// Has carried out what sockets have sent, and kept what was decided.
    async fn end_in_order(&self, institution: &str, handle: RegistryHandle) {
        if let Some(work) = self.0.before_hand_over.get() {
            // What takes longer is carried out nevertheless, as at any move.
            let _ = timeout(WORK_MAX, work(institution.to_owned())).await;
        }
        // What is not kept by then was not acknowledged: it is kept before the other's claim, or never.
        if timeout(FLUSH_MAX, handle.registry.send(registry::HandOver)).await.is_err() {
            tracing::warn!(institution, "a hand-over does not wait any longer for the journal");
        }
    }

    async fn give(&self, cluster: &Cluster, institution: &str, own: Ownership, to: Uuid) -> HandOver {
        let giving = cluster.give(&self.0.pool, institution, (own.node, own.epoch), to);
        match timeout(GIVE_MAX, giving).await {
            Ok(Ok(Some(Some(node)))) => {
                tracing::info!(institution, %node, "handed over to another server");
                HandOver::Moved
            }
            Ok(Ok(Some(None))) => {
                tracing::info!(institution, "let go: the server that was to have it is not there any more");
                HandOver::LetGo
            }
            Ok(Ok(None)) => HandOver::NotOurs,
            Ok(Err(error)) => {
                tracing::warn!(institution, error = %describe(&error), "a hand-over has failed");
                HandOver::Unclear
            }
            Err(_) => {
                tracing::warn!(institution, "a hand-over has failed: no answer in time");
                HandOver::Unclear
            }
        }
    }

    /// Hands everything over to the other servers on the bus, if there are any, within a limit. Whatever is left then is still served
    /// here.
    pub async fn hand_all_over(&self, within: Duration) {
        let Some(cluster) = self.0.cluster.as_ref().filter(|cluster| cluster.has_bus()) else { return };
        let plan = share::when_leaving(&cluster.owned().borrow());
        if plan.is_empty() {
            return;
        }
        let (institutions, deadline) = (plan.len(), Instant::now() + within);
        let in_time = timeout_at(deadline, async {
            let moved = self.hand_over_each(plan, false).await;
            self.seen(cluster, moved).await;
        });
        if in_time.await.is_ok() {
            tracing::info!(institutions, "the institutions are handed over");
        } else {
            tracing::warn!("not all institutions are handed over: the others take them");
        }
    }

    /// Hands over some at once; says which are not ours any more.
    async fn hand_over_each(&self, plan: Vec<(String, Uuid)>, may_stay: bool) -> BTreeSet<String> {
        let moves = plan.into_iter().map(async |(institution, to)| {
            let outcome = self.hand_over_or_keep(&institution, to, may_stay).await;
            matches!(outcome, HandOver::Moved | HandOver::LetGo).then_some(institution)
        });
        stream::iter(moves).buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect().await
    }

    /// Waits until this server knows that it does not own them, so that whoever is held here is sent to who does.
    async fn seen(&self, cluster: &Cluster, moved: BTreeSet<String>) {
        let mut changed = self.changed_owner();
        let seen = async {
            let is_old =
                |owned: &Owned| moved.iter().any(|institution| owned.epochs.contains_key(institution));
            while is_old(&cluster.owned().borrow())
                || moved.iter().any(|institution| self.serves(institution))
            {
                if changed.changed().await.is_err() {
                    return;
                }
            }
        };
        if timeout(SEEN_MAX, seen).await.is_err() {
            tracing::warn!("this server has not seen who owns what it has handed over");
        }
    }

    /// Gives servers that have come their share; runs until the process ends.
    pub async fn keep_balance(self) {
        let Some(cluster) = self.0.cluster.clone().filter(Cluster::has_bus) else {
            return std::future::pending().await;
        };
        let every = Duration::from_secs(self.0.settings.cluster.balance_seconds);
        let mut tick = interval_at(Instant::now() + every, every);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let plan = share::misplaced(&cluster.owned().borrow(), BALANCED_AT_ONCE);
            if !plan.is_empty() {
                let (institutions, moved) = (plan.len(), self.hand_over_each(plan, true).await.len());
                tracing::info!(institutions, moved, "another server has got its share");
            }
        }
    }
}
