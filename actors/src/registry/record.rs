//! Who has said what last, as the record has it.
//!
//! Messages are told here (`activity.rs`) by this server alone, and not all of them: another server that held the
//! institution may store some after this one has claimed it, and what an attempt had stored whose answer was lost comes
//! again as known. So the record is read once more before anything that rests on the words is decided, when a message
//! comes again, and for a while after a claim.

use std::{collections::BTreeSet, time::Duration};

use actix::{ActorFutureExt, Context, ContextFutureSpawner, Handler, WrapFuture};

use crate::{
    conversation::Recorded,
    dispatch::{
        clock::{Due, TalkClock, TalkRecord},
        command::Command,
    },
    ids::ConversationId,
    journal::StoreFault,
    protocol::Tell,
    registry::{Registry, State},
    sabotage::{Sabotage, sabotaged},
    time::Timestamp,
};

/// For so long after a claim the record is read at every check: by then whoever held the institution before has stored what
/// it had taken in, or given it up.
const WATCH: Duration = Duration::from_mins(2);

/// So many talks are read at once: the journal's own connection is not kept for long, and one look has a limit in time.
const TALKS_MAX: usize = 64;

/// What is to be read of the record. One reading is under way at most; what is wanted meanwhile is read by the next.
#[derive(Debug, Default)]
pub(super) struct RecordReader {
    to_read: BTreeSet<ConversationId>,
    /// Something falls due in these, and is decided when they have been read.
    due: BTreeSet<ConversationId>,
    /// What is being read; empty when nothing is.
    reading: BTreeSet<ConversationId>,
    /// The last reading failed.
    is_unreadable: bool,
    watched_until: Option<Timestamp>,
}

impl RecordReader {
    /// The institution was claimed at this moment.
    pub(super) fn watch_from(&mut self, claimed: Timestamp) {
        self.watched_until = Some(claimed + WATCH);
    }

    /// A message of this talk is stored. If the talk is being read, the reading may have been too early for it.
    pub(super) fn stored(&mut self, talk: ConversationId) {
        if self.reading.contains(&talk) {
            self.to_read.insert(talk);
        }
    }
}

impl Registry {
    /// A talk's clock says that something is due. Only a hard limit is decided without a look at the record.
    fn falls_due(&mut self, talk: ConversationId, ctx: &mut Context<Self>) {
        if self.decided.talk_due(talk, self.now()).is_none_or(Due::is_hard) {
            self.handle_tell(&Command::Due { conversation: talk }, ctx);
        } else if self.state == State::Serving && !self.troubled {
            self.record.due.insert(talk);
            self.read_record([talk], ctx);
        }
    }

    /// Now and then: what could not be read before, and after a claim the talks of which another server may have stored
    /// words.
    pub(super) fn read_what_others_stored(&mut self, ctx: &mut Context<Self>) {
        let is_watched = self.record.watched_until.is_some_and(|until| self.now() <= until);
        let talks = self.decided.conversations().filter(|facts| is_watched && facts.counselor().is_some());
        let talks: Vec<ConversationId> = talks.map(|facts| facts.id).collect();
        self.read_record(talks, ctx);
    }

    pub(super) fn read_record(
        &mut self,
        talks: impl IntoIterator<Item = ConversationId>,
        ctx: &mut Context<Self>,
    ) {
        self.record.to_read.extend(talks);
        if sabotaged(Sabotage::ForgetTheRecord) {
            self.record.to_read.clear();
            for conversation in std::mem::take(&mut self.record.due) {
                self.handle_tell(&Command::Due { conversation }, ctx);
            }
        }
        // While the store is away nothing can be read; once it is back all is read anew.
        let is_out_of_order = self.state == State::Fenced || self.troubled;
        if is_out_of_order || !self.record.reading.is_empty() || self.record.to_read.is_empty() {
            return;
        }
        // What is due goes first.
        let (to_read, due) = (&self.record.to_read, &self.record.due);
        let first = to_read.intersection(due).chain(to_read.difference(due));
        self.record.reading = first.take(TALKS_MAX).copied().collect();
        self.record.to_read = to_read - &self.record.reading;
        self.store
            .records(self.record.reading.iter().copied().collect())
            .into_actor(self)
            .map(|records, this, ctx| this.record_read(records, ctx))
            .spawn(ctx);
    }

    fn record_read(&mut self, records: Result<Vec<TalkRecord>, StoreFault>, ctx: &mut Context<Self>) {
        let talks = std::mem::take(&mut self.record.reading);
        let due: Vec<ConversationId> =
            talks.iter().copied().filter(|talk| self.record.due.remove(talk)).collect();
        match records {
            Ok(records) => {
                if std::mem::take(&mut self.record.is_unreadable) {
                    tracing::info!(institution = %self.setup.institution, "the record can be read again");
                }
                for record in records {
                    self.recorded(record);
                }
                for conversation in due {
                    self.handle_tell(&Command::Due { conversation }, ctx);
                }
                self.read_record([], ctx);
            }
            // What is due is brought up again by its clock, all else at the next check.
            Err(StoreFault(fault)) => {
                self.record.to_read.extend(talks);
                if !std::mem::replace(&mut self.record.is_unreadable, true) {
                    tracing::warn!(institution = %self.setup.institution, %fault, "reading stored messages failed: alarms and silence limits are postponed");
                }
            }
        }
    }

    fn recorded(&mut self, record: TalkRecord) {
        let (now, talk) = (self.now(), record.talk);
        let before = self.waits_since(talk);
        if self.decided.recorded(&record, now) {
            tracing::debug!(institution = %self.setup.institution, conversation = %talk, "messages found in the database that this server had not seen");
            self.children.tell_talk(talk, Recorded { record, now });
        }
        if self.waits_since(talk) != before {
            self.children.answers_changed();
        }
    }

    pub(super) fn waits_since(&self, talk: ConversationId) -> Option<Timestamp> {
        self.decided.clock(talk).and_then(TalkClock::unanswered_since)
    }

    /// A turn with nobody to answer.
    fn handle_tell(&mut self, command: &Command, ctx: &mut Context<Self>) {
        let due = matches!(command, Command::Due { .. } | Command::Wake);
        if self.state != State::Serving || (due && self.troubled) {
            return;
        }
        if let Command::Seen { visitor, here: true } = command {
            self.visitor_returned(*visitor);
        }
        if let Err(refusal) = self.turn(command, ctx) {
            // The person was removed while their actor still sent commands.
            tracing::debug!(institution = %self.setup.institution, %refusal, "command refused: the person was removed meanwhile");
        }
    }
}

impl Handler<Tell> for Registry {
    type Result = ();

    fn handle(&mut self, Tell(command): Tell, ctx: &mut Self::Context) {
        if let Command::Due { conversation } = command {
            self.falls_due(conversation, ctx);
        } else {
            self.handle_tell(&command, ctx);
        }
    }
}
