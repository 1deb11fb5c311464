//! The one conversation object of the wire (contract section 6).

use std::collections::HashMap;

use hotline_actors::{
    ConversationId, CounselorId, PersonId,
    dispatch::{command::Place, counselor::Shown},
};
use serde::Serialize;

use super::Row;
use crate::{
    app::AppState,
    auth::Caller,
    people::{Person, PersonView, view},
};

/// See the module. Null fields are present.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConversationView {
    id: ConversationId,
    created_time: i64,
    start_time: Option<i64>,
    end_time: Option<i64>,
    status: String,
    conversation_type: String,
    /// Milliseconds, as everywhere.
    duration: Option<i64>,
    user: Option<PersonView>,
    counselor: Option<PersonView>,
    supervisor: Option<PersonView>,
    evaluate: Option<()>,
    avatar_url: Option<String>,
    end_reason: Option<String>,
    priority: String,
    queue: Option<QueueView>,
    medium: String,
    call_start_time: Option<i64>,
    supervise: Option<()>,
}

/// A waiting conversation's place, counted as people count.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct QueueView {
    position: usize,
    ahead: usize,
    counselor_state: Option<&'static str>,
    estimated_wait_seconds: Option<u64>,
}

/// One conversation as `reader` may see it, with its place as it is kept now.
///
/// # Errors
/// The database's.
pub async fn one(state: &AppState, row: Row, reader: &Caller) -> Result<ConversationView, sqlx::Error> {
    let queue = if row.waits() { queue(state, &row).await? } else { None };
    let people = state.people.load(&parties(std::slice::from_ref(&row))).await?;
    Ok(shown(row, queue, &people, reader))
}

/// Several conversations; the places of those that wait are not looked up.
///
/// # Errors
/// The database's.
pub async fn many(
    state: &AppState,
    rows: Vec<Row>,
    reader: &Caller,
) -> Result<Vec<ConversationView>, sqlx::Error> {
    let people = state.people.load(&parties(&rows)).await?;
    let mut views = Vec::with_capacity(rows.len());
    for row in rows {
        // At most one of a visitor's waits.
        let queue = if row.waits() { queue(state, &row).await? } else { None };
        views.push(shown(row, queue, &people, reader));
    }
    Ok(views)
}

fn parties(rows: &[Row]) -> Vec<PersonId> {
    let mut people: Vec<PersonId> =
        rows.iter().flat_map(|row| [Some(PersonId(row.visitor)), row.counterpart()]).flatten().collect();
    people.sort_unstable();
    people.dedup();
    people
}

fn shown(
    row: Row,
    queue: Option<QueueView>,
    people: &HashMap<PersonId, Person>,
    reader: &Caller,
) -> ConversationView {
    let person = |id: PersonId| people.get(&id);
    let counselor = row.counterpart().and_then(person);
    let end = row.ended_at;
    ConversationView {
        id: ConversationId(row.id),
        created_time: row.opened_at,
        start_time: row.started_at,
        end_time: end,
        duration: row.started_at.zip(end).map(|(start, end)| end - start),
        user: person(PersonId(row.visitor)).map(|person| view(person, reader)),
        supervisor: None,
        evaluate: None,
        avatar_url: counselor.and_then(|person| person.avatar_url.clone()),
        counselor: counselor.map(|person| view(person, reader)),
        status: row.status,
        conversation_type: row.kind,
        end_reason: row.end_reason,
        priority: row.priority,
        queue,
        medium: row.medium,
        call_start_time: row.call_started_at,
        supervise: None,
    }
}

async fn queue(state: &AppState, row: &Row) -> Result<Option<QueueView>, sqlx::Error> {
    let Some(place) = state.institutions.place(&row.institution, ConversationId(row.id)).await else {
        return Ok(None);
    };
    let estimate = match row.wanted {
        Some(wanted) => estimated_wait_seconds(state, CounselorId(wanted), place).await?,
        None => None,
    };
    Ok(Some(QueueView {
        position: place.ahead + 1,
        ahead: place.ahead,
        counselor_state: place.counselor.map(Shown::as_str),
        estimated_wait_seconds: estimate,
    }))
}

/// The median length of his last talks for each that goes before and for this one, shared by his places; rounded up to
/// a minute. A guess, and an honest one only with enough talks behind it.
async fn estimated_wait_seconds(
    state: &AppState,
    counselor: CounselorId,
    place: Place,
) -> Result<Option<u64>, sqlx::Error> {
    let Some(median) = super::median_length(&state.pool, counselor).await? else { return Ok(None) };
    let person = state.people.get(counselor.into()).await?;
    let capacity = person.map_or(0, |person| person.max_consults);
    if capacity < 1 {
        return Ok(None);
    }
    Ok(Some(round_up_to_minute(median, place.ahead, capacity)))
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
}
