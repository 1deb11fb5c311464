//! What follows in one institution from other tables than the journal. PostgreSQL compares; only what does not fit comes here.

use futures_util::TryStreamExt;
use hotline_actors::{ConversationId, PersonId};

use super::{CheckFault, Finding, Look, Violation};
use crate::messages::late_after_end;

pub(super) async fn check(look: &mut Look<'_>, institution: &str) -> Result<(), CheckFault> {
    undecided(look, institution).await?;
    talk_times(look, institution).await?;
    ratings(look, institution).await?;
    messages(look, institution).await?;
    counters(look, institution).await
}

/// Tells what a query finds, row by row: however much it is.
macro_rules! tell {
    ($look:expr, $institution:expr, $query:expr, $row:ident => $violation:expr) => {{
        let Look { connection, tell, seen } = &mut *$look;
        let mut rows = $query.fetch(&mut **connection);
        while let Some($row) = rows.try_next().await? {
            seen.findings += 1;
            tell(&Finding { institution: $institution, violation: $violation })?;
        }
    }};
}
pub(super) use tell;

/// Conversations that nobody decided. Those of the demo's past were never decided, and have no place in the order of arrival.
async fn undecided(look: &mut Look<'_>, institution: &str) -> Result<(), CheckFault> {
    let query = sqlx::query_scalar!(
        r#"
        select c.id from conversations c
        where c.institution = $1 and c.arrival > 0
            and not exists (select from events e
                            where e.institution = $1 and e.kind = 'opened'
                                and e.body ->> 'conversation' = replace(c.id::text, '-', ''))
        order by c.id
        "#,
        institution
    );
    tell!(look, Some(institution.to_owned()), query, id => Violation::Undecided(ConversationId(id)));
    Ok(())
}

/// How long people have talked: what is not deleted of what is over. That the talks are as the journal has them is looked at
/// before.
async fn talk_times(look: &mut Look<'_>, institution: &str) -> Result<(), CheckFault> {
    let query = sqlx::query!(
        r#"
        select p.id, coalesce(t.millis, 0) as "stored!", coalesce(c.millis, 0) as "talked!"
        from people p
            left join talk_times t on t.person = p.id
            left join (
                select v.person, sum(c.millis)::bigint as millis
                from counted_talks c cross join lateral (values (c.visitor), (c.counselor)) as v (person)
                where c.institution = $1 and c.ended_at is not null
                group by v.person
            ) c on c.person = p.id
        where p.institution = $1 and coalesce(t.millis, 0) <> coalesce(c.millis, 0)
        order by p.id
        "#,
        institution
    );
    tell!(look, Some(institution.to_owned()), query, row => Violation::TalkTime {
        person: PersonId(row.id),
        stored: row.stored,
        talked: row.talked
    });
    Ok(())
}

/// Ratings know when their talk began and whether it is deleted.
async fn ratings(look: &mut Look<'_>, institution: &str) -> Result<(), CheckFault> {
    let query = sqlx::query!(
        r#"
        select e.id, c.institution <> e.institution as "is_elsewhere!",
               coalesce(c.started_at, e.created_at) <> e.begun_at as "is_other_begin!"
        from evaluations e join conversations c on c.id = e.conversation
        where e.institution = $1
            and (c.institution <> e.institution or coalesce(c.started_at, e.created_at) <> e.begun_at
                 or (c.deleted_at is null) <> (e.deleted_at is null))
        order by e.id
        "#,
        institution
    );
    tell!(look, Some(institution.to_owned()), query, row => {
        let column = if row.is_elsewhere {
            "institution"
        } else if row.is_other_begin {
            "begun_at"
        } else {
            "deleted_at"
        };
        Violation::Rating(row.id, column)
    });
    Ok(())
}

/// Messages and pictures belong to a conversation of the institution, what was read is no longer counted as unread, and what
/// was taken back in time is marked so.
async fn messages(look: &mut Look<'_>, institution: &str) -> Result<(), CheckFault> {
    let query = sqlx::query_scalar!(
        "select m.id from messages m
         where m.institution = $1
             and not exists (select from conversations c where c.id = m.conversation and c.institution = $1)
         order by m.id",
        institution
    );
    tell!(look, Some(institution.to_owned()), query, id => Violation::Homeless { table: "messages", id });
    let query = sqlx::query_scalar!(
        "select i.id from images i
         where i.institution = $1
             and not exists (select from conversations c where c.id = i.conversation and c.institution = $1)
         order by i.id",
        institution
    );
    tell!(look, Some(institution.to_owned()), query, id => Violation::Homeless { table: "images", id });
    let query = sqlx::query_scalar!(
        "select m.id
         from messages m
             join read_marks r on r.reader = m.to_account and r.peer = m.from_account and m.said_at <= r.up_to
         where m.institution = $1 and not m.is_read
         order by m.id",
        institution
    );
    tell!(look, Some(institution.to_owned()), query, id => Violation::Unread(id));
    // The other way round nothing follows: the mark keeps the first time that was told, and goes after a while.
    let query = sqlx::query_scalar!(
        "select m.id
         from messages m
             join withdrawn_messages w
                 on w.from_account = m.from_account and w.to_account = m.to_account and w.msg_key = m.msg_key
             join conversations c on c.id = m.conversation
         where m.institution = $1 and not m.is_revoked
             and (c.ended_at is null or w.withdrawn_at <= c.ended_at + $2)
         order by m.id",
        institution,
        late_after_end()
    );
    tell!(look, Some(institution.to_owned()), query, id => Violation::TakenBack(id));
    Ok(())
}

/// Numbers that only go up: of consumers in the journal, and of visitors.
async fn counters(look: &mut Look<'_>, institution: &str) -> Result<(), CheckFault> {
    let query = sqlx::query!(
        r#"
        select c.consumer, c.seq, coalesce(e.newest, 0) as "newest!"
        from consumer_cursors c
            cross join (select max(seq) as newest from events where institution = $1) e
        where c.institution = $1 and c.seq > coalesce(e.newest, 0)
        order by c.consumer
        "#,
        institution
    );
    tell!(look, Some(institution.to_owned()), query, row => Violation::Cursor {
        consumer: row.consumer,
        seq: row.seq,
        newest: row.newest
    });
    let query = sqlx::query!(
        r#"
        select coalesce(n.last, 0) as "last!", p.highest as "highest!"
        from (select max(visitor_number) as highest from people where institution = $1) p
            left join visitor_numbers n on n.institution = $1
        where p.highest > coalesce(n.last, 0)
        "#,
        institution
    );
    tell!(look, Some(institution.to_owned()), query, row => Violation::VisitorNumber {
        last: row.last,
        highest: row.highest
    });
    Ok(())
}
