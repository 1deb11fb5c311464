//! Who waits for an answer, and which alarms are not settled: told to those who can help. State, not events: it follows
//! from what is committed, from the messages that are stored and from who can be reached, so it is right after a
//! restart, too.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    dispatch::{
        clock::TalkClock,
        conversation::{Conversation, Phase},
        counselor::{Connectivity, Role},
    },
    ids::{ConversationId, CounselorId, PersonId},
    push::{Answers, Push, StandingAlarm, StateUpdate},
    registry::Registry,
    time::Timestamp,
};

/// Whose view it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reader {
    /// A counselor sees their own talks, a supervisor also those of the counselors bound to them.
    Staff(CounselorId),
    /// All of them see everything.
    Administrators,
}

/// Everything there is, before it is cut to what one may see.
struct Everything {
    talks: BTreeMap<CounselorId, Vec<(ConversationId, Option<Timestamp>)>>,
    alarms: Vec<StandingAlarm>,
    /// The bindings, the other way round.
    bound: BTreeMap<PersonId, Vec<CounselorId>>,
}

impl Everything {
    fn for_reader(&self, reader: Reader, supervises: bool) -> Answers {
        let Reader::Staff(id) = reader else {
            let unanswered = self.talks.values().flatten().copied().collect();
            return Answers { unanswered, alarms: self.alarms.clone() };
        };
        let bound = self.bound.get(&id.into()).filter(|_| supervises).into_iter().flatten().copied();
        let scope: BTreeSet<CounselorId> = bound.chain([id]).collect();
        let talks = scope.iter().filter_map(|counselor| self.talks.get(counselor));
        let concerns = |alarm: &&StandingAlarm| match alarm {
            StandingAlarm::Unanswered { counselor, .. } => scope.contains(counselor),
            StandingAlarm::CounselorLost { .. } => supervises,
        };
        Answers {
            unanswered: talks.flatten().copied().collect(),
            alarms: self.alarms.iter().filter(concerns).cloned().collect(),
        }
    }
}

/// What has changed from one to the other: none for what is answered or over. Named again is what an event has told of:
/// it may have changed since, and back.
fn difference(
    before: &BTreeMap<ConversationId, Option<Timestamp>>,
    now: &BTreeMap<ConversationId, Option<Timestamp>>,
    told: &BTreeSet<ConversationId>,
) -> BTreeMap<ConversationId, Option<Timestamp>> {
    let changed = now.iter().filter(|(id, since)| before.get(id) != Some(since) || told.contains(id));
    let over = before.iter().filter(|(id, since)| since.is_some() && !now.contains_key(id));
    changed.map(|(id, since)| (*id, *since)).chain(over.map(|(id, _)| (*id, None))).collect()
}

impl Registry {
    /// Since when the visitor in a talk waits for an answer. Only messages that are stored count.
    pub(super) fn unanswered_since(&self, facts: &Conversation) -> Option<Timestamp> {
        let is_talk = matches!(facts.phase, Phase::InProgress { .. });
        self.decided.clock(facts.id).filter(|_| is_talk)?.unanswered_since()
    }

    /// Every alarm that is not settled, the oldest first.
    pub(super) fn standing_alarms(&self) -> Vec<StandingAlarm> {
        let unanswered = self.committed.conversations().filter_map(|facts| {
            let (clock, counselor) = (self.decided.clock(facts.id)?, facts.counselor()?);
            let known = TalkClock { alarmed: facts.alarmed, ..*clock };
            Some(StandingAlarm::Unanswered {
                conversation: facts.id,
                counselor,
                visitor: facts.visitor,
                since: known.unanswered_since()?,
                after: self.limits.unanswered_after(known.alarm_out(&self.limits)?)?,
            })
        });
        let lost = self.committed.counselors().filter_map(|counselor| {
            let since = counselor.lost?;
            let is_back = self
                .decided
                .counselor(counselor.id)
                .is_none_or(|known| known.connectivity != Connectivity::Offline);
            let conversations: Vec<ConversationId> = counselor.open_conversations().collect();
            (!is_back && !conversations.is_empty()).then_some(StandingAlarm::CounselorLost {
                counselor: counselor.id,
                since,
                conversations,
            })
        });
        let mut alarms: Vec<StandingAlarm> = unanswered.chain(lost).collect();
        alarms.sort_by_key(|alarm| match alarm {
            StandingAlarm::Unanswered { since, .. } | StandingAlarm::CounselorLost { since, .. } => *since,
        });
        alarms
    }

    fn everything(&self) -> Everything {
        let mut talks: BTreeMap<CounselorId, Vec<_>> = BTreeMap::new();
        for facts in self.committed.conversations() {
            if let Some(counselor) = facts.counselor() {
                talks.entry(counselor).or_default().push((facts.id, self.unanswered_since(facts)));
            }
        }
        let mut bound: BTreeMap<PersonId, Vec<CounselorId>> = BTreeMap::new();
        for (counselor, supervisors) in &self.children.bindings {
            for supervisor in supervisors {
                bound.entry(*supervisor).or_default().push(*counselor);
            }
        }
        Everything { talks, alarms: self.standing_alarms(), bound }
    }

    fn supervises(&self, counselor: CounselorId) -> bool {
        self.committed.counselor(counselor).is_some_and(|known| known.role == Role::Supervisor)
    }

    /// All of it, for a socket that comes.
    pub(super) fn answers_of(&self, reader: Reader) -> Answers {
        let supervises = matches!(reader, Reader::Staff(id) if self.supervises(id));
        self.everything().for_reader(reader, supervises)
    }

    /// Tells everybody what has changed of it since it was shown last.
    pub(super) fn show_answers(&mut self) {
        let all = self.everything();
        let staff = self.children.counselors.keys().map(|id| Reader::Staff(*id));
        let readers: Vec<Reader> = staff.chain([Reader::Administrators]).collect();
        let mut shown = std::mem::take(&mut self.children.shown);
        let told = std::mem::take(&mut self.children.published_talks);
        let mut next = BTreeMap::new();
        for reader in readers {
            let supervises = matches!(reader, Reader::Staff(id) if self.supervises(id));
            let answers = all.for_reader(reader, supervises);
            let before = shown.remove(&reader).unwrap_or_default();
            let changed = difference(&before.unanswered, &answers.unanswered, &told);
            if !changed.is_empty() {
                self.push_to_reader(reader, Push::Unanswered(Arc::new(changed)));
            }
            if before.alarms != answers.alarms {
                self.push_to_reader(reader, Push::Alarms(Arc::new(answers.alarms.clone())));
            }
            next.insert(reader, answers);
        }
        self.children.shown = next;
    }

    fn push_to_reader(&mut self, reader: Reader, push: Push) {
        match reader {
            Reader::Administrators => self.children.administrators.push(&push),
            Reader::Staff(id) => {
                if let Some(actor) = self.children.counselors.get(&id) {
                    actor.do_send(StateUpdate(push));
                }
            }
        }
    }
}
