//! A hotline to test: a database, its people, their shifts, and limits so short that many fall due.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::Path,
    process::Stdio,
};

use sqlx::{Connection, PgConnection};
use tokio::{io::AsyncWriteExt, process::Command};

use crate::{checker::Limits, postgres::Cluster};

pub const INSTITUTION: &str = "torture";
pub const DATABASE: &str = "torture";
/// Where our own IM is tried.
pub const LAST_WORDS_DATABASE: &str = "torture_words";
/// Where several servers are tried.
pub const TAKEOVER_DATABASE: &str = "torture_takeover";
/// Where several servers with a bus are tried.
pub const SPREAD_DATABASE: &str = "torture_spread";
pub const APP_ID: &str = "wx-torture";
/// Made up.
pub const SDK_APP_ID: u32 = 1_400_513_208;
/// Visitors a counselor talks to at once, with our own IM.
pub const LAST_WORDS_CAPACITY: usize = 12;
/// Everybody's password, and its MD5, which clients send.
const PASSWORD: &str = "hotline-torture";
pub const PASSWORD_MD5: &str = "620e311cb3ef86e88674f4a1fed82177";

/// Short enough that many fall due while the server is killed. The hard minute that who waits gets after a start is not
/// ours to set.
pub const LIMITS: Limits = Limits {
    absent_max: 5_000,
    grace: 2_000,
    waiting_max: 8_000,
    silence_notice: 4_000,
    silence_end: 3_000,
    text_max: 14_000,
    unanswered: [3_000, 6_000],
    limit_notices: [7_000, 4_000],
    late: 1_000,
    stored: 2_000,
    taken_over: 5_000,
    cut_off: 4_200,
};

/// The same beside others who keep the machine busy, as in `make test`: what falls due is still decided, and in order. How
/// fast, the long form says.
pub const BUSY_MACHINE_LIMITS: Limits =
    Limits { late: 10_000, stored: 3_500, taken_over: 20_000, cut_off: 15_000, ..LIMITS };

/// For our own IM: long enough that no talk ends while its visitor says the last words once more.
pub const LAST_WORDS_LIMITS: Limits = Limits {
    absent_max: 3_600_000,
    grace: 60_000,
    waiting_max: 3_600_000,
    silence_notice: 3_600_000,
    silence_end: 3_600_000,
    text_max: 7_200_000,
    unanswered: [3_600_000, 7_200_000],
    limit_notices: [1_200_000, 600_000],
    late: 10_000,
    stored: 10_000,
    taken_over: 5_000,
    cut_off: 4_200,
};
/// A socket's last words are carried out within so many milliseconds; at a stop within a third of the whole time of it.
pub const FINISH_MS: i64 = 30_000;
pub const STOP_MS: i64 = 90_000;

/// A counselor of the institution.
#[derive(Debug, Clone)]
pub struct Counselor {
    pub id: String,
    pub username: String,
}

/// Who works here.
#[derive(Debug, Clone)]
pub struct Staff {
    pub counselors: Vec<Counselor>,
    pub supervisor: String,
    /// Places at the start, by id.
    pub capacities: BTreeMap<String, u32>,
    /// Who serves the common queue, by id.
    pub on_shift: BTreeSet<String>,
}

/// The settings of the server under test, as its environment.
pub fn settings(database_url: &str) -> BTreeMap<String, String> {
    with_limits(LIMITS, database_url)
}

/// The same with our own IM and without limits that fall due.
pub fn last_words_settings(database_url: &str) -> BTreeMap<String, String> {
    let mut settings = with_limits(LAST_WORDS_LIMITS, database_url);
    for (key, value) in [
        ("IM__MODE", "embedded".to_owned()),
        ("DISPATCH__DEFAULT_MAX_CONSULTS", LAST_WORDS_CAPACITY.to_string()),
        ("SERVER__SHUTDOWN_SECONDS_MAX", (STOP_MS / 1000).to_string()),
        ("SOCKETS__FINISH_SECONDS_MAX", (FINISH_MS / 1000).to_string()),
        // Beside busy cores a ping may be late.
        ("SOCKETS__HEARTBEAT_SECONDS", "5".to_owned()),
    ] {
        settings.insert(format!("HOTLINE__{key}"), value);
    }
    settings
}

fn with_limits(limits: Limits, database_url: &str) -> BTreeMap<String, String> {
    let seconds = |milliseconds: i64| (milliseconds / 1000).to_string();
    let list = |all: [i64; 2]| format!("[{}, {}]", all[0] / 1000, all[1] / 1000);
    let app = format!(r#"[{{"appid":"{APP_ID}","institution":"{INSTITUTION}"}}]"#);
    [
        ("DATABASE__URL", database_url.to_owned()),
        ("SERVER__PORT", "0".to_owned()),
        ("SERVER__WORKERS", "2".to_owned()),
        ("LOG__FORMAT", "json".to_owned()),
        ("SECRETS__DATA_KEY", "c41f7be09a35d86e2b7c10f4e895a6d3710be4f82c9d5a6317e0b86f4d2ca915".to_owned()),
        ("IM__SDK_APP_ID", SDK_APP_ID.to_string()),
        ("IM__SECRET_KEY", "cd".repeat(32)),
        ("IM__REST_URL", String::new()),
        ("WECHAT__MODE", "sandbox".to_owned()),
        ("WECHAT__APPS", app),
        ("JOURNAL__SETTLE_SECONDS_MAX", "3".to_owned()),
        ("SOCKETS__HEARTBEAT_SECONDS", "2".to_owned()),
        ("DISPATCH__DEFAULT_MAX_CONSULTS", "4".to_owned()),
        ("DISPATCH__GRACE_SECONDS", seconds(limits.grace)),
        ("DISPATCH__WAITING_SECONDS_MAX", seconds(limits.waiting_max)),
        ("DISPATCH__SILENCE_NOTICE_SECONDS", seconds(limits.silence_notice)),
        ("DISPATCH__SILENCE_END_SECONDS", seconds(limits.silence_end)),
        ("DISPATCH__TEXT_SECONDS_MAX", seconds(limits.text_max)),
        ("DISPATCH__LIMIT_NOTICES_SECONDS", list(limits.limit_notices)),
        ("DISPATCH__UNANSWERED_SECONDS", list(limits.unanswered)),
        ("DISPATCH__ABSENT_SECONDS_MAX", seconds(limits.absent_max)),
        ("DISPATCH__NAMED_WAIT_SECONDS", "3".to_owned()),
        ("DISPATCH__AWAY_SECONDS_MAX", "3".to_owned()),
    ]
    .into_iter()
    .map(|(key, value)| (format!("HOTLINE__{key}"), value))
    .collect()
}

/// A command of the binary with these settings and no others.
pub fn command(binary: &Path, settings: &BTreeMap<String, String>, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars() {
        if name.starts_with("HOTLINE__") || name == "DATABASE_URL" {
            command.env_remove(name);
        }
    }
    command.args(arguments).envs(settings).kill_on_drop(true);
    command
}

async fn run(
    binary: &Path,
    settings: &BTreeMap<String, String>,
    arguments: &[&str],
    input: &str,
) -> io::Result<()> {
    let mut child = command(binary, settings, arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).await?;
    }
    let output = child.wait_with_output().await?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(io::Error::other(format!("hotline {arguments:?} failed: {said}")))
}

/// What `hotline check` finds in a database that no server writes any more, a line each.
pub async fn check(binary: &Path, settings: &BTreeMap<String, String>) -> io::Result<Vec<String>> {
    let output = command(binary, settings, &["check"]).stdin(Stdio::null()).output().await?;
    let lines =
        |bytes: &[u8]| -> Vec<String> { String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect() };
    match output.status.code() {
        Some(0) => Ok(Vec::new()),
        Some(1) if !output.stdout.is_empty() => Ok(lines(&output.stdout)),
        code => {
            Err(io::Error::other(format!("hotline check: {code:?}, {}", lines(&output.stderr).join(" "))))
        }
    }
}

/// Makes a database, on the small disk if there is one.
pub async fn database(cluster: &Cluster, name: &str) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(&cluster.url("postgres")).await?;
    let place = if let Some(small) = &cluster.small_disk {
        let folder = small.join("tablespace");
        let statement = format!("create tablespace small location '{}'", folder.display());
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await?;
        " tablespace small"
    } else {
        ""
    };
    let statement = format!("create database {name}{place}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await?;
    Ok(())
}

/// Migrates, and adds the people. `url` leads straight to the database, `settings` too.
pub async fn people(
    binary: &Path,
    url: &str,
    settings: &BTreeMap<String, String>,
    counselors: usize,
) -> Result<Staff, Box<dyn std::error::Error>> {
    run(binary, settings, &["migrate"], "").await?;
    run(binary, settings, &["institution", "add", INSTITUTION, "--name", "压测热线"], "").await?;
    let mut names: Vec<String> = (1..=counselors).map(|number| format!("counselor{number}")).collect();
    names.push("supervisor1".to_owned());
    for name in &names {
        let kind = if name.starts_with("counselor") { "COUNSELOR" } else { "SUPERVISOR" };
        let add = ["user", "add", name, "--kind", kind, "--institution", INSTITUTION, "--name", name];
        run(binary, settings, &add, PASSWORD).await?;
    }
    let mut connection = PgConnection::connect(url).await?;
    // The last one is not on shift: they serve who asks for them and nobody else.
    sqlx::query(
        "insert into shifts (id, institution, person, day, created_at)
         select gen_random_uuid(), institution, id, (now() at time zone 'Asia/Shanghai')::date + days, 0
         from people, generate_series(0, 1) as days where kind = 'COUNSELOR' and username <> $1",
    )
    .bind(format!("counselor{counselors}"))
    .execute(&mut connection)
    .await?;
    let rows: Vec<(String, String, i32, bool)> = sqlx::query_as(
        "select replace(id::text, '-', ''), username, max_consults,
                exists(select 1 from shifts where person = people.id)
         from people where kind = 'COUNSELOR' order by username",
    )
    .fetch_all(&mut connection)
    .await?;
    let mut staff = Staff {
        counselors: Vec::new(),
        supervisor: "supervisor1".to_owned(),
        capacities: BTreeMap::new(),
        on_shift: BTreeSet::new(),
    };
    for (id, username, places, on_shift) in rows {
        staff.capacities.insert(id.clone(), u32::try_from(places)?);
        if on_shift {
            staff.on_shift.insert(id.clone());
        }
        staff.counselors.push(Counselor { id, username });
    }
    Ok(staff)
}
