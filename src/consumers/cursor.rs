//! How far a consumer has come in one institution.

use hotline_actors::{Timestamp, dispatch::event::Event};
use sqlx::PgPool;

use super::StoredEvent;

/// Where nothing was to be done, the stored cursor may be this far behind.
const PASSED_MAX: i64 = 1000;

/// A consumer's place in an institution's journal.
#[derive(Debug)]
pub(super) struct Cursor {
    consumer: &'static str,
    pub(super) institution: String,
    /// Everything up to here is done with.
    seq: i64,
    /// What of it is stored.
    stored: i64,
}

/// Wanted events that are too old.
pub(super) struct Stale {
    pub(super) number: i64,
    pub(super) last: i64,
}

/// The consumer's cursors in all institutions, each with the number of the institution's newest event. One that is new begins at
/// the end of the journal if `from_the_end`, else at its beginning.
pub(super) async fn open_all(
    pool: &PgPool,
    consumer: &'static str,
    from_the_end: bool,
) -> Result<Vec<(Cursor, i64)>, sqlx::Error> {
    sqlx::query!(
        "insert into consumer_cursors (consumer, institution, seq)
         select $1, i.code,
                case when $2 and not exists (select from consumer_cursors any_other where any_other.consumer = $1)
                     then coalesce((select max(e.seq) from events e where e.institution = i.code), 0) else 0 end
         from institutions i
         where not exists (select from consumer_cursors c where c.consumer = $1 and c.institution = i.code)
         on conflict do nothing",
        consumer,
        from_the_end,
    )
    .execute(pool)
    .await?;
    let rows = sqlx::query!(
        r#"
        select c.institution, c.seq, coalesce(newest.seq, 0) as "head!"
        from consumer_cursors c
            left join lateral (
                select e.seq from events e where e.institution = c.institution order by e.seq desc limit 1
            ) newest on true
        where c.consumer = $1
        order by 1
        "#,
        consumer
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let cursor = Cursor { consumer, institution: row.institution, seq: row.seq, stored: row.seq };
            (cursor, row.head)
        })
        .collect())
}

impl Cursor {
    /// Everything up to here is done with.
    pub(super) fn at(&self) -> i64 {
        self.seq
    }

    /// The head of the journal, and the wanted events from here on, each with its number. One that this version does not
    /// understand comes with the reason.
    pub(super) async fn read(
        &self,
        pool: &PgPool,
        kinds: &[&str],
        limit: i64,
    ) -> Result<(i64, Vec<(i64, Result<StoredEvent, String>)>), sqlx::Error> {
        let head =
            sqlx::query_scalar!("select max(seq) from events where institution = $1", self.institution)
                .fetch_one(pool)
                .await?
                .unwrap_or(self.seq);
        let kinds: Vec<String> = kinds.iter().map(|kind| (*kind).to_owned()).collect();
        let rows = sqlx::query!(
            "select seq, at, body::text as \"body!\" from events
             where institution = $1 and seq > $2 and seq <= $3 and kind = any($4) order by seq limit $5",
            self.institution,
            self.seq,
            head,
            &kinds,
            limit,
        )
        .fetch_all(pool)
        .await?;
        let events = rows.into_iter().map(|row| {
            let event = serde_json::from_str::<Event>(&row.body);
            let kept = event.map(|event| StoredEvent {
                institution: self.institution.clone(),
                seq: row.seq,
                at: Timestamp(row.at),
                event,
            });
            (row.seq, kept.map_err(|error| format!("the event is not understood: {error}")))
        });
        Ok((head, events.collect()))
    }

    /// The wanted events from here on that happened before `before`.
    pub(super) async fn stale(
        &self,
        pool: &PgPool,
        kinds: &[&str],
        before: Timestamp,
    ) -> Result<Option<Stale>, sqlx::Error> {
        let kinds: Vec<String> = kinds.iter().map(|kind| (*kind).to_owned()).collect();
        let row = sqlx::query!(
            "select count(*) as \"number!\", max(seq) as last from events
             where institution = $1 and seq > $2 and at < $3 and kind = any($4)",
            self.institution,
            self.seq,
            before.0,
            &kinds,
        )
        .fetch_one(pool)
        .await?;
        Ok(row.last.map(|last| Stale { number: row.number, last }))
    }

    /// The event is consumed.
    pub(super) async fn done(&mut self, pool: &PgPool, seq: i64) -> Result<(), sqlx::Error> {
        sqlx::query!(
            "update consumer_cursors set seq = $3 where consumer = $1 and institution = $2 and seq < $3",
            self.consumer,
            self.institution,
            seq,
        )
        .execute(pool)
        .await?;
        (self.seq, self.stored) = (seq, seq);
        Ok(())
    }

    /// Nothing was to be done up to here; stored now and then only.
    pub(super) async fn pass(&mut self, pool: &PgPool, seq: i64) -> Result<(), sqlx::Error> {
        if seq - self.stored >= PASSED_MAX {
            return self.done(pool, seq).await;
        }
        self.seq = self.seq.max(seq);
        Ok(())
    }

    /// The event is not consumed and never will be: recorded as failed, and passed, in one statement.
    pub(super) async fn give_up(
        &mut self,
        pool: &PgPool,
        seq: i64,
        reason: &str,
        at: Timestamp,
    ) -> Result<(), sqlx::Error> {
        sqlx::query!(
            "with passed as (
                 update consumer_cursors set seq = $3 where consumer = $1 and institution = $2 and seq < $3
             )
             insert into given_up (consumer, institution, seq, reason, at) values ($1, $2, $3, $4, $5)
             on conflict do nothing",
            self.consumer,
            self.institution,
            seq,
            reason,
            at.0,
        )
        .execute(pool)
        .await?;
        (self.seq, self.stored) = (seq, seq);
        Ok(())
    }
}
