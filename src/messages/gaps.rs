//! Numbers missing in what a sender said: signs of messages that never came here.
//!
//! `MsgSeq` is the sender's own (docs/protocols.md 2.3): it goes on by one, over all the people they write to, and
//! begins anew with each start of their client. So what they said to others fills a gap, and a large step is a new
//! beginning.

use std::collections::BTreeSet;

use hotline_actors::ConversationId;
use serde::Serialize;
use sqlx::PgPool;
use utoipa::ToSchema;

/// A larger step is a client that began anew, not that many lost messages.
const STEP_MAX: i64 = 100;

/// Numbers of one sender that are nowhere, between two of their messages in the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    from: String,
    first: i64,
    last: i64,
    number: i64,
    /// When the message before and the one after were said, in seconds.
    after_time: i64,
    before_time: i64,
}

/// A message as far as gaps need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Said {
    sequence: i64,
    at: i64,
}

/// Every gap in a conversation, by sender and time.
pub async fn of(pool: &PgPool, conversation: ConversationId) -> Result<Vec<Gap>, sqlx::Error> {
    let here = sqlx::query!(
        "select from_account, sequence, said_at from messages
         where conversation = $1 and not system
         order by from_account, said_at, sequence",
        conversation.0,
    )
    .fetch_all(pool)
    .await?;
    let mut gaps = Vec::new();
    for rows in here.chunk_by(|one, other| one.from_account == other.from_account) {
        let said: Vec<Said> =
            rows.iter().map(|row| Said { sequence: row.sequence, at: row.said_at }).collect();
        let holes = holes(&said);
        if holes.is_empty() {
            continue;
        }
        let from = &rows[0].from_account;
        let elsewhere = elsewhere(pool, from, &holes).await?;
        gaps.extend(holes.iter().flat_map(|hole| unfilled(from, hole, &elsewhere)));
    }
    Ok(gaps)
}

/// What the sender said at the time to anyone, placed or not.
async fn elsewhere(pool: &PgPool, from: &str, holes: &[(Said, Said)]) -> Result<BTreeSet<i64>, sqlx::Error> {
    let first = holes.iter().map(|(before, _)| before.at).min().unwrap_or(0);
    let last = holes.iter().map(|(_, after)| after.at).max().unwrap_or(0);
    let found = sqlx::query_scalar!(
        r#"
        select sequence as "sequence!" from messages where from_account = $1 and said_at between $2 and $3
        union
        select split_part(msg_key, '_', 1)::bigint from unplaced_messages
        where from_account = $1 and said_at between $2 and $3 and msg_key ~ '^[0-9]{1,10}_'
        "#,
        from,
        first,
        last,
    )
    .fetch_all(pool)
    .await?;
    Ok(found.into_iter().collect())
}

/// Neighbours between which numbers are missing.
fn holes(said: &[Said]) -> Vec<(Said, Said)> {
    let neighbours = said.windows(2).map(|pair| (pair[0], pair[1]));
    neighbours
        .filter(|(before, after)| (2..=STEP_MAX).contains(&(after.sequence - before.sequence)))
        .collect()
}

/// What of a hole nothing fills, as ranges.
fn unfilled(from: &str, (before, after): &(Said, Said), elsewhere: &BTreeSet<i64>) -> Vec<Gap> {
    let missing = (before.sequence + 1..after.sequence).filter(|number| !elsewhere.contains(number));
    let mut gaps: Vec<Gap> = Vec::new();
    for number in missing {
        match gaps.last_mut() {
            Some(gap) if gap.last + 1 == number => {
                gap.last = number;
                gap.number += 1;
            }
            Some(_) | None => gaps.push(Gap {
                from: from.to_owned(),
                first: number,
                last: number,
                number: 1,
                after_time: before.at.div_euclid(1000),
                before_time: after.at.div_euclid(1000),
            }),
        }
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(numbers: &[i64]) -> Vec<Said> {
        (0..).zip(numbers).map(|(second, number)| Said { sequence: *number, at: second * 1000 }).collect()
    }

    fn ranges(numbers: &[i64], elsewhere: &[i64]) -> Vec<(i64, i64)> {
        let elsewhere = elsewhere.iter().copied().collect();
        let gaps = holes(&said(numbers)).into_iter().flat_map(|hole| unfilled("fangke", &hole, &elsewhere));
        gaps.map(|gap| (gap.first, gap.last)).collect()
    }

    #[test]
    fn what_is_missing_between_two_messages_is_a_gap() {
        assert_eq!(ranges(&[1, 2, 3], &[]), []);
        assert_eq!(ranges(&[1, 3, 7], &[]), [(2, 2), (4, 6)]);
        assert_eq!(ranges(&[], &[]), []);
        assert_eq!(ranges(&[9], &[]), []);
    }

    #[test]
    fn what_was_said_to_others_fills_a_gap() {
        assert_eq!(ranges(&[1, 6], &[3, 4]), [(2, 2), (5, 5)]);
        assert_eq!(ranges(&[1, 3], &[2]), []);
    }

    #[test]
    fn a_client_that_begins_anew_leaves_no_gap() {
        assert_eq!(ranges(&[5, 1, 2], &[]), [], "its numbers go back");
        assert_eq!(ranges(&[5, 70_000, 70_001], &[]), [], "or far ahead");
        assert_eq!(ranges(&[5, 5], &[]), [], "or the same comes again");
    }
}
