//! `race`: many arrive at the same moment for the last places. Ours over-assigns nobody; SQL that reads the loads first
//! and writes after, as common systems do, is counted beside it.

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;
use serde_json::json;

use super::Effort;
use crate::{
    http::Connection,
    people::{self, Person},
    report::{Outcome, Target},
    server::Server,
    talks::{self, Presence},
};

const CLIENTS: usize = 16;
const COUNSELORS: usize = 10;
const PLACES: u32 = 5;
/// Arrivals of one client in a round; together they are twice the fifty places.
const ARRIVALS: usize = 7;

const OURS_BEYOND: &str = "select coalesce(sum(greatest(active - 5, 0)), 0) from (
    select count(*) as active from conversations where status = 'IN_PROGRESS' group by counselor) loads";
const OURS_SEATED: &str = "select count(*) from conversations where status = 'IN_PROGRESS'";
const OTHER_BEYOND: &str = "select coalesce(sum(greatest(active - 5, 0)), 0) from (
    select count(*) as active from peer_conversations where status = 'IN_PROGRESS' group by counselor) loads";

pub(crate) async fn measure(effort: &Effort) -> Result<Vec<Outcome>> {
    let mut server = Server::prepare(&effort.environment, "bench_race").await?;
    effort.environment.sql(&server.database, include_str!("../../sql/arrival_tables.sql")).await?;
    let fewer = "delete from peer_counselors where id > 10; update peer_counselors set capacity = 5";
    effort.environment.sql(&server.database, fewer).await?;
    server.start().await?;
    let counselors = people::counselors(&server, COUNSELORS, PLACES).await?;
    let _presence = Presence::of(&server, &counselors).await?;
    let visitors = people::visitors(&server, 0, CLIENTS * ARRIVALS).await?;
    let rounds = effort.of(20, 5);
    let (mut ours, mut other) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        ours.push(round_of_ours(&server, &visitors).await?);
        other.push(round_of_other(effort, &server).await?);
    }
    let total = |rounds: &[u32]| f64::from(rounds.iter().sum::<u32>());
    let details = json!({ "ours_rounds": ours, "other_rounds": other, "places": 50, "clients": CLIENTS });
    let (ours, other) = (total(&ours), total(&other));
    ensure!(other > 0.0 || effort.quick, "the other side never raced: the comparison shows nothing");
    // None at all is wanted; a ratio of zero says so.
    Ok(vec![Outcome::new("race", " too many", (ours, other.max(1.0)), Target::AtMost(0.0), details)])
}

async fn round_of_ours(server: &Server, visitors: &[Person]) -> Result<u32> {
    let clients = visitors.chunks(ARRIVALS).map(|mine| async move {
        let mut connection = Connection::open(&server.address).await?;
        let mut open = Vec::new();
        for visitor in mine {
            open.push((visitor, talks::open(&mut connection, visitor, "any").await?));
        }
        anyhow::Ok(open)
    });
    let open: Vec<_> = try_join_all(clients).await?.into_iter().flatten().collect();
    let beyond = server.environment.sql(&server.database, OURS_BEYOND).await?.parse()?;
    let assigned: u32 = server.environment.sql(&server.database, OURS_SEATED).await?.parse()?;
    ensure!(assigned >= 50, "places stayed free: {assigned} of 50 taken");
    let mut connection = Connection::open(&server.address).await?;
    for (visitor, conversation) in open.iter().rev() {
        connection.send(&talks::end_request(visitor, conversation)).await?.result()?;
    }
    Ok(beyond)
}

async fn round_of_other(effort: &Effort, server: &Server) -> Result<u32> {
    effort.environment.sql(&server.database, "truncate peer_conversations").await?;
    let script = effort.environment.peers.join("../sql/race.sql").canonicalize()?;
    let mut command = effort.environment.postgres("pgbench");
    command.args(["--no-vacuum", "--protocol=prepared", "--jobs", "2", "--client", &CLIENTS.to_string()]);
    command.args(["--transactions", &ARRIVALS.to_string()]).arg("--file").arg(script);
    let output = command.arg(effort.environment.url(&server.database)).output().await?;
    ensure!(output.status.success(), "pgbench: {}", String::from_utf8_lossy(&output.stderr));
    Ok(effort.environment.sql(&server.database, OTHER_BEYOND).await?.parse()?)
}
