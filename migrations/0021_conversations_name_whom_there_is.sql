-- The foreign keys and checks of conversations that 0009 and 0010 dropped come back: integrity before microseconds. Those of
-- events and talk_times stay away, since a commit has several rows of each; `hotline check` looks whom they name.
--
-- Not valid: they hold for every row written from now on, and a row from before that breaks one keeps no hotline from
-- starting. Rows from before are looked through after the migrations (src/database.rs).

alter table conversations
    add constraint conversations_institution_fkey foreign key (institution) references institutions (code) not valid,
    add constraint conversations_visitor_fkey foreign key (visitor) references people (id) not valid,
    add constraint conversations_wanted_fkey foreign key (wanted) references people (id) not valid,
    add constraint conversations_counselor_fkey foreign key (counselor) references people (id) not valid,
    add constraint conversations_consultation_fkey foreign key (consultation) references conversations (id) not valid,
    add constraint conversations_kind_check check (kind in ('COUNSELING_SESSION', 'REQUEST_SUPERVISE')) not valid,
    add constraint conversations_status_check
        check (status in ('WAITING', 'IN_PROGRESS', 'FINISHED', 'TIME_OUT', 'CANCELLED')) not valid,
    add constraint conversations_priority_check check (priority in ('NORMAL', 'URGENT')) not valid,
    add constraint conversations_medium_check check (medium in ('TEXT', 'VOICE')) not valid;
