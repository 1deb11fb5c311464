//! Random numbers from a seed: every person and every part of the fault injection draws from a source of its own, so that
//! what one draws does not depend on how fast the others are.

use std::{ops::Range, time::Duration};

/// A source of choices.
#[derive(Debug, Clone)]
pub struct Rng(fastrand::Rng);

impl Rng {
    /// The source of `name` in the run of `seed`.
    pub fn of(seed: u64, name: &str) -> Self {
        let mixed = name.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(fastrand::Rng::with_seed(mixed))
    }

    /// True once in so many times.
    pub fn once_in(&mut self, times: u32) -> bool {
        self.0.u32(0..times.max(1)) == 0
    }

    pub fn number(&mut self, range: Range<u64>) -> u64 {
        self.0.u64(range)
    }

    pub fn milliseconds(&mut self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.0.u64(range))
    }

    /// One of several; none of none.
    pub fn one_of<'a, T>(&mut self, several: &'a [T]) -> Option<&'a T> {
        if several.is_empty() { None } else { several.get(self.0.usize(0..several.len())) }
    }
}
