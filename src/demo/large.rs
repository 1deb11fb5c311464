//! Much history: ten thousand conversations of a thousand people over half a year, for trying lists and statistics.

use hotline_actors::Timestamp;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    DemoFault, INSTITUTION, MAKER, Made, PASSWORD,
    history::{self, Dice, MINUTE, Party, Past, Said},
    thoughts::{self, Thought},
    words::{GIVEN_NAMES, SUPERVISION, SURNAMES, TALKS, VISITORS},
};
use crate::{
    auth::password::NewPassword, config::Settings, identity::AccountKind, people::AccountState,
    wechat::SANDBOX_PREFIX,
};

const CONVERSATIONS: usize = 10_000;
const VISITORS_MANY: usize = 950;
const COUNSELORS: usize = 40;
const SUPERVISORS: usize = 10;
/// The history covers as many days before now.
const DAYS: i64 = 180;
/// The last of it is over this long before now.
const LAST_BEGINS_BEFORE: i64 = 120 * MINUTE;
/// One talk in so many has a supervisor called in.
const SUPERVISED_EVERY: u64 = 30;
/// Conversations told, and stored, at once; each has some eight messages.
const CHUNK: usize = 500;

/// Who takes part.
struct Crowd {
    visitors: Vec<Party>,
    counselors: Vec<Party>,
    supervisors: Vec<Party>,
}

/// Some of the history.
#[derive(Default)]
struct Chapter {
    conversations: Vec<Past>,
    messages: Vec<Said>,
    thoughts: Vec<Thought>,
}

/// Makes it all once.
pub(super) async fn make(
    connection: &mut PgConnection,
    settings: &Settings,
    now: Timestamp,
    made: &mut Made,
) -> Result<(), DemoFault> {
    let begun = now.0 - DAYS * 24 * 60 * MINUTE;
    let Some(crowd) = gather(connection, settings, begun).await? else { return Ok(()) };
    made.people += VISITORS_MANY + COUNSELORS + SUPERVISORS;
    let mut dice = Dice(20_211_118);
    let span = now.0 - LAST_BEGINS_BEFORE - begun;
    for first in (0..CONVERSATIONS).step_by(CHUNK) {
        let mut chapter = Chapter::default();
        for index in first..first + CHUNK {
            let step = span / i64::try_from(CONVERSATIONS).unwrap_or(1);
            let jitter = i64::try_from(dice.roll(step.unsigned_abs().max(1))).unwrap_or(0);
            let opened_at = begun + i64::try_from(index).unwrap_or(0) * step + jitter;
            tell(&mut dice, &crowd, index, opened_at, &mut chapter);
        }
        history::insert_conversations(connection, &chapter.conversations).await?;
        history::insert_messages(connection, &chapter.messages).await?;
        thoughts::insert(connection, &chapter.thoughts).await?;
        made.conversations += chapter.conversations.len();
        made.messages += chapter.messages.len();
    }
    add_up(connection, &crowd).await?;
    Ok(())
}

/// One conversation, with what was said and thought. Visitors and counselors come in turn: with many hours of other
/// talks between two of the same person, nobody is in two at once.
fn tell(dice: &mut Dice, crowd: &Crowd, index: usize, opened_at: i64, chapter: &mut Chapter) {
    let visitor = &crowd.visitors[index % crowd.visitors.len()];
    let counselor_index = index % crowd.counselors.len();
    let counselor = &crowd.counselors[counselor_index];
    let past = history::past(dice, opened_at, visitor, counselor);
    if let Some(lines) = dice.pick(&TALKS) {
        history::talk(dice, &mut chapter.messages, &past, lines, (visitor, counselor));
    }
    chapter.thoughts.extend(thoughts::of_visitor(dice, &past));
    let is_supervised = past.started_at.is_some() && dice.roll(SUPERVISED_EVERY) == 0;
    let supervisor = &crowd.supervisors[counselor_index % crowd.supervisors.len()];
    if is_supervised {
        let about = supervision(&past, counselor, supervisor);
        history::talk(dice, &mut chapter.messages, &about, SUPERVISION, (counselor, supervisor));
        chapter.conversations.push(past);
        chapter.conversations.push(about);
    } else {
        chapter.conversations.push(past);
    }
}

/// The talk with the supervisor: asked for after some minutes, over with the consultation.
fn supervision(past: &Past, counselor: &Party, supervisor: &Party) -> Past {
    let started_at = past.started_at.unwrap_or(past.opened_at) + 3 * MINUTE;
    Past {
        id: Uuid::now_v7(),
        visitor: counselor.id,
        wanted: Some(supervisor.id),
        counselor: Some(supervisor.id),
        consultation: Some(past.id),
        status: "FINISHED",
        end_reason: "consultation-ended",
        opened_at: started_at - MINUTE,
        started_at: Some(started_at),
        ended_at: past.ended_at,
    }
}

/// Makes the people; none if they are there already.
async fn gather(
    connection: &mut PgConnection,
    settings: &Settings,
    begun: i64,
) -> Result<Option<Crowd>, DemoFault> {
    // One for all: hashing takes its time on purpose, and the password is published.
    let hash = NewPassword::of_typed(PASSWORD)?.hash()?;
    let places = i32::try_from(settings.dispatch_for(INSTITUTION).default_max_consults).unwrap_or(5);
    let name = |n: usize| format!("{}{}", SURNAMES[n % 10], GIVEN_NAMES[(n / 10 + n) % 10]);
    let staff = |prefix: &str, count: usize| -> Vec<(String, String)> {
        (1..=count).map(|n| (format!("{prefix}{}", 100 + n), name(n))).collect()
    };
    let guests: Vec<(String, String)> = (1..=VISITORS_MANY)
        .map(|n| (format!("{SANDBOX_PREFIX}fangke{}", 1000 + n), VISITORS[n % VISITORS.len()].to_owned()))
        .collect();
    let making = Making { begun, places, hash: &hash };
    let visitors = insert_people(connection, AccountKind::Visitor, &guests, &making).await?;
    if visitors.len() < VISITORS_MANY {
        return Ok(None);
    }
    let counselors =
        insert_people(connection, AccountKind::Counselor, &staff("zixunshi", COUNSELORS), &making).await?;
    let supervisors =
        insert_people(connection, AccountKind::Supervisor, &staff("dudao", SUPERVISORS), &making).await?;
    // Somebody else's accounts are left to them, and nothing is told of them.
    if counselors.is_empty() || supervisors.is_empty() {
        return Ok(None);
    }
    bind(connection, &counselors, &supervisors).await?;
    Ok(Some(Crowd { visitors, counselors, supervisors }))
}

struct Making<'a> {
    begun: i64,
    places: i32,
    hash: &'a str,
}

async fn insert_people(
    connection: &mut PgConnection,
    kind: AccountKind,
    people: &[(String, String)],
    making: &Making<'_>,
) -> Result<Vec<Party>, sqlx::Error> {
    let ids: Vec<Uuid> = people.iter().map(|_| Uuid::now_v7()).collect();
    let (usernames, names): (Vec<String>, Vec<String>) = people.iter().cloned().unzip();
    sqlx::query_as!(
        Party,
        "insert into people (id, institution, kind, username, open_id, password_hash, name, state, max_consults,
                             created_by, created_at, updated_at)
         select u.id, $1, $2, u.username, case when $2 = 'VISITOR' then u.username end,
                case when $2 <> 'VISITOR' then $3 end, u.name, $4, $5, $6, $7, $7
         from unnest($8::uuid[], $9::text[], $10::text[]) as u (id, username, name)
         on conflict do nothing
         returning id, username",
        INSTITUTION,
        kind.as_str(),
        making.hash,
        AccountState::Normal.as_str(),
        making.places,
        MAKER,
        making.begun,
        &ids,
        &usernames,
        &names,
    )
    .fetch_all(connection)
    .await
}

async fn bind(
    connection: &mut PgConnection,
    counselors: &[Party],
    supervisors: &[Party],
) -> Result<(), sqlx::Error> {
    let (bound, by): (Vec<Uuid>, Vec<Uuid>) = counselors
        .iter()
        .zip(supervisors.iter().cycle())
        .map(|(counselor, supervisor)| (counselor.id, supervisor.id))
        .unzip();
    sqlx::query!(
        "insert into supervisor_bindings (counselor, supervisor, institution)
         select u.counselor, u.supervisor, $3 from unnest($1::uuid[], $2::uuid[]) as u (counselor, supervisor)
         on conflict do nothing",
        &bound,
        &by,
        INSTITUTION
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// `totalTime` of the crowd, which had no talks before.
async fn add_up(connection: &mut PgConnection, crowd: &Crowd) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = crowd.visitors.iter().chain(&crowd.counselors).map(|party| party.id).collect();
    sqlx::query!(
        "insert into talk_times (person, institution, millis)
         select v.person, $1, sum(c.millis)::bigint
         from counted_talks c cross join lateral (values (c.visitor), (c.counselor)) as v (person)
         where c.institution = $1 and c.ended_at is not null and v.person = any($2)
         group by v.person",
        INSTITUTION,
        &ids
    )
    .execute(connection)
    .await?;
    Ok(())
}
