//! Calling a supervisor in.

use hotline_actors::{
    ConversationId, CounselorId,
    dispatch::{
        command::{Command, Refusal},
        conversation::{EndReason, Kind},
    },
};
use uuid::Uuid;

use crate::house::{House, assigned, counselor, minutes};

fn calls(
    house: &mut House,
    number: u128,
    consultation: ConversationId,
    supervisor: CounselorId,
) -> Result<ConversationId, Refusal> {
    let conversation = ConversationId(Uuid::from_u128(0xb_0000 + number));
    house.decide(&Command::Supervise { conversation, consultation, supervisor }).map(|_| conversation)
}

#[test]
fn a_supervision_takes_a_place_of_the_supervisor_and_none_of_the_counselor() {
    let mut house = House::new();
    let (lin, supervisor) = (house.online(1, 1), house.supervisor(9, 1));
    let talk = house.asks_for(1, lin);
    let call = calls(&mut house, 1, talk, supervisor).expect("may call");
    assert_eq!(house.served_by(call), Some(supervisor));
    assert_eq!(house.facts(call).map(|facts| facts.kind), Some(Kind::Supervision { consultation: talk }));
    assert_eq!(house.dispatch.supervision_of(talk).map(|facts| facts.id), Some(call));
    assert_eq!(house.dispatch.counselor(lin).map(|lin| lin.active.len()), Some(1));
}

#[test]
fn it_waits_in_the_supervisors_own_line() {
    let mut house = House::new();
    let (lin, supervisor) = (house.online(1, 2), house.supervisor(9, 1));
    let (one, two) = (house.asks_for(1, lin), house.asks_for(2, lin));
    let first = calls(&mut house, 1, one, supervisor).expect("may call");
    let second = calls(&mut house, 2, two, supervisor).expect("may call");
    assert_eq!(house.ahead(second), Some(0));
    assert_eq!(assigned(&house.ends(first)), [(second, supervisor)]);
}

#[test]
fn it_ends_when_its_consultation_ends_and_the_supervisor_is_free_at_once() {
    let mut house = House::new();
    let (lin, supervisor) = (house.online(1, 2), house.supervisor(9, 1));
    let (one, two) = (house.asks_for(1, lin), house.asks_for(2, lin));
    let first = calls(&mut house, 1, one, supervisor).expect("may call");
    let second = calls(&mut house, 2, two, supervisor).expect("may call");
    assert_eq!(assigned(&house.ends(one)), [(second, supervisor)]);
    assert_eq!(house.end_of(first).map(|end| end.1), Some(EndReason::ConsultationEnded));
    house.ends(second);
    assert_eq!(house.served_by(two), Some(lin), "the consultation goes on without it");
}

#[test]
fn one_that_still_waits_goes_with_its_consultation_too() {
    let mut house = House::new();
    let (lin, supervisor) = (house.online(1, 1), house.supervisor(9, 0));
    let talk = house.asks_for(1, lin);
    let call = calls(&mut house, 1, talk, supervisor).expect("may call");
    house.ends(talk);
    assert_eq!(house.end_of(call).map(|end| end.1), Some(EndReason::ConsultationEnded));
}

#[test]
fn one_at_a_time_of_what_has_begun_by_somebody_else() {
    let mut house = House::new();
    let (lin, supervisor) = (house.online(1, 1), house.supervisor(9, 5));
    let (talk, waiting) = (house.asks_for(1, lin), house.asks_for(2, lin));
    let nobody = ConversationId(Uuid::from_u128(1));
    assert_eq!(
        calls(&mut house, 1, nobody, counselor(77)),
        Err(Refusal::UnknownSupervisor),
        "the supervisor is looked up first"
    );
    assert_eq!(calls(&mut house, 1, talk, lin), Err(Refusal::UnknownSupervisor));
    assert_eq!(calls(&mut house, 1, nobody, supervisor), Err(Refusal::UnknownConversation));
    assert_eq!(calls(&mut house, 1, waiting, supervisor), Err(Refusal::OnlyWaiting));
    let call = calls(&mut house, 1, talk, supervisor).expect("may call");
    assert_eq!(calls(&mut house, 2, talk, supervisor), Err(Refusal::AlreadySupervised));
    assert_eq!(calls(&mut house, 3, call, supervisor), Err(Refusal::UnknownConversation));
    house.ends(call);
    assert!(calls(&mut house, 4, talk, supervisor).is_ok(), "and again after it has ended");
}

#[test]
fn a_supervisors_ban_ends_it_and_leaves_the_consultation() {
    let mut house = House::new();
    let (lin, supervisor) = (house.online(1, 2), house.supervisor(9, 1));
    let (one, two) = (house.asks_for(1, lin), house.asks_for(2, lin));
    let first = calls(&mut house, 1, one, supervisor).expect("may call");
    let second = calls(&mut house, 2, two, supervisor).expect("may call");
    house.expels(supervisor);
    assert_eq!(house.end_of(first).map(|end| end.1), Some(EndReason::Banned));
    assert_eq!(house.end_of(second).map(|end| end.1), Some(EndReason::CounselorGone));
    assert_eq!(house.served_by(one), Some(lin));
}

#[test]
fn a_counselors_ban_ends_consultation_and_supervision_each_once() {
    let mut house = House::new();
    let (lin, supervisor) = (house.online(1, 1), house.supervisor(9, 1));
    let talk = house.asks_for(1, lin);
    let call = calls(&mut house, 1, talk, supervisor).expect("may call");
    house.expels(lin);
    assert!(house.end_of(talk).is_some() && house.end_of(call).is_some());
}

#[test]
fn it_has_silence_of_its_own() {
    let mut house = House::new();
    let (lin, supervisor) = (house.online(1, 1), house.supervisor(9, 1));
    let talk = house.asks_for(1, lin);
    let call = calls(&mut house, 1, talk, supervisor).expect("may call");
    for _ in 0..15 {
        house.passes(minutes(1));
        house.says(talk, lin);
    }
    assert_eq!(house.end_of(call).map(|end| end.1), Some(EndReason::Silence));
    assert_eq!(house.end_of(talk), None);
}
