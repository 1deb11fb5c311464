//! The checker is awake to several servers: of a good run it finds nothing, and of a bad one what is wrong with it, by name.

use std::collections::{BTreeMap, BTreeSet};

use hotline_torture::{
    checker::{ConversationRow, EventRow, Evidence, Tables, Verdict, Violation, check},
    history::{DirectAnswer, DirectQuestion, Entry, Fact, OwnerFault, OwnerRow, ServerFact},
    setup::LIMITS,
};
use serde_json::{Value, json};

const OLD: &str = "node1-1";
const NEW: &str = "node2-1";
const FROZEN: u64 = 10_000;
const TAKEN_OVER: u64 = 13_000;
const THAWED: u64 = 20_000;

/// `OLD` serves and is frozen, `NEW` takes over; anna's conversation is opened there and ended by themselves.
struct Run {
    events: Vec<EventRow>,
    entries: Vec<Entry>,
}

fn event(seq: u64, at: i64, kind: &str, mut body: Value) -> EventRow {
    body["event"] = json!(kind);
    EventRow { seq, at, kind: kind.to_owned(), body }
}

fn switching() -> DirectAnswer {
    DirectAnswer::Refused { code: -1, message: "服务正在切换，请稍后再试".to_owned() }
}

fn owned(node: &str, epoch: i64) -> Vec<OwnerRow> {
    vec![OwnerRow { institution: "torture".to_owned(), node: Some(node.to_owned()), epoch }]
}

impl Run {
    fn good() -> Self {
        let opened = json!({
            "conversation": "a", "kind": "consultation", "visitor": "anna", "wanted": null, "fallback": false, "arrival": 3,
        });
        let events = vec![
            event(1, 100, "claimed", json!({})),
            event(2, 12_900, "claimed", json!({})),
            event(3, 14_000, "opened", opened),
            event(4, 21_000, "ended", json!({ "conversation": "a", "reason": "visitor" })),
        ];
        let mut run = Self { events, entries: Vec::new() };
        run.note(200, OLD, server(ServerFact::Ready { after_ms: 100 }));
        run.decide(300, 310);
        run.note(FROZEN, OLD, server(ServerFact::Frozen));
        run.note(FROZEN, OLD, Fact::OwnerFault { fault: OwnerFault::Freeze(10_000), began_ms: FROZEN - 5 });
        run.note(FROZEN + 1_000, OLD, server(ServerFact::NotReady));
        run.note(TAKEN_OVER, NEW, server(ServerFact::Ready { after_ms: 9_000 }));
        run.decide(TAKEN_OVER + 50, TAKEN_OVER + 60);
        run.note(13_900, "anna", Fact::AskedOpen { visitor: "anna".to_owned() });
        run.direct(OLD, DirectQuestion::End("a".to_owned()), 15_500, 20_001, switching());
        run.direct(OLD, DirectQuestion::Now, 15_000, 20_002, DirectAnswer::Fault(503));
        run.direct(OLD, DirectQuestion::Open, 15_100, 20_100, DirectAnswer::Nothing);
        run.direct(NEW, DirectQuestion::Now, 16_000, 16_010, DirectAnswer::Told(None));
        run.note(THAWED, OLD, server(ServerFact::Thawed));
        run.note(20_500, "fault injector", owners("PostgreSQL crashed", owned("b", 2), owned("b", 2)));
        run
    }

    fn note(&mut self, run_ms: u64, client: &str, fact: Fact) {
        let wall_ms = i64::try_from(run_ms).expect("not long");
        self.entries.push(Entry { run_ms, wall_ms, client: client.to_owned(), fact });
        self.entries.sort_by_key(|entry| entry.run_ms);
    }

    fn decide(&mut self, asked_ms: u64, answered_ms: u64) {
        self.note(answered_ms, "sandbox_probe1", Fact::Decided { asked_ms });
    }

    fn direct(
        &mut self,
        server: &str,
        question: DirectQuestion,
        asked_ms: u64,
        answered_ms: u64,
        answer: DirectAnswer,
    ) {
        let fact = Fact::Direct { server: server.to_owned(), question, asked_ms, answer };
        self.note(answered_ms, "sandbox_direct", fact);
    }

    fn without_decisions_from(mut self, from: u64) -> Self {
        self.entries.retain(|entry| !matches!(entry.fact, Fact::Decided { .. } if entry.run_ms >= from));
        self
    }

    fn judge(&self) -> Verdict {
        let row = ConversationRow {
            id: "a".to_owned(),
            visitor: "anna".to_owned(),
            counselor: None,
            status: "CANCELLED".to_owned(),
            started_at: None,
            ended_at: Some(21_000),
            end_reason: Some("visitor".to_owned()),
        };
        let tables = Tables { events: self.events.clone(), conversations: vec![row], ..Tables::default() };
        check(&Evidence {
            entries: &self.entries,
            tables: &tables,
            limits: LIMITS,
            capacities: &BTreeMap::new(),
            on_shift: &BTreeSet::new(),
            until: 22_000,
        })
    }

    /// The kinds of what is found, each once.
    fn violations(&self) -> Vec<Violation> {
        let found: BTreeSet<Violation> =
            self.judge().findings.iter().map(|finding| finding.violation).collect();
        found.into_iter().collect()
    }
}

fn server(what: ServerFact) -> Fact {
    Fact::Server { what }
}

fn owners(over: &str, before: Vec<OwnerRow>, after: Vec<OwnerRow>) -> Fact {
    Fact::Owners { over: over.to_owned(), before, after }
}

#[test]
fn of_a_good_run_nothing_is_found() {
    let verdict = Run::good().judge();
    assert_eq!(verdict.findings, []);
    let takeover = verdict.takeovers.first().expect("there was one");
    assert_eq!((takeover.fault, takeover.took_ms), (OwnerFault::Freeze(10_000), Some(3_065)));
    let direct = verdict.direct;
    assert_eq!((direct.asked, direct.asked_others), (4, 3));
    assert_eq!((direct.uninformed, direct.unanswered, direct.stale), (2, 1, 0));
}

#[test]
fn a_takeover_that_takes_too_long_or_never_comes_is_found() {
    let mut run = Run::good().without_decisions_from(TAKEN_OVER);
    assert_eq!(run.violations(), [Violation::NotServed]);
    // Asked before the fault and acknowledged after it: nobody was served anew.
    run.decide(FROZEN - 10, FROZEN + 100);
    assert_eq!(run.violations(), [Violation::NotServed]);
    run.decide(FROZEN + 4_990, FROZEN + 4_996);
    assert_eq!(run.violations(), [Violation::NotServed]);
    // Where the machine kept us waiting, it kept the servers waiting, too.
    run.note(FROZEN + 2_000, "machine", Fact::Stalled { ms: 150 });
    assert_eq!(run.violations(), []);
    run.entries.retain(|entry| !matches!(entry.fact, Fact::Stalled { .. }));
    run.decide(FROZEN + 4_900, FROZEN + 4_995);
    assert_eq!(run.violations(), []);
}

#[test]
fn whatever_the_old_server_says_that_it_would_have_to_serve_for_is_found() {
    let refused = DirectAnswer::Refused { code: -1, message: "您有尚未结束的会话".to_owned() };
    for (question, answer) in [
        (DirectQuestion::Now, DirectAnswer::Told(None)),
        (DirectQuestion::Open, refused.clone()),
        (DirectQuestion::End("a".to_owned()), DirectAnswer::Fault(403)),
    ] {
        let mut run = Run::good();
        run.direct(OLD, question.clone(), 15_200, 20_010, answer.clone());
        assert_eq!(run.violations(), [Violation::StaleAnswer], "{answer:?} to {question:?}");
        assert_eq!(run.judge().direct.stale, 1);
    }
    // Asked before anybody else was known to serve: it may have been true when it was decided.
    let mut run = Run::good();
    run.direct(OLD, DirectQuestion::Open, TAKEN_OVER - 10, 20_010, refused.clone());
    assert_eq!(run.violations(), []);
    // It serves again.
    let mut run = Run::good();
    run.note(21_100, OLD, server(ServerFact::Ready { after_ms: 0 }));
    run.note(21_150, NEW, server(ServerFact::NotReady));
    run.direct(OLD, DirectQuestion::Open, 21_050, 21_060, refused);
    assert_eq!(run.violations(), []);
}

#[test]
fn an_end_that_the_journal_does_not_know_yet_is_found() {
    let end = || DirectQuestion::End("a".to_owned());
    let mut run = Run::good();
    run.direct(OLD, end(), 15_200, 20_010, DirectAnswer::Told(None));
    assert_eq!(run.violations(), [Violation::Contradiction, Violation::StaleAnswer]);
    // Also by one that serves.
    let mut run = Run::good();
    run.direct(NEW, end(), 15_200, 20_999, DirectAnswer::Told(None));
    assert_eq!(run.violations(), [Violation::Contradiction]);
    let mut run = Run::good();
    run.direct(NEW, end(), 15_200, 21_005, DirectAnswer::Told(None));
    assert_eq!(run.violations(), []);
}

#[test]
fn two_that_say_they_are_ready_are_found() {
    let mut run = Run::good();
    run.note(THAWED + 100, OLD, server(ServerFact::Ready { after_ms: 0 }));
    assert_eq!(run.violations(), [Violation::StaleAnswer]);
    run.note(THAWED + 1_200, NEW, server(ServerFact::NotReady));
    assert_eq!(run.violations(), []);
}

#[test]
fn an_owner_that_moves_while_the_database_alone_is_away_is_found() {
    for (before, after) in [(owned("b", 2), owned("b", 3)), (owned("b", 2), owned("a", 2)), (vec![], vec![])]
    {
        let mut run = Run::good();
        run.note(20_600, "fault injector", owners("PostgreSQL frozen", before, after));
        assert_eq!(run.violations(), [Violation::OwnerMoved]);
    }
}

#[test]
fn one_that_does_not_serve_just_now_may_say_so_and_nothing_else() {
    let fault = |status| Fact::Fault { what: "PUT /conversation".to_owned(), status };
    let mut run = Run::good();
    run.note(FROZEN + 1_500, "anna", fault(503));
    assert_eq!(run.violations(), []);
    run.note(FROZEN + 1_500, "anna", fault(500));
    assert_eq!(run.violations(), [Violation::Fault]);
    let mut run = Run::good();
    run.note(THAWED + 1_500, "anna", fault(503));
    assert_eq!(run.violations(), [Violation::Fault]);
}

#[test]
fn the_death_of_one_that_stands_by_excuses_no_deadline() {
    let late = |killed: &str| {
        let mut run = Run::good();
        run.entries.retain(|entry| !matches!(entry.fact, Fact::OwnerFault { .. }));
        // A wait of eight seconds, over after the minute that who waits gets beyond the grace, and two seconds late.
        let due = 12_900 + LIMITS.grace + 60_000;
        run.events[3] = event(4, due + 2_000, "claimed", json!({}));
        run.events.push(event(5, due + 2_000, "ended", json!({ "conversation": "a", "reason": "waiting" })));
        run.note(
            u64::try_from(due - 100).expect("not long"),
            killed,
            server(ServerFact::Killed { ready: true }),
        );
        run.judge().count(Violation::Late)
    };
    assert_eq!((late("node3-1"), late(NEW)), (1, 0));
}
