//! The journal on a real PostgreSQL: it keeps what every journal must ([`journals`]), and besides the events what follows
//! from them.

#[path = "../../actors/tests/shared/journals.rs"]
mod journals;

use std::{pin::pin, sync::Arc, time::Duration};

use futures_util::future::{Either, join, select};
use hotline_actors::{
    ConversationId, PersonId, Timestamp, WriterId,
    dispatch::{command::Command, event::Event},
    journal::{Batch, Stamped, Store},
};
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use uuid::Uuid;

use crate::support::{Database, OwnJournal, SOON, until};
use journals::{
    CAPACITY, COUNSELORS, Owner, Point, StoreUnderTest, VISITORS, counselor, every_journal, visitor,
};

/// By which the statements of one who dies are found.
const DYING: &str = "dying";

/// Lets every statement that has written events wait for whoever holds this lock.
const HELD_UP: &str = "
    create or replace function held_up() returns trigger language plpgsql as
        $$ begin perform pg_advisory_xact_lock(1); return null; end $$;
    create or replace trigger held_up after insert on events for each statement execute function held_up()";

/// Counselors and visitors in a migrated database.
struct House {
    database: Database,
}

impl House {
    async fn stands() -> Self {
        let database = Database::fresh().await;
        database.migrate().await;
        let mut people: Vec<(Uuid, &str)> = (0..COUNSELORS).map(|n| (counselor(n).0, "COUNSELOR")).collect();
        people.extend((0..u128::from(VISITORS)).map(|n| (visitor(n).0, "VISITOR")));
        sqlx::query!("insert into institutions (code, name, created_at) values ('ecnu', 'ecnu', 0)")
            .execute(&database.pool)
            .await
            .expect("an institution");
        for (id, kind) in people {
            sqlx::query!(
                "insert into people (id, institution, kind, username, state, max_consults, created_at, updated_at)
                 values ($1, 'ecnu', $2, $3, 'NORMAL', $4, 0, 0)",
                id,
                kind,
                format!("p{}", id.simple()),
                i32::try_from(CAPACITY).expect("a small number"),
            )
            .execute(&database.pool)
            .await
            .expect("a person");
        }
        Self { database }
    }

    fn options(&self) -> PgConnectOptions {
        self.database.url.parse().expect("the address is well formed")
    }

    fn store_named(&self, name: &str) -> OwnJournal {
        OwnJournal::new(&self.options().application_name(name), Duration::from_secs(10))
    }

    async fn count(&self, query: &str) -> i64 {
        sqlx::query_scalar(sqlx::AssertSqlSafe(query.to_owned()))
            .fetch_one(&self.database.pool)
            .await
            .expect("a count")
    }

    /// Waits until so many statements of this kind are under way here.
    async fn until_active(&self, what: &str, count: i64) {
        let query = format!(
            "select count(*) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid() and {what}"
        );
        until(what, SOON, async || (self.count(&query).await == count).then_some(())).await;
    }
}

impl StoreUnderTest for House {
    type Store = OwnJournal;

    fn store(&self) -> OwnJournal {
        self.store_named("owner")
    }

    async fn log(&self) -> Vec<(Stamped, WriterId)> {
        let rows =
            sqlx::query!("select seq, at, writer, body from events where institution = 'ecnu' order by seq")
                .fetch_all(&self.database.pool)
                .await
                .expect("the log can be read");
        let rows = rows.into_iter().map(|row| {
            let event: Event = serde_json::from_value(row.body).expect("an event");
            let seq = u64::try_from(row.seq).expect("counted from one");
            (Stamped { seq, at: Timestamp(row.at), event }, WriterId(row.writer))
        });
        rows.collect()
    }

    async fn dies_sending<T>(
        &self,
        batch: Arc<Batch>,
        point: Point,
        meanwhile: impl Future<Output = T>,
    ) -> T {
        // A lock on the table is met before anything is done; the trigger's after the events have their numbers.
        let lock = match point {
            Point::BeforeTheFence => "lock table conversations in share mode",
            Point::BehindTheFence => "select pg_advisory_xact_lock(1)",
        };
        let mut locking = PgConnection::connect_with(&self.options()).await.expect("one more connection");
        for statement in [HELD_UP, "begin", lock] {
            sqlx::raw_sql(statement).execute(&mut locking).await.expect("it can be locked");
        }
        let lets_go = async {
            sqlx::raw_sql("rollback").execute(&mut locking).await.expect("the lock is given back");
        };
        let held = format!("application_name = '{DYING}' and wait_event_type = 'Lock'");
        let dying = self.store_named(DYING);
        match select(dying.append(batch), pin!(self.until_active(&held, 1))).await {
            Either::Left((fate, _)) => panic!("it was not held up: {fate:?}"),
            // Its connection falls with it; the statement stays, as PostgreSQL has it already.
            Either::Right(((), sending)) => drop((sending, dying)),
        }
        let done = match point {
            Point::BeforeTheFence => {
                let done = meanwhile.await;
                lets_go.await;
                done
            }
            Point::BehindTheFence => {
                let then = async {
                    self.until_active("wait_event_type = 'Lock'", 2).await;
                    lets_go.await;
                };
                join(meanwhile, then).await.0
            }
        };
        self.until_active(&format!("application_name = '{DYING}'"), 0).await;
        done
    }
}

macro_rules! tests {
    ($($name:ident)*) => {$(
        #[tokio::test]
        async fn $name() {
            journals::$name(House::stands().await).await;
        }
    )*};
}
every_journal!(tests);

#[tokio::test]
async fn places_bans_and_notices_are_stored_with_the_events() {
    let house = House::stands().await;
    let mut owner = Owner::claims(house.store()).await;
    let conversation = ConversationId(Uuid::now_v7());
    owner.decide(&Command::SetCapacity { counselor: counselor(0), capacity: 7 });
    owner.decide(&Command::Open {
        conversation,
        visitor: visitor(1),
        requested_counselor: Some(counselor(0)),
        allow_fallback: None,
    });
    owner.commits().await.expect("it is stored");
    owner.passes(Duration::from_mins(10));
    owner.now = owner.now + Duration::from_mins(1);
    let how = hotline_actors::dispatch::event::Removal::Banned;
    owner.decide(&Command::Remove { person: PersonId(visitor(1).0), how });
    let batch = owner.frozen();
    owner.store.append(Arc::clone(&batch)).await.expect("it is stored");
    // Once, however often it is tried.
    owner.store.append(batch).await.expect("it had landed");
    let one = "select count(*) from people join talk_times on person = id where max_consults = 7 and millis = 660000";
    assert_eq!(house.count(one).await, 1);
    let banned = "select count(*) from people join talk_times on person = id where state = 'BANNED' and millis = 660000";
    assert_eq!(house.count(banned).await, 1);
    let ended = "select count(*) from conversations where status = 'FINISHED' and end_reason = 'banned'";
    assert_eq!(house.count(ended).await, 1);
    let told = "select count(*) from messages where system and from_account = 'administrator'
                and body->0->'MsgContent'->>'Text' = '请问还有什么需要继续咨询的吗？'
                and notice_kind = 'silence' and notice_seconds is null";
    assert_eq!(house.count(told).await, 1);
}
