//! Several servers on one database: one serves, and the others stand by; or, with a bus between them, any takes any request, and one
//! of them decides. Whoever serves is killed, frozen, cut off from the database and stopped, under the load of [`crate::load`], and
//! another has to take over: soon, and without an untrue word of the one before. Where there is a bus, it is cut off from that, too,
//! and so are the others, and the nats-servers are killed and parted.

pub mod balancer;
mod direct;
mod faults;
mod node;
mod owner;
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

use self::{balancer::Balancer, faults::Faults, node::Node, owner::OwnerWatch};
use crate::{
    checker::{self, Evidence, Limits, Verdict, Violation},
    history::{History, wall_ms},
    load::{self, World},
    nats,
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
    /// Whether there is a bus between them.
    pub bus: bool,
    pub visitors: usize,
    pub counselors: usize,
    /// Of the server that serves; and of one that does not.
    pub kills: u32,
    pub other_kills: u32,
    /// So many seconds each.
    pub freezes: &'static [u64],
    pub other_freezes: &'static [u64],
    /// From the database, from the bus, and from both.
    pub cuts: u32,
    pub bus_cuts: u32,
    pub whole_cuts: u32,
    /// The same of one that does not serve.
    pub other_cuts: u32,
    pub other_bus_cuts: u32,
    /// Each server is stopped in turn so often.
    pub rolls: u32,
    pub crashes: u32,
    /// So many seconds each.
    pub postgres_frozen: &'static [u64],
    /// Each of the nats-servers is killed in turn so often.
    pub nats_kills: u32,
    /// All of them are away, or apart from each other, for so many seconds each.
    pub no_nats: &'static [u64],
    pub nats_split: &'static [u64],
    pub last_calm: Duration,
    /// With a bus: how long the balancer waits for a server to say whether it takes requests.
    pub answer_max: Duration,
    pub limits: Limits,
}

impl Plan {
    pub const LONG: Self = Self {
        bus: false,
        visitors: 40,
        counselors: 7,
        kills: 50,
        other_kills: 5,
        freezes: &[1, 1, 3, 3, 10, 10, 60],
        other_freezes: &[],
        cuts: 10,
        bus_cuts: 0,
        whole_cuts: 0,
        other_cuts: 3,
        other_bus_cuts: 0,
        rolls: 3,
        crashes: 4,
        postgres_frozen: &[2, 4, 20],
        nats_kills: 0,
        no_nats: &[],
        nats_split: &[],
        last_calm: Duration::from_secs(20),
        answer_max: balancer::ANSWER_MAX,
        limits: setup::LIMITS,
    };
    pub const SHORT: Self = Self {
        visitors: 12,
        counselors: 4,
        kills: 2,
        other_kills: 0,
        freezes: &[3],
        cuts: 1,
        other_cuts: 0,
        rolls: 1,
        crashes: 1,
        postgres_frozen: &[3],
        last_calm: Duration::from_secs(1),
        limits: setup::BUSY_MACHINE_LIMITS,
        ..Self::LONG
    };
    pub const BUS_LONG: Self = Self {
        bus: true,
        other_kills: 10,
        other_freezes: &[3, 10],
        bus_cuts: 12,
        whole_cuts: 6,
        other_bus_cuts: 4,
        rolls: 4,
        nats_kills: 2,
        no_nats: &[2, 10],
        nats_split: &[2, 10],
        ..Self::LONG
    };
    pub const BUS_SHORT: Self = Self {
        bus: true,
        kills: 1,
        other_kills: 1,
        freezes: &[4],
        cuts: 0,
        bus_cuts: 1,
        whole_cuts: 1,
        rolls: 1,
        crashes: 0,
        postgres_frozen: &[],
        nats_kills: 1,
        no_nats: &[4],
        nats_split: &[4],
        // Beside a busy machine.
        answer_max: Duration::from_secs(4),
        ..Self::SHORT
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
    let database = if plan.bus { setup::SPREAD_DATABASE } else { setup::TAKEOVER_DATABASE };
    setup::database(&options.cluster, database).await?;
    let url = options.cluster.url(database);
    let settings = setup::settings(&url);
    let staff = setup::people(&options.binary, &url, &settings, plan.counselors).await?;
    let clients = Proxy::start(Vec::new()).await?;
    let balancer = if plan.bus {
        Balancer::that_drains(clients.clone(), &history, plan.answer_max)
    } else {
        Balancer::new(clients.clone(), &history)
    };
    let nats = if plan.bus { nats::start(&options.folder, nodes).await? } else { Vec::new() };
    let launcher = ServerLauncher {
        binary: options.binary.clone(),
        settings: settings.clone(),
        folder: options.folder.clone(),
        history: history.clone(),
    };
    let pool = PgPoolOptions::new().max_connections(2).connect(&url).await?;
    let mut faults = Faults {
        nodes: Vec::new(),
        balancer: balancer.clone(),
        cluster: options.cluster.clone(),
        owner: plan.bus.then(|| OwnerWatch::start(pool.clone(), history.clone())),
        pool,
        nats,
        history: history.clone(),
        rng: Rng::of(options.seed, "faults of takeovers"),
        done: Done::default(),
    };
    for number in 1..=nodes {
        faults.nodes.push(Node::new(number, options, &launcher, database, &faults.nats).await?);
    }
    let probe = StoreProbe::new(&url, setup::INSTITUTION, &history)?;
    let world = World::new(&format!("http://{}", clients.address()), options.seed, &history, &probe);
    let world = if plan.bus { world.spread() } else { world };
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
    faults.kill_servers().await?;
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
    people.spawn(direct::ask(world.clone(), balancer.clone(), staff.supervisor.clone(), plan.bus));
    people
}
