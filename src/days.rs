//! Days and times of day where an institution is. Its zone decides what "today" is.

use hotline_actors::Timestamp;
use jiff::{
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};

/// What clocks show there at `at`. An unknown zone counts as UTC; it is refused when it is set.
pub(crate) fn time_of(at: Timestamp, time_zone: &str) -> DateTime {
    let zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    zone.to_datetime(at)
}

/// The day that holds `at` there.
pub(crate) fn day_of(at: Timestamp, time_zone: &str) -> Date {
    time_of(at, time_zone).date()
}

/// The moment a day begins there.
pub(crate) fn start_of(day: Date, time_zone: &str) -> Timestamp {
    let zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
    // Where a change of the clock skips midnight, the day begins after it.
    let start = zone.to_timestamp(day.to_datetime(Time::midnight())).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    Timestamp(start.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_day_is_the_institutions_not_that_of_utc() {
        // 2021-04-26 15:59:59.999 and 16:00 UTC: midnight in Shanghai lies between.
        let midnight = Timestamp(1_619_452_800_000);
        assert_eq!(day_of(Timestamp(midnight.0 - 1), "Asia/Shanghai"), date(2021, 4, 26));
        assert_eq!(day_of(midnight, "Asia/Shanghai"), date(2021, 4, 27));
        assert_eq!(day_of(midnight, "UTC"), date(2021, 4, 26));
        assert_eq!(day_of(midnight, "Nowhere/Land"), date(2021, 4, 26));
        assert_eq!(start_of(date(2021, 4, 27), "Asia/Shanghai"), midnight);
        assert_eq!(start_of(date(2021, 4, 27), "UTC"), Timestamp(midnight.0 + 8 * 3_600_000));
    }

    #[test]
    fn the_furthest_moments_have_a_day() {
        for at in [i64::MIN, -1, 0, i64::MAX] {
            let day = day_of(Timestamp(at), "Asia/Shanghai");
            assert!(start_of(day, "Asia/Shanghai") <= Timestamp(at.max(0)) || at < 0);
        }
    }
}
