//! `start`: how long after SIGKILL the server is ready again with ten thousand open conversations, beside a start with an
//! empty database; and, for the plot, what one more open and a start cost as open conversations grow.

use anyhow::Result;
use serde_json::json;

use super::Effort;
use crate::{
    http::Connection,
    people::{self, Person},
    report::{Outcome, Plot, Series, Target},
    rounds::{Comparison, play},
    server::Server,
    stats::{Latencies, median},
    talks,
};

/// What ten thousand open conversations may cost in addition.
const MORE_SECONDS_MAX: f64 = 2.0;
/// Opens, each with its end, of one server in one round.
const OPENS: usize = 50;

struct Sides {
    full: Server,
    empty: Server,
}

impl Comparison for Sides {
    type Ours = f64;
    type Other = f64;

    async fn ours(&mut self) -> Result<f64> {
        self.full.kill().await?;
        Ok(self.full.start().await?.as_secs_f64())
    }

    async fn other(&mut self) -> Result<f64> {
        self.empty.kill().await?;
        Ok(self.empty.start().await?.as_secs_f64())
    }
}

/// A server with so many open conversations, and somebody who comes and goes.
struct Full {
    open: usize,
    server: Server,
    _presence: talks::Presence,
    counselor: Person,
    visitors: Vec<Person>,
    /// The median of each round.
    rounds: Vec<f64>,
}

impl Full {
    async fn prepare(effort: &Effort, open: usize) -> Result<Self> {
        let mut server = Server::prepare(&effort.environment, &format!("bench_start_{open}")).await?;
        server.start().await?;
        let (presence, talks) = talks::many(&server, open).await?;
        let leaving = &talks[0];
        let mut connection = Connection::open(&server.address).await?;
        connection.send(&talks::end_request(&leaving.visitor, &leaving.id)).await?.result()?;
        let counselor = people::staff(&server, &leaving.counselor).await?;
        let visitors = people::visitors(&server, open, OPENS).await?;
        Ok(Self { open, server, _presence: presence, counselor, visitors, rounds: Vec::new() })
    }

    async fn round(&mut self) -> Result<()> {
        let mut connection = Connection::open(&self.server.address).await?;
        let mut latencies = Latencies::default();
        for visitor in &self.visitors {
            let begun = std::time::Instant::now();
            let id = talks::open(&mut connection, visitor, &self.counselor.id).await?;
            latencies.record(begun.elapsed());
            connection.send(&talks::end_request(visitor, &id)).await?.result()?;
        }
        self.rounds.push(latencies.quantile(0.5));
        Ok(())
    }
}

pub(crate) async fn measure(effort: &Effort) -> Result<(Vec<Outcome>, Plot)> {
    let numbers: &[usize] = if effort.quick { &[100, 1000] } else { &[100, 1000, 10_000] };
    let mut servers = Vec::new();
    for open in numbers {
        servers.push(Full::prepare(effort, *open).await?);
    }
    for _ in 0..effort.rounds() {
        for server in &mut servers {
            server.round().await?;
        }
    }
    let mut points = Vec::new();
    for server in &servers {
        points.push((f64::from(u32::try_from(server.open)?), median(&server.rounds)));
    }
    let plot = Plot {
        file: "open-conversations.svg",
        title: "One more conversation opened over HTTP (median)",
        axes: ("open conversations", "milliseconds"),
        series: vec![Series { name: "hotline".to_owned(), points: points.clone() }],
    };
    let Some(Full { open, server: full, .. }) = servers.pop() else {
        anyhow::bail!("no server was measured")
    };
    drop(servers);
    let mut empty = Server::prepare(&effort.environment, "bench_start_empty").await?;
    empty.start().await?;
    let mut sides = Sides { full, empty };
    let found = play(&mut sides, effort.rounds()).await?;
    let (ours, other) = (median(&found.ours), median(&found.other));
    let details = json!({
        "ours_rounds_s": found.ours, "other_rounds_s": found.other, "open": open, "open_p50_ms_by_open": points,
    });
    // Two seconds more than an empty start, said as a ratio.
    let target = Target::AtMost((other + MORE_SECONDS_MAX) / other);
    Ok((vec![Outcome::new("start", "s", (ours, other), target, details)], plot))
}
