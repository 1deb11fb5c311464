-- What people thought of their talks; and records that are listed, counted and erased without reading whole tables.

create table evaluations (
    id           uuid primary key,
    institution  text not null references institutions (code),
    conversation uuid not null references conversations (id),
    object_type  text not null check (object_type in ('CONVERSATION', 'COUNSELOR', 'VISITOR')),
    creator      uuid not null references people (id),
    -- Whose rating it is: the counselor of a consultation, rated by who asked. Null where nobody is rated by it.
    counselor    uuid references people (id),
    level        smallint check (level between 1 and 5),
    -- A person's words: erased with the conversation's.
    content      text,
    tag          text,
    created_at   bigint not null,
    -- With its conversation; here too, so that ratings are counted without looking at conversations.
    deleted_at   bigint,
    constraint evaluations_once unique (conversation, object_type)
);
create index evaluations_by_day on evaluations (institution, created_at) include (counselor, level)
    where deleted_at is null and counselor is not null and level is not null;
create index evaluations_by_counselor on evaluations (counselor) include (level)
    where deleted_at is null and level is not null;

-- When the words of a deleted conversation were erased.
alter table conversations add column erased_at bigint;
create index conversations_to_erase on conversations (deleted_at) where deleted_at is not null and erased_at is null;

-- The list of records, newest first. It covers what the list filters and sorts by: an institution's whole history is
-- counted from the index.
create index conversations_listed on conversations (institution, opened_at, id)
    include (visitor, counselor, wanted, status, started_at, ended_at)
    where kind = 'COUNSELING_SESSION' and deleted_at is null;
create index conversations_requests on conversations (institution, opened_at)
    where kind = 'REQUEST_SUPERVISE' and deleted_at is null;
-- Who serves a conversation, or is asked for in it.
create index conversations_by_counterpart on conversations ((coalesce(counselor, wanted)), opened_at)
    where deleted_at is null;
-- The statistics: consultations by the moment they began.
create index conversations_begun on conversations (institution, started_at) include (counselor, ended_at)
    where kind = 'COUNSELING_SESSION' and deleted_at is null and started_at is not null;
