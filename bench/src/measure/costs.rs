//! `cost-…`: where the time goes. Processor time that one message, one open and one end take, by process, beside what
//! pgbench and PostgreSQL use for an insert, and for an arrival decided in SQL. An end has nothing beside it.

use std::time::Instant;

use anyhow::Result;
use futures_util::future::try_join_all;
use serde_json::json;

use super::{Effort, arrival, ingest};
use crate::{
    cpu::{Meter, Used},
    http::Connection,
    people::{self, Person},
    pgbench::Pgbench,
    report::{Outcome, Target},
    server::Server,
    talks::{self, Presence},
};

const COUNSELORS: usize = 40;
const PLACES: usize = 50;

pub(crate) async fn measure(effort: &Effort) -> Result<Vec<Outcome>> {
    let mut outcomes = vec![messages(effort).await?];
    outcomes.extend(opens_and_ends(effort).await?);
    Ok(outcomes)
}

fn outcome(name: &str, ours: Used, other: Used) -> Outcome {
    let details = json!({
        "server_us": ours.server, "postgres_us": ours.postgres, "client_us": ours.client,
        "other_postgres_us": other.postgres, "other_pgbench_us": other.started,
    });
    let all = (ours.server + ours.postgres + ours.client, other.postgres + other.started);
    let all = if all.1 > 0.0 { all } else { (all.0, all.0) };
    Outcome::new(name, "us", all, Target::Reported, details)
}

/// What one transaction of pgbench costs.
async fn pgbench(effort: &Effort, meter: &Meter, pgbench: &Pgbench) -> Result<Used> {
    let before = meter.read()?;
    let found = pgbench.run(&effort.environment, effort.round()).await?;
    Ok(meter.read()?.each_since(before, found.latencies.len()))
}

async fn messages(effort: &Effort) -> Result<Outcome> {
    let mut server = Server::prepare(&effort.environment, "bench_cost_message").await?;
    effort.environment.sql(&server.database, ingest::PEER_TABLE).await?;
    server.start().await?;
    let (_presence, talks) = talks::many(&server, effort.of(ingest::TALKS, ingest::TALKS / 5)).await?;
    // Plans are made, people are known.
    talks::ingest(&server, &talks, ingest::CLIENTS, effort.round() / 2, None).await?;
    let meter = Meter::new(&effort.environment, &server).await?;
    let before = meter.read()?;
    let found = talks::ingest(&server, &talks, ingest::CLIENTS, effort.round(), None).await?;
    let ours = meter.read()?.each_since(before, found.stored);
    let other = Pgbench {
        database: server.database.clone(),
        script: "ingest.sql",
        clients: ingest::CLIENTS,
        rate: None,
    };
    Ok(outcome("cost-message", ours, pgbench(effort, &meter, &other).await?))
}

async fn opens_and_ends(effort: &Effort) -> Result<[Outcome; 2]> {
    let mut server = Server::prepare(&effort.environment, "bench_cost_open").await?;
    effort.environment.sql(&server.database, arrival::PEER_TABLES).await?;
    server.start().await?;
    let counselors = people::counselors(&server, COUNSELORS, 50).await?;
    let _presence = Presence::of(&server, &counselors).await?;
    let visitors = people::visitors(&server, 0, COUNSELORS * PLACES).await?;
    let meter = Meter::new(&effort.environment, &server).await?;
    let (mut opens, mut ends, mut number) = (Used::default(), Used::default(), 0);
    come_and_go(&server, &meter, &visitors, &counselors, &mut Used::default(), &mut Used::default()).await?;
    let until = Instant::now() + effort.round();
    while Instant::now() < until {
        come_and_go(&server, &meter, &visitors, &counselors, &mut opens, &mut ends).await?;
        number += visitors.len() as u64;
    }
    let each = |used: Used| used.each_since(Used::default(), number);
    let other = Pgbench {
        database: server.database.clone(),
        script: "arrival.sql",
        clients: arrival::CLIENTS,
        rate: None,
    };
    let other = pgbench(effort, &meter, &other).await?;
    Ok([outcome("cost-open", each(opens), other), outcome("cost-end", each(ends), Used::default())])
}

/// Every visitor opens, then every visitor ends; adds what that used.
async fn come_and_go(
    server: &Server,
    meter: &Meter,
    visitors: &[Person],
    counselors: &[Person],
    opens: &mut Used,
    ends: &mut Used,
) -> Result<()> {
    let before = meter.read()?;
    let open = visitors.chunks(visitors.len() / arrival::CLIENTS).map(|mine| async move {
        let mut connection = Connection::open(&server.address).await?;
        let mut opened = Vec::with_capacity(mine.len());
        for (index, visitor) in mine.iter().enumerate() {
            let counselor = &counselors[index % counselors.len()];
            opened.push((visitor, talks::open(&mut connection, visitor, &counselor.id).await?));
        }
        anyhow::Ok((connection, opened))
    });
    let open = try_join_all(open).await?;
    let between = meter.read()?;
    let end = open.into_iter().map(|(mut connection, opened)| async move {
        for (visitor, conversation) in opened {
            connection.send(&talks::end_request(visitor, &conversation)).await?.result()?;
        }
        anyhow::Ok(())
    });
    try_join_all(end).await?;
    let after = meter.read()?;
    opens.add(between, before);
    ends.add(after, between);
    Ok(())
}
