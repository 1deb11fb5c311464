//! The report: what was done, what was acknowledged and found, and what is wrong.

use std::{collections::BTreeMap, fmt::Write, time::Duration};

use crate::{
    checker::{Count, DirectFigures, Figures, LastWords, Limits, Verdict, Violation},
    fault_injector::{Injected, Plan},
    history::{Disconnect, Entry, Fact, OwnerFault},
    last_words, takeover,
};

/// Findings shown of each kind; the history has the rest.
const SHOWN_MAX: usize = 8;

/// What stands at its head.
#[derive(Debug, Clone)]
pub struct Head {
    pub command: String,
    pub date: String,
    pub seed: u64,
    pub binary: String,
    pub postgres: String,
    pub took: Duration,
    pub connections_cut: u64,
}

/// The whole report, as text.
pub fn write(head: &Head, plan: &Plan, injected: &Injected, verdict: &Verdict, entries: &[Entry]) -> String {
    let mut lines = Lines(String::new());
    let Plan { visitors, counselors, .. } = plan;
    lines.head(head, &format!("{visitors} visitors, {counselors} counselors, 1 supervisor"));
    lines.injected(head, injected);
    lines.kept(&verdict.figures);
    lines.violations(verdict);
    lines.deadlines(&verdict.figures);
    lines.line("not answered well", unwell(entries));
    for left_out in &injected.left_out {
        lines.line("LEFT OUT", left_out);
    }
    lines.line("findings", verdict.findings.len());
    let mut text = lines.0;
    findings(verdict, &mut text);
    text
}

/// The same of a run about last words.
pub fn write_last_words(
    head: &Head,
    plan: &last_words::Plan,
    injected: &Injected,
    verdict: &Verdict,
    entries: &[Entry],
) -> String {
    let mut lines = Lines(String::new());
    let last_words::Plan { visitors, counselors, .. } = plan;
    lines.head(head, &format!("{visitors} visitors who leave again and again, {counselors} counselors"));
    lines.injected_into_last_words(head, injected);
    lines.last_words(&verdict.figures);
    lines.line("not answered well", unwell(entries));
    lines.line("findings", verdict.findings.len());
    let mut text = lines.0;
    findings(verdict, &mut text);
    text
}

/// Several servers, and what was done to them besides.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    pub nodes: usize,
    pub starts: u32,
    pub done: takeover::Done,
}

/// The same of a run with several servers.
pub fn write_takeovers(
    head: &Head,
    plan: &takeover::Plan,
    group: &Group,
    verdict: &Verdict,
    entries: &[Entry],
) -> String {
    let mut lines = Lines(String::new());
    let takeover::Plan { visitors, counselors, .. } = plan;
    lines.head(head, &format!("{visitors} visitors, {counselors} counselors, 1 supervisor"));
    lines.line("servers", format!("{}, started {} times", group.nodes, group.starts));
    lines.takeovers(verdict, plan.limits);
    lines.done_besides(head, group.done);
    lines.direct(verdict.direct);
    lines.kept(&verdict.figures);
    lines.violations(verdict);
    for (name, violation) in [
        ("not served in time", Violation::NotServed),
        ("stale answers", Violation::StaleAnswer),
        ("owners moved for nothing", Violation::OwnerMoved),
        ("refused while rolling", Violation::RefusedWhileRolling),
    ] {
        lines.line(name, verdict.count(violation));
    }
    lines.deadlines(&verdict.figures);
    lines.line("not answered well", unwell(entries));
    lines.line("findings", verdict.findings.len());
    let mut text = lines.0;
    findings(verdict, &mut text);
    text
}

/// The kinds of what was done to servers and what is between them, for the report.
fn kind(fault: OwnerFault) -> &'static str {
    match fault {
        OwnerFault::Kill => "killed (SIGKILL)",
        OwnerFault::Stop => "stopped (SIGTERM)",
        OwnerFault::Freeze(..2_000) => "frozen for 1 s (SIGSTOP)",
        OwnerFault::Freeze(_) => "frozen for longer",
        OwnerFault::Cut(_) => "database refused",
        OwnerFault::SilentCut(_) => "database silent",
        OwnerFault::BusCut(_) => "bus refused",
        OwnerFault::BusSilent(_) => "bus silent",
        OwnerFault::CutOff(_) => "bus and database away",
        OwnerFault::NatsKill => "a nats-server killed",
        OwnerFault::NoNats(_) => "all nats-servers away",
        OwnerFault::NatsSplit(_) => "nats-servers apart",
        OwnerFault::Healed => "after the end of a fault",
    }
}

struct Lines(String);

impl Lines {
    fn line(&mut self, name: &str, value: impl std::fmt::Display) {
        let _infallible = writeln!(self.0, "{name:<28} {value}");
    }

    fn head(&mut self, head: &Head, people: &str) {
        self.line("torture", format!("{}, SEED={}", head.command, head.seed));
        self.line("date", &head.date);
        self.line("server", &head.binary);
        self.line("database", &head.postgres);
        self.line("duration", format!("{} s", head.took.as_secs()));
        self.line("people", people);
    }

    fn injected_into_last_words(&mut self, head: &Head, injected: &Injected) {
        self.line("kills (SIGKILL)", injected.kills);
        self.line("stops (SIGTERM)", injected.stops);
        self.line("PostgreSQL crashed", format!("{} times (pg_ctl stop -m immediate)", injected.crashes));
        self.line("PostgreSQL frozen", format!("{} s (SIGSTOP)", injected.frozen_seconds));
        self.line("connections cut", head.connections_cut);
    }

    /// Least, middle and most, to the first decision that was asked for afterwards.
    fn takeovers(&mut self, verdict: &Verdict, limits: Limits) {
        let mut by_kind: BTreeMap<&str, Vec<Option<u64>>> = BTreeMap::new();
        for takeover in &verdict.takeovers {
            by_kind.entry(kind(takeover.fault)).or_default().push(takeover.took_ms);
        }
        self.line("served again", format!("{} ms at most", limits.taken_over));
        for (kind, all) in by_kind {
            let mut times: Vec<u64> = all.iter().copied().flatten().collect();
            times.sort_unstable();
            let never = all.len() - times.len();
            let never = if never == 0 { String::new() } else { format!(", {never} never") };
            let [least, middle, most] = match (times.first(), times.get(times.len() / 2), times.last()) {
                (Some(least), Some(middle), Some(most)) => [*least, *middle, *most],
                (_, _, _) => [0; 3],
            };
            let times = format!("{} times: {least}, {middle}, {most} ms{never}", all.len());
            self.line(&format!("  {kind}"), times);
        }
    }

    fn done_besides(&mut self, head: &Head, done: takeover::Done) {
        let takeover::Done { other_kills, other_freezes, other_cuts, other_stops, crashes, .. } = done;
        let others = format!(
            "{other_kills} killed, {other_freezes} frozen, {other_cuts} cut off, {other_stops} stopped"
        );
        self.line("  of those not serving", others);
        self.line("PostgreSQL crashed", format!("{crashes} times (pg_ctl stop -m immediate)"));
        self.line("PostgreSQL frozen", format!("{} s (SIGSTOP)", done.frozen_seconds));
        self.line("owners compared", format!("{} times, before and after an outage", done.owners_compared));
        self.line("connections cut", head.connections_cut);
    }

    fn direct(&mut self, direct: DirectFigures) {
        let DirectFigures { asked, asked_others, uninformed, unanswered, stale } = direct;
        self.line(
            "asked past the balancer",
            format!("{asked} questions, {asked_others} of those that did not serve"),
        );
        let answers = format!("{uninformed} answered so, {unanswered} not answered, {stale} answered stale");
        self.line("  by these", answers);
    }

    fn last_words(&mut self, figures: &Figures) {
        for (way, of) in Disconnect::ALL.iter().zip(&figures.last_words) {
            let LastWords { visits, messages, whole, due, found } = of;
            let judged = format!("of {whole} all {due} had to be there, {found} were");
            self.line(
                &format!("left by {way:?}"),
                format!("{visits} visits with {messages} messages; {judged}"),
            );
            if *whole == 0 {
                self.line("LEFT OUT", "none of them could be judged: nobody could tell what had arrived");
            }
        }
        let Count { acknowledged, found } = figures.messages;
        self.line("acknowledged", format!("{acknowledged} messages, {found} found"));
        let Count { acknowledged, found } = figures.delivered;
        self.line("told to the other side", format!("{found} times, of {acknowledged}"));
        self.line("looked up at once", format!("{} acknowledgements", figures.looks));
        self.line("longest stall of ours", format!("{} ms", figures.longest_stall_ms));
    }

    fn injected(&mut self, head: &Head, injected: &Injected) {
        let starting = injected.kills_while_starting;
        self.line("kills (SIGKILL)", format!("{}, {starting} of them while starting", injected.kills));
        self.line(
            "starts",
            format!("{}, slowest {} ms until ready", injected.starts, injected.slowest_start_ms),
        );
        self.line("PostgreSQL crashed", format!("{} times (pg_ctl stop -m immediate)", injected.crashes));
        self.line("PostgreSQL frozen", format!("{} s (SIGSTOP)", injected.frozen_seconds));
        self.line("disk of PostgreSQL full", format!("{} s", injected.full_seconds));
        self.line("connections cut", head.connections_cut);
        let unanswered = injected.commits_without_answer;
        self.line(
            "  to the database",
            format!("{} cuts, {unanswered} before an answer", injected.database_cuts),
        );
        let swallowed = injected.answers_swallowed;
        self.line("  to clients", format!("{} cuts, {swallowed} before an answer", injected.client_cuts));
        self.line("two servers at once", format!("{} times", injected.second_servers));
        let clients = injected.misbehaving_clients;
        let silent = format!("{} stalled, {} half-closed", clients.stalled, clients.half_closed);
        let loud = format!("{} with garbage, {} vanished", clients.garbage, clients.vanished);
        self.line("misbehaving clients", format!("{silent}, {loud}"));
    }

    fn kept(&mut self, figures: &Figures) {
        let count = |of: Count| format!("{} acknowledged, {} found", of.acknowledged, of.found);
        self.line("opens", count(figures.opens));
        self.line("ends", count(figures.ends));
        self.line("messages", count(figures.messages));
        let unmatched = figures.unmatched;
        self.line(
            "unmatched messages",
            format!("{} told, {} found", unmatched.acknowledged, unmatched.found),
        );
        self.line("evaluations", count(figures.evaluations));
        self.line("events", figures.events);
        let frames = format!("{} events heard on {} sockets", figures.frames, figures.sockets);
        self.line("frames", frames);
        self.line("looked up at once", format!("{} acknowledgements", figures.looks));
    }

    fn violations(&mut self, verdict: &Verdict) {
        for (name, violation) in [
            ("lost", Violation::Lost),
            ("doubled", Violation::Doubled),
            ("overtaken", Violation::Overtaken),
            ("over capacity", Violation::OverCapacity),
            ("begun or ended twice", Violation::EndedTwice),
            ("acknowledged before stored", Violation::AcknowledgedBeforeStored),
            ("contradictions", Violation::Contradiction),
            ("found by hotline check", Violation::Check),
        ] {
            self.line(name, verdict.count(violation));
        }
    }

    fn deadlines(&mut self, figures: &Figures) {
        self.line("latest deadline", format!("{} ms, of {}", figures.latest_deadline_ms, figures.deadlines));
        let over = figures.deadlines_over_restart;
        let from_claim = figures.latest_from_claim_ms;
        let over = format!("{over}, the latest {from_claim} ms after the new server's claim");
        self.line("  due while no server ran", over);
        let after = figures.deadlines_after_outage;
        let latest = figures.latest_after_outage_ms;
        let after = format!("{after}, the latest {latest} ms after its end and four seconds");
        self.line("  after an outage", after);
        self.line("  ends of waiting", figures.waited_out);
        self.line("longest stall of ours", format!("{} ms", figures.longest_stall_ms));
    }
}

/// Answers that were none, or said no.
fn unwell(entries: &[Entry]) -> String {
    let (mut lost, mut faults, mut refused) = (0_u64, 0_u64, 0_u64);
    for entry in entries {
        match entry.fact {
            Fact::Lost { .. } => lost += 1,
            Fact::Fault { .. } => faults += 1,
            Fact::Refused { .. } => refused += 1,
            _ => {}
        }
    }
    format!("{lost} requests without an answer, {faults} answered with a fault, {refused} refused")
}

fn findings(verdict: &Verdict, text: &mut String) {
    let mut shown: BTreeMap<Violation, usize> = BTreeMap::new();
    for finding in &verdict.findings {
        let times = shown.entry(finding.violation).or_default();
        *times += 1;
        if *times <= SHOWN_MAX {
            let _infallible = writeln!(text, "  {}: {}", finding.violation, finding.what);
        }
    }
    for (violation, times) in shown.into_iter().filter(|(_, times)| *times > SHOWN_MAX) {
        let _infallible = writeln!(text, "  {violation}: {} more", times - SHOWN_MAX);
    }
}
