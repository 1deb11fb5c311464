//! Last words: what arrived before its author was gone is there, in order, from the first on, and was told to the other side.
//!
//! Judged whole is what the server's system had acknowledged while no one killed the server: then everything must be
//! there. Of what had not arrived, or was killed, a beginning is there: never the later word without the earlier.

use std::collections::{BTreeMap, BTreeSet};

use super::{Evidence, Verdict, Violation, WordRow, told::token_of};
use crate::{
    history::{Entry, Fact, Leaving, ServerFact},
    setup::FINISH_MS,
};

/// "The server stops": whatever came before is told before this.
const GOING_AWAY: u16 = 1001;

/// How much of what left in one way was judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LastWords {
    pub visits: u64,
    pub words: u64,
    /// Of these, the visits whose every word must be there.
    pub whole: u64,
    pub due: u64,
    pub found: u64,
}

/// The words with their place in the record.
struct Record<'a>(BTreeMap<&'a str, (usize, &'a WordRow)>);

impl<'a> Record<'a> {
    fn of(words: &'a [WordRow]) -> Self {
        let placed = words.iter().enumerate();
        Self(placed.filter_map(|(place, word)| Some((token_of(&word.body)?, (place, word)))).collect())
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
                ServerFact::Started | ServerFact::Ready { .. } | ServerFact::Complained { .. } => {}
            }
        }
        Self { stops, killed }
    }

    /// Whether every word must be there.
    fn leave_whole(&self, leaving: &Leaving) -> bool {
        let Leaving { began, left, arrived, .. } = leaving;
        *arrived
            && !self.killed.iter().any(|at| (*began..=*left + FINISH_MS).contains(at))
            && !self.stops.iter().any(|(from, until)| began <= until && from <= left)
    }

    /// The stop that came behind it.
    fn stop_after(&self, leaving: &Leaving) -> Option<i64> {
        self.stops.iter().map(|(from, _)| *from).filter(|from| *from > leaving.left).min()
    }
}

/// A socket as its owner saw it.
struct Ear<'a> {
    owner: &'a str,
    joined: i64,
    closed: Option<(i64, Option<u16>)>,
    heard: BTreeSet<&'a str>,
    /// The latest place it heard of, by talk.
    latest: BTreeMap<&'a str, usize>,
}

pub(super) fn check(evidence: &Evidence<'_>, verdict: &mut Verdict) {
    let (record, ends) = (Record::of(&evidence.tables.words), Ends::of(evidence.entries));
    // What had arrived before the server was asked to stop, and so must be told before it closes.
    let mut before_a_stop: BTreeMap<&str, i64> = BTreeMap::new();
    for entry in evidence.entries {
        let Fact::Left(leaving) = &entry.fact else { continue };
        let whole = ends.leave_whole(leaving);
        judge(leaving, &entry.client, whole, &record, verdict);
        if let (true, Some(stop)) = (whole, ends.stop_after(leaving)) {
            before_a_stop.extend(leaving.tokens.iter().map(|token| (token.as_str(), stop)));
        }
    }
    let ears = ears(evidence.entries, &record, verdict);
    for ear in ears.values() {
        missed(ear, &evidence.tables.words, &before_a_stop, verdict);
    }
}

fn judge(leaving: &Leaving, client: &str, whole: bool, record: &Record<'_>, verdict: &mut Verdict) {
    let Leaving { way, conversation, tokens, late, .. } = leaving;
    let places: Vec<Option<usize>> = tokens.iter().map(|token| record.place(token)).collect();
    let found = places.iter().flatten().count();
    let figures = &mut verdict.figures.last_words[*way as usize];
    figures.visits += 1;
    figures.words += tokens.len() as u64;
    if whole {
        figures.whole += 1;
        figures.due += tokens.len() as u64;
        figures.found += found as u64;
    }
    let of = format!("of {} words of {client} in {conversation}, who left by {way:?}", tokens.len());
    let first_missing = places.iter().position(Option::is_none);
    if let Some(first) = first_missing {
        if places[first..].iter().any(Option::is_some) {
            let what = format!("{of}, {} is not there and a later one is", tokens[first]);
            verdict.find(Violation::OutOfTurn, what);
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
        verdict.find(Violation::OutOfTurn, format!("{of}, some stand before what was said earlier"));
    }
    for token in late.iter().filter(|token| record.place(token).is_some()) {
        verdict.find(
            Violation::AfterLogOut,
            format!("{token} of {client}, said after the log-out was answered"),
        );
    }
}

fn ears<'a>(entries: &'a [Entry], record: &Record<'a>, verdict: &mut Verdict) -> BTreeMap<u64, Ear<'a>> {
    let mut ears: BTreeMap<u64, Ear<'_>> = BTreeMap::new();
    for entry in entries {
        match &entry.fact {
            Fact::Joined { socket, .. } => {
                ears.entry(*socket).or_insert(Ear {
                    owner: &entry.client,
                    joined: entry.wall_ms,
                    closed: None,
                    heard: BTreeSet::new(),
                    latest: BTreeMap::new(),
                });
            }
            Fact::Closed { socket, code } => {
                if let Some(ear) = ears.get_mut(socket) {
                    ear.closed = Some((entry.wall_ms, *code));
                }
            }
            Fact::HeardWord { socket, conversation, token } => {
                if let Some(ear) = ears.get_mut(socket) {
                    hear(ear, conversation, token, record, verdict);
                }
            }
            _ => {}
        }
    }
    ears
}

fn hear<'a>(ear: &mut Ear<'a>, talk: &'a str, token: &'a str, record: &Record<'_>, verdict: &mut Verdict) {
    let Some(place) = record.place(token) else {
        verdict.find(Violation::Lost, format!("{token}, told to {}", ear.owner));
        return;
    };
    if !ear.heard.insert(token) {
        verdict.find(Violation::Doubled, format!("{} heard {token} twice on one socket", ear.owner));
        return;
    }
    let latest = ear.latest.entry(talk).or_insert(place);
    if place < *latest {
        verdict.find(Violation::OutOfTurn, format!("{} heard {token} after what was said later", ear.owner));
    }
    *latest = place.max(*latest);
}

/// Whatever came while a socket was there: it heard a later word of the talk, or was closed in order, or is still there.
fn missed(ear: &Ear<'_>, words: &[WordRow], before_a_stop: &BTreeMap<&str, i64>, verdict: &mut Verdict) {
    for (place, word) in words.iter().enumerate() {
        let Some(token) = token_of(&word.body) else { continue };
        if word.to != ear.owner || word.received_at <= ear.joined {
            continue;
        }
        let heard_later = ear.latest.get(word.conversation.as_str()).is_some_and(|latest| *latest > place);
        let due = match ear.closed {
            None => true,
            Some((at, Some(GOING_AWAY))) => {
                heard_later
                    || before_a_stop.get(token).is_some_and(|stop| *stop <= at && word.received_at <= at)
            }
            Some(_) => heard_later,
        };
        if !due {
            continue;
        }
        let heard = ear.heard.contains(token);
        verdict.figures.told.acknowledged += 1;
        verdict.figures.told.found += u64::from(heard);
        if !heard {
            verdict.find(Violation::Untold, format!("{token} of {}, to {}", word.from, ear.owner));
        }
    }
}
