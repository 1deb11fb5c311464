//! Figures of the front page (sections 30 to 33) and of one's own work. Consultations and their ratings count when the
//! talk began, and deleted ones do not count: the views `counted_talks` and `counted_ratings` say what does. All moments
//! come in, and days are the institution's (`calendar.rs`).

use hotline_actors::{PersonId, Timestamp};
use serde::Serialize;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    calendar::{Calendar, Range},
    conversations::reading::Scope,
    evaluations,
};

/// Days that the week's figures tell of.
const DAYS: u8 = 7;

/// Whose figures.
#[derive(Debug, Clone, Copy)]
pub struct StatisticsFilter<'a> {
    pub institution: &'a str,
    pub scope: &'a Scope,
}

/// Consultations begun on each of the last seven days, today the last.
///
/// # Errors
/// The database's.
pub async fn seven_days(
    pool: &PgPool,
    filter: StatisticsFilter<'_>,
    calendar: &Calendar,
    now: Timestamp,
) -> Result<Vec<i64>, sqlx::Error> {
    begun_between(pool, filter, &calendar.last_days(now, DAYS)).await
}

/// Consultations begun in each hour of today.
///
/// # Errors
/// The database's.
pub async fn hours_of_today(
    pool: &PgPool,
    filter: StatisticsFilter<'_>,
    calendar: &Calendar,
    now: Timestamp,
) -> Result<Vec<i64>, sqlx::Error> {
    begun_between(pool, filter, &calendar.hours_of_today(now)).await
}

/// How many began between each two of `bounds`, which ascend.
async fn begun_between(
    pool: &PgPool,
    filter: StatisticsFilter<'_>,
    bounds: &[i64],
) -> Result<Vec<i64>, sqlx::Error> {
    let (Some(first), Some(last)) = (bounds.first(), bounds.last()) else { return Ok(Vec::new()) };
    let counted = sqlx::query!(
        r#"
        select width_bucket(started_at, $5::bigint[]) as "bucket!", count(*) as "number!"
        from counted_talks
        where institution = $1 and started_at >= $3 and started_at < $4
            and ($2::uuid[] is null or counselor = any($2))
        group by 1
        "#,
        filter.institution,
        filter.scope.counselors() as Option<&[Uuid]>,
        first,
        last,
        bounds
    )
    .fetch_all(pool)
    .await?;
    let mut numbers = vec![0; bounds.len() - 1];
    for row in counted {
        // Buckets count from 1.
        let place =
            usize::try_from(row.bucket).ok().and_then(|bucket| numbers.get_mut(bucket.checked_sub(1)?));
        if let Some(number) = place {
            *number = row.number;
        }
    }
    Ok(numbers)
}

/// One row of the month's ranking by consultations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked {
    pub counselor: PersonId,
    pub number: i64,
}

/// Who had most consultations this month.
///
/// # Errors
/// The database's.
pub async fn most_consultations(
    pool: &PgPool,
    filter: StatisticsFilter<'_>,
    month: Range,
    size: i64,
) -> Result<Vec<Ranked>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select counselor as "counselor!", count(*) as "number!"
        from counted_talks
        where institution = $1 and started_at >= $3 and started_at < $4 and counselor is not null
            and ($2::uuid[] is null or counselor = any($2))
        group by counselor
        order by 2 desc, counselor
        limit $5
        "#,
        filter.institution,
        filter.scope.counselors() as Option<&[Uuid]>,
        month.begin,
        month.end,
        size
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Ranked { counselor: PersonId(row.counselor), number: row.number })
        .collect())
}

/// One row of the month's ranking by ratings.
#[derive(Debug, Clone, PartialEq)]
pub struct Rated {
    pub counselor: PersonId,
    pub mean: f64,
    pub number: i64,
}

/// Whose talks that began this month are rated best; of equals, who has more ratings.
///
/// # Errors
/// The database's.
pub async fn best_rated(
    pool: &PgPool,
    filter: StatisticsFilter<'_>,
    month: Range,
    size: i64,
) -> Result<Vec<Rated>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select counselor as "counselor!", avg(level)::double precision as "mean!", count(*) as "number!"
        from counted_ratings
        where institution = $1 and begun_at >= $3 and begun_at < $4
            and ($2::uuid[] is null or counselor = any($2))
        group by counselor
        order by avg(level) desc, 3 desc, counselor
        limit $5
        "#,
        filter.institution,
        filter.scope.counselors() as Option<&[Uuid]>,
        month.begin,
        month.end,
        size
    )
    .fetch_all(pool)
    .await?;
    let rated = |counselor, mean, number| Rated { counselor: PersonId(counselor), mean, number };
    Ok(rows.into_iter().map(|row| rated(row.counselor, row.mean, row.number)).collect())
}

/// What one counselor has done.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MyFigures {
    /// Consultations begun today.
    today_number: i64,
    /// Their length in milliseconds, as far as they are over.
    today_time: i64,
    /// In progress now.
    active: i64,
    /// Consultations ever begun.
    total_number: i64,
    /// Their length in milliseconds, as far as they are over.
    total_time: i64,
    /// Mean of 1 to 5; null if nobody has rated.
    rating: Option<f64>,
    /// Of how many ratings.
    rating_number: i64,
}

/// One counselor's own figures.
///
/// # Errors
/// The database's.
pub async fn my_figures(
    pool: &PgPool,
    counselor: PersonId,
    calendar: &Calendar,
    now: Timestamp,
) -> Result<MyFigures, sqlx::Error> {
    let today = calendar.today(now);
    let done = sqlx::query!(
        r#"
        select count(*) as "total_number!",
               coalesce(sum(millis), 0)::bigint as "total_time!",
               count(*) filter (where started_at >= $2 and started_at < $3) as "today_number!",
               coalesce(sum(millis) filter (where started_at >= $2 and started_at < $3), 0)::bigint as "today_time!",
               count(*) filter (where status = 'IN_PROGRESS') as "active!"
        from counted_talks
        where counterpart = $1
        "#,
        counselor.0,
        today.begin,
        today.end
    )
    .fetch_one(pool)
    .await?;
    let rating = evaluations::ratings_of(pool, &[counselor]).await?.remove(&counselor);
    Ok(MyFigures {
        today_number: done.today_number,
        today_time: done.today_time,
        active: done.active,
        total_number: done.total_number,
        total_time: done.total_time,
        rating: rating.map(|rating| rating.mean),
        rating_number: rating.map_or(0, |rating| rating.number),
    })
}
