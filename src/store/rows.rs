//! Between the domain's values and the rows of the database.

use hotline_actors::{
    ConversationId, CounselorId, PersonId, Timestamp,
    dispatch::{
        StaffMember,
        clock::{Said, TalkRecord},
        conversation::{Conversation, ConversationType, EndReason, MediumType, Priority, Status},
        counselor::{ChosenStatus, PublicStatus, Role},
        event::{Event, Removal},
    },
    journal::{Batch, PersonChange, Standing},
};
use uuid::Uuid;

use super::number;
use crate::{
    conversations::{ConversationRow, Misfit},
    wire::AsWord,
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
    pub(super) institution: String,
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

/// A table's columns as arrays, a row at a time: for many rows in one statement. The row is a type that is there, or is declared
/// with its columns.
macro_rules! columns {
    ($columns:ident $(<$life:lifetime>)? of struct $row:ident {
        $($(#[$meta:meta])* $name:ident: $type:ty),+ $(,)?
    }) => {
        struct $row $(<$life>)? {
            $($(#[$meta])* $name: $type,)+
        }

        columns! { $columns $(<$life>)? of $row { $($name: $type),+ } }
    };
    ($columns:ident $(<$life:lifetime>)? of $row:ident { $($name:ident: $type:ty),+ $(,)? }) => {
        #[derive(Default)]
        pub(super) struct $columns $(<$life>)? {
            $(pub(super) $name: Vec<$type>,)+
        }

        impl $(<$life>)? $columns $(<$life>)? {
            // Without `..`: a column that is new in the row does not compile before it is one here.
            fn push(&mut self, $row { $($name),+ }: $row $(<$life>)?) {
                $(self.$name.push($name);)+
            }
        }
    };
}

columns! {
    Events<'a> of struct EventRow {
        institution: &'a str,
        writer: Uuid,
        seq: i64,
        /// Of the first of a batch: the number that must stand before it.
        after: Option<i64>,
        at: i64,
        kind: &'static str,
        body: String,
    }
}

columns! {
    Conversations of ConversationRow {
        id: Uuid, kind: AsWord<ConversationType>, visitor: Uuid, wanted: Option<Uuid>, counselor: Option<Uuid>,
        consultation: Option<Uuid>, status: AsWord<Status>, priority: AsWord<Priority>, medium: AsWord<MediumType>,
        fallback: bool, common: bool, arrival: i64, notices: i32, opened_at: i64, started_at: Option<i64>,
        call_started_at: Option<i64>, call_ended_at: Option<i64>, alarmed_at: Option<i64>, ended_at: Option<i64>,
        end_reason: Option<AsWord<EndReason>>,
    }
}

// How long somebody has talked in what a batch ends.
columns! {
    TalkTimes<'a> of struct TalkTimeRow { institution: &'a str, person: Uuid, millis: i64 }
}

// What a batch changes about somebody; none: it stays.
columns! {
    People of struct PersonRow {
        id: Uuid,
        capacity: Option<i32>,
        presence: Option<&'static str>,
        state: Option<&'static str>,
        deleted_at: Option<i64>,
    }
}

// What a batch tells the two in a talk.
columns! {
    Notices<'a> of struct NoticeRow {
        institution: &'a str,
        id: Uuid,
        conversation: Uuid,
        visitor: Uuid,
        seq: i64,
        at: i64,
        text: String,
        kind: &'static str,
        seconds: Option<i32>,
    }
}

/// What a commit writes, of one institution or of many.
#[derive(Default)]
pub(super) struct CommitRows<'a> {
    pub(super) events: Events<'a>,
    /// The institution that each of the conversations belongs to.
    pub(super) institutions: Vec<&'a str>,
    pub(super) conversations: Conversations,
    pub(super) talk_times: TalkTimes<'a>,
    pub(super) people: People,
    pub(super) notices: Notices<'a>,
}

impl<'a> CommitRows<'a> {
    pub(super) fn add(&mut self, institution: &'a str, batch: &'a Batch) {
        let mut after = batch.events.first().map(|first| number(first.seq) - 1);
        for stamped in &batch.events {
            let row = EventRow {
                institution,
                writer: batch.writer.0,
                seq: number(stamped.seq),
                after: after.take(),
                at: stamped.at.0,
                kind: stamped.event.name(),
                // Ids, numbers and words of ours: nothing in an event can fail to be JSON.
                body: serde_json::to_string(&stamped.event).unwrap_or_default(),
            };
            self.events.push(row);
            if let Some(row) = notice(institution, batch, number(stamped.seq), stamped.at, &stamped.event) {
                self.notices.push(row);
            }
        }
        for facts in &batch.conversations {
            self.institutions.push(institution);
            self.conversations.push(facts.into());
        }
        let now = batch.events.last().map_or(0, |last| last.at.0);
        for (person, change) in &batch.people {
            if !change.talked.is_zero() {
                let row = TalkTimeRow { institution, person: person.0, millis: talked(change) };
                self.talk_times.push(row);
            }
            if !change.is_talk_alone() {
                self.people.push(person_row(*person, change, now));
            }
        }
    }
}

fn person_row(person: PersonId, change: &PersonChange, now: i64) -> PersonRow {
    let (state, deleted_at) = match change.standing {
        None => (None, None),
        Some(Standing::In) => (Some("NORMAL"), None),
        Some(Standing::Out(Removal::Banned)) => (Some("BANNED"), None),
        Some(Standing::Out(Removal::Deleted)) => (None, Some(now)),
    };
    PersonRow {
        id: person.0,
        capacity: change.capacity.map(|capacity| i32::try_from(capacity).unwrap_or(i32::MAX)),
        presence: change.presence.map(PublicStatus::as_str),
        state,
        deleted_at,
    }
}

fn notice<'a>(
    institution: &'a str,
    batch: &Batch,
    seq: i64,
    at: Timestamp,
    event: &Event,
) -> Option<NoticeRow<'a>> {
    let Event::Noticed { conversation, notice } = event else { return None };
    let facts = batch.conversations.iter().find(|facts| facts.id == *conversation)?;
    Some(NoticeRow {
        institution,
        id: Uuid::now_v7(),
        conversation: conversation.0,
        visitor: facts.visitor.0,
        seq,
        at: at.0,
        text: notices::text_of(*notice),
        kind: notice.kind(),
        seconds: notice.seconds().and_then(|seconds| seconds.try_into().ok()),
    })
}

/// Milliseconds of consultations that ended.
pub(super) fn talked(change: &PersonChange) -> i64 {
    i64::try_from(change.talked.as_millis()).unwrap_or(i64::MAX)
}
