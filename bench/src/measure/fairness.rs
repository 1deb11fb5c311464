//! `fairness`: what an open costs while messages come in at full rate, beside what it costs when none do.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use super::Effort;
use crate::{
    http::Connection,
    people::{self, Person},
    report::{Outcome, Target},
    rounds::{Comparison, play},
    server::Server,
    stats::{Latencies, median},
    talks::{self, Presence, Talk},
};

const TALKS: usize = 1000;
const INGEST_CLIENTS: usize = 64;
/// An open this often, each with its end at once.
const EVERY: Duration = Duration::from_millis(10);

struct Sides<'a> {
    effort: &'a Effort,
    server: Server,
    _presence: Presence,
    talks: Vec<Talk>,
    counselor: Person,
    visitors: Vec<Person>,
}

impl Sides<'_> {
    async fn opens(&self) -> Result<Latencies> {
        let mut connection = Connection::open(&self.server.address).await?;
        let mut latencies = Latencies::default();
        let until = Instant::now() + self.effort.round();
        let mut due = Instant::now();
        for visitor in self.visitors.iter().cycle() {
            tokio::time::sleep_until(due.into()).await;
            if due >= until {
                break;
            }
            let id = talks::open(&mut connection, visitor, &self.counselor.id).await?;
            latencies.record(due.elapsed());
            connection.send(&talks::end_request(visitor, &id)).await?.result()?;
            due = (due + EVERY).max(Instant::now());
        }
        Ok(latencies)
    }
}

impl Comparison for Sides<'_> {
    type Ours = Latencies;
    type Other = Latencies;

    /// With messages at full rate.
    async fn ours(&mut self) -> Result<Latencies> {
        let time = self.effort.round() + Duration::from_millis(200);
        let load = talks::ingest(&self.server, &self.talks, INGEST_CLIENTS, time, None);
        let (_, opens) = tokio::try_join!(load, self.opens())?;
        Ok(opens)
    }

    /// Without.
    async fn other(&mut self) -> Result<Latencies> {
        self.opens().await
    }
}

pub(crate) async fn measure(effort: &Effort) -> Result<Vec<Outcome>> {
    let mut server = Server::prepare(&effort.environment, "bench_fairness").await?;
    server.start().await?;
    let (presence, talks) = talks::many(&server, effort.of(TALKS, TALKS / 5)).await?;
    // One of the counselors gets a place back for those who come and go.
    let leaving = &talks[0];
    let mut connection = Connection::open(&server.address).await?;
    connection.send(&talks::end_request(&leaving.visitor, &leaving.id)).await?.result()?;
    let counselor = people::staff(&server, &leaving.counselor).await?;
    let visitors = people::visitors(&server, TALKS, 50).await?;
    let talks = talks[1..].to_vec();
    let mut sides = Sides { effort, server, _presence: presence, talks, counselor, visitors };
    let found = play(&mut sides, effort.rounds()).await?;
    let p99 = |rounds: &[Latencies]| rounds.iter().map(|round| round.quantile(0.99)).collect::<Vec<f64>>();
    let p50 =
        |rounds: &[Latencies]| median(&rounds.iter().map(|round| round.quantile(0.5)).collect::<Vec<f64>>());
    let (with, without) = (p99(&found.ours), p99(&found.other));
    let details = json!({
        "with_rounds_p99_ms": with, "without_rounds_p99_ms": without,
        "with_p50_ms": p50(&found.ours), "without_p50_ms": p50(&found.other),
    });
    Ok(vec![Outcome::new("fairness", "ms", (median(&with), median(&without)), Target::AtMost(3.0), details)])
}
