//! What comes from outside may be anything: the documented answer each, no fault of ours, no panic, nothing half done.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Hotline, SOON, Word, md5_of_everybody, words};

const UNKNOWN: &str = "2c93189d7b53e68e017b53ead62d002c";
const MEGABYTE: usize = 1024 * 1024;

/// Two institutions; lin and a visitor are of `ecnu`, and so is the talk.
struct Scene {
    hotline: Hotline,
    lin: Client,
    visitor: Client,
    talk: String,
    stranger: Client,
    strangers_visitor: Client,
}

impl Scene {
    async fn set() -> Self {
        let mut hotline = Hotline::prepare(&["ecnu", "other"]).await;
        hotline.add_counselor("ecnu", "lin").await;
        hotline.add_counselor("other", "wu").await;
        hotline.start().await;
        let (lin, stranger) = (hotline.staff("lin").await, hotline.staff("wu").await);
        let visitor = hotline.visitor("ecnu", "first").await;
        let strangers_visitor = hotline.visitor("other", "second").await;
        // Nobody is online: the request waits.
        let talk = visitor.open(&lin.id().await).await["id"].as_str().expect("an id").to_owned();
        Self { hotline, lin, visitor, talk, stranger, strangers_visitor }
    }

    /// All that a request can leave behind.
    async fn traces(&self) -> (i64, i64, i64, i64) {
        let row = sqlx::query!(
            r#"select (select count(*) from conversations) as "conversations!",
                      (select count(*) from conversations where status = 'WAITING') as "waiting!",
                      (select count(*) from messages) as "messages!",
                      (select count(*) from people) as "people!""#
        )
        .fetch_one(&self.hotline.database.pool)
        .await
        .expect("tables can be counted");
        (row.conversations, row.waiting, row.messages, row.people)
    }
}

/// Every endpoint of this issue that takes a body, with the one who may use it.
fn takers(scene: &Scene) -> [(&Client, Method, &'static str); 4] {
    [
        (&scene.visitor, Method::POST, "/auth/login"),
        (&scene.lin, Method::POST, "/user/maxconsults"),
        (&scene.strangers_visitor, Method::PUT, "/conversation"),
        (&scene.lin, Method::PUT, "/conversation"),
    ]
}

#[tokio::test]
async fn malformed_bodies_are_refused_whole() {
    let scene = Scene::set().await;
    let before = scene.traces().await;
    let nested = "[".repeat(50_000);
    let malformed =
        ["{", "{\"counselor\":", "{\"a\":1}x", "{'a':1}", "\u{0}", nested.as_str(), "{\"a\":1e999}"];
    let large = format!("{{\"username\":\"{}\"}}", "x".repeat(MEGABYTE));
    for (client, method, path) in takers(&scene) {
        let send = |body: Vec<u8>| {
            let request = client.request(method.clone(), path);
            Answer::of(request.header("Content-Type", "application/json").body(body))
        };
        for text in malformed {
            send(text.into()).await.fault(400, path);
        }
        send(b"{\"counselor\":\"\xff\xfe\"}".to_vec()).await.fault(400, path);
        send(large.clone().into()).await.fault(413, path);
        for text in ["[]", "null", "\"text\"", "7", "true"] {
            let answer = send(text.into()).await;
            let refused = answer.status == 400 || (answer.status == 200 && answer.body["code"] != 0);
            assert!(refused, "{path} {text}: {answer:?}");
        }
    }
    let plain =
        scene.visitor.request(Method::POST, "/auth/login").header("Content-Type", "text/plain").body("{}");
    Answer::of(plain).await.fault(415, "/auth/login");
    let after = scene.traces().await;
    assert_eq!((before.2, before.3), (after.2, after.3), "no word and no person came of it");
    scene.hotline.assert_calm();
}

#[tokio::test]
async fn wrong_types_are_named() {
    let scene = Scene::set().await;
    let before = scene.traces().await;
    for wrong in [
        json!("many"),
        json!(51),
        json!(-1),
        json!(2.5),
        json!({}),
        json!([1]),
        json!(true),
        json!(1e18),
        json!(""),
    ] {
        let answer = scene.lin.post("/user/maxconsults", json!({ "maxConsults": wrong })).await;
        answer.refused_with(-2);
        assert!(
            answer.body["message"].as_str().is_some_and(|text| text.contains("maxConsults")),
            "{answer:?}"
        );
    }
    scene.lin.post("/user/maxconsults", json!({})).await.refused_with(-2);
    for wrong in [json!({}), json!([UNKNOWN]), json!(true)] {
        scene.strangers_visitor.put("/conversation", json!({ "counselor": wrong })).await.refused_with(-2);
    }
    for wrong in [json!({}), json!([])] {
        let body = json!({ "username": wrong, "password": md5_of_everybody() });
        scene.visitor.post("/auth/login", body).await.refused_with(-2);
    }
    for missing in [json!({ "username": "lin" }), json!({ "password": md5_of_everybody() }), json!({})] {
        scene.visitor.post("/auth/login", missing).await.refused_with(-2);
    }
    assert_eq!(scene.traces().await, before, "nothing came of it");
    scene.hotline.assert_calm();
}

#[tokio::test]
async fn unknown_ids_and_those_of_another_institution_answer_alike() {
    let scene = Scene::set().await;
    let before = scene.traces().await;
    let lin_id = scene.hotline.database.id_of("lin").await;
    for counselor in
        [UNKNOWN, "nobody", &lin_id, "2c93189d-7b53-e68e-017b-53ead62d002c", "'; drop table people; --"]
    {
        let answer = scene.strangers_visitor.put("/conversation", json!({ "counselor": counselor })).await;
        answer.refused(-3, "counselor not find");
    }
    for outsider in [&scene.stranger, &scene.strangers_visitor] {
        for id in [UNKNOWN, scene.talk.as_str(), "nothing"] {
            let unknown = format!("会话未找到：{id}");
            outsider.post(&format!("/conversation/end/{id}"), Value::Null).await.refused(-1, &unknown);
            outsider.get(&format!("/conversation/{id}")).await.refused(-1, &unknown);
        }
    }
    for id in [UNKNOWN, scene.talk.as_str(), "nothing"] {
        let answer = scene.stranger.get(&format!("/message/conversation/web?conversationId={id}")).await;
        answer.refused(-1, &format!("conversation not find: {id}"));
    }
    scene.lin.get("/message/conversation/web").await.refused_with(-2);
    scene.visitor.get("/no/such/path").await.fault(404, "/no/such/path");
    assert_eq!(scene.traces().await, before, "nothing came of it");
    assert_eq!(scene.visitor.conversation(&scene.talk).await["status"], "WAITING");
    scene.hotline.assert_calm();
}

#[tokio::test]
async fn a_session_that_ended_or_never_was_is_refused() {
    let scene = Scene::set().await;
    assert_eq!(scene.lin.post("/logout", Value::Null).await.status, 302);
    let mut forged = scene.hotline.client();
    forged.token = Some("f".repeat(64));
    let mut garbled = scene.hotline.client();
    garbled.token = Some("%00%ff; or 1=1".to_owned());
    let nobody = scene.hotline.client();
    for client in [&scene.lin, &forged, &garbled, &nobody] {
        client.get("/auth/me").await.fault(403, "/auth/me");
        client.put("/conversation", json!({ "counselor": "any" })).await.fault(403, "/conversation");
        client.post("/user/maxconsults", json!({ "maxConsults": 9 })).await.fault(403, "/user/maxconsults");
        let path = format!("/conversation/{}", scene.talk);
        client.get(&path).await.fault(403, &path);
        client
            .get("/message/conversation/web?conversationId=x")
            .await
            .fault(403, "/message/conversation/web");
        client.post("/im/sign", Value::Null).await.fault(403, "/im/sign");
    }
    scene.hotline.assert_calm();
}

#[tokio::test]
async fn long_names_nul_bytes_and_broken_utf8_find_nobody() {
    let scene = Scene::set().await;
    let before = scene.traces().await;
    let long = "长".repeat(10_000);
    for username in [long.as_str(), "lin\u{0}", "\u{0}", "lin\u{202e}"] {
        let body = json!({ "username": username, "password": md5_of_everybody() });
        scene.visitor.post("/auth/login", body).await.refused_with(-2);
        scene.strangers_visitor.put("/conversation", json!({ "counselor": username })).await.refused_with(-2);
    }
    for username in ["lin😀", "😀", "' or 1=1 --"] {
        let body = json!({ "username": username, "password": md5_of_everybody() });
        scene
            .visitor
            .post("/auth/login", body)
            .await
            .refused(-3, "该用户名不存在或已被禁用，请核实后再登录！");
        let counselor = json!({ "counselor": username });
        scene.strangers_visitor.put("/conversation", counselor).await.refused(-3, "counselor not find");
    }
    for password in [long.as_str(), "\u{0}", "not an md5"] {
        let body = json!({ "username": "lin", "password": password });
        let answer = scene.visitor.post("/auth/login", body).await;
        assert!([json!(-2), json!(-3)].contains(&answer.body["code"]), "{answer:?}");
        assert_eq!(answer.status, 200);
    }
    let ascii = "x".repeat(10_000);
    for code in ["%00", "%ff%fe", "a%00b", "%", "%zz", ascii.as_str(), ""] {
        let answer = scene.visitor.post(&format!("/auth/wx/wx-ecnu/login?code={code}"), Value::Null).await;
        answer.refused_with(-2);
    }
    scene.visitor.post("/auth/wx/wx-unknown/login?code=c", Value::Null).await.refused_with(-2);
    for id in ["%00", "%ff%fe", ascii.as_str()] {
        let web = scene.lin.get(&format!("/message/conversation/web?conversationId={id}")).await;
        assert!(web.status == 200 && [json!(-1), json!(-2)].contains(&web.body["code"]), "{web:?}");
        for client in [&scene.lin, &scene.visitor] {
            let one = client.get(&format!("/conversation/{id}")).await;
            let refused = one.status == 200 && one.body["code"] == -1;
            assert!(refused || [400, 404].contains(&one.status), "{one:?}");
        }
    }
    let paged = scene.visitor.get("/conversation/current?page=%ff&size=-1").await;
    assert!(paged.status == 200, "{paged:?}");
    assert_eq!(scene.traces().await, before, "nothing came of it");
    scene.hotline.assert_calm();
}

#[tokio::test]
async fn a_callback_that_makes_no_sense_fails_alone() {
    let scene = Scene::set().await;
    let mut workbench = scene.lin.workbench().await;
    workbench.event("assigned", &scene.talk).await;
    let tencent = scene.hotline.client();
    let visitor = scene.visitor.username.as_str();
    let word = |sequence, body| Word::new(visitor, "lin", &scene.talk, sequence, body);
    let changed = |key: &str, value: Value| {
        let mut callback = word(1, words::text("在吗")).callback();
        callback[key] = value;
        callback
    };
    let strange = [
        changed("MsgSeq", json!("x")),
        changed("MsgSeq", json!(-1)),
        changed("MsgTime", json!(1e30)),
        changed("MsgTime", json!(i64::MAX)),
        changed("MsgKey", json!("k".repeat(10_000))),
        changed("MsgBody", json!("text")),
        changed("From_Account", json!({})),
        changed("From_Account", json!("nobody")),
        changed("To_Account", json!("\u{0}")),
        changed("CloudCustomData", json!(UNKNOWN)),
        json!({ "CallbackCommand": "C2C.CallbackAfterSendMsg" }),
    ];
    for callback in &strange {
        let answer = tencent.callback(callback).await;
        assert_eq!(
            (answer.status, &answer.body["ActionStatus"]),
            (200, &json!("FAIL")),
            "{callback}: {answer:?}"
        );
        assert_eq!(answer.body["ErrorCode"], 1);
        assert!(answer.body["ErrorInfo"].as_str().is_some_and(|reason| !reason.is_empty()), "{answer:?}");
    }
    let command = "C2C.CallbackAfterSendMsg";
    for body in ["{".to_owned(), "[".repeat(50_000), "null".to_owned(), "{}".to_owned()] {
        let request = tencent.callback_request(command).header("Content-Type", "application/json");
        let answer = Answer::of(request.body(body)).await;
        assert!(answer.status == 400 || answer.body["ActionStatus"] == "FAIL", "{answer:?}");
    }
    let large = json!({ "CallbackCommand": command, "MsgBody": "x".repeat(MEGABYTE) });
    let answer = Answer::of(tencent.callback_request(command).json(&large)).await;
    answer.fault(413, "/message/callback");

    // A word that PostgreSQL cannot hold as it is must not take its neighbours in the batch along.
    let poison = word(2, words::text("a\u{0}b"));
    let (good, bad) = (word(3, words::text("好的")), poison.callback());
    let ((), answer) = tokio::join!(tencent.say(&good), tencent.callback(&bad));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.body["ActionStatus"].is_string(), "{answer:?}");
    let web = scene.lin.get(&format!("/message/conversation/web?conversationId={}", scene.talk)).await.ok();
    assert!(
        web.as_array().is_some_and(|rows| rows.iter().any(|row| row["payload"]["text"] == "好的")),
        "{web}"
    );

    let unknown_command = json!({ "CallbackCommand": "Group.CallbackAfterNewMemberJoin" });
    assert_eq!(tencent.callback(&unknown_command).await.body["ActionStatus"], "OK");
    let other = tencent
        .request(Method::POST, "/message/callback?SdkAppid=1&CallbackCommand=C2C.CallbackAfterSendMsg");
    let answer = Answer::of(other.json(&word(4, words::text("x")).callback())).await;
    assert_eq!(answer.body["ActionStatus"], "FAIL", "another application's: {answer:?}");
    scene.hotline.assert_calm();
}

#[tokio::test]
async fn sockets_survive_nonsense_or_close() {
    let scene = Scene::set().await;
    let mut workbench = scene.lin.workbench().await;
    workbench.snapshot().await;
    for text in [
        "{",
        "7",
        "[]",
        "{}",
        "{\"type\":\"presence\"}",
        "{\"type\":\"presence\",\"presence\":\"dead\"}",
        "{\"type\":\"\u{0}\"}",
    ] {
        workbench.send_text(text).await;
        workbench
            .expect("an error frame", |frame| frame["type"] == "error" && frame["code"] == -2, SOON)
            .await;
    }
    workbench.ping().await;
    let mut flooder = scene.visitor.visitor_socket().await;
    flooder.snapshot().await;
    // It may be closed before all of it has gone out.
    flooder.flood(std::iter::once(json!({ "type": "x".repeat(MEGABYTE) }))).await;
    flooder.closed(SOON).await;

    let mut impostor = scene.hotline.client().visitor_socket().await;
    impostor.send(json!({ "type": "auth", "token": "f".repeat(64) })).await;
    impostor.closed(SOON).await;
    // Without a token the socket is closed after five seconds.
    scene.hotline.client().visitor_socket().await.closed(SOON + Duration::from_secs(5)).await;
    workbench.ping().await;
    scene.hotline.assert_calm();
}
