//! Requests for anyone, and the order of service.

use hotline_actors::dispatch::{
    command::Command, conversation::Priority, counselor::ChosenStatus, event::Event,
};

use crate::institution::{Institution, assigned, minutes, seconds};

#[test]
fn a_request_for_anyone_goes_to_the_one_with_the_most_free_places() {
    let mut institution = Institution::new();
    let (_small, large) = (institution.serving(1, 2), institution.serving(2, 3));
    let talk = institution.asks_for_anyone(1);
    assert_eq!(institution.served_by(talk), Some(large));
}

#[test]
fn of_several_with_as_many_free_places_the_one_who_was_given_nobody_for_longest() {
    let mut institution = Institution::new();
    let (one, two) = (institution.serving(1, 3), institution.serving(2, 3));
    let mut served = Vec::new();
    for number in 1..=4 {
        institution.passes(seconds(1));
        let talk = institution.asks_for_anyone(number);
        served.push(institution.served_by(talk));
    }
    assert_eq!(served, [Some(one), Some(two), Some(one), Some(two)]);
}

#[test]
fn only_counselors_on_shift_serve_the_common_queue() {
    let mut institution = Institution::new();
    let off = institution.online(1, 5);
    institution.supervisor(9, 5);
    let waiting = institution.asks_for_anyone(1);
    assert!(institution.waits(waiting));
    assert_eq!(assigned(&institution.on_shift(off)), [(waiting, off)]);
    institution.off_shift(off);
    let next = institution.asks_for_anyone(2);
    assert!(institution.waits(next), "their shift is over");
}

#[test]
fn whoever_is_busy_away_or_offline_serves_nobody() {
    let mut institution = Institution::new();
    let lin = institution.serving(1, 5);
    institution.appears(lin, ChosenStatus::Busy);
    let waiting = institution.asks_for_anyone(1);
    institution.appears(lin, ChosenStatus::Away);
    institution.goes_offline(lin);
    assert!(institution.waits(waiting));
    assert_eq!(assigned(&institution.appears(lin, ChosenStatus::Online)), [(waiting, lin)]);
}

#[test]
fn when_a_shift_begins_the_common_queue_is_shared_out_evenly_and_in_order() {
    let mut institution = Institution::new();
    let (one, two) = (institution.online(1, 2), institution.online(2, 2));
    let waiting: Vec<_> = (1..=5).map(|number| institution.asks_for_anyone(number)).collect();
    let on = [one, two].into();
    let events = institution.does(&Command::Shift { on });
    assert_eq!(
        assigned(&events),
        [(waiting[0], one), (waiting[1], two), (waiting[2], one), (waiting[3], two),]
    );
    assert_eq!(institution.ahead(waiting[4]), Some(0));
}

#[test]
fn one_who_joins_while_on_shift_serves_the_common_queue_as_soon_as_they_are_online() {
    let mut institution = Institution::new();
    let waiting = institution.asks_for_anyone(1);
    institution.does(&Command::Shift { on: [crate::institution::counselor(1)].into() });
    let lin = institution.online(1, 1);
    assert_eq!(institution.served_by(waiting), Some(lin));
}

#[test]
fn a_line_is_served_urgent_first_and_then_by_arrival() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 0);
    let lines: Vec<_> = (1..=4).map(|number| institution.asks_for(number, lin)).collect();
    institution.urges(lines[3]);
    institution.urges(lines[2]);
    assert_eq!(
        lines.iter().map(|id| institution.ahead(*id)).collect::<Vec<_>>(),
        [Some(2), Some(3), Some(0), Some(1)]
    );
    let served: Vec<_> = assigned(&institution.resizes(lin, 9)).into_iter().map(|(id, _)| id).collect();
    assert_eq!(served, [lines[2], lines[3], lines[0], lines[1]]);
}

#[test]
fn one_who_is_urgent_no_longer_goes_back_to_where_they_came() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 0);
    let (first, second) = (institution.asks_for(1, lin), institution.asks_for(2, lin));
    institution.urges(second);
    institution.does(&Command::Prioritize { conversation: second, priority: Priority::Normal });
    assert_eq!((institution.ahead(first), institution.ahead(second)), (Some(0), Some(1)));
    let again = Command::Prioritize { conversation: second, priority: Priority::Normal };
    assert_eq!(institution.does(&again), [], "what is so already is no event");
}

#[test]
fn a_free_place_takes_the_older_of_the_two_heads() {
    let mut institution = Institution::new();
    let lin = institution.serving(1, 1);
    let first = institution.asks_for(1, lin);
    let named = institution.asks_for(2, lin);
    let anyone = institution.asks_for_anyone(3);
    let named_later = institution.asks_for(4, lin);
    assert_eq!(assigned(&institution.ends(first)), [(named, lin)]);
    assert_eq!(assigned(&institution.ends(named)), [(anyone, lin)]);
    assert_eq!(assigned(&institution.ends(anyone)), [(named_later, lin)]);
}

#[test]
fn an_urgent_one_in_either_line_goes_before_the_older_of_the_other() {
    let mut institution = Institution::new();
    let lin = institution.serving(1, 1);
    let first = institution.asks_for(1, lin);
    let named = institution.asks_for(2, lin);
    let anyone = institution.asks_for_anyone(3);
    institution.urges(anyone);
    assert_eq!(assigned(&institution.ends(first)), [(anyone, lin)]);
    assert_eq!(assigned(&institution.ends(anyone)), [(named, lin)]);
}

#[test]
fn leaving_changes_nobody_elses_order() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 0);
    let lines: Vec<_> = (1..=4).map(|number| institution.asks_for(number, lin)).collect();
    institution.ends(lines[1]);
    assert_eq!([0, 2, 3].map(|at| institution.ahead(lines[at])), [Some(0), Some(1), Some(2)]);
    assert_eq!(institution.ahead(lines[1]), None);
}

#[test]
fn when_several_lines_are_let_go_at_once_the_one_place_goes_to_whoever_came_first() {
    let mut institution = Institution::new();
    // The lower id is looked at first; their visitor came later.
    let (low, high) = (institution.online(1, 0), institution.online(2, 0));
    let earlier = institution.asks_with_fallback(1, high);
    let later = institution.asks_with_fallback(2, low);
    let other = institution.serving(3, 1);
    institution.restarts_after(seconds(1));
    institution.appears(other, ChosenStatus::Online);
    // Both are missing when the grace is over, in the same turn.
    let events = institution.passes(minutes(1));
    assert_eq!(assigned(&events), [(earlier, other)]);
    assert!(institution.is_common(later));
}

#[test]
fn when_two_fall_due_in_one_turn_the_urgent_one_is_served_first() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 0);
    let first = institution.asks_with_fallback(1, lin);
    let urgent = institution.asks_with_fallback(2, lin);
    institution.urges(urgent);
    let other = institution.serving(2, 1);
    let events = institution.sleeps(minutes(6));
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Widened { .. })).count(), 2);
    assert_eq!(assigned(&events), [(urgent, other)]);
    assert!(institution.is_common(first));
}
