//! Whose turn it is to have a password hashed. Each hash takes 19 MiB and a core, so only a few run at once; under a flood
//! of strangers those wait in front who are known, and among strangers those who have failed least.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::oneshot;

/// Who waits at most; beyond it the last in the queue is turned away.
const WAITING_MAX: usize = 1024;
/// How long a turn is waited for.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// Every so many turns one goes to whoever has waited longest, whatever the rank, so that a crowd in front starves nobody.
const OLDEST_EVERY: u64 = 4;

/// Where somebody stands in the queue. Lower is nearer to the front.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    lane: Lane,
    /// Of the address, lately.
    failures: u32,
    /// Of its neighbours, lately.
    failures_around: u32,
}

/// How well somebody is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// By a log-in that goes on.
    LoggedIn,
    /// The account was good from this address before.
    KnownHere,
    /// Some account was good from this address before.
    KnownAddress,
    /// The account was good from somewhere before, and nobody guesses at it.
    KnownAccount,
    Stranger,
}

impl Rank {
    /// Of somebody who is logged in.
    pub const LOGGED_IN: Self = Self { lane: Lane::LoggedIn, failures: 0, failures_around: 0 };

    pub fn new(lane: Lane, failures: u32, failures_around: u32) -> Self {
        Self { lane, failures, failures_around }
    }

    /// The same among those who are looked at again anyway: nobody is in front for being known.
    #[must_use]
    pub fn as_stranger(self) -> Self {
        Self { lane: Lane::Stranger, ..self }
    }
}

/// No turn came in time, or others stood in front of a queue that is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy;

/// The turns. Cheap to clone.
#[derive(Clone)]
pub struct HashQueue(Arc<Mutex<State>>);

/// By rank, and then in the order in which they came.
type Ticket = (Rank, u64);

struct State {
    free: usize,
    waiting: BTreeMap<Ticket, oneshot::Sender<HashPermit>>,
    came: u64,
    given: u64,
}

/// Somebody's turn, until it is dropped.
pub struct HashPermit(Option<HashQueue>);

impl fmt::Debug for HashQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashQueue(…)")
    }
}

impl fmt::Debug for HashPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashPermit")
    }
}

impl HashQueue {
    pub fn new(at_once: usize) -> Self {
        let state = State { free: at_once, waiting: BTreeMap::new(), came: 0, given: 0 };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Waits in the queue.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn take(&self, rank: Rank) -> Result<HashPermit, Busy> {
        let (ticket, turn) = {
            let mut state = self.state();
            if state.free > 0 {
                state.free -= 1;
                return Ok(HashPermit(Some(self.clone())));
            }
            state.came += 1;
            let (ticket, (sender, turn)) = ((rank, state.came), oneshot::channel());
            state.waiting.insert(ticket, sender);
            if state.waiting.len() > WAITING_MAX {
                // Dropped, it tells its owner.
                state.waiting.pop_last();
            }
            (ticket, turn)
        };
        let _place = Place { turns: self, ticket };
        match tokio::time::timeout(WAIT_MAX, turn).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(Busy),
        }
    }

    fn give_back(&self) {
        loop {
            let Some(next) = self.state().next() else { return };
            // Whoever has gone meanwhile is passed over.
            match next.send(HashPermit(Some(self.clone()))) {
                Ok(()) => return,
                Err(mut turn) => turn.0 = None,
            }
        }
    }

    /// Nothing in there panics half way, so a poisoned lock still holds a whole state.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Who is next; with nobody there the turn is free.
    fn next(&mut self) -> Option<oneshot::Sender<HashPermit>> {
        self.given += 1;
        let ticket = if self.given.is_multiple_of(OLDEST_EVERY) {
            self.waiting.keys().min_by_key(|(_, came)| *came).copied()
        } else {
            self.waiting.keys().next().copied()
        };
        let next = ticket.and_then(|ticket| self.waiting.remove(&ticket));
        if next.is_none() {
            self.free += 1;
        }
        next
    }
}

impl Drop for HashPermit {
    fn drop(&mut self) {
        if let Some(turns) = self.0.take() {
            turns.give_back();
        }
    }
}

/// A place in the queue; whoever hangs up leaves it.
struct Place<'a> {
    turns: &'a HashQueue,
    ticket: Ticket,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.turns.state().waiting.remove(&self.ticket);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{FutureExt, future::join_all};
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn stranger(failures: u32, around: u32) -> Rank {
        Rank::new(Lane::Stranger, failures, around)
    }

    /// In which order those with these ranks have their turns, when all have come while one was taken.
    async fn order(ranks: &[Rank]) -> Vec<usize> {
        let (turns, served) = (HashQueue::new(1), Mutex::new(Vec::new()));
        let taken = turns.take(Rank::LOGGED_IN).await.expect("it is free");
        let waiting = ranks.iter().enumerate().map(|(index, rank)| {
            let (turns, served) = (&turns, &served);
            async move {
                let turn = turns.take(*rank).await.expect("a turn");
                served.lock().expect("no panic").push(index);
                tokio::task::yield_now().await;
                drop(turn);
            }
        });
        let all = join_all(waiting);
        tokio::pin!(all);
        assert!(all.as_mut().now_or_never().is_none(), "they wait");
        drop(taken);
        all.await;
        served.lock().expect("no panic").clone()
    }

    #[actix_web::test]
    async fn the_known_go_before_strangers_and_whoever_failed_least_before_others() {
        let ranks = [
            stranger(9, 9),
            stranger(1, 40),
            stranger(1, 1),
            Rank::new(Lane::KnownAccount, 3, 3),
            Rank::new(Lane::KnownAddress, 250, 250),
            Rank::new(Lane::KnownHere, 5, 5),
            Rank::LOGGED_IN,
        ];
        // The fourth turn, counted from the one that was taken first, is for whoever has waited longest.
        assert_eq!(order(&ranks).await, [6, 5, 4, 0, 3, 2, 1]);
        assert_eq!(order(&[stranger(1, 1); 5]).await, [0, 1, 2, 3, 4], "among equals, as they came");
    }

    #[actix_web::test]
    async fn a_full_line_turns_the_last_in_it_away_and_not_the_newcomer() {
        let turns = HashQueue::new(1);
        let taken = turns.take(Rank::LOGGED_IN).await.expect("it is free");
        let turned_away = AtomicUsize::new(0);
        let crowd = (0..WAITING_MAX).map(|_| {
            let (turns, turned_away) = (&turns, &turned_away);
            async move {
                if turns.take(stranger(5, 5)).await.is_err() {
                    turned_away.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        let crowd = join_all(crowd);
        tokio::pin!(crowd);
        assert!(crowd.as_mut().now_or_never().is_none());
        assert_eq!(turns.take(stranger(6, 6)).await.expect_err("the last of all"), Busy);
        let somebody = turns.take(stranger(1, 1));
        tokio::pin!(somebody);
        assert!(somebody.as_mut().now_or_never().is_none(), "waits in front of them");
        assert!(crowd.as_mut().now_or_never().is_none());
        assert_eq!(turned_away.load(Ordering::Relaxed), 1);
        drop(taken);
        somebody.as_mut().await.expect("the next turn");
    }

    #[actix_web::test]
    async fn whoever_hangs_up_leaves_the_line_and_no_turn_is_lost() {
        let turns = HashQueue::new(2);
        let (one, two) = (turns.take(stranger(1, 1)).await, turns.take(stranger(1, 1)).await);
        for _ in 0..3 * WAITING_MAX {
            assert!(turns.take(stranger(1, 1)).now_or_never().is_none());
        }
        assert!(turns.state().waiting.is_empty());
        let waiting = turns.take(stranger(1, 1));
        {
            tokio::pin!(waiting);
            assert!(waiting.as_mut().now_or_never().is_none());
            drop(one);
            // The turn is theirs, and they hang up.
        }
        assert!(turns.take(stranger(1, 1)).now_or_never().is_some_and(|turn| turn.is_ok()));
        drop(two);
        assert_eq!(turns.state().free, 2);
    }
}
