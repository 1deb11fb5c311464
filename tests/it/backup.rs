//! A backup taken beside the running server, restored into an empty database: what docs/operations.md tells operators to do.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Client, Database, Hotline, SOON, Word, until, words};

const HOUR_MS: i64 = 3_600_000;

/// A file for one dump, gone with the test.
struct Dump(PathBuf);

impl Dump {
    fn of(database: &Database) -> Self {
        let name = format!("backup-{}.dump", Uuid::now_v7().simple());
        let dump = Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name));
        let mut command = Command::new("pg_dump");
        run(command.args(["--format=custom", "--no-owner", "--file"]).arg(&dump.0).arg(&database.url));
        dump
    }

    async fn restored(&self) -> Database {
        let database = Database::fresh().await;
        let mut command = Command::new("pg_restore");
        run(command
            .args(["--exit-on-error", "--single-transaction", "--no-owner", "--dbname", &database.url])
            .arg(&self.0));
        database
    }
}

impl Drop for Dump {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{command:?}: {error}: `make test` puts the binaries of its PostgreSQL into PATH")
    });
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

async fn words_of(reader: &Client, conversation: &str) -> Vec<Value> {
    let path = format!("/message/conversation/web?conversationId={conversation}");
    let rows = reader.get(&path).await.ok();
    rows.as_array().expect("a list").iter().map(|row| row["payload"].clone()).collect()
}

#[tokio::test]
async fn an_older_program_refuses_a_newer_schema() {
    let hotline = Hotline::prepare(&["ecnu"]).await;
    // sqlx's own table, which is no part of the schema that queries are checked against.
    sqlx::query(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         values (9999, 'of a later version', true, '', 0)",
    )
    .execute(&hotline.database.pool)
    .await
    .expect("a row of a later version");
    for command in ["migrate", "serve"] {
        let said = hotline.fails(&[command], 1);
        assert!(said.contains("could not be brought up to date") && said.contains("9999"), "{said}");
    }
}

#[tokio::test]
async fn an_upgrade_keeps_how_long_people_have_talked() {
    let database = Database::fresh().await;
    database.migrate_to(10).await;
    let (lin, fresh) = (Uuid::from_u128(1), Uuid::from_u128(2));
    // Not checked when compiled: the column is gone from the schema that others are checked against.
    sqlx::query(
        "insert into people (id, kind, username, total_time, created_at, updated_at)
         values ($1, 'SYSTEM', 'lin', 660000, 0, 0), ($2, 'SYSTEM', 'fresh', 0, 0, 0)",
    )
    .bind(lin)
    .bind(fresh)
    .execute(&database.pool)
    .await
    .expect("people of before");
    database.migrate().await;
    let times = sqlx::query!("select person, millis from talk_times").fetch_all(&database.pool).await;
    let times: Vec<(Uuid, i64)> =
        times.expect("times can be read").into_iter().map(|row| (row.person, row.millis)).collect();
    assert_eq!(times, [(lin, 660_000)]);
}

#[tokio::test]
async fn an_upgrade_learns_what_notices_mean_from_their_events() {
    let database = Database::fresh().await;
    database.migrate_to(11).await;
    for statement in [
        "insert into institutions (code, name, created_at) values ('ecnu', '', 0)",
        r#"insert into events (institution, seq, writer, at, kind, body) values
           ('ecnu', 4, gen_random_uuid(), 0, 'noticed', '{"event":"noticed","conversation":"c","notice":{"notice":"silence"}}'),
           ('ecnu', 5, gen_random_uuid(), 0, 'noticed',
            '{"event":"noticed","conversation":"c","notice":{"notice":"limit","index":0,"ahead_seconds":600}}')"#,
        r"insert into messages (id, institution, conversation, from_account, to_account, msg_key, sequence, random, said_at,
                                received_at, body, system)
          select gen_random_uuid(), 'ecnu', gen_random_uuid(), f, 'fangke', k, s, 0, 0, 0, '[]', f = 'administrator'
          from (values ('administrator', 'notice_4', 4), ('administrator', 'notice_5', 5), ('lin', '5_1_1', 5)) as v (f, k, s)",
    ] {
        sqlx::raw_sql(statement).execute(&database.pool).await.expect("what an older version kept");
    }
    database.migrate().await;
    let rows =
        sqlx::query!("select notice_kind, notice_seconds from messages order by from_account, sequence");
    let rows = rows.fetch_all(&database.pool).await.expect("messages can be read");
    let told: Vec<_> = rows.iter().map(|row| (row.notice_kind.as_deref(), row.notice_seconds)).collect();
    assert_eq!(told, [(Some("silence"), None), (Some("limit"), Some(600)), (None, None)]);
}

#[tokio::test]
async fn a_restored_backup_has_all_that_was_acknowledged_and_goes_on() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.add_counselor("ecnu", "lin").await;
    hotline.add_user("ecnu", "INSTITUTION", "guanli").await;
    hotline.start().await;
    let (lin, guanli) = (hotline.staff("lin").await, hotline.staff("guanli").await);
    lin.post("/user/maxconsults", json!({ "maxConsults": 1 })).await.ok();
    let mut workbench = lin.workbench().await;
    workbench.snapshot().await;
    let (first, second) = (hotline.visitor("ecnu", "first").await, hotline.visitor("ecnu", "second").await);
    let ended = first.open("any").await["id"].as_str().expect("an id").to_owned();
    hotline.client().say(&Word::new(&first.username, "lin", &ended, 1, words::text("你好"))).await;
    first.end(&ended).await;
    let seated = first.open("any").await["id"].as_str().expect("an id").to_owned();
    let waiting = second.open("any").await["id"].as_str().expect("an id").to_owned();
    let before = [first.conversation(&ended).await, first.conversation(&seated).await];
    assert_eq!([&before[0]["status"], &before[1]["status"]], ["FINISHED", "IN_PROGRESS"]);

    let dump = Dump::of(&hotline.database);
    // What comes after the backup is lost with the server.
    first.end(&seated).await;
    hotline.kill();
    hotline.move_to(dump.restored().await);
    hotline.start().await;

    // The log-ins hold, and so does everything that was acknowledged before the backup.
    assert_eq!(first.conversation(&ended).await, before[0]);
    assert_eq!(first.conversation(&seated).await, before[1]);
    assert_eq!(second.conversation(&waiting).await["status"], "WAITING");
    assert_eq!(words_of(&guanli, &ended).await, [json!({ "text": "你好" })]);

    // An hour between backup and restore: what is over by then ends, and the next is served as soon as somebody is there.
    hotline.kill();
    let aged = sqlx::query!(
        "update conversations set started_at = started_at - $2::bigint where id = $1",
        Uuid::parse_str(&seated).expect("an id"),
        HOUR_MS,
    );
    aged.execute(&hotline.database.pool).await.expect("time passes");
    hotline.start().await;
    let over = until("the overdue talk ends", SOON, async || {
        let now = first.conversation(&seated).await;
        (now["status"] != "IN_PROGRESS").then_some(now)
    })
    .await;
    assert_eq!((&over["status"], &over["endReason"]), (&json!("TIME_OUT"), &json!("limit")));
    let mut workbench = lin.workbench().await;
    workbench.event("assigned", &waiting).await;
    assert_eq!(second.conversation(&waiting).await["status"], "IN_PROGRESS");
    hotline.assert_calm();
}
