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
}

impl Record {
    /// Whether `person` is one of the two.
    pub fn is_party(&self, person: PersonId) -> bool {
        self.parties.0 == person || self.parties.1 == Some(person)
    }

    /// Whether `person`, the reader it was looked up for, may read it; their right to records reaches this far.
    pub fn may_be_read_by(&self, person: PersonId, reach: Reach) -> bool {
        self.is_party(person)
            || match reach {
                Reach::Nothing | Reach::Own => false,
                Reach::Bound => self.reader_is_bound || self.reader_is_asked,
                Reach::Institution | Reach::Everywhere => true,
            }
    }

    /// Notes that `person`, the reader it was looked up for, reads another's conversation: once, however many pages and
    /// pictures of it they open.
    pub async fn note_reading(
        &self,
        pool: &PgPool,
        person: PersonId,
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        if self.is_party(person) {
            return Ok(());
        }
        audit::note_once(pool, &self.institution, person, Action::ReadMessages, self.id.0, now).await
    }
}

/// Some of what was said, oldest first, and how many rows there are in all.
#[derive(Debug)]
pub struct RecordPage {
    pub messages: Vec<StoredMessage>,
    pub count: i64,
}

/// The conversation, if there is one that is not deleted.
pub async fn find(
    pool: &PgPool,
    id: ConversationId,
    reader: PersonId,
) -> Result<Option<Record>, sqlx::Error> {
    Ok(read(pool, id, reader, (0, 0)).await?.map(|(record, _nothing_of_it)| record))
}

/// The conversation, as [`find`], with the page of it that begins at an offset and has at most so many rows. Not shown are
/// undelivered messages and those meant for clients only. The view `record` leaves them out, and has the order for all who
/// read. One statement for both: whoever may not read the page is not
/// answered it, and for everybody else a second way to the database would take longer than the page itself.
pub async fn read(
    pool: &PgPool,
    id: ConversationId,
    reader: PersonId,
    (offset, size): (i64, i64),
) -> Result<Option<(Record, RecordPage)>, sqlx::Error> {
    // In a talk with a supervisor the one who asked is the counselor. A counselor who asks for themselves is a visitor
    // there, and their supervisor has no business in it: so the binding counts for the counselor's side alone.
    let rows = sqlx::query!(
        r#"with talk as materialized (
               select c.id, c.institution, c.visitor, c.counselor, c.kind = 'REQUEST_SUPERVISE' as is_request,
                      v.username as visitor_account, k.username as counselor_account,
                      exists (select from supervisor_bindings b
                              where b.supervisor = $2
                                  and b.counselor = case c.kind when 'REQUEST_SUPERVISE' then c.visitor
                                                                else c.counselor end) as is_bound,
                      exists (select from conversations s
                              where s.consultation = c.id and s.status <> 'CANCELLED'
                                  and (s.counselor = $2 or s.wanted = $2)) as is_asked,
                      case when $4::bigint > 0 then (select count(*) from messages m
                                             where m.conversation = c.id and not m.online_only and m.send_result = 0)
                           else 0 end as count
               from conversations c
                   join people v on v.id = c.visitor
                   left join people k on k.id = c.counselor
               where c.id = $1 and c.deleted_at is null
           )
           select r.institution, r.visitor, r.counselor, r.is_request as "is_request!", r.visitor_account,
                  r.counselor_account as "counselor_account?", r.is_bound as "is_bound!", r.is_asked as "is_asked!",
                  r.count as "count!",
                  m.id as "message?", m.from_account as "from?", m.to_account as "to?", m.sequence as "sequence?",
                  m.random as "random?", m.said_at as "said_at?", m.body as "body?",
                  m.cloud_custom_data as "custom?", m.is_read as "is_read?", m.is_revoked as "is_revoked?",
                  m.notice_kind as "notice_kind?", m.notice_seconds as "notice_seconds?"
           from talk r
               left join lateral (
                   select * from record
                   where conversation = r.id
                   order by second, place
                   limit $4 offset $3
               ) m on true
           order by m.second, m.place"#,
        id.0,
        reader.0,
        offset,
        size,
    )
    .fetch_all(pool)
    .await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let taker = first.counselor_account.clone().unwrap_or_default();
    let asker = first.visitor_account.clone();
    let (counselor, peer) = if first.is_request { (asker, taker) } else { (taker, asker) };
    let record = Record {
        id,
        institution: first.institution.clone(),
        parties: (PersonId(first.visitor), first.counselor.map(PersonId)),
        sides: Sides { counselor, peer },
        reader_is_bound: first.is_bound,
        reader_is_asked: first.is_asked,
    };
    let count = first.count;
    // A page without rows is one row without a message.
    let messages = rows.into_iter().filter_map(|row| {
        Some(StoredMessage {
            id: row.message?,
            from: row.from?,
            to: row.to?,
            sequence: row.sequence?,
            random: row.random?,
            said_at: row.said_at?,
            body: row.body?,
            cloud_custom_data: row.custom?,
            is_read: row.is_read?,
            is_revoked: row.is_revoked?,
            notice_kind: row.notice_kind,
            notice_seconds: row.notice_seconds,
        })
    });
    Ok(Some((record, RecordPage { messages: messages.collect(), count })))
}

/// All that was said, oldest first; not shown are the same as in a page.
pub async fn all(pool: &PgPool, id: uuid::Uuid) -> Result<Vec<StoredMessage>, sqlx::Error> {
    sqlx::query_as!(
        StoredMessage,
        r#"select id as "id!", from_account as "from!", to_account as "to!", sequence as "sequence!",
                  random as "random!", said_at as "said_at!", body as "body!", cloud_custom_data as "cloud_custom_data!",
                  is_read as "is_read!", is_revoked as "is_revoked!", notice_kind, notice_seconds
           from record
           where conversation = $1
           order by second, place"#,
        id,
    )
    .fetch_all(pool)
    .await
}
