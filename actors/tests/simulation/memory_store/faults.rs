//! How the store behaves towards its callers: well for most of the day, and in spells as badly as a database, a network
//! and a second server can.

use std::{ops::RangeInclusive, rc::Rc, time::Duration};

use hotline_actors::Timestamp;
use tokio::time::sleep;

use crate::{chance::Chance, world::World};

/// Whoever calls gives up after this, as the server does; what they called may still arrive.
pub(crate) const PATIENCE: Duration = Duration::from_secs(8);
/// How soon a statement to an unreachable store fails.
const UNREACHABLE: Duration = Duration::from_secs(2);

/// How often, of a hundred calls, something goes wrong with one.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Odds {
    /// Never arrives.
    lost: u64,
    /// Is stored, and no answer comes back.
    unheard: u64,
    /// Is stored long after the caller gave up.
    late: u64,
    /// Is stored at once, and the answer takes its time.
    acknowledged_late: u64,
    /// Is refused for good, of a thousand.
    refused_per_mille: u64,
}

/// What befell calls so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Seen {
    pub(crate) slow: u64,
    pub(crate) lost: u64,
    pub(crate) unheard: u64,
    pub(crate) late: u64,
    pub(crate) acknowledged_late: u64,
    pub(crate) refused: u64,
    pub(crate) unreachable: u64,
}

impl Seen {
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            slow: self.slow + other.slow,
            lost: self.lost + other.lost,
            unheard: self.unheard + other.unheard,
            late: self.late + other.late,
            acknowledged_late: self.acknowledged_late + other.acknowledged_late,
            refused: self.refused + other.refused,
            unreachable: self.unreachable + other.unreachable,
        }
    }

    /// Every kind of misbehaviour was seen.
    pub(crate) fn is_complete(self) -> bool {
        let Self { slow, lost, unheard, late, acknowledged_late, refused, unreachable } = self;
        [slow, lost, unheard, late, acknowledged_late, refused, unreachable].iter().all(|seen| *seen > 0)
    }
}

#[derive(Debug)]
pub(crate) struct Weather {
    pub(crate) chance: Chance,
    /// Milliseconds until the store has it …
    pub(crate) reach: RangeInclusive<u64>,
    /// … and until the answer is back.
    pub(crate) answer: RangeInclusive<u64>,
    /// Nothing reaches it.
    pub(crate) gone: bool,
    /// All but the record can be had.
    pub(crate) is_record_unreadable: bool,
    pub(crate) odds: Odds,
    pub(crate) seen: Seen,
    /// Until then something may still be wrong that has been so.
    pub(crate) disturbed_until: Timestamp,
}

/// What becomes of one call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Course {
    /// When it arrives; never, if it is lost.
    pub(crate) there: Option<Duration>,
    /// How long its answer takes; never, if it is lost.
    pub(crate) back: Option<Duration>,
    pub(crate) refused: bool,
    /// When the caller is told that it failed, whatever became of it.
    pub(crate) fails_after: Duration,
}

impl Weather {
    pub(crate) fn fair(chance: Chance) -> Self {
        Self {
            chance,
            reach: 0..=8,
            answer: 0..=8,
            gone: false,
            is_record_unreadable: false,
            odds: Odds::default(),
            seen: Seen::default(),
            disturbed_until: Timestamp(i64::MIN),
        }
    }

    /// Draws the same number of chances whatever happens, so that one kind's odds do not change another's.
    pub(crate) fn course(&mut self, now: Timestamp) -> Course {
        let there = self.chance.millis(self.reach.clone());
        let back = self.chance.millis(self.answer.clone());
        let (drawn, per_mille) = (self.chance.within(0..=99), self.chance.within(0..=999));
        let (long, after) = (self.chance.millis(500..=7_000), self.chance.millis(1..=90_000));
        let Odds { lost, unheard, late, acknowledged_late, refused_per_mille } = self.odds;
        let mut course =
            Course { there: Some(there), back: Some(back), refused: false, fails_after: PATIENCE };
        if self.gone {
            self.seen.unreachable += 1;
            course.there = None;
            course.fails_after = there + UNREACHABLE;
        } else if drawn < lost {
            self.seen.lost += 1;
            course.there = None;
        } else if drawn < lost + unheard {
            self.seen.unheard += 1;
            course.back = None;
        } else if drawn < lost + unheard + late {
            self.seen.late += 1;
            course.there = Some(PATIENCE + after);
        } else if drawn < lost + unheard + late + acknowledged_late {
            self.seen.acknowledged_late += 1;
            course.back = Some(long);
        } else if per_mille < refused_per_mille {
            self.seen.refused += 1;
            course.refused = true;
        }
        let takes = course.there.zip(course.back).map(|(there, back)| there + back);
        if course.refused || takes.is_none_or(|takes| takes > Duration::from_secs(1)) {
            self.seen.slow += u64::from(takes.is_some());
            let over = now + takes.unwrap_or(PATIENCE).max(course.fails_after);
            self.disturbed_until = self.disturbed_until.max(over);
        }
        course
    }
}

/// Fair and foul by turns, as the seed has it.
pub(crate) async fn changes(world: Rc<World>, until: Timestamp) {
    let mut chance = Chance::stream(world.seed, 500);
    // Some days it is slow at its best.
    let slow = chance.one_of(&[2, 8, 60, 400]).unwrap_or(8);
    let set = |reach: RangeInclusive<u64>, odds: Odds, gone: bool| {
        let weather = &mut world.ledger.0.borrow_mut().weather;
        (weather.reach, weather.answer) = (reach.clone(), reach);
        (weather.odds, weather.gone) = (odds, gone);
    };
    set(0..=slow, Odds::default(), false);
    while world.now() < until {
        sleep(chance.seconds(900..=5_400)).await;
        let spell = chance.within(0..=5);
        world.note(|| format!("the weather changes to {spell}"));
        match spell {
            0 => set(0..=3_500, Odds::default(), false),
            1 => set(0..=slow, Odds::default(), true),
            2 => set(0..=slow, Odds { lost: 20, late: 20, ..Odds::default() }, false),
            3 => set(0..=slow, Odds { unheard: 30, acknowledged_late: 30, ..Odds::default() }, false),
            4 => set(0..=slow, Odds { refused_per_mille: 30, ..Odds::default() }, false),
            _ => {
                let odds = Odds { lost: 8, unheard: 8, late: 8, acknowledged_late: 8, refused_per_mille: 4 };
                set(0..=900, odds, false);
            }
        }
        sleep(chance.seconds(20..=600)).await;
        set(0..=slow, Odds::default(), false);
        world.note(|| "the weather is fair".to_owned());
    }
}
