//! Log-ins: who stays, who is sent away, and what the binary says when it cannot start.

use std::{
    process::{Command, Output},
    time::Instant,
};

use hotline::{auth::Sessions, clock, config::Settings};
use hotline_actors::{PersonId, Timestamp};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Client, DATA_KEY, Hotline, md5_of_everybody};

const REFUSED: &str = "该用户名不存在或已被禁用，请核实后再登录！";

async fn try_log_in(client: &Client, username: &str, password: &str) -> Answer {
    client.post("/auth/login", json!({ "username": username, "password": password })).await
}

#[tokio::test]
async fn sessions_outlive_a_restart_and_bearer_wins_over_the_cookie() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.add_user("ecnu", "COUNSELOR", "lin").await;
    hotline.start().await;
    let lin = hotline.staff("lin").await;
    hotline.kill();
    hotline.start().await;
    assert_eq!(lin.get("/auth/me").await.ok()["username"], "lin");

    let token = lin.token.clone().expect("logged in");
    let nobody = hotline.client();
    let cookie = format!("JSESSIONID={token}");
    let by_cookie = nobody.request(Method::GET, "/auth/me").header("Cookie", &cookie);
    assert_eq!(Answer::of(by_cookie).await.ok()["username"], "lin");
    let wrong_bearer = nobody.request(Method::GET, "/auth/me").header("Cookie", &cookie).bearer_auth("wrong");
    Answer::of(wrong_bearer).await.fault(403, "/auth/me");
    let places = |origin: &str| {
        let request = nobody.request(Method::POST, "/user/maxconsults?maxConsults=3");
        request.header("Cookie", &cookie).header("Origin", origin)
    };
    Answer::of(places("https://evil.example")).await.fault(403, "/user/maxconsults");
    assert_eq!(Answer::of(places(&nobody.url(""))).await.ok(), "ok");
    assert_eq!(lin.get("/auth/me").await.ok()["maxConsults"], 3);

    lin.post("/logout", Value::Null).await;
    hotline.kill();
    hotline.start().await;
    lin.get("/auth/me").await.fault(403, "/auth/me");
    let log = hotline.log();
    assert!(!log.contains(&token) && !log.contains("maxConsults="), "neither tokens nor queries are logged");
    hotline.assert_calm();
}

#[tokio::test]
async fn unknown_wrong_and_banned_are_told_the_same_until_it_is_too_often() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    for username in ["lin", "chen"] {
        hotline.add_user("ecnu", "COUNSELOR", username).await;
    }
    hotline.start().await;
    let banned = sqlx::query!("update people set state = 'BANNED' where username = 'chen'");
    banned.execute(&hotline.database.pool).await.expect("people can be banned");
    let nobody = hotline.client();
    try_log_in(&nobody, "nobody", &md5_of_everybody()).await.refused(-3, REFUSED);
    try_log_in(&nobody, "chen", &md5_of_everybody()).await.refused(-3, REFUSED);
    for _ in 0..10 {
        try_log_in(&nobody, "lin", &"0".repeat(32)).await.refused(-3, REFUSED);
    }
    let locked = try_log_in(&nobody, "lin", &md5_of_everybody()).await;
    locked.refused_with(-3);
    assert!(locked.body["message"].as_str().is_some_and(|text| text.contains("15分钟")), "{locked:?}");
    // Nobody is believed about where they come from, so saying otherwise does not help.
    let forged = nobody.request(Method::POST, "/auth/login").header("X-Forwarded-For", "9.9.9.9");
    let answer = Answer::of(forged.json(&json!({ "username": "lin", "password": md5_of_everybody() }))).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "and the sandbox answers nothing that was forwarded");
    hotline.assert_calm();
}

#[tokio::test]
async fn no_foreign_page_logs_anybody_in_or_out_with_or_without_a_cookie() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.add_user("ecnu", "COUNSELOR", "lin").await;
    hotline.start().await;
    let lin = hotline.staff("lin").await;
    let nobody = hotline.client();
    let cookie = format!("JSESSIONID={}", lin.token.as_deref().expect("logged in"));
    let here = nobody.url("");
    let elsewhere = here.replace("127.0.0.1", "localhost");
    let foreign = [
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Origin", elsewhere.as_str()),
        ("Origin", "http://127.0.0.1:1"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
    ];
    let password = json!({ "username": "lin", "password": md5_of_everybody() });
    let ask = |path: &str| nobody.request(Method::POST, path).json(&password);
    // However it is written, it is the same path.
    let written = [
        "/auth/login",
        "/auth/lo%67in",
        "/auth/wx/wx-ecnu/login?code=anna",
        "/auth/%77x/wx-ecnu/lo%67in?code=anna",
        "/logout",
    ];
    for path in written {
        let bare = path.split('?').next().expect("a path");
        for (header, value) in foreign {
            let answer = Answer::of(ask(path).header(header, value)).await;
            answer.fault(403, bare);
            let sets = ["set-cookie", "x-auth-token"].map(|name| answer.headers.contains_key(name));
            assert_eq!(sets, [false; 2], "{path} from {value}");
            Answer::of(ask(path).header(header, value).header("Cookie", &cookie)).await.fault(403, bare);
        }
    }
    assert_eq!(lin.get("/auth/me").await.ok()["username"], "lin", "nobody was logged out");
    let visitors = sqlx::query_scalar!(r#"select count(*) as "count!" from people where kind = 'VISITOR'"#);
    assert_eq!(visitors.fetch_one(&hotline.database.pool).await.expect("a count"), 0, "and nobody made");

    // Our own pages, and clients that are no browsers.
    for header in [("Origin", here.as_str()), ("Sec-Fetch-Site", "same-origin"), ("Accept", "*/*")] {
        for path in ["/auth/login", "/auth/wx/wx-ecnu/login?code=anna"] {
            assert_eq!(
                Answer::of(ask(path).header(header.0, header.1)).await.ok(),
                "ok",
                "{path} {header:?}"
            );
        }
        assert_eq!(Answer::of(ask("/logout").header(header.0, header.1)).await.status, 302, "{header:?}");
    }
    let by_token = lin.request(Method::POST, "/logout").header("Origin", "https://evil.example");
    assert_eq!(Answer::of(by_token).await.status, 302, "no page can add a Bearer");
    lin.get("/auth/me").await.fault(403, "/auth/me");
    hotline.assert_calm();
}

#[tokio::test]
async fn a_password_in_either_case_logs_in() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.add_user("ecnu", "COUNSELOR", "lin").await;
    hotline.start().await;
    let nobody = hotline.client();
    assert_eq!(try_log_in(&nobody, "lin", &md5_of_everybody().to_uppercase()).await.ok(), "ok");
}

async fn begin(sessions: &Sessions, person: PersonId, password: Option<&str>) -> Option<String> {
    sessions.begin(person, password, clock::now()).await.expect("the database answers")
}

#[tokio::test]
async fn a_ban_or_a_new_password_that_overtakes_a_log_in_makes_it_fail() {
    let hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.add_user("ecnu", "COUNSELOR", "lin").await;
    let pool = hotline.database.pool.clone();
    let settings = Settings::load(None).expect("the defaults are good").session;
    let sessions = Sessions::new(pool.clone(), &settings, None);
    let lin = hotline.database.id_of("lin").await.parse::<PersonId>().expect("an id");
    let hash = sqlx::query_scalar!("select password_hash from people where id = $1", lin.0);
    let hash = hash.fetch_one(&pool).await.expect("lin is there").expect("staff have passwords");
    assert!(begin(&sessions, lin, Some(&hash)).await.is_some());
    assert_eq!(begin(&sessions, lin, Some("what it was before")).await, None);
    let banned = sqlx::query!("update people set state = 'BANNED' where id = $1", lin.0);
    banned.execute(&pool).await.expect("people can be banned");
    assert_eq!(begin(&sessions, lin, Some(&hash)).await, None);
    let stored = sqlx::query_scalar!(r#"select count(*) as "count!" from sessions"#);
    assert_eq!(stored.fetch_one(&pool).await.expect("sessions are counted"), 1);
}

#[tokio::test]
async fn all_sessions_of_a_person_end_but_the_one_that_asks() {
    let hotline = Hotline::prepare(&["ecnu"]).await;
    for username in ["lin", "chen"] {
        hotline.add_user("ecnu", "COUNSELOR", username).await;
    }
    let pool = hotline.database.pool.clone();
    let settings = Settings::load(None).expect("the defaults are good").session;
    let sessions = Sessions::new(pool.clone(), &settings, None);
    let id = async |name: &str| hotline.database.id_of(name).await.parse::<PersonId>().expect("an id");
    let (lin, chen, now) = (id("lin").await, id("chen").await, clock::now());
    let mut tokens = Vec::new();
    for person in [lin, lin, lin, chen] {
        tokens.push(begin(&sessions, person, None).await.expect("they may come in"));
    }
    let found = async |sessions: &Sessions, at: Timestamp| {
        let mut found = Vec::new();
        for token in &tokens {
            found.push(sessions.find(token, at).await.expect("the database answers"));
        }
        found.into_iter().map(|caller| caller.map(|caller| caller.id)).collect::<Vec<_>>()
    };
    assert_eq!(found(&sessions, now).await, [Some(lin), Some(lin), Some(lin), Some(chen)]);
    let asking = sessions.find(&tokens[1], now).await.expect("the database answers").expect("a session");
    sessions.end_all_of(lin, Some(asking.token)).await.expect("sessions end");
    let left = [None, Some(lin), None, Some(chen)];
    assert_eq!(found(&sessions, now).await, left);
    // The same, where nothing is in memory.
    assert_eq!(found(&Sessions::new(pool.clone(), &settings, None), now).await, left);
    let stored = sqlx::query_scalar!(
        r#"select count(*) as "count!" from sessions where token_hash = any($1)"#,
        &tokens.iter().map(|token| token.clone().into_bytes()).collect::<Vec<_>>()
    );
    assert_eq!(stored.fetch_one(&pool).await.expect("sessions are counted"), 0, "no token is stored");

    // Seen later, written back, and so alive in a server that starts after that.
    let later = Timestamp(now.0 + 11 * 3_600_000);
    assert_eq!(found(&sessions, later).await, left);
    sessions.write_back(later).await.expect("the database answers");
    let long_after = Timestamp(now.0 + 20 * 3_600_000);
    assert_eq!(found(&Sessions::new(pool.clone(), &settings, None), long_after).await, left);
    let too_late = Timestamp(now.0 + 8 * 24 * 3_600_000);
    assert_eq!(found(&Sessions::new(pool, &settings, None), too_late).await, [None; 4]);
}

#[tokio::test]
async fn what_was_said_before_a_log_out_counts_whatever_log_ins_ended_before() {
    let hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.add_user("ecnu", "COUNSELOR", "lin").await;
    let settings = Settings::load(None).expect("the defaults are good").session;
    let sessions = Sessions::new(hotline.database.pool.clone(), &settings, None);
    let lin = hotline.database.id_of("lin").await.parse::<PersonId>().expect("an id");
    let caller = async || {
        let token = begin(&sessions, lin, None).await.expect("whoever is there comes in");
        sessions.find(&token, clock::now()).await.expect("the database answers").expect("a session")
    };
    let old = caller().await;
    let under_way = Instant::now();
    sessions.end_all_of(lin, None).await.expect("sessions end");
    let between = Instant::now();
    assert!(sessions.went_on_until(&old, under_way) && !sessions.went_on_until(&old, between));

    // Begun after the others had ended, and ended by a log-out.
    let new = caller().await;
    let said = Instant::now();
    sessions.end(new.token).await.expect("it ends");
    assert!(sessions.went_on_until(&new, said) && !sessions.went_on_until(&new, Instant::now()));
    // Logged out again, it still ended when it did.
    let late = Instant::now();
    sessions.end(new.token).await.expect("it is over");
    assert!(!sessions.went_on_until(&new, late) && !sessions.went_on_until(&old, between));

    // Ended beside this server, or not: forgotten is what was in memory.
    let forgotten = caller().await;
    let said = Instant::now();
    sessions.forget_all_of(lin);
    assert!(sessions.went_on_until(&forgotten, said));
    let is_active = sessions.is_active(forgotten.token, clock::now()).await.expect("the database answers");
    assert!(is_active.is_some(), "it is read again");
    let said = Instant::now();
    sessions.end(forgotten.token).await.expect("it ends");
    assert!(sessions.went_on_until(&forgotten, said));
}

/// Arguments and settings; the exit code, and a word of what is said.
type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], i32, &'a str);

/// Runs the binary with these settings alone, to its end.
fn told(arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hotline"));
    for (name, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("HOTLINE__") || name == "DATABASE_URL")
    {
        command.env_remove(name);
    }
    command.args(arguments).envs(settings.iter().copied()).current_dir(env!("CARGO_TARGET_TMPDIR"));
    command.output().expect("the built binary runs")
}

#[tokio::test]
async fn what_cannot_start_says_why_in_a_sentence() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.start().await;
    let url = hotline.database.url.clone();
    let base = hotline.client().url("");
    let (_, port) = base.rsplit_once(':').expect("a port");
    let nowhere = "postgres://nobody@127.0.0.1:1/nothing";
    let cases: [Case<'_>; 7] = [
        (&["serve"], &[("HOTLINE__SERVER__PROT", "1")], 78, "server.prot"),
        (
            &["serve"],
            &[("HOTLINE__WECHAT__MODE", "sandbox"), ("HOTLINE__SERVER__ADDRESS", "0.0.0.0")],
            78,
            "sandbox",
        ),
        (
            &["serve"],
            &[("HOTLINE__SERVER__PUBLIC_URL", "https://hotline.example.edu")],
            78,
            "secrets.data_key",
        ),
        (&["serve"], &[("DATABASE_URL", nowhere)], 69, "127.0.0.1:1"),
        (&["serve"], &[("DATABASE_URL", &url), ("HOTLINE__SERVER__PORT", port)], 71, "is taken"),
        (
            &["serve"],
            &[("DATABASE_URL", &url), ("HOTLINE__DATABASE__CONNECTIONS_MAX", "1000")],
            78,
            "takes up to 1013",
        ),
        (&["dance"], &[], 2, "dance"),
    ];
    for (arguments, settings, code, word) in cases {
        let output = told(arguments, settings);
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{settings:?}: {words}");
        assert!(words.contains(word) && !words.contains("panicked"), "{settings:?}: {words}");
    }
    // The server whose port was wanted goes on, and still owns its institutions.
    let visitor = hotline.visitor("ecnu", "first").await;
    assert_eq!(visitor.open("any").await["status"], "WAITING");
    assert!(told(&["check-config"], &[]).status.success());
    hotline.assert_calm();
}

/// What must be so before anybody but this machine is answered.
#[tokio::test]
async fn what_would_be_unsafe_in_the_open_does_not_start_and_is_named() {
    let open: [(&str, &str); 6] = [
        ("HOTLINE__SERVER__ADDRESS", "0.0.0.0"),
        ("HOTLINE__SERVER__PUBLIC_URL", "https://hotline.example.edu"),
        ("HOTLINE__SECRETS__DATA_KEY", DATA_KEY),
        ("HOTLINE__IM__SDK_APP_ID", "1400000000"),
        ("HOTLINE__IM__SECRET_KEY", "a key"),
        ("HOTLINE__IM__CALLBACK_TOKEN", "a token"),
    ];
    assert!(told(&["check-config"], &open).status.success());
    let same = format!(r#"[{{"id":"k0","key":"{DATA_KEY}"}}]"#);
    for (name, value, word) in [
        ("HOTLINE__IM__CALLBACK_TOKEN", "", "im.callback_token"),
        ("HOTLINE__SERVER__PUBLIC_URL", "http://hotline.example.edu", "server.public_url"),
        ("HOTLINE__SERVER__TRUSTED_PROXIES", r#"["0.0.0.0/0"]"#, "server.trusted_proxies"),
        ("HOTLINE__SERVER__TRUSTED_PROXIES", r#"["::/1", "8000::/1"]"#, "server.trusted_proxies"),
        ("HOTLINE__SECRETS__DATA_KEY", &"5a".repeat(32), "secrets.data_key"),
        ("HOTLINE__SECRETS__OLD_KEYS", &same, "secrets.old_keys[0].key"),
    ] {
        let mut settings = open.to_vec();
        settings.push((name, value));
        for command in ["check-config", "serve"] {
            let output = told(&[command], &settings);
            let words = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(78), "{name}={value}: {words}");
            assert!(words.contains(word) && words.lines().count() == 1, "{name}={value}: {words}");
            assert!(!words.contains(DATA_KEY), "{words}");
        }
    }
    // Without an address of ours the cookie is not for encrypted connections only: that is said, and left to whoever knows.
    let unnamed = told(&["check-config"], &[open[0], open[2]]);
    assert!(unnamed.status.success());
    let words = String::from_utf8_lossy(&unnamed.stdout);
    assert!(words.contains("server.public_url"), "{words}");
}

#[tokio::test]
async fn the_demo_is_made_once_and_found_again() {
    let mut hotline = Hotline::prepare(&[]).await;
    let url = hotline.database.url.clone();
    let demo = || told(&["demo"], &[("DATABASE_URL", &url)]);
    let counts = async || {
        let row = sqlx::query!(
            r#"select (select count(*) from people) as "people!", (select count(*) from shifts) as "shifts!",
                      (select count(*) from conversations) as "conversations!",
                      (select count(*) from messages) as "messages!""#
        )
        .fetch_one(&hotline.database.pool)
        .await
        .expect("tables can be counted");
        (row.people, row.shifts, row.conversations, row.messages)
    };
    assert!(demo().status.success());
    let first = counts().await;
    assert!(first.0 > 8 && first.1 >= 240 && first.2 > 24 && first.3 > first.2, "{first:?}");
    assert!(demo().status.success());
    assert_eq!(counts().await, first, "again, nothing is doubled");

    let open = told(
        &["serve"],
        &[
            ("DATABASE_URL", &url),
            ("HOTLINE__SECRETS__DATA_KEY", DATA_KEY),
            ("HOTLINE__SERVER__ADDRESS", "0.0.0.0"),
            ("HOTLINE__SERVER__PORT", "0"),
        ],
    );
    assert_eq!(open.status.code(), Some(78), "demo people are never served in the open");

    hotline.start().await;
    let nobody = hotline.client();
    // The MD5 of hotline-demo, as `make run` tells it.
    let password = hotline::auth::password::md5_of("hotline-demo");
    for username in
        ["admin", "ecnu_admin", "dudao1", "dudao2", "zixunshi1", "zixunshi2", "zixunshi3", "zixunshi4"]
    {
        assert_eq!(try_log_in(&nobody, username, &password).await.ok(), "ok", "{username}");
    }
    hotline.assert_calm();
}
