//! Some weeks of ended conversations, always the same ones, with what was said in them.

use hotline_actors::Timestamp;
use jiff::ToSpan;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    DemoFault, INSTITUTION, MAKER, TIME_ZONE,
    thoughts::{self, Thought},
    words::{NOTES, TALKS, VISITORS, Who},
};
use crate::{config::Settings, wechat::SANDBOX_PREFIX};

/// The history covers as many days before today.
const DAYS: u64 = 28;
/// In the last of them counselors have not written their notes.
const NOT_YET_NOTED_DAYS: u64 = 2;
pub(super) const MINUTE: i64 = 60_000;

/// A small generator, so that the history is the same everywhere.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// A number below `sides`.
    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        // Knuth's MMIX; the high bits are the good ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    pub(super) fn minutes(&mut self, least: u64, most: u64) -> i64 {
        i64::try_from(least + self.roll(most - least + 1)).unwrap_or(0) * MINUTE
    }

    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let index = self.roll(items.len().max(1) as u64);
        items.get(usize::try_from(index).unwrap_or(0))
    }
}

pub(super) struct Party {
    pub(super) id: Uuid,
    pub(super) username: String,
}

/// One ended conversation.
pub(super) struct Past {
    pub(super) id: Uuid,
    pub(super) visitor: Uuid,
    pub(super) wanted: Option<Uuid>,
    pub(super) counselor: Option<Uuid>,
    /// For a talk with a supervisor: what it was about.
    pub(super) consultation: Option<Uuid>,
    pub(super) status: &'static str,
    pub(super) end_reason: &'static str,
    pub(super) opened_at: i64,
    pub(super) started_at: Option<i64>,
    pub(super) ended_at: i64,
}

/// One thing said.
pub(super) struct Said {
    pub(super) conversation: Uuid,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) key: String,
    pub(super) sequence: i64,
    pub(super) random: i64,
    pub(super) at: i64,
    pub(super) text: &'static str,
}

#[derive(Default)]
struct History {
    conversations: Vec<Past>,
    messages: Vec<Said>,
    thoughts: Vec<Thought>,
}

/// Makes the history once; says how many conversations and messages are new.
pub(super) async fn make(
    connection: &mut PgConnection,
    settings: &Settings,
    now: Timestamp,
) -> Result<(usize, usize), DemoFault> {
    let there = sqlx::query_scalar!(
        r#"select exists(select 1 from people where created_by = $1 and username = $2) as "there!""#,
        MAKER,
        format!("{SANDBOX_PREFIX}fangke1")
    )
    .fetch_one(&mut *connection)
    .await?;
    let counselors = counselors(connection).await?;
    if there || counselors.is_empty() {
        return Ok((0, 0));
    }
    let begun = first_day(now)?;
    let visitors = make_visitors(connection, settings, begun).await?;
    let history = tell(begun, &visitors, &counselors);
    insert_conversations(connection, &history.conversations).await?;
    insert_messages(connection, &history.messages).await?;
    thoughts::insert(connection, &history.thoughts).await?;
    add_up(connection, &history.conversations).await?;
    Ok((history.conversations.len(), history.messages.len()))
}

/// Those of the small demo: the large one's have histories of their own.
async fn counselors(connection: &mut PgConnection) -> Result<Vec<Party>, sqlx::Error> {
    sqlx::query_as!(
        Party,
        "select id, username from people where created_by = $1 and username like 'zixunshi_' and deleted_at is null
         order by username",
        MAKER
    )
    .fetch_all(connection)
    .await
}

/// Midnight of the first day told of.
fn first_day(now: Timestamp) -> Result<i64, DemoFault> {
    let today = jiff::Timestamp::from_millisecond(now.0)?.in_tz(TIME_ZONE)?.start_of_day()?;
    let first = today.checked_sub(i64::try_from(DAYS).unwrap_or(0).days())?;
    Ok(first.timestamp().as_millisecond())
}

async fn make_visitors(
    connection: &mut PgConnection,
    settings: &Settings,
    begun: i64,
) -> Result<Vec<Party>, sqlx::Error> {
    let open_ids: Vec<String> = (1..=VISITORS.len()).map(|n| format!("{SANDBOX_PREFIX}fangke{n}")).collect();
    let names: Vec<String> = VISITORS.iter().map(|name| (*name).to_owned()).collect();
    let ids: Vec<Uuid> = names.iter().map(|_| Uuid::now_v7()).collect();
    let places = settings.dispatch_for(INSTITUTION).default_max_consults;
    sqlx::query_as!(
        Party,
        "insert into people (id, institution, kind, username, open_id, name, state, max_consults,
                             created_by, created_at, updated_at)
         select u.id, $1, 'VISITOR', u.open_id, u.open_id, u.name, 'NORMAL', $2, $3, $4, $4
         from unnest($5::uuid[], $6::text[], $7::text[]) as u(id, open_id, name)
         on conflict on constraint people_username_unique do nothing
         returning id, username",
        INSTITUTION,
        i32::try_from(places).unwrap_or(5),
        MAKER,
        begun,
        &ids,
        &open_ids,
        &names
    )
    .fetch_all(connection)
    .await
}

/// Two or three conversations a day, one after the other, so that nobody ever has too many.
fn tell(begun: i64, visitors: &[Party], counselors: &[Party]) -> History {
    let mut dice = Dice(20_210_423);
    let mut opinions = Dice(20_210_517);
    let mut history = History::default();
    for day in 0..DAYS {
        let midnight = begun + i64::try_from(day).unwrap_or(0) * 24 * 60 * MINUTE;
        let mut at = midnight + dice.minutes(9 * 60, 11 * 60);
        for _ in 0..2 + dice.roll(2) {
            let (Some(visitor), Some(counselor)) = (dice.pick(visitors), dice.pick(counselors)) else {
                break;
            };
            let past = past(&mut dice, at, visitor, counselor);
            at = past.ended_at + dice.minutes(20, 120);
            let which = usize::try_from(dice.roll(TALKS.len() as u64)).unwrap_or(0);
            talk(&mut dice, &mut history.messages, &past, TALKS[which], (visitor, counselor));
            history.thoughts.extend(thoughts::of_visitor(&mut opinions, &past));
            // The latest are still to be noted.
            if day + NOT_YET_NOTED_DAYS < DAYS {
                history.thoughts.extend(thoughts::note(&past, NOTES[which]));
            }
            history.conversations.push(past);
        }
    }
    history
}

pub(super) fn past(dice: &mut Dice, opened_at: i64, visitor: &Party, counselor: &Party) -> Past {
    let waited = dice.minutes(0, 6);
    let (status, end_reason, length) = match dice.roll(12) {
        0 => ("CANCELLED", "visitor", None),
        1 => ("TIME_OUT", "silence", Some(dice.minutes(20, 40))),
        2 => ("TIME_OUT", "limit", Some(60 * MINUTE)),
        3..=5 => ("FINISHED", "counselor", Some(dice.minutes(15, 55))),
        _ => ("FINISHED", "visitor", Some(dice.minutes(12, 55))),
    };
    let started_at = length.map(|_| opened_at + waited);
    Past {
        id: Uuid::now_v7(),
        visitor: visitor.id,
        wanted: (dice.roll(3) > 0).then_some(counselor.id),
        counselor: started_at.map(|_| counselor.id),
        consultation: None,
        status,
        end_reason,
        opened_at,
        started_at,
        ended_at: opened_at + waited + length.unwrap_or(MINUTE),
    }
}

pub(super) fn talk(
    dice: &mut Dice,
    messages: &mut Vec<Said>,
    past: &Past,
    lines: &'static [(Who, &'static str)],
    (visitor, counselor): (&Party, &Party),
) {
    let Some(started_at) = past.started_at else { return };
    // All is said in the first half: what ended by silence was silent at the end.
    let step = (past.ended_at - started_at) / 2 / i64::try_from(lines.len()).unwrap_or(1);
    let mut at = started_at;
    for (who, text) in lines {
        at += step;
        let sequence = i64::try_from(messages.len()).unwrap_or(0) + 1;
        let (from, to) = match who {
            Who::Visitor => (visitor, counselor),
            Who::Counselor => (counselor, visitor),
        };
        let random = i64::try_from(dice.roll(u64::from(u32::MAX >> 1))).unwrap_or(0);
        // Tencent counts whole seconds.
        let second = at / 1000;
        messages.push(Said {
            conversation: past.id,
            from: from.username.clone(),
            to: to.username.clone(),
            key: format!("{sequence}_{random}_{second}"),
            sequence,
            random,
            at: second * 1000,
            text,
        });
    }
}

pub(super) async fn insert_conversations(
    connection: &mut PgConnection,
    rows: &[Past],
) -> Result<(), sqlx::Error> {
    fn column<T>(rows: &[Past], of: impl Fn(&Past) -> T) -> Vec<T> {
        rows.iter().map(of).collect()
    }
    // Before the first event of the institution: whatever is opened later arrives after these.
    sqlx::query!(
        "insert into conversations (id, institution, kind, visitor, wanted, counselor, status, arrival,
                                    opened_at, started_at, ended_at, end_reason, consultation)
         select u.id, $1, case when u.consultation is null then 'COUNSELING_SESSION' else 'REQUEST_SUPERVISE' end,
                u.visitor, u.wanted, u.counselor, u.status, 0,
                u.opened_at, u.started_at, u.ended_at, u.end_reason, u.consultation
         from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::bigint[], $8::bigint[],
                     $9::bigint[], $10::text[], $11::uuid[])
              as u(id, visitor, wanted, counselor, status, opened_at, started_at, ended_at, end_reason, consultation)",
        INSTITUTION,
        &column(rows, |row| row.id),
        &column(rows, |row| row.visitor),
        &column(rows, |row| row.wanted) as &[Option<Uuid>],
        &column(rows, |row| row.counselor) as &[Option<Uuid>],
        &column(rows, |row| row.status.to_owned()),
        &column(rows, |row| row.opened_at),
        &column(rows, |row| row.started_at) as &[Option<i64>],
        &column(rows, |row| row.ended_at),
        &column(rows, |row| row.end_reason.to_owned()),
        &column(rows, |row| row.consultation) as &[Option<Uuid>],
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn insert_messages(connection: &mut PgConnection, rows: &[Said]) -> Result<(), sqlx::Error> {
    fn column<T>(rows: &[Said], of: impl Fn(&Said) -> T) -> Vec<T> {
        rows.iter().map(of).collect()
    }
    let body = |row: &Said| json!([{ "MsgType": "TIMTextElem", "MsgContent": { "Text": row.text } }]);
    sqlx::query!(
        "insert into messages (id, institution, conversation, from_account, to_account, msg_key, sequence, random,
                               said_at, received_at, body, cloud_custom_data, is_read)
         select u.id, $1, u.conversation, u.from_account, u.to_account, u.msg_key, u.sequence, u.random,
                u.at, u.at, u.body, replace(u.conversation::text, '-', ''), true
         from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[],
                     $9::bigint[], $10::jsonb[])
              as u(id, conversation, from_account, to_account, msg_key, sequence, random, at, body)",
        INSTITUTION,
        &column(rows, |_| Uuid::now_v7()),
        &column(rows, |row| row.conversation),
        &column(rows, |row| row.from.clone()),
        &column(rows, |row| row.to.clone()),
        &column(rows, |row| row.key.clone()),
        &column(rows, |row| row.sequence),
        &column(rows, |row| row.random),
        &column(rows, |row| row.at),
        &column(rows, body),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// `totalTime` of everybody who took part: for these talks and no others, which were counted when they ended.
async fn add_up(connection: &mut PgConnection, rows: &[Past]) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    sqlx::query!(
        "insert into talk_times (person, institution, millis)
         select v.person, c.institution, sum(c.millis)::bigint
         from counted_talks c cross join lateral (values (c.visitor), (c.counselor)) as v (person)
         where c.id = any($1) and c.ended_at is not null
         group by v.person, c.institution
         on conflict (person) do update set millis = talk_times.millis + excluded.millis",
        &ids
    )
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parties(count: u128, name: &str) -> Vec<Party> {
        (0..count).map(|n| Party { id: Uuid::from_u128(n), username: format!("{name}{n}") }).collect()
    }

    #[test]
    fn the_history_is_some_weeks_of_whole_conversations() {
        let (visitors, counselors) = (parties(16, "visitor"), parties(4, "counselor"));
        let history = tell(0, &visitors, &counselors);
        assert!((48..=96).contains(&history.conversations.len()), "{}", history.conversations.len());
        let last = i64::try_from(DAYS).expect("small") * 24 * 60 * MINUTE;
        for past in &history.conversations {
            assert!(past.opened_at <= past.started_at.unwrap_or(past.opened_at));
            assert!(past.started_at.unwrap_or(past.opened_at) < past.ended_at && past.ended_at < last);
            assert_eq!(past.started_at.is_some(), past.status != "CANCELLED");
            assert!(past.ended_at - past.opened_at <= 66 * MINUTE);
        }
        for said in &history.messages {
            let past =
                history.conversations.iter().find(|past| past.id == said.conversation).expect("its talk");
            assert!(past.started_at.expect("begun") <= said.at + 999 && said.at <= past.ended_at);
        }
        assert!(history.messages.len() > 300);
    }

    #[test]
    fn every_counselor_is_rated_and_has_noted_all_but_the_latest() {
        let (visitors, counselors) = (parties(16, "visitor"), parties(4, "counselor"));
        let history = tell(0, &visitors, &counselors);
        for counselor in &counselors {
            let rated = history.thoughts.iter().filter(|thought| thought.rates(counselor.id)).count();
            assert!(rated > 2, "{}: {rated}", counselor.username);
        }
        let begun = history.conversations.iter().filter(|past| past.started_at.is_some());
        let unnoted = begun.filter(|past| !history.thoughts.iter().any(|thought| thought.notes(past.id)));
        assert!((2..=6).contains(&unnoted.count()));
    }

    #[test]
    fn nobody_talks_twice_at_once() {
        let history = tell(0, &parties(16, "visitor"), &parties(4, "counselor"));
        for pair in history.conversations.windows(2) {
            assert!(pair[0].ended_at < pair[1].opened_at);
        }
    }
}
