//! The checker is awake to last words: of a good run it finds nothing, and of a bad one what is wrong with it, by name.

use std::collections::{BTreeMap, BTreeSet};

use hotline_torture::{
    checker::{
        ConversationRow, EventRow, Evidence, LastWords, MessageRow, Tables, Verdict, Violation, check,
    },
    history::{Disconnect, Entry, Fact, ServerFact, Visit},
    setup::{FINISH_MS, LAST_WORDS_LIMITS},
};
use serde_json::{Value, json};

/// The counselor's socket.
const SOCKET: u64 = 7;
/// When anna's last words had arrived.
const LEFT: i64 = 1_010;
/// When the counselor had heard all of them.
const HEARD: i64 = 1_200;

fn token(number: usize) -> String {
    format!("token-{number}-end")
}

fn event(seq: u64, kind: &str, mut body: Value) -> EventRow {
    body["event"] = json!(kind);
    EventRow { seq, at: 100, kind: kind.to_owned(), body }
}

fn message(number: usize) -> MessageRow {
    let said_at = LEFT + i64::try_from(number).expect("few") * 10;
    MessageRow {
        from: "sandbox_anna".to_owned(),
        to: "counselor1".to_owned(),
        key: format!("t:{}", token(number)),
        conversation: "t".to_owned(),
        said_at,
        received_at: said_at,
        body: json!([{ "MsgContent": { "Text": token(number) } }]).to_string(),
        system: false,
    }
}

/// Anna talks with `lin`, the first counselor, says four messages, and is gone.
struct Run {
    messages: Vec<MessageRow>,
    entries: Vec<Entry>,
}

impl Run {
    fn good() -> Self {
        let mut run = Self { messages: (1..=4).map(message).collect(), entries: Vec::new() };
        run.note(20, "server1", Fact::Server { what: ServerFact::Ready { after_ms: 10 } });
        run.note(50, "sandbox_anna", Fact::AskedOpen { visitor: "anna".to_owned() });
        run.note(150, "counselor1", Fact::Joined { socket: SOCKET, person: "lin".to_owned(), cursor: 3 });
        run.leave(Disconnect::CloseFrame);
        for number in 1..=4 {
            run.hear(HEARD, number);
        }
        run
    }

    fn note(&mut self, wall_ms: i64, client: &str, fact: Fact) {
        self.entries.push(Entry { run_ms: 0, wall_ms, client: client.to_owned(), fact });
    }

    fn leave(&mut self, way: Disconnect) {
        let visit = Visit {
            way,
            conversation: "t".to_owned(),
            tokens: (1..=4).map(token).collect(),
            late: vec![token(5)],
            began: 1_000,
            left: LEFT,
            arrived: true,
        };
        self.note(LEFT, "sandbox_anna", Fact::Left(visit));
    }

    fn hear(&mut self, wall_ms: i64, number: usize) {
        let fact = Fact::HeardMessage { socket: SOCKET, conversation: "t".to_owned(), token: token(number) };
        self.note(wall_ms, "counselor1", fact);
    }

    fn server(&mut self, wall_ms: i64, what: ServerFact) {
        self.note(wall_ms, "server1", Fact::Server { what });
    }

    /// The counselor's socket never heard these.
    fn deaf_to(&mut self, numbers: &[usize]) {
        let tokens: Vec<String> = numbers.iter().copied().map(token).collect();
        self.entries.retain(
            |entry| !matches!(&entry.fact, Fact::HeardMessage { token, .. } if tokens.contains(token)),
        );
    }

    /// As if these had never been kept.
    fn without(mut self, numbers: &[usize]) -> Self {
        let tokens: Vec<String> = numbers.iter().copied().map(token).collect();
        self.messages.retain(|message| !tokens.iter().any(|token| message.body.contains(token)));
        self.deaf_to(numbers);
        self
    }

    fn visit(&mut self) -> &mut Visit {
        let left = self
            .entries
            .iter_mut()
            .find_map(|entry| if let Fact::Left(visit) = &mut entry.fact { Some(visit) } else { None });
        left.expect("somebody has left")
    }

    fn judge(&self) -> Verdict {
        let body = json!({
            "conversation": "t", "kind": "consultation", "visitor": "anna", "wanted": null, "fallback": false,
            "arrival": 2,
        });
        let tables = Tables {
            events: vec![
                event(1, "claimed", json!({})),
                event(2, "opened", body),
                event(3, "assigned", json!({ "conversation": "t", "counselor": "lin" })),
            ],
            conversations: vec![ConversationRow {
                id: "t".to_owned(),
                visitor: "anna".to_owned(),
                counselor: Some("lin".to_owned()),
                status: "IN_PROGRESS".to_owned(),
                started_at: Some(100),
                ended_at: None,
                end_reason: None,
            }],
            messages: self.messages.clone(),
            ..Tables::default()
        };
        check(&Evidence {
            entries: &self.entries,
            tables: &tables,
            limits: LAST_WORDS_LIMITS,
            capacities: &BTreeMap::from([("lin".to_owned(), 12)]),
            on_shift: &BTreeSet::from(["lin".to_owned()]),
            until: 5_000,
        })
    }

    fn violations(&self) -> Vec<Violation> {
        let found: BTreeSet<Violation> =
            self.judge().findings.iter().map(|finding| finding.violation).collect();
        found.into_iter().collect()
    }
}

#[test]
fn of_a_good_run_nothing_is_found() {
    for way in Disconnect::ALL {
        let mut run = Run::good();
        run.visit().way = way;
        let verdict = run.judge();
        assert_eq!(verdict.findings, []);
        let whole = LastWords { visits: 1, messages: 4, whole: 1, due: 4, found: 4 };
        assert_eq!(verdict.figures.last_words[way as usize], whole);
        assert_eq!((verdict.figures.delivered.acknowledged, verdict.figures.delivered.found), (4, 4));
    }
}

#[test]
fn a_last_word_that_had_arrived_and_is_not_there_is_found_however_its_author_left() {
    for way in Disconnect::ALL {
        let mut run = Run::good().without(&[4]);
        run.visit().way = way;
        let findings = run.judge().findings;
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].violation, Violation::LastWordsLost);
        let told = "of 4 messages of sandbox_anna in t, who left by";
        assert!(findings[0].what.starts_with(told), "{}", findings[0].what);
        assert!(findings[0].what.ends_with("1 had arrived and are not there, the first of them token-4-end"));
    }
    // None of them.
    assert_eq!(Run::good().without(&[1, 2, 3, 4]).violations(), [Violation::LastWordsLost]);
}

#[test]
fn what_had_not_arrived_or_was_killed_may_be_missing_from_its_end() {
    let mut run = Run::good().without(&[3, 4]);
    run.visit().arrived = false;
    assert_eq!(run.violations(), []);
    for (at, violations) in [
        (999, vec![Violation::LastWordsLost]),
        (1_000, vec![]),
        (LEFT + FINISH_MS, vec![]),
        (LEFT + FINISH_MS + 1, vec![Violation::LastWordsLost]),
    ] {
        let mut run = Run::good().without(&[3, 4]);
        run.server(at, ServerFact::Killed { ready: true });
        assert_eq!(run.violations(), violations, "killed at {at}");
    }
}

#[test]
fn a_stop_excuses_only_what_was_said_beside_it() {
    for (from, until, violations) in [
        (900, 999, vec![Violation::LastWordsLost]),
        (900, 1_000, vec![]),
        (LEFT, 1_500, vec![]),
        (LEFT + 1, 1_500, vec![Violation::LastWordsLost]),
    ] {
        let mut run = Run::good().without(&[4]);
        run.server(from, ServerFact::Stopping);
        run.server(until, ServerFact::Stopped { code: Some(0) });
        assert_eq!(run.violations(), violations, "a stop from {from} until {until}");
    }
}

#[test]
fn a_gap_is_found_whatever_was_done_to_the_server() {
    let mut run = Run::good().without(&[2]);
    run.visit().arrived = false;
    assert_eq!(run.violations(), [Violation::OutOfOrder]);
    run.server(1_005, ServerFact::Killed { ready: true });
    assert_eq!(run.violations(), [Violation::OutOfOrder]);
    assert_eq!(Run::good().without(&[2]).violations(), [Violation::LastWordsLost, Violation::OutOfOrder]);
}

#[test]
fn words_in_another_order_are_found() {
    let mut run = Run::good();
    run.messages.swap(1, 2);
    assert_eq!(run.violations(), [Violation::OutOfOrder]);
    // Kept in order, and told otherwise.
    let mut run = Run::good();
    run.deaf_to(&[2, 3]);
    run.hear(HEARD, 3);
    run.hear(HEARD, 2);
    assert_eq!(run.violations(), [Violation::OutOfOrder]);
}

#[test]
fn what_is_kept_twice_or_after_the_log_out_is_found() {
    let mut run = Run::good();
    run.messages.push(MessageRow { key: "t:other".to_owned(), ..message(4) });
    assert!(run.violations().contains(&Violation::Doubled));
    let mut run = Run::good();
    run.messages.push(message(5));
    run.hear(HEARD, 5);
    assert_eq!(run.violations(), [Violation::AfterLogOut]);
}

#[test]
fn an_acknowledged_word_that_is_not_there_is_found_also_after_a_kill() {
    let mut run = Run::good().without(&[4]);
    let MessageRow { from, to, key, conversation, .. } = message(4);
    run.note(1_100, "sandbox_anna", Fact::Said { token: token(4), from, to, key, conversation });
    run.server(1_150, ServerFact::Killed { ready: true });
    assert_eq!(run.violations(), [Violation::Lost]);
}

#[test]
fn a_word_that_the_other_side_was_not_told_is_found() {
    // A later one was heard.
    let mut run = Run::good();
    run.deaf_to(&[2]);
    assert_eq!(run.violations(), [Violation::NotDelivered]);
    // Nothing later, but the socket is still there.
    let mut run = Run::good();
    run.deaf_to(&[4]);
    assert_eq!(run.violations(), [Violation::NotDelivered]);
    // The server stopped behind it, and said so.
    run.server(1_100, ServerFact::Stopping);
    run.note(1_300, "counselor1", Fact::Closed { socket: SOCKET, code: Some(1001) });
    run.server(1_400, ServerFact::Stopped { code: Some(0) });
    assert_eq!(run.violations(), [Violation::NotDelivered]);
}

#[test]
fn a_socket_that_was_cut_or_not_there_yet_need_not_have_heard() {
    for code in [None, Some(1013)] {
        let mut run = Run::good();
        run.deaf_to(&[4]);
        run.note(1_300, "counselor1", Fact::Closed { socket: SOCKET, code });
        assert_eq!(run.violations(), [], "{code:?}");
    }
    let mut run = Run::good();
    run.deaf_to(&[1, 2]);
    for entry in &mut run.entries {
        if matches!(entry.fact, Fact::Joined { .. }) {
            entry.wall_ms = message(2).received_at;
        }
    }
    assert_eq!(run.violations(), []);
}

#[test]
fn a_word_that_is_told_twice_or_is_nowhere_is_found() {
    let mut run = Run::good();
    run.hear(HEARD + 1, 3);
    assert_eq!(run.violations(), [Violation::Doubled]);
    let mut run = Run::good();
    run.hear(HEARD + 1, 9);
    assert_eq!(run.violations(), [Violation::Lost]);
}
