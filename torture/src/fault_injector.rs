//! Fault injection: what is done to the server, its database and the ways between them, in the order of a plan.

mod last_words;

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use crate::{
    checker::Limits,
    history::{Fact, History, ServerFact, wall_ms},
    misbehaving_clients::{self, MisbehavingClients},
    postgres::Cluster,
    proxy::Proxy,
    rng::Rng,
    server::{self, Server, ServerLauncher},
    setup,
};

const READY_MAX: Duration = Duration::from_secs(30);
/// A server that cannot reach its database ends, and is started again by whoever looks after it.
const STARTS_MAX: u32 = 100;
const FENCED_WITHIN: Duration = Duration::from_secs(20);
/// The code of a server that another has taken over from.
const FENCED: i32 = 75;

/// Acknowledged between a start and the next kill, at least, unless that takes too long.
const WORK_BEFORE_A_KILL: u64 = 8;
const WORK_MAX: Duration = Duration::from_secs(3);
/// Misbehaving clients may slow a server down for so long.
const MISBEHAVING_MAX: Duration = Duration::from_secs(10);

/// How much of each.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub visitors: usize,
    pub counselors: usize,
    pub kills: u32,
    pub crashes: u32,
    pub cuts: u32,
    pub second_servers: u32,
    pub frozen: Duration,
    pub full: Duration,
    pub crowd: u64,
    /// Nothing is done for so long, after the first storm and at the end: deadlines fall due.
    pub calm: Duration,
    pub last_calm: Duration,
    pub limits: Limits,
}

impl Plan {
    /// Five to eight minutes.
    pub const LONG: Self = Self {
        visitors: 60,
        counselors: 7,
        kills: 50,
        crashes: 3,
        cuts: 20,
        second_servers: 3,
        frozen: Duration::from_secs(30),
        full: Duration::from_secs(10),
        crowd: 2000,
        calm: Duration::from_secs(75),
        last_calm: Duration::from_secs(75),
        limits: setup::LIMITS,
    };
    /// About a minute.
    pub const SHORT: Self = Self {
        visitors: 24,
        counselors: 4,
        kills: 8,
        crashes: 1,
        cuts: 4,
        second_servers: 1,
        frozen: Duration::from_secs(5),
        full: Duration::from_secs(2),
        crowd: 200,
        calm: Duration::from_secs(1),
        last_calm: Duration::from_secs(7),
        limits: setup::BUSY_MACHINE_LIMITS,
    };
}

/// What was done.
#[derive(Debug, Clone, Default)]
pub struct Injected {
    pub kills: u64,
    pub kills_while_starting: u64,
    pub starts: u64,
    pub crashes: u64,
    pub database_cuts: u64,
    pub commits_without_answer: u64,
    pub client_cuts: u64,
    pub answers_swallowed: u64,
    pub second_servers: u64,
    /// SIGTERM.
    pub stops: u64,
    pub frozen_seconds: u64,
    pub full_seconds: u64,
    pub misbehaving_clients: MisbehavingClients,
    pub slowest_start_ms: u64,
    pub left_out: Vec<String>,
}

/// Everything it takes.
#[derive(Debug)]
pub struct FaultInjector {
    pub launcher: ServerLauncher,
    pub cluster: Cluster,
    /// Between the server and PostgreSQL.
    pub database: Proxy,
    /// Between clients and the server.
    pub clients: Proxy,
    pub history: History,
    pub rng: Rng,
    pub injected: Injected,
    pub server: Option<Server>,
    pub servers: u32,
}

impl FaultInjector {
    /// Goes through the plan. The server runs at the end.
    pub async fn inject(&mut self, plan: &Plan) -> io::Result<()> {
        self.start_ready().await?;
        self.pause(2000..2500).await;
        say("kills");
        self.database.delay(Duration::from_millis(8));
        self.kill_often(plan.kills).await?;
        self.database.delay(Duration::ZERO);
        say("calm");
        tokio::time::sleep(plan.calm).await;
        say("connections cut");
        self.cut_often(plan.cuts).await?;
        say("two servers");
        for _ in 0..plan.second_servers {
            self.second_server().await?;
        }
        say("misbehaving clients");
        self.misbehave(plan.crowd).await?;
        say("PostgreSQL crashes");
        for _ in 0..plan.crashes {
            self.crash_postgres().await?;
        }
        say("PostgreSQL frozen");
        self.freeze_postgres(plan.frozen).await?;
        say("disk full");
        self.fill_disk(plan.full).await?;
        say("a last kill, and calm");
        self.kill_often(1).await?;
        tokio::time::sleep(plan.last_calm).await;
        self.restart_if_ended().await
    }

    async fn pause(&mut self, milliseconds: std::ops::Range<u64>) {
        tokio::time::sleep(self.rng.milliseconds(milliseconds)).await;
    }

    fn note_disturbance(&self, what: &str, from: i64) {
        self.history.note("fault injector", Fact::Disturbed { what: what.to_owned(), from, to: wall_ms() });
    }

    fn start(&mut self) -> io::Result<Server> {
        self.servers += 1;
        self.injected.starts += 1;
        self.launcher.start(&format!("server{}", self.servers))
    }

    /// Starts a server and leads clients to it.
    async fn start_ready(&mut self) -> io::Result<SocketAddr> {
        let begun = Instant::now();
        let mut starts = 0;
        let mut server = self.start()?;
        let address = loop {
            match server.ready(READY_MAX).await {
                Ok(address) => break address,
                // While the database is away a server ends; it is started again.
                Err(error) if starts < STARTS_MAX && !server.is_up() => {
                    starts += 1;
                    server.note_end(None, self.database_is_away());
                    if !self.database_is_away() {
                        return Err(error);
                    }
                    self.pause(100..200).await;
                    server = self.start()?;
                }
                Err(error) => return Err(error),
            }
        };
        let took = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.injected.slowest_start_ms = self.injected.slowest_start_ms.max(took);
        self.clients.lead_to(vec![address]);
        self.server = Some(server);
        Ok(address)
    }

    fn database_is_away(&self) -> bool {
        std::net::TcpStream::connect(("127.0.0.1", self.cluster.port())).is_err()
    }

    async fn kill(&mut self) -> io::Result<()> {
        self.restart_if_ended().await?;
        self.clients.lead_to(Vec::new());
        if let Some(server) = self.server.take() {
            server.kill().await?;
            self.injected.kills += 1;
        }
        Ok(())
    }

    pub(crate) fn connections_cut(&self) -> u64 {
        self.database.connections_cut() + self.clients.connections_cut()
    }

    /// Kills the last server, and lets `hotline check` look at what it leaves behind: the findings.
    ///
    /// `settings` lead straight to the database.
    pub(crate) async fn check_what_is_left(
        &mut self,
        settings: &BTreeMap<String, String>,
    ) -> io::Result<Vec<String>> {
        if let Some(server) = self.server.take() {
            server.kill().await?;
        }
        setup::check(&self.launcher.binary, settings).await
    }

    /// Nobody ends who was not asked to.
    async fn restart_if_ended(&mut self) -> io::Result<()> {
        if let Some(server) = &mut self.server
            && !server.is_up()
        {
            let code = server.ended(Duration::from_secs(1)).await.flatten();
            server.note_end(code, false);
            self.server = None;
            self.start_ready().await?;
        }
        Ok(())
    }

    async fn kill_often(&mut self, kills: u32) -> io::Result<()> {
        let enough = self.injected.kills + u64::from(kills);
        while self.injected.kills < enough {
            if self.rng.once_in(4) {
                // While it starts, too: at the claim, at the revival, whatever it is doing.
                self.kill().await?;
                let server = self.start()?;
                self.pause(10..400).await;
                server.kill().await?;
                self.injected.kills += 1;
                self.injected.kills_while_starting += 1;
            } else {
                self.kill().await?;
            }
            self.start_ready().await?;
            self.wait_for_acknowledgements().await;
            self.pause(50..400).await;
        }
        Ok(())
    }

    /// Until clients have been told a few things: who is killed at work has something to lose.
    async fn wait_for_acknowledgements(&self) {
        let enough = self.history.acknowledged() + WORK_BEFORE_A_KILL;
        let until = Instant::now() + WORK_MAX;
        while self.history.acknowledged() < enough && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn cut_often(&mut self, cuts: u32) -> io::Result<()> {
        for _ in 0..cuts {
            let from = wall_ms();
            self.database.cut();
            self.injected.database_cuts += 1;
            self.note_disturbance("connections to the database cut", from);
            self.pause(200..600).await;
            let from = wall_ms();
            let swallowed = self.database.swallow_and_cut(Duration::from_millis(500)).await;
            self.injected.database_cuts += 1;
            self.injected.commits_without_answer += u64::from(swallowed);
            self.note_disturbance("an answer of the database lost", from);
            self.pause(200..600).await;
            self.clients.cut();
            self.injected.client_cuts += 1;
            self.pause(100..400).await;
            let swallowed = self.clients.swallow_and_cut(Duration::from_millis(500)).await;
            self.injected.client_cuts += 1;
            self.injected.answers_swallowed += u64::from(swallowed);
            self.pause(100..400).await;
            self.restart_if_ended().await?;
        }
        Ok(())
    }

    /// A second server on the same database, by mistake. The first finds out and ends.
    async fn second_server(&mut self) -> io::Result<()> {
        let Some(mut first) = self.server.take() else { return Ok(()) };
        let before = first.address;
        let from = wall_ms();
        let mut second = self.start()?;
        // Slow commits, so that both are at work at once.
        self.database.delay(Duration::from_millis(20));
        let after = second.ready(READY_MAX).await?;
        self.clients.lead_to(before.into_iter().chain([after]).collect());
        let code = first.ended(FENCED_WITHIN).await;
        self.clients.lead_to(vec![after]);
        self.database.delay(Duration::ZERO);
        if let Some(code) = code {
            first.note_end(code, code == Some(FENCED));
        } else {
            // It went on, and must not have.
            first.note_end(None, false);
            first.kill().await?;
        }
        self.note_disturbance("two servers", from);
        self.server = Some(second);
        self.injected.second_servers += 1;
        self.pause(500..1500).await;
        self.restart_if_ended().await
    }

    async fn crash_postgres(&mut self) -> io::Result<()> {
        let from = wall_ms();
        self.cluster.stop_at_once().await?;
        self.pause(300..1500).await;
        self.cluster.start().await?;
        self.injected.crashes += 1;
        self.note_disturbance("PostgreSQL crashed", from);
        self.pause(2000..2500).await;
        self.restart_if_ended().await
    }

    async fn freeze_postgres(&mut self, time: Duration) -> io::Result<()> {
        let from = wall_ms();
        let frozen = self.cluster.freeze()?;
        tokio::time::sleep(time).await;
        drop(frozen);
        self.injected.frozen_seconds += time.as_secs();
        self.note_disturbance("PostgreSQL frozen", from);
        self.pause(3000..3500).await;
        self.restart_if_ended().await
    }

    async fn fill_disk(&mut self, time: Duration) -> io::Result<()> {
        let from = wall_ms();
        match self.cluster.fill()? {
            Some(full) => {
                tokio::time::sleep(time).await;
                drop(full);
                self.injected.full_seconds += time.as_secs();
                self.note_disturbance("the disk of PostgreSQL full", from);
                self.pause(3000..3500).await;
            }
            None => self.injected.left_out.push(
                "the full disk of PostgreSQL: a small disk of its own takes root, who can mount one"
                    .to_owned(),
            ),
        }
        self.restart_if_ended().await
    }

    async fn misbehave(&mut self, crowd: u64) -> io::Result<()> {
        let address = self.server.as_ref().and_then(|server| server.address);
        let Some(address) = address else { return Ok(()) };
        self.injected.misbehaving_clients =
            misbehaving_clients::misbehave(address, 12, crowd, &mut self.rng).await;
        if self.injected.misbehaving_clients.vanished < crowd {
            let fewer = format!("{} of {crowd} sockets", crowd - self.injected.misbehaving_clients.vanished);
            self.injected.left_out.push(format!("{fewer} could not be opened: is 'ulimit -n' too low?"));
        }
        let until = Instant::now() + MISBEHAVING_MAX;
        while !server::is_ready(address).await {
            if Instant::now() < until {
                continue;
            }
            let line = "after the misbehaving clients the server is not ready".to_owned();
            self.history.note("fault injector", Fact::Server { what: ServerFact::LogError { line } });
            break;
        }
        self.restart_if_ended().await
    }
}

fn say(what: &str) {
    println!("    {what} …");
}
