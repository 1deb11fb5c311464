-- Lists of people are read newest first, a page at a time, and a whole phone number is found by its keyed hash.

create index people_newest on people (created_at desc, id desc) where deleted_at is null;
create index people_by_phone on people (phone_hash) where phone_hash is not null;
