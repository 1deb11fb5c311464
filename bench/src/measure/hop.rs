//! `hop-…`: the same asked of the owner of an institution and of servers that carry it there, in turn: a small look (`/auth/me`), and a
//! conversation that is opened and ended. Told is what the way costs, as the difference of the medians. One of the servers that carry
//! shares its nats-server with the owner, the other has another one of the same cluster, so that each message passes two.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::Effort;
use crate::{
    http::{self, Connection},
    people::{self, Person},
    report::{Outcome, Target},
    rounds::random,
    server::Server,
    several::Several,
    stats::Latencies,
    talks::{self, Presence},
};

/// By name, each with the number of its nats-server.
const SERVERS: [(&str, usize); 3] = [("one", 0), ("two", 0), ("three", 1)];
/// So many that one of them surely falls to one of the first two.
const INSTITUTIONS: usize = 8;
/// Of each kind in a round.
const TIMES: usize = 200;
/// What the way may cost an open, in milliseconds.
const OPEN_MAX: f64 = 0.3;
const PLACES: u32 = 50;

/// One of the servers, as the client asks it.
struct Way {
    server: usize,
    connection: Connection,
    looks: Latencies,
    opens: Latencies,
    ends: Latencies,
}

impl Way {
    async fn to(several: &Several, server: usize) -> Result<Self> {
        let connection = Connection::open(&several.servers[server].address).await?;
        let (looks, opens, ends) = Default::default();
        Ok(Self { server, connection, looks, opens, ends })
    }

    async fn go(&mut self, look: &[u8], visitor: &Person, counselor: &Person) -> Result<()> {
        let begun = Instant::now();
        let answer = self.connection.send(look).await?;
        self.looks.record(begun.elapsed());
        ensure!(answer.status == 200, "a look was answered with HTTP {}", answer.status);
        let begun = Instant::now();
        let id = talks::open(&mut self.connection, visitor, &counselor.id).await?;
        self.opens.record(begun.elapsed());
        let end = talks::end_request(visitor, &id);
        let begun = Instant::now();
        let answer = self.connection.send(&end).await?;
        self.ends.record(begun.elapsed());
        answer.result().map(drop)
    }

    fn forget(&mut self) {
        (self.looks, self.opens, self.ends) = Default::default();
    }
}

pub(crate) async fn measure(effort: &Effort) -> Result<Vec<Outcome>> {
    let first = Server::prepare_empty(&effort.environment, "bench_hop", INSTITUTIONS).await?;
    let several = Several::start(&first, &SERVERS).await?;
    first.add_institutions().await?;
    several.wait_for_owners(INSTITUTIONS).await?;
    let owners = several.owners(&SERVERS).await?;
    let (institution, owner, _) =
        owners.iter().find(|(_, server, _)| *server < 2).context("the first two servers own nothing")?;
    let institution = first.institutions.iter().find(|one| one.id == *institution).context("a stranger")?;
    let at_owner = &several.servers[*owner];
    let counselors = people::counselors_of(at_owner, institution, 1, PLACES).await?;
    let visitors = people::visitors_of(at_owner, institution, 0, 1).await?;
    let (counselor, visitor) = (&counselors[0], &visitors[0]);
    let _presence = Presence::of(at_owner, &counselors).await?;
    let look = http::request("GET", "/auth/me", Some(&visitor.token), "");

    // The owner, who shares its nats-server, and who does not.
    let mut ways = Vec::new();
    for server in [*owner, 1 - *owner, 2] {
        ways.push(Way::to(&several, server).await?);
    }
    let times = effort.of(TIMES, TIMES / 2);
    for round in 0..=effort.rounds() {
        for _ in 0..times {
            let begin = usize::try_from(random(3)?)?;
            for turn in 0..ways.len() {
                ways[(begin + turn) % 3].go(&look, visitor, counselor).await?;
            }
        }
        if round == 0 {
            // Everybody is known, and plans are made.
            ways.iter_mut().for_each(Way::forget);
        }
        tokio::time::sleep(Duration::from_millis(random(300)?)).await;
    }
    ensure!(several.owners(&SERVERS).await? == owners, "an institution was handed over meanwhile");

    let mut outcomes = Vec::new();
    for (way, over) in ways[1..].iter().zip(["one-nats", "two-nats"]) {
        outcomes.extend(of_way(&ways[0], way, over));
    }
    Ok(outcomes)
}

fn of_way(owner: &Way, way: &Way, over: &str) -> [Outcome; 3] {
    let one = |what: &str, here: &Latencies, carried: &Latencies, target| {
        let times = |latencies: &Latencies| json!({ "p50_ms": latencies.quantile(0.5), "p95_ms": latencies.quantile(0.95), "p99_ms": latencies.quantile(0.99) });
        let more = carried.quantile(0.5) - here.quantile(0.5);
        let details = json!({ "asked": here.len(), "owner": times(here), "carried": times(carried), "through": SERVERS[way.server].0 });
        Outcome::new(&format!("hop-{what}-{over}"), "ms", (more, OPEN_MAX), target, details)
    };
    [
        one("look", &owner.looks, &way.looks, Target::Reported),
        one("open", &owner.opens, &way.opens, Target::AtMost(1.0)),
        one("end", &owner.ends, &way.ends, Target::Reported),
    ]
}
