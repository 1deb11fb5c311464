//! Many days, on every core, with a progress bar.

#![expect(clippy::disallowed_methods, reason = "whoever waits in front of the bar does so by the wall clock")]

use std::{
    io::{IsTerminal, Write},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::day::simulate;

/// How long to go on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Length {
    /// So many simulated days.
    Days(u64),
    /// So many hours of the wall clock.
    Hours(f64),
}

/// How often the bar is drawn anew, where there is nobody to look at it far less often.
const DRAWN_EVERY: Duration = Duration::from_millis(500);
const TOLD_EVERY: Duration = Duration::from_secs(15);

struct Run {
    begun: Instant,
    length: Length,
    first_seed: u64,
    next: AtomicU64,
    done: AtomicU64,
    commands: AtomicU64,
    prefixes: AtomicU64,
    wrong: Mutex<Option<u64>>,
}

impl Run {
    /// The next seed, unless it is enough.
    fn next_seed(&self) -> Option<u64> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let enough = match self.length {
            Length::Days(days) => number >= days,
            Length::Hours(hours) => self.begun.elapsed().as_secs_f64() >= hours * 3_600.0,
        };
        let failed = self.wrong.lock().expect("nobody dies holding it").is_some();
        (!enough && !failed).then_some(self.first_seed + number)
    }

    fn works(&self) {
        while let Some(seed) = self.next_seed() {
            let day = simulate(seed, false);
            self.commands.fetch_add(day.commands, Ordering::Relaxed);
            self.prefixes.fetch_add(day.commits as u64, Ordering::Relaxed);
            if day.wrong.is_some() {
                *self.wrong.lock().expect("nobody dies holding it") = Some(seed);
            } else {
                self.done.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a bar needs no more")]
    fn bar(&self) -> String {
        const WIDTH: usize = 30;
        let (done, seconds) = (self.done.load(Ordering::Relaxed), self.begun.elapsed().as_secs_f64());
        let per_second = done as f64 / seconds.max(0.001);
        let (part, left) = match self.length {
            Length::Days(days) => {
                let left = days.saturating_sub(done) as f64;
                (done as f64 / days.max(1) as f64, left / per_second.max(0.001))
            }
            Length::Hours(hours) => (seconds / (hours * 3_600.0), hours * 3_600.0 - seconds),
        };
        let part = part.clamp(0.0, 1.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and the width"
        )]
        let filled = (part * WIDTH as f64) as usize;
        let (full, empty) = ("#".repeat(filled), ".".repeat(WIDTH - filled));
        let percent = part * 100.0;
        let left = left.max(0.0);
        format!("[{full}{empty}] {percent:3.0} %  {done} days  {per_second:.1} a second  {left:.0} s left")
    }

    fn draws(&self, finished: &AtomicU64, workers: u64) {
        let live = std::io::stderr().is_terminal();
        let mut told = Instant::now();
        while finished.load(Ordering::Relaxed) < workers {
            thread::park_timeout(DRAWN_EVERY);
            if live {
                eprint!("\r\x1b[2K{}", self.bar());
                // Nobody is left to tell if stderr is closed.
                let _ = std::io::stderr().flush();
            } else if told.elapsed() >= TOLD_EVERY {
                told = Instant::now();
                eprintln!("{}", self.bar());
            }
        }
        eprintln!("{}{}", if live { "\r\x1b[2K" } else { "" }, self.bar());
    }
}

/// Runs days one seed after another; panics with the seed and an account of the first that is wrong.
pub(crate) fn runs(first_seed: u64, length: Length) {
    println!("SEED={first_seed} and those after it, {length:?}");
    let run = Run {
        begun: Instant::now(),
        length,
        first_seed,
        next: AtomicU64::new(0),
        done: AtomicU64::new(0),
        commands: AtomicU64::new(0),
        prefixes: AtomicU64::new(0),
        wrong: Mutex::new(None),
    };
    let workers = thread::available_parallelism().map_or(1, usize::from) as u64;
    let finished = AtomicU64::new(0);
    let drawer = thread::current();
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                run.works();
                finished.fetch_add(1, Ordering::Relaxed);
                drawer.unpark();
            });
        }
        run.draws(&finished, workers);
    });
    if let Some(seed) = *run.wrong.lock().expect("nobody dies holding it") {
        // Told by the same day again, with a trace.
        let account = simulate(seed, true).account.unwrap_or_default();
        panic!(
            "SEED={seed} is wrong: SEED={seed} cargo test -p hotline-actors --test simulation a_day\n{account}"
        );
    }
    let (done, seconds) = (run.done.load(Ordering::Relaxed), run.begun.elapsed().as_secs());
    let (commands, prefixes) = (run.commands.load(Ordering::Relaxed), run.prefixes.load(Ordering::Relaxed));
    println!(
        "{done} simulated days in {seconds} s: {commands} commands, {prefixes} committed prefixes revived, no law broken"
    );
}
