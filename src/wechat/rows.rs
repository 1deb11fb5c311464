//! What is kept of WeChat on a visitor's row.

use hotline_actors::{PersonId, Timestamp};
use sqlx::PgPool;

/// Keeps the sealed `session_key` of the latest log-in; the ones before no longer open anything.
pub(super) async fn keep_session_key(
    pool: &PgPool,
    person: PersonId,
    appid: &str,
    sealed: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update people set wechat_session_key = $3, wechat_appid = $2 where id = $1",
        person.0,
        appid,
        sealed,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// The sealed `session_key`, if this person logged in through this mini-program last.
pub(super) async fn session_key(
    pool: &PgPool,
    person: PersonId,
    appid: &str,
) -> Result<Option<String>, sqlx::Error> {
    let key = sqlx::query_scalar!(
        "select wechat_session_key from people where id = $1 and wechat_appid = $2",
        person.0,
        appid,
    )
    .fetch_optional(pool)
    .await?;
    Ok(key.flatten())
}

/// Keeps a phone number, sealed, with the hash that finds it.
pub(super) async fn keep_phone(
    pool: &PgPool,
    person: PersonId,
    sealed: &str,
    hash: &[u8; 32],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update people set phone = $2, phone_hash = $3, updated_by = id, updated_at = $4 where id = $1",
        person.0,
        sealed,
        hash.as_slice(),
        now.0,
    )
    .execute(pool)
    .await?;
    Ok(())
}
