//! Who was good before: accounts, addresses, and accounts from addresses. Only log-ins that succeed write here, so a crowd of
//! strangers drives nobody out.

use std::{collections::HashMap, hash::Hash, net::IpAddr, time::Duration};

use hotline_actors::Timestamp;

use super::Account;

/// Longer ago is forgotten.
const KNOWN_FOR: Duration = Duration::from_hours(30 * 24);
/// Of each; beyond it those who were good longest ago make room.
const KNOWN_MAX: usize = 20_000;

#[derive(Default)]
pub(super) struct Known {
    here: Moments<(Account, IpAddr)>,
    addresses: Moments<IpAddr>,
    accounts: Moments<Account>,
}

impl Known {
    pub(super) fn note(&mut self, account: Account, from: IpAddr, now: Timestamp) {
        self.here.note((account, from), now);
        self.addresses.note(from, now);
        self.accounts.note(account, now);
    }

    /// Whether the account was good from this address.
    pub(super) fn here(&self, account: Account, from: IpAddr, now: Timestamp) -> bool {
        self.here.holds(&(account, from), now)
    }

    /// Whether some account was good from this address.
    pub(super) fn address(&self, from: IpAddr, now: Timestamp) -> bool {
        self.addresses.holds(&from, now)
    }

    /// Whether the account was good from some address.
    pub(super) fn account(&self, account: Account, now: Timestamp) -> bool {
        self.accounts.holds(&account, now)
    }
}

/// When something was good last.
struct Moments<K>(HashMap<K, Timestamp>);

impl<K> Default for Moments<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash> Moments<K> {
    fn note(&mut self, key: K, now: Timestamp) {
        if self.0.len() >= KNOWN_MAX {
            let mut moments: Vec<Timestamp> = self.0.values().copied().collect();
            let (_, at, _) = moments.select_nth_unstable(KNOWN_MAX / 10);
            let at = *at;
            self.0.retain(|_, moment| *moment > at);
        }
        self.0.insert(key, now);
    }

    fn holds(&self, key: &K, now: Timestamp) -> bool {
        self.0.get(key).is_some_and(|moment| now.since(*moment) < KNOWN_FOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_ago_make_room_and_a_month_is_forgotten() {
        let mut moments = Moments::default();
        for number in 0..KNOWN_MAX + 5000 {
            moments.note(number, Timestamp(i64::try_from(number).expect("small")));
        }
        assert!(moments.0.len() <= KNOWN_MAX);
        let now = Timestamp(100_000);
        assert!(moments.holds(&(KNOWN_MAX + 4999), now) && !moments.holds(&0, now));
        assert!(!moments.holds(&(KNOWN_MAX + 4999), now + KNOWN_FOR));
    }
}
