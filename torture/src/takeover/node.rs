//! One of several servers, through all its starts, with ways of its own to the database and to the bus.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use super::balancer::Balancer;
use crate::{
    nats::{self, NatsServer},
    proxy::{Proxy, Silence},
    run::RunOptions,
    server::{Server, ServerLauncher},
};

/// Whoever looks after it starts it again.
const STARTS_MAX: u32 = 5;
/// To its first answer.
const ANSWERS_MAX: Duration = Duration::from_secs(30);

/// A way, and where it leads.
#[derive(Debug)]
struct Way {
    proxy: Proxy,
    to: SocketAddr,
}

impl Way {
    async fn to(to: SocketAddr) -> io::Result<Self> {
        Ok(Self { proxy: Proxy::start(vec![to]).await?, to })
    }
}

/// Which ways of a server are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CutOff {
    Database,
    Bus,
    Both,
}

#[derive(Debug)]
pub(super) struct Node {
    name: String,
    database: Way,
    /// To each nats-server, its own first; empty without a bus.
    bus: Vec<Way>,
    launcher: ServerLauncher,
    server: Option<Server>,
    starts: u32,
}

impl Node {
    /// It does not run yet. `launcher` starts a server alone, straight on the database `database`.
    pub(super) async fn new(
        number: usize,
        options: &RunOptions,
        launcher: &ServerLauncher,
        database: &str,
        nats: &[NatsServer],
    ) -> io::Result<Self> {
        let name = format!("node{number}");
        let postgres = SocketAddr::from(([127, 0, 0, 1], options.cluster.port()));
        let way = Way::to(postgres).await?;
        let mut launcher = launcher.clone();
        let through = options.cluster.url_through(way.proxy.address().port(), database);
        launcher.settings.insert("HOTLINE__DATABASE__URL".to_owned(), through);
        let mut bus = Vec::new();
        for place in 0..nats.len() {
            bus.push(Way::to(nats[(number - 1 + place) % nats.len()].address()).await?);
        }
        if !bus.is_empty() {
            let urls: Vec<String> = bus.iter().map(|way| nats::url(way.proxy.address())).collect();
            launcher.settings.insert("HOTLINE__CLUSTER__BUS".to_owned(), urls.join(","));
        }
        Ok(Self { name, database: way, bus, launcher, server: None, starts: 0 })
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
            let process = format!("{}-{}", self.name, self.starts);
            // The table of servers then names the process, not only the place where it runs.
            self.launcher.settings.insert("HOTLINE__CLUSTER__NAME".to_owned(), process.clone());
            self.server = Some(self.launcher.start(&process)?);
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

    fn ways(&self, cut: CutOff) -> impl Iterator<Item = &Way> {
        let database = (cut != CutOff::Bus).then_some(&self.database);
        let bus: &[Way] = if cut == CutOff::Database { &[] } else { &self.bus };
        database.into_iter().chain(bus)
    }

    /// These ways are gone: their connections are closed and new ones refused.
    pub(super) fn refuse(&self, cut: CutOff) {
        for way in self.ways(cut) {
            way.proxy.lead_to(Vec::new());
            way.proxy.cut();
        }
    }

    /// What is sent on these ways is held, and nobody is told.
    pub(super) fn silence(&self, cut: CutOff, silence: Silence) {
        for way in self.ways(cut) {
            way.proxy.be_silent(silence);
        }
    }

    /// All ways are there again.
    pub(super) fn heal(&self) {
        for way in self.ways(CutOff::Both) {
            way.proxy.lead_to(vec![way.to]);
            way.proxy.be_silent(Silence::Nowhere);
        }
    }

    pub(super) fn connections_cut(&self) -> u64 {
        self.ways(CutOff::Both).map(|way| way.proxy.connections_cut()).sum()
    }
}
