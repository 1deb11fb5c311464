//! Last words: what arrived before its author was gone is there, in order, from the first on, and was told to the other side.
//!
//! Judged whole is what the server's system had acknowledged while no one killed the server: then everything must be
//! there. Of what had not arrived, or was killed, a beginning is there: never the later message without the earlier.

use std::collections::{BTreeMap, BTreeSet};

use super::{Evidence, MessageRow, Verdict, Violation, acknowledged::token_of};
use crate::{
    history::{Entry, Fact, ServerFact, Visit},
    setup::FINISH_MS,
};

/// "The server stops": whatever came before is told before this.
const GOING_AWAY: u16 = 1001;

/// How much of what left in one way was judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LastWords {
    pub visits: u64,
    pub messages: u64,
    /// Of these, the visits whose every message must be there.
    pub whole: u64,
    pub due: u64,
    pub found: u64,
}

/// The messages with their place in the record.
struct Record<'a>(BTreeMap<&'a str, (usize, &'a MessageRow)>);

impl<'a> Record<'a> {
    fn of(messages: &'a [MessageRow]) -> Self {
        let placed = messages.iter().enumerate();
        Self(
            placed
                .filter_map(|(place, message)| Some((token_of(&message.body)?, (place, message))))
                .collect(),
        )
    }

    fn place(&self, token: &str) -> Option<usize> {
        self.0.get(token).map(|(place, _)| *place)
    }
}

/// From when until when the server stopped in order, and when it ended otherwise.
struct Ends {
    stops: Vec<(i64, i64)>,
    killed: Vec<i64>,
}

impl Ends {
    fn of(entries: &[Entry]) -> Self {
        let (mut stops, mut killed) = (Vec::new(), Vec::new());
        for entry in entries {
            let Fact::Server { what } = &entry.fact else { continue };
            match what {
                ServerFact::Stopping => stops.push((entry.wall_ms, i64::MAX)),
                ServerFact::Stopped { .. } | ServerFact::Died { .. } | ServerFact::Killed { .. } => {
                    if let Some((_, until)) = stops.last_mut().filter(|(_, until)| *until == i64::MAX) {
                        *until = entry.wall_ms;
                    }
                    if !matches!(what, ServerFact::Stopped { .. }) {
                        killed.push(entry.wall_ms);
                    }
                }
                ServerFact::Started
                | ServerFact::Ready { .. }
                | ServerFact::NotReady
                | ServerFact::Frozen
                | ServerFact::Thawed
                | ServerFact::LogError { .. } => {}
            }
        }
        Self { stops, killed }
    }

    /// Whether every message must be there.
    fn leave_whole(&self, visit: &Visit) -> bool {
        let Visit { began, left, arrived, .. } = visit;
        *arrived
            && !self.killed.iter().any(|at| (*began..=*left + FINISH_MS).contains(at))
            && !self.stops.iter().any(|(from, until)| began <= until && from <= left)
    }

    /// The stop that came behind it.
    fn stop_after(&self, visit: &Visit) -> Option<i64> {
        self.stops.iter().map(|(from, _)| *from).filter(|from| *from > visit.left).min()
    }
}

/// A socket as its owner saw it.
struct SocketLog<'a> {
    owner: &'a str,
    joined: i64,
    closed: Option<(i64, Option<u16>)>,
    heard: BTreeSet<&'a str>,
    /// The latest place it heard of, by talk.
    latest: BTreeMap<&'a str, usize>,
}

pub(super) fn check(evidence: &Evidence<'_>, verdict: &mut Verdict) {
    let (record, ends) = (Record::of(&evidence.tables.messages), Ends::of(evidence.entries));
    // What had arrived before the server was asked to stop, and so must be told before it closes.
    let mut before_a_stop: BTreeMap<&str, i64> = BTreeMap::new();
    for entry in evidence.entries {
        let Fact::Left(visit) = &entry.fact else { continue };
        let whole = ends.leave_whole(visit);
        judge(visit, &entry.client, whole, &record, verdict);
        if let (true, Some(stop)) = (whole, ends.stop_after(visit)) {
            before_a_stop.extend(visit.tokens.iter().map(|token| (token.as_str(), stop)));
        }
    }
    let sockets = sockets(evidence.entries, &record, verdict);
    for log in sockets.values() {
        missed(log, &evidence.tables.messages, &before_a_stop, verdict);
    }
}

fn judge(visit: &Visit, client: &str, whole: bool, record: &Record<'_>, verdict: &mut Verdict) {
    let Visit { way, conversation, tokens, late, .. } = visit;
    let places: Vec<Option<usize>> = tokens.iter().map(|token| record.place(token)).collect();
    let found = places.iter().flatten().count();
    let figures = &mut verdict.figures.last_words[*way as usize];
    figures.visits += 1;
    figures.messages += tokens.len() as u64;
    if whole {
        figures.whole += 1;
        figures.due += tokens.len() as u64;
        figures.found += found as u64;
    }
    let of = format!("of {} messages of {client} in {conversation}, who left by {way:?}", tokens.len());
    let first_missing = places.iter().position(Option::is_none);
    if let Some(first) = first_missing {
        if places[first..].iter().any(Option::is_some) {
            let what = format!("{of}, {} is not there and a later one is", tokens[first]);
            verdict.find(Violation::OutOfOrder, what);
        }
        if whole {
            let lost = tokens.len() - found;
            let what =
                format!("{of}, {lost} had arrived and are not there, the first of them {}", tokens[first]);
            verdict.find(Violation::LastWordsLost, what);
        }
    }
    let there: Vec<usize> = places.into_iter().flatten().collect();
    if !there.is_sorted() {
        verdict.find(Violation::OutOfOrder, format!("{of}, some stand before what was said earlier"));
    }
    for token in late.iter().filter(|token| record.place(token).is_some()) {
        verdict.find(
            Violation::AfterLogOut,
            format!("{token} of {client}, said after the log-out was answered"),
        );
    }
}

fn sockets<'a>(
    entries: &'a [Entry],
    record: &Record<'a>,
    verdict: &mut Verdict,
) -> BTreeMap<u64, SocketLog<'a>> {
    let mut sockets: BTreeMap<u64, SocketLog<'_>> = BTreeMap::new();
    for entry in entries {
        match &entry.fact {
            Fact::Joined { socket, .. } => {
                sockets.entry(*socket).or_insert(SocketLog {
                    owner: &entry.client,
                    joined: entry.wall_ms,
                    closed: None,
                    heard: BTreeSet::new(),
                    latest: BTreeMap::new(),
                });
            }
            Fact::Closed { socket, code } => {
                if let Some(log) = sockets.get_mut(socket) {
                    log.closed = Some((entry.wall_ms, *code));
                }
            }
            Fact::HeardMessage { socket, conversation, token } => {
                if let Some(log) = sockets.get_mut(socket) {
                    hear(log, conversation, token, record, verdict);
                }
            }
            _ => {}
        }
    }
    sockets
}

fn hear<'a>(
    log: &mut SocketLog<'a>,
    talk: &'a str,
    token: &'a str,
    record: &Record<'_>,
    verdict: &mut Verdict,
) {
    let Some(place) = record.place(token) else {
        verdict.find(Violation::Lost, format!("{token}, told to {}", log.owner));
        return;
    };
    if !log.heard.insert(token) {
        verdict.find(Violation::Doubled, format!("{} heard {token} twice on one socket", log.owner));
        return;
    }
    let latest = log.latest.entry(talk).or_insert(place);
    if place < *latest {
        verdict.find(Violation::OutOfOrder, format!("{} heard {token} after what was said later", log.owner));
    }
    *latest = place.max(*latest);
}

/// Whatever came while a socket was there: it heard a later message of the talk, or was closed in order, or is still there.
fn missed(
    log: &SocketLog<'_>,
    messages: &[MessageRow],
    before_a_stop: &BTreeMap<&str, i64>,
    verdict: &mut Verdict,
) {
    for (place, message) in messages.iter().enumerate() {
        let Some(token) = token_of(&message.body) else { continue };
        if message.to != log.owner || message.received_at <= log.joined {
            continue;
        }
        let heard_later = log.latest.get(message.conversation.as_str()).is_some_and(|latest| *latest > place);
        let due = match log.closed {
            None => true,
            Some((at, Some(GOING_AWAY))) => {
                heard_later
                    || before_a_stop.get(token).is_some_and(|stop| *stop <= at && message.received_at <= at)
            }
            Some(_) => heard_later,
        };
        if !due {
            continue;
        }
        let heard = log.heard.contains(token);
        verdict.figures.delivered.acknowledged += 1;
        verdict.figures.delivered.found += u64::from(heard);
        if !heard {
            verdict.find(Violation::NotDelivered, format!("{token} of {}, to {}", message.from, log.owner));
        }
    }
}
