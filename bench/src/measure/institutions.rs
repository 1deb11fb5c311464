//! `institutions`: the same number of clients over one institution and spread over as many as there are clients, each with a
//! Registry of its own: how many opens and ends a second, and what one of them costs PostgreSQL; the plot shows how it
//! grows. Then a thousand institutions in which nothing goes on: how long the start takes, and what they cost.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;
use serde_json::json;

use super::Effort;
use crate::{
    cpu::{Meter, Used},
    http::Connection,
    people::{self, Person},
    report::{Outcome, Plot, Series, Target},
    server::Server,
    stats::{Latencies, median},
    talks::{self, Presence},
};

const CLIENTS: usize = 32;
const MANY_CLIENTS: usize = 200;
const IDLE: usize = 1000;
const IDLE_FOR: Duration = Duration::from_secs(15);
/// As many as one counselor may have.
const PLACES_MAX: usize = 50;
const TIME: Duration = Duration::from_secs(2);

struct Spread {
    clients_number: usize,
    institutions: usize,
    server: Server,
    meter: Meter,
    used: Used,
    decisions: u64,
    _presence: Presence,
    /// Each client's visitor and their counselor.
    clients: Vec<(Person, String)>,
    per_second: Vec<f64>,
    p50: Vec<f64>,
}

impl Spread {
    async fn prepare(effort: &Effort, clients_number: usize, institutions: usize) -> Result<Self> {
        let database = format!("bench_institutions_{clients_number}_{institutions}");
        let mut server = Server::prepare_with(&effort.environment, &database, institutions).await?;
        server.start().await?;
        let (mut counselors, places) = (Vec::new(), u32::try_from(PLACES_MAX)?);
        let mut clients = Vec::new();
        for (number, institution) in server.institutions.iter().enumerate() {
            let mine = (number..clients_number).step_by(institutions).count();
            let theirs =
                people::counselors_of(&server, institution, mine.div_ceil(PLACES_MAX), places).await?;
            let visitors = people::visitors_of(&server, institution, 0, mine).await?;
            for (counselor, visitors) in theirs.iter().zip(visitors.chunks(PLACES_MAX)) {
                clients.extend(visitors.iter().map(|visitor| (visitor.clone(), counselor.id.clone())));
            }
            counselors.extend(theirs);
        }
        let presence = Presence::of(&server, &counselors).await?;
        let meter = Meter::new(&effort.environment, &server).await?;
        Ok(Self {
            clients_number,
            institutions,
            meter,
            used: Used::default(),
            decisions: 0,
            server,
            _presence: presence,
            clients,
            per_second: Vec::new(),
            p50: Vec::new(),
        })
    }

    async fn round(&mut self) -> Result<()> {
        let before = self.meter.read()?;
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
        self.used.add(self.meter.read()?, before);
        self.decisions += u64::from(done);
        self.per_second.push(f64::from(done) / seconds);
        self.p50.push(latencies.quantile(0.5));
        Ok(())
    }

    /// Processor time that a decision took of PostgreSQL, in microseconds.
    fn postgres(&self) -> f64 {
        self.used.each_since(Used::default(), self.decisions).postgres
    }
}

pub(crate) async fn measure(effort: &Effort) -> Result<(Vec<Outcome>, Plot)> {
    let sizes: &[(usize, usize)] = if effort.quick {
        &[(CLIENTS, 1), (CLIENTS, CLIENTS)]
    } else {
        &[
            (CLIENTS, 1),
            (CLIENTS, 2),
            (CLIENTS, 4),
            (CLIENTS, 8),
            (CLIENTS, 16),
            (CLIENTS, CLIENTS),
            (MANY_CLIENTS, 1),
            (MANY_CLIENTS, MANY_CLIENTS),
        ]
    };
    let mut servers = Vec::new();
    for (clients, institutions) in sizes {
        servers.push(Spread::prepare(effort, *clients, *institutions).await?);
    }
    for _ in 0..effort.rounds().min(3) {
        for server in &mut servers {
            server.round().await?;
        }
    }
    let mut outcomes = Vec::new();
    for clients in [CLIENTS, MANY_CLIENTS] {
        outcomes.extend(spread_beside_one(&servers, clients));
    }
    let mut points = Vec::new();
    for server in servers.iter().filter(|server| server.clients_number == CLIENTS) {
        points.push((f64::from(u32::try_from(server.institutions)?), median(&server.per_second)));
    }
    drop(servers);
    if !effort.quick {
        outcomes.extend(idle(effort).await?);
    }
    let plot = Plot {
        file: "institutions.svg",
        title: "Opens and ends over HTTP, 32 clients over all institutions",
        axes: ("institutions", "a second"),
        series: vec![Series { name: "hotline".to_owned(), points }],
    };
    Ok((outcomes, plot))
}

/// So many clients over as many institutions, beside the same over one.
fn spread_beside_one(servers: &[Spread], clients: usize) -> Vec<Outcome> {
    let of = |institutions| {
        servers.iter().find(|one| (one.clients_number, one.institutions) == (clients, institutions))
    };
    let (Some(one), Some(spread)) = (of(1), of(clients)) else { return Vec::new() };
    let all = servers.iter().filter(|server| server.clients_number == clients).map(|server| {
        json!({
            "institutions": server.institutions, "per_second": median(&server.per_second),
            "open_p50_ms": median(&server.p50), "postgres_us": server.postgres(),
        })
    });
    let all = json!({ "clients": clients, "all": all.collect::<Vec<_>>() });
    vec![
        Outcome::new(
            &format!("institutions-{clients}"),
            "/s",
            (median(&spread.per_second), median(&one.per_second)),
            Target::AtLeast(0.8),
            all,
        ),
        Outcome::new(
            &format!("institutions-{clients}-postgres"),
            "us",
            (spread.postgres(), one.postgres()),
            Target::AtMost(1.5),
            json!({}),
        ),
    ]
}

/// A thousand in which nothing goes on.
async fn idle(effort: &Effort) -> Result<Vec<Outcome>> {
    let database = "bench_institutions_idle";
    let mut server = Server::prepare(&effort.environment, database).await?;
    let more = format!(
        "insert into institutions (code, name, created_at) select 'idle' || n, 'idle', 0 from generate_series(2, {IDLE}) n"
    );
    effort.environment.sql(database, &more).await?;
    let start = server.start().await?;
    let claimed = format!("select count(*) >= {IDLE} from events where kind = 'claimed'");
    let begun = Instant::now();
    while effort.environment.sql(database, &claimed).await? != "t" {
        ensure!(begun.elapsed() < Duration::from_mins(1), "not all institutions are claimed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let start = start + begun.elapsed();
    let meter = Meter::new(&effort.environment, &server).await?;
    let before = meter.read()?;
    tokio::time::sleep(IDLE_FOR).await;
    let mut used = Used::default();
    used.add(meter.read()?, before);
    let number = format!(
        "select count(*) from pg_stat_activity where datname = '{database}' and application_name = 'hotline'"
    );
    let connections: f64 = effort.environment.sql(database, &number).await?.parse()?;
    let busy = (used.server + used.postgres) / IDLE_FOR.as_secs_f64();
    let detail = json!({ "server_s": used.server, "postgres_s": used.postgres, "for_s": IDLE_FOR.as_secs() });
    Ok(vec![
        Outcome::new("institutions-idle", "of a core", (busy, 0.05), Target::AtMost(1.0), detail),
        Outcome::new("institutions-connections", "", (connections, 40.0), Target::AtMost(1.0), json!({})),
        Outcome::new("institutions-start", "s", (start.as_secs_f64(), 2.0), Target::AtMost(1.0), json!({})),
    ])
}
