//! What gets lost or doubled on the way: answers, servers, order.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use tokio::time::Instant;

use super::{Chat, answered, heard, prepared, record, say};
use crate::support::{Client, SOON, until};

const EACH_SAYS: usize = 20;

#[tokio::test]
async fn the_same_word_sent_again_is_stored_once_also_over_a_kill() {
    let mut chat = Chat::begin().await;
    let first = say(&mut chat.visitor_socket, &chat.talk, "a1", "只说一次").await;
    let again = say(&mut chat.visitor_socket, &chat.talk, "a1", "只说一次").await;
    assert_eq!(again, first);
    let mut second_tab = chat.visitor.visitor_socket().await;
    second_tab.snapshot().await;
    assert_eq!(say(&mut second_tab, &chat.talk, "a1", "只说一次").await, first);
    chat.hotline.kill();
    chat.hotline.start().await;
    let mut visitor_socket = chat.visitor.visitor_socket().await;
    visitor_socket.snapshot().await;
    assert_eq!(say(&mut visitor_socket, &chat.talk, "a1", "只说一次").await, first);
    assert_eq!(record(&chat.lin, &chat.talk).await.len(), 1);
    // Another's key is their own.
    let mut lin_socket = chat.lin.workbench().await;
    lin_socket.snapshot().await;
    assert_ne!(
        say(&mut lin_socket, &chat.talk, "a1", "我也是").await["message"]["ID"],
        first["message"]["ID"]
    );
    chat.visitor.end(&chat.talk).await;
    visitor_socket.event("ended", &chat.talk).await;
    assert_eq!(
        say(&mut visitor_socket, &chat.talk, "a1", "只说一次").await,
        first,
        "the answer may have got lost"
    );
    assert_eq!(record(&chat.lin, &chat.talk).await.len(), 2);
}

#[tokio::test]
async fn what_is_sent_while_the_server_dies_is_there_once_it_is_answered() {
    let mut chat = Chat::begin().await;
    let mut acknowledged = Vec::new();
    for number in 0..10 {
        let reference = format!("k{number}");
        acknowledged.push(
            say(&mut chat.visitor_socket, &chat.talk, &reference, "在说").await["message"]["ID"].clone(),
        );
    }
    for number in 10..20 {
        let text =
            json!({ "type": "say", "ref": format!("k{number}"), "conversation": chat.talk, "text": "在说" });
        chat.visitor_socket.send(text).await;
    }
    chat.hotline.kill();
    chat.hotline.start().await;
    let mut visitor_socket = chat.visitor.visitor_socket().await;
    visitor_socket.snapshot().await;
    for number in 10..20 {
        acknowledged.push(
            say(&mut visitor_socket, &chat.talk, &format!("k{number}"), "在说").await["message"]["ID"]
                .clone(),
        );
    }
    let kept: Vec<_> = record(&chat.lin, &chat.talk).await.iter().map(|row| row["ID"].clone()).collect();
    assert_eq!(kept.len(), 20);
    assert!(acknowledged.iter().all(|id| kept.contains(id)));
}

/// Ten talks at once; in each both speak as fast as they can, and both hear all of it in the order of the record.
#[tokio::test]
async fn ten_talks_at_once_are_each_heard_in_the_order_of_the_record() {
    let mut hotline = prepared().await;
    for number in 0..10 {
        hotline.add_counselor("ecnu", &format!("busy{number}")).await;
    }
    hotline.start().await;
    let hotline = &hotline;
    let talks = (0..10).map(async |number| {
        let counselor = hotline.staff(&format!("busy{number}")).await;
        let visitor = hotline.visitor("ecnu", &format!("many{number}")).await;
        one_talk(&counselor, &visitor).await
    });
    let mut took: Vec<Duration> = join_all(talks).await.into_iter().flatten().collect();
    took.sort_unstable();
    let (median, last) = (took[took.len() / 2], took[took.len() - 1]);
    println!("{} messages, from say to the other side: median {median:?}, longest {last:?}", took.len());
    hotline.assert_calm();
}

async fn one_talk(counselor: &Client, visitor: &Client) -> Vec<Duration> {
    let mut counselor_socket = counselor.workbench().await;
    counselor_socket.snapshot().await;
    let mut visitor_socket = visitor.visitor_socket().await;
    visitor_socket.snapshot().await;
    let talk = visitor.open(&counselor.id().await).await["id"].as_str().expect("an id").to_owned();
    counselor_socket.event("assigned", &talk).await;
    let begun = Instant::now();
    for number in 0..EACH_SAYS {
        for (socket, who) in [(&mut visitor_socket, "v"), (&mut counselor_socket, "k")] {
            let reference = format!("{who}{number}");
            let text = json!({ "type": "say", "ref": reference, "conversation": talk, "text": reference });
            socket.send(text).await;
        }
    }
    let (mut by_counselor, mut took) = (Vec::new(), Vec::new());
    for number in 0..EACH_SAYS {
        by_counselor.push(heard(&mut counselor_socket, &format!("v{number}")).await["message"]["ID"].clone());
        took.push(begun.elapsed());
        heard(&mut visitor_socket, &format!("k{number}")).await;
    }
    for number in 0..EACH_SAYS {
        assert_eq!(answered(&mut visitor_socket, &format!("v{number}")).await["type"], "said");
        assert_eq!(answered(&mut counselor_socket, &format!("k{number}")).await["type"], "said");
    }
    let rows = record(counselor, &talk).await;
    assert_eq!(rows.len(), 2 * EACH_SAYS);
    let of = |flow: &str| {
        let rows = rows.iter().filter(|row| row["flow"] == flow);
        rows.map(|row| row["payload"]["text"].as_str().expect("a text").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(of("in"), (0..EACH_SAYS).map(|number| format!("v{number}")).collect::<Vec<_>>());
    assert_eq!(of("out"), (0..EACH_SAYS).map(|number| format!("k{number}")).collect::<Vec<_>>());
    let in_record: Vec<_> =
        rows.iter().filter(|row| row["flow"] == "in").map(|row| row["ID"].clone()).collect();
    assert_eq!(by_counselor, in_record);
    // The counselor hears the visitor, and their own words by their answers: the whole has one order.
    took
}

#[tokio::test]
async fn a_third_socket_hears_both_sides_in_the_order_of_the_record() {
    let mut chat = Chat::begin().await;
    let du = chat.hotline.staff("du").await;
    let (mut theirs, _) = chat.ask(&du).await;
    for number in 0..EACH_SAYS {
        for (socket, who) in [(&mut chat.visitor_socket, "v"), (&mut chat.lin_socket, "k")] {
            let reference = format!("{who}{number}");
            let text = json!({ "type": "say", "ref": reference, "conversation": chat.talk, "text": "嗯" });
            socket.send(text).await;
        }
    }
    let mut mirrored = Vec::new();
    while mirrored.len() < 2 * EACH_SAYS {
        let frame = theirs.expect("a word", |frame| frame["type"] == "message", SOON).await;
        mirrored.push(frame["message"]["ID"].clone());
    }
    let kept: Vec<_> = record(&chat.lin, &chat.talk).await.iter().map(|row| row["ID"].clone()).collect();
    assert_eq!(mirrored, kept);
}

#[tokio::test]
async fn while_the_database_is_away_a_word_is_refused_and_said_again_it_is_there_once() {
    let mut hotline = prepared().await;
    hotline.set("database.acquire_seconds_max", 1);
    // So long a word waits for a database that is away.
    hotline.set("sockets.finish_seconds_max", 1);
    hotline.start().await;
    let mut chat = Chat::on(hotline).await;
    say(&mut chat.visitor_socket, &chat.talk, "a1", "在吗").await;
    chat.hotline.database.shut().await;
    assert_eq!(say(&mut chat.visitor_socket, &chat.talk, "a2", "听得到吗").await["type"], "error");
    chat.hotline.database.reopen().await;
    let (visitor_socket, talk) = (&mut chat.visitor_socket, chat.talk.clone());
    let said = until("it is taken", SOON, async || {
        let answer = say(visitor_socket, &talk, "a2", "听得到吗").await;
        (answer["type"] == "said").then_some(answer)
    })
    .await;
    assert_eq!(heard(&mut chat.lin_socket, "a2").await["message"], said["message"]);
    let texts: Vec<_> =
        record(&chat.lin, &chat.talk).await.iter().map(|row| row["payload"]["text"].clone()).collect();
    assert_eq!(texts, ["在吗", "听得到吗"]);
}

/// Stored together, and told in the same order: many speak while nothing can be stored.
#[tokio::test]
async fn what_is_stored_in_one_batch_is_heard_in_the_order_of_the_record() {
    let mut chat = Chat::begin().await;
    let mut tabs = Vec::new();
    for _ in 0..6 {
        tabs.push(chat.visitor.visitor_socket().await);
        tabs.push(chat.lin.workbench().await);
    }
    for tab in &mut tabs {
        tab.snapshot().await;
    }
    let mut holding = chat.hotline.database.pool.begin().await.expect("a transaction");
    sqlx::query("lock table messages in access exclusive mode").execute(&mut *holding).await.expect("locked");
    for (number, tab) in tabs.iter_mut().enumerate() {
        tab.send(
            json!({ "type": "say", "ref": format!("t{number}"), "conversation": chat.talk, "text": "嗯" }),
        )
        .await;
    }
    let client = chat.hotline.client();
    until("all of them wait to be stored", SOON, async || {
        let text = client.request(Method::GET, "/metrics").send().await.ok()?.text().await.ok()?;
        text.lines().any(|line| line == format!("hotline_messages_buffered {}", tabs.len())).then_some(())
    })
    .await;
    holding.rollback().await.expect("let go");
    let mut heard = Vec::new();
    while heard.len() < tabs.len() {
        let word = chat.lin_socket.expect("a word", |frame| frame["type"] == "message", SOON).await;
        heard.push(word["message"]["ID"].clone());
    }
    let kept: Vec<_> = record(&chat.lin, &chat.talk).await.iter().map(|row| row["ID"].clone()).collect();
    assert_eq!(heard, kept);
}
