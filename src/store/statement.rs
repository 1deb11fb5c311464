//! The statement of one commit: events and everything that follows from them, whole or not at all.
//!
//! Most commits have events, conversations and talked time. What few have, changes of people and notices, stands in a
//! longer statement: PostgreSQL makes every part of a statement ready, also those that have no rows.

use hotline_actors::journal::Batch;
use sqlx::PgConnection;
use uuid::Uuid;

use super::rows::{EventRows, NoticeRows, PersonRows, TalkRows, TimeRows};

/// `statement!(end, institution, batch, connection, more…)`: runs the statement that ends so, with `more` as $29 and
/// following. Rows come in the order of the first touch, so that a visitor's old conversation ends before the new one opens.
macro_rules! statement {
    ($end:literal, $institution:expr, $batch:expr, $connection:expr $(, $($more:tt)*)?) => {{
        let (institution, batch) = ($institution, $batch);
        let events = EventRows::new(batch);
        let talks = TalkRows::new(batch);
        let times = TimeRows::new(batch);
        sqlx::query!(
            r#"
            with journal as (
                insert into events (institution, seq, writer, at, kind, body)
                -- Nothing is stored behind a gap: without the row before them, events get no number, and they must
                -- have one.
                select $1,
                       case when exists (
                           select from events where institution = $1 and seq = ($3::bigint[])[1] - 1
                       ) then e.seq end,
                       $2, e.at, e.kind, e.body::json
                from unnest($3::bigint[], $4::bigint[], $5::text[], $6::text[]) as e (seq, at, kind, body)
            ), talks as (
                insert into conversations (
                    id, institution, kind, visitor, wanted, counselor, consultation, status, priority, medium, fallback,
                    common, arrival, notices, opened_at, started_at, call_started_at, call_ended_at, alarmed_at,
                    ended_at, end_reason
                )
                select t.id, $1, t.kind, t.visitor, t.wanted, t.counselor, t.consultation, t.status, t.priority,
                       t.medium, t.fallback, t.common, t.arrival, t.notices, t.opened_at, t.started_at,
                       t.call_started_at, t.call_ended_at, t.alarmed_at, t.ended_at, t.end_reason
                from unnest(
                    $7::uuid[], $8::text[], $9::uuid[], $10::uuid[], $11::uuid[], $12::uuid[], $13::text[], $14::text[],
                    $15::text[], $16::boolean[], $17::boolean[], $18::bigint[], $19::integer[], $20::bigint[],
                    $21::bigint[], $22::bigint[], $23::bigint[], $24::bigint[], $25::bigint[], $26::text[]
                ) as t (
                    id, kind, visitor, wanted, counselor, consultation, status, priority, medium, fallback, common,
                    arrival, notices, opened_at, started_at, call_started_at, call_ended_at, alarmed_at, ended_at,
                    end_reason
                )
                on conflict (id) do update set
                    counselor = excluded.counselor,
                    status = excluded.status,
                    priority = excluded.priority,
                    medium = excluded.medium,
                    common = excluded.common,
                    notices = excluded.notices,
                    started_at = excluded.started_at,
                    call_started_at = excluded.call_started_at,
                    call_ended_at = excluded.call_ended_at,
                    alarmed_at = excluded.alarmed_at,
                    ended_at = excluded.ended_at,
                    end_reason = excluded.end_reason
            ), times as (
                insert into talk_times (person, millis)
                select person, millis from unnest($27::uuid[], $28::bigint[]) as t (person, millis)
                on conflict (person) do update set millis = talk_times.millis + excluded.millis
            )
            "# + $end,
            institution,
            batch.writer.0,
            &events.seq,
            &events.at,
            &events.kind,
            &events.body,
            &talks.id,
            &talks.kind as &[&str],
            &talks.visitor,
            &talks.wanted as &[Option<Uuid>],
            &talks.counselor as &[Option<Uuid>],
            &talks.consultation as &[Option<Uuid>],
            &talks.status as &[&str],
            &talks.priority as &[&str],
            &talks.medium as &[&str],
            &talks.fallback,
            &talks.common,
            &talks.arrival,
            &talks.notices,
            &talks.opened_at,
            &talks.started_at as &[Option<i64>],
            &talks.call_started_at as &[Option<i64>],
            &talks.call_ended_at as &[Option<i64>],
            &talks.alarmed_at as &[Option<i64>],
            &talks.ended_at as &[Option<i64>],
            &talks.end_reason as &[Option<&str>],
            &times.person,
            &times.millis
            $(, $($more)*)?
        )
        .execute($connection)
        .await
    }};
}

/// Stores `batch`. `administrator` is the account in whose name notices stand in the record.
pub(super) async fn store(
    connection: &mut PgConnection,
    institution: &str,
    administrator: &str,
    batch: &Batch,
) -> Result<(), sqlx::Error> {
    let people = PersonRows::new(batch);
    let notices = NoticeRows::new(batch);
    let stored = if people.id.is_empty() && notices.id.is_empty() {
        statement!("select", institution, batch, connection)
    } else {
        statement!(
            r#"
            , persons as (
                update people set
                    max_consults = coalesce(p.capacity, max_consults),
                    -- Who is offline has none.
                    presence = nullif(coalesce(p.presence, people.presence), 'offline'),
                    -- Administrators have a state only while they are banned.
                    state = case when p.state = 'NORMAL' and kind in ('INSTITUTION', 'SYSTEM') then null
                                 else coalesce(p.state, people.state) end,
                    deleted_at = coalesce(p.deleted_at, people.deleted_at)
                from unnest($29::uuid[], $30::integer[], $31::text[], $32::bigint[], $42::text[])
                    as p (id, capacity, state, deleted_at, presence)
                where people.id = p.id
            )
            -- Our own words stand in the record too.
            insert into messages (
                id, institution, conversation, from_account, to_account, msg_key, sequence, random, said_at,
                received_at, body, system, notice_kind, notice_seconds
            )
            select n.id, $1, n.conversation, $41, people.username, 'notice_' || n.seq, n.seq, 0, n.at, n.at,
                   jsonb_build_array(jsonb_build_object(
                       'MsgType', 'TIMTextElem', 'MsgContent', jsonb_build_object('Text', n.text)
                   )),
                   true, n.kind, n.seconds
            from unnest($33::uuid[], $34::uuid[], $35::uuid[], $36::bigint[], $37::bigint[], $38::text[],
                        $39::text[], $40::integer[])
                as n (id, conversation, visitor, seq, at, text, kind, seconds)
            join people on people.id = n.visitor
            "#,
            institution,
            batch,
            connection,
            &people.id,
            &people.capacity as &[Option<i32>],
            &people.state as &[Option<String>],
            &people.deleted_at as &[Option<i64>],
            &notices.id,
            &notices.conversation,
            &notices.visitor,
            &notices.seq,
            &notices.at,
            &notices.text,
            &notices.kind as &[&str],
            &notices.seconds as &[Option<i32>],
            administrator,
            &people.presence as &[Option<String>]
        )
    };
    stored.map(|_| ())
}
