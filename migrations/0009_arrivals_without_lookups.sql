-- Every person, institution and consultation that the journal names was read from its own row a moment before, and those
-- rows are never deleted (people and institutions only get a mark). The foreign keys proved that again for each row,
-- which took half of a commit's time; tests/it/story.rs, crowd.rs and talks/supervise.rs look whether
-- anybody is named who is not there.

alter table events drop constraint events_institution_fkey;
alter table conversations
    drop constraint conversations_institution_fkey,
    drop constraint conversations_visitor_fkey,
    drop constraint conversations_wanted_fkey,
    drop constraint conversations_counselor_fkey,
    drop constraint conversations_consultation_fkey;
