//! Several servers on one database: one serves, and the others stand by. Whoever serves is killed, frozen, cut off from the
//! database and stopped, under the load of [`crate::load`], and another has to take over: soon, and without an untrue word
//! of the one before.

pub mod balancer;
mod direct;
mod faults;
mod node;
mod probe;

use std::{
    error::Error,
    fs,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use sqlx::postgres::PgPoolOptions;
use tokio::task::JoinSet;

pub use faults::Done;

use self::{balancer::Balancer, faults::Faults, node::Node};
use crate::{
    checker::{self, Evidence, Limits, Verdict, Violation},
    history::{History, wall_ms},
    load::{self, World},
    proxy::Proxy,
    report,
    rng::Rng,
    run::{self, RunOptions},
    server::ServerLauncher,
    setup::{self, Staff},
    store_probe::StoreProbe,
    tables,
};

/// How much of each.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub visitors: usize,
    pub counselors: usize,
    /// Of the server that serves; and of one that does not.
    pub kills: u32,
    pub standby_kills: u32,
    /// So many seconds each.
    pub freezes: &'static [u64],
    pub cuts: u32,
    pub standby_cuts: u32,
    /// Each server is stopped in turn so often.
    pub rolls: u32,
    pub crashes: u32,
    /// So many seconds each.
    pub postgres_frozen: &'static [u64],
    pub last_calm: Duration,
    pub limits: Limits,
}

impl Plan {
    pub const LONG: Self = Self {
        visitors: 40,
        counselors: 7,
        kills: 50,
        standby_kills: 5,
        freezes: &[1, 1, 3, 3, 10, 10, 60],
        cuts: 10,
        standby_cuts: 3,
        rolls: 3,
        crashes: 4,
        postgres_frozen: &[2, 4, 20],
        last_calm: Duration::from_secs(20),
        limits: setup::LIMITS,
    };
    pub const SHORT: Self = Self {
        visitors: 12,
        counselors: 4,
        kills: 2,
        standby_kills: 0,
        freezes: &[3],
        cuts: 1,
        standby_cuts: 0,
        rolls: 1,
        crashes: 1,
        postgres_frozen: &[3],
        last_calm: Duration::from_secs(1),
        limits: setup::BUSY_MACHINE_LIMITS,
    };
}

/// Runs it with so many servers; gives the verdict and the report.
pub async fn run(
    options: &RunOptions,
    plan: &Plan,
    nodes: usize,
) -> Result<(Verdict, String), Box<dyn Error>> {
    let begun = Instant::now();
    fs::create_dir_all(&options.folder)?;
    let history = History::open(&options.folder.join("history.jsonl"))?;
    let over = Arc::default();
    run::watch_for_stalls(&history, &over);
    setup::database(&options.cluster, setup::TAKEOVER_DATABASE).await?;
    let url = options.cluster.url(setup::TAKEOVER_DATABASE);
    let settings = setup::settings(&url);
    let staff = setup::people(&options.binary, &url, &settings, plan.counselors).await?;
    let clients = Proxy::start(Vec::new()).await?;
    let balancer = Balancer::new(clients.clone(), &history);
    let launcher = ServerLauncher {
        binary: options.binary.clone(),
        settings: settings.clone(),
        folder: options.folder.clone(),
        history: history.clone(),
    };
    let mut faults = Faults {
        nodes: Vec::new(),
        balancer: balancer.clone(),
        cluster: options.cluster.clone(),
        pool: PgPoolOptions::new().max_connections(2).connect(&url).await?,
        history: history.clone(),
        rng: Rng::of(options.seed, "faults of takeovers"),
        done: Done::default(),
    };
    for number in 1..=nodes {
        faults.nodes.push(Node::new(number, options, &launcher).await?);
    }
    let probe = StoreProbe::new(&url, setup::INSTITUTION, &history)?;
    let world = World::new(&format!("http://{}", clients.address()), options.seed, &history, &probe);
    let people = begin(&world, plan, &staff, &balancer);
    let broke_off = faults.inject(plan).await.err();
    run::finish(&world).await;
    // In this order: what was told before is in what is read after.
    drop(people);
    let until = wall_ms();
    over.store(true, Ordering::Relaxed);
    faults.note_log_errors(launcher.log_errors());
    let entries = history.read();
    let mut verdict = checker::check(&Evidence {
        entries: &entries,
        tables: &tables::read(&faults.pool).await?,
        limits: plan.limits,
        capacities: &staff.capacities,
        on_shift: &staff.on_shift,
        until,
    });
    if let Some(why) = broke_off {
        verdict.find(Violation::NotServed, format!("the rest of the plan was left out: {why}"));
    }
    faults.kill_all().await?;
    for line in setup::check(&options.binary, &settings).await? {
        verdict.find(Violation::Check, line);
    }
    let head = run::head(options, &faults.pool, begun, faults.connections_cut()).await?;
    let group = report::Group { nodes, starts: faults.starts(), done: faults.done };
    Ok((verdict.clone(), report::write_takeovers(&head, plan, &group, &verdict, &entries)))
}

/// Everybody comes: those of the other parts, those who ask all the time, and the one who asks each server by itself.
fn begin(world: &World, plan: &Plan, staff: &Staff, balancer: &Balancer) -> JoinSet<()> {
    let mut people = load::begin(world, plan.visitors, staff);
    for number in 0..probe::VISITORS {
        people.spawn(probe::ask(world.clone(), number));
    }
    people.spawn(direct::ask(world.clone(), balancer.clone(), staff.supervisor.clone()));
    people
}
