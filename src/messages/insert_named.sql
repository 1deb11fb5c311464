-- Stores those words of a batch that say themselves where they belong (src/messages/insert.rs): said by a known person to
-- another, in the conversation that they name. Answers the ids of those stored. What it leaves out came before, or has no
-- place there; insert.sql finds out which.
with stored as (
    insert into messages (id, institution, conversation, from_account, to_account, msg_key, sequence, random,
                          said_at, received_at, body, cloud_custom_data, online_only, send_result, is_read, is_revoked)
    select i.id, c.institution, c.id, i.from_account, i.to_account, i.msg_key, i.sequence, i.random,
           i.said_at, i.received_at, i.body::jsonb, i.cloud_custom_data, i.online_only, i.send_result,
           exists (select from read_marks r
                   where r.reader = i.to_account and r.peer = i.from_account and r.up_to >= i.said_at),
           exists (select from withdrawn_messages w
                   where w.from_account = i.from_account and w.to_account = i.to_account and w.msg_key = i.msg_key
                       -- Both are in the time of dispatch, whoever told the word.
                       and (c.ended_at is null or w.withdrawn_at <= c.ended_at + $17))
    from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::uuid[], $6::text[], $7::bigint[], $8::bigint[],
                $9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::uuid[], $14::boolean[], $15::integer[])
        as i (id, from_account, from_id, to_account, to_id, msg_key, sequence, random,
              said_at, received_at, body, cloud_custom_data, claimed, online_only, send_result)
        join conversations c on c.id = i.claimed
    where ((c.visitor = i.from_id and c.counselor = i.to_id) or (c.visitor = i.to_id and c.counselor = i.from_id))
        and (c.ended_at is null or i.said_at <= c.ended_at + $16)
    on conflict on constraint messages_once do nothing
    returning id, from_account, to_account, msg_key
), moved as (
    -- Kept apart when it came before, and now it has a place.
    delete from unplaced_messages u
    using stored s
    where u.from_account = s.from_account and u.to_account = s.to_account and u.msg_key = s.msg_key
)
select id as "id!" from stored
