//! The world around one institution: its clock, its store, the servers that live and die, and whoever asks them.

mod checks;
mod messages;
mod servers;

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    future::Future,
    rc::Rc,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use actix::Addr;
use hotline_actors::{
    ConversationId, CounselorId, PersonId, Registry, Timestamp,
    dispatch::{
        command::{Answer, Command, Refusal},
        conversation::EndReason,
        limits::DispatchLimits,
    },
    registry::{Ask, Bounds, RegistryStatus, Rejected},
};
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    memory_store::{MemoryStore, StoredState, faults::StoreFaults},
    rng::Rng,
    trace::Trace,
};
use servers::StatusReport;
pub(crate) use servers::{Life, server_faults};

/// The moment at which every world begins.
pub(crate) const BEGINNING: Timestamp = Timestamp(1_700_000_000_000);

/// Runs a world under a paused clock: time passes only while everyone sleeps.
pub(crate) fn under_paused_time<T>(world: impl Future<Output = T>) -> T {
    let system = actix::System::with_tokio_rt(|| {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime can be built")
    });
    system.block_on(world)
}

/// Where a server runs: two at most, and one is meant.
pub(crate) type Site = usize;

pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) limits: DispatchLimits,
    pub(crate) bounds: Cell<Bounds>,
    pub(crate) store: MemoryStore,
    /// How long a client waits for an answer; for ever, if none.
    pub(crate) settle_max: Cell<Option<Duration>>,
    begun: Instant,
    /// By how many milliseconds the clock of the servers' machine is wrong.
    skew: Arc<AtomicI64>,
    servers: RefCell<BTreeMap<Site, Life>>,
    pub(crate) lives: Cell<u32>,
    next_id: Cell<u64>,
    trace: RefCell<Option<Trace>>,
    found: RefCell<Vec<String>>,
    pub(crate) on_shift: RefCell<BTreeSet<CounselorId>>,
    acknowledged_opens: RefCell<BTreeSet<ConversationId>>,
    acknowledged_ends: RefCell<BTreeSet<ConversationId>>,
    deliveries: RefCell<Rng>,
    pub(crate) commands: Cell<u64>,
    pub(crate) pushes: Cell<u64>,
    pub(crate) statuses: Arc<Mutex<Vec<RegistryStatus>>>,
    reports: (tokio::sync::mpsc::UnboundedSender<StatusReport>, RefCell<Option<servers::StatusReceiver>>),
}

impl World {
    pub(crate) fn new(seed: u64, limits: DispatchLimits) -> Rc<Self> {
        Self::new_traced(seed, limits, true)
    }

    /// Without a trace it is faster; what is found wrong is then told by running the seed again with one.
    pub(crate) fn new_traced(seed: u64, limits: DispatchLimits, traced: bool) -> Rc<Self> {
        let begun = Instant::now();
        let (sender, reports) = tokio::sync::mpsc::unbounded_channel();
        Rc::new(Self {
            seed,
            store: MemoryStore::new(begun, limits.clone(), StoreFaults::none(Rng::stream(seed, 999))),
            limits,
            bounds: Cell::default(),
            settle_max: Cell::new(None),
            begun,
            skew: Arc::default(),
            servers: RefCell::default(),
            lives: Cell::new(0),
            next_id: Cell::new(0),
            trace: RefCell::new(traced.then(Trace::default)),
            found: RefCell::default(),
            on_shift: RefCell::default(),
            acknowledged_opens: RefCell::default(),
            acknowledged_ends: RefCell::default(),
            deliveries: RefCell::new(Rng::stream(seed, 998)),
            commands: Cell::new(0),
            pushes: Cell::new(0),
            statuses: Arc::default(),
            reports: (sender, RefCell::new(Some(reports))),
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        BEGINNING + self.begun.elapsed()
    }

    /// Somebody sets the clock of the servers' machine.
    pub(crate) fn sets_the_clock(&self, seconds: i64) {
        self.skew.store(seconds * 1000, Ordering::Relaxed);
        self.note(|| format!("the machine's clock is wrong by {seconds} s"));
    }

    pub(crate) fn note(&self, line: impl FnOnce() -> String) {
        if let Some(trace) = &mut *self.trace.borrow_mut() {
            trace.note(format!("{:?} {}", self.now().since(BEGINNING), line()));
        }
    }

    /// What is seen so often that it is not worth telling.
    pub(crate) fn note_state(&self, line: std::fmt::Arguments<'_>) {
        if let Some(trace) = &mut *self.trace.borrow_mut() {
            trace.note_state(line);
        }
    }

    /// Everything that anyone saw, as one number; zero without a trace.
    pub(crate) fn hash(&self) -> u64 {
        self.trace.borrow().as_ref().map_or(0, Trace::hash)
    }

    pub(crate) fn finds(&self, what: String) {
        self.note(|| format!("FOUND {what}"));
        self.found.borrow_mut().push(what);
    }

    /// The first that was found wrong, here and in the store.
    pub(crate) fn first_wrong(&self) -> Option<String> {
        let stored = self.stored();
        let found = self.found.borrow();
        stored.found.iter().chain(stored.model.found()).chain(found.iter()).next().cloned()
    }

    /// What was broken: the words before the colon of everything found.
    pub(crate) fn laws_broken(&self) -> BTreeSet<String> {
        let stored = self.stored();
        let found = self.found.borrow();
        let all = stored.found.iter().chain(stored.model.found()).chain(found.iter());
        all.filter_map(|what| what.split_once(':')).map(|(law, _)| law.to_owned()).collect()
    }

    /// What was found wrong, with the last that happened; nothing if all is well.
    pub(crate) fn verdict(&self) -> Option<String> {
        let first = self.first_wrong()?;
        let account = self.trace.borrow().as_ref().map(Trace::tail).unwrap_or_default();
        Some(format!("{first}\nThe last that happened:\n{account}"))
    }

    pub(crate) fn stored(&self) -> std::cell::Ref<'_, StoredState> {
        self.store.0.borrow()
    }

    /// A number that nobody has had; in no order, as ids of several servers.
    pub(crate) fn fresh_id(&self) -> Uuid {
        let number = self.next_id.get() + 1;
        self.next_id.set(number);
        let mut rng = Rng::stream(self.seed, 1_000_000 + number);
        Uuid::from_u64_pair(rng.next(), number)
    }

    /// The server that is meant.
    pub(crate) fn registry(&self) -> Option<Addr<Registry>> {
        self.servers.borrow().values().next().map(|life| life.registry.clone())
    }

    /// The server that somebody's requests go to: their own half of two, and rarely one that refuses them.
    pub(crate) fn server_of(&self, person: PersonId) -> Option<Life> {
        let servers = self.servers.borrow();
        let own = usize::from(person.0.as_u128() % 2 == 1);
        let well = |site: &Site| servers.get(site).filter(|life| life.is_well());
        well(&own).or_else(|| well(&(1 - own))).or_else(|| servers.values().next()).cloned()
    }

    /// Asks the server that is meant.
    pub(crate) async fn asks(&self, command: Command) -> Result<Answer, Rejected> {
        let meant = self.servers.borrow().values().next().cloned();
        self.asks_at(meant, command).await
    }

    /// Asks the server that somebody's requests go to.
    pub(crate) async fn asks_by(
        &self,
        person: impl Into<PersonId>,
        command: Command,
    ) -> Result<Answer, Rejected> {
        let meant = self.server_of(person.into());
        self.asks_at(meant, command).await
    }

    /// Asks, and holds the answer against what is kept at that moment (L-5).
    async fn asks_at(&self, server: Option<Life>, command: Command) -> Result<Answer, Rejected> {
        let Some(server) = server else { return Err(Rejected::Unsettled) };
        self.commands.set(self.commands.get() + 1);
        let was_open = match &command {
            Command::End { conversation, .. } => self.stored().folded.conversation(*conversation).is_some(),
            _ => false,
        };
        let asked = server.registry.send(Ask(command.clone()));
        let answer = match self.settle_max.get() {
            // As the server's edge has it: what was asked may still happen.
            Some(limit) => tokio::time::timeout(limit, asked).await.unwrap_or(Ok(Err(Rejected::Unsettled))),
            None => asked.await,
        };
        let answer = answer.unwrap_or(Err(Rejected::Unsettled));
        self.note(|| format!("{command:?} -> {answer:?}"));
        if let Some(early) = self.told_too_early(&server, &command, &answer) {
            self.finds(format!("L-5: {early}: {command:?} -> {answer:?}"));
        }
        if let (true, Command::End { conversation, .. }) = (was_open, &command)
            && matches!(answer, Err(Rejected::Refused(Refusal::UnknownConversation)))
            && !self.stored().has_ended(*conversation)
        {
            self.finds(format!("yesterday: {conversation} is open, and was when it was asked about"));
        }
        match (&command, &answer) {
            (_, Ok(Answer::Opened { facts, .. })) => {
                self.acknowledged_opens.borrow_mut().insert(facts.id);
            }
            (Command::End { conversation, .. }, Ok(_)) => {
                self.acknowledged_ends.borrow_mut().insert(*conversation);
            }
            _ => {}
        }
        self.check_server(&server).await;
        answer
    }
}

/// Short words for tests.
pub(crate) fn ends(conversation: ConversationId, reason: EndReason) -> Command {
    Command::End { conversation, reason }
}
