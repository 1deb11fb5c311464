-- A row of the audit about several people says who they are, so that "who saw this person" can be answered: those of the
-- page that was shown, or the supervisors who were bound. `detail` names fields, filters or a day, and never holds a value.

alter table audit
    add column people uuid[],
    add column detail text;
