//! How long this machine kept us waiting: it kept the server waiting as long.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{RecvTimeoutError, Sender, channel},
    },
    time::{Duration, Instant},
};

/// Between two looks at the clock.
const TICK: Duration = Duration::from_millis(20);

/// Watches a thread that only wants to look at the clock. A promise about time is kept when it is kept but for this.
pub(crate) struct Stalls {
    late_micros: Arc<AtomicU64>,
    /// Dropped, it ends the thread.
    _goes_on: Sender<()>,
}

impl Stalls {
    pub(crate) fn watch() -> Self {
        let (late_micros, (goes_on, over)) = (Arc::<AtomicU64>::default(), channel());
        let late = Arc::clone(&late_micros);
        std::thread::spawn(move || {
            loop {
                let begun = Instant::now();
                if over.recv_timeout(TICK) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                let stalled = begun.elapsed().saturating_sub(TICK);
                late.fetch_add(u64::try_from(stalled.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
            }
        });
        Self { late_micros, _goes_on: goes_on }
    }

    /// All of it so far, together.
    pub(crate) fn so_far(&self) -> Duration {
        Duration::from_micros(self.late_micros.load(Ordering::Relaxed))
    }
}
