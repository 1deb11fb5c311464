//! How long this machine kept us waiting: it kept the server waiting as long.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Between two looks at the clock.
const TICK: Duration = Duration::from_millis(20);

/// Watches a thread that only wants to look at the clock. A promise about time is kept when it is kept but for this.
pub(crate) struct Stalls {
    late_micros: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl Stalls {
    pub(crate) fn watch() -> Self {
        let (late_micros, over) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let (late, ended) = (Arc::clone(&late_micros), Arc::clone(&over));
        std::thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                let begun = Instant::now();
                std::thread::sleep(TICK);
                let stalled = begun.elapsed().saturating_sub(TICK);
                late.fetch_add(u64::try_from(stalled.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
            }
        });
        Self { late_micros, over }
    }

    /// All of it so far, together.
    pub(crate) fn so_far(&self) -> Duration {
        Duration::from_micros(self.late_micros.load(Ordering::Relaxed))
    }
}

impl Drop for Stalls {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}
