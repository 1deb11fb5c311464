//! What must be true of every committed prefix: of what is kept after each commit, and of whoever is revived from it.

use hotline_actors::{
    ConversationId, Dispatch, Timestamp, WriterId,
    dispatch::{
        clock::Said,
        conversation::{EndReason, Phase},
        event::{Event, Notice},
    },
    journal::Stamped,
};

use crate::memory_store::{StoredState, faults::CALL_TIMEOUT};

impl StoredState {
    /// The laws on what is kept, and on what a revival would make of it at this moment (L-10).
    pub(super) fn check_prefix(&mut self) {
        let (seq, now, snapshot) = (self.rows.len(), self.now(), self.snapshot());
        let mut found = Vec::new();
        for law in self.folded.broken_laws() {
            found.push(format!("{}: kept up to {seq}", law.name()));
        }
        // As the code in hand would do it, faults and all.
        let revived = Dispatch::revive(self.limits.clone(), &snapshot, now);
        for law in revived.broken_laws() {
            found.push(format!("L-10: {} is broken when revived from {seq}", law.name()));
        }
        if revived.snapshot() != snapshot {
            found.push(format!("L-10: revived from {seq} it is not what is kept"));
        }
        for facts in revived.conversations() {
            let deadline = match facts.phase {
                Phase::Waiting => revived.next_deadline(),
                Phase::InProgress { .. } | Phase::Ended { .. } => revived.talk_deadline(facts.id, now),
            };
            if deadline.is_none() {
                found.push(format!("L-10: revived from {seq} nothing would ever end {}", facts.id));
            }
        }
        found.extend(
            self.model.differs_from(&revived).map(|what| format!("L-10: revived from {seq}: {what}")),
        );
        self.found.append(&mut found);
    }

    /// Nothing falls due before its time, by what its writer could know when it decided.
    pub(super) fn check_early(&mut self, stamped: &Stamped, writer: WriterId) {
        if let Some(unjust) = self.unjust(stamped, writer) {
            self.found.push(format!("{unjust}: {stamped:?}"));
        }
        let Some(due) = self.due(stamped, writer) else { return };
        if stamped.at < due {
            let early = due.since(stamped.at);
            self.found.push(format!("early: falls due {early:?} before its time: {stamped:?}"));
        }
    }

    /// L-11, and that nobody is said to have left a visitor alone who has answered: by what the writer could know.
    fn unjust(&self, stamped: &Stamped, writer: WriterId) -> Option<&'static str> {
        let talk = stamped.event.conversation()?;
        // It need not have been the latest word, but it must be one that it could take for that.
        let all = |is_unjust: fn(&Said) -> bool| {
            Some(self.known_when_decided(talk, writer, stamped.at)?.iter().all(is_unjust))
        };
        match stamped.event {
            Event::Ended { reason: EndReason::Silence, .. }
            | Event::Noticed { notice: Notice::Silence, .. } => all(Said::is_last_by_visitor)?
                .then_some("L-11: silent, though the visitor waits for an answer"),
            Event::Unanswered { .. } => {
                let is_answered = |said: &Said| said.counselor.is_some() && said.unanswered.is_none();
                all(is_answered)?.then_some("early: unanswered, though the counselor has said the last word")
            }
            // Without a wildcard, here and below: these rest on no word, and but for the first two fall due by no clock.
            Event::Ended { .. }
            | Event::Noticed { notice: Notice::Limit { .. }, .. }
            | Event::Claimed
            | Event::Admitted { .. }
            | Event::CapacityChanged { .. }
            | Event::PresenceChosen { .. }
            | Event::Expelled { .. }
            | Event::Pardoned { .. }
            | Event::Opened { .. }
            | Event::Widened { .. }
            | Event::PriorityChanged { .. }
            | Event::Assigned { .. }
            | Event::MediumChanged { .. }
            | Event::CounselorLost { .. } => None,
        }
    }

    /// The same for one who may not have read the record since it claimed the journal, or just now.
    pub(crate) fn known_since_claim(
        &self,
        talk: ConversationId,
        writer: WriterId,
        now: Timestamp,
    ) -> Option<Vec<Said>> {
        let claimed = self.claimed_by(writer)?;
        Some(self.words.known(talk, writer, (claimed, claimed), now))
    }

    /// Whatever rests on the words is decided after a look at the record.
    fn known_when_decided(
        &self,
        talk: ConversationId,
        writer: WriterId,
        now: Timestamp,
    ) -> Option<Vec<Said>> {
        Some(self.words.known(talk, writer, (self.claimed_by(writer)?, now - CALL_TIMEOUT), now))
    }

    fn due(&self, stamped: &Stamped, writer: WriterId) -> Option<Timestamp> {
        let facts = self.folded.conversation(stamped.event.conversation()?)?;
        let started = facts.started_at();
        let quiet_since = || {
            let words = self.words.of(facts.id, writer, stamped.at);
            Some(words.map(|word| word.said).max().unwrap_or(started?).max(started?))
        };
        let limits = &self.limits;
        match stamped.event {
            // Without a wildcard: whoever adds a notice or an end says here when it falls due.
            Event::Noticed { notice, .. } => Some(match notice {
                Notice::Silence => quiet_since()? + limits.silence_notice,
                Notice::Limit { index, .. } => {
                    started? + limits.text_max - limits.limit_notices[usize::from(index)]
                }
            }),
            Event::Ended { reason, .. } => match reason {
                EndReason::Waiting => Some(facts.opened_at + limits.waiting_max),
                EndReason::Limit => Some(started? + limits.text_max),
                EndReason::Absent => Some(started? + limits.absent_max),
                EndReason::Silence => Some(quiet_since()? + limits.silence_notice + limits.silence_end),
                EndReason::Visitor
                | EndReason::Counselor
                | EndReason::Supervisor
                | EndReason::Administrator
                | EndReason::CounselorGone
                | EndReason::Banned
                | EndReason::ConsultationEnded => None,
            },
            Event::Unanswered { index, .. } => {
                let known = self.known_when_decided(facts.id, writer, stamped.at)?;
                let since = |said: &Said| {
                    let first = said.unanswered.map(|(first, _)| first);
                    Some(if said.counselor.is_some() { first? } else { started? })
                };
                let since = known.iter().filter_map(since).min().or(started)?;
                Some(since.max(started?) + limits.unanswered_after(index)?)
            }
            Event::Claimed
            | Event::Admitted { .. }
            | Event::CapacityChanged { .. }
            | Event::PresenceChosen { .. }
            | Event::Expelled { .. }
            | Event::Pardoned { .. }
            | Event::Opened { .. }
            | Event::Widened { .. }
            | Event::PriorityChanged { .. }
            | Event::Assigned { .. }
            | Event::MediumChanged { .. }
            | Event::CounselorLost { .. } => None,
        }
    }
}
