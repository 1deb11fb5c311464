//! The clock of a talk: silence, the limits and the notices ahead of them, the absent, the unanswered.

use hotline_actors::{
    ConversationId, CounselorId,
    dispatch::{
        command::{Command, Refusal},
        conversation::{EndReason, Medium},
        event::{Event, Notice},
        limits::DispatchLimits,
    },
};

use crate::institution::{Institution, counselor, minutes, notices, seconds, visitor};

fn talk(institution: &mut Institution) -> (ConversationId, CounselorId) {
    let lin = institution.online(1, 1);
    let talk = institution.asks_for(1, lin);
    institution.says(talk, lin);
    (talk, lin)
}

/// Both speak every few minutes.
fn talks_on(institution: &mut Institution, talk: ConversationId, minutes_long: u64) -> Vec<Event> {
    let mut events = Vec::new();
    for _ in 0..minutes_long {
        events.extend(institution.passes(minutes(1)));
        institution.says(talk, visitor(1));
        institution.says(talk, counselor(1));
    }
    events
}

const TEN: Notice = Notice::Limit { index: 0, ahead_seconds: 600 };
const FIVE: Notice = Notice::Limit { index: 1, ahead_seconds: 300 };

#[test]
fn ten_minutes_of_silence_are_noticed_and_five_more_end_the_talk() {
    let mut institution = Institution::new();
    let (talk, _) = talk(&mut institution);
    let begun = institution.now;
    assert_eq!(institution.passes(minutes(10) - seconds(1)), []);
    assert_eq!(notices(&institution.passes(seconds(1)), talk), [Notice::Silence]);
    assert_eq!(institution.passes(minutes(5) - seconds(1)), []);
    institution.passes(seconds(1));
    assert_eq!(institution.end_of(talk), Some((begun + minutes(15), EndReason::Silence)));
}

#[test]
fn a_word_of_either_puts_the_notice_off() {
    let mut institution = Institution::new();
    let (talk, lin) = talk(&mut institution);
    institution.passes(minutes(9));
    institution.says(talk, visitor(1));
    institution.passes(minutes(9));
    institution.says(talk, lin);
    assert_eq!(institution.passes(minutes(10) - seconds(1)), []);
    assert_eq!(notices(&institution.passes(seconds(1)), talk), [Notice::Silence]);
}

#[test]
fn a_word_after_the_notice_starts_the_silence_anew() {
    let mut institution = Institution::new();
    let (talk, lin) = talk(&mut institution);
    institution.passes(minutes(14));
    institution.says(talk, lin);
    assert_eq!(institution.passes(minutes(10) - seconds(1)), []);
    assert_eq!(notices(&institution.passes(seconds(1)), talk), [Notice::Silence]);
    institution.passes(minutes(5));
    assert_eq!(institution.end_of(talk).map(|end| end.1), Some(EndReason::Silence));
}

#[test]
fn a_text_session_has_notices_ten_and_five_minutes_ahead_and_ends_after_sixty() {
    let mut institution = Institution::new();
    let (talk, _) = talk(&mut institution);
    let begun = institution.now;
    assert_eq!(talks_on(&mut institution, talk, 49), []);
    assert_eq!(notices(&talks_on(&mut institution, talk, 1), talk), [TEN]);
    assert_eq!(talks_on(&mut institution, talk, 4), []);
    assert_eq!(notices(&talks_on(&mut institution, talk, 1), talk), [FIVE]);
    assert_eq!(talks_on(&mut institution, talk, 4), []);
    talks_on(&mut institution, talk, 1);
    assert_eq!(institution.end_of(talk), Some((begun + minutes(60), EndReason::Limit)));
}

#[test]
fn of_two_notices_due_at_once_only_the_nearer_goes_out() {
    let mut institution = Institution::new();
    let (talk, _) = talk(&mut institution);
    talks_on(&mut institution, talk, 48);
    institution.says(talk, visitor(1));
    let events = institution.sleeps(minutes(8));
    assert_eq!(notices(&events, talk), [FIVE]);
    assert_eq!(institution.sleeps(seconds(30)), [], "and the farther one does not follow");
}

#[test]
fn when_the_end_is_due_too_nothing_else_is_said() {
    let mut institution = Institution::new();
    let (talk, _) = talk(&mut institution);
    assert_eq!(
        institution.sleeps(minutes(61)),
        [Event::Ended { conversation: talk, reason: EndReason::Limit }]
    );
}

#[test]
fn a_notice_with_no_room_before_the_limit_is_not_sent() {
    let mut institution =
        Institution::with(DispatchLimits { text_max: minutes(8), ..DispatchLimits::default() });
    let (talk, _) = talk(&mut institution);
    let events = talks_on(&mut institution, talk, 7);
    assert_eq!(notices(&events, talk), [FIVE], "ten minutes ahead of eight would be before the start");
}

#[test]
fn a_voice_call_has_forty_minutes_of_its_own_with_notices_of_its_own() {
    let mut institution = Institution::new();
    let (talk, _) = talk(&mut institution);
    talks_on(&mut institution, talk, 52);
    let since = institution.now;
    let call = Command::ChangeMedium { conversation: talk, medium: Medium::Voice { since } };
    institution.does(&call);
    assert_eq!(institution.does(&call), [], "the same call again is no event");
    assert_eq!(notices(&talks_on(&mut institution, talk, 30), talk), [TEN]);
    assert_eq!(notices(&talks_on(&mut institution, talk, 5), talk), [FIVE]);
    talks_on(&mut institution, talk, 5);
    assert_eq!(institution.end_of(talk), Some((since + minutes(40), EndReason::Limit)));
}

#[test]
fn a_call_in_what_only_waits_or_is_unknown_is_refused() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 0);
    let waiting = institution.asks_for(1, lin);
    let call = |conversation| Command::ChangeMedium { conversation, medium: Medium::Text };
    assert_eq!(institution.decide(&call(waiting)).map(|_| ()), Err(Refusal::OnlyWaiting));
    institution.ends(waiting);
    assert_eq!(institution.decide(&call(waiting)).map(|_| ()), Err(Refusal::UnknownConversation));
}

#[test]
fn a_visitor_seated_while_gone_has_three_minutes_to_come_back() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 0);
    let talk = institution.asks_for(1, lin);
    institution.does(&Command::Seen { visitor: visitor(1), here: true });
    institution.does(&Command::Seen { visitor: visitor(1), here: false });
    institution.passes(minutes(1));
    institution.resizes(lin, 1);
    institution.says(talk, lin);
    let seated = institution.now;
    institution.passes(minutes(3));
    assert_eq!(institution.end_of(talk), Some((seated + minutes(3), EndReason::Absent)));
}

#[test]
fn coming_back_or_a_word_of_their_own_is_enough_and_the_counselors_word_is_not() {
    for (back, ends) in [("here", false), ("word", false), ("counselor", true)] {
        let mut institution = Institution::new();
        let lin = institution.online(1, 0);
        let talk = institution.asks_for(1, lin);
        institution.does(&Command::Seen { visitor: visitor(1), here: false });
        institution.resizes(lin, 1);
        institution.passes(minutes(2));
        match back {
            "here" => {
                institution.does(&Command::Seen { visitor: visitor(1), here: true });
            }
            "word" => institution.says(talk, visitor(1)),
            _ => institution.says(talk, lin),
        }
        institution.passes(minutes(2));
        assert_eq!(institution.end_of(talk).is_some(), ends, "{back}");
    }
}

#[test]
fn one_who_leaves_during_the_talk_is_not_absent() {
    let mut institution = Institution::new();
    let (talk, _) = talk(&mut institution);
    institution.does(&Command::Seen { visitor: visitor(1), here: false });
    institution.passes(minutes(9));
    assert_eq!(institution.end_of(talk), None);
}

#[test]
fn an_unanswered_visitor_raises_an_alarm_after_two_and_five_minutes() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    let talk = institution.asks_for(1, lin);
    institution.says(talk, visitor(1));
    let unanswered = |index, after_seconds| Event::Unanswered { conversation: talk, index, after_seconds };
    assert_eq!(institution.passes(minutes(2) - seconds(1)), []);
    assert_eq!(institution.passes(seconds(1)), [unanswered(0, 120)]);
    assert_eq!(institution.passes(minutes(3)), [unanswered(1, 300)]);
    assert_eq!(institution.passes(minutes(5) - seconds(1)), []);
    assert_eq!(institution.passes(seconds(1)), [unanswered(2, 600)]);
    assert_eq!(
        institution.passes(minutes(15)),
        [unanswered(3, 900), unanswered(4, 1200), unanswered(5, 1500)]
    );
}

#[test]
fn whoever_wrote_last_is_never_asked_and_never_ended_for_silence() {
    let mut institution = Institution::new();
    let (talk, lin) = talk(&mut institution);
    let begun = institution.now;
    institution.passes(minutes(1));
    institution.says(talk, visitor(1));
    let events = institution.passes(minutes(59));
    assert_eq!(notices(&events, talk), [TEN, FIVE], "and not whether there is anything else");
    assert_eq!(institution.end_of(talk), Some((begun + minutes(60), EndReason::Limit)));
    // Also if the question had gone out before; and an answer lets silence begin.
    let next = institution.asks_for(1, lin);
    institution.says(next, lin);
    institution.passes(minutes(12));
    institution.says(next, visitor(1));
    assert_eq!(notices(&institution.passes(minutes(20)), next), []);
    institution.says(next, lin);
    assert_eq!(notices(&institution.passes(minutes(10)), next), [Notice::Silence]);
}

#[test]
fn silence_ends_a_talk_in_which_nobody_has_said_anything() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    let talk = institution.asks_for(1, lin);
    let begun = institution.now;
    institution.passes(minutes(15));
    assert_eq!(institution.end_of(talk), Some((begun + minutes(15), EndReason::Silence)));
}

#[test]
fn every_word_that_is_not_answered_raises_alarms_from_the_first_of_them_on() {
    let mut institution = Institution::new();
    let (talk, lin) = talk(&mut institution);
    let unanswered = |index, after_seconds| Event::Unanswered { conversation: talk, index, after_seconds };
    institution.passes(minutes(5));
    institution.says(talk, visitor(1));
    institution.passes(minutes(1));
    institution.says(talk, visitor(1));
    assert_eq!(institution.passes(minutes(1)), [unanswered(0, 120)], "two minutes after the first");
    institution.says(talk, lin);
    assert_eq!(institution.passes(minutes(8)), [], "whoever is answered does not wait");
    institution.says(talk, visitor(1));
    assert_eq!(
        institution.passes(minutes(5)),
        [unanswered(0, 120), unanswered(1, 300)],
        "and again from the beginning"
    );
}

#[test]
fn alarms_never_end_while_nobody_answers() {
    let limits = DispatchLimits { text_max: minutes(3_000), ..DispatchLimits::default() };
    let mut institution = Institution::with(limits);
    let lin = institution.online(1, 1);
    let talk = institution.asks_for(1, lin);
    institution.says(talk, visitor(1));
    let alarms = institution.passes(minutes(2_000));
    assert_eq!(alarms.len(), 401, "after two minutes, five, and every five more");
    let last = Event::Unanswered { conversation: talk, index: 400, after_seconds: 120_000 };
    assert_eq!(alarms.last(), Some(&last));
}

#[test]
fn words_that_come_late_or_again_blame_nobody_who_has_answered() {
    let mut institution = Institution::new();
    let (talk, lin) = talk(&mut institution);
    institution.passes(minutes(5));
    let (asked, now) = (institution.now - minutes(4), institution.now);
    let answered = asked + minutes(1);
    institution.dispatch.stored(talk, asked, visitor(1).into(), now);
    assert_eq!(institution.passes(seconds(5)), [], "the answer may be right behind it");
    institution.dispatch.stored(talk, answered, lin.into(), institution.now);
    // Delivered again, it is heard of again, and not stored.
    institution.dispatch.message_seen(talk, asked, visitor(1).into());
    institution.dispatch.coming(talk, institution.now);
    institution.dispatch.passed(talk);
    assert_eq!(institution.passes(minutes(4)), []);
    assert!(institution.dispatch.clock(talk).is_some_and(|clock| clock.unanswered_since().is_none()));
    // One that really waits is told of, once it is clear that nothing follows.
    institution.dispatch.stored(talk, institution.now - minutes(6), visitor(1).into(), institution.now);
    assert_eq!(institution.passes(seconds(9)), []);
    let alarm = Event::Unanswered { conversation: talk, index: 1, after_seconds: 300 };
    assert_eq!(institution.passes(seconds(1)), [alarm], "of several that are due only the last");
}

#[test]
fn a_word_on_its_way_to_the_store_holds_the_end_for_silence_up() {
    let mut institution = Institution::new();
    let (talk, _) = talk(&mut institution);
    institution.passes(minutes(15) - seconds(1));
    // It was said before the counselor's last word was noticed, and so puts nothing off by itself.
    institution.dispatch.coming(talk, institution.now);
    institution.passes(seconds(1));
    assert_eq!(institution.end_of(talk), None);
    institution.dispatch.stored(
        talk,
        institution.now - minutes(16) + seconds(60),
        visitor(1).into(),
        institution.now,
    );
    institution.passes(minutes(10));
    assert_eq!(institution.end_of(talk), None, "the visitor has said the last word");
}

#[test]
fn whoever_calls_answers() {
    let mut institution = Institution::new();
    let (talk, _) = talk(&mut institution);
    institution.passes(minutes(1));
    institution.says(talk, visitor(1));
    let call = |medium| Command::ChangeMedium { conversation: talk, medium };
    institution.does(&call(Medium::Voice { since: institution.now }));
    assert_eq!(institution.passes(minutes(9)), []);
    institution.does(&call(Medium::Text));
    assert_eq!(notices(&institution.passes(minutes(10)), talk), [Notice::Silence]);
}

#[test]
fn an_answer_is_an_answer_at_any_time() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    let talk = institution.asks_for(1, lin);
    institution.passes(minutes(3));
    institution.says(talk, lin);
    assert_eq!(institution.passes(minutes(5)), []);
}

#[test]
fn of_two_alarms_due_at_once_only_the_later_is_raised() {
    let mut institution = Institution::new();
    let lin = institution.online(1, 1);
    let talk = institution.asks_for(1, lin);
    let events = institution.sleeps(minutes(6));
    assert_eq!(events, [Event::Unanswered { conversation: talk, index: 1, after_seconds: 300 }]);
}

#[test]
fn an_outage_does_not_count_as_silence() {
    let mut institution = Institution::new();
    let (talk, _) = talk(&mut institution);
    institution.now = institution.now + minutes(12);
    institution.does(&Command::StoreRecovered);
    assert_eq!(institution.passes(minutes(10) - seconds(1)), []);
    assert_eq!(notices(&institution.passes(seconds(1)), talk), [Notice::Silence]);
}

#[test]
fn a_word_that_comes_from_a_slow_clock_takes_nothing_back() {
    let mut institution = Institution::new();
    let (talk, lin) = talk(&mut institution);
    institution.passes(minutes(5));
    institution.says(talk, lin);
    let earlier = institution.now - minutes(3);
    institution.dispatch.message_seen(talk, earlier, lin.into());
    assert_eq!(institution.passes(minutes(10) - seconds(1)), []);
}

#[test]
fn a_word_that_names_a_talk_belongs_to_it_and_not_to_the_next_of_the_two() {
    let mut institution = Institution::new();
    let (over, lin) = talk(&mut institution);
    institution.ends(over);
    let next = institution.asks_for(1, lin);
    let (one, other) = (visitor(1).into(), lin.into());
    assert_eq!(institution.dispatch.talk_between(one, other, Some(over)), None);
    assert_eq!(institution.dispatch.talk_between(one, other, Some(next)), Some(next));
    assert_eq!(institution.dispatch.talk_between(one, other, None), Some(next));
}
