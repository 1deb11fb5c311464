//! Requests for a counselor by name.

use hotline_actors::dispatch::{
    command::Refusal,
    conversation::EndReason,
    counselor::{ChosenStatus, PublicStatus, Role},
    event::Event,
};

use crate::house::{House, assigned, counselor, minutes, seconds, visitor};

#[test]
fn a_named_request_is_seated_at_once_when_the_counselor_is_online_with_room() {
    let mut house = House::new();
    let lin = house.online(1, 1);
    let talk = house.asks_for(1, lin);
    assert_eq!(house.served_by(talk), Some(lin));
}

#[test]
fn a_named_request_is_seated_although_the_counselor_is_not_on_shift() {
    let mut house = House::new();
    let lin = house.online(1, 1);
    house.off_shift(lin);
    let talk = house.asks_for(1, lin);
    assert_eq!(house.served_by(talk), Some(lin));
}

#[test]
fn a_named_request_waits_in_line_when_the_counselor_is_full_busy_away_or_offline() {
    let mut house = House::new();
    let (full, busy, away) = (house.online(1, 1), house.online(2, 1), house.online(3, 1));
    let offline = house.admit(4, 1);
    house.serving(5, 9);
    house.asks_for(1, full);
    house.appears(busy, ChosenStatus::Busy);
    house.appears(away, ChosenStatus::Away);
    for (number, wanted, shown) in [
        (2, full, PublicStatus::Busy),
        (3, busy, PublicStatus::Busy),
        (4, away, PublicStatus::Away),
        (5, offline, PublicStatus::Offline),
    ] {
        let waiting = house.asks_for(number, wanted);
        assert!(house.waits(waiting) && !house.is_common(waiting), "by default nobody else is wanted");
        assert_eq!(house.dispatch.place(waiting).and_then(|place| place.counselor), Some(shown));
    }
}

#[test]
fn without_fallback_a_named_request_waits_for_nobody_else_whatever_happens() {
    let mut house = House::new();
    let lin = house.online(1, 1);
    house.serving(2, 9);
    house.asks_for(1, lin);
    let waiting = house.asks_for(2, lin);
    house.goes_offline(lin);
    house.passes(minutes(29));
    assert!(house.waits(waiting) && !house.is_common(waiting));
}

#[test]
fn with_fallback_it_is_served_by_others_at_once_when_the_counselor_is_offline() {
    let mut house = House::new();
    let gone = house.admit(1, 1);
    let other = house.serving(2, 1);
    let talk = house.asks_with_fallback(1, gone);
    assert_eq!(house.served_by(talk), Some(other));
}

#[test]
fn with_fallback_it_is_served_by_others_as_soon_as_the_counselor_goes_offline() {
    let mut house = House::new();
    let lin = house.online(1, 1);
    let other = house.serving(2, 1);
    house.asks_for(1, lin);
    let patient = house.asks_for(2, lin);
    let flexible = house.asks_with_fallback(3, lin);
    assert!(house.waits(flexible) && !house.is_common(flexible));
    assert_eq!(assigned(&house.goes_offline(lin)), [(flexible, other)]);
    assert!(house.waits(patient));
}

#[test]
fn with_fallback_it_is_served_by_others_after_the_counselor_was_away_for_five_minutes() {
    let mut house = House::new();
    let lin = house.online(1, 0);
    let other = house.serving(2, 1);
    house.passes(seconds(1));
    house.appears(lin, ChosenStatus::Away);
    house.passes(minutes(4));
    let talk = house.asks_with_fallback(1, lin);
    assert_eq!(assigned(&house.passes(seconds(59))), []);
    assert_eq!(assigned(&house.passes(seconds(1))), [(talk, other)]);
    let late = house.asks_with_fallback(2, lin);
    assert!(house.is_common(late), "they have been away for long already");
}

#[test]
fn being_away_is_counted_anew_after_the_counselor_was_back() {
    let mut house = House::new();
    let lin = house.online(1, 0);
    house.serving(2, 1);
    house.appears(lin, ChosenStatus::Away);
    house.passes(minutes(4));
    house.appears(lin, ChosenStatus::Busy);
    house.appears(lin, ChosenStatus::Away);
    let talk = house.asks_with_fallback(1, lin);
    house.passes(minutes(4));
    assert!(!house.is_common(talk));
}

#[test]
fn a_reconnect_does_not_count_being_away_anew() {
    let mut house = House::new();
    let lin = house.online(1, 0);
    let other = house.serving(2, 1);
    house.appears(lin, ChosenStatus::Away);
    house.passes(minutes(3));
    house.appears(lin, ChosenStatus::Away);
    let talk = house.asks_with_fallback(1, lin);
    assert_eq!(assigned(&house.passes(minutes(2))), [(talk, other)]);
}

#[test]
fn with_fallback_it_is_served_by_others_after_the_named_wait() {
    let mut house = House::new();
    let lin = house.online(1, 1);
    let other = house.serving(2, 1);
    let first = house.asks_for(1, lin);
    house.says(first, lin);
    let talk = house.asks_with_fallback(2, lin);
    assert_eq!(house.passes(seconds(299)), []);
    assert_eq!(
        house.passes(seconds(1)),
        [Event::Widened { conversation: talk }, Event::Assigned { conversation: talk, counselor: other },]
    );
}

#[test]
fn in_the_common_queue_it_keeps_its_time_of_arrival() {
    let mut house = House::new();
    let lin = house.online(1, 1);
    let other = house.serving(2, 0);
    house.asks_for(1, lin);
    let first = house.asks_with_fallback(2, lin);
    house.passes(minutes(2));
    let second = house.asks_for_anyone(3);
    house.passes(minutes(4));
    assert_eq!(
        house.dispatch.common_queue().iter().map(|ticket| ticket.conversation).collect::<Vec<_>>(),
        [first, second]
    );
    assert_eq!(assigned(&house.resizes(other, 1)), [(first, other)]);
}

#[test]
fn whoever_takes_it_first_it_leaves_both_lines_at_once() {
    let mut house = House::new();
    let lin = house.online(1, 1);
    let other = house.serving(2, 0);
    let first = house.asks_for(1, lin);
    let both = house.asks_with_fallback(2, lin);
    house.passes(minutes(5));
    assert!(house.is_common(both));
    assert_eq!(house.dispatch.counselor(lin).map(|lin| lin.queue.len()), Some(1));
    // The named one has room first.
    assert_eq!(assigned(&house.ends(first)), [(both, lin)]);
    assert!(house.dispatch.common_queue().is_empty());
    assert_eq!(assigned(&house.resizes(other, 1)), [], "nobody is given twice");
}

#[test]
fn the_institution_may_let_others_serve_by_default_and_the_visitor_may_insist() {
    let limits =
        hotline_actors::dispatch::limits::DispatchLimits { named_fallback: true, ..Default::default() };
    let mut house = House::with(limits);
    let gone = house.admit(1, 1);
    let other = house.serving(2, 2);
    let flexible = house.asks_for(1, gone);
    let patient = house.asks(2, Some(gone), Some(false)).expect("may ask");
    assert_eq!(house.served_by(flexible), Some(other));
    assert!(house.waits(patient) && !house.is_common(patient));
}

#[test]
fn when_the_counselor_is_banned_those_who_may_go_to_others_and_the_rest_are_told() {
    let mut house = House::new();
    let lin = house.online(1, 1);
    let other = house.serving(2, 1);
    let talk = house.asks_for(1, lin);
    let patient = house.asks_for(2, lin);
    let flexible = house.asks_with_fallback(3, lin);
    let events = house.expels(lin);
    assert_eq!(house.end_of(talk).map(|end| end.1), Some(EndReason::Banned));
    assert_eq!(house.end_of(patient).map(|end| end.1), Some(EndReason::CounselorGone));
    assert_eq!(assigned(&events), [(flexible, other)]);
    assert!(house.dispatch.counselor(lin).is_none());
    assert_eq!(house.asks(4, Some(lin), None), Err(Refusal::UnknownCounselor));
}

#[test]
fn who_still_waits_for_a_banned_counselor_finds_them_again_when_they_are_activated() {
    let mut house = House::new();
    let lin = house.online(1, 0);
    let flexible = house.asks_with_fallback(1, lin);
    house.expels(lin);
    assert!(house.is_common(flexible));
    house.pardons(lin, Some((Role::Counselor, 1)));
    assert_eq!(house.served_by(flexible), None, "they are back, but not yet there");
    house.appears(lin, ChosenStatus::Online);
    assert_eq!(house.served_by(flexible), Some(lin));
}

#[test]
fn an_unknown_counselor_is_refused() {
    let mut house = House::new();
    house.supervisor(7, 3);
    assert_eq!(house.asks(1, Some(counselor(1)), None), Err(Refusal::UnknownCounselor));
    assert_eq!(
        house.asks(1, Some(counselor(7)), None),
        Err(Refusal::UnknownCounselor),
        "a supervisor is no counselor for visitors"
    );
}

#[test]
fn a_second_open_consultation_is_refused_and_names_the_first() {
    let mut house = House::new();
    let lin = house.online(1, 1);
    let first = house.asks_for(1, lin);
    let waiting = house.asks_for(2, lin);
    let refused = |conversation| Err(Refusal::AlreadyConsulting { conversation, counselor: Some(lin) });
    assert_eq!(house.asks(1, None, None), refused(first));
    assert_eq!(house.asks(2, Some(lin), None), refused(waiting));
    house.ends(first);
    assert!(house.asks(1, None, None).is_ok(), "one that has ended is in nobody's way");
    assert_eq!(house.dispatch.consultation_of(visitor(2)).map(|facts| facts.id), Some(waiting));
}

#[test]
fn nobody_consults_themselves() {
    let mut house = House::new();
    let lin = house.serving(1, 5);
    let same_person = lin.0.as_u128() - 0x1000;
    assert_eq!(house.asks(same_person, Some(lin), None), Err(Refusal::WithOneself));
    let talk = house.asks_for_anyone(same_person);
    assert!(house.waits(talk), "not even by way of the common queue");
    let stranger = house.asks_for_anyone(2);
    assert_eq!(house.served_by(stranger), Some(lin), "and nobody waits behind them for that");
    let other = house.serving(3, 1);
    assert_eq!(house.served_by(talk), Some(other));
}
