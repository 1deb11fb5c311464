//! Chance from a seed, and the trace that shows whether two runs were the same.

use std::{
    collections::VecDeque,
    fmt::{self, Write},
    ops::RangeInclusive,
    time::Duration,
};

/// `SplitMix64`: small, good enough for people's moods, and the same everywhere.
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    /// A stream of its own, so that one person's moods do not depend on when others ask.
    pub(crate) fn stream(seed: u64, number: u64) -> Self {
        let mut mix = Self(seed ^ number.wrapping_mul(0xa076_1d64_78bd_642f));
        mix.next();
        mix
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn within(&mut self, range: RangeInclusive<u64>) -> u64 {
        range.start() + self.next() % (range.end() - range.start() + 1)
    }

    pub(crate) fn percent(&mut self, chance: u64) -> bool {
        self.within(0..=99) < chance
    }

    pub(crate) fn millis(&mut self, range: RangeInclusive<u64>) -> Duration {
        Duration::from_millis(self.within(range))
    }

    pub(crate) fn seconds(&mut self, range: RangeInclusive<u64>) -> Duration {
        self.millis(range.start() * 1000..=range.end() * 1000)
    }

    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        let last = u64::try_from(all.len()).ok()?.checked_sub(1)?;
        all.get(usize::try_from(self.within(0..=last)).ok()?).copied()
    }
}

/// Everything that anyone saw, as one number, and the last of it in words.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    hash: Hash,
    last: VecDeque<String>,
}

/// FNV-1a, of whatever is written into it.
#[derive(Debug, Clone, Copy)]
struct Hash(u64);

impl fmt::Write for Hash {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(())
    }
}

/// Ids of 32 digits as people are called here, `v1` the visitor, `c1` the counselor, `d` supervisors and `a` administrators, and what was asked for as `#280`.
fn readable(line: &str) -> String {
    let mut short = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(|letter: char| letter.is_ascii_hexdigit()) {
        short.push_str(&rest[..at]);
        let end =
            rest[at..].find(|letter: char| !letter.is_ascii_hexdigit()).map_or(rest.len(), |end| at + end);
        let word = &rest[at..end];
        let half = |range: std::ops::Range<usize>| {
            word.get(range).and_then(|digits| u64::from_str_radix(digits, 16).ok())
        };
        match half(0..16).zip(half(16..32)).filter(|_| word.len() == 32) {
            Some((1, number)) => {
                let _ = write!(short, "v{number}");
            }
            Some((kind @ 0..=15, number)) => {
                let _ = write!(short, "{kind:x}{number}");
            }
            Some((_, number)) => {
                let _ = write!(short, "#{number}");
            }
            None => short.push_str(word),
        }
        rest = &rest[end..];
    }
    short.push_str(rest);
    for (long, brief) in [
        ("ConversationId(", "("),
        ("CounselorId(", "("),
        ("VisitorId(", "("),
        ("conversation: ", ""),
        ("Some((", "(("),
    ] {
        short = short.replace(long, brief);
    }
    short
}

const LINES_MAX: usize = 80;
/// Nobody reads on after this.
const COLUMNS_MAX: usize = 1_000;

impl Default for Trace {
    fn default() -> Self {
        Self { hash: Hash(0xcbf2_9ce4_8422_2325), last: VecDeque::new() }
    }
}

impl Trace {
    pub(crate) fn note(&mut self, mut line: String) {
        self.note_state(format_args!("{line}"));
        line.truncate(line.floor_char_boundary(COLUMNS_MAX));
        self.last.push_back(line);
        if self.last.len() > LINES_MAX {
            self.last.pop_front();
        }
    }

    /// Counts, and is not worth telling.
    pub(crate) fn note_state(&mut self, line: fmt::Arguments<'_>) {
        // A number takes everything.
        let _ = self.hash.write_fmt(line);
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash.0
    }

    pub(crate) fn tail(&self) -> String {
        self.last.iter().map(|line| readable(line)).collect::<Vec<_>>().join("\n")
    }
}
