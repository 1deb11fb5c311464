//! What a file holds, whatever its format.

use std::collections::HashMap;

use hotline_actors::PersonId;
use serde::Serialize;
use sqlx::PgPool;
use uuid::Uuid;

use super::{disguise::Disguise, words};
use crate::{
    calendar::Calendar,
    conversations::Row,
    evaluations::{self, Evaluation, Object},
    messages::{record, web::StoredMessage},
    people::{People, Person},
    secrets::Sealer,
};

/// What our own notices are signed with.
const OURSELVES: &str = "系统";
/// What stands for words their author took back.
const REVOKED: &str = "[已撤回]";

/// One conversation, ready to be written. Holds people's words: prints none of them.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Transcript {
    /// Its id, or its code name.
    pub id: String,
    pub conversation_type: String,
    pub user: String,
    pub counselor: Option<String>,
    pub status: String,
    pub end_reason: Option<String>,
    pub created_time: i64,
    pub start_time: Option<i64>,
    pub end_time: Option<i64>,
    pub level: Option<i16>,
    pub evaluation: Option<String>,
    pub messages: Vec<Line>,
    #[serde(skip)]
    pub calendar: Calendar,
}

impl std::fmt::Debug for Transcript {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Transcript({} lines, …)", self.messages.len())
    }
}

/// One thing said.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// Milliseconds since the epoch.
    pub time: i64,
    pub name: String,
    pub words: String,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Line(…)")
    }
}

/// Makes transcripts.
#[derive(Debug, Clone)]
pub struct Maker {
    pub pool: PgPool,
    pub people: People,
    pub sealer: Sealer,
    pub calendar: Calendar,
    /// With code names for names, numbers and ids.
    pub anonymize: bool,
}

impl Maker {
    /// The transcript of one conversation.
    ///
    /// # Errors
    /// The database's.
    pub async fn make(&self, row: &Row) -> Result<Transcript, sqlx::Error> {
        let parties: Vec<PersonId> =
            [Some(PersonId(row.visitor)), row.counterpart()].into_iter().flatten().collect();
        let mut known = parties.clone();
        if self.anonymize {
            known.extend(self.spoken_of(row).await?);
        }
        let people = self.people.load(&known).await?;
        let evaluation = self.evaluation(row.id).await?;
        let said = record::all(&self.pool, row.id).await?;
        let names = Names::new(self, &parties, &people);
        Ok(Transcript {
            id: self.conversation(row.id),
            conversation_type: row.kind.clone(),
            user: names.of(PersonId(row.visitor)).unwrap_or_default(),
            counselor: row.counterpart().and_then(|counselor| names.of(counselor)),
            status: row.status.clone(),
            end_reason: row.end_reason.clone(),
            created_time: row.opened_at,
            start_time: row.started_at,
            end_time: row.ended_at,
            level: evaluation.as_ref().and_then(|evaluation| evaluation.level),
            evaluation: evaluation
                .and_then(|evaluation| evaluation.content)
                .map(|words| names.in_words(words)),
            messages: said.iter().map(|message| names.line(message)).collect(),
            calendar: self.calendar.clone(),
        })
    }

    /// Who may be named in it besides the two: those of the consultation it is about, or of the talks about it.
    async fn spoken_of(&self, row: &Row) -> Result<Vec<PersonId>, sqlx::Error> {
        let related = sqlx::query!(
            "select visitor, coalesce(counselor, wanted) as counselor from conversations
             where id = $1 or consultation = $2",
            row.consultation,
            row.id
        )
        .fetch_all(&self.pool)
        .await?;
        let people = related.into_iter().flat_map(|talk| [Some(talk.visitor), talk.counselor]);
        Ok(people.flatten().map(PersonId).collect())
    }

    /// What a conversation is called in a file and in file names: plain letters and digits.
    pub fn conversation(&self, id: Uuid) -> String {
        let id = id.simple().to_string();
        if self.anonymize { Disguise::new(self.sealer.clone(), &[]).conversation(&id) } else { id }
    }

    /// What the one who asked thinks of it.
    async fn evaluation(&self, conversation: Uuid) -> Result<Option<Evaluation>, sqlx::Error> {
        let mut all = evaluations::of_conversations(&self.pool, &[conversation]).await?;
        let mut all = all.remove(&conversation).unwrap_or_default();
        let order = |evaluation: &Evaluation| match evaluation.object {
            Object::Conversation => 0,
            Object::Counselor => 1,
            Object::Visitor => 2,
        };
        all.retain(|evaluation| evaluation.object != Object::Visitor);
        all.sort_by_key(order);
        Ok(all.into_iter().next())
    }
}

/// Who is who in one conversation.
struct Names {
    by_id: HashMap<PersonId, String>,
    by_username: HashMap<String, String>,
    disguise: Option<Disguise>,
}

impl Names {
    fn new(maker: &Maker, parties: &[PersonId], people: &HashMap<PersonId, Person>) -> Self {
        let known: Vec<&Person> = people.values().collect();
        let disguise = maker.anonymize.then(|| Disguise::new(maker.sealer.clone(), &known));
        let parties: Vec<&Person> = parties.iter().filter_map(|id| people.get(id)).collect();
        let called = |person: &Person| match &disguise {
            Some(disguise) => disguise.person(person),
            None => person.called().into_owned(),
        };
        Self {
            by_id: parties.iter().map(|person| (person.id, called(person))).collect(),
            by_username: parties.iter().map(|person| (person.username.clone(), called(person))).collect(),
            disguise,
        }
    }

    fn of(&self, person: PersonId) -> Option<String> {
        self.by_id.get(&person).cloned()
    }

    fn in_words(&self, words: String) -> String {
        match &self.disguise {
            Some(disguise) => disguise.words(&words),
            None => words,
        }
    }

    fn line(&self, message: &StoredMessage) -> Line {
        // Only the two and ourselves speak in a conversation.
        let name = self.by_username.get(&message.from).map_or(OURSELVES, String::as_str);
        let words = if message.is_revoked {
            REVOKED.to_owned()
        } else {
            self.in_words(words::of(&message.body, self.disguise.is_none()))
        };
        Line { time: message.said_at, name: name.to_owned(), words }
    }
}
