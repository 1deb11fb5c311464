-- The tenants, everyone who can log in, and the log-ins themselves.
-- Every *_at is epoch milliseconds: the wire speaks them, and days are counted in the institution's own zone.

create table institutions (
    code       text primary key check (code ~ '^[a-z0-9_-]{2,32}$'),
    name       text not null,
    time_zone  text not null default 'Asia/Shanghai',
    created_at bigint not null
);

create table people (
    id                 uuid primary key,
    -- Null for system administrators only: they belong to no institution.
    institution        text references institutions (code),
    kind               text not null check (kind in ('VISITOR', 'COUNSELOR', 'SUPERVISOR', 'INSTITUTION', 'SYSTEM')),
    -- Never changed and never given out again, so rows of the deleted stay.
    username           text not null constraint people_username_unique unique,
    password_hash      text,
    open_id            text,
    wechat_appid       text,
    name               text,
    gender             text,
    age                integer not null default 0,
    avatar_url         text,
    -- Sealed with AES-256-GCM (see src/secrets.rs); the hashes are keyed and find a whole value.
    phone              text,
    phone_hash         bytea,
    id_number          text,
    id_number_hash     bytea,
    email              text,
    emergency_contact  text,
    emergency_phone    text,
    wechat_session_key text,
    department         text,
    title              text,
    qualification      text,
    qualification_code text,
    state              text check (state in ('NORMAL', 'BANNED')),
    max_consults       integer not null default 5 check (max_consults between 0 and 50),
    total_time         bigint not null default 0,
    subscribe          boolean not null default false,
    activated          boolean not null default true,
    activated_at       bigint,
    created_by         uuid,
    created_at         bigint not null,
    updated_by         uuid,
    updated_at         bigint not null,
    deleted_at         bigint,
    constraint people_institution_by_kind check ((kind = 'SYSTEM') = (institution is null))
);

create index people_by_institution on people (institution, kind, created_at desc);

-- Which supervisors look after which counselor.
create table supervisor_bindings (
    counselor  uuid not null references people (id),
    supervisor uuid not null references people (id),
    primary key (counselor, supervisor)
);
create index supervisor_bindings_by_supervisor on supervisor_bindings (supervisor);

-- Log-ins. Only a SHA-256 of the token is kept: a stolen table logs nobody in.
create table sessions (
    token_hash bytea primary key,
    person     uuid not null references people (id),
    created_at bigint not null,
    seen_at    bigint not null
);
create index sessions_by_person on sessions (person);

-- Who looked at or did what to another's record. Ids only.
create table audit (
    id          bigint generated always as identity primary key,
    institution text,
    actor       uuid not null,
    action      text not null,
    target      uuid,
    at          bigint not null
);
create index audit_by_institution on audit (institution, at desc);

-- Who is on duty on which day (in the institution's zone). Removed ones stay, so that a standing week does not bring them back.
create table shifts (
    id          uuid primary key,
    institution text not null references institutions (code),
    person      uuid not null references people (id),
    day         date not null,
    standing    boolean not null default false,
    removed_at  bigint,
    created_at  bigint not null,
    constraint shifts_one_per_person_and_day unique (person, day)
);
create index shifts_by_day on shifts (institution, day) where removed_at is null;

-- A person's standing week: 1 is Monday, 7 is Sunday.
create table standing_weeks (
    person      uuid primary key references people (id),
    institution text not null references institutions (code),
    week_days   smallint[] not null,
    since       date not null
);
