//! A private nats-server as a process: started, killed, started again where it was.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use uuid::Uuid;

use super::{SOON, until};

const USER: &str = "hotline";
const PASSWORD: &str = "hotline-test";

/// Lines of the log shown with a failure.
const LOG_LINES_SHOWN: usize = 20;

/// A nats-server on 127.0.0.1 that asks for a password. Dropping it kills the process it started, and no other.
#[derive(Debug)]
pub(crate) struct Nats {
    folder: PathBuf,
    /// 0 until it has chosen one; from then on the same over every restart.
    port: u16,
    process: Option<Child>,
}

impl Nats {
    /// Starts one on a free port, and waits until it takes connections.
    pub(crate) async fn start() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("nats-{}", Uuid::now_v7().simple()));
        fs::create_dir_all(&folder).expect("cargo's folder for tests can be written");
        let mut nats = Self { folder, port: 0, process: None };
        nats.spawn();
        let id = nats.process.as_ref().expect("it runs").id();
        let chosen = nats.folder.join(format!("nats-server_{id}.ports"));
        nats.port = until("nats-server says where it listens", SOON, async || {
            assert!(nats.runs(), "nats-server has ended: see its log");
            port_in(&fs::read_to_string(&chosen).unwrap_or_default())
        })
        .await;
        nats.takes_connections().await;
        nats
    }

    /// For the setting `cluster.bus`.
    pub(crate) fn url(&self) -> String {
        format!("nats://{USER}:{PASSWORD}@127.0.0.1:{}", self.port)
    }

    /// Ends it with SIGKILL.
    pub(crate) fn kill(&mut self) {
        let mut process = self.process.take().expect("it runs");
        process.kill().expect("it can be killed");
        process.wait().expect("it is gone");
    }

    /// Starts it again on the port it had, and waits until it takes connections.
    pub(crate) async fn restart(&mut self) {
        self.spawn();
        self.takes_connections().await;
    }

    fn spawn(&mut self) {
        assert!(self.process.is_none(), "it runs already");
        // -1: one that is free, which it writes into a file.
        let port = if self.port == 0 { "-1".to_owned() } else { self.port.to_string() };
        let folder = self.folder.display();
        let settings = format!(
            "listen: \"127.0.0.1:{port}\"\nports_file_dir: \"{folder}\"\n\
             authorization {{ user: \"{USER}\", password: \"{PASSWORD}\" }}\n"
        );
        let file = self.folder.join("nats.conf");
        fs::write(&file, settings).expect("its settings can be written");
        let log =
            File::options().create(true).append(true).open(self.log_path()).expect("the log can be written");
        let process = Command::new("nats-server")
            .arg("--config")
            .arg(file)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log can be shared"))
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| {
                panic!("nats-server: {error}; `make test` installs it (Debian's package nats-server)")
            });
        self.process = Some(process);
    }

    async fn takes_connections(&mut self) {
        until("nats-server takes connections", SOON, async || {
            if !self.runs() {
                // Somebody's connection may have got its port meanwhile.
                self.process = None;
                self.spawn();
            }
            TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).ok().map(drop)
        })
        .await;
    }

    fn runs(&mut self) -> bool {
        let process = self.process.as_mut().expect("it was started");
        process.try_wait().expect("it is our process").is_none()
    }

    fn log_path(&self) -> PathBuf {
        self.folder.join("log")
    }
}

/// The port in what it has written, as in `{"nats":["nats://127.0.0.1:41234"]}`; none if that is not whole.
fn port_in(text: &str) -> Option<u16> {
    let (_, rest) = text.split_once("nats://127.0.0.1:")?;
    let (port, _) = rest.split_once('"')?;
    port.parse().ok()
}

impl Drop for Nats {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
        if std::thread::panicking() {
            let log = fs::read_to_string(self.log_path()).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let shown = &lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..];
            eprintln!("--- nats-server's log, in {} ---\n{}", self.folder.display(), shown.join("\n"));
        } else {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}
