//! The commits of many institutions in one statement: what waits is stored together, and the one at fault hears of it alone.

use std::{collections::BTreeMap, pin::pin, sync::Arc, time::Duration};

use futures_util::future::{BoxFuture, Either, LocalBoxFuture, join_all, select};
use hotline::{
    people::People,
    store::{CommitLimits, Journals, PgStore},
};
use hotline_actors::{
    CounselorId, Timestamp, WriterId,
    dispatch::event::Event,
    journal::{AppendFault, Batch, PersonChange, Stamped, Store},
};
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::support::{Database, SOON, no_secrets, until};

const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// Institutions with a counselor each, whose journals share their writers.
struct Neighbours {
    database: Database,
    journals: Journals,
    tasks: Vec<BoxFuture<'static, ()>>,
    /// For claims, which need not wait until anybody writes.
    claiming: (Journals, JoinSet<()>),
}

/// One of them, as its owner sees it.
struct Owner {
    institution: String,
    store: PgStore,
    writer: WriterId,
    counselor: CounselorId,
    seq: u64,
}

impl Neighbours {
    async fn stand() -> Self {
        let database = Database::fresh().await;
        database.migrate().await;
        let options: PgConnectOptions = database.url.parse().expect("the address is well formed");
        let limits = CommitLimits { call_max: SOON, shared_lock_max: Duration::from_millis(200) };
        let people = People::new(database.pool.clone(), no_secrets());
        let options = options.application_name("writer");
        let journals = || {
            let pools = (database.pool.clone(), database.pool.clone());
            Journals::new(&options, pools, "administrator", limits, people.clone())
        };
        let ((journals, tasks), (claiming, claims)) = (journals(), journals());
        let claiming = (claiming, claims.into_iter().collect());
        Self { database, journals, tasks, claiming }
    }

    /// From now on what waits is stored.
    fn write(&mut self) -> JoinSet<()> {
        self.tasks.drain(..).collect()
    }

    async fn owner(&self, institution: &str) -> Owner {
        let counselor = Uuid::now_v7();
        sqlx::query("insert into institutions (code, name, created_at) values ($1, $1, 0)")
            .bind(institution)
            .execute(&self.database.pool)
            .await
            .expect("an institution");
        sqlx::query(
            "insert into people (id, institution, kind, username, state, max_consults, created_at, updated_at)
             values ($1, $2, 'COUNSELOR', $2, 'NORMAL', 1, 0, 0)",
        )
        .bind(counselor)
        .bind(institution)
        .execute(&self.database.pool)
        .await
        .expect("a counselor");
        let store = PgStore::new(institution.to_owned(), self.journals.clone(), None);
        let writer = WriterId(Uuid::now_v7());
        let seq = self.claim(institution, writer).await;
        Owner { institution: institution.to_owned(), store, writer, counselor: CounselorId(counselor), seq }
    }

    /// Claims the institution; the number of the claim.
    async fn claim(&self, institution: &str, writer: WriterId) -> u64 {
        let store = PgStore::new(institution.to_owned(), self.claiming.0.clone(), None);
        store.claim(writer, NOW).await.expect("it can be claimed").seq
    }

    async fn numbers(&self, institution: &str) -> Vec<i64> {
        let read = sqlx::query_scalar("select seq from events where institution = $1 order by seq");
        read.bind(institution).fetch_all(&self.database.pool).await.expect("the journal can be read")
    }

    async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&self.database.pool).await.expect("a count")
    }
}

impl Owner {
    /// So many places from now on.
    fn places(&mut self, capacity: u32) -> Arc<Batch> {
        self.seq += 1;
        let event = Event::CapacityChanged { counselor: self.counselor, capacity };
        let change = PersonChange { capacity: Some(capacity), ..PersonChange::default() };
        Arc::new(Batch {
            writer: self.writer,
            events: vec![Stamped { seq: self.seq, at: NOW, event }],
            conversations: Vec::new(),
            people: BTreeMap::from([(self.counselor.into(), change)]),
        })
    }

    /// Has it stored, once it is polled.
    fn stores(&mut self, capacity: u32) -> LocalBoxFuture<'static, Result<(), AppendFault>> {
        let batch = self.places(capacity);
        self.store.append(batch)
    }

    /// Holds the counselor's row until what it gives is dropped or rolled back.
    async fn hold(&self, database: &Database) -> PgConnection {
        let mut holding = PgConnection::connect(&database.url).await.expect("one more connection");
        sqlx::query("begin").execute(&mut holding).await.expect("begun");
        sqlx::query("select 1 from people where id = $1 for update")
            .bind(self.counselor.0)
            .execute(&mut holding)
            .await
            .expect("held");
        holding
    }
}

#[tokio::test]
async fn what_waits_is_stored_by_one_statement_and_each_is_answered() {
    let mut neighbours = Neighbours::stand().await;
    let mut owners = Vec::new();
    for number in 0..40 {
        owners.push(neighbours.owner(&format!("i{number}")).await);
    }
    let waiting: Vec<_> = owners
        .iter_mut()
        .map(|owner| (owner.places(7), &owner.store))
        .map(|(batch, store)| store.append(batch))
        .collect();
    // They wait before anybody writes.
    let mut waiting = pin!(join_all(waiting));
    assert!(futures_util::poll!(&mut waiting).is_pending());
    let _writers = neighbours.write();
    assert_eq!(waiting.await, vec![Ok(()); 40]);
    assert_eq!(neighbours.count("select count(*) from people where max_consults = 7").await, 40);
    let statements = "select count(distinct xmin::text) from events where kind = 'capacity-changed'";
    assert_eq!(neighbours.count(statements).await, 1);
    let connections = "select count(*) from pg_stat_activity where application_name = 'writer' and datname = current_database()";
    assert!(neighbours.count(connections).await <= 4, "few connections, however many institutions");
}

#[tokio::test]
async fn one_who_is_fenced_is_fenced_alone() {
    let mut neighbours = Neighbours::stand().await;
    let mut owners =
        [neighbours.owner("ecnu").await, neighbours.owner("fdu").await, neighbours.owner("tju").await];
    let other = WriterId(Uuid::now_v7());
    neighbours.claim("fdu", other).await;
    let mut waiting = pin!(join_all(owners.each_mut().map(|owner| owner.stores(5))));
    assert!(futures_util::poll!(&mut waiting).is_pending());
    let _writers = neighbours.write();
    assert_eq!(waiting.await, [Ok(()), Err(AppendFault::Fenced), Ok(())]);
    assert_eq!(neighbours.count("select count(*) from people where max_consults = 5").await, 2);
    for (institution, numbers) in [("ecnu", vec![1, 2]), ("fdu", vec![1, 2]), ("tju", vec![1, 2])] {
        assert_eq!(neighbours.numbers(institution).await, numbers, "{institution}");
    }
}

#[tokio::test]
async fn a_batch_behind_a_gap_is_refused_alone() {
    let mut neighbours = Neighbours::stand().await;
    let (mut ecnu, mut fdu) = (neighbours.owner("ecnu").await, neighbours.owner("fdu").await);
    fdu.seq += 1;
    let mut waiting = pin!(join_all([ecnu.stores(5), fdu.stores(5)]));
    assert!(futures_util::poll!(&mut waiting).is_pending());
    let _writers = neighbours.write();
    let outcomes = waiting.await;
    assert_eq!(outcomes[0], Ok(()));
    let refused = |outcome: &Result<(), AppendFault>| matches!(outcome, Err(AppendFault::Refused(why)) if why.contains("missing"));
    assert!(refused(&outcomes[1]), "{outcomes:?}");
    assert_eq!(neighbours.numbers("fdu").await, [1]);
}

#[tokio::test]
async fn who_waits_for_a_lock_holds_up_no_other_institution() {
    let mut neighbours = Neighbours::stand().await;
    let (mut ecnu, mut fdu) = (neighbours.owner("ecnu").await, neighbours.owner("fdu").await);
    let mut holding = fdu.hold(&neighbours.database).await;
    let mut held = pin!(fdu.stores(5));
    let mut stored = pin!(ecnu.stores(5));
    assert!(futures_util::poll!(&mut held).is_pending());
    assert!(futures_util::poll!(&mut stored).is_pending());
    let _writers = neighbours.write();
    match select(held, stored).await {
        Either::Left((held, _)) => panic!("it was not held: {held:?}"),
        Either::Right((stored, held)) => {
            assert_eq!(stored, Ok(()));
            // Now apart, and as long as it takes; the others go on.
            let query = "select count(*) from pg_stat_activity
                         where application_name = 'writer' and datname = current_database() and wait_event_type = 'Lock'";
            let goes_on = async {
                until("it waits", SOON, async || (neighbours.count(query).await == 1).then_some(())).await;
                for capacity in 6..9 {
                    ecnu.stores(capacity).await.expect("it is stored");
                }
                sqlx::query("rollback").execute(&mut holding).await.expect("let go");
            };
            let (held, ()) = futures_util::future::join(held, goes_on).await;
            assert_eq!(held, Ok(()));
        }
    }
    assert_eq!(neighbours.numbers("fdu").await, [1, 2]);
    assert_eq!(neighbours.numbers("ecnu").await, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn one_that_was_held_up_is_stored_apart_for_a_while() {
    let mut neighbours = Neighbours::stand().await;
    let (mut ecnu, mut fdu) = (neighbours.owner("ecnu").await, neighbours.owner("fdu").await);
    let mut holding = fdu.hold(&neighbours.database).await;
    let _writers = neighbours.write();
    let lets_go = async {
        let query = "select count(*) from pg_stat_activity
                     where application_name = 'writer' and datname = current_database() and wait_event_type = 'Lock'";
        until("it waits", SOON, async || (neighbours.count(query).await == 1).then_some(())).await;
        sqlx::query("rollback").execute(&mut holding).await.expect("let go");
    };
    let (stored, ()) = futures_util::future::join(fdu.stores(5), lets_go).await;
    assert_eq!(stored, Ok(()));
    let mut holding = fdu.hold(&neighbours.database).await;
    // Whatever waits with it now is not even held for the lock's two hundred milliseconds: it is not in the same statement.
    let mut held = pin!(fdu.stores(6));
    assert!(futures_util::poll!(&mut held).is_pending());
    ecnu.stores(6).await.expect("it is stored");
    assert!(futures_util::poll!(&mut held).is_pending());
    sqlx::query("rollback").execute(&mut holding).await.expect("let go");
    assert_eq!(held.await, Ok(()));
    assert_eq!(neighbours.numbers(&fdu.institution).await, [1, 2, 3]);
}
