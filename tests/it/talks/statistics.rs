//! 30 to 33: figures, compared with a straightforward recount in SQL over random data, across midnight and month ends.

use super::*;
use crate::support::within_one_day;
use hotline::{
    calendar::Calendar,
    clock,
    conversations::reading::Scope,
    statistics::{self, StatisticsFilter},
};
use hotline_actors::{PersonId, Timestamp};
use serde_json::json;

const SHANGHAI: &str = "Asia/Shanghai";
const DAY: i64 = 86_400_000;

/// A small generator: a failure can be run again. The seed is in the failure's text.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).expect("31 bits") % sides
    }
}

fn at(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().expect("a moment").as_millisecond()
}

/// Moments that are looked from: ordinary ones, and the last and first milliseconds of days, months, years.
fn looks() -> Vec<i64> {
    let ends =
        ["2024-02-29T16:00:00Z", "2024-12-31T16:00:00Z", "2025-01-31T16:00:00Z", "2025-03-10T16:00:00Z"];
    let ordinary = ["2024-03-01T05:30:00Z", "2025-01-07T23:59:59Z"].map(at);
    ends.iter().flat_map(|end| [at(end) - 1, at(end)]).chain(ordinary).collect()
}

/// Some hundred talks around each of those moments, many of them right at the ends of days and hours.
async fn random_records(hotline: &Hotline, dice: &mut Dice) {
    for code in ["v1", "v2", "v3"] {
        hotline.visitor("ecnu", code).await;
    }
    let pool = &hotline.database.pool;
    for look in looks() {
        for _ in 0..60 {
            let hour = look.div_euclid(3_600_000) * 3_600_000;
            let started_at = match dice.roll(4) {
                0 => hour - dice.roll(40) * DAY + dice.roll(3) - 1,
                1 => look - dice.roll(DAY),
                _ => look + 2 * DAY - dice.roll(40 * DAY),
            };
            let visitor =
                ["sandbox_v1", "sandbox_v2", "sandbox_v3"][usize::try_from(dice.roll(3)).expect("small")];
            let counselor = ["lin", "chen"][usize::try_from(dice.roll(2)).expect("small")];
            let mut past = Past::talk(visitor, counselor, started_at);
            if dice.roll(8) == 0 {
                (past.status, past.started_at) = ("CANCELLED", None);
            }
            let id = Uuid::parse_str(&past.put(hotline).await).expect("an id");
            if dice.roll(2) == 0 {
                sqlx::query!(
                    "insert into evaluations (id, institution, conversation, object_type, creator, counselor, level,
                                              created_at, begun_at)
                     select $2, c.institution, c.id, 'CONVERSATION', c.visitor, c.counselor, $3, $4,
                            c.started_at
                     from conversations c where c.id = $1 and c.started_at is not null",
                    id,
                    Uuid::now_v7(),
                    (dice.roll(6) > 0).then_some(i16::try_from(1 + dice.roll(5)).expect("small")),
                    started_at + dice.roll(2 * DAY),
                )
                .execute(pool)
                .await
                .expect("an evaluation");
            }
            if dice.roll(10) == 0 {
                sqlx::query!("update conversations set deleted_at = 1 where id = $1", id)
                    .execute(pool)
                    .await
                    .expect("a deletion");
                sqlx::query!("update evaluations set deleted_at = 1 where conversation = $1", id)
                    .execute(pool)
                    .await
                    .expect("a deletion");
            }
        }
    }
}

/// Consultations per key of their beginning, as `PostgreSQL` writes it in Shanghai, for those in the scope.
async fn recounted(hotline: &Hotline, pattern: &str, counselors: &[Uuid]) -> Vec<(String, i64)> {
    sqlx::query!(
        r#"
        select to_char(to_timestamp(started_at / 1000.0) at time zone 'Asia/Shanghai', $1) as "key!", count(*) as "number!"
        from conversations
        where started_at is not null and deleted_at is null and counselor = any($2) group by 1
        "#,
        pattern,
        counselors
    )
    .fetch_all(&hotline.database.pool)
    .await
    .expect("a recount")
    .into_iter()
    .map(|row| (row.key, row.number))
    .collect()
}

fn of(counted: &[(String, i64)], key: &str) -> i64 {
    counted.iter().find(|(found, _)| found == key).map_or(0, |(_, number)| *number)
}

#[tokio::test]
async fn figures_agree_with_a_recount_across_midnights_and_month_ends() {
    let hotline = house().await;
    let seed = u64::try_from(clock::now().0).expect("after 1970");
    random_records(&hotline, &mut Dice(seed)).await;
    let pool = &hotline.database.pool;
    let uuid = async |name: &str| Uuid::parse_str(&hotline.database.id_of(name).await).expect("an id");
    let (lin, chen) = (uuid("lin").await, uuid("chen").await);
    let calendar = Calendar::new(SHANGHAI);
    for (scope, counselors) in
        [(Scope::Institution, vec![lin, chen]), (Scope::Counselors(vec![lin]), vec![lin])]
    {
        let days = recounted(&hotline, "YYYY-MM-DD", &counselors).await;
        let hours = recounted(&hotline, "YYYY-MM-DD HH24", &counselors).await;
        let filter = StatisticsFilter { institution: "ecnu", scope: &scope };
        for look in looks() {
            let now = Timestamp(look);
            let today = calendar.date(now);
            let week = statistics::seven_days(pool, filter, &calendar, now).await.expect("figures");
            let expected: Vec<i64> = (0..7)
                .map(|day| of(&days, &today.saturating_sub(jiff::Span::new().days(6 - day)).to_string()))
                .collect();
            assert_eq!(week, expected, "the week of {today}, seed {seed}");
            let day = statistics::hours_of_today(pool, filter, &calendar, now).await.expect("figures");
            let expected: Vec<i64> = (0..24).map(|hour| of(&hours, &format!("{today} {hour:02}"))).collect();
            assert_eq!(day, expected, "the hours of {today}, seed {seed}");
        }
    }
    hotline.assert_calm();
}

#[tokio::test]
async fn rankings_agree_with_a_recount_across_month_ends() {
    let hotline = house().await;
    let seed = u64::try_from(clock::now().0).expect("after 1970");
    random_records(&hotline, &mut Dice(seed)).await;
    let pool = &hotline.database.pool;
    let calendar = Calendar::new(SHANGHAI);
    let filter = StatisticsFilter { institution: "ecnu", scope: &Scope::Institution };
    for look in looks() {
        let now = Timestamp(look);
        let month = calendar.date(now).strftime("%Y-%m").to_string();
        let ranked = statistics::most_consultations(pool, filter, calendar.this_month(now), 10)
            .await
            .expect("figures");
        let expected = sqlx::query!(
            r#"
            select counselor as "counselor!", count(*) as "number!" from conversations
            where started_at is not null and deleted_at is null
                and to_char(to_timestamp(started_at / 1000.0) at time zone 'Asia/Shanghai', 'YYYY-MM') = $1
            group by 1 order by 2 desc, 1
            "#,
            month
        );
        let expected = expected.fetch_all(pool).await.expect("a recount");
        let ranked: Vec<_> = ranked.into_iter().map(|row| (row.counselor.0, row.number)).collect();
        let expected: Vec<_> = expected.into_iter().map(|row| (row.counselor, row.number)).collect();
        assert_eq!(ranked, expected, "{month}, seed {seed}");

        let rated =
            statistics::best_rated(pool, filter, calendar.this_month(now), 10).await.expect("figures");
        let expected = sqlx::query!(
            r#"
            select c.counselor as "counselor!", sum(e.level) as "sum!", count(*) as "number!"
            from evaluations e join conversations c on c.id = e.conversation
            where c.deleted_at is null and e.level is not null and c.counselor is not null
                and to_char(to_timestamp(c.started_at / 1000.0) at time zone 'Asia/Shanghai', 'YYYY-MM') = $1
            group by 1 order by avg(e.level) desc, 3 desc, 1
            "#,
            month
        );
        let expected = expected.fetch_all(pool).await.expect("a recount");
        assert_eq!(rated.len(), expected.len(), "{month}, seed {seed}");
        for (row, expected) in rated.iter().zip(&expected) {
            assert_eq!(
                (row.counselor.0, row.number),
                (expected.counselor, expected.number),
                "{month}, seed {seed}"
            );
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let mean = expected.sum as f64 / expected.number as f64;
            assert!((row.mean - mean).abs() < 1e-9, "{month}, seed {seed}: {} {mean}", row.mean);
        }
    }
}

#[tokio::test]
async fn ones_own_figures_are_todays_and_all() {
    let hotline = house().await;
    hotline.visitor("ecnu", "v1").await;
    let today = at("2024-02-29T16:00:00Z");
    for started_at in [today - 1, today, today + DAY - 1, today + DAY] {
        Past::talk("sandbox_v1", "lin", started_at).put(&hotline).await;
    }
    let running =
        Past { status: "IN_PROGRESS", ended_at: None, ..Past::talk("sandbox_v1", "lin", today + 5) };
    running.put(&hotline).await;
    let lin: PersonId = hotline.database.id_of("lin").await.parse().expect("an id");
    let pool = &hotline.database.pool;
    let mine =
        statistics::my_figures(pool, lin, &Calendar::new(SHANGHAI), Timestamp(today + 3_600_000)).await;
    let mine = serde_json::to_value(mine.expect("figures")).expect("JSON");
    let expected = json!({
        "todayNumber": 3, "todayTime": 1_200_000, "active": 1, "totalNumber": 5, "totalTime": 2_400_000,
        "rating": null, "ratingNumber": 0,
    });
    assert_eq!(mine, expected);
}

#[tokio::test]
async fn everybody_sees_the_figures_of_their_scope() {
    within_one_day(SHANGHAI).await;
    let hotline = house().await;
    let visitor = hotline.visitor("ecnu", "v1").await;
    let now = clock::now().0;
    for (counselor, level) in [("lin", 3), ("chen", 5), ("chen", 4)] {
        let talk = Past { opened_at: now, started_at: Some(now), ..Past::talk("sandbox_v1", counselor, now) };
        let talk = talk.put(&hotline).await;
        let rate = json!({ "conversationId": talk, "objectType": "COUNSELOR", "level": level });
        visitor.put("/evaluate", rate).await.ok();
    }
    let ranking = async |who: &str, path: &str| {
        let rows = hotline.staff(who).await.get(&format!("/conversation/{path}")).await.ok();
        let row = |row: &Value| {
            (
                row["username"].as_str().expect("a name").to_owned(),
                row["number"].clone(),
                row["rating"].clone(),
            )
        };
        rows.as_array().expect("rows").iter().map(row).collect::<Vec<_>>()
    };
    let row = |name: &str, number: i64, rating: Value| (name.to_owned(), json!(number), rating);
    let (chen, lin) = (row("chen", 2, Value::Null), row("lin", 1, Value::Null));
    assert_eq!(ranking("guanli", "numberranking").await, [chen.clone(), lin.clone()]);
    assert_eq!(ranking("guanli", "numberranking?size=1").await, [chen]);
    let own = [lin];
    assert_eq!(ranking("dudao", "numberranking").await, own);
    assert_eq!(ranking("lin", "numberranking").await, own);
    let rated = [row("chen", 2, json!(4.5)), row("lin", 1, json!(3.0))];
    assert_eq!(ranking("guanli", "ratedranking").await, rated);
    for path in ["7statistics", "numberranking", "ratedranking", "todaychange", "mine"] {
        let path = format!("/conversation/{path}");
        visitor.get(&path).await.refused(-5, "未开通权限");
        hotline.client().get(&path).await.fault(403, &path);
    }
    let sum = |figures: Value| {
        figures.as_object().expect("an object").values().map(|n| n.as_i64().expect("a number")).sum::<i64>()
    };
    for (who, expected) in [("guanli", 3), ("dudao", 1), ("chen", 2), ("dudao2", 0), ("guanli2", 0)] {
        let figures = hotline.staff(who).await.get("/conversation/7statistics").await.ok();
        assert_eq!(sum(figures), expected, "{who}");
    }
    hotline.assert_calm();
}

#[tokio::test]
async fn a_wait_over_midnight_and_a_late_rating_count_on_the_day_the_talk_began() {
    let hotline = house().await;
    let visitor = hotline.visitor("ecnu", "v1").await;
    let calendar = Calendar::new(SHANGHAI);
    let now = Timestamp(at("2025-02-27T04:00:00Z"));
    let month = calendar.this_month(now);
    // Asked for in the last minute of January, begun in the first of February.
    let began =
        Past { opened_at: month.begin - 60_000, ..Past::talk("sandbox_v1", "lin", month.begin + 60_000) };
    let began = began.put(&hotline).await;
    // Begun in January, and rated now.
    let earlier = Past::talk("sandbox_v1", "chen", month.begin - 3_600_000).put(&hotline).await;
    for talk in [&began, &earlier] {
        let rate = json!({ "conversationId": talk, "objectType": "CONVERSATION", "level": 4 });
        visitor.put("/evaluate", rate).await.ok();
    }
    let lin: PersonId = hotline.database.id_of("lin").await.parse().expect("an id");
    let (pool, filter) =
        (&hotline.database.pool, StatisticsFilter { institution: "ecnu", scope: &Scope::Institution });
    let counted = statistics::most_consultations(pool, filter, calendar.this_month(now), 10).await;
    let counted: Vec<_> =
        counted.expect("figures").into_iter().map(|row| (row.counselor, row.number)).collect();
    let rated = statistics::best_rated(pool, filter, calendar.this_month(now), 10).await;
    let rated: Vec<_> = rated.expect("figures").into_iter().map(|row| (row.counselor, row.number)).collect();
    assert_eq!((counted, rated), (vec![(lin, 1)], vec![(lin, 1)]));
    // The list of that time has the same talk.
    let guanli = hotline.staff("guanli").await;
    let (first, last) = (month.begin, month.begin + 3_600_000);
    assert_eq!(listed(&guanli, &format!("startTime={first}&endTime={last}")).await, (vec![began], 1));
    let before = format!("startTime={}&endTime={}", month.begin - 7_200_000, month.begin - 1);
    assert_eq!(listed(&guanli, &before).await, (vec![earlier], 1));
    hotline.assert_calm();
}
