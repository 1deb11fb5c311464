-- What was decided, in order, and the conversations as they stand after it. Both are written by one statement.

create table events (
    institution text not null references institutions (code),
    seq         bigint not null,
    -- Fresh at every revival. Tells, after a commit whose outcome is unknown, whose row stands here.
    writer      uuid not null,
    at          bigint not null,
    kind        text not null,
    body        jsonb not null,
    -- The fence: two servers cannot both store event 42.
    constraint events_fence primary key (institution, seq)
);

create table conversations (
    id           uuid primary key,
    institution  text not null references institutions (code),
    kind         text not null check (kind in ('COUNSELING_SESSION', 'REQUEST_SUPERVISE')),
    -- Who asked: the visitor, or the counselor who calls in a supervisor.
    visitor      uuid not null references people (id),
    -- Who was asked for by name; null for anyone.
    wanted       uuid references people (id),
    -- Who took it.
    counselor    uuid references people (id),
    -- For REQUEST_SUPERVISE: the consultation it is about.
    consultation uuid references conversations (id),
    status       text not null check (status in ('WAITING', 'IN_PROGRESS', 'FINISHED', 'TIME_OUT', 'CANCELLED')),
    priority     text not null default 'NORMAL' check (priority in ('NORMAL', 'URGENT')),
    medium       text not null default 'TEXT' check (medium in ('TEXT', 'VOICE')),
    -- May be served by others than the one asked for; and already stands in the common queue.
    fallback     boolean not null default false,
    common       boolean not null default false,
    -- The place in the order of arrival: the number of the event that opened it.
    arrival      bigint not null,
    -- Notices sent and alarms raised so far, a bit each (actors/src/dispatch/conversation.rs).
    notices      integer not null default 0,
    opened_at    bigint not null,
    started_at   bigint,
    call_started_at bigint,
    ended_at     bigint,
    end_reason   text,
    deleted_at   bigint
);

-- Law L-2, once more where it cannot be argued with.
create unique index conversations_one_open_per_visitor on conversations (visitor)
    where kind = 'COUNSELING_SESSION' and status in ('WAITING', 'IN_PROGRESS');
create index conversations_open on conversations (institution) where status in ('WAITING', 'IN_PROGRESS');
create index conversations_by_visitor on conversations (visitor, opened_at desc);
create index conversations_by_counselor on conversations (counselor, opened_at desc);
create index conversations_by_consultation on conversations (consultation) where consultation is not null;
