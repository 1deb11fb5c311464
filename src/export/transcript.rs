//! What a file holds, whatever its format.

use std::collections::{HashMap, HashSet};

use hotline_actors::{
    PersonId,
    dispatch::conversation::{ConversationType, EndReason, Status},
};
use serde::Serialize;
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    disguise::Disguise,
    shown,
    words::{self, Links},
};
use crate::{
    calendar::Calendar,
    conversations::ConversationRow,
    evaluations::{self, Evaluation, Object},
    identity::AccountKind,
    images::{self, Known},
    messages::{record, web::StoredMessage},
    people::{People, Person},
    secrets::Sealer,
    wire::AsWord,
    wording::{export, people},
};

/// What somebody may be to the other one. In a name of somebody's own choice it would say what they are not.
const ROLES: [&str; 5] = [
    export::OURSELVES,
    people::COUNSELOR,
    people::SUPERVISOR,
    people::ADMINISTRATOR,
    people::CUSTOMER_SERVICE,
];

/// What is known of a conversation besides the words. Holds people's words all the same: prints none of them.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Its id, or its code name.
    pub id: String,
    pub conversation_type: AsWord<ConversationType>,
    pub user: String,
    pub counselor: Option<String>,
    pub status: AsWord<Status>,
    pub end_reason: Option<AsWord<EndReason>>,
    pub created_time: i64,
    pub start_time: Option<i64>,
    pub end_time: Option<i64>,
    pub level: Option<i16>,
    pub evaluation: Option<String>,
    /// What the counselor noted. Not for the visitor.
    pub note: Option<String>,
    pub tag: Option<String>,
    /// Pictures beside it, and those that an anonymous export leaves out: a face has no code name.
    pub pictures: usize,
    pub pictures_left_out: usize,
}

/// One conversation, ready to be written. Holds people's words: prints none of them.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Transcript {
    #[serde(flatten)]
    pub summary: Summary,
    pub messages: Vec<Line>,
    /// The talks with supervisors about it, where they are in the same file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub supervisions: Vec<Transcript>,
    #[serde(skip)]
    pub calendar: Calendar,
    /// What lies beside it.
    #[serde(skip)]
    pub(super) attachments: Vec<Attachment>,
}

impl std::fmt::Debug for Transcript {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Transcript({} lines, …)", self.messages.len())
    }
}

impl std::fmt::Debug for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Summary(…)")
    }
}

/// A picture that lies beside a transcript.
#[derive(Debug, Clone)]
pub(super) struct Attachment {
    pub(super) picture: Known,
    /// From the transcript's own folder.
    pub(super) path: String,
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

/// Who gets the file.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    pub id: PersonId,
    pub kind: AccountKind,
}

impl Reader {
    /// Whether it is the reader's own consultation: what was noted and said about them is not for them.
    pub fn is_consulting(self, row: &ConversationRow) -> bool {
        row.is_consultation() && (row.visitor == self.id.0 || self.kind == AccountKind::Visitor)
    }
}

/// Makes transcripts.
#[derive(Debug, Clone)]
pub struct Maker {
    pub pool: PgPool,
    pub people: People,
    pub sealer: Sealer,
    pub calendar: Calendar,
    pub reader: Reader,
    /// With code names for names, numbers and ids.
    pub anonymize: bool,
}

impl Maker {
    /// The transcript of one conversation. Its pictures are named by their addresses, or, with the name of a folder beside the
    /// transcript, by where they lie in it.
    ///
    /// # Errors
    /// The database's.
    pub async fn make(&self, row: &ConversationRow, folder: Option<&str>) -> Result<Transcript, sqlx::Error> {
        let parties: Vec<PersonId> =
            [Some(PersonId(row.visitor)), row.counterpart()].into_iter().flatten().collect();
        let mut known = parties.clone();
        if self.anonymize {
            known.extend(self.spoken_of(row).await?);
        }
        let people = self.people.load(&known).await?;
        let (evaluation, note) = self.evaluations(row).await?;
        let said = record::all(&self.pool, row.id).await?;
        let shown_pictures = self.pictures(row, &said).await?;
        let attachments = match folder {
            Some(folder) if !self.anonymize => attachments(&shown_pictures, folder),
            Some(_) | None => Vec::new(),
        };
        let beside: HashMap<Uuid, &str> =
            attachments.iter().map(|one| (one.picture.id, one.path.as_str())).collect();
        let links = if self.anonymize { Links::None } else { Links::Beside(&beside) };
        let names = Names::new(self, row, &parties, &people);
        let summary = Summary {
            id: self.conversation(row.id),
            conversation_type: row.kind,
            user: names.of(PersonId(row.visitor)).unwrap_or_default(),
            counselor: row.counterpart().and_then(|counselor| names.of(counselor)),
            status: row.status,
            end_reason: row.end_reason,
            created_time: row.opened_at,
            start_time: row.started_at,
            end_time: row.ended_at,
            level: evaluation.as_ref().and_then(|evaluation| evaluation.level),
            evaluation: evaluation.and_then(|given| given.content).map(|words| names.in_words(words)),
            tag: note.as_ref().and_then(|note| note.tag.clone()).map(|words| names.in_words(words)),
            note: note.and_then(|note| note.content).map(|words| names.in_words(words)),
            pictures: attachments.len(),
            pictures_left_out: if self.anonymize { shown_pictures.len() } else { 0 },
        };
        let messages = said.iter().map(|message| names.line(message, links)).collect();
        Ok(Transcript {
            summary,
            messages,
            supervisions: Vec::new(),
            calendar: self.calendar.clone(),
            attachments,
        })
    }

    /// Who may be named in it besides the two: those of the consultation it is about, or of the talks about it.
    async fn spoken_of(&self, row: &ConversationRow) -> Result<Vec<PersonId>, sqlx::Error> {
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

    /// The pictures that were shown in it and not taken back, in their order. A message may name the address of any picture:
    /// only those of this conversation are meant.
    async fn pictures(
        &self,
        row: &ConversationRow,
        said: &[StoredMessage],
    ) -> Result<Vec<Known>, sqlx::Error> {
        let shown = said.iter().filter(|message| !message.is_revoked);
        let named: Vec<Uuid> = shown.flat_map(|message| words::pictures(&message.body)).collect();
        if named.is_empty() {
            return Ok(Vec::new());
        }
        let kept = images::of_conversation(&self.pool, row.id).await?;
        let mut kept: HashMap<Uuid, Known> = kept.into_iter().map(|known| (known.id, known)).collect();
        Ok(named.iter().filter_map(|id| kept.remove(id)).collect())
    }

    /// What a conversation is called in a file and in file names: plain letters and digits.
    pub fn conversation(&self, id: Uuid) -> String {
        let id = id.simple().to_string();
        if self.anonymize { Disguise::new(self.sealer.clone(), &[]).conversation(&id) } else { id }
    }

    /// What the one who asked thinks of it, and what the counselor noted, where the reader may know it.
    async fn evaluations(
        &self,
        row: &ConversationRow,
    ) -> Result<(Option<Evaluation>, Option<Evaluation>), sqlx::Error> {
        let mut all = evaluations::of_conversations(&self.pool, &[row.id]).await?;
        let mut all = all.remove(&row.id).unwrap_or_default();
        let mut take = |object: Object| {
            let at = all.iter().position(|evaluation| evaluation.object == object)?;
            Some(all.swap_remove(at))
        };
        let note = take(Object::Visitor).filter(|_| !self.reader.is_consulting(row));
        Ok((take(Object::Conversation).or_else(|| take(Object::Counselor)), note))
    }
}

fn attachments(pictures: &[Known], folder: &str) -> Vec<Attachment> {
    let numbered = (1..).zip(pictures);
    let path = |number: usize, picture: &Known| format!("{folder}/{number:03}.{}", picture.ending());
    numbered
        .map(|(number, picture)| Attachment { path: path(number, picture), picture: picture.clone() })
        .collect()
}

/// Who is who in one conversation.
struct Names {
    by_id: HashMap<PersonId, String>,
    by_username: HashMap<String, String>,
    disguise: Option<Disguise>,
}

impl Names {
    fn new(
        maker: &Maker,
        row: &ConversationRow,
        parties: &[PersonId],
        people: &HashMap<PersonId, Person>,
    ) -> Self {
        let known: Vec<&Person> = people.values().collect();
        let disguise = maker.anonymize.then(|| Disguise::new(maker.sealer.clone(), &known));
        let parties: Vec<&Person> = parties.iter().filter_map(|id| people.get(id)).collect();
        let called: Vec<String> = parties
            .iter()
            .map(|person| match &disguise {
                Some(disguise) => disguise.person(person),
                None => shown::name(&person.display_name()),
            })
            .collect();
        let roles = if row.is_consultation() {
            [people::VISITOR, people::COUNSELOR]
        } else {
            [people::COUNSELOR, people::SUPERVISOR]
        };
        // Code names are ours and tell everybody apart.
        let called = if disguise.is_some() { called } else { told_apart(&called, roles) };
        let named = || parties.iter().zip(&called);
        Self {
            by_id: named().map(|(person, called)| (person.id, called.clone())).collect(),
            by_username: named().map(|(person, called)| (person.username.clone(), called.clone())).collect(),
            disguise,
        }
    }

    fn of(&self, person: PersonId) -> Option<String> {
        self.by_id.get(&person).cloned()
    }

    fn in_words(&self, words: String) -> String {
        match &self.disguise {
            Some(disguise) => disguise.words(&shown::without_invisible(&words)),
            None => words,
        }
    }

    fn line(&self, message: &StoredMessage, links: Links<'_>) -> Line {
        // Only the two and ourselves speak in a conversation.
        let name = self.by_username.get(&message.from).map_or(export::OURSELVES, String::as_str);
        let words = if message.is_revoked {
            export::REVOKED.to_owned()
        } else {
            self.in_words(words::of(&message.body, links))
        };
        Line { time: message.said_at, name: name.to_owned(), words }
    }
}

/// Whoever is called like the other one, or like somebody they are not, is followed by what they are.
fn told_apart(called: &[String], roles: [&str; 2]) -> Vec<String> {
    let plain: Vec<String> = called.iter().map(|name| name.split_whitespace().collect()).collect();
    let all: HashSet<&String> = plain.iter().collect();
    let misleads = |name: &String| {
        let like_another = all.iter().any(|other| *other != name && name.contains(other.as_str()));
        let like_two = plain.iter().filter(|other| *other == name).count() > 1;
        name.is_empty() || like_two || like_another || ROLES.iter().any(|role| name.contains(role))
    };
    let told = |((name, plain), role): ((&String, &String), &str)| {
        if misleads(plain) { export::told_apart(name, role) } else { name.clone() }
    };
    called.iter().zip(&plain).zip(roles).map(told).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Of a consultation that is over.
    pub(in crate::export) fn summary(user: &str, counselor: Option<&str>, id: &str) -> Summary {
        Summary {
            id: id.into(),
            conversation_type: AsWord(ConversationType::Consultation),
            user: user.into(),
            counselor: counselor.map(Into::into),
            status: AsWord(Status::Finished),
            end_reason: Some(AsWord(EndReason::Visitor)),
            created_time: 1_629_463_756_633,
            start_time: None,
            end_time: None,
            level: None,
            evaluation: None,
            note: None,
            tag: None,
            pictures: 0,
            pictures_left_out: 0,
        }
    }

    fn apart(visitor: &str, counselor: &str) -> [String; 2] {
        let called = [visitor.to_owned(), counselor.to_owned()];
        told_apart(&called, ["访客", "咨询师"]).try_into().expect("two")
    }

    #[test]
    fn nobody_is_called_like_another_or_like_what_they_are_not() {
        assert_eq!(apart("小雨", "林晓雨"), ["小雨", "林晓雨"]);
        assert_eq!(apart("林晓雨", "林晓雨"), ["林晓雨（访客）", "林晓雨（咨询师）"]);
        assert_eq!(apart("林 晓雨", "林晓雨"), ["林 晓雨（访客）", "林晓雨（咨询师）"]);
        assert_eq!(apart("林晓雨（咨询师）", "林晓雨"), ["林晓雨（咨询师）（访客）", "林晓雨"]);
        assert_eq!(apart("系统", "林晓雨"), ["系统（访客）", "林晓雨"]);
    }
}
