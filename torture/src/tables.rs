//! The database, read at the end, past the server.

use serde_json::Value;
use sqlx::{PgConnection, PgPool, Row, postgres::PgRow};

use crate::{
    checker::{ConversationRow, EvaluationRow, EventRow, MessageRow, Tables},
    setup::INSTITUTION,
};

/// Reads all that the checker compares, as it stands at one moment.
pub async fn read(pool: &PgPool) -> Result<Tables, sqlx::Error> {
    let mut transaction = pool.begin_with("begin isolation level repeatable read read only").await?;
    let connection = &mut *transaction;
    Ok(Tables {
        events: events(connection).await?,
        conversations: conversations(connection).await?,
        messages: messages(
            connection,
            "messages",
            "body::text",
            "replace(conversation::text, '-', '')",
            "system",
        )
        .await?,
        unmatched: messages(connection, "unplaced_messages", "callback::text", "''", "false").await?,
        evaluations: evaluations(connection).await?,
    })
}

async fn events(connection: &mut PgConnection) -> Result<Vec<EventRow>, sqlx::Error> {
    let query = "select seq, at, kind, body::text from events where institution = $1 order by seq";
    let rows = sqlx::query(query).bind(INSTITUTION).fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let body: String = row.try_get(3)?;
            Ok(EventRow {
                seq: u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0),
                at: row.try_get(1)?,
                kind: row.try_get(2)?,
                body: serde_json::from_str(&body).unwrap_or(Value::Null),
            })
        })
        .collect()
}

async fn conversations(connection: &mut PgConnection) -> Result<Vec<ConversationRow>, sqlx::Error> {
    let query = "select replace(id::text, '-', ''), replace(visitor::text, '-', ''), replace(counselor::text, '-', ''),
                        status, started_at, ended_at, end_reason
                 from conversations where institution = $1";
    let rows = sqlx::query(query).bind(INSTITUTION).fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            Ok(ConversationRow {
                id: row.try_get(0)?,
                visitor: row.try_get(1)?,
                counselor: row.try_get(2)?,
                status: row.try_get(3)?,
                started_at: row.try_get(4)?,
                ended_at: row.try_get(5)?,
                end_reason: row.try_get(6)?,
            })
        })
        .collect()
}

async fn messages(
    connection: &mut PgConnection,
    table: &str,
    body: &str,
    conversation: &str,
    system: &str,
) -> Result<Vec<MessageRow>, sqlx::Error> {
    let query = format!(
        "select from_account, to_account, msg_key, {conversation}, said_at, received_at, {body}, {system} from {table}
         order by received_at, id"
    );
    // All parts are text of this file.
    let rows = sqlx::query(sqlx::AssertSqlSafe(query)).fetch_all(connection).await?;
    let message = |row: &PgRow| {
        Ok(MessageRow {
            from: row.try_get(0)?,
            to: row.try_get(1)?,
            key: row.try_get(2)?,
            conversation: row.try_get(3)?,
            said_at: row.try_get(4)?,
            received_at: row.try_get(5)?,
            body: row.try_get(6)?,
            system: row.try_get(7)?,
        })
    };
    rows.iter().map(message).collect()
}

async fn evaluations(connection: &mut PgConnection) -> Result<Vec<EvaluationRow>, sqlx::Error> {
    let query =
        "select replace(id::text, '-', ''), replace(conversation::text, '-', ''), object_type, level::bigint
                 from evaluations where institution = $1";
    let rows = sqlx::query(query).bind(INSTITUTION).fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            Ok(EvaluationRow {
                id: row.try_get(0)?,
                conversation: row.try_get(1)?,
                object: row.try_get(2)?,
                level: row.try_get(3)?,
            })
        })
        .collect()
}
