//! How long things may take in an institution, and what it does by default: the whole section `[dispatch]` of the
//! settings, read and checked here. A limit is a field with its key and its default; `config.toml` explains it, and
//! docs/contract.md 5 says what follows. CONTRIBUTING.md says what else goes with one.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error};

/// See [`DispatchLimits::answers_settle`].
const ANSWERS_SETTLE_MAX: Duration = Duration::from_secs(10);
/// A month: longer limits are mistakes, and sums of them must not overflow.
const SECONDS_MAX: u64 = 31 * 24 * 3600;
/// What one person can follow at once.
const CONSULTS_MAX: u64 = 50;

/// The section `[dispatch]`, or `[institutions.CODE]` laid over it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DispatchLimits {
    /// Places a new counselor has.
    #[serde(deserialize_with = "consults")]
    pub default_max_consults: u32,
    /// From the last socket's drop until a counselor counts as offline.
    #[serde(rename = "grace_seconds", deserialize_with = "seconds")]
    pub grace: Duration,
    /// The longest wait of a visitor.
    #[serde(rename = "waiting_seconds_max", deserialize_with = "seconds")]
    pub waiting_max: Duration,
    /// Silence before the notice.
    #[serde(rename = "silence_notice_seconds", deserialize_with = "seconds")]
    pub silence_notice: Duration,
    /// Silence after the notice, before the end.
    #[serde(rename = "silence_end_seconds", deserialize_with = "seconds")]
    pub silence_end: Duration,
    /// The longest text session, from its start.
    #[serde(rename = "text_seconds_max", deserialize_with = "seconds")]
    pub text_max: Duration,
    /// The longest voice call, from the call's start.
    #[serde(rename = "voice_seconds_max", deserialize_with = "seconds")]
    pub voice_max: Duration,
    /// How long ahead of the limit notices go out, the longest first; at most [`Self::NOTICES_MAX`].
    #[serde(rename = "limit_notices_seconds", deserialize_with = "moments")]
    pub limit_notices: Vec<Duration>,
    /// How long a visitor who was gone when the talk began may stay away.
    #[serde(rename = "absent_seconds_max", deserialize_with = "seconds")]
    pub absent_max: Duration,
    /// When a visitor who is not answered raises an alarm, the shortest first; at most [`Self::NOTICES_MAX`]. None:
    /// never.
    #[serde(rename = "unanswered_seconds", deserialize_with = "ascending")]
    pub unanswered: Vec<Duration>,
    /// After the last of them: the time from one alarm to the next, without end.
    #[serde(rename = "unanswered_every_seconds", deserialize_with = "seconds")]
    pub unanswered_every: Duration,
    /// Whether requests for a named counselor may be served by others without asking for it.
    pub named_fallback: bool,
    /// With others allowed: how long a request waits for the named counselor alone …
    #[serde(rename = "named_wait_seconds", deserialize_with = "seconds")]
    pub named_wait: Duration,
    /// … and how long that counselor may be away meanwhile.
    #[serde(rename = "away_seconds_max", deserialize_with = "seconds")]
    pub away_max: Duration,
}

impl Default for DispatchLimits {
    /// For tests, and for what folds a journal without a clock. As in `config.toml`: a test in `src/config/layers.rs` compares.
    fn default() -> Self {
        let minutes = Duration::from_mins;
        Self {
            default_max_consults: 5,
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

fn within<E: Error>(value: u64, least: u64, most: u64) -> Result<u64, E> {
    if (least..=most).contains(&value) {
        Ok(value)
    } else {
        Err(E::custom(format!("{value} is not within {least} to {most}")))
    }
}

fn consults<'de, D: Deserializer<'de>>(value: D) -> Result<u32, D::Error> {
    let places = u32::deserialize(value)?;
    within(places.into(), 0, CONSULTS_MAX).map(|_| places)
}

fn seconds<'de, D: Deserializer<'de>>(value: D) -> Result<Duration, D::Error> {
    within(u64::deserialize(value)?, 1, SECONDS_MAX).map(Duration::from_secs)
}

fn moments<'de, D: Deserializer<'de>>(value: D) -> Result<Vec<Duration>, D::Error> {
    let list = Vec::<u64>::deserialize(value)?;
    if list.len() > DispatchLimits::NOTICES_MAX {
        return Err(D::Error::custom(format!("at most {} moments", DispatchLimits::NOTICES_MAX)));
    }
    list.into_iter().map(|moment| within(moment, 1, SECONDS_MAX).map(Duration::from_secs)).collect()
}

fn ascending<'de, D: Deserializer<'de>>(value: D) -> Result<Vec<Duration>, D::Error> {
    let moments = moments(value)?;
    if moments.is_sorted_by(|earlier, later| earlier < later) {
        Ok(moments)
    } else {
        Err(D::Error::custom("write them in ascending order"))
    }
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

    /// Late messages arrive together, the answer after the question: no alarm before the answer can be here.
    pub fn answers_settle(&self) -> Duration {
        self.unanswered.first().map_or(ANSWERS_SETTLE_MAX, |first| (*first / 2).min(ANSWERS_SETTLE_MAX))
    }

    /// What a waiting visitor gets at least after a start or an outage, so that a counselor can come back first.
    pub fn waiting_after_return(&self) -> Duration {
        self.grace + Duration::from_mins(1)
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
