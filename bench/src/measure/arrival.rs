//! `arrival` and `hot-counselor`: opens per second over HTTP, each durable when answered, beside pgbench doing the same
//! decision in SQL: lock the counselor's row, count the active ones, insert, commit.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;
use serde_json::json;

use super::Effort;
use crate::{
    http::Connection,
    people::{self, Person},
    pgbench::Pgbench,
    report::{Outcome, Target},
    rounds::{Comparison, play, random},
    server::Server,
    stats::{Latencies, median},
    talks::{self, Presence},
};

pub(super) const CLIENTS: usize = 32;
pub(super) const PEER_TABLES: &str = include_str!("../../sql/arrival_tables.sql");
const COUNSELORS: usize = 200;
const PLACES: u32 = 50;
/// How often all visitors come in a round: once takes half a second, and its first tenth is slower than the rest.
const PASSES: usize = 3;

/// Everybody's coming, once.
struct Pass {
    latencies: Latencies,
    /// Each client's own.
    open: Vec<Vec<(Person, String)>>,
    time: Duration,
}

/// Opens of one round.
#[derive(Debug)]
pub(crate) struct Opened {
    per_second: f64,
    latencies: Latencies,
}

struct Sides<'a> {
    effort: &'a Effort,
    server: Server,
    _presence: Presence,
    counselors: Vec<Person>,
    /// Each client's own; each opens once a round.
    visitors: Vec<Vec<Person>>,
    script: &'static str,
}

impl Comparison for Sides<'_> {
    type Ours = Opened;
    type Other = Opened;

    async fn ours(&mut self) -> Result<Opened> {
        let (mut latencies, mut number, mut time) = (Latencies::default(), 0, Duration::ZERO);
        for _ in 0..self.effort.of(PASSES, 1) {
            let pass = self.pass().await?;
            number += pass.open.iter().map(Vec::len).sum::<usize>();
            time += pass.time;
            latencies.add(&pass.latencies);
            // Not measured: everybody leaves again.
            try_join_all(pass.open.into_iter().map(|open| leave(&self.server, open))).await?;
        }
        Ok(Opened { per_second: f64::from(u32::try_from(number)?) / time.as_secs_f64(), latencies })
    }

    async fn other(&mut self) -> Result<Opened> {
        self.effort.environment.sql(&self.server.database, "truncate peer_conversations").await?;
        let pgbench = Pgbench {
            database: self.server.database.clone(),
            script: self.script,
            clients: CLIENTS,
            rate: None,
        };
        let found = pgbench.run(&self.effort.environment, self.effort.round()).await?;
        Ok(Opened { per_second: found.per_second, latencies: found.latencies })
    }
}

impl Sides<'_> {
    /// Every client opens, until the first has no visitors left.
    async fn pass(&self) -> Result<Pass> {
        let over = Arc::new(AtomicBool::new(false));
        let begun = Instant::now();
        let mut tasks = Vec::new();
        for visitors in &self.visitors {
            let connection = Connection::open(&self.server.address).await?;
            // Each begins at another counselor and takes them in turn.
            let mut counselors = self.counselors.clone();
            counselors.rotate_left(usize::try_from(random(self.counselors.len() as u64)?)?);
            tasks.push(tokio::spawn(open_all(connection, visitors.clone(), counselors, Arc::clone(&over))));
        }
        let (mut latencies, mut open, mut last) = (Latencies::default(), Vec::new(), begun);
        for task in tasks {
            let (mine, opened, finished) = task.await??;
            latencies.add(&mine);
            open.push(opened);
            last = last.max(finished);
        }
        Ok(Pass { latencies, open, time: last.duration_since(begun) })
    }
}

/// Ends these talks, those first who came last and may still wait.
async fn leave(server: &Server, open: Vec<(Person, String)>) -> Result<()> {
    let mut connection = Connection::open(&server.address).await?;
    for (visitor, conversation) in open.into_iter().rev() {
        connection.send(&talks::end_request(&visitor, &conversation)).await?.result()?;
    }
    Ok(())
}

type Done = (Latencies, Vec<(Person, String)>, Instant);

/// Opens until the first client has no visitors left, since fewer clients are another load.
async fn open_all(
    mut connection: Connection,
    visitors: Vec<Person>,
    counselors: Vec<Person>,
    over: Arc<AtomicBool>,
) -> Result<Done> {
    let (mut latencies, mut open, mut last) = (Latencies::default(), Vec::new(), Instant::now());
    for (visitor, counselor) in visitors.into_iter().zip(counselors.iter().cycle()) {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let begun = Instant::now();
        let id = talks::open(&mut connection, &visitor, &counselor.id).await?;
        latencies.record(begun.elapsed());
        last = Instant::now();
        open.push((visitor, id));
    }
    over.store(true, Ordering::Relaxed);
    Ok((latencies, open, last))
}

pub(crate) async fn measure(effort: &Effort) -> Result<Vec<Outcome>> {
    let spread =
        one(effort, "arrival", effort.of(COUNSELORS, COUNSELORS / 4), "arrival.sql", Target::AtLeast(2.0))
            .await?;
    let hot = one(effort, "hot-counselor", 1, "hot.sql", Target::AtLeast(5.0)).await?;
    Ok(vec![spread, hot])
}

async fn one(
    effort: &Effort,
    name: &str,
    counselors: usize,
    script: &'static str,
    target: Target,
) -> Result<Outcome> {
    let mut server =
        Server::prepare(&effort.environment, &format!("bench_{}", name.replace('-', "_"))).await?;
    effort.environment.sql(&server.database, PEER_TABLES).await?;
    server.start().await?;
    let counselors = people::counselors(&server, counselors, PLACES).await?;
    let presence = Presence::of(&server, &counselors).await?;
    // Nearly as many as two hundred counselors have places for.
    let number = effort.of(9600, 2400);
    let all = people::visitors(&server, 0, number).await?;
    let visitors: Vec<Vec<Person>> = all.chunks(number / CLIENTS).map(<[Person]>::to_vec).collect();
    ensure!(visitors.len() >= CLIENTS, "a client without visitors");
    let mut sides = Sides { effort, server, _presence: presence, counselors, visitors, script };
    let found = play(&mut sides, effort.rounds()).await?;
    let per_second = |rounds: &[Opened]| rounds.iter().map(|round| round.per_second).collect::<Vec<f64>>();
    let quantile = |rounds: &[Opened], quantile: f64| {
        let values: Vec<f64> = rounds.iter().map(|round| round.latencies.quantile(quantile)).collect();
        median(&values)
    };
    let (ours, other) = (per_second(&found.ours), per_second(&found.other));
    let details = json!({
        "ours_rounds": ours, "other_rounds": other, "clients": CLIENTS,
        "ours_p50_ms": quantile(&found.ours, 0.5), "ours_p99_ms": quantile(&found.ours, 0.99),
        "other_p50_ms": quantile(&found.other, 0.5), "other_p99_ms": quantile(&found.other, 0.99),
    });
    Ok(Outcome::new(name, "/s", (median(&ours), median(&other)), target, details))
}
