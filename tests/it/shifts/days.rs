//! Midnight: where the institution is, not where UTC has it; and days on which the server was down.

use hotline::shifts::{Calendar, WeekDays};
use hotline_actors::{PersonId, Timestamp};
use jiff::{civil::date, tz::TimeZone};
use serde_json::json;

use super::PAST;
use crate::support::{Hotline, within_one_day};

/// 2021-04-26 24:00 in Shanghai, a Monday's end; in UTC it is 16:00.
const MIDNIGHT: i64 = 1_619_452_800_000;
const DAY: i64 = 86_400_000;

async fn prepared() -> (Hotline, PersonId) {
    let hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.add_user("ecnu", "COUNSELOR", "lin").await;
    let lin = hotline.database.id_of("lin").await.parse().expect("an id");
    (hotline, lin)
}

async fn days(hotline: &Hotline) -> Vec<String> {
    sqlx::query_scalar!(r#"select day::text as "day!" from shifts where removed_at is null order by day"#)
        .fetch_all(&hotline.database.pool)
        .await
        .expect("shifts can be read")
}

#[tokio::test]
async fn today_ends_at_the_institutions_midnight() {
    let (hotline, lin) = prepared().await;
    let pool = &hotline.database.pool;
    let before = Calendar::open(pool, "ecnu", Timestamp(MIDNIGHT - 1)).await.expect("a calendar");
    let after = Calendar::open(pool, "ecnu", Timestamp(MIDNIGHT)).await.expect("a calendar");
    let monday = before.day(Timestamp(MIDNIGHT - 1));
    assert_eq!((monday, after.day(Timestamp(MIDNIGHT))), (date(2021, 4, 26), date(2021, 4, 27)));
    assert_eq!(after.start_of(date(2021, 4, 27)), Timestamp(MIDNIGHT));
    assert_eq!(before.put(monday, &[lin], lin).await.expect("today").len(), 1);
    after.put(monday, &[lin], lin).await.expect_err("over since a millisecond, though not in UTC");
    assert_eq!(days(&hotline).await, ["2021-04-26"]);
}

#[tokio::test]
async fn a_standing_week_begins_and_is_counted_where_the_institution_is() {
    let (hotline, lin) = prepared().await;
    let pool = &hotline.database.pool;
    let monday = WeekDays::new(&[1]).expect("a week");
    let after = Calendar::open(pool, "ecnu", Timestamp(MIDNIGHT)).await.expect("a calendar");
    after.set_week(lin, &monday, lin).await.expect("a week is set");
    assert_eq!(days(&hotline).await.first().map(String::as_str), Some("2021-05-03"), "that Monday is over");
    let before = Calendar::open(pool, "ecnu", Timestamp(MIDNIGHT - 1)).await.expect("a calendar");
    before.set_week(lin, &monday, lin).await.expect("a week is set");
    let days = days(&hotline).await;
    assert_eq!((days.first().map(String::as_str), days.len()), (Some("2021-04-26"), 9));
}

#[tokio::test]
async fn weeks_are_written_ahead_however_long_the_server_was_down() {
    let (hotline, lin) = prepared().await;
    let pool = &hotline.database.pool;
    let every_day = WeekDays::new(&[1, 2, 3, 4, 5, 6, 7]).expect("a week");
    let at = async |day: i64| {
        Calendar::open(pool, "ecnu", Timestamp(MIDNIGHT + day * DAY)).await.expect("a calendar")
    };
    at(0).await.set_week(lin, &every_day, lin).await.expect("a week is set");
    assert_eq!(at(0).await.write_ahead().await.expect("written"), 0, "it is all there");
    assert_eq!(at(1).await.write_ahead().await.expect("written"), 1);
    assert_eq!(at(1).await.write_ahead().await.expect("written"), 0);
    let duty =
        at(1).await.on_duty(date(2021, 5, 1), hotline::identity::AccountKind::Counselor).await.expect("read");
    assert!(at(1).await.take_off(duty[0].shift, lin).await.expect("taken off"));
    assert_eq!(at(4).await.write_ahead().await.expect("written"), 3, "three days down");
    let days_now = days(&hotline).await;
    assert!(!days_now.contains(&"2021-05-01".to_owned()), "taken off stays off");
    assert_eq!(at(100).await.write_ahead().await.expect("written"), 61, "longer than was written ahead");
}

#[tokio::test]
async fn the_server_fills_what_is_missing_when_it_starts() {
    within_one_day("Asia/Shanghai").await;
    let (mut hotline, lin) = prepared().await;
    sqlx::query!(
        "insert into standing_weeks (person, institution, week_days, since) values ($1, 'ecnu', '{1,2,3,4,5,6,7}', '2021-01-01')",
        lin.0,
    )
    .execute(&hotline.database.pool)
    .await
    .expect("a week can be written");
    hotline.start().await;
    crate::support::until("the week is written", crate::support::SOON, async || {
        (days(&hotline).await.len() == 61).then_some(())
    })
    .await;
}

#[tokio::test]
async fn two_institutions_have_two_todays() {
    let mut hotline = Hotline::prepare(&["east", "west"]).await;
    // Twenty-five hours apart: never the same day.
    let zones = [("east", "Pacific/Kiritimati"), ("west", "Pacific/Niue")];
    for (_, zone) in zones {
        within_one_day(zone).await;
    }
    for (code, zone) in zones {
        hotline.add_user(code, "COUNSELOR", &format!("lin-{code}")).await;
        hotline.add_user(code, "INSTITUTION", &format!("guanli-{code}")).await;
        sqlx::query!("update institutions set time_zone = $2 where code = $1", code, zone)
            .execute(&hotline.database.pool)
            .await
            .expect("a zone can be set");
    }
    hotline.start().await;
    let mut stored = Vec::new();
    for (code, name) in zones {
        let zone = TimeZone::get(name).expect("a known zone");
        let now = jiff::Timestamp::from_millisecond(hotline::clock::now().0).expect("a moment");
        let today = zone.to_datetime(now).date();
        let start = zone.to_timestamp(today.at(0, 0, 0, 0)).expect("a moment").as_millisecond();
        let admin = hotline.staff(&format!("guanli-{code}")).await;
        assert_eq!(admin.get("/config").await.ok()["timeZone"], name, "the pages tell times in it");
        let lin = hotline.database.id_of(&format!("lin-{code}")).await;
        let put = async |at: i64| admin.put("/arrange", json!({ "timestamp": at, "users": [lin] })).await;
        put(start - 1).await.refused(-2, PAST);
        assert_eq!(put(start).await.ok()[0]["timestamp"], start);
        assert_eq!(put(start + DAY - 1).await.ok()[0]["timestamp"], start, "the same day to its end");
        let path = format!("/arrange/theday?timestamp={}&type=COUNSELOR", hotline::clock::now().0);
        assert_eq!(admin.get(&path).await.body["count"], 1);
        stored.push(today.to_string());
    }
    stored.sort();
    let mut days = days(&hotline).await;
    days.sort();
    assert_eq!(days, stored);
    assert_ne!(stored[0], stored[1]);
}
