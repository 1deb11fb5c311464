//! `hotline-torture`: see `scripts/torture.sh`.

use std::{fs, path::PathBuf, process::ExitCode};

use clap::{Parser, ValueEnum};
use hotline_torture::{
    fault_injector, last_words,
    postgres::Cluster,
    run::{self, RunOptions},
    takeover,
};

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    Short,
    Long,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Part {
    /// Dispatch, and messages as Tencent delivers them.
    Dispatch,
    /// Our own IM, and whoever says something and is gone.
    LastWords,
    /// Several servers on one database, one of which serves.
    Cluster,
    /// Several servers with a bus, any of which takes any request.
    Bus,
}

/// Hammers a hotline server and its PostgreSQL, and checks from outside that nothing it said was untrue.
#[derive(Debug, Parser)]
struct Arguments {
    /// About a minute, or five to eight; of last words half a minute, or three; of several servers one and a half, or a
    /// quarter of an hour and more.
    #[arg(long, value_enum, default_value = "long")]
    form: Form,
    /// What is tried.
    #[arg(long, value_enum, default_value = "dispatch")]
    part: Part,
    /// How many servers there are in the parts `cluster` and `bus`: three, in the short form two.
    #[arg(long, value_parser = clap::value_parser!(u8).range(2..=9))]
    nodes: Option<u8>,
    /// What all chance is drawn from.
    #[arg(long, env = "SEED")]
    seed: Option<u64>,
    /// The server's binary.
    #[arg(long)]
    server: PathBuf,
    /// The private cluster's folder.
    #[arg(long)]
    cluster: PathBuf,
    /// Where PostgreSQL's programs are.
    #[arg(long)]
    postgres: PathBuf,
    /// What the cluster is started with.
    #[arg(long, allow_hyphen_values = true)]
    postgres_options: String,
    /// A small disk for the tables.
    #[arg(long)]
    small_disk: Option<PathBuf>,
    /// For logs, the history and the report.
    #[arg(long)]
    folder: PathBuf,
    /// How this run was asked for, for the report.
    #[arg(long, default_value = "hotline-torture")]
    command: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let seed = arguments.seed.unwrap_or_else(|| fastrand::u64(1..1_000_000));
    println!("    SEED={seed}");
    let options = RunOptions {
        seed,
        binary: arguments.server,
        cluster: Cluster {
            folder: arguments.cluster,
            programs: arguments.postgres,
            options: arguments.postgres_options,
            small_disk: arguments.small_disk,
        },
        folder: arguments.folder.clone(),
        command: arguments.command,
    };
    let nodes = |by_default: u8| usize::from(arguments.nodes.unwrap_or(by_default));
    let running = async {
        match (arguments.part, arguments.form) {
            (Part::Dispatch, Form::Short) => run::run(&options, &fault_injector::Plan::SHORT).await,
            (Part::Dispatch, Form::Long) => run::run(&options, &fault_injector::Plan::LONG).await,
            (Part::LastWords, Form::Short) => last_words::run(&options, &last_words::Plan::SHORT).await,
            (Part::LastWords, Form::Long) => last_words::run(&options, &last_words::Plan::LONG).await,
            (Part::Cluster, Form::Short) => takeover::run(&options, &takeover::Plan::SHORT, nodes(2)).await,
            (Part::Cluster, Form::Long) => takeover::run(&options, &takeover::Plan::LONG, nodes(3)).await,
            (Part::Bus, Form::Short) => takeover::run(&options, &takeover::Plan::BUS_SHORT, nodes(2)).await,
            (Part::Bus, Form::Long) => takeover::run(&options, &takeover::Plan::BUS_LONG, nodes(3)).await,
        }
    };
    // Whatever was started dies with what is dropped here.
    let outcome = tokio::select! {
        outcome = running => outcome,
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
    };
    match outcome {
        Ok((verdict, text)) => {
            print!("{text}");
            if let Err(error) = fs::write(arguments.folder.join("report.txt"), &text) {
                eprintln!("the report could not be written: {error}");
                return ExitCode::FAILURE;
            }
            if verdict.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("torture (SEED={seed}) broke off: {error}");
            ExitCode::FAILURE
        }
    }
}
