-- One commit of one institution's journal: events and everything that follows from them, whole or not at all.
-- Rows come in the order of the first touch, so that a visitor's old conversation ends before the new one opens.
with journal as (
    insert into events (institution, seq, writer, at, kind, body)
    -- Nothing is stored behind a gap: without the row before them, events get no number, and they must have one.
    select $1,
           case when exists (select from events where institution = $1 and seq = ($3::bigint[])[1] - 1) then e.seq end,
           $2, e.at, e.kind, e.body::json
    from unnest($3::bigint[], $4::bigint[], $5::text[], $6::text[]) as e (seq, at, kind, body)
), talks as (
    insert into conversations (
        id, institution, kind, visitor, wanted, counselor, consultation, status, priority, medium, fallback, common,
        arrival, notices, opened_at, started_at, call_started_at, ended_at, end_reason, call_ended_at
    )
    select t.id, $1, t.kind, t.visitor, t.wanted, t.counselor, t.consultation, t.status, t.priority, t.medium,
           t.fallback, t.common, t.arrival, t.notices, t.opened_at, t.started_at, t.call_started_at, t.ended_at,
           t.end_reason, t.call_ended_at
    from unnest(
        $7::uuid[], $8::text[], $9::uuid[], $10::uuid[], $11::uuid[], $12::uuid[], $13::text[], $14::text[],
        $15::text[], $16::boolean[], $17::boolean[], $18::bigint[], $19::integer[], $20::bigint[], $21::bigint[],
        $22::bigint[], $23::bigint[], $24::text[], $37::bigint[]
    ) as t (
        id, kind, visitor, wanted, counselor, consultation, status, priority, medium, fallback, common, arrival,
        notices, opened_at, started_at, call_started_at, ended_at, end_reason, call_ended_at
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
        ended_at = excluded.ended_at,
        end_reason = excluded.end_reason
), persons as (
    update people set
        max_consults = coalesce(p.capacity, max_consults),
        -- Administrators have a state only while they are banned.
        state = case when p.state = 'NORMAL' and kind in ('INSTITUTION', 'SYSTEM') then null
                     else coalesce(p.state, people.state) end,
        deleted_at = coalesce(p.deleted_at, people.deleted_at),
        total_time = total_time + p.talked
    from unnest($25::uuid[], $26::integer[], $27::text[], $28::bigint[], $29::bigint[])
        as p (id, capacity, state, deleted_at, talked)
    where people.id = p.id
)
-- Our own words stand in the record too.
insert into messages (
    id, institution, conversation, from_account, to_account, msg_key, sequence, random, said_at, received_at, body,
    system
)
select n.id, $1, n.conversation, $36, people.username, 'notice_' || n.seq, n.seq, 0, n.at, n.at,
       jsonb_build_array(jsonb_build_object('MsgType', 'TIMTextElem', 'MsgContent', jsonb_build_object('Text', n.text))),
       true
from unnest($30::uuid[], $31::uuid[], $32::uuid[], $33::bigint[], $34::bigint[], $35::text[])
    as n (id, conversation, visitor, seq, at, text)
join people on people.id = n.visitor
