//! The table of docs/contract.md 2 over HTTP: every endpoint by each of the five roles, and nothing of one institution
//! for another. An endpoint that is added gets its row in [`ROWS`].

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use reqwest::Method;
use serde_json::Value;

use crate::support::{Answer, Client, Hotline, Word, within_one_day, words};

/// One endpoint with parameters that exist: `{visitor}` and so on stand for ids, see [`Cast::ids`].
struct Row {
    method: Method,
    path: &'static str,
    body: &'static str,
    /// For visitor, counselor, supervisor, institution's and system's administrator: `y` allowed, `n` refused with -5.
    allowed: &'static str,
}

const fn row(method: Method, path: &'static str, body: &'static str, allowed: &'static str) -> Row {
    Row { method, path, body, allowed }
}

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const DELETE: Method = Method::DELETE;

/// Allowed is what is not answered -5: a row may ask for something that is refused for another reason, so that nothing
/// is used up. The counselor is bound to the supervisor, and the conversation is of the visitor with the counselor.
const ROWS: &[Row] = &[
    row(GET, "/auth/me", "", "yyyyy"),
    row(GET, "/config", "", "yyyyy"),
    // Own profile, password.
    row(POST, "/user/update", "{}", "yyyyy"),
    row(POST, "/user/password", "{}", "yyyyy"),
    row(POST, "/user/maxconsults", r#"{"maxConsults":5}"#, "nyynn"),
    row(POST, "/im/sign", "", "yyyyy"),
    // Counselors: add, change, delete.
    row(PUT, "/user/ms/counselor", r#"{"username":"{anyone}"}"#, "nnnyy"),
    row(POST, "/user/ms/counselor", r#"{"username":"{counselor name}"}"#, "nnyyy"),
    row(POST, "/user/ms/counselor/{counselor}", "{}", "nnyyy"),
    row(POST, "/user/ms/counselor/{own counselor}", r#"{"supervisors":["{supervisor}"]}"#, "nnyyy"),
    row(POST, "/user/ms/counselor/{spare counselor}", "{}", "nnnyy"),
    row(GET, "/user/ms/counselor/list", "", "nyyyy"),
    row(DELETE, "/user/ms/counselor/{talking counselor}", "", "nnnyy"),
    // Supervisors: add, change, delete.
    row(PUT, "/user/ms/supervisor", r#"{"username":"{anyone}"}"#, "nnnyy"),
    row(POST, "/user/ms/supervisor", r#"{"username":"{supervisor name}"}"#, "nnnyy"),
    row(POST, "/user/ms/supervisor/{supervisor}", "{}", "nnnyy"),
    row(GET, "/user/ms/supervisor/list", "", "nyyyy"),
    row(DELETE, "/user/ms/supervisor/{spare supervisor}", "", "nnnyy"),
    // Visitors: list, ban, activate.
    row(GET, "/user/list", "", "nnyyy"),
    row(POST, "/user/ban/{spare visitor}", "", "nnyyy"),
    row(POST, "/user/active/{spare visitor}", "", "nnyyy"),
    // Staff: ban, activate.
    row(POST, "/user/ban/{spare counselor}", "", "nnnyy"),
    row(POST, "/user/active/{spare counselor}", "", "nnnyy"),
    row(POST, "/user/ban/{spare administrator}", "", "nnnny"),
    row(POST, "/user/active/{spare administrator}", "", "nnnny"),
    // Back-office users.
    row(PUT, "/user/ms", r#"{"username":"{anyone}","role":"ROLE_COUNSELOR"}"#, "nnnyy"),
    row(PUT, "/user/ms", r#"{"username":"{anyone}","role":"ROLE_INSTITUTION_ADMINISTRATOR"}"#, "nnnny"),
    row(POST, "/user/ms", r#"{"username":"{counselor name}"}"#, "nnnyy"),
    row(POST, "/user/ms", r#"{"username":"{spare administrator}"}"#, "nnnny"),
    // Conversations of one's own, and others'.
    row(PUT, "/conversation", r#"{"counselor":"{spare visitor}"}"#, "yyyyn"),
    row(GET, "/conversation/current", "", "yyyyn"),
    row(GET, "/message/unread", "", "yyyyn"),
    row(POST, "/im/say", r#"[{"ref":"1","conversation":"{conversation}","text":"在吗"}]"#, "yyyyy"),
    row(POST, "/im/image?conversation={conversation}", "", "yyyyy"),
    row(GET, "/im/image/{image}", "", "yyyyn"),
    row(GET, "/im/image/{unbound image}", "", "nnnyn"),
    row(GET, "/conversation/{conversation}", "", "yyyyn"),
    row(GET, "/conversation/{unbound conversation}", "", "nnnyn"),
    row(GET, "/message/conversation/web?conversationId={conversation}", "", "yyyyn"),
    row(GET, "/message/conversation/web?conversationId={unbound conversation}", "", "nnnyn"),
    // Records, messages, export.
    row(GET, "/conversation/consultlist", "", "nyyyn"),
    row(GET, "/message/gaps?conversationId={conversation}", "", "yyyyn"),
    row(GET, "/message/gaps?conversationId={unbound conversation}", "", "nnnyn"),
    row(GET, "/message/unplaced", "", "nnnyn"),
    row(POST, "/conversation/export/{conversation}", "", "yyyyn"),
    row(POST, "/conversation/export/{unbound conversation}", "", "nnnyn"),
    row(POST, "/conversation/batchexport", r#"["{conversation}"]"#, "yyyyn"),
    row(POST, "/conversation/batchexport", r#"["{unbound conversation}"]"#, "nnnyn"),
    // Request a supervisor, raise priority.
    row(
        PUT,
        "/conversation/supervise",
        r#"{"supervise":"{supervisor}","conversationId":"{anyone}"}"#,
        "nynyn",
    ),
    row(
        PUT,
        "/conversation/supervise",
        r#"{"supervise":"{spare visitor}","conversationId":"{conversation}"}"#,
        "nynyn",
    ),
    row(POST, "/conversation/priority/{conversation}", r#"{"priority":"NORMAL"}"#, "nnyyn"),
    // Shifts: read, change.
    row(PUT, "/arrange", r#"{"timestamp":"{today}","users":["{counselor}"]}"#, "nnyyn"),
    row(POST, "/arrange/batch", r#"{"weekDays":[],"user":"{counselor}"}"#, "nnyyn"),
    row(GET, "/arrange/theday?timestamp={today}&type=COUNSELOR", "", "yyyyn"),
    row(GET, "/arrange/month?timestamp={today}", "", "nyyyn"),
    row(DELETE, "/arrange/{shift}", "", "nnyyn"),
    // Statistics, live state.
    row(GET, "/conversation/7statistics", "", "nyyyn"),
    row(GET, "/conversation/todaychange", "", "nyyyn"),
    row(GET, "/conversation/numberranking", "", "nyyyn"),
    row(GET, "/conversation/ratedranking", "", "nyyyn"),
    row(GET, "/conversation/mine", "", "nyyyn"),
    row(GET, "/dispatch/now", "", "nnyyn"),
    row(GET, "/dispatch/supervisors", "", "nynyn"),
    // WeChat: of those who come by a mini-program.
    row(POST, "/wx/user/wx-here/phone", "", "ynnnn"),
    row(POST, "/wx/user/wx-here/subscribe", "", "ynnnn"),
    // Evaluate, end and delete: last, since they use something up.
    row(PUT, "/evaluate", r#"{"conversationId":"{conversation}","objectType":"CONVERSATION"}"#, "ynnnn"),
    row(PUT, "/evaluate", r#"{"conversationId":"{conversation}","objectType":"VISITOR"}"#, "nynnn"),
    row(POST, "/conversation/end/{unbound conversation}", "", "nnnyn"),
    row(POST, "/conversation/end/{conversation}", "", "yyyyn"),
    row(DELETE, "/conversation/{unbound conversation}", "", "nnnyn"),
];

/// Answered without a session, or over a socket.
const WITHOUT_ROWS: [&str; 17] = [
    "",
    "/",
    "/visitor",
    "/assets/{}",
    "/api",
    "/api/openapi.json",
    "/api/{}",
    "/auth/login",
    "/auth/wx/{}/login",
    "/login",
    "/logout",
    "/message/callback",
    "/health/live",
    "/health/ready",
    "/metrics",
    "/workbench/ws",
    "/visitor/ws",
];

const ROLES: [&str; 5] = ["visitor", "counselor", "supervisor", "institution", "system"];

/// The people of one institution and what there is of theirs.
struct Cast {
    clients: BTreeMap<&'static str, Client>,
    ids: BTreeMap<&'static str, String>,
}

impl Cast {
    async fn of(hotline: &Hotline, institution: &str) -> Self {
        within_one_day("Asia/Shanghai").await;
        let name = |role: &str| format!("{institution}-{role}");
        let (visitor, counselor, supervisor) =
            (hotline.visitor(institution, &name("first")).await, name("counselor"), name("supervisor"));
        hotline.database.bind_supervisor(&counselor, &supervisor).await;
        let mut clients = BTreeMap::from([("visitor", visitor.clone())]);
        for (role, username) in
            [("counselor", &counselor), ("supervisor", &supervisor), ("institution", &name("admin"))]
        {
            clients.insert(role, hotline.staff(username).await);
        }
        let mut ids = BTreeMap::from([("anyone", "x".to_owned())]);
        ids.insert("counselor name", counselor.clone());
        ids.insert("supervisor name", supervisor.clone());
        for (key, username) in [
            ("counselor", &counselor),
            ("own counselor", &counselor),
            ("talking counselor", &name("talking")),
            ("spare counselor", &name("spare")),
            ("supervisor", &supervisor),
            ("spare supervisor", &name("spare-supervisor")),
            ("spare administrator", &name("spare-admin")),
        ] {
            ids.insert(key, hotline.database.id_of(username).await);
        }
        let spare = hotline.visitor(institution, &name("spare")).await;
        ids.insert("spare visitor", spare.id().await);
        ids.insert("today", hotline::clock::now().0.to_string());
        ids.insert("shift", shift(hotline, &name("spare")).await);
        ids.insert("conversation", talk(hotline, &visitor, &clients["counselor"]).await);
        let (other, talking) =
            (hotline.visitor(institution, &name("second")).await, hotline.staff(&name("talking")).await);
        ids.insert("unbound conversation", talk(hotline, &other, &talking).await);
        ids.insert("image", picture(&visitor, &ids["conversation"]).await);
        ids.insert("unbound image", picture(&other, &ids["unbound conversation"]).await);
        Self { clients, ids }
    }
}

async fn add_staff(hotline: &Hotline, institution: &str) {
    for (kind, role) in [
        ("COUNSELOR", "counselor"),
        ("COUNSELOR", "talking"),
        ("COUNSELOR", "spare"),
        ("SUPERVISOR", "supervisor"),
        ("SUPERVISOR", "spare-supervisor"),
        ("INSTITUTION", "admin"),
        ("INSTITUTION", "spare-admin"),
    ] {
        hotline.add_user(institution, kind, &format!("{institution}-{role}")).await;
    }
}

/// A day on which somebody is on duty.
async fn shift(hotline: &Hotline, username: &str) -> String {
    hotline.database.put_on_shift(username).await;
    let id = sqlx::query_scalar!(
        "select s.id from shifts s join people p on p.id = s.person where p.username = $1 order by day limit 1",
        username
    );
    id.fetch_one(&hotline.database.pool).await.expect("the shift is there").simple().to_string()
}

/// A conversation with a word in it.
async fn talk(hotline: &Hotline, visitor: &Client, counselor: &Client) -> String {
    let mut desk = counselor.workbench().await;
    desk.snapshot().await;
    let talk = visitor.open(&counselor.id().await).await;
    assert_eq!(talk["status"], "IN_PROGRESS");
    let id = talk["id"].as_str().expect("an id").to_owned();
    let word = Word::new(&visitor.username, &counselor.username, &id, 1, words::text("你好"));
    hotline.client().say(&word).await;
    id
}

/// A picture that the visitor brought.
async fn picture(visitor: &Client, conversation: &str) -> String {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::DynamicImage::new_rgb8(2, 2)
        .write_to(&mut bytes, image::ImageFormat::Png)
        .expect("it can be written");
    let request = visitor.request(POST, &format!("/im/image?conversation={conversation}"));
    let kept = Answer::of(request.body(bytes.into_inner())).await.ok();
    kept["id"].as_str().expect("an id").to_owned()
}

/// Two institutions with everything, and the system's administrator.
async fn world() -> (Hotline, Cast, Cast, Client) {
    let mut hotline = Hotline::prepare(&["here", "there"]).await;
    hotline.set("im.mode", "embedded");
    add_staff(&hotline, "here").await;
    add_staff(&hotline, "there").await;
    hotline.add_system_administrator("root").await;
    hotline.start().await;
    let (here, there) = (Cast::of(&hotline, "here").await, Cast::of(&hotline, "there").await);
    let root = hotline.staff("root").await;
    (hotline, here, there, root)
}

fn filled(text: &str, ids: &BTreeMap<&'static str, String>) -> String {
    ids.iter().fold(text.to_owned(), |text, (key, id)| text.replace(&format!("{{{key}}}"), id))
}

async fn ask(row: &Row, client: &Client, ids: &BTreeMap<&'static str, String>) -> Answer {
    let body = match row.body {
        "" => Value::Null,
        text => serde_json::from_str(&filled(text, ids)).expect("a row's body is JSON"),
    };
    client.send(row.method.clone(), &filled(row.path, ids), body).await
}

#[tokio::test]
async fn every_endpoint_is_for_those_whom_the_table_names() {
    let (hotline, here, _, root) = world().await;
    let mut wrong = Vec::new();
    for row in ROWS {
        for (role, allowed) in ROLES.into_iter().zip(row.allowed.chars()) {
            let client = here.clients.get(role).unwrap_or(&root);
            let answer = ask(row, client, &here.ids).await;
            let refused = answer.body["code"] == -5;
            if refused {
                answer.refused(-5, "未开通权限");
            }
            if answer.status != 200 || refused == (allowed == 'y') {
                wrong.push(format!("{} {} by {role}: {}", row.method, row.path, answer.body));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    hotline.assert_calm();
}

/// A path with whatever stands in braces left out.
fn bare(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default().replace("/wx-here/", "/{}/");
    let parts = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn no_endpoint_is_forgotten() {
    fn sources(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).expect("a folder can be listed");
        let paths = entries.map(|entry| entry.expect("a folder can be listed").path());
        paths.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
    }
    let mut forgotten = Vec::new();
    for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = fs::read_to_string(&path).unwrap_or_default();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for route in code.split("web::resource(").skip(1).filter_map(|rest| rest.split('"').nth(1)) {
            let route = bare(route);
            let known =
                WITHOUT_ROWS.contains(&route.as_str()) || ROWS.iter().any(|row| bare(row.path) == route);
            if !known {
                forgotten.push(route);
            }
        }
    }
    assert_eq!(forgotten, Vec::<String>::new(), "each endpoint has its row in ROWS");
}

#[tokio::test]
async fn nobody_without_a_session_is_answered() {
    let (hotline, here, ..) = world().await;
    for row in ROWS.iter().filter(|row| row.path != "/config") {
        let answer = ask(row, &hotline.client(), &here.ids).await;
        let path = filled(row.path, &here.ids);
        answer.fault(403, path.split('?').next().expect("a path"));
    }
    hotline.assert_calm();
}

/// Another institution's id, and one that never was: the same answer but for the id itself, and nothing done.
#[tokio::test]
async fn ids_of_another_institution_are_answered_like_unknown_ones() {
    let (hotline, here, there, _) = world().await;
    let nobodys: BTreeMap<&'static str, String> = there
        .ids
        .keys()
        .map(|key| {
            let unknown = if key.ends_with("name") {
                "nobody-at-all".to_owned()
            } else {
                uuid::Uuid::now_v7().simple().to_string()
            };
            (*key, unknown)
        })
        .collect();
    // Whose the thing is that is changed is one's own; what it is bound to is another's.
    let mixed = |ids: &BTreeMap<&'static str, String>| {
        let mut ids = ids.clone();
        ids.insert("own counselor", here.ids["own counselor"].clone());
        for fixed in ["anyone", "today"] {
            ids.insert(fixed, here.ids[fixed].clone());
        }
        ids
    };
    let (foreign, unknown) = (mixed(&there.ids), mixed(&nobodys));
    let before = traces(&hotline).await;
    let mut compared = 0;
    for row in ROWS {
        let asks_for_one = foreign.keys().any(|key| {
            !["anyone", "today"].contains(key)
                && (row.path.contains(&format!("{{{key}}}")) || row.body.contains(&format!("{{{key}}}")))
        });
        if !asks_for_one {
            continue;
        }
        for (role, allowed) in ROLES.into_iter().zip(row.allowed.chars()).take(4) {
            let client = &here.clients[role];
            let (one, other) = (ask(row, client, &foreign).await, ask(row, client, &unknown).await);
            let plain = |answer: &Answer, ids: &BTreeMap<&'static str, String>| {
                let ids = ids.iter().filter(|(key, _)| **key != "anyone").map(|(_, id)| id);
                ids.fold(answer.body.to_string(), |text, id| text.replace(id.as_str(), "ID"))
            };
            assert_eq!(one.status, other.status, "{} {} by {role}", row.method, row.path);
            assert_eq!(
                plain(&one, &foreign),
                plain(&other, &unknown),
                "{} {} by {role}",
                row.method,
                row.path
            );
            // What takes a list answers each of it.
            let refused = one.body["code"] != 0 || one.body["result"][0]["type"] == "error";
            assert!(refused, "{} {} by {role}: {one:?}", row.method, row.path);
            assert!(allowed == 'y' || one.body["code"].as_i64().is_some_and(|code| code < 0));
            compared += 1;
        }
    }
    assert!(compared > 40, "the rows were looked at: {compared}");
    assert_eq!(traces(&hotline).await, before, "nothing was done to another institution's");
    hotline.assert_calm();
}

/// All that could have been done to people and conversations.
async fn traces(hotline: &Hotline) -> Vec<String> {
    let people = sqlx::query_scalar!(
        r#"select concat_ws(' ', username, state, deleted_at, updated_at) as "text!" from people
           where institution = 'there'
           union all
           select concat_ws(' ', id, status, ended_at) from conversations where institution = 'there'
           union all
           select concat_ws(' ', counselor, supervisor) from supervisor_bindings
           union all
           select concat_ws(' ', person, day, removed_at) from shifts where institution = 'there'
           order by 1"#
    );
    people.fetch_all(&hotline.database.pool).await.expect("everything can be read")
}
