//! Conversations as they are held: sections 26, 27, 29 and 36 of the document.

pub(super) mod view;

use actix_web::web::{self, Data, Path, ServiceConfig};
use hotline_actors::{
    ConversationId, CounselorId, PersonId,
    dispatch::{
        command::{Answer as Decided, Command, Refusal},
        conversation::{EndReason, Priority},
        counselor::Role,
    },
    registry::Rejected,
};
use utoipa::OpenApi;
use uuid::Uuid;

use super::openapi::{
    requests,
    shapes::{Answered, Done, Listed},
};
use view::ConversationView;

use crate::{
    answer::{self, Answer, Fault},
    audit::{self, Action},
    clock,
    conversations::{self, ConversationRow, deletion, reading},
    http::state::AppState,
    identity::{AccountKind, Caller},
    params::{Paging, Params},
    people::Person,
    rights::{self, Reach, Right},
    text,
    wording::Sentence,
};

const PAGING: Paging = Paging::FromZero { default: 20 };
/// Clients that want nobody in particular may say so.
const ANYONE: &str = "any";

/// This area in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(open, current, end, prioritize, supervise, one, delete))]
pub(super) struct Docs;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/conversation").route(web::put().to(open)))
        .service(web::resource("/conversation/current").route(web::get().to(current)))
        .service(web::resource("/conversation/end/{id}").route(web::post().to(end)))
        .service(web::resource("/conversation/priority/{id}").route(web::post().to(prioritize)))
        .service(web::resource("/conversation/supervise").route(web::put().to(supervise)))
        .service(
            web::resource("/conversation/{id}").route(web::get().to(one)).route(web::delete().to(delete)),
        );
}

/// 26. 创建会话
#[utoipa::path(
    put,
    path = "/conversation",
    request_body = requests::Open,
    responses((status = 200, body = Answered<ConversationView>))
)]
async fn open(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    rights::require(&caller, Right::OwnConversations)?;
    let institution = caller.institution()?;
    let fallback = params.flag("fallback")?;
    // Whom the answer shows, too.
    let mut known = Vec::new();
    let requested_counselor = match params.text("counselor")?.filter(|word| word != ANYONE) {
        Some(id) => Some(requested_counselor(&state, institution, &id, caller.id, &mut known).await?),
        None => None,
    };
    let command = Command::Open {
        conversation: ConversationId(Uuid::now_v7()),
        visitor: caller.id.into(),
        requested_counselor: requested_counselor.as_ref().map(|person| person.id.into()),
        allow_fallback: fallback,
    };
    let outcome = ask_about(&state, institution, command, requested_counselor.as_ref()).await;
    let (facts, place) = match outcome {
        Ok(Decided::Opened { facts, place }) => (facts, place),
        Ok(Decided::Done) => return Err(Fault::internal("an opening was answered like something else")),
        Err(Rejected::Refused(Refusal::AlreadyConsulting { counselor, .. })) => {
            return Err(already_consulting(&state, counselor).await?);
        }
        Err(rejected) => return Err(rejected.into()),
    };
    let row = ConversationRow::from(&facts);
    Ok(answer::ok(view::opened(&state, row, place, known, &caller).await?))
}

/// Asks for a decision about somebody with places who is in the database, but may have been made by the command line
/// while the server runs, and not been heard of since.
async fn ask_about(
    state: &AppState,
    institution: &str,
    command: Command,
    person: Option<&Person>,
) -> Result<Decided, Rejected> {
    let outcome = state.institutions.ask(institution, command.clone()).await;
    let (role, person) = match (&outcome, person) {
        (Err(Rejected::Refused(Refusal::UnknownCounselor)), Some(person)) => (Role::Counselor, person),
        (Err(Rejected::Refused(Refusal::UnknownSupervisor)), Some(person)) => (Role::Supervisor, person),
        (_, _) => return outcome,
    };
    let places = u32::try_from(person.max_consults).unwrap_or(0);
    match state.institutions.admit(institution, person.id.into(), role, places).await {
        // Banned or deleted since they were looked up.
        Err(Rejected::Refused(Refusal::Expelled)) => outcome,
        admitted => {
            admitted?;
            state.institutions.ask(institution, command).await
        }
    }
}

/// A counselor of this institution whom one can ask for. The counselor and `asker` are `known` afterwards.
async fn requested_counselor(
    state: &AppState,
    institution: &str,
    id: &str,
    asker: PersonId,
    known: &mut Vec<Person>,
) -> Result<Person, Fault> {
    let unknown = || Fault::from(Refusal::UnknownCounselor);
    let id = id.parse::<PersonId>().map_err(|_malformed| unknown())?;
    let people = state.people.load(&[id, asker]).await?;
    let found =
        people.get(&id).filter(|person| is_colleague(person, institution, AccountKind::Counselor)).cloned();
    known.extend(people.into_values());
    found.ok_or_else(unknown)
}

/// Whether this is somebody of this kind in this institution whose account can be used.
fn is_colleague(person: &Person, institution: &str, kind: AccountKind) -> bool {
    person.kind == kind && person.institution.as_deref() == Some(institution) && person.may_come_in()
}

/// Somebody of this kind in this institution whose account can be used.
async fn colleague(
    state: &AppState,
    institution: &str,
    id: &str,
    kind: AccountKind,
) -> Result<Option<Person>, Fault> {
    let Ok(id) = id.parse::<PersonId>() else { return Ok(None) };
    let person = state.people.get(id).await?;
    Ok(person.filter(|person| is_colleague(person, institution, kind)))
}

async fn already_consulting(state: &AppState, counselor: Option<CounselorId>) -> Result<Fault, Fault> {
    let counselor = match counselor {
        Some(counselor) => state.people.get(counselor.into()).await?,
        None => None,
    };
    Ok(Fault::wrong(match counselor {
        Some(counselor) => Sentence::ConsultingWith { name: counselor.display_name().into_owned() },
        // Who waits for anyone has nobody's name yet.
        None => Sentence::ConsultingAnyone,
    }))
}

/// 26. 结束会话
#[utoipa::path(
    post,
    path = "/conversation/end/{id}",
    params(("id" = String, Path, description = "会话id")),
    responses((status = 200, body = Answered<Done>))
)]
async fn end(state: Data<AppState>, caller: Caller, id: Path<String>) -> Answer {
    if let Some(ended) = end_own(&state, &caller, &id).await? {
        return ended;
    }
    let row = find(&state, &caller, &id).await?;
    let reason = part_in(&state, &caller, &row).await?.ok_or_else(Fault::not_allowed)?;
    if row.is_over() {
        return Ok(answer::done());
    }
    let end = Command::End { conversation: ConversationId(row.id), reason };
    ended(state.institutions.ask(caller.institution()?, end).await)
}

/// For one of the two in it, without a look at the database; none if they are not, or it is not open.
async fn end_own(state: &AppState, caller: &Caller, id: &str) -> Result<Option<Answer>, Fault> {
    let institution = caller.institution()?;
    let Ok(id) = id.parse() else { return Ok(None) };
    Ok(state.institutions.end_own(institution, id, caller.id).await.map(ended))
}

fn ended(outcome: Result<Decided, Rejected>) -> Answer {
    match outcome {
        // It has ended meanwhile, and that is kept.
        Ok(_) | Err(Rejected::Refused(Refusal::UnknownConversation)) => Ok(answer::done()),
        Err(rejected) => Err(rejected.into()),
    }
}

/// In which part the caller may end it; none if they may not.
async fn part_in(
    state: &AppState,
    caller: &Caller,
    row: &ConversationRow,
) -> Result<Option<EndReason>, Fault> {
    if row.visitor == caller.id.0 {
        return Ok(Some(EndReason::Visitor));
    }
    Ok(match rights::reach(caller.kind, Right::EndConversation) {
        Reach::Nothing => None,
        Reach::Own => (row.counselor == Some(caller.id.0)).then_some(EndReason::Counselor),
        Reach::Bound if row.counselor == Some(caller.id.0) => Some(EndReason::Counselor),
        Reach::Bound => match row.counterpart() {
            Some(counselor) => conversations::is_bound(&state.pool, counselor, caller.id)
                .await?
                .then_some(EndReason::Supervisor),
            None => None,
        },
        Reach::Institution | Reach::Everywhere => Some(EndReason::Administrator),
    })
}

/// 27. 请求督导
///
/// 答复为被求助的会话本身，`supervise` 为与督导的会话
#[utoipa::path(
    put,
    path = "/conversation/supervise",
    params(requests::Supervise),
    responses((status = 200, body = Answered<ConversationView>))
)]
async fn supervise(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    let reach = rights::require(&caller, Right::RequestSupervisor)?;
    let institution = caller.institution()?;
    let supervisor = params.required("supervise")?;
    let consultation = params.required("conversationId")?;
    let supervisor = colleague(&state, institution, &supervisor, AccountKind::Supervisor).await?;
    let supervisor = supervisor.ok_or_else(|| Fault::from(Refusal::UnknownSupervisor))?;
    let row = find(&state, &caller, &consultation).await?;
    if !row.is_consultation() {
        return Err(not_found(&consultation));
    }
    if reach == Reach::Own && row.counselor != Some(caller.id.0) {
        return Err(Fault::not_allowed());
    }
    if row.is_over() {
        return Err(Fault::wrong(Sentence::Over));
    }
    let command = Command::Supervise {
        conversation: ConversationId(Uuid::now_v7()),
        consultation: ConversationId(row.id),
        supervisor: supervisor.id.into(),
    };
    if !row.is_party(caller.id) {
        let action = Action::CallSupervisor;
        audit::note(&state.pool, institution, caller.id, action, row.id, clock::now()).await?;
    }
    match ask_about(&state, institution, command, Some(&supervisor)).await {
        Ok(_) => {}
        // Asked twice is asked once; another one can be asked when this talk is over.
        Err(Rejected::Refused(Refusal::AlreadySupervised))
            if is_called_in(&state, row.id, supervisor.id).await? => {}
        Err(Rejected::Refused(Refusal::UnknownConversation)) => return Err(Fault::wrong(Sentence::Over)),
        Err(rejected) => return Err(rejected.into()),
    }
    Ok(answer::ok(view::one(&state, row, &caller).await?))
}

/// Whether the open talk about this consultation is with that supervisor.
async fn is_called_in(state: &AppState, consultation: Uuid, supervisor: PersonId) -> Result<bool, Fault> {
    let talks = conversations::supervisions_of(&state.pool, &[consultation]).await?;
    Ok(talks.iter().any(|talk| !talk.is_over() && talk.counterpart() == Some(supervisor)))
}

/// 自有：改变排队优先级
#[utoipa::path(
    post,
    path = "/conversation/priority/{id}",
    params(("id" = String, Path, description = "会话id")),
    request_body = requests::Prioritize,
    responses((status = 200, body = Answered<ConversationView>))
)]
async fn prioritize(state: Data<AppState>, caller: Caller, id: Path<String>, params: Params) -> Answer {
    rights::require(&caller, Right::RaisePriority)?;
    let institution = caller.institution()?;
    let priority = params.required("priority")?.parse::<Priority>();
    let priority = priority.map_err(|_unknown| Fault::bad("priority"))?;
    let row = find(&state, &caller, &id).await?;
    if row.is_over() {
        return Err(Fault::wrong(Sentence::Over));
    }
    audit::note(&state.pool, institution, caller.id, Action::ChangePriority, row.id, clock::now()).await?;
    let conversation = ConversationId(row.id);
    match state.institutions.ask(institution, Command::Prioritize { conversation, priority }).await {
        Ok(_) => {}
        Err(Rejected::Refused(Refusal::UnknownConversation)) => return Err(Fault::wrong(Sentence::Over)),
        Err(rejected) => return Err(rejected.into()),
    }
    // As it stands now.
    let row = find(&state, &caller, &id).await?;
    Ok(answer::ok(view::one(&state, row, &caller).await?))
}

/// 自有：一个会话
#[utoipa::path(
    get,
    path = "/conversation/{id}",
    params(("id" = String, Path, description = "会话id")),
    responses((status = 200, body = Answered<ConversationView>))
)]
async fn one(state: Data<AppState>, caller: Caller, id: Path<String>) -> Answer {
    let row = find(&state, &caller, &id).await?;
    reading::require(&state.pool, &caller, &row).await??;
    if !row.is_party(caller.id) {
        let action = Action::ReadConversation;
        audit::note(&state.pool, caller.institution()?, caller.id, action, row.id, clock::now()).await?;
    }
    Ok(answer::ok(view::one(&state, row, &caller).await?))
}

/// 36. 删除会话
#[utoipa::path(
    delete,
    path = "/conversation/{id}",
    params(("id" = String, Path, description = "会话id")),
    responses((status = 200, body = Answered<Done>))
)]
async fn delete(state: Data<AppState>, caller: Caller, id: Path<String>) -> Answer {
    rights::require(&caller, Right::DeleteConversation)?;
    let row = find(&state, &caller, &id).await?;
    if !row.is_over() {
        return Err(Fault::wrong(Sentence::StillOpen));
    }
    let institution = caller.institution()?;
    if deletion::delete(&state.pool, &state.people, institution, &row, caller.id, clock::now()).await? {
        state.institutions.talk_deleted(institution);
        Ok(answer::done())
    } else {
        // Somebody else was faster.
        Err(not_found(&id))
    }
}

/// Of the caller's institution; any other id is unknown.
pub(super) async fn find(state: &AppState, caller: &Caller, id: &str) -> Result<ConversationRow, Fault> {
    let institution = caller.institution()?;
    let found = match id.parse() {
        Ok(id) => conversations::find(&state.pool, institution, id).await?,
        Err(_) => None,
    };
    found.ok_or_else(|| not_found(id))
}

pub(super) fn not_found(id: &str) -> Fault {
    Fault::wrong(Sentence::NoSuchConversation { id: text::echo(id).to_owned() })
}

/// 29. 获取小程序当前用户的会话
#[utoipa::path(
    get,
    path = "/conversation/current",
    params(requests::FromZero),
    responses((status = 200, body = Listed<ConversationView>))
)]
async fn current(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    rights::require(&caller, Right::OwnConversations)?;
    let (rows, count) = conversations::of_visitor(&state.pool, caller.id, params.page(PAGING)?).await?;
    Ok(answer::list(&view::many(&state, rows, &caller).await?, count))
}
