//! The nats-servers between several servers: each a process of ours, in one cluster whose routes can be cut.

use std::{
    fs::{self, File},
    io::{self, Write},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::{
    net::TcpStream,
    process::{Child, Command},
};

use crate::proxy::Proxy;

const USER: &str = "hotline";
const PASSWORD: &str = "hotline-torture";
const STARTS_MAX: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// One of them, through all its starts.
#[derive(Debug)]
pub struct NatsServer {
    name: String,
    folder: PathBuf,
    clients: SocketAddr,
    routes: SocketAddr,
    /// The way of the others to it.
    way: Proxy,
    process: Option<Child>,
}

/// For the setting `cluster.bus`: the nats-server that is reached there.
pub fn url(address: SocketAddr) -> String {
    format!("nats://{USER}:{PASSWORD}@{address}")
}

/// Starts so many, each connected to all others.
pub async fn start(folder: &Path, servers: usize) -> io::Result<Vec<NatsServer>> {
    let mut all = Vec::new();
    for number in 1..=servers {
        let (clients, routes) = (free_address()?, free_address()?);
        let way = Proxy::start(vec![routes]).await?;
        let (name, folder) = (format!("nats{number}"), folder.to_owned());
        all.push(NatsServer { name, folder, clients, routes, way, process: None });
    }
    for server in &all {
        server.write_settings(&all)?;
    }
    for server in &mut all {
        server.start().await?;
    }
    Ok(all)
}

/// An address of loopback where nobody listens.
fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind(("127.0.0.1", 0))?.local_addr()
}

impl NatsServer {
    /// What the history calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the hotline's servers reach it.
    pub fn address(&self) -> SocketAddr {
        self.clients
    }

    fn settings_file(&self) -> PathBuf {
        self.folder.join(format!("{}.conf", self.name))
    }

    fn write_settings(&self, all: &[Self]) -> io::Result<()> {
        let others = all.iter().filter(|other| other.name != self.name);
        let routes: Vec<String> = others.map(|other| format!("\"{}\"", url(other.way.address()))).collect();
        let (name, clients, listens, way) = (&self.name, self.clients, self.routes, self.way.address());
        let routes = routes.join(", ");
        // Told to the others as where its way leads, or they would find a way past it.
        let text = format!(
            "server_name: \"{name}\"\nlisten: \"{clients}\"\n\
             authorization {{ user: \"{USER}\", password: \"{PASSWORD}\" }}\n\
             cluster {{\n    name: torture\n    listen: \"{listens}\"\n    advertise: \"{way}\"\n    no_advertise: true\n    \
             authorization {{ user: \"{USER}\", password: \"{PASSWORD}\" }}\n    routes: [{routes}]\n}}\n"
        );
        fs::write(self.settings_file(), text)
    }

    /// Starts it, unless it runs, and waits until it takes connections.
    pub async fn start(&mut self) -> io::Result<()> {
        if self.process.is_some() {
            return Ok(());
        }
        let path = self.folder.join(format!("{}.nats-log", self.name));
        let log = File::options().create(true).append(true).open(path)?;
        let process = Command::new("nats-server")
            .arg("--config")
            .arg(self.settings_file())
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        // For whoever cleans up after us, should we be killed ourselves.
        let mut pids = File::options().create(true).append(true).open(self.folder.join("pids"))?;
        writeln!(pids, "{}", process.id().unwrap_or(0))?;
        let process = self.process.insert(process);
        let begun = Instant::now();
        while TcpStream::connect(self.clients).await.is_err() {
            if let Some(status) = process.try_wait()? {
                return Err(io::Error::other(format!("{} ended with {status}", self.name)));
            }
            if begun.elapsed() > STARTS_MAX {
                return Err(io::Error::other(format!("{} takes no connections", self.name)));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    /// SIGKILL.
    pub async fn kill(&mut self) -> io::Result<()> {
        match self.process.take() {
            Some(mut process) => process.kill().await,
            None => Ok(()),
        }
    }

    /// The others do not reach it any more, nor it them, if the same is done to them.
    pub fn cut_routes(&self) {
        self.way.lead_to(Vec::new());
        self.way.cut();
    }

    pub fn heal_routes(&self) {
        self.way.lead_to(vec![self.routes]);
    }
}
