//! Calling a supervisor in.

use hotline_actors::{
    ConversationId, CounselorId,
    dispatch::{
        command::{Command, Refusal},
        conversation::{EndReason, Kind},
    },
};
use uuid::Uuid;

use crate::institution::{Institution, assigned, counselor, minutes};

fn calls(
    institution: &mut Institution,
    number: u128,
    consultation: ConversationId,
    supervisor: CounselorId,
) -> Result<ConversationId, Refusal> {
    let conversation = ConversationId(Uuid::from_u128(0xb_0000 + number));
    institution.decide(&Command::Supervise { conversation, consultation, supervisor }).map(|_| conversation)
}

#[test]
fn a_supervision_takes_a_place_of_the_supervisor_and_none_of_the_counselor() {
    let mut institution = Institution::new();
    let (lin, supervisor) = (institution.online(1, 1), institution.supervisor(9, 1));
    let talk = institution.asks_for(1, lin);
    let call = calls(&mut institution, 1, talk, supervisor).expect("may call");
    assert_eq!(institution.served_by(call), Some(supervisor));
    assert_eq!(
        institution.facts(call).map(|facts| facts.kind),
        Some(Kind::Supervision { consultation: talk })
    );
    assert_eq!(institution.dispatch.supervision_of(talk).map(|facts| facts.id), Some(call));
    assert_eq!(institution.dispatch.counselor(lin).map(|lin| lin.active.len()), Some(1));
}

#[test]
fn it_waits_in_the_supervisors_own_line() {
    let mut institution = Institution::new();
    let (lin, supervisor) = (institution.online(1, 2), institution.supervisor(9, 1));
    let (one, two) = (institution.asks_for(1, lin), institution.asks_for(2, lin));
    let first = calls(&mut institution, 1, one, supervisor).expect("may call");
    let second = calls(&mut institution, 2, two, supervisor).expect("may call");
    assert_eq!(institution.ahead(second), Some(0));
    assert_eq!(assigned(&institution.ends(first)), [(second, supervisor)]);
}

#[test]
fn it_ends_when_its_consultation_ends_and_the_supervisor_is_free_at_once() {
    let mut institution = Institution::new();
    let (lin, supervisor) = (institution.online(1, 2), institution.supervisor(9, 1));
    let (one, two) = (institution.asks_for(1, lin), institution.asks_for(2, lin));
    let first = calls(&mut institution, 1, one, supervisor).expect("may call");
    let second = calls(&mut institution, 2, two, supervisor).expect("may call");
    assert_eq!(assigned(&institution.ends(one)), [(second, supervisor)]);
    assert_eq!(institution.end_of(first).map(|end| end.1), Some(EndReason::ConsultationEnded));
    institution.ends(second);
    assert_eq!(institution.served_by(two), Some(lin), "the consultation goes on without it");
}

#[test]
fn one_that_still_waits_goes_with_its_consultation_too() {
    let mut institution = Institution::new();
    let (lin, supervisor) = (institution.online(1, 1), institution.supervisor(9, 0));
    let talk = institution.asks_for(1, lin);
    let call = calls(&mut institution, 1, talk, supervisor).expect("may call");
    institution.ends(talk);
    assert_eq!(institution.end_of(call).map(|end| end.1), Some(EndReason::ConsultationEnded));
}

#[test]
fn one_at_a_time_of_what_has_begun_by_somebody_else() {
    let mut institution = Institution::new();
    let (lin, supervisor) = (institution.online(1, 1), institution.supervisor(9, 5));
    let (talk, waiting) = (institution.asks_for(1, lin), institution.asks_for(2, lin));
    let nobody = ConversationId(Uuid::from_u128(1));
    assert_eq!(
        calls(&mut institution, 1, nobody, counselor(77)),
        Err(Refusal::UnknownSupervisor),
        "the supervisor is looked up first"
    );
    assert_eq!(calls(&mut institution, 1, talk, lin), Err(Refusal::UnknownSupervisor));
    assert_eq!(calls(&mut institution, 1, nobody, supervisor), Err(Refusal::UnknownConversation));
    assert_eq!(calls(&mut institution, 1, waiting, supervisor), Err(Refusal::OnlyWaiting));
    let call = calls(&mut institution, 1, talk, supervisor).expect("may call");
    assert_eq!(calls(&mut institution, 2, talk, supervisor), Err(Refusal::AlreadySupervised));
    assert_eq!(calls(&mut institution, 3, call, supervisor), Err(Refusal::UnknownConversation));
    institution.ends(call);
    assert!(calls(&mut institution, 4, talk, supervisor).is_ok(), "and again after it has ended");
}

#[test]
fn a_supervisors_ban_ends_it_and_leaves_the_consultation() {
    let mut institution = Institution::new();
    let (lin, supervisor) = (institution.online(1, 2), institution.supervisor(9, 1));
    let (one, two) = (institution.asks_for(1, lin), institution.asks_for(2, lin));
    let first = calls(&mut institution, 1, one, supervisor).expect("may call");
    let second = calls(&mut institution, 2, two, supervisor).expect("may call");
    institution.expels(supervisor);
    assert_eq!(institution.end_of(first).map(|end| end.1), Some(EndReason::Banned));
    assert_eq!(institution.end_of(second).map(|end| end.1), Some(EndReason::CounselorGone));
    assert_eq!(institution.served_by(one), Some(lin));
}

#[test]
fn a_counselors_ban_ends_consultation_and_supervision_each_once() {
    let mut institution = Institution::new();
    let (lin, supervisor) = (institution.online(1, 1), institution.supervisor(9, 1));
    let talk = institution.asks_for(1, lin);
    let call = calls(&mut institution, 1, talk, supervisor).expect("may call");
    institution.expels(lin);
    assert!(institution.end_of(talk).is_some() && institution.end_of(call).is_some());
}

#[test]
fn it_has_silence_of_its_own() {
    let mut institution = Institution::new();
    let (lin, supervisor) = (institution.online(1, 1), institution.supervisor(9, 1));
    let talk = institution.asks_for(1, lin);
    let call = calls(&mut institution, 1, talk, supervisor).expect("may call");
    for _ in 0..15 {
        institution.passes(minutes(1));
        institution.says(talk, lin);
    }
    assert_eq!(institution.end_of(call).map(|end| end.1), Some(EndReason::Silence));
    assert_eq!(institution.end_of(talk), None);
}
