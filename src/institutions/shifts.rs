//! What dispatch must know and does not decide: the institutions there are, who is on shift today, and which
//! supervisors look after whom; and what the places of those who wait depend on. Read from the database, at changes and every now and then: a day also ends by itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use hotline_actors::{
    CounselorId, PersonId,
    dispatch::command::Command,
    registry::{Bind, SetForecast},
};
use jiff::civil::Date;
use sqlx::PgPool;

use super::{Institutions, outlook};
use crate::{calendar::Calendar, clock, errors::describe};

/// Supervisors by the counselor whom they look after.
type Bindings = BTreeMap<CounselorId, BTreeSet<PersonId>>;

/// A shift begins or ends at most this much after midnight.
const EVERY: Duration = Duration::from_secs(15);

/// Far longer than any of the statements may take.
const REFRESH_MAX: Duration = Duration::from_mins(1);

pub(super) async fn refresh_loop(institutions: Institutions) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut well = true;
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = institutions.0.refresh_soon.notified() => {}
        }
        match refresh(&institutions).await {
            Ok(()) => well = true,
            Err(error) if well => {
                well = false;
                tracing::warn!(error = %describe(&error), "shifts cannot be read; those known stay in force");
            }
            // Told already; told again after it was well.
            Err(_) => {}
        }
    }
}

/// An institution's day.
pub(super) struct Today {
    pub(super) institution: String,
    pub(super) calendar: Calendar,
    pub(super) day: Date,
}

/// Reads all institutions at once: however many there are, it takes as many statements. Not for ever, if no answer comes.
pub(super) async fn refresh(institutions: &Institutions) -> Result<(), sqlx::Error> {
    let refreshed = tokio::time::timeout(REFRESH_MAX, read_and_tell(institutions)).await;
    refreshed.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

async fn read_and_tell(institutions: &Institutions) -> Result<(), sqlx::Error> {
    let mut lengths = institutions.0.refreshing.lock().await;
    let pool = &institutions.0.pool;
    let now = clock::now();
    let known =
        sqlx::query!("select code, time_zone from institutions order by code").fetch_all(pool).await?;
    let all: Vec<Today> = known
        .into_iter()
        .filter(|institution| institutions.is_or_begins(&institution.code))
        .map(|institution| {
            let calendar = Calendar::new(&institution.time_zone);
            Today { institution: institution.code, day: calendar.date(now), calendar }
        })
        .collect();
    let (mut on_shift, mut bindings) = (on_shift(pool, &all).await?, bindings(pool).await?);
    for Today { institution, .. } in &all {
        let bindings = bindings.remove(institution).unwrap_or_default();
        if let Some(registry) = institutions.registry(institution) {
            registry.do_send(Bind(bindings));
        }
        let on = on_shift.remove(institution).unwrap_or_default();
        institutions.tell(institution, Command::Shift { on });
    }
    // Last, as it takes longest and matters least.
    let mut forecasts = outlook::read(pool, &all, &mut lengths).await?;
    for Today { institution, .. } in &all {
        let forecast = forecasts.remove(institution).unwrap_or_default();
        if let Some(registry) = institutions.registry(institution) {
            registry.do_send(SetForecast(Arc::new(forecast)));
        }
    }
    Ok(())
}

/// Who is on shift today, by institution.
async fn on_shift(
    pool: &PgPool,
    all: &[Today],
) -> Result<BTreeMap<String, BTreeSet<CounselorId>>, sqlx::Error> {
    let (codes, days): (Vec<String>, Vec<String>) =
        all.iter().map(|today| (today.institution.clone(), today.day.to_string())).unzip();
    let rows = sqlx::query!(
        "select s.institution, s.person
         from unnest($1::text[], $2::text[]) as i (code, day)
             join shifts s on s.institution = i.code and s.day = i.day::date
         where s.removed_at is null",
        &codes,
        &days
    )
    .fetch_all(pool)
    .await?;
    let mut on_shift: BTreeMap<String, BTreeSet<CounselorId>> = BTreeMap::new();
    for row in rows {
        on_shift.entry(row.institution).or_default().insert(CounselorId(row.person));
    }
    Ok(on_shift)
}

/// Who looks after whom, by institution.
async fn bindings(pool: &PgPool) -> Result<BTreeMap<String, Bindings>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select p.institution as "institution!", b.counselor, b.supervisor
        from supervisor_bindings b join people p on p.id = b.counselor
        where p.institution is not null
        "#
    )
    .fetch_all(pool)
    .await?;
    let mut bindings: BTreeMap<String, Bindings> = BTreeMap::new();
    for row in rows {
        let of_institution = bindings.entry(row.institution).or_default();
        of_institution.entry(CounselorId(row.counselor)).or_default().insert(PersonId(row.supervisor));
    }
    Ok(bindings)
}
