-- Names and other one-line fields take no controls, line breaks or overrides of direction from now on; what stands here
-- loses them (src/text.rs has the same list). Sealed values cannot be read here; they are shown by themselves alone.

create function pg_temp.line(text) returns text language sql immutable as $$
    select regexp_replace($1, '[\u0001-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]', '', 'g')
$$;
update people set
    name = nullif(pg_temp.line(name), ''),
    gender = nullif(pg_temp.line(gender), ''),
    avatar_url = nullif(pg_temp.line(avatar_url), ''),
    email = nullif(pg_temp.line(email), ''),
    emergency_contact = nullif(pg_temp.line(emergency_contact), ''),
    department = nullif(pg_temp.line(department), ''),
    title = nullif(pg_temp.line(title), ''),
    qualification = nullif(pg_temp.line(qualification), ''),
    qualification_code = nullif(pg_temp.line(qualification_code), '')
where concat(name, gender, avatar_url, email, emergency_contact, department, title, qualification, qualification_code)
    ~ '[\u0001-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]';
update institutions set name = pg_temp.line(name);
update evaluations set tag = nullif(pg_temp.line(tag), '') where tag is not null;

-- User names of staff that differ only by case are the same name. Openids of visitors are case-sensitive and stay apart.
-- Staff who are alike already keep their names: the second and further ones are numbered, and log in exactly as written.
alter table people add column username_twin integer not null default 0;
update people set username_twin = alike.twin
from (
    select id, row_number() over (partition by lower(username) order by created_at, id) - 1 as twin
    from people where kind <> 'VISITOR'
) as alike
where people.id = alike.id and alike.twin > 0;
create unique index people_staff_name_unique on people (lower(username), username_twin) where kind <> 'VISITOR';
