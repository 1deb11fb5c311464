//! The built server as a process: set up, started, stopped, killed, started again on the same data.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt::Display,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, LazyLock, RwLock},
    time::Duration,
};

use argon2::{Argon2, Params, PasswordHasher as _};
use hotline::{
    clock,
    config::Secrets,
    identity::AccountKind,
    people::{NewPerson, People},
    secrets::Sealer,
};
use hotline_actors::{PersonId, dispatch::limits::DispatchLimits};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::{Client, Nats, SOON, client::md5, database::Database, until};

/// The IM application of all test hotlines; the key is made up.
pub(crate) const SDK_APP_ID: u32 = 1_400_513_208;
pub(crate) const IM_KEY: &str = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e";

/// Keeps what is sealed in the tests; made up.
pub(crate) const DATA_KEY: &str = "c41f7be09a35d86e2b7c10f4e895a6d3710be4f82c9d5a6317e0b86f4d2ca915";

/// The password of everybody in a test.
pub(crate) const PASSWORD: &str = "hotline-test";

/// Lines of the log shown with a failure.
const LOG_LINES_SHOWN: usize = 60;

/// With this in its surroundings, each hotline is so many servers that share a bus, and each request goes to any of them.
const SERVERS: &str = "HOTLINE_TEST_SERVERS";

/// Longer than any test.
const A_DAY_SECONDS: u64 = 86_400;

/// A hotline with a database of its own. Dropping it kills the processes it started, and no other.
#[derive(Debug)]
pub(crate) struct Hotline {
    pub(crate) database: Database,
    settings: BTreeMap<String, String>,
    folder: PathBuf,
    /// One, but for a hotline of several servers.
    processes: Vec<Child>,
    servers: usize,
    /// Where several servers meet.
    nats: Option<Nats>,
    /// Where the servers are now; clients follow them over a restart.
    bases: Bases,
}

/// By their institutions: databases that the built binary has made, for each test to copy.
static TEMPLATES: Mutex<BTreeMap<Vec<String>, Database>> = Mutex::const_new(BTreeMap::new());

/// Of [`PASSWORD`], as cheap as Argon2 allows: the hash itself says how it is verified.
static CHEAP_HASH: LazyLock<String> = LazyLock::new(|| {
    let params = Params::new(Params::MIN_M_COST, Params::MIN_T_COST, Params::MIN_P_COST, None);
    let argon = Argon2::from(params.expect("the least is allowed"));
    argon.hash_password(md5(PASSWORD).as_bytes()).expect("a password is hashed").to_string()
});

/// Where servers are.
pub(super) type Bases = Arc<RwLock<Vec<String>>>;

impl Hotline {
    /// A migrated database with `institutions`, each with a mini-program named `wx-CODE`; not yet started.
    pub(crate) async fn prepare(institutions: &[&str]) -> Self {
        let codes = institutions.iter().map(|code| (*code).to_owned()).collect();
        let mut templates = TEMPLATES.lock().await;
        let database = match templates.entry(codes) {
            Entry::Occupied(made) => made.get().copy().await,
            Entry::Vacant(place) => {
                let first = Self::on(Database::fresh().await, institutions);
                first.run(&["migrate"], "");
                for code in institutions {
                    first.run(&["institution", "add", code, "--name", &format!("{code} 热线")], "");
                }
                place.insert(first.database.clone()).copy().await
            }
        };
        drop(templates);
        Self::on(database, institutions)
    }

    /// A hotline with the settings of all tests.
    fn on(database: Database, institutions: &[&str]) -> Self {
        let folder =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("hotline-{}", Uuid::now_v7().simple()));
        fs::create_dir_all(&folder).expect("cargo's folder for tests can be written");
        let mut hotline = Self {
            database,
            settings: BTreeMap::new(),
            folder,
            processes: Vec::new(),
            servers: std::env::var(SERVERS).map_or(1, |number| number.parse().expect("a number of servers")),
            nats: None,
            bases: Bases::default(),
        };
        let apps: Vec<_> = institutions
            .iter()
            .map(|code| serde_json::json!({ "appid": format!("wx-{code}"), "institution": code }))
            .collect();
        hotline.set("database.url", hotline.database.url.clone());
        hotline.set("database.connections_max", 8);
        hotline.set("server.port", 0);
        hotline.set("server.workers", 2);
        hotline.set("log.format", "json");
        hotline.set("secrets.data_key", DATA_KEY);
        hotline.set("im.sdk_app_id", SDK_APP_ID);
        hotline.set("im.secret_key", IM_KEY);
        // Nobody in a test asks Tencent; a fake is set where it matters.
        hotline.set("im.rest_url", "");
        hotline.set("wechat.mode", "sandbox");
        hotline.set("wechat.apps", serde_json::Value::from(apps));
        hotline
    }

    /// Another server on the same database, not yet started: a mistake in deployment, or one of several.
    pub(crate) fn second_server(&self) -> Self {
        let folder = self.folder.with_extension("second-server");
        fs::create_dir_all(&folder).expect("cargo's folder for tests can be written");
        Self {
            database: self.database.clone(),
            settings: self.settings.clone(),
            folder,
            processes: Vec::new(),
            servers: 1,
            nats: None,
            bases: Bases::default(),
        }
    }

    /// Another database, as after a restore; for the next start.
    pub(crate) fn move_to(&mut self, database: Database) {
        self.set("database.url", database.url.clone());
        self.database = database;
    }

    /// Sets one setting by its key in `config.toml`, for the next start.
    pub(crate) fn set(&mut self, key: &str, value: impl Display) {
        let name = format!("HOTLINE__{}", key.to_uppercase().replace('.', "__"));
        self.settings.insert(name, format!("{value}"));
    }

    /// Sets a variable of its surroundings, for the next start.
    pub(crate) fn set_variable(&mut self, name: &str, value: &str) {
        self.settings.insert(name.to_owned(), value.to_owned());
    }

    /// Adds staff of `institution` through the command line, with a password as dear to verify as everybody's. `kind` is as in
    /// docs/contract.md 2.
    pub(crate) fn add_user_by_command(&self, institution: &str, kind: &str, username: &str) {
        self.run(
            &["user", "add", username, "--kind", kind, "--institution", institution, "--name", username],
            PASSWORD,
        );
    }

    /// The same without the command line, and with a password that costs little.
    pub(crate) async fn add_user(&self, institution: &str, kind: &str, username: &str) {
        self.add(Some(institution), kind, username).await;
    }

    /// Adds an administrator of the whole server.
    pub(crate) async fn add_system_administrator(&self, username: &str) {
        self.add(None, "SYSTEM", username).await;
    }

    async fn add(&self, institution: Option<&str>, kind: &str, username: &str) {
        let kind: AccountKind = kind.to_ascii_uppercase().parse().expect("a kind of account");
        let capacity = self.settings.get("HOTLINE__DISPATCH__DEFAULT_MAX_CONSULTS");
        let capacity = capacity.map(|text| text.parse().expect("a number of talks"));
        let secrets =
            Secrets { data_key: DATA_KEY.into(), data_key_id: "k1".to_owned(), old_keys: Vec::new() };
        let people = People::new(self.database.pool.clone(), Sealer::new(&secrets));
        let added = people.add(NewPerson {
            id: PersonId(Uuid::now_v7()),
            institution: institution.map(str::to_owned),
            kind,
            username: username.to_owned(),
            password_hash: Some(CHEAP_HASH.clone()),
            open_id: None,
            wechat_appid: None,
            name: institution.map(|_| username.to_owned()),
            max_consults: capacity
                .unwrap_or(DispatchLimits::default().default_max_consults)
                .try_into()
                .expect("few talks"),
            created_by: None,
            created_at: clock::now(),
        });
        added.await.expect("people can be written").unwrap_or_else(|taken| panic!("{username}: {taken}"));
    }

    /// Adds a counselor who is on shift.
    pub(crate) async fn add_counselor(&self, institution: &str, username: &str) {
        self.add_user(institution, "COUNSELOR", username).await;
        self.database.put_on_shift(username).await;
    }

    /// Fills the institution `ecnu` with much history.
    pub(crate) fn make_large_demo(&self) {
        self.run(&["demo", "--large"], "");
    }

    /// How many servers it is.
    pub(crate) fn servers(&self) -> usize {
        self.servers
    }

    /// The number of the server's process.
    pub(crate) fn process_id(&self) -> u32 {
        self.processes.first().expect("it runs").id()
    }

    /// Where its log is, and what a test gives it; gone with it, unless the test fails.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs a command of the binary to its good end.
    pub(crate) fn run(&self, arguments: &[&str], input: &str) {
        let output = self.output(arguments, input);
        assert!(
            output.status.success(),
            "hotline {arguments:?} ended with {}:\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
    }

    /// Runs a command of the binary that ends with `code`; gives what it said.
    pub(crate) fn fails(&self, arguments: &[&str], code: i32) -> String {
        self.fails_reading(arguments, "", code)
    }

    /// As [`Hotline::fails`], with something to read.
    pub(crate) fn fails_reading(&self, arguments: &[&str], input: &str, code: i32) -> String {
        let output = self.output(arguments, input);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "hotline {arguments:?}: {said}");
        said
    }

    /// Runs `hotline check` with what else is said to it: its exit code, what it found, and what it said besides.
    pub(crate) fn check(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let output = self.output(&[&["check"], arguments].concat(), "");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }

    /// Fails if what is stored does not fit together.
    pub(crate) fn assert_sound(&self) {
        let (code, found, said) = self.check(&[]);
        assert_eq!(code, Some(0), "{found}{said}");
    }

    /// What a command of the binary does that reads `input`.
    fn output(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the built binary runs");
        let mut stdin = child.stdin.take().expect("stdin is a pipe");
        // Whatever fails before it reads may be gone already.
        let _gone = stdin.write_all(input.as_bytes());
        drop(stdin);
        child.wait_with_output().expect("the command ends")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hotline"));
        // Neither settings of the surroundings nor a config.toml nearby have a say.
        for (name, _) in
            std::env::vars().filter(|(name, _)| name.starts_with("HOTLINE__") || name == "DATABASE_URL")
        {
            command.env_remove(name);
        }
        command.args(arguments).envs(&self.settings).current_dir(&self.folder);
        command
    }

    /// Starts the server and waits until it is ready.
    pub(crate) async fn start(&mut self) {
        self.listen().await;
        self.ready(SOON * 3).await;
    }

    /// Waits until the server is ready.
    pub(crate) async fn ready(&self, within: Duration) {
        let bases = self.bases.read().expect("no holder panicked").clone();
        for base in bases {
            let probe = Client::new(Arc::new(RwLock::new(vec![base])));
            until("the server is ready", within, async || {
                (probe.get("/health/ready").await.status == 200).then_some(())
            })
            .await;
        }
    }

    /// Starts the server and waits until it listens; perhaps it is not ready, as another one serves.
    pub(crate) async fn listen(&mut self) {
        assert!(self.processes.is_empty(), "it runs already");
        if self.servers > 1 && self.nats.is_none() {
            let nats = Nats::start().await;
            // The name is for what is run beside them.
            self.set("cluster.name", "beside");
            self.set("cluster.bus", nats.url());
            // Sockets stay where they are: that institutions move, is for the tests that are about it.
            self.set("cluster.balance_seconds", A_DAY_SECONDS);
            // Three servers on the cores of one: a callback may take longer to store than Tencent would wait.
            let patience = "HOTLINE__MESSAGES__STORE_MILLISECONDS_MAX".to_owned();
            self.settings.entry(patience).or_insert_with(|| SOON.as_millis().to_string());
            self.nats = Some(nats);
        }
        for number in 0..self.servers {
            self.spawn(number);
        }
        let mut bases = Vec::new();
        for number in 0..self.servers {
            bases.push(self.listens(number).await);
        }
        *self.bases.write().expect("no holder panicked") = bases;
    }

    fn spawn(&mut self, number: usize) {
        let address_file = self.address_file(number);
        let _ = fs::remove_file(&address_file);
        let log = self.log_path(number);
        let log = File::options().create(true).append(true).open(log).expect("the log can be written");
        let mut command = self.command(&["serve", "--address-file"]);
        if self.servers > 1 {
            command.env("HOTLINE__CLUSTER__NAME", format!("server-{number}"));
        }
        let process = command
            .arg(&address_file)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log can be shared"))
            .stderr(log)
            .spawn()
            .expect("the built binary runs");
        self.processes.push(process);
    }

    fn address_file(&self, number: usize) -> PathBuf {
        self.folder.join(format!("address-{number}"))
    }

    async fn listens(&self, number: usize) -> String {
        let address_file = self.address_file(number);
        let address = until("the server listens", SOON * 3, async || {
            fs::read_to_string(&address_file).ok().and_then(|text| text.strip_suffix('\n').map(str::to_owned))
        })
        .await;
        let prefix = self.settings.get("HOTLINE__SERVER__BASE_PATH").map_or("", String::as_str);
        format!("http://{address}{prefix}")
    }

    /// Lets the server go on after [`Hotline::freeze`].
    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    /// Stops the server where it stands, with all it holds, as a machine that hangs.
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    fn signal(&self, signal: &str) {
        assert!(!self.processes.is_empty(), "it runs");
        for process in &self.processes {
            let status =
                Command::new("kill").args([signal, &process.id().to_string()]).status().expect("kill runs");
            assert!(status.success(), "it was running");
        }
    }

    /// Ends the server with SIGKILL, in the middle of whatever it does.
    pub(crate) fn kill(&mut self) {
        assert!(!self.processes.is_empty(), "it runs");
        for process in &mut self.processes {
            process.kill().expect("it can be killed");
        }
        for mut process in self.processes.drain(..) {
            process.wait().expect("it is gone");
        }
    }

    /// Asks the server to stop, as a service manager does.
    pub(crate) fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Waits for the end of the server.
    pub(crate) async fn ended(&mut self, within: Duration) -> ExitStatus {
        assert!(!self.processes.is_empty(), "it runs");
        let mut last = ExitStatus::default();
        for mut process in self.processes.drain(..) {
            let ended =
                until("the server ends", within, async || process.try_wait().expect("it is our process"));
            last = ended.await;
            if !last.success() {
                return last;
            }
        }
        last
    }

    /// A client without a session.
    pub(crate) fn client(&self) -> Client {
        Client::new(Arc::clone(&self.bases))
    }

    /// Staff, logged in.
    pub(crate) async fn staff(&self, username: &str) -> Client {
        let client = self.client();
        let body = serde_json::json!({ "username": username, "password": md5(PASSWORD) });
        client.log_in("/auth/login", body, username).await
    }

    /// The visitor of the mini-program of `institution` who holds the sandbox code `code`.
    pub(crate) async fn visitor(&self, institution: &str, code: &str) -> Client {
        let path = format!("/auth/wx/wx-{institution}/login?code={code}");
        self.client().log_in(&path, serde_json::Value::Null, &format!("sandbox_{code}")).await
    }

    /// What the server has logged so far, over all its starts.
    pub(crate) fn log(&self) -> String {
        (0..self.servers)
            .map(|number| fs::read_to_string(self.log_path(number)).unwrap_or_default())
            .collect()
    }

    fn log_path(&self, number: usize) -> PathBuf {
        self.folder.join(if number == 0 { "log".to_owned() } else { format!("log-{number}") })
    }

    /// Fails if the log tells of a panic, a broken law or a fault of our own.
    pub(crate) fn assert_calm(&self) {
        for line in self.log().lines() {
            let lower = line.to_lowercase();
            let calm = !lower.contains("panic")
                && !lower.contains("law broken")
                && !lower.contains("\"level\":\"error\"");
            assert!(calm, "the log is not calm: {line}");
        }
    }
}

impl Drop for Hotline {
    fn drop(&mut self) {
        for mut process in self.processes.drain(..) {
            let _ = process.kill();
            let _ = process.wait();
        }
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let shown = &lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..];
            eprintln!("--- the server's log, in {} ---\n{}", self.folder.display(), shown.join("\n"));
        } else {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}
