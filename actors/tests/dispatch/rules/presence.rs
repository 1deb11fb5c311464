//! Who can be reached. The grace itself is kept by the Counselor actor: what comes in here is after it.

use hotline_actors::dispatch::{
    command::{Command, Refusal},
    counselor::{Choice, Counselor, Shown},
    event::Event,
};

use crate::house::{House, counselor, minutes};

fn shown(house: &House, number: u128) -> Option<Shown> {
    house.dispatch.counselor(counselor(number)).map(Counselor::shown)
}

#[test]
fn others_see_what_he_chose_or_busy_when_he_is_full_or_offline_when_he_is_gone() {
    let mut house = House::new();
    let he = house.admit(1, 1);
    assert_eq!(shown(&house, 1), Some(Shown::Offline));
    house.appears(he, Choice::Online);
    assert_eq!(shown(&house, 1), Some(Shown::Online));
    let talk = house.asks_for(1, he);
    assert_eq!(shown(&house, 1), Some(Shown::Busy));
    house.appears(he, Choice::Away);
    assert_eq!(shown(&house, 1), Some(Shown::Away));
    house.ends(talk);
    house.appears(he, Choice::Busy);
    assert_eq!(shown(&house, 1), Some(Shown::Busy));
    house.goes_offline(he);
    assert_eq!(shown(&house, 1), Some(Shown::Offline));
}

#[test]
fn his_talks_go_on_when_he_is_lost_and_that_is_told_once() {
    let mut house = House::new();
    let he = house.online(1, 1);
    let talk = house.asks_for(1, he);
    assert_eq!(house.goes_offline(he), [Event::CounselorLost { counselor: he }]);
    assert_eq!(house.goes_offline(he), []);
    assert_eq!(house.served_by(talk), Some(he));
    house.appears(he, Choice::Online);
    assert_eq!(house.goes_offline(he), [Event::CounselorLost { counselor: he }], "lost anew");
}

#[test]
fn those_who_wait_for_him_are_told_too_and_nobody_else_is_bothered() {
    let mut house = House::new();
    let (alone, awaited) = (house.online(1, 1), house.online(2, 0));
    let waiting = house.asks_for(1, awaited);
    assert_eq!(house.goes_offline(alone), [], "nobody misses him");
    assert_eq!(house.goes_offline(awaited), [Event::CounselorLost { counselor: awaited }]);
    assert!(house.waits(waiting));
}

#[test]
fn a_visitor_keeps_his_place_whatever_his_connection_does() {
    let mut house = House::new();
    let he = house.online(1, 0);
    let (first, second) = (house.asks_for(1, he), house.asks_for(2, he));
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
    for choice in [Some(Choice::Online), None] {
        let appear = Command::Appear { counselor: counselor(1), choice };
        assert_eq!(house.decide(&appear).map(|_| ()), Err(Refusal::UnknownCounselor));
    }
}
