//! The measurements of the hotline server, each beside something that is known, in the same run on the same PostgreSQL.
//! `make bench` and `make bench-quick` call it; docs/performance.md says what is compared with what, and why.

#![expect(clippy::print_stdout, reason = "the report is what it is for")]

mod cpu;
mod crowd;
mod http;
mod listening_socket;
mod measure;
mod peer;
mod people;
mod pgbench;
mod report;
mod rounds;
mod server;
mod several;
mod socket;
mod stats;
mod talks;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;
use serde_json::json;

use measure::Effort;
use report::{Outcome, Plot, plot, plot_ratios};
use server::{Environment, Nats};

/// Measures the hotline server beside others.
#[derive(Debug, Parser)]
struct Arguments {
    /// Measure less, in about a minute
    #[arg(long)]
    quick: bool,
    /// The server's release binary
    #[arg(long, value_name = "PATH")]
    server: PathBuf,
    /// Where pgbench and psql are
    #[arg(long, value_name = "FOLDER")]
    postgres_bin: PathBuf,
    /// The cluster to measure on, as postgres://user:password@host:port; its databases named bench_… are dropped
    #[arg(long, value_name = "URL", env = "HOTLINE_BENCH_CLUSTER")]
    cluster: String,
    /// A folder for this run's files
    #[arg(long, value_name = "FOLDER")]
    scratch: PathBuf,
    /// The folder bench/peers, with its packages installed
    #[arg(long, value_name = "FOLDER")]
    peers: PathBuf,
    /// Where the results go
    #[arg(long, value_name = "FOLDER")]
    results: PathBuf,
    /// Where criterion left what it measured of the core
    #[arg(long, value_name = "FOLDER")]
    criterion: PathBuf,
    /// The nats-servers of this run, each as PROCESS=URL
    #[arg(long, value_name = "LIST", env = "HOTLINE_BENCH_NATS", value_delimiter = ' ')]
    nats: Vec<Nats>,
    /// What `pg_test_fsync` found for fdatasync: the floor under every durable answer
    #[arg(long, value_name = "NUMBER")]
    fsyncs_per_second: Option<f64>,
    /// Only these measurements
    names: Vec<String>,
}

/// In the order in which they run.
const ALL: [&str; 14] = [
    "ingest",
    "freed-to-bound",
    "arrival",
    "race",
    "sockets",
    "lists",
    "fairness",
    "start",
    "institutions",
    "hop",
    "several",
    "overload",
    "costs",
    "core",
];

/// Where the time goes, how cost grows with institutions, what several servers cost, and the storm: for the whole run, or asked for by
/// name.
const NOT_QUICK: [&str; 4] = ["institutions", "several", "overload", "costs"];

// One thread for all clients: on two cores a second one takes its time from what is measured, much of it to wake the first.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let environment = Environment {
        server: arguments.server.canonicalize().context("the server's binary")?,
        postgres_bin: arguments.postgres_bin,
        cluster: arguments.cluster,
        scratch: arguments.scratch.canonicalize().context("the scratch folder")?,
        peers: arguments.peers.canonicalize().context("the peers")?,
        nats: arguments.nats,
    };
    let effort = Effort { environment, quick: arguments.quick, criterion: arguments.criterion };
    std::fs::create_dir_all(&arguments.results)?;
    let mut outcomes: Vec<Outcome> = Vec::new();
    for name in ALL {
        let wanted = if arguments.names.is_empty() {
            !(effort.quick && NOT_QUICK.contains(&name))
        } else {
            arguments.names.iter().any(|wanted| wanted == name)
        };
        if !wanted {
            continue;
        }
        println!("==> {name}");
        let begun = std::time::Instant::now();
        let (found, plots) = measured(name, &effort).await.with_context(|| name.to_owned())?;
        effort.environment.drop_databases().await?;
        for one in &plots {
            plot(&arguments.results, one)?;
        }
        for outcome in &found {
            println!("    {outcome}");
        }
        println!("    {name}: {:.0} s", begun.elapsed().as_secs_f64());
        outcomes.extend(found);
    }
    println!();
    for outcome in &outcomes {
        println!("{outcome}");
    }
    let report = json!({
        "at": jiff::Timestamp::now().to_string(),
        "quick": effort.quick,
        "machine": machine(),
        "fsyncs_per_second": arguments.fsyncs_per_second,
        "outcomes": outcomes,
    });
    std::fs::write(arguments.results.join("results.json"), serde_json::to_string_pretty(&report)?)?;
    plot_ratios(&arguments.results.join("ratios.svg"), &outcomes)
}

async fn measured(name: &str, effort: &Effort) -> Result<(Vec<Outcome>, Vec<Plot>)> {
    let without = |found: Result<Vec<Outcome>>| found.map(|outcomes| (outcomes, Vec::new()));
    let with = |found: Result<(Vec<Outcome>, Plot)>| found.map(|(outcomes, plot)| (outcomes, vec![plot]));
    match name {
        "ingest" => without(measure::ingest::measure(effort).await),
        "freed-to-bound" => with(measure::freed::measure(effort).await),
        "arrival" => without(measure::arrival::measure(effort).await),
        "race" => without(measure::race::measure(effort).await),
        "sockets" => with(measure::sockets::measure(effort).await),
        "lists" => without(measure::lists::measure(effort).await),
        "fairness" => without(measure::fairness::measure(effort).await),
        "start" => with(measure::start::measure(effort).await),
        "institutions" => with(measure::institutions::measure(effort).await),
        "hop" => without(measure::hop::measure(effort).await),
        "several" => without(measure::several::measure(effort).await),
        "overload" => without(measure::overload::measure(effort).await),
        "costs" => without(measure::costs::measure(effort).await),
        "core" => without(measure::core::measure(effort)),
        other => anyhow::bail!("no measurement is called {other}"),
    }
}

/// What was measured on: processor, cores, memory, kernel.
fn machine() -> serde_json::Value {
    let line = |file: &str, key: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        text.lines()
            .find_map(|line| line.strip_prefix(key))
            .map(|rest| rest.trim_start_matches([' ', '\t', ':']).to_owned())
    };
    json!({
        "processor": line("/proc/cpuinfo", "model name"),
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "memory": line("/proc/meminfo", "MemTotal"),
        "kernel": std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
    })
}
