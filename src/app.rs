//! The server put together: what handlers share, how it starts, and how it stops.

mod middleware;
mod traffic;

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use actix_web::{
    App, HttpServer,
    dev::Server,
    middleware::from_fn,
    web::{self, Data, PayloadConfig},
};
use sqlx::PgPool;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::timeout,
};

pub use traffic::Traffic;

use crate::{
    answer::{Fault, describe},
    auth::{Sessions, limits::LoginLimits, password::HashFault, password::Passwords},
    clock,
    config::{ConfigError, Settings},
    database::{self, DatabaseFault},
    demo, http,
    institutions::Institutions,
    messages::MessageStore,
    params::BODY_BYTES_MAX,
    people::People,
    secrets::Sealer,
    wechat::Wechat,
};

/// A client that takes longer to send its headers is closed.
const REQUEST_HEAD_MAX: Duration = Duration::from_secs(10);
/// After the last answer: for it to reach the wire.
const FLUSH_MAX: Duration = Duration::from_secs(1);

/// What handlers share. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState {
    pub settings: Arc<Settings>,
    pub pool: PgPool,
    pub sessions: Sessions,
    pub passwords: Passwords,
    pub login_limits: LoginLimits,
    pub people: People,
    pub sealer: Sealer,
    pub wechat: Wechat,
    pub institutions: Institutions,
    pub messages: MessageStore,
    pub traffic: Traffic,
}

/// Why the server does not start, or stopped. Each reads as one sentence.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("the database cannot be reached: {0}")]
    Database(String),
    #[error("the database could not be brought up to date: {0}")]
    Migration(String),
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
    #[error("the server ended by itself")]
    Ended,
    #[error("the stop took longer than server.shutdown_seconds_max; what was not acknowledged may be lost")]
    StopTooSlow,
}

impl From<sqlx::Error> for StartError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(describe(&error))
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
    pub async fn build(settings: Settings) -> Result<Self, StartError> {
        if settings.database.migrate_on_start {
            database::migrate(&settings.database).await?;
        }
        let pool = database::pool(&settings.database).await?;
        if demo::is_in(&pool).await? {
            settings.check_for_demo()?;
        }
        let state = AppState::new(Arc::new(settings), pool)?;
        let (server, address) = listen(&state)?;
        Ok(Self { server, address, state })
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
        let Self { server, address, state } = self;
        tracing::info!(%address, "listening");
        let handle = server.handle();
        let sessions = actix_web::rt::spawn(state.sessions.clone().keep_written());
        let mut serving = actix_web::rt::spawn(server);
        tokio::select! {
            () = stop => {}
            _ = &mut serving => return Err(StartError::Ended),
        }
        sessions.abort();
        state.traffic.stop();
        // Closes the listener at once; the rest of it waits for connections, which the next lines end.
        let closed = handle.stop(true);
        let limit = Duration::from_secs(state.settings.server.shutdown_seconds_max);
        let settled = timeout(limit, state.settle()).await;
        let _ = timeout(FLUSH_MAX, closed).await;
        state.pool.close().await;
        tracing::info!("stopped");
        settled.map_err(|_| StartError::StopTooSlow)
    }
}

impl AppState {
    fn new(settings: Arc<Settings>, pool: PgPool) -> Result<Self, StartError> {
        let sealer = Sealer::new(&settings.secrets);
        Ok(Self {
            sessions: Sessions::new(pool.clone(), &settings.session),
            passwords: Passwords::new(settings.session.password_hashes_max)?,
            login_limits: LoginLimits::new(&settings.session),
            people: People::new(pool.clone(), sealer.clone()),
            wechat: Wechat::new(&settings),
            institutions: Institutions::new(pool.clone()),
            messages: MessageStore,
            traffic: Traffic::default(),
            sealer,
            pool,
            settings,
        })
    }

    /// Finishes what is under way: the journals (which closes the sockets), the messages, the answers still being given.
    async fn settle(&self) {
        self.institutions.shut_down().await;
        self.messages.shut_down().await;
        self.traffic.drained().await;
        if let Err(error) = self.sessions.write_back(clock::now()).await {
            tracing::warn!(error = %describe(&error), "sessions could not be written back");
        }
    }
}

fn listen(state: &AppState) -> Result<(Server, SocketAddr), StartError> {
    let settings = &state.settings.server;
    let wanted = settings.socket_address();
    let (shared, base_path) = (Data::new(state.clone()), settings.base_path.clone());
    let mut server = HttpServer::new(move || {
        App::new()
            .app_data(shared.clone())
            .app_data(PayloadConfig::new(BODY_BYTES_MAX))
            .wrap(from_fn(middleware::edge))
            .service(web::scope(&base_path).configure(http::routes))
            .default_service(web::to(async || Err::<&str, _>(Fault::NotFound)))
    })
    .disable_signals()
    .client_request_timeout(REQUEST_HEAD_MAX)
    .shutdown_timeout(settings.shutdown_seconds_max);
    if settings.workers > 0 {
        server = server.workers(settings.workers);
    }
    let server = server.bind(wanted).map_err(|error| {
        if error.kind() == io::ErrorKind::AddrInUse {
            StartError::AddressTaken(wanted)
        } else {
            StartError::Listen(wanted, error)
        }
    })?;
    let address = server.addrs().first().copied().unwrap_or(wanted);
    Ok((server.run(), address))
}
