-- What was said. Kept apart from the events, so that it can be erased.

create table messages (
    id                uuid primary key,
    institution       text not null,
    -- Resolved by the inserting statement itself; a foreign key would cost a look-up per row and prove nothing more.
    conversation      uuid not null,
    from_account      text not null,
    to_account        text not null,
    msg_key           text not null,
    sequence          bigint not null,
    random            bigint not null,
    -- Tencent's MsgTime: whole seconds, as milliseconds.
    said_at           bigint not null,
    received_at       bigint not null,
    -- MsgBody as it came, unknown elements included.
    body              jsonb not null,
    cloud_custom_data text not null default '',
    online_only       boolean not null default false,
    -- SendMsgResult: other than 0 was never delivered.
    send_result       integer not null default 0,
    -- A notice of ours, not a person's words.
    system            boolean not null default false,
    is_read           boolean not null default false,
    is_revoked        boolean not null default false,
    -- Law L-8: however often it is delivered. MsgKey alone is not unique across conversations (protocols.md 2.3).
    constraint messages_once unique (from_account, to_account, msg_key)
);
create index messages_by_conversation on messages (conversation, said_at, sequence);

-- Belongs to no conversation we know: kept for the administrators, not lost.
create table unplaced_messages (
    id                uuid primary key,
    institution       text,
    from_account      text not null,
    to_account        text not null,
    msg_key           text not null,
    said_at           bigint not null,
    received_at       bigint not null,
    reason            text not null,
    callback          jsonb not null,
    constraint unplaced_messages_once unique (from_account, to_account, msg_key)
);
create index unplaced_messages_by_institution on unplaced_messages (institution, received_at desc);
