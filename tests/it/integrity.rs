//! Rows that name what there is none of: refused, kept through an upgrade and named, and found by `hotline check`.

use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use crate::support::{Database, Hotline, SOON, Word, until, words};

/// Somebody, or a conversation, that there is not.
const NOBODY: &str = "00000000000000000000000000000abc";

const PEOPLE_OF_BEFORE: &str = "
    insert into institutions (code, name, created_at) values ('ecnu', 'ecnu', 0);
    insert into people (id, institution, kind, username, state, created_at, updated_at) values
        ('00000000-0000-0000-0000-000000000001', 'ecnu', 'COUNSELOR', 'lin', 'NORMAL', 0, 0),
        ('00000000-0000-0000-0000-000000000002', 'ecnu', 'VISITOR', 'first', 'NORMAL', 0, 0);
    insert into conversations (id, institution, kind, visitor, counselor, status, arrival, opened_at, started_at, ended_at,
                               end_reason)
    values ('00000000-0000-0000-0000-000000000011', 'ecnu', 'COUNSELING_SESSION', '00000000-0000-0000-0000-000000000002',
            '00000000-0000-0000-0000-000000000001', 'FINISHED', 0, 0, 0, 0, 'visitor')";
/// Of a visitor that there is not, with a status that there is none of.
const BAD_OF_BEFORE: &str = "
    insert into conversations (id, institution, kind, visitor, status, arrival, opened_at, ended_at)
    values ('00000000-0000-0000-0000-000000000012', 'ecnu', 'COUNSELING_SESSION', '00000000-0000-0000-0000-000000000abc',
            'LOST', 0, 0, 0)";
const MENDED: &str = "
    update conversations set visitor = '00000000-0000-0000-0000-000000000002', status = 'CANCELLED'
    where id = '00000000-0000-0000-0000-000000000012'";

async fn run(database: &Database, statements: &str) {
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))
        .execute(&database.pool)
        .await
        .unwrap_or_else(|error| panic!("{statements}: {error}"));
}

/// The database of the version before the constraints came back.
async fn of_before(statements: &[&str]) -> Database {
    let database = Database::fresh().await;
    database.migrate_to(20).await;
    for statement in statements {
        run(&database, statement).await;
    }
    database
}

/// How many constraints of conversations are not known to hold.
async fn doubtful(database: &Database) -> i64 {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from pg_constraint where conrelid = 'conversations'::regclass and not convalidated"#
    );
    count.fetch_one(&database.pool).await.expect("constraints can be counted")
}

#[tokio::test]
async fn an_upgrade_looks_through_all_rows_and_new_ones_are_refused() {
    let mut hotline = Hotline::prepare(&[]).await;
    hotline.move_to(of_before(&[PEOPLE_OF_BEFORE]).await);
    hotline.run(&["migrate"], "");
    assert_eq!(doubtful(&hotline.database).await, 0);
    hotline.assert_sound();
    for (column, value, constraint) in [
        ("institution", "'gone'", "conversations_institution_fkey"),
        ("visitor", "gen_random_uuid()", "conversations_visitor_fkey"),
        ("wanted", "gen_random_uuid()", "conversations_wanted_fkey"),
        ("counselor", "gen_random_uuid()", "conversations_counselor_fkey"),
        ("consultation", "gen_random_uuid()", "conversations_consultation_fkey"),
        ("kind", "'CHAT'", "conversations_kind_check"),
        ("status", "'LOST'", "conversations_status_check"),
        ("priority", "'LOW'", "conversations_priority_check"),
        ("medium", "'SMOKE'", "conversations_medium_check"),
        ("end_reason", "'tired'", "conversations_end_reason_check"),
    ] {
        let statement = AssertSqlSafe(format!("update conversations set {column} = {value}"));
        let refused = sqlx::query(statement).execute(&hotline.database.pool).await.expect_err(column);
        let said = refused.as_database_error().and_then(|error| error.constraint().map(str::to_owned));
        assert_eq!(said.as_deref(), Some(constraint));
    }
}

#[tokio::test]
async fn an_upgrade_with_a_row_that_breaks_them_starts_says_so_and_is_through_once_it_is_mended() {
    let mut hotline = Hotline::prepare(&[]).await;
    hotline.move_to(of_before(&[PEOPLE_OF_BEFORE, BAD_OF_BEFORE]).await);
    hotline.start().await;
    let log = hotline.log();
    for constraint in ["conversations_visitor_fkey", "conversations_status_check"] {
        assert!(log.contains(&format!("rows from before break the constraint {constraint}")), "{log}");
    }
    assert_eq!(doubtful(&hotline.database).await, 2, "the others hold");
    hotline.assert_calm();
    let (code, found, said) = hotline.check(&[]);
    assert_eq!(code, Some(1), "{found}{said}");
    for part in [
        "the constraint conversations_visitor_fkey of conversations is not known to hold",
        "ecnu: conversation 00000000000000000000000000000012: visitor says what there is none of",
        "ecnu: conversation 00000000000000000000000000000012: status says what there is none of",
    ] {
        assert!(found.contains(part), "{part}: {found}");
    }
    hotline.kill();
    run(&hotline.database, MENDED).await;
    hotline.start().await;
    assert_eq!(doubtful(&hotline.database).await, 0);
    hotline.assert_sound();
}

#[tokio::test]
async fn a_table_that_somebody_holds_keeps_no_hotline_from_starting() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.set("database.lock_seconds_max", 1);
    run(
        &hotline.database,
        "alter table conversations drop constraint conversations_kind_check,
             add constraint conversations_kind_check check (kind in ('COUNSELING_SESSION', 'REQUEST_SUPERVISE')) not valid",
    )
    .await;
    let mut held = hotline.database.pool.begin().await.expect("a transaction");
    let lock = "lock table conversations in share update exclusive mode";
    sqlx::raw_sql(lock).execute(&mut *held).await.expect("the table can be locked");
    hotline.start().await;
    let log = hotline.log();
    assert!(log.contains("could not be looked through for the constraint conversations_kind_check"), "{log}");
    assert_eq!(doubtful(&hotline.database).await, 1);
    held.rollback().await.expect("the lock is given back");
    hotline.kill();
    hotline.start().await;
    assert_eq!(doubtful(&hotline.database).await, 0);
}

/// A small history of everything that is looked at.
struct House {
    hotline: Hotline,
    /// Over, with words of the visitor.
    ended: String,
    /// Under way, with a notice of ours.
    seated: String,
    lin: String,
    first: String,
    banned: String,
    deleted: String,
    elsewhere: String,
}

impl House {
    async fn stands() -> Self {
        let mut hotline = Hotline::prepare(&["ecnu", "other"]).await;
        hotline.set("dispatch.silence_notice_seconds", 1);
        hotline.add_counselor("ecnu", "lin").await;
        hotline.add_user("ecnu", "INSTITUTION", "guanli").await;
        hotline.add_user("ecnu", "COUNSELOR", "han").await;
        hotline.add_user("other", "COUNSELOR", "chen").await;
        hotline.start().await;
        let (lin, guanli) = (hotline.staff("lin").await, hotline.staff("guanli").await);
        lin.post("/user/maxconsults", json!({ "maxConsults": 3 })).await.ok();
        let mut workbench = lin.workbench().await;
        workbench.snapshot().await;
        let (first, second) =
            (hotline.visitor("ecnu", "first").await, hotline.visitor("ecnu", "second").await);
        let mut talks = Vec::new();
        for number in 1..=2 {
            let talk = first.open("any").await["id"].as_str().expect("an id").to_owned();
            hotline
                .client()
                .say(&Word::new(&first.username, "lin", &talk, number, words::text("你好")))
                .await;
            first.end(&talk).await;
            let rate = json!({ "conversationId": talk, "objectType": "CONVERSATION", "level": 5 });
            first.put("/evaluate", rate).await.ok();
            talks.push(talk);
        }
        // One is deleted: its time does not count.
        guanli.delete(&format!("/conversation/{}", talks[0])).await.ok();
        let seated = first.open("any").await["id"].as_str().expect("an id").to_owned();
        until("the notice of silence is in the record", SOON, async || {
            let path = format!("/message/conversation/web?conversationId={seated}");
            let rows = guanli.get(&path).await.ok();
            rows.as_array().is_some_and(|rows| !rows.is_empty()).then_some(())
        })
        .await;
        let banned = second.id().await;
        second.open("any").await;
        guanli.post(&format!("/user/ban/{banned}"), Value::Null).await.ok();
        let deleted = hotline.database.id_of("han").await;
        guanli.delete("/user/ms/counselor/han").await.ok();
        let (lin, first) = (lin.id().await, first.id().await);
        let elsewhere = hotline.database.id_of("chen").await;
        // Beside the server, which goes on.
        hotline.assert_sound();
        assert_eq!(hotline.check(&["--institution", "ecnu"]).0, Some(0));
        hotline.kill();
        hotline.database.pool.close().await;
        Self { hotline, ended: talks.remove(1), seated, lin, first, banned, deleted, elsewhere }
    }

    /// What is found after `damage`; in both, names in braces stand for ids.
    async fn found(&mut self, damage: &str) -> String {
        let pristine = self.hotline.database.clone();
        let damaged = pristine.copy().await;
        // As a disk, a restore or a hand at psql would: no constraint has a say.
        run(&damaged, &format!("set session_replication_role = replica; {}", self.with_ids(damage))).await;
        damaged.pool.close().await;
        self.hotline.move_to(damaged);
        let (code, found, said) = self.hotline.check(&[]);
        self.hotline.move_to(pristine);
        assert_eq!(code, Some(1), "{damage}: {found}{said}");
        assert!(said.contains("findings in 2 institutions"), "{said}");
        assert!(!found.contains("你好") && !found.contains("sandbox_"), "ids alone: {found}");
        found
    }

    fn with_ids(&self, text: &str) -> String {
        [
            ("{ended}", &self.ended),
            ("{seated}", &self.seated),
            ("{lin}", &self.lin),
            ("{first}", &self.first),
            ("{banned}", &self.banned),
            ("{deleted}", &self.deleted),
            ("{elsewhere}", &self.elsewhere),
            ("{nobody}", &NOBODY.to_owned()),
        ]
        .into_iter()
        .fold(text.to_owned(), |text, (name, id)| text.replace(name, id))
    }
}

/// Damage, and what is said of it.
const DAMAGES: &[(&str, &[&str])] = &[
    (
        "delete from events where institution = 'ecnu' and seq = 2",
        &["ecnu: event 2 is missing. Restore the newest backup"],
    ),
    (
        "delete from events where institution = 'ecnu' and seq in (1, 2, 3)",
        &["ecnu: events 1 to 3 are missing."],
    ),
    (
        r#"update events set body = '{"event":"dreamt"}' where institution = 'ecnu' and seq = 1"#,
        &["ecnu: event 1 cannot be read: its body"],
    ),
    (
        "update events set kind = 'ended' where institution = 'ecnu' and seq = 1",
        &["event 1 cannot be read: its kind"],
    ),
    (
        "update events set body = replace(body::text, '{first}', '{nobody}')::json where kind = 'opened'",
        &[
            "names {nobody}, who is not a person of this institution",
            "conversation {ended}: the journal says visitor = '{nobody}'",
        ],
    ),
    (
        "update events set body = replace(body::text, '{lin}', '{elsewhere}')::json where kind = 'assigned'",
        &["names {elsewhere}, who is not a person of this institution"],
    ),
    (
        "update events set body = replace(body::text, '{ended}', '{nobody}')::json where kind = 'ended'",
        &["is about conversation {nobody}, which was not open"],
    ),
    (
        "insert into events select 'gone', seq, writer, at, kind, body from events where institution = 'other' and seq = 1",
        &["gone: there are events, and no such institution"],
    ),
    (
        "delete from conversations where id = '{ended}'",
        &[
            "conversation {ended} is in the journal and not in its table",
            "of messages is of a conversation that is not there",
        ],
    ),
    (
        "insert into conversations (id, institution, kind, visitor, status, arrival, opened_at, ended_at)
         values ('{nobody}', 'ecnu', 'COUNSELING_SESSION', '{first}', 'CANCELLED', 7, 0, 0)",
        &["conversation {nobody} is in its table and not in the journal"],
    ),
    (
        "update conversations set status = 'TIME_OUT', end_reason = null, common = false where id = '{ended}'",
        &[
            "conversation {ended}: the journal says status = 'FINISHED', common = 'true', end_reason = 'visitor'. Set",
        ],
    ),
    (
        "update conversations set priority = 'URGENT' where id = '{seated}'",
        &["conversation {seated}: the journal says priority = 'NORMAL'. Set"],
    ),
    (
        "update people set max_consults = 4 where id = '{lin}'",
        &["person {lin}: the journal says max_consults = '3'."],
    ),
    (
        "update people set presence = 'away' where id = '{lin}'",
        &["person {lin}: the journal says presence = 'online'."],
    ),
    (
        "update people set state = 'NORMAL' where id = '{banned}'",
        &["person {banned}: the journal says state = 'BANNED'."],
    ),
    (
        "update people set deleted_at = null where id = '{deleted}'",
        &["person {deleted}: the journal says deleted_at = '"],
    ),
    (
        "update talk_times set millis = millis + 7 where person = '{first}'",
        &["person {first}: talk_times says "],
    ),
    ("delete from talk_times where person = '{lin}'", &["person {lin}: talk_times says 0 ms"]),
    (
        "insert into talk_times (person, institution, millis) values ('{nobody}', 'ecnu', 7)",
        &["the database: talk_times names {nobody}"],
    ),
    (
        "update talk_times set institution = 'other' where person = '{first}'",
        &["ecnu: person {first}: a row of talk_times is of another institution, or of none. Set"],
    ),
    (
        "update sessions set institution = null",
        &["ecnu: person {lin}: a row of sessions is of another institution, or of none."],
    ),
    (
        "insert into read_marks select to_account, from_account, 0, 'other' from messages where not system limit 1",
        &["ecnu: person {lin}: a row of read_marks is of another institution"],
    ),
    (
        "update evaluations set begun_at = 7 where conversation = '{ended}'",
        &["begun_at does not follow its conversation"],
    ),
    ("update evaluations set deleted_at = null", &["deleted_at does not follow its conversation"]),
    (
        "update evaluations set institution = 'other' where conversation = '{ended}'",
        &["institution does not follow"],
    ),
    ("delete from messages where system", &["is missing from the record of conversation {seated}"]),
    (
        "insert into read_marks select to_account, from_account, max(said_at), 'ecnu' from messages where not system group by 1, 2",
        &["counts as unread, and read_marks says that it was read"],
    ),
    (
        "insert into withdrawn_messages select from_account, to_account, msg_key, 0, 'ecnu' from messages where not system",
        &[
            "is not marked as revoked, and withdrawn_messages says that it was taken back in time. Set is_revoked.",
        ],
    ),
    (
        "update messages set conversation = '{nobody}' where not system",
        &["of messages is of a conversation that is not there"],
    ),
    (
        "insert into images values (gen_random_uuid(), 'ecnu', '{nobody}', 1, '{first}', 0, 'image/png', 1, 1, 1, '')",
        &["of images is of a conversation that is not there"],
    ),
    (
        "insert into consumer_cursors values ('late', 'ecnu', 4000)",
        &["the consumer late has come to event 4000, and the newest"],
    ),
    (
        "update visitor_numbers set last = 1 where institution = 'ecnu'",
        &["visitor_numbers says 1, and number 2 is given out"],
    ),
    (
        "alter table conversations drop constraint conversations_medium_check; update conversations set medium = 'SMOKE'",
        &[
            "the constraint conversations_medium_check of conversations is missing",
            "{seated}: medium says what there is none of",
        ],
    ),
    // Behind several pages.
    (
        r#"insert into events select 'other', 1 + n, gen_random_uuid(), 0, 'claimed', '{"event":"claimed"}'
           from generate_series(1, 2500) n where n <> 1800"#,
        &["other: event 1801 is missing"],
    ),
];

#[tokio::test]
async fn every_kind_of_damage_is_found_and_named() {
    let mut house = House::stands().await;
    for (damage, expected) in DAMAGES {
        let found = house.found(damage).await;
        for part in *expected {
            let part = house.with_ids(part);
            assert!(found.contains(&part), "{damage}\n{part}\nfound:\n{found}");
        }
    }
}

#[tokio::test]
async fn a_check_that_cannot_look_says_so() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    let (code, _, said) = hotline.check(&["--institution", "gone"]);
    assert_eq!(
        (code, said.as_str()),
        (Some(2), "hotline: nothing can be said: there is no institution gone\n")
    );
    hotline.move_to(of_before(&[]).await);
    let (code, _, said) = hotline.check(&[]);
    assert!(code == Some(2) && said.contains("the schema is of migration 20"), "{code:?} {said}");
    hotline.move_to(Database::fresh().await);
    let (code, _, said) = hotline.check(&[]);
    assert!(code == Some(2) && said.contains("the schema is of migration 0"), "{code:?} {said}");
    hotline.set("database.url", "postgres://nobody@127.0.0.1:9/none");
    assert_eq!(hotline.check(&[]).0, Some(2));
    hotline.set("database.port", 1);
    assert_eq!(hotline.check(&[]).0, Some(2), "a setting that there is none of");
}

#[tokio::test]
async fn a_demo_with_much_history_fits_together() {
    let hotline = Hotline::prepare(&[]).await;
    hotline.make_large_demo();
    hotline.assert_sound();
}
