//! Messages that were stored and not told to this server: the record has them.

use std::{collections::BTreeMap, rc::Rc, time::Duration};

use hotline_actors::{
    ConversationId, Timestamp, WriterId,
    dispatch::{
        conversation::EndReason,
        event::{Event, Notice},
    },
    registry::{ActivityInbox, MessageSeen, Progress, SocketRole},
};
use tokio::time::sleep;

use super::{asks, ended, ends, lin, minutes, scenario, seconds, started, visitor, when};
use crate::{memory_store::messages::Message, world::World};

/// Another server has stored a word of this moment.
fn stores_elsewhere(world: &World, talk: ConversationId, by_counselor: bool) {
    let (now, writer) = (world.now(), WriterId(world.fresh_id()));
    let stored = Message { said: now, delivered: now, writer, by_counselor };
    assert!(world.store.0.borrow_mut().words.hears(talk, stored), "is new");
}

/// The counselor says something, here.
fn answers(world: &Rc<World>, talk: ConversationId) {
    let facts = world.stored().facts(talk).expect("is known");
    world.says(&facts, true);
}

fn second_of(world: &World, begun: Timestamp, what: impl Fn(&Event) -> bool) -> Option<u64> {
    when(world, what).map(|at| at.since(begun).as_secs())
}

const SILENT: fn(&Event) -> bool = |event| matches!(event, Event::Noticed { notice: Notice::Silence, .. });
const ALARMED: fn(&Event) -> bool = |event| matches!(event, Event::Unanswered { .. });

/// After the watch that follows a claim.
const LATER: Duration = minutes(5);

#[test]
fn nobody_is_said_to_leave_a_visitor_alone_whose_answer_another_server_has_stored() {
    scenario(|world, _socket| async move {
        let talk = asks(&world, 1).await;
        sleep(seconds(90)).await;
        stores_elsewhere(&world, talk, true);
        sleep(minutes(4)).await;
        assert_eq!(when(&world, ALARMED), None);
    });
}

#[test]
fn a_visitor_whose_last_word_another_server_has_stored_is_not_silent_and_waits_for_an_answer() {
    scenario(|world, _socket| async move {
        let talk = asks(&world, 1).await;
        let begun = started(&world, talk);
        answers(&world, talk);
        sleep(LATER).await;
        stores_elsewhere(&world, talk, false);
        sleep(minutes(20)).await;
        assert_eq!((when(&world, SILENT), ended(&world, talk)), (None, None));
        // It is found when silence falls due, and whoever may have answered meanwhile gets ten seconds.
        assert_eq!(second_of(&world, begun, ALARMED), Some(610));
    });
}

#[test]
fn after_a_claim_the_words_of_the_server_before_are_found_within_seconds() {
    scenario(|world, _socket| async move {
        let talk = asks(&world, 1).await;
        let begun = started(&world, talk);
        answers(&world, talk);
        sleep(seconds(20)).await;
        stores_elsewhere(&world, talk, false);
        sleep(minutes(5)).await;
        assert_eq!(second_of(&world, begun, ALARMED), Some(140), "two minutes after the word");
    });
}

#[test]
fn a_word_that_comes_again_and_was_not_told_before_counts() {
    scenario(|world, _socket| async move {
        let talk = asks(&world, 1).await;
        let begun = started(&world, talk);
        answers(&world, talk);
        sleep(LATER).await;
        let at = world.now();
        stores_elsewhere(&world, talk, false);
        sleep(seconds(5)).await;
        let (from, to) = (visitor(1).into(), lin().into());
        let inbox = ActivityInbox::default();
        for progress in [Progress::Coming, Progress::Again] {
            let again = MessageSeen { from, to, conversation: Some(talk), at, progress };
            inbox.send(&world.registry().expect("the server is up"), again);
        }
        sleep(minutes(4)).await;
        assert_eq!(second_of(&world, begun, ALARMED), Some(420));
    });
}

#[test]
fn a_record_that_cannot_be_read_for_a_while_is_read_as_soon_as_it_can_be() {
    scenario(|world, _socket| async move {
        let talk = asks(&world, 1).await;
        let begun = started(&world, talk);
        world.store.0.borrow_mut().faults.is_record_unreadable = true;
        sleep(minutes(4)).await;
        assert_eq!(when(&world, ALARMED), None, "an answer may be in it");
        world.store.0.borrow_mut().faults.is_record_unreadable = false;
        sleep(seconds(2)).await;
        assert!(second_of(&world, begun, ALARMED).is_some_and(|second| second >= 240), "a second later");
    });
}

#[test]
fn a_visitor_who_has_spoken_elsewhere_is_not_absent() {
    scenario(|world, _socket| async move {
        let first = asks(&world, 1).await;
        let asker =
            world.joins(visitor(2).into(), SocketRole::Visitor, None).await.expect("the server is up");
        let talk = asks(&world, 2).await;
        asker.leaves();
        sleep(minutes(2)).await;
        world.asks(ends(first, EndReason::Counselor)).await.expect("may end it");
        assert!(
            world.stored().facts(talk).is_some_and(|facts| facts.started_at().is_some()),
            "seated while gone"
        );
        sleep(LATER).await;
        assert_eq!(
            ended(&world, talk).map(|(_, reason)| reason),
            Some(EndReason::Absent),
            "as it is without a word"
        );
    });
    scenario(|world, _socket| async move {
        let first = asks(&world, 1).await;
        let asker =
            world.joins(visitor(2).into(), SocketRole::Visitor, None).await.expect("the server is up");
        let talk = asks(&world, 2).await;
        asker.leaves();
        sleep(minutes(2)).await;
        world.asks(ends(first, EndReason::Counselor)).await.expect("may end it");
        stores_elsewhere(&world, talk, false);
        sleep(seconds(1)).await;
        stores_elsewhere(&world, talk, true);
        sleep(LATER).await;
        assert_eq!(ended(&world, talk), None);
    });
}

#[test]
fn the_order_of_arrival_goes_on_over_a_restart_also_when_the_last_who_came_is_gone() {
    scenario(|world, _socket| async move {
        asks(&world, 1).await;
        let gone = asks(&world, 2).await;
        world.asks(ends(gone, EndReason::Visitor)).await.expect("may go");
        world.kill().await;
        world.start().await;
        asks(&world, 3).await;
        let mut arrivals = BTreeMap::new();
        for row in &world.stored().rows {
            if let Event::Opened { conversation, arrival, .. } = row.stamped.event {
                assert_eq!(arrivals.insert(arrival, conversation), None, "two with number {arrival}");
            }
        }
        assert_eq!(arrivals.into_keys().collect::<Vec<_>>(), [1, 2, 3]);
    });
}
