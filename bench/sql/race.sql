-- Who has the least to do, of those with a free place? Read first, written after, as common systems do.
select coalesce((
    select c.id
    from peer_counselors c
        left join peer_conversations t on t.counselor = c.id and t.status = 'IN_PROGRESS'
    group by c.id, c.capacity
    having count(t.id) < c.capacity
    order by count(t.id), c.id
    limit 1
), 0) as counselor \gset
\if :counselor
insert into peer_conversations (id, counselor, visitor, status) values (gen_random_uuid(), :counselor, gen_random_uuid(), 'IN_PROGRESS');
\endif
