//! The claims of many institutions in a few statements: each gets its own state, and the one at fault hears of it alone.

use std::{
    pin::{Pin, pin},
    time::Duration,
};

use futures_util::future::{BoxFuture, join, join_all};
use hotline::{
    people::People,
    store::{CommitLimits, Journals, Ownership, PgStore},
};
use hotline_actors::{
    ConversationId, CounselorId, Timestamp, VisitorId, WriterId,
    dispatch::{
        Snapshot, StaffMember,
        clock::Said,
        conversation::Phase,
        counselor::{ChosenStatus, Role},
    },
    journal::{Claim, ClaimFault, Store},
};
use sqlx::{
    AssertSqlSafe, Connection, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::support::{Database, SOON, no_secrets, until};

const NOW: Timestamp = Timestamp(1_700_000_000_000);
/// Institutions that share a round, at most.
const IN_A_ROUND: u32 = 200;

type Claiming = Pin<Box<dyn Future<Output = Result<Claim, ClaimFault>>>>;

/// Institutions, each with a counselor in a talk, whose claims go together.
struct Neighbours {
    database: Database,
    journals: Journals,
    tasks: Vec<BoxFuture<'static, ()>>,
    institutions: u32,
}

fn code(number: u32) -> String {
    format!("i{number:03}")
}

/// The id of the person or talk of that kind in the institution of that number.
fn id(kind: u128, number: u32) -> Uuid {
    Uuid::from_u128((kind << 64) + u128::from(number))
}

const COUNSELOR: u128 = 1;
const VISITOR: u128 = 2;
const TALK: u128 = 3;

impl Neighbours {
    async fn stand(institutions: u32) -> Self {
        let database = Database::fresh().await;
        database.migrate().await;
        let options: PgConnectOptions = database.url.parse().expect("the address is well formed");
        let limits = CommitLimits { call_max: SOON, shared_lock_max: Duration::from_millis(200) };
        let people = People::new(database.pool.clone(), no_secrets());
        let pool = PgPoolOptions::new()
            .max_connections(3)
            .connect_lazy_with(options.clone().application_name("claimer"));
        let (journals, tasks) =
            Journals::new(&options, (pool, database.pool.clone()), "administrator", limits, people);
        let neighbours = Self { database, journals, tasks, institutions };
        neighbours.fill().await;
        neighbours
    }

    /// Writes their rows.
    async fn fill(&self) {
        let institutions = self.institutions;
        let (all, id) = (0..institutions, |kind| (0..institutions).map(|number| id(kind, number)).collect());
        let (codes, numbers): (Vec<_>, Vec<_>) = all.map(|number| (code(number), i64::from(number))).unzip();
        let (counselors, visitors, talks): (Vec<Uuid>, Vec<Uuid>, Vec<Uuid>) =
            (id(COUNSELOR), id(VISITOR), id(TALK));
        for statement in [
            "insert into institutions (code, name, created_at) select code, code, 0 from given",
            "insert into people (id, institution, kind, username, state, max_consults, presence, created_at, updated_at)
             select counselor, code, 'COUNSELOR', 'c' || code, 'NORMAL', n % 7 + 1, 'busy', 0, 0 from given",
            "insert into people (id, institution, kind, username, state, created_at, updated_at)
             select visitor, code, 'VISITOR', 'v' || code, 'NORMAL', 0, 0 from given",
            "insert into conversations (id, institution, kind, visitor, counselor, status, common, arrival, opened_at, started_at)
             select talk, code, 'COUNSELING_SESSION', visitor, counselor, 'IN_PROGRESS', true, 1000 + n, n, n from given",
            "insert into events (institution, seq, writer, at, kind, body)
             select code, 1, talk, 1700000000000 + n, 'opened', json_build_object('arrival', 2000 + n) from given",
            "insert into messages
                 (id, institution, conversation, from_account, to_account, msg_key, sequence, random, said_at, received_at, body)
             select talk, code, talk, 'v' || code, 'c' || code, code, 1, 1, 5000 + n, 5000 + n, '[]' from given",
        ] {
            let given = "with given as (select * from unnest($1::text[], $2::bigint[], $3::uuid[], $4::uuid[], $5::uuid[])
                                        as given (code, n, counselor, visitor, talk)) ";
            sqlx::query(AssertSqlSafe(given.to_owned() + statement))
                .bind(&codes)
                .bind(&numbers)
                .bind(&counselors)
                .bind(&visitors)
                .bind(&talks)
                .execute(&self.database.pool)
                .await
                .expect("it can be written");
        }
    }

    /// From now on what waits is claimed.
    fn claim(&mut self) -> JoinSet<()> {
        self.tasks.drain(..).collect()
    }

    /// Asks for a claim, once it is polled.
    fn claims(&self, number: u32) -> Claiming {
        self.claims_as(number, None)
    }

    fn claims_as(&self, number: u32, ownership: Option<Ownership>) -> Claiming {
        let store = PgStore::new(code(number), self.journals.clone(), ownership);
        store.claim(WriterId(Uuid::now_v7()), NOW)
    }

    /// All ask before anybody claims; then they are claimed.
    async fn claim_all(&mut self) -> Vec<Result<Claim, ClaimFault>> {
        let mut waiting = pin!(join_all((0..self.institutions).map(|number| self.claims(number))));
        assert!(futures_util::poll!(&mut waiting).is_pending());
        let _claiming = self.tasks.drain(..).collect::<JoinSet<()>>();
        waiting.await
    }

    async fn does(&self, statement: &str) {
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
            .execute(&self.database.pool)
            .await
            .expect("it can be done");
    }

    async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&self.database.pool).await.expect("a count")
    }

    /// The numbers of what stands in a journal.
    async fn numbers(&self, number: u32) -> Vec<i64> {
        let read = sqlx::query_scalar("select seq from events where institution = $1 order by seq");
        read.bind(code(number)).fetch_all(&self.database.pool).await.expect("the journal can be read")
    }
}

/// That a claim has all that is of its institution, and nothing else.
fn assert_is_own(claim: &Claim, number: u32, seq: u64) {
    let moment = |base: i64| Timestamp(base + i64::from(number));
    assert_eq!((claim.seq, claim.at), (seq, moment(NOW.0)), "{number}");
    let Snapshot { staff, open, last_arrival } = &claim.snapshot;
    let counselor = CounselorId(id(COUNSELOR, number));
    let capacity = number % 7 + 1;
    let chosen = Some(ChosenStatus::Busy);
    assert_eq!(*staff, [StaffMember { counselor, role: Role::Counselor, capacity, chosen }], "{number}");
    assert_eq!(*last_arrival, 2000 + u64::from(number), "{number}");
    let [talk] = &open[..] else { panic!("{number}: one talk is open, not {}", open.len()) };
    assert_eq!(talk.facts.id, ConversationId(id(TALK, number)));
    assert_eq!(talk.facts.visitor, VisitorId(id(VISITOR, number)));
    assert_eq!(talk.facts.phase, Phase::InProgress { counselor, since: moment(0) });
    let said = Said { counselor: None, unanswered: Some((moment(5000), moment(5000))) };
    assert_eq!(talk.said, said, "{number}");
}

fn assert_unknown(claimed: &Result<Claim, ClaimFault>, why: &str) {
    assert!(matches!(claimed, Err(ClaimFault::Unknown(fault)) if fault.contains(why)), "{why}: {claimed:?}");
}

#[tokio::test]
async fn three_hundred_are_claimed_by_two_statements_and_each_gets_its_own_state() {
    let mut neighbours = Neighbours::stand(300).await;
    let claimed = neighbours.claim_all().await;
    for (number, claimed) in (0..).zip(&claimed) {
        assert_is_own(claimed.as_ref().expect("it is claimed"), number, 2);
    }
    let statements = "select count(distinct xmin::text) from events where kind = 'claimed'";
    assert_eq!(neighbours.count(statements).await, i64::from(300_u32.div_ceil(IN_A_ROUND)));
}

#[tokio::test]
async fn one_that_is_always_beaten_fails_alone_and_in_the_end() {
    let mut neighbours = Neighbours::stand(40).await;
    // As if another server always wrote the next event a moment before.
    neighbours
        .does(
            "create sequence beaten;
             create function is_beaten() returns trigger language plpgsql as $$ begin
                 perform nextval('beaten');
                 raise exception 'beaten' using errcode = '23505', constraint = 'events_fence';
             end $$;
             create trigger is_beaten before insert on events for each row
                 when (new.institution = 'i007' and new.kind = 'claimed') execute function is_beaten()",
        )
        .await;
    let claimed = neighbours.claim_all().await;
    for (number, claimed) in (0..).zip(&claimed) {
        match number {
            7 => assert_unknown(claimed, "events_fence"),
            _ => assert_is_own(claimed.as_ref().expect("it is claimed"), number, 2),
        }
    }
    assert_eq!(neighbours.numbers(7).await, [1]);
    assert_eq!(
        neighbours.count("select last_value from beaten").await,
        1 + 1 + 8,
        "together, alone, and apart"
    );
}

#[tokio::test]
async fn one_that_another_server_is_writing_holds_up_no_other() {
    let mut neighbours = Neighbours::stand(40).await;
    let mut writing = PgConnection::connect(&neighbours.database.url).await.expect("one more connection");
    for statement in [
        "begin",
        "insert into events (institution, seq, writer, at, kind, body)
         values ('i007', 2, gen_random_uuid(), 1700000000500, 'claimed', '{\"event\": \"claimed\"}')",
    ] {
        sqlx::query(statement).execute(&mut writing).await.expect("another writes");
    }
    let held = neighbours.claims(7);
    let others = (0..40).filter(|number| *number != 7);
    let mut others = pin!(join_all(others.map(|number| neighbours.claims(number))));
    let mut held = pin!(held);
    assert!(futures_util::poll!(&mut held).is_pending());
    assert!(futures_util::poll!(&mut others).is_pending());
    let _claiming = neighbours.claim();
    let goes_on = async {
        for claimed in others.await {
            claimed.expect("it is claimed");
        }
        let query = "select count(*) from pg_stat_activity
                     where application_name = 'claimer' and datname = current_database() and wait_event_type = 'Lock'";
        until("it waits", SOON, async || (neighbours.count(query).await == 1).then_some(())).await;
        // Whoever asks now is not held up at all.
        neighbours.claims(8).await.expect("it is claimed");
        sqlx::query("commit").execute(&mut writing).await.expect("the other has written");
    };
    let (held, ()) = join(held, goes_on).await;
    let held = held.expect("it is claimed, behind the other");
    assert_eq!((held.seq, held.at), (3, Timestamp(NOW.0 + 500)), "no earlier than what stands before it");
    assert_eq!(neighbours.numbers(7).await, [1, 2, 3]);
}

#[tokio::test]
async fn one_with_a_row_that_cannot_be_read_fails_alone() {
    let mut neighbours = Neighbours::stand(40).await;
    neighbours
        .does(
            "alter table conversations drop constraint conversations_medium_check;
             update conversations set medium = 'VOICE' where institution = 'i003';
             update conversations set medium = 'SMOKE' where institution = 'i011';
             update people set presence = null, max_consults = 0 where institution = 'i012';
             update events set body = '{\"arrival\": \"last\"}' where institution = 'i030'",
        )
        .await;
    let claimed = neighbours.claim_all().await;
    for (number, claimed) in (0..).zip(&claimed) {
        match number {
            3 => assert_unknown(claimed, "medium and call_started_at do not fit"),
            11 => assert_unknown(claimed, "not one of the words"),
            12 => assert_eq!(claimed.as_ref().expect("it is claimed").snapshot.staff[0].chosen, None),
            30 => assert_unknown(claimed, "22P02"),
            _ => assert_is_own(claimed.as_ref().expect("it is claimed"), number, 2),
        }
    }
}

#[tokio::test]
async fn only_the_owner_in_its_epoch_claims() {
    let mut neighbours = Neighbours::stand(7).await;
    let (ours, others, gone) = (Uuid::from_u128(91), Uuid::from_u128(92), Uuid::from_u128(93));
    for node in [ours, others, gone] {
        sqlx::query(
            "insert into nodes (id, name, version, protocol, lease_until) values ($1, 'n', '0', 1, now())",
        )
        .bind(node)
        .execute(&neighbours.database.pool)
        .await
        .expect("a node");
    }
    // The last is nobody's yet.
    for (number, (node, epoch)) in
        (0..).zip([(ours, 3), (others, 3), (ours, 4), (gone, 3), (ours, 5), (ours, 3)])
    {
        sqlx::query("insert into owners (institution, node, epoch) values ($1, $2, $3)")
            .bind(code(number))
            .bind(node)
            .bind(epoch)
            .execute(&neighbours.database.pool)
            .await
            .expect("an owner");
    }
    neighbours.does(&format!("delete from nodes where id = '{gone}'")).await;
    let own = |epoch| Some(Ownership { node: ours, epoch });
    let asked = [own(3), own(3), own(3), Some(Ownership { node: gone, epoch: 3 }), own(5), None, own(0)];
    let asked = (0..).zip(asked).map(|(number, own)| neighbours.claims_as(number, own));
    let mut waiting = pin!(join_all(asked.collect::<Vec<_>>()));
    assert!(futures_util::poll!(&mut waiting).is_pending());
    let _claiming = neighbours.claim();
    let claimed = waiting.await;
    for (number, claimed) in (0..).zip(&claimed) {
        if [0, 4, 5].contains(&number) {
            assert_is_own(claimed.as_ref().expect("it is claimed"), number, 2);
        } else {
            assert_eq!(*claimed, Err(ClaimFault::NotOwner), "{number}");
            assert_eq!(neighbours.numbers(number).await, [1], "nothing stands in its journal");
        }
    }
    // Alone, too.
    assert_eq!(neighbours.claims_as(1, own(3)).await, Err(ClaimFault::NotOwner));
    assert_eq!(neighbours.claims_as(0, own(3)).await.expect("it is claimed").seq, 3);
}

#[tokio::test]
async fn two_claims_of_one_institution_take_one_number_after_the_other_and_one_given_up_takes_none() {
    let mut neighbours = Neighbours::stand(2).await;
    let mut given_up = neighbours.claims(0);
    assert!(futures_util::poll!(&mut given_up).is_pending());
    drop(given_up);
    let mut waiting = pin!(join_all([neighbours.claims(0), neighbours.claims(0), neighbours.claims(1)]));
    assert!(futures_util::poll!(&mut waiting).is_pending());
    let _claiming = neighbours.claim();
    let numbers: Vec<u64> =
        waiting.await.into_iter().map(|claimed| claimed.expect("it is claimed").seq).collect();
    assert_eq!(numbers, [2, 3, 2]);
    let statements = "select count(distinct xmin::text) from events where kind = 'claimed'";
    assert_eq!(neighbours.count(statements).await, 2, "none of them was in another's way");
}
