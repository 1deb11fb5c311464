-- A hundred thousand conversations of a thousand visitors and fifty counselors over half a year, and a million messages.
insert into people (id, institution, kind, username, name, max_consults, created_at, updated_at, state)
select md5('visitor' || n)::uuid, 'bench', 'VISITOR', 'sandbox_list' || n, '访客' || n, 5, 0, 0, 'NORMAL' from generate_series(1, 1000) n
union all
select md5('counselor' || n)::uuid, 'bench', 'COUNSELOR', 'list_counselor_' || n, '咨询师' || n, 5, 0, 0, 'NORMAL' from generate_series(1, 50) n;
insert into conversations (id, institution, kind, visitor, wanted, counselor, status, arrival, opened_at, started_at, ended_at, end_reason)
select md5('talk' || n)::uuid, 'bench', 'COUNSELING_SESSION', md5('visitor' || (1 + n % 1000))::uuid,
       md5('counselor' || (1 + n % 50))::uuid, md5('counselor' || (1 + n % 50))::uuid,
       case when n % 7 = 0 then 'TIME_OUT' else 'FINISHED' end, n,
       begun, begun + 5000, begun + 5000 + 60000 * (1 + n::bigint * 7919 % 59), case when n % 7 = 0 then 'silence' else 'visitor' end
from (select n, (extract(epoch from now()) * 1000)::bigint - (100001 - n)::bigint * 155520 as begun from generate_series(1, 100000) n) talks;
insert into messages (id, institution, conversation, from_account, to_account, msg_key, sequence, random, said_at, received_at, body)
select md5('word' || n)::uuid, 'bench', md5('talk' || (1 + (n - 1) / 10))::uuid, 'sandbox_list' || (1 + (1 + (n - 1) / 10) % 1000),
       'list_counselor_' || (1 + (1 + (n - 1) / 10) % 50), n::text, n, n, c.started_at + 1000 * (n % 10), c.started_at + 1000 * (n % 10),
       '[{"MsgType":"TIMTextElem","MsgContent":{"Text":"one of a million messages, about as long as people write"}}]'
from generate_series(1, 1000000) n join conversations c on c.id = md5('talk' || (1 + (n - 1) / 10))::uuid;
insert into evaluations (id, institution, conversation, object_type, creator, counselor, level, created_at, begun_at)
select md5('rating' || c.id)::uuid, 'bench', c.id, 'CONVERSATION', c.visitor, c.counselor, 1 + c.arrival % 5, c.ended_at, c.started_at
from conversations c where c.arrival % 2 = 0;
