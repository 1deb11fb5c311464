-- Places and stores a batch of messages (src/messages/insert.rs).
--
-- incoming: the batch.
-- named:    accounts become user names and people, whichever of user name and id Tencent sent.
-- placed:   the conversation each belongs to, or the reason why it belongs to none.
-- chosen:   of deliveries of the same message the first, a placed one before others.
-- before:   those that stood in the table already.
-- stored, moved, apart: what is written. A message kept apart once moves over when it is delivered again and has a place.
-- homeless, taken: what would be kept apart, and how much room there is: so many of a sender, so many and so many bytes of an
--           institution. Beyond it, and of people nobody knows, nothing is kept.
with incoming as (
    select *
    from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::uuid[], $6::text[], $7::bigint[],
                $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::uuid[],
                $14::boolean[], $15::integer[], $16::boolean[])
        with ordinality as i (id, from_account, from_id, to_account, to_id, msg_key, sequence, random, said_at,
                              received_at, body, cloud_custom_data, claimed, online_only, send_result,
                              system, at)
), named as (
    select i.*,
           coalesce(f.username, fi.username, i.from_account) as sender,
           coalesce(f.id, fi.id) as sender_id,
           coalesce(t.username, ti.username, i.to_account) as receiver,
           coalesce(t.id, ti.id) as receiver_id,
           coalesce(f.institution, fi.institution, t.institution, ti.institution) as home
    from incoming i
        left join people f on f.username = i.from_account
        left join people fi on fi.id = i.from_id
        left join people t on t.username = i.to_account
        left join people ti on ti.id = i.to_id
), placed as (
    select n.*,
           coalesce(c.id, o.id) as conversation,
           coalesce(c.institution, o.institution) as institution,
           case
               when n.receiver_id is null or (n.sender_id is null and not n.system) then 'unknown-account'
               when n.claimed is null and o.open = 0 then 'no-open-conversation'
               when n.claimed is null and o.open > 1 then 'several-open-conversations'
               when n.claimed is null then null
               when c.id is null then 'unknown-conversation'
               when coalesce((c.visitor, c.counselor) in ((n.sender_id, n.receiver_id),
                                                          (n.receiver_id, n.sender_id)), false)
                    or coalesce(n.system and n.receiver_id in (c.visitor, c.counselor), false)
                   then case when n.said_at > c.ended_at + $17 then 'after-the-end' end
               else 'other-people'
           end as reason
    from named n
        left join conversations c on c.id = n.claimed
        left join lateral (
            -- The talks of the two that may be meant: open when it was said, else ended just before, else open now.
            select count(*) as open,
                   (array_agg(t.id order by t.started_at desc))[1] as id,
                   (array_agg(t.institution))[1] as institution
            from (
                select o.id, o.institution, o.started_at,
                       rank() over (order by case
                           -- MsgTime has whole seconds: a word of the first second seems to be said before it.
                           when n.said_at + 999 < o.started_at then 4
                           when n.said_at < o.started_at then 2
                           when n.said_at <= coalesce(o.ended_at, n.said_at) then 1
                           else 3
                       end) as fit
                from conversations o
                where n.claimed is null
                    and o.started_at is not null
                    and (o.status = 'IN_PROGRESS'
                         or (n.said_at + 999 >= o.started_at and n.said_at <= o.ended_at + $17))
                    and o.visitor in (n.sender_id, n.receiver_id)
                    and o.counselor in (n.sender_id, n.receiver_id)
                    and o.visitor <> o.counselor
            ) t
            where t.fit = 1
        ) o on true
), chosen as (
    select distinct on (sender, receiver, msg_key) *
    from placed
    order by sender, receiver, msg_key, (reason is not null), at
), before as (
    select c.at
    from chosen c
        join messages m
            on m.from_account = c.sender and m.to_account = c.receiver and m.msg_key = c.msg_key
), stored as (
    insert into messages (id, institution, conversation, from_account, to_account, msg_key, sequence, random,
                          said_at, received_at, body, cloud_custom_data, online_only, send_result, system,
                          is_read, is_revoked)
    select id, institution, conversation, sender, receiver, msg_key, sequence, random, said_at, received_at,
           body::jsonb, cloud_custom_data, online_only, send_result, system,
           exists (select from read_marks r
                   where r.reader = receiver and r.peer = sender and r.up_to >= said_at),
           exists (select from withdrawn_messages w join conversations t on t.id = chosen.conversation
                   where w.from_account = sender and w.to_account = receiver and w.msg_key = chosen.msg_key
                       -- Both are in the time of dispatch, whoever told the word.
                       and (t.ended_at is null or w.withdrawn_at <= t.ended_at + $22))
    from chosen
    where reason is null
    on conflict on constraint messages_once do nothing
    returning id
), moved as (
    delete from unplaced_messages u
    using chosen c
    where c.reason is null
        and u.from_account = c.sender and u.to_account = c.receiver and u.msg_key = c.msg_key
), homeless as (
    -- Of people we know, and not there already. What is too large is kept without its words.
    select h.*,
           row_number() over (partition by h.home, h.sender order by h.at) as nth_of_sender,
           row_number() over (partition by h.home order by h.at) as nth,
           sum(h.bytes) over (partition by h.home order by h.at) as bytes_so_far
    from (
        select c.*, s.size, case when s.size <= $18 then s.size else 0 end as bytes
        from chosen c
            cross join lateral (select octet_length(c.body) + octet_length(c.cloud_custom_data) as size) s
        where c.reason is not null and c.reason <> 'unknown-account' and c.at not in (select at from before)
            and not exists (select from unplaced_messages u
                            where u.from_account = c.sender and u.to_account = c.receiver and u.msg_key = c.msg_key)
    ) h
), taken as (
    -- What an institution, and a sender in it, have there already.
    select h.home, h.sender,
           (select count(*) from unplaced_messages u where u.institution = h.home and u.from_account = h.sender) as of_sender,
           i.messages, i.bytes
    from (select distinct home, sender from homeless) h
        cross join lateral (select count(*) as messages, coalesce(sum(u.bytes), 0) as bytes
                            from unplaced_messages u where u.institution = h.home) i
), apart as (
    insert into unplaced_messages (id, institution, from_account, to_account, msg_key, said_at, received_at,
                                   reason, callback, bytes)
    -- As a callback has it: whoever looks after them may have to tell what it was.
    select h.id, h.home, h.sender, h.receiver, h.msg_key, h.said_at, h.received_at, h.reason,
           jsonb_build_object('MsgBody', case when h.size <= $18 then h.body::jsonb else '[]' end,
                              'CloudCustomData', case when h.size <= $18 then h.cloud_custom_data else '' end,
                              'MsgSeq', h.sequence, 'MsgRandom', h.random, 'OnlineOnlyFlag', h.online_only::integer,
                              'SendMsgResult', h.send_result),
           h.bytes
    from homeless h
        join taken t on t.home = h.home and t.sender = h.sender
    where t.of_sender + h.nth_of_sender <= $19
        and t.messages + h.nth <= $20
        and t.bytes + h.bytes_so_far <= $21
    on conflict on constraint unplaced_messages_once do nothing
    returning id
)
select p.id as "id!", p.institution, p.conversation, p.sender_id, p.receiver_id,
       -- Its own row, from an attempt whose outcome was unknown, is no earlier delivery.
       p.id in (select id from stored) or exists (select from messages m where m.id = p.id) as "first!",
       case when c.at not in (select at from before) then c.reason end as reason,
       c.id in (select id from apart)
           or exists (select from unplaced_messages u
                      where u.from_account = c.sender and u.to_account = c.receiver and u.msg_key = c.msg_key) as "kept!"
from placed p
    join chosen c using (sender, receiver, msg_key)
