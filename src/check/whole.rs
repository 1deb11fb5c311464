//! What is looked at for all institutions at once: the constraints themselves, rows of nobody, and rows in another institution than
//! whom they are about.

use futures_util::TryStreamExt;
use hotline_actors::{ConversationId, PersonId};

use super::{CheckFault, Finding, Look, Violation, stored::tell};

/// The constraints that 0009 and 0010 dropped and 0021 brought back, and the one of 0022.
const CONSTRAINTS: [&str; 10] = [
    "conversations_institution_fkey",
    "conversations_visitor_fkey",
    "conversations_wanted_fkey",
    "conversations_counselor_fkey",
    "conversations_consultation_fkey",
    "conversations_kind_check",
    "conversations_status_check",
    "conversations_priority_check",
    "conversations_medium_check",
    "conversations_end_reason_check",
];

pub(super) async fn check(look: &mut Look<'_>) -> Result<(), CheckFault> {
    let query = sqlx::query_scalar!(
        r#"select distinct e.institution from events e
           where not exists (select from institutions i where i.code = e.institution) order by 1"#
    );
    // An institution's code here is only what an event says.
    let mut codes = Vec::new();
    {
        let mut rows = query.fetch(&mut *look.connection);
        while let Some(code) = rows.try_next().await? {
            codes.push(code);
        }
    }
    for code in codes {
        look.found(Some(&code), Violation::NoInstitution)?;
    }
    let query = sqlx::query_scalar!(
        "select t.person from talk_times t
         where not exists (select from people p where p.id = t.person) order by 1"
    );
    tell!(look, None, query, person => Violation::TalkTimeOfNobody(PersonId(person)));
    constraints(look).await
}

/// Rows about a person that are of another institution than the person: they would stay behind where theirs moves. All institutions at
/// once, since no index has the column: for each of them whole tables would be read.
pub(super) async fn elsewhere(look: &mut Look<'_>, only: Option<&str>) -> Result<(), CheckFault> {
    let query = sqlx::query!(
        r#"
        select t."table" as "table!", p.id as "id!", p.institution
        from (
            select 'supervisor_bindings' as "table", counselor as person, institution from supervisor_bindings
            union all select 'talk_times', person, institution from talk_times
            union all select 'sessions', person, institution from sessions
            union all select 'shifts', person, institution from shifts
            union all select 'standing_weeks', person, institution from standing_weeks
            union all select 'im_accounts', person, institution from im_accounts
            union all select 'turn_subscriptions', person, institution from turn_subscriptions
        ) t join people p on p.id = t.person
        where t.institution is distinct from p.institution and ($1::text is null or p.institution = $1)
        union all
        select t."table", p.id, p.institution
        from (
            select 'read_marks' as "table", reader as account, institution from read_marks
            union all select 'withdrawn_messages', from_account, institution from withdrawn_messages
        ) t join people p on p.username = t.account
        where t.institution is distinct from p.institution and ($1::text is null or p.institution = $1)
        order by 3, 2, 1
        "#,
        only
    );
    tell!(look, row.institution.clone(), query, row => Violation::Elsewhere {
        table: row.table,
        person: PersonId(row.id)
    });
    Ok(())
}

async fn constraints(look: &mut Look<'_>) -> Result<(), CheckFault> {
    let names: Vec<String> = CONSTRAINTS.map(str::to_owned).to_vec();
    let doubtful = sqlx::query!(
        r#"
        select n.name as "name!", c.oid is not null as "is_there!"
        from unnest($1::text[]) as n (name)
            left join pg_constraint c on c.conrelid = 'conversations'::regclass and c.conname = n.name
        where c.convalidated is distinct from true
        order by 1
        "#,
        &names
    )
    .fetch_all(&mut *look.connection)
    .await?;
    if doubtful.is_empty() {
        return Ok(());
    }
    for constraint in doubtful {
        let violation = if constraint.is_there {
            Violation::Unproven(constraint.name)
        } else {
            Violation::NoConstraint(constraint.name)
        };
        look.found(None, violation)?;
    }
    let query = sqlx::query!(
        r#"
        select c.institution, c.id, v.column as "column!"
        from conversations c
            cross join lateral (values
                ('institution', not exists (select from institutions i where i.code = c.institution)),
                ('visitor', not exists (select from people p where p.id = c.visitor)),
                ('wanted', c.wanted is not null and not exists (select from people p where p.id = c.wanted)),
                ('counselor', c.counselor is not null and not exists (select from people p where p.id = c.counselor)),
                ('consultation', c.consultation is not null
                                 and not exists (select from conversations o where o.id = c.consultation)),
                ('kind', c.kind not in ('COUNSELING_SESSION', 'REQUEST_SUPERVISE')),
                ('status', c.status not in ('WAITING', 'IN_PROGRESS', 'FINISHED', 'TIME_OUT', 'CANCELLED')),
                ('priority', c.priority not in ('NORMAL', 'URGENT')),
                ('medium', c.medium not in ('TEXT', 'VOICE'))
            ) as v ("column", is_broken)
        where v.is_broken
        order by c.id
        "#
    );
    let Look { connection, tell, seen } = look;
    let mut rows = query.fetch(&mut **connection);
    while let Some(row) = rows.try_next().await? {
        seen.findings += 1;
        let violation = Violation::Breaks { conversation: ConversationId(row.id), column: row.column };
        tell(&Finding { institution: Some(row.institution), violation })?;
    }
    Ok(())
}
