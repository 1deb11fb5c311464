//! How long things may take. One set for each institution.

use std::time::Duration;

/// The limits in time, and what an institution does by default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// From the last socket's drop until a counselor counts as offline.
    pub grace: Duration,
    /// The longest wait of a visitor.
    pub waiting_max: Duration,
    /// Silence before the notice.
    pub silence_notice: Duration,
    /// Silence after the notice, before the end.
    pub silence_end: Duration,
    /// The longest text session, from its start.
    pub text_max: Duration,
    /// The longest voice call, from the call's start.
    pub voice_max: Duration,
    /// How long ahead of the limit notices go out, the longest first; at most [`Self::NOTICES_MAX`].
    pub limit_notices: Vec<Duration>,
    /// How long a visitor seated while gone may stay away.
    pub absent_max: Duration,
    /// When an unanswered visitor raises an alarm, the shortest first; at most [`Self::NOTICES_MAX`].
    pub unanswered: Vec<Duration>,
    /// Whether requests for a named counselor may be served by others without asking for it.
    pub named_fallback: bool,
    /// With fallback: how long a request waits for the named counselor alone …
    pub named_wait: Duration,
    /// … and how long that counselor may be away meanwhile.
    pub away_max: Duration,
}

impl Limits {
    /// Notices of one kind that a conversation can remember.
    pub const NOTICES_MAX: usize = 8;

    /// What a waiting visitor gets at least after a start or an outage, so that a counselor can come back first.
    pub fn waiting_after_return(&self) -> Duration {
        self.grace + Duration::from_mins(1)
    }
}

impl Default for Limits {
    /// The figures of the contract, section 5.
    fn default() -> Self {
        let minutes = Duration::from_mins;
        Self {
            grace: minutes(1),
            waiting_max: minutes(30),
            silence_notice: minutes(10),
            silence_end: minutes(5),
            text_max: minutes(60),
            voice_max: minutes(40),
            limit_notices: vec![minutes(10), minutes(5)],
            absent_max: minutes(3),
            unanswered: vec![minutes(2), minutes(5)],
            named_fallback: false,
            named_wait: minutes(5),
            away_max: minutes(5),
        }
    }
}
