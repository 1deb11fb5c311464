//! Reading what was said in a conversation.

use hotline_actors::{ConversationId, PersonId, Timestamp};
use sqlx::PgPool;

use super::web::{Sides, StoredMessage};
use crate::{
    audit::{self, Action},
    rights::Reach,
};

/// A conversation as far as reading it needs it, and how one reader stands to it.
#[derive(Debug, Clone)]
pub struct Record {
    pub id: ConversationId,
    pub institution: String,
    /// Who is in it; one without a counselor still waits.
    pub parties: (PersonId, Option<PersonId>),
    pub sides: Sides,
    /// The reader looks after the counselor in it.
    pub reader_is_bound: bool,
    /// The reader is, or was, asked about it.
    pub reader_is_asked: bool,
    /// It is noted already that the reader reads it (`audit.rs`).
    pub reading_is_noted: bool,
}

impl Record {
    /// Whether `person` is one of the two.
    pub fn is_party(&self, person: PersonId) -> bool {
        self.parties.0 == person || self.parties.1 == Some(person)
    }

    /// Whether `person`, the reader it was looked up for, may read it; his right to records reaches this far.
    pub fn may_be_read_by(&self, person: PersonId, reach: Reach) -> bool {
        self.is_party(person)
            || match reach {
                Reach::Nothing | Reach::Own => false,
                Reach::Bound => self.reader_is_bound || self.reader_is_asked,
                Reach::Institution | Reach::Everywhere => true,
            }
    }

    /// Notes that `person`, the reader it was looked up for, reads another's conversation: once, however many pages and
    /// pictures of it he opens.
    pub async fn note_reading(
        &self,
        pool: &PgPool,
        person: PersonId,
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        if self.is_party(person) || self.reading_is_noted {
            return Ok(());
        }
        audit::note_once(pool, &self.institution, person, Action::ReadMessages, self.id.0, now).await
    }
}

/// The conversation, if there is one that is not deleted.
pub async fn find(
    pool: &PgPool,
    id: ConversationId,
    reader: PersonId,
    now: Timestamp,
) -> Result<Option<Record>, sqlx::Error> {
    // In a talk with a supervisor the one who asked is the counselor. A counselor who asks for himself is a visitor there,
    // and his supervisor has no business in it: so the binding counts for the counselor's side alone.
    let row = sqlx::query!(
        r#"select c.institution, c.visitor, c.counselor, c.kind = 'REQUEST_SUPERVISE' as "is_request!",
                  v.username as visitor_account, k.username as "counselor_account?",
                  exists (select from supervisor_bindings b
                          where b.supervisor = $2
                              and b.counselor = case c.kind when 'REQUEST_SUPERVISE' then c.visitor
                                                            else c.counselor end) as "is_bound!",
                  exists (select from conversations s
                          where s.consultation = c.id and s.status <> 'CANCELLED'
                              and (s.counselor = $2 or s.wanted = $2)) as "is_asked!",
                  exists (select from audit a
                          where a.target = c.id and a.action = $3 and a.actor = $2 and a.at > $4) as "is_noted!"
           from conversations c
               join people v on v.id = c.visitor
               left join people k on k.id = c.counselor
           where c.id = $1 and c.deleted_at is null"#,
        id.0,
        reader.0,
        Action::ReadMessages.as_str(),
        audit::same_reading_since(now).0,
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| {
        let taker = row.counselor_account.unwrap_or_default();
        let (counselor, peer) =
            if row.is_request { (row.visitor_account, taker) } else { (taker, row.visitor_account) };
        Record {
            id,
            institution: row.institution,
            parties: (PersonId(row.visitor), row.counselor.map(PersonId)),
            sides: Sides { counselor, peer },
            reader_is_bound: row.is_bound,
            reader_is_asked: row.is_asked,
            reading_is_noted: row.is_noted,
        }
    }))
}

/// A page of what was said, oldest first, and how many rows there are in all. Not shown are undelivered messages and
/// those meant for clients only.
pub async fn page(
    pool: &PgPool,
    id: ConversationId,
    offset: i64,
    size: i64,
) -> Result<(Vec<StoredMessage>, i64), sqlx::Error> {
    let found = sqlx::query!(
        r#"select id, from_account, to_account, sequence, random, said_at, body, cloud_custom_data, is_read, is_revoked,
                  (select count(*) from messages where conversation = $1 and not online_only and send_result = 0)
                      as "count!"
           from messages
           where conversation = $1 and not online_only and send_result = 0
           order by said_at, sequence, id
           limit $3 offset $2"#,
        id.0,
        offset,
        size,
    )
    .fetch_all(pool)
    .await?;
    let count = match found.first() {
        Some(row) => row.count,
        None if offset == 0 => 0,
        None => count(pool, id).await?,
    };
    let rows = found.into_iter().map(|row| StoredMessage {
        id: row.id,
        from: row.from_account,
        to: row.to_account,
        sequence: row.sequence,
        random: row.random,
        said_at: row.said_at,
        body: row.body,
        cloud_custom_data: row.cloud_custom_data,
        is_read: row.is_read,
        is_revoked: row.is_revoked,
    });
    Ok((rows.collect(), count))
}

/// Behind the last page nothing tells how many there are.
async fn count(pool: &PgPool, id: ConversationId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from messages
           where conversation = $1 and not online_only and send_result = 0"#,
        id.0,
    )
    .fetch_one(pool)
    .await
}

/// All that was said, oldest first; not shown are the same as in a page.
pub async fn all(pool: &PgPool, id: uuid::Uuid) -> Result<Vec<StoredMessage>, sqlx::Error> {
    sqlx::query_as!(
        StoredMessage,
        r#"select id, from_account as "from", to_account as "to", sequence, random, said_at, body, cloud_custom_data,
                  is_read, is_revoked
           from messages
           where conversation = $1 and not online_only and send_result = 0
           order by said_at, sequence, id"#,
        id,
    )
    .fetch_all(pool)
    .await
}
