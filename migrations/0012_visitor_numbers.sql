-- A visitor without a name is called `访客 12`: the number is short, unique in the institution, and never changes or comes
-- again. A trigger gives it, so that every way of making people does, also those in bulk and those by hand.

create table visitor_numbers (
    institution text primary key references institutions (code),
    last        integer not null
);

alter table people add column visitor_number integer;

update people set visitor_number = numbered.number
from (
    select id, row_number() over (partition by institution order by created_at, id) as number
    from people where kind = 'VISITOR'
) as numbered
where people.id = numbered.id;

insert into visitor_numbers (institution, last)
select institution, max(visitor_number) from people where kind = 'VISITOR' group by institution;

alter table people add constraint people_visitor_number_by_kind
    check ((kind = 'VISITOR') = (visitor_number is not null));
create unique index people_visitor_number_unique on people (institution, visitor_number)
    where visitor_number is not null;

-- The counter's row is locked until the commit, so two who are made at once get two numbers. One that is not used after
-- all, because the user name exists, stays unused.
create function give_visitor_number() returns trigger language plpgsql as $$
begin
    insert into visitor_numbers as n (institution, last) values (new.institution, 1)
    on conflict (institution) do update set last = n.last + 1
    returning n.last into new.visitor_number;
    return new;
end
$$;
create trigger people_visitor_number before insert on people
    for each row when (new.kind = 'VISITOR' and new.visitor_number is null)
    execute function give_visitor_number();

-- What a search by name looks at, in lower case: the name, or what stands in its place. A user name of a visitor is a
-- WeChat openid, which is nobody's to read.
create function searched_name(name text, username text, visitor_number integer) returns text
    language sql immutable parallel safe
    return lower(coalesce(
        nullif(name, ''),
        '访客 ' || visitor_number::text || ' Visitor ' || visitor_number::text || ' 访客' || visitor_number::text,
        username
    ));
