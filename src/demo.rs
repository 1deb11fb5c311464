//! A hotline to try: the institution `ecnu` with its people, shifts for the next weeks and some history.
//!
//! All share a published password, so a server with these people in its database answers this machine only.

mod history;
mod large;
mod people;
mod thoughts;
mod words;

use std::fmt;

use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    auth::password::{HashFault, Unfit},
    clock,
    config::Settings,
};

/// The demo institution.
pub const INSTITUTION: &str = "ecnu";
/// Everybody's password.
pub const PASSWORD: &str = "hotline-demo";

/// Named as the maker of the demo people: it marks them.
pub const MAKER: Uuid = Uuid::from_u128(0x0de0_0de0_0de0_4de0_8de0_0de0_0de0_0de0);

/// Where the days of the demo institution begin.
const TIME_ZONE: &str = "Asia/Shanghai";

/// Two at once would make the history twice.
const LOCK: i64 = 0x0068_6f74_6c69_6e65;

/// Why the demo could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DemoFault {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Hash(#[from] HashFault),
    #[error(transparent)]
    Password(#[from] Unfit),
    #[error("the days of {TIME_ZONE} cannot be counted: {0}")]
    Calendar(#[from] jiff::Error),
}

/// What was made, for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    pub people: usize,
    pub shifts: u64,
    pub conversations: usize,
    pub messages: usize,
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { people, shifts, conversations, messages } = self;
        write!(
            f,
            "The demo is there: {people} people, {shifts} shifts, {conversations} conversations and {messages} messages are new."
        )
    }
}

/// Makes what is missing of the demo, in one transaction. Doing it again adds the days that have come since.
/// A large one has, besides, ten thousand conversations of a thousand people.
pub async fn make(pool: &PgPool, settings: &Settings, is_large: bool) -> Result<Made, DemoFault> {
    let now = clock::now();
    let mut transaction = pool.begin().await?;
    sqlx::query!("select pg_advisory_xact_lock($1)", LOCK).execute(&mut *transaction).await?;
    sqlx::query!(
        "insert into institutions (code, name, time_zone, created_at) values ($1, '华东师范大学心理热线', $2, $3)
         on conflict (code) do nothing",
        INSTITUTION,
        TIME_ZONE,
        now.0
    )
    .execute(&mut *transaction)
    .await?;
    let people = people::make(&mut transaction, settings, now).await?;
    let shifts = people::put_on_shift(&mut transaction, now).await?;
    let mut made = Made { people, shifts, conversations: 0, messages: 0 };
    if is_large {
        large::make(&mut transaction, settings, now, &mut made).await?;
    }
    let (conversations, messages) = history::make(&mut transaction, settings, now).await?;
    made.conversations += conversations;
    made.messages += messages;
    transaction.commit().await?;
    if is_large {
        // The planner shall know what has come before the first list is asked for.
        sqlx::raw_sql("vacuum (analyze) people, conversations, messages, evaluations").execute(pool).await?;
    }
    Ok(made)
}

/// Whether demo people are in this database.
pub async fn is_in(pool: &PgPool) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists(select 1 from people where created_by = $1 and deleted_at is null) as "is_in!""#,
        MAKER
    )
    .fetch_one(pool)
    .await
}
