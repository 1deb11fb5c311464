//! The clocks, read at the edge only: `actors/` gets every moment handed in.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use hotline_actors::{Timestamp, registry::Clock, time::SteadyClock};

static STEADY: SteadyClock = SteadyClock::new();
static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// What the machine's clock says: for whatever is compared with the world outside, as days, shifts and signatures.
pub fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}

/// The present moment as dispatch counts it: it only moves forward. For whatever is compared with what happened in a
/// conversation.
pub fn steady() -> Timestamp {
    STEADY.now(now(), running())
}

/// How much steady time is ahead of the machine's clock, which was set back.
pub fn ahead() -> Duration {
    steady().since(now())
}

/// Something that happened at this moment is known.
pub fn not_before(at: Timestamp) {
    STEADY.not_before(at, running());
}

/// How long the machine has been up, the time in which it was suspended, too: nobody can set it.
#[cfg(target_os = "linux")]
pub fn since_boot() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::try_from(now).unwrap_or_default()
}

#[cfg(not(target_os = "linux"))]
pub fn since_boot() -> Duration {
    running()
}

fn running() -> Duration {
    STARTED.elapsed()
}

/// The clock of every Registry.
#[derive(Debug, Clone, Copy)]
pub struct Steady;

impl Clock for Steady {
    fn now(&self) -> Timestamp {
        steady()
    }

    fn not_before(&self, at: Timestamp) {
        not_before(at);
    }
}
