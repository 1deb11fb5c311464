//! Scenarios with the real actors.

mod closing;
mod ownership;
mod presence;
mod record;

use std::{rc::Rc, time::Duration};

use hotline_actors::{
    ConversationId, CounselorId, Timestamp, VisitorId,
    dispatch::{
        command::{Answer, Command, Refusal},
        conversation::{EndReason, Priority},
        counselor::Role,
        event::{Event, Notice},
        limits::DispatchLimits,
    },
    journal::Store,
    push::{Closing, Push},
    registry::{
        ActivityInbox, Ask, Bounds, LookHealth, MessageSeen, Progress, RegistryStatus, Rejected, ShutDown,
        SocketRole,
    },
};
use tokio::time::sleep;
use uuid::Uuid;

use crate::{
    sockets::ClientSocket,
    world::{World, ends, under_paused_time},
};

pub(crate) fn lin() -> CounselorId {
    CounselorId(Uuid::from_u128(0xc0))
}

fn visitor(number: u128) -> VisitorId {
    VisitorId(Uuid::from_u128(0x100 + number))
}

pub(crate) const fn minutes(count: u64) -> Duration {
    Duration::from_mins(count)
}

pub(crate) const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

pub(crate) const AT_WORKBENCH: SocketRole =
    SocketRole::Counselor { role: Role::Counselor, capacity: 1, choice: None };

/// Runs a scenario in a world whose server has started and whose counselor is online; all must be well at its end.
pub(crate) fn scenario<F: Future<Output = ()>>(tell: impl FnOnce(Rc<World>, ClientSocket) -> F) {
    under_paused_time(async {
        let world = World::new(1, DispatchLimits::default());
        world.on_shift.borrow_mut().insert(lin());
        world.start().await;
        let socket = world.joins(lin().into(), AT_WORKBENCH, None).await.expect("the server is up");
        sleep(seconds(1)).await;
        tell(Rc::clone(&world), socket).await;
        world.check().await;
        assert_eq!(world.verdict(), None);
    });
}

pub(crate) async fn asks(world: &World, number: u128) -> ConversationId {
    let conversation = ConversationId(world.fresh_id());
    let open = Command::Open {
        conversation,
        visitor: visitor(number),
        requested_counselor: Some(lin()),
        allow_fallback: None,
    };
    match world.asks(open).await {
        Ok(Answer::Opened { facts, .. }) => facts.id,
        other => panic!("may ask: {other:?}"),
    }
}

/// When something of this kind was decided, as kept.
pub(crate) fn when(world: &World, what: impl Fn(&Event) -> bool) -> Option<Timestamp> {
    world.stored().rows.iter().find(|row| what(&row.stamped.event)).map(|row| row.stamped.at)
}

pub(crate) fn ended(world: &World, talk: ConversationId) -> Option<(Timestamp, EndReason)> {
    world.stored().rows.iter().find_map(|row| match row.stamped.event {
        Event::Ended { conversation, reason } if conversation == talk => Some((row.stamped.at, reason)),
        _ => None,
    })
}

pub(crate) fn started(world: &World, talk: ConversationId) -> Timestamp {
    world.stored().facts(talk).and_then(|facts| facts.started_at()).expect("has begun")
}

fn slow_store(world: &World, reach: u64, answer: u64) {
    let faults = &mut world.store.0.borrow_mut().faults;
    (faults.reach, faults.answer) = (reach..=reach, answer..=answer);
}

fn store_is(world: &World, gone: bool) {
    world.store.0.borrow_mut().faults.gone = gone;
}

#[test]
fn silence_is_noticed_and_ends_a_talk_by_the_timers_alone() {
    scenario(|world, socket| async move {
        let talk = asks(&world, 1).await;
        let begun = started(&world, talk);
        sleep(minutes(16)).await;
        let noticed = when(&world, |event| matches!(event, Event::Noticed { notice: Notice::Silence, .. }));
        let late = noticed.expect("is noticed").since(begun + minutes(10));
        assert!(late < seconds(1), "{late:?} late");
        let (at, reason) = ended(&world, talk).expect("has ended");
        assert_eq!(reason, EndReason::Silence);
        assert!(at.since(begun + minutes(15)) < seconds(1));
        let told = socket
            .received()
            .events
            .iter()
            .filter(|told| told.facts.is_some_and(|facts| facts.id == talk))
            .count();
        assert_eq!(told, 8, "opened, assigned, four alarms, the notice and the end");
    });
}

#[test]
fn words_keep_a_talk_alive_until_its_limit() {
    scenario(|world, _socket| async move {
        let talk = asks(&world, 1).await;
        let begun = started(&world, talk);
        for minute in 0..70 {
            let facts = world.stored().facts(talk).expect("is known");
            world.says(&facts, minute % 2 == 0);
            sleep(minutes(1)).await;
        }
        let (at, reason) = ended(&world, talk).expect("has ended");
        assert_eq!(reason, EndReason::Limit);
        assert!(at.since(begun + minutes(60)) < seconds(1));
        let notices = world
            .stored()
            .rows
            .iter()
            .filter(|row| matches!(row.stamped.event, Event::Noticed { .. }))
            .count();
        assert_eq!(notices, 2, "ten and five minutes ahead, and no silence");
    });
}

#[test]
fn a_word_that_comes_after_the_notice_and_was_said_before_it_counts_from_when_it_was_said() {
    scenario(|world, _socket| async move {
        let talk = asks(&world, 1).await;
        let begun = started(&world, talk);
        sleep(minutes(11)).await;
        let (from, to) = (lin().into(), visitor(1).into());
        let words = ActivityInbox::default();
        for progress in [Progress::Coming, Progress::Stored] {
            let late = MessageSeen { from, to, conversation: Some(talk), at: begun + minutes(4), progress };
            words.send(&world.registry().expect("the server is up"), late);
        }
        sleep(minutes(9)).await;
        let at = |row: &crate::memory_store::Row| row.stamped.at.since(begun).as_secs();
        let is_notice = |row: &&crate::memory_store::Row| {
            matches!(row.stamped.event, Event::Noticed { notice: Notice::Silence, .. })
        };
        let notices: Vec<u64> = world.stored().rows.iter().filter(is_notice).map(at).collect();
        assert_eq!(notices, [600, 840], "the second ten minutes after it was said");
        let (at, reason) = ended(&world, talk).expect("has ended");
        assert_eq!((at.since(begun).as_secs(), reason), (1_140, EndReason::Silence));
    });
}

#[test]
fn waiting_ends_by_the_timers_alone() {
    scenario(|world, _socket| async move {
        let talk = asks(&world, 1).await;
        let waiting = asks(&world, 2).await;
        let asked = world.now();
        for _ in 0..31 {
            let facts = world.stored().facts(talk).expect("is known");
            world.says(&facts, true);
            sleep(minutes(1)).await;
        }
        let (at, reason) = ended(&world, waiting).expect("has ended");
        assert_eq!(reason, EndReason::Waiting);
        assert!(at.since(asked + minutes(30)) < seconds(1));
    });
}

#[test]
fn a_socket_that_drops_for_less_than_the_grace_is_not_missed() {
    scenario(|world, socket| async move {
        asks(&world, 1).await;
        socket.leaves();
        sleep(seconds(59)).await;
        let socket = world.joins(lin().into(), AT_WORKBENCH, None).await.expect("the server is up");
        sleep(minutes(3)).await;
        assert_eq!(when(&world, |event| matches!(event, Event::CounselorLost { .. })), None);
        socket.leaves();
        let left = world.now();
        sleep(minutes(2)).await;
        let lost = when(&world, |event| matches!(event, Event::CounselorLost { .. })).expect("is missed");
        assert!(lost.since(left + minutes(1)) < seconds(1));
    });
}

#[test]
fn two_sockets_of_one_counselor_are_one_presence() {
    scenario(|world, socket| async move {
        asks(&world, 1).await;
        let second = world.joins(lin().into(), AT_WORKBENCH, None).await.expect("the server is up");
        socket.leaves();
        sleep(minutes(5)).await;
        assert_eq!(when(&world, |event| matches!(event, Event::CounselorLost { .. })), None);
        second.leaves();
        sleep(minutes(2)).await;
        assert!(when(&world, |event| matches!(event, Event::CounselorLost { .. })).is_some());
    });
}

#[test]
fn nothing_is_answered_or_told_before_it_is_kept() {
    scenario(|world, socket| async move {
        slow_store(&world, 3_000, 4_000);
        let before = socket.received().events.len();
        let asked = world.now();
        let patient = Rc::clone(&world);
        let answer = tokio::task::spawn_local(async move { asks(&patient, 1).await });
        sleep(Duration::from_millis(6_900)).await;
        assert!(!answer.is_finished(), "the store has it, and nobody knows yet");
        assert_eq!(socket.received().events.len(), before);
        let talk = answer.await.expect("is answered");
        assert!(world.now().since(asked) >= seconds(7));
        sleep(Duration::from_millis(1)).await;
        assert_eq!(socket.received().events.len(), before + 2, "opened and assigned");
        // A refusal, a repeated end and a look all rest on what is still on its way.
        let asked = world.now();
        let (end, again) = (ends(talk, EndReason::Visitor), ends(talk, EndReason::Visitor));
        let (first, second) = futures_util::future::join(world.asks(end), world.asks(again)).await;
        assert_eq!(first, Ok(Answer::Done));
        assert_eq!(second, Err(Rejected::Refused(Refusal::UnknownConversation)));
        assert!(world.now().since(asked) >= seconds(7), "the refusal waited too");
    });
}

#[test]
fn decisions_made_during_a_commit_share_the_next_one() {
    scenario(|world, _socket| async move {
        slow_store(&world, 100, 100);
        let before = world.stored().commits;
        let all = (1..=50).map(|number| asks(&world, number));
        futures_util::future::join_all(all).await;
        assert_eq!(world.stored().commits - before, 2, "the first alone, the others together");
    });
}

#[test]
fn the_same_visitor_asking_again_joins_what_is_still_on_its_way() {
    scenario(|world, _socket| async move {
        slow_store(&world, 1_000, 1_000);
        let (first, again) = futures_util::future::join(asks(&world, 1), asks(&world, 1)).await;
        assert_eq!(first, again);
        let conversation = ConversationId(world.fresh_id());
        let later = Command::Open {
            conversation,
            visitor: visitor(1),
            requested_counselor: Some(lin()),
            allow_fallback: None,
        };
        let refused = Refusal::AlreadyConsulting { conversation: first, counselor: Some(lin()) };
        assert_eq!(
            world.asks(later).await,
            Err(Rejected::Refused(refused)),
            "once it is kept it is a second"
        );
    });
}

#[test]
fn nothing_falls_due_while_the_journal_is_behind() {
    scenario(|world, _socket| async move {
        let talk = asks(&world, 1).await;
        let waiting = asks(&world, 2).await;
        let facts = world.stored().facts(talk).expect("is known");
        world.says(&facts, true);
        let began = world.now();
        sleep(minutes(8)).await;
        store_is(&world, true);
        sleep(minutes(30)).await;
        store_is(&world, false);
        let back = world.now();
        let rows = world.stored().rows.len();
        sleep(minutes(3)).await;
        let decided: Vec<_> = world.stored().rows[rows..]
            .iter()
            .map(|row| (row.stamped.at, row.stamped.event.clone()))
            .collect();
        assert!(decided.iter().all(|(at, _)| *at >= back), "{decided:?}");
        let (at, reason) = ended(&world, waiting).expect("has waited for long enough");
        assert_eq!(reason, EndReason::Waiting);
        assert!(at >= back + minutes(2) && at < back + minutes(2) + seconds(10), "the grace and a minute");
        sleep(minutes(5)).await;
        assert_eq!(
            when(&world, |event| matches!(event, Event::Noticed { notice: Notice::Silence, .. })),
            None
        );
        sleep(minutes(3)).await;
        let noticed = when(&world, |event| matches!(event, Event::Noticed { notice: Notice::Silence, .. }));
        let noticed = noticed.expect("silence counts from the return");
        assert!(noticed >= back + minutes(10) && noticed < back + minutes(10) + seconds(10));
        for _ in 0..20 {
            world.says(&facts, false);
            sleep(minutes(1)).await;
        }
        let (at, reason) = ended(&world, talk).expect("has ended");
        assert_eq!(reason, EndReason::Limit, "the hard limit stands");
        assert!(at.since(began + minutes(60)) < seconds(1));
    });
}

#[test]
fn what_was_decided_during_an_outage_is_kept_when_it_is_over_once() {
    scenario(|world, socket| async move {
        store_is(&world, true);
        let patient = Rc::clone(&world);
        let answer = tokio::task::spawn_local(async move { asks(&patient, 1).await });
        sleep(minutes(1)).await;
        assert!(!answer.is_finished());
        store_is(&world, false);
        let talk = answer.await.expect("is answered in the end");
        sleep(seconds(1)).await;
        let told =
            socket.received().events.iter().filter(|told| told.event.conversation() == Some(talk)).count();
        assert_eq!(told, 2);
    });
}

#[test]
fn beyond_a_bounded_backlog_new_commands_are_refused_at_once() {
    under_paused_time(async {
        let world = World::new(1, DispatchLimits::default());
        world.bounds.set(Bounds { backlog_max: 10, ..Bounds::default() });
        world.start().await;
        let _socket = world.joins(lin().into(), AT_WORKBENCH, None).await.expect("the server is up");
        sleep(seconds(1)).await;
        store_is(&world, true);
        let registry = world.registry().expect("the server is up");
        let mut busy = 0;
        let mut pending = Vec::new();
        for number in 0..30 {
            let conversation = ConversationId(world.fresh_id());
            let open = Command::Open {
                conversation,
                visitor: visitor(number),
                requested_counselor: Some(lin()),
                allow_fallback: None,
            };
            let answer = tokio::time::timeout(Duration::from_millis(10), registry.send(Ask(open))).await;
            match answer {
                Ok(answer) => {
                    assert_eq!(answer.expect("lives"), Err(Rejected::Busy));
                    busy += 1;
                }
                Err(_) => pending.push(conversation),
            }
        }
        assert_eq!((pending.len(), busy), (9, 21), "the first takes two events: opened and assigned");
        store_is(&world, false);
        sleep(seconds(10)).await;
        assert!(pending.iter().all(|id| world.stored().facts(*id).is_some()), "unsettled may still happen");
    });
}

#[test]
fn an_idle_server_notices_that_another_has_taken_over() {
    scenario(|world, socket| async move {
        let other = hotline_actors::WriterId(Uuid::from_u128(99));
        world.store.claim(other, world.now()).await.expect("can be claimed");
        sleep(seconds(10)).await;
        assert_eq!(socket.received().closed, Some(Closing::Switching));
        assert!(world.statuses.lock().expect("unbroken").contains(&RegistryStatus::Fenced));
        let end = ends(ConversationId(Uuid::nil()), EndReason::Visitor);
        assert_eq!(world.asks(end).await, Err(Rejected::Switching));
    });
}

#[test]
fn a_busy_server_finds_out_at_its_next_commit_and_answers_nobody() {
    scenario(|world, _socket| async move {
        let other = hotline_actors::WriterId(Uuid::from_u128(99));
        world.store.claim(other, world.now()).await.expect("can be claimed");
        let conversation = ConversationId(world.fresh_id());
        let open = Command::Open {
            conversation,
            visitor: visitor(1),
            requested_counselor: Some(lin()),
            allow_fallback: None,
        };
        assert_eq!(world.asks(open).await, Err(Rejected::Switching));
        assert_eq!(world.stored().facts(conversation), None);
    });
}

#[test]
fn stopping_refuses_what_is_new_and_waits_for_the_journal() {
    scenario(|world, socket| async move {
        slow_store(&world, 1_000, 1_000);
        let registry = world.registry().expect("the server is up");
        let asking = asks(&world, 1);
        let stopping = async {
            tokio::task::yield_now().await;
            registry.send(ShutDown).await.expect("lives");
            world.now()
        };
        let asked = world.now();
        let (talk, stopped) = futures_util::future::join(asking, stopping).await;
        assert!(stopped.since(asked) >= seconds(2) && world.stored().facts(talk).is_some());
        assert_eq!(world.asks(ends(talk, EndReason::Visitor)).await, Err(Rejected::Stopping));
        sleep(seconds(1)).await;
        assert_eq!(socket.received().closed, Some(Closing::GoingAway));
        let rows = world.stored().rows.len();
        sleep(minutes(40)).await;
        assert_eq!(world.stored().rows.len(), rows, "and decides nothing any more");
        assert!(!world.statuses.lock().expect("unbroken").contains(&RegistryStatus::Died));
        world.closes();
    });
}

#[test]
fn a_registry_that_dies_is_noticed() {
    scenario(|world, _socket| async move {
        world.kill().await;
        assert_eq!(world.statuses.lock().expect("unbroken").last(), Some(&RegistryStatus::Died));
    });
}

#[test]
fn after_a_kill_everything_acknowledged_is_there_and_deadlines_still_fire() {
    scenario(|world, _socket| async move {
        let (talk, waiting) = (asks(&world, 1).await, asks(&world, 2).await);
        let begun = started(&world, talk);
        sleep(minutes(4)).await;
        world.kill().await;
        sleep(minutes(1)).await;
        world.start().await;
        let back = world.now();
        assert!(world.stored().facts(talk).is_some() && world.stored().facts(waiting).is_some());
        let _socket = world.joins(lin().into(), AT_WORKBENCH, None).await.expect("the server is up");
        sleep(minutes(16)).await;
        let (at, reason) = ended(&world, talk).expect("has ended");
        assert_eq!(reason, EndReason::Silence);
        assert!(at >= back + minutes(15) && at < back + minutes(15) + seconds(1), "{at:?} {begun:?}");
        assert_eq!(world.stored().facts(waiting).and_then(|facts| facts.counselor()), Some(lin()));
    });
}

#[test]
fn a_socket_that_comes_back_hears_what_it_missed_or_sees_it_all_anew() {
    scenario(|world, socket| async move {
        asks(&world, 1).await;
        sleep(seconds(1)).await;
        let since = socket.leaves();
        let missed = asks(&world, 2).await;
        let socket = world.joins(lin().into(), AT_WORKBENCH, since).await.expect("the server is up");
        sleep(seconds(1)).await;
        {
            let heard = socket.received();
            assert!(matches!(heard.pushes.first(), Some(Push::Resumed { .. })), "{:?}", heard.pushes.first());
            let events: Vec<_> = heard.events.iter().map(|told| told.event.conversation()).collect();
            assert_eq!(events, [Some(missed)]);
        }
        // Nobody remembers the beginning after a restart: everything anew.
        let since = socket.leaves();
        world.kill().await;
        world.start().await;
        let socket = world.joins(lin().into(), AT_WORKBENCH, since).await.expect("the server is up");
        sleep(seconds(1)).await;
        assert!(matches!(socket.received().pushes.first(), Some(Push::Workbench(_))));
    });
}

#[test]
fn one_who_goes_away_and_is_activated_again_is_not_made_offline_by_what_they_left_behind() {
    scenario(|world, socket| async move {
        socket.leaves();
        let how = hotline_actors::dispatch::event::Removal::Banned;
        world.asks(Command::Remove { person: lin().into(), how }).await.expect("is never refused");
        sleep(seconds(10)).await;
        let again = Command::Reinstate { person: lin().into(), seat: Some((Role::Counselor, 1)) };
        world.asks(again).await.expect("is never refused");
        let _socket = world.joins(lin().into(), AT_WORKBENCH, None).await.expect("the server is up");
        sleep(minutes(2)).await;
        let talk = asks(&world, 1).await;
        assert_eq!(world.stored().facts(talk).and_then(|facts| facts.counselor()), Some(lin()));
    });
}

#[test]
fn one_who_goes_and_comes_back_within_a_commit_sees_what_is_kept_by_then() {
    scenario(|world, _socket| async move {
        let other = CounselorId(Uuid::from_u128(0xc1));
        let none = SocketRole::Counselor { role: Role::Counselor, capacity: 0, choice: None };
        let _other = world.joins(other.into(), none, None).await.expect("the server is up");
        sleep(seconds(1)).await;
        asks(&world, 1).await;
        slow_store(&world, 100, 100);
        let waits = ConversationId(world.fresh_id());
        let how = hotline_actors::dispatch::event::Removal::Banned;
        // The first is on its way alone; while it is, the others gather for one commit.
        let all = [
            Command::Open {
                conversation: ConversationId(world.fresh_id()),
                visitor: visitor(2),
                requested_counselor: None,
                allow_fallback: None,
            },
            Command::Open {
                conversation: waits,
                visitor: visitor(3),
                requested_counselor: Some(lin()),
                allow_fallback: Some(true),
            },
            Command::Prioritize { conversation: waits, priority: Priority::Urgent },
            Command::Remove { person: lin().into(), how },
            Command::Shift { on: [lin(), other].into() },
            Command::SetCapacity { counselor: other, capacity: 1 },
            Command::Reinstate { person: lin().into(), seat: Some((Role::Counselor, 1)) },
        ];
        let before = world.stored().commits;
        for answer in futures_util::future::join_all(all.map(|command| world.asks(command))).await {
            answer.expect("is not refused");
        }
        assert_eq!(world.stored().commits - before, 2);
        assert_eq!(world.stored().facts(waits).and_then(|facts| facts.counselor()), Some(other));
        let socket = world.joins(lin().into(), AT_WORKBENCH, None).await.expect("the server is up");
        sleep(seconds(1)).await;
        let heard = socket.received();
        let workbench = heard.pushes.iter().find_map(|push| match push {
            Push::Workbench(workbench) => workbench.own_places.as_ref(),
            _ => None,
        });
        assert_eq!(workbench.expect("a workbench").waiting, []);
    });
}

#[test]
fn a_visitor_hears_their_place_and_one_who_is_gone_when_seated_is_timed_out() {
    scenario(|world, _socket| async move {
        let first = asks(&world, 1).await;
        let theirs =
            world.joins(visitor(2).into(), SocketRole::Visitor, None).await.expect("the server is up");
        let waiting = asks(&world, 2).await;
        sleep(seconds(5)).await;
        let place = theirs
            .received()
            .pushes
            .iter()
            .any(|push| matches!(push, Push::Place(place) if place.ahead == 0));
        assert!(place, "{:?}", theirs.received().pushes);
        theirs.leaves();
        sleep(seconds(30)).await;
        world.asks(ends(first, EndReason::Counselor)).await.expect("is open");
        let seated = started(&world, waiting);
        sleep(minutes(4)).await;
        let (at, reason) = ended(&world, waiting).expect("has ended");
        assert_eq!(reason, EndReason::Absent);
        assert!(at.since(seated + minutes(3)) < seconds(1));
    });
}

#[test]
fn health_tells_how_the_journal_is() {
    scenario(|world, _socket| async move {
        let registry = world.registry().expect("the server is up");
        let health = registry.send(LookHealth).await.expect("lives");
        assert!(health.serving && !health.troubled && health.backlog == 0 && health.sockets == 1);
        store_is(&world, true);
        sleep(seconds(15)).await;
        assert!(registry.send(LookHealth).await.expect("lives").troubled);
        store_is(&world, false);
        sleep(seconds(10)).await;
        assert!(!registry.send(LookHealth).await.expect("lives").troubled);
    });
}
