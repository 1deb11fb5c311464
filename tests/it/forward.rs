//! Several servers with a bus between them: any of them takes any request, and its owner answers it.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Hotline, Nats, SOON, Stalls, Word, md5, until, words};

/// As many servers as that on one database and one bus. Not yet started.
async fn servers(names: &[&str], institutions: &[&str]) -> (Nats, Vec<Hotline>) {
    let nats = Nats::start().await;
    let mut one = Hotline::prepare(institutions).await;
    one.set("cluster.name", names[0]);
    one.set("cluster.bus", nats.url());
    one.set("im.mode", "embedded");
    one.set("session.failures_max_address", 5);
    for institution in institutions {
        one.add_user(institution, "INSTITUTION", &format!("boss-{institution}")).await;
        one.add_counselor(institution, &format!("lin-{institution}")).await;
    }
    let mut others: Vec<Hotline> = names[1..].iter().map(|_| one.second_server()).collect();
    for (name, other) in names[1..].iter().zip(&mut others) {
        other.set("cluster.name", name);
    }
    let mut all = vec![one];
    all.append(&mut others);
    (nats, all)
}

/// They run and are ready, the first before the others, so that it owns everything for the first seconds.
async fn started(all: &mut [Hotline]) {
    for hotline in all {
        hotline.start().await;
    }
}

/// The same person at another server.
fn at(hotline: &Hotline, whose: &Client) -> Client {
    let mut client = hotline.client();
    (client.token, client.username) = (whose.token.clone(), whose.username.clone());
    client
}

async fn owner(hotline: &Hotline, institution: &str) -> Option<String> {
    sqlx::query_scalar!(
        "select n.name from owners o join nodes n on n.id = o.node where o.institution = $1",
        institution
    )
    .fetch_optional(&hotline.database.pool)
    .await
    .expect("owners can be read")
}

#[tokio::test]
async fn any_server_takes_any_request() {
    let (_nats, mut all) = servers(&["one", "two"], &["ecnu"]).await;
    started(&mut all).await;
    let [one, two] = &all[..] else { panic!("two servers") };
    assert_eq!(owner(one, "ecnu").await.as_deref(), Some("one"));
    // Everything by the one that does not own it.
    let lin = two.staff("lin-ecnu").await;
    let mut workbench = lin.workbench().await;
    workbench.snapshot().await;
    let visitor = two.visitor("ecnu", "first").await;
    let mut page = at(one, &visitor).visitor_socket().await;
    page.snapshot().await;
    let talk = visitor.open("any").await;
    let id = talk["id"].as_str().expect("an id");
    assert_eq!(talk["status"], "IN_PROGRESS");
    workbench.event("assigned", id).await;
    // What is said by one is heard at the other, and stands in the record, whoever is asked.
    page.send(json!({ "type": "say", "ref": "1", "conversation": id, "text": "你好" })).await;
    let said = workbench.expect("the words", |frame| frame["type"] == "message", SOON).await;
    assert_eq!(said["conversation"], *id, "{said}");
    let path = format!("/message/conversation/web?conversationId={id}");
    let (here, there) = (at(one, &lin).get(&path).await, lin.get(&path).await);
    assert_eq!((here.status, &here.body), (there.status, &there.body));
    // Refusals and faults are the same as well, with all that is said about them.
    for (method, path, body) in [
        (Method::GET, "/conversation/nothing", Value::Null),
        (Method::PUT, "/conversation", json!({ "counselor": "nobody" })),
        (Method::PUT, "/conversation", json!({})),
        (Method::GET, "/nowhere", Value::Null),
        (Method::DELETE, "/conversation/current", Value::Null),
        (Method::GET, "/auth/me", Value::Null),
    ] {
        let ask = async |client: &Client| {
            let request = client.request(method.clone(), path).header("x-request-id", "a-1");
            Answer::of(if body.is_null() { request } else { request.json(&body) }).await
        };
        let (here, there) = (ask(&at(one, &visitor)).await, ask(&visitor).await);
        let without_time = |mut answer: Answer| {
            answer.headers.remove("date");
            if let Some(body) = answer.body.as_object_mut() {
                body.remove("timestamp");
            }
            let mut headers: Vec<_> =
                answer.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
            headers.sort();
            (answer.status, headers, answer.body)
        };
        assert_eq!(without_time(here), without_time(there), "{path}");
    }
    visitor.end(id).await;
    assert_eq!(at(one, &visitor).conversation(id).await["status"], "FINISHED");
    for hotline in &all {
        hotline.assert_calm();
    }
}

#[tokio::test]
async fn a_log_out_a_ban_and_a_new_password_hold_on_all_servers_at_once() {
    let (_nats, mut all) = servers(&["one", "two", "three"], &["ecnu"]).await;
    all[0].add_system_administrator("root").await;
    started(&mut all).await;
    let [one, two, three] = &all[..] else { panic!("three servers") };
    let refused = async |whose: &Client| {
        for hotline in &all {
            assert_eq!(at(hotline, whose).get("/auth/me").await.status, 403);
        }
    };
    let seen = async |whose: &Client| {
        for hotline in &all {
            at(hotline, whose).get("/auth/me").await.ok();
        }
    };
    let visitor = two.visitor("ecnu", "first").await;
    seen(&visitor).await;
    assert_eq!(at(three, &visitor).post("/logout", json!({})).await.status, 302);
    refused(&visitor).await;
    // By an administrator, and of another server than theirs.
    let visitor = three.visitor("ecnu", "first").await;
    let id = visitor.id().await;
    seen(&visitor).await;
    let mut page = at(one, &visitor).visitor_socket().await;
    page.snapshot().await;
    let boss = two.staff("boss-ecnu").await;
    boss.post(&format!("/user/ban/{id}"), json!({})).await.ok();
    refused(&visitor).await;
    assert_eq!(page.closed(SOON).await, Some(4003));
    // By whoever administers all of it, who is of no institution.
    let root = three.staff("root").await;
    seen(&root).await;
    let lin = one.staff("lin-ecnu").await;
    seen(&lin).await;
    root.post("/user/ms", json!({ "username": "lin-ecnu", "password": md5("another-one-1") })).await.ok();
    refused(&lin).await;
    // Whatever is named in the path, at each server.
    for hotline in &all {
        let root = at(hotline, &root);
        let visitor = one.visitor("ecnu", &format!("of-{}", hotline.process_id())).await;
        let id = visitor.id().await;
        seen(&visitor).await;
        let mut page = visitor.visitor_socket().await;
        page.snapshot().await;
        root.post(&format!("/user/ban/{id}"), json!({})).await.ok();
        refused(&visitor).await;
        assert_eq!(page.closed(SOON).await, Some(4003));
        root.post(&format!("/user/active/{id}"), json!({})).await.ok();
        let lin = two.client();
        let password = md5(&format!("another-one-{}", hotline.process_id()));
        // What else is said does not say whose they are.
        let body = json!({ "password": password, "institutionCode": "nowhere" });
        root.post("/user/ms/counselor/lin-ecnu", body).await.ok();
        let lin = lin
            .log_in("/auth/login", json!({ "username": "lin-ecnu", "password": password }), "lin-ecnu")
            .await;
        seen(&lin).await;
        let body =
            json!({ "username": "lin-ecnu", "password": md5("once-more-1"), "institutionCode": "nowhere" });
        root.post("/user/ms", body).await.ok();
        refused(&lin).await;
    }
    let body = json!({
        "username": "chen", "password": md5("another-one-1"), "role": "ROLE_COUNSELOR", "institutionCode": "ecnu"
    });
    at(two, &root).put("/user/ms", body).await.ok();
    assert_eq!(at(one, &boss).get("/user/ms/counselor/list").await.body["count"], 2);
    assert_eq!(at(two, &root).post("/logout", json!({})).await.status, 302);
    refused(&root).await;
    for hotline in &all {
        hotline.assert_calm();
    }
}

#[tokio::test]
async fn a_socket_without_a_session_finds_its_owner() {
    let (_nats, mut all) = servers(&["one", "two"], &["ecnu"]).await;
    started(&mut all).await;
    for hotline in &all {
        let visitor = hotline.visitor("ecnu", "first").await;
        let token = visitor.token.clone().expect("logged in");
        let mut page = hotline.client().visitor_socket().await;
        page.send(json!({ "type": "auth", "token": token })).await;
        page.snapshot().await;
        page.send(json!({ "type": "ping" })).await;
        page.expect("a pong", |frame| frame["type"] == "pong", SOON).await;
        // One who is nobody is told so, wherever they come.
        let mut nobody = hotline.client().visitor_socket().await;
        nobody.send(json!({ "type": "auth", "token": "x" })).await;
        assert_eq!(nobody.closed(SOON).await, Some(4003));
        let mut rude = hotline.client().visitor_socket().await;
        rude.send(json!({ "type": "ping" })).await;
        assert_eq!(rude.closed(SOON).await, Some(4003));
    }
}

#[tokio::test]
async fn what_is_large_goes_in_parts() {
    let (_nats, mut all) = servers(&["one", "two"], &["ecnu"]).await;
    started(&mut all).await;
    let [_, two] = &all[..] else { panic!("two servers") };
    let visitor = two.visitor("ecnu", "first").await;
    let lin = two.staff("lin-ecnu").await;
    let mut workbench = lin.workbench().await;
    workbench.snapshot().await;
    let talk = visitor.open("any").await;
    let id = talk["id"].as_str().expect("an id");
    // Noise does not shrink, so it is as large on the way.
    let (wide, high) = (600_u32, 400_u32);
    let mut state = 1_u32;
    let noise = image::RgbImage::from_fn(wide, high, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        image::Rgb([state.to_be_bytes()[0], state.to_be_bytes()[1], state.to_be_bytes()[2]])
    });
    let mut picture = std::io::Cursor::new(Vec::new());
    noise.write_to(&mut picture, image::ImageFormat::Png).expect("a picture");
    let picture = picture.into_inner();
    assert!(picture.len() > 500_000, "{}", picture.len());
    let sent = visitor
        .request(Method::POST, &format!("/im/image?conversation={id}"))
        .header("content-type", "image/png")
        .body(picture);
    let image = Answer::of(sent).await.ok();
    let path = format!("/im/image/{}", image["id"].as_str().expect("an id"));
    let back = lin.request(Method::GET, &path).send().await.expect("an answer");
    assert_eq!(back.status(), 200);
    let back = back.bytes().await.expect("the picture");
    let decoded = image::load_from_memory(&back).expect("a picture");
    assert_eq!(decoded.to_rgb8(), noise, "each pixel has come");
    // Too large is too large, and said as elsewhere.
    let huge = json!({ "counselor": "x".repeat(70_000) });
    assert_eq!(visitor.put("/conversation", huge).await.status, 413);
}

#[tokio::test]
async fn nobody_counts_on_headers_that_a_client_sends() {
    let (_nats, mut all) = servers(&["one", "two"], &["ecnu"]).await;
    started(&mut all).await;
    // Five failures of an address are too many, whatever it claims to be, and by whichever server it comes.
    let mut answers = Vec::new();
    for number in 0..8 {
        let request = all[number % 2].client().request(Method::POST, "/auth/login");
        let body = json!({ "username": format!("lin-ecnu{}", if number < 6 { "" } else { "x" }), "password": "wrong" });
        let request = request
            .header("x-hotline-peer", format!("10.0.0.{number}:1"))
            .header("x-hotline-institution", "ecnu")
            .json(&body);
        answers.push(Answer::of(request).await.body["reason"].clone());
    }
    assert_eq!(answers[..5], vec![json!("logIn"); 5][..], "{answers:?}");
    assert_ne!(answers[5], "logIn", "{answers:?}");
}

#[tokio::test]
async fn a_callback_of_tencent_is_kept_by_the_owner() {
    let (_nats, mut all) = servers(&["one", "two"], &["ecnu"]).await;
    for hotline in &mut all {
        hotline.set("im.mode", "tencent");
    }
    started(&mut all).await;
    let [one, two] = &all[..] else { panic!("two servers") };
    let lin = one.staff("lin-ecnu").await;
    let mut workbench = lin.workbench().await;
    workbench.snapshot().await;
    let visitor = one.visitor("ecnu", "first").await;
    let talk = visitor.open("any").await;
    let id = talk["id"].as_str().expect("an id");
    let word = Word::new(&visitor.username, "lin-ecnu", id, 1, words::text("你好"));
    two.client().say(&word).await;
    let path = format!("/message/conversation/web?conversationId={id}");
    until("the words are kept", SOON, async || (lin.get(&path).await.body["count"] == 1).then_some(())).await;
    // Its clock runs on: whoever has just spoken is not silent.
    assert_eq!(at(two, &lin).get("/message/unread").await.ok()[0]["unread"], 1);
}

#[tokio::test]
async fn requests_wait_while_an_owner_dies_and_sockets_come_back() {
    let stalls = Stalls::watch();
    let (_nats, mut all) = servers(&["one", "two", "three"], &["ecnu"]).await;
    started(&mut all).await;
    let visitor = all[1].visitor("ecnu", "first").await;
    let mut page = visitor.visitor_socket().await;
    page.snapshot().await;
    let talk = visitor.open("any").await;
    assert_eq!(owner(&all[0], "ecnu").await.as_deref(), Some("one"));
    let killed = Instant::now();
    all[0].kill();
    // The socket ends without a word of its owner.
    assert_eq!(page.closed(SOON).await, Some(1012));
    // Somebody serves again, and a request to either is answered: late, perhaps, or refused with nothing done.
    let answered = until("it is served again", SOON, async || {
        let answer = visitor.get("/conversation/current").await;
        assert!(answer.status == 200 || answer.status == 503, "{answer:?}");
        (answer.status == 200).then(|| answer.ok())
    })
    .await;
    let (took, stalled) = (killed.elapsed(), stalls.so_far());
    assert!(took < Duration::from_secs(5) + stalled, "{took:?}, stalled for {stalled:?}");
    assert_eq!(answered[0]["id"], talk["id"]);
    let mut again = at(&all[2], &visitor).visitor_socket().await;
    again.snapshot().await;
}

#[tokio::test]
async fn without_the_bus_owners_go_on_and_nothing_is_lost() {
    let (mut nats, mut all) = servers(&["one", "two"], &["ecnu"]).await;
    started(&mut all).await;
    let [one, two] = &all[..] else { panic!("two servers") };
    let visitor = one.visitor("ecnu", "first").await;
    let mut page = at(two, &visitor).visitor_socket().await;
    page.snapshot().await;
    nats.kill();
    assert_eq!(page.closed(SOON).await, Some(1012));
    visitor.open("any").await;
    assert_eq!(at(two, &visitor).get("/conversation/current").await.status, 503);
    assert_eq!(owner(one, "ecnu").await.as_deref(), Some("one"), "nobody has a bus, so nobody lets go");
    nats.restart().await;
    until("it is carried again", SOON, async || {
        (at(two, &visitor).get("/conversation/current").await.status == 200).then_some(())
    })
    .await;
    let mut again = at(two, &visitor).visitor_socket().await;
    again.snapshot().await;
}

#[tokio::test]
async fn a_server_that_stops_hands_over_and_no_request_is_refused() {
    const INSTITUTIONS: [&str; 3] = ["aa", "bb", "cc"];
    let (_nats, mut all) = servers(&["one", "two", "three"], &INSTITUTIONS).await;
    started(&mut all).await;
    let mut visitors = Vec::new();
    for institution in INSTITUTIONS {
        let visitor = all[1].visitor(institution, &format!("first-{institution}")).await;
        visitor.open("any").await;
        visitors.push(visitor);
    }
    let mut page = visitors[0].visitor_socket().await;
    page.snapshot().await;
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let asking: Vec<_> = visitors
        .iter()
        .map(|visitor| {
            let (visitor, stop) = (visitor.clone(), std::sync::Arc::clone(&stop));
            tokio::spawn(async move {
                let mut asked = 0;
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    let talks = visitor.get("/conversation/current").await.ok();
                    let id = talks[0]["id"].as_str().expect("an id").to_owned();
                    // One is open always: it is ended and another begun, over and over.
                    visitor.end(&id).await;
                    visitor.open("any").await;
                    asked += 3;
                }
                asked
            })
        })
        .collect();
    assert_eq!(owner(&all[0], "aa").await.as_deref(), Some("one"));
    all[0].terminate();
    assert_eq!(page.closed(SOON).await, Some(1012), "to come back at once");
    let status = all[0].ended(SOON).await;
    assert!(status.success(), "it ended with {status}");
    let mut again = visitors[0].visitor_socket().await;
    again.snapshot().await;
    for institution in INSTITUTIONS {
        let owner = owner(&all[1], institution).await;
        assert!(owner.as_deref().is_some_and(|owner| owner != "one"), "{owner:?}");
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    for asked in asking {
        assert!(asked.await.expect("each is answered well") > 0);
    }
    all[1].assert_sound();
    for hotline in &all {
        hotline.assert_calm();
    }
}

#[tokio::test]
async fn a_socket_that_says_nothing_is_closed_in_time() {
    let (_nats, mut all) = servers(&["one", "two"], &["ecnu"]).await;
    for hotline in &mut all {
        hotline.set("sockets.auth_seconds_max", 1);
    }
    started(&mut all).await;
    for hotline in &all {
        let mut silent = hotline.client().visitor_socket().await;
        assert_eq!(silent.closed(SOON).await, Some(4003));
    }
}

/// Of each side, said at once and without waiting for answers.
const WORDS: usize = 40;

#[tokio::test]
async fn words_are_told_in_one_order_wherever_the_sockets_are() {
    let (_nats, mut all) = servers(&["one", "two", "three"], &["ecnu"]).await;
    started(&mut all).await;
    let [one, two, three] = &all[..] else { panic!("three servers") };
    let (lin, visitor) = (two.staff("lin-ecnu").await, three.visitor("ecnu", "first").await);
    // Two tabs each, at different servers; the owner has one of them.
    let mut tabs = vec![
        lin.workbench().await,
        at(three, &lin).workbench().await,
        visitor.visitor_socket().await,
        at(one, &visitor).visitor_socket().await,
    ];
    for tab in &mut tabs {
        tab.snapshot().await;
    }
    let talk = visitor.open("any").await["id"].as_str().expect("an id").to_owned();
    for tab in &mut tabs {
        tab.event("assigned", &talk).await;
    }
    for number in 0..WORDS {
        for (tab, side) in [(0, "l"), (2, "v")] {
            let word = format!("{side}{number}");
            tabs[tab].send(json!({ "type": "say", "ref": word, "conversation": talk, "text": word })).await;
        }
    }
    // The answers to the one who says it come as soon as each is kept; what others say comes in the order of the record.
    let mut told = Vec::new();
    for tab in &mut tabs {
        let mut heard: [Vec<Value>; 2] = Default::default();
        for _ in 0..2 * WORDS {
            let is_word = |frame: &Value| frame["type"] == "said" || frame["type"] == "message";
            let frame = tab.expect("a word", is_word, SOON).await;
            let of_others = usize::from(frame["type"] == "message");
            heard[of_others].push(frame["message"]["payload"]["text"].clone());
        }
        told.push(heard);
    }
    let path = format!("/message/conversation/web?conversationId={talk}&size=200");
    let record = at(one, &lin).get(&path).await.ok();
    let rows = record.as_array().expect("a list");
    assert_eq!(rows.len(), 2 * WORDS);
    for (tab, [answered, heard]) in told.iter().enumerate() {
        let kept = rows.iter().map(|row| row["payload"]["text"].clone());
        let (mine, of_others): (Vec<Value>, Vec<Value>) = kept.partition(|word| answered.contains(word));
        assert_eq!((answered, heard), (&mine, &of_others), "tab {tab}");
    }
    // One word is taken back: the others hear it, wherever they are.
    let last = &rows[2 * WORDS - 1];
    let speaker =
        if last["payload"]["text"].as_str().is_some_and(|word| word.starts_with('l')) { 0 } else { 2 };
    let frame = json!({ "type": "recall", "ref": "r", "conversation": talk, "message": last["ID"] });
    tabs[speaker].send(frame).await;
    for tab in &mut tabs {
        let gone = tab.expect("recalled", |frame| frame["type"] == "recalled", SOON).await;
        assert_eq!(gone["message"], last["ID"]);
    }
    for hotline in &all {
        hotline.assert_calm();
    }
}
