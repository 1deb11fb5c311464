//! The checker: what clients were told against what the database holds. Pure; it shares nothing with the server, not even
//! the names of its types.

mod acknowledged;
mod deadlines;
mod last_words;
mod replay;
mod sockets;
mod spread;
mod takeover;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde_json::Value;

pub use last_words::LastWords;
pub use takeover::{DirectFigures, Takeover};

use crate::history::{Disconnect, Entry, Fact, ServerFact};

/// How long things may take under faults, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub grace: i64,
    pub waiting_max: i64,
    pub silence_notice: i64,
    pub silence_end: i64,
    pub text_max: i64,
    pub absent_max: i64,
    pub unanswered: [i64; 2],
    pub limit_notices: [i64; 2],
    /// What falls due is decided within this.
    pub late: i64,
    /// A message is stored within this.
    pub stored: i64,
    /// Another server serves within this, when the one that served is put out of action.
    pub taken_over: u64,
    /// A server that is cut off is seen to take no requests any more within this: three seconds, and those of the balancer.
    pub cut_off: u64,
}

/// What an event is: the words of the journal's column `kind`. All matches on it name every kind, so whoever adds one says
/// here what the checker makes of it; a kind that is not here breaks the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EventKind {
    Claimed,
    Admitted,
    CapacityChanged,
    PresenceChosen,
    Expelled,
    Pardoned,
    Opened,
    Widened,
    PriorityChanged,
    Assigned,
    MediumChanged,
    Noticed,
    Unanswered,
    Ended,
    CounselorLost,
}

impl EventKind {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "claimed" => Self::Claimed,
            "admitted" => Self::Admitted,
            "capacity-changed" => Self::CapacityChanged,
            "presence-chosen" => Self::PresenceChosen,
            "expelled" => Self::Expelled,
            "pardoned" => Self::Pardoned,
            "opened" => Self::Opened,
            "widened" => Self::Widened,
            "priority-changed" => Self::PriorityChanged,
            "assigned" => Self::Assigned,
            "medium-changed" => Self::MediumChanged,
            "noticed" => Self::Noticed,
            "unanswered" => Self::Unanswered,
            "ended" => Self::Ended,
            "counselor-lost" => Self::CounselorLost,
            _ => return None,
        })
    }

    /// Whether the visitor hears of it when it happens to their conversation.
    fn is_told_to_visitors(self) -> bool {
        match self {
            Self::Opened
            | Self::Widened
            | Self::PriorityChanged
            | Self::Assigned
            | Self::MediumChanged
            | Self::Noticed
            | Self::Ended => true,
            Self::Claimed
            | Self::Admitted
            | Self::CapacityChanged
            | Self::PresenceChosen
            | Self::Expelled
            | Self::Pardoned
            | Self::Unanswered
            | Self::CounselorLost => false,
        }
    }
}

/// A row of `events`.
#[derive(Debug, Clone)]
pub struct EventRow {
    pub seq: u64,
    pub at: i64,
    pub kind: String,
    pub body: Value,
}

impl EventRow {
    fn text(&self, key: &str) -> &str {
        self.body[key].as_str().unwrap_or_default()
    }

    fn conversation(&self) -> &str {
        self.text("conversation")
    }
}

/// A row of `conversations`.
#[derive(Debug, Clone)]
pub struct ConversationRow {
    pub id: String,
    pub visitor: String,
    pub counselor: Option<String>,
    pub status: String,
    pub started_at: Option<i64>,
    pub ended_at: Option<i64>,
    pub end_reason: Option<String>,
}

/// A row of `messages`, or of those that are unmatched.
#[derive(Debug, Clone)]
pub struct MessageRow {
    pub from: String,
    pub to: String,
    pub key: String,
    pub conversation: String,
    pub said_at: i64,
    /// When the server first got it.
    pub received_at: i64,
    /// The messages, or whatever stands there.
    pub body: String,
    pub system: bool,
}

/// A row of `evaluations`.
#[derive(Debug, Clone)]
pub struct EvaluationRow {
    pub id: String,
    pub conversation: String,
    pub object: String,
    pub level: Option<i64>,
}

/// The database at the end.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    pub events: Vec<EventRow>,
    pub conversations: Vec<ConversationRow>,
    /// In the order in which they came.
    pub messages: Vec<MessageRow>,
    pub unmatched: Vec<MessageRow>,
    pub evaluations: Vec<EvaluationRow>,
}

/// All there is to judge by.
#[derive(Debug)]
pub struct Evidence<'a> {
    pub entries: &'a [Entry],
    pub tables: &'a Tables,
    pub limits: Limits,
    /// Places at the start, by counselor.
    pub capacities: &'a BTreeMap<String, u32>,
    /// Who serves the common queue.
    pub on_shift: &'a BTreeSet<String>,
    /// When the tables were read, by the wall clock; the server still ran.
    pub until: i64,
}

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Violation {
    /// Acknowledged, and not there.
    Lost,
    /// There twice, or more often than it was asked for.
    Doubled,
    /// Served before somebody who stood ahead.
    Overtaken,
    /// More talks than places.
    OverCapacity,
    /// A conversation ended, or began, twice.
    EndedTwice,
    /// Told before it was stored.
    AcknowledgedBeforeStored,
    /// Told otherwise than it is, or to two people differently.
    Contradiction,
    /// A visitor in two conversations.
    TwoOpen,
    /// The journal has holes, or what cannot follow from what went before.
    BrokenJournal,
    /// The conversations are not what the journal makes of them.
    StoreDisagrees,
    /// A socket was told later events and not this one.
    NotDelivered,
    /// Fell due and was not decided within the limit.
    Late,
    /// Was decided before it fell due.
    Early,
    /// Had arrived before its author was gone, and is not there.
    LastWordsLost,
    /// Stands, or was told, before what was said earlier; or the earlier is not there at all.
    OutOfOrder,
    /// Was said after the log-out, and counted.
    AfterLogOut,
    /// A server ended by itself, or went on when it should not have.
    ServerDied,
    /// The server's log tells of a panic or a broken law.
    LogError,
    /// An answer told of a fault while everything was in order.
    Fault,
    /// Nobody served for too long after the server that served was put out of action.
    NotServed,
    /// A server that does not serve said something that it would have to serve for.
    StaleAnswer,
    /// An institution changed its owner though the database alone had been away.
    OwnerMoved,
    /// A request was refused, or a socket did not come back, while one server of several with a bus stopped in order.
    RefusedWhileRolling,
    /// `hotline check` found that what is stored does not fit together.
    Check,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lost => "lost",
            Self::Doubled => "doubled",
            Self::Overtaken => "overtaken",
            Self::OverCapacity => "over capacity",
            Self::EndedTwice => "begun or ended twice",
            Self::AcknowledgedBeforeStored => "acknowledged before stored",
            Self::Contradiction => "contradiction",
            Self::TwoOpen => "two open conversations of one visitor",
            Self::BrokenJournal => "broken journal",
            Self::StoreDisagrees => "conversations disagree with the journal",
            Self::NotDelivered => "not delivered",
            Self::Late => "late",
            Self::Early => "early",
            Self::LastWordsLost => "last words lost",
            Self::OutOfOrder => "out of order",
            Self::AfterLogOut => "kept after a log-out",
            Self::ServerDied => "server died",
            Self::LogError => "error in the log that must never be",
            Self::Fault => "fault",
            Self::NotServed => "not served",
            Self::StaleAnswer => "stale answer",
            Self::OwnerMoved => "owner moved",
            Self::RefusedWhileRolling => "refused while rolling",
            Self::Check => "hotline check",
        })
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub violation: Violation,
    pub what: String,
}

/// How often what was acknowledged, and found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub acknowledged: u64,
    pub found: u64,
}

/// What was counted on the way.
#[derive(Debug, Clone, Copy, Default)]
pub struct Figures {
    pub opens: Count,
    pub ends: Count,
    pub messages: Count,
    pub unmatched: Count,
    pub evaluations: Count,
    pub events: u64,
    pub frames: u64,
    pub sockets: u64,
    pub looks: u64,
    /// Deadlines that were decided while server and database were in order, and the latest of them, in milliseconds.
    pub deadlines: u64,
    pub latest_deadline_ms: i64,
    /// The same, where it had fallen due before, counted from the claim: before the server was ready.
    pub latest_from_claim_ms: i64,
    /// The longest that the machine kept us waiting ourselves, in milliseconds.
    pub longest_stall_ms: i64,
    /// Of these, the ones that had fallen due while no server ran.
    pub deadlines_over_restart: u64,
    /// The same after an outage of the database, counted from its end.
    pub deadlines_after_outage: u64,
    pub latest_after_outage_ms: i64,
    pub waited_out: u64,
    /// By how the visitor left, in the order of [`Disconnect::ALL`].
    pub last_words: [LastWords; Disconnect::ALL.len()],
    /// Messages that a socket had to hear, and heard.
    pub delivered: Count,
}

/// What the checker says.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    pub findings: Vec<Finding>,
    pub figures: Figures,
    /// In the order in which they happened.
    pub takeovers: Vec<Takeover>,
    pub direct: DirectFigures,
}

impl Verdict {
    pub(crate) fn find(&mut self, violation: Violation, what: String) {
        self.findings.push(Finding { violation, what });
    }

    /// How many findings of this kind.
    pub fn count(&self, violation: Violation) -> usize {
        self.findings.iter().filter(|finding| finding.violation == violation).count()
    }
}

/// Judges a run.
pub fn check(evidence: &Evidence<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    verdict.figures.events = evidence.tables.events.len() as u64;
    replay::check(evidence, &mut verdict);
    acknowledged::check(evidence, &mut verdict);
    sockets::check(evidence, &mut verdict);
    deadlines::check(evidence, &mut verdict);
    last_words::check(evidence, &mut verdict);
    takeover::check(evidence, &mut verdict);
    servers(evidence, &mut verdict);
    verdict
}

/// After the database is back, what was under way may still fail for this long.
const AFTERMATH_MS: i64 = 5_000;

/// A server of several knows this much earlier or later than the balancer that it does not serve any more; a request
/// that it has taken waits for four seconds until it does again.
const CHANGE_MS: u64 = 6_000;

fn servers(evidence: &Evidence<'_>, verdict: &mut Verdict) {
    let disturbances = disturbances(evidence.entries);
    let mut changes = takeover::changes(evidence.entries);
    changes.extend(spread::faults(evidence.entries));
    for entry in evidence.entries {
        match &entry.fact {
            Fact::Server { what: ServerFact::Died { code } } => {
                verdict.find(Violation::ServerDied, format!("{} ended by itself: {code:?}", entry.client));
            }
            Fact::Server { what: ServerFact::LogError { line } } => {
                verdict.find(Violation::LogError, line.clone());
            }
            Fact::Fault { what, status } if *status >= 500 => {
                let excused = disturbances.iter().any(|(from, to)| {
                    *from - AFTERMATH_MS <= entry.wall_ms && entry.wall_ms <= *to + AFTERMATH_MS
                });
                // One of several that does not serve just now says so, and one that stops.
                let elsewhere =
                    *status == 503 && changes.iter().any(|at| entry.wall_ms.abs_diff(*at) <= CHANGE_MS);
                if !excused && !elsewhere {
                    verdict
                        .find(Violation::Fault, format!("{what} was answered {status} to {}", entry.client));
                }
            }
            _ => {}
        }
    }
}

/// When the database was out of order, by the wall clock.
fn disturbances(entries: &[Entry]) -> Vec<(i64, i64)> {
    let of = |entry: &Entry| match entry.fact {
        Fact::Disturbed { from, to, .. } => Some((from, to)),
        _ => None,
    };
    entries.iter().filter_map(of).collect()
}
