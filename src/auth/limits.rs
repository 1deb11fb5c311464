//! Limits on failed log-ins: per account and address, per address, and for strangers per account. In memory, and bounded.
//!
//! A limit keeps out whoever guesses, and nobody who was good before: where an account or an address is known, what would be
//! a lock for strangers is a pace. So a crowd of strangers, also behind the same address, keeps nobody out who works here.

mod known;
mod lots;

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hotline_actors::Timestamp;

use super::turns::{Lane, Rank};
use crate::{address, config};
use known::Known;
use lots::SlowdownQueues;

/// Counters kept; beyond it those that have counted least make room.
const COUNTERS_MAX: usize = 100_000;
/// Failures of all strangers together at one account; beyond it they are slowed down there.
const STRANGERS_FAILURES_MAX: u32 = 30;
/// How long an attempt that is slowed down waits.
const SLOWED_DOWN: Duration = Duration::from_secs(5);
/// Beyond its limit an account may be tried so often from an address from where it was good before.
const KNOWN_PACE: Duration = Duration::from_mins(1);

/// Counts attempts that have not succeeded. Cheap to clone.
#[derive(Clone)]
pub struct LoginLimits(Arc<Inner>);

struct Inner {
    window: Duration,
    per_account_address: u32,
    per_address: u32,
    hasher: RandomState,
    state: Mutex<State>,
    lots: SlowdownQueues,
}

impl fmt::Debug for LoginLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginLimits(…)")
    }
}

#[derive(Default)]
struct State {
    counters: HashMap<Key, Counter>,
    known: Known,
}

/// A user name, hashed: an attacker chooses what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Account(u64);

/// What is counted. Addresses are those of [`address::limited`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    AccountAddress(Account, IpAddr),
    Address(IpAddr),
    /// Neighbours of an address; no limit, but among strangers they stand behind others.
    Network(IpAddr),
    /// By those to whom the account is not known.
    Account(Account),
}

#[derive(Debug, Clone, Copy)]
struct Counter {
    since: Timestamp,
    failures: u32,
    /// The latest of them.
    last: Timestamp,
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

/// One attempt, counted as failed until it is said to have succeeded: many at once count like many in turn.
#[derive(Debug)]
#[must_use]
pub struct Attempt {
    limits: LoginLimits,
    account: Account,
    from: IpAddr,
    keys: Vec<Key>,
    rank: Rank,
    /// Where it is held up, if it is.
    slowed_down: Option<Key>,
}

impl LoginLimits {
    pub fn new(settings: &config::Session) -> Self {
        Self(Arc::new(Inner {
            window: Duration::from_secs(settings.failures_window_seconds),
            per_account_address: settings.failures_max_account_address,
            per_address: settings.failures_max_address,
            hasher: RandomState::new(),
            state: Mutex::default(),
            lots: SlowdownQueues::new(SLOWED_DOWN),
        }))
    }

    /// Begins an attempt.
    ///
    /// # Errors
    /// [`Wait`] when this account from this address, or this address, has failed too often.
    pub fn begin(&self, account: &str, from: IpAddr, now: Timestamp) -> Result<Attempt, Wait> {
        let limits = &*self.0;
        let (account, from) = (self.account(account), address::limited(from));
        let (pair, here) = (Key::AccountAddress(account, from), Key::Address(from));
        let mut state = self.state();
        let is_known = state.known.here(account, from, now);
        let mut slowed_down = None;
        if let Some(tried) = state.beyond(pair, limits.per_account_address, limits.window, now) {
            let wait = if is_known { KNOWN_PACE.saturating_sub(now.since(tried.last)) } else { tried.left };
            if !wait.is_zero() {
                return Err(Wait(wait));
            }
        }
        if let Some(tried) = state.beyond(here, limits.per_address, limits.window, now)
            && !is_known
        {
            if !state.known.address(from, now) {
                return Err(Wait(tried.left));
            }
            slowed_down = Some(here);
        }
        let mut keys = vec![pair, here, Key::Network(address::network_of(from))];
        if !is_known {
            let strangers = Key::Account(account);
            if state.beyond(strangers, STRANGERS_FAILURES_MAX, limits.window, now).is_some() {
                slowed_down = Some(strangers);
            }
            keys.push(strangers);
        }
        for key in &keys {
            state.count(*key, limits.window, now);
        }
        let lane = state.lane(account, from, slowed_down.is_some(), now);
        let failures = |key| state.counters.get(&key).map_or(0, |counter| counter.failures);
        let rank = Rank::new(lane, failures(here), failures(Key::Network(address::network_of(from))));
        drop(state);
        Ok(Attempt { limits: self.clone(), account, from, keys, rank, slowed_down })
    }

    /// User names that differ by case alone count as one.
    fn account(&self, account: &str) -> Account {
        Account(self.0.hasher.hash_one(account.to_ascii_lowercase()))
    }

    /// Nothing in there panics half way, so a poisoned lock still holds whole counters.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was counted beyond a limit.
struct Beyond {
    last: Timestamp,
    /// Of the window.
    left: Duration,
}

impl State {
    /// Whether as many have failed as may; `None` as long as not.
    fn beyond(&self, key: Key, limit: u32, window: Duration, now: Timestamp) -> Option<Beyond> {
        let counter = self.counters.get(&key)?;
        let age = now.since(counter.since);
        let left = window.saturating_sub(age);
        (!left.is_zero() && counter.failures >= limit).then_some(Beyond { last: counter.last, left })
    }

    fn count(&mut self, key: Key, window: Duration, now: Timestamp) {
        self.make_room(window, now);
        let fresh = Counter { since: now, failures: 0, last: now };
        let counter = self.counters.entry(key).or_insert(fresh);
        if now.since(counter.since) >= window {
            *counter = fresh;
        }
        counter.failures = counter.failures.saturating_add(1);
        counter.last = now;
    }

    fn make_room(&mut self, window: Duration, now: Timestamp) {
        if self.counters.len() < COUNTERS_MAX {
            return;
        }
        self.counters.retain(|_, counter| now.since(counter.since) < window);
        if self.counters.len() >= COUNTERS_MAX {
            // A tenth at once, so that a flood of addresses does not make every attempt sort; and of the flood's own, which
            // count little each, so that it does not wash away what was counted about those who are guessed at.
            let weight = |counter: &Counter| (counter.failures, counter.since);
            let mut weights: Vec<_> = self.counters.values().map(weight).collect();
            let (_, least, _) = weights.select_nth_unstable(COUNTERS_MAX / 10);
            let least = *least;
            self.counters.retain(|_, counter| weight(counter) > least);
        }
    }

    fn lane(&self, account: Account, from: IpAddr, is_slowed_down: bool, now: Timestamp) -> Lane {
        if self.known.here(account, from, now) {
            Lane::KnownHere
        } else if is_slowed_down {
            Lane::Stranger
        } else if self.known.address(from, now) {
            Lane::KnownAddress
        } else if self.known.account(account, now) {
            Lane::KnownAccount
        } else {
            Lane::Stranger
        }
    }

    fn take_back(&mut self, key: Key) {
        if let Some(counter) = self.counters.get_mut(&key) {
            counter.failures = counter.failures.saturating_sub(1);
        }
    }
}

impl Attempt {
    /// Holds up what is slowed down; then says where in the queue it stands.
    ///
    /// # Errors
    /// [`Wait`] when too many are held up already.
    pub async fn in_line(&self) -> Result<Rank, Wait> {
        if let Some(at) = self.slowed_down {
            self.limits.0.lots.hold_up(at, self.rank).await?;
        }
        Ok(self.rank)
    }

    /// The attempt was not judged at all, such as for want of time: it counts for nothing.
    pub fn withdrawn(self) {
        let mut state = self.limits.state();
        self.keys.iter().for_each(|key| state.take_back(*key));
    }

    /// The attempt was good: the account's failures from this address are forgotten, other counters keep those before. From
    /// now on the account is known here.
    pub fn succeeded(self, now: Timestamp) {
        let mut state = self.limits.state();
        self.keys.iter().for_each(|key| state.take_back(*key));
        state.counters.remove(&Key::AccountAddress(self.account, self.from));
        state.known.note(self.account, self.from, now);
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
            limits.begin("admin", address(1), NOW).expect("a success").succeeded(NOW);
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

    fn wrong(limits: &LoginLimits, account: &str, from: IpAddr) -> Result<Attempt, Wait> {
        limits.begin(account, from, NOW)
    }

    fn good(limits: &LoginLimits, account: &str, from: IpAddr) {
        limits.begin(account, from, NOW).expect("below the limit").succeeded(NOW);
    }

    fn is_slowed_down(attempt: &Attempt) -> bool {
        attempt.slowed_down.is_some()
    }

    #[test]
    fn whoever_was_good_from_an_address_is_not_kept_out_by_strangers_behind_it() {
        let limits = limits(10, 30);
        good(&limits, "lin", address(1));
        for number in 0..100 {
            let _ = wrong(&limits, &format!("user{number}"), address(1));
        }
        let lin = wrong(&limits, "LIN", address(1)).expect("not kept out");
        assert!(!is_slowed_down(&lin) && lin.rank == Rank::new(Lane::KnownHere, 101, 101), "{:?}", lin.rank);
        lin.succeeded(NOW);
        // Others there are slowed down, since the address was good before, and not kept out either.
        assert!(is_slowed_down(&wrong(&limits, "wu", address(1)).expect("slowly")));
        // Where nobody was good before, the limit is one.
        for number in 0..30 {
            drop(wrong(&limits, &format!("user{number}"), address(2)).expect("below the limit"));
        }
        assert!(wrong(&limits, "lin", address(2)).is_err());
    }

    #[test]
    fn where_an_account_is_known_its_own_limit_is_a_pace() {
        let limits = limits(10, 300);
        good(&limits, "lin", address(1));
        for _ in 0..10 {
            drop(wrong(&limits, "lin", address(1)).expect("below the limit"));
        }
        assert_eq!(wrong(&limits, "lin", address(1)).expect_err("too soon").minutes(), 1);
        let mut at = NOW;
        for _ in 0..5 {
            at = at + KNOWN_PACE;
            drop(limits.begin("lin", address(1), at).expect("one a minute"));
            assert!(limits.begin("lin", address(1), at + Duration::from_secs(59)).is_err());
        }
        assert!(limits.begin("lin", address(2), at).is_ok(), "from elsewhere as ever");
    }

    #[test]
    fn an_account_guessed_at_from_many_addresses_is_slow_for_strangers_alone() {
        let limits = limits(10, 300);
        good(&limits, "lin", address(1));
        good(&limits, "chen", address(2));
        for last in 10..10 + u8::try_from(STRANGERS_FAILURES_MAX).expect("small") {
            assert!(!is_slowed_down(&wrong(&limits, "lin", address(last)).expect("below the limit")));
        }
        for stranger in [address(99), address(2)] {
            let guess = wrong(&limits, "lin", stranger).expect("nobody is locked out");
            assert!(is_slowed_down(&guess) && guess.rank.as_stranger() == guess.rank, "{:?}", guess.rank);
        }
        assert!(!is_slowed_down(&wrong(&limits, "lin", address(1)).expect("known there")));
        assert!(!is_slowed_down(&wrong(&limits, "chen", address(99)).expect("another account")));
        let later = NOW + Duration::from_mins(15);
        assert!(!is_slowed_down(&limits.begin("lin", address(99), later).expect("the window is over")));
        // One who is let in clears nothing of what the others have tried.
        let limits = self::limits(10, 300);
        for last in 0..=255 {
            drop(wrong(&limits, "lin", address(last)).expect("below the limit"));
        }
        wrong(&limits, "lin", [10, 0, 1, 1].into()).expect("slowly").succeeded(NOW);
        assert!(is_slowed_down(&wrong(&limits, "lin", [10, 0, 1, 2].into()).expect("slowly")));
        assert!(!is_slowed_down(&wrong(&limits, "lin", [10, 0, 1, 1].into()).expect("known now")));
    }

    #[test]
    fn in_line_the_known_stand_in_front_and_those_who_failed_behind() {
        let limits = limits(10, 300);
        good(&limits, "lin", address(1));
        let rank = |account: &str, from: IpAddr| wrong(&limits, account, from).expect("below the limit").rank;
        let elsewhere = |last: u8| IpAddr::from([172, 16, last, 1]);
        let ranks = [
            rank("lin", address(1)),
            rank("wu", address(1)),
            rank("lin", elsewhere(1)),
            rank("wu", elsewhere(2)),
            rank("wu", elsewhere(2)),
        ];
        assert!(ranks.is_sorted(), "{ranks:?}");
        assert!(ranks.windows(2).all(|pair| pair[0] != pair[1]), "{ranks:?}");
        // A neighbour of those who failed stands behind somebody from where nobody has.
        let neighbour = rank("nobody", [172, 16, 2, 77].into());
        assert!(neighbour > rank("nobody", elsewhere(3)) && neighbour < ranks[4]);
    }

    #[test]
    fn a_whole_ipv6_site_has_one_limit() {
        let limits = limits(10, 30);
        let site = |last: u16| IpAddr::from([0x2001, 0xdb8, 1, 2, 9, 9, 9, last]);
        for last in 0..10 {
            drop(wrong(&limits, "lin", site(last)).expect("below the limit"));
        }
        assert!(wrong(&limits, "lin", site(77)).is_err());
        assert!(wrong(&limits, "lin", [0x2001, 0xdb8, 1, 3, 9, 9, 9, 1].into()).is_ok());
    }

    #[test]
    fn a_flood_washes_away_nothing_about_whoever_is_guessed_at() {
        let limits = limits(10, 300);
        for _ in 0..10 {
            drop(wrong(&limits, "lin", address(1)).expect("below the limit"));
        }
        for number in 0..60_000_u32 {
            drop(wrong(&limits, &number.to_string(), (number << 8).to_be_bytes().into()).expect("one each"));
        }
        assert!(limits.state().counters.len() <= COUNTERS_MAX + 4);
        assert!(wrong(&limits, "lin", address(1)).is_err());
    }

    #[test]
    fn a_flood_of_addresses_stays_bounded() {
        let limits = limits(10, 300);
        for number in 0..60_000_u32 {
            let at = NOW + Duration::from_millis(u64::from(number));
            drop(limits.begin("admin", IpAddr::from(number.to_be_bytes()), at).expect("below the limit"));
        }
        assert!(limits.state().counters.len() <= COUNTERS_MAX + 4);
    }
}
