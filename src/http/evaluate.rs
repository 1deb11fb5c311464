//! Section 38 of the document: evaluations.

use actix_web::web::{self, Data, ServiceConfig};
use hotline_actors::{ConversationId, PersonId};
use utoipa::OpenApi;
use uuid::Uuid;

use super::{
    conversation::{find, not_found},
    openapi::{requests, shapes::Answered},
};
use crate::{
    answer::{self, Answer, Fault},
    clock,
    conversations::ConversationRow,
    evaluations::{self, Evaluation, EvaluationView, NotKept, Object},
    http::state::AppState,
    identity::Caller,
    params::Params,
    rights::{self, Right},
    wording::Sentence,
};

/// Characters of what somebody writes about a talk.
const CONTENT_CHARS_MAX: usize = 500;
/// Characters of a counselor's tags for a visitor.
const TAG_CHARS_MAX: usize = 200;

/// This area in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(evaluate))]
pub(super) struct Docs;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/evaluate").route(web::put().to(evaluate)));
}

/// 38. 新建评价
#[utoipa::path(
    put,
    path = "/evaluate",
    request_body = requests::Evaluate,
    responses((status = 200, body = Answered<EvaluationView>))
)]
async fn evaluate(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    rights::require(&caller, Right::OwnConversations)?;
    let conversation = params.required("conversationId")?;
    let object = params.parsed::<Object>("objectType")?.ok_or_else(|| Fault::missing("objectType"))?;
    let level = level(&params)?;
    let content = params.words("content", CONTENT_CHARS_MAX)?.filter(|text| !text.is_empty());
    let tag = params.given("tag", TAG_CHARS_MAX)?.filter(|text| !text.is_empty());
    let row = find(&state, &caller, &conversation).await?;
    if creator_of(object, &row) != Some(caller.id) {
        return Err(Fault::not_allowed());
    }
    if row.started_at.is_none() {
        return Err(Fault::wrong(Sentence::NotBegun));
    }
    let evaluation = Evaluation {
        id: Uuid::now_v7(),
        conversation: ConversationId(row.id),
        object,
        creator: caller.id,
        level,
        content,
        tag: tag.filter(|_| object == Object::Visitor),
        created_at: clock::now(),
    };
    let institution = caller.institution()?;
    let added = evaluations::add(&state.pool, institution, &evaluation, rated_by(object, &row)).await?;
    added.map_err(|why| match why {
        NotKept::EvaluatedAlready => Fault::wrong(Sentence::EvaluatedAlready),
        NotKept::NoTalk => not_found(&conversation),
    })?;
    let creator = state.people.get(caller.id).await?;
    Ok(answer::ok(evaluation.view(creator.as_ref(), &caller)))
}

fn level(params: &Params) -> Result<Option<i16>, Fault> {
    match params.int("level")? {
        None => Ok(None),
        Some(level) => match i16::try_from(level) {
            Ok(level @ 1..=5) => Ok(Some(level)),
            Ok(_) | Err(_) => Err(Fault::bad("level")),
        },
    }
}

/// Who may evaluate this of it.
fn creator_of(object: Object, row: &ConversationRow) -> Option<PersonId> {
    match object {
        Object::Conversation | Object::Counselor => Some(PersonId(row.visitor)),
        Object::Visitor => row.counselor.map(PersonId),
    }
}

/// Whose rating it is: consultations rate their counselors.
fn rated_by(object: Object, row: &ConversationRow) -> Option<PersonId> {
    match object {
        Object::Conversation | Object::Counselor if row.is_consultation() => row.counselor.map(PersonId),
        Object::Conversation | Object::Counselor | Object::Visitor => None,
    }
}
