//! What somebody has still to read in the talks they are in, and how far the others have read what they said.

use hotline_actors::{ConversationId, PersonId};
use serde::Serialize;
use sqlx::PgPool;
use utoipa::ToSchema;

use super::web::{Sides, StoredMessage, WebMessage, shown};
use crate::wire::Id;

/// One talk in progress.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "how many are unread is what it is about")]
#[serde(rename_all = "camelCase")]
pub struct Unread {
    #[schema(value_type = Id)]
    conversation: ConversationId,
    /// Messages of the other one that are not read.
    unread: i64,
    /// When the last message of their own was said that the other one has read; milliseconds.
    peer_read_time: Option<i64>,
    /// The last message of either.
    last: Option<WebMessage>,
    /// When that was said; milliseconds.
    last_time: Option<i64>,
}

/// The talks in progress of `person`, whose IM account is `account`.
///
/// # Errors
/// The database's.
pub async fn of(pool: &PgPool, person: PersonId, account: &str) -> Result<Vec<Unread>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select c.id, c.kind = 'REQUEST_SUPERVISE' as "is_request!", v.username as visitor_account,
               k.username as counselor_account, r.unread as "unread!", r.peer_read_time,
               l.id as "message?", l.from_account as "from?", l.to_account as "to?", l.sequence as "sequence?",
               l.random as "random?", l.said_at as "said_at?", l.body as "body?",
               l.cloud_custom_data as "cloud_custom_data?", l.is_read as "is_read?", l.is_revoked as "is_revoked?",
               l.notice_kind as "notice_kind?", l.notice_seconds as "notice_seconds?"
        from conversations c
            join people v on v.id = c.visitor
            join people k on k.id = c.counselor
            cross join lateral (
                select count(*) filter (where m.to_account = $2 and not m.is_read and not m.is_revoked
                                              and not m.system) as unread,
                       max(m.said_at) filter (where m.from_account = $2 and m.is_read) as peer_read_time
                from messages m
                where m.conversation = c.id and not m.online_only and m.send_result = 0
            ) r
            left join lateral (
                select m.* from record m
                where m.conversation = c.id and not m.system
                order by m.second desc, m.place desc
                limit 1
            ) l on true
        where c.status = 'IN_PROGRESS' and c.deleted_at is null and $1 in (c.visitor, c.counselor)
        order by c.started_at, c.id
        "#,
        person.0,
        account,
    )
    .fetch_all(pool)
    .await?;
    let unread = rows.into_iter().map(|row| {
        let (asker, taker) = (row.visitor_account, row.counselor_account);
        let (counselor, peer) = if row.is_request { (asker, taker) } else { (taker, asker) };
        let last = row.message.map(|id| StoredMessage {
            id,
            from: row.from.unwrap_or_default(),
            to: row.to.unwrap_or_default(),
            sequence: row.sequence.unwrap_or_default(),
            random: row.random.unwrap_or_default(),
            said_at: row.said_at.unwrap_or_default(),
            body: row.body.unwrap_or_default(),
            cloud_custom_data: row.cloud_custom_data.unwrap_or_default(),
            is_read: row.is_read.unwrap_or_default(),
            is_revoked: row.is_revoked.unwrap_or_default(),
            notice_kind: row.notice_kind,
            notice_seconds: row.notice_seconds,
        });
        Unread {
            conversation: ConversationId(row.id),
            unread: row.unread,
            peer_read_time: row.peer_read_time,
            last: last.map(|message| shown(message, &Sides { counselor, peer })),
            last_time: row.said_at,
        }
    });
    Ok(unread.collect())
}
