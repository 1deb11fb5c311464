//! Moments, handed in from outside: nothing in this crate reads a clock.

use std::{
    fmt,
    ops::{Add, Sub},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};

/// A moment: milliseconds since the epoch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// How long after `earlier` this is; zero if it is not after it (clocks may step back).
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ms", self.0)
    }
}

/// Time as dispatch counts it: it only moves forward.
///
/// It is the time of the machine's clock, until that is set back. Then it goes on at its own pace, measured by a clock
/// that nobody can set, and a fiftieth slower until the machine's clock has caught up: so no duration is negative, no
/// limit stops, and an error of an hour is gone in two days. Set forward, the machine's clock is followed at once.
#[derive(Debug)]
pub struct SteadyClock(Mutex<Anchor>);

/// A moment of steady time, and when it was.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    at: Timestamp,
    running: Duration,
}

impl Anchor {
    fn later(self, running: Duration) -> Timestamp {
        let passed = running.saturating_sub(self.running);
        self.at + passed.saturating_sub(passed / CATCH_UP)
    }
}

/// While it is ahead of the machine's clock, steady time is slower by one part of so many.
const CATCH_UP: u32 = 50;

impl Default for SteadyClock {
    fn default() -> Self {
        Self::new()
    }
}

impl SteadyClock {
    /// One that has not been looked at yet.
    pub const fn new() -> Self {
        Self(Mutex::new(Anchor { at: Timestamp(i64::MIN), running: Duration::ZERO }))
    }

    /// The present moment. `wall` is what the machine's clock says, and `running` how long the process has been
    /// running by a clock that nobody can set.
    pub fn now(&self, wall: Timestamp, running: Duration) -> Timestamp {
        let mut anchor = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let steady = anchor.later(running);
        if wall < steady {
            return steady;
        }
        *anchor = Anchor { at: wall, running: running.max(anchor.running) };
        wall
    }

    /// From now on it is at least `at`: something that happened then is known.
    pub fn not_before(&self, at: Timestamp, running: Duration) {
        let mut anchor = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if anchor.later(running) < at {
            *anchor = Anchor { at, running: running.max(anchor.running) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn at(count: u64) -> Timestamp {
        Timestamp(1_700_000_000_000) + seconds(count)
    }

    #[test]
    fn it_is_the_machines_clock_while_that_moves_forward_by_however_much() {
        let clock = SteadyClock::new();
        for (wall, running) in [(0, 5), (10, 15), (11, 16), (4_000, 17), (4_001, 18)] {
            assert_eq!(clock.now(at(wall), seconds(running)), at(wall));
        }
    }

    #[test]
    fn set_back_it_goes_on_at_its_own_pace_until_the_machines_clock_has_caught_up() {
        let clock = SteadyClock::new();
        assert_eq!(clock.now(at(3_600), seconds(10)), at(3_600));
        // An hour back.
        assert_eq!(clock.now(at(0), seconds(10)), at(3_600));
        assert_eq!(clock.now(at(100), seconds(110)), at(3_698), "a fiftieth slower");
        assert_eq!(clock.now(at(1_000), seconds(1_010)), at(4_580));
        // Fifty hours later both are the same, and then it is the machine's again.
        let later = 50 * 3_600;
        assert_eq!(clock.now(at(later), seconds(10 + later)), at(later));
        assert_eq!(clock.now(at(later + 60), seconds(70 + later)), at(later + 60));
    }

    #[test]
    fn it_never_goes_back_and_never_stands_still_however_often_it_is_looked_at() {
        let clock = SteadyClock::new();
        let mut last = clock.now(at(60), seconds(0));
        for step in 1..100_000_u32 {
            // Set back by a minute, and looked at ten times in a millisecond.
            let now = clock.now(at(0), Duration::from_micros(100) * step);
            assert!(now >= last);
            last = now;
        }
        assert_eq!(last, at(60) + Duration::from_millis(9_799), "ten seconds less a fiftieth");
    }

    #[test]
    fn after_a_restart_it_begins_with_what_is_known() {
        let clock = SteadyClock::new();
        clock.not_before(at(31_536_000), seconds(1));
        assert_eq!(clock.now(at(0), seconds(1)), at(31_536_000), "a year ahead");
        assert_eq!(clock.now(at(50), seconds(51)), at(31_536_049), "and it does not stand still");
        clock.not_before(at(7), seconds(51));
        assert_eq!(clock.now(at(50), seconds(51)), at(31_536_049), "what is known is in the past");
    }
}
