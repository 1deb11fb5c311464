//! What must be true of every committed prefix: of what is kept after each commit, and of whoever is revived from it.

use hotline_actors::{
    Dispatch, Timestamp, WriterId,
    dispatch::{
        conversation::{EndReason, Phase},
        event::{Event, Notice},
    },
    journal::Stamped,
};

use crate::ledger::Book;

impl Book {
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
            self.witness.differs_from(&revived).map(|what| format!("L-10: revived from {seq}: {what}")),
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
        let said = || Some(self.words.known(talk, writer, self.claimed_by(writer)?, stamped.at));
        match stamped.event {
            Event::Ended { reason: EndReason::Silence, .. }
            | Event::Noticed { notice: Notice::Silence, .. } => {
                said()?.is_last_by_visitor().then_some("L-11: silent, though the visitor waits for an answer")
            }
            Event::Unanswered { .. } => {
                let said = said()?;
                let is_answered = said.counselor.is_some() && said.unanswered.is_none();
                is_answered.then_some("early: unanswered, though the counselor has said the last word")
            }
            _ => None,
        }
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
            Event::Ended { reason: EndReason::Waiting, .. } => Some(facts.opened_at + limits.waiting_max),
            Event::Ended { reason: EndReason::Limit, .. } => Some(started? + limits.text_max),
            Event::Ended { reason: EndReason::Absent, .. } => Some(started? + limits.absent_max),
            Event::Ended { reason: EndReason::Silence, .. } => {
                Some(quiet_since()? + limits.silence_notice + limits.silence_end)
            }
            Event::Noticed { notice: Notice::Silence, .. } => Some(quiet_since()? + limits.silence_notice),
            Event::Noticed { notice: Notice::Limit { index, .. }, .. } => {
                Some(started? + limits.text_max - limits.limit_notices[usize::from(index)])
            }
            Event::Unanswered { index, .. } => {
                let said = self.words.known(facts.id, writer, self.claimed_by(writer)?, stamped.at);
                let first = said.unanswered.map(|(first, _)| first);
                let since = if said.counselor.is_some() { first.or(started) } else { started };
                Some(since?.max(started?) + limits.unanswered_after(index)?)
            }
            _ => None,
        }
    }
}
