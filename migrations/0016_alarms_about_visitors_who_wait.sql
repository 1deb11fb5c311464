-- Alarms about a visitor who is not answered no longer come twice in a talk's life but as often as it takes, and after every
-- word. Which of them are out follows from when the last was raised and when the first unanswered word was said.

alter table conversations add column alarmed_at bigint;
