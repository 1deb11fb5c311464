//! Who may come in: sections 15 and 20 of the document.

use actix_web::web::{self, Data, Path, ServiceConfig};
use hotline_actors::{PersonId, dispatch::event::Removal};
use utoipa::OpenApi;

use super::super::openapi::shapes::{Answered, Done};
use crate::{
    answer::{self, Answer, Fault},
    http::state::AppState,
    identity::{AccountKind, Caller},
    people::{AccountState, Person, UnknownPerson},
    rights::{self, Right},
    wording::Sentence,
};

/// This area in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(ban, activate))]
pub(in crate::http) struct Docs;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/user/ban/{id}").route(web::post().to(ban)))
        .service(web::resource("/user/active/{id}").route(web::post().to(activate)));
}

/// 15. 禁用访客
#[utoipa::path(
    post,
    path = "/user/ban/{id}",
    params(("id" = String, Path, description = "用户id")),
    responses((status = 200, body = Answered<Done>))
)]
async fn ban(state: Data<AppState>, caller: Caller, id: Path<String>) -> Answer {
    let person = kept(&state, &caller, &id).await?;
    state.accounts.remove(&caller, person, Removal::Banned).await?;
    Ok(answer::done())
}

/// 20. 启用访客
#[utoipa::path(
    post,
    path = "/user/active/{id}",
    params(("id" = String, Path, description = "用户id")),
    responses((status = 200, body = Answered<Done>))
)]
async fn activate(state: Data<AppState>, caller: Caller, id: Path<String>) -> Answer {
    let person = kept(&state, &caller, &id).await?;
    if person.state == Some(AccountState::Banned) {
        state.accounts.reinstate(&caller, person).await?;
    }
    Ok(answer::done())
}

/// Whose standing the caller may change.
async fn kept(state: &AppState, caller: &Caller, key: &str) -> Result<Person, Fault> {
    rights::require(caller, Right::ManageVisitors)?;
    let unknown = || UnknownPerson::of(key);
    let id: PersonId = key.parse().map_err(|_| unknown())?;
    let person = state.people.get(id).await?.filter(|person| person.deleted_at.is_none());
    let person = person.filter(|person| rights::reaches(caller, person)).ok_or_else(unknown)?;
    if person.id == caller.id {
        return Err(Fault::wrong(Sentence::NotOneself));
    }
    if person.kind == AccountKind::Visitor {
        return Ok(person);
    }
    rights::require(caller, Right::BanStaff)?;
    // Nobody is above the administrators of the system, and they belong to no institution that could show them out.
    if !rights::may_keep_account(caller.kind, person.kind) || person.kind == AccountKind::System {
        return Err(Fault::not_allowed());
    }
    Ok(person)
}
