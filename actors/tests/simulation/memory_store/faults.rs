//! How the store behaves towards its callers: well for most of the day, and in spells as badly as a database, a network
//! and a second server can.

use std::{ops::RangeInclusive, rc::Rc, time::Duration};

use hotline_actors::Timestamp;
use tokio::time::sleep;

use crate::{rng::Rng, world::World};

/// Whoever calls gives up after this, as the server does; what they called may still arrive.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(8);
/// How soon a statement to an unreachable store fails.
const UNREACHABLE: Duration = Duration::from_secs(2);

/// How often, of a hundred calls, something goes wrong with one.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct FaultRates {
    /// Never arrives.
    lost: u64,
    /// Is stored, and no answer comes back.
    answer_lost: u64,
    /// Is stored long after the caller gave up.
    late: u64,
    /// Is stored at once, and the answer takes its time.
    acknowledged_late: u64,
    /// Is refused for good, of a thousand.
    refused_per_mille: u64,
}

/// What befell calls so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct FaultCounts {
    pub(crate) slow: u64,
    pub(crate) lost: u64,
    pub(crate) answer_lost: u64,
    pub(crate) late: u64,
    pub(crate) acknowledged_late: u64,
    pub(crate) refused: u64,
    pub(crate) unreachable: u64,
}

impl FaultCounts {
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            slow: self.slow + other.slow,
            lost: self.lost + other.lost,
            answer_lost: self.answer_lost + other.answer_lost,
            late: self.late + other.late,
            acknowledged_late: self.acknowledged_late + other.acknowledged_late,
            refused: self.refused + other.refused,
            unreachable: self.unreachable + other.unreachable,
        }
    }

    /// Every kind of misbehaviour was seen.
    pub(crate) fn is_complete(self) -> bool {
        let Self { slow, lost, answer_lost, late, acknowledged_late, refused, unreachable } = self;
        [slow, lost, answer_lost, late, acknowledged_late, refused, unreachable].iter().all(|seen| *seen > 0)
    }
}

#[derive(Debug)]
pub(crate) struct StoreFaults {
    pub(crate) rng: Rng,
    /// Milliseconds until the store has it …
    pub(crate) reach: RangeInclusive<u64>,
    /// … and until the answer is back.
    pub(crate) answer: RangeInclusive<u64>,
    /// Nothing reaches it.
    pub(crate) gone: bool,
    /// All but the record can be had.
    pub(crate) is_record_unreadable: bool,
    /// It says that another server owns the institution.
    pub(crate) is_anothers: bool,
    pub(crate) rates: FaultRates,
    pub(crate) seen: FaultCounts,
    /// Until then something may still be wrong that has been so.
    pub(crate) disturbed_until: Timestamp,
}

/// What becomes of one call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallOutcome {
    /// When it arrives; never, if it is lost.
    pub(crate) there: Option<Duration>,
    /// How long its answer takes; never, if it is lost.
    pub(crate) back: Option<Duration>,
    pub(crate) refused: bool,
    /// When the caller is told that it failed, whatever became of it.
    pub(crate) fails_after: Duration,
}

impl StoreFaults {
    pub(crate) fn none(rng: Rng) -> Self {
        Self {
            rng,
            reach: 0..=8,
            answer: 0..=8,
            gone: false,
            is_record_unreadable: false,
            is_anothers: false,
            rates: FaultRates::default(),
            seen: FaultCounts::default(),
            disturbed_until: Timestamp(i64::MIN),
        }
    }

    /// Draws the same number of chances whatever happens, so that one kind's rates do not change another's.
    pub(crate) fn outcome(&mut self, now: Timestamp) -> CallOutcome {
        let there = self.rng.millis(self.reach.clone());
        let back = self.rng.millis(self.answer.clone());
        let (drawn, per_mille) = (self.rng.within(0..=99), self.rng.within(0..=999));
        let (long, after) = (self.rng.millis(500..=7_000), self.rng.millis(1..=90_000));
        let FaultRates { lost, answer_lost, late, acknowledged_late, refused_per_mille } = self.rates;
        let mut outcome =
            CallOutcome { there: Some(there), back: Some(back), refused: false, fails_after: CALL_TIMEOUT };
        if self.gone {
            self.seen.unreachable += 1;
            outcome.there = None;
            outcome.fails_after = there + UNREACHABLE;
        } else if drawn < lost {
            self.seen.lost += 1;
            outcome.there = None;
        } else if drawn < lost + answer_lost {
            self.seen.answer_lost += 1;
            outcome.back = None;
        } else if drawn < lost + answer_lost + late {
            self.seen.late += 1;
            outcome.there = Some(CALL_TIMEOUT + after);
        } else if drawn < lost + answer_lost + late + acknowledged_late {
            self.seen.acknowledged_late += 1;
            outcome.back = Some(long);
        } else if per_mille < refused_per_mille {
            self.seen.refused += 1;
            outcome.refused = true;
        }
        let takes = outcome.there.zip(outcome.back).map(|(there, back)| there + back);
        if outcome.refused || takes.is_none_or(|takes| takes > Duration::from_secs(1)) {
            self.seen.slow += u64::from(takes.is_some());
            let over = now + takes.unwrap_or(CALL_TIMEOUT).max(outcome.fails_after);
            self.disturbed_until = self.disturbed_until.max(over);
        }
        outcome
    }
}

/// Spells of faults, with hours without any between them, as the seed has it.
pub(crate) async fn changes(world: Rc<World>, until: Timestamp) {
    let mut rng = Rng::stream(world.seed, 500);
    // Some days it is slow at its best.
    let slow = rng.one_of(&[2, 8, 60, 400]).unwrap_or(8);
    let set = |reach: RangeInclusive<u64>, rates: FaultRates, gone: bool| {
        let faults = &mut world.store.0.borrow_mut().faults;
        (faults.reach, faults.answer) = (reach.clone(), reach);
        (faults.rates, faults.gone) = (rates, gone);
    };
    set(0..=slow, FaultRates::default(), false);
    while world.now() < until {
        sleep(rng.seconds(900..=5_400)).await;
        let spell = rng.within(0..=5);
        world.note(|| format!("the store faults change to {spell}"));
        match spell {
            0 => set(0..=3_500, FaultRates::default(), false),
            1 => set(0..=slow, FaultRates::default(), true),
            2 => set(0..=slow, FaultRates { lost: 20, late: 20, ..FaultRates::default() }, false),
            3 => set(
                0..=slow,
                FaultRates { answer_lost: 30, acknowledged_late: 30, ..FaultRates::default() },
                false,
            ),
            4 => set(0..=slow, FaultRates { refused_per_mille: 30, ..FaultRates::default() }, false),
            _ => {
                let rates = FaultRates {
                    lost: 8,
                    answer_lost: 8,
                    late: 8,
                    acknowledged_late: 8,
                    refused_per_mille: 4,
                };
                set(0..=900, rates, false);
            }
        }
        sleep(rng.seconds(20..=600)).await;
        set(0..=slow, FaultRates::default(), false);
        world.note(|| "the store is well".to_owned());
    }
}
