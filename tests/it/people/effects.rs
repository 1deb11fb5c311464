//! What a ban, a deletion, an activation or a password set by another does at once.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{House, another_password};
use crate::{
    fakes::tencent::Tencent,
    support::{Client, Hotline, SOON, Socket, md5_of_everybody, until},
};

const LOGGED_OUT: Option<u16> = Some(4003);

async fn at_work(client: &Client) -> Socket {
    let mut socket = client.workbench().await;
    socket.snapshot().await;
    socket
}

async fn audited(house: &House, action: &str, target: &str) -> i64 {
    let id = uuid::Uuid::parse_str(target).expect("an id");
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from audit where action = $1 and target = $2"#,
        action,
        id
    )
    .fetch_one(&house.hotline.database.pool)
    .await
    .expect("the audit can be read")
}

/// Ends are said before the socket closes.
async fn closed_after(socket: &mut Socket, told: &[&str]) {
    assert_eq!(socket.closed(SOON).await, LOGGED_OUT);
    for name in told {
        assert!(socket.has_come(name), "{name} before the close: {:?}", socket.came());
    }
}

fn id_of(conversation: &Value) -> String {
    conversation["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn a_banned_visitor_is_out_of_their_talk_and_the_next_takes_the_place() {
    let house = House::open().await;
    let lin = house.hotline.staff("lin").await;
    lin.post("/user/maxconsults", json!({ "maxConsults": 1 })).await.ok();
    let _desk = at_work(&lin).await;
    let (first, second) =
        (house.hotline.visitor("ecnu", "first").await, house.hotline.visitor("ecnu", "second").await);
    let talk = id_of(&first.open(&lin.id().await).await);
    let next = id_of(&second.open(&lin.id().await).await);
    let (id, mut socket) = (first.id().await, first.visitor_socket().await);
    socket.snapshot().await;

    house.supervisor.post(&format!("/user/ban/{id}"), Value::Null).await.ok();
    closed_after(&mut socket, &["ended", "expelled"]).await;
    first.get("/auth/me").await.fault(403, "/auth/me");
    let ended = lin.conversation(&talk).await;
    assert_eq!((&ended["status"], &ended["endReason"]), (&json!("FINISHED"), &json!("banned")));
    assert_eq!(second.conversation(&next).await["status"], "IN_PROGRESS");
    let wechat = "/auth/wx/wx-ecnu/login?code=first";
    house.hotline.client().post(wechat, Value::Null).await.refused_with(-3);
    house.supervisor.post(&format!("/user/ban/{id}"), Value::Null).await.ok();
    assert_eq!(audited(&house, "ban", &id).await, 2);

    house.supervisor.post(&format!("/user/active/{id}"), Value::Null).await.ok();
    house.supervisor.post(&format!("/user/active/{id}"), Value::Null).await.ok();
    assert_eq!(audited(&house, "activate", &id).await, 1, "the second had nothing to do");
    first.get("/auth/me").await.fault(403, "/auth/me");
    let again = house.hotline.visitor("ecnu", "first").await;
    assert_eq!(again.open(&lin.id().await).await["status"], "WAITING");
    house.hotline.assert_calm();
}

#[tokio::test]
async fn a_banned_counselor_leaves_their_desk_and_finds_it_again_when_activated() {
    let mut house = House::open().await;
    let lin = house.hotline.staff("lin").await;
    let id = lin.id().await;
    lin.post("/user/maxconsults", json!({ "maxConsults": 1 })).await.ok();
    let mut desk = at_work(&lin).await;
    let (first, second) =
        (house.hotline.visitor("ecnu", "first").await, house.hotline.visitor("ecnu", "second").await);
    let talk = id_of(&first.open(&id).await);
    let waiting = id_of(&second.open(&id).await);

    // A supervisor bans visitors, not staff.
    house.supervisor.post(&format!("/user/ban/{id}"), Value::Null).await.refused(-5, "未开通权限");
    house.admin.post(&format!("/user/ban/{id}"), Value::Null).await.ok();
    closed_after(&mut desk, &["ended", "expelled"]).await;
    lin.get("/auth/me").await.fault(403, "/auth/me");
    assert_eq!(first.conversation(&talk).await["endReason"], "banned");
    let cancelled = second.conversation(&waiting).await;
    assert_eq!(
        (&cancelled["status"], &cancelled["endReason"]),
        (&json!("CANCELLED"), &json!("counselor-gone"))
    );
    second.put("/conversation", json!({ "counselor": id })).await.refused(-3, "counselor not find");
    let log_in = json!({ "username": "lin", "password": md5_of_everybody() });
    house.hotline.client().post("/auth/login", log_in).await.refused_with(-3);
    assert_eq!(house.listed("lin").await.expect("they are listed still")["state"], "BANNED");

    // Nor after a restart.
    house.hotline.kill();
    house.hotline.start().await;
    second.put("/conversation", json!({ "counselor": id })).await.refused(-3, "counselor not find");
    house.admin.post(&format!("/user/active/{id}"), Value::Null).await.ok();
    let lin = house.hotline.staff("lin").await;
    let _desk = at_work(&lin).await;
    assert_eq!(second.open(&id).await["status"], "IN_PROGRESS");
    assert_eq!(first.open(&id).await["status"], "WAITING", "with the one place they had");
    house.hotline.assert_calm();
}

#[tokio::test]
async fn nobody_bans_themselves_or_an_administrator_above_them() {
    let house = House::open().await;
    let ban = |id: &str| format!("/user/ban/{id}");
    let (admin, root, other) =
        (house.id("ecnu_admin").await, house.id("root").await, house.id("other_admin").await);
    house.admin.post(&ban(&admin), Value::Null).await.refused(-1, "不能禁用或启用自己");
    house.system.post(&ban(&root), Value::Null).await.refused(-1, "不能禁用或启用自己");
    house.hotline.add_user("ecnu", "INSTITUTION", "second_admin").await;
    house.hotline.add_system_administrator("root2").await;
    let second = house.id("second_admin").await;
    house.admin.post(&ban(&second), Value::Null).await.refused(-5, "未开通权限");
    house.admin.post(&ban(&other), Value::Null).await.refused(-3, &format!("用户未找到：{other}"));
    house.system.post(&ban(&house.id("root2").await), Value::Null).await.refused(-5, "未开通权限");
    // The system's administrator keeps those of the institutions.
    let mut theirs = at_work(&house.stranger).await;
    house.system.post(&ban(&other), Value::Null).await.ok();
    closed_after(&mut theirs, &["expelled"]).await;
    house.stranger.get("/auth/me").await.fault(403, "/auth/me");
    house.system.post(&format!("/user/active/{other}"), Value::Null).await.ok();
    let again = house.hotline.staff("other_admin").await;
    assert_eq!(again.get("/auth/me").await.ok()["type"], "INSTITUTION");
    let row = house.system.get("/user/list?username=other_admin").await.ok()[0].clone();
    assert_eq!(row["state"], Value::Null, "administrators have no state");
    house.hotline.assert_calm();
}

#[tokio::test]
async fn deleting_waits_for_the_end_of_the_talk_and_keeps_the_record() {
    let house = House::open().await;
    let lin = house.hotline.staff("lin").await;
    let id = lin.id().await;
    lin.post("/user/maxconsults", json!({ "maxConsults": 1 })).await.ok();
    let mut desk = at_work(&lin).await;
    let (first, second) =
        (house.hotline.visitor("ecnu", "first").await, house.hotline.visitor("ecnu", "second").await);
    let talk = id_of(&first.open(&id).await);
    house
        .admin
        .delete(&format!("/user/ms/counselor/{id}"))
        .await
        .refused(-1, "该用户有进行中的会话，不能删除");
    assert_eq!(first.conversation(&talk).await["status"], "IN_PROGRESS");
    lin.post("/user/maxconsults", json!({ "maxConsults": 0 })).await.ok();
    let waiting = id_of(&second.open(&id).await);
    first.end(&talk).await;

    house.admin.delete("/user/ms/counselor/lin").await.ok();
    closed_after(&mut desk, &["expelled"]).await;
    lin.get("/auth/me").await.fault(403, "/auth/me");
    assert_eq!(house.listed("lin").await, None);
    assert_eq!(second.conversation(&waiting).await["endReason"], "counselor-gone");
    assert_eq!(first.conversation(&talk).await["counselor"]["id"], json!(id), "the record names them");
    for path in ["/user/ban", "/user/active"] {
        let answer = house.admin.post(&format!("{path}/{id}"), Value::Null).await;
        answer.refused(-3, &format!("用户未找到：{id}"));
    }
    let on_shift = sqlx::query_scalar!(
        r#"select count(*) as "count!" from shifts s join people p on p.id = s.person
           where p.username = 'lin' and s.removed_at is null"#
    );
    assert_eq!(on_shift.fetch_one(&house.hotline.database.pool).await.expect("counted"), 0);
    assert_eq!(audited(&house, "delete-person", &id).await, 1);
    house.hotline.assert_calm();
}

#[tokio::test]
async fn a_password_set_by_another_ends_the_log_ins_but_not_the_talks() {
    let house = House::open().await;
    house.hotline.database.bind_supervisor("lin", "dudao1").await;
    let lin = house.hotline.staff("lin").await;
    let mut desk = at_work(&lin).await;
    let visitor = house.hotline.visitor("ecnu", "first").await;
    let talk = id_of(&visitor.open(&lin.id().await).await);
    let set = json!({ "username": "lin", "password": another_password() });
    house.supervisor.post("/user/ms/counselor", set).await.ok();
    closed_after(&mut desk, &["assigned"]).await;
    lin.get("/auth/me").await.fault(403, "/auth/me");
    assert_eq!(visitor.conversation(&talk).await["status"], "IN_PROGRESS");
    let log_in = |password: Value| json!({ "username": "lin", "password": password });
    let nobody = house.hotline.client();
    nobody.post("/auth/login", log_in(json!(md5_of_everybody()))).await.refused_with(-3);
    assert_eq!(nobody.post("/auth/login", log_in(another_password())).await.ok(), "ok");
    assert_eq!(audited(&house, "set-password", &house.id("lin").await).await, 1);
    house.hotline.assert_calm();
}

#[tokio::test]
async fn a_ban_and_what_the_banned_does_at_that_moment_end_in_one_order() {
    let house = House::open().await;
    let lin = house.hotline.staff("lin").await;
    let _desk = at_work(&lin).await;
    let mut rounds = Vec::new();
    for number in 0..24_u64 {
        let visitor = house.hotline.visitor("ecnu", &format!("racer{number}")).await;
        let (id, admin) = (visitor.id().await, house.admin.clone());
        rounds.push(async move {
            let ban = async {
                // Each a little later than the one before.
                for _ in 0..number % 6 {
                    admin.get("/health/live").await;
                }
                admin.post(&format!("/user/ban/{id}"), Value::Null).await.ok();
            };
            let open = visitor.put("/conversation", json!({ "counselor": "any" }));
            let (opened, ()) = tokio::join!(open, ban);
            assert!(opened.status == 403 || opened.body["code"] == 0, "{opened:?}");
            visitor.get("/auth/me").await.fault(403, "/auth/me");
        });
    }
    futures_util::future::join_all(rounds).await;
    let open = sqlx::query_scalar!(
        r#"select count(*) as "count!" from conversations c join people p on p.id = c.visitor
           where p.state = 'BANNED' and c.ended_at is null"#
    );
    assert_eq!(open.fetch_one(&house.hotline.database.pool).await.expect("counted"), 0);
    house.hotline.assert_calm();
}

#[tokio::test]
async fn bans_deletions_and_passwords_set_by_another_end_the_im_log_in_too() {
    let tencent = Tencent::start().await;
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.set("im.rest_url", &tencent.url);
    hotline.add_user("ecnu", "INSTITUTION", "ecnu_admin").await;
    hotline.add_user("ecnu", "COUNSELOR", "lin").await;
    hotline.add_user("ecnu", "SUPERVISOR", "dudao").await;
    hotline.start().await;
    let admin = hotline.staff("ecnu_admin").await;
    let visitor = hotline.visitor("ecnu", "first").await;
    let (_lin, _dudao) = (hotline.staff("lin").await, hotline.staff("dudao").await);
    for username in ["sandbox_first", "lin", "dudao"] {
        until("the account is imported", SOON, async || tencent.knows(username).then_some(())).await;
    }
    admin.post(&format!("/user/ban/{}", visitor.id().await), Value::Null).await.ok();
    admin.post("/user/ms/counselor", json!({ "username": "lin", "password": another_password() })).await.ok();
    admin.delete("/user/ms/supervisor/dudao").await.ok();
    until("all three are kicked", SOON, async || {
        let mut kicked = tencent.kicked();
        kicked.sort();
        (kicked == ["dudao", "lin", "sandbox_first"]).then_some(())
    })
    .await;
    admin.post("/user/ms/counselor", json!({ "username": "lin", "title": "讲师" })).await.ok();
    assert_eq!(tencent.kicked().len(), 3, "a title ends nothing");
    hotline.assert_calm();
}

/// The caller is found when the head of their request has come; what they ask is known when its body has.
#[tokio::test]
async fn a_request_that_a_ban_overtakes_half_way_is_refused() {
    let house = House::open().await;
    let visitor = house.hotline.visitor("ecnu", "slow").await;
    let (id, token) = (visitor.id().await, visitor.token.clone().expect("logged in"));
    let url = visitor.url("/conversation");
    let host = url.trim_start_matches("http://").trim_end_matches("/conversation").to_owned();
    let body = json!({ "counselor": "any" }).to_string();
    let (begin, rest) = body.split_at(5);
    let head = format!(
        "PUT /conversation HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{begin}",
        body.len()
    );
    let mut stream = tokio::net::TcpStream::connect(&host).await.expect("the server listens");
    stream.write_all(head.as_bytes()).await.expect("the head is taken");
    house.admin.get("/user/list").await.ok();
    house.admin.post(&format!("/user/ban/{id}"), Value::Null).await.ok();
    stream.write_all(rest.as_bytes()).await.expect("the body is taken");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer comes");
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    let asked = sqlx::query_scalar!(r#"select count(*) as "count!" from conversations"#);
    assert_eq!(asked.fetch_one(&house.hotline.database.pool).await.expect("counted"), 0);
    house.hotline.assert_calm();
}

#[tokio::test]
async fn a_counselor_who_was_just_added_can_be_asked_for_and_works_at_once() {
    let house = House::open().await;
    let supervisors = json!([house.id("dudao1").await]);
    let body = json!({ "username": "wu", "password": md5_of_everybody(), "name": "吴佳宁", "supervisors": supervisors });
    house.admin.put("/user/ms/counselor", body).await.ok();
    let wu = house.hotline.staff("wu").await;
    let visitor = house.hotline.visitor("ecnu", "first").await;
    let waiting = id_of(&visitor.open(&wu.id().await).await);
    let mut desk = at_work(&wu).await;
    desk.event("assigned", &waiting).await;
    let taken = visitor.conversation(&waiting).await;
    assert_eq!((&taken["status"], &taken["counselor"]["name"]), (&json!("IN_PROGRESS"), &json!("吴佳宁")));
    // Their supervisor reads their talks.
    assert_eq!(house.supervisor.conversation(&waiting).await["id"], json!(waiting));
    house.hotline.assert_calm();
}
