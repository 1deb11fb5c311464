-- A reason to end that nobody knows would make every list with its row fail: it is read as one of the words of
-- actors/src/dispatch/conversation.rs, like kind, status, priority and medium, and was the only one without a check. A new
-- reason needs a migration from now on; an older server then refuses the newer schema rather than its rows.
--
-- Not valid, as in 0021: rows from before are looked through after the migrations (src/database.rs).

alter table conversations
    add constraint conversations_end_reason_check
        check (end_reason in ('visitor', 'counselor', 'supervisor', 'administrator', 'waiting', 'silence', 'limit',
                              'absent', 'counselor-gone', 'banned', 'consultation-ended')) not valid;
