//! Whether what is stored fits together: what constraints cannot hold. Reads only, everything from one snapshot, so that it
//! may run beside a server that writes.
//!
//! The journal is folded as dispatch folds it, page by page, and compared with what is kept of it elsewhere.

mod fold;
mod rows;
mod stored;
mod whole;

use std::{fmt, time::Duration};

use hotline_actors::{ConversationId, PersonId};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::{
    config::Database,
    database::{self, DatabaseFault},
};

/// A statement that takes longer has met something else than a large table.
const STATEMENT_MAX: Duration = Duration::from_hours(1);

/// What does not fit. Ids, numbers and words of the program alone, never what people said or are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// Events are missing from the journal: the first of them, and the last.
    Gap(i64, i64),
    /// An event that this version cannot read, and why.
    Unreadable(i64, &'static str),
    /// An event names somebody who is not a person of the institution.
    Stranger { seq: i64, person: PersonId },
    /// An event is about a conversation that was not open then.
    NotOpen { seq: i64, conversation: ConversationId },
    /// There are events of an institution that there is none of.
    NoInstitution,
    /// The journal has a conversation that its table has not.
    Lost(ConversationId),
    /// The table has a conversation that the journal has not.
    Undecided(ConversationId),
    /// A conversation's row says something else than the journal: what the columns would have to be.
    Conversation(ConversationId, Vec<Wanted>),
    /// A person's row says something else than the journal.
    Person(PersonId, Vec<Wanted>),
    /// A person's time of talks is not that of the talks.
    TalkTime { person: PersonId, stored: i64, talked: i64 },
    /// A row about a person is of another institution than the person.
    Elsewhere { table: String, person: PersonId },
    /// A time of talks belongs to nobody.
    TalkTimeOfNobody(PersonId),
    /// A rating does not follow its conversation.
    Rating(Uuid, &'static str),
    /// A notice was decided and is not in the record.
    Notice { seq: i64, conversation: ConversationId },
    /// A message counts as unread and was read.
    Unread(Uuid),
    /// A message was taken back in time and stands unmarked: its words are shown.
    TakenBack(Uuid),
    /// A message or a picture of a conversation that is not there.
    Homeless { table: &'static str, id: Uuid },
    /// A consumer has come further than the journal goes: what is decided next would not reach it.
    Cursor { consumer: String, seq: i64, newest: i64 },
    /// Visitors who come would get numbers that others have.
    VisitorNumber { last: i32, highest: i32 },
    /// A constraint of the schema is missing.
    NoConstraint(String),
    /// A constraint is not known to hold for rows from before it.
    Unproven(String),
    /// A row that breaks one of these.
    Breaks { conversation: ConversationId, column: String },
}

/// A column, and what it would have to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    column: &'static str,
    value: Option<String>,
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{} = '{value}'", self.column),
            None => write!(f, "{} = null", self.column),
        }
    }
}

/// One violation, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// None for what concerns the whole database.
    pub institution: Option<String>,
    /// What.
    pub violation: Violation,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let institution = self.institution.as_deref().unwrap_or("the database");
        write!(f, "{institution}: {}. {}.", self.violation, self.violation.remedy())
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined =
            |wanted: &[Wanted]| wanted.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match self {
            Self::Gap(first, last) if first == last => write!(f, "event {first} is missing"),
            Self::Gap(first, last) => write!(f, "events {first} to {last} are missing"),
            Self::Unreadable(seq, why) => write!(f, "event {seq} cannot be read: {why}"),
            Self::Stranger { seq, person } => {
                write!(f, "event {seq} names {person}, who is not a person of this institution")
            }
            Self::NotOpen { seq, conversation } => {
                write!(f, "event {seq} is about conversation {conversation}, which was not open")
            }
            Self::NoInstitution => f.write_str("there are events, and no such institution"),
            Self::Lost(conversation) => {
                write!(f, "conversation {conversation} is in the journal and not in its table")
            }
            Self::Undecided(conversation) => {
                write!(f, "conversation {conversation} is in its table and not in the journal")
            }
            Self::Conversation(conversation, wanted) => {
                write!(f, "conversation {conversation}: the journal says {}", joined(wanted))
            }
            Self::Person(person, wanted) => write!(f, "person {person}: the journal says {}", joined(wanted)),
            Self::TalkTime { person, stored, talked } => {
                write!(f, "person {person}: talk_times says {stored} ms, and the talks are {talked} ms")
            }
            Self::Elsewhere { table, person } => {
                write!(f, "person {person}: a row of {table} is of another institution, or of none")
            }
            Self::TalkTimeOfNobody(person) => write!(f, "talk_times names {person}, who is nobody"),
            Self::Rating(id, column) => {
                write!(f, "evaluation {}: {column} does not follow its conversation", id.simple())
            }
            Self::Notice { seq, conversation } => {
                write!(
                    f,
                    "the notice of event {seq} is missing from the record of conversation {conversation}"
                )
            }
            Self::Unread(message) => {
                write!(
                    f,
                    "message {} counts as unread, and read_marks says that it was read",
                    message.simple()
                )
            }
            Self::TakenBack(message) => {
                write!(
                    f,
                    "message {} is not marked as revoked, and withdrawn_messages says that it was taken back in time",
                    message.simple()
                )
            }
            Self::Homeless { table, id } => {
                write!(f, "row {} of {table} is of a conversation that is not there", id.simple())
            }
            Self::Cursor { consumer, seq, newest } => {
                write!(f, "the consumer {consumer} has come to event {seq}, and the newest is {newest}")
            }
            Self::VisitorNumber { last, highest } => {
                write!(f, "visitor_numbers says {last}, and number {highest} is given out")
            }
            Self::NoConstraint(name) => write!(f, "the constraint {name} of conversations is missing"),
            Self::Unproven(name) => {
                write!(
                    f,
                    "the constraint {name} of conversations is not known to hold for rows from before it"
                )
            }
            Self::Breaks { conversation, column } => {
                write!(f, "conversation {conversation}: {column} says what there is none of")
            }
        }
    }
}

impl Violation {
    /// What to do about it.
    fn remedy(&self) -> &'static str {
        match self {
            Self::Gap(..) => "Restore the newest backup without the gap: what is missing cannot be made up",
            Self::Unreadable(..) => {
                "Check with the version that wrote it; if that cannot read it either, restore a backup"
            }
            Self::Stranger { .. } => "Put the person's row back into people from a backup",
            Self::NotOpen { .. } => {
                "Something before it is missing or was changed: restore the newest backup without this"
            }
            Self::NoInstitution => "Put the row back into institutions: hotline institution add",
            Self::Lost(_) => "Put the row back into conversations from a backup, with the server stopped",
            Self::Undecided(_) => {
                "If a backup's journal has it, events were lost: restore it; else somebody wrote the row by hand: delete it, with the server stopped"
            }
            Self::Conversation(..) => "Set the columns so, with the server stopped",
            Self::Person(..) => {
                "Set the columns so, with the server stopped; if the row was changed by hand on purpose, change it once more over the pages"
            }
            Self::TalkTime { .. } => {
                "Mend what is found about conversations first and check again; then set millis to what the talks are, with the server stopped"
            }
            Self::Elsewhere { .. } => "Set its institution to that of the person in people",
            Self::TalkTimeOfNobody(_) => {
                "Put the person's row back into people from a backup, or delete this row"
            }
            Self::Rating(..) => "Set it as the conversation has it",
            Self::Notice { .. } => {
                "The two were told; the record lacks a sentence of ours and no person's: nothing has to be done"
            }
            Self::Unread(_) => "Set is_read",
            Self::TakenBack(_) => "Set is_revoked",
            Self::Homeless { .. } => "Put the conversation back from a backup, or delete the row",
            Self::Cursor { .. } => "Set its seq in consumer_cursors to the newest, with the server stopped",
            Self::VisitorNumber { .. } => "Set last to the highest number that is given out",
            Self::NoConstraint(_) => "Add it as migrations/0021 and 0022 do",
            Self::Unproven(_) => {
                "Mend the rows that are named besides; the next start of the server or hotline migrate looks again"
            }
            Self::Breaks { .. } => "Put what it names back from a backup, or mend the column",
        }
    }
}

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum CheckFault {
    #[error(transparent)]
    Unreachable(#[from] DatabaseFault),
    #[error("the database did not answer as it should: {0}")]
    Database(String),
    #[error(
        "the schema is of migration {0}, and this program of {1}: run `hotline migrate`, or check with the program that serves"
    )]
    OtherSchema(i64, i64),
    #[error("there is no institution {0}")]
    NoInstitution(String),
    #[error("what was found could not be told: {0}")]
    Telling(#[from] std::io::Error),
}

impl From<sqlx::Error> for CheckFault {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(crate::errors::describe(&error))
    }
}

/// What was looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    pub institutions: u64,
    pub events: u64,
    pub conversations: u64,
    pub findings: u64,
}

/// Where findings go, as they are found: however many there are, none is kept.
pub type Tell<'a> = dyn FnMut(&Finding) -> std::io::Result<()> + 'a;

/// One look, from one snapshot.
struct Look<'a> {
    connection: &'a mut PgConnection,
    tell: &'a mut Tell<'a>,
    seen: Seen,
}

impl Look<'_> {
    fn found(&mut self, institution: Option<&str>, violation: Violation) -> Result<(), CheckFault> {
        self.seen.findings += 1;
        (self.tell)(&Finding { institution: institution.map(str::to_owned), violation })?;
        Ok(())
    }
}

/// Looks at one institution, or at all and at what concerns the whole database. Findings are told as they come.
///
/// # Errors
/// Nothing, or not everything, could be looked at.
pub async fn look<'a>(
    settings: &Database,
    only: Option<&str>,
    tell: &'a mut Tell<'a>,
) -> Result<Seen, CheckFault> {
    let mut connection = database::reader(settings, STATEMENT_MAX).await?;
    match database::schema(&mut connection).await? {
        (applied, ours) if applied == ours => {}
        (applied, ours) => return Err(CheckFault::OtherSchema(applied.unwrap_or(0), ours.unwrap_or(0))),
    }
    // One snapshot: what a server commits meanwhile is in all of it or in none. And nothing is written, whatever happens.
    let mut snapshot =
        connection.begin_with("begin transaction isolation level repeatable read, read only").await?;
    let codes = sqlx::query_scalar!(
        "select code from institutions where $1::text is null or code = $1 order by code",
        only
    )
    .fetch_all(&mut *snapshot)
    .await?;
    if let (Some(only), []) = (only, codes.as_slice()) {
        return Err(CheckFault::NoInstitution(only.to_owned()));
    }
    let mut look = Look { connection: &mut snapshot, tell, seen: Seen::default() };
    for code in &codes {
        fold::check(&mut look, code).await?;
        stored::check(&mut look, code).await?;
        look.seen.institutions += 1;
    }
    whole::elsewhere(&mut look, only).await?;
    if only.is_none() {
        whole::check(&mut look).await?;
    }
    let seen = look.seen;
    snapshot.rollback().await?;
    connection.close().await?;
    Ok(seen)
}
