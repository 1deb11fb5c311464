//! Days, months and hours as people count them where an institution is.

use hotline_actors::Timestamp;
use jiff::{ToSpan, civil::Date, tz::TimeZone};
use sqlx::PgPool;

/// The moments from `begin` to before `end`, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    pub begin: i64,
    pub end: i64,
}

/// An institution's calendar.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: TimeZone,
}

/// Where this institution is.
///
/// # Errors
/// The database's.
pub async fn of(pool: &PgPool, institution: &str) -> Result<Calendar, sqlx::Error> {
    let zone = sqlx::query_scalar!("select time_zone from institutions where code = $1", institution)
        .fetch_one(pool)
        .await?;
    Ok(Calendar::new(&zone))
}

/// The name of its zone; none for an institution that is not there.
///
/// # Errors
/// The database's.
pub async fn zone_of(pool: &PgPool, institution: &str) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!("select time_zone from institutions where code = $1", institution)
        .fetch_optional(pool)
        .await
}

impl Calendar {
    /// By the name of a zone. An unknown one counts as UTC; it is refused when it is set.
    pub fn new(zone: &str) -> Self {
        Self { zone: TimeZone::get(zone).unwrap_or(TimeZone::UTC) }
    }

    /// The date at a moment.
    pub fn date(&self, at: Timestamp) -> Date {
        self.zoned(at).date()
    }

    fn zoned(&self, at: Timestamp) -> jiff::ZonedDateTime {
        let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        at.to_zoned_datetime(self.zone.clone())
    }

    /// The moment as people write it, to the second.
    pub fn written(&self, at: i64) -> String {
        self.format(Timestamp(at), "%Y-%m-%d %H:%M:%S")
    }

    /// The moment in another form, as `strftime` describes it.
    pub fn format(&self, at: Timestamp, form: &str) -> String {
        self.zoned(at).strftime(form).to_string()
    }

    /// The moment a day begins. Where a change of the clock skips midnight, it begins after it.
    pub fn start_of(&self, date: Date) -> Timestamp {
        Timestamp(self.midnight(date))
    }

    /// When that hour of that day begins. A clock that is put forward skips some: they begin where the next does.
    fn hour(&self, date: Date, hour: i8) -> i64 {
        let moment = date.at(hour, 0, 0, 0).to_zoned_datetime(self.zone.clone());
        // Only the first and the last days of the calendar have no such moment.
        moment.map_or(0, |moment| moment.timestamp().as_millisecond())
    }

    /// Midnight of that date.
    fn midnight(&self, date: Date) -> i64 {
        self.hour(date, 0)
    }

    /// The day that holds `now`.
    pub fn today(&self, now: Timestamp) -> Range {
        let date = self.date(now);
        Range { begin: self.midnight(date), end: self.midnight(date.saturating_add(1.day())) }
    }

    /// The month that holds `now`.
    pub fn this_month(&self, now: Timestamp) -> Range {
        let date = self.date(now);
        let next = date.last_of_month().saturating_add(1.day());
        Range { begin: self.midnight(date.first_of_month()), end: self.midnight(next) }
    }

    /// Where the last `days` days begin, today the last, and where today ends: one more than days.
    pub fn last_days(&self, now: Timestamp, days: u8) -> Vec<i64> {
        let today = self.date(now);
        let days = i64::from(days);
        (1 - days..=1).map(|ahead| self.midnight(today.saturating_add(ahead.days()))).collect()
    }

    /// Where the hours of today begin, and where today ends: 25.
    pub fn hours_of_today(&self, now: Timestamp) -> Vec<i64> {
        let today = self.date(now);
        let begins = (0..24).map(|hour| self.hour(today, hour));
        begins.chain([self.midnight(today.saturating_add(1.day()))]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().expect("a moment").as_millisecond())
    }

    fn written(milliseconds: i64) -> String {
        jiff::Timestamp::from_millisecond(milliseconds).expect("in range").to_string()
    }

    #[test]
    fn a_day_is_the_institutions_not_that_of_utc() {
        // 2021-04-26 15:59:59.999 and 16:00 UTC: midnight in Shanghai lies between.
        let midnight = Timestamp(1_619_452_800_000);
        let date = |zone: &str, at: i64| Calendar::new(zone).date(Timestamp(at)).to_string();
        assert_eq!(date("Asia/Shanghai", midnight.0 - 1), "2021-04-26");
        assert_eq!(date("Asia/Shanghai", midnight.0), "2021-04-27");
        assert_eq!(date("UTC", midnight.0), "2021-04-26");
        assert_eq!(date("Nowhere/Land", midnight.0), "2021-04-26");
        let day = jiff::civil::date(2021, 4, 27);
        assert_eq!(Calendar::new("Asia/Shanghai").start_of(day), midnight);
        assert_eq!(Calendar::new("UTC").start_of(day), Timestamp(midnight.0 + 8 * 3_600_000));
    }

    #[test]
    fn the_furthest_moments_have_a_day() {
        let calendar = Calendar::new("Asia/Shanghai");
        for at in [i64::MIN, -1, 0, i64::MAX] {
            let begin = calendar.start_of(calendar.date(Timestamp(at)));
            assert!(begin <= Timestamp(at.max(0)) || at < 0);
        }
    }

    #[test]
    fn days_end_at_the_institutions_midnight() {
        let calendar = Calendar::new("Asia/Shanghai");
        for now in ["2024-02-28T16:00:00Z", "2024-02-29T15:59:59.999Z"] {
            let today = calendar.today(at(now));
            assert_eq!(written(today.begin), "2024-02-28T16:00:00Z", "{now}");
            assert_eq!(written(today.end), "2024-02-29T16:00:00Z", "{now}");
        }
        assert_eq!(calendar.date(at("2024-02-29T16:00:00Z")).to_string(), "2024-03-01");
    }

    #[test]
    fn months_have_their_own_lengths() {
        let calendar = Calendar::new("Asia/Shanghai");
        let month = calendar.this_month(at("2024-12-31T15:59:59Z"));
        assert_eq!(written(month.begin), "2024-11-30T16:00:00Z");
        assert_eq!(written(month.end), "2024-12-31T16:00:00Z");
        let leap = calendar.this_month(at("2024-02-10T00:00:00Z"));
        assert_eq!((leap.end - leap.begin) / 86_400_000, 29);
    }

    #[test]
    fn seven_days_and_twenty_four_hours_are_bounded_on_both_sides() {
        let calendar = Calendar::new("Asia/Shanghai");
        let now = at("2024-03-01T02:30:00Z");
        let days = calendar.last_days(now, 7);
        assert_eq!(days.len(), 8);
        assert_eq!(written(days[0]), "2024-02-23T16:00:00Z");
        assert_eq!((days[6], days[7]), (calendar.today(now).begin, calendar.today(now).end));
        let hours = calendar.hours_of_today(now);
        assert_eq!((hours.len(), hours[0], hours[24]), (25, days[6], days[7]));
        assert!(hours.windows(2).all(|pair| pair[1] - pair[0] == 3_600_000));
    }

    #[test]
    fn a_day_with_a_clock_put_forward_has_an_empty_hour() {
        let calendar = Calendar::new("Europe/Berlin");
        let hours = calendar.hours_of_today(at("2024-03-31T12:00:00Z"));
        assert_eq!(hours[2], hours[3], "from two to three there was nothing");
        let hours = calendar.hours_of_today(at("2024-10-27T12:00:00Z"));
        assert_eq!(hours[3] - hours[2], 2 * 3_600_000, "two to three came twice");
    }
}
