-- Several servers share a database: each institution is decided for by one of them, and who that is stands here. A server claims a
-- journal only as its owner (src/store/claims.rs), so one that was given up for dead and comes back claims nothing.
--
-- All moments in here are of PostgreSQL's clock alone: the clocks of the servers need not agree.

-- The servers at work. One that starts again is another.
create table nodes (
    id          uuid primary key,
    -- For people who read the log.
    name        text not null,
    version     text not null,
    -- What it can say to the others and understand.
    protocol    integer not null,
    joined_at   timestamptz not null default clock_timestamp(),
    -- Until then nobody takes from it what it owns.
    lease_until timestamptz not null,
    -- It is about to stop, and takes nothing more.
    leaving     boolean not null default false
);

create table owners (
    institution text primary key references institutions (code),
    -- Null: nobody's for now. The row of the institution stays when its node goes, for its epoch.
    node        uuid references nodes (id) on delete set null,
    -- Counts up whenever the owner changes: an owner of an earlier epoch is none, also if it is the same server.
    epoch       bigint not null default 0,
    since       timestamptz not null default clock_timestamp()
);
create index owners_node on owners (node);
