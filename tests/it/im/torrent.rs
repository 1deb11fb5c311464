//! Every callback ten times, in any order, over many connections, while the server is killed and started again.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
};

use super::*;

/// Of the shuffle; another gives another order.
const SEED: u64 = 20_261_124;
const TALKS: usize = 3;
const WORDS_EACH: u32 = 80;
const COPIES: usize = 10;
const CONNECTIONS: usize = 16;
const KILLS: usize = 3;
/// Several share a second, so that the order of a sender's own needs their numbers, too.
const WORDS_A_SECOND: u32 = 7;

fn shuffle<T>(list: &mut [T], mut seed: u64) {
    for last in (1..list.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let other = (seed >> 33) % (last as u64 + 1);
        list.swap(last, usize::try_from(other).expect("an index"));
    }
}

/// What both say in turn, in the order in which they say it.
fn said(visitor: &str, talk: &str) -> Vec<Word> {
    let begun = hotline::clock::now().0 / 1000;
    let word = |number: u32| {
        let (from, to) = if number.is_multiple_of(3) { ("lin", visitor) } else { (visitor, "lin") };
        let text = words::text(&format!("第{number}句"));
        Word::new(from, to, talk, number, text).at(begun + i64::from(number / WORDS_A_SECOND))
    };
    (1..=WORDS_EACH).map(word).collect()
}

/// One connection: takes the next, and puts back what was not taken, until nothing is left.
async fn deliver(tencent: Client, left: &RefCell<VecDeque<Value>>, taken: &Cell<usize>) {
    loop {
        let Some(callback) = left.borrow_mut().pop_front() else { return };
        match tencent.try_callback(&callback).await {
            Ok(answer) if answer.body["ActionStatus"] == "OK" => taken.set(taken.get() + 1),
            // Not stored in time, it says: Tencent would come again, too.
            Ok(answer) => {
                assert_eq!(answer.status, 200, "{answer:?}");
                left.borrow_mut().push_back(callback);
            }
            Err(_) => {
                left.borrow_mut().push_back(callback);
                let ready = async || {
                    let answer = Answer::try_of(tencent.request(reqwest::Method::GET, "/health/ready")).await;
                    answer.is_ok_and(|answer| answer.status == 200).then_some(())
                };
                until("the server is back", SOON * 3, ready).await;
            }
        }
    }
}

#[tokio::test]
async fn ten_copies_of_every_callback_over_sixteen_connections_and_kills_are_each_stored_once_in_order() {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.add_counselor("ecnu", "lin").await;
    hotline.start().await;
    let lin = hotline.staff("lin").await;
    let mut workbench = lin.workbench().await;
    workbench.snapshot().await;
    let mut talks = Vec::new();
    for number in 0..TALKS {
        let visitor = hotline.visitor("ecnu", &format!("talker{number}")).await;
        let talk = visitor.open("any").await["id"].as_str().expect("an id").to_owned();
        let words = said(&visitor.username, &talk);
        talks.push((talk, words));
    }
    let mut callbacks: Vec<Value> = Vec::new();
    for _ in 0..COPIES {
        callbacks.extend(talks.iter().flat_map(|(_, words)| words.iter().map(Word::callback)));
    }
    shuffle(&mut callbacks, SEED);
    let all = callbacks.len();
    let (left, taken) = (RefCell::new(VecDeque::from(callbacks)), Cell::new(0));
    let connections: Vec<Client> = (0..CONNECTIONS).map(|_| hotline.client()).collect();
    let delivering = connections.into_iter().map(|tencent| deliver(tencent, &left, &taken));
    let killing = async {
        for kill in 1..=KILLS {
            let due = all * kill / (KILLS + 1);
            until("some are taken", SOON * 6, async || (taken.get() >= due).then_some(())).await;
            hotline.kill();
            hotline.start().await;
        }
    };
    let all_is_done = futures_util::future::join(futures_util::future::join_all(delivering), killing);
    tokio::time::timeout(SOON * 9, all_is_done).await.expect("all are taken in time");
    assert_eq!(taken.get(), all, "each copy was taken");

    for (talk, words) in &talks {
        let answer = lin.get(&format!("/message/conversation/web?conversationId={talk}&size=200")).await;
        assert_eq!(answer.body["count"], words.len(), "seed {SEED}: each once");
        let rows = answer.ok();
        let rows = rows.as_array().expect("a list");
        assert!(rows.is_sorted_by_key(|row| row["time"].as_i64()), "seed {SEED}: by time");
        for flow in ["in", "out"] {
            let told = rows.iter().filter(|row| row["flow"] == flow);
            let told: Vec<_> =
                told.map(|row| (row["sequence"].clone(), row["payload"]["text"].clone())).collect();
            let numbers = (1..=WORDS_EACH).filter(|number| number.is_multiple_of(3) == (flow == "out"));
            let expected: Vec<_> =
                numbers.map(|number| (json!(number), json!(format!("第{number}句")))).collect();
            assert_eq!(told, expected, "seed {SEED}: each sender's own by number");
        }
    }
    let unplaced = sqlx::query_scalar!(r#"select count(*) as "count!" from unplaced_messages"#);
    assert_eq!(unplaced.fetch_one(&hotline.database.pool).await.expect("a count"), 0);
    hotline.assert_calm();
}
