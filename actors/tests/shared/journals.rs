//! What every journal must do, whatever keeps it: the one in memory, on which the simulation rests, and PostgreSQL. So
//! the one cannot drift from the other. Races included: writers on one number, claims against owners busy and dead.

use std::{
    cell::RefCell,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::future::{join, join_all};
use hotline_actors::{
    ConversationId, CounselorId, Dispatch, Timestamp, VisitorId, WriterId,
    dispatch::{
        Snapshot,
        command::Command,
        conversation::{EndReason, Priority},
        counselor::{ChosenStatus, Role},
        event::Event,
        limits::DispatchLimits,
    },
    journal::{AppendFault, Batch, Claim, Journal, Stamped, Store},
};
use uuid::Uuid;

/// A journal that lasts; stores come and go.
pub(crate) trait StoreUnderTest {
    type Store: Store;

    /// A handle of its own, as another server has. Its counselors and visitors may write into it.
    fn store(&self) -> Self::Store;

    /// Everything kept, in order, and who wrote it.
    async fn log(&self) -> Vec<(Stamped, WriterId)>;

    /// Lets whoever sends `batch` die while it is on its way and held up at `point`; does `meanwhile`; lets it go, and
    /// is back when nothing is on its way any more. What waits for the held one is let in with it.
    async fn dies_sending<T>(&self, batch: Arc<Batch>, point: Point, meanwhile: impl Future<Output = T>)
    -> T;
}

/// How far a batch had come when it was held up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Point {
    /// It has not yet got its numbers.
    BeforeTheFence,
    /// It has its numbers, and is stored or will be.
    BehindTheFence,
}

/// Hands the name of each test to a macro, so that no journal can leave one out.
macro_rules! every_journal {
    ($test:ident) => {
        $test! {
            what_is_claimed_is_what_was_decided
            of_twenty_writers_on_one_number_one_wins_and_the_others_learn_it
            twenty_claims_at_once_each_get_a_number_of_their_own
            a_batch_tried_again_had_landed_and_is_stored_once
            a_batch_with_a_gap_is_refused
            anothers_row_fences_a_batch_and_nothing_of_it_is_stored
            an_owner_taken_over_learns_it_whatever_else_its_batch_collides_with
            the_newest_row_says_who_wrote_it
            a_claim_is_not_before_what_has_happened_whatever_the_clock_says
            a_claim_against_a_busy_owner_holds_all_it_was_told_and_stops_it
            a_claim_against_a_dead_owner_holds_its_last_statement_or_keeps_it_out
        }
    };
}
pub(crate) use every_journal;

/// More than an owner gets in while another claims.
const BATCHES_MAX: usize = 2000;

pub(crate) const COUNSELORS: u128 = 4;
pub(crate) const VISITORS: u64 = 12;
/// Places of each counselor.
pub(crate) const CAPACITY: u32 = 2;

pub(crate) fn counselor(number: u128) -> CounselorId {
    CounselorId(Uuid::from_u128(0xc0 + number))
}

pub(crate) fn visitor(number: u128) -> VisitorId {
    VisitorId(Uuid::from_u128(0xf00 + number))
}

/// Nobody has had it, in this process.
fn fresh() -> Uuid {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    Uuid::from_u64_pair(0xf5e5, NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Before one asks again. Under a paused clock nothing happens while somebody is awake.
async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// A small generator, so that a seed gives the same scenario again.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Who owns the institution, or thinks so: decides and writes, as a Registry does.
pub(crate) struct Owner<S> {
    pub(crate) store: S,
    pub(crate) dispatch: Dispatch,
    pub(crate) journal: Journal<()>,
    pub(crate) claim: Claim,
    pub(crate) now: Timestamp,
}

impl<S: Store> Owner<S> {
    /// Takes the institution over under a fresh name and goes on from what is kept; everybody is there.
    pub(crate) async fn claims(store: S) -> Self {
        Self::claims_at(store, Timestamp(1_700_000_000_000)).await
    }

    async fn claims_at(store: S, now: Timestamp) -> Self {
        let writer = WriterId(fresh());
        let claim = loop {
            match store.claim(writer, now).await {
                Ok(claim) => break claim,
                // Beaten too often, or kept waiting too long: as a Registry does, it tries again.
                Err(_) => a_moment().await,
            }
        };
        Self::believes(store, writer, claim, now)
    }

    /// An owner that takes `claim` for its own.
    fn believes(store: S, writer: WriterId, claim: Claim, now: Timestamp) -> Self {
        let dispatch = Dispatch::revive(DispatchLimits::default(), &claim.snapshot, now);
        let mut owner = Self { store, dispatch, journal: Journal::new(writer, claim.seq), claim, now };
        for number in 0..COUNSELORS {
            let counselor = counselor(number);
            if owner.dispatch.counselor(counselor).is_none() {
                owner.decide(&Command::AddStaff { counselor, role: Role::Counselor, capacity: CAPACITY });
            }
            owner.decide(&Command::SetPresence { counselor, choice: Some(ChosenStatus::Online) });
        }
        owner.decide(&Command::Shift { on: (0..COUNSELORS).map(counselor).collect() });
        owner
    }

    pub(crate) fn decide(&mut self, command: &Command) {
        if let Ok(mut decision) = self.dispatch.decide(self.now, command) {
            self.journal.append(self.now, &mut decision);
        }
        assert_eq!(self.dispatch.broken_laws(), []);
    }

    /// The visitor asks for anyone.
    pub(crate) fn opens(&mut self, visitor: VisitorId) -> ConversationId {
        let conversation = ConversationId(fresh());
        self.decide(&Command::Open {
            conversation,
            visitor,
            requested_counselor: None,
            allow_fallback: None,
        });
        conversation
    }

    pub(crate) fn ends(&mut self, conversation: ConversationId) {
        self.decide(&Command::End { conversation, reason: EndReason::Visitor });
    }

    /// Time passes, and whatever is due by then falls due.
    pub(crate) fn passes(&mut self, time: Duration) {
        self.now = self.now + time;
        let open: Vec<_> = self.dispatch.conversations().map(|facts| facts.id).collect();
        for conversation in open {
            self.decide(&Command::Due { conversation });
        }
    }

    /// Some command or other, and time that passes.
    fn something_happens(&mut self, dice: &mut Dice) {
        let open: Vec<ConversationId> = self.dispatch.conversations().map(|facts| facts.id).collect();
        let some_open = |dice: &mut Dice| {
            let index = usize::try_from(dice.below(open.len().max(1) as u64)).unwrap_or(0);
            open.get(index).copied().unwrap_or(ConversationId(Uuid::nil()))
        };
        let one = counselor(u128::from(dice.below(4)));
        let command = match dice.below(10) {
            0..=3 => Command::Open {
                conversation: ConversationId(fresh()),
                visitor: visitor(u128::from(dice.below(VISITORS))),
                requested_counselor: (dice.below(2) == 0).then_some(one),
                allow_fallback: Some(dice.below(2) == 0),
            },
            4..=5 => Command::End { conversation: some_open(dice), reason: EndReason::Visitor },
            6 => Command::SetCapacity { counselor: one, capacity: u32::try_from(dice.below(4)).unwrap_or(0) },
            7 => Command::Prioritize { conversation: some_open(dice), priority: Priority::Urgent },
            8 => {
                let choice = [None, Some(ChosenStatus::Away), Some(ChosenStatus::Online)];
                Command::SetPresence {
                    counselor: one,
                    choice: choice[usize::try_from(dice.below(3)).unwrap_or(0)],
                }
            }
            _ => Command::Wake,
        };
        self.decide(&command);
        self.passes(Duration::from_secs(dice.below(240)));
    }

    pub(crate) fn frozen(&mut self) -> Arc<Batch> {
        self.journal.freeze(100).expect("something was decided")
    }

    /// Stores what is decided, batch by batch.
    pub(crate) async fn commits(&mut self) -> Result<(), AppendFault> {
        while let Some(batch) = self.journal.freeze(100) {
            settled(&self.store, &batch).await?;
            self.journal.take_committed();
        }
        Ok(())
    }
}

/// Tries a batch until its status is known, as a Registry does.
async fn settled(store: &impl Store, batch: &Arc<Batch>) -> Result<(), AppendFault> {
    loop {
        match store.append(Arc::clone(batch)).await {
            Err(AppendFault::Unknown(_)) => a_moment().await,
            known => return known,
        }
    }
}

/// What is kept is numbered without gaps, and what a claim said is what the rows up to it say.
fn holds_together(log: &[(Stamped, WriterId)], claims: &[Claim]) {
    let numbers: Vec<u64> = log.iter().map(|(stamped, _)| stamped.seq).collect();
    assert_eq!(numbers, (1..=log.len() as u64).collect::<Vec<_>>(), "numbered without gaps, each once");
    let first = &claims[0];
    for claim in claims {
        let mut state = Dispatch::revive(DispatchLimits::default(), &first.snapshot, Timestamp(0));
        for (stamped, _) in log {
            if (first.seq + 1..=claim.seq).contains(&stamped.seq) {
                state.apply(stamped.at, &stamped.event);
            }
        }
        assert_eq!(claim.snapshot, state.snapshot(), "the claim {} says what the log says", claim.seq);
    }
}

fn is_in(log: &[(Stamped, WriterId)], batch: &Batch) -> bool {
    batch.events.iter().all(|event| log.contains(&(event.clone(), batch.writer)))
}

fn nothing_is_in(log: &[(Stamped, WriterId)], batch: &Batch) -> bool {
    !batch.events.iter().any(|event| log.contains(&(event.clone(), batch.writer)))
}

fn is_open(snapshot: &Snapshot, conversation: ConversationId) -> bool {
    snapshot.open.iter().any(|open| open.facts.id == conversation)
}

pub(crate) async fn what_is_claimed_is_what_was_decided(under_test: impl StoreUnderTest) {
    let mut claims = Vec::new();
    for seed in 0..4 {
        let mut dice = Dice(seed);
        let mut owner = Owner::claims(under_test.store()).await;
        claims.push(owner.claim.clone());
        for step in 0..300_u32 {
            owner.something_happens(&mut dice);
            if dice.below(3) == 0 {
                owner.commits().await.expect("it is stored");
            }
            if step % 100 == 99 {
                owner.commits().await.expect("it is stored");
                let next = Owner::claims_at(under_test.store(), owner.now).await;
                assert_eq!(next.claim.snapshot, owner.dispatch.snapshot(), "seed {seed}, step {step}");
                claims.push(next.claim.clone());
                owner = next;
            }
        }
    }
    holds_together(&under_test.log().await, &claims);
}

pub(crate) async fn of_twenty_writers_on_one_number_one_wins_and_the_others_learn_it(
    under_test: impl StoreUnderTest,
) {
    let claim = Owner::claims(under_test.store()).await.claim;
    for round in 0..3 {
        let before = under_test.log().await;
        let claim = Claim { seq: before.len() as u64, ..claim.clone() };
        let mut owners: Vec<_> = (0..20)
            .map(|number| {
                let now = Timestamp(1_700_000_000_000 + round);
                let mut owner = Owner::believes(under_test.store(), WriterId(fresh()), claim.clone(), now);
                // Some ask for the same visitor, who may have one conversation only.
                owner.opens(visitor(4 * u128::from(round.unsigned_abs()) + number % 4));
                owner
            })
            .collect();
        let batches: Vec<_> = owners.iter_mut().map(Owner::frozen).collect();
        let sent = owners.iter().zip(&batches).map(|(owner, batch)| settled(&owner.store, batch));
        let statuses = join_all(sent).await;
        let winners: Vec<_> = statuses.iter().zip(&batches).filter(|(status, _)| status.is_ok()).collect();
        assert_eq!(winners.len(), 1, "{statuses:?}");
        let fenced = statuses.iter().filter(|status| **status == Err(AppendFault::Fenced)).count();
        assert_eq!(fenced, 19, "{statuses:?}");
        let log = under_test.log().await;
        assert!(is_in(&log, winners[0].1), "it is whole");
        assert_eq!(log.len(), before.len() + winners[0].1.events.len(), "and nobody else's is there");
    }
}

pub(crate) async fn twenty_claims_at_once_each_get_a_number_of_their_own(under_test: impl StoreUnderTest) {
    let claims = join_all((0..20).map(|_| Owner::claims(under_test.store()))).await;
    let mut numbers: Vec<_> = claims.iter().map(|owner| owner.claim.seq).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=20).collect::<Vec<u64>>());
    let log = under_test.log().await;
    for owner in claims {
        let row = (owner.claim.seq, owner.journal.writer());
        assert!(log.iter().any(|(stamped, writer)| (stamped.seq, *writer) == row), "each its own");
    }
}

pub(crate) async fn a_batch_tried_again_had_landed_and_is_stored_once(under_test: impl StoreUnderTest) {
    let mut owner = Owner::claims(under_test.store()).await;
    let (first, second) = (owner.opens(visitor(0)), owner.opens(visitor(1)));
    let opened = owner.frozen();
    owner.store.append(Arc::clone(&opened)).await.expect("it is stored");
    owner.journal.take_committed();
    // A notice, an end and a capacity: whatever a batch may bring along.
    owner.passes(Duration::from_mins(10));
    owner.ends(first);
    owner.decide(&Command::SetCapacity { counselor: counselor(0), capacity: 7 });
    let batch = owner.frozen();
    let notices = batch.events.iter().filter(|event| matches!(event.event, Event::Noticed { .. })).count();
    assert_eq!(notices, 2, "{batch:?}");
    owner.store.append(Arc::clone(&batch)).await.expect("it is stored");
    let log = under_test.log().await;
    // As after a commit whose answer was lost, also over another connection, and after the next.
    let other = under_test.store();
    for again in [&batch, &opened, &batch] {
        assert_eq!(settled(&owner.store, again).await, Ok(()));
        assert_eq!(settled(&other, again).await, Ok(()));
    }
    assert_eq!(under_test.log().await, log);
    let next = Owner::claims_at(under_test.store(), owner.now).await;
    assert_eq!(next.claim.snapshot, owner.dispatch.snapshot());
    assert!(is_open(&next.claim.snapshot, second) && !is_open(&next.claim.snapshot, first));
}

pub(crate) async fn a_batch_with_a_gap_is_refused(under_test: impl StoreUnderTest) {
    let mut owner = Owner::claims(under_test.store()).await;
    owner.opens(visitor(0));
    let first = owner.frozen();
    owner.journal.take_committed();
    owner.opens(visitor(1));
    let second = owner.frozen();
    owner.journal.take_committed();
    owner.opens(visitor(2));
    let third = owner.frozen();
    let before = under_test.log().await;
    let torn = Batch { events: [&first.events[..], &third.events[..]].concat(), ..(*first).clone() };
    for gap in [Arc::clone(&second), Arc::new(torn)] {
        let refused = settled(&owner.store, &gap).await;
        assert!(matches!(refused, Err(AppendFault::Refused(_))), "{refused:?}");
        assert_eq!(under_test.log().await, before, "nothing of it is there");
    }
    for batch in [first, second, third] {
        settled(&owner.store, &batch).await.expect("without the gap it is stored");
    }
    let next = Owner::claims_at(under_test.store(), owner.now).await;
    assert_eq!(next.claim.snapshot, owner.dispatch.snapshot());
}

pub(crate) async fn anothers_row_fences_a_batch_and_nothing_of_it_is_stored(under_test: impl StoreUnderTest) {
    let mut old = Owner::claims(under_test.store()).await;
    let conversation = old.opens(visitor(0));
    let late = old.frozen();
    let new = Owner::claims(under_test.store()).await;
    assert!(!is_open(&new.claim.snapshot, conversation));
    // Whenever and however often it asks.
    for store in [&old.store, &old.store, &new.store] {
        assert_eq!(settled(store, &late).await, Err(AppendFault::Fenced));
    }
    let log = under_test.log().await;
    assert!(nothing_is_in(&log, &late));
    let next = Owner::claims(under_test.store()).await;
    assert_eq!(next.claim.snapshot, new.claim.snapshot, "whole or not at all");
}

pub(crate) async fn an_owner_taken_over_learns_it_whatever_else_its_batch_collides_with(
    under_test: impl StoreUnderTest,
) {
    let mut old = Owner::claims(under_test.store()).await;
    let talk = old.opens(visitor(0));
    old.commits().await.expect("it is stored");
    let mut new = Owner::claims_at(under_test.store(), old.now).await;
    // The new owner seats the same visitor, and tells the same two the same, at the numbers the old one thinks of.
    old.opens(visitor(1));
    new.opens(visitor(1));
    for owner in [&mut old, &mut new] {
        owner.passes(Duration::from_mins(10));
        owner.ends(talk);
        owner.opens(visitor(0));
    }
    let late = old.frozen();
    new.commits().await.expect("it owns the journal");
    assert_eq!(settled(&old.store, &late).await, Err(AppendFault::Fenced));
    assert!(nothing_is_in(&under_test.log().await, &late));
    let next = Owner::claims_at(under_test.store(), new.now).await;
    assert_eq!(next.claim.snapshot, new.dispatch.snapshot());
}

pub(crate) async fn a_claim_is_not_before_what_has_happened_whatever_the_clock_says(
    under_test: impl StoreUnderTest,
) {
    let mut owner = Owner::claims(under_test.store()).await;
    owner.passes(Duration::from_hours(1));
    owner.opens(visitor(1));
    owner.commits().await.expect("it is stored");
    let newest = owner.now;
    let back = Owner::claims_at(under_test.store(), Timestamp(1_600_000_000_000)).await;
    assert_eq!(back.claim.at, newest, "the clock was set back");
    let (claimed, _) = under_test.log().await.pop().expect("the claim");
    assert_eq!(claimed.at, newest, "and so it stands in the journal");
    let later = Owner::claims_at(under_test.store(), newest + Duration::from_secs(5)).await;
    assert_eq!(later.claim.at, newest + Duration::from_secs(5));
}

pub(crate) async fn the_newest_row_says_who_wrote_it(under_test: impl StoreUnderTest) {
    let newest = async || under_test.store().newest().await;
    assert!(newest().await.is_err(), "nobody has claimed it yet");
    let mut owner = Owner::claims(under_test.store()).await;
    assert_eq!(newest().await, Ok((owner.claim.seq, owner.journal.writer())));
    owner.opens(visitor(0));
    owner.commits().await.expect("it is stored");
    assert_eq!(newest().await, Ok((owner.journal.committed(), owner.journal.writer())));
    let next = Owner::claims(under_test.store()).await;
    assert_eq!(owner.store.newest().await, Ok((next.claim.seq, next.journal.writer())));
}

pub(crate) async fn a_claim_against_a_busy_owner_holds_all_it_was_told_and_stops_it(
    under_test: impl StoreUnderTest,
) {
    let mut owner = Owner::claims(under_test.store()).await;
    let mut claims = vec![owner.claim.clone()];
    for round in 0..6_usize {
        let told = RefCell::new(Vec::new());
        let busy = async {
            let mut dice = Dice(round as u64);
            loop {
                while owner.journal.is_idle() {
                    owner.something_happens(&mut dice);
                }
                let batch = owner.frozen();
                match settled(&owner.store, &batch).await {
                    Ok(()) => told.borrow_mut().push(batch),
                    Err(fault) => break (fault, batch),
                }
                owner.journal.take_committed();
                assert!(told.borrow().len() < BATCHES_MAX, "nobody stops it");
            }
        };
        let claiming = async {
            while told.borrow().len() < 5 * (round + 1) {
                a_moment().await;
            }
            let now = Timestamp(1_800_000_000_000);
            let claimed = Owner::claims_at(under_test.store(), now).await;
            (told.borrow().len(), claimed)
        };
        let ((fault, late), (_, next)) = join(busy, claiming).await;
        assert_eq!(fault, AppendFault::Fenced);
        let log = under_test.log().await;
        assert!(told.borrow().iter().all(|batch| is_in(&log, batch)), "what it was told is there");
        assert!(told.borrow().iter().all(|batch| batch.last_seq() < next.claim.seq), "before the claim");
        assert!(nothing_is_in(&log, &late), "and what came later is not");
        assert_eq!(log.len() as u64, next.claim.seq, "the claim is the last word");
        claims.push(next.claim.clone());
        holds_together(&log, &claims);
        owner = next;
    }
}

pub(crate) async fn a_claim_against_a_dead_owner_holds_its_last_statement_or_keeps_it_out(
    under_test: impl StoreUnderTest,
) {
    let mut claims = Vec::new();
    for (number, point) in
        [Point::BeforeTheFence, Point::BehindTheFence].into_iter().cycle().take(4).enumerate()
    {
        let mut old = Owner::claims(under_test.store()).await;
        claims.push(old.claim.clone());
        let conversation = old.opens(visitor(number as u128));
        let batch = old.frozen();
        let claim = Owner::claims(under_test.store());
        let next = under_test.dies_sending(Arc::clone(&batch), point, claim).await;
        claims.push(next.claim.clone());
        let log = under_test.log().await;
        holds_together(&log, &claims);
        assert_eq!(log.len() as u64, next.claim.seq, "nothing comes after the claim");
        let landed = point == Point::BehindTheFence;
        assert_eq!(is_open(&next.claim.snapshot, conversation), landed, "{point:?}");
        assert!(if landed { is_in(&log, &batch) } else { nothing_is_in(&log, &batch) }, "{point:?}");
        // One who was only cut off and asks again learns the same.
        let status = if landed { Ok(()) } else { Err(AppendFault::Fenced) };
        assert_eq!(settled(&old.store, &batch).await, status, "{point:?}");
        assert_eq!(under_test.log().await, log);
    }
}
