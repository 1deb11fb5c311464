//! People: sections 5 to 21 of the document. Here: lists, and what somebody does to their own account.

pub(super) mod staff;
pub(super) mod standing;

use actix_web::{
    HttpRequest,
    web::{self, Data, ServiceConfig},
};
use utoipa::OpenApi;
use uuid::Uuid;

use super::openapi::{
    requests,
    shapes::{Answered, Done, Listed},
};
use crate::{
    accounts, address,
    answer::{self, Answer, Fault},
    audit::{Action, Note},
    auth::{password::NewPassword, turns::Rank},
    clock,
    http::state::AppState,
    identity::{AccountKind, Caller},
    params::{Paging, Params},
    people::{Filter, Person, PersonView, Profile, view},
    rights::{self, Right},
    wording::Sentence,
};

const PAGING: Paging = Paging::FromOne { default: 10 };
/// Places a person may have at most.
const PLACES_MAX: u32 = 50;

/// This area in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(list, change_password, update, max_consults))]
pub(super) struct Docs;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/user/maxconsults").route(web::post().to(max_consults)))
        .service(web::resource("/user/password").route(web::post().to(change_password)))
        .service(web::resource("/user/update").route(web::post().to(update)))
        .service(web::resource("/user/list").route(web::get().to(list)));
    standing::routes(cfg);
    staff::routes(cfg);
}

/// 6. 获取用户列表；16. 访客列表
#[utoipa::path(
    get,
    path = "/user/list",
    params(requests::People, requests::OfKind, requests::FromOne),
    responses((status = 200, body = Listed<PersonView>))
)]
async fn list(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    rights::require(&caller, Right::ManageVisitors)?;
    let mut kinds = match caller.institution {
        Some(_) => vec![AccountKind::Visitor],
        None => AccountKind::ALL.to_vec(),
    };
    if let Some(kind) = params.parsed::<AccountKind>("type")? {
        kinds.retain(|listed| *listed == kind);
    }
    people(&state, &caller, &params, kinds).await
}

/// A page of people of these kinds, as far as the caller's institution reaches.
async fn people(state: &AppState, caller: &Caller, params: &Params, kinds: Vec<AccountKind>) -> Answer {
    let institution = match &caller.institution {
        Some(own) => Some(own.clone()),
        None => params.text("institutionCode")?,
    };
    let filter = Filter {
        name: params.text("name")?,
        username: params.text("username")?,
        department: params.text("department")?,
        gender: params.text("gender")?,
        phone: params.text("phoneNumber")?,
        ..Filter::of(institution, kinds)
    };
    if filter.phone.is_some() && caller.kind == AccountKind::Counselor {
        // Numbers are masked for them, and searching would unmask them digit by digit.
        return Err(Fault::not_allowed());
    }
    let (people, count) = state.people.list(&filter, params.page(PAGING)?).await?;
    note_list(state, caller, &filter, &people).await?;
    let rows: Vec<_> = people.iter().map(|person| view(person, caller)).collect();
    Ok(answer::list(&rows, count))
}

/// Who saw whom, with numbers in clear. Counselors see their colleagues alone, and masked.
async fn note_list(
    state: &AppState,
    caller: &Caller,
    filter: &Filter,
    people: &[Person],
) -> Result<(), Fault> {
    let seen: Vec<Uuid> = people.iter().map(|person| person.id.0).filter(|id| *id != caller.id.0).collect();
    if seen.is_empty() || caller.kind == AccountKind::Counselor {
        return Ok(());
    }
    let note = Note {
        institution: filter.institution.as_deref(),
        actor: caller.id,
        action: Action::ListPeople,
        target: None,
        people: &seen,
        detail: Some(&filter.named()),
        at: clock::now(),
    };
    Ok(note.write(&state.pool).await?)
}

/// 17. 修改密码
#[utoipa::path(
    post,
    path = "/user/password",
    request_body = requests::ChangedPassword,
    responses((status = 200, body = Answered<Done>))
)]
async fn change_password(req: HttpRequest, state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    rights::require(&caller, Right::OwnProfile)?;
    let old = params.required("oldPassword")?;
    let new = match params.text("password")? {
        Some(new) => new,
        None => params.text("newPassword")?.ok_or_else(|| Fault::missing("password"))?,
    };
    let new = NewPassword::of_md5(&new)?;
    // Whoever has somebody's session does not get to try passwords either.
    let from = address::of(&req, &state.settings.server.trusted_proxies);
    let attempt = state.login_limits.begin(&caller.username, from, clock::steady())?;
    let hash = match verified(&state, &caller, &old).await {
        Ok(hash) => hash,
        Err(fault) => {
            attempt.withdrawn();
            return Err(fault);
        }
    };
    let Some(hash) = hash else { return Err(Fault::wrong(Sentence::WrongPassword)) };
    attempt.succeeded(clock::steady());
    let new = state.passwords.hash(new).await?;
    state.accounts.replace_password(caller, hash, new).await?;
    Ok(answer::done())
}

/// The stored hash, if `old` is the caller's password. Visitors have none.
async fn verified(state: &AppState, caller: &Caller, old: &str) -> Result<Option<String>, Fault> {
    let credentials = state.people.credentials(&caller.username).await?;
    let hash = credentials.and_then(|credentials| credentials.password_hash);
    let matches = state.passwords.verify(old, hash.clone(), Rank::LOGGED_IN).await?;
    Ok(hash.filter(|_| matches))
}

/// 18. 更新访客信息
#[utoipa::path(
    post,
    path = "/user/update",
    request_body = requests::OwnProfile,
    responses((status = 200, body = Answered<Done>))
)]
async fn update(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    rights::require(&caller, Right::OwnProfile)?;
    let profile = Profile::own(&params)?;
    if !state.people.update(caller.id, &profile, caller.id, clock::now()).await? {
        return Err(Fault::NoSession);
    }
    Ok(answer::done())
}

/// 21. 修改咨询师最大咨询人数
#[utoipa::path(
    post,
    path = "/user/maxconsults",
    request_body = requests::MaxConsults,
    responses((status = 200, body = Answered<Done>))
)]
async fn max_consults(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    let places = params.required_int("maxConsults")?;
    let places = u32::try_from(places).ok().filter(|places| *places <= PLACES_MAX);
    let places = places.ok_or_else(|| Fault::malformed(Sentence::Places))?;
    // Nobody else is ever assigned anybody.
    let role = accounts::role(caller.kind).ok_or_else(Fault::not_allowed)?;
    state.institutions.set_capacity(caller.institution()?, caller.id, role, places).await?;
    Ok(answer::done())
}
