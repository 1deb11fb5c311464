//! Queues that slow down log-in attempts: at an account that is guessed at from many addresses, by those who are
//! not known to it, and from an address that fails too often although it was good before. Each waits for a while, and only
//! so many of one kind wait at once; when more come, those who have failed most are turned away first.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::oneshot;

use super::{Key, Wait};
use crate::auth::turns::Rank;

/// At one account, or from one address: with the wait this is two attempts a second.
const LOT_MAX: usize = 10;
/// Accounts and addresses with somebody who waits.
const LOTS_MAX: usize = 1024;
/// What whoever is turned away is told to wait.
const TURNED_AWAY: Wait = Wait(Duration::from_mins(1));

pub(super) struct SlowdownQueues {
    wait: Duration,
    hasher: RandomState,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    lots: HashMap<Key, BTreeMap<Ticket, oneshot::Sender<()>>>,
    came: u64,
}

/// By rank; among equals chance decides, so that whoever comes late to a crowd has as good a chance as any of it.
type Ticket = (Rank, u64);

impl SlowdownQueues {
    pub(super) fn new(wait: Duration) -> Self {
        Self { wait, hasher: RandomState::new(), state: Mutex::default() }
    }

    /// Waits for a while.
    ///
    /// # Errors
    /// [`Wait`] for whoever is turned away.
    pub(super) async fn hold_up(&self, at: Key, rank: Rank) -> Result<(), Wait> {
        let (ticket, turned_away) = {
            let mut state = self.state();
            if state.lots.len() >= LOTS_MAX && !state.lots.contains_key(&at) {
                return Err(TURNED_AWAY);
            }
            state.came += 1;
            let ticket = (rank.as_stranger(), self.hasher.hash_one(state.came));
            let (sender, turned_away) = oneshot::channel();
            let lot = state.lots.entry(at).or_default();
            lot.insert(ticket, sender);
            if lot.len() > LOT_MAX {
                // Dropped, it tells its owner.
                lot.pop_last();
            }
            (ticket, turned_away)
        };
        let _held = Held { lots: self, at, ticket };
        // Nobody ever sends anything.
        match tokio::time::timeout(self.wait, turned_away).await {
            Err(_over) => Ok(()),
            Ok(_) => Err(TURNED_AWAY),
        }
    }

    /// Nothing in there panics half way, so a poisoned lock still holds a whole state.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who is held up; whoever hangs up is not.
struct Held<'a> {
    lots: &'a SlowdownQueues,
    at: Key,
    ticket: Ticket,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut state = self.lots.state();
        if let Some(lot) = state.lots.get_mut(&self.at) {
            lot.remove(&self.ticket);
            if lot.is_empty() {
                state.lots.remove(&self.at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{limits::Account, turns::Lane};
    use futures_util::{FutureExt, future::join_all};

    const LONG: Duration = Duration::from_hours(1);
    const AT: Key = Key::Account(Account(7));

    fn failed(failures: u32) -> Rank {
        Rank::new(Lane::Stranger, failures, failures)
    }

    #[actix_web::test]
    async fn whoever_is_held_up_goes_on_after_a_while() {
        let lots = SlowdownQueues::new(Duration::ZERO);
        for _ in 0..2 * LOT_MAX {
            lots.hold_up(AT, failed(1)).await.expect("one at a time");
        }
        assert!(lots.state().lots.is_empty());
    }

    #[actix_web::test]
    async fn of_a_crowd_those_who_have_failed_most_are_turned_away() {
        let lots = SlowdownQueues::new(LONG);
        let crowd = join_all((0..LOT_MAX).map(|_| lots.hold_up(AT, failed(9))));
        tokio::pin!(crowd);
        assert!(crowd.as_mut().now_or_never().is_none());
        assert_eq!(lots.hold_up(AT, failed(10)).now_or_never(), Some(Err(TURNED_AWAY)));
        let fresh = lots.hold_up(AT, failed(1));
        tokio::pin!(fresh);
        assert!(fresh.as_mut().now_or_never().is_none(), "is held up, and not turned away");
        assert!(crowd.as_mut().now_or_never().is_none(), "one of them is");
        assert_eq!(lots.state().lots[&AT].len(), LOT_MAX);
    }

    #[actix_web::test]
    async fn nothing_stays_of_those_who_hang_up_and_of_too_many() {
        let lots = SlowdownQueues::new(LONG);
        for number in 0..3 * LOTS_MAX as u64 {
            assert!(lots.hold_up(Key::Account(Account(number)), failed(1)).now_or_never().is_none());
        }
        assert!(lots.state().lots.is_empty());
        let many = join_all((0..LOTS_MAX as u64).map(|n| lots.hold_up(Key::Account(Account(n)), failed(1))));
        tokio::pin!(many);
        assert!(many.as_mut().now_or_never().is_none());
        let one_more = lots.hold_up(Key::Account(Account(u64::MAX)), failed(1));
        assert_eq!(one_more.now_or_never(), Some(Err(TURNED_AWAY)));
    }
}
