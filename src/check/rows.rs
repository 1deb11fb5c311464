//! Rows as the check reads them, in pages.

use std::collections::HashMap;

use hotline_actors::{
    ConversationId, PersonId,
    dispatch::conversation::{Conversation, SentNotices},
};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Wanted;
use crate::conversations::ConversationRow;

pub(super) struct EventRow {
    pub(super) seq: i64,
    pub(super) at: i64,
    pub(super) kind: String,
    pub(super) body: String,
}

/// The next events of an institution.
pub(super) async fn events(
    connection: &mut PgConnection,
    institution: &str,
    after: i64,
    limit: usize,
) -> Result<Vec<EventRow>, sqlx::Error> {
    sqlx::query_as!(
        EventRow,
        r#"select seq, at, kind, body::text as "body!" from events
           where institution = $1 and seq > $2 order by seq limit $3"#,
        institution,
        after,
        i64::try_from(limit).unwrap_or(i64::MAX)
    )
    .fetch_all(connection)
    .await
}

/// Those of `people` who are not the institution's.
pub(super) async fn strangers(
    connection: &mut PgConnection,
    institution: &str,
    people: &[Uuid],
) -> Result<Vec<PersonId>, sqlx::Error> {
    let strangers = sqlx::query_scalar!(
        r#"select n.id as "id!" from unnest($2::uuid[]) as n (id)
           where not exists (select from people p where p.id = n.id and p.institution = $1)"#,
        institution,
        people
    );
    Ok(strangers.fetch_all(connection).await?.into_iter().map(PersonId).collect())
}

/// What the journal decides of a person.
pub(super) struct PersonRow {
    id: Uuid,
    pub(super) kind: String,
    pub(super) max_consults: i32,
    pub(super) presence: Option<String>,
    pub(super) state: Option<String>,
    pub(super) deleted_at: Option<i64>,
}

pub(super) async fn people(
    connection: &mut PgConnection,
    institution: &str,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, PersonRow>, sqlx::Error> {
    let rows = sqlx::query_as!(
        PersonRow,
        "select id, kind, max_consults, presence, state, deleted_at from people
         where id = any($2) and institution = $1",
        institution,
        ids
    );
    Ok(rows.fetch_all(connection).await?.into_iter().map(|row| (row.id, row)).collect())
}

/// Notices that were decided and do not stand in the record, where its words are not erased.
pub(super) async fn missing_notices(
    connection: &mut PgConnection,
    notices: &[(i64, ConversationId)],
) -> Result<Vec<(i64, ConversationId)>, sqlx::Error> {
    if notices.is_empty() {
        return Ok(Vec::new());
    }
    let (seqs, conversations): (Vec<i64>, Vec<Uuid>) =
        notices.iter().map(|(seq, conversation)| (*seq, conversation.0)).unzip();
    let missing = sqlx::query!(
        r#"select n.seq as "seq!", n.conversation as "conversation!"
           from unnest($1::bigint[], $2::uuid[]) as n (seq, conversation)
               join conversations c on c.id = n.conversation
           where c.erased_at is null
               and not exists (select from messages m
                               where m.conversation = n.conversation and m.system and m.msg_key = 'notice_' || n.seq)
           order by n.seq"#,
        &seqs,
        &conversations
    );
    let missing = missing.fetch_all(connection).await?;
    Ok(missing.into_iter().map(|row| (row.seq, ConversationId(row.conversation))).collect())
}

/// A conversation's row as it stands in the table, whatever that is.
#[derive(Debug)]
pub(super) struct Stored {
    id: Uuid,
    institution: String,
    /// Every column by its name.
    columns: Value,
}

pub(super) async fn conversations(
    connection: &mut PgConnection,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Stored>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Stored,
        r#"select c.id, c.institution, to_jsonb(c) as "columns!" from conversations c where c.id = any($1)"#,
        ids
    );
    Ok(rows.fetch_all(connection).await?.into_iter().map(|row| (row.id, row)).collect())
}

impl Stored {
    /// What would have to stand here by the journal and does not.
    pub(super) fn differences(&self, institution: &str, facts: &Conversation) -> Vec<Wanted> {
        let notices = self.columns["notices"].as_i64().unwrap_or(0);
        let old_alarms = i64::from(SentNotices::OLD_ALARMS);
        let is_old = notices & old_alarms != 0;
        let stored = |column: &str| match column {
            "notices" => Some((notices & !old_alarms).to_string()),
            _ => text(&self.columns[column]),
        };
        let mut wanted = Vec::new();
        if self.institution != institution {
            wanted.push(Wanted { column: "institution", value: Some(institution.to_owned()) });
        }
        // Alarms were kept elsewhere until migration 0016.
        let compared = by_journal(facts).columns().into_iter();
        let compared = compared.filter(|(column, _)| !(is_old && *column == "alarmed_at"));
        let differing = compared.filter(|(column, value)| stored(column) != *value);
        wanted.extend(differing.map(|(column, value)| Wanted { column, value }));
        wanted
    }
}

/// The row by the journal.
fn by_journal(facts: &Conversation) -> ConversationRow {
    let row = ConversationRow::from(facts);
    // Migration 0019 mended what was decided while the machine's clock was set back.
    let started_at = row.started_at.map(|at| at.max(row.opened_at));
    let ended_at = row.ended_at.map(|at| at.max(started_at.unwrap_or(row.opened_at)));
    ConversationRow { notices: row.notices & !SentNotices::OLD_ALARMS, started_at, ended_at, ..row }
}

/// A column as [`ConversationRow::columns`] writes it.
fn text(column: &Value) -> Option<String> {
    match column {
        Value::Null => None,
        Value::String(text) => {
            Some(Uuid::try_parse(text).map_or_else(|_| text.clone(), |id| id.simple().to_string()))
        }
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Some(column.to_string()),
    }
}
