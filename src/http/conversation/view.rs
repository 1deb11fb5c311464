//! The one conversation object of the wire (docs/contract.md 6).

use std::collections::HashMap;

use futures_util::future::join_all;
use hotline_actors::{ConversationId, PersonId, dispatch::command::Place};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    conversations::{self, ConversationRow, queue::QueueView},
    evaluations::{self, Evaluation, EvaluationView, Object},
    http::state::AppState,
    identity::{AccountKind, Caller},
    people::{Person, PersonView, view},
    wire::{Id, words},
};

/// See the module. Null fields are present.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConversationView {
    #[schema(value_type = Id)]
    id: ConversationId,
    created_time: i64,
    start_time: Option<i64>,
    end_time: Option<i64>,
    status: words::Status,
    conversation_type: words::ConversationType,
    /// Milliseconds, as everywhere.
    duration: Option<i64>,
    user: Option<PersonView>,
    counselor: Option<PersonView>,
    /// Who was called in last. Not for the visitor.
    supervisor: Option<PersonView>,
    /// What the one who asked thinks of it.
    evaluate: Option<EvaluationView>,
    /// What the counselor thinks of the visitor. Not for the visitor.
    visitor_evaluate: Option<EvaluationView>,
    avatar_url: Option<String>,
    end_reason: Option<words::EndReason>,
    priority: words::Priority,
    queue: Option<QueueView>,
    medium: words::MediumType,
    call_start_time: Option<i64>,
    /// Of a talk with a supervisor: what it is about.
    #[schema(value_type = Option<Id>)]
    consultation: Option<ConversationId>,
    /// The last talk with a supervisor about it. Not for the visitor.
    #[schema(no_recursion)]
    supervise: Option<Box<ConversationView>>,
}

/// One conversation as `reader` may see it, with its place as it is kept now.
///
/// # Errors
/// The database's.
pub(crate) async fn one(
    state: &AppState,
    row: ConversationRow,
    reader: &Caller,
) -> Result<ConversationView, sqlx::Error> {
    let related = Related::of(state, std::slice::from_ref(&row), reader).await?;
    Ok(related.shown(row, reader))
}

/// One conversation that has just been opened: nobody was called in to it and nobody rated it yet. `known` are people
/// who were looked up already.
///
/// # Errors
/// The database's.
pub(crate) async fn opened(
    state: &AppState,
    row: ConversationRow,
    place: Option<Place>,
    known: Vec<Person>,
    reader: &Caller,
) -> Result<ConversationView, sqlx::Error> {
    let mut people: HashMap<PersonId, Person> = known.into_iter().map(|person| (person.id, person)).collect();
    let unknown: Vec<PersonId> =
        parties(&[&row]).into_iter().filter(|party| !people.contains_key(party)).collect();
    if !unknown.is_empty() {
        people.extend(state.people.load(&unknown).await?);
    }
    let queues = place.map(|place| (row.id, place.into())).into_iter().collect();
    let related = Related { people, queues, supervisions: HashMap::new(), evaluations: HashMap::new() };
    Ok(related.shown(row, reader))
}

/// Several conversations, with as many statements as one.
///
/// # Errors
/// The database's.
pub(crate) async fn many(
    state: &AppState,
    rows: Vec<ConversationRow>,
    reader: &Caller,
) -> Result<Vec<ConversationView>, sqlx::Error> {
    let related = Related::of(state, &rows, reader).await?;
    Ok(rows.into_iter().map(|row| related.shown(row, reader)).collect())
}

/// All that the objects hold besides their own rows.
struct Related {
    people: HashMap<PersonId, Person>,
    /// By consultation, the last one.
    supervisions: HashMap<Uuid, ConversationRow>,
    evaluations: HashMap<Uuid, Vec<Evaluation>>,
    queues: HashMap<Uuid, QueueView>,
}

impl Related {
    async fn of(state: &AppState, rows: &[ConversationRow], reader: &Caller) -> Result<Self, sqlx::Error> {
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let mut supervisions = HashMap::new();
        for supervision in conversations::supervisions_of(&state.pool, &ids).await? {
            if let Some(consultation) = supervision.consultation {
                // The latest comes first.
                supervisions.entry(consultation).or_insert(supervision);
            }
        }
        let all: Vec<&ConversationRow> = rows.iter().chain(supervisions.values()).collect();
        let ids: Vec<Uuid> = all.iter().map(|row| row.id).collect();
        let parties = parties(&all);
        let (people, evaluations) =
            tokio::try_join!(state.people.load(&parties), evaluations::of_conversations(&state.pool, &ids))?;
        let queues = queues(state, &all, reader).await;
        Ok(Self { people, supervisions, evaluations, queues })
    }

    fn shown(&self, row: ConversationRow, reader: &Caller) -> ConversationView {
        // Whoever consults is not told that, and with whom, they were talked about.
        let is_theirs =
            row.is_consultation() && (row.visitor == reader.id.0 || reader.kind == AccountKind::Visitor);
        let supervision = self.supervisions.get(&row.id).filter(|_| !is_theirs);
        let supervisor = match supervision {
            Some(supervision) => supervision.counterpart(),
            None if !row.is_consultation() => row.counterpart(),
            None => None,
        };
        let counselor = row.counterpart().and_then(|id| self.people.get(&id));
        let of_person = |person: &Person| view(person, reader);
        ConversationView {
            id: ConversationId(row.id),
            created_time: row.opened_at,
            start_time: row.started_at,
            end_time: row.ended_at,
            duration: row.started_at.zip(row.ended_at).map(|(start, end)| (end - start).max(0)),
            user: self.people.get(&PersonId(row.visitor)).map(of_person),
            supervisor: supervisor.and_then(|id| self.people.get(&id)).map(of_person),
            evaluate: self
                .evaluation(row.id, Object::Conversation, reader)
                .or_else(|| self.evaluation(row.id, Object::Counselor, reader)),
            visitor_evaluate: if is_theirs { None } else { self.evaluation(row.id, Object::Visitor, reader) },
            avatar_url: counselor.and_then(|person| person.avatar_url.clone()),
            counselor: counselor.map(of_person),
            queue: self.queues.get(&row.id).cloned(),
            supervise: supervision.map(|supervision| Box::new(self.shown(*supervision, reader))),
            status: row.status,
            conversation_type: row.kind,
            end_reason: row.end_reason,
            priority: row.priority,
            medium: row.medium,
            call_start_time: row.call_started_at,
            consultation: row.consultation.map(ConversationId),
        }
    }

    fn evaluation(&self, conversation: Uuid, object: Object, reader: &Caller) -> Option<EvaluationView> {
        let all = self.evaluations.get(&conversation)?;
        let evaluation = all.iter().find(|evaluation| evaluation.object == object)?;
        Some(evaluation.view(self.people.get(&evaluation.creator), reader))
    }
}

fn parties(rows: &[&ConversationRow]) -> Vec<PersonId> {
    let mut people: Vec<PersonId> =
        rows.iter().flat_map(|row| [Some(PersonId(row.visitor)), row.counterpart()]).flatten().collect();
    people.sort_unstable();
    people.dedup();
    people
}

/// The places of those that wait. Whoever belongs to no institution is shown no conversation.
async fn queues(state: &AppState, rows: &[&ConversationRow], reader: &Caller) -> HashMap<Uuid, QueueView> {
    let Some(institution) = reader.institution.as_deref() else { return HashMap::new() };
    let waiting = rows.iter().copied().filter(|row| row.waits());
    let placed = join_all(waiting.map(async |row| {
        let place = state.institutions.place(institution, ConversationId(row.id)).await?;
        Some((row.id, place.into()))
    }));
    placed.await.into_iter().flatten().collect()
}
