//! Last words: the server with our own IM, whose visitors say something and are gone at once, in every way in which one can
//! go, while it is killed, stopped, cut off from its database and let be. A run of its own, beside that of [`crate::run`]:
//! only here do sockets carry messages.

pub mod arrival;
mod speakers;
mod visit;

use std::{
    error::Error,
    fs,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use sqlx::postgres::PgPoolOptions;

pub(crate) use speakers::{SharedContext, Speakers, Visits};
pub(crate) use visit::{TalkSocket, VisitOptions};

use crate::{
    checker::{self, Evidence, Verdict, Violation},
    fault_injector::{FaultInjector, Injected},
    history::{Fact, History, ServerFact, wall_ms},
    proxy::Proxy,
    report,
    rng::Rng,
    run::{self, RunOptions},
    server::ServerLauncher,
    setup,
    store_probe::StoreProbe,
    tables,
};

/// How much of each.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub visitors: usize,
    pub counselors: usize,
    /// Messages of one visit, at most.
    pub messages_max: u64,
    pub kills: u32,
    pub cuts: u32,
    pub crashes: u32,
    pub frozen: Duration,
    /// Twice as many, in truth: with all messages there, and in the middle of them.
    pub stops: u32,
    /// Times that everybody leaves in each way and nothing is done to anybody.
    pub calm: u32,
}

impl Plan {
    /// Two minutes.
    pub const LONG: Self = Self {
        visitors: 24,
        counselors: 4,
        messages_max: 100,
        kills: 25,
        cuts: 12,
        crashes: 3,
        frozen: Duration::from_secs(3),
        stops: 8,
        calm: 8,
    };
    /// Half a minute.
    pub const SHORT: Self = Self {
        visitors: 8,
        counselors: 2,
        messages_max: 40,
        kills: 5,
        cuts: 3,
        crashes: 1,
        frozen: Duration::from_secs(2),
        stops: 2,
        calm: 2,
    };
}

/// Runs it; gives the verdict and the report.
pub async fn run(options: &RunOptions, plan: &Plan) -> Result<(Verdict, String), Box<dyn Error>> {
    let begun = Instant::now();
    fs::create_dir_all(&options.folder)?;
    let history = History::open(&options.folder.join("history.jsonl"))?;
    let over = Arc::default();
    run::watch_for_stalls(&history, &over);
    setup::database(&options.cluster, setup::LAST_WORDS_DATABASE).await?;
    let url = options.cluster.url(setup::LAST_WORDS_DATABASE);
    let staff =
        setup::people(&options.binary, &url, &setup::last_words_settings(&url), plan.counselors).await?;
    let database = Proxy::start(vec![([127, 0, 0, 1], options.cluster.port()).into()]).await?;
    let clients = Proxy::start(Vec::new()).await?;
    let through = options.cluster.url_through(database.address().port(), setup::LAST_WORDS_DATABASE);
    let probe = StoreProbe::new(&url, setup::INSTITUTION, &history)?;
    let shared = SharedContext::new(clients.address(), options.seed, &history, &probe);
    let mut injector = FaultInjector {
        launcher: ServerLauncher {
            binary: options.binary.clone(),
            settings: setup::last_words_settings(&through),
            folder: options.folder.clone(),
            history: history.clone(),
        },
        cluster: options.cluster.clone(),
        database,
        clients,
        history: history.clone(),
        rng: Rng::of(options.seed, "faults of last words"),
        injected: Injected::default(),
        server: None,
        servers: 0,
    };
    let speakers = injector.inject_into_last_words(plan, &shared, &staff.counselors).await?;
    // What was told before is in what is read after, and nobody's socket is closed before the history is.
    let until = wall_ms();
    over.store(true, Ordering::Relaxed);
    for line in injector.launcher.log_errors() {
        history.note("fault injector", Fact::Server { what: ServerFact::LogError { line } });
    }
    let pool = PgPoolOptions::new().max_connections(1).connect(&url).await?;
    let entries = history.read();
    drop(speakers);
    let mut verdict = checker::check(&Evidence {
        entries: &entries,
        tables: &tables::read(&pool).await?,
        limits: setup::LAST_WORDS_LIMITS,
        capacities: &staff.capacities,
        on_shift: &staff.on_shift,
        until,
    });
    for line in injector.check_what_is_left(&setup::last_words_settings(&url)).await? {
        verdict.find(Violation::Check, line);
    }
    let head = run::head(options, &pool, begun, injector.connections_cut()).await?;
    Ok((verdict.clone(), report::write_last_words(&head, plan, &injector.injected, &verdict, &entries)))
}
