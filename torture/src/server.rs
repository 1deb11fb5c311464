//! The server under test, as a process.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Child,
};

use crate::{
    history::{Fact, History, ServerFact},
    postgres, setup,
};

const LOOK_AGAIN: Duration = Duration::from_millis(10);
const PROBE_MAX: Duration = Duration::from_secs(2);

/// How servers are started.
#[derive(Debug, Clone)]
pub struct ServerLauncher {
    pub binary: PathBuf,
    pub settings: BTreeMap<String, String>,
    pub folder: PathBuf,
    pub history: History,
}

/// One server's process.
#[derive(Debug)]
pub struct Server {
    name: String,
    process: Child,
    address_file: PathBuf,
    pub address: Option<SocketAddr>,
    started: Instant,
    history: History,
}

impl ServerLauncher {
    /// Starts a server; it is not ready yet.
    pub fn start(&self, name: &str) -> io::Result<Server> {
        let address_file = self.folder.join(format!("{name}.address"));
        if address_file.exists() {
            fs::remove_file(&address_file)?;
        }
        let log = File::options().create(true).append(true).open(log_path(&self.folder, name))?;
        let process = setup::command(&self.binary, &self.settings, &["serve", "--address-file"])
            .arg(&address_file)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        // For whoever cleans up after us, should we be killed ourselves.
        let mut pids = File::options().create(true).append(true).open(self.folder.join("pids"))?;
        writeln!(pids, "{}", process.id().unwrap_or(0))?;
        self.history.note(name, Fact::Server { what: ServerFact::Started });
        let (name, history, started) = (name.to_owned(), self.history.clone(), Instant::now());
        Ok(Server { name, process, address_file, address: None, started, history })
    }

    /// What the logs tell that must never be.
    pub fn log_errors(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let logs =
            entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "log"));
        let mut found = Vec::new();
        for path in logs {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).into_owned();
            let bad = |line: &&str| line.contains("panicked") || line.contains("a law of dispatch is broken");
            found.extend(text.lines().filter(bad).take(20).map(str::to_owned));
        }
        found
    }
}

fn log_path(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.log"))
}

impl Server {
    fn note(&self, what: ServerFact) {
        self.history.note(&self.name, Fact::Server { what });
    }

    /// What the history calls this process.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Waits until it takes requests; an error when it does not by then, or ends.
    pub async fn ready(&mut self, within: Duration) -> io::Result<SocketAddr> {
        let address = self.says(within, |status| status == 200).await?;
        let after_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.note(ServerFact::Ready { after_ms });
        Ok(address)
    }

    /// Waits until it says how it is, whether it takes requests or not; an error when it does not by then, or ends.
    pub async fn answers(&mut self, within: Duration) -> io::Result<SocketAddr> {
        self.says(within, |_| true).await
    }

    async fn says(&mut self, within: Duration, enough: fn(u16) -> bool) -> io::Result<SocketAddr> {
        while self.started.elapsed() < within {
            if let Some(status) = self.process.try_wait()? {
                return Err(io::Error::other(format!("it ended with {status}")));
            }
            if let Some(address) = self.listens()
                && health(address, PROBE_MAX).await.is_some_and(enough)
            {
                return Ok(address);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Err(io::Error::other(format!("not ready within {within:?}")))
    }

    fn listens(&mut self) -> Option<SocketAddr> {
        if self.address.is_none() {
            let text = fs::read_to_string(&self.address_file).ok()?;
            self.address = text.strip_suffix('\n')?.parse().ok();
        }
        self.address
    }

    pub fn is_up(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// SIGKILL, in the middle of whatever it does.
    pub async fn kill(mut self) -> io::Result<()> {
        let ready = self.address.is_some();
        self.process.start_kill()?;
        self.process.wait().await?;
        self.note(ServerFact::Killed { ready });
        Ok(())
    }

    /// SIGTERM: it finishes what it has begun, and ends.
    pub fn terminate(&self) -> io::Result<()> {
        self.note(ServerFact::Stopping);
        self.signal("-TERM")
    }

    /// SIGSTOP: it stands still where it is, and does not know.
    pub fn freeze(&self) -> io::Result<()> {
        self.signal("-STOP")?;
        self.note(ServerFact::Frozen);
        Ok(())
    }

    /// SIGCONT.
    pub fn thaw(&self) -> io::Result<()> {
        self.note(ServerFact::Thawed);
        self.signal("-CONT")
    }

    fn signal(&self, signal: &str) -> io::Result<()> {
        let process = self.process.id().ok_or_else(|| io::Error::other("it has ended already"))?;
        postgres::signal(signal, &[process.to_string()])
    }

    /// Waits for its end; gives the code with which it ended by itself.
    pub async fn ended(&mut self, within: Duration) -> Option<Option<i32>> {
        let status = tokio::time::timeout(within, self.process.wait()).await.ok()?.ok()?;
        Some(status.code())
    }

    pub fn note_end(&self, code: Option<i32>, meant: bool) {
        self.note(if meant { ServerFact::Stopped { code } } else { ServerFact::Died { code } });
    }
}

/// Whether a server answers that it takes requests.
pub async fn is_ready(address: SocketAddr) -> bool {
    health(address, PROBE_MAX).await == Some(200)
}

/// The status with which a server says whether it takes requests; none if it says nothing within this time.
pub async fn health(address: SocketAddr, within: Duration) -> Option<u16> {
    let probe = async {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!("GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut head = [0; 12];
        stream.read_exact(&mut head).await?;
        Ok::<_, io::Error>(String::from_utf8_lossy(&head[9..]).parse().ok())
    };
    tokio::time::timeout(within, probe).await.ok()?.ok()?
}
