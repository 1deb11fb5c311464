-- Pictures of talks that run over our own IM (im.mode = "embedded"). Like the words: apart from the events, so that they
-- can be erased.

create table images (
    id           uuid primary key,
    institution  text not null,
    conversation uuid not null,
    -- The how-manieth of its conversation: the limit holds however many come at once.
    number       integer not null,
    uploaded_by  uuid not null references people (id),
    uploaded_at  bigint not null,
    -- What it was found to be, whatever the client called it.
    content_type text not null,
    -- As it is shown: turned as its orientation says.
    width        integer not null,
    height       integer not null,
    size         integer not null,
    bytes        bytea not null,
    constraint images_numbered unique (conversation, number),
    constraint images_kinds check (content_type in ('image/png', 'image/jpeg', 'image/gif', 'image/webp'))
);
-- They are compressed already, and are read in pieces.
alter table images alter column bytes set storage external;

-- Whether somebody's reading of a record was noted a moment ago.
create index audit_by_target on audit (target, action, actor, at desc);
