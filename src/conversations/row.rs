//! A conversation as its table has it. What the journal writes of one is named here, once for each direction: whoever
//! reads conversations, revives them, stores them, compares them with the journal, or shows them takes this row, or a part of it.

use hotline_actors::{
    ConversationId, CounselorId, PersonId, Timestamp, VisitorId,
    dispatch::conversation::{
        Conversation, ConversationType, EndReason, Kind, Medium, MediumType, Phase, Priority, SentNotices,
        Status,
    },
};
use uuid::Uuid;

use crate::wire::AsWord;

/// One conversation's row: every column that follows from the journal, but for the institution, which whoever asks knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConversationRow {
    /// Its id.
    pub id: Uuid,
    /// A consultation, or a talk with a supervisor.
    pub kind: AsWord<ConversationType>,
    /// Who asked.
    pub visitor: Uuid,
    /// Who was asked for by name.
    pub wanted: Option<Uuid>,
    /// Who took it.
    pub counselor: Option<Uuid>,
    /// Of a talk with a supervisor: the consultation it is about.
    pub consultation: Option<Uuid>,
    /// How it stands.
    pub status: AsWord<Status>,
    /// Urgent or not.
    pub priority: AsWord<Priority>,
    /// Text, or voice while a call is running.
    pub medium: AsWord<MediumType>,
    /// Whether others may serve it after a while.
    pub fallback: bool,
    /// Whether it stands in the common queue.
    pub common: bool,
    /// Its number in the order of arrival.
    pub arrival: i64,
    /// Which notices are out ([`SentNotices`]).
    pub notices: i32,
    /// When it was asked for.
    pub opened_at: i64,
    /// When the talk began.
    pub started_at: Option<i64>,
    /// When the running call was answered.
    pub call_started_at: Option<i64>,
    /// When the last call in it ended.
    pub call_ended_at: Option<i64>,
    /// When the last alarm about a visitor who is not answered was raised in it.
    pub alarmed_at: Option<i64>,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// Why it ended.
    pub end_reason: Option<AsWord<EndReason>>,
}

/// The rows of the conversations `c` that the rest of the statement says.
macro_rules! conversation_rows {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            $crate::conversations::ConversationRow,
            r#"select c.id, c.kind as "kind: _", c.visitor, c.wanted, c.counselor, c.consultation, c.status as "status: _",
                      c.priority as "priority: _", c.medium as "medium: _", c.fallback, c.common, c.arrival, c.notices,
                      c.opened_at, c.started_at, c.call_started_at, c.call_ended_at, c.alarmed_at, c.ended_at,
                      c.end_reason as "end_reason: _"
               from conversations c "# + $rest
            $(, $argument)*
        )
    };
}
pub(crate) use conversation_rows;

impl From<&Conversation> for ConversationRow {
    fn from(facts: &Conversation) -> Self {
        // Without `..`: a new fact does not compile before it is written here, or said to be in no column.
        let Conversation {
            id,
            kind,
            visitor,
            requested_counselor,
            allow_fallback,
            in_common_queue,
            priority,
            medium,
            call_ended,
            arrival,
            opened_at,
            phase: _,
            sent,
            alarmed,
        } = *facts;
        let ended = facts.ended();
        Self {
            id: id.0,
            kind: AsWord(kind.conversation_type()),
            visitor: visitor.0,
            wanted: requested_counselor.map(|wanted| wanted.0),
            counselor: facts.counselor().map(|counselor| counselor.0),
            consultation: kind.consultation().map(|consultation| consultation.0),
            status: AsWord(facts.status()),
            priority: AsWord(priority),
            medium: AsWord(medium.medium_type()),
            fallback: allow_fallback,
            common: in_common_queue,
            arrival: i64::try_from(arrival).unwrap_or(i64::MAX),
            notices: sent.0,
            opened_at: opened_at.0,
            started_at: facts.started_at().map(|at| at.0),
            call_started_at: medium.call_started_at().map(|at| at.0),
            call_ended_at: call_ended.map(|at| at.0),
            alarmed_at: alarmed.map(|at| at.0),
            ended_at: ended.map(|(at, _)| at.0),
            end_reason: ended.map(|(_, reason)| AsWord(reason)),
        }
    }
}

/// Two columns of a row do not fit together, or one says what it cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Misfit(pub &'static str);

impl ConversationRow {
    /// The facts of one that is open.
    ///
    /// # Errors
    /// When the row says what no open conversation can.
    pub fn open_facts(&self) -> Result<Conversation, Misfit> {
        let kind = match (self.kind.0, self.consultation) {
            (ConversationType::Consultation, None) => Kind::Consultation,
            (ConversationType::Supervision, Some(consultation)) => {
                Kind::Supervision { consultation: ConversationId(consultation) }
            }
            (ConversationType::Consultation, Some(_)) | (ConversationType::Supervision, None) => {
                return Err(Misfit("kind and consultation do not fit"));
            }
        };
        let medium = match (self.medium.0, self.call_started_at) {
            (MediumType::Text, _) => Medium::Text,
            (MediumType::Voice, Some(since)) => Medium::Voice { since: Timestamp(since) },
            (MediumType::Voice, None) => return Err(Misfit("medium and call_started_at do not fit")),
        };
        let phase = match (self.counselor, self.started_at) {
            (None, None) => Phase::Waiting,
            (Some(counselor), Some(since)) => {
                Phase::InProgress { counselor: CounselorId(counselor), since: Timestamp(since) }
            }
            (Some(_), None) | (None, Some(_)) => {
                return Err(Misfit("counselor and started_at do not fit"));
            }
        };
        Ok(Conversation {
            id: ConversationId(self.id),
            kind,
            visitor: VisitorId(self.visitor),
            requested_counselor: self.wanted.map(CounselorId),
            allow_fallback: self.fallback,
            in_common_queue: self.common,
            priority: self.priority.0,
            medium,
            call_ended: self.call_ended_at.map(Timestamp),
            arrival: u64::try_from(self.arrival).map_err(|_| Misfit("arrival is negative"))?,
            opened_at: Timestamp(self.opened_at),
            phase,
            sent: SentNotices(self.notices),
            alarmed: self.alarmed_at.map(Timestamp),
        })
    }

    /// Its columns by their names, as texts; the id is not among them.
    pub fn columns(&self) -> [(&'static str, Option<String>); 19] {
        // Without `..`, as above.
        let Self {
            id: _,
            kind,
            visitor,
            wanted,
            counselor,
            consultation,
            status,
            priority,
            medium,
            fallback,
            common,
            arrival,
            notices,
            opened_at,
            started_at,
            call_started_at,
            call_ended_at,
            alarmed_at,
            ended_at,
            end_reason,
        } = *self;
        let id = |id: Uuid| id.simple().to_string();
        let moment = |at: i64| at.to_string();
        [
            ("kind", Some(kind.as_str().to_owned())),
            ("visitor", Some(id(visitor))),
            ("wanted", wanted.map(id)),
            ("counselor", counselor.map(id)),
            ("consultation", consultation.map(id)),
            ("status", Some(status.as_str().to_owned())),
            ("priority", Some(priority.as_str().to_owned())),
            ("medium", Some(medium.as_str().to_owned())),
            ("fallback", Some(fallback.to_string())),
            ("common", Some(common.to_string())),
            ("arrival", Some(arrival.to_string())),
            ("notices", Some(notices.to_string())),
            ("opened_at", Some(moment(opened_at))),
            ("started_at", started_at.map(moment)),
            ("call_started_at", call_started_at.map(moment)),
            ("call_ended_at", call_ended_at.map(moment)),
            ("alarmed_at", alarmed_at.map(moment)),
            ("ended_at", ended_at.map(moment)),
            ("end_reason", end_reason.map(|reason| reason.as_str().to_owned())),
        ]
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.ended_at.is_some()
    }

    /// Whether it waits.
    pub fn waits(&self) -> bool {
        self.status.0 == Status::Waiting
    }

    /// Whether a visitor consults a counselor in it, rather than a counselor a supervisor.
    pub fn is_consultation(&self) -> bool {
        self.consultation.is_none()
    }

    /// Who serves it, or is asked for.
    pub fn counterpart(&self) -> Option<PersonId> {
        self.counselor.or(self.wanted).map(PersonId)
    }

    /// Whether `person` is one of the two.
    pub fn is_party(&self, person: PersonId) -> bool {
        self.visitor == person.0 || self.counterpart() == Some(person)
    }
}

#[cfg(test)]
impl ConversationRow {
    /// One that was left before it began.
    pub(crate) fn for_tests(id: Uuid) -> Self {
        Self {
            id,
            kind: AsWord(ConversationType::Consultation),
            visitor: Uuid::from_u128(2),
            wanted: None,
            counselor: None,
            consultation: None,
            status: AsWord(Status::Cancelled),
            priority: AsWord(Priority::Normal),
            medium: AsWord(MediumType::Text),
            fallback: false,
            common: true,
            arrival: 1,
            notices: 0,
            opened_at: 0,
            started_at: None,
            call_started_at: None,
            call_ended_at: None,
            alarmed_at: None,
            ended_at: Some(1),
            end_reason: Some(AsWord(EndReason::Visitor)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(kind: Kind, medium: Medium, phase: Phase) -> Conversation {
        let id = Uuid::from_u128;
        Conversation {
            id: ConversationId(id(1)),
            kind,
            visitor: VisitorId(id(2)),
            requested_counselor: Some(CounselorId(id(3))),
            allow_fallback: true,
            in_common_queue: true,
            priority: Priority::Urgent,
            medium,
            call_ended: Some(Timestamp(6)),
            arrival: 7,
            opened_at: Timestamp(8),
            phase,
            sent: SentNotices(3),
            alarmed: Some(Timestamp(9)),
        }
    }

    /// Whatever is forgotten in one of the two directions would be lost at the next start.
    #[test]
    fn what_is_open_is_read_as_it_was_written() {
        let talk = Phase::InProgress { counselor: CounselorId(Uuid::from_u128(4)), since: Timestamp(10) };
        let about = Kind::Supervision { consultation: ConversationId(Uuid::from_u128(5)) };
        for facts in [
            open(Kind::Consultation, Medium::Text, Phase::Waiting),
            open(Kind::Consultation, Medium::Voice { since: Timestamp(11) }, talk),
            open(about, Medium::Text, talk),
        ] {
            assert_eq!(ConversationRow::from(&facts).open_facts(), Ok(facts));
        }
    }

    #[test]
    fn what_no_open_conversation_can_be_is_told() {
        let facts = open(Kind::Consultation, Medium::Text, Phase::Waiting);
        let row = ConversationRow::from(&facts);
        let misfits = [
            ConversationRow { consultation: Some(row.id), ..row },
            ConversationRow { medium: AsWord(MediumType::Voice), ..row },
            ConversationRow { started_at: Some(1), ..row },
            ConversationRow { arrival: -1, ..row },
        ];
        assert!(misfits.iter().all(|row| row.open_facts().is_err()));
    }
}
