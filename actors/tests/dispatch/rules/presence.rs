//! Who can be reached. The grace itself is kept by the Counselor actor: what comes in here is after it.

use hotline_actors::{
    CounselorId,
    dispatch::{
        command::{Command, Refusal},
        counselor::{ChosenStatus, Counselor, PublicStatus},
        event::Event,
    },
};

use crate::institution::{Institution, counselor, minutes, seconds};

fn shown(institution: &Institution, number: u128) -> Option<PublicStatus> {
    institution.dispatch.counselor(counselor(number)).map(Counselor::public_status)
}

#[test]
fn others_see_what_was_chosen_or_busy_when_full_or_offline_when_gone() {
    let mut institution = Institution::new();
    let lin = institution.admit(1, 1);
    assert_eq!(shown(&institution, 1), Some(PublicStatus::Offline));
    institution.appears(lin, ChosenStatus::Online);
    assert_eq!(shown(&institution, 1), Some(PublicStatus::Online));
    let talk = institution.asks_for(1, lin);
    assert_eq!(shown(&institution, 1), Some(PublicStatus::Busy));
    institution.appears(lin, ChosenStatus::Away);
    assert_eq!(shown(&institution, 1), Some(PublicStatus::Away));
    institution.ends(talk);
    institution.appears(lin, ChosenStatus::Busy);
    assert_eq!(shown(&institution, 1), Some(PublicStatus::Busy));
    institution.goes_offline(lin);
    assert_eq!(shown(&institution, 1), Some(PublicStatus::Offline));
}

fn offline(counselor: CounselorId) -> Event {
    Event::PresenceChosen { counselor, choice: None }
}

fn arrives(
    institution: &mut Institution,
    counselor: CounselorId,
    choice: Option<ChosenStatus>,
) -> Vec<Event> {
    institution.does(&Command::Arrive { counselor, choice })
}

#[test]
fn only_the_first_socket_of_one_who_was_offline_says_what_they_are() {
    let mut institution = Institution::new();
    let lin = institution.admit(1, 1);
    let waiting = institution.asks_for(1, lin);
    assert_eq!(
        arrives(&mut institution, lin, Some(ChosenStatus::Away)),
        [Event::PresenceChosen { counselor: lin, choice: Some(ChosenStatus::Away) }]
    );
    for choice in [Some(ChosenStatus::Online), None] {
        assert_eq!(arrives(&mut institution, lin, choice), [], "whichever tab comes");
    }
    assert!(institution.waits(waiting));
    institution.goes_offline(lin);
    arrives(&mut institution, lin, None);
    assert_eq!(institution.served_by(waiting), Some(lin), "online, if nothing else is said");
}

#[test]
fn after_a_restart_who_comes_back_is_what_they_chose_last() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    institution.appears(lin, ChosenStatus::Away);
    let waiting = institution.asks_for(1, lin);
    institution.restarts_after(seconds(5));
    assert_eq!(arrives(&mut institution, lin, Some(ChosenStatus::Online)), []);
    assert_eq!((shown(&institution, 1), institution.waits(waiting)), (Some(PublicStatus::Away), true));
    // Who has not come back in time begins anew.
    institution.restarts_after(seconds(5));
    institution.passes(minutes(1));
    arrives(&mut institution, lin, Some(ChosenStatus::Online));
    assert_eq!(institution.served_by(waiting), Some(lin));
}

#[test]
fn talks_go_on_when_their_counselor_is_lost_and_that_is_told_once() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    let talk = institution.asks_for(1, lin);
    assert_eq!(institution.goes_offline(lin), [offline(lin), Event::CounselorLost { counselor: lin }]);
    assert_eq!(institution.goes_offline(lin), []);
    assert_eq!(institution.served_by(talk), Some(lin));
    institution.appears(lin, ChosenStatus::Online);
    assert_eq!(
        institution.goes_offline(lin),
        [offline(lin), Event::CounselorLost { counselor: lin }],
        "lost anew"
    );
}

#[test]
fn those_who_wait_for_one_who_is_lost_are_told_too_and_nobody_else_is_bothered() {
    let mut institution = Institution::new();
    let (alone, awaited) = (institution.online(1, 1), institution.online(2, 0));
    let waiting = institution.asks_for(1, awaited);
    assert_eq!(institution.goes_offline(alone), [offline(alone)], "nobody misses them");
    assert_eq!(
        institution.goes_offline(awaited),
        [offline(awaited), Event::CounselorLost { counselor: awaited }]
    );
    assert!(institution.waits(waiting));
}

#[test]
fn a_visitor_keeps_the_place_whatever_the_connection_does() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 0);
    let (first, second) = (institution.asks_for(1, lin), institution.asks_for(2, lin));
    let seen = |here| Command::Seen { visitor: crate::institution::visitor(1), here };
    for here in [true, false, true, false] {
        assert_eq!(institution.does(&seen(here)), []);
    }
    institution.passes(minutes(10));
    assert_eq!((institution.ahead(first), institution.ahead(second)), (Some(0), Some(1)));
}

#[test]
fn somebody_unknown_cannot_appear() {
    let mut institution = Institution::new();
    for choice in [Some(ChosenStatus::Online), None] {
        let appear = Command::SetPresence { counselor: counselor(1), choice };
        assert_eq!(institution.decide(&appear).map(|_| ()), Err(Refusal::UnknownCounselor));
    }
}
