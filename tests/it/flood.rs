//! Log-ins under a flood of strangers: whoever has the right password comes in, and nobody guesses faster for being many.

use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{Answer, Client, Hotline, md5_of_everybody};

/// Strangers who ask at the same time, each again as soon as it is answered.
const STRANGERS: u32 = 64;
/// More than the first version let wait: it then turned everybody away.
const A_CROWD: u32 = 400;
/// What a person waits for a log-in at most; a machine that compiles beside us is slow.
const LET_IN: Duration = Duration::from_secs(90);
const CAMPUS: Ipv4Addr = Ipv4Addr::new(202, 120, 80, 1);
const HOME: Ipv4Addr = Ipv4Addr::new(117, 136, 8, 9);

/// A hotline behind a proxy, with three counselors.
async fn behind_a_proxy() -> Hotline {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    // The sandbox answers nothing that was forwarded.
    hotline.set("wechat.mode", "live");
    hotline.set("wechat.apps", "[]");
    hotline.set("server.trusted_proxies", r#"["127.0.0.0/8"]"#);
    for username in ["lin", "chen", "wu"] {
        hotline.add_user_by_command("ecnu", "COUNSELOR", username);
    }
    hotline.start().await;
    hotline
}

async fn log_in(client: &Client, from: Ipv4Addr, username: &str, password: &str) -> reqwest::Result<Answer> {
    let body = json!({ "username": username, "password": password });
    let request = client.request(Method::POST, "/auth/login").header("X-Forwarded-For", from.to_string());
    Answer::try_of(request.timeout(LET_IN).json(&body)).await
}

async fn comes_in(client: &Client, from: Ipv4Addr, username: &str) {
    let answer = log_in(client, from, username, &md5_of_everybody()).await;
    let answer = answer.unwrap_or_else(|error| panic!("{username} from {from} is answered: {error}"));
    assert_eq!(answer.body["code"], 0, "{username} from {from} comes in: {answer:?}");
}

/// Wrong log-ins as fast as they are answered, until it is dropped.
struct Flood {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU32>,
    strangers: JoinSet<()>,
}

impl Flood {
    /// `address` and `account` are told the number of each attempt.
    fn begin(
        hotline: &Hotline,
        size: u32,
        address: impl Fn(u32) -> Ipv4Addr + Send + Sync + 'static,
        account: impl Fn(u32) -> String + Send + Sync + 'static,
    ) -> Self {
        let (stop, answered) = (Arc::<AtomicBool>::default(), Arc::<AtomicU32>::default());
        let (number, whose) = (Arc::<AtomicU32>::default(), Arc::new((address, account)));
        let mut strangers = JoinSet::new();
        for _ in 0..size {
            let (stop, answered, number, whose) =
                (Arc::clone(&stop), Arc::clone(&answered), Arc::clone(&number), Arc::clone(&whose));
            let client = hotline.client();
            strangers.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let number = number.fetch_add(1, Ordering::Relaxed);
                    let answer = log_in(&client, whose.0(number), &whose.1(number), &"0".repeat(32)).await;
                    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.body["code"] != 0));
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        Self { stop, answered, strangers }
    }

    /// It is under way.
    async fn has_begun(&self) {
        let answered = || self.answered.load(Ordering::Relaxed);
        let risen = async || (answered() >= STRANGERS).then_some(());
        crate::support::until("the flood has begun", LET_IN, risen).await;
    }

    async fn end(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(stranger) = self.strangers.join_next().await {
            stranger.expect("no stranger comes in");
        }
    }
}

/// Another address for each, all over the world.
fn anywhere(number: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(0x0b00_0000 + number.wrapping_mul(7919) % 0x7000_0000)
}

#[tokio::test]
async fn whoever_has_the_right_password_comes_in_through_a_flood_from_everywhere() {
    let hotline = behind_a_proxy().await;
    let client = hotline.client();
    comes_in(&client, CAMPUS, "lin").await;
    let flood = Flood::begin(&hotline, A_CROWD, anywhere, |number| format!("user{number}"));
    flood.has_begun().await;
    // From where lin was before, from elsewhere, and a colleague at the same place.
    for _ in 0..3 {
        comes_in(&client, CAMPUS, "lin").await;
    }
    comes_in(&client, HOME, "lin").await;
    comes_in(&client, CAMPUS, "chen").await;
    flood.end().await;
    // Somebody of whom nothing is known stands in line with the strangers, and comes in.
    let flood = Flood::begin(&hotline, STRANGERS, anywhere, |number| format!("user{number}"));
    flood.has_begun().await;
    comes_in(&client, Ipv4Addr::new(58, 32, 7, 7), "wu").await;
    flood.end().await;
    hotline.assert_calm();
}

#[tokio::test]
async fn an_account_under_siege_opens_to_its_owner_and_slowly_to_strangers() {
    let hotline = behind_a_proxy().await;
    let client = hotline.client();
    comes_in(&client, CAMPUS, "lin").await;
    // Three dozen addresses that have tried the account before, and go on.
    let attackers = |number: u32| Ipv4Addr::new(45, 9, 0, u8::try_from(number % 36).unwrap_or(0));
    let flood = Flood::begin(&hotline, STRANGERS, attackers, |_| "lin".to_owned());
    flood.has_begun().await;
    comes_in(&client, CAMPUS, "lin").await;
    comes_in(&client, HOME, "chen").await;
    // Where lin was never before they stand among the strangers, in front of those who have failed.
    comes_in(&client, HOME, "lin").await;
    comes_in(&client, HOME, "lin").await;
    flood.end().await;
    hotline.assert_calm();
}

#[tokio::test]
async fn a_campus_behind_one_address_is_not_kept_out_by_strangers_on_it() {
    let hotline = behind_a_proxy().await;
    let client = hotline.client();
    comes_in(&client, CAMPUS, "lin").await;
    let flood = Flood::begin(&hotline, STRANGERS, |_| CAMPUS, |number| format!("user{number}"));
    let beyond = async || (flood.answered.load(Ordering::Relaxed) > 400).then_some(());
    crate::support::until("the address is beyond its limit", LET_IN, beyond).await;
    for _ in 0..3 {
        comes_in(&client, CAMPUS, "lin").await;
    }
    comes_in(&client, HOME, "chen").await;
    flood.end().await;
    // Whoever logs in there for the first time is slow, among those who fail; not out.
    comes_in(&client, CAMPUS, "chen").await;
    hotline.assert_calm();
}

#[tokio::test]
async fn limits_count_the_client_and_not_what_it_claims() {
    let hotline = behind_a_proxy().await;
    let client = hotline.client();
    let try_as = async |forwarded: &str, password: &str| {
        let body = json!({ "username": "lin", "password": password });
        let request = client.request(Method::POST, "/auth/login").header("X-Forwarded-For", forwarded);
        Answer::of(request.json(&body)).await
    };
    let wrong = "0".repeat(32);
    // Ever another claim in front of what the proxy saw.
    for number in 0..10 {
        try_as(&format!("9.9.9.{number}, 45.9.0.1, 127.0.0.2"), &wrong).await.refused_with(-3);
    }
    let locked = try_as("8.8.8.8, 45.9.0.1, 127.0.0.2", &md5_of_everybody()).await;
    assert!(locked.body["message"].as_str().is_some_and(|text| text.contains("15分钟")), "{locked:?}");
    // All of a /64 are one, and another network is another.
    for number in 0..10 {
        try_as(&format!("2001:db8:1:2::{number:x}"), &wrong).await.refused_with(-3);
    }
    let locked = try_as("2001:db8:1:2:3:4:5:6", &md5_of_everybody()).await;
    assert!(locked.body["message"].as_str().is_some_and(|text| text.contains("15分钟")), "{locked:?}");
    assert_eq!(try_as("2001:db8:1:3::1", &md5_of_everybody()).await.ok(), "ok");
    assert_eq!(try_as("45.9.0.2", &md5_of_everybody()).await.ok(), "ok");
    hotline.assert_calm();
}
