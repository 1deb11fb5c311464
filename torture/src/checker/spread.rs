//! Several servers with a bus: any of them takes any request. Whatever is done to one of them, or to what is between them, the others go
//! on or do so again soon; who is cut off says so; and one that stops in order refuses nobody.

use std::collections::BTreeMap;

use super::{
    Evidence, Takeover, Verdict, Violation,
    takeover::{UNINFORMED, stalled},
};
use crate::history::{DirectAnswer, Entry, Fact, OwnerFault, ServerFact};

/// A cut so long has to be seen.
const SEEN_MS: u64 = 5_000;
/// A socket that was closed in order is back within this: its client waits for up to 120 milliseconds, and the rest is two seconds.
const SOCKET_BACK_MS: u64 = 2_120;

pub(super) fn is_spread(entries: &[Entry]) -> bool {
    entries.iter().any(|entry| matches!(entry.fact, Fact::Owned { .. }))
}

/// When something was done to servers that share, by the wall clock. Whoever is asked then waits for four seconds for an owner, and says
/// so if there is none.
pub(super) fn faults(entries: &[Entry]) -> Vec<i64> {
    if !is_spread(entries) {
        return Vec::new();
    }
    let done = |entry: &&Entry| {
        matches!(
            entry.fact,
            Fact::OwnerFault { .. }
                | Fact::Server { what: ServerFact::Killed { .. } | ServerFact::Frozen | ServerFact::Thawed }
        )
    };
    entries.iter().filter(done).map(|entry| entry.wall_ms).collect()
}

pub(super) fn check(evidence: &Evidence<'_>, verdict: &mut Verdict) {
    for entry in evidence.entries {
        if let Fact::OwnerFault { fault, began_ms } = entry.fact {
            served_again(evidence, entry, fault, began_ms, verdict);
            says_so(evidence, entry, fault, began_ms, verdict);
        }
    }
    rolls(evidence, verdict);
}

/// Whether the server to which it is done is out of action itself.
fn is_out(fault: OwnerFault) -> bool {
    match fault {
        OwnerFault::Kill
        | OwnerFault::Stop
        | OwnerFault::Freeze(_)
        | OwnerFault::Cut(_)
        | OwnerFault::SilentCut(_)
        | OwnerFault::BusCut(_)
        | OwnerFault::BusSilent(_)
        | OwnerFault::CutOff(_) => true,
        OwnerFault::NatsKill | OwnerFault::NoNats(_) | OwnerFault::NatsSplit(_) | OwnerFault::Healed => false,
    }
}

/// Which servers took requests at this moment; after the end of a fault also those that run and did not.
fn servers(entries: &[Entry], at_ms: u64, fault: OwnerFault) -> Vec<&str> {
    let mut known: BTreeMap<&str, bool> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.run_ms < at_ms) {
        let Fact::Server { what } = &entry.fact else { continue };
        match what {
            ServerFact::Ready { .. } => {
                known.insert(&entry.client, true);
            }
            ServerFact::NotReady | ServerFact::Frozen => {
                if fault != OwnerFault::Healed {
                    known.insert(&entry.client, false);
                }
            }
            ServerFact::Killed { .. }
            | ServerFact::Stopping
            | ServerFact::Stopped { .. }
            | ServerFact::Died { .. } => {
                known.insert(&entry.client, false);
            }
            ServerFact::Started | ServerFact::Thawed | ServerFact::LogError { .. } => {}
        }
    }
    known.into_iter().filter(|(_, takes)| *takes).map(|(server, _)| server).collect()
}

/// Whether the server left, or said that it takes no requests, in this time.
fn left(entries: &[Entry], server: &str, from_ms: u64, to_ms: u64) -> bool {
    entries.iter().any(|entry| {
        let Fact::Server { what } = &entry.fact else { return false };
        entry.client == server
            && (from_ms..=to_ms).contains(&entry.run_ms)
            && match what {
                ServerFact::NotReady
                | ServerFact::Frozen
                | ServerFact::Killed { .. }
                | ServerFact::Stopping
                | ServerFact::Stopped { .. }
                | ServerFact::Died { .. } => true,
                ServerFact::Started
                | ServerFact::Thawed
                | ServerFact::Ready { .. }
                | ServerFact::LogError { .. } => false,
            }
    })
}

/// Each of the others does what it is asked for, soon; and so does somebody through the balancer.
fn served_again(
    evidence: &Evidence<'_>,
    entry: &Entry,
    fault: OwnerFault,
    began_ms: u64,
    verdict: &mut Verdict,
) {
    let entries = evidence.entries;
    let from = entry.run_ms.max(began_ms);
    let mut times = vec![first(entries, from, |fact| match fact {
        Fact::Decided { asked_ms } => Some(*asked_ms),
        _ => None,
    })];
    let mut missing = Vec::new();
    for server in servers(entries, from, fault) {
        if is_out(fault) && server == entry.client {
            continue;
        }
        let told = first(entries, from, |fact| match fact {
            Fact::Direct { server: asked, asked_ms, answer: DirectAnswer::Told(_), .. }
                if asked == server =>
            {
                Some(*asked_ms)
            }
            _ => None,
        });
        let max = evidence.limits.taken_over + stalled(entries, began_ms, told);
        let is_soon = told.is_some_and(|told| told.saturating_sub(began_ms) <= max);
        if is_soon || !left(entries, server, from, began_ms + max) {
            times.push(told);
            if told.is_none() {
                missing.push(server);
            }
        }
    }
    let latest = times.iter().copied().collect::<Option<Vec<u64>>>().and_then(|all| all.into_iter().max());
    let took_ms = latest.map(|latest| latest.saturating_sub(began_ms));
    verdict.takeovers.push(Takeover { fault, took_ms });
    let max = evidence.limits.taken_over + stalled(entries, began_ms, latest);
    let of = &entry.client;
    match took_ms {
        Some(took_ms) if took_ms <= max => {}
        Some(took_ms) => verdict.find(
            Violation::NotServed,
            format!("not everywhere for {took_ms} ms after {fault:?} of {of} at {began_ms} (at most {max})"),
        ),
        None => verdict.find(
            Violation::NotServed,
            format!("after {fault:?} of {of} at {began_ms}, never again by {missing:?}"),
        ),
    }
}

/// When the first answer came that was asked for after this moment.
fn first(entries: &[Entry], from_ms: u64, asked: impl Fn(&Fact) -> Option<u64>) -> Option<u64> {
    let after = |entry: &&Entry| asked(&entry.fact).is_some_and(|asked_ms| asked_ms >= from_ms);
    entries.iter().filter(after).map(|entry| entry.run_ms).min()
}

/// Who is cut off for long is seen to take no requests any more, soon.
fn says_so(evidence: &Evidence<'_>, entry: &Entry, fault: OwnerFault, began_ms: u64, verdict: &mut Verdict) {
    let for_ms = match fault {
        OwnerFault::Cut(ms)
        | OwnerFault::SilentCut(ms)
        | OwnerFault::BusCut(ms)
        | OwnerFault::BusSilent(ms)
        | OwnerFault::CutOff(ms) => ms,
        OwnerFault::Kill
        | OwnerFault::Stop
        | OwnerFault::Freeze(_)
        | OwnerFault::NatsKill
        | OwnerFault::NoNats(_)
        | OwnerFault::NatsSplit(_)
        | OwnerFault::Healed => return,
    };
    let max = evidence.limits.cut_off;
    if for_ms < SEEN_MS.max(max) {
        return;
    }
    let seen = evidence.entries.iter().find(|later| {
        later.run_ms >= began_ms
            && later.client == entry.client
            && matches!(later.fact, Fact::Server { what: ServerFact::NotReady })
    });
    let took = seen.map(|seen| seen.run_ms - began_ms);
    let max = max + stalled(evidence.entries, began_ms, Some(began_ms + max));
    if took.is_none_or(|took| took > max) {
        let what = format!(
            "{} was cut off at {began_ms} ({fault:?}) and seen so after {took:?} ms (at most {max})",
            entry.client
        );
        verdict.find(Violation::StaleAnswer, what);
    }
}

/// While a server stops in order nobody is refused, and whose socket is closed is back soon.
fn rolls(evidence: &Evidence<'_>, verdict: &mut Verdict) {
    let entries = evidence.entries;
    for (begun, client) in entries.iter().filter_map(|entry| match entry.fact {
        Fact::Server { what: ServerFact::Stopping } => Some((entry.run_ms, &entry.client)),
        _ => None,
    }) {
        let ended = entries.iter().find(|entry| {
            entry.run_ms >= begun
                && entry.client == *client
                && matches!(
                    entry.fact,
                    Fact::Server { what: ServerFact::Stopped { .. } | ServerFact::Died { .. } }
                )
        });
        let Some(ended) = ended.map(|entry| entry.run_ms) else { continue };
        let meanwhile = entries.iter().filter(|entry| (begun..=ended).contains(&entry.run_ms));
        for entry in meanwhile {
            let refused = match &entry.fact {
                Fact::Lost { what } => format!("{what} had no answer"),
                Fact::Fault { what, status } => format!("{what} was answered {status}"),
                Fact::Refused { what, message, .. } if UNINFORMED.contains(&message.as_str()) => {
                    format!("{what} was refused: {message}")
                }
                Fact::Closed { .. } => {
                    let max = SOCKET_BACK_MS + stalled(entries, entry.run_ms, Some(ended));
                    match back(entries, entry) {
                        Some(ms) if ms > max => format!("the socket was away for {ms} ms (at most {max})"),
                        Some(_) | None => continue,
                    }
                }
                _ => continue,
            };
            let what = format!("at {}, while {client} stopped, of {}: {refused}", entry.run_ms, entry.client);
            verdict.find(Violation::RefusedWhileRolling, what);
        }
    }
}

/// How long it took until this client had a socket again; none if it never wanted one.
fn back(entries: &[Entry], closed: &Entry) -> Option<u64> {
    let again = |entry: &&Entry| {
        entry.run_ms >= closed.run_ms
            && entry.client == closed.client
            && matches!(entry.fact, Fact::Joined { .. })
    };
    entries.iter().find(again).map(|entry| entry.run_ms - closed.run_ms)
}
