//! One run, from an empty database to the report.

use std::{
    error::Error,
    fs,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use sqlx::{PgPool, postgres::PgPoolOptions};

use crate::{
    checker::{self, Evidence, Verdict, Violation},
    fault_injector::{FaultInjector, Injected, Plan},
    history::{Fact, History, ServerFact, wall_ms},
    load::{self, World},
    postgres::Cluster,
    proxy::Proxy,
    report::{self, Head},
    rng::Rng,
    server::ServerLauncher,
    setup,
    store_probe::StoreProbe,
    tables,
};

/// Messages that are still on their way get this long at the end.
const DELIVERY_MAX: Duration = Duration::from_secs(15);

/// What a run is made of.
#[derive(Debug, Clone)]
pub struct RunOptions {
    pub seed: u64,
    pub binary: PathBuf,
    pub cluster: Cluster,
    /// For logs, the history and the report.
    pub folder: PathBuf,
    pub command: String,
}

/// Between two looks at how late we are ourselves, and from when on that is worth a note.
const TICK: Duration = Duration::from_millis(25);
const STALL: Duration = Duration::from_millis(100);

/// Notes when this machine keeps us waiting: then it keeps the server waiting, too. Ends with the run.
pub(crate) fn watch_for_stalls(history: &History, over: &Arc<AtomicBool>) {
    let (history, over) = (history.clone(), Arc::clone(over));
    std::thread::spawn(move || {
        while !over.load(Ordering::Relaxed) {
            let begun = Instant::now();
            std::thread::sleep(TICK);
            let late = begun.elapsed().saturating_sub(TICK);
            if late > STALL {
                history.note(
                    "machine",
                    Fact::Stalled { ms: i64::try_from(late.as_millis()).unwrap_or(i64::MAX) },
                );
            }
        }
    });
}

/// Runs it; gives the verdict and the report.
pub async fn run(options: &RunOptions, plan: &Plan) -> Result<(Verdict, String), Box<dyn Error>> {
    let begun = Instant::now();
    fs::create_dir_all(&options.folder)?;
    let history = History::open(&options.folder.join("history.jsonl"))?;
    let over = Arc::default();
    watch_for_stalls(&history, &over);
    setup::database(&options.cluster, setup::DATABASE).await?;
    let url = options.cluster.url(setup::DATABASE);
    let staff = setup::people(&options.binary, &url, &setup::settings(&url), plan.counselors).await?;
    let database = Proxy::start(vec![SocketAddr::from(([127, 0, 0, 1], options.cluster.port()))]).await?;
    let clients = Proxy::start(Vec::new()).await?;
    let through = options.cluster.url_through(database.address().port(), setup::DATABASE);
    let launcher = ServerLauncher {
        binary: options.binary.clone(),
        settings: setup::settings(&through),
        folder: options.folder.clone(),
        history: history.clone(),
    };
    let probe = StoreProbe::new(&url, setup::INSTITUTION, &history)?;
    let world = World::new(&format!("http://{}", clients.address()), options.seed, &history, &probe);
    let people = load::begin(&world, plan.visitors, &staff);
    let mut injector = FaultInjector {
        launcher,
        cluster: options.cluster.clone(),
        database,
        clients,
        history: history.clone(),
        rng: Rng::of(options.seed, "fault injector"),
        injected: Injected::default(),
        server: None,
        servers: 0,
    };
    injector.inject(plan).await?;
    finish(&world).await;
    let pool = PgPoolOptions::new().max_connections(1).connect(&url).await?;
    // In this order: what was told before is in what is read after.
    drop(people);
    let until = wall_ms();
    over.store(true, Ordering::Relaxed);
    for line in injector.launcher.log_errors() {
        history.note("fault injector", Fact::Server { what: ServerFact::LogError { line } });
    }
    let entries = history.read();
    let evidence = Evidence {
        entries: &entries,
        tables: &tables::read(&pool).await?,
        limits: plan.limits,
        capacities: &staff.capacities,
        on_shift: &staff.on_shift,
        until,
    };
    let mut verdict = checker::check(&evidence);
    for line in injector.check_what_is_left(&setup::settings(&url)).await? {
        verdict.find(Violation::Check, line);
    }
    let head = head(options, &pool, begun, injector.connections_cut()).await?;
    let text = report::write(&head, plan, &injector.injected, &verdict, &entries);
    Ok((verdict, text))
}

pub(crate) async fn head(
    options: &RunOptions,
    pool: &PgPool,
    begun: Instant,
    connections_cut: u64,
) -> Result<Head, sqlx::Error> {
    let (postgres, date) = database_and_date(pool).await?;
    let is_release = options.binary.components().any(|part| part.as_os_str() == "release");
    Ok(Head {
        command: options.command.clone(),
        date,
        seed: options.seed,
        binary: if is_release { "release build" } else { "debug build" }.to_owned(),
        postgres,
        took: begun.elapsed(),
        connections_cut,
    })
}

/// For the head of the report.
async fn database_and_date(pool: &PgPool) -> Result<(String, String), sqlx::Error> {
    sqlx::query_as(
        "select 'PostgreSQL ' || current_setting('server_version') || ', fsync ' || current_setting('fsync')
                || ', synchronous_commit ' || current_setting('synchronous_commit'),
                to_char(now() at time zone 'UTC', 'YYYY-MM-DD HH24:MI UTC')",
    )
    .fetch_one(pool)
    .await
}

/// Nobody comes any more; what is open ends by its limit, and what was said arrives.
pub(crate) async fn finish(world: &World) {
    world.close();
    let limit = u64::try_from(setup::LIMITS.text_max).unwrap_or(0);
    tokio::time::sleep(Duration::from_millis(limit / 2)).await;
    let deadline = Instant::now() + DELIVERY_MAX;
    while world.undelivered() > 0 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
