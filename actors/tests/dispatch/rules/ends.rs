//! How things end: once, with one reason, and the place is free at once.

use hotline_actors::{
    PersonId,
    dispatch::{
        command::{Command, Refusal},
        conversation::{EndReason, Status},
        counselor::Role,
        event::{Event, Expulsion},
    },
};

use crate::house::{House, assigned, visitor};

#[test]
fn a_freed_place_goes_to_whoever_waited_longest_in_the_same_turn() {
    let mut house = House::new();
    let lin = house.online(1, 1);
    let (first, second, third) = (house.asks_for(1, lin), house.asks_for(2, lin), house.asks_for(3, lin));
    assert_eq!(
        house.ends(first),
        [
            Event::Ended { conversation: first, reason: EndReason::Visitor },
            Event::Assigned { conversation: second, counselor: lin },
        ]
    );
    assert!(house.waits(third));
}

#[test]
fn ending_twice_is_refused_and_changes_nothing() {
    let mut house = House::new();
    let lin = house.online(1, 1);
    let (first, second) = (house.asks_for(1, lin), house.asks_for(2, lin));
    house.ends(first);
    let again = Command::End { conversation: first, reason: EndReason::Counselor };
    assert_eq!(house.decide(&again).map(|_| ()), Err(Refusal::UnknownConversation));
    assert_eq!(house.served_by(second), Some(lin));
}

#[test]
fn a_talk_that_a_person_ends_is_finished_whoever_it_was() {
    for reason in [EndReason::Visitor, EndReason::Counselor, EndReason::Supervisor, EndReason::Administrator]
    {
        let mut house = House::new();
        let lin = house.online(1, 1);
        let talk = house.asks_for(1, lin);
        let end = Command::End { conversation: talk, reason };
        let decision = house.dispatch.decide(house.now, &end).expect("is open");
        assert_eq!(decision.touched[0].status(), Status::Finished);
        assert_eq!(decision.touched[0].counselor(), Some(lin));
    }
}

#[test]
fn a_banned_visitor_leaves_their_talk_and_the_queue() {
    let mut house = House::new();
    let lin = house.online(1, 1);
    let (talk, waiting, next) = (house.asks_for(1, lin), house.asks_for(2, lin), house.asks_for(3, lin));
    assert_eq!(assigned(&house.expels(visitor(2))), []);
    assert_eq!(house.end_of(waiting).map(|end| end.1), Some(EndReason::Banned));
    assert_eq!(assigned(&house.expels(visitor(1))), [(next, lin)]);
    assert_eq!(house.end_of(talk).map(|end| end.1), Some(EndReason::Banned));
}

#[test]
fn a_banned_counselor_frees_the_place_that_they_had_as_a_visitor() {
    let mut house = House::new();
    let (lin, other) = (house.online(1, 1), house.online(2, 1));
    let same_person = lin.0.as_u128() - 0x1000;
    let as_visitor = house.asks_for(same_person, other);
    let next = house.asks_for(2, other);
    let events = house.does(&Command::Remove { person: lin.into(), how: Expulsion::Banned });
    assert_eq!(house.end_of(as_visitor).map(|end| end.1), Some(EndReason::Banned));
    assert_eq!(assigned(&events), [(next, other)]);
}

#[test]
fn being_taken_out_is_kept_also_of_one_who_was_in_nothing() {
    let mut house = House::new();
    let out = Event::Expelled { person: visitor(1).into(), how: Expulsion::Banned };
    assert_eq!(house.expels(visitor(1)), [out]);
}

#[test]
fn what_one_who_is_out_asked_before_and_arrives_later_is_refused() {
    let mut house = House::new();
    let lin = house.online(1, 1);
    house.expels(lin);
    house.expels(visitor(2));
    let back = Command::AddStaff { counselor: lin, role: Role::Counselor, capacity: 1 };
    assert_eq!(
        house.decide(&back).map(|_| ()),
        Err(Refusal::Expelled),
        "their last socket does not bring them back"
    );
    assert_eq!(house.asks(2, None, None), Err(Refusal::Expelled));
    house.pardons(visitor(2), None);
    assert!(house.asks(2, None, None).is_ok());
    house.pardons(lin, Some((Role::Counselor, 3)));
    assert_eq!(house.dispatch.counselor(lin).map(|known| known.capacity), Some(3));
}

#[test]
fn nobody_is_deleted_out_of_a_conversation_and_the_deleted_stay_out() {
    let mut house = House::new();
    let (lin, other) = (house.online(1, 1), house.online(2, 1));
    let delete = |counselor| Command::Remove { person: PersonId::from(counselor), how: Expulsion::Deleted };
    let (talk, waiting) = (house.asks_for(1, lin), house.asks_for(2, lin));
    assert_eq!(house.decide(&delete(lin)).map(|_| ()), Err(Refusal::InConversation));
    assert!(house.end_of(talk).is_none() && house.waits(waiting), "a refusal changes nothing");
    house.resizes(lin, 0);
    house.ends(talk);
    house.does(&delete(lin));
    assert_eq!(house.end_of(waiting).map(|end| end.1), Some(EndReason::CounselorGone));
    let pardon = Command::Reinstate { person: lin.into(), seat: Some((Role::Counselor, 1)) };
    for late in [pardon, delete(lin), Command::Remove { person: lin.into(), how: Expulsion::Banned }] {
        assert_eq!(house.decide(&late).map(|_| ()), Err(Refusal::Expelled), "{late:?}");
    }
    let same_person = other.0.as_u128() - 0x1000;
    let third = house.online(3, 1);
    house.asks_for(same_person, third);
    assert_eq!(
        house.decide(&delete(other)).map(|_| ()),
        Err(Refusal::InConversation),
        "nor one who consults"
    );
}
