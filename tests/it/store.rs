//! The journal's store on a real PostgreSQL: whole batches, the fence, batches tried again, and revival.

use std::{sync::Arc, time::Duration};

use hotline::store::PgStore;
use hotline_actors::{
    ConversationId, CounselorId, Dispatch, PersonId, Timestamp, VisitorId, WriterId,
    dispatch::{
        Snapshot,
        command::Command,
        conversation::{EndReason, Priority},
        counselor::{Choice, Role},
        limits::Limits,
    },
    journal::{AppendFault, Batch, Journal, Store},
};
use uuid::Uuid;

use crate::support::Database;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

const COUNSELORS: u128 = 4;
const VISITORS: u128 = 12;
const STEPS: u64 = 400;

/// A small generator, so that a seed gives the same story again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

struct House {
    database: Database,
    dispatch: Dispatch,
    journal: Journal<()>,
    now: Timestamp,
}

fn counselor(number: u128) -> CounselorId {
    CounselorId(Uuid::from_u128(0xc0 + number))
}

fn visitor(number: u128) -> VisitorId {
    VisitorId(Uuid::from_u128(0xf00 + number))
}

impl House {
    /// Counselors and visitors in a migrated database.
    async fn stands() -> Self {
        let database = Database::fresh().await;
        MIGRATIONS.run(&database.pool).await.expect("the schema can be made");
        let mut people: Vec<(Uuid, &str)> = (0..COUNSELORS).map(|n| (counselor(n).0, "COUNSELOR")).collect();
        people.extend((0..VISITORS).map(|n| (visitor(n).0, "VISITOR")));
        sqlx::query!("insert into institutions (code, name, created_at) values ('ecnu', 'ecnu', 0)")
            .execute(&database.pool)
            .await
            .expect("an institution");
        for (id, kind) in people {
            sqlx::query!(
                "insert into people (id, institution, kind, username, state, max_consults, created_at, updated_at)
                 values ($1, 'ecnu', $2, $3, 'NORMAL', 2, 0, 0)",
                id,
                kind,
                format!("p{}", id.simple())
            )
            .execute(&database.pool)
            .await
            .expect("a person");
        }
        Self {
            database,
            dispatch: Dispatch::new(Limits::default()),
            journal: Journal::new(WriterId(Uuid::nil()), 0),
            now: Timestamp(1_700_000_000_000),
        }
    }

    fn store(&self) -> PgStore {
        let options = self.database.url.parse().expect("the address is well formed");
        PgStore::new("ecnu".to_owned(), "administrator".to_owned(), options, Duration::from_secs(10))
    }

    /// Takes the institution over and goes on from what is kept, which it answers.
    async fn claim(&mut self, store: &PgStore) -> Snapshot {
        let writer = WriterId(Uuid::now_v7());
        let claim = store.claim(writer, self.now).await.expect("the journal can be claimed");
        self.dispatch = Dispatch::revive(Limits::default(), &claim.snapshot, self.now);
        self.journal = Journal::new(writer, claim.seq);
        for number in 0..COUNSELORS {
            self.decide(&Command::Appear { counselor: counselor(number), choice: Some(Choice::Online) });
        }
        self.decide(&Command::Shift { on: (0..COUNSELORS).map(counselor).collect() });
        claim.snapshot
    }

    fn decide(&mut self, command: &Command) {
        if let Ok(mut decision) = self.dispatch.decide(self.now, command) {
            self.journal.append(self.now, &mut decision);
        }
        assert_eq!(self.dispatch.broken_laws(), []);
    }

    /// Some command or other, and time that passes.
    fn something_happens(&mut self, dice: &mut Dice) {
        self.now = self.now + Duration::from_secs(dice.below(240));
        let open: Vec<ConversationId> = self.dispatch.conversations().map(|facts| facts.id).collect();
        let some_open = |dice: &mut Dice| {
            let index = usize::try_from(dice.below(open.len().max(1) as u64)).unwrap_or(0);
            open.get(index).copied().unwrap_or(ConversationId(Uuid::nil()))
        };
        let one = counselor(u128::from(dice.below(4)));
        let command = match dice.below(10) {
            0..=3 => Command::Open {
                conversation: ConversationId(Uuid::now_v7()),
                visitor: visitor(u128::from(dice.below(12))),
                wanted: (dice.below(2) == 0).then_some(one),
                fallback: Some(dice.below(2) == 0),
            },
            4..=5 => Command::End { conversation: some_open(dice), reason: EndReason::Visitor },
            6 => Command::SetCapacity { counselor: one, capacity: u32::try_from(dice.below(4)).unwrap_or(0) },
            7 => Command::Prioritize { conversation: some_open(dice), priority: Priority::Urgent },
            8 => {
                let choice = [None, Some(Choice::Away), Some(Choice::Online)];
                Command::Appear {
                    counselor: one,
                    choice: choice[usize::try_from(dice.below(3)).unwrap_or(0)],
                }
            }
            _ => Command::Wake,
        };
        self.decide(&command);
        for conversation in open {
            self.decide(&Command::Due { conversation });
        }
    }

    async fn commit(&mut self, store: &PgStore) -> Result<(), AppendFault> {
        while let Some(batch) = self.journal.freeze(100) {
            store.append(batch).await?;
            self.journal.landed();
        }
        Ok(())
    }

    fn frozen(&mut self) -> Arc<Batch> {
        self.journal.freeze(100).expect("something was decided")
    }

    async fn count(&self, query: &str) -> i64 {
        sqlx::query_scalar(sqlx::AssertSqlSafe(query.to_owned()))
            .fetch_one(&self.database.pool)
            .await
            .expect("a count")
    }
}

#[tokio::test]
async fn what_is_revived_is_what_was_decided() {
    for seed in 0..4 {
        let mut house = House::stands().await;
        let mut dice = Dice(seed);
        let store = house.store();
        house.claim(&store).await;
        for step in 0..STEPS {
            house.something_happens(&mut dice);
            if dice.below(3) == 0 {
                house.commit(&store).await.expect("it is stored");
            }
            if step % 100 == 99 {
                house.commit(&store).await.expect("it is stored");
                let before = house.dispatch.snapshot();
                let next = house.store();
                assert_eq!(house.claim(&next).await, before, "seed {seed}, step {step}");
                // The old owner can no longer write.
                house.claim(&store).await;
            }
        }
        let doubled =
            "select count(*) from (select 1 from events group by institution, seq having count(*) > 1) d";
        assert_eq!(house.count(doubled).await, 0);
        let gaps = "select max(seq) - count(*) from events";
        assert_eq!(house.count(gaps).await, 0, "numbers without gaps");
    }
}

#[tokio::test]
async fn a_batch_tried_again_is_stored_once() {
    let mut house = House::stands().await;
    let store = house.store();
    house.claim(&store).await;
    let open = |number| Command::Open {
        conversation: ConversationId(Uuid::now_v7()),
        visitor: visitor(number),
        wanted: None,
        fallback: None,
    };
    house.decide(&open(1));
    let batch = house.frozen();
    store.append(Arc::clone(&batch)).await.expect("it is stored");
    let events = house.count("select count(*) from events").await;
    // As after a commit whose answer was lost, also over another connection.
    store.append(Arc::clone(&batch)).await.expect("it had landed");
    house.store().append(batch).await.expect("it had landed");
    assert_eq!(house.count("select count(*) from events").await, events);
    assert_eq!(house.count("select count(*) from conversations").await, 1);
}

#[tokio::test]
async fn of_two_owners_one_finds_out_and_nothing_of_his_is_stored() {
    let mut house = House::stands().await;
    let (old, new) = (house.store(), house.store());
    house.claim(&old).await;
    let open = Command::Open {
        conversation: ConversationId(Uuid::now_v7()),
        visitor: visitor(1),
        wanted: None,
        fallback: None,
    };
    house.decide(&open);
    let late = house.frozen();
    let writer = WriterId(Uuid::now_v7());
    let claim = new.claim(writer, house.now).await.expect("it is taken over");
    assert_eq!(claim.snapshot.open, []);
    assert_eq!(old.append(late).await, Err(AppendFault::Fenced));
    assert_eq!(house.count("select count(*) from conversations").await, 0, "whole or not at all");
    assert_eq!(old.newest().await.expect("it can be asked"), (claim.seq, writer));
}

#[tokio::test]
async fn many_claims_at_once_each_get_a_number_of_their_own() {
    let house = House::stands().await;
    let claims = (0..6).map(|_| {
        let store = house.store();
        let now = house.now;
        async move { store.claim(WriterId(Uuid::now_v7()), now).await.expect("it gets its turn").seq }
    });
    let mut numbers = futures_util::future::join_all(claims).await;
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=6).collect::<Vec<u64>>());
}

#[tokio::test]
async fn places_bans_and_notices_are_stored_with_the_events() {
    let mut house = House::stands().await;
    let store = house.store();
    house.claim(&store).await;
    let conversation = ConversationId(Uuid::now_v7());
    house.decide(&Command::Admit { counselor: counselor(0), role: Role::Counselor, capacity: 2 });
    house.decide(&Command::SetCapacity { counselor: counselor(0), capacity: 7 });
    house.decide(&Command::Open {
        conversation,
        visitor: visitor(1),
        wanted: Some(counselor(0)),
        fallback: None,
    });
    house.commit(&store).await.expect("it is stored");
    house.now = house.now + Duration::from_mins(10);
    house.decide(&Command::Due { conversation });
    house.now = house.now + Duration::from_mins(1);
    let how = hotline_actors::dispatch::event::Expulsion::Banned;
    house.decide(&Command::Expel { person: PersonId(visitor(1).0), how });
    house.commit(&store).await.expect("it is stored");
    let one = "select count(*) from people where max_consults = 7 and total_time = 660000";
    assert_eq!(house.count(one).await, 1);
    let banned = "select count(*) from people where state = 'BANNED' and total_time = 660000";
    assert_eq!(house.count(banned).await, 1);
    let ended = "select count(*) from conversations where status = 'FINISHED' and end_reason = 'banned'";
    assert_eq!(house.count(ended).await, 1);
    let told = "select count(*) from messages where system and from_account = 'administrator'
                and body->0->'MsgContent'->>'Text' = '请问还有什么需要继续咨询的吗？'";
    assert_eq!(house.count(told).await, 1);
}
