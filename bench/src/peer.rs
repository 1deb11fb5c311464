//! Peers that run on Node: a program in `bench/peers/`, told what to do line by line, answering with a line of JSON each.

use std::{process::Stdio, time::Duration};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::server::Environment;

const WAIT_MAX: Duration = Duration::from_mins(2);

/// A running peer; killed when dropped.
#[derive(Debug)]
pub(crate) struct Peer {
    process: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Peer {
    /// Starts `program` and waits for its first line, which says that it is ready.
    pub(crate) async fn start(
        environment: &Environment,
        program: &str,
        arguments: &[&str],
    ) -> Result<(Self, Value)> {
        let mut command = Command::new("node");
        command.current_dir(&environment.peers).arg("--expose-gc").arg(program).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().context("node")?;
        let stdin = process.stdin.take().context("a pipe")?;
        let lines = BufReader::new(process.stdout.take().context("a pipe")?).lines();
        let mut peer = Self { process, stdin, lines };
        let ready = peer.line().await?;
        Ok((peer, ready))
    }

    pub(crate) async fn ask(&mut self, what: &str) -> Result<Value> {
        self.stdin.write_all(format!("{what}\n").as_bytes()).await?;
        self.line().await
    }

    pub(crate) fn process_id(&self) -> Result<u32> {
        self.process.id().context("the peer has ended")
    }

    async fn line(&mut self) -> Result<Value> {
        let line =
            tokio::time::timeout(WAIT_MAX, self.lines.next_line()).await.context("the peer is silent")??;
        let Some(line) = line else { bail!("the peer has ended: {:?}", self.process.try_wait()) };
        Ok(serde_json::from_str(&line)?)
    }
}
