//! The PostgreSQL that faults are injected into: stopped at once, frozen, without room on its disk. It was made by
//! `scripts/torture.sh`, and so was everything it runs on.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::MetadataExt,
    path::PathBuf,
    process::Stdio,
};

use tokio::process::Command;

const BALLAST_BYTES: usize = 64 * 1024;

/// A private cluster (see `scripts/lib.sh`).
#[derive(Debug, Clone)]
pub struct Cluster {
    /// With `data`, `password` and `port` in it.
    pub folder: PathBuf,
    /// Where `pg_ctl` is.
    pub programs: PathBuf,
    /// What `postgres` is started with.
    pub options: String,
    /// A small disk of its own for the tables, if one could be had.
    pub small_disk: Option<PathBuf>,
}

/// While this lives, the cluster stands still.
#[derive(Debug)]
pub struct Frozen(Vec<String>);

impl Drop for Frozen {
    fn drop(&mut self) {
        // Whoever ended meanwhile need not go on; nobody else is to be told.
        let _done =
            std::process::Command::new("kill").arg("-CONT").args(&self.0).stderr(Stdio::null()).status();
    }
}

/// While this lives, the small disk is full.
#[derive(Debug)]
pub struct Full(PathBuf);

impl Drop for Full {
    fn drop(&mut self) {
        let _gone = fs::remove_file(&self.0);
    }
}

impl Cluster {
    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap_or_default().trim().to_owned()
    }

    pub fn port(&self) -> u16 {
        self.read("port").parse().unwrap_or(0)
    }

    /// The way to a database through `port`.
    pub fn url_through(&self, port: u16, database: &str) -> String {
        format!("postgres://hotline:{}@127.0.0.1:{port}/{database}", self.read("password"))
    }

    pub fn url(&self, database: &str) -> String {
        self.url_through(self.port(), database)
    }

    async fn pg_ctl(&self, arguments: &[&str]) -> io::Result<()> {
        let program = self.programs.join("pg_ctl");
        let data = self.folder.join("data");
        let is_root = fs::metadata("/proc/self")?.uid() == 0;
        let mut command = if is_root {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        let log = File::options().create(true).append(true).open(self.folder.join("log"))?;
        let status = command
            .args(arguments)
            .args(["--silent", "--wait", "--timeout=60", "--pgdata"])
            .arg(data)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .status()
            .await?;
        if status.success() {
            Ok(())
        } else {
            Err(io::Error::other(format!("pg_ctl {arguments:?}: {status}")))
        }
    }

    /// Without a checkpoint or a goodbye, as in a crash.
    pub async fn stop_at_once(&self) -> io::Result<()> {
        self.pg_ctl(&["stop", "--mode=immediate"]).await
    }

    pub async fn start(&self) -> io::Result<()> {
        self.pg_ctl(&["start", "-o", &self.options]).await
    }

    /// Stops every process of the cluster where it stands.
    pub fn freeze(&self) -> io::Result<Frozen> {
        let postmaster = self.read("data/postmaster.pid").lines().next().unwrap_or_default().to_owned();
        // First of all the one who would make more of them.
        signal("-STOP", std::slice::from_ref(&postmaster))?;
        let mut all = children(&postmaster)?;
        signal("-STOP", &all)?;
        all.push(postmaster);
        Ok(Frozen(all))
    }

    /// Takes all the room there is on the small disk; none if there is no small disk.
    pub fn fill(&self) -> io::Result<Option<Full>> {
        let Some(disk) = &self.small_disk else { return Ok(None) };
        let path = disk.join("ballast");
        let full = Full(path.clone());
        let mut ballast = File::create(path)?;
        let block = vec![0; BALLAST_BYTES];
        let mut size = BALLAST_BYTES;
        while size > 0 {
            match ballast.write(&block[..size]) {
                Ok(_) => {}
                // Down to the last byte.
                Err(error) if error.kind() == io::ErrorKind::StorageFull => size /= 2,
                Err(error) => return Err(error),
            }
        }
        Ok(Some(full))
    }
}

pub(crate) fn signal(signal: &str, processes: &[String]) -> io::Result<()> {
    let status =
        std::process::Command::new("kill").arg(signal).args(processes).stderr(Stdio::null()).status()?;
    // One that has just ended is as still as any.
    if status.success() || processes.len() > 1 { Ok(()) } else { Err(io::Error::other("nothing to signal")) }
}

fn children(parent: &str) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !name.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let Ok(status) = fs::read_to_string(format!("/proc/{name}/status")) else { continue };
        let of = status.lines().find_map(|line| line.strip_prefix("PPid:")).map(str::trim);
        if of == Some(parent) {
            found.push(name);
        }
    }
    Ok(found)
}
