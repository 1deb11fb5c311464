//! The state of institutions, as it is read behind their claims: of all that were claimed together by one statement for each
//! kind of rows.

use std::collections::HashMap;

use hotline_actors::{
    ConversationId,
    dispatch::{Revived, Snapshot, StaffMember, clock::TalkRecord, conversation::Conversation},
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::rows::{self, Unreadable};
use crate::{
    clock,
    conversations::{ConversationRow, conversation_rows},
};

/// sqlx does not tell cargo which files it has read: without this a change of the statement alone would compile nothing anew.
const _: &str = include_str!("records.sql");

/// What was read of one institution: a row that cannot be understood is a matter of this one alone.
type State = Result<Snapshot, Unreadable>;

/// The state of each of these institutions.
pub(super) async fn read(
    connection: &mut PgConnection,
    institutions: &[String],
) -> Result<HashMap<String, State>, sqlx::Error> {
    let mut staff = staff(connection, institutions).await?;
    // Which conversations are open, apart by their kind as their indexes are, and the last number of an arrival.
    let found = sqlx::query!(
        r#"
        select i.code as "institution!",
               (select (body ->> 'arrival')::bigint from events
                where institution = i.code and kind = 'opened' order by seq desc limit 1) as last_arrival,
               array(select c.id from conversations c
                     where c.institution = i.code
                       and ((c.kind = 'COUNSELING_SESSION' and c.status in ('WAITING', 'IN_PROGRESS'))
                            or (c.kind = 'REQUEST_SUPERVISE' and c.status in ('WAITING', 'IN_PROGRESS')))
                     order by c.id) as "open!: Vec<Uuid>"
        from unnest($1::text[]) as i (code)
        "#,
        institutions
    )
    .fetch_all(&mut *connection)
    .await?;
    let open: Vec<Uuid> = found.iter().flat_map(|found| found.open.iter().copied()).collect();
    let open = conversations(connection, &open).await?;
    let mut opened = HashMap::new();
    for found in found {
        let facts: Result<Vec<_>, _> =
            found.open.iter().filter_map(|id| open.get(id)).map(rows::open_facts).collect();
        opened.insert(found.institution, (found.last_arrival.unwrap_or(0), facts));
    }
    let readable = opened.values().filter_map(|(_, facts)| facts.as_ref().ok()).flatten();
    let talks: Vec<_> = readable.filter(|facts| facts.counselor().is_some()).map(|facts| facts.id).collect();
    let records = records(connection, &talks).await?;
    let mut said: HashMap<_, _> = records.into_iter().map(|record| (record.talk, record.said)).collect();
    let mut revived =
        |facts: Conversation| Revived { facts, said: said.remove(&facts.id).unwrap_or_default() };
    let states = opened.into_iter().map(|(institution, (last_arrival, facts))| {
        let staff = staff.remove(&institution).unwrap_or_else(|| Ok(Vec::new()));
        let state = staff.and_then(|staff| {
            let facts = facts?;
            let last_open = facts.iter().map(|facts| facts.arrival).max().unwrap_or(0);
            let last_arrival = u64::try_from(last_arrival).unwrap_or(0).max(last_open);
            Ok(Snapshot { staff, open: facts.into_iter().map(&mut revived).collect(), last_arrival })
        });
        (institution, state)
    });
    Ok(states.collect())
}

/// Those of each institution who have places, by their ids.
async fn staff(
    connection: &mut PgConnection,
    institutions: &[String],
) -> Result<HashMap<String, Result<Vec<StaffMember>, Unreadable>>, sqlx::Error> {
    let seats = sqlx::query_as!(
        rows::SeatRow,
        r#"
        select institution as "institution!", id, kind, max_consults, presence
        from people
        where institution = any($1) and kind in ('COUNSELOR', 'SUPERVISOR')
          and deleted_at is null and state is distinct from 'BANNED'
        order by id
        "#,
        institutions
    )
    .fetch_all(connection)
    .await?;
    let mut by_institution: HashMap<String, Vec<rows::SeatRow>> = HashMap::new();
    for seat in seats {
        by_institution.entry(seat.institution.clone()).or_default().push(seat);
    }
    let understood = by_institution.into_iter().map(|(institution, seats)| {
        (institution, seats.into_iter().map(StaffMember::try_from).collect::<Result<_, _>>())
    });
    Ok(understood.collect())
}

/// Those of these conversations that are open still.
async fn conversations(
    connection: &mut PgConnection,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, ConversationRow>, sqlx::Error> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    // One that is over was ended by another server, which has claimed the journal behind us: nothing will come of our claim.
    let open = conversation_rows!("where c.id = any($1) and c.status in ('WAITING', 'IN_PROGRESS')", ids)
        .fetch_all(connection)
        .await?;
    Ok(open.into_iter().map(|row| (row.id, row)).collect())
}

/// What the record says about these talks.
pub(super) async fn records(
    connection: &mut PgConnection,
    talks: &[ConversationId],
) -> Result<Vec<TalkRecord>, sqlx::Error> {
    if talks.is_empty() {
        return Ok(Vec::new());
    }
    let talks: Vec<Uuid> = talks.iter().map(|talk| talk.0).collect();
    let ahead = i64::try_from(clock::ahead().as_millis()).unwrap_or(i64::MAX);
    let rows = sqlx::query_file_as!(rows::RecordRow, "src/store/records.sql", &talks, ahead)
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}
