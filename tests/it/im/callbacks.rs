//! The callbacks before and after a message: the gate, what is read, what is taken back.

use std::time::{Duration, Instant};

use sqlx::Connection;

use super::*;
use crate::support::Stalls;

fn before(word: &Word) -> Value {
    let mut body = word.callback();
    body["CallbackCommand"] = json!("C2C.CallbackBeforeSendMsg");
    for name in ["SendMsgResult", "ErrorInfo", "UnreadMsgNum"] {
        body.as_object_mut().expect("an object").remove(name);
    }
    body
}

fn assert_denied(answer: &Answer) {
    assert_eq!(answer.status, 200, "{answer:?}");
    let told = (&answer.body["ActionStatus"], &answer.body["ErrorCode"]);
    assert_eq!(told, (&json!("OK"), &json!(120_001)), "{answer:?}");
    assert!(answer.body["ErrorInfo"].as_str().is_some_and(|reason| reason.contains("会话")), "{answer:?}");
    assert_eq!(answer.body.as_object().map(serde_json::Map::len), Some(6), "{answer:?}");
}

#[tokio::test]
async fn the_gate_lets_through_what_belongs_to_an_open_conversation() {
    let house = House::open_with(&[("im.gate", "true")]).await;
    let nobody = house.hotline.client();
    let talk = house.talk("anna").await;
    assert_taken(&nobody.callback(&before(&talk.says(1, "您好"))).await);
    assert_taken(&nobody.callback(&before(&talk.hears(1, "您好"))).await);
    let notice = Word::new("administrator", &talk.visitor.username, "", 1, words::text("通知"));
    assert_taken(&nobody.callback(&before(&notice)).await);

    let stranger = house.hotline.visitor("ecnu", "bo").await;
    let uninvited = Word::new(&stranger.username, "lin", &talk.id, 1, words::text("您好"));
    assert_denied(&nobody.callback(&before(&uninvited)).await);
    let unknown = Word::new("nobody", "lin", &talk.id, 1, words::text("您好"));
    assert_denied(&nobody.callback(&before(&unknown)).await);
    assert_eq!(house.lin.post("/user/maxconsults", json!({ "maxConsults": 1 })).await.ok(), "ok");
    let waiting = house.talk("chen").await;
    let early = nobody.callback(&before(&waiting.says(1, "您好"))).await;
    assert_denied(&early);
    assert!(early.body["ErrorInfo"].as_str().is_some_and(|reason| reason.contains("等待")), "{early:?}");
}

#[tokio::test]
async fn the_gate_closes_five_seconds_after_the_end() {
    let house = House::open_with(&[("im.gate", "true")]).await;
    let (nobody, talk) = (house.hotline.client(), house.talk("anna").await);
    talk.visitor.end(&talk.id).await;
    // As long as a word may still belong to it.
    assert_taken(&nobody.callback(&before(&talk.says(1, "再见"))).await);
    until("the gate is closed", SOON, async || {
        let answer = nobody.callback(&before(&talk.says(2, "还有"))).await;
        (answer.body["ErrorCode"] == 120_001).then(|| assert_denied(&answer))
    })
    .await;
}

#[tokio::test]
async fn the_gate_is_open_by_default_and_when_in_doubt() {
    let unasked = House::open().await;
    let uninvited = Word::new("nobody", "lin", "", 1, words::text("您好"));
    assert_taken(&unasked.hotline.client().callback(&before(&uninvited)).await);

    let house = House::open_with(&[("im.gate", "true")]).await;
    let stranger = house.hotline.visitor("ecnu", "bo").await;
    let uninvited = Word::new(&stranger.username, "lin", "", 1, words::text("您好"));
    let mut locking = sqlx::PgConnection::connect(&house.hotline.database.url).await.expect("a connection");
    for statement in ["begin", "lock table conversations in access exclusive mode"] {
        sqlx::raw_sql(statement).execute(&mut locking).await.expect("the table can be locked");
    }
    let (stalls, begun) = (Stalls::watch(), Instant::now());
    assert_taken(&house.hotline.client().callback(&before(&uninvited)).await);
    let (took, stalled) = (begun.elapsed(), stalls.so_far());
    assert!(
        took < Duration::from_secs(2) + stalled,
        "Tencent waits two seconds: {took:?}, stalled {stalled:?}"
    );
}

#[tokio::test]
async fn what_the_visitor_has_read_is_marked_also_what_comes_late() {
    let house = House::open().await;
    let (nobody, talk) = (house.hotline.client(), house.talk("anna").await);
    let now = hotline::clock::now().0 / 1000 - 10;
    nobody.say(&talk.hears(1, "一").at(now)).await;
    nobody.say(&talk.hears(2, "三").at(now + 2)).await;
    nobody.say(&talk.says(1, "四").at(now + 3)).await;
    let report = json!({
        "CallbackCommand": "C2C.CallbackAfterMsgReport", "Report_Account": talk.visitor.username,
        "Peer_Account": "lin", "LastReadTime": now + 1, "UnreadMsgNum": 0, "EventTime": "1670574414123",
    });
    assert_taken(&nobody.callback(&report).await);
    nobody.say(&talk.hears(3, "二").at(now + 1)).await;
    let read: Vec<_> = house
        .record(&talk)
        .await
        .iter()
        .map(|row| {
            (row["payload"]["text"].as_str().unwrap_or_default().to_owned(), row["isPeerRead"] == true)
        })
        .collect();
    let expected = [("一", true), ("二", true), ("三", false), ("四", false)];
    assert_eq!(read, expected.map(|(text, read)| (text.to_owned(), read)));
}

/// A report speaks in Tencent's time, as the word does.
#[tokio::test]
async fn what_was_read_counts_where_the_clock_of_tencent_is_a_few_seconds_ahead() {
    let house = House::open().await;
    let (nobody, talk) = (house.hotline.client(), house.talk("anna").await);
    let ahead = hotline::clock::now().0 / 1000 + 5;
    nobody.say(&talk.hears(1, "一").at(ahead)).await;
    let report = |time: i64| {
        json!({
            "CallbackCommand": "C2C.CallbackAfterMsgReport", "Report_Account": talk.visitor.username,
            "Peer_Account": "lin", "LastReadTime": time, "UnreadMsgNum": 0,
        })
    };
    assert_taken(&nobody.callback(&report(ahead)).await);
    // Whoever claims to have read what nobody can have said yet has read up to now.
    assert_taken(&nobody.callback(&report(ahead + 3600)).await);
    nobody.say(&talk.hears(2, "二").at(ahead + 3000)).await;
    let read: Vec<bool> = house.record(&talk).await.iter().map(|row| row["isPeerRead"] == true).collect();
    assert_eq!(read, [true, false]);
}

#[tokio::test]
async fn what_was_taken_back_is_marked_also_before_it_comes() {
    let house = House::open().await;
    let (nobody, talk) = (house.hotline.client(), house.talk("anna").await);
    let taken_back = |word: &Word| {
        json!({
            "CallbackCommand": "C2C.CallbackAfterMsgWithDraw", "From_Account": talk.visitor.username,
            "To_Account": "lin", "MsgKey": word.key(), "UnreadMsgNum": 0,
        })
    };
    let [said, early, kept] = [talk.says(1, "一"), talk.says(2, "二"), talk.says(3, "三")];
    nobody.say(&said).await;
    assert_taken(&nobody.callback(&taken_back(&said)).await);
    assert_taken(&nobody.callback(&taken_back(&early)).await);
    nobody.say(&early).await;
    nobody.say(&kept).await;
    // Delivered again it stays taken back.
    nobody.say(&said).await;
    let revoked: Vec<bool> = house.record(&talk).await.iter().map(|row| row["isRevoked"] == true).collect();
    assert_eq!(revoked, [true, true, false]);
    // A stranger's mark leaves nothing behind.
    let strange = json!({
        "CallbackCommand": "C2C.CallbackAfterMsgWithDraw", "From_Account": "nobody", "To_Account": "lin", "MsgKey": "1_1_1",
    });
    assert_taken(&nobody.callback(&strange).await);
    let marks = sqlx::query_scalar!(r#"select count(*) as "marks!" from withdrawn_messages"#);
    assert_eq!(marks.fetch_one(&house.hotline.database.pool).await.expect("a count"), 2);
}
