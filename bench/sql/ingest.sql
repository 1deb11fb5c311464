-- One message, as an application would store each by itself: the columns, indexes and constraints of our own table.
\set number random(1, 9000000000000)
\set said random(1, 9000000000000)
\set talk random(1, 1000)
\set counselor (:talk / 50)
insert into peer_messages (id, institution, conversation, from_account, to_account, msg_key, sequence, random, said_at, received_at, body, cloud_custom_data)
values (gen_random_uuid(), 'bench', ('00000000-0000-4000-8000-' || lpad(:talk::text, 12, '0'))::uuid, 'sandbox_bench' || :talk::text, 'bench_counselor_' || :counselor::text, :number::text || '_' || :said::text, :number::bigint, :said::bigint, :said::bigint, :said::bigint, '[{"MsgType":"TIMTextElem","MsgContent":{"Text":"message number 123456 of this measurement, about as long as people write"}}]', '00000000000040008000000000000000');
