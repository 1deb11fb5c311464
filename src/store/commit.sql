-- The statement of a commit, for the batches of as many institutions as there are: the events and everything that follows from
-- them, whole or not at all. Rows come in the order of the first touch, so that a visitor's old conversation ends before the new
-- one opens. Arrays stand in the order of the columns before them (src/store/rows.rs).
with journal as (
    insert into events (institution, writer, at, kind, body, seq)
    select institution, writer, at, kind, body::json,
           -- Nothing is stored behind a gap: without the row before them, events get no number, and they must have one.
           -- Not `exists`: PostgreSQL might read the whole journal once rather than look up a row for each event.
           case when after is null or (
               select true from events earlier where earlier.institution = e.institution and earlier.seq = after
           ) then seq end
    from unnest($1::text[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[])
        as e (institution, writer, seq, after, at, kind, body)
), talks as (
    insert into conversations (
        institution, id, kind, visitor, wanted, counselor, consultation, status, priority, medium, fallback, common, arrival,
        notices, opened_at, started_at, call_started_at, call_ended_at, alarmed_at, ended_at, end_reason
    )
    select * from unnest(
        $8::text[], $9::uuid[], $10::text[], $11::uuid[], $12::uuid[], $13::uuid[], $14::uuid[], $15::text[], $16::text[],
        $17::text[], $18::boolean[], $19::boolean[], $20::bigint[], $21::integer[], $22::bigint[], $23::bigint[],
        $24::bigint[], $25::bigint[], $26::bigint[], $27::bigint[], $28::text[]
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
    insert into talk_times (institution, person, millis)
    select * from unnest($29::text[], $30::uuid[], $31::bigint[])
    on conflict (person) do update set millis = talk_times.millis + excluded.millis
), persons as (
    update people set
        max_consults = coalesce(p.capacity, max_consults),
        -- Who is offline has none.
        presence = nullif(coalesce(p.presence, people.presence), 'offline'),
        -- Administrators have a state only while they are banned.
        state = case when p.state = 'NORMAL' and kind in ('INSTITUTION', 'SYSTEM') then null
                     else coalesce(p.state, people.state) end,
        deleted_at = coalesce(p.deleted_at, people.deleted_at)
    from unnest($32::uuid[], $33::integer[], $34::text[], $35::text[], $36::bigint[])
        as p (id, capacity, presence, state, deleted_at)
    where people.id = p.id
)
-- Our own words stand in the record too, in the administrator's name.
insert into messages (
    id, institution, conversation, from_account, to_account, msg_key, sequence, random, said_at, received_at, body, system,
    notice_kind, notice_seconds
)
select n.id, n.institution, n.conversation, $46, people.username, 'notice_' || n.seq, n.seq, 0, n.at, n.at,
       jsonb_build_array(jsonb_build_object('MsgType', 'TIMTextElem', 'MsgContent', jsonb_build_object('Text', n.text))),
       true, n.kind, n.seconds
from unnest(
         $37::text[], $38::uuid[], $39::uuid[], $40::uuid[], $41::bigint[], $42::bigint[], $43::text[], $44::text[],
         $45::integer[]
     ) as n (institution, id, conversation, visitor, seq, at, text, kind, seconds)
     join people on people.id = n.visitor
