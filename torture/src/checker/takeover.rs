//! Several servers, one of which serves: another serves soon after it was put out of action, nobody else says anything that it
//! would have to know, and an outage of the database alone is no reason to change places.

use super::{Evidence, Verdict, Violation, spread};
use crate::history::{DirectAnswer, DirectQuestion, Entry, Fact, OwnerFault, ServerFact};

/// What a server may say that does not serve: none of it is about anything that it would have to know.
pub(super) const UNINFORMED: [&str; 4] = [
    "服务正在切换，请稍后再试",
    "服务正在重启，请稍后再试",
    "操作尚未确认，请稍后查看结果",
    "系统繁忙，请稍后再试",
];

/// Within this the balancer has seen that a server takes requests, or takes none any more: its time for an answer, the
/// pause between two questions, and as much again beside a busy machine.
const SEEN_WITHIN_MS: u64 = 3_000;

/// How long after a fault somebody served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Takeover {
    pub fault: OwnerFault,
    /// To the first decision that was asked for after it and acknowledged; none if there was none.
    pub took_ms: Option<u64>,
}

/// What those said who were asked past the balancer, by whether they served.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DirectFigures {
    pub asked: u64,
    /// Of these, while another was known to serve.
    pub asked_others: u64,
    pub uninformed: u64,
    pub unanswered: u64,
    pub stale: u64,
}

pub(super) fn check(evidence: &Evidence<'_>, verdict: &mut Verdict) {
    let served = Served::of(evidence.entries);
    let one_serves = !spread::is_spread(evidence.entries);
    if one_serves {
        served_again(evidence, verdict);
        served.only_one(verdict);
    } else {
        spread::check(evidence, verdict);
    }
    for entry in evidence.entries {
        match &entry.fact {
            Fact::Direct { server, question, asked_ms, answer } => {
                verdict.direct.asked += 1;
                if one_serves && served.was_another(server, *asked_ms, entry.run_ms) {
                    other_said(server, question, answer, entry, verdict);
                }
                match (question, answer) {
                    (DirectQuestion::End(conversation), DirectAnswer::Told(_)) => {
                        is_over(evidence, server, conversation, entry, verdict);
                    }
                    (DirectQuestion::Open, DirectAnswer::Told(Some(conversation))) => {
                        is_not_over(evidence, server, conversation, *asked_ms, verdict);
                    }
                    (_, _) => {}
                }
            }
            Fact::Owners { over, before, after } if before.is_empty() || before != after => {
                let what = format!("{over}: before {before:?}, after {after:?}");
                verdict.find(Violation::OwnerMoved, what);
            }
            _ => {}
        }
    }
}

fn served_again(evidence: &Evidence<'_>, verdict: &mut Verdict) {
    for entry in evidence.entries {
        let Fact::OwnerFault { fault, began_ms } = entry.fact else { continue };
        // A decision that was asked for before may have been acknowledged before.
        let after = evidence.entries.iter().filter(|later| {
            matches!(later.fact, Fact::Decided { asked_ms } if asked_ms >= entry.run_ms.max(began_ms))
        });
        let first = after.map(|later| later.run_ms).min();
        let took_ms = first.map(|first| first.saturating_sub(began_ms));
        verdict.takeovers.push(Takeover { fault, took_ms });
        let max = evidence.limits.taken_over + stalled(evidence.entries, began_ms, first);
        match took_ms {
            Some(took_ms) if took_ms <= max => {}
            Some(took_ms) => verdict.find(
                Violation::NotServed,
                format!("for {took_ms} ms after {fault:?} of {} at {began_ms} (at most {max})", entry.client),
            ),
            None => verdict.find(
                Violation::NotServed,
                format!("after {fault:?} of {} at {began_ms}, never again", entry.client),
            ),
        }
    }
}

/// How long the machine kept us waiting meanwhile.
pub(super) fn stalled(entries: &[Entry], from_ms: u64, to_ms: Option<u64>) -> u64 {
    let to_ms = to_ms.unwrap_or(u64::MAX);
    let meanwhile = entries.iter().filter(|entry| (from_ms..=to_ms).contains(&entry.run_ms));
    let stalls = meanwhile.map(|entry| match entry.fact {
        Fact::Stalled { ms } => u64::try_from(ms).unwrap_or(0),
        _ => 0,
    });
    stalls.sum()
}

/// When each server was seen to take requests, and when it was seen not to, in the order of the run.
struct Served<'a>(Vec<(u64, &'a str, bool)>);

impl<'a> Served<'a> {
    fn of(entries: &'a [Entry]) -> Self {
        let seen = |entry: &'a Entry| {
            let Fact::Server { what } = &entry.fact else { return None };
            let takes = match what {
                ServerFact::Ready { .. } => true,
                ServerFact::NotReady
                | ServerFact::Frozen
                | ServerFact::Killed { .. }
                | ServerFact::Stopping
                | ServerFact::Stopped { .. }
                | ServerFact::Died { .. } => false,
                ServerFact::Started | ServerFact::Thawed | ServerFact::LogError { .. } => return None,
            };
            Some((entry.run_ms, entry.client.as_str(), takes))
        };
        Self(entries.iter().filter_map(seen).collect())
    }

    /// Whether it was known by `asked_ms` that another serves than `server`, and `server` has not served again since.
    fn was_another(&self, server: &str, asked_ms: u64, answered_ms: u64) -> bool {
        let ready = || self.0.iter().filter(|(_, _, takes)| *takes);
        let last = ready().rfind(|(at, _, _)| *at < asked_ms);
        let Some((since, other, _)) = last else { return false };
        // It serves a little before the balancer sees it.
        let again = |(at, name, _): &&(u64, &str, bool)| {
            *name == server && at > since && *at <= answered_ms + SEEN_WITHIN_MS
        };
        *other != server && ready().find(again).is_none()
    }

    /// Whoever becomes ready while another is, takes over from it: then that one is not ready any more, soon.
    fn only_one(&self, verdict: &mut Verdict) {
        for (index, (at, name, takes)) in self.0.iter().enumerate() {
            if !takes {
                continue;
            }
            let Some((_, other, _)) =
                self.0[..index].iter().rfind(|(_, other, takes)| *takes && other != name)
            else {
                continue;
            };
            let of_other = |(_, of, _): &&(u64, &str, bool)| of == other;
            let was_ready = self.0[..index].iter().rfind(of_other).is_some_and(|(_, _, takes)| *takes);
            let left = self.0[index..]
                .iter()
                .any(|(then, of, takes)| of == other && !takes && *then <= at + SEEN_WITHIN_MS);
            if was_ready && !left {
                let what = format!("{name} said at {at} that it is ready, and {other} was and stayed so");
                verdict.find(Violation::StaleAnswer, what);
            }
        }
    }
}

/// Whose the institution was, and since when, by the wall clock; nothing without a bus.
pub(super) fn owners(entries: &[Entry]) -> Vec<(i64, &str)> {
    let owned = entries.iter().filter(|entry| matches!(entry.fact, Fact::Owned { .. }));
    owned.map(|entry| (entry.wall_ms, entry.client.as_str())).collect()
}

/// When a server was seen to take no requests any more, or was told to stop, by the wall clock.
pub(super) fn changes(entries: &[Entry]) -> Vec<i64> {
    let left = |entry: &&Entry| {
        matches!(entry.fact, Fact::Server { what: ServerFact::NotReady | ServerFact::Stopping })
    };
    entries.iter().filter(left).map(|entry| entry.wall_ms).collect()
}

/// From when until when nobody was seen to take requests who had before, by the wall clock. Of one server alone this is not seen, and of
/// several with a bus the faults say it.
pub(super) fn unserved(entries: &[Entry]) -> Vec<(i64, i64)> {
    if spread::is_spread(entries) {
        return Vec::new();
    }
    let (mut found, mut since) = (Vec::new(), None);
    for entry in entries {
        match &entry.fact {
            Fact::Server { what: ServerFact::NotReady } => {
                since.get_or_insert(entry.wall_ms);
            }
            Fact::Server { what: ServerFact::Ready { .. } } => {
                found.extend(since.take().map(|since| (since, entry.wall_ms)));
            }
            _ => {}
        }
    }
    found
}

/// What a server said while another served.
fn other_said(
    server: &str,
    question: &DirectQuestion,
    answer: &DirectAnswer,
    entry: &Entry,
    verdict: &mut Verdict,
) {
    let figures = &mut verdict.direct;
    figures.asked_others += 1;
    match answer {
        DirectAnswer::Nothing => figures.unanswered += 1,
        DirectAnswer::Fault(status) if *status >= 500 => figures.uninformed += 1,
        DirectAnswer::Refused { message, .. } if UNINFORMED.contains(&message.as_str()) => {
            figures.uninformed += 1;
        }
        DirectAnswer::Told(_) | DirectAnswer::Refused { .. } | DirectAnswer::Fault(_) => {
            figures.stale += 1;
            let what = format!("{server} said {answer:?} to {question:?} at {}", entry.run_ms);
            verdict.find(Violation::StaleAnswer, what);
        }
    }
}

/// A conversation whose end was acknowledged had ended by then.
fn is_over(evidence: &Evidence<'_>, server: &str, conversation: &str, entry: &Entry, verdict: &mut Verdict) {
    let ended = evidence.tables.events.iter().find(|e| e.kind == "ended" && e.conversation() == conversation);
    let at = ended.map(|event| event.at);
    if at.is_none_or(|at| at > entry.wall_ms) {
        let what =
            format!("{server} said at {} that {conversation} is over; it ended at {at:?}", entry.wall_ms);
        verdict.find(Violation::Contradiction, what);
    }
}

/// A conversation that is told to somebody who asks for one has not ended before they asked, as far as anybody was told.
fn is_not_over(
    evidence: &Evidence<'_>,
    server: &str,
    conversation: &str,
    asked_ms: u64,
    verdict: &mut Verdict,
) {
    let ended = evidence.entries.iter().find(|entry| {
        entry.run_ms < asked_ms
            && matches!(&entry.fact, Fact::Ended { conversation: of } if of == conversation)
    });
    if let Some(ended) = ended {
        let what = format!(
            "{server}, asked at {asked_ms}, gave {conversation}, whose end was told at {}",
            ended.run_ms
        );
        verdict.find(Violation::StaleAnswer, what);
    }
}
