//! An institution lies whole in one database: every row that is of one says so, so that it can be found and published by that column
//! alone (docs/design.md 10).

use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use crate::{
    fakes::tencent::Tencent,
    support::{Client, Database, Hotline, SOON, Word, until, words},
};

/// Tables without an institution, and why.
const OF_NO_INSTITUTION: &[(&str, &str)] = &[
    ("_sqlx_migrations", "sqlx's own: which migrations ran in this database"),
    ("institutions", "an institution is named by its code"),
    ("nodes", "servers, each of which may own several"),
];

/// Tables where a row may be of no institution, and whose that is.
const MAY_BE_OF_NONE: &[(&str, &str)] = &[
    ("audit", "what a system administrator looked at in all institutions, or did to another one"),
    ("im_accounts", "system administrators log in, too"),
    ("people", "system administrators"),
    ("read_marks", "system administrators may be known to Tencent, and read there"),
    ("sessions", "system administrators log in, too"),
    ("talk_times", "it has no foreign key, and a row of nobody keeps no upgrade from going through"),
    ("withdrawn_messages", "as in read_marks"),
];

/// Of which institution a row `t` must be: that of the person or of the conversation that it is about.
const IS_OF: &[(&str, &str)] = &[
    ("conversations", "(select institution from people where id = t.visitor)"),
    ("evaluations", "(select institution from conversations where id = t.conversation)"),
    ("im_accounts", "(select institution from people where id = t.person)"),
    ("messages", "(select institution from conversations where id = t.conversation)"),
    ("read_marks", "(select institution from people where username = t.reader)"),
    ("sessions", "(select institution from people where id = t.person)"),
    ("shifts", "(select institution from people where id = t.person)"),
    ("standing_weeks", "(select institution from people where id = t.person)"),
    ("supervisor_bindings", "(select institution from people where id = t.counselor)"),
    ("talk_times", "(select institution from people where id = t.person)"),
    ("turn_subscriptions", "(select institution from people where id = t.person)"),
    ("unplaced_messages", "(select institution from people where username = t.from_account)"),
    ("withdrawn_messages", "(select institution from people where username = t.from_account)"),
];

/// What the version before 0024 wrote, by its own statements. `{n}` tells one set of people from another.
const AS_BEFORE: &[&str] = &[
    "insert into supervisor_bindings (counselor, supervisor)
     select c.id, s.id from people c join people s on s.institution = c.institution
     where c.username = 'lin{n}' and s.username = 'du{n}'",
    "insert into talk_times (person, millis)
     select * from unnest((select array_agg(id) from people where username in ('lin{n}', 'fang{n}')), '{1,2}'::bigint[])
     on conflict (person) do update set millis = talk_times.millis + excluded.millis",
    "insert into sessions (token_hash, person, created_at, seen_at)
     select sha256(username::bytea), id, 0, 0 from people where username in ('lin{n}', 'fang{n}', 'root{n}')",
    "insert into im_accounts (person, imported_at)
     select id, 0 from people where username in ('lin{n}', 'root{n}') on conflict do nothing",
    "insert into turn_subscriptions as s (person, allowed, updated_at) select id, 1, 0 from people where username = 'fang{n}'
     on conflict (person) do update set allowed = s.allowed + 1, updated_at = excluded.updated_at",
    "insert into read_marks (reader, peer, up_to) values ('lin{n}', 'fang{n}', 5), ('fang{n}', 'lin{n}', 5), ('root{n}', 'lin{n}', 5)
     on conflict (reader, peer) do update set up_to = greatest(read_marks.up_to, excluded.up_to)",
    "insert into withdrawn_messages (from_account, to_account, msg_key, withdrawn_at) values ('fang{n}', 'lin{n}', 'key', 0)
     on conflict do nothing",
];

/// The columns `institution` as the schema has them: the table, and whether it may be null. None: the table has no such column.
async fn columns(database: &Database) -> Vec<(String, Option<bool>)> {
    sqlx::query_as(
        "select c.relname::text, case when a.attnum is not null then not a.attnotnull end
         from pg_class c
             left join pg_attribute a
                 on a.attrelid = c.oid and a.attname = 'institution' and a.atttypid = 'text'::regtype and not a.attisdropped
         where c.relkind in ('r', 'p') and c.relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
             and c.relname not like 'pg\\_%'
         order by 1",
    )
    .fetch_all(&database.pool)
    .await
    .expect("the schema can be read")
}

async fn run(database: &Database, statement: &str) {
    let done = sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&database.pool).await;
    done.unwrap_or_else(|error| panic!("{statement}: {error}"));
}

/// Fails where a row is of another institution than whom or what it is about. Gives the tables that have rows of `institutions`
/// institutions at least.
async fn assert_belongs(database: &Database, institutions: i64) -> Vec<&'static str> {
    let (mut filled, mut strays) = (Vec::new(), Vec::new());
    for (table, is_of) in IS_OF {
        let (wrong, of): (i64, i64) = sqlx::query_as(AssertSqlSafe(format!(
            "select count(*) filter (where t.institution is distinct from {is_of}), count(distinct t.institution) from {table} t"
        )))
        .fetch_one(&database.pool)
        .await
        .unwrap_or_else(|error| panic!("{table}: {error}"));
        if wrong > 0 {
            strays.push(*table);
        }
        if of >= institutions {
            filled.push(*table);
        }
    }
    assert_eq!(strays, [""; 0], "rows of these are of another institution, or of none");
    filled
}

#[tokio::test]
async fn no_table_forgets_which_institution_its_rows_are_of() {
    let database = Database::fresh().await;
    database.migrate().await;
    let columns = columns(&database).await;
    let named = |list: &[(&str, &str)]| list.iter().map(|(table, _)| (*table).to_owned()).collect::<Vec<_>>();
    let those = |wanted: Option<bool>| {
        let fitting = columns.iter().filter(|(_, may_be_null)| *may_be_null == wanted);
        fitting.map(|(table, _)| table.clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        those(None),
        named(OF_NO_INSTITUTION),
        "a table that holds an institution's data has a column `institution` (migrations/0024); any other stands in the list with its reason"
    );
    assert_eq!(
        those(Some(true)),
        named(MAY_BE_OF_NONE),
        "where it may be null stands in the list with its reason"
    );
    for (table, _) in IS_OF {
        assert!(columns.iter().any(|(there, column)| there == table && column.is_some()), "{table}");
    }
}

#[tokio::test]
async fn rows_as_the_version_before_writes_them_are_of_the_institution_too() {
    let database = Database::fresh().await;
    database.migrate_to(23).await;
    let people = |n: u32| {
        format!(
            "insert into institutions (code, name, created_at) values ('house{n}', '', 0);
             insert into people (id, institution, kind, username, created_at, updated_at) values
                 (gen_random_uuid(), 'house{n}', 'COUNSELOR', 'lin{n}', 0, 0),
                 (gen_random_uuid(), 'house{n}', 'SUPERVISOR', 'du{n}', 0, 0),
                 (gen_random_uuid(), 'house{n}', 'VISITOR', 'fang{n}', 0, 0),
                 (gen_random_uuid(), null, 'SYSTEM', 'root{n}', 0, 0)"
        )
    };
    let write = async |n: u32| {
        run(&database, &people(n)).await;
        for statement in AS_BEFORE {
            run(&database, &statement.replace("{n}", &n.to_string())).await;
        }
    };
    write(1).await;
    run(&database, "insert into talk_times (person, millis) values (gen_random_uuid(), 7)").await;
    database.migrate().await;
    let changed = ["im_accounts", "read_marks", "sessions", "supervisor_bindings", "talk_times"];
    let changed = [&changed[..], &["turn_subscriptions", "withdrawn_messages"]].concat();
    assert_eq!(assert_belongs(&database, 1).await, changed, "what was there");
    // It goes on beside the new version: with people of its own, and with rows that are there.
    write(2).await;
    for statement in AS_BEFORE.iter().filter(|statement| statement.contains("on conflict")) {
        run(&database, &statement.replace("{n}", "1")).await;
    }
    assert_eq!(assert_belongs(&database, 2).await, changed, "what came after");
    // What is given stays: the triggers look nothing up for this version.
    run(&database, "delete from talk_times").await;
    run(
        &database,
        "insert into talk_times (person, institution, millis) select id, 'given', 1 from people where username = 'lin1'",
    )
    .await;
    let given: Vec<(Option<String>,)> = sqlx::query_as("select institution from talk_times")
        .fetch_all(&database.pool)
        .await
        .expect("times can be read");
    assert_eq!(given, [(Some("given".to_owned()),)]);
}

/// One institution at work.
async fn work(hotline: &Hotline, code: &str) {
    let name = |who: &str| format!("{who}-{code}");
    let (lin, guan) = (hotline.staff(&name("lin")).await, hotline.staff(&name("guan")).await);
    let (lin_id, du_id) = (lin.id().await, hotline.database.id_of(&name("du")).await);
    let bound = json!({ "supervisors": [du_id] });
    guan.post(&format!("/user/ms/counselor/{lin_id}"), bound).await.ok();
    let week = json!({ "weekDays": [1, 2, 3, 4, 5, 6, 7], "user": lin_id });
    guan.post("/arrange/batch", week).await.ok();
    let mut workbench = lin.workbench().await;
    workbench.snapshot().await;

    let visitor = hotline.visitor(code, &name("fang")).await;
    visitor.post(&format!("/wx/user/wx-{code}/subscribe"), Value::Null).await.ok();
    let talk = visitor.open(&lin_id).await["id"].as_str().expect("an id").to_owned();
    let nobody = hotline.client();
    let taken = async |callback: Value| {
        let answer = nobody.callback(&callback).await;
        assert_eq!(answer.body["ActionStatus"], "OK", "{answer:?}");
    };
    let word = Word::new(&visitor.username, &lin.username, &talk, 1, words::text("在吗"));
    nobody.say(&word).await;
    // Nobody talks to the supervisor: it belongs to no conversation.
    let homeless = Word::new(&visitor.username, &name("du"), "", 2, words::text("在吗"));
    nobody.callback(&homeless.callback()).await.refused_with(-1);
    taken(json!({
        "CallbackCommand": "C2C.CallbackAfterMsgReport", "Report_Account": lin.username,
        "Peer_Account": visitor.username, "LastReadTime": hotline::clock::now().0 / 1000, "UnreadMsgNum": 0,
    }))
    .await;
    taken(json!({
        "CallbackCommand": "C2C.CallbackAfterMsgWithDraw", "From_Account": visitor.username,
        "To_Account": lin.username, "MsgKey": word.key(), "UnreadMsgNum": 0,
    }))
    .await;
    visitor.end(&talk).await;
    let rate = json!({ "conversationId": talk, "objectType": "CONVERSATION", "level": 5 });
    visitor.put("/evaluate", rate).await.ok();
}

async fn known(hotline: &Hotline, tencent: &Tencent, client: &Client) {
    let accounts = async || {
        let noted =
            "select count(*) from im_accounts a join people p on p.id = a.person where p.username = $1";
        let noted =
            sqlx::query_scalar::<_, i64>(noted).bind(&client.username).fetch_one(&hotline.database.pool);
        (noted.await.expect("a count") == 1).then_some(())
    };
    until("the account is noted", SOON, accounts).await;
    assert!(tencent.knows(&client.username));
}

/// The triggers are for the version before.
async fn drop_triggers(database: &Database) {
    run(
        database,
        "do $$ declare t record; begin
             for t in select tgname, tgrelid::regclass as its from pg_trigger where tgname like '%\\_institution' and not tgisinternal
             loop execute format('drop trigger %I on %s', t.tgname, t.its); end loop;
         end $$",
    )
    .await;
}

/// Without the triggers: what the server writes says itself where it belongs.
#[tokio::test]
async fn whatever_the_server_writes_says_which_institution_it_is_of() {
    let tencent = Tencent::start().await;
    let codes = ["ecnu", "hdu"];
    let mut hotline = Hotline::prepare(&codes).await;
    let apps = codes.map(|code| {
        json!({
            "appid": format!("wx-{code}"), "institution": code, "turn_template": "template",
            "turn_page": "pages/chat/index", "turn_fields": { "name2": "{counselor}" },
        })
    });
    hotline.set("wechat.apps", json!(apps));
    hotline.set("im.rest_url", &tencent.url);
    drop_triggers(&hotline.database).await;
    for code in codes {
        hotline.add_counselor(code, &format!("lin-{code}")).await;
        hotline.add_user(code, "SUPERVISOR", &format!("du-{code}")).await;
        hotline.add_user(code, "INSTITUTION", &format!("guan-{code}")).await;
    }
    hotline.add_system_administrator("root").await;
    hotline.start().await;
    let root = hotline.staff("root").await;
    for code in codes {
        work(&hotline, code).await;
        known(&hotline, &tencent, &hotline.staff(&format!("guan-{code}")).await).await;
    }
    known(&hotline, &tencent, &root).await;
    let all: Vec<_> = IS_OF.iter().map(|(table, _)| *table).collect();
    assert_eq!(assert_belongs(&hotline.database, 2).await, all, "every table has rows of both");
    let of_none: i64 = sqlx::query_scalar("select count(*) from sessions where institution is null")
        .fetch_one(&hotline.database.pool)
        .await
        .expect("a count");
    assert_eq!(of_none, 1, "of the system administrator alone");
    hotline.assert_sound();
    hotline.assert_calm();
}

/// The demo has statements of its own.
#[tokio::test]
async fn so_does_the_demo() {
    let hotline = Hotline::prepare(&[]).await;
    drop_triggers(&hotline.database).await;
    hotline.make_large_demo();
    let filled = assert_belongs(&hotline.database, 1).await;
    assert!(["supervisor_bindings", "talk_times"].iter().all(|table| filled.contains(table)), "{filled:?}");
}
