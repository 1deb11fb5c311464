//! Processor time of the processes that take part, from Linux's /proc. On a machine that others use too it says more than
//! the time on the wall: what was used for a message is used for it however long it had to wait for a core.

use anyhow::{Context, Result};

use crate::server::{Environment, Server};

/// Of /proc, in one second (`getconf CLK_TCK`; the same on every Linux of today's).
const TICKS_PER_SECOND: f64 = 100.0;

/// Seconds of processor time used so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Used {
    /// The server.
    pub(crate) server: f64,
    /// PostgreSQL with all its processes.
    pub(crate) postgres: f64,
    /// The load generator.
    pub(crate) client: f64,
    /// Programs that it started and waited for: pgbench.
    pub(crate) started: f64,
}

impl Used {
    /// What was used since `before`, in microseconds for each of `number`.
    pub(crate) fn each_since(self, before: Self, number: u64) -> Self {
        let number = u32::try_from(number.max(1)).map_or(f64::INFINITY, f64::from);
        let each = |now: f64, before: f64| (now - before) * 1e6 / number;
        Self {
            server: each(self.server, before.server),
            postgres: each(self.postgres, before.postgres),
            client: each(self.client, before.client),
            started: each(self.started, before.started),
        }
    }
}

impl Used {
    /// Adds what was used between two moments.
    pub(crate) fn add(&mut self, after: Self, before: Self) {
        self.server += after.server - before.server;
        self.postgres += after.postgres - before.postgres;
        self.client += after.client - before.client;
        self.started += after.started - before.started;
    }
}

/// Looks at the processes of one measurement.
#[derive(Debug)]
pub(crate) struct Meter {
    server: u32,
    postmaster: u32,
}

impl Meter {
    pub(crate) async fn new(environment: &Environment, server: &Server) -> Result<Self> {
        Ok(Self { server: server.process_id()?, postmaster: postmaster(environment).await? })
    }

    pub(crate) fn read(&self) -> Result<Used> {
        let client = Stat::of(std::process::id())?;
        Ok(Used {
            server: used_by(self.server)?,
            postgres: used_by_postgres(self.postmaster)?,
            client: client.own,
            started: client.waited_for,
        })
    }
}

/// The process that all others of PostgreSQL come from.
pub(crate) async fn postmaster(environment: &Environment) -> Result<u32> {
    let checkpointer = "select pid from pg_stat_activity where backend_type = 'checkpointer'";
    let one_of_its = environment.sql("postgres", checkpointer).await?.parse()?;
    Ok(Stat::of(one_of_its)?.parent)
}

/// What a process has used.
pub(crate) fn used_by(process: u32) -> Result<f64> {
    Ok(Stat::of(process)?.own)
}

/// What PostgreSQL has used with all its processes.
pub(crate) fn used_by_postgres(postmaster: u32) -> Result<f64> {
    let stat = Stat::of(postmaster)?;
    // Backends that have gone were waited for.
    let backends = children(postmaster)?.into_iter().filter_map(|child| Stat::of(child).ok());
    Ok(stat.own + stat.waited_for + backends.map(|backend| backend.own).sum::<f64>())
}

/// The processes that it has started and that run.
pub(crate) fn children(parent: u32) -> Result<Vec<u32>> {
    let mut children = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let Some(process) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // It may have gone since it was listed.
        if Stat::of(process).is_ok_and(|stat| stat.parent == parent) {
            children.push(process);
        }
    }
    Ok(children)
}

/// A line of /proc/…/stat (man proc, 5).
struct Stat {
    parent: u32,
    own: f64,
    waited_for: f64,
}

impl Stat {
    fn of(process: u32) -> Result<Self> {
        let line = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
        // The name of the program stands in brackets and may hold anything.
        let (_, rest) = line.rsplit_once(')').context("a line of /proc without a name")?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number - 3).copied().context("a short line of /proc");
        let seconds = |number: usize| anyhow::Ok(field(number)?.parse::<f64>()? / TICKS_PER_SECOND);
        Ok(Self {
            parent: field(4)?.parse()?,
            own: seconds(14)? + seconds(15)?,
            waited_for: seconds(16)? + seconds(17)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_line_is_read() {
        let stat = Stat::of(std::process::id()).expect("we are there");
        assert!(stat.parent > 0 && stat.own >= 0.0);
    }

    #[test]
    fn what_was_used_is_shared_out() {
        let before = Used { server: 1.0, ..Used::default() };
        let after = Used { server: 1.5, postgres: 0.25, ..Used::default() };
        assert_eq!(
            after.each_since(before, 1000),
            Used { server: 500.0, postgres: 250.0, ..Used::default() }
        );
    }
}
