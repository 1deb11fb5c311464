//! Places.

use hotline_actors::dispatch::{
    command::{Command, Refusal},
    counselor::{ChosenStatus, PublicStatus, Role},
    event::Event,
};

use crate::institution::{Institution, assigned, counselor};

#[test]
fn raising_the_capacity_seats_whoever_waits_at_once() {
    let mut institution = Institution::new();
    let lin = institution.serving(1, 1);
    institution.asks_for(1, lin);
    let (named, anyone, left) =
        (institution.asks_for(2, lin), institution.asks_for_anyone(3), institution.asks_for(4, lin));
    assert_eq!(assigned(&institution.resizes(lin, 3)), [(named, lin), (anyone, lin)]);
    assert!(institution.waits(left));
}

#[test]
fn raising_it_seats_nobody_while_the_counselor_is_not_online() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 0);
    institution.appears(lin, ChosenStatus::Busy);
    let waiting = institution.asks_for(1, lin);
    assert_eq!(assigned(&institution.resizes(lin, 5)), []);
    assert!(institution.waits(waiting));
    assert_eq!(assigned(&institution.appears(lin, ChosenStatus::Online)), [(waiting, lin)]);
}

#[test]
fn lowering_it_ends_nothing_and_adds_nobody_until_enough_have_gone() {
    let mut institution = Institution::new();
    let lin = institution.serving(1, 3);
    let talks: Vec<_> = (1..=3).map(|number| institution.asks_for(number, lin)).collect();
    let waiting = institution.asks_for(4, lin);
    assert_eq!(institution.resizes(lin, 1), [Event::CapacityChanged { counselor: lin, capacity: 1 }]);
    assert!(talks.iter().all(|talk| institution.served_by(*talk) == Some(lin)));
    assert_eq!(assigned(&institution.ends(talks[0])), []);
    assert_eq!(assigned(&institution.ends(talks[1])), []);
    assert_eq!(assigned(&institution.ends(talks[2])), [(waiting, lin)]);
}

#[test]
fn capacity_zero_takes_nobody() {
    let mut institution = Institution::new();
    let lin = institution.serving(1, 0);
    let (named, anyone) = (institution.asks_for(1, lin), institution.asks_for_anyone(2));
    assert!(institution.waits(named) && institution.waits(anyone));
    assert_eq!(
        institution
            .dispatch
            .counselor(lin)
            .map(hotline_actors::dispatch::counselor::Counselor::public_status),
        Some(PublicStatus::Busy)
    );
}

#[test]
fn the_same_capacity_again_is_no_event() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 2);
    assert_eq!(institution.resizes(lin, 2), []);
}

#[test]
fn capacity_of_somebody_unknown_is_refused() {
    let mut institution = Institution::new();
    let set = Command::SetCapacity { counselor: counselor(1), capacity: 1 };
    assert_eq!(institution.decide(&set).map(|_| ()), Err(Refusal::UnknownCounselor));
}

#[test]
fn whoever_is_admitted_again_keeps_talks_and_line_and_may_have_more_places() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    let (talk, waiting) = (institution.asks_for(1, lin), institution.asks_for(2, lin));
    let again = |capacity| Command::AddStaff { counselor: lin, role: Role::Counselor, capacity };
    assert_eq!(institution.does(&again(1)), []);
    let events = institution.does(&again(2));
    assert_eq!(
        events,
        [
            Event::CapacityChanged { counselor: lin, capacity: 2 },
            Event::Assigned { conversation: waiting, counselor: lin },
        ]
    );
    assert_eq!(institution.served_by(talk), Some(lin));
}
