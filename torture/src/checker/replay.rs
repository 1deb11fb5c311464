//! The event log, told again from the start: laws L-1, L-2, L-4 and L-7, and the conversations it leads to.

use std::collections::{BTreeMap, BTreeSet};

use super::{ConversationRow, EventKind, EventRow, Evidence, Verdict, Violation};

/// A place in a queue; smaller is served first.
type QueueKey = (bool, u64);

#[derive(Debug, Clone)]
struct Talk {
    visitor: String,
    is_consultation: bool,
    requested_counselor: Option<String>,
    in_common_queue: bool,
    urgent: bool,
    arrival: u64,
    counselor: Option<String>,
    started_at: Option<i64>,
    ended: Option<(i64, String)>,
}

impl Talk {
    fn queue_key(&self) -> QueueKey {
        (!self.urgent, self.arrival)
    }

    fn waits(&self) -> bool {
        self.counselor.is_none() && self.ended.is_none()
    }

    fn status(&self) -> &'static str {
        match (&self.ended, self.counselor.is_some()) {
            (None, false) => "WAITING",
            (None, true) => "IN_PROGRESS",
            (Some((_, reason)), began) => match (reason.as_str(), began) {
                ("waiting" | "silence" | "limit" | "absent", _) => "TIME_OUT",
                (_, true) => "FINISHED",
                (_, false) => "CANCELLED",
            },
        }
    }
}

struct Replay<'a> {
    on_shift: &'a BTreeSet<String>,
    capacities: BTreeMap<String, u32>,
    talks: BTreeMap<String, Talk>,
    open: BTreeSet<String>,
    active: BTreeMap<String, BTreeSet<String>>,
    latest_arrival: u64,
}

pub(super) fn check(evidence: &Evidence<'_>, verdict: &mut Verdict) {
    let mut replay = Replay {
        on_shift: evidence.on_shift,
        capacities: evidence.capacities.clone(),
        talks: BTreeMap::new(),
        open: BTreeSet::new(),
        active: BTreeMap::new(),
        latest_arrival: 0,
    };
    for (index, event) in evidence.tables.events.iter().enumerate() {
        if event.seq != index as u64 + 1 {
            let what = format!("event {} stands where {} should", event.seq, index + 1);
            verdict.find(Violation::BrokenJournal, what);
        }
        replay.fold(event, verdict);
    }
    replay.compare(&evidence.tables.conversations, verdict);
}

impl Replay<'_> {
    fn fold(&mut self, event: &EventRow, verdict: &mut Verdict) {
        let Some(kind) = EventKind::of(&event.kind) else {
            let what = format!("event {} is a {:?}, which nobody knows", event.seq, event.kind);
            return verdict.find(Violation::BrokenJournal, what);
        };
        match kind {
            EventKind::Opened => self.opened(event, verdict),
            EventKind::Assigned => self.assigned(event, verdict),
            EventKind::Ended => self.ended(event, verdict),
            EventKind::Widened => self.change(event, verdict, |talk, _| talk.in_common_queue = true),
            EventKind::PriorityChanged => self.change(event, verdict, |talk, event| {
                talk.urgent = event.text("priority") == "urgent";
            }),
            EventKind::CapacityChanged | EventKind::Admitted => {
                let capacity = event.body["capacity"].as_u64().and_then(|places| u32::try_from(places).ok());
                self.capacities.insert(event.text("counselor").to_owned(), capacity.unwrap_or(0));
            }
            EventKind::Noticed | EventKind::Unanswered | EventKind::MediumChanged => {
                self.change(event, verdict, |_, _| ());
            }
            // They change nobody's place and no conversation.
            EventKind::Claimed
            | EventKind::PresenceChosen
            | EventKind::Expelled
            | EventKind::Pardoned
            | EventKind::CounselorLost => {}
        }
    }

    fn opened(&mut self, event: &EventRow, verdict: &mut Verdict) {
        let (id, visitor) = (event.conversation().to_owned(), event.text("visitor").to_owned());
        let arrival = event.body["arrival"].as_u64().unwrap_or(0);
        let is_consultation = event.body["kind"] == "consultation";
        if self.talks.contains_key(&id) {
            verdict.find(Violation::Doubled, format!("{id} is opened again by event {}", event.seq));
        }
        let other = self.open.iter().find(|open| {
            self.talks.get(*open).is_some_and(|talk| talk.is_consultation && talk.visitor == visitor)
        });
        if let Some(other) = other.filter(|_| is_consultation) {
            verdict.find(Violation::TwoOpen, format!("{visitor} opened {id} while in {other}"));
        }
        if arrival <= self.latest_arrival {
            let what = format!("{id} arrives as number {arrival} after number {}", self.latest_arrival);
            verdict.find(Violation::BrokenJournal, what);
        }
        self.latest_arrival = self.latest_arrival.max(arrival);
        let requested_counselor = event.body["wanted"].as_str().map(str::to_owned);
        let talk = Talk {
            visitor,
            is_consultation,
            in_common_queue: requested_counselor.is_none(),
            requested_counselor,
            urgent: false,
            arrival,
            counselor: None,
            started_at: None,
            ended: None,
        };
        self.open.insert(id.clone());
        self.talks.insert(id, talk);
    }

    fn assigned(&mut self, event: &EventRow, verdict: &mut Verdict) {
        let (id, counselor) = (event.conversation(), event.text("counselor"));
        let Some(talk) = self.talks.get(id).filter(|talk| talk.waits()) else {
            verdict
                .find(Violation::EndedTwice, format!("event {} begins {id}, which does not wait", event.seq));
            return;
        };
        let active = self.active.get(counselor).map_or(0, BTreeSet::len);
        let capacity = self.capacities.get(counselor).copied().unwrap_or(0);
        if u32::try_from(active).unwrap_or(u32::MAX) >= capacity {
            let what = format!("event {} gives {counselor} talk {} of {capacity}", event.seq, active + 1);
            verdict.find(Violation::OverCapacity, what);
        }
        if let Some(ahead) = self.ahead_of(talk, counselor) {
            verdict.find(
                Violation::Overtaken,
                format!("event {} assigns {id} while {ahead} stood ahead", event.seq),
            );
        }
        self.active.entry(counselor.to_owned()).or_default().insert(id.to_owned());
        if let Some(talk) = self.talks.get_mut(id) {
            talk.counselor = Some(counselor.to_owned());
            talk.started_at = Some(event.at);
        }
    }

    /// Somebody whom `counselor` would have to serve before `talk`.
    fn ahead_of(&self, talk: &Talk, counselor: &str) -> Option<String> {
        let serves = |other: &Talk| {
            let by_name = other.requested_counselor.as_deref() == Some(counselor);
            let from_common =
                other.in_common_queue && self.on_shift.contains(counselor) && other.visitor != counselor;
            by_name || from_common
        };
        let waiting = self.open.iter().filter_map(|id| Some((id, self.talks.get(id)?)));
        waiting
            .filter(|(_, other)| other.waits() && other.queue_key() < talk.queue_key() && serves(other))
            .map(|(id, _)| id.clone())
            .next()
    }

    fn ended(&mut self, event: &EventRow, verdict: &mut Verdict) {
        let id = event.conversation();
        if !self.open.remove(id) {
            verdict.find(Violation::EndedTwice, format!("event {} ends {id}, which is not open", event.seq));
            return;
        }
        let Some(talk) = self.talks.get_mut(id) else { return };
        talk.ended = Some((event.at, event.text("reason").to_owned()));
        if let Some(counselor) = &talk.counselor
            && let Some(active) = self.active.get_mut(counselor)
        {
            active.remove(id);
        }
    }

    fn change(&mut self, event: &EventRow, verdict: &mut Verdict, change: impl FnOnce(&mut Talk, &EventRow)) {
        let id = event.conversation();
        if let Some(talk) = self.talks.get_mut(id).filter(|talk| talk.ended.is_none()) {
            change(talk, event);
        } else {
            let what = format!("event {} ({}) is about {id}, which is not open", event.seq, event.kind);
            verdict.find(Violation::BrokenJournal, what);
        }
    }

    fn compare(&self, rows: &[ConversationRow], verdict: &mut Verdict) {
        let mut known = BTreeSet::new();
        for row in rows {
            known.insert(row.id.as_str());
            let Some(talk) = self.talks.get(&row.id) else {
                verdict
                    .find(Violation::StoreDisagrees, format!("{} stands there and was never opened", row.id));
                continue;
            };
            let ended_at = talk.ended.as_ref().map(|(at, _)| *at);
            let reason = talk.ended.as_ref().map(|(_, reason)| reason.clone());
            let same = row.visitor == talk.visitor
                && row.status == talk.status()
                && row.counselor == talk.counselor
                && row.started_at == talk.started_at
                && row.ended_at == ended_at
                && row.end_reason == reason;
            if !same {
                verdict.find(
                    Violation::StoreDisagrees,
                    format!("{row:?} is not what the journal says: {talk:?}"),
                );
            }
        }
        for id in self.talks.keys().filter(|id| !known.contains(id.as_str())) {
            verdict.find(Violation::StoreDisagrees, format!("{id} was opened and does not stand there"));
        }
    }
}
