//! Who can be reached. The grace itself is kept by the Counselor actor: what comes in here is after it.

use hotline_actors::{
    CounselorId,
    dispatch::{
        command::{Command, Refusal},
        counselor::{ChosenStatus, Counselor, PublicStatus},
        event::Event,
    },
};

use crate::house::{House, counselor, minutes, seconds};

fn shown(house: &House, number: u128) -> Option<PublicStatus> {
    house.dispatch.counselor(counselor(number)).map(Counselor::public_status)
}

#[test]
fn others_see_what_was_chosen_or_busy_when_full_or_offline_when_gone() {
    let mut house = House::new();
    let lin = house.admit(1, 1);
    assert_eq!(shown(&house, 1), Some(PublicStatus::Offline));
    house.appears(lin, ChosenStatus::Online);
    assert_eq!(shown(&house, 1), Some(PublicStatus::Online));
    let talk = house.asks_for(1, lin);
    assert_eq!(shown(&house, 1), Some(PublicStatus::Busy));
    house.appears(lin, ChosenStatus::Away);
    assert_eq!(shown(&house, 1), Some(PublicStatus::Away));
    house.ends(talk);
    house.appears(lin, ChosenStatus::Busy);
    assert_eq!(shown(&house, 1), Some(PublicStatus::Busy));
    house.goes_offline(lin);
    assert_eq!(shown(&house, 1), Some(PublicStatus::Offline));
}

fn offline(counselor: CounselorId) -> Event {
    Event::PresenceChosen { counselor, choice: None }
}

fn arrives(house: &mut House, counselor: CounselorId, wish: Option<ChosenStatus>) -> Vec<Event> {
    house.does(&Command::Arrive { counselor, wish })
}

#[test]
fn only_the_first_socket_of_one_who_was_offline_says_what_they_are() {
    let mut house = House::new();
    let lin = house.admit(1, 1);
    let waiting = house.asks_for(1, lin);
    assert_eq!(
        arrives(&mut house, lin, Some(ChosenStatus::Away)),
        [Event::PresenceChosen { counselor: lin, choice: Some(ChosenStatus::Away) }]
    );
    for wish in [Some(ChosenStatus::Online), None] {
        assert_eq!(arrives(&mut house, lin, wish), [], "whichever tab comes");
    }
    assert!(house.waits(waiting));
    house.goes_offline(lin);
    arrives(&mut house, lin, None);
    assert_eq!(house.served_by(waiting), Some(lin), "online, if nothing else is said");
}

#[test]
fn after_a_restart_who_comes_back_is_what_they_chose_last() {
    let mut house = House::new();
    let lin = house.online(1, 1);
    house.appears(lin, ChosenStatus::Away);
    let waiting = house.asks_for(1, lin);
    house.restarts_after(seconds(5));
    assert_eq!(arrives(&mut house, lin, Some(ChosenStatus::Online)), []);
    assert_eq!((shown(&house, 1), house.waits(waiting)), (Some(PublicStatus::Away), true));
    // Who has not come back in time begins anew.
    house.restarts_after(seconds(5));
    house.passes(minutes(1));
    arrives(&mut house, lin, Some(ChosenStatus::Online));
    assert_eq!(house.served_by(waiting), Some(lin));
}

#[test]
fn talks_go_on_when_their_counselor_is_lost_and_that_is_told_once() {
    let mut house = House::new();
    let lin = house.online(1, 1);
    let talk = house.asks_for(1, lin);
    assert_eq!(house.goes_offline(lin), [offline(lin), Event::CounselorLost { counselor: lin }]);
    assert_eq!(house.goes_offline(lin), []);
    assert_eq!(house.served_by(talk), Some(lin));
    house.appears(lin, ChosenStatus::Online);
    assert_eq!(house.goes_offline(lin), [offline(lin), Event::CounselorLost { counselor: lin }], "lost anew");
}

#[test]
fn those_who_wait_for_one_who_is_lost_are_told_too_and_nobody_else_is_bothered() {
    let mut house = House::new();
    let (alone, awaited) = (house.online(1, 1), house.online(2, 0));
    let waiting = house.asks_for(1, awaited);
    assert_eq!(house.goes_offline(alone), [offline(alone)], "nobody misses them");
    assert_eq!(house.goes_offline(awaited), [offline(awaited), Event::CounselorLost { counselor: awaited }]);
    assert!(house.waits(waiting));
}

#[test]
fn a_visitor_keeps_the_place_whatever_the_connection_does() {
    let mut house = House::new();
    let lin = house.online(1, 0);
    let (first, second) = (house.asks_for(1, lin), house.asks_for(2, lin));
    let seen = |here| Command::Seen { visitor: crate::house::visitor(1), here };
    for here in [true, false, true, false] {
        assert_eq!(house.does(&seen(here)), []);
    }
    house.passes(minutes(10));
    assert_eq!((house.ahead(first), house.ahead(second)), (Some(0), Some(1)));
}

#[test]
fn somebody_unknown_cannot_appear() {
    let mut house = House::new();
    for choice in [Some(ChosenStatus::Online), None] {
        let appear = Command::SetPresence { counselor: counselor(1), choice };
        assert_eq!(house.decide(&appear).map(|_| ()), Err(Refusal::UnknownCounselor));
    }
}
