-- What follows from events outside: how far each consumer has come, what it gave up, and who may be told over WeChat.

-- Everything up to `seq` is done with. Written after it is done, so that a crash repeats rather than forgets.
create table consumer_cursors (
    consumer    text not null,
    institution text not null references institutions (code),
    seq         bigint not null,
    primary key (consumer, institution)
);

-- What could not be done. Ids and reasons only; for the administrator of the server to look into.
create table given_up (
    consumer    text not null,
    institution text not null,
    -- The event, or the last of several that are given up together.
    seq         bigint not null,
    reason      text not null,
    at          bigint not null,
    primary key (consumer, institution, seq)
);
create index given_up_by_time on given_up (at desc);

-- "It is your turn" over WeChat: each tap of a visitor on the mini-program's question allows one message more.
create table turn_subscriptions (
    person     uuid primary key references people (id),
    allowed    integer not null check (allowed >= 0),
    updated_at bigint not null
);
