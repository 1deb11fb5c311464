//! The demo's staff, who looks after whom, and their shifts.

use hotline_actors::Timestamp;
use jiff::ToSpan;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{DemoFault, INSTITUTION, MAKER, PASSWORD, TIME_ZONE};
use crate::{auth::password::NewPassword, config::Settings, identity::AccountKind, people::AccountState};

/// Shifts are written this far ahead, as docs/contract.md 4 says of standing weeks.
const DAYS_AHEAD: i32 = 60;

struct Employee {
    username: &'static str,
    kind: AccountKind,
    name: &'static str,
    gender: &'static str,
    department: &'static str,
    title: &'static str,
    /// The supervisor who looks after a counselor.
    supervisor: Option<&'static str>,
}

#[rustfmt::skip]
const STAFF: [Employee; 8] = [
    Employee { username: "admin", kind: AccountKind::System, name: "系统管理员", gender: "男", department: "", title: "", supervisor: None },
    Employee { username: "ecnu_admin", kind: AccountKind::Institution, name: "许文清", gender: "女", department: "心理健康中心", title: "主任", supervisor: None },
    Employee { username: "dudao1", kind: AccountKind::Supervisor, name: "沈静宜", gender: "女", department: "应用心理专业硕士中心", title: "教授", supervisor: None },
    Employee { username: "dudao2", kind: AccountKind::Supervisor, name: "周明远", gender: "男", department: "应用心理专业硕士中心", title: "副教授", supervisor: None },
    Employee { username: "zixunshi1", kind: AccountKind::Counselor, name: "林晓雨", gender: "女", department: "临床与咨询方向", title: "见习咨询师", supervisor: Some("dudao1") },
    Employee { username: "zixunshi2", kind: AccountKind::Counselor, name: "陈思远", gender: "男", department: "临床与咨询方向", title: "见习咨询师", supervisor: Some("dudao1") },
    Employee { username: "zixunshi3", kind: AccountKind::Counselor, name: "吴佳宁", gender: "女", department: "临床与咨询方向", title: "咨询师", supervisor: Some("dudao2") },
    Employee { username: "zixunshi4", kind: AccountKind::Counselor, name: "赵一鸣", gender: "男", department: "临床与咨询方向", title: "咨询师", supervisor: Some("dudao2") },
];

/// Makes the staff that is missing; says how many. A user name that somebody else has is left to them.
pub(super) async fn make(
    connection: &mut PgConnection,
    settings: &Settings,
    now: Timestamp,
) -> Result<usize, DemoFault> {
    let usernames: Vec<String> = STAFF.iter().map(|employee| employee.username.to_owned()).collect();
    let there = sqlx::query_scalar!(
        r#"select lower(username) as "name!" from people
           where username = any($1) or (kind <> 'VISITOR' and lower(username) = any($1))"#,
        &usernames
    )
    .fetch_all(&mut *connection)
    .await?;
    let missing: Vec<&Employee> =
        STAFF.iter().filter(|employee| !there.iter().any(|name| name == employee.username)).collect();
    if missing.is_empty() {
        return Ok(0);
    }
    insert(connection, settings, &missing, now).await?;
    bind(connection).await?;
    Ok(missing.len())
}

async fn insert(
    connection: &mut PgConnection,
    settings: &Settings,
    missing: &[&Employee],
    now: Timestamp,
) -> Result<(), DemoFault> {
    let password = NewPassword::of_typed(PASSWORD)?;
    let hashes = missing.iter().map(|_| password.hash()).collect::<Result<Vec<_>, _>>()?;
    let texts = |of: fn(&Employee) -> String| missing.iter().map(|employee| of(employee)).collect::<Vec<_>>();
    let ids: Vec<Uuid> = missing.iter().map(|_| Uuid::now_v7()).collect();
    let places = settings.dispatch_for(INSTITUTION).default_max_consults;
    sqlx::query!(
        "insert into people (id, institution, kind, username, password_hash, name, gender, department, title, state,
                             max_consults, created_by, created_at, updated_at)
         select u.id, case when u.kind = 'SYSTEM' then null else $1 end, u.kind, u.username, u.hash, u.name, u.gender,
                nullif(u.department, ''), nullif(u.title, ''),
                case when u.kind in ('COUNSELOR', 'SUPERVISOR') then $2 end, $3, $4, $5, $5
         from unnest($6::uuid[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[])
              as u(id, kind, username, hash, name, gender, department, title)",
        INSTITUTION,
        AccountState::Normal.as_str(),
        i32::try_from(places).unwrap_or(5),
        MAKER,
        now.0,
        &ids,
        &texts(|employee| employee.kind.as_str().to_owned()),
        &texts(|employee| employee.username.to_owned()),
        &hashes,
        &texts(|employee| employee.name.to_owned()),
        &texts(|employee| employee.gender.to_owned()),
        &texts(|employee| employee.department.to_owned()),
        &texts(|employee| employee.title.to_owned()),
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn bind(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let (counselors, supervisors): (Vec<String>, Vec<String>) = STAFF
        .iter()
        .filter_map(|employee| Some((employee.username.to_owned(), employee.supervisor?.to_owned())))
        .unzip();
    sqlx::query!(
        "insert into supervisor_bindings (counselor, supervisor, institution)
         select c.id, s.id, c.institution from unnest($1::text[], $2::text[]) as u(counselor, supervisor)
         join people c on c.username = u.counselor and c.created_by = $3
         join people s on s.username = u.supervisor and s.created_by = $3
         on conflict do nothing",
        &counselors,
        &supervisors,
        MAKER
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Puts the demo's counselors and supervisors on shift from today on; says how many shifts are new.
pub(super) async fn put_on_shift(connection: &mut PgConnection, now: Timestamp) -> Result<u64, DemoFault> {
    let today = jiff::Timestamp::from_millisecond(now.0)?.in_tz(TIME_ZONE)?.date();
    let days = (0..DAYS_AHEAD)
        .map(|day| Ok(today.checked_add(day.days())?.to_string()))
        .collect::<Result<Vec<_>, jiff::Error>>()?;
    let on_duty = STAFF
        .iter()
        .filter(|employee| matches!(employee.kind, AccountKind::Counselor | AccountKind::Supervisor));
    let (mut ids, mut usernames, mut dates) = (Vec::new(), Vec::new(), Vec::new());
    for employee in on_duty {
        for day in &days {
            ids.push(Uuid::now_v7());
            usernames.push(employee.username.to_owned());
            dates.push(day.clone());
        }
    }
    let written = sqlx::query!(
        "insert into shifts (id, institution, person, day, standing, created_at)
         select u.id, p.institution, p.id, u.day::date, true, $4
         from unnest($1::uuid[], $2::text[], $3::text[]) as u(id, username, day)
         join people p on p.username = u.username and p.created_by = $5 and p.deleted_at is null
         on conflict on constraint shifts_one_per_person_and_day do nothing",
        &ids,
        &usernames,
        &dates,
        now.0,
        MAKER
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "insert into standing_weeks (person, institution, week_days, since)
         select id, institution, '{1,2,3,4,5,6,7}', $1::text::date from people
         where created_by = $2 and kind in ('COUNSELOR', 'SUPERVISOR') and deleted_at is null
         on conflict (person) do nothing",
        today.to_string(),
        MAKER
    )
    .execute(connection)
    .await?;
    Ok(written.rows_affected())
}
