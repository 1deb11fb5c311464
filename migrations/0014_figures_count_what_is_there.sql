-- Figures count what is not deleted, and by the moment the talk began. What counts is said here once, for every query.

-- With the rating: when the talk began that it is about. A talk's beginning never changes.
alter table evaluations add column begun_at bigint;
update evaluations e set begun_at = coalesce(c.started_at, e.created_at)
from conversations c where c.id = e.conversation;
update evaluations set begun_at = created_at where begun_at is null;
alter table evaluations alter column begun_at set not null;

-- Ratings that were written in the moment of a deletion counted on.
update evaluations e set deleted_at = c.deleted_at
from conversations c where c.id = e.conversation and c.deleted_at is not null and e.deleted_at is null;

drop index evaluations_by_day;
create index evaluations_by_begin on evaluations (institution, begun_at) include (counselor, level)
    where deleted_at is null and counselor is not null and level is not null;

-- `counterpart` is the counselor as conversations_by_counterpart has it: whatever has begun has one.
create view counted_talks as
select id, institution, visitor, counselor, coalesce(counselor, wanted) as counterpart, status, opened_at, started_at,
       ended_at, greatest(ended_at - started_at, 0) as millis
from conversations
where kind = 'COUNSELING_SESSION' and deleted_at is null and started_at is not null;

create view counted_ratings as
select institution, counselor, level, begun_at
from evaluations
where deleted_at is null and counselor is not null and level is not null;

-- Until now a person's total kept the talks that were deleted.
update talk_times t set millis = greatest(t.millis - gone.millis, 0)
from (
    select v.person, sum(greatest(c.ended_at - c.started_at, 0))::bigint as millis
    from conversations c cross join lateral (values (c.visitor), (c.counselor)) as v (person)
    where c.kind = 'COUNSELING_SESSION' and c.deleted_at is not null and c.started_at is not null
        and c.ended_at is not null
    group by v.person
) as gone
where t.person = gone.person;
