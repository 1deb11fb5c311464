//! The wall clock, read at the edge only: `actors/` gets every moment handed in.

use hotline_actors::Timestamp;

/// The present moment.
pub fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}
