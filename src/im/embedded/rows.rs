//! What our own IM reads before it acts.

use hotline_actors::{ConversationId, PersonId, Timestamp, dispatch::conversation::Status};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    messages::web::{Sides, StoredMessage},
    wire::AsWord,
};

/// A talk as far as saying something in it needs it.
pub(super) struct Talk {
    pub(super) id: ConversationId,
    pub(super) institution: String,
    pub(super) status: AsWord<Status>,
    /// Who asked, and who took it (whoever is asked for, as long as it waits).
    pub(super) parties: [PersonId; 2],
    /// Their IM accounts.
    accounts: [String; 2],
    pub(super) sides: Sides,
}

impl Talk {
    pub(super) fn is_party(&self, person: PersonId) -> bool {
        self.parties.contains(&person)
    }

    /// The IM accounts of `person`, who is one of the two, and of the other one.
    pub(super) fn accounts(&self, person: PersonId) -> (&str, &str) {
        let [one, other] = &self.accounts;
        if person == self.parties[0] { (one, other) } else { (other, one) }
    }
}

/// The talk, if there is one that is not deleted.
pub(super) async fn talk(pool: &PgPool, id: ConversationId) -> Result<Option<Talk>, sqlx::Error> {
    let row = sqlx::query!(
        r#"select c.institution, c.status as "status: AsWord<Status>", c.visitor, c.kind = 'REQUEST_SUPERVISE' as "is_request!",
                  coalesce(c.counselor, c.wanted) as taker, v.username as visitor_account,
                  k.username as "taker_account?"
           from conversations c
               join people v on v.id = c.visitor
               left join people k on k.id = coalesce(c.counselor, c.wanted)
           where c.id = $1 and c.deleted_at is null"#,
        id.0,
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| {
        let asker = PersonId(row.visitor);
        let taker = row.taker.map_or(asker, PersonId);
        let accounts = [row.visitor_account, row.taker_account.unwrap_or_default()];
        let [asking, taking] = accounts.clone();
        let (counselor, peer) = if row.is_request { (asking, taking) } else { (taking, asking) };
        Talk {
            id,
            institution: row.institution,
            status: row.status,
            parties: [asker, taker],
            accounts,
            sides: Sides { counselor, peer },
        }
    }))
}

/// A message that was stored before under this key.
pub(super) async fn by_key(
    pool: &PgPool,
    from: &str,
    to: &str,
    key: &str,
) -> Result<Option<StoredMessage>, sqlx::Error> {
    sqlx::query_as!(
        StoredMessage,
        r#"select id, from_account as "from", to_account as "to", sequence, random, said_at, body, cloud_custom_data,
                  is_read, is_revoked, notice_kind, notice_seconds
           from messages
           where from_account = $1 and to_account = $2 and msg_key = $3"#,
        from,
        to,
        key,
    )
    .fetch_optional(pool)
    .await
}

/// A message of one's own, as far as taking it back needs it.
pub(super) struct OwnMessage {
    pub(super) id: Uuid,
    pub(super) key: String,
    pub(super) said_at: i64,
    pub(super) is_revoked: bool,
}

pub(super) async fn own(
    pool: &PgPool,
    conversation: ConversationId,
    id: Uuid,
    from: &str,
) -> Result<Option<OwnMessage>, sqlx::Error> {
    sqlx::query_as!(
        OwnMessage,
        r#"select id, msg_key as "key", said_at, is_revoked
           from messages
           where id = $1 and conversation = $2 and from_account = $3 and not system"#,
        id,
        conversation.0,
        from,
    )
    .fetch_optional(pool)
    .await
}

/// When the last message was said that `reader` has not read; nothing if there is none.
pub(super) async fn unread_until(
    pool: &PgPool,
    conversation: ConversationId,
    peer: &str,
    reader: &str,
) -> Result<Option<Timestamp>, sqlx::Error> {
    let until = sqlx::query_scalar!(
        "select max(said_at) from messages
         where conversation = $1 and from_account = $2 and to_account = $3
           and not is_read and not online_only and send_result = 0",
        conversation.0,
        peer,
        reader,
    )
    .fetch_one(pool)
    .await?;
    Ok(until.map(Timestamp))
}
