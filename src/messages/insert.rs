//! The one statement that places and stores a batch of messages.
//!
//! Everything is decided in it against committed rows: who the accounts are, which conversation it is, whether it came
//! before. So there is no moment between looking and writing, and the statement may be repeated when its outcome is unknown.

use sqlx::PgConnection;
use uuid::Uuid;

use super::{LATE_AFTER_END, Stored, writer::Entry};

/// What became of one message.
#[derive(Debug)]
pub(super) enum Outcome {
    Stored(Stored),
    Unplaced(String),
}

/// Columns instead of rows: one array each, for `unnest`.
#[derive(Default)]
struct Columns<'a> {
    ids: Vec<Uuid>,
    from_accounts: Vec<&'a str>,
    from_ids: Vec<Option<Uuid>>,
    to_accounts: Vec<&'a str>,
    to_ids: Vec<Option<Uuid>>,
    keys: Vec<&'a str>,
    sequences: Vec<i64>,
    randoms: Vec<i64>,
    said: Vec<i64>,
    received: Vec<i64>,
    documents: Vec<&'a str>,
    custom: Vec<&'a str>,
    claimed: Vec<Option<Uuid>>,
    online_only: Vec<bool>,
    send_results: Vec<i32>,
    system: Vec<bool>,
}

impl<'a> Columns<'a> {
    fn of(entries: &'a [Entry]) -> Self {
        let mut columns = Self::default();
        for Entry { id, message, .. } in entries {
            columns.ids.push(*id);
            columns.from_accounts.push(&message.from);
            columns.from_ids.push(message.from.parse().ok().map(|id: hotline_actors::PersonId| id.0));
            columns.to_accounts.push(&message.to);
            columns.to_ids.push(message.to.parse().ok().map(|id: hotline_actors::PersonId| id.0));
            columns.keys.push(&message.key);
            columns.sequences.push(i64::from(message.sequence));
            columns.randoms.push(i64::from(message.random));
            columns.said.push(message.said_at.0);
            columns.received.push(message.received_at.0);
            columns.documents.push(&message.document);
            columns.custom.push(&message.cloud_custom_data);
            columns.claimed.push(message.claimed().map(|id| id.0));
            columns.online_only.push(message.online_only);
            columns.send_results.push(message.send_result);
            columns.system.push(message.system);
        }
        columns
    }
}

/// Places and stores `entries`; the outcomes stand in their order.
pub(super) async fn insert(
    connection: &mut PgConnection,
    entries: &[Entry],
) -> Result<Vec<Outcome>, sqlx::Error> {
    let columns = Columns::of(entries);
    let late_after_end = i64::try_from(LATE_AFTER_END.as_millis()).unwrap_or(i64::MAX);
    let rows = sqlx::query_file!(
        "src/messages/insert.sql",
        &columns.ids,
        &columns.from_accounts as &[&str],
        &columns.from_ids as &[Option<Uuid>],
        &columns.to_accounts as &[&str],
        &columns.to_ids as &[Option<Uuid>],
        &columns.keys as &[&str],
        &columns.sequences,
        &columns.randoms,
        &columns.said,
        &columns.received,
        &columns.documents as &[&str],
        &columns.custom as &[&str],
        &columns.claimed as &[Option<Uuid>],
        &columns.online_only,
        &columns.send_results,
        &columns.system,
        late_after_end,
    )
    .fetch_all(connection)
    .await?;
    let outcomes = rows.into_iter().map(|row| match row.reason {
        Some(reason) => Outcome::Unplaced(reason),
        None if row.first => Outcome::Stored(Stored::First),
        None => Outcome::Stored(Stored::Again),
    });
    Ok(outcomes.collect())
}
