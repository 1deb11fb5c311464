//! Shifts: who is on duty on which day, where the institution is.
//!
//! A single day is put by hand; a standing week writes its days ahead, so that each has an id and one can be taken off
//! alone. A row taken off stays, marked, so that the standing week does not bring it back.

mod rows;
mod upkeep;

use std::{collections::HashMap, fmt};

use hotline_actors::{PersonId, Timestamp};
use jiff::{ToSpan, civil::Date};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    audit::{Action, Note},
    calendar,
    errors::InternalError,
    evaluations,
    identity::AccountKind,
    params::ParamError,
    people::{People, Person, UnknownPerson},
};
pub use rows::{OfMonth, ShiftRow};
pub use upkeep::write_ahead_loop;

/// Standing weeks are written this many days ahead.
pub const DAYS_AHEAD: i64 = 60;
/// People put on a day at once.
const USERS_MAX: usize = 500;

/// Days of the week, 1 (Monday) to 7 (Sunday).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeekDays(Vec<i16>);

impl WeekDays {
    /// Each once; none for what is no day of the week.
    pub fn new(days: &[i64]) -> Option<Self> {
        let days: Option<std::collections::BTreeSet<i16>> =
            days.iter().map(|day| i16::try_from(*day).ok().filter(|day| (1..=7).contains(day))).collect();
        days.map(|days| Self(days.into_iter().collect()))
    }
}

/// Why people were not put on a day.
#[derive(Debug, thiserror::Error)]
pub enum ShiftError {
    #[error("the day is over")]
    PastDay,
    #[error(transparent)]
    Param(#[from] ParamError),
    #[error(transparent)]
    UnknownPerson(#[from] UnknownPerson),
    #[error(transparent)]
    Internal(#[from] InternalError),
}

impl From<sqlx::Error> for ShiftError {
    fn from(error: sqlx::Error) -> Self {
        Self::Internal(error.into())
    }
}

/// The days of an institution, for one request.
pub struct Calendar<'a> {
    pool: &'a PgPool,
    institution: &'a str,
    time_zone: String,
    now: Timestamp,
}

impl fmt::Debug for Calendar<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calendar").field("institution", &self.institution).finish_non_exhaustive()
    }
}

impl<'a> Calendar<'a> {
    pub async fn open(pool: &'a PgPool, institution: &'a str, now: Timestamp) -> Result<Self, InternalError> {
        let time_zone = calendar::zone_of(pool, institution).await?;
        let time_zone =
            time_zone.ok_or_else(|| InternalError::other("the caller's institution is not there"))?;
        Ok(Self { pool, institution, time_zone, now })
    }

    /// The day that holds this moment there.
    pub fn day(&self, at: Timestamp) -> Date {
        calendar::Calendar::new(&self.time_zone).date(at)
    }

    /// When this day begins there.
    pub fn start_of(&self, day: Date) -> Timestamp {
        calendar::Calendar::new(&self.time_zone).start_of(day)
    }

    fn today(&self) -> Date {
        self.day(self.now)
    }

    /// Puts all of them on the day, or nobody. Who is on already stays so, with the same id.
    ///
    /// # Errors
    /// [`ShiftError::PastDay`], or the database's.
    pub async fn put(
        &self,
        day: Date,
        people: &[PersonId],
        by: PersonId,
    ) -> Result<Vec<ShiftRow>, ShiftError> {
        if day < self.today() {
            return Err(ShiftError::PastDay);
        }
        let mut transaction = self.pool.begin().await?;
        let shifts = rows::put(&mut transaction, self.institution, day, people, self.now).await?;
        let (people, day): (Vec<Uuid>, _) = (people.iter().map(|person| person.0).collect(), day.to_string());
        let note = Note { people: &people, detail: Some(&day), ..self.note(by, Action::AddShift) };
        note.write(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(shifts)
    }

    fn note(&self, by: PersonId, action: Action) -> Note<'_> {
        Note {
            institution: Some(self.institution),
            actor: by,
            action,
            target: None,
            people: &[],
            detail: None,
            at: self.now,
        }
    }

    /// Makes these days the person's standing week from today on, in place of any earlier one. No days clear it.
    ///
    /// # Errors
    /// The database's; then nothing has changed.
    pub async fn set_week(&self, person: PersonId, week: &WeekDays, by: PersonId) -> Result<(), sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        let days = week.0.iter().map(i16::to_string).collect::<Vec<_>>().join(" ");
        let note = Note { target: Some(person.0), detail: Some(&days), ..self.note(by, Action::ChangeWeek) };
        note.write(&mut *transaction).await?;
        rows::set_week(&mut transaction, self.institution, person, week, self.today()).await?;
        rows::write_ahead(&mut transaction, self.institution, Some(person), self.today(), self.now).await?;
        transaction.commit().await
    }

    /// Writes what is missing of the standing weeks, [`DAYS_AHEAD`] days from today. Answers how many shifts that were;
    /// a second time it is none.
    pub async fn write_ahead(&self) -> Result<u64, sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        let written =
            rows::write_ahead(&mut transaction, self.institution, None, self.today(), self.now).await?;
        transaction.commit().await?;
        Ok(written)
    }

    /// Takes one shift off, for good. Whether there is such a shift.
    ///
    /// # Errors
    /// The database's; then it stays.
    pub async fn take_off(&self, shift: Uuid, by: PersonId) -> Result<bool, sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        if !rows::take_off(&mut transaction, self.institution, shift, self.now).await? {
            return Ok(false);
        }
        let note = Note { target: Some(shift), ..self.note(by, Action::RemoveShift) };
        note.write(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Who of this kind is on duty on the day.
    pub async fn on_duty(&self, day: Date, kind: AccountKind) -> Result<Vec<ShiftRow>, sqlx::Error> {
        rows::on_duty(self.pool, self.institution, day, kind).await
    }

    /// The days of the month that holds this day, each with who is on duty.
    pub async fn month(&self, day: Date) -> Result<Vec<(Date, Vec<OfMonth>)>, sqlx::Error> {
        let (first, last) = (day.first_of_month(), day.last_of_month());
        let mut on = rows::between(self.pool, self.institution, first, last).await?;
        let days = first.series(1.day()).take_while(|day| *day <= last);
        Ok(days.map(|day| (day, on.remove(&day).unwrap_or_default())).collect())
    }
}

/// Those of the institution who can be on duty and have these ids, in this order.
///
/// # Errors
/// [`UnknownPerson`] for the first id that is nobody's: another institution's, a visitor's, a deleted person's.
pub async fn staff(people: &People, institution: &str, ids: &[String]) -> Result<Vec<Person>, ShiftError> {
    if ids.len() > USERS_MAX {
        return Err(ParamError::bad("users").into());
    }
    let parsed: Vec<PersonId> =
        ids.iter().map(|id| id.parse().map_err(|_| UnknownPerson::of(id))).collect::<Result<_, _>>()?;
    let mut found: HashMap<PersonId, Person> = people.load(&parsed).await?;
    let mut staff = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for (id, text) in parsed.into_iter().zip(ids) {
        if !seen.insert(id) {
            continue;
        }
        let person = found.remove(&id).filter(|person| {
            matches!(person.kind, AccountKind::Counselor | AccountKind::Supervisor)
                && person.institution.as_deref() == Some(institution)
                && person.deleted_at.is_none()
        });
        staff.push(person.ok_or_else(|| UnknownPerson::of(text))?);
    }
    Ok(staff)
}

/// What a visitor may know of a counselor before asking for them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Acquaintance {
    /// The visitor has been with this counselor before.
    pub consulted: bool,
    /// The mean of 1 to 5; none without ratings.
    pub rating: Option<f64>,
}

/// What the visitor may know of each of these.
pub async fn acquaintances(
    pool: &PgPool,
    visitor: PersonId,
    people: &[PersonId],
) -> Result<HashMap<PersonId, Acquaintance>, sqlx::Error> {
    let consulted = rows::consulted(pool, visitor, people).await?;
    let ratings = evaluations::ratings_of(pool, people).await?;
    let known = |person: &PersonId| Acquaintance {
        consulted: consulted.contains(person),
        rating: ratings.get(person).map(|rating| rating.mean),
    };
    Ok(people.iter().map(|person| (*person, known(person))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_has_seven_days_each_once() {
        assert_eq!(WeekDays::new(&[5, 1, 3, 1]), Some(WeekDays(vec![1, 3, 5])));
        assert_eq!(WeekDays::new(&[]), Some(WeekDays(Vec::new())));
        for bad in [0, 8, -1, i64::MAX] {
            assert_eq!(WeekDays::new(&[1, bad]), None, "{bad}");
        }
    }
}
