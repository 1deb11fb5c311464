//! What becomes of a message after it was sent: read, or taken back. Both may be told before the message itself has
//! come, so they are kept, and whatever is stored later takes them up.
//!
//! Nothing is stored while a mark is set: else a message on its way in would see the mark as little as the mark sees it.

use hotline_actors::{PersonId, Timestamp};
use sqlx::PgPool;
use uuid::Uuid;

use super::{MessageStore, Read, Withdrawn, insert::late_after_end};

impl MessageStore {
    /// Everything that the peer said to the reader up to a moment is read. People we do not know are passed over.
    pub async fn mark_read(&self, pool: &PgPool, read: &Read) -> Result<(), sqlx::Error> {
        let _nothing_is_stored = self.marking.lock().await;
        sqlx::query!(
            r#"
            with named as (
                select r.username as reader, p.username as peer, r.institution
                from people r, people p
                where (r.username = $1 or r.id = $2) and (p.username = $3 or p.id = $4)
            ), mark as (
                insert into read_marks (reader, peer, institution, up_to)
                select reader, peer, institution, $5 from named
                on conflict (reader, peer) do update set up_to = greatest(read_marks.up_to, excluded.up_to)
            )
            update messages set is_read = true
            from named
            where from_account = named.peer and to_account = named.reader and said_at <= $5 and not is_read
            "#,
            read.reader,
            id_of(&read.reader),
            read.peer,
            id_of(&read.peer),
            read.up_to.0,
        )
        .execute(pool)
        .await?;
        Ok(())
    }

    /// One message is read, as the history says.
    pub(crate) async fn mark_one_read(&self, pool: &PgPool, message: &Withdrawn) -> Result<(), sqlx::Error> {
        sqlx::query!(
            "update messages set is_read = true
             where from_account = $1 and to_account = $2 and msg_key = $3 and not is_read",
            message.from,
            message.to,
            message.key,
        )
        .execute(pool)
        .await?;
        Ok(())
    }

    /// A message was taken back `at` a moment. It stays in the record, marked. Nothing is taken back after the end: the record
    /// of a talk that is over stays as it was then.
    pub async fn mark_withdrawn(
        &self,
        pool: &PgPool,
        withdrawn: &Withdrawn,
        at: Timestamp,
    ) -> Result<(), sqlx::Error> {
        let _nothing_is_stored = self.marking.lock().await;
        sqlx::query!(
            r#"
            with named as (
                select f.username as sender, t.username as receiver, f.institution
                from people f, people t
                where (f.username = $1 or f.id = $2) and (t.username = $3 or t.id = $4)
            ), mark as (
                insert into withdrawn_messages (from_account, to_account, msg_key, institution, withdrawn_at)
                select sender, receiver, $5, institution, $6 from named
                on conflict do nothing
            )
            update messages m set is_revoked = true
            from named, conversations c
            where m.from_account = named.sender and m.to_account = named.receiver and m.msg_key = $5
              and not m.is_revoked and c.id = m.conversation and (c.ended_at is null or $6 <= c.ended_at + $7)
            "#,
            withdrawn.from,
            id_of(&withdrawn.from),
            withdrawn.to,
            id_of(&withdrawn.to),
            withdrawn.key,
            at.0,
            late_after_end(),
        )
        .execute(pool)
        .await?;
        Ok(())
    }
}

/// Callbacks that carry user ids are understood too (docs/contract.md 7).
fn id_of(account: &str) -> Option<Uuid> {
    account.parse().ok().map(|id: PersonId| id.0)
}
