//! What sockets heard: each event is in the journal and says the same, to everybody, once, in order; and who heard a later
//! one has heard all that concerns them before it.

use std::collections::{BTreeMap, BTreeSet};

use super::{EventKind, EventRow, Evidence, Verdict, Violation};
use crate::history::{Fact, HeardEvent};

struct SocketLog<'a> {
    person: &'a str,
    /// Everything up to here was known when it came.
    cursor: u64,
    heard: BTreeSet<u64>,
    latest: u64,
}

pub(super) fn check(evidence: &Evidence<'_>, verdict: &mut Verdict) {
    let events: BTreeMap<u64, &EventRow> =
        evidence.tables.events.iter().map(|event| (event.seq, event)).collect();
    let visitors = visitors(&evidence.tables.events);
    let mut first_told: BTreeMap<u64, (&HeardEvent, &str)> = BTreeMap::new();
    let mut sockets: BTreeMap<u64, SocketLog<'_>> = BTreeMap::new();
    for entry in evidence.entries {
        match &entry.fact {
            Fact::Joined { socket, person, cursor } => {
                let log = SocketLog { person, cursor: *cursor, heard: BTreeSet::new(), latest: *cursor };
                // A second snapshot on the same socket begins anew.
                if let Some(before) = sockets.insert(*socket, log) {
                    missed(&evidence.tables.events, &visitors, &before, verdict);
                }
            }
            Fact::Heard { socket, event } => {
                verdict.figures.frames += 1;
                compare(event, events.get(&event.seq).copied(), &entry.client, verdict);
                let (first, to) = *first_told.entry(event.seq).or_insert((event, &entry.client));
                if first != event {
                    let what = format!("{to} was told {first:?}, {} {event:?}", entry.client);
                    verdict.find(Violation::Contradiction, what);
                }
                if let Some(log) = sockets.get_mut(socket) {
                    hear(log, event.seq, &entry.client, verdict);
                }
            }
            _ => {}
        }
    }
    verdict.figures.sockets = sockets.len() as u64;
    for log in sockets.values() {
        missed(&evidence.tables.events, &visitors, log, verdict);
    }
}

fn hear(log: &mut SocketLog<'_>, seq: u64, client: &str, verdict: &mut Verdict) {
    if !log.heard.insert(seq) {
        verdict.find(Violation::Doubled, format!("{client} heard event {seq} twice on one socket"));
    } else if seq <= log.latest {
        verdict.find(Violation::Contradiction, format!("{client} heard event {seq} after {}", log.latest));
    }
    log.latest = log.latest.max(seq);
}

fn compare(heard: &HeardEvent, stored: Option<&EventRow>, client: &str, verdict: &mut Verdict) {
    let Some(stored) = stored else {
        verdict.find(Violation::Lost, format!("event {} ({}), told to {client}", heard.seq, heard.kind));
        return;
    };
    let told = |key: &str| stored.body[key].as_str();
    let same = heard.kind == stored.kind
        && heard.at == stored.at
        && heard.conversation.as_deref() == told("conversation")
        && heard.reason.as_deref() == told("reason")
        && (heard.kind != "assigned" || heard.counselor.as_deref() == told("counselor"));
    if !same {
        verdict.find(
            Violation::Contradiction,
            format!("{client} was told {heard:?}; the journal has {stored:?}"),
        );
    }
}

/// Whom a visitor's events concern, by conversation.
fn visitors(events: &[EventRow]) -> BTreeMap<&str, &str> {
    let opened = events.iter().filter(|event| event.kind == "opened");
    opened.map(|event| (event.conversation(), event.text("visitor"))).collect()
}

fn missed(events: &[EventRow], visitors: &BTreeMap<&str, &str>, log: &SocketLog<'_>, verdict: &mut Verdict) {
    for event in events.iter().filter(|event| log.cursor < event.seq && event.seq <= log.latest) {
        let concerns = EventKind::of(&event.kind).is_some_and(EventKind::is_told_to_visitors)
            && visitors.get(event.conversation()) == Some(&log.person);
        if concerns && !log.heard.contains(&event.seq) {
            let what =
                format!("{} heard event {} and not {} ({})", log.person, log.latest, event.seq, event.kind);
            verdict.find(Violation::NotDelivered, what);
        }
    }
}
