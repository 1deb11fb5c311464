//! The trace that shows whether two runs were the same, and what happened last in one that went wrong.

use std::{
    collections::VecDeque,
    fmt::{self, Write},
};

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
