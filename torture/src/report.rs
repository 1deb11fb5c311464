//! The report: what was done, what was acknowledged and found, and what is wrong.

use std::{collections::BTreeMap, fmt::Write, time::Duration};

use crate::{
    checker::{Count, Flaw, Verdict},
    diary::{Entry, Fact},
    hammer::{Done, Plan},
};

/// Findings shown of each kind; the diary has the rest.
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
pub fn write(head: &Head, plan: &Plan, done: &Done, verdict: &Verdict, entries: &[Entry]) -> String {
    let mut text = String::new();
    let figures = &verdict.figures;
    let mut line = |name: &str, value: String| {
        let _infallible = writeln!(text, "{name:<28} {value}");
    };
    line("torture", format!("{}, SEED={}", head.command, head.seed));
    line("date", head.date.clone());
    line("server", head.binary.clone());
    line("database", head.postgres.clone());
    line("duration", format!("{} s", head.took.as_secs()));
    line("people", format!("{} visitors, {} counselors, 1 supervisor", plan.visitors, plan.counselors));
    line("kills (SIGKILL)", format!("{}, {} of them while starting", done.kills, done.kills_while_starting));
    line("starts", format!("{}, slowest {} ms until ready", done.starts, done.slowest_start_ms));
    line("PostgreSQL crashed", format!("{} times (pg_ctl stop -m immediate)", done.crashes));
    line("PostgreSQL frozen", format!("{} s (SIGSTOP)", done.frozen_seconds));
    line("disk of PostgreSQL full", format!("{} s", done.full_seconds));
    line(
        "connections cut",
        format!(
            "{} in {} cuts to the database ({} between a statement and its answer) and {} to clients ({} before an answer)",
            head.connections_cut,
            done.database_cuts,
            done.commits_without_answer,
            done.client_cuts,
            done.answers_swallowed
        ),
    );
    line("two servers at once", format!("{} times", done.twins));
    let rude = done.rudeness;
    line(
        "rude clients",
        format!(
            "{} stalled, {} half-closed, {} with garbage, {} vanished",
            rude.stalled, rude.half_closed, rude.garbage, rude.vanished
        ),
    );
    let count = |of: Count| format!("{} acknowledged, {} found", of.acknowledged, of.found);
    line("opens", count(figures.opens));
    line("ends", count(figures.ends));
    line(
        "messages",
        format!(
            "{}; {} more kept apart, {} found",
            count(figures.words),
            figures.kept_apart.acknowledged,
            figures.kept_apart.found
        ),
    );
    line("evaluations", count(figures.evaluations));
    line("events", figures.events.to_string());
    line("frames", format!("{} events heard on {} sockets", figures.frames, figures.sockets));
    line("looked up at once", format!("{} acknowledgements", figures.looks));
    for (name, flaw) in [
        ("lost", Flaw::Lost),
        ("doubled", Flaw::Doubled),
        ("overtaken", Flaw::Overtaken),
        ("over capacity", Flaw::OverCapacity),
        ("begun or ended twice", Flaw::EndedTwice),
        ("acknowledged before stored", Flaw::AcknowledgedBeforeStored),
        ("contradictions", Flaw::Contradiction),
    ] {
        line(name, verdict.count(flaw).to_string());
    }
    line(
        "latest deadline",
        format!(
            "{} ms, of {}; {} had fallen due while no server ran",
            figures.latest_deadline_ms, figures.deadlines, figures.deadlines_over_restart
        ),
    );
    line(
        "latest after an outage",
        format!(
            "{} ms, of {}, counted from three seconds after it",
            figures.latest_after_outage_ms, figures.deadlines_after_outage
        ),
    );
    line("waited to the end", figures.waited_out.to_string());
    line("not answered well", unwell(entries));
    for left_out in &done.left_out {
        line("LEFT OUT", left_out.clone());
    }
    line("findings", verdict.findings.len().to_string());
    findings(verdict, &mut text);
    text
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
    let mut shown: BTreeMap<Flaw, usize> = BTreeMap::new();
    for finding in &verdict.findings {
        let times = shown.entry(finding.flaw).or_default();
        *times += 1;
        if *times <= SHOWN_MAX {
            let _infallible = writeln!(text, "  {}: {}", finding.flaw, finding.what);
        }
    }
    for (flaw, times) in shown.into_iter().filter(|(_, times)| *times > SHOWN_MAX) {
        let _infallible = writeln!(text, "  {flaw}: {} more", times - SHOWN_MAX);
    }
}
