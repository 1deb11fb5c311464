//! `institutions`: the same number of clients, spread over more and more institutions, each with a Registry and a journal
//! of its own: how many opens and ends a second, and what one of them costs. Beside nothing; the plot shows how it grows.

use std::time::{Duration, Instant};

use anyhow::Result;
use futures_util::future::try_join_all;
use serde_json::json;

use super::Effort;
use crate::{
    http::Connection,
    people::{self, Person},
    report::{Outcome, Plot, Series, Target},
    server::Server,
    stats::{Latencies, median},
    talks::{self, Presence},
};

const CLIENTS: usize = 32;
const TIME: Duration = Duration::from_secs(2);

struct Spread {
    institutions: usize,
    server: Server,
    _presence: Presence,
    /// Each client's visitor and their counselor.
    clients: Vec<(Person, String)>,
    per_second: Vec<f64>,
    p50: Vec<f64>,
}

impl Spread {
    async fn prepare(effort: &Effort, institutions: usize) -> Result<Self> {
        let database = format!("bench_institutions_{institutions}");
        let mut server = Server::prepare_with(&effort.environment, &database, institutions).await?;
        server.start().await?;
        let mut counselors = Vec::new();
        let mut clients = Vec::new();
        for (number, institution) in server.institutions.iter().enumerate() {
            let counselor = people::counselors_of(&server, institution, 1, 50).await?.remove(0);
            let mine = (number..CLIENTS).step_by(institutions).count();
            for visitor in people::visitors_of(&server, institution, 0, mine).await? {
                clients.push((visitor, counselor.id.clone()));
            }
            counselors.push(counselor);
        }
        let presence = Presence::of(&server, &counselors).await?;
        Ok(Self {
            institutions,
            server,
            _presence: presence,
            clients,
            per_second: Vec::new(),
            p50: Vec::new(),
        })
    }

    async fn round(&mut self) -> Result<()> {
        let begun = Instant::now();
        let until = begun + TIME;
        let server = &self.server;
        let each = self.clients.iter().map(|(visitor, counselor)| async move {
            let mut connection = Connection::open(&server.address).await?;
            let mut latencies = Latencies::default();
            let mut done = 0_u32;
            while Instant::now() < until {
                let begun = Instant::now();
                let id = talks::open(&mut connection, visitor, counselor).await?;
                latencies.record(begun.elapsed());
                connection.send(&talks::end_request(visitor, &id)).await?.result()?;
                done += 2;
            }
            anyhow::Ok((done, latencies))
        });
        let all = try_join_all(each).await?;
        let seconds = begun.elapsed().as_secs_f64();
        let (mut done, mut latencies) = (0, Latencies::default());
        for (mine, measured) in &all {
            done += mine;
            latencies.add(measured);
        }
        self.per_second.push(f64::from(done) / seconds);
        self.p50.push(latencies.quantile(0.5));
        Ok(())
    }
}

pub(crate) async fn measure(effort: &Effort) -> Result<(Vec<Outcome>, Plot)> {
    let sizes: &[usize] = if effort.quick { &[1, 4] } else { &[1, 2, 4, 8, 16, 32] };
    let mut servers = Vec::new();
    for institutions in sizes {
        servers.push(Spread::prepare(effort, *institutions).await?);
    }
    for _ in 0..effort.rounds().min(3) {
        for server in &mut servers {
            server.round().await?;
        }
    }
    let mut points = Vec::new();
    let mut all = Vec::new();
    for server in &servers {
        let institutions = u32::try_from(server.institutions)?;
        points.push((f64::from(institutions), median(&server.per_second)));
        all.push(json!({
            "institutions": institutions, "per_second": median(&server.per_second), "open_p50_ms": median(&server.p50),
        }));
    }
    let (Some(one), Some(many)) = (points.first(), points.last()) else {
        anyhow::bail!("nothing was measured")
    };
    let outcome = Outcome::new(
        "institutions",
        "/s",
        (many.1, one.1),
        Target::Reported,
        json!({ "clients": CLIENTS, "all": all }),
    );
    let plot = Plot {
        file: "institutions.svg",
        title: "Opens and ends over HTTP, 32 clients over all institutions",
        axes: ("institutions", "a second"),
        series: vec![Series { name: "hotline".to_owned(), points }],
    };
    Ok((vec![outcome], plot))
}
