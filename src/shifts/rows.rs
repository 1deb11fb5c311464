//! Shifts in PostgreSQL. Days go in and out as `2021-04-27`.

use std::collections::{BTreeMap, HashMap, HashSet};

use hotline_actors::{PersonId, Timestamp};
use jiff::civil::Date;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{DAYS_AHEAD, WeekDays};
use crate::identity::AccountKind;

/// Somebody is on duty on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShiftRow {
    pub shift: Uuid,
    pub person: PersonId,
}

/// Somebody in the month's list.
#[derive(Clone)]
pub struct OfMonth {
    pub shift: Uuid,
    pub person: PersonId,
    pub kind: String,
    pub username: String,
    pub name: Option<String>,
    pub avatar_url: Option<String>,
    /// From a standing week.
    pub standing: bool,
}

impl std::fmt::Debug for OfMonth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OfMonth({}, …)", self.shift)
    }
}

pub(super) async fn institutions(pool: &PgPool) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!("select code from institutions order by code").fetch_all(pool).await
}

/// Puts people on a day; a row that is there, taken off or from a standing week, becomes one put by hand.
pub(super) async fn put(
    connection: &mut PgConnection,
    institution: &str,
    day: Date,
    people: &[PersonId],
    now: Timestamp,
) -> Result<Vec<ShiftRow>, sqlx::Error> {
    let (ids, persons): (Vec<Uuid>, Vec<Uuid>) =
        people.iter().map(|person| (Uuid::now_v7(), person.0)).unzip();
    let rows = sqlx::query!(
        "insert into shifts as s (id, institution, person, day, standing, created_at)
         select n.id, $1, n.person, $2::text::date, false, $3 from unnest($4::uuid[], $5::uuid[]) as n (id, person)
         on conflict on constraint shifts_one_per_person_and_day do update set standing = false, removed_at = null
         returning s.id, s.person",
        institution,
        day.to_string(),
        now.0,
        &ids,
        &persons,
    )
    .fetch_all(connection)
    .await?;
    let shifts: HashMap<Uuid, Uuid> = rows.into_iter().map(|row| (row.person, row.id)).collect();
    let shift_row =
        |person: &PersonId| shifts.get(&person.0).map(|shift| ShiftRow { shift: *shift, person: *person });
    Ok(people.iter().filter_map(shift_row).collect())
}

/// Replaces a standing week. What the old one wrote goes; what was put by hand, and what was taken off, stays.
pub(super) async fn set_week(
    connection: &mut PgConnection,
    institution: &str,
    person: PersonId,
    week: &WeekDays,
    today: Date,
) -> Result<(), sqlx::Error> {
    // First, for its lock: whoever writes weeks ahead meanwhile waits, and then reads this one.
    sqlx::query!(
        "insert into standing_weeks (person, institution, week_days, since) values ($1, $2, $3, $4::text::date)
         on conflict (person) do update set week_days = excluded.week_days, since = excluded.since",
        person.0,
        institution,
        &week.0,
        today.to_string(),
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "delete from shifts
         where person = $1 and day >= $2::text::date and standing and removed_at is null
           and extract(isodow from day) <> all($3::smallint[])",
        person.0,
        today.to_string(),
        &week.0,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes the standing weeks of one person or of all, up to [`DAYS_AHEAD`]. Answers how many shifts were missing.
pub(super) async fn write_ahead(
    connection: &mut PgConnection,
    institution: &str,
    person: Option<PersonId>,
    today: Date,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    // A week that is being replaced is waited for, and read as it then is.
    let missing = sqlx::query!(
        r#"select w.person, d.day::date::text as "day!"
           from standing_weeks w
           join people p on p.id = w.person and p.deleted_at is null
           cross join generate_series($2::text::date, $2::text::date + $3::int, interval '1 day') as d (day)
           where w.institution = $1 and ($4::uuid is null or w.person = $4)
             and extract(isodow from d.day) = any(w.week_days)
             and not exists (select from shifts s where s.person = w.person and s.day = d.day)
           for share of w"#,
        institution,
        today.to_string(),
        i32::try_from(DAYS_AHEAD).unwrap_or(i32::MAX),
        person.map(|person| person.0),
    )
    .fetch_all(&mut *connection)
    .await?;
    let ids: Vec<Uuid> = missing.iter().map(|_| Uuid::now_v7()).collect();
    let (persons, days): (Vec<Uuid>, Vec<String>) =
        missing.into_iter().map(|row| (row.person, row.day)).unzip();
    let written = sqlx::query!(
        "insert into shifts (id, institution, person, day, standing, created_at)
         select n.id, $1, n.person, n.day::date, true, $2
         from unnest($3::uuid[], $4::uuid[], $5::text[]) as n (id, person, day)
         on conflict on constraint shifts_one_per_person_and_day do nothing",
        institution,
        now.0,
        &ids,
        &persons,
        &days,
    )
    .execute(connection)
    .await?;
    Ok(written.rows_affected())
}

/// Whether there is such a shift; one taken off before stays as it is.
pub(super) async fn take_off(
    connection: &mut PgConnection,
    institution: &str,
    shift: Uuid,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update shifts set removed_at = coalesce(removed_at, $3) where id = $1 and institution = $2",
        shift,
        institution,
        now.0,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn on_duty(
    pool: &PgPool,
    institution: &str,
    day: Date,
    kind: AccountKind,
) -> Result<Vec<ShiftRow>, sqlx::Error> {
    let rows = sqlx::query!(
        "select s.id, s.person from shifts s join people p on p.id = s.person
         where s.institution = $1 and s.day = $2::text::date and s.removed_at is null
           and p.kind = $3 and p.deleted_at is null and p.state is distinct from 'BANNED'
         order by coalesce(p.name, p.username), p.id",
        institution,
        day.to_string(),
        kind.as_str(),
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| ShiftRow { shift: row.id, person: PersonId(row.person) }).collect())
}

/// Who is on duty on which of these days, in one query.
pub(super) async fn between(
    pool: &PgPool,
    institution: &str,
    first: Date,
    last: Date,
) -> Result<BTreeMap<Date, Vec<OfMonth>>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select s.day::text as "day!", s.id, s.person, s.standing, p.kind, p.username, p.name, p.avatar_url
           from shifts s join people p on p.id = s.person
           where s.institution = $1 and s.day between $2::text::date and $3::text::date and s.removed_at is null
             and p.deleted_at is null and p.state is distinct from 'BANNED'
           order by s.day, p.kind, coalesce(p.name, p.username), p.id"#,
        institution,
        first.to_string(),
        last.to_string(),
    )
    .fetch_all(pool)
    .await?;
    let mut on: BTreeMap<Date, Vec<OfMonth>> = BTreeMap::new();
    for row in rows {
        let day = row.day.parse().map_err(|error: jiff::Error| sqlx::Error::Decode(error.into()))?;
        on.entry(day).or_default().push(OfMonth {
            shift: row.id,
            person: PersonId(row.person),
            kind: row.kind,
            username: row.username,
            name: row.name,
            avatar_url: row.avatar_url,
            standing: row.standing,
        });
    }
    Ok(on)
}

/// Which of these the visitor has been with.
pub(super) async fn consulted(
    pool: &PgPool,
    visitor: PersonId,
    people: &[PersonId],
) -> Result<HashSet<PersonId>, sqlx::Error> {
    let people: Vec<Uuid> = people.iter().map(|person| person.0).collect();
    let rows = sqlx::query_scalar!(
        r#"select distinct counselor as "counselor!" from counted_talks
           where visitor = $1 and counselor = any($2)"#,
        visitor.0,
        &people,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(PersonId).collect())
}
