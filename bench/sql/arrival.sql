-- A visitor arrives at one of 200 counselors: lock them, count whom they have, and take the place or wait.
\set counselor random(1, 200)
begin;
select capacity from peer_counselors where id = :counselor for update \gset
select count(*) as active from peer_conversations where counselor = :counselor and status = 'IN_PROGRESS' \gset
insert into peer_conversations (id, counselor, visitor, status)
values (gen_random_uuid(), :counselor, gen_random_uuid(), case when :active < :capacity then 'IN_PROGRESS' else 'WAITING' end);
commit;
