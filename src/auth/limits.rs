//! Limits on failed log-ins, per account and address, and per address. In memory, and bounded.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hotline_actors::Timestamp;

use super::address;
use crate::{answer::Fault, config};

/// Counters kept; beyond it the one that began first makes room.
const COUNTERS_MAX: usize = 50_000;

/// Counts attempts that have not succeeded. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LoginLimits(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    window: Duration,
    per_account_address: u32,
    per_address: u32,
    hasher: RandomState,
    counters: Mutex<HashMap<Key, Counter>>,
}

/// Accounts are hashed: an attacker chooses what he calls them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    AccountAddress(u64, IpAddr),
    Address(IpAddr),
}

#[derive(Debug, Clone, Copy)]
struct Counter {
    since: Timestamp,
    failures: u32,
}

/// Too many tries: wait this long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait(pub Duration);

impl Wait {
    /// Whole minutes, rounded up, for people.
    pub fn minutes(self) -> u64 {
        self.0.as_secs().div_ceil(60).max(1)
    }
}

impl From<Wait> for Fault {
    fn from(wait: Wait) -> Self {
        Self::unknown(format!("登录失败次数过多，请{}分钟后再试！", wait.minutes()))
    }
}

/// One attempt, counted as failed until it is said to have succeeded: many at once count like many in turn.
#[derive(Debug)]
#[must_use]
pub struct Attempt {
    limits: LoginLimits,
    keys: [Key; 2],
}

impl LoginLimits {
    pub fn new(settings: &config::Session) -> Self {
        Self(Arc::new(Inner {
            window: Duration::from_secs(settings.failures_window_seconds),
            per_account_address: settings.failures_max_account_address,
            per_address: settings.failures_max_address,
            hasher: RandomState::new(),
            counters: Mutex::default(),
        }))
    }

    /// Begins an attempt.
    ///
    /// # Errors
    /// [`Wait`] when this account from this address, or this address, has failed too often.
    pub fn begin(&self, account: &str, from: IpAddr, now: Timestamp) -> Result<Attempt, Wait> {
        let from = address::limited(from);
        let keys = [Key::AccountAddress(self.0.hasher.hash_one(account), from), Key::Address(from)];
        let limits = [self.0.per_account_address, self.0.per_address];
        let mut counters = self.counters();
        for (key, limit) in keys.iter().zip(limits) {
            if let Some(counter) = counters.get(key) {
                let age = now.since(counter.since);
                if age < self.0.window && counter.failures >= limit {
                    return Err(Wait(self.0.window.saturating_sub(age)));
                }
            }
        }
        for key in keys {
            self.make_room(&mut counters, now);
            let counter = counters.entry(key).or_insert(Counter { since: now, failures: 0 });
            if now.since(counter.since) >= self.0.window {
                *counter = Counter { since: now, failures: 0 };
            }
            counter.failures = counter.failures.saturating_add(1);
        }
        Ok(Attempt { limits: self.clone(), keys })
    }

    fn make_room(&self, counters: &mut HashMap<Key, Counter>, now: Timestamp) {
        if counters.len() < COUNTERS_MAX {
            return;
        }
        counters.retain(|_, counter| now.since(counter.since) < self.0.window);
        if counters.len() >= COUNTERS_MAX {
            // A tenth at once, so that a flood of addresses does not make every attempt sort.
            let mut moments: Vec<Timestamp> = counters.values().map(|counter| counter.since).collect();
            let (_, at, _) = moments.select_nth_unstable(COUNTERS_MAX / 10);
            let at = *at;
            counters.retain(|_, counter| counter.since > at);
        }
    }

    /// Nothing in there panics half way, so a poisoned lock still holds whole counters.
    fn counters(&self) -> MutexGuard<'_, HashMap<Key, Counter>> {
        self.0.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt {
    /// The attempt was not judged at all, such as for want of time: it counts for nothing.
    pub fn withdrawn(self) {
        let mut counters = self.limits.counters();
        for key in &self.keys {
            if let Some(counter) = counters.get_mut(key) {
                counter.failures = counter.failures.saturating_sub(1);
            }
        }
    }

    /// The attempt was good: the account's failures from this address are forgotten, the address keeps those before.
    pub fn succeeded(self) {
        let mut counters = self.limits.counters();
        let [account, address] = self.keys;
        counters.remove(&account);
        if let Some(counter) = counters.get_mut(&address) {
            counter.failures = counter.failures.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(per_account_address: u32, per_address: u32) -> LoginLimits {
        let mut settings = config::defaults().session;
        settings.failures_max_account_address = per_account_address;
        settings.failures_max_address = per_address;
        LoginLimits::new(&settings)
    }

    fn address(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    const NOW: Timestamp = Timestamp(1_000_000);

    #[test]
    fn an_account_is_locked_for_the_failing_address_only() {
        let limits = limits(10, 300);
        for _ in 0..10 {
            drop(limits.begin("admin", address(1), NOW).expect("below the limit"));
        }
        assert_eq!(limits.begin("admin", address(1), NOW).expect_err("locked").minutes(), 15);
        drop(limits.begin("admin", address(2), NOW).expect("another address"));
        drop(limits.begin("other", address(1), NOW).expect("another account"));
        let later = NOW + Duration::from_mins(14);
        assert_eq!(limits.begin("admin", address(1), later).expect_err("locked").minutes(), 1);
        drop(limits.begin("admin", address(1), NOW + Duration::from_mins(15)).expect("the window is over"));
    }

    #[test]
    fn an_address_is_locked_whatever_the_account() {
        let limits = limits(10, 30);
        for number in 0..30 {
            drop(limits.begin(&format!("user{number}"), address(1), NOW).expect("below the limit"));
        }
        assert!(limits.begin("another", address(1), NOW).is_err());
        drop(limits.begin("another", address(2), NOW).expect("another address"));
    }

    #[test]
    fn success_forgets_the_failures_of_the_account() {
        let limits = limits(2, 300);
        for _ in 0..20 {
            drop(limits.begin("admin", address(1), NOW).expect("a failure"));
            limits.begin("admin", address(1), NOW).expect("a success").succeeded();
        }
    }

    #[test]
    fn an_attempt_that_was_not_judged_counts_for_nothing() {
        let limits = limits(1, 1);
        for _ in 0..5 {
            limits.begin("admin", address(1), NOW).expect("nothing has failed").withdrawn();
        }
        drop(limits.begin("admin", address(1), NOW).expect("nothing has failed"));
        assert!(limits.begin("admin", address(1), NOW).is_err());
    }

    #[test]
    fn a_flood_of_addresses_stays_bounded() {
        let limits = limits(10, 300);
        for number in 0..60_000_u32 {
            let at = NOW + Duration::from_millis(u64::from(number));
            drop(limits.begin("admin", IpAddr::from(number.to_be_bytes()), at).expect("below the limit"));
        }
        assert!(limits.counters().len() <= COUNTERS_MAX + 1);
    }
}
