//! pgbench, PostgreSQL's own load generator, as the other side. Prepared statements, as its manual recommends for
//! measuring the server rather than the parser; every transaction's latency is logged.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::{server::Environment, stats::Latencies};

/// What pgbench is asked to do.
#[derive(Debug, Clone)]
pub(crate) struct Pgbench {
    pub(crate) database: String,
    /// A file in `bench/sql/`.
    pub(crate) script: &'static str,
    pub(crate) clients: usize,
    /// Offered transactions a second; none: as many as it can.
    pub(crate) rate: Option<u32>,
}

/// What it found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) per_second: f64,
    pub(crate) latencies: Latencies,
}

impl Pgbench {
    pub(crate) async fn run(&self, environment: &Environment, time: Duration) -> Result<Found> {
        let folder = environment.scratch.join("pgbench");
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir(&folder)?;
        let script = environment.peers.join("../sql").join(self.script).canonicalize()?;
        let mut command = environment.postgres("pgbench");
        command.current_dir(&folder).arg("--no-vacuum").arg("--protocol=prepared").arg("--log");
        command.args(["--jobs", "2", "--client", &self.clients.to_string()]);
        command.args(["--time", &time.as_secs().max(1).to_string()]);
        if let Some(rate) = self.rate {
            command.args(["--rate", &rate.to_string()]);
        }
        command.arg("--file").arg(script).arg(environment.url(&self.database));
        let output = command.output().await.context("pgbench")?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(output.status.success(), "pgbench: {said}{}", String::from_utf8_lossy(&output.stderr));
        let tps = said.lines().find_map(|line| line.strip_prefix("tps = ")).context("pgbench without tps")?;
        let per_second = tps.split(' ').next().context("pgbench without tps")?.parse()?;
        Ok(Found { per_second, latencies: latencies(&folder)? })
    }
}

/// Third column of every line of every log: microseconds, counted from the moment it was due where a rate is given.
fn latencies(folder: &std::path::Path) -> Result<Latencies> {
    let mut all = Latencies::default();
    for entry in std::fs::read_dir(folder)? {
        for line in std::fs::read_to_string(entry?.path())?.lines() {
            let column = line.split(' ').nth(2).context("a line of pgbench's log")?;
            all.record(Duration::from_micros(column.parse()?));
        }
    }
    Ok(all)
}
