//! How long somebody who waits will wait: a guess from the counselor's last talks (contract section 6).

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use dashmap::DashMap;
use hotline_actors::dispatch::command::Place;
use sqlx::PgPool;
use uuid::Uuid;

/// Talks that an estimate rests on, and the fewest it can rest on.
const TALKS_MAX: i64 = 20;
const TALKS_MIN: i64 = 5;
/// One more talk moves the median of twenty by little, and the estimate is rounded up to a minute.
const KEPT_MAX: Duration = Duration::from_secs(5);
/// Counselors in memory; more are looked up each time.
const COUNSELORS_MAX: usize = 10_000;

/// The median lengths of counselors' last talks, kept for a few seconds: in a long line everybody who arrives asks for the
/// same one. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Estimates {
    pool: PgPool,
    kept: Arc<DashMap<Uuid, Kept>>,
}

#[derive(Debug, Clone, Copy)]
struct Kept {
    /// Milliseconds; none with too few talks.
    median: Option<f64>,
    until: Instant,
}

impl Estimates {
    pub fn new(pool: PgPool) -> Self {
        Self { pool, kept: Arc::default() }
    }

    /// The median length in milliseconds of each counselor's last talks; left out are those with too few.
    ///
    /// # Errors
    /// The database's.
    pub async fn medians(&self, counselors: &[Uuid]) -> Result<HashMap<Uuid, f64>, sqlx::Error> {
        let now = Instant::now();
        let (mut medians, mut unknown) = (HashMap::new(), Vec::new());
        for counselor in counselors {
            match self.kept.get(counselor).filter(|kept| now < kept.until) {
                Some(kept) => medians.extend(kept.median.map(|median| (*counselor, median))),
                None => unknown.push(*counselor),
            }
        }
        if unknown.is_empty() {
            return Ok(medians);
        }
        for (counselor, median) in median_lengths(&self.pool, &unknown).await? {
            if self.kept.len() < COUNSELORS_MAX || self.kept.contains_key(&counselor) {
                self.kept.insert(counselor, Kept { median, until: now + KEPT_MAX });
            }
            medians.extend(median.map(|median| (counselor, median)));
        }
        Ok(medians)
    }
}

async fn median_lengths(pool: &PgPool, counselors: &[Uuid]) -> Result<Vec<(Uuid, Option<f64>)>, sqlx::Error> {
    let medians = sqlx::query!(
        r#"
        select w.counselor as "counselor!", talks.count as "count!", talks.median
        from unnest($1::uuid[]) as w (counselor) cross join lateral (
            select count(*) as count, percentile_cont(0.5) within group (order by length) as median
            from (
                select (ended_at - started_at)::double precision as length
                from conversations c
                -- As the index has it: whatever has begun has a counselor.
                where coalesce(c.counselor, c.wanted) = w.counselor and c.kind = 'COUNSELING_SESSION'
                    and c.deleted_at is null and c.ended_at is not null and c.started_at is not null
                order by c.opened_at desc
                limit $2
            ) as last
        ) as talks
        "#,
        counselors,
        TALKS_MAX
    )
    .fetch_all(pool)
    .await?;
    let sound = |count: i64, median: Option<f64>| median.filter(|_| count >= TALKS_MIN);
    Ok(medians.into_iter().map(|row| (row.counselor, sound(row.count, row.median))).collect())
}

/// The median length of his last talks for each that goes before and for this one, shared by his places; rounded up to
/// a minute. A guess, and an honest one only with enough talks behind it.
pub(super) fn wait_seconds(median_ms: f64, place: Place, capacity: i32) -> Option<u64> {
    (capacity > 0).then(|| round_up_to_minute(median_ms, place.ahead, capacity))
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "minutes of waiting: small, positive, and a guess anyway"
)]
fn round_up_to_minute(median_ms: f64, ahead: usize, capacity: i32) -> u64 {
    let minutes = median_ms * (ahead as f64 + 1.0) / f64::from(capacity) / 60_000.0;
    minutes.ceil() as u64 * 60
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_rounded_up_to_a_minute() {
        let twenty_minutes = 20.0 * 60_000.0;
        assert_eq!(round_up_to_minute(twenty_minutes, 0, 2), 600);
        assert_eq!(round_up_to_minute(twenty_minutes, 2, 5), 720);
        assert_eq!(round_up_to_minute(1.0, 0, 5), 60);
    }

    #[test]
    fn nobody_waits_for_a_counselor_without_places() {
        assert_eq!(wait_seconds(60_000.0, Place { ahead: 0, counselor: None }, 0), None);
    }
}
