-- Who has said what last in the talks $1 (src/store.rs), by the record. Those that are over are left out. Moments are told in
-- the time of dispatch, as when the messages came: Tencent's clock is $2 milliseconds behind it where ours was set back, and
-- nothing was said after it came.
select c.id as "id!",
       -- Whoever calls is there and answers (TalkClock::medium_changed).
       greatest(c.call_ended_at, case when c.medium <> 'TEXT' then c.call_started_at end) as called_at,
       answer.at as "answered_at?", unanswered.first as "unanswered_from?", unanswered.last as "unanswered_to?",
       exists (select from messages m join people p on p.id = c.visitor
               where m.conversation = c.id and m.from_account = p.username
                 and not m.system and not m.online_only and m.send_result = 0) as "has_visitor_spoken!"
from conversations c
    -- The counselor's last word; ids tell which of two in the same second came later.
    left join lateral (
        select m.said_at, m.id, least(m.said_at + $2, m.received_at) as at
        from messages m join people p on p.id = c.counselor
        where m.conversation = c.id and m.from_account = p.username
          and not m.system and not m.online_only and m.send_result = 0
        order by m.said_at desc, m.id desc
        limit 1
    ) answer on true
    -- What the visitor has said since, and since the last call.
    left join lateral (
        select min(least(m.said_at + $2, m.received_at)) as first, max(least(m.said_at + $2, m.received_at)) as last
        from messages m join people p on p.id = c.visitor
        where m.conversation = c.id and m.from_account = p.username
          and not m.system and not m.online_only and m.send_result = 0
          and (answer.said_at is null or (m.said_at, m.id) > (answer.said_at, answer.id))
          and least(m.said_at + $2, m.received_at) > coalesce(greatest(c.call_ended_at, c.call_started_at), 0)
    ) unanswered on true
where c.id = any($1) and c.status = 'IN_PROGRESS'
