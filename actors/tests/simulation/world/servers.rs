//! Servers that start, serve, are killed, fenced, refused and started again; two at once by somebody's mistake.

use std::{
    rc::Rc,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use actix::{Actor, Addr};
use hotline_actors::{
    PersonId, Registry, Timestamp, WriterId,
    dispatch::command::Command,
    registry::{ActivityInbox, Clock, LoggedIn, LookHealth, RegistryStatus, Setup, ShutDown, Tell},
    time::SteadyClock,
};
use tokio::{
    sync::mpsc::UnboundedReceiver,
    task::spawn_local,
    time::{Instant, sleep},
};
use uuid::Uuid;

use crate::{
    memory_store::StoreSabotage,
    rng::Rng,
    world::{BEGINNING, Site, World},
};

/// What the dead say when they look at their clock. Not a panic anybody should read about.
struct Dead;

/// The clock of a server's machine, which somebody may set. Its process is dead when it looks at it and finds itself so.
struct LifeClock {
    begun: Instant,
    skew: Arc<AtomicI64>,
    steady: SteadyClock,
    heartbeat: Arc<AtomicBool>,
}

impl Clock for LifeClock {
    fn now(&self) -> Timestamp {
        if !self.heartbeat.load(Ordering::Relaxed) {
            std::panic::resume_unwind(Box::new(Dead));
        }
        let (running, skew) = (self.begun.elapsed(), self.skew.load(Ordering::Relaxed));
        self.steady.now(Timestamp((BEGINNING + running).0 + skew), running)
    }

    fn not_before(&self, at: Timestamp) {
        self.steady.not_before(at, self.begun.elapsed());
    }
}

/// What became of a life, for whoever runs the servers.
pub(crate) type StatusReport = (Site, u32, RegistryStatus);
pub(crate) type StatusReceiver = UnboundedReceiver<StatusReport>;

/// What is known of a life from outside.
#[derive(Debug, Default)]
struct Known {
    /// As whom it writes.
    writer: Option<WriterId>,
    /// Since when silence and waiting count: the start, or the end of the last outage.
    since: Option<Timestamp>,
    fenced: bool,
}

#[derive(Clone)]
pub(crate) struct Life {
    pub(crate) number: u32,
    pub(crate) registry: Addr<Registry>,
    pub(crate) words: ActivityInbox,
    alive: Arc<AtomicBool>,
    known: Arc<Mutex<Known>>,
}

impl Life {
    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().expect("nobody dies holding it")
    }

    /// As whom it writes, once it serves.
    pub(crate) fn writer(&self) -> Option<WriterId> {
        let known = self.known();
        known.writer.filter(|_| known.since.is_some())
    }

    pub(crate) fn since(&self) -> Option<Timestamp> {
        self.known().since
    }

    /// It serves, as far as it knows itself.
    pub(crate) fn is_well(&self) -> bool {
        let known = self.known();
        known.since.is_some() && !known.fenced
    }
}

impl World {
    pub(crate) fn lives_at(&self, site: Site) -> Option<Life> {
        self.servers.borrow().get(&site).cloned()
    }

    pub(super) fn all_lives(&self) -> Vec<Life> {
        self.servers.borrow().values().cloned().collect()
    }

    /// The server starts, revives what is kept, and is told who is on shift.
    pub(crate) async fn start(self: &Rc<Self>) {
        self.start_at(0).await;
    }

    pub(crate) async fn start_at(self: &Rc<Self>, site: Site) {
        if self.servers.borrow().contains_key(&site) {
            return;
        }
        let number = self.lives.get() + 1;
        self.lives.set(number);
        let alive = Arc::new(AtomicBool::new(true));
        let known = Arc::new(Mutex::new(Known::default()));
        let setup = self.setup(site, number, &alive, &known);
        let registry = Registry::new(setup, Rc::new(self.store.clone())).start();
        registry.do_send(Tell(Command::Shift { on: self.on_shift.borrow().clone() }));
        self.note(|| format!("the server at {site} starts, the {number}. life"));
        let life = Life { number, registry: registry.clone(), words: ActivityInbox::default(), alive, known };
        self.servers.borrow_mut().insert(site, life.clone());
        // Answered as soon as it serves.
        if registry.send(LookHealth).await.is_err() && life.alive.load(Ordering::Relaxed) {
            self.finds("a Registry died while it started".to_owned());
        }
        self.check_acknowledged();
    }

    fn setup(&self, site: Site, number: u32, alive: &Arc<AtomicBool>, known: &Arc<Mutex<Known>>) -> Setup {
        let (begun, skew) = (self.begun, Arc::clone(&self.skew));
        let clock = LifeClock { begun, skew, steady: SteadyClock::new(), heartbeat: Arc::clone(alive) };
        let (writers, writes_as) = (AtomicU64::new(0), Arc::clone(known));
        let same_writer = self.stored().sabotage == Some(StoreSabotage::SameWriter);
        let (statuses, becomes, sender) =
            (Arc::clone(&self.statuses), Arc::clone(known), self.reports.0.clone());
        Setup {
            institution: "sim".to_owned(),
            first_socket: 1,
            noting: None,
            limits: self.limits.clone(),
            bounds: self.bounds.get(),
            clock: Arc::new(clock),
            writer: Arc::new(move || {
                let attempt = writers.fetch_add(1, Ordering::Relaxed);
                let (number, attempt) = if same_writer { (0, 0) } else { (u64::from(number), attempt) };
                let writer = WriterId(Uuid::from_u64_pair(number, attempt));
                writes_as.lock().expect("nobody dies holding it").writer = Some(writer);
                writer
            }),
            on_commit: Arc::new(|| ()),
            on_status: Arc::new(move |status| {
                let mut known = becomes.lock().expect("nobody dies holding it");
                match status {
                    RegistryStatus::Serving | RegistryStatus::StoreRecovered => {
                        known.since = Some(BEGINNING + begun.elapsed());
                    }
                    RegistryStatus::Fenced | RegistryStatus::Broken(_) => known.fenced = true,
                    RegistryStatus::Died => {}
                }
                statuses.lock().expect("nobody dies holding it").push(status.clone());
                // Nobody listens in a scenario without an operator.
                let _ = sender.send((site, number, status));
            }),
        }
    }

    /// The process at the first site is killed.
    pub(crate) async fn kill(&self) {
        self.kill_at(0).await;
    }

    /// The process is killed: whoever belongs to it is gone as soon as they look at the clock. What it has sent to the
    /// store goes on its way.
    pub(crate) async fn kill_at(&self, site: Site) {
        let Some(life) = self.servers.borrow_mut().remove(&site) else { return };
        life.alive.store(false, Ordering::Relaxed);
        self.note(|| format!("the server at {site} is killed, in its {}. life", life.number));
        // Whatever its state, it looks at the clock for this.
        let nobody = PersonId(Uuid::nil());
        let looks = LoggedIn { person: nobody, is_visitor: false, at: self.now(), here: false };
        life.registry.do_send(looks);
        let gone = async {
            while life.registry.connected() {
                sleep(Duration::from_millis(1)).await;
            }
        };
        // One that waits for its claim looks at the clock when that comes back.
        if tokio::time::timeout(Duration::from_secs(30), gone).await.is_err() {
            self.finds("a server cannot be killed".to_owned());
        }
    }

    /// The server has stopped in order: nobody waits for it any more.
    pub(crate) fn closes(&self) {
        self.servers.borrow_mut().clear();
    }

    /// Stops every server in order.
    pub(crate) async fn stops(&self) {
        for life in self.all_lives() {
            if life.registry.send(ShutDown).await.is_err() {
                self.finds("a server did not stop in order".to_owned());
            }
        }
    }

    /// Whoever runs the servers: one that is fenced or broken ends, and is started again, or not if another serves.
    pub(crate) async fn operates(self: Rc<Self>, until: Timestamp) {
        let mut rng = Rng::stream(self.seed, 401);
        let Some(mut reports) = self.reports.1.borrow_mut().take() else { return };
        while let Ok(Some((site, number, status))) =
            tokio::time::timeout(until.since(self.now()), reports.recv()).await
        {
            let Some(life) = self.lives_at(site).filter(|life| life.number == number) else { continue };
            self.note(|| format!("the server at {site}: {status:?}"));
            let lingers = rng.seconds(0..=20);
            let returns = (rng.percent(50), rng.seconds(1..=60));
            match status {
                RegistryStatus::Serving | RegistryStatus::StoreRecovered => continue,
                RegistryStatus::Died => {
                    self.finds("a Registry died by itself".to_owned());
                    continue;
                }
                RegistryStatus::Fenced => {
                    let writer = life.writer();
                    if !writer.is_some_and(|writer| self.stored().is_claimed_after(writer)) {
                        self.finds("L-9: a server is fenced by nobody".to_owned());
                    }
                }
                RegistryStatus::Broken(_) => {}
            }
            spawn_local(Rc::clone(&self).replaces(site, number, lingers, returns));
        }
    }

    /// The old one goes on for a while, answering that it may not; then it ends.
    async fn replaces(self: Rc<Self>, site: Site, number: u32, lingers: Duration, returns: (bool, Duration)) {
        sleep(lingers).await;
        if self.lives_at(site).is_some_and(|life| life.number == number) {
            self.kill_at(site).await;
        }
        sleep(returns.1).await;
        if returns.0 || self.servers.borrow().is_empty() {
            self.start_at(site).await;
        }
    }
}

/// The servers die a few times a day, at any moment, and come back; and now and then a second is started beside the
/// first.
pub(crate) async fn server_faults(world: Rc<World>, until: Timestamp) {
    let mut rng = Rng::stream(world.seed, 400);
    loop {
        sleep(rng.seconds(1_800..=12_000) + rng.millis(0..=999)).await;
        if world.now() + Duration::from_mins(10) > until {
            return;
        }
        let site = usize::from(rng.percent(50));
        let (away, rival) = (rng.millis(0..=120_000), rng.percent(50));
        match (world.lives_at(site).is_some(), world.lives_at(1 - site).is_some()) {
            (true, false) if rival => world.start_at(1 - site).await,
            (false, true) if rival => world.start_at(site).await,
            (false, false) => world.start_at(site).await,
            (here, _) => {
                let dies = if here { site } else { 1 - site };
                world.kill_at(dies).await;
                sleep(away).await;
                world.start_at(dies).await;
            }
        }
    }
}
