//! Where somebody who waits is told to stand, and what else they are told of their wait.

use std::{sync::Arc, time::Duration};

use hotline_actors::{
    ConversationId, Timestamp,
    dispatch::{command::Place, counselor::ChosenStatus, place::Outlook},
};

use crate::house::{House, assigned, minutes, seconds};

fn place(house: &House, conversation: ConversationId) -> Place {
    let place = house.dispatch.place(conversation).expect("it waits");
    let all: Vec<_> = house.dispatch.places().filter(|(_, id)| *id == conversation).collect();
    assert_eq!(all, [(place, conversation)], "told alike at once and one by one");
    place
}

fn told(house: &House, conversation: ConversationId) -> (usize, bool) {
    let Place { ahead, next, .. } = place(house, conversation);
    (ahead, next)
}

#[test]
fn who_names_an_absent_counselor_stands_behind_those_who_wait_for_anyone() {
    let mut house = House::new();
    let absent = house.admit(1, 5);
    let other = house.serving(2, 1);
    let talk = house.asks_for_anyone(1);
    let first: Vec<_> = (2..=4).map(|number| house.asks_for_anyone(number)).collect();
    let named = house.asks_with_fallback(5, absent);
    assert_eq!(told(&house, named), (3, false));
    let mut served = vec![talk];
    for _ in 0..4 {
        let last = *served.last().expect("one talks");
        served.extend(assigned(&house.ends(last)).into_iter().map(|(id, _)| id));
    }
    assert_eq!(served, [talk, first[0], first[1], first[2], named]);
    assert_eq!(house.served_by(named), Some(other));
}

#[test]
fn who_names_one_who_serves_the_common_queue_stands_behind_the_older_ones_there() {
    let mut house = House::new();
    let lin = house.serving(1, 1);
    let talk = house.asks_for(1, lin);
    let (anyone, named) = (house.asks_for_anyone(2), house.asks_for(3, lin));
    let later = house.asks_for_anyone(4);
    assert_eq!([anyone, named, later].map(|id| told(&house, id)), [(0, true), (1, false), (2, false)]);
    house.urges(later);
    assert_eq!([anyone, named, later].map(|id| told(&house, id)), [(1, false), (2, false), (0, true)]);
    assert_eq!(assigned(&house.ends(talk)), [(later, lin)]);
}

#[test]
fn who_waits_for_anyone_stands_behind_those_who_came_before_and_named_one_on_shift() {
    let mut house = House::new();
    let lin = house.serving(1, 1);
    house.asks_for(1, lin);
    let named = house.asks_for(2, lin);
    let anyone = house.asks_for_anyone(3);
    assert_eq!((told(&house, named), told(&house, anyone)), ((0, true), (1, false)));
    // One who is not there serves nobody before them.
    let absent = house.online(2, 0);
    house.on_shift(absent);
    house.asks_for(4, absent);
    house.goes_offline(absent);
    let last = house.asks_for_anyone(5);
    assert_eq!(told(&house, last), (2, false));
}

#[test]
fn one_who_is_not_on_shift_has_a_queue_of_their_own_alone() {
    let mut house = House::new();
    let lin = house.online(1, 1);
    house.serving(2, 0);
    house.asks_for(1, lin);
    house.asks_for_anyone(2);
    let named = house.asks_for(3, lin);
    assert_eq!(told(&house, named), (0, true));
    house.on_shift(lin);
    assert_eq!(told(&house, named), (1, false), "now they serve those who came before, too");
}

#[test]
fn with_leave_to_be_served_by_others_one_stands_behind_theirs_once_it_counts() {
    let mut house = House::new();
    let lin = house.online(1, 1);
    let other = house.serving(2, 1);
    house.asks_for_anyone(1);
    house.asks_for(2, lin);
    let anyone = house.asks_for_anyone(3);
    let named = house.asks_with_fallback(4, lin);
    assert_eq!(told(&house, named), (0, true));
    house.passes(minutes(5));
    assert!(house.is_common(named));
    assert_eq!(told(&house, named), (1, false), "whoever serves them may serve the other first");
    house.goes_offline(other);
    assert_eq!(told(&house, named), (0, true), "nobody but the one they named is there");
    house.goes_offline(lin);
    assert_eq!(told(&house, named), (1, false), "nobody is there");
    assert_eq!(told(&house, anyone), (0, false));
}

#[test]
fn of_one_who_is_away_it_counts_from_the_start() {
    let mut house = House::new();
    let lin = house.online(1, 1);
    house.serving(2, 1);
    house.asks_for_anyone(1);
    house.asks_for(2, lin);
    house.asks_for_anyone(3);
    house.passes(seconds(1));
    house.appears(lin, ChosenStatus::Away);
    let named = house.asks_with_fallback(4, lin);
    assert_eq!(
        told(&house, named),
        (1, false),
        "they wait for one who takes nobody, and before long for others"
    );
    let patient = house.asks_for(5, lin);
    assert_eq!(told(&house, patient), (1, false), "the other one who waits for the same");
    house.passes(minutes(5));
    assert!(house.is_common(named));
    assert_eq!(told(&house, named), (1, false));
    house.appears(lin, ChosenStatus::Online);
    assert_eq!((told(&house, named), told(&house, patient)), ((1, false), (1, false)));
}

#[test]
fn nobody_is_next_where_nobody_takes_anybody() {
    let mut house = House::new();
    let lin = house.serving(1, 1);
    house.asks_for(1, lin);
    let (named, anyone) = (house.asks_for(2, lin), house.asks_for_anyone(3));
    assert_eq!((told(&house, named), told(&house, anyone)), ((0, true), (1, false)));
    for choice in [ChosenStatus::Busy, ChosenStatus::Away] {
        house.appears(lin, choice);
        assert_eq!((told(&house, named), told(&house, anyone)), ((0, false), (0, false)));
    }
    house.resizes(lin, 0);
    house.appears(lin, ChosenStatus::Online);
    assert_eq!(told(&house, named), (0, false), "without places they serve nobody");
}

#[test]
fn nobody_stands_behind_the_one_who_would_have_to_serve_themself() {
    let mut house = House::new();
    let lin = house.serving(1, 1);
    let number_of_lin = lin.0.as_u128() - 0x1000;
    house.asks_for(1, lin);
    let own = house.asks_for_anyone(number_of_lin);
    let (named, anyone) = (house.asks_for(2, lin), house.asks_for_anyone(3));
    assert_eq!([own, named, anyone].map(|id| told(&house, id)), [(0, false), (0, true), (1, false)]);
}

fn outlook(typical: &[(u128, u64)], shifts: &[(u128, i64)]) -> Arc<Outlook> {
    let counselor = crate::house::counselor;
    Arc::new(Outlook {
        typical: typical.iter().map(|(id, length)| (counselor(*id), minutes(*length))).collect(),
        next_shift: shifts.iter().map(|(id, at)| (counselor(*id), Timestamp(*at))).collect(),
    })
}

#[test]
fn a_wait_is_estimated_from_those_who_are_there_to_serve() {
    let mut house = House::new();
    let (absent, lin) = (house.admit(1, 1), house.serving(2, 2));
    house.dispatch.expect(outlook(&[(1, 1), (2, 20)], &[]));
    let wait = |house: &House, id| place(house, id).estimated_wait_seconds;
    house.asks_for_anyone(1);
    house.asks_for_anyone(2);
    let (first, named) = (house.asks_for_anyone(3), house.asks_with_fallback(4, absent));
    assert_eq!((wait(&house, first), wait(&house, named)), (Some(600), Some(1200)));
    let patient = house.asks_for(5, absent);
    assert_eq!(wait(&house, patient), None, "who is absent says nothing");
    // A second one of the same pace, without places for now, and then with two.
    let more = house.serving(3, 0);
    house.dispatch.expect(outlook(&[(1, 1), (2, 20), (3, 20)], &[]));
    house.asks_for(6, more);
    assert_eq!(wait(&house, named), Some(1200));
    house.goes_offline(lin);
    assert_eq!(wait(&house, named), None, "nobody is there");
}

#[test]
fn who_waits_is_told_until_when() {
    let mut house = House::new();
    let lin = house.online(1, 0);
    let waiting = house.asks_for(1, lin);
    let until = house.now + minutes(30);
    assert_eq!(place(&house, waiting).wait_until, until);
    house.passes(minutes(29));
    house.restarts_after(seconds(50));
    let floor = house.now + minutes(2);
    assert!(floor > until);
    assert_eq!(
        place(&house, waiting).wait_until,
        floor,
        "after a restart a counselor gets time to come back"
    );
    let events = house.passes(floor.since(house.now) - Duration::from_millis(1));
    assert!(house.waits(waiting), "{events:?}");
    house.passes(Duration::from_millis(1));
    assert!(!house.waits(waiting));
}

#[test]
fn the_next_shift_is_told_where_nobody_is_there_today() {
    let mut house = House::new();
    let (lin, wu) = (house.admit(1, 1), house.admit(2, 1));
    house.supervisor(9, 1);
    house.dispatch.expect(outlook(&[], &[(1, 3_000), (2, 2_000), (9, 1_000)]));
    let named = house.asks_for(1, lin);
    let (flexible, anyone) = (house.asks_with_fallback(2, lin), house.asks_for_anyone(3));
    let next = |house: &House| [named, flexible, anyone].map(|id| place(house, id).next_shift.map(|at| at.0));
    assert_eq!(next(&house), [Some(3_000), Some(2_000), Some(2_000)]);
    house.on_shift(wu);
    assert_eq!(next(&house), [Some(3_000), None, None], "one has a shift today");
    house.off_shift(wu);
    house.resizes(lin, 0);
    house.appears(lin, ChosenStatus::Busy);
    assert_eq!(next(&house), [None, None, Some(2_000)], "the one they named is there");
    house.goes_offline(lin);
    house.dispatch.expect(Arc::default());
    assert_eq!(next(&house), [None, None, None], "nobody knows");
}

#[test]
fn whoever_chooses_is_told_how_many_would_be_served_before() {
    let mut house = House::new();
    let (absent, lin, off) = (house.admit(1, 5), house.serving(2, 1), house.online(3, 1));
    house.on_shift(absent);
    house.asks_for(1, lin);
    house.asks_for(2, off);
    house.asks_for_anyone(3);
    house.asks_for_anyone(4);
    house.asks_for(5, lin);
    house.asks_for(6, off);
    let before: Vec<_> = house.dispatch.waiting_before_new(house.now).collect();
    assert_eq!(before, [(absent, 3), (lin, 3), (off, 1)]);
    let asked = [house.asks_with_fallback(7, absent), house.asks_for(8, lin), house.asks_for(9, off)];
    // The first of the three stands before the second.
    assert_eq!(asked.map(|id| place(&house, id).ahead), [3, 4, 1]);
}
