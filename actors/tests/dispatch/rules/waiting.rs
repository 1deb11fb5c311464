//! How long one waits.

use hotline_actors::dispatch::{
    conversation::{EndReason, Status},
    counselor::ChosenStatus,
    event::Event,
    limits::DispatchLimits,
};

use crate::institution::{Institution, assigned, minutes, seconds};

#[test]
fn waiting_ends_after_thirty_minutes_to_the_moment() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 0);
    let asked = institution.now;
    let (named, anyone) = (institution.asks_for(1, lin), institution.asks_for_anyone(2));
    assert_eq!(institution.passes(minutes(30) - seconds(1)), []);
    institution.passes(seconds(1));
    for waited in [named, anyone] {
        assert_eq!(institution.end_of(waited), Some((asked + minutes(30), EndReason::Waiting)));
    }
}

#[test]
fn one_who_waited_too_long_is_timed_out_and_one_who_left_has_cancelled() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 0);
    let (patient, left) = (institution.asks_for(1, lin), institution.asks_for(2, lin));
    let end = |reason| hotline_actors::dispatch::command::Command::End { conversation: left, reason };
    let decision = institution.dispatch.decide(institution.now, &end(EndReason::Visitor)).expect("is open");
    assert_eq!(decision.touched[0].status(), Status::Cancelled);
    institution.now = institution.now + minutes(30);
    let wake = hotline_actors::dispatch::command::Command::Wake;
    let decision = institution.dispatch.decide(institution.now, &wake).expect("is never refused");
    assert_eq!(decision.touched[0].id, patient);
    assert_eq!(decision.touched[0].status(), Status::TimeOut);
}

#[test]
fn a_place_in_the_last_second_is_a_place() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 0);
    let waiting = institution.asks_for(1, lin);
    institution.passes(minutes(30) - seconds(1));
    assert_eq!(assigned(&institution.resizes(lin, 1)), [(waiting, lin)]);
    institution.says(waiting, lin);
    assert_eq!(institution.passes(minutes(9)), [], "the waiting's alarm has gone with the waiting");
}

#[test]
fn a_short_limit_ends_the_wait_before_others_would_have_served() {
    let mut institution =
        Institution::with(DispatchLimits { waiting_max: minutes(3), ..DispatchLimits::default() });
    let lin = institution.online(1, 0);
    institution.serving(2, 0);
    let waiting = institution.asks_with_fallback(1, lin);
    assert_eq!(
        institution.passes(minutes(3)),
        [Event::Ended { conversation: waiting, reason: EndReason::Waiting }]
    );
}

#[test]
fn an_alarm_that_comes_too_early_changes_nothing() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 0);
    institution.asks_with_fallback(1, lin);
    institution.passes(minutes(1));
    assert_eq!(institution.does(&hotline_actors::dispatch::command::Command::Wake), []);
    assert_eq!(institution.passes(minutes(4)).len(), 1);
}

#[test]
fn after_an_outage_nobody_loses_their_wait_before_counselors_could_come_back() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 0);
    let waiting = institution.asks_for(1, lin);
    institution.now = institution.now + minutes(45);
    let back = institution.now;
    assert_eq!(institution.does(&hotline_actors::dispatch::command::Command::StoreRecovered), []);
    assert_eq!(institution.passes(seconds(119)), []);
    institution.passes(seconds(1));
    assert_eq!(institution.end_of(waiting), Some((back + minutes(2), EndReason::Waiting)));
}

#[test]
fn presence_has_no_say_in_how_long_one_waits() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 0);
    let asked = institution.now;
    let waiting = institution.asks_for(1, lin);
    for choice in [ChosenStatus::Away, ChosenStatus::Busy, ChosenStatus::Online] {
        institution.passes(minutes(5));
        institution.appears(lin, choice);
    }
    institution.passes(minutes(20));
    assert_eq!(institution.end_of(waiting), Some((asked + minutes(30), EndReason::Waiting)));
}
