//! The statements that place and store a batch of messages.
//!
//! Everything is decided in them against committed rows: which conversation it is, and whether it came before. So there is
//! no moment between looking and writing, and they may be repeated when their outcome is unknown. Nearly all words name
//! their conversation and come from people who are known; those go in by a plain statement (`insert_named.sql`), which
//! costs half. What it leaves out is placed by `insert.sql`, which also says why something has no place.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use hotline_actors::{ConversationId, PersonId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{LATE_AFTER_END, Stored, activity::Pair, unmatched::UnmatchedLimits, writer::BufferedMessage};
use crate::clock;

/// What became of one message.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Between these two, where they had to be looked up.
    Stored(Stored, Option<Pair>),
    /// Stored as unmatched, for this reason.
    Unmatched(String),
    /// As above, but of people we do not know, or more than there is room for.
    Dropped(String),
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
    bodies: Vec<&'a str>,
    custom: Vec<&'a str>,
    claimed: Vec<Option<Uuid>>,
    online_only: Vec<bool>,
    send_results: Vec<i32>,
    system: Vec<bool>,
}

impl<'a> Columns<'a> {
    fn push(&mut self, entry: &'a BufferedMessage, from: Option<Uuid>, to: Option<Uuid>) {
        let BufferedMessage { id, message, .. } = entry;
        self.ids.push(*id);
        self.from_accounts.push(&message.from);
        self.from_ids.push(from);
        self.to_accounts.push(&message.to);
        self.to_ids.push(to);
        self.keys.push(&message.key);
        self.sequences.push(i64::from(message.sequence));
        self.randoms.push(i64::from(message.random));
        self.said.push(message.said_at.0);
        self.received.push(message.received_at.0);
        self.bodies.push(message.body.json());
        self.custom.push(&message.cloud_custom_data);
        self.claimed.push(message.claimed().map(|id| id.0));
        self.online_only.push(message.online_only);
        self.send_results.push(message.send_result);
        self.system.push(message.system);
    }

    /// Those who say themselves where they belong.
    fn named(entries: &'a [BufferedMessage]) -> Self {
        let named = entries
            .iter()
            .filter(|entry| entry.message.claimed().is_some())
            .filter_map(|entry| Some((entry, entry.message.sides?)));
        let mut columns = Self::default();
        for (entry, (from, to)) in named {
            columns.push(entry, Some(from.0), Some(to.0));
        }
        columns
    }

    /// Those who have to be placed.
    fn others(entries: &'a [BufferedMessage], stored: &HashSet<Uuid>) -> Self {
        let id_of = |account: &str| account.parse().ok().map(|id: PersonId| id.0);
        let mut columns = Self::default();
        for entry in entries.iter().filter(|entry| !stored.contains(&entry.id)) {
            columns.push(entry, id_of(&entry.message.from), id_of(&entry.message.to));
        }
        columns
    }
}

/// Places and stores `entries`; the outcomes stand in their order.
pub(super) async fn insert(
    connection: &mut PgConnection,
    entries: &[BufferedMessage],
    room: UnmatchedLimits,
) -> Result<Vec<Outcome>, sqlx::Error> {
    let late = late_for(entries);
    let named = Columns::named(entries);
    let stored = if named.ids.is_empty() { HashSet::new() } else { store(connection, &named, late).await? };
    let mut placed = if stored.len() == entries.len() {
        HashMap::new()
    } else {
        place(connection, &Columns::others(entries, &stored), room, late).await?
    };
    let outcome = |entry: &BufferedMessage| match placed.remove(&entry.id) {
        Some(outcome) => outcome,
        None => Outcome::Stored(Stored::Inserted, None),
    };
    Ok(entries.iter().map(outcome).collect())
}

/// The statement of a file, with the columns that both have as $1 to $15, and `more` behind them.
macro_rules! with_columns {
    ($query:ident, $file:literal, $columns:ident $(, $more:expr)* $(,)?) => {
        sqlx::$query!(
            $file,
            &$columns.ids,
            &$columns.from_accounts as &[&str],
            &$columns.from_ids as &[Option<Uuid>],
            &$columns.to_accounts as &[&str],
            &$columns.to_ids as &[Option<Uuid>],
            &$columns.keys as &[&str],
            &$columns.sequences,
            &$columns.randoms,
            &$columns.said,
            &$columns.received,
            &$columns.bodies as &[&str],
            &$columns.custom as &[&str],
            &$columns.claimed as &[Option<Uuid>],
            &$columns.online_only,
            &$columns.send_results,
            $($more),*
        )
    };
}

/// The ids of those that are stored.
async fn store(
    connection: &mut PgConnection,
    columns: &Columns<'_>,
    late: i64,
) -> Result<HashSet<Uuid>, sqlx::Error> {
    let stored =
        with_columns!(query_file_scalar, "src/messages/insert_named.sql", columns, late, late_after_end(),)
            .fetch_all(connection)
            .await?;
    Ok(stored.into_iter().collect())
}

/// What became of each, by its id.
async fn place(
    connection: &mut PgConnection,
    columns: &Columns<'_>,
    room: UnmatchedLimits,
    late: i64,
) -> Result<HashMap<Uuid, Outcome>, sqlx::Error> {
    let rows = with_columns!(
        query_file,
        "src/messages/insert.sql",
        columns,
        &columns.system,
        late,
        room.message_bytes_max,
        room.of_sender_max,
        room.messages_max,
        room.bytes_max,
        late_after_end(),
    )
    .fetch_all(connection)
    .await?;
    let outcomes = rows.into_iter().map(|row| {
        let outcome = match row.reason {
            Some(reason) if row.kept => Outcome::Unmatched(reason),
            Some(reason) => Outcome::Dropped(reason),
            None => {
                let stored = if row.first { Stored::Inserted } else { Stored::Duplicate };
                // A notice is said by nobody.
                let conversation = row.conversation.map(ConversationId);
                let pair = row.institution.zip(row.sender_id).zip(row.receiver_id);
                Outcome::Stored(
                    stored,
                    pair.map(|((institution, from), to)| Pair {
                        institution,
                        from: PersonId(from),
                        to: PersonId(to),
                        conversation,
                    }),
                )
            }
        };
        (row.id, outcome)
    });
    Ok(outcomes.collect())
}

/// In the time of dispatch.
pub(crate) fn late_after_end() -> i64 {
    millis(LATE_AFTER_END)
}

/// In the time in which `entries` were said: where the machine's clock was set back, ends are ahead of Tencent's time, and not
/// of ours.
fn late_for(entries: &[BufferedMessage]) -> i64 {
    let is_ours = entries.iter().all(|entry| entry.message.is_stamped_here);
    late_after_end() - if is_ours { 0 } else { millis(clock::ahead()) }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
