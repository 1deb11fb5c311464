//! `sockets`: idle sockets of the workbench, as many as files may be open, beside socket.io on Node: memory of each, and
//! how long one change takes to reach all of them.
//!
//! The change is told by the server's own clock on both sides: the moment stands in the frame.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::json;

use super::Effort;
use crate::{
    crowd::{Crowd, Listening},
    http::Connection,
    listening_socket::ListeningSocket,
    peer::Peer,
    people,
    report::{Outcome, Plot, Series, Target},
    rounds::random,
    server::{Server, resident_bytes},
    stats::median,
    talks::{Presence, WORKBENCH, WORKBENCH_GREETING},
};

/// Files that are needed for other things, on each side.
const FILES_SPARE: usize = 1000;
const SOCKETS_MIN: usize = 5000;
const CONNECTING_AT_ONCE: usize = 32;
/// Memory is looked at once nothing has changed for this long.
const SETTLED: Duration = Duration::from_secs(2);

fn now_millis() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// What differs between the two protocols, for a client that only listens.
#[derive(Debug, Clone, Copy)]
enum Protocol {
    Hotline,
    SocketIo,
}

impl Protocol {
    const fn path(self) -> &'static str {
        match self {
            Self::Hotline => WORKBENCH,
            Self::SocketIo => "/socket.io/?EIO=4&transport=websocket",
        }
    }

    /// What a client says first, and what the server's first text has in it.
    const fn greeting(self) -> (Option<&'static str>, &'static str) {
        match self {
            Self::Hotline => (None, WORKBENCH_GREETING),
            Self::SocketIo => (Some("40"), "40{"),
        }
    }

    const fn listening(self) -> Listening {
        let answer = match self {
            Self::Hotline => None,
            // engine.io's own ping.
            Self::SocketIo => Some(("2", "3")),
        };
        Listening { change: Some("unanswered"), answer }
    }
}

/// Adds sockets until there are so many.
async fn gather(
    crowd: &mut Crowd,
    address: &str,
    token: Option<&str>,
    number: usize,
    protocol: Protocol,
) -> Result<()> {
    let (first, greeting) = protocol.greeting();
    let open = |_| ListeningSocket::open(address, protocol.path(), token, first, greeting);
    let mut opened = stream::iter((crowd.len()..number).map(open)).buffer_unordered(CONNECTING_AT_ONCE);
    while let Some(socket) = opened.try_next().await? {
        crowd.add(socket)?;
    }
    Ok(())
}

/// Waits until all have heard of a change that happened at `at`; how many milliseconds that took.
async fn all_heard(crowd: &Crowd, at: u64) -> Result<f64> {
    crowd.all_heard().await?;
    let took = now_millis().saturating_sub(at);
    Ok(f64::from(u32::try_from(took)?))
}

fn number_of_sockets(effort: &Effort) -> Result<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits")?;
    let line =
        limits.lines().find(|line| line.starts_with("Max open files")).context("no limit of open files")?;
    let soft: usize = line.split_whitespace().nth(3).context("no limit of open files")?.parse()?;
    let possible = soft.saturating_sub(FILES_SPARE);
    ensure!(possible >= SOCKETS_MIN, "at most {soft} files may be open: {SOCKETS_MIN} sockets do not fit");
    Ok(if effort.quick { SOCKETS_MIN } else { possible })
}

async fn settle() {
    tokio::time::sleep(SETTLED).await;
}

fn per_socket(before: u64, after: u64, number: usize) -> Result<f64> {
    let grown = u32::try_from(after.saturating_sub(before) / 1024)?;
    Ok(f64::from(grown) / f64::from(u32::try_from(number)?))
}

/// What was found with so many sockets.
struct Found {
    sockets: usize,
    /// KiB each.
    memory: f64,
    /// Milliseconds until all have heard, round by round.
    times: Vec<f64>,
}

pub(crate) async fn measure(effort: &Effort) -> Result<(Vec<Outcome>, Plot)> {
    let most = number_of_sockets(effort)?;
    let smaller: &[usize] = if effort.quick { &[] } else { &[100, 1000, SOCKETS_MIN] };
    let mut sizes: Vec<usize> = smaller.iter().copied().filter(|size| *size < most).collect();
    sizes.push(most);
    let rounds = effort.rounds();
    let ours = measure_ours(effort, &sizes, rounds).await?;
    let other = measure_other(effort, &sizes, rounds).await?;
    let series = |name: &str, found: &[Found]| {
        let points = found.iter().filter_map(|one| {
            Some((f64::from(u32::try_from(one.sockets).ok()?), median(&one.times).max(1.0)))
        });
        Series { name: name.to_owned(), points: points.collect() }
    };
    let plot = Plot {
        file: "sockets.svg",
        title: "One change until every socket has heard (median)",
        axes: ("sockets", "milliseconds"),
        series: vec![series("hotline", &ours), series("socket.io", &other)],
    };
    let (Some(ours), Some(other)) = (ours.last(), other.last()) else {
        anyhow::bail!("nothing was measured")
    };
    let details = json!({ "sockets": most });
    let memory =
        Outcome::new("sockets-memory", "KiB", (ours.memory, other.memory), Target::AtMost(1.3), details);
    let details = json!({ "sockets": most, "ours_rounds_ms": ours.times, "other_rounds_ms": other.times });
    let time = (median(&ours.times), median(&other.times));
    Ok((vec![memory, Outcome::new("sockets-change", "ms", time, Target::AtMost(0.5), details)], plot))
}

async fn measure_ours(effort: &Effort, sizes: &[usize], rounds: usize) -> Result<Vec<Found>> {
    let mut server = Server::prepare(&effort.environment, "bench_sockets").await?;
    // A talk whose counselor says nothing is told to every administrator; here at once.
    server.set("dispatch.unanswered_seconds", "[1]");
    server.start().await?;
    let counselors = people::counselors(&server, 1, 50).await?;
    let _presence = Presence::of(&server, &counselors).await?;
    let mut visitors = people::visitors(&server, 0, (rounds + 1) * sizes.len()).await?;
    let administrator = people::administrator(&server).await?;
    settle().await;
    let before = resident_bytes(server.process_id()?)?;
    let protocol = Protocol::Hotline;
    let mut crowd = Crowd::begin(protocol.listening())?;
    let mut all = Vec::new();
    for &sockets in sizes {
        let token = Some(administrator.token.as_str());
        gather(&mut crowd, &server.address, token, sockets, protocol).await?;
        settle().await;
        let memory = per_socket(before, resident_bytes(server.process_id()?)?, sockets)?;
        // Anew for each size: the server closes a connection that was idle for long.
        let mut connection = Connection::open(&server.address).await?;
        let mut times = Vec::new();
        for _ in 0..=rounds {
            let visitor = visitors.pop().context("no visitor is left")?;
            let talk = crate::talks::open_request(&visitor, &counselors[0].id);
            let opened = connection.send(&talk).await?.result()?;
            let due = opened["startTime"].as_u64().context("not assigned")? + 1000;
            times.push(all_heard(&crowd, due).await?);
            tokio::time::sleep(Duration::from_millis(random(300)?)).await;
        }
        // The first warms up.
        all.push(Found { sockets, memory, times: times.split_off(1) });
    }
    Ok(all)
}

async fn measure_other(effort: &Effort, sizes: &[usize], rounds: usize) -> Result<Vec<Found>> {
    let (mut peer, ready) = Peer::start(&effort.environment, "chat.mjs", &[]).await?;
    peer.ask("collect").await?;
    settle().await;
    let before = resident_bytes(peer.process_id()?)?;
    let address = format!("127.0.0.1:{}", ready["port"]);
    let protocol = Protocol::SocketIo;
    let mut crowd = Crowd::begin(protocol.listening())?;
    let mut all = Vec::new();
    for &sockets in sizes {
        gather(&mut crowd, &address, None, sockets, protocol).await?;
        settle().await;
        peer.ask("collect").await?;
        let memory = per_socket(before, resident_bytes(peer.process_id()?)?, sockets)?;
        let mut times = Vec::new();
        for _ in 0..=rounds {
            let at = now_millis();
            peer.ask("emit").await?;
            times.push(all_heard(&crowd, at).await?);
            tokio::time::sleep(Duration::from_millis(random(300)?)).await;
        }
        all.push(Found { sockets, memory, times: times.split_off(1) });
    }
    Ok(all)
}
