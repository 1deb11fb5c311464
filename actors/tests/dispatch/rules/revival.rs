//! After a restart: nothing kept is lost, nobody is moved by mistake, deadlines stand.

use hotline_actors::dispatch::{
    clock::TalkClock,
    command::Command,
    conversation::{EndReason, Medium},
    counselor::{ChosenStatus, Counselor, PublicStatus},
    event::{Event, Notice},
};

use crate::institution::{Institution, assigned, minutes, notices, seconds, visitor};

#[test]
fn whoever_waits_keeps_their_place_over_a_restart() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    let talk = institution.asks_for(1, lin);
    let lines: Vec<_> = (2..=4).map(|number| institution.asks_for(number, lin)).collect();
    institution.urges(lines[2]);
    institution.restarts_after(seconds(5));
    assert_eq!(institution.served_by(talk), Some(lin));
    assert_eq!([0, 1, 2].map(|at| institution.ahead(lines[at])), [Some(1), Some(2), Some(0)]);
    let later = institution.asks_for(5, lin);
    assert_eq!(institution.ahead(later), Some(3), "and who comes later stands behind");
}

#[test]
fn everyone_is_offline_until_they_return_and_nobody_is_lost_during_the_grace() {
    let mut institution = Institution::new();
    let lin = institution.serving(1, 2);
    let talk = institution.asks_for(1, lin);
    institution.restarts_after(seconds(5));
    assert_eq!(
        institution.dispatch.counselor(lin).map(Counselor::public_status),
        Some(PublicStatus::Offline)
    );
    let (patient, flexible) = (institution.asks_for(2, lin), institution.asks_with_fallback(3, lin));
    assert!(
        institution.waits(patient) && !institution.is_common(flexible),
        "they have had no time to come back"
    );
    assert_eq!(institution.passes(seconds(59)), []);
    let seated = assigned(&institution.appears(lin, ChosenStatus::Online));
    assert_eq!(seated, [(patient, lin)]);
    let lost = Event::CounselorLost { counselor: lin };
    assert!(!institution.passes(seconds(30)).contains(&lost));
    assert_eq!(institution.served_by(talk), Some(lin));
}

#[test]
fn whoever_has_not_returned_when_the_grace_is_over_is_lost_once_and_their_line_goes_on() {
    let mut institution = Institution::new();
    let (lin, other) = (institution.online(1, 1), institution.serving(2, 5));
    let talk = institution.asks_for(1, lin);
    let (patient, flexible) = (institution.asks_for(2, lin), institution.asks_with_fallback(3, lin));
    institution.restarts_after(seconds(5));
    institution.appears(other, ChosenStatus::Online);
    assert_eq!(institution.passes(seconds(59)), []);
    assert_eq!(
        institution.passes(seconds(1)),
        [
            Event::PresenceChosen { counselor: lin, choice: None },
            Event::CounselorLost { counselor: lin },
            Event::Widened { conversation: flexible },
            Event::Assigned { conversation: flexible, counselor: other },
        ]
    );
    institution.says(talk, lin);
    assert_eq!(institution.passes(minutes(1)), []);
    assert!(institution.waits(patient) && institution.served_by(talk) == Some(lin));
}

#[test]
fn waiting_gets_at_least_the_grace_and_a_minute_after_a_restart() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 0);
    let (old, young) = (institution.asks_for(1, lin), {
        institution.passes(minutes(20));
        institution.asks_for(2, lin)
    });
    let asked = institution.now;
    institution.restarts_after(minutes(12));
    let back = institution.now;
    institution.passes(seconds(119));
    assert_eq!(institution.end_of(old), None);
    institution.passes(minutes(30));
    assert_eq!(institution.end_of(old), Some((back + minutes(2), EndReason::Waiting)));
    assert_eq!(
        institution.end_of(young),
        Some((asked + minutes(30), EndReason::Waiting)),
        "no more than needed"
    );
}

#[test]
fn silence_counts_from_the_return() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    let talk = institution.asks_for(1, lin);
    institution.says(talk, lin);
    institution.passes(minutes(11));
    institution.restarts_after(minutes(10));
    let back = institution.now;
    institution.appears(lin, ChosenStatus::Online);
    assert_eq!(notices(&institution.passes(minutes(10) - seconds(1)), talk), []);
    assert_eq!(notices(&institution.passes(seconds(1)), talk), [Notice::Silence]);
    institution.passes(minutes(5));
    assert_eq!(institution.end_of(talk), Some((back + minutes(15), EndReason::Silence)));
}

#[test]
fn the_hard_limit_stands() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 2);
    let (talk, call) = (institution.asks_for(1, lin), institution.asks_for(2, lin));
    let begun = institution.now;
    let since = institution.now + minutes(6);
    institution.passes(minutes(6));
    institution.does(&Command::ChangeMedium { conversation: call, medium: Medium::Voice { since } });
    institution.restarts_after(minutes(30));
    for _ in 0..40 {
        institution.passes(minutes(1));
        institution.says(talk, visitor(1));
        institution.says(call, visitor(2));
    }
    assert_eq!(institution.end_of(talk), Some((begun + minutes(60), EndReason::Limit)));
    assert_eq!(institution.end_of(call), Some((since + minutes(40), EndReason::Limit)));
}

#[test]
fn a_limit_passed_while_the_server_was_gone_ends_the_talk_at_once() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    let talk = institution.asks_for(1, lin);
    institution.restarts_after(minutes(90));
    assert_eq!(
        institution.passes(seconds(0)),
        [Event::Ended { conversation: talk, reason: EndReason::Limit }]
    );
    assert_eq!(institution.end_of(talk), Some((institution.now, EndReason::Limit)));
}

#[test]
fn notices_and_alarms_that_went_out_do_not_go_out_again() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    let talk = institution.asks_for(1, lin);
    for _ in 0..51 {
        institution.passes(minutes(1));
        institution.says(talk, visitor(1));
    }
    let before = institution.log.len();
    institution.restarts_after(seconds(10));
    institution.appears(lin, ChosenStatus::Online);
    institution.says(talk, visitor(1));
    institution.passes(minutes(1));
    assert_eq!(institution.log.len(), before, "ten minutes ahead, and both alarms, were told already");
}

#[test]
fn what_the_counselor_has_said_is_remembered() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    let talk = institution.asks_for(1, lin);
    institution.says(talk, lin);
    institution.restarts_after(minutes(3));
    institution.appears(lin, ChosenStatus::Online);
    assert_eq!(institution.passes(minutes(3)), []);
    assert!(institution.dispatch.clock(talk).is_some_and(|clock| clock.unanswered_since().is_none()));
}

#[test]
fn who_said_the_last_word_and_which_alarms_are_out_outlive_a_restart() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    let talk = institution.asks_for(1, lin);
    institution.says(talk, lin);
    institution.passes(minutes(1));
    institution.says(talk, visitor(1));
    let asked = institution.now;
    let alarm = |index, after_seconds| Event::Unanswered { conversation: talk, index, after_seconds };
    assert_eq!(institution.passes(minutes(3)), [alarm(0, 120)]);
    institution.restarts_after(minutes(1));
    institution.appears(lin, ChosenStatus::Online);
    assert_eq!(institution.dispatch.clock(talk).and_then(TalkClock::unanswered_since), Some(asked));
    assert_eq!(institution.passes(minutes(5)), [alarm(1, 300)], "and no other again");
    institution.restarts_after(seconds(1));
    institution.appears(lin, ChosenStatus::Online);
    assert_eq!(notices(&institution.passes(minutes(30)), talk), []);
    assert_eq!(institution.end_of(talk), None);
}

#[test]
fn one_restart_after_another_is_as_good_as_one() {
    let mut institution = Institution::new();
    let lin = institution.serving(1, 1);
    let (talk, waiting) = (institution.asks_for(1, lin), institution.asks_for_anyone(2));
    for _ in 0..5 {
        institution.restarts_after(seconds(20));
    }
    institution.appears(lin, ChosenStatus::Online);
    assert_eq!(assigned(&institution.ends(talk)), [(waiting, lin)]);
}

#[test]
fn the_minutes_after_a_call_outlive_a_restart() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    let talk = institution.asks_for(1, lin);
    for minute in 0..75 {
        institution.says(talk, visitor(1));
        let medium = match minute {
            50 => Some(Medium::Voice { since: institution.now }),
            73 => Some(Medium::Text),
            _ => None,
        };
        if let Some(medium) = medium {
            institution.does(&Command::ChangeMedium { conversation: talk, medium });
        }
        institution.passes(minutes(1));
    }
    let hung_up = institution.now - minutes(2);
    institution.restarts_after(minutes(1));
    institution.passes(minutes(2));
    assert_eq!(institution.end_of(talk), Some((hung_up + minutes(5), EndReason::Limit)));
}
