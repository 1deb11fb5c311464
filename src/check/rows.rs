//! Rows as the check reads them, in pages.

use std::collections::HashMap;

use hotline_actors::{
    ConversationId, PersonId,
    dispatch::conversation::{Conversation, Sent},
};
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

/// Everything of a conversation's row that follows from the journal.
#[derive(Debug)]
pub(super) struct Stored {
    id: Uuid,
    institution: String,
    kind: String,
    visitor: Uuid,
    wanted: Option<Uuid>,
    counselor: Option<Uuid>,
    consultation: Option<Uuid>,
    status: String,
    priority: String,
    medium: String,
    fallback: bool,
    common: bool,
    arrival: i64,
    notices: i32,
    opened_at: i64,
    started_at: Option<i64>,
    call_started_at: Option<i64>,
    call_ended_at: Option<i64>,
    alarmed_at: Option<i64>,
    ended_at: Option<i64>,
    end_reason: Option<String>,
}

pub(super) async fn conversations(
    connection: &mut PgConnection,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Stored>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Stored,
        "select id, institution, kind, visitor, wanted, counselor, consultation, status, priority, medium, fallback,
                common, arrival, notices, opened_at, started_at, call_started_at, call_ended_at, alarmed_at, ended_at,
                end_reason
         from conversations where id = any($1)",
        ids
    );
    Ok(rows.fetch_all(connection).await?.into_iter().map(|row| (row.id, row)).collect())
}

impl Stored {
    /// The row by the journal.
    pub(super) fn of(institution: &str, facts: &Conversation) -> Self {
        let row = ConversationRow::of(institution, facts);
        // Migration 0019 mended what was decided while the machine's clock was set back.
        let started_at = row.started_at.map(|at| at.max(row.opened_at));
        let ended_at = row.ended_at.map(|at| at.max(started_at.unwrap_or(row.opened_at)));
        Self {
            id: row.id,
            institution: row.institution,
            kind: row.kind,
            visitor: row.visitor,
            wanted: row.wanted,
            counselor: row.counselor,
            consultation: row.consultation,
            status: row.status,
            priority: row.priority,
            medium: row.medium,
            fallback: facts.allow_fallback,
            common: facts.in_common_queue,
            arrival: i64::try_from(facts.arrival).unwrap_or(i64::MAX),
            notices: facts.sent.0,
            opened_at: row.opened_at,
            started_at,
            call_started_at: row.call_started_at,
            call_ended_at: facts.call_ended.map(|at| at.0),
            alarmed_at: facts.alarmed.map(|at| at.0),
            ended_at,
            end_reason: row.end_reason,
        }
    }

    /// What would have to stand here by the journal and does not.
    pub(super) fn differences(&self, journal: &Self) -> Vec<Wanted> {
        let is_old = self.notices & Sent::OLD_ALARMS != 0;
        let pairs = self.columns().into_iter().zip(journal.columns());
        pairs
            .filter(|((column, stored), (_, wanted))| {
                // Alarms were kept elsewhere until migration 0016.
                stored != wanted && !(is_old && *column == "alarmed_at")
            })
            .map(|(_, (column, value))| Wanted { column, value })
            .collect()
    }

    fn columns(&self) -> [(&'static str, Option<String>); 20] {
        let id = |id: Uuid| id.simple().to_string();
        let moment = |at: Option<i64>| at.map(|at| at.to_string());
        [
            ("institution", Some(self.institution.clone())),
            ("kind", Some(self.kind.clone())),
            ("visitor", Some(id(self.visitor))),
            ("wanted", self.wanted.map(id)),
            ("counselor", self.counselor.map(id)),
            ("consultation", self.consultation.map(id)),
            ("status", Some(self.status.clone())),
            ("priority", Some(self.priority.clone())),
            ("medium", Some(self.medium.clone())),
            ("fallback", Some(self.fallback.to_string())),
            ("common", Some(self.common.to_string())),
            ("arrival", Some(self.arrival.to_string())),
            ("notices", Some((self.notices & !Sent::OLD_ALARMS).to_string())),
            ("opened_at", moment(Some(self.opened_at))),
            ("started_at", moment(self.started_at)),
            ("call_started_at", moment(self.call_started_at)),
            ("call_ended_at", moment(self.call_ended_at)),
            ("alarmed_at", moment(self.alarmed_at)),
            ("ended_at", moment(self.ended_at)),
            ("end_reason", self.end_reason.clone()),
        ]
    }
}
