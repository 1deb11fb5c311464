//! One of several servers, through all its starts, with a way to the database of its own.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use super::balancer::Balancer;
use crate::{
    proxy::Proxy,
    run::RunOptions,
    server::{Server, ServerLauncher},
    setup,
};

/// Whoever looks after it starts it again.
const STARTS_MAX: u32 = 5;
/// To its first answer.
const ANSWERS_MAX: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Node {
    name: String,
    postgres: SocketAddr,
    database: Proxy,
    launcher: ServerLauncher,
    server: Option<Server>,
    starts: u32,
}

impl Node {
    /// It does not run yet. `launcher` starts a server alone, straight on the database.
    pub(super) async fn new(
        number: usize,
        options: &RunOptions,
        launcher: &ServerLauncher,
    ) -> io::Result<Self> {
        let name = format!("node{number}");
        let postgres = SocketAddr::from(([127, 0, 0, 1], options.cluster.port()));
        let database = Proxy::start(vec![postgres]).await?;
        let through = options.cluster.url_through(database.address().port(), setup::TAKEOVER_DATABASE);
        let mut launcher = launcher.clone();
        launcher.settings.insert("HOTLINE__DATABASE__URL".to_owned(), through);
        launcher.settings.insert("HOTLINE__CLUSTER__NAME".to_owned(), name.clone());
        Ok(Self { name, postgres, database, launcher, server: None, starts: 0 })
    }

    /// What its process is called, if it runs: each has a name of its own.
    pub(super) fn process(&self) -> Option<&str> {
        self.server.as_ref().map(Server::name)
    }

    pub(super) fn server(&mut self) -> io::Result<&mut Server> {
        self.server.as_mut().ok_or_else(|| io::Error::other("it does not run"))
    }

    /// Starts a process, if none runs.
    pub(super) fn start(&mut self) -> io::Result<()> {
        if self.server.is_none() {
            self.starts += 1;
            self.server = Some(self.launcher.start(&format!("{}-{}", self.name, self.starts))?);
        }
        Ok(())
    }

    pub(super) fn starts(&self) -> u32 {
        self.starts
    }

    /// Sees to it that it runs and answers, and that the balancer knows.
    pub(super) async fn see_to_it(&mut self, balancer: &Balancer) -> io::Result<()> {
        for _ in 0..STARTS_MAX {
            self.start()?;
            let server = self.server()?;
            let is_known = balancer.is_watched(server.name());
            let address = match is_known {
                true if server.is_up() => return Ok(()),
                true => Err(io::Error::other("it ended")),
                false => server.answers(ANSWERS_MAX).await,
            };
            match address {
                Ok(address) => {
                    balancer.watch(server.name(), address);
                    return Ok(());
                }
                Err(error) if server.is_up() => return Err(error),
                Err(_) => {
                    // Nobody ends who was not asked to.
                    let code = server.ended(Duration::from_secs(1)).await.flatten();
                    server.note_end(code, false);
                    balancer.forget(server.name());
                    self.server = None;
                }
            }
        }
        Err(io::Error::other(format!("{} ended {STARTS_MAX} times in a row", self.name)))
    }

    /// SIGKILL.
    pub(super) async fn kill(&mut self) -> io::Result<()> {
        match self.server.take() {
            Some(server) => server.kill().await,
            None => Ok(()),
        }
    }

    /// SIGTERM, and its end; whether it ended as it should.
    pub(super) async fn stop(&mut self, within: Duration) -> io::Result<()> {
        let Some(mut server) = self.server.take() else { return Ok(()) };
        let begun = Instant::now();
        server.terminate()?;
        if let Some(code) = server.ended(within).await {
            server.note_end(code, code == Some(0));
            Ok(())
        } else {
            // It went on, and must not have.
            server.note_end(None, false);
            println!("    {} had not stopped after {:?}", server.name(), begun.elapsed());
            server.kill().await
        }
    }

    /// The way to the database is gone: its connections are closed and refused, or, in silence, hang.
    pub(super) fn cut_off(&self, in_silence: bool) {
        if in_silence {
            self.database.be_silent(true);
        } else {
            self.database.lead_to(Vec::new());
            self.database.cut();
        }
    }

    /// The way is there again.
    pub(super) fn heal(&self) {
        self.database.lead_to(vec![self.postgres]);
        self.database.be_silent(false);
    }

    pub(super) fn connections_cut(&self) -> u64 {
        self.database.connections_cut()
    }
}
