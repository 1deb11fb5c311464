-- Where the machine's clock had been set back, talks ended before they began. Time only moves forward now; what stands here
-- from before took no time.

update conversations set started_at = opened_at where started_at < opened_at;
update conversations set ended_at = coalesce(started_at, opened_at) where ended_at < coalesce(started_at, opened_at);
