//! Runs the statement of a commit (`commit.sql`).

use hotline_actors::journal::Batch;
use sqlx::PgConnection;

use super::rows::CommitRows;

/// sqlx does not tell cargo which files it has read: without this a change of the statement alone would compile nothing anew.
const _: &str = include_str!("commit.sql");

/// Stores the batches of as many institutions, all or none. `administrator` is the account in whose name notices stand in the
/// record.
pub(super) async fn store<'a>(
    connection: &mut PgConnection,
    administrator: &str,
    batches: impl Iterator<Item = (&'a str, &'a Batch)>,
) -> Result<(), sqlx::Error> {
    let mut rows = CommitRows::default();
    for (institution, batch) in batches {
        rows.add(institution, batch);
    }
    let CommitRows { events, institutions, conversations: talks, talk_times: times, people, notices } = &rows;
    sqlx::query_file!(
        "src/store/commit.sql",
        &events.institution as &[&str],
        &events.writer,
        &events.seq,
        &events.after as &[Option<i64>],
        &events.at,
        &events.kind as &[&str],
        &events.body,
        institutions as &[&str],
        &talks.id,
        &talks.kind as &[_],
        &talks.visitor,
        &talks.wanted as &[_],
        &talks.counselor as &[_],
        &talks.consultation as &[_],
        &talks.status as &[_],
        &talks.priority as &[_],
        &talks.medium as &[_],
        &talks.fallback,
        &talks.common,
        &talks.arrival,
        &talks.notices,
        &talks.opened_at,
        &talks.started_at as &[_],
        &talks.call_started_at as &[_],
        &talks.call_ended_at as &[_],
        &talks.alarmed_at as &[_],
        &talks.ended_at as &[_],
        &talks.end_reason as &[_],
        &times.institution as &[&str],
        &times.person,
        &times.millis,
        &people.id,
        &people.capacity as &[_],
        &people.presence as &[_],
        &people.state as &[_],
        &people.deleted_at as &[_],
        &notices.institution as &[&str],
        &notices.id,
        &notices.conversation,
        &notices.visitor,
        &notices.seq,
        &notices.at,
        &notices.text,
        &notices.kind as &[&str],
        &notices.seconds as &[_],
        administrator
    )
    .execute(connection)
    .await
    .map(|_| ())
}
