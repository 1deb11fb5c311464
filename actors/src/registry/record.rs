//! Who has said what last, as the record has it.
//!
//! Messages are told here (`activity.rs`) by this server alone, and not all of them: another server that held the institution may store some
//! after this one has claimed it, and what an attempt had stored whose answer was lost comes again as known. So the record
//! is read once more before anything that rests on the words is decided, when a message comes again, and for a while after a
//! claim.

use std::{collections::BTreeSet, time::Duration};

use actix::{ActorFutureExt, Context, ContextFutureSpawner, Handler, WrapFuture};

use crate::{
    conversation::Recorded,
    dispatch::{
        clock::{Due, Said, TalkClock},
        command::Command,
    },
    ids::ConversationId,
    protocol::Tell,
    registry::{Registry, State},
    sabotage::{Sabotage, sabotaged},
    time::Timestamp,
};

/// For so long after a claim the record is read at every check: by then whoever held the institution before has stored what
/// it had taken in, or given it up.
const WATCH: Duration = Duration::from_mins(2);

/// What is to be read of the record. One reading is under way at most; what is wanted meanwhile is read by the next.
#[derive(Debug, Default)]
pub(super) struct RecordReader {
    wanted: BTreeSet<ConversationId>,
    /// Something falls due in these, and is decided when they have been read.
    due: BTreeSet<ConversationId>,
    is_reading: bool,
    watched_until: Option<Timestamp>,
}

impl RecordReader {
    /// The institution was claimed at this moment.
    pub(super) fn watch_from(&mut self, claimed: Timestamp) {
        self.watched_until = Some(claimed + WATCH);
    }
}

impl Registry {
    /// A talk's clock says that something is due. Only a hard limit is decided without a look at the record.
    fn falls_due(&mut self, talk: ConversationId, ctx: &mut Context<Self>) {
        if self.decided.talk_due(talk, self.now()).is_none_or(Due::is_hard) {
            self.told(&Command::Due { conversation: talk }, ctx);
        } else {
            self.record.due.insert(talk);
            self.read_record([talk], ctx);
        }
    }

    /// After a claim, now and then: the talks of which another server may have stored words.
    pub(super) fn read_what_others_stored(&mut self, ctx: &mut Context<Self>) {
        let now = self.now();
        if self.record.watched_until.is_none_or(|until| until < now) {
            self.record.watched_until = None;
            return;
        }
        let talks: Vec<ConversationId> = self
            .decided
            .conversations()
            .filter(|facts| facts.counselor().is_some())
            .map(|facts| facts.id)
            .collect();
        self.read_record(talks, ctx);
    }

    pub(super) fn read_record(
        &mut self,
        talks: impl IntoIterator<Item = ConversationId>,
        ctx: &mut Context<Self>,
    ) {
        self.record.wanted.extend(talks);
        if sabotaged(Sabotage::ForgetTheRecord) {
            self.record.wanted.clear();
            for conversation in std::mem::take(&mut self.record.due) {
                self.told(&Command::Due { conversation }, ctx);
            }
        }
        if self.record.is_reading || self.record.wanted.is_empty() {
            return;
        }
        self.record.is_reading = true;
        let talks: Vec<ConversationId> = std::mem::take(&mut self.record.wanted).into_iter().collect();
        self.store
            .said(talks.clone())
            .into_actor(self)
            .map(move |said, this, ctx| {
                this.record.is_reading = false;
                let due: Vec<ConversationId> = talks.into_iter().filter(|talk| this.record.due.remove(talk)).collect();
                match said {
                    Ok(said) => {
                        for (talk, said) in said {
                            this.recorded(talk, said);
                        }
                        for conversation in due {
                            this.told(&Command::Due { conversation }, ctx);
                        }
                    }
                    // What is due is brought up again by its clock.
                    Err(fault) => {
                        tracing::debug!(institution = %this.setup.institution, %fault, "the record cannot be read yet");
                    }
                }
                this.read_record([], ctx);
            })
            .spawn(ctx);
    }

    fn recorded(&mut self, talk: ConversationId, said: Said) {
        let now = self.now();
        let before = self.waits_since(talk);
        if self.decided.recorded(talk, said, now) {
            tracing::info!(institution = %self.setup.institution, conversation = %talk, "the record has words that were not told here");
            self.children.tell_talk(talk, Recorded { said, now });
        }
        if self.waits_since(talk) != before {
            self.children.answers_changed();
        }
    }

    pub(super) fn waits_since(&self, talk: ConversationId) -> Option<Timestamp> {
        self.decided.clock(talk).and_then(TalkClock::unanswered_since)
    }

    /// A turn with nobody to answer.
    fn told(&mut self, command: &Command, ctx: &mut Context<Self>) {
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
            self.told(&command, ctx);
        }
    }
}
