-- A record has one order wherever it is read, and says itself what a notice of ours means.

alter table messages
    -- What a notice of ours says, in words of the program: nobody reads it out of the sentence.
    add column notice_kind    text,
    add column notice_seconds integer;

-- Notices kept before: their events know.
update messages m
set notice_kind = e.body::jsonb -> 'notice' ->> 'notice',
    notice_seconds = (e.body::jsonb -> 'notice' ->> 'ahead_seconds')::integer
from events e
where m.system and m.msg_key like 'notice\_%' and e.institution = m.institution and e.seq = m.sequence;

-- What was said in a conversation and seen by the two, with its place. Ordered by `second, place`: by MsgTime, which has
-- whole seconds; within the same second each sender's own by MsgSeq, the senders by arrival. So the n-th that a sender said
-- in a second stands where the n-th of theirs arrived.
create view record as
select m.id, m.institution, m.conversation, m.from_account, m.to_account, m.msg_key, m.sequence, m.random, m.said_at,
       m.received_at, m.body, m.cloud_custom_data, m.system, m.is_read, m.is_revoked, m.notice_kind, m.notice_seconds,
       m.second, m.arrivals[m.number] as place
from (
    select m.*,
           row_number() over (partition by m.conversation, m.second, m.from_account order by m.sequence, m.arrival) as number,
           array_agg(m.arrival) over (partition by m.conversation, m.second, m.from_account order by m.arrival
                                      rows between unbounded preceding and unbounded following) as arrivals
    from (
        select m.*, m.said_at / 1000 as second,
               row_number() over (partition by m.conversation, m.said_at / 1000 order by m.received_at, m.id) as arrival
        from messages m
        where not m.online_only and m.send_result = 0
    ) m
) m;
