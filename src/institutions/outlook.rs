//! What a wait depends on and dispatch only passes on: how long each counselor's last talks were, and on which day each
//! has the next shift.

use std::{collections::BTreeMap, time::Duration};

use hotline_actors::{CounselorId, dispatch::place::Forecast};
use jiff::civil::Date;
use sqlx::PgPool;

use crate::calendar::Calendar;

/// Talks that an estimate rests on, and the fewest it can rest on.
const TALKS_MAX: i64 = 20;
const TALKS_MIN: i64 = 5;

pub(super) async fn read(
    pool: &PgPool,
    institution: &str,
    calendar: &Calendar,
    today: Date,
) -> Result<Forecast, sqlx::Error> {
    Ok(Forecast {
        typical: typical(pool, institution).await?,
        next_shift: next_shifts(pool, institution, calendar, today).await?,
    })
}

/// The median length of each counselor's last talks; left out are those with too few.
async fn typical(pool: &PgPool, institution: &str) -> Result<BTreeMap<CounselorId, Duration>, sqlx::Error> {
    let medians = sqlx::query!(
        r#"
        select p.id, talks.median as "median!"
        from people p cross join lateral (
            select count(*) as count, percentile_cont(0.5) within group (order by length) as median
            from (
                select c.millis::double precision as length
                from counted_talks c
                where c.counterpart = p.id and c.ended_at is not null
                order by c.opened_at desc
                limit $2
            ) as last
        ) as talks
        where p.institution = $1 and p.kind = 'COUNSELOR' and p.deleted_at is null
          and p.state is distinct from 'BANNED' and talks.count >= $3
        "#,
        institution,
        TALKS_MAX,
        TALKS_MIN
    )
    .fetch_all(pool)
    .await?;
    let millis = |median: f64| Duration::try_from_secs_f64(median / 1000.0).unwrap_or_default();
    Ok(medians.into_iter().map(|row| (CounselorId(row.id), millis(row.median))).collect())
}

async fn next_shifts(
    pool: &PgPool,
    institution: &str,
    calendar: &Calendar,
    today: Date,
) -> Result<BTreeMap<CounselorId, hotline_actors::Timestamp>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select s.person, min(s.day)::text as "day!"
        from shifts s join people p on p.id = s.person
        where s.institution = $1 and s.day > $2::text::date and s.removed_at is null
          and p.deleted_at is null and p.state is distinct from 'BANNED'
        group by s.person
        "#,
        institution,
        today.to_string()
    )
    .fetch_all(pool)
    .await?;
    let mut next = BTreeMap::new();
    for row in rows {
        let day: Date = row.day.parse().map_err(|error: jiff::Error| sqlx::Error::Decode(error.into()))?;
        next.insert(CounselorId(row.person), calendar.start_of(day));
    }
    Ok(next)
}
