-- What a counselor or supervisor chose to be; null while they are offline. So that after a restart the first of their tabs
-- to return does not take them back to an older choice.
alter table people add column presence text
    constraint people_presence check (presence in ('online', 'busy', 'away'));
