//! How things end: once, with one reason, and the place is free at once.

use hotline_actors::{
    PersonId,
    dispatch::{
        command::{Command, Refusal},
        conversation::{EndReason, Status},
        counselor::Role,
        event::{Event, Removal},
    },
};

use crate::institution::{Institution, assigned, visitor};

#[test]
fn a_freed_place_goes_to_whoever_waited_longest_in_the_same_turn() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    let (first, second, third) =
        (institution.asks_for(1, lin), institution.asks_for(2, lin), institution.asks_for(3, lin));
    assert_eq!(
        institution.ends(first),
        [
            Event::Ended { conversation: first, reason: EndReason::Visitor },
            Event::Assigned { conversation: second, counselor: lin },
        ]
    );
    assert!(institution.waits(third));
}

#[test]
fn ending_twice_is_refused_and_changes_nothing() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    let (first, second) = (institution.asks_for(1, lin), institution.asks_for(2, lin));
    institution.ends(first);
    let again = Command::End { conversation: first, reason: EndReason::Counselor };
    assert_eq!(institution.decide(&again).map(|_| ()), Err(Refusal::UnknownConversation));
    assert_eq!(institution.served_by(second), Some(lin));
}

#[test]
fn a_talk_that_a_person_ends_is_finished_whoever_it_was() {
    for reason in [EndReason::Visitor, EndReason::Counselor, EndReason::Supervisor, EndReason::Administrator]
    {
        let mut institution = Institution::new();
        let lin = institution.online(1, 1);
        let talk = institution.asks_for(1, lin);
        let end = Command::End { conversation: talk, reason };
        let decision = institution.dispatch.decide(institution.now, &end).expect("is open");
        assert_eq!(decision.touched[0].status(), Status::Finished);
        assert_eq!(decision.touched[0].counselor(), Some(lin));
    }
}

#[test]
fn a_banned_visitor_leaves_their_talk_and_the_queue() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    let (talk, waiting, next) =
        (institution.asks_for(1, lin), institution.asks_for(2, lin), institution.asks_for(3, lin));
    assert_eq!(assigned(&institution.expels(visitor(2))), []);
    assert_eq!(institution.end_of(waiting).map(|end| end.1), Some(EndReason::Banned));
    assert_eq!(assigned(&institution.expels(visitor(1))), [(next, lin)]);
    assert_eq!(institution.end_of(talk).map(|end| end.1), Some(EndReason::Banned));
}

#[test]
fn a_banned_counselor_frees_the_place_that_they_had_as_a_visitor() {
    let mut institution = Institution::new();
    let (lin, other) = (institution.online(1, 1), institution.online(2, 1));
    let same_person = lin.0.as_u128() - 0x1000;
    let as_visitor = institution.asks_for(same_person, other);
    let next = institution.asks_for(2, other);
    let events = institution.does(&Command::Remove { person: lin.into(), how: Removal::Banned });
    assert_eq!(institution.end_of(as_visitor).map(|end| end.1), Some(EndReason::Banned));
    assert_eq!(assigned(&events), [(next, other)]);
}

#[test]
fn being_taken_out_is_kept_also_of_one_who_was_in_nothing() {
    let mut institution = Institution::new();
    let out = Event::Expelled { person: visitor(1).into(), how: Removal::Banned };
    assert_eq!(institution.expels(visitor(1)), [out]);
}

#[test]
fn what_one_who_is_out_asked_before_and_arrives_later_is_refused() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    institution.expels(lin);
    institution.expels(visitor(2));
    let back = Command::AddStaff { counselor: lin, role: Role::Counselor, capacity: 1 };
    assert_eq!(
        institution.decide(&back).map(|_| ()),
        Err(Refusal::Expelled),
        "their last socket does not bring them back"
    );
    assert_eq!(institution.asks(2, None, None), Err(Refusal::Expelled));
    institution.pardons(visitor(2), None);
    assert!(institution.asks(2, None, None).is_ok());
    institution.pardons(lin, Some((Role::Counselor, 3)));
    assert_eq!(institution.dispatch.counselor(lin).map(|known| known.capacity), Some(3));
}

#[test]
fn nobody_is_deleted_out_of_a_conversation_and_the_deleted_stay_out() {
    let mut institution = Institution::new();
    let (lin, other) = (institution.online(1, 1), institution.online(2, 1));
    let delete = |counselor| Command::Remove { person: PersonId::from(counselor), how: Removal::Deleted };
    let (talk, waiting) = (institution.asks_for(1, lin), institution.asks_for(2, lin));
    assert_eq!(institution.decide(&delete(lin)).map(|_| ()), Err(Refusal::InConversation));
    assert!(institution.end_of(talk).is_none() && institution.waits(waiting), "a refusal changes nothing");
    institution.resizes(lin, 0);
    institution.ends(talk);
    institution.does(&delete(lin));
    assert_eq!(institution.end_of(waiting).map(|end| end.1), Some(EndReason::CounselorGone));
    let pardon = Command::Reinstate { person: lin.into(), seat: Some((Role::Counselor, 1)) };
    for late in [pardon, delete(lin), Command::Remove { person: lin.into(), how: Removal::Banned }] {
        assert_eq!(institution.decide(&late).map(|_| ()), Err(Refusal::Expelled), "{late:?}");
    }
    let same_person = other.0.as_u128() - 0x1000;
    let third = institution.online(3, 1);
    institution.asks_for(same_person, third);
    assert_eq!(
        institution.decide(&delete(other)).map(|_| ()),
        Err(Refusal::InConversation),
        "nor one who consults"
    );
}
