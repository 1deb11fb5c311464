//! A hotline to test: a database of its own, the built binary, and clients as the world has them.

mod callback;
mod client;
mod database;
mod hotline;
mod journal;
mod nats;
mod socket;
mod stalls;
mod wire;

use std::time::Duration;

use ::hotline::{config::Secrets, secrets::Sealer};

pub(crate) use callback::{Word, words};
pub(crate) use client::{Answer, Client, md5};
pub(crate) use database::Database;
pub(crate) use hotline::{DATA_KEY, Hotline, IM_KEY, SDK_APP_ID};
pub(crate) use journal::OwnJournal;
pub(crate) use nats::Nats;
pub(crate) use socket::{Socket, close_code};
pub(crate) use stalls::Stalls;
pub(crate) use wire::{delivered, delivered_and_left_unread};

/// The password of everybody, as clients send it.
pub(crate) fn md5_of_everybody() -> String {
    client::md5(hotline::PASSWORD)
}

/// For a store or a directory by itself, in which nothing is sealed.
pub(crate) fn no_secrets() -> Sealer {
    Sealer::new(&Secrets { data_key: "".into(), data_key_id: "k1".to_owned(), old_keys: Vec::new() })
}

/// What should happen at once, may take this long on a machine whose cores are busy with something else.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// A test that says "today" or "this month", as its server does by a clock of its own, is through within this.
const BEFORE_MIDNIGHT: i64 = 120_000;

/// Waits for the next day where the one in `zone` is about to end: test and server mean the same day then.
pub(crate) async fn within_one_day(zone: &str) {
    let zone = jiff::tz::TimeZone::get(zone).expect("a known zone");
    let date = |at: i64| zone.to_datetime(jiff::Timestamp::from_millisecond(at).expect("a moment")).date();
    let limit = Duration::from_millis(BEFORE_MIDNIGHT.unsigned_abs()) + SOON;
    until("the next day", limit, async || {
        let now = ::hotline::clock::now().0;
        (date(now) == date(now + BEFORE_MIDNIGHT)).then_some(())
    })
    .await;
}

/// Between two looks at something that announces nothing.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Looks until `look` finds something; panics with `what` when it has not by then.
pub(crate) async fn until<T>(what: &str, within: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let found = tokio::time::timeout(within, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    });
    found.await.unwrap_or_else(|_| panic!("{what}: not within {within:?}"))
}
