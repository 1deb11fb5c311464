//! Registries begin and end here.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use actix::Addr;
use hotline_actors::{
    Registry, WriterId,
    registry::{ActivityInbox, Bounds, RegistryStatus, Retire, Setup},
};
use uuid::Uuid;

use super::{Door, FatalError, Inner, Institutions, RegistryHandle, onlookers};
use crate::{
    clock,
    config::Settings,
    metrics::ClusterFigures,
    store::{Ownership, PgStore},
};

/// One Registry numbers so many sockets, in bits; another begins beyond them.
const SOCKET_BITS: u32 = 40;

impl Institutions {
    /// Whether the institution is served here. A server that is alone begins it if it is new; among several, only who owns it
    /// does (`owned.rs`).
    pub(super) fn is_or_begins(&self, code: &str) -> bool {
        if self.0.cluster.is_none() {
            self.open(code, None);
        }
        self.serves(code)
    }

    pub(super) fn open(&self, code: &str, ownership: Option<Ownership>) {
        let start = || {
            let life = self.0.lives.fetch_add(1, Ordering::Relaxed) + 1;
            // Another server may have ended talks of it.
            self.0.changed.insert(code.into());
            let door = Arc::<Door>::default();
            let registry = self.start_registry(code, life, ownership, &door);
            RegistryHandle { registry, activity: ActivityInbox::default(), life, ownership, door }
        };
        self.0.registries.entry(code.to_owned()).or_insert_with(start);
    }

    fn start_registry(
        &self,
        code: &str,
        life: u64,
        ownership: Option<Ownership>,
        door: &Arc<Door>,
    ) -> Addr<Registry> {
        let Inner { settings, pool, arbiters, next_arbiter, fatal_errors, .. } = &*self.0;
        let setup = Setup {
            institution: code.to_owned(),
            limits: settings.dispatch_for(code),
            bounds: bounds_of(settings),
            clock: Arc::new(clock::Steady),
            writer: Arc::new(|| WriterId(Uuid::now_v7())),
            on_status: self.status_handler(code, life, Arc::clone(door)),
            on_commit: self.commit_handler(code),
            first_socket: life << SOCKET_BITS,
            noting: Some(onlookers::noting(
                code,
                Arc::downgrade(&self.0),
                pool.clone(),
                fatal_errors.clone(),
            )),
        };
        let (code, journals) = (code.to_owned(), self.0.journals.clone());
        let arbiter = &arbiters[next_arbiter.fetch_add(1, Ordering::Relaxed) % arbiters.len()];
        actix::Actor::start_in_arbiter(arbiter, move |_| {
            // The store belongs to the Registry's own thread.
            let store = PgStore::new(code, journals, ownership);
            Registry::new(setup, std::rc::Rc::new(store))
        })
    }

    fn commit_handler(&self, code: &str) -> Arc<dyn Fn() + Send + Sync> {
        let (committed, changed) = (self.0.committed.clone(), Arc::clone(&self.0.changed));
        let code = Arc::<str>::from(code);
        Arc::new(move || {
            changed.insert(Arc::clone(&code));
            // Where nobody listens nobody is told.
            let _ = committed.send(Arc::clone(&code));
        })
    }

    fn status_handler(
        &self,
        code: &str,
        life: u64,
        door: Arc<Door>,
    ) -> Arc<dyn Fn(RegistryStatus) + Send + Sync> {
        let (institutions, code) = (Arc::downgrade(&self.0), code.to_owned());
        Arc::new(move |status| {
            let Some(inner) = institutions.upgrade() else { return };
            let error = match status {
                RegistryStatus::Serving => {
                    door.open();
                    inner.doors_changed();
                    inner.revived.notify_one();
                    None
                }
                RegistryStatus::StoreRecovered => {
                    inner.recovered.notify_one();
                    None
                }
                RegistryStatus::Fenced if inner.cluster.is_some() => {
                    inner.end_registry(&code, |handle| handle.life == life);
                    inner.lost.notify_one();
                    None
                }
                RegistryStatus::Fenced => {
                    let fenced = inner.fenced.fetch_add(1, Ordering::SeqCst) + 1;
                    (fenced >= inner.registries.len()).then_some(FatalError::FencedOut)
                }
                RegistryStatus::Broken(_) | RegistryStatus::Died => {
                    tracing::error!(institution = %code, ?status, "registry of an institution died or is broken: the process ends");
                    Some(FatalError::Broken)
                }
            };
            if let Some(error) = error {
                // One is enough: the process ends over it.
                let _ = inner.fatal_errors.try_send(error);
            }
        })
    }
}

impl Institutions {
    /// How this server stands among several; none if it is alone.
    pub fn cluster_figures(&self) -> Option<ClusterFigures> {
        let cluster = self.0.cluster.as_ref()?;
        Some(ClusterFigures {
            servers: cluster.owned().borrow().servers,
            holds_lease: cluster.holds_lease(),
            begun: self.0.lives.load(Ordering::Relaxed),
            bus: None,
        })
    }
}

impl Inner {
    /// Ends the institution's Registry if it is one of those: whoever asks from now on is told that another server serves it.
    pub(super) fn end_registry(&self, institution: &str, is_one: impl Fn(&RegistryHandle) -> bool) {
        if let Some((_, handle)) = self.registries.remove_if(institution, |_, handle| is_one(handle)) {
            handle.registry.do_send(Retire);
        }
    }
}

fn bounds_of(settings: &Settings) -> Bounds {
    Bounds {
        backlog_max: settings.journal.backlog_max,
        batch_max: settings.journal.batch_max,
        fence_check: Duration::from_secs(settings.journal.fence_check_seconds),
        resume_events_max: settings.journal.resume_events_max,
        state_every: Duration::from_secs(settings.sockets.state_seconds),
    }
}
