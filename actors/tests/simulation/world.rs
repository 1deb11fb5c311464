//! The world around one institution: its clock, its ledger, the server that lives and dies, and the checks that need
//! both sides: what was told, and what was kept when it was told.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    future::Future,
    rc::Rc,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use actix::{Actor, Addr};
use hotline_actors::{
    ConversationId, CounselorId, Dispatch, PersonId, Registry, Timestamp, WriterId,
    dispatch::{
        command::{Answer, Command, Refusal},
        conversation::{Conversation, EndReason, Phase},
        limits::Limits,
    },
    registry::{Ask, Bounds, Fate, Heard, LookFloor, LookHealth, Rejected, Setup, Tell},
};
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    chance::{Chance, Trace},
    ledger::{Book, Ledger, Weather},
};

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

/// What the dead say when they look at their clock. Not a panic anybody should read about.
struct Dead;

struct Life {
    alive: Arc<AtomicBool>,
    registry: Addr<Registry>,
    /// When it could serve again.
    since: Timestamp,
}

pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) limits: Limits,
    pub(crate) bounds: Bounds,
    pub(crate) ledger: Ledger,
    begun: Instant,
    life: RefCell<Option<Life>>,
    pub(crate) lives: Cell<u32>,
    next_id: Cell<u64>,
    trace: RefCell<Trace>,
    found: RefCell<Vec<String>>,
    pub(crate) on_shift: RefCell<BTreeSet<CounselorId>>,
    acknowledged_opens: RefCell<BTreeSet<ConversationId>>,
    acknowledged_ends: RefCell<BTreeSet<ConversationId>>,
    last_words: RefCell<BTreeMap<ConversationId, Timestamp>>,
    pub(crate) commands: Cell<u64>,
    pub(crate) pushes: Cell<u64>,
    pub(crate) fates: Arc<Mutex<Vec<Fate>>>,
}

impl World {
    pub(crate) fn new(seed: u64, limits: Limits) -> Rc<Self> {
        let weather = Weather { chance: Chance::stream(seed, 999), reach: 0..=8, answer: 0..=8, gone: false };
        Rc::new(Self {
            seed,
            ledger: Ledger::new(limits.clone(), weather),
            limits,
            bounds: Bounds::default(),
            begun: Instant::now(),
            life: RefCell::new(None),
            lives: Cell::new(0),
            next_id: Cell::new(0),
            trace: RefCell::default(),
            found: RefCell::default(),
            on_shift: RefCell::default(),
            acknowledged_opens: RefCell::default(),
            acknowledged_ends: RefCell::default(),
            last_words: RefCell::default(),
            commands: Cell::new(0),
            pushes: Cell::new(0),
            fates: Arc::default(),
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        BEGINNING + self.begun.elapsed()
    }

    pub(crate) fn note(&self, line: impl FnOnce() -> String) {
        self.trace.borrow_mut().note(format!("{:?} {}", self.now().since(BEGINNING), line()));
    }

    pub(crate) fn hash(&self) -> u64 {
        self.trace.borrow().hash()
    }

    pub(crate) fn finds(&self, what: String) {
        self.note(|| format!("FOUND {what}"));
        self.found.borrow_mut().push(what);
    }

    /// Everything found wrong, here and in the ledger, with the last that happened; nothing if all is well.
    pub(crate) fn verdict(&self) -> Option<String> {
        let book = self.book();
        let found = self.found.borrow();
        let all: Vec<&String> = found.iter().chain(&book.found).chain(book.witness.found()).collect();
        let first = all.first()?;
        Some(format!("{first} ({} in all)\n{}", all.len(), self.trace.borrow().tail()))
    }

    pub(crate) fn book(&self) -> std::cell::Ref<'_, Book> {
        self.ledger.0.borrow()
    }

    pub(crate) fn registry(&self) -> Option<Addr<Registry>> {
        self.life.borrow().as_ref().map(|life| life.registry.clone())
    }

    /// A number that nobody has had; in no order, as ids of several servers.
    pub(crate) fn fresh_id(&self) -> Uuid {
        let number = self.next_id.get() + 1;
        self.next_id.set(number);
        let mut chance = Chance::stream(self.seed, 1_000_000 + number);
        Uuid::from_u64_pair(chance.next(), number)
    }

    /// The server starts, revives what is kept, and is told who is on shift.
    pub(crate) async fn start(self: &Rc<Self>) {
        let alive = Arc::new(AtomicBool::new(true));
        let (begun, heartbeat) = (self.begun, Arc::clone(&alive));
        let writers = Arc::new(AtomicU64::new(0));
        let life_number = u64::from(self.lives.get()) + 1;
        let fates = Arc::clone(&self.fates);
        let setup = Setup {
            institution: "sim".to_owned(),
            limits: self.limits.clone(),
            bounds: self.bounds,
            clock: Arc::new(move || {
                if !heartbeat.load(Ordering::Relaxed) {
                    std::panic::resume_unwind(Box::new(Dead));
                }
                BEGINNING + begun.elapsed()
            }),
            writer: Arc::new(move || {
                let number = writers.fetch_add(1, Ordering::Relaxed);
                WriterId(Uuid::from_u64_pair(life_number, number))
            }),
            fate: Arc::new(move |fate| fates.lock().expect("nobody dies holding it").push(fate)),
        };
        let registry = Registry::new(setup, Rc::new(self.ledger.clone())).start();
        registry.do_send(Tell(Command::Shift { on: self.on_shift.borrow().clone() }));
        self.lives.set(self.lives.get() + 1);
        self.note(|| format!("the server starts for the {life_number}. time"));
        *self.life.borrow_mut() = Some(Life { alive, registry: registry.clone(), since: self.now() });
        // Answered as soon as it serves.
        if registry.send(LookHealth).await.is_err() {
            self.finds("a Registry died while it started".to_owned());
        }
        if let Some(life) = self.life.borrow_mut().as_mut() {
            life.since = self.now();
        }
        self.check_revival();
    }

    /// The process is killed: whoever belongs to it is gone as soon as he looks at the clock.
    pub(crate) async fn kill(&self) {
        let Some(life) = self.life.borrow_mut().take() else { return };
        life.alive.store(false, Ordering::Relaxed);
        self.note(|| "the server is killed".to_owned());
        life.registry.do_send(Tell(Command::Wake));
        let gone = async {
            while life.registry.connected() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        if tokio::time::timeout(Duration::from_secs(10), gone).await.is_err() {
            self.finds("a server cannot be killed".to_owned());
        }
    }

    /// The server has stopped in order: nobody waits for it any more.
    pub(crate) fn closes(&self) {
        *self.life.borrow_mut() = None;
    }

    /// L-10: what is kept keeps the laws and holds every acknowledged event.
    fn check_revival(&self) {
        let book = self.book();
        let revived = Dispatch::revive(self.limits.clone(), &book.snapshot(), self.now());
        let mut found: Vec<String> =
            revived.broken_laws().iter().map(|law| format!("L-10: {} after a restart", law.name())).collect();
        for open in self.acknowledged_opens.borrow().iter() {
            if book.facts(*open).is_none() {
                found.push(format!("L-10: {open} was acknowledged and is lost"));
            }
        }
        for ended in self.acknowledged_ends.borrow().iter() {
            if !book.has_ended(*ended) || revived.conversation(*ended).is_some() {
                found.push(format!("L-10: the end of {ended} was acknowledged and is lost"));
            }
        }
        drop(book);
        for what in found {
            self.finds(what);
        }
    }

    /// Asks, and holds the answer against what is kept at that moment (L-5).
    pub(crate) async fn asks(&self, command: Command) -> Result<Answer, Rejected> {
        let Some(registry) = self.registry() else { return Err(Rejected::Unsettled) };
        self.commands.set(self.commands.get() + 1);
        let answer = registry.send(Ask(command.clone())).await.unwrap_or(Err(Rejected::Unsettled));
        self.note(|| format!("{command:?} -> {answer:?}"));
        if let Some(early) = self.told_too_early(&command, &answer) {
            self.finds(format!("L-5: {early}: {command:?} -> {answer:?}"));
        }
        match (&command, &answer) {
            (_, Ok(Answer::Opened { conversation, .. })) => {
                self.acknowledged_opens.borrow_mut().insert(*conversation);
            }
            (Command::End { conversation, .. }, Ok(_)) => {
                self.acknowledged_ends.borrow_mut().insert(*conversation);
            }
            _ => {}
        }
        answer
    }

    fn told_too_early(&self, command: &Command, answer: &Result<Answer, Rejected>) -> Option<&'static str> {
        let book = self.book();
        let kept = |id: &ConversationId| book.facts(*id);
        match (command, answer) {
            (_, Ok(Answer::Opened { conversation, counselor, .. })) => {
                match (kept(conversation), counselor) {
                    (None, _) => Some("opened, and not kept"),
                    (Some(facts), Some(counselor)) if facts.counselor() != Some(*counselor) => {
                        Some("seated, and not kept")
                    }
                    (Some(_), _) => None,
                }
            }
            (_, Err(Rejected::Refused(Refusal::AlreadyConsulting { conversation, .. }))) => {
                kept(conversation).is_none().then_some("refused for one that is not kept")
            }
            (Command::End { conversation, .. }, Ok(_)) => {
                (!book.has_ended(*conversation)).then_some("ended, and not kept")
            }
            (Command::End { conversation, .. }, Err(Rejected::Refused(Refusal::UnknownConversation))) => {
                (kept(conversation).is_some() && !book.has_ended(*conversation))
                    .then_some("refused for an end that is not kept")
            }
            _ => None,
        }
    }

    /// A word: it is stored, and the Registry hears that it came.
    pub(crate) fn says(&self, conversation: &Conversation, by_counselor: bool) {
        let Some(registry) = self.registry() else { return };
        let Some(counselor) = conversation.counselor().map(PersonId::from) else { return };
        let visitor = PersonId::from(conversation.visitor);
        let (from, to) = if by_counselor { (counselor, visitor) } else { (visitor, counselor) };
        if by_counselor {
            self.ledger.0.borrow_mut().answered.insert(conversation.id);
        }
        self.last_words.borrow_mut().insert(conversation.id, self.now());
        registry.do_send(Heard { from, to, conversation: Some(conversation.id), at: self.now() });
    }

    /// Laws, as the Registry counts them on what it has decided, and limits in time on what is kept.
    pub(crate) async fn check(&self) {
        let Some(registry) = self.registry() else { return };
        // Both looks before the floor can change: what is compared must be of one moment.
        let looks = futures_util::future::join(registry.send(LookFloor), registry.send(LookHealth));
        let (Ok(floor), Ok(health)) = looks.await else { return };
        for (law, broken) in health.breaches.iter().filter(|(_, broken)| *broken > 0) {
            self.finds(format!("{} was broken {broken} times", law.name()));
        }
        let book = self.book();
        if health.committed > book.rows.len() as u64 {
            let kept = book.rows.len();
            drop(book);
            return self.finds(format!("L-5: {} is said to be kept, and {kept} is", health.committed));
        }
        if health.committed == book.rows.len() as u64 {
            let waiting: BTreeSet<_> = floor.waiting.iter().map(|facts| facts.id).collect();
            let kept: BTreeSet<_> = book
                .folded
                .conversations()
                .filter(|facts| facts.phase == Phase::Waiting)
                .map(|facts| facts.id)
                .collect();
            if waiting != kept {
                drop(book);
                return self.finds(format!("who waits: {waiting:?} is shown, {kept:?} is kept"));
            }
        }
        drop(book);
        self.check_times();
    }

    /// Deadlines fire within seconds, a restart allowed for.
    fn check_times(&self) {
        let Some(since) = self.life.borrow().as_ref().map(|life| life.since) else { return };
        let (now, slack) = (self.now(), Duration::from_secs(5));
        let mut late = Vec::new();
        for facts in self.book().folded.conversations() {
            let due = match facts.phase {
                Phase::Waiting => (facts.opened_at + self.limits.waiting_max)
                    .max(since + self.limits.waiting_after_return()),
                Phase::InProgress { since: started, .. } => {
                    let word = self.last_words.borrow().get(&facts.id).copied().unwrap_or(started);
                    let quiet = word.max(started).max(since);
                    let silence = quiet + self.limits.silence_notice + self.limits.silence_end;
                    silence.min((started + self.limits.text_max).max(since))
                }
                Phase::Ended { .. } => continue,
            };
            if due + slack < now {
                late.push(format!("was due at {:?} and goes on: {facts:?}", due.since(BEGINNING)));
            }
        }
        for what in late {
            self.finds(what);
        }
    }
}

/// Short words for tests.
pub(crate) fn ends(conversation: ConversationId, reason: EndReason) -> Command {
    Command::End { conversation, reason }
}
