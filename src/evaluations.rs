//! What people think of their talks (section 38), and the ratings that come of it.

use std::{collections::HashMap, fmt, str::FromStr};

use hotline_actors::{ConversationId, PersonId, Timestamp};
use serde::Serialize;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    identity::Caller,
    people::{Person, PersonView, view},
    wire::Id,
};

/// What is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// The conversation, by the one who asked for it.
    Conversation,
    /// The counselor, by the one who asked for them.
    Counselor,
    /// The one who asked, by the counselor.
    Visitor,
}

impl Object {
    const ALL: [Self; 3] = [Self::Conversation, Self::Counselor, Self::Visitor];

    /// The word on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Conversation => "CONVERSATION",
            Self::Counselor => "COUNSELOR",
            Self::Visitor => "VISITOR",
        }
    }
}

/// The text is no object of an evaluation.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("CONVERSATION, COUNSELOR or VISITOR")]
pub struct UnknownObject;

impl FromStr for Object {
    type Err = UnknownObject;

    fn from_str(text: &str) -> Result<Self, UnknownObject> {
        Self::ALL.into_iter().find(|object| object.as_str() == text).ok_or(UnknownObject)
    }
}

/// One evaluation. Holds a person's words: prints none of them.
#[derive(Clone, PartialEq, Eq)]
pub struct Evaluation {
    pub id: Uuid,
    pub conversation: ConversationId,
    pub object: Object,
    pub creator: PersonId,
    /// 1 to 5.
    pub level: Option<i16>,
    pub content: Option<String>,
    pub tag: Option<String>,
    pub created_at: Timestamp,
}

impl fmt::Debug for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evaluation").field("id", &self.id).field("words", &"…").finish_non_exhaustive()
    }
}

/// As it is on the wire.
#[derive(Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EvaluationView {
    #[schema(value_type = Id)]
    id: String,
    #[schema(value_type = i64)]
    created_time: Timestamp,
    #[schema(value_type = Id)]
    creator: PersonId,
    /// Ours: the author.
    creator_user: Option<PersonView>,
    #[schema(value_type = Id)]
    conversation_id: ConversationId,
    object_type: &'static str,
    level: Option<i16>,
    content: Option<String>,
    tag: Option<String>,
}

impl fmt::Debug for EvaluationView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EvaluationView").field("id", &self.id).field("words", &"…").finish_non_exhaustive()
    }
}

impl Evaluation {
    /// As `reader` may see it.
    pub fn view(&self, creator: Option<&Person>, reader: &Caller) -> EvaluationView {
        EvaluationView {
            id: self.id.simple().to_string(),
            created_time: self.created_at,
            creator: self.creator,
            creator_user: creator.map(|person| view(person, reader)),
            conversation_id: self.conversation,
            object_type: self.object.as_str(),
            level: self.level,
            content: self.content.clone(),
            tag: self.tag.clone(),
        }
    }
}

/// Why an evaluation is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotKept {
    #[error("evaluated already")]
    EvaluatedAlready,
    /// The conversation was deleted meanwhile, or has not begun.
    #[error("no such conversation")]
    NoTalk,
}

/// Keeps an evaluation. `rated` is the counselor whose rating it is.
///
/// It and a deletion of the conversation wait for each other: either the deletion finds it, or it finds nothing to be
/// about. So no rating of a deleted conversation counts on.
///
/// # Errors
/// [`NotKept`], or the database's.
pub async fn add(
    pool: &PgPool,
    institution: &str,
    evaluation: &Evaluation,
    rated: Option<PersonId>,
) -> Result<Result<(), NotKept>, sqlx::Error> {
    let added = sqlx::query!(
        "with talk as (
             select id, started_at from conversations
             where id = $3 and institution = $2 and started_at is not null and deleted_at is null
             for share
         )
         insert into evaluations (id, institution, conversation, object_type, creator, counselor, level, content, tag,
                                  created_at, begun_at)
         select $1, $2, talk.id, $4, $5, $6, $7, $8, $9, $10, talk.started_at from talk
         on conflict on constraint evaluations_once do nothing",
        evaluation.id,
        institution,
        evaluation.conversation.0,
        evaluation.object.as_str(),
        evaluation.creator.0,
        rated.map(|counselor| counselor.0),
        evaluation.level,
        evaluation.content,
        evaluation.tag,
        evaluation.created_at.0,
    )
    .execute(pool)
    .await?;
    if added.rows_affected() == 1 {
        return Ok(Ok(()));
    }
    let there = sqlx::query_scalar!(
        r#"select exists (select from evaluations where conversation = $1 and object_type = $2 and deleted_at is null)
           as "there!""#,
        evaluation.conversation.0,
        evaluation.object.as_str(),
    )
    .fetch_one(pool)
    .await?;
    Ok(Err(if there { NotKept::EvaluatedAlready } else { NotKept::NoTalk }))
}

/// All evaluations of these conversations, by conversation.
///
/// # Errors
/// The database's.
pub async fn of_conversations(
    pool: &PgPool,
    conversations: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Evaluation>>, sqlx::Error> {
    if conversations.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query!(
        "select id, conversation, object_type, creator, level, content, tag, created_at from evaluations
         where conversation = any($1) and deleted_at is null",
        conversations
    )
    .fetch_all(pool)
    .await?;
    let mut found: HashMap<Uuid, Vec<Evaluation>> = HashMap::new();
    for row in rows {
        let object = row.object_type.parse().map_err(|_: UnknownObject| {
            sqlx::Error::Decode("evaluations.object_type holds a word that is not known".into())
        })?;
        found.entry(row.conversation).or_default().push(Evaluation {
            id: row.id,
            conversation: ConversationId(row.conversation),
            object,
            creator: PersonId(row.creator),
            level: row.level,
            content: row.content,
            tag: row.tag,
            created_at: Timestamp(row.created_at),
        });
    }
    Ok(found)
}

/// How a counselor is rated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rating {
    /// The mean of 1 to 5.
    pub mean: f64,
    /// Of how many ratings.
    pub number: i64,
}

/// How each of these counselors is rated, over all time; left out are those nobody has rated. Ratings of deleted
/// conversations do not count.
///
/// # Errors
/// The database's.
pub async fn ratings_of(
    pool: &PgPool,
    counselors: &[PersonId],
) -> Result<HashMap<PersonId, Rating>, sqlx::Error> {
    let counselors: Vec<Uuid> = counselors.iter().map(|counselor| counselor.0).collect();
    let rows = sqlx::query!(
        r#"
        select counselor as "counselor!", avg(level)::double precision as "mean!", count(*) as "number!"
        from counted_ratings
        where counselor = any($1)
        group by counselor
        "#,
        &counselors
    )
    .fetch_all(pool)
    .await?;
    let rating = |mean, number| Rating { mean, number };
    Ok(rows.into_iter().map(|row| (PersonId(row.counselor), rating(row.mean, row.number))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_has_its_word() {
        for object in Object::ALL {
            assert_eq!(object.as_str().parse::<Object>().expect("its own word"), object);
        }
        assert!("".parse::<Object>().is_err());
    }
}
