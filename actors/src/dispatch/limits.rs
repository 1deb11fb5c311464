//! How long things may take. One set for each institution.

use std::time::Duration;

/// See [`DispatchLimits::answers_settle`].
const ANSWERS_SETTLE_MAX: Duration = Duration::from_secs(10);

/// The limits in time, and what an institution does by default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DispatchLimits {
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
    /// How long a visitor who was gone when the talk began may stay away.
    pub absent_max: Duration,
    /// When a visitor who is not answered raises an alarm, the shortest first; at most [`Self::NOTICES_MAX`]. None:
    /// never.
    pub unanswered: Vec<Duration>,
    /// After the last of them: the time from one alarm to the next, without end.
    pub unanswered_every: Duration,
    /// Whether requests for a named counselor may be served by others without asking for it.
    pub named_fallback: bool,
    /// With others allowed: how long a request waits for the named counselor alone …
    pub named_wait: Duration,
    /// … and how long that counselor may be away meanwhile.
    pub away_max: Duration,
}

impl DispatchLimits {
    /// Notices of one kind that a conversation can remember.
    pub const NOTICES_MAX: usize = 8;

    /// How long after the first unanswered message the alarm number `index` is raised; none if there are no alarms.
    pub fn unanswered_after(&self, index: u32) -> Option<Duration> {
        let last = *self.unanswered.last()?;
        let number = usize::try_from(index).unwrap_or(usize::MAX);
        Some(self.unanswered.get(number).copied().unwrap_or_else(|| {
            let further = number.saturating_sub(self.unanswered.len()).saturating_add(1);
            let further = u32::try_from(further).unwrap_or(u32::MAX);
            last.saturating_add(self.unanswered_every.saturating_mul(further))
        }))
    }

    /// The number of the last alarm that is due once a message has been unanswered for `waited`.
    pub fn unanswered_by(&self, waited: Duration) -> Option<u32> {
        let last = *self.unanswered.last()?;
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let listed = number(self.unanswered.iter().filter(|after| **after <= waited).count());
        if waited < last {
            return listed.checked_sub(1);
        }
        let every = self.unanswered_every.as_millis().max(1);
        let further = u32::try_from(waited.saturating_sub(last).as_millis() / every).unwrap_or(u32::MAX);
        Some(number(self.unanswered.len() - 1).saturating_add(further))
    }

    /// Words that come late come together, the answer behind the question: nobody is blamed before it can be here.
    pub fn answers_settle(&self) -> Duration {
        self.unanswered.first().map_or(ANSWERS_SETTLE_MAX, |first| (*first / 2).min(ANSWERS_SETTLE_MAX))
    }

    /// What a waiting visitor gets at least after a start or an outage, so that a counselor can come back first.
    pub fn waiting_after_return(&self) -> Duration {
        self.grace + Duration::from_mins(1)
    }
}

impl Default for DispatchLimits {
    /// The figures of docs/contract.md 5. A server takes its own from `config.toml` (`limits_of` in
    /// `src/institutions.rs`), where they are the same.
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
            unanswered_every: minutes(5),
            named_fallback: false,
            named_wait: minutes(5),
            away_max: minutes(5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarms_come_after_two_and_five_minutes_and_every_five_more_without_end() {
        let limits = DispatchLimits::default();
        let minutes = Duration::from_mins;
        let after: Vec<_> = (0..5).map(|index| limits.unanswered_after(index)).collect();
        assert_eq!(after, [2, 5, 10, 15, 20].map(|at| Some(minutes(at))));
        for (waited, number) in
            [(1, None), (2, Some(0)), (4, Some(0)), (5, Some(1)), (9, Some(1)), (10, Some(2))]
        {
            assert_eq!(limits.unanswered_by(minutes(waited)), number, "{waited} minutes");
        }
        assert_eq!(limits.unanswered_by(minutes(500)), Some(100), "a talk of eight hours and more");
        assert!(limits.unanswered_after(u32::MAX).is_some() && limits.unanswered_by(Duration::MAX).is_some());
        let none = DispatchLimits { unanswered: vec![], ..limits };
        assert_eq!((none.unanswered_after(0), none.unanswered_by(minutes(60))), (None, None));
    }
}
