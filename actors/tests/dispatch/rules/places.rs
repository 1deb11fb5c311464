//! Where somebody who waits is told to stand, and what else they are told of their wait.

use std::{sync::Arc, time::Duration};

use hotline_actors::{
    ConversationId, Timestamp,
    dispatch::{command::Place, counselor::ChosenStatus, place::Forecast},
};

use crate::institution::{Institution, assigned, minutes, seconds};

fn place(institution: &Institution, conversation: ConversationId) -> Place {
    let place = institution.dispatch.place(conversation).expect("it waits");
    let all: Vec<_> = institution.dispatch.places().filter(|(_, id)| *id == conversation).collect();
    assert_eq!(all, [(place, conversation)], "told alike at once and one by one");
    place
}

fn told(institution: &Institution, conversation: ConversationId) -> (usize, bool) {
    let Place { ahead, next, .. } = place(institution, conversation);
    (ahead, next)
}

#[test]
fn who_names_an_absent_counselor_stands_behind_those_who_wait_for_anyone() {
    let mut institution = Institution::new();
    let absent = institution.admit(1, 5);
    let other = institution.serving(2, 1);
    let talk = institution.asks_for_anyone(1);
    let first: Vec<_> = (2..=4).map(|number| institution.asks_for_anyone(number)).collect();
    let named = institution.asks_with_fallback(5, absent);
    assert_eq!(told(&institution, named), (3, false));
    let mut served = vec![talk];
    for _ in 0..4 {
        let last = *served.last().expect("one talks");
        served.extend(assigned(&institution.ends(last)).into_iter().map(|(id, _)| id));
    }
    assert_eq!(served, [talk, first[0], first[1], first[2], named]);
    assert_eq!(institution.served_by(named), Some(other));
}

#[test]
fn who_names_one_who_serves_the_common_queue_stands_behind_the_older_ones_there() {
    let mut institution = Institution::new();
    let lin = institution.serving(1, 1);
    let talk = institution.asks_for(1, lin);
    let (anyone, named) = (institution.asks_for_anyone(2), institution.asks_for(3, lin));
    let later = institution.asks_for_anyone(4);
    assert_eq!([anyone, named, later].map(|id| told(&institution, id)), [(0, true), (1, false), (2, false)]);
    institution.urges(later);
    assert_eq!([anyone, named, later].map(|id| told(&institution, id)), [(1, false), (2, false), (0, true)]);
    assert_eq!(assigned(&institution.ends(talk)), [(later, lin)]);
}

#[test]
fn who_waits_for_anyone_stands_behind_those_who_came_before_and_named_one_on_shift() {
    let mut institution = Institution::new();
    let lin = institution.serving(1, 1);
    institution.asks_for(1, lin);
    let named = institution.asks_for(2, lin);
    let anyone = institution.asks_for_anyone(3);
    assert_eq!((told(&institution, named), told(&institution, anyone)), ((0, true), (1, false)));
    // One who is not there serves nobody before them.
    let absent = institution.online(2, 0);
    institution.on_shift(absent);
    institution.asks_for(4, absent);
    institution.goes_offline(absent);
    let last = institution.asks_for_anyone(5);
    assert_eq!(told(&institution, last), (2, false));
}

#[test]
fn one_who_is_not_on_shift_has_a_queue_of_their_own_alone() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    institution.serving(2, 0);
    institution.asks_for(1, lin);
    institution.asks_for_anyone(2);
    let named = institution.asks_for(3, lin);
    assert_eq!(told(&institution, named), (0, true));
    institution.on_shift(lin);
    assert_eq!(told(&institution, named), (1, false), "now they serve those who came before, too");
}

#[test]
fn with_leave_to_be_served_by_others_one_stands_behind_theirs_once_it_counts() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    let other = institution.serving(2, 1);
    institution.asks_for_anyone(1);
    institution.asks_for(2, lin);
    let anyone = institution.asks_for_anyone(3);
    let named = institution.asks_with_fallback(4, lin);
    assert_eq!(told(&institution, named), (0, true));
    institution.passes(minutes(5));
    assert!(institution.is_common(named));
    assert_eq!(told(&institution, named), (1, false), "whoever serves them may serve the other first");
    institution.goes_offline(other);
    assert_eq!(told(&institution, named), (0, true), "nobody but the one they named is there");
    institution.goes_offline(lin);
    assert_eq!(told(&institution, named), (1, false), "nobody is there");
    assert_eq!(told(&institution, anyone), (0, false));
}

#[test]
fn of_one_who_is_away_it_counts_from_the_start() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    institution.serving(2, 1);
    institution.asks_for_anyone(1);
    institution.asks_for(2, lin);
    institution.asks_for_anyone(3);
    institution.passes(seconds(1));
    institution.appears(lin, ChosenStatus::Away);
    let named = institution.asks_with_fallback(4, lin);
    assert_eq!(
        told(&institution, named),
        (1, false),
        "they wait for one who takes nobody, and before long for others"
    );
    let patient = institution.asks_for(5, lin);
    assert_eq!(told(&institution, patient), (1, false), "the other one who waits for the same");
    institution.passes(minutes(5));
    assert!(institution.is_common(named));
    assert_eq!(told(&institution, named), (1, false));
    institution.appears(lin, ChosenStatus::Online);
    assert_eq!((told(&institution, named), told(&institution, patient)), ((1, false), (1, false)));
}

#[test]
fn nobody_is_next_where_nobody_takes_anybody() {
    let mut institution = Institution::new();
    let lin = institution.serving(1, 1);
    institution.asks_for(1, lin);
    let (named, anyone) = (institution.asks_for(2, lin), institution.asks_for_anyone(3));
    assert_eq!((told(&institution, named), told(&institution, anyone)), ((0, true), (1, false)));
    for choice in [ChosenStatus::Busy, ChosenStatus::Away] {
        institution.appears(lin, choice);
        assert_eq!((told(&institution, named), told(&institution, anyone)), ((0, false), (0, false)));
    }
    institution.resizes(lin, 0);
    institution.appears(lin, ChosenStatus::Online);
    assert_eq!(told(&institution, named), (0, false), "without places they serve nobody");
}

#[test]
fn nobody_stands_behind_the_one_who_would_have_to_serve_themself() {
    let mut institution = Institution::new();
    let lin = institution.serving(1, 1);
    let number_of_lin = lin.0.as_u128() - 0x1000;
    institution.asks_for(1, lin);
    let own = institution.asks_for_anyone(number_of_lin);
    let (named, anyone) = (institution.asks_for(2, lin), institution.asks_for_anyone(3));
    assert_eq!([own, named, anyone].map(|id| told(&institution, id)), [(0, false), (0, true), (1, false)]);
}

fn outlook(typical: &[(u128, u64)], shifts: &[(u128, i64)]) -> Arc<Forecast> {
    let counselor = crate::institution::counselor;
    Arc::new(Forecast {
        typical: typical.iter().map(|(id, length)| (counselor(*id), minutes(*length))).collect(),
        next_shift: shifts.iter().map(|(id, at)| (counselor(*id), Timestamp(*at))).collect(),
    })
}

#[test]
fn a_wait_is_estimated_from_those_who_are_there_to_serve() {
    let mut institution = Institution::new();
    let (absent, lin) = (institution.admit(1, 1), institution.serving(2, 2));
    institution.dispatch.set_forecast(outlook(&[(1, 1), (2, 20)], &[]));
    let wait = |institution: &Institution, id| place(institution, id).estimated_wait_seconds;
    institution.asks_for_anyone(1);
    institution.asks_for_anyone(2);
    let (first, named) = (institution.asks_for_anyone(3), institution.asks_with_fallback(4, absent));
    assert_eq!((wait(&institution, first), wait(&institution, named)), (Some(600), Some(1200)));
    let patient = institution.asks_for(5, absent);
    assert_eq!(wait(&institution, patient), None, "who is absent says nothing");
    // A second one of the same pace, without places for now, and then with two.
    let more = institution.serving(3, 0);
    institution.dispatch.set_forecast(outlook(&[(1, 1), (2, 20), (3, 20)], &[]));
    institution.asks_for(6, more);
    assert_eq!(wait(&institution, named), Some(1200));
    institution.goes_offline(lin);
    assert_eq!(wait(&institution, named), None, "nobody is there");
}

#[test]
fn who_waits_is_told_until_when() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 0);
    let waiting = institution.asks_for(1, lin);
    let until = institution.now + minutes(30);
    assert_eq!(place(&institution, waiting).wait_until, until);
    institution.passes(minutes(29));
    institution.restarts_after(seconds(50));
    let overview = institution.now + minutes(2);
    assert!(overview > until);
    assert_eq!(
        place(&institution, waiting).wait_until,
        overview,
        "after a restart a counselor gets time to come back"
    );
    let events = institution.passes(overview.since(institution.now) - Duration::from_millis(1));
    assert!(institution.waits(waiting), "{events:?}");
    institution.passes(Duration::from_millis(1));
    assert!(!institution.waits(waiting));
}

#[test]
fn the_next_shift_is_told_where_nobody_is_there_today() {
    let mut institution = Institution::new();
    let (lin, wu) = (institution.admit(1, 1), institution.admit(2, 1));
    institution.supervisor(9, 1);
    institution.dispatch.set_forecast(outlook(&[], &[(1, 3_000), (2, 2_000), (9, 1_000)]));
    let named = institution.asks_for(1, lin);
    let (flexible, anyone) = (institution.asks_with_fallback(2, lin), institution.asks_for_anyone(3));
    let next = |institution: &Institution| {
        [named, flexible, anyone].map(|id| place(institution, id).next_shift.map(|at| at.0))
    };
    assert_eq!(next(&institution), [Some(3_000), Some(2_000), Some(2_000)]);
    institution.on_shift(wu);
    assert_eq!(next(&institution), [Some(3_000), None, None], "one has a shift today");
    institution.off_shift(wu);
    institution.resizes(lin, 0);
    institution.appears(lin, ChosenStatus::Busy);
    assert_eq!(next(&institution), [None, None, Some(2_000)], "the one they named is there");
    institution.goes_offline(lin);
    institution.dispatch.set_forecast(Arc::default());
    assert_eq!(next(&institution), [None, None, None], "nobody knows");
}

#[test]
fn whoever_chooses_is_told_how_many_would_be_served_before() {
    let mut institution = Institution::new();
    let (absent, lin, off) = (institution.admit(1, 5), institution.serving(2, 1), institution.online(3, 1));
    institution.on_shift(absent);
    institution.asks_for(1, lin);
    institution.asks_for(2, off);
    institution.asks_for_anyone(3);
    institution.asks_for_anyone(4);
    institution.asks_for(5, lin);
    institution.asks_for(6, off);
    let before: Vec<_> = institution.dispatch.waiting_before_new(institution.now).collect();
    assert_eq!(before, [(absent, 3), (lin, 3), (off, 1)]);
    let asked = [
        institution.asks_with_fallback(7, absent),
        institution.asks_for(8, lin),
        institution.asks_for(9, off),
    ];
    // The first of the three stands before the second.
    assert_eq!(asked.map(|id| place(&institution, id).ahead), [3, 4, 1]);
}
