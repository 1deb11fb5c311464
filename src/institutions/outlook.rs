//! What a wait depends on and dispatch only passes on: how long each counselor's last talks were, and on which day each
//! has the next shift. Of all institutions in one statement each; the talks only of those in which any may have changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use dashmap::DashSet;
use hotline_actors::{CounselorId, Timestamp, dispatch::place::Forecast};
use jiff::civil::Date;
use sqlx::PgPool;

use super::shifts::Today;

/// Talks that an estimate rests on, and the fewest it can rest on.
const TALKS_MAX: i64 = 20;
const TALKS_MIN: i64 = 5;

/// How long talks are, as last read.
pub(super) struct Lengths {
    /// Institutions in which a talk may have ended, or was deleted, since.
    changed: Arc<DashSet<Arc<str>>>,
    typical: BTreeMap<String, BTreeMap<CounselorId, Duration>>,
    /// Taken out of those, and not yet read.
    pending: BTreeSet<String>,
}

/// Institutions whose talks are read by one statement: none takes long.
const INSTITUTIONS_MAX: usize = 50;

impl Lengths {
    pub(super) fn new(changed: Arc<DashSet<Arc<str>>>) -> Self {
        Self { changed, typical: BTreeMap::new(), pending: BTreeSet::new() }
    }

    /// Reads those of institutions that are new here, or in which talks may have changed.
    async fn read(&mut self, pool: &PgPool, all: &[Today]) -> Result<(), sqlx::Error> {
        for Today { institution, .. } in all {
            // Taken out before it is read: what is committed meanwhile is read next time.
            if self.changed.remove(institution.as_str()).is_some() || !self.typical.contains_key(institution)
            {
                self.pending.insert(institution.clone());
            }
        }
        let pending: Vec<String> = self.pending.iter().cloned().collect();
        for some in pending.chunks(INSTITUTIONS_MAX) {
            let read = typical(pool, some).await?;
            for institution in some {
                self.pending.remove(institution);
                self.typical.insert(institution.clone(), BTreeMap::new());
            }
            for (institution, counselor, length) in read {
                self.typical.entry(institution).or_default().insert(counselor, length);
            }
        }
        Ok(())
    }
}

/// By institution.
pub(super) async fn read(
    pool: &PgPool,
    all: &[Today],
    lengths: &mut Lengths,
) -> Result<BTreeMap<String, Forecast>, sqlx::Error> {
    lengths.read(pool, all).await?;
    let forecast = |typical: &BTreeMap<_, _>| Forecast { typical: typical.clone(), ..Forecast::default() };
    let mut forecasts: BTreeMap<String, Forecast> = lengths
        .typical
        .iter()
        .map(|(institution, typical)| (institution.clone(), forecast(typical)))
        .collect();
    for (institution, counselor, start) in next_shifts(pool, all).await? {
        forecasts.entry(institution).or_default().next_shift.insert(counselor, start);
    }
    Ok(forecasts)
}

/// The median length of each counselor's last talks; left out are those with too few.
async fn typical(
    pool: &PgPool,
    institutions: &[String],
) -> Result<Vec<(String, CounselorId, Duration)>, sqlx::Error> {
    let medians = sqlx::query!(
        r#"
        select p.institution as "institution!", p.id, talks.median as "median!"
        from people p cross join lateral (
            select count(*) as count, percentile_cont(0.5) within group (order by length) as median
            from (
                select c.millis::double precision as length
                from counted_talks c
                where c.counterpart = p.id and c.ended_at is not null
                order by c.opened_at desc
                limit $1
            ) as last
        ) as talks
        where p.institution = any($3) and p.kind = 'COUNSELOR' and p.deleted_at is null and p.state is distinct from 'BANNED'
          and talks.count >= $2
        "#,
        TALKS_MAX,
        TALKS_MIN,
        institutions
    )
    .fetch_all(pool)
    .await?;
    let millis = |median: f64| Duration::try_from_secs_f64(median / 1000.0).unwrap_or_default();
    Ok(medians.into_iter().map(|row| (row.institution, CounselorId(row.id), millis(row.median))).collect())
}

async fn next_shifts(
    pool: &PgPool,
    all: &[Today],
) -> Result<Vec<(String, CounselorId, Timestamp)>, sqlx::Error> {
    let (codes, days): (Vec<String>, Vec<String>) =
        all.iter().map(|today| (today.institution.clone(), today.day.to_string())).unzip();
    let rows = sqlx::query!(
        r#"
        select s.institution, s.person, min(s.day)::text as "day!"
        from unnest($1::text[], $2::text[]) as i (code, day)
            join shifts s on s.institution = i.code and s.day > i.day::date and s.removed_at is null
            join people p on p.id = s.person
        where p.deleted_at is null and p.state is distinct from 'BANNED'
        group by s.institution, s.person
        "#,
        &codes,
        &days
    )
    .fetch_all(pool)
    .await?;
    let calendars: BTreeMap<&str, _> =
        all.iter().map(|today| (today.institution.as_str(), &today.calendar)).collect();
    let mut next = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(calendar) = calendars.get(row.institution.as_str()) else { continue };
        let day: Date = row.day.parse().map_err(|error: jiff::Error| sqlx::Error::Decode(error.into()))?;
        next.push((row.institution, CounselorId(row.person), calendar.start_of(day)));
    }
    Ok(next)
}
