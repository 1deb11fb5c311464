//! Demo people and history (being written).

use sqlx::PgPool;
use uuid::Uuid;

/// Who has made the demo people: it marks them.
pub const MAKER: Uuid = Uuid::from_u128(0xdead_0000_0000_0000_0000_0000_0000_0001);

/// Whether demo people are in this database: their password is published.
pub async fn is_in(pool: &PgPool) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists(select 1 from people where created_by = $1 and deleted_at is null) as "is_in!""#,
        MAKER
    )
    .fetch_one(pool)
    .await
}
