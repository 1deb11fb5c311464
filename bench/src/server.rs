//! The server under measurement: a process of its own on a database of its own, in the cluster of this run.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
};

/// A start that takes longer has failed.
const START_MAX: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Where everything is: given by `scripts/bench.sh`.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    /// The release binary of the server.
    pub(crate) server: PathBuf,
    /// PostgreSQL's own programs.
    pub(crate) postgres_bin: PathBuf,
    /// The cluster of this run, without a database's name.
    pub(crate) cluster: String,
    /// Files of this run.
    pub(crate) scratch: PathBuf,
    /// The peers' programs, with their packages installed.
    pub(crate) peers: PathBuf,
    /// The nats-servers of this run, in one cluster.
    pub(crate) nats: Vec<Nats>,
}

/// A nats-server.
#[derive(Debug, Clone)]
pub(crate) struct Nats {
    /// With user and password.
    pub(crate) url: String,
    /// The number of its process.
    pub(crate) process: u32,
}

impl std::str::FromStr for Nats {
    type Err = anyhow::Error;

    /// Its process and its url, with an equals sign between them.
    fn from_str(text: &str) -> Result<Self> {
        let (process, url) = text.split_once('=').context("a nats-server is PROCESS=URL")?;
        Ok(Self { url: url.to_owned(), process: process.parse()? })
    }
}

impl Environment {
    pub(crate) fn url(&self, database: &str) -> String {
        format!("{}/{database}", self.cluster)
    }

    /// A program of PostgreSQL.
    pub(crate) fn postgres(&self, program: &str) -> Command {
        let mut command = Command::new(self.postgres_bin.join(program));
        command.kill_on_drop(true);
        command
    }

    /// Runs SQL and gives what psql prints, bare.
    pub(crate) async fn sql(&self, database: &str, sql: &str) -> Result<String> {
        let url = self.url(database);
        let mut command = self.postgres("psql");
        command.args([
            "--quiet",
            "--no-psqlrc",
            "--set=ON_ERROR_STOP=1",
            "-tA",
            "--dbname",
            &url,
            "--command",
            sql,
        ]);
        let output = command.output().await.context("psql")?;
        ensure!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Drops the databases of a measurement that is over. Else PostgreSQL goes on to look after them, its autovacuum of a
    /// million rows beside whatever is measured next.
    pub(crate) async fn drop_databases(&self) -> Result<()> {
        let names = "select datname from pg_database where datname like 'bench\\_%'";
        for name in self.sql("postgres", names).await?.lines() {
            self.sql("postgres", &format!("drop database {name} with (force)")).await?;
        }
        Ok(())
    }

    /// An empty database of this name.
    pub(crate) async fn fresh_database(&self, name: &str) -> Result<()> {
        self.sql("postgres", &format!("drop database if exists {name} with (force)")).await?;
        self.sql("postgres", &format!("create database {name}")).await?;
        Ok(())
    }
}

/// A server; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) environment: Environment,
    pub(crate) database: String,
    /// That of the database, or its own among several.
    name: String,
    pub(crate) institutions: Vec<Institution>,
    settings: Vec<(String, String)>,
    process: Option<Child>,
    /// `host:port`
    pub(crate) address: String,
}

/// An institution, its mini-program and its administrator.
#[derive(Debug, Clone)]
pub(crate) struct Institution {
    pub(crate) id: String,
    pub(crate) appid: String,
    pub(crate) administrator: String,
}

impl Institution {
    /// The first is the one that most measurements are made in.
    fn numbered(number: usize) -> Self {
        let id = if number == 0 { "bench".to_owned() } else { format!("bench{number}") };
        Self { appid: format!("wxbench{number:012}"), administrator: format!("{id}_admin"), id }
    }
}

pub(crate) const SDK_APP_ID: u32 = 1_400_000_000;
/// What Tencent would sign its callbacks with.
pub(crate) const CALLBACK_TOKEN: &str = "a token of these measurements";
/// Everybody's password.
pub(crate) const PASSWORD: &str = "hotline-bench";

impl Server {
    /// A server on a fresh database, with an institution and its administrator; not yet started.
    pub(crate) async fn prepare(environment: &Environment, database: &str) -> Result<Self> {
        Self::prepare_with(environment, database, 1).await
    }

    /// The same with so many institutions.
    pub(crate) async fn prepare_with(
        environment: &Environment,
        database: &str,
        institutions: usize,
    ) -> Result<Self> {
        let server = Self::prepare_empty(environment, database, institutions).await?;
        server.add_institutions().await?;
        Ok(server)
    }

    /// The same, and its institutions are still to be added.
    pub(crate) async fn prepare_empty(
        environment: &Environment,
        database: &str,
        institutions: usize,
    ) -> Result<Self> {
        environment.fresh_database(database).await?;
        let server = Self::on(environment, database, (0..institutions).map(Institution::numbered).collect());
        server.run(&["migrate"], "").await?;
        Ok(server)
    }

    /// Adds them, each with its administrator.
    pub(crate) async fn add_institutions(&self) -> Result<()> {
        for Institution { id, administrator, .. } in &self.institutions {
            self.run(&["institution", "add", id, "--name", id], "").await?;
            let add = ["user", "add", administrator, "--kind", "INSTITUTION", "--institution", id];
            self.run(&add, PASSWORD).await?;
        }
        Ok(())
    }

    /// One of several servers on the same database, under this name; not yet started.
    pub(crate) fn sibling(&self, name: &str, nats: &Nats) -> Self {
        let mut sibling = Self {
            environment: self.environment.clone(),
            database: self.database.clone(),
            name: format!("{}.{name}", self.database),
            institutions: self.institutions.clone(),
            settings: self.settings.clone(),
            process: None,
            address: String::new(),
        };
        sibling.set("cluster.name", name);
        sibling.set("cluster.bus", &nats.url);
        sibling
    }

    /// A server on a database that is there.
    fn on(environment: &Environment, database: &str, institutions: Vec<Institution>) -> Self {
        let apps: Vec<_> = institutions
            .iter()
            .map(|one| serde_json::json!({ "appid": one.appid, "institution": one.id }))
            .collect();
        let apps = serde_json::Value::from(apps).to_string();
        let mut server = Self {
            environment: environment.clone(),
            database: database.to_owned(),
            name: database.to_owned(),
            institutions,
            settings: Vec::new(),
            process: None,
            address: String::new(),
        };
        server.set("database.url", &environment.url(database));
        server.set("server.port", "0");
        server.set("log.filter", "warn");
        server.set("log.format", "json");
        server.set("secrets.data_key", "c41f7be09a35d86e2b7c10f4e895a6d3710be4f82c9d5a6317e0b86f4d2ca915");
        server.set("im.sdk_app_id", &SDK_APP_ID.to_string());
        server.set("im.secret_key", &"cd".repeat(32));
        server.set("im.callback_token", CALLBACK_TOKEN);
        server.set("im.rest_url", "");
        // One account holds as many sockets as files may be open.
        server.set("sockets.open_max", "1000000");
        server.set("sockets.per_person_max", "1000000");
        server.set("wechat.mode", "sandbox");
        server.set("wechat.apps", &apps);
        server
    }

    /// One setting by its key in `config.toml`.
    pub(crate) fn set(&mut self, key: &str, value: &str) {
        let name = format!("HOTLINE__{}", key.to_uppercase().replace('.', "__"));
        self.settings.push((name, value.to_owned()));
    }

    /// Starts it and waits until it serves. Gives how long that took.
    pub(crate) async fn start(&mut self) -> Result<Duration> {
        let begun = self.start_alive().await?;
        self.wait_until_ready(begun).await?;
        Ok(begun.elapsed())
    }

    /// Starts it and waits until it listens, which a server that owns nothing yet does as well. Gives when that began.
    pub(crate) async fn start_alive(&mut self) -> Result<Instant> {
        let file = self.environment.scratch.join(format!("{}.address", self.name));
        if file.exists() {
            std::fs::remove_file(&file)?;
        }
        let begun = Instant::now();
        let mut command = self.command();
        command.arg("serve").arg("--address-file").arg(&file).stdin(Stdio::null()).kill_on_drop(true);
        let mut process = command.spawn().context("the server")?;
        self.address = wait_for_address(&file, &mut process, begun).await?;
        self.process = Some(process);
        Ok(begun)
    }

    async fn wait_until_ready(&self, begun: Instant) -> Result<()> {
        let mut connection = crate::http::Connection::open(&self.address).await?;
        while connection.ask("GET", "/health/ready", None, "").await?.status != 200 {
            ensure!(begun.elapsed() < START_MAX, "the server is not ready");
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// The number of its process.
    pub(crate) fn process_id(&self) -> Result<u32> {
        self.process.as_ref().and_then(Child::id).context("the server does not run")
    }

    /// SIGKILL.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill().await.context("killing the server")?;
        }
        Ok(())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.environment.server);
        command
            .current_dir(&self.environment.scratch)
            .envs(self.settings.iter().map(|(key, value)| (key, value)));
        command
    }

    async fn run(&self, arguments: &[&str], input: &str) -> Result<()> {
        let mut command = self.command();
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().context("the server's command line")?;
        let mut stdin = child.stdin.take().context("a pipe")?;
        stdin.write_all(input.as_bytes()).await?;
        drop(stdin);
        let output = child.wait_with_output().await?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "hotline {}: {said}", arguments.join(" "));
        Ok(())
    }
}

async fn wait_for_address(file: &Path, process: &mut Child, begun: Instant) -> Result<String> {
    loop {
        if let Ok(address) = std::fs::read_to_string(file)
            && !address.trim().is_empty()
        {
            return Ok(address.trim().to_owned());
        }
        if let Some(status) = process.try_wait()? {
            bail!("the server did not start: {status}");
        }
        ensure!(begun.elapsed() < START_MAX, "the server does not tell where it listens");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Resident memory of a process, in bytes (Linux: `VmRSS`).
pub(crate) fn resident_bytes(process: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes * 1024)
}
