//! `freed-to-bound`: all fifty places are taken and many wait. One conversation is ended over HTTP; how long until the
//! next visitor's and the counselor's sockets hear that they are assigned? Beside it graphile-worker, a job queue on
//! PostgreSQL: fifty jobs at once, as many waiting; one is done: how long until the next begins?

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use serde_json::json;
use tokio::{sync::mpsc, task::JoinHandle};

use super::Effort;
use crate::{
    http::Connection,
    peer::Peer,
    people::{self, Person},
    report::{Outcome, Plot, Series, Target},
    rounds::{Comparison, play},
    server::{Environment, Server},
    socket::Socket,
    stats::{Latencies, median},
    talks,
};

const COUNSELORS: usize = 10;
const PLACES: u32 = 5;
const TALKING: usize = 50;
/// Visitors come and go on the waiting list; those who are next hold a socket.
const SAMPLES: usize = 120;
const WAIT_MAX: Duration = Duration::from_secs(30);

struct Sides {
    ours: Ours,
    other: Peer,
    samples: usize,
}

/// Whom the server told what, and when.
type Heard = (String, Instant);

struct Ours {
    server: Server,
    heard: mpsc::UnboundedReceiver<Heard>,
    to: mpsc::UnboundedSender<Heard>,
    tasks: Vec<JoinHandle<Result<()>>>,
    /// Assigned, oldest first, then those who wait in order.
    queue: VecDeque<(Person, String)>,
    /// Visitors who come next.
    spare: VecDeque<Person>,
}

impl Drop for Ours {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Reports every assignment a socket hears of.
async fn listen(mut socket: Socket, to: mpsc::UnboundedSender<Heard>) -> Result<()> {
    loop {
        let (text, at) = socket.next_text().await?;
        if text.contains(r#""event":"assigned""#) {
            let frame: serde_json::Value = serde_json::from_str(&text)?;
            let conversation = frame["conversation"].as_str().context("an event without its conversation")?;
            if to.send((conversation.to_owned(), at)).is_err() {
                return Ok(());
            }
        }
    }
}

impl Ours {
    async fn prepare(environment: &Environment, waiting: usize, samples: usize) -> Result<Self> {
        let mut server = Server::prepare(environment, &format!("bench_freed_{waiting}")).await?;
        server.start().await?;
        let counselors = people::counselors(&server, COUNSELORS, PLACES).await?;
        let (to, heard) = mpsc::unbounded_channel();
        let mut tasks = Vec::new();
        for counselor in &counselors {
            let socket = Socket::open(&server.address, talks::WORKBENCH, &counselor.token).await?;
            tasks.push(tokio::spawn(listen(socket, to.clone())));
        }
        let mut visitors = people::visitors(&server, 0, TALKING + waiting + samples).await?;
        let spare = visitors.split_off(TALKING + waiting).into();
        let mut queue = VecDeque::new();
        // In order, one connection: who is next is known.
        let mut connection = Connection::open(&server.address).await?;
        for visitor in visitors {
            let id = talks::open(&mut connection, &visitor, "any").await?;
            queue.push_back((visitor, id));
        }
        Ok(Self { server, heard, to, tasks, queue, spare })
    }

    /// Ends the oldest talk and waits until the next visitor and their counselor have heard.
    async fn sample(&mut self, connection: &mut Connection) -> Result<Duration> {
        let (visitor, conversation) = self.queue.pop_front().context("nobody is assigned")?;
        let (next, expected) = self.queue.get(TALKING - 1).context("nobody waits")?;
        let socket = Socket::open(&self.server.address, "/visitor/ws", &next.token).await?;
        let listener = tokio::spawn(listen(socket, self.to.clone()));
        let expected = expected.clone();
        while self.heard.try_recv().is_ok() {}
        let request = talks::end_request(&visitor, &conversation);
        let begun = Instant::now();
        let asked = connection.send(&request);
        let wait = async {
            let mut times = Vec::new();
            while times.len() < 2 {
                let (conversation, at) = self.heard.recv().await.context("nobody listens")?;
                if conversation == expected {
                    times.push(at);
                }
            }
            anyhow::Ok(times.into_iter().max().unwrap_or(begun))
        };
        let both = async { tokio::try_join!(async { asked.await?.result() }, wait) };
        let (_, last) =
            tokio::time::timeout(WAIT_MAX, both).await.context("the next visitor was not assigned")??;
        listener.abort();
        // As many wait as before.
        let newcomer = self.spare.pop_front().context("no visitor is left")?;
        let id = talks::open(connection, &newcomer, "any").await?;
        self.queue.push_back((newcomer, id));
        self.spare.push_back(visitor);
        Ok(last.duration_since(begun))
    }
}

impl Comparison for Sides {
    type Ours = Latencies;
    type Other = Latencies;

    async fn ours(&mut self) -> Result<Latencies> {
        let mut connection = Connection::open(&self.ours.server.address).await?;
        let mut latencies = Latencies::default();
        for _ in 0..self.samples {
            latencies.record(self.ours.sample(&mut connection).await?);
        }
        Ok(latencies)
    }

    async fn other(&mut self) -> Result<Latencies> {
        let found = self.other.ask(&format!("sample {}", self.samples)).await?;
        let mut latencies = Latencies::default();
        for micros in found["micros"].as_array().context("no samples")? {
            latencies.record(Duration::from_micros(micros.as_u64().context("a sample is a number")?));
        }
        Ok(latencies)
    }
}

pub(crate) async fn measure(effort: &Effort) -> Result<(Vec<Outcome>, Plot)> {
    let sizes: &[usize] = if effort.quick { &[10, 100] } else { &[10, 100, 1000, 10_000] };
    let mut outcomes = Vec::new();
    let (mut ours_points, mut other_points) = (Vec::new(), Vec::new());
    for &waiting in sizes {
        let found = one(effort, waiting).await?;
        let size = f64::from(u32::try_from(waiting)?);
        ours_points.push((size, found.ours));
        other_points.push((size, found.other));
        outcomes.push(found);
    }
    if let (Some(few), Some(many)) = (outcomes.first(), outcomes.last()) {
        let details = json!({ "few": few.name, "many": many.name });
        let growth = (many.ours, few.ours);
        outcomes.push(Outcome::new("freed-to-bound-growth", "ms", growth, Target::AtMost(1.3), details));
    }
    let series = vec![
        Series { name: "hotline".to_owned(), points: ours_points },
        Series { name: "graphile-worker".to_owned(), points: other_points },
    ];
    let plot = Plot {
        file: "freed-to-bound.svg",
        title: "From an end until the next is assigned and both have heard (median)",
        axes: ("waiting", "milliseconds"),
        series,
    };
    Ok((outcomes, plot))
}

async fn one(effort: &Effort, waiting: usize) -> Result<Outcome> {
    let samples = effort.of(SAMPLES, 20);
    let ours = Ours::prepare(&effort.environment, waiting, samples + 8).await?;
    let database = format!("bench_worker_{waiting}");
    effort.environment.fresh_database(&database).await?;
    let url = effort.environment.url(&database);
    let (other, _) = Peer::start(&effort.environment, "worker.mjs", &[&url, &waiting.to_string()]).await?;
    let mut sides = Sides { ours, other, samples };
    let found = play(&mut sides, effort.rounds()).await?;
    let medians = |rounds: &[Latencies]| rounds.iter().map(|round| round.quantile(0.5)).collect::<Vec<f64>>();
    let p99 = |rounds: &[Latencies]| {
        let mut all = Latencies::default();
        for round in rounds {
            all.add(round);
        }
        all.quantile(0.99)
    };
    let (ours, other) = (medians(&found.ours), medians(&found.other));
    let details = json!({
        "ours_rounds_p50_ms": ours, "other_rounds_p50_ms": other,
        "ours_p99_ms": p99(&found.ours), "other_p99_ms": p99(&found.other), "waiting": waiting, "places": TALKING,
    });
    let name = format!("freed-to-bound-{waiting}");
    Ok(Outcome::new(&name, "ms", (median(&ours), median(&other)), Target::AtMost(1.0), details))
}
