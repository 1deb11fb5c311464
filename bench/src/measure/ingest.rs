//! `ingest` and `ingest-latency`: messages that come as callbacks over HTTP, answered only once stored, beside pgbench with
//! one equivalent insert per transaction into a table of the same columns, indexes and constraints.

use anyhow::Result;
use serde_json::json;

use super::Effort;
use crate::{
    pgbench::{Found, Pgbench},
    report::{Outcome, Target},
    rounds::{Comparison, play},
    server::Server,
    stats::{Latencies, median},
    talks::{self, Ingested, Presence, Talk},
};

pub(super) const CLIENTS: usize = 64;
pub(super) const TALKS: usize = 1000;
pub(super) const PEER_TABLE: &str = "create table peer_messages (like messages including all)";
const OFFERED: u32 = 2000;

struct Sides<'a> {
    effort: &'a Effort,
    server: Server,
    _presence: Presence,
    talks: Vec<Talk>,
    rate: Option<u32>,
}

impl Comparison for Sides<'_> {
    type Ours = Ingested;
    type Other = Found;

    async fn ours(&mut self) -> Result<Ingested> {
        talks::ingest(&self.server, &self.talks, CLIENTS, self.effort.round(), self.rate).await
    }

    async fn other(&mut self) -> Result<Found> {
        let pgbench = Pgbench {
            database: self.server.database.clone(),
            script: "ingest.sql",
            clients: CLIENTS,
            rate: self.rate,
        };
        pgbench.run(&self.effort.environment, self.effort.round()).await
    }
}

pub(crate) async fn measure(effort: &Effort) -> Result<Vec<Outcome>> {
    let mut server = Server::prepare(&effort.environment, "bench_ingest").await?;
    effort.environment.sql(&server.database, PEER_TABLE).await?;
    server.start().await?;
    let (presence, talks) = talks::many(&server, effort.of(TALKS, TALKS / 5)).await?;
    let mut sides = Sides { effort, server, _presence: presence, talks, rate: None };
    let full = play(&mut sides, effort.rounds()).await?;
    let ours: Vec<f64> = full.ours.iter().map(Ingested::per_second).collect();
    let other: Vec<f64> = full.other.iter().map(|found| found.per_second).collect();
    let (ours_all, other_all) = (merged(&full.ours), merged_other(&full.other));
    let details = json!({
        "ours_rounds": ours, "other_rounds": other,
        "ours_p99_ms": ours_all.quantile(0.99), "other_p99_ms": other_all.quantile(0.99),
        "clients": CLIENTS, "conversations": TALKS,
    });
    let throughput =
        Outcome::new("ingest", "/s", (median(&ours), median(&other)), Target::AtLeast(2.5), details);
    sides.rate = Some(OFFERED);
    let offered = play(&mut sides, effort.rounds()).await?;
    let p99 = |latencies: &Latencies| latencies.quantile(0.99);
    let ours: Vec<f64> = offered.ours.iter().map(|round| p99(&round.latencies)).collect();
    let other: Vec<f64> = offered.other.iter().map(|round| p99(&round.latencies)).collect();
    let details = json!({
        "ours_rounds_p99_ms": ours, "other_rounds_p99_ms": other, "offered_per_second": OFFERED,
        "ours_p50_ms": merged(&offered.ours).quantile(0.5), "other_p50_ms": merged_other(&offered.other).quantile(0.5),
    });
    let latency =
        Outcome::new("ingest-latency", "ms", (median(&ours), median(&other)), Target::AtMost(1.5), details);
    Ok(vec![throughput, latency])
}

fn merged(rounds: &[Ingested]) -> Latencies {
    rounds.iter().fold(Latencies::default(), |mut all, round| {
        all.add(&round.latencies);
        all
    })
}

fn merged_other(rounds: &[Found]) -> Latencies {
    rounds.iter().fold(Latencies::default(), |mut all, round| {
        all.add(&round.latencies);
        all
    })
}
