//! Deadlines: decided neither early nor late, over restarts, with the allowances of docs/contract.md 5.
//!
//! A server lives from its claim to its end. What fell due before is due when it is ready: nobody was there to decide it.
//! An event's time is when it was decided. Where the machine kept us waiting ourselves, it kept the server waiting, too:
//! that much is allowed besides.

use std::collections::BTreeMap;

use super::{EventKind, EventRow, Evidence, Limits, Verdict, Violation, disturbances, takeover};
use crate::history::{Entry, Fact, ServerFact};

/// After an outage of the database the server finds out by itself: two seconds at most between two tries, one for the try
/// itself, and one more until what was due is looked at again. A deadline is late by no more than a second besides.
const RETURN_MS: i64 = 4_000;
/// Who waits gets this much beyond the grace after a start or an outage (docs/contract.md 5).
const AFTER_RETURN_MS: i64 = 60_000;

/// We see a new owner this much later at most, where it has claimed at once.
const OWNER_SEEN_MS: i64 = 100;

#[derive(Debug, Clone, Copy)]
struct Life {
    seq: u64,
    began: i64,
    /// When it was seen to take requests; none if it was killed before.
    ready: Option<i64>,
    ended: i64,
}

/// What is known of a talk when something of it falls due.
#[derive(Debug, Default, Clone)]
struct Talk {
    opened: i64,
    started: Option<i64>,
    silence_noticed: Option<(u64, i64)>,
    over: bool,
}

/// A message, by the server's record.
#[derive(Debug, Clone, Copy)]
struct Message {
    /// As Tencent tells it: whole seconds.
    second: i64,
    /// When it came first.
    received: i64,
    by_visitor: bool,
}

impl Message {
    /// The latest moment at which it may have been said.
    fn said(&self) -> i64 {
        self.second + 1_000
    }
}

/// Visitors of the sandbox are called so; in a talk with a supervisor nobody is.
const VISITORS: &str = "sandbox_";

struct DeadlineChecker<'a> {
    limits: Limits,
    lives: Vec<Life>,
    disturbances: Vec<(i64, i64)>,
    /// When no server of several served.
    unserved: Vec<(i64, i64)>,
    /// When the machine had kept us waiting, and for how long.
    stalls: Vec<(i64, i64)>,
    /// What was said, by conversation.
    messages: BTreeMap<&'a str, Vec<Message>>,
    until: i64,
}

/// When something is due in a life that began then; for what does not carry over, a life of its own.
struct Due<'a> {
    name: &'a str,
    at: &'a dyn Fn(&Life) -> i64,
    /// Must be decided in the first life that lasts; else it begins anew with each.
    carries_over: bool,
}

pub(super) fn check(evidence: &Evidence<'_>, verdict: &mut Verdict) {
    let checker = DeadlineChecker::of(evidence);
    verdict.figures.longest_stall_ms = checker.stalls.iter().map(|(_, ms)| *ms).max().unwrap_or(0);
    let mut talks: BTreeMap<&str, Talk> = BTreeMap::new();
    for event in &evidence.tables.events {
        let talk = talks.entry(event.conversation()).or_default();
        // The replay finds a kind that nobody knows.
        let Some(kind) = EventKind::of(&event.kind) else { continue };
        match kind {
            EventKind::Opened => talk.opened = event.at,
            EventKind::Assigned => talk.started = Some(event.at),
            EventKind::Noticed => checker.noticed(event, talk, verdict),
            EventKind::Unanswered => checker.unanswered(event, talk, verdict),
            EventKind::Ended => {
                talk.over = true;
                checker.ended(event, talk, verdict);
            }
            // They fall due by no clock and set none.
            EventKind::Claimed
            | EventKind::Admitted
            | EventKind::CapacityChanged
            | EventKind::PresenceChosen
            | EventKind::Expelled
            | EventKind::Pardoned
            | EventKind::Widened
            | EventKind::PriorityChanged
            | EventKind::MediumChanged
            | EventKind::CounselorLost => {}
        }
    }
    for (id, talk) in talks.iter().filter(|(id, talk)| !talk.over && !id.is_empty()) {
        checker.left_open(id, talk, verdict);
    }
}

impl<'a> DeadlineChecker<'a> {
    fn of(evidence: &'a Evidence<'a>) -> Self {
        let is_end = |entry: &&Entry| {
            matches!(
                entry.fact,
                Fact::Server {
                    what: ServerFact::Killed { .. } | ServerFact::Died { .. } | ServerFact::Stopping
                }
            )
        };
        let is_ready = |entry: &&Entry| matches!(entry.fact, Fact::Server { what: ServerFact::Ready { .. } });
        let moments = |entry: &'a Entry| (entry.wall_ms, entry.client.as_str());
        let ends: Vec<(i64, &str)> = evidence.entries.iter().filter(is_end).map(moments).collect();
        let readies: Vec<(i64, &str)> = evidence.entries.iter().filter(is_ready).map(moments).collect();
        let claims: Vec<&EventRow> = evidence.tables.events.iter().filter(|e| e.kind == "claimed").collect();
        // Of servers that share, all take requests all the time; whose an institution is the database says.
        let spread = takeover::owners(evidence.entries);
        let lives = claims.iter().enumerate().map(|(index, claim)| {
            let replaced = claims.get(index + 1).map_or(i64::MAX, |next| next.at);
            let ready = if spread.is_empty() {
                readies.iter().find(|(at, _)| (claim.at..=replaced).contains(at)).copied()
            } else {
                let owner = spread.iter().rfind(|(at, _)| *at <= claim.at + OWNER_SEEN_MS);
                owner.map(|(_, owner)| (claim.at, *owner))
            };
            // Of several servers the one that was ready is meant: whoever else is there may end at any time.
            let is_its = |server: &str| ready.is_none_or(|(_, of)| of == server);
            let end = ends.iter().find(|(at, server)| *at >= claim.at && is_its(server));
            let ended = end.map_or(replaced, |(at, _)| replaced.min(*at));
            let ready = ready.map(|(at, _)| at).filter(|ready| *ready <= ended);
            Life { seq: claim.seq, began: claim.at, ready, ended }
        });
        let mut messages: BTreeMap<&str, Vec<Message>> = BTreeMap::new();
        for message in evidence.tables.messages.iter().filter(|message| !message.system) {
            messages.entry(&message.conversation).or_default().push(Message {
                second: message.said_at,
                received: message.received_at,
                by_visitor: message.from.starts_with(VISITORS),
            });
        }
        for messages in messages.values_mut() {
            // The order of the record.
            messages.sort_by_key(|message| (message.second, message.received));
        }
        Self {
            limits: evidence.limits,
            lives: lives.collect(),
            disturbances: disturbances(evidence.entries),
            unserved: takeover::unserved(evidence.entries),
            stalls: stalls(evidence.entries),
            messages,
            until: evidence.until,
        }
    }

    /// The life in which `event` was decided.
    fn life_of(&self, event: &EventRow) -> Option<(usize, &Life)> {
        self.lives.iter().enumerate().rev().find(|(_, life)| life.seq < event.seq)
    }

    /// The end of the last disturbance that touches this time, with the time the server takes to find out.
    fn disturbance_end(&self, from: i64, to: i64) -> Option<i64> {
        let touching =
            self.disturbances.iter().filter(|(began, ended)| *began <= to && from <= *ended + RETURN_MS);
        touching.map(|(_, ended)| *ended + RETURN_MS).max()
    }

    fn judge(&self, event: &EventRow, due: &Due<'_>, verdict: &mut Verdict) {
        let Some((index, life)) = self.life_of(event) else { return };
        let first = if due.carries_over { 0 } else { index };
        // The first that was there long enough to decide it.
        let lasts = |life: &&Life| {
            life.ready.is_some_and(|ready| {
                life.ended - (due.at)(life).max(ready) > self.late_max(ready, life.ended)
            })
        };
        let in_charge = self.lives[first..index].iter().find(lasts).unwrap_or(life);
        let fell_due = (due.at)(in_charge);
        let figures = &mut verdict.figures;
        if let Some(back) = self.disturbance_end(in_charge.began, event.at) {
            let late = event.at - fell_due.max(in_charge.ready.unwrap_or(event.at)).max(back);
            figures.deadlines_after_outage += 1;
            figures.latest_after_outage_ms = figures.latest_after_outage_ms.max(late);
            if late > self.late_max(back, event.at) {
                let what = format!("{} of {}: {late} ms after the outage", due.name, event.conversation());
                verdict.find(Violation::Late, what);
            }
            return;
        }
        figures.deadlines += 1;
        let before = fell_due < in_charge.began;
        if before {
            figures.deadlines_over_restart += 1;
            figures.latest_from_claim_ms = figures.latest_from_claim_ms.max(event.at - in_charge.began);
        }
        // One that is never seen to be ready decides what it can.
        let from = fell_due.max(in_charge.ready.unwrap_or(event.at));
        let late = event.at - if before { from } else { fell_due.max(in_charge.began) };
        figures.latest_deadline_ms = figures.latest_deadline_ms.max(late);
        if late > self.late_max(from, event.at) {
            verdict.find(Violation::Late, format!("{} of {}: {late} ms", due.name, event.conversation()));
        }
    }

    /// The limit, and as long as the machine kept us waiting meanwhile.
    fn late_max(&self, from: i64, to: i64) -> i64 {
        let meanwhile = self.stalls.iter().filter(|(at, ms)| from - self.limits.late <= *at && at - ms <= to);
        self.limits.late + meanwhile.map(|(_, ms)| *ms).sum::<i64>()
    }

    fn not_before(event: &EventRow, name: &str, due: i64, verdict: &mut Verdict) {
        if event.at < due {
            let what = format!("{name} of {}: {} ms", event.conversation(), due - event.at);
            verdict.find(Violation::Early, what);
        }
    }

    fn noticed(&self, event: &EventRow, talk: &mut Talk, verdict: &mut Verdict) {
        let (Some(started), Some((_, life))) = (talk.started, self.life_of(event)) else { return };
        let notice = &event.body["notice"];
        let kind = notice["notice"].as_str().unwrap_or_default();
        if kind == "silence" {
            talk.silence_noticed = Some((event.seq, event.at));
            let quiet = started.max(life.began);
            Self::not_before(event, "the notice of silence", quiet + self.limits.silence_notice, verdict);
            self.not_after_a_visitors_message(event, verdict);
            let before = self.messages_of(event).iter().filter(|message| message.received <= event.at);
            let (last, came) = before
                .fold((0, 0), |(last, came), message| (last.max(message.said()), came.max(message.received)));
            // A message that comes late may move it to a moment that is over; then it is due when the message comes.
            let quiet = |life: &Life| started.max(life.began).max(last);
            let at = |life: &Life| (quiet(life) + self.limits.silence_notice).max(came);
            // An outage, too, lets silence begin anew.
            if self.disturbance_end(life.began, event.at).is_none() {
                let due = Due { name: "the notice of silence", at: &at, carries_over: false };
                self.judge(event, &due, verdict);
            }
        } else if kind == "limit" {
            let ahead = notice["ahead_seconds"].as_i64().unwrap_or(0) * 1000;
            let fell_due = started + self.limits.text_max - ahead;
            Self::not_before(event, "the notice of the limit", fell_due, verdict);
            let due = Due { name: "the notice of the limit", at: &|_| fell_due, carries_over: true };
            self.judge(event, &due, verdict);
        } else {
            let what = format!("nobody has said here when the notice `{kind}` falls due");
            verdict.find(Violation::BrokenJournal, what);
        }
    }

    /// What came since then may not have been stored by `at`. While the database was away nothing was, nor while nobody served: a
    /// lease that cannot be renewed tells of a database that is too slow.
    fn not_stored_since(&self, at: i64) -> i64 {
        let since = at - self.limits.stored;
        let touching =
            self.disturbances.iter().chain(&self.unserved).filter(|(from, to)| *from <= at && since <= *to);
        touching.map(|(from, _)| *from - self.limits.stored).min().unwrap_or(since).min(since)
    }

    fn messages_of(&self, event: &EventRow) -> &[Message] {
        self.messages.get(event.conversation()).map(Vec::as_slice).unwrap_or_default()
    }

    /// Nobody is asked, or ended, for silence who has said the last word. Messages that came just before may not have been
    /// stored yet: they may speak for the server, not against it.
    fn not_after_a_visitors_message(&self, event: &EventRow, verdict: &mut Verdict) {
        let mut messages =
            self.messages_of(event).iter().rev().filter(|message| message.received <= event.at);
        let stored_by = self.not_stored_since(event.at);
        let last = messages.find(|message| message.received <= stored_by || !message.by_visitor);
        if last.is_some_and(|last| last.by_visitor) {
            let what = format!("silence of {}, whose visitor waits for an answer", event.conversation());
            verdict.find(Violation::Early, what);
        }
    }

    /// Since when the visitor waits for an answer, as far as the server could know `at` this moment: the first message after the
    /// counselor's last one.
    fn unanswered_since(&self, event: &EventRow, started: i64, at: i64) -> Option<i64> {
        let known: Vec<&Message> =
            self.messages_of(event).iter().filter(|message| message.received <= at).collect();
        let Some(answer) = known.iter().rposition(|message| !message.by_visitor) else {
            return Some(started);
        };
        known[answer + 1..].first().map(|message| message.second.max(started))
    }

    fn unanswered(&self, event: &EventRow, talk: &Talk, verdict: &mut Verdict) {
        let (Some(started), Some((_, life))) = (talk.started, self.life_of(event)) else { return };
        let messages = self.messages_of(event);
        if !messages.is_empty() && !messages.iter().any(|message| message.by_visitor) {
            // With a supervisor: who of the two asks is not told by their names.
            return;
        }
        let after = event.body["after_seconds"].as_i64().unwrap_or(0) * 1000;
        // What came just now may count already, or not yet: the server knew what had come by one of these moments.
        let just_now = self.not_stored_since(event.at)..=event.at;
        let came = messages.iter().map(|message| message.received).filter(|came| just_now.contains(came));
        let since: Vec<i64> = came
            .chain([*just_now.start(), *just_now.end()])
            .filter_map(|at| self.unanswered_since(event, started, at))
            .collect();
        let Some(earliest) = since.iter().copied().min() else {
            let what = format!("the alarm about {}, where everything is answered", event.conversation());
            verdict.find(Violation::Early, what);
            return;
        };
        Self::not_before(event, "the alarm", earliest + after, verdict);
        let latest = since.iter().copied().max().unwrap_or(earliest);
        // Messages that came late, and those before a restart, have time to settle: answers may be among them.
        let came = self
            .messages_of(event)
            .iter()
            .map(|message| message.received)
            .filter(|came| *came <= event.at)
            .max();
        let settled = came.unwrap_or(0) + self.limits.unanswered[0] / 2;
        let at = |life: &Life| (latest + after).max(settled).max(life.began + self.limits.unanswered[0] / 2);
        if self.disturbance_end(life.began, event.at).is_none() {
            self.judge(event, &Due { name: "the alarm", at: &at, carries_over: true }, verdict);
        }
    }

    fn ended(&self, event: &EventRow, talk: &Talk, verdict: &mut Verdict) {
        let Some((_, life)) = self.life_of(event) else { return };
        let started = talk.started.unwrap_or(event.at);
        match event.text("reason") {
            "limit" => self.hard(event, "the limit", started + self.limits.text_max, verdict),
            "absent" => self.hard(event, "the end for absence", started + self.limits.absent_max, verdict),
            "waiting" => {
                verdict.figures.waited_out += 1;
                let at = |life: &Life| self.waiting_due(talk.opened, life);
                Self::not_before(event, "the end of waiting", at(life), verdict);
                if self.disturbance_end(life.began, event.at).is_none() {
                    self.judge(
                        event,
                        &Due { name: "the end of waiting", at: &at, carries_over: true },
                        verdict,
                    );
                }
            }
            "silence" => {
                self.not_after_a_visitors_message(event, verdict);
                let noticed = talk.silence_noticed.filter(|(seq, _)| *seq > life.seq).map(|(_, at)| at);
                let Some(noticed) = noticed else {
                    let what = format!("the end for silence of {} without a notice", event.conversation());
                    verdict.find(Violation::Early, what);
                    return;
                };
                let fell_due = noticed + self.limits.silence_end;
                Self::not_before(event, "the end for silence", fell_due, verdict);
                self.judge(
                    event,
                    &Due { name: "the end for silence", at: &|_| fell_due, carries_over: false },
                    verdict,
                );
            }
            _ => {}
        }
    }

    fn hard(&self, event: &EventRow, name: &str, fell_due: i64, verdict: &mut Verdict) {
        Self::not_before(event, name, fell_due, verdict);
        self.judge(event, &Due { name, at: &|_| fell_due, carries_over: true }, verdict);
    }

    fn waiting_due(&self, opened: i64, life: &Life) -> i64 {
        let after_start = life.began + self.limits.grace + AFTER_RETURN_MS;
        (opened + self.limits.waiting_max).max(after_start)
    }

    /// Still open when the tables were read: was it due?
    fn left_open(&self, id: &str, talk: &Talk, verdict: &mut Verdict) {
        let Some(last) = self.lives.last() else { return };
        let due = match talk.started {
            Some(started) => started + self.limits.text_max,
            None => self.waiting_due(talk.opened, last),
        };
        let mut from = due.max(last.ready.unwrap_or(self.until));
        if let Some(back) = self.disturbance_end(last.began, self.until) {
            // Waiting is counted anew from there.
            from =
                from.max(back + if talk.started.is_none() { self.limits.grace + AFTER_RETURN_MS } else { 0 });
        }
        if self.until - from > self.late_max(from, self.until) {
            verdict.find(
                Violation::Late,
                format!("{id} is still open {} ms after it was due to end", self.until - from),
            );
        }
    }
}

fn stalls(entries: &[Entry]) -> Vec<(i64, i64)> {
    let of = |entry: &Entry| match entry.fact {
        Fact::Stalled { ms } => Some((entry.wall_ms, ms)),
        _ => None,
    };
    entries.iter().filter_map(of).collect()
}
