//! Places.

use hotline_actors::dispatch::{
    command::{Command, Refusal},
    counselor::{Choice, Role, Shown},
    event::Event,
};

use crate::house::{House, assigned, counselor};

#[test]
fn raising_the_capacity_seats_whoever_waits_at_once() {
    let mut house = House::new();
    let he = house.serving(1, 1);
    house.asks_for(1, he);
    let (named, anyone, left) = (house.asks_for(2, he), house.asks_for_anyone(3), house.asks_for(4, he));
    assert_eq!(assigned(&house.resizes(he, 3)), [(named, he), (anyone, he)]);
    assert!(house.waits(left));
}

#[test]
fn raising_it_seats_nobody_while_he_is_not_online() {
    let mut house = House::new();
    let he = house.online(1, 0);
    house.appears(he, Choice::Busy);
    let waiting = house.asks_for(1, he);
    assert_eq!(assigned(&house.resizes(he, 5)), []);
    assert!(house.waits(waiting));
    assert_eq!(assigned(&house.appears(he, Choice::Online)), [(waiting, he)]);
}

#[test]
fn lowering_it_ends_nothing_and_adds_nobody_until_enough_have_gone() {
    let mut house = House::new();
    let he = house.serving(1, 3);
    let talks: Vec<_> = (1..=3).map(|number| house.asks_for(number, he)).collect();
    let waiting = house.asks_for(4, he);
    assert_eq!(house.resizes(he, 1), [Event::CapacityChanged { counselor: he, capacity: 1 }]);
    assert!(talks.iter().all(|talk| house.served_by(*talk) == Some(he)));
    assert_eq!(assigned(&house.ends(talks[0])), []);
    assert_eq!(assigned(&house.ends(talks[1])), []);
    assert_eq!(assigned(&house.ends(talks[2])), [(waiting, he)]);
}

#[test]
fn capacity_zero_takes_nobody() {
    let mut house = House::new();
    let he = house.serving(1, 0);
    let (named, anyone) = (house.asks_for(1, he), house.asks_for_anyone(2));
    assert!(house.waits(named) && house.waits(anyone));
    assert_eq!(
        house.dispatch.counselor(he).map(hotline_actors::dispatch::counselor::Counselor::shown),
        Some(Shown::Busy)
    );
}

#[test]
fn the_same_capacity_again_is_no_event() {
    let mut house = House::new();
    let he = house.online(1, 2);
    assert_eq!(house.resizes(he, 2), []);
}

#[test]
fn capacity_of_somebody_unknown_is_refused() {
    let mut house = House::new();
    let set = Command::SetCapacity { counselor: counselor(1), capacity: 1 };
    assert_eq!(house.decide(&set).map(|_| ()), Err(Refusal::UnknownCounselor));
}

#[test]
fn whoever_is_admitted_again_keeps_his_talks_and_line_and_may_have_more_places() {
    let mut house = House::new();
    let he = house.online(1, 1);
    let (talk, waiting) = (house.asks_for(1, he), house.asks_for(2, he));
    let again = |capacity| Command::Admit { counselor: he, role: Role::Counselor, capacity };
    assert_eq!(house.does(&again(1)), []);
    let events = house.does(&again(2));
    assert_eq!(
        events,
        [
            Event::CapacityChanged { counselor: he, capacity: 2 },
            Event::Assigned { conversation: waiting, counselor: he },
        ]
    );
    assert_eq!(house.served_by(talk), Some(he));
}
