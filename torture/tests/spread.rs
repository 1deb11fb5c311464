//! The checker is awake to servers that share the institutions over a bus: of a good run it finds nothing, and of a bad one what is wrong
//! with it, by name.

use std::collections::{BTreeMap, BTreeSet};

use hotline_torture::{
    checker::{EventRow, Evidence, Tables, Verdict, Violation, check},
    history::{DirectAnswer, DirectQuestion, Entry, Fact, OwnerFault, ServerFact},
    setup::LIMITS,
};
use serde_json::json;

const FIRST: &str = "node1-1";
const SECOND: &str = "node2-1";
const THIRD: &str = "node3-1";
/// The first is cut off from the bus then, and the second owns what it had.
const CUT: u64 = 10_000;
const MOVED: u64 = 12_500;
const HEALED: u64 = 18_000;
/// The second stops in order, and the third owns what it had.
const STOPPING: u64 = 30_000;
const STOPPED: u64 = 31_500;

/// Three servers; what is noted is in no order until it is judged.
struct Run(Vec<Entry>);

fn server(what: ServerFact) -> Fact {
    Fact::Server { what }
}

fn fault(fault: OwnerFault, began_ms: u64) -> Fact {
    Fact::OwnerFault { fault, began_ms }
}

fn told(server: &str, asked_ms: u64) -> Fact {
    direct(server, DirectQuestion::Now, asked_ms, DirectAnswer::Told(None))
}

fn direct(server: &str, question: DirectQuestion, asked_ms: u64, answer: DirectAnswer) -> Fact {
    Fact::Direct { server: server.to_owned(), question, asked_ms, answer }
}

impl Run {
    fn good() -> Self {
        let mut run = Self(Vec::new());
        for (name, at) in [(FIRST, 100), (SECOND, 110), (THIRD, 120)] {
            run.note(at, name, server(ServerFact::Ready { after_ms: 100 }));
        }
        run.note(130, FIRST, Fact::Owned { epoch: 1 });
        run.note(CUT + 1, FIRST, fault(OwnerFault::BusSilent(8_000), CUT));
        run.note(CUT + 2_900, FIRST, server(ServerFact::NotReady));
        run.note(MOVED, SECOND, Fact::Owned { epoch: 2 });
        run.ask(&[SECOND, THIRD], MOVED + 40);
        run.note(HEALED, FIRST, fault(OwnerFault::Healed, HEALED));
        run.note(HEALED + 900, FIRST, server(ServerFact::Ready { after_ms: 19_000 }));
        run.ask(&[FIRST, SECOND, THIRD], HEALED + 1_000);
        run.note(STOPPING, SECOND, server(ServerFact::Stopping));
        run.note(STOPPING + 1, SECOND, fault(OwnerFault::Stop, STOPPING));
        run.note(STOPPING + 100, SECOND, server(ServerFact::NotReady));
        run.note(STOPPING + 200, THIRD, Fact::Owned { epoch: 3 });
        run.note(STOPPING + 210, "anna", Fact::Closed { socket: 7, code: Some(1012) });
        run.ask(&[FIRST, THIRD], STOPPING + 300);
        run.note(STOPPING + 900, "anna", Fact::Joined { socket: 8, person: "anna".to_owned(), cursor: 0 });
        run.note(STOPPED, SECOND, server(ServerFact::Stopped { code: Some(0) }));
        run
    }

    fn note(&mut self, run_ms: u64, client: &str, fact: Fact) {
        let wall_ms = i64::try_from(run_ms).expect("not long");
        self.0.push(Entry { run_ms, wall_ms, client: client.to_owned(), fact });
    }

    /// Each of them is asked then and answers ten milliseconds later, and somebody is served through the balancer.
    fn ask(&mut self, servers: &[&str], at: u64) {
        for asked in servers {
            self.note(at + 10, "sandbox_direct", told(asked, at));
        }
        self.note(at + 10, "sandbox_probe1", Fact::Decided { asked_ms: at });
    }

    /// What those said who were asked past the balancer, from this moment on, is not there.
    fn without_answers_of(mut self, server: &str, from: u64) -> Self {
        self.0.retain(|entry| {
            !matches!(&entry.fact, Fact::Direct { server: asked, .. } if asked == server && entry.run_ms >= from)
        });
        self
    }

    fn judge(&self) -> Verdict {
        let mut entries = self.0.clone();
        entries.sort_by_key(|entry| entry.run_ms);
        let claims = [200, MOVED + 10, STOPPING + 205].into_iter().zip(1..);
        let claimed = |(at, seq): (u64, u64)| EventRow {
            seq,
            at: i64::try_from(at).expect("not long"),
            kind: "claimed".to_owned(),
            body: json!({ "event": "claimed" }),
        };
        check(&Evidence {
            entries: &entries,
            tables: &Tables { events: claims.map(claimed).collect(), ..Tables::default() },
            limits: LIMITS,
            capacities: &BTreeMap::new(),
            on_shift: &BTreeSet::new(),
            until: 40_000,
        })
    }

    /// The kinds of what is found, each once.
    fn violations(&self) -> Vec<Violation> {
        let found: BTreeSet<Violation> =
            self.judge().findings.iter().map(|finding| finding.violation).collect();
        found.into_iter().collect()
    }
}

#[test]
fn of_a_good_run_nothing_is_found() {
    let verdict = Run::good().judge();
    assert_eq!(verdict.findings, []);
    let took: Vec<_> = verdict.takeovers.iter().map(|takeover| (takeover.fault, takeover.took_ms)).collect();
    assert_eq!(
        took,
        [
            (OwnerFault::BusSilent(8_000), Some(2_550)),
            (OwnerFault::Healed, Some(1_010)),
            (OwnerFault::Stop, Some(310)),
        ]
    );
}

#[test]
fn one_of_the_others_that_does_not_go_on_is_found() {
    // The third hears nothing of the second until the first is back.
    let mut run = Run::good().without_answers_of(THIRD, MOVED);
    run.note(HEALED + 1_010, "sandbox_direct", told(THIRD, HEALED + 1_000));
    run.note(STOPPING + 310, "sandbox_direct", told(THIRD, STOPPING + 300));
    assert_eq!(run.violations(), [Violation::NotServed]);
    // Nobody asks it of one that has left meanwhile.
    run.note(CUT + 1_000, THIRD, server(ServerFact::Killed { ready: true }));
    assert_eq!(run.violations(), []);
}

#[test]
fn one_that_does_not_come_back_after_the_fault_is_found() {
    let run = Run::good().without_answers_of(FIRST, HEALED);
    assert_eq!(run.violations(), [Violation::NotServed]);
}

#[test]
fn one_that_is_cut_off_and_says_that_it_takes_requests_is_found() {
    let mut run = Run::good();
    run.0.retain(|entry| {
        entry.client != FIRST || !matches!(entry.fact, Fact::Server { what: ServerFact::NotReady })
    });
    assert_eq!(run.violations(), [Violation::StaleAnswer]);
    run.note(CUT + LIMITS.cut_off + 1, FIRST, server(ServerFact::NotReady));
    assert_eq!(run.violations(), [Violation::StaleAnswer]);
    run.note(CUT + LIMITS.cut_off - 1, FIRST, server(ServerFact::NotReady));
    assert_eq!(run.violations(), []);
}

#[test]
fn who_is_refused_while_a_server_stops_in_order_is_found() {
    let what = || "PUT /conversation".to_owned();
    let message = || "服务正在切换，请稍后再试".to_owned();
    for fact in [
        Fact::Lost { what: what() },
        Fact::Fault { what: what(), status: 503 },
        Fact::Refused { what: what(), code: -1, message: message() },
    ] {
        let mut run = Run::good();
        run.note(STOPPING + 700, "anna", fact.clone());
        assert_eq!(run.violations(), [Violation::RefusedWhileRolling], "{fact:?}");
        let mut run = Run::good();
        run.note(CUT + 2_000, "anna", fact);
        assert_eq!(run.violations(), [], "a server that is cut off may leave somebody without an answer");
    }
    // A no of the hotline is an answer.
    let mut run = Run::good();
    let message = "您有尚未结束的会话".to_owned();
    run.note(STOPPING + 700, "anna", Fact::Refused { what: what(), code: -1, message });
    assert_eq!(run.violations(), []);
}

#[test]
fn a_socket_that_comes_back_late_from_one_that_stops_is_found() {
    let mut run = Run::good();
    run.note(STOPPING + 220, "bert", Fact::Closed { socket: 9, code: Some(1012) });
    assert_eq!(run.violations(), [], "whoever had no other socket did not want one");
    run.note(STOPPING + 3_000, "bert", Fact::Joined { socket: 10, person: "bert".to_owned(), cursor: 0 });
    assert_eq!(run.violations(), [Violation::RefusedWhileRolling]);
}

#[test]
fn a_conversation_of_yesterday_is_found() {
    let opened =
        |asked_ms| direct(FIRST, DirectQuestion::Open, asked_ms, DirectAnswer::Told(Some("a".to_owned())));
    let mut run = Run::good();
    run.note(MOVED + 500, "sandbox_direct", Fact::Ended { conversation: "a".to_owned() });
    // Asked before anybody was told of its end.
    run.note(MOVED + 600, "sandbox_direct", opened(MOVED + 400));
    assert_eq!(run.violations(), [Violation::Lost], "this run knows nothing else of the conversation");
    run.note(MOVED + 700, "sandbox_direct", opened(MOVED + 501));
    assert_eq!(run.violations(), [Violation::Lost, Violation::StaleAnswer]);
}
