create table peer_counselors (id integer primary key, capacity integer not null);
create table peer_conversations (
    id         uuid primary key,
    counselor  integer not null references peer_counselors (id),
    visitor    uuid not null,
    status     text not null,
    opened_at  timestamptz not null default now()
);
create index peer_conversations_active on peer_conversations (counselor) where status = 'IN_PROGRESS';
insert into peer_counselors select number, 50 from generate_series(1, 200) number;
