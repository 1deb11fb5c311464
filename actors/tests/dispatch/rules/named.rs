//! Requests for a counselor by name.

use hotline_actors::dispatch::{
    command::Refusal,
    conversation::EndReason,
    counselor::{ChosenStatus, PublicStatus, Role},
    event::Event,
};

use crate::institution::{Institution, assigned, counselor, minutes, seconds, visitor};

#[test]
fn a_named_request_is_seated_at_once_when_the_counselor_is_online_with_room() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    let talk = institution.asks_for(1, lin);
    assert_eq!(institution.served_by(talk), Some(lin));
}

#[test]
fn a_named_request_is_seated_although_the_counselor_is_not_on_shift() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    institution.off_shift(lin);
    let talk = institution.asks_for(1, lin);
    assert_eq!(institution.served_by(talk), Some(lin));
}

#[test]
fn a_named_request_waits_in_line_when_the_counselor_is_full_busy_away_or_offline() {
    let mut institution = Institution::new();
    let (full, busy, away) = (institution.online(1, 1), institution.online(2, 1), institution.online(3, 1));
    let offline = institution.admit(4, 1);
    institution.serving(5, 9);
    institution.asks_for(1, full);
    institution.appears(busy, ChosenStatus::Busy);
    institution.appears(away, ChosenStatus::Away);
    for (number, wanted, shown) in [
        (2, full, PublicStatus::Busy),
        (3, busy, PublicStatus::Busy),
        (4, away, PublicStatus::Away),
        (5, offline, PublicStatus::Offline),
    ] {
        let waiting = institution.asks_for(number, wanted);
        assert!(
            institution.waits(waiting) && !institution.is_common(waiting),
            "by default nobody else is wanted"
        );
        assert_eq!(institution.dispatch.place(waiting).and_then(|place| place.counselor), Some(shown));
    }
}

#[test]
fn without_fallback_a_named_request_waits_for_nobody_else_whatever_happens() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    institution.serving(2, 9);
    institution.asks_for(1, lin);
    let waiting = institution.asks_for(2, lin);
    institution.goes_offline(lin);
    institution.passes(minutes(29));
    assert!(institution.waits(waiting) && !institution.is_common(waiting));
}

#[test]
fn with_fallback_it_is_served_by_others_at_once_when_the_counselor_is_offline() {
    let mut institution = Institution::new();
    let gone = institution.admit(1, 1);
    let other = institution.serving(2, 1);
    let talk = institution.asks_with_fallback(1, gone);
    assert_eq!(institution.served_by(talk), Some(other));
}

#[test]
fn with_fallback_it_is_served_by_others_as_soon_as_the_counselor_goes_offline() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    let other = institution.serving(2, 1);
    institution.asks_for(1, lin);
    let patient = institution.asks_for(2, lin);
    let flexible = institution.asks_with_fallback(3, lin);
    assert!(institution.waits(flexible) && !institution.is_common(flexible));
    assert_eq!(assigned(&institution.goes_offline(lin)), [(flexible, other)]);
    assert!(institution.waits(patient));
}

#[test]
fn with_fallback_it_is_served_by_others_after_the_counselor_was_away_for_five_minutes() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 0);
    let other = institution.serving(2, 1);
    institution.passes(seconds(1));
    institution.appears(lin, ChosenStatus::Away);
    institution.passes(minutes(4));
    let talk = institution.asks_with_fallback(1, lin);
    assert_eq!(assigned(&institution.passes(seconds(59))), []);
    assert_eq!(assigned(&institution.passes(seconds(1))), [(talk, other)]);
    let late = institution.asks_with_fallback(2, lin);
    assert!(institution.is_common(late), "they have been away for long already");
}

#[test]
fn being_away_is_counted_anew_after_the_counselor_was_back() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 0);
    institution.serving(2, 1);
    institution.appears(lin, ChosenStatus::Away);
    institution.passes(minutes(4));
    institution.appears(lin, ChosenStatus::Busy);
    institution.appears(lin, ChosenStatus::Away);
    let talk = institution.asks_with_fallback(1, lin);
    institution.passes(minutes(4));
    assert!(!institution.is_common(talk));
}

#[test]
fn a_reconnect_does_not_count_being_away_anew() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 0);
    let other = institution.serving(2, 1);
    institution.appears(lin, ChosenStatus::Away);
    institution.passes(minutes(3));
    institution.appears(lin, ChosenStatus::Away);
    let talk = institution.asks_with_fallback(1, lin);
    assert_eq!(assigned(&institution.passes(minutes(2))), [(talk, other)]);
}

#[test]
fn with_fallback_it_is_served_by_others_after_the_named_wait() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    let other = institution.serving(2, 1);
    let first = institution.asks_for(1, lin);
    institution.says(first, lin);
    let talk = institution.asks_with_fallback(2, lin);
    assert_eq!(institution.passes(seconds(299)), []);
    assert_eq!(
        institution.passes(seconds(1)),
        [Event::Widened { conversation: talk }, Event::Assigned { conversation: talk, counselor: other },]
    );
}

#[test]
fn in_the_common_queue_it_keeps_its_time_of_arrival() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    let other = institution.serving(2, 0);
    institution.asks_for(1, lin);
    let first = institution.asks_with_fallback(2, lin);
    institution.passes(minutes(2));
    let second = institution.asks_for_anyone(3);
    institution.passes(minutes(4));
    assert_eq!(
        institution.dispatch.common_queue().iter().map(|ticket| ticket.conversation).collect::<Vec<_>>(),
        [first, second]
    );
    assert_eq!(assigned(&institution.resizes(other, 1)), [(first, other)]);
}

#[test]
fn whoever_takes_it_first_it_leaves_both_lines_at_once() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    let other = institution.serving(2, 0);
    let first = institution.asks_for(1, lin);
    let both = institution.asks_with_fallback(2, lin);
    institution.passes(minutes(5));
    assert!(institution.is_common(both));
    assert_eq!(institution.dispatch.counselor(lin).map(|lin| lin.queue.len()), Some(1));
    // The named one has room first.
    assert_eq!(assigned(&institution.ends(first)), [(both, lin)]);
    assert!(institution.dispatch.common_queue().is_empty());
    assert_eq!(assigned(&institution.resizes(other, 1)), [], "nobody is given twice");
}

#[test]
fn the_institution_may_let_others_serve_by_default_and_the_visitor_may_insist() {
    let limits =
        hotline_actors::dispatch::limits::DispatchLimits { named_fallback: true, ..Default::default() };
    let mut institution = Institution::with(limits);
    let gone = institution.admit(1, 1);
    let other = institution.serving(2, 2);
    let flexible = institution.asks_for(1, gone);
    let patient = institution.asks(2, Some(gone), Some(false)).expect("may ask");
    assert_eq!(institution.served_by(flexible), Some(other));
    assert!(institution.waits(patient) && !institution.is_common(patient));
}

#[test]
fn when_the_counselor_is_banned_those_who_may_go_to_others_and_the_rest_are_told() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    let other = institution.serving(2, 1);
    let talk = institution.asks_for(1, lin);
    let patient = institution.asks_for(2, lin);
    let flexible = institution.asks_with_fallback(3, lin);
    let events = institution.expels(lin);
    assert_eq!(institution.end_of(talk).map(|end| end.1), Some(EndReason::Banned));
    assert_eq!(institution.end_of(patient).map(|end| end.1), Some(EndReason::CounselorGone));
    assert_eq!(assigned(&events), [(flexible, other)]);
    assert!(institution.dispatch.counselor(lin).is_none());
    assert_eq!(institution.asks(4, Some(lin), None), Err(Refusal::UnknownCounselor));
}

#[test]
fn who_still_waits_for_a_banned_counselor_finds_them_again_when_they_are_activated() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 0);
    let flexible = institution.asks_with_fallback(1, lin);
    institution.expels(lin);
    assert!(institution.is_common(flexible));
    institution.pardons(lin, Some((Role::Counselor, 1)));
    assert_eq!(institution.served_by(flexible), None, "they are back, but not yet there");
    institution.appears(lin, ChosenStatus::Online);
    assert_eq!(institution.served_by(flexible), Some(lin));
}

#[test]
fn an_unknown_counselor_is_refused() {
    let mut institution = Institution::new();
    institution.supervisor(7, 3);
    assert_eq!(institution.asks(1, Some(counselor(1)), None), Err(Refusal::UnknownCounselor));
    assert_eq!(
        institution.asks(1, Some(counselor(7)), None),
        Err(Refusal::UnknownCounselor),
        "a supervisor is no counselor for visitors"
    );
}

#[test]
fn a_second_open_consultation_is_refused_and_names_the_first() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    let first = institution.asks_for(1, lin);
    let waiting = institution.asks_for(2, lin);
    let refused = |conversation| Err(Refusal::AlreadyConsulting { conversation, counselor: Some(lin) });
    assert_eq!(institution.asks(1, None, None), refused(first));
    assert_eq!(institution.asks(2, Some(lin), None), refused(waiting));
    institution.ends(first);
    assert!(institution.asks(1, None, None).is_ok(), "one that has ended is in nobody's way");
    assert_eq!(institution.dispatch.consultation_of(visitor(2)).map(|facts| facts.id), Some(waiting));
}

#[test]
fn nobody_consults_themselves() {
    let mut institution = Institution::new();
    let lin = institution.serving(1, 5);
    let same_person = lin.0.as_u128() - 0x1000;
    assert_eq!(institution.asks(same_person, Some(lin), None), Err(Refusal::WithOneself));
    let talk = institution.asks_for_anyone(same_person);
    assert!(institution.waits(talk), "not even by way of the common queue");
    let stranger = institution.asks_for_anyone(2);
    assert_eq!(institution.served_by(stranger), Some(lin), "and nobody waits behind them for that");
    let other = institution.serving(3, 1);
    assert_eq!(institution.served_by(talk), Some(other));
}
