//! The institutions this server owns, and the way to their Registries. Nothing outside `actors/` holds the address of
//! any other actor.

mod doors;
mod handover;
mod onlookers;
mod outlook;
mod owned;
mod registries;
mod shifts;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, AtomicUsize},
    },
    time::Duration,
};

use actix::{Addr, Arbiter, ArbiterHandle, Recipient};
use dashmap::{DashMap, DashSet};
use doors::Door;
pub use doors::{Entry, Visit};
use futures_util::stream::{FuturesUnordered, StreamExt};
use handover::BeforeHandOver;
pub use handover::HandOver;
use hotline_actors::{
    CounselorId, LogIn, PersonId, Registry, Timestamp,
    dispatch::{
        command::{Answer, Command, Place, Refusal},
        conversation::CallSignal,
        counselor::{ChosenStatus, Role},
    },
    push::{Closing, Push, SocketId},
    registry::{
        ActivityInbox, Ask, Called, Choose, EndLogIns, EndOwn, Health, Join, Leave, LogIns, LoggedIn,
        LookHealth, LookPlace, LookQueues, MessageSeen, Progress, QueueOverview, Rejected, ShutDown,
        SocketRole, Tell,
    },
};
use outlook::Lengths;
use sqlx::{PgPool, postgres::PgConnectOptions};
use tokio::sync::{Notify, broadcast, mpsc, oneshot, watch};

use crate::{
    clock,
    cluster::{Cluster, Reach},
    config::Settings,
    database,
    messages::{self, outgoing::Delivery},
    people::People,
    store::{CommitLimits, Journals, Ownership},
};

/// A Registry that does not say how it is within this is not well.
const LOOK_MAX: Duration = Duration::from_secs(2);

/// What this server is among several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It serves institutions, or is alone.
    Serves,
    /// Another serves, and it would take over.
    StandsBy,
    /// It cannot reach the database, and another may have taken over.
    HasNoLease,
    /// It has lost the bus while others have it, and has let go what it served.
    HasNoBus,
}

/// Why the process cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FatalError {
    /// Every institution has another owner now.
    FencedOut,
    /// A Registry died, or its store refuses what was decided: only a fresh start helps.
    Broken,
    /// What runs beside the Registries died.
    Died(&'static str),
}

/// The directory: institution to Registry. Cheap to clone.
#[derive(Clone)]
pub struct Institutions(Arc<Inner>);

struct Inner {
    settings: Arc<Settings>,
    pool: PgPool,
    journals: Journals,
    registries: DashMap<String, RegistryHandle>,
    /// Among several servers, only what this one owns is served.
    cluster: Option<Cluster>,
    /// Registries begun so far.
    lives: AtomicU64,
    /// One has ended because another server claimed its journal.
    lost: Notify,
    /// One has claimed its journal and serves.
    revived: Notify,
    /// What dispatch must know is read at once.
    refresh_soon: Notify,
    /// Counts whatever may let somebody in who was held, or send them elsewhere.
    doors: watch::Sender<u64>,
    before_hand_over: OnceLock<BeforeHandOver>,
    fenced: AtomicUsize,
    arbiters: Vec<ArbiterHandle>,
    next_arbiter: AtomicUsize,
    /// Held from reading the shifts until it is told, so that nothing older is told after something newer.
    refreshing: tokio::sync::Mutex<Lengths>,
    fatal_errors: mpsc::Sender<FatalError>,
    recovered: Arc<Notify>,
    committed: broadcast::Sender<Arc<str>>,
    /// Institutions that have committed something, or lost a talk, since the last refresh.
    changed: Arc<DashSet<Arc<str>>>,
}

/// Commits that a slow listener may be behind before it has to look at everything.
const FEED_MAX: usize = 1024;

/// The way to one Registry.
#[derive(Clone)]
struct RegistryHandle {
    registry: Addr<Registry>,
    activity: ActivityInbox,
    /// Tells it from one that served the institution here before.
    life: u64,
    ownership: Option<Ownership>,
    door: Arc<Door>,
}

impl fmt::Debug for Institutions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Institutions").field("registries", &self.0.registries.len()).finish_non_exhaustive()
    }
}

impl Institutions {
    /// Starts a Registry for every institution in the database, or, among several servers, for those that this one owns. What
    /// makes going on impossible comes out of the receiver.
    ///
    /// # Errors
    /// When the institutions cannot be read.
    pub async fn start(
        settings: Arc<Settings>,
        pool: PgPool,
        options: PgConnectOptions,
        people: People,
        cluster: Option<Cluster>,
    ) -> Result<(Self, mpsc::Receiver<FatalError>), sqlx::Error> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let (fatal_errors, first_fatal_error) = mpsc::channel(1);
        let ((committed, _), changed) = (broadcast::channel(FEED_MAX), Arc::<DashSet<Arc<str>>>::default());
        let limits = CommitLimits::new(Duration::from_secs(settings.database.statement_seconds_max));
        let (read, newest) = database::journals(&settings.database, &options);
        let (journals, tasks) =
            Journals::new(&options, (read, newest), &settings.im.administrator, limits, people);
        let arbiters: Vec<ArbiterHandle> = (0..cores).map(|_| Arbiter::new().handle()).collect();
        for (task, arbiter) in tasks.into_iter().zip(arbiters.iter().cycle()) {
            // On the Registries' threads: where there is one institution, its writer is not woken across threads.
            let watched =
                onlookers::watched("what stores and reads the journals", task, fatal_errors.clone());
            arbiter.spawn(watched);
        }
        let institutions = Self(Arc::new(Inner {
            settings,
            pool,
            journals,
            registries: DashMap::new(),
            cluster,
            lives: AtomicU64::new(0),
            lost: Notify::new(),
            revived: Notify::new(),
            refresh_soon: Notify::new(),
            doors: watch::Sender::default(),
            before_hand_over: OnceLock::new(),
            fenced: AtomicUsize::new(0),
            arbiters,
            next_arbiter: AtomicUsize::new(0),
            refreshing: tokio::sync::Mutex::new(Lengths::new(Arc::clone(&changed))),
            fatal_errors,
            recovered: Arc::default(),
            committed,
            changed,
        }));
        // Before any of them begins: time has one pace for all.
        if let Some(newest) = newest_event(&institutions.0.pool).await? {
            clock::not_before(newest);
        }
        owned::serve_what_is_owned(&institutions);
        institutions.refresh().await?;
        Ok((institutions, first_fatal_error))
    }

    /// Keeps shifts, bindings and the list of institutions as the database has them; runs until the process ends.
    pub async fn refresh_loop(self) {
        shifts::refresh_loop(self).await;
    }

    /// Among several servers: begins to serve what this one has come to own, and ends what it owns no more; runs until the process
    /// ends. `forget` drops what is kept in memory of the database: whoever served until now has changed it.
    pub async fn follow_owners(self, forget: impl Fn() + Send + 'static) {
        owned::follow(self, forget).await;
    }

    /// The institutions that are served here.
    pub fn served(&self) -> Vec<String> {
        self.0.registries.iter().map(|entry| entry.key().clone()).collect()
    }

    /// This server among several, if there are any.
    pub fn cluster(&self) -> Option<&Cluster> {
        self.0.cluster.as_ref()
    }

    /// In which life the institution is served here; another after it was lost and has come back.
    pub fn life(&self, institution: &str) -> Option<u64> {
        self.0.registries.get(institution).map(|handle| handle.life)
    }

    /// Whether what is said here now is told by whoever serves the institution.
    pub fn tells(&self, institution: &str) -> bool {
        self.0.cluster.as_ref().is_none_or(|cluster| cluster.holds_lease() && self.serves(institution))
    }

    /// Whether there is such an institution.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn exists(&self, institution: &str) -> Result<bool, sqlx::Error> {
        let found = sqlx::query_scalar!("select code from institutions where code = $1", institution);
        Ok(found.fetch_optional(&self.0.pool).await?.is_some())
    }

    /// Whether this server serves the institution.
    pub fn serves(&self, institution: &str) -> bool {
        self.0.registries.contains_key(institution)
    }

    /// Whether this server may answer. Among several, only one that serves institutions does, and only while nobody can have
    /// taken them over. One without a lease waits for it, at most `wait_max`.
    pub async fn standing(&self, wait_max: Duration) -> Standing {
        let Some(cluster) = &self.0.cluster else { return Standing::Serves };
        if !cluster.is_renewed(wait_max).await {
            return Standing::HasNoLease;
        }
        let reach = cluster.owned().borrow().reach;
        match reach {
            Reach::Lost => Standing::HasNoBus,
            Reach::Own | Reach::Some if self.0.registries.is_empty() => Standing::StandsBy,
            // With all in reach, it takes requests for whatever others own.
            Reach::Own | Reach::Some | Reach::All => Standing::Serves,
        }
    }

    /// Reads who is on shift now, who is bound to whom, and institutions that are new.
    ///
    /// # Errors
    /// When the database cannot be read; the state stays as it was.
    pub async fn refresh(&self) -> Result<(), sqlx::Error> {
        shifts::refresh(self).await
    }

    fn registry(&self, institution: &str) -> Option<Addr<Registry>> {
        self.0.registries.get(institution).map(|handle| handle.registry.clone())
    }

    /// What is said where the institution has no Registry here.
    fn not_here(&self) -> Rejected {
        if self.0.cluster.is_some() { Rejected::Switching } else { Rejected::Stopping }
    }

    /// Asks for a decision; answered when it is kept.
    ///
    /// # Errors
    /// Dispatch's no, or why there is no answer; see [`Rejected`].
    pub async fn ask(&self, institution: &str, command: Command) -> Result<Answer, Rejected> {
        let registry = self.registry(institution).ok_or_else(|| self.not_here())?;
        let limit = Duration::from_secs(self.0.settings.journal.settle_seconds_max);
        match tokio::time::timeout(limit, registry.send(Ask(command))).await {
            Ok(Ok(answer)) => answer,
            // Its mailbox is gone, or it is behind: what was asked may still happen.
            Ok(Err(_)) | Err(_) => Err(Rejected::Unsettled),
        }
    }

    /// Ends a conversation for one of the two in it; `None` if it is not open, or they are not.
    ///
    /// # Errors
    /// As [`Institutions::ask`].
    pub async fn end_own(
        &self,
        institution: &str,
        conversation: hotline_actors::ConversationId,
        person: PersonId,
    ) -> Option<Result<Answer, Rejected>> {
        let registry = self.registry(institution)?;
        let limit = Duration::from_secs(self.0.settings.journal.settle_seconds_max);
        match tokio::time::timeout(limit, registry.send(EndOwn { conversation, person })).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Some(Err(Rejected::Unsettled)),
        }
    }

    /// Sets how many conversations somebody has at once. Raising it seats who waits.
    ///
    /// # Errors
    /// As [`Institutions::ask`].
    pub async fn set_capacity(
        &self,
        institution: &str,
        person: PersonId,
        role: Role,
        capacity: u32,
    ) -> Result<(), Rejected> {
        let counselor = CounselorId::from(person);
        let set = Command::SetCapacity { counselor, capacity };
        let outcome = match self.ask(institution, set.clone()).await {
            // Made by the command line while the server runs, and not heard of since.
            Err(Rejected::Refused(Refusal::UnknownCounselor)) => {
                self.admit(institution, counselor, role, capacity).await?;
                self.ask(institution, set).await
            }
            outcome => outcome,
        };
        outcome.map(drop)
    }

    /// Makes somebody with places known to dispatch, who is in the database already.
    ///
    /// # Errors
    /// As [`Institutions::ask`].
    pub async fn admit(
        &self,
        institution: &str,
        counselor: CounselorId,
        role: Role,
        capacity: u32,
    ) -> Result<(), Rejected> {
        self.ask(institution, Command::AddStaff { counselor, role, capacity }).await.map(|_| ())
    }

    /// A person's message has come, or is stored.
    pub fn notify_activity(&self, said: messages::PersonActivity) {
        let messages::PersonActivity { institution, from, to, conversation, at, spoken, call, progress } =
            said;
        let Some(RegistryHandle { registry, activity, .. }) =
            self.0.registries.get(&institution).map(|handle| handle.clone())
        else {
            return;
        };
        // Tencent tells whole seconds: it was said before the next.
        let before = at + Duration::from_secs(1);
        // Both are bounded by the callbacks under way, and those by the buffer of messages.
        // Once more when it is stored: whoever was not known before is known now. The second time changes nothing.
        let is_news = matches!(progress, Progress::Coming | Progress::Stored);
        if let Some(signal) = call.filter(|_| is_news) {
            let at = match signal {
                CallSignal::Answered => at,
                CallSignal::Ended => before,
            };
            registry.do_send(Called { from, to, conversation, at, signal });
        }
        if spoken {
            // For silence the latest moment counts at which it may have been said, and for the order of the messages the one
            // that stands in the record.
            let at = if progress == Progress::Coming { before } else { at };
            activity.send(&registry, MessageSeen { from, to, conversation, at, progress });
        }
    }

    /// Takes what is stored to the sockets it concerns.
    pub fn deliver(&self, delivery: Delivery) {
        let Delivery { institution, message } = delivery;
        if let Some(registry) = self.registry(&institution) {
            // Bounded by the buffer of messages.
            registry.do_send(message);
        }
    }

    /// A person's IM log-in has begun, or has ended on every device.
    pub fn logged_in(
        &self,
        institution: &str,
        person: PersonId,
        is_visitor: bool,
        at: Timestamp,
        here: bool,
    ) {
        if let Some(registry) = self.registry(institution) {
            // Bounded by the background tasks under way.
            registry.do_send(LoggedIn { person, is_visitor, at, here });
        }
    }

    /// A talk that was over is there no more, so estimates rest on others from the next refresh on. Nothing was committed for it.
    pub fn talk_deleted(&self, institution: &str) {
        self.0.changed.insert(institution.into());
    }

    /// Which institutions commit something, from now on.
    pub fn commit_feed(&self) -> broadcast::Receiver<Arc<str>> {
        self.0.committed.subscribe()
    }

    /// Wakes whoever waits for it whenever a journal is kept again after an outage.
    pub fn recovered(&self) -> Arc<Notify> {
        Arc::clone(&self.0.recovered)
    }

    /// Adds a socket of a person.
    ///
    /// # Errors
    /// When the institution is not served here (any more).
    pub async fn join(
        &self,
        institution: &str,
        person: PersonId,
        socket_role: SocketRole,
        login: LogIn,
        socket: Recipient<Push>,
        since: Option<u64>,
    ) -> Result<SocketId, Rejected> {
        let registry = self.registry(institution).ok_or_else(|| self.not_here())?;
        let limit = Duration::from_secs(self.0.settings.journal.settle_seconds_max);
        let caller = Arc::new(());
        let join = Join { person, socket_role, login, socket, since, caller: Some(Arc::downgrade(&caller)) };
        let (to, joined) = oneshot::channel();
        // Beside whoever asks: if they are gone before they hear of it, the socket leaves, or its person would be here without.
        tokio::spawn(async move {
            let joined = registry.send(join).await.unwrap_or(Err(Rejected::Unsettled));
            if let Err(Ok(socket)) = to.send(joined) {
                registry.do_send(Leave(socket));
            }
        });
        let joined = tokio::time::timeout(limit, joined).await;
        drop(caller);
        match joined {
            Ok(Ok(joined)) => joined,
            Ok(Err(_)) | Err(_) => Err(Rejected::Unsettled),
        }
    }

    /// Takes a socket away.
    pub fn leave(&self, institution: &str, socket: SocketId) {
        if let Some(registry) = self.registry(institution) {
            registry.do_send(Leave(socket));
        }
    }

    /// Somebody chose their presence at one of their sockets; all of them are told once it is kept.
    pub fn choose(&self, institution: &str, counselor: CounselorId, choice: ChosenStatus) {
        if let Some(registry) = self.registry(institution) {
            registry.do_send(Choose { counselor, choice });
        }
    }

    /// Log-ins of a person have ended: their sockets hear nothing more, and who has no other is offline at once.
    pub fn end_log_ins(&self, institution: &str, person: PersonId, which: LogIns, closing: Closing) {
        if let Some(registry) = self.registry(institution) {
            registry.do_send(EndLogIns { person, which, closing });
        }
    }

    /// A waiting conversation's place, as it is kept.
    pub async fn place(
        &self,
        institution: &str,
        conversation: hotline_actors::ConversationId,
    ) -> Option<Place> {
        let registry = self.registry(institution)?;
        tokio::time::timeout(LOOK_MAX, registry.send(LookPlace(conversation))).await.ok()?.ok()?
    }

    /// Who is there and who waits; none if the Registry does not say, or does not know whether it still serves them.
    pub async fn overview(&self, institution: &str) -> Option<QueueOverview> {
        let registry = self.registry(institution)?;
        tokio::time::timeout(LOOK_MAX, registry.send(LookQueues)).await.ok()?.ok()?.ok()
    }

    /// How every Registry is; none where it does not say in time. All are asked at once.
    pub async fn health(&self) -> BTreeMap<String, Option<Health>> {
        let registries: Vec<(String, Addr<Registry>)> =
            self.0.registries.iter().map(|entry| (entry.key().clone(), entry.registry.clone())).collect();
        let asked = registries.into_iter().map(async |(code, registry)| {
            let said = tokio::time::timeout(LOOK_MAX, registry.send(LookHealth)).await;
            (code, said.ok().and_then(Result::ok))
        });
        futures_util::future::join_all(asked).await.into_iter().collect()
    }

    /// Whether no journal takes what it is given, though there are some. One that is in trouble alone is a figure of
    /// operation: the others' visitors need this server.
    pub async fn behind(&self) -> bool {
        let registries = self.0.registries.iter().map(|entry| entry.registry.clone()).collect();
        any_says(registries, LOOK_MAX, |health| health.serving && !health.troubled).await == Some(false)
    }

    /// Finishes the journals and closes the sockets with 1001.
    pub async fn shut_down(&self) {
        let registries: Vec<Addr<Registry>> =
            self.0.registries.iter().map(|entry| entry.registry.clone()).collect();
        let stops = registries.into_iter().map(|registry| registry.send(ShutDown));
        // One that is gone already has nothing left to finish.
        futures_util::future::join_all(stops).await;
    }

    fn tell(&self, institution: &str, command: Command) {
        if let Some(registry) = self.registry(institution) {
            registry.do_send(Tell(command));
        }
    }
}

/// Whether one of these Registries says in time what `is_so` looks for; none if there are none of them. All are asked at once, and the
/// first that does decides.
async fn any_says(
    registries: Vec<Addr<Registry>>,
    wait_max: Duration,
    is_so: impl Fn(&Health) -> bool,
) -> Option<bool> {
    let mut asked: FuturesUnordered<_> = registries
        .into_iter()
        .map(async |registry| tokio::time::timeout(wait_max, registry.send(LookHealth)).await)
        .collect();
    let mut are_some = false;
    while let Some(said) = asked.next().await {
        if said.is_ok_and(|said| said.is_ok_and(|health| is_so(&health))) {
            return Some(true);
        }
        are_some = true;
    }
    are_some.then_some(false)
}

/// When the newest event happened.
async fn newest_event(pool: &PgPool) -> Result<Option<Timestamp>, sqlx::Error> {
    let newest = sqlx::query_scalar!(
        "select max(newest.at)
         from institutions i
             cross join lateral (
                 select at from events where institution = i.code order by seq desc limit 1
             ) newest"
    )
    .fetch_one(pool)
    .await?;
    Ok(newest.map(Timestamp))
}
