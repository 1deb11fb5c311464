//! A hundred visitors at once: exactly as many are seated as there are places, and no law is broken.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Client, Hotline, Socket, until};

const COUNSELORS: usize = 10;
const CAPACITY: usize = 5;
const VISITORS: usize = 100;

/// Ten online counselors of the default capacity, and a hundred visitors who have not asked yet.
struct Crowd {
    hotline: Hotline,
    counselors: Vec<(String, Socket)>,
    visitors: Vec<Client>,
}

impl Crowd {
    async fn gathers() -> Self {
        let mut hotline = Hotline::prepare(&["ecnu"]).await;
        for number in 0..COUNSELORS {
            hotline.add_counselor("ecnu", &format!("counselor{number}")).await;
        }
        hotline.start().await;
        let mut counselors = Vec::new();
        for number in 0..COUNSELORS {
            let counselor = hotline.staff(&format!("counselor{number}")).await;
            let mut socket = counselor.workbench().await;
            assert_eq!(socket.snapshot().await["maxConsults"], CAPACITY);
            counselors.push((counselor.id().await, socket));
        }
        let codes: Vec<_> = (0..VISITORS).map(|number| format!("v{number}")).collect();
        let visitors = join_all(codes.iter().map(|code| hotline.visitor("ecnu", code))).await;
        Self { hotline, counselors, visitors }
    }

    /// Everybody asks at the same moment; gives the conversations in the order of the visitors.
    async fn all_ask(&self, counselor_for: impl Fn(usize) -> String) -> Vec<Value> {
        join_all(self.visitors.iter().enumerate().map(async |(number, visitor)| {
            let request = json!({ "counselor": counselor_for(number) });
            visitor.put("/conversation", request).await.ok()
        }))
        .await
    }

    /// The talks in progress by counselor, as PostgreSQL has them.
    async fn seated(&self) -> BTreeMap<String, usize> {
        let rows = sqlx::query!(
            r#"select counselor as "counselor!", count(*) as "talks!" from conversations
               where status = 'IN_PROGRESS' group by counselor"#
        )
        .fetch_all(&self.hotline.database.pool)
        .await
        .expect("conversations can be read");
        let talks = |talks: i64| usize::try_from(talks).expect("a count is not negative");
        rows.into_iter().map(|row| (row.counselor.simple().to_string(), talks(row.talks))).collect()
    }
}

fn count(conversations: &[Value], status: &str) -> usize {
    conversations.iter().filter(|conversation| conversation["status"] == status).count()
}

#[tokio::test]
async fn of_a_hundred_who_ask_for_anyone_fifty_are_seated_and_the_others_follow() {
    let crowd = Crowd::gathers().await;
    let asked = crowd.all_ask(|_| "any".to_owned()).await;
    assert_eq!((count(&asked, "IN_PROGRESS"), count(&asked, "WAITING")), (50, 50));
    let seated = crowd.seated().await;
    let full: BTreeMap<_, _> = crowd.counselors.iter().map(|(id, _)| (id.clone(), CAPACITY)).collect();
    assert_eq!(seated, full, "every place is taken, none twice");

    let mut places: Vec<_> =
        asked.iter().filter_map(|conversation| conversation["queue"]["position"].as_u64()).collect();
    places.sort_unstable();
    assert!(places.iter().all(|place| (1..=50).contains(place)), "nobody stands behind the last: {places:?}");

    let seated =
        asked.iter().zip(&crowd.visitors).filter(|(conversation, _)| conversation["status"] == "IN_PROGRESS");
    join_all(seated.map(|(conversation, visitor)| visitor.end(conversation["id"].as_str().expect("an id"))))
        .await;
    until("the fifty who waited are seated", crate::support::SOON, async || {
        (crowd.seated().await == full).then_some(())
    })
    .await;
    crowd.hotline.assert_calm();
    crowd.hotline.assert_sound();
}

#[tokio::test]
async fn of_a_hundred_who_ask_by_name_only_those_are_seated_whose_counselor_has_a_place() {
    const FOR_ONE: usize = 60;
    let crowd = Crowd::gathers().await;
    let asked = crowd
        .all_ask(|number| {
            let of = if number < FOR_ONE { 0 } else { 1 + number % (COUNSELORS - 1) };
            crowd.counselors[of].0.clone()
        })
        .await;
    let (for_one, for_others) = asked.split_at(FOR_ONE);
    assert_eq!((count(for_one, "IN_PROGRESS"), count(for_one, "WAITING")), (CAPACITY, FOR_ONE - CAPACITY));
    assert_eq!(count(for_others, "IN_PROGRESS"), VISITORS - FOR_ONE);
    let seated = crowd.seated().await;
    assert_eq!(seated.values().sum::<usize>(), CAPACITY + VISITORS - FOR_ONE);
    assert!(seated.values().all(|talks| *talks <= CAPACITY), "{seated:?}");

    // The line of the one is a line: every place from 1 to 55, once.
    let waiting =
        for_one.iter().zip(&crowd.visitors).filter(|(conversation, _)| conversation["status"] == "WAITING");
    let places = join_all(waiting.map(async |(conversation, visitor)| {
        let now = visitor.conversation(conversation["id"].as_str().expect("an id")).await;
        now["queue"]["position"].as_u64().expect("who waits has a place")
    }));
    let mut places = places.await;
    places.sort_unstable();
    assert_eq!(places, (1..=55).collect::<Vec<u64>>());
    crowd.hotline.assert_calm();
}
