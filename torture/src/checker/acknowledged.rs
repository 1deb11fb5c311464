//! What was acknowledged is there, exactly once, and says the same.

use std::collections::{BTreeMap, BTreeSet};

use super::{Count, EventRow, Evidence, MessageRow, Verdict, Violation};
use crate::history::Fact;

struct Index<'a> {
    /// Events by conversation.
    events: BTreeMap<&'a str, Vec<&'a EventRow>>,
    /// Capacities a counselor ever had.
    capacities: BTreeSet<(String, u64)>,
    messages: BTreeMap<(&'a str, &'a str, &'a str), Vec<&'a MessageRow>>,
    unmatched: BTreeSet<(&'a str, &'a str, &'a str)>,
    /// How often each token stands in the messages.
    tokens: BTreeMap<&'a str, u64>,
}

pub(super) fn token_of(body: &str) -> Option<&str> {
    let from = body.find("token-")?;
    let to = body[from..].find("-end")?;
    Some(&body[from..from + to + "-end".len()])
}

impl<'a> Index<'a> {
    fn of(evidence: &'a Evidence<'a>) -> Self {
        let tables = evidence.tables;
        let mut events: BTreeMap<&str, Vec<&EventRow>> = BTreeMap::new();
        let mut capacities: BTreeSet<(String, u64)> =
            evidence.capacities.iter().map(|(id, places)| (id.clone(), u64::from(*places))).collect();
        for event in &tables.events {
            events.entry(event.conversation()).or_default().push(event);
            if let Some(capacity) = event.body["capacity"].as_u64() {
                capacities.insert((event.text("counselor").to_owned(), capacity));
            }
        }
        let mut messages: BTreeMap<_, Vec<&MessageRow>> = BTreeMap::new();
        let mut tokens: BTreeMap<&str, u64> = BTreeMap::new();
        for message in &tables.messages {
            messages
                .entry((message.from.as_str(), message.to.as_str(), message.key.as_str()))
                .or_default()
                .push(message);
            if let Some(token) = token_of(&message.body) {
                *tokens.entry(token).or_default() += 1;
            }
        }
        let unmatched = tables
            .unmatched
            .iter()
            .map(|message| (message.from.as_str(), message.to.as_str(), message.key.as_str()));
        Self { events, capacities, messages, unmatched: unmatched.collect(), tokens }
    }

    fn of_kind(&self, conversation: &str, kind: &'a str) -> impl Iterator<Item = &'a EventRow> {
        let events = self.events.get(conversation).map(Vec::as_slice).unwrap_or_default();
        events.iter().copied().filter(move |event| event.kind == kind)
    }
}

pub(super) fn check(evidence: &Evidence<'_>, verdict: &mut Verdict) {
    let index = Index::of(evidence);
    let mut asked: BTreeMap<&str, usize> = BTreeMap::new();
    // A message is delivered twice now and then; it is acknowledged once for our count.
    let mut said = BTreeSet::new();
    for entry in evidence.entries {
        match &entry.fact {
            Fact::AskedOpen { visitor } => *asked.entry(visitor).or_default() += 1,
            Fact::Opened { conversation, visitor, status, counselor } => {
                let there = is_opened(&index, verdict, conversation, visitor);
                count(&mut verdict.figures.opens, there);
                stands(&index, verdict, conversation, status, counselor.as_deref());
            }
            Fact::Seen { conversation, visitor, status, counselor } => {
                is_opened(&index, verdict, conversation, visitor);
                stands(&index, verdict, conversation, status, counselor.as_deref());
            }
            Fact::Ended { conversation } => {
                let there = index.of_kind(conversation, "ended").next().is_some();
                count(&mut verdict.figures.ends, there);
                if !there {
                    verdict.find(
                        Violation::Lost,
                        format!("the end of {conversation}, told to {}", entry.client),
                    );
                }
            }
            Fact::Said { token, from, to, key, conversation } if said.insert(token) => {
                let there = is_said(&index, verdict, (from, to, key), token, conversation);
                count(&mut verdict.figures.messages, there);
            }
            Fact::Unmatched { token, from, to, key } => {
                let key = (from.as_str(), to.as_str(), key.as_str());
                let there = index.unmatched.contains(&key) || index.messages.contains_key(&key);
                count(&mut verdict.figures.unmatched, there);
                if !there {
                    verdict
                        .find(Violation::Lost, format!("{token} was to be kept as unmatched and is nowhere"));
                }
            }
            Fact::Evaluated { id, conversation, object, level } => {
                let there = is_evaluated(evidence, verdict, id.as_deref(), conversation, object, *level);
                count(&mut verdict.figures.evaluations, there);
            }
            Fact::Prioritized { conversation, priority } => {
                let level = priority.to_lowercase();
                let changed =
                    index.of_kind(conversation, "priority-changed").any(|e| e.text("priority") == level);
                if !changed && level != "normal" {
                    verdict.find(Violation::Lost, format!("the priority {priority} of {conversation}"));
                }
            }
            Fact::Places { counselor, capacity }
                if !index.capacities.contains(&(counselor.clone(), u64::from(*capacity))) =>
            {
                verdict.find(Violation::Lost, format!("{capacity} places of {counselor}"));
            }
            Fact::Looked { what, there } => {
                verdict.figures.looks += 1;
                if !there {
                    let what = format!("{what} was told to {} and not there yet", entry.client);
                    verdict.find(Violation::AcknowledgedBeforeStored, what);
                }
            }
            _ => {}
        }
    }
    no_more_than_asked(evidence, &asked, verdict);
    for (token, times) in index.tokens.iter().filter(|(_, times)| **times > 1) {
        verdict.find(Violation::Doubled, format!("{token} stands there {times} times"));
    }
}

fn count(count: &mut Count, there: bool) {
    count.acknowledged += 1;
    count.found += u64::from(there);
}

fn is_opened(index: &Index<'_>, verdict: &mut Verdict, conversation: &str, visitor: &str) -> bool {
    match index.of_kind(conversation, "opened").next() {
        None => {
            verdict.find(Violation::Lost, format!("conversation {conversation} of {visitor}"));
            false
        }
        Some(event) if event.text("visitor") != visitor => {
            verdict.find(
                Violation::Contradiction,
                format!("{conversation} was told to {visitor}, who did not open it"),
            );
            true
        }
        Some(_) => true,
    }
}

/// Whether a conversation has ever stood as somebody was told.
fn stands(
    index: &Index<'_>,
    verdict: &mut Verdict,
    conversation: &str,
    status: &str,
    counselor: Option<&str>,
) {
    let assigned = |who: &str| index.of_kind(conversation, "assigned").any(|e| e.text("counselor") == who);
    let ended = || index.of_kind(conversation, "ended").next();
    let timed_out = |e: &EventRow| matches!(e.text("reason"), "waiting" | "silence" | "limit" | "absent");
    let holds = match status {
        "WAITING" => true,
        "IN_PROGRESS" => counselor.is_some_and(assigned),
        "TIME_OUT" => ended().is_some_and(timed_out),
        "FINISHED" | "CANCELLED" => ended().is_some_and(|event| !timed_out(event)),
        _ => false,
    };
    if !holds {
        let what = format!("{conversation} was told to be {status} with {counselor:?}, and never was");
        verdict.find(Violation::Contradiction, what);
    }
}

fn is_said(
    index: &Index<'_>,
    verdict: &mut Verdict,
    key: (&str, &str, &str),
    token: &str,
    conversation: &str,
) -> bool {
    let rows = index.messages.get(&key).map(Vec::as_slice).unwrap_or_default();
    match rows {
        [] => {
            verdict.find(Violation::Lost, format!("{token} from {} to {}", key.0, key.1));
            return false;
        }
        [row] if row.conversation != conversation || token_of(&row.body) != Some(token) => {
            verdict.find(
                Violation::Contradiction,
                format!("{token} stands in {}, not {conversation}", row.conversation),
            );
        }
        [_] => {}
        several => verdict.find(Violation::Doubled, format!("{token} stands there {} times", several.len())),
    }
    true
}

fn is_evaluated(
    evidence: &Evidence<'_>,
    verdict: &mut Verdict,
    id: Option<&str>,
    conversation: &str,
    object: &str,
    level: i64,
) -> bool {
    let rows: Vec<_> = evidence
        .tables
        .evaluations
        .iter()
        .filter(|row| row.conversation == conversation && row.object == object)
        .collect();
    match rows.as_slice() {
        [] => verdict.find(Violation::Lost, format!("the evaluation ({object}) of {conversation}")),
        [row] => {
            if row.level != Some(level) || id.is_some_and(|id| id != row.id) {
                let what = format!("the evaluation ({object}) of {conversation} is another one: {row:?}");
                verdict.find(Violation::Contradiction, what);
            }
        }
        several => {
            let what = format!("{} evaluations ({object}) of {conversation}", several.len());
            verdict.find(Violation::Doubled, what);
        }
    }
    !rows.is_empty()
}

fn no_more_than_asked(evidence: &Evidence<'_>, asked: &BTreeMap<&str, usize>, verdict: &mut Verdict) {
    let mut opened: BTreeMap<&str, usize> = BTreeMap::new();
    for event in evidence.tables.events.iter().filter(|event| event.kind == "opened") {
        *opened.entry(event.text("visitor")).or_default() += 1;
    }
    for (visitor, times) in opened {
        let asked = asked.get(visitor).copied().unwrap_or(0);
        if times > asked {
            let what = format!("{visitor} asked {asked} times and has {times} conversations");
            verdict.find(Violation::Doubled, what);
        }
    }
}
