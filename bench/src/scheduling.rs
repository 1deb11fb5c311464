//! Who may interrupt whom, where clients share two cores with what they measure (`sched(7)`).

use std::ffi::OsStr;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

/// How our own threads are scheduled.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Policy {
    /// `SCHED_OTHER`: who is woken may interrupt another.
    Usual,
    /// `SCHED_BATCH`: who is woken waits until a processor is free. For a crowd of clients: it would stop the server at
    /// each frame for the one who reads it, which no crowd on machines of its own can.
    Waiting,
}

/// Sets it for all our threads, and for those that they start.
pub(crate) async fn set(policy: Policy) -> Result<()> {
    let policy = match policy {
        Policy::Usual => "--other",
        Policy::Waiting => "--batch",
    };
    let us = std::process::id().to_string();
    let status = Command::new("chrt").args(["--all-tasks", policy, "--pid", "0", &us]).status().await;
    let status = status.context("chrt")?;
    ensure!(status.success(), "chrt: {status}");
    Ok(())
}

/// A program that is measured, ours or another: it is scheduled as usual, whatever we are.
pub(crate) fn measured(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("chrt");
    command.args(["--other", "0"]).arg(program);
    command
}
