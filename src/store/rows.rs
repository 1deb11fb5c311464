//! Between the domain's values and the rows of the database.

use hotline_actors::{
    ConversationId, CounselorId, Timestamp,
    dispatch::{
        StaffMember,
        clock::{Said, TalkRecord},
        conversation::Conversation,
        counselor::{ChosenStatus, Role},
        event::{Event, Removal},
    },
    journal::{Batch, PersonChange, Standing},
};
use uuid::Uuid;

use super::number;
use crate::{
    conversations::{ConversationRow, Misfit},
    wording::notices,
};

/// A stored row says what it cannot.
#[derive(Debug, thiserror::Error)]
#[error("{table} {id}: {what}")]
pub(super) struct Unreadable {
    table: &'static str,
    id: String,
    what: &'static str,
}

pub(super) struct SeatRow {
    pub(super) id: Uuid,
    pub(super) kind: String,
    pub(super) max_consults: i32,
    pub(super) presence: Option<String>,
}

impl TryFrom<SeatRow> for StaffMember {
    type Error = Unreadable;

    fn try_from(row: SeatRow) -> Result<Self, Unreadable> {
        let unreadable = |what| Unreadable { table: "people", id: row.id.simple().to_string(), what };
        let role = match row.kind.as_str() {
            "COUNSELOR" => Role::Counselor,
            "SUPERVISOR" => Role::Supervisor,
            _ => return Err(unreadable("kind has no places")),
        };
        let capacity = u32::try_from(row.max_consults).map_err(|_| unreadable("max_consults is negative"))?;
        let chosen = row.presence.as_deref().map(str::parse::<ChosenStatus>).transpose();
        let chosen = chosen.map_err(|_| unreadable("unknown presence"))?;
        Ok(Self { counselor: CounselorId(row.id), role, capacity, chosen })
    }
}

/// Who has said what last in a talk.
pub(super) struct RecordRow {
    pub(super) id: Uuid,
    /// When somebody was last heard in a call.
    pub(super) called_at: Option<i64>,
    /// The counselor's last word.
    pub(super) answered_at: Option<i64>,
    /// The visitor's words after it, and after the last call: the first and the last of them.
    pub(super) unanswered_from: Option<i64>,
    pub(super) unanswered_to: Option<i64>,
    pub(super) has_visitor_spoken: bool,
}

impl From<RecordRow> for TalkRecord {
    fn from(row: RecordRow) -> Self {
        let unanswered = row.unanswered_from.zip(row.unanswered_to);
        let said = Said {
            counselor: row.answered_at.max(row.called_at).map(Timestamp),
            unanswered: unanswered.map(|(from, to)| (Timestamp(from), Timestamp(to))),
        };
        Self { talk: ConversationId(row.id), said, has_visitor_spoken: row.has_visitor_spoken }
    }
}

/// The facts of an open conversation.
pub(super) fn open_facts(row: &ConversationRow) -> Result<Conversation, Unreadable> {
    let unreadable =
        |Misfit(what)| Unreadable { table: "conversations", id: row.id.simple().to_string(), what };
    row.open_facts().map_err(unreadable)
}

/// The columns of a batch's events.
#[derive(Default)]
pub(super) struct EventRows {
    pub(super) seq: Vec<i64>,
    pub(super) at: Vec<i64>,
    pub(super) kind: Vec<String>,
    pub(super) body: Vec<String>,
}

impl EventRows {
    pub(super) fn new(batch: &Batch) -> Self {
        let mut rows = Self::default();
        for stamped in &batch.events {
            rows.seq.push(number(stamped.seq));
            rows.at.push(stamped.at.0);
            rows.kind.push(stamped.event.name().to_owned());
            // Ids, numbers and words of ours: nothing in an event can fail to be JSON.
            rows.body.push(serde_json::to_string(&stamped.event).unwrap_or_default());
        }
        rows
    }
}

/// The columns of a batch's conversations.
#[derive(Default)]
pub(super) struct TalkRows {
    pub(super) id: Vec<Uuid>,
    pub(super) kind: Vec<&'static str>,
    pub(super) visitor: Vec<Uuid>,
    pub(super) wanted: Vec<Option<Uuid>>,
    pub(super) counselor: Vec<Option<Uuid>>,
    pub(super) consultation: Vec<Option<Uuid>>,
    pub(super) status: Vec<&'static str>,
    pub(super) priority: Vec<&'static str>,
    pub(super) medium: Vec<&'static str>,
    pub(super) fallback: Vec<bool>,
    pub(super) common: Vec<bool>,
    pub(super) arrival: Vec<i64>,
    pub(super) notices: Vec<i32>,
    pub(super) opened_at: Vec<i64>,
    pub(super) started_at: Vec<Option<i64>>,
    pub(super) call_started_at: Vec<Option<i64>>,
    pub(super) call_ended_at: Vec<Option<i64>>,
    pub(super) alarmed_at: Vec<Option<i64>>,
    pub(super) ended_at: Vec<Option<i64>>,
    pub(super) end_reason: Vec<Option<&'static str>>,
}

impl TalkRows {
    pub(super) fn new(batch: &Batch) -> Self {
        let mut rows = Self::default();
        for facts in &batch.conversations {
            rows.push(facts.into());
        }
        rows
    }

    fn push(&mut self, row: ConversationRow) {
        self.id.push(row.id);
        self.kind.push(row.kind.as_str());
        self.visitor.push(row.visitor);
        self.wanted.push(row.wanted);
        self.counselor.push(row.counselor);
        self.consultation.push(row.consultation);
        self.status.push(row.status.as_str());
        self.priority.push(row.priority.as_str());
        self.medium.push(row.medium.as_str());
        self.fallback.push(row.fallback);
        self.common.push(row.common);
        self.arrival.push(row.arrival);
        self.notices.push(row.notices);
        self.opened_at.push(row.opened_at);
        self.started_at.push(row.started_at);
        self.call_started_at.push(row.call_started_at);
        self.call_ended_at.push(row.call_ended_at);
        self.alarmed_at.push(row.alarmed_at);
        self.ended_at.push(row.ended_at);
        self.end_reason.push(row.end_reason.map(|reason| reason.as_str()));
    }
}

/// The columns of what a batch changes about people.
#[derive(Default)]
pub(super) struct PersonRows {
    pub(super) id: Vec<Uuid>,
    pub(super) capacity: Vec<Option<i32>>,
    pub(super) presence: Vec<Option<String>>,
    pub(super) state: Vec<Option<String>>,
    pub(super) deleted_at: Vec<Option<i64>>,
}

impl PersonRows {
    pub(super) fn new(batch: &Batch) -> Self {
        let now = batch.events.last().map_or(0, |last| last.at.0);
        let mut rows = Self::default();
        for (person, change) in batch.people.iter().filter(|(_, change)| !change.is_talk_alone()) {
            let (state, deleted_at) = match change.standing {
                None => (None, None),
                Some(Standing::In) => (Some("NORMAL".to_owned()), None),
                Some(Standing::Out(Removal::Banned)) => (Some("BANNED".to_owned()), None),
                Some(Standing::Out(Removal::Deleted)) => (None, Some(now)),
            };
            rows.id.push(person.0);
            rows.capacity.push(change.capacity.map(|capacity| i32::try_from(capacity).unwrap_or(i32::MAX)));
            rows.presence.push(change.presence.map(|shown| shown.as_str().to_owned()));
            rows.state.push(state);
            rows.deleted_at.push(deleted_at);
        }
        rows
    }
}

/// The columns of how long people have talked in what a batch ends.
#[derive(Default)]
pub(super) struct TimeRows {
    pub(super) person: Vec<Uuid>,
    pub(super) millis: Vec<i64>,
}

impl TimeRows {
    pub(super) fn new(batch: &Batch) -> Self {
        let mut rows = Self::default();
        for (person, change) in batch.people.iter().filter(|(_, change)| !change.talked.is_zero()) {
            rows.person.push(person.0);
            rows.millis.push(talked(change));
        }
        rows
    }
}

/// Milliseconds of consultations that ended.
pub(super) fn talked(change: &PersonChange) -> i64 {
    i64::try_from(change.talked.as_millis()).unwrap_or(i64::MAX)
}

/// The columns of what a batch tells the two in a talk.
#[derive(Default)]
pub(super) struct NoticeRows {
    pub(super) id: Vec<Uuid>,
    pub(super) conversation: Vec<Uuid>,
    pub(super) visitor: Vec<Uuid>,
    pub(super) seq: Vec<i64>,
    pub(super) at: Vec<i64>,
    pub(super) text: Vec<String>,
    pub(super) kind: Vec<&'static str>,
    pub(super) seconds: Vec<Option<i32>>,
}

impl NoticeRows {
    pub(super) fn new(batch: &Batch) -> Self {
        let mut rows = Self::default();
        for stamped in &batch.events {
            let Event::Noticed { conversation, notice } = &stamped.event else { continue };
            let Some(facts) = batch.conversations.iter().find(|facts| facts.id == *conversation) else {
                continue;
            };
            rows.id.push(Uuid::now_v7());
            rows.conversation.push(conversation.0);
            rows.visitor.push(facts.visitor.0);
            rows.seq.push(number(stamped.seq));
            rows.at.push(stamped.at.0);
            rows.text.push(notices::text_of(*notice));
            rows.kind.push(notice.kind());
            rows.seconds.push(notice.seconds().and_then(|seconds| seconds.try_into().ok()));
        }
        rows
    }
}
