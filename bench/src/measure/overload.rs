//! `overload`: twice the messages that the server can take, for a minute. Its memory must stay bounded, late ones be refused
//! with a clear answer, nothing acknowledged be lost, and all be as before within seconds.
//!
//! A connection has one message under way, and there cannot be more connections than files: two thousand never fill the
//! default buffer of twenty thousand messages. So the buffer is smaller here, and fuller than it would be in the same storm.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::Effort;
use crate::{
    report::{Outcome, Target},
    server::{Server, resident_bytes},
    stats::Latencies,
    talks,
};

const CLIENTS: usize = 64;
/// Each in a talk of its own.
const CLIENTS_TOO_MANY: usize = 2000;
/// `messages.buffer_max`
const BUFFER_MAX: &str = "256";
const RECOVERED_WITHIN: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(250);

pub(crate) async fn measure(effort: &Effort) -> Result<Vec<Outcome>> {
    let mut server = Server::prepare(&effort.environment, "bench_overload").await?;
    server.set("messages.buffer_max", BUFFER_MAX);
    server.start().await?;
    let clients_too_many = effort.of(CLIENTS_TOO_MANY, CLIENTS_TOO_MANY / 4);
    let (_presence, talks) = talks::many(&server, clients_too_many).await?;
    let calm = talks::ingest(&server, &talks, CLIENTS, effort.round(), None).await?;
    let before = resident_bytes(server.process_id()?)?;
    let process = server.process_id()?;
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    let watch = tokio::spawn(async move {
        let mut most = 0;
        while stopped.try_recv().is_err() {
            most = most.max(resident_bytes(process).unwrap_or(0));
            tokio::time::sleep(LOOK_EVERY).await;
        }
        most
    });
    let time = Duration::from_secs(if effort.quick { 3 } else { 60 });
    let twice = (2.0 * calm.per_second()).round();
    let offered = format!("{twice:.0}").parse::<u32>()?;
    let storm = talks::ingest(&server, &talks, clients_too_many, time, Some(offered)).await?;
    ensure!(stop.send(()).is_ok(), "nobody watched the memory");
    let most = watch.await?;
    let (recovered, after) = recovery(&server, &talks, &calm.latencies).await?;
    ensure!(storm.refused > 0, "nothing was refused: the storm was none");
    let kept: u64 =
        effort.environment.sql(&server.database, "select count(*) from messages").await?.parse()?;
    let acknowledged = calm.stored + storm.stored + after;
    ensure!(kept >= acknowledged, "{acknowledged} messages acknowledged, {kept} kept");
    let mib = |bytes: u64| u32::try_from(bytes / (1024 * 1024)).map(f64::from);
    let details = json!({
        "offered_per_second": offered, "stored_per_second": storm.per_second(), "refused": storm.refused,
        "acknowledged": acknowledged, "kept": kept, "recovered_s": recovered.as_secs_f64(), "seconds": time.as_secs(),
        "answer_p50_ms": storm.answers.quantile(0.5), "answer_p99_ms": storm.answers.quantile(0.99),
    });
    Ok(vec![Outcome::new("overload-memory", "MiB", (mib(most)?, mib(before)?), Target::Reported, details)])
}

/// Until messages are taken as fast as before the storm: how long that took, and how many were stored meanwhile.
async fn recovery(server: &Server, talks: &[talks::Talk], calm: &Latencies) -> Result<(Duration, u64)> {
    let (begun, mut stored) = (Instant::now(), 0);
    loop {
        let now = talks::ingest(server, talks, CLIENTS, Duration::from_millis(500), None).await?;
        stored += now.stored;
        if now.refused == 0 && now.latencies.quantile(0.5) <= calm.quantile(0.5) * 2.0 {
            return Ok((begun.elapsed(), stored));
        }
        (begun.elapsed() < RECOVERED_WITHIN).then_some(()).context("the server did not recover")?;
    }
}
