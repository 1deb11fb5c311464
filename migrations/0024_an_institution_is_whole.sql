-- Every row that is of one institution says so itself, in a column `institution`. So an institution lies whole in one database,
-- and by that column alone it can be found and published to another PostgreSQL: the row filter of a publication sees one row
-- and no other table (docs/design.md 10). tests/it/institutions.rs looks that no table is without it.
--
-- It may be null in tables of people: somebody of the whole system (kind SYSTEM) is of no institution. In talk_times, which has
-- no foreign key, a row from before may also be of nobody (`hotline check` names it).
--
-- Nothing is taken away, so the version before goes on at this schema. It does not know the column: triggers fill what it leaves
-- out. They do nothing where the column is given, as all statements of this version do; a later migration drops them, once no
-- server of the version before can run.

-- In the order in which the server's statements take them, so that the two do not wait for each other.
lock table talk_times, supervisor_bindings, sessions, im_accounts, turn_subscriptions, read_marks, withdrawn_messages
    in access exclusive mode;

-- As for the person in it, a foreign key would only prove again what was read a moment before.
alter table talk_times add column institution text;
alter table supervisor_bindings add column institution text references institutions (code);
alter table sessions add column institution text references institutions (code);
alter table im_accounts add column institution text references institutions (code);
alter table turn_subscriptions add column institution text references institutions (code);
-- Of the reader, and of whoever took it back. As in messages there is no foreign key: the inserting statement reads it from people.
alter table read_marks add column institution text;
alter table withdrawn_messages add column institution text;

update talk_times t set institution = p.institution from people p where p.id = t.person;
update supervisor_bindings b set institution = p.institution from people p where p.id = b.counselor;
update sessions s set institution = p.institution from people p where p.id = s.person;
update im_accounts a set institution = p.institution from people p where p.id = a.person;
update turn_subscriptions s set institution = p.institution from people p where p.id = s.person;
update read_marks r set institution = p.institution from people p where p.username = r.reader;
update withdrawn_messages w set institution = p.institution from people p where p.username = w.from_account;

-- The argument is the column that names the person: by id, or by user name.
create function give_institution_by_id() returns trigger language plpgsql as $$
begin
    new.institution := (select p.institution from people p where p.id = (to_jsonb(new) ->> tg_argv[0])::uuid);
    return new;
end
$$;
create function give_institution_by_name() returns trigger language plpgsql as $$
begin
    new.institution := (select p.institution from people p where p.username = to_jsonb(new) ->> tg_argv[0]);
    return new;
end
$$;

create trigger talk_times_institution before insert on talk_times
    for each row when (new.institution is null) execute function give_institution_by_id('person');
create trigger supervisor_bindings_institution before insert on supervisor_bindings
    for each row when (new.institution is null) execute function give_institution_by_id('counselor');
create trigger sessions_institution before insert on sessions
    for each row when (new.institution is null) execute function give_institution_by_id('person');
create trigger im_accounts_institution before insert on im_accounts
    for each row when (new.institution is null) execute function give_institution_by_id('person');
create trigger turn_subscriptions_institution before insert on turn_subscriptions
    for each row when (new.institution is null) execute function give_institution_by_id('person');
create trigger read_marks_institution before insert on read_marks
    for each row when (new.institution is null) execute function give_institution_by_name('reader');
create trigger withdrawn_messages_institution before insert on withdrawn_messages
    for each row when (new.institution is null) execute function give_institution_by_name('from_account');

-- Only people of an institution are bound, and only visitors allow messages.
alter table supervisor_bindings alter column institution set not null;
alter table turn_subscriptions alter column institution set not null;
