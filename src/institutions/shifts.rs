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

use super::{Institutions, outlook};
use crate::{calendar::Calendar, clock, errors::describe};

/// A shift begins or ends at most this much after midnight.
const EVERY: Duration = Duration::from_secs(15);

pub(super) async fn refresh_loop(institutions: Institutions) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut well = true;
    loop {
        tick.tick().await;
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

pub(super) async fn refresh(institutions: &Institutions) -> Result<(), sqlx::Error> {
    let _one_at_a_time = institutions.0.refreshing.lock().await;
    let pool = &institutions.0.pool;
    let known =
        sqlx::query!("select code, time_zone from institutions order by code").fetch_all(pool).await?;
    let now = clock::now();
    for institution in known {
        let calendar = Calendar::new(&institution.time_zone);
        let day = calendar.date(now);
        let on = sqlx::query_scalar!(
            "select person from shifts where institution = $1 and day = $2::text::date and removed_at is null",
            institution.code,
            day.to_string()
        )
        .fetch_all(pool)
        .await?;
        let bound = sqlx::query!(
            r#"
            select b.counselor, b.supervisor
            from supervisor_bindings b join people p on p.id = b.counselor
            where p.institution = $1
            "#,
            institution.code
        )
        .fetch_all(pool)
        .await?;
        let mut bindings: BTreeMap<CounselorId, BTreeSet<PersonId>> = BTreeMap::new();
        for binding in bound {
            bindings.entry(CounselorId(binding.counselor)).or_default().insert(PersonId(binding.supervisor));
        }
        let registry = institutions.open(&institution.code);
        registry.do_send(Bind(bindings));
        let outlook = outlook::read(pool, &institution.code, &calendar, day).await?;
        registry.do_send(SetForecast(Arc::new(outlook)));
        institutions
            .tell(&institution.code, Command::Shift { on: on.into_iter().map(CounselorId).collect() });
    }
    Ok(())
}
