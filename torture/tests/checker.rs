//! The checker is awake: of a good run it finds nothing, and of a bad one what is wrong with it, by name.

use std::collections::{BTreeMap, BTreeSet};

use hotline_torture::{
    checker::{
        ConversationRow, EvaluationRow, EventRow, Evidence, Limits, MessageRow, Tables, Verdict, Violation,
        check,
    },
    history::{Entry, Fact, HeardEvent, ServerFact},
    setup::BUSY_MACHINE_LIMITS,
};
use serde_json::{Value, json};

const LIMITS: Limits = Limits {
    grace: 2_000,
    waiting_max: 8_000,
    silence_notice: 4_000,
    silence_end: 3_000,
    text_max: 14_000,
    absent_max: 5_000,
    unanswered: [3_000, 6_000],
    limit_notices: [7_000, 4_000],
    late: 1_000,
    stored: 2_000,
    taken_over: 5_000,
    cut_off: 4_200,
};

/// One counselor with one place, on shift; `anna` talks, `ben` waits and is seated after Anna, `cleo` after Ben.
struct Run {
    tables: Tables,
    entries: Vec<Entry>,
    limits: Limits,
    until: i64,
}

fn event(seq: u64, at: i64, kind: &str, mut body: Value) -> EventRow {
    body["event"] = json!(kind);
    EventRow { seq, at, kind: kind.to_owned(), body }
}

fn opened(seq: u64, at: i64, conversation: &str, visitor: &str) -> EventRow {
    let body = json!({
        "conversation": conversation, "kind": "consultation", "visitor": visitor, "wanted": null, "fallback": false,
        "arrival": seq,
    });
    event(seq, at, "opened", body)
}

fn assigned(seq: u64, at: i64, conversation: &str) -> EventRow {
    event(seq, at, "assigned", json!({ "conversation": conversation, "counselor": "lin" }))
}

fn ended(seq: u64, at: i64, conversation: &str, reason: &str) -> EventRow {
    event(seq, at, "ended", json!({ "conversation": conversation, "reason": reason }))
}

fn row(
    id: &str,
    visitor: &str,
    status: &str,
    started_at: i64,
    ended: Option<(i64, &str)>,
) -> ConversationRow {
    ConversationRow {
        id: id.to_owned(),
        visitor: visitor.to_owned(),
        counselor: Some("lin".to_owned()),
        status: status.to_owned(),
        started_at: Some(started_at),
        ended_at: ended.map(|(at, _)| at),
        end_reason: ended.map(|(_, reason)| reason.to_owned()),
    }
}

fn message() -> MessageRow {
    MessageRow {
        from: "anna".to_owned(),
        to: "lin".to_owned(),
        key: "1_2_3".to_owned(),
        conversation: "a".to_owned(),
        said_at: 1_000,
        received_at: 1_050,
        body: r#"[{"MsgContent": {"Text": "token-1-end"}}]"#.to_owned(),
        system: false,
    }
}

impl Run {
    fn good() -> Self {
        let tables = Tables {
            events: vec![
                event(1, 0, "claimed", json!({})),
                opened(2, 100, "a", "anna"),
                assigned(3, 100, "a"),
                opened(4, 200, "b", "ben"),
                opened(5, 300, "c", "cleo"),
                ended(6, 2_000, "a", "visitor"),
                assigned(7, 2_000, "b"),
                // Killed, started again, and ended by the limit.
                event(8, 9_000, "claimed", json!({})),
                ended(9, 16_004, "b", "limit"),
                assigned(10, 16_004, "c"),
            ],
            conversations: vec![
                row("a", "anna", "FINISHED", 100, Some((2_000, "visitor"))),
                row("b", "ben", "TIME_OUT", 2_000, Some((16_004, "limit"))),
                row("c", "cleo", "IN_PROGRESS", 16_004, None),
            ],
            messages: vec![message()],
            unmatched: Vec::new(),
            evaluations: vec![EvaluationRow {
                id: "e".to_owned(),
                conversation: "a".to_owned(),
                object: "CONVERSATION".to_owned(),
                level: Some(4),
            }],
        };
        let mut run = Self { tables, entries: Vec::new(), limits: LIMITS, until: 17_000 };
        run.told();
        run
    }

    /// What everybody was told of it.
    fn told(&mut self) {
        self.note(20, "server", Fact::Server { what: ServerFact::Ready { after_ms: 100 } });
        for visitor in ["anna", "ben", "cleo"] {
            self.note(50, visitor, Fact::AskedOpen { visitor: visitor.to_owned() });
            self.note(
                60,
                visitor,
                Fact::Joined { socket: socket(visitor), person: visitor.to_owned(), cursor: 1 },
            );
        }
        self.opened("a", "anna", "IN_PROGRESS");
        self.opened("b", "ben", "WAITING");
        self.opened("c", "cleo", "WAITING");
        self.note(1_100, "tencent", said());
        self.hear("ben", 4);
        self.note(2_005, "anna", Fact::Ended { conversation: "a".to_owned() });
        self.note(2_006, "anna", Fact::Looked { what: "the end of a".to_owned(), there: true });
        self.hear("ben", 7);
        let (conversation, object) = ("a".to_owned(), "CONVERSATION".to_owned());
        self.note(
            2_100,
            "anna",
            Fact::Evaluated { id: Some("e".to_owned()), conversation, object, level: 4 },
        );
        self.note(8_000, "server", Fact::Server { what: ServerFact::Killed { ready: true } });
        self.note(9_100, "server", Fact::Server { what: ServerFact::Ready { after_ms: 100 } });
        self.hear("ben", 9);
    }

    fn note(&mut self, wall_ms: i64, client: &str, fact: Fact) {
        self.entries.push(Entry { run_ms: 0, wall_ms, client: client.to_owned(), fact });
    }

    fn opened(&mut self, conversation: &str, visitor: &str, status: &str) {
        let counselor = (status == "IN_PROGRESS").then(|| "lin".to_owned());
        let (conversation, status) = (conversation.to_owned(), status.to_owned());
        self.note(
            110,
            visitor,
            Fact::Opened { conversation, visitor: visitor.to_owned(), status, counselor },
        );
    }

    fn hear(&mut self, client: &str, seq: u64) {
        let event = self.tables.events.iter().find(|event| event.seq == seq).expect("it is there");
        let text = |key: &str| event.body[key].as_str().map(str::to_owned);
        let heard = HeardEvent {
            seq,
            at: event.at,
            kind: event.kind.clone(),
            conversation: text("conversation"),
            counselor: text("counselor"),
            reason: text("reason"),
        };
        self.note(event.at, client, Fact::Heard { socket: socket(client), event: heard });
    }

    fn judge(&self) -> Verdict {
        let capacities = BTreeMap::from([("lin".to_owned(), 1)]);
        let on_shift = BTreeSet::from(["lin".to_owned()]);
        check(&Evidence {
            entries: &self.entries,
            tables: &self.tables,
            limits: self.limits,
            capacities: &capacities,
            on_shift: &on_shift,
            until: self.until,
        })
    }

    /// The kinds of what is found, each once.
    fn violations(&self) -> Vec<Violation> {
        let found: BTreeSet<Violation> =
            self.judge().findings.iter().map(|finding| finding.violation).collect();
        found.into_iter().collect()
    }

    fn swap(&mut self, seq: u64, event: EventRow) {
        let place = self.tables.events.iter_mut().find(|event| event.seq == seq).expect("it is there");
        *place = event;
    }
}

fn socket(client: &str) -> u64 {
    u64::from(client.as_bytes()[0])
}

fn said() -> Fact {
    let MessageRow { from, to, key, conversation, .. } = message();
    Fact::Said { token: "token-1-end".to_owned(), from, to, key, conversation }
}

#[test]
fn of_a_good_run_nothing_is_found() {
    let verdict = Run::good().judge();
    assert_eq!(verdict.findings, []);
    let figures = verdict.figures;
    assert_eq!((figures.opens.acknowledged, figures.opens.found), (3, 3));
    assert_eq!((figures.ends.found, figures.messages.found, figures.evaluations.found), (1, 1, 1));
    assert_eq!((figures.deadlines, figures.latest_deadline_ms), (1, 4));
}

#[test]
fn one_lost_conversation_is_found() {
    let mut run = Run::good();
    run.note(500, "dora", Fact::AskedOpen { visitor: "dora".to_owned() });
    run.opened("d", "dora", "WAITING");
    assert_eq!(run.violations(), [Violation::Lost]);
}

#[test]
fn a_lost_end_message_evaluation_or_event_is_found() {
    let mut run = Run::good();
    run.note(500, "ben", Fact::Ended { conversation: "c".to_owned() });
    assert_eq!(run.violations(), [Violation::Lost]);
    let mut run = Run::good();
    run.tables.messages.clear();
    assert_eq!(run.violations(), [Violation::Lost]);
    let mut run = Run::good();
    run.tables.evaluations.clear();
    assert_eq!(run.violations(), [Violation::Lost]);
    let mut run = Run::good();
    let gone = HeardEvent {
        seq: 11,
        at: 16_500,
        kind: "noticed".to_owned(),
        conversation: None,
        counselor: None,
        reason: None,
    };
    run.note(16_500, "anna", Fact::Heard { socket: socket("anna"), event: gone });
    assert!(run.violations().contains(&Violation::Lost));
}

#[test]
fn one_doubled_message_is_found() {
    let mut run = Run::good();
    run.tables.messages.push(MessageRow { key: "9_9_9".to_owned(), ..message() });
    assert_eq!(run.violations(), [Violation::Doubled]);
}

#[test]
fn one_doubled_conversation_is_found() {
    let mut run = Run::good();
    // Cleo asked once; their lost answer must not have left two.
    run.tables.events.push(ended(11, 16_500, "c", "visitor"));
    run.tables.events.push(opened(12, 16_600, "d", "cleo"));
    run.tables.events.push(assigned(13, 16_600, "d"));
    run.tables.conversations[2] = row("c", "cleo", "FINISHED", 16_004, Some((16_500, "visitor")));
    run.tables.conversations.push(row("d", "cleo", "IN_PROGRESS", 16_600, None));
    assert_eq!(run.violations(), [Violation::Doubled]);
}

#[test]
fn a_kind_that_nobody_knows_is_found() {
    let mut run = Run::good();
    run.tables.events.push(event(11, 16_500, "misread", json!({ "conversation": "b" })));
    assert_eq!(run.violations(), [Violation::BrokenJournal]);
}

#[test]
fn one_who_is_overtaken_is_found() {
    let mut run = Run::good();
    run.swap(7, assigned(7, 2_000, "c"));
    run.swap(9, ended(9, 16_004, "c", "limit"));
    run.swap(10, assigned(10, 16_004, "b"));
    assert!(run.violations().contains(&Violation::Overtaken));
    assert_eq!(run.judge().count(Violation::Overtaken), 1);
}

#[test]
fn who_is_urgent_stands_ahead_of_who_came_before() {
    let mut run = Run::good();
    // Cleo becomes urgent before the place is free: now Ben overtakes Cleo.
    run.tables
        .events
        .insert(5, event(6, 1_500, "priority-changed", json!({ "conversation": "c", "priority": "urgent" })));
    for (index, event) in run.tables.events.iter_mut().enumerate() {
        event.seq = u64::try_from(index).expect("few") + 1;
    }
    assert_eq!(run.judge().count(Violation::Overtaken), 1);
}

#[test]
fn one_talk_too_many_is_found() {
    let mut run = Run::good();
    run.swap(6, assigned(6, 2_000, "b"));
    run.swap(7, ended(7, 2_000, "a", "visitor"));
    run.entries.retain(|entry| !matches!(&entry.fact, Fact::Heard { .. }));
    assert_eq!(run.violations(), [Violation::OverCapacity]);
}

#[test]
fn a_conversation_that_ends_twice_is_found() {
    let mut run = Run::good();
    run.tables.events.push(ended(11, 16_500, "b", "visitor"));
    assert_eq!(run.violations(), [Violation::EndedTwice]);
}

#[test]
fn what_was_told_before_it_was_stored_is_found() {
    let mut run = Run::good();
    run.note(2_006, "anna", Fact::Looked { what: "the end of a".to_owned(), there: false });
    assert_eq!(run.violations(), [Violation::AcknowledgedBeforeStored]);
}

#[test]
fn two_who_are_told_differently_are_found() {
    let mut run = Run::good();
    let other = HeardEvent {
        seq: 7,
        at: 2_000,
        kind: "assigned".to_owned(),
        conversation: Some("b".to_owned()),
        counselor: Some("chen".to_owned()),
        reason: None,
    };
    run.note(2_010, "chen", Fact::Heard { socket: 1_000, event: other });
    assert_eq!(run.violations(), [Violation::Contradiction]);
}

#[test]
fn an_event_that_a_socket_was_not_told_is_found() {
    let mut run = Run::good();
    run.entries.retain(|entry| !matches!(&entry.fact, Fact::Heard { event, .. } if event.seq == 7));
    assert_eq!(run.violations(), [Violation::NotDelivered]);
}

#[test]
fn a_visitor_in_two_conversations_is_found() {
    let mut run = Run::good();
    run.note(50, "ben", Fact::AskedOpen { visitor: "ben".to_owned() });
    run.tables.events.push(opened(11, 16_500, "d", "cleo"));
    run.note(50, "cleo", Fact::AskedOpen { visitor: "cleo".to_owned() });
    let mut waits = row("d", "cleo", "WAITING", 0, None);
    (waits.counselor, waits.started_at) = (None, None);
    run.tables.conversations.push(waits);
    assert_eq!(run.violations(), [Violation::TwoOpen]);
}

#[test]
fn a_hole_in_the_journal_and_a_conversation_unlike_it_are_found() {
    let mut run = Run::good();
    run.tables.events.pop();
    assert!(run.violations().contains(&Violation::StoreDisagrees));
    let mut run = Run::good();
    run.tables.events[9].seq = 11;
    assert_eq!(run.violations(), [Violation::BrokenJournal]);
}

#[test]
fn deadlines_that_fire_late_early_or_never_are_found() {
    let mut run = Run::good();
    run.swap(9, ended(9, 17_001, "b", "limit"));
    assert!(run.violations().contains(&Violation::Late));
    let mut run = Run::good();
    run.swap(9, ended(9, 15_999, "b", "limit"));
    assert!(run.violations().contains(&Violation::Early));
    let mut run = Run::good();
    run.until = 16_004 + 14_000 + 1_001;
    assert_eq!(run.violations(), [Violation::Late]);
    // Beside a busy machine there is more time, but not for ever.
    run.limits = BUSY_MACHINE_LIMITS;
    assert_eq!(run.violations(), []);
    run.until = 16_004 + 14_000 + run.limits.late + 1;
    assert_eq!(run.violations(), [Violation::Late]);
}

#[test]
fn a_notice_that_the_checker_knows_no_time_of_is_found() {
    let mut run = Run::good();
    let body = json!({ "conversation": "c", "notice": { "notice": "first-answer" } });
    run.tables.events.push(event(11, 20_000, "noticed", body));
    run.until = 20_100;
    assert_eq!(run.judge().count(Violation::BrokenJournal), 1);
}

#[test]
fn silence_and_alarms_that_the_words_speak_against_are_found() {
    let says = |from: &str, second: i64| MessageRow {
        from: from.to_owned(),
        key: format!("{from}_{second}"),
        conversation: "c".to_owned(),
        said_at: second * 1_000,
        received_at: second * 1_000 + 500,
        ..message()
    };
    let silence = json!({ "conversation": "c", "notice": { "notice": "silence" } });
    let alarm = json!({ "conversation": "c", "index": 0, "after_seconds": 3 });
    let cases = [
        ("noticed", 21_600, &silence, vec![says("lin", 16), says("sandbox_cleo", 17)], 1),
        ("noticed", 21_600, &silence, vec![says("sandbox_cleo", 16), says("lin", 17)], 0),
        ("unanswered", 20_100, &alarm, vec![says("lin", 16), says("sandbox_cleo", 17)], 0),
        ("unanswered", 20_100, &alarm, vec![says("sandbox_cleo", 16), says("lin", 17)], 1),
        ("unanswered", 19_900, &alarm, vec![says("lin", 16), says("sandbox_cleo", 17)], 1),
        ("unanswered", 19_005, &alarm, vec![], 0),
        // Known in between: their message came late, and the answer to it was not stored yet.
        (
            "unanswered",
            20_900,
            &alarm,
            vec![
                says("lin", 16),
                MessageRow { received_at: 19_500, ..says("sandbox_cleo", 17) },
                says("lin", 20),
            ],
            0,
        ),
    ];
    for (kind, at, body, messages, early) in cases {
        let mut run = Run::good();
        run.tables.events.push(event(11, at, kind, body.clone()));
        run.tables.messages.extend(messages.clone());
        run.until = at + 100;
        assert_eq!(run.judge().count(Violation::Early), early, "{kind} at {at} after {messages:?}");
    }
}

#[test]
fn what_could_not_be_stored_in_an_outage_does_not_count_yet() {
    let silence = json!({ "conversation": "c", "notice": { "notice": "silence" } });
    for (database, back, early) in
        [(true, 21_500, 0), (true, 19_000, 1), (false, 21_500, 0), (false, 19_000, 1)]
    {
        let mut run = Run::good();
        let came = MessageRow {
            from: "sandbox_cleo".to_owned(),
            key: "late".to_owned(),
            conversation: "c".to_owned(),
            said_at: 17_000,
            received_at: 17_500,
            ..message()
        };
        run.tables.messages.push(came);
        run.tables.events.push(event(11, 21_600, "noticed", silence.clone()));
        if database {
            let what = "frozen".to_owned();
            run.note(18_000, "fault injector", Fact::Disturbed { what, from: 18_000, to: back });
        } else {
            // Of several servers none served.
            run.note(18_000, "server", Fact::Server { what: ServerFact::NotReady });
            run.note(back, "server", Fact::Server { what: ServerFact::Ready { after_ms: 0 } });
        }
        run.until = 21_700;
        assert_eq!(run.judge().count(Violation::Early), early, "back at {back}");
    }
}

#[test]
fn what_fell_due_while_no_server_ran_is_due_at_the_start() {
    let mut run = Run::good();
    run.swap(8, event(8, 20_000, "claimed", json!({})));
    run.note(20_000, "server", Fact::Server { what: ServerFact::Ready { after_ms: 100 } });
    run.until = 21_100;
    for (seq, late, found) in [(9, 900, vec![]), (9, 1_001, vec![Violation::Late])] {
        let at = 20_000 + late;
        run.swap(seq, ended(seq, at, "b", "limit"));
        run.swap(10, assigned(10, at, "c"));
        run.tables.conversations[1] = row("b", "ben", "TIME_OUT", 2_000, Some((at, "limit")));
        run.tables.conversations[2] = row("c", "cleo", "IN_PROGRESS", at, None);
        run.entries.retain(|entry| !matches!(&entry.fact, Fact::Heard { event, .. } if event.seq == 9));
        assert_eq!(run.violations(), found);
    }
}

#[test]
fn a_server_that_ends_by_itself_and_a_log_that_complains_are_found() {
    let mut run = Run::good();
    run.note(900, "server", Fact::Server { what: ServerFact::Died { code: Some(101) } });
    run.note(901, "server", Fact::Server { what: ServerFact::LogError { line: "panicked".to_owned() } });
    run.note(902, "anna", Fact::Fault { what: "GET /config".to_owned(), status: 500 });
    assert_eq!(run.violations(), [Violation::ServerDied, Violation::LogError, Violation::Fault]);
    // While the database is away, an answer may say so.
    run.note(903, "fault injector", Fact::Disturbed { what: "frozen".to_owned(), from: 800, to: 950 });
    assert_eq!(run.violations(), [Violation::ServerDied, Violation::LogError]);
}

#[test]
fn a_server_that_stops_may_say_so_and_no_other() {
    let mut run = Run::good();
    run.note(902, "anna", Fact::Fault { what: "POST /im/say".to_owned(), status: 503 });
    assert_eq!(run.violations(), [Violation::Fault]);
    run.note(901, "server", Fact::Server { what: ServerFact::Stopping });
    assert_eq!(run.violations(), []);
    run.note(903, "anna", Fact::Fault { what: "POST /im/say".to_owned(), status: 500 });
    assert_eq!(run.violations(), [Violation::Fault]);
}
