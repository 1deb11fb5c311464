//! `core`: decisions a second of Dispatch alone, and of the actors with a journal in memory. Nothing else in `bench/`
//! looks inside the server.

use std::{cell::Cell, collections::BTreeSet, hint::black_box, rc::Rc, sync::Arc};

use actix::{Actor, Addr};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use futures_util::future::{LocalBoxFuture, join_all};
use hotline_actors::{
    ConversationId, CounselorId, Dispatch, Registry, Timestamp, VisitorId, WriterId,
    dispatch::{
        Snapshot,
        clock::TalkRecord,
        command::Command,
        conversation::EndReason,
        counselor::{ChosenStatus, Role},
        limits::DispatchLimits,
    },
    journal::{AppendFault, Batch, Claim, ClaimFault, Store, StoreFault},
    registry::{Ask, Bounds, Clock, Setup, Tell},
};
use uuid::Uuid;

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const COUNSELORS: u128 = 200;
const PLACES: u32 = 5;
/// Commands under way at once.
const AT_ONCE: u64 = 64;

fn counselor(number: u128) -> CounselorId {
    CounselorId(Uuid::from_u128(0xc000 + number))
}

/// Counselors online and on shift.
fn commands() -> Vec<Command> {
    let mut commands = Vec::new();
    for number in 0..COUNSELORS {
        let counselor = counselor(number);
        commands.push(Command::AddStaff { counselor, role: Role::Counselor, capacity: PLACES });
        commands.push(Command::SetPresence { counselor, choice: Some(ChosenStatus::Online) });
    }
    let on: BTreeSet<CounselorId> = (0..COUNSELORS).map(counselor).collect();
    commands.push(Command::Shift { on });
    commands
}

/// Visitor number so-and-so asks for anyone.
fn open(number: u64) -> Command {
    Command::Open {
        conversation: ConversationId(Uuid::from_u128(0xa_0000_0000 + u128::from(number))),
        visitor: VisitorId(Uuid::from_u128(0xf_0000_0000 + u128::from(number))),
        requested_counselor: None,
        allow_fallback: None,
    }
}

/// They leave.
fn end(number: u64) -> Command {
    let conversation = ConversationId(Uuid::from_u128(0xa_0000_0000 + u128::from(number)));
    Command::End { conversation, reason: EndReason::Visitor }
}

/// One comes, the oldest goes and the next takes the place: two decisions, at a constant number of waiting visitors.
fn dispatch(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("dispatch");
    group.throughput(Throughput::Elements(2));
    for waiting in [0, 100, 10_000] {
        let mut dispatch = Dispatch::new(DispatchLimits::default());
        for command in commands() {
            dispatch.decide(NOW, &command).expect("nothing is refused here");
        }
        let taken = u64::try_from(COUNSELORS).expect("few") * u64::from(PLACES);
        let mut newest = taken + waiting;
        for number in 0..newest {
            dispatch.decide(NOW, &open(number)).expect("everybody is new");
        }
        let mut oldest = 0;
        group.bench_function(BenchmarkId::new("comes and goes", waiting), |bencher| {
            bencher.iter(|| {
                black_box(dispatch.decide(NOW, &open(newest)).expect("everybody is new"));
                black_box(dispatch.decide(NOW, &end(oldest)).expect("it is open"));
                newest += 1;
                oldest += 1;
            });
        });
    }
    group.finish();
}

/// Keeps nothing, at once: what is measured is all but the store.
#[derive(Debug, Default)]
struct Nowhere(Rc<Cell<(u64, Option<WriterId>)>>);

impl Store for Nowhere {
    fn claim(&self, writer: WriterId, _: Timestamp) -> LocalBoxFuture<'static, Result<Claim, ClaimFault>> {
        self.0.set((1, Some(writer)));
        Box::pin(async { Ok(Claim { seq: 1, at: NOW, snapshot: Snapshot::default() }) })
    }

    fn append(&self, batch: Arc<Batch>) -> LocalBoxFuture<'static, Result<(), AppendFault>> {
        self.0.set((batch.last_seq(), Some(batch.writer)));
        Box::pin(async { Ok(()) })
    }

    fn newest(&self) -> LocalBoxFuture<'static, Result<(u64, WriterId), StoreFault>> {
        let (seq, writer) = self.0.get();
        Box::pin(
            async move { writer.map(|writer| (seq, writer)).ok_or_else(|| StoreFault("empty".to_owned())) },
        )
    }

    fn records(
        &self,
        _: Vec<ConversationId>,
    ) -> LocalBoxFuture<'static, Result<Vec<TalkRecord>, StoreFault>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// No time passes.
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }

    fn not_before(&self, _at: Timestamp) {}
}

fn start() -> Addr<Registry> {
    let setup = Setup {
        institution: "bench".to_owned(),
        limits: DispatchLimits::default(),
        bounds: Bounds::default(),
        clock: Arc::new(Still),
        writer: Arc::new(|| WriterId(Uuid::from_u128(1))),
        on_commit: Arc::new(|| ()),
        on_status: Arc::new(|_| ()),
        first_socket: 1,
        noting: None,
    };
    let registry = Registry::new(setup, Rc::new(Nowhere::default())).start();
    for command in commands() {
        registry.do_send(Tell(command));
    }
    registry
}

/// The same through mailboxes, journal and answers, so many visitors at once.
fn actors(criterion: &mut Criterion) {
    let system = actix::System::new();
    let registry = system.block_on(async { start() });
    let mut group = criterion.benchmark_group("actors");
    group.throughput(Throughput::Elements(2 * AT_ONCE));
    let mut next = 0;
    group.bench_function("comes and goes", |bencher| {
        bencher.iter(|| {
            system.block_on(async {
                let come = join_all((next..next + AT_ONCE).map(|number| registry.send(Ask(open(number)))));
                for answer in come.await {
                    answer.expect("the Registry lives").expect("everybody is new");
                }
                let go = join_all((next..next + AT_ONCE).map(|number| registry.send(Ask(end(number)))));
                for answer in go.await {
                    answer.expect("the Registry lives").expect("it is open");
                }
            });
            next += AT_ONCE;
        });
    });
    group.finish();
}

criterion_group!(core, dispatch, actors);
criterion_main!(core);
