//! Messages that belong to no conversation, for the administrators of the institution whose people they are of.

use std::fmt;

use serde::Serialize;
use serde_json::Value;
use sqlx::PgPool;
use utoipa::ToSchema;
use uuid::Uuid;

use super::elements;
use crate::{params::Page, wire::Id, wording};

/// How much of what is unmatched is stored: in bytes of one message, messages of one sender, messages and bytes of an institution.
#[derive(Debug, Clone, Copy)]
pub struct UnmatchedLimits {
    pub message_bytes_max: i32,
    pub of_sender_max: i64,
    pub messages_max: i64,
    pub bytes_max: i64,
}

/// An unmatched message. Holds a person's words: prints none of them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Unmatched {
    #[serde(serialize_with = "hex")]
    #[schema(value_type = Id)]
    pub id: Uuid,
    from: String,
    to: String,
    msg_key: String,
    /// Seconds since the epoch, as everywhere with messages.
    time: i64,
    /// Milliseconds.
    received_time: i64,
    /// The word of the store, and the same for people.
    reason: String,
    reason_text: &'static str,
    #[serde(rename = "type")]
    kind: String,
    payload: Value,
    cloud_custom_data: String,
    /// 消息过大，内容未保留
    is_too_large: bool,
}

impl fmt::Debug for Unmatched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unmatched")
            .field("id", &self.id)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

fn hex<S: serde::Serializer>(id: &Uuid, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&id.simple())
}

/// A page of an institution's, the latest first, and how many there are.
pub async fn page(
    pool: &PgPool,
    institution: &str,
    page: Page,
    message_bytes_max: i32,
) -> Result<(Vec<Unmatched>, i64), sqlx::Error> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from unplaced_messages where institution = $1"#,
        institution,
    )
    .fetch_one(pool)
    .await?;
    // Earlier versions kept messages of any size: of those a page shows that they are there. One that was too large when
    // it came is kept with no bytes.
    let rows = sqlx::query!(
        r#"select id, from_account, to_account, msg_key, said_at, received_at, reason,
                bytes = 0 or bytes > $4 as "is_too_large!",
                case when bytes <= $4 then callback else '{}' end as "callback!"
         from unplaced_messages where institution = $1
         order by received_at desc, id desc limit $2 offset $3"#,
        institution,
        page.limit,
        page.offset,
        message_bytes_max,
    )
    .fetch_all(pool)
    .await?;
    let rows = rows.into_iter().map(|row| {
        let element = elements::shown(&row.callback["MsgBody"]);
        Unmatched {
            id: row.id,
            from: row.from_account,
            to: row.to_account,
            msg_key: row.msg_key,
            time: row.said_at.div_euclid(1000),
            received_time: row.received_at,
            reason_text: wording::talks::unmatched(&row.reason),
            reason: row.reason,
            kind: element.kind,
            payload: element.payload,
            is_too_large: row.is_too_large,
            cloud_custom_data: row.callback["CloudCustomData"].as_str().unwrap_or_default().to_owned(),
        }
    });
    Ok((rows.collect(), count))
}
