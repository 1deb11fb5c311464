-- What IM tells about messages besides the words: calls, who read up to where, what was taken back, and how far the
-- history of each talk was fetched from Tencent.

alter table conversations
    -- When the last call in it ended: the talk goes on for a while after it.
    add column call_ended_at bigint,
    -- Up to here the history was fetched and stored. Null: not yet. Behind the end: once more is owed.
    add column history_at bigint;

-- The talks whose history after the end was not fetched yet.
create index conversations_history_owed on conversations (ended_at)
    where started_at is not null and ended_at is not null and (history_at is null or history_at < ended_at);

-- Everything that `peer` said to `reader` up to here is read; also what comes later, but was said before.
create table read_marks (
    reader text not null,
    peer   text not null,
    up_to  bigint not null,
    primary key (reader, peer)
);

-- Taken back; perhaps before the message itself has come.
create table withdrawn_messages (
    from_account text not null,
    to_account   text not null,
    msg_key      text not null,
    withdrawn_at bigint not null,
    primary key (from_account, to_account, msg_key)
);

-- Who is known to Tencent as an account.
create table im_accounts (
    person      uuid primary key references people (id),
    imported_at bigint not null
);
