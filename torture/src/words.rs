//! Last words: the server with our own IM, whose visitors say something and are gone at once, in every way in which one can
//! go, while it is killed, stopped, cut off from its database and let be. A run of its own, beside that of [`crate::run`]:
//! only here do sockets carry words.

pub mod arrival;
mod crew;
mod leave;

use std::{
    error::Error,
    fs,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use sqlx::postgres::PgPoolOptions;

pub(crate) use crew::{Crew, Ground, Leaving};
pub(crate) use leave::{Line, Manner};

use crate::{
    checker::{self, Evidence, Verdict},
    fault_injector::{Done, FaultInjector},
    history::{Fact, History, ServerFact, wall_ms},
    proxy::Proxy,
    report,
    rng::Rng,
    run::{self, Order},
    server::Recipe,
    setup, tables,
    witness::Witness,
};

/// How much of each.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub visitors: usize,
    pub counselors: usize,
    /// Words of one visit, at most.
    pub words_max: u64,
    pub kills: u32,
    pub cuts: u32,
    pub crashes: u32,
    pub frozen: Duration,
    /// Twice as many, in truth: with all words there, and in the middle of them.
    pub stops: u32,
    /// Times that everybody leaves in each way and nothing is done to anybody.
    pub calm: u32,
}

impl Plan {
    /// Two minutes.
    pub const LONG: Self = Self {
        visitors: 24,
        counselors: 4,
        words_max: 100,
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
        words_max: 40,
        kills: 5,
        cuts: 3,
        crashes: 1,
        frozen: Duration::from_secs(2),
        stops: 2,
        calm: 2,
    };
}

/// Runs it; gives the verdict and the report.
pub async fn run(order: &Order, plan: &Plan) -> Result<(Verdict, String), Box<dyn Error>> {
    let begun = Instant::now();
    fs::create_dir_all(&order.folder)?;
    let history = History::open(&order.folder.join("history.jsonl"))?;
    let over = Arc::default();
    run::watch_the_machine(&history, &over);
    setup::database(&order.cluster, setup::DATABASE_OF_WORDS).await?;
    let url = order.cluster.url(setup::DATABASE_OF_WORDS);
    let staff = setup::people(&order.binary, &url, &setup::settings_of_words(&url), plan.counselors).await?;
    let database = Proxy::start(vec![([127, 0, 0, 1], order.cluster.port()).into()]).await?;
    let clients = Proxy::start(Vec::new()).await?;
    let through = order.cluster.url_through(database.address().port(), setup::DATABASE_OF_WORDS);
    let witness = Witness::new(&url, setup::INSTITUTION, &history)?;
    let ground = Ground::new(clients.address(), order.seed, &history, &witness);
    let mut injector = FaultInjector {
        recipe: Recipe {
            binary: order.binary.clone(),
            settings: setup::settings_of_words(&through),
            folder: order.folder.clone(),
            history: history.clone(),
        },
        cluster: order.cluster.clone(),
        database,
        clients,
        history: history.clone(),
        rng: Rng::of(order.seed, "faults of last words"),
        done: Done::default(),
        server: None,
        servers: 0,
    };
    let crew = injector.inject_into_last_words(plan, &ground, &staff.counselors).await?;
    // What was told before is in what is read after, and nobody's socket is closed before the history is.
    let until = wall_ms();
    over.store(true, Ordering::Relaxed);
    for line in injector.recipe.complaints() {
        history.note("fault injector", Fact::Server { what: ServerFact::Complained { line } });
    }
    let pool = PgPoolOptions::new().max_connections(1).connect(&url).await?;
    let entries = history.read();
    drop(crew);
    let verdict = checker::check(&Evidence {
        entries: &entries,
        tables: &tables::read(&pool).await?,
        limits: setup::LIMITS_OF_WORDS,
        capacities: &staff.capacities,
        on_shift: &staff.on_shift,
        until,
    });
    let head = run::head(order, &pool, begun, &injector).await?;
    Ok((verdict.clone(), report::write_of_words(&head, plan, &injector.done, &verdict, &entries)))
}
