//! The server put together: what handlers share, how it starts, and how it stops.

mod background;
mod servers;

use std::{
    future::Future,
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use actix_web::dev::Server;
use sqlx::PgPool;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    time::{Instant, timeout_at},
};

use background::Background;
use servers::{BusNews, Joined, JoinedBus};

use crate::{
    accounts::Accounts,
    auth::{Sessions, limits::LoginLimits, password::HashFault, password::Passwords},
    clock,
    cluster::{self, Cluster, JoinFault, LeaseEnd},
    config::{ConfigError, Settings},
    database::{self, DatabaseFault, TooFewConnections},
    demo,
    errors::describe,
    export::Exports,
    http::{self, forward::Forwarding, sockets::OpenSockets, state::AppState, traffic::Traffic},
    im::{Im, embedded::Embedded},
    images::Uploads,
    institutions::{FatalError, Institutions},
    messages::{ActivityObserver, MessageLimits, MessageStore, WRITER_CONNECTIONS},
    metrics::Metrics,
    outbound,
    people::People,
    secrets::Sealer,
    store::COMMIT_CONNECTIONS,
    wechat::Wechat,
};

/// All other servers have looked who owns what after this, also those that were not told.
const KNOWN_AFTER: Duration = Duration::from_millis(700);
/// After the last answer: for it to reach the wire.
const FLUSH_MAX: Duration = Duration::from_secs(1);

/// Before an institution is handed over: for what its sockets have received to be carried out.
const HAND_OVER_READ_MAX: Duration = Duration::from_millis(800);

/// Why the server does not start, or stopped. Each reads as one sentence.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("the database cannot be reached: {0}")]
    Database(String),
    #[error("the database could not be brought up to date: {0}")]
    Migration(String),
    #[error("{0}")]
    Connections(TooFewConnections),
    #[error(
        "this database is served by several servers ({0}): this one needs a name among them, in cluster.name"
    )]
    Clustered(String),
    #[error("it cannot join the other servers: {0}")]
    NotJoined(String),
    #[error("{0} is taken: another program listens there already")]
    AddressTaken(SocketAddr),
    #[error("it cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    #[error("a file cannot be written: {0}")]
    File(io::Error),
    #[error("the signals of the system cannot be heard: {0}")]
    Signals(io::Error),
    #[error(transparent)]
    Hash(#[from] HashFault),
    #[error("the figures of operation cannot be counted: {0}")]
    Metrics(#[from] prometheus::Error),
    #[error(transparent)]
    Outbound(#[from] outbound::ClientFault),
    #[error("the server ended by itself")]
    Ended,
    #[error("{0} has died; a fresh start goes on from what is kept")]
    Died(&'static str),
    #[error("another server has taken over every institution")]
    FencedOut,
    #[error("the stop took longer than server.shutdown_seconds_max; what was not acknowledged may be lost")]
    StopTooSlow,
}

impl From<sqlx::Error> for StartError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(describe(&error))
    }
}

impl From<JoinFault> for StartError {
    fn from(fault: JoinFault) -> Self {
        match fault {
            JoinFault::NoBeat(cause) => Self::Database(cause),
            fault @ (JoinFault::Thread(_) | JoinFault::NeedsBus(_)) => Self::NotJoined(fault.to_string()),
        }
    }
}

impl From<DatabaseFault> for StartError {
    fn from(fault: DatabaseFault) -> Self {
        match fault {
            DatabaseFault::Config(error) => Self::Config(error),
            DatabaseFault::Unreachable(cause) => Self::Database(cause),
            DatabaseFault::Migrate(error) => Self::Migration(error.to_string()),
        }
    }
}

/// A server that listens but does not yet answer.
pub struct Application {
    server: Server,
    address: SocketAddr,
    state: AppState,
    fatal_errors: mpsc::Receiver<FatalError>,
    /// Ready when the lease among several servers is renewed no more.
    lease_end: Option<LeaseEnd>,
    /// What comes over the bus, if there is one.
    news: Option<BusNews>,
}

impl std::fmt::Debug for Application {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Application").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Application {
    /// Connects, migrates, revives what was and listens. Call within an actix `System`.
    ///
    /// # Errors
    /// Says in one sentence what is missing.
    pub async fn build(mut settings: Settings) -> Result<Self, StartError> {
        if settings.database.migrate_on_start {
            for unproven in database::migrate(&settings.database).await? {
                tracing::warn!("{unproven}");
            }
        }
        let pool = database::pool(&settings.database).await?;
        let is_alone = settings.cluster.name.is_empty();
        let lease = if is_alone { 0 } else { cluster::CONNECTIONS };
        let more = COMMIT_CONNECTIONS + WRITER_CONNECTIONS + lease;
        database::check_room(&pool, &settings.database, more).await?.map_err(StartError::Connections)?;
        if demo::is_in(&pool).await? {
            settings.check_for_demo()?;
            // Whatever the settings say: their password is published, so nobody else is answered.
            settings.demo.enabled = true;
        }
        let bind_address = settings.server.socket_address();
        let listener = take_address(bind_address)?;
        let not_listening = |error| StartError::Listen(bind_address, error);
        let address = listener.local_addr().map_err(not_listening)?;
        let others = servers::join(&settings, &pool).await?;
        let (cluster, lease_end, bus) = match others {
            Some(Joined { cluster, lease_end, bus }) => (Some(cluster), Some(lease_end), bus),
            None => (None, None, None),
        };
        let (bus, news) = bus.map(|JoinedBus { bus, news }| (bus, news)).unzip();
        let (mut state, fatal_errors) = assemble(Arc::new(settings), pool, cluster).await?;
        state.forwarding =
            bus.map(|bus| Forwarding::new(bus, state.institutions.clone(), &state.settings, address));
        let server = http::serve(&state, listener).map_err(not_listening)?;
        Ok(Self { server, address, state, fatal_errors, lease_end, news })
    }

    /// Where it listens; with `server.port = 0` the system has chosen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until SIGTERM or SIGINT, then stops in order.
    ///
    /// # Errors
    /// When it ended without being told to, or could not finish what was under way.
    pub async fn run(self) -> Result<(), StartError> {
        let mut terminate = signal(SignalKind::terminate()).map_err(StartError::Signals)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(StartError::Signals)?;
        self.run_until(async move {
            tokio::select! {
                _ = terminate.recv() => tracing::info!(signal = "SIGTERM", "stopping"),
                _ = interrupt.recv() => tracing::info!(signal = "SIGINT", "stopping"),
            }
        })
        .await
    }

    /// Serves until `stop` is ready, then stops in order.
    ///
    /// # Errors
    /// As [`Application::run`].
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<(), StartError> {
        let Self { server, address, state, mut fatal_errors, lease_end, news } = self;
        tracing::info!(%address, "listening");
        let handle = server.handle();
        let mut background = Background::start(&state);
        // Goes on while this server hands over what it owns.
        let mut others = actix_web::rt::spawn(servers::speak(state.clone(), news));
        let mut serving = actix_web::rt::spawn(server);
        let mut ending = Ok(());
        tokio::select! {
            () = stop => {}
            _ = &mut serving => return Err(StartError::Ended),
            dead = background.died() => return Err(StartError::Died(dead)),
            () = state.messages.ended() => return Err(StartError::Died("the writer of messages")),
            () = state.people.lookups_ended() => return Err(StartError::Died("what looks people up")),
            () = ended(lease_end) => return Err(StartError::Died("what renews the lease")),
            _ = &mut others => return Err(StartError::Died("what speaks with the other servers")),
            error = fatal_errors.recv() => match error {
                // In order, like any stop: what was said is stored, and the sockets hear that the server changes.
                Some(FatalError::FencedOut) => ending = Err(StartError::FencedOut),
                Some(FatalError::Broken) | None => return Err(StartError::Died("a registry")),
                Some(FatalError::Died(what)) => return Err(StartError::Died(what)),
            },
        }
        let limit = Duration::from_secs(state.settings.server.shutdown_seconds_max);
        let deadline = Instant::now() + limit;
        if let Some(cluster) = state.institutions.cluster() {
            cluster.take_no_more().await;
            if cluster.has_bus() {
                // The balancer may lead elsewhere already. Whatever comes meanwhile is still taken, and carried to who owns it by then.
                state.traffic.leave();
                state.institutions.hand_all_over(limit / 2).await;
                tokio::time::sleep(KNOWN_AFTER).await;
            }
        }
        drop(background);
        state.traffic.stop();
        if let Some(forwarding) = &state.forwarding {
            forwarding.stop();
        }
        // Closes the listener at once; the rest of it waits for connections, which the next lines end.
        let closed = handle.stop(true);
        let settled = timeout_at(deadline, finish_work(&state)).await;
        if timeout_at(deadline, state.traffic.drained()).await.is_err() {
            tracing::warn!("a client took too long over its request or answer, and is cut off");
        }
        if let Some(cluster) = state.institutions.cluster() {
            // Nothing is written here any more that whoever takes over would not know of.
            cluster.leave().await;
        }
        let flushed = Instant::now() + FLUSH_MAX;
        let _ = timeout_at(flushed, closed).await;
        // A connection that is still in use then dies with the process.
        let _ =
            timeout_at(flushed, futures_util::future::join(state.pool.close(), state.lists.close())).await;
        others.abort();
        tracing::info!("stopped");
        ending.and(settled.map_err(|_| StartError::StopTooSlow))
    }
}

async fn ended(lease_end: Option<LeaseEnd>) {
    match lease_end {
        // Nobody sends: it is dropped with the thread.
        Some(end) => drop(end.await),
        None => std::future::pending().await,
    }
}

/// Puts together what handlers share. What tells that the process must end comes beside it.
async fn assemble(
    settings: Arc<Settings>,
    pool: PgPool,
    cluster: Option<Cluster>,
) -> Result<(AppState, mpsc::Receiver<FatalError>), StartError> {
    let outbound = outbound::client()?;
    let sealer = Sealer::new(&settings.secrets);
    let people = People::new(pool.clone(), sealer.clone());
    let options = database::options(&settings.database)?;
    let sessions = Sessions::new(pool.clone(), &settings.session, cluster.clone());
    let (institutions, fatal_errors) =
        Institutions::start(Arc::clone(&settings), pool.clone(), options.clone(), people.clone(), cluster)
            .await?;
    if institutions.cluster().is_some() {
        let serving = institutions.clone();
        people.keep_ours(move |institution| institution.is_some_and(|code| serving.serves(code)));
    }
    let (dispatch, sockets) = (institutions.clone(), institutions.clone());
    let observer = ActivityObserver::new(people.clone(), move |activity| dispatch.notify_activity(activity))
        .delivering(move |delivery| sockets.deliver(delivery));
    let messages = MessageStore::start(&options, MessageLimits::of(&settings), observer);
    let im = Im::new(&settings, outbound.clone(), pool.clone(), people.clone(), institutions.clone());
    let wechat = Wechat::new(&settings, outbound.clone(), pool.clone(), people.clone(), sealer.clone())?;
    let embedded = Embedded::new(Arc::clone(&settings), pool.clone(), messages.clone(), institutions.clone());
    let accounts = Accounts {
        pool: pool.clone(),
        people: people.clone(),
        sessions: sessions.clone(),
        institutions: institutions.clone(),
        im: im.clone(),
    };
    let open_sockets = OpenSockets::new(&settings.sockets);
    institutions.before_hand_over({
        let sockets = open_sockets.clone();
        move |institution| {
            let sockets = sockets.clone();
            Box::pin(async move { sockets.finish_of(&institution, HAND_OVER_READ_MAX).await })
        }
    });
    let state = AppState {
        sessions,
        accounts,
        passwords: Passwords::new(settings.session.password_hashes_max)?,
        login_limits: LoginLimits::new(&settings.session),
        people,
        wechat,
        institutions,
        messages,
        sockets: open_sockets,
        metrics: Metrics::new()?,
        exports: Exports::default(),
        im,
        uploads: Uploads::default(),
        embedded,
        outbound,
        traffic: Traffic::default(),
        forwarding: None,
        sealer,
        pool,
        lists: database::lists(&settings.database, options),
        settings,
    };
    Ok((state, fatal_errors))
}

/// Finishes what has been promised: what sockets have received, the journals (which closes the sockets), what came
/// in until they were closed, the messages, when log-ins were seen.
async fn finish_work(state: &AppState) {
    // Before anything closes, so that the other side hears it.
    let limit = Duration::from_secs(state.settings.server.shutdown_seconds_max);
    state.sockets.finish(limit / 3).await;
    state.institutions.shut_down().await;
    // They close in between; what came until then is carried out, too.
    state.sockets.over(limit / 3).await;
    state.messages.shut_down().await;
    if let Err(error) = state.sessions.write_back(clock::now()).await {
        tracing::warn!(error = %describe(&error), "sessions could not be written back");
    }
}

/// Takes the address. Done before anything is claimed: a second server started by mistake must not fence the first out.
fn take_address(bind_address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(bind_address).map_err(|error| {
        if error.kind() == io::ErrorKind::AddrInUse {
            StartError::AddressTaken(bind_address)
        } else {
            StartError::Listen(bind_address, error)
        }
    })
}
