//! How fast a socket may send, and when what it sent had come.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::im::embedded::FRAMES_PER_HEARTBEAT;

/// Moments of reading that are told apart.
const MARKS_MAX: usize = 256;

/// When the bytes that are read and not yet taken out had come: how many by then, oldest first.
#[derive(Default)]
pub(super) struct Marks(VecDeque<(usize, Instant)>);

impl Marks {
    pub(super) fn read(&mut self, bytes: usize, now: Instant) {
        let full = self.0.len() >= MARKS_MAX;
        match self.0.back_mut().filter(|_| full) {
            // Whoever sends byte by byte is taken to have been as slow as the last of them.
            Some((many, at)) => {
                *many += bytes;
                *at = now;
            }
            None => self.0.push_back((bytes, now)),
        }
    }

    /// When the last of the next so many had come.
    pub(super) fn taken(&mut self, mut bytes: usize) -> Instant {
        let mut came = Instant::now();
        while let Some((many, at)) = self.0.front_mut() {
            came = *at;
            if bytes < *many {
                *many -= bytes;
                break;
            }
            bytes -= *many;
            self.0.pop_front();
            if bytes == 0 {
                break;
            }
        }
        came
    }
}

/// Frames that may be taken in now; it grows back steadily.
pub(super) struct Allowance {
    left: u32,
    since: Instant,
    each: Duration,
}

impl Allowance {
    pub(super) fn new(heartbeat: Duration, now: Instant) -> Self {
        Self { left: FRAMES_PER_HEARTBEAT, since: now, each: heartbeat / FRAMES_PER_HEARTBEAT }
    }

    pub(super) fn grow(&mut self, now: Instant) {
        let each = self.each.as_nanos().max(1);
        let grown = u32::try_from(now.duration_since(self.since).as_nanos() / each).unwrap_or(u32::MAX);
        if grown >= FRAMES_PER_HEARTBEAT - self.left {
            self.left = FRAMES_PER_HEARTBEAT;
            self.since = now;
        } else {
            self.left += grown;
            self.since += self.each * grown;
        }
    }

    pub(super) fn is_left(&self) -> bool {
        self.left > 0
    }

    pub(super) fn spend(&mut self) {
        self.left = self.left.saturating_sub(1);
    }

    /// When there is the next one.
    pub(super) fn next(&self) -> Instant {
        self.since + self.each
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_come_when_its_last_byte_has() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let mut marks = Marks::default();
        marks.read(10, at(1));
        marks.read(10, at(2));
        marks.read(5, at(3));
        assert_eq!([4, 6, 3, 8, 4].map(|bytes| marks.taken(bytes)), [1, 1, 2, 3, 3].map(at));
        assert!(marks.0.is_empty());
        for second in 0..1000 {
            marks.read(1, at(second));
        }
        assert_eq!(marks.0.len(), MARKS_MAX);
        assert_eq!(marks.taken(100), at(99));
        assert_eq!(marks.taken(900), at(999), "and never earlier than it was");
    }

    #[test]
    fn an_allowance_is_spent_at_once_and_grows_back_steadily() {
        let (begin, heartbeat) = (Instant::now(), Duration::from_secs(12));
        let mut allowance = Allowance::new(heartbeat, begin);
        (0..FRAMES_PER_HEARTBEAT).for_each(|_| allowance.spend());
        assert_eq!(allowance.left, 0);
        assert_eq!(allowance.next(), begin + Duration::from_millis(100));
        allowance.grow(begin + Duration::from_millis(99));
        assert_eq!(allowance.left, 0);
        allowance.grow(begin + Duration::from_millis(250));
        assert_eq!(allowance.left, 2, "what is over counts for the next");
        allowance.grow(begin + Duration::from_millis(300));
        assert_eq!(allowance.left, 3);
        allowance.grow(begin + Duration::from_hours(1));
        assert_eq!(allowance.left, FRAMES_PER_HEARTBEAT, "and no more than that");
        allowance.spend();
        allowance.grow(begin + Duration::from_hours(1));
        assert_eq!(allowance.left, FRAMES_PER_HEARTBEAT - 1);
    }
}
