-- Words that belong to no conversation have a bound and an end (config.toml, messages.unplaced_*).

-- Of people whom nobody knows nothing is kept: no administrator ever saw it.
delete from unplaced_messages where institution is null or reason = 'unknown-account';

alter table unplaced_messages
    -- Of the words that are kept; 0 where they were too many.
    add column bytes integer not null default 0;
update unplaced_messages set bytes = octet_length(callback::text);
alter table unplaced_messages
    alter column bytes drop default,
    alter column institution set not null;

-- How much an institution has there is counted from the index alone.
drop index unplaced_messages_by_institution;
create index unplaced_messages_by_institution on unplaced_messages (institution, received_at desc) include (bytes);
create index unplaced_messages_by_sender on unplaced_messages (institution, from_account);
create index unplaced_messages_to_end on unplaced_messages (received_at);
create index withdrawn_messages_to_end on withdrawn_messages (withdrawn_at);
