-- Places and stores a batch of messages (src/messages/insert.rs).
--
-- incoming: the batch.
-- named:    accounts become user names and people, whichever of user name and id Tencent sent.
-- placed:   the conversation each belongs to, or the reason why it belongs to none.
-- chosen:   of deliveries of the same message the first, a placed one before others.
-- before:   those that stood in the table already.
-- stored, moved, apart: what is written. A message kept apart once moves over when it is delivered again and has a place.
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
           exists (select from withdrawn_messages w
                   where w.from_account = sender and w.to_account = receiver and w.msg_key = chosen.msg_key)
    from chosen
    where reason is null
    on conflict on constraint messages_once do nothing
    returning id
), moved as (
    delete from unplaced_messages u
    using chosen c
    where c.reason is null
        and u.from_account = c.sender and u.to_account = c.receiver and u.msg_key = c.msg_key
), apart as (
    insert into unplaced_messages (id, institution, from_account, to_account, msg_key, said_at, received_at,
                                   reason, callback)
    -- As a callback has it: whoever looks after them may have to tell what it was.
    select id, home, sender, receiver, msg_key, said_at, received_at, reason,
           jsonb_build_object('MsgBody', body::jsonb, 'CloudCustomData', cloud_custom_data, 'MsgSeq', sequence,
                              'MsgRandom', random, 'OnlineOnlyFlag', online_only::integer,
                              'SendMsgResult', send_result)
    from chosen
    where reason is not null and at not in (select at from before)
    on conflict on constraint unplaced_messages_once do nothing
)
select p.id as "id!",
       -- Its own row, from an attempt whose outcome was unknown, is no earlier delivery.
       p.id in (select id from stored) or exists (select from messages m where m.id = p.id) as "first!",
       case when c.at not in (select at from before) then c.reason end as reason
from placed p
    join chosen c using (sender, receiver, msg_key)
