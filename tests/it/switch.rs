//! Two servers on one database, a mistake in deployment: the later takes over, the earlier finds out and ends, and nobody
//! who was told anything by either is told otherwise.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use crate::support::{Answer, Client, Hotline, SOON, Socket, Stalls, until};

/// What the earlier server says once it knows.
const SWITCHING: &str = "服务正在切换，请稍后再试";
/// `journal.fence_check_seconds` as it is by default.
const CHECK: Duration = Duration::from_secs(5);
/// For the stop itself, on a machine that compiles beside us.
const STOPPING: Duration = Duration::from_secs(3);

const COUNSELORS: [&str; 3] = ["lin", "han", "wu"];
const CAPACITY: usize = 2;
/// At each server; half of them are at both.
const VISITORS: usize = 12;
/// Conversations begun at each server, at least.
const OPENED_MIN: usize = 40;

#[tokio::test]
async fn an_idle_server_notices_within_about_five_seconds_that_another_serves() {
    let stalls = Stalls::watch();
    let mut earlier = Hotline::prepare(&["ecnu"]).await;
    earlier.add_counselor("ecnu", "lin").await;
    earlier.start().await;
    let mut workbench = earlier.staff("lin").await.workbench().await;
    workbench.snapshot().await;
    let mut later = earlier.second_server();
    later.start().await;
    let taken_over = Instant::now();
    assert_eq!(workbench.closed(SOON).await, Some(1012));
    assert_eq!(earlier.ended(SOON).await.code(), Some(75));
    let took = taken_over.elapsed();
    let stalled = stalls.so_far();
    assert!(took < CHECK + STOPPING + stalled, "it took {took:?} on a machine that stalled for {stalled:?}");
    let visitor = later.visitor("ecnu", "first").await;
    assert_eq!(visitor.open("any").await["status"], "WAITING");
    later.assert_calm();
}

#[tokio::test]
async fn a_server_taken_over_refuses_each_institution_as_it_finds_out_and_ends_with_the_last() {
    let mut earlier = Hotline::prepare(&["ecnu", "still"]).await;
    for (institution, counselor) in [("ecnu", "lin"), ("still", "shi")] {
        earlier.add_counselor(institution, counselor).await;
    }
    // Long: only who is asked finds out.
    earlier.set("journal.fence_check_seconds", 3600);
    earlier.start().await;
    let (mut lins, mut shis) =
        (earlier.staff("lin").await.workbench().await, earlier.staff("shi").await.workbench().await);
    for socket in [&mut lins, &mut shis] {
        socket.snapshot().await;
    }
    let (first, second) = (earlier.visitor("ecnu", "first").await, earlier.visitor("still", "second").await);
    let mut later = earlier.second_server();
    later.start().await;

    let any = json!({ "counselor": "any" });
    first.put("/conversation", any.clone()).await.refused(-1, SWITCHING);
    assert_eq!(lins.closed(SOON).await, Some(1012));
    first.put("/conversation", any.clone()).await.refused(-1, SWITCHING);
    shis.ping().await;
    // The last one: whoever asked is still answered.
    second.put("/conversation", any).await.refused(-1, SWITCHING);
    assert_eq!(shis.closed(SOON).await, Some(1012));
    assert_eq!(earlier.ended(SOON).await.code(), Some(75));
    let nothing = sqlx::query_scalar!(r#"select count(*) as "count!" from conversations"#);
    assert_eq!(nothing.fetch_one(&later.database.pool).await.expect("a count"), 0, "nothing of it happened");
    later.assert_calm();
}

/// What the earlier server would have to know for an answer, it does not know any more: whatever it answers without a commit
/// waits until it is known whose the journal is.
#[tokio::test]
async fn a_server_taken_over_says_nothing_of_yesterday() {
    let mut earlier = Hotline::prepare(&["end", "urgent", "floor", "join", "rest"]).await;
    for institution in ["end", "urgent", "floor", "join"] {
        earlier.add_user(institution, "institution", &format!("boss-{institution}")).await;
    }
    // Long: only who is asked finds out.
    earlier.set("journal.fence_check_seconds", 3600);
    earlier.start().await;
    let mut later = earlier.second_server();
    later.start().await;
    let mut talks = BTreeMap::new();
    for institution in ["end", "urgent", "floor", "join"] {
        let opened = later.visitor(institution, institution).await.open("any").await;
        talks.insert(institution, opened["id"].as_str().expect("an id").to_owned());
    }

    let first = earlier.visitor("end", "end").await;
    first.post(&format!("/conversation/end/{}", talks["end"]), json!({})).await.refused(-1, SWITCHING);
    let boss = earlier.staff("boss-urgent").await;
    let urgent = format!("/conversation/priority/{}", talks["urgent"]);
    boss.post(&urgent, json!({ "priority": "URGENT" })).await.refused(-1, SWITCHING);
    let boss = earlier.staff("boss-floor").await;
    let now = boss.get("/dispatch/now").await;
    assert_eq!(now.body["code"], -1, "who waits is not told as it was yesterday: {now:?}");
    let mut socket = earlier.visitor("join", "join").await.visitor_socket().await;
    assert_eq!(socket.closed(SOON).await, Some(1012));
    assert_eq!(socket.came().iter().filter(|frame| frame["type"] == "snapshot").count(), 0);

    for (institution, talk) in talks {
        let kept = later.visitor(institution, institution).await.conversation(&talk).await;
        assert_eq!(kept["status"], "WAITING", "{institution}");
    }
    // The others' visitors need this server: it serves what it serves.
    assert_eq!(earlier.client().get("/health/ready").await.status, 200);
    later.assert_calm();
}

/// What the servers told their clients.
#[derive(Default)]
struct Told {
    /// By server: a conversation, and its counselor if it began at once.
    opened: [Vec<(String, Option<String>)>; 2],
    ended: Vec<String>,
}

/// A visitor who opens and ends at one server until it is gone, or enough.
async fn comes_and_goes(visitor: Client, server: usize, told: &RefCell<Told>, enough: &Cell<bool>) {
    let ask = async |method, path: &str, body: Value| {
        let request = visitor.request(method, path);
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = Answer::try_of(request).await.ok()?;
        // It stops.
        (answer.status != 503).then_some(answer)
    };
    let id_of = |conversation: &Value| conversation["id"].as_str().map(str::to_owned);
    while !enough.get() {
        let asked = ask(reqwest::Method::PUT, "/conversation", json!({ "counselor": "any" })).await;
        let Some(answer) = asked else { return };
        assert_eq!(answer.status, 200, "{answer:?}");
        let open = if answer.body["code"] == 0 {
            let conversation = &answer.body["result"];
            let id = id_of(conversation).expect("an id");
            let counselor = id_of(&conversation["counselor"]);
            told.borrow_mut().opened[server].push((id.clone(), counselor));
            Some(id)
        } else {
            let message = answer.body["message"].as_str().expect("a reason");
            let busy = message.starts_with("您正在咨询") || message.starts_with("您有进行中");
            assert!(busy || message == SWITCHING || message.starts_with("操作尚未确认"), "{answer:?}");
            // At the other server they were told yes.
            let Some(answer) = ask(reqwest::Method::GET, "/conversation/current", Value::Null).await else {
                return;
            };
            id_of(&answer.body["result"][0])
        };
        let Some(id) = open else { continue };
        let Some(answer) = ask(reqwest::Method::POST, &format!("/conversation/end/{id}"), Value::Null).await
        else {
            return;
        };
        if answer.body["code"] == 0 {
            told.borrow_mut().ended.push(id);
        }
    }
}

/// One row of the log.
struct Row {
    seq: i64,
    at: i64,
    kind: String,
    conversation: Option<String>,
    counselor: Option<String>,
}

async fn log(hotline: &Hotline) -> Vec<Row> {
    let rows = sqlx::query!("select seq, at, kind, body from events order by seq")
        .fetch_all(&hotline.database.pool)
        .await
        .expect("the log can be read");
    let text = |value: &Value| value.as_str().map(|id| id.replace('-', ""));
    let row = rows.into_iter().map(|row| Row {
        seq: row.seq,
        at: row.at,
        kind: row.kind,
        conversation: text(&row.body["conversation"]),
        counselor: text(&row.body["counselor"]),
    });
    row.collect()
}

/// Who took each conversation. Panics where one is there twice, or somebody has more than their places.
fn seated_once(log: &[Row]) -> BTreeMap<&str, &str> {
    let mut seen = BTreeSet::new();
    let mut seated = BTreeMap::new();
    let mut active: BTreeMap<&str, usize> = BTreeMap::new();
    for (row, number) in log.iter().zip(1..) {
        assert_eq!(row.seq, number, "numbered without gaps, each once");
        let Some(conversation) = row.conversation.as_deref() else { continue };
        match row.kind.as_str() {
            "opened" | "assigned" | "ended" => {
                assert!(
                    seen.insert((row.kind.as_str(), conversation)),
                    "{} {} twice",
                    conversation,
                    row.kind
                );
            }
            _ => continue,
        }
        if let ("assigned", Some(counselor)) = (row.kind.as_str(), row.counselor.as_deref()) {
            seated.insert(conversation, counselor);
            let active = active.entry(counselor).or_default();
            *active += 1;
            assert!(*active <= CAPACITY, "{counselor} has {active} at {}", row.seq);
        } else if let ("ended", Some(counselor)) = (row.kind.as_str(), seated.get(conversation)) {
            *active.entry(counselor).or_default() -= 1;
        }
    }
    seated
}

/// Every event that a socket was told is the one with that number in the log.
fn is_what_the_log_says(socket: &Socket, log: &[Row]) -> usize {
    let told = socket.came().iter().filter(|frame| frame["type"] == "event");
    let checked = told.map(|frame| {
        let seq = frame["seq"].as_i64().expect("events are numbered");
        let row = log.iter().find(|row| row.seq == seq).unwrap_or_else(|| panic!("not in the log: {frame}"));
        let said = (frame["event"].as_str(), frame["time"].as_i64(), frame["conversation"].as_str());
        assert_eq!(said, (Some(row.kind.as_str()), Some(row.at), row.conversation.as_deref()), "{frame}");
    });
    checked.count()
}

async fn at_work(hotline: &Hotline) -> Vec<Socket> {
    join_all(COUNSELORS.map(async |name| {
        let mut socket = hotline.staff(name).await.workbench().await;
        socket.snapshot().await;
        socket
    }))
    .await
}

#[tokio::test]
async fn a_race_of_two_servers_under_load_contradicts_nobody() {
    let mut earlier = Hotline::prepare(&["ecnu"]).await;
    for counselor in COUNSELORS {
        earlier.add_counselor("ecnu", counselor).await;
    }
    earlier.set("dispatch.default_max_consults", CAPACITY);
    earlier.start().await;
    for counselor in COUNSELORS {
        let places = json!({ "maxConsults": CAPACITY });
        assert_eq!(earlier.staff(counselor).await.post("/user/maxconsults", places).await.ok(), "ok");
    }
    let mut early_sockets = at_work(&earlier).await;
    let mut later = earlier.second_server();
    let (told, enough) = (RefCell::new(Told::default()), Cell::new(false));
    let mut early_visitors = Vec::new();
    let mut late_visitors = Vec::new();
    for number in 0..VISITORS + VISITORS / 2 {
        let visitor = earlier.visitor("ecnu", &format!("visitor{number}")).await;
        if number >= VISITORS / 2 {
            let mut there = later.client();
            (there.token, there.username) = (visitor.token.clone(), visitor.username.clone());
            late_visitors.push(there);
        }
        if number < VISITORS {
            early_visitors.push(visitor);
        }
    }
    let opened = |server: usize| told.borrow().opened[server].len();
    let until_opened = async |server: usize| {
        until("conversations are opened", SOON * 3, async || (opened(server) >= OPENED_MIN).then_some(()))
            .await;
    };
    let early =
        join_all(early_visitors.into_iter().map(|visitor| comes_and_goes(visitor, 0, &told, &enough)));
    let switch = async {
        until_opened(0).await;
        later.start().await;
        let mut late_sockets = at_work(&later).await;
        let late =
            join_all(late_visitors.into_iter().map(|visitor| comes_and_goes(visitor, 1, &told, &enough)));
        let ends = async {
            until_opened(1).await;
            enough.set(true);
        };
        join(late, ends).await;
        for socket in &mut late_sockets {
            socket.ping().await;
        }
        late_sockets
    };
    let (_, late_sockets) = join(early, switch).await;
    for socket in &mut early_sockets {
        assert_eq!(socket.closed(SOON).await, Some(1012));
    }
    assert_eq!(earlier.ended(SOON).await.code(), Some(75));

    let (told, log) = (told.into_inner(), log(&later).await);
    let seated = seated_once(&log);
    let of_kind = |kind: &str| -> BTreeSet<&str> {
        log.iter().filter(|row| row.kind == kind).filter_map(|row| row.conversation.as_deref()).collect()
    };
    let (opened, ended) = (of_kind("opened"), of_kind("ended"));
    for (id, counselor) in told.opened.iter().flatten() {
        assert!(opened.contains(id.as_str()), "{id} was acknowledged and is not there");
        assert!(counselor.is_none() || counselor.as_deref() == seated.get(id.as_str()).copied(), "{id}");
    }
    for id in &told.ended {
        assert!(ended.contains(id.as_str()), "the end of {id} was acknowledged and is not there");
    }
    assert!(log.iter().filter(|row| row.kind == "claimed").count() >= 2);
    let heard: usize =
        early_sockets.iter().chain(&late_sockets).map(|socket| is_what_the_log_says(socket, &log)).sum();
    assert!(heard >= 2 * OPENED_MIN, "the sockets heard of it: {heard}");
    later.assert_calm();
}
