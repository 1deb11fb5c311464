//! Accounts of counselors, supervisors and administrators: sections 5, 8 to 14 and 19 of the document.

use std::collections::BTreeSet;

use actix_web::web::{self, Data, Path, ServiceConfig};
use hotline_actors::{PersonId, dispatch::event::Removal};
use utoipa::OpenApi;
use uuid::Uuid;

use super::{
    super::openapi::{
        requests,
        shapes::{Answered, Done, Listed},
    },
    people,
};
use crate::{
    accounts,
    answer::{self, Answer, Fault},
    auth::password::NewPassword,
    clock, conversations,
    http::state::AppState,
    identity::{AccountKind, Caller, names},
    params::{ParamError, Params},
    people::{Change, NewPerson, Person, PersonView, Profile, UnknownPerson},
    rights::{self, Reach, Right},
    text::echo,
    wording::Sentence,
};

/// This area in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(
    add,
    change_back_office,
    add_supervisor,
    add_counselor,
    supervisors,
    counselors,
    change_supervisor,
    change_supervisor_of,
    change_counselor,
    change_counselor_of,
    delete_supervisor,
    delete_counselor
))]
pub(in crate::http) struct Docs;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/user/ms").route(web::put().to(add)).route(web::post().to(change_back_office)),
    )
    .service(
        web::resource("/user/ms/supervisor")
            .route(web::put().to(add_supervisor))
            .route(web::post().to(change_supervisor)),
    )
    .service(web::resource("/user/ms/supervisor/list").route(web::get().to(supervisors)))
    .service(
        web::resource("/user/ms/supervisor/{key}")
            .route(web::post().to(change_supervisor_of))
            .route(web::delete().to(delete_supervisor)),
    )
    .service(
        web::resource("/user/ms/counselor")
            .route(web::put().to(add_counselor))
            .route(web::post().to(change_counselor)),
    )
    .service(web::resource("/user/ms/counselor/list").route(web::get().to(counselors)))
    .service(
        web::resource("/user/ms/counselor/{key}")
            .route(web::post().to(change_counselor_of))
            .route(web::delete().to(delete_counselor)),
    );
}

/// 5. 添加后台用户
#[utoipa::path(
    put,
    path = "/user/ms",
    request_body = requests::NewBackOffice,
    responses((status = 200, body = Answered<Done>))
)]
async fn add(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    rights::require(&caller, Right::ManageBackOffice)?;
    let role = params.required("role")?;
    let kind = AccountKind::ALL.into_iter().find(|kind| kind.role() == role && kind.is_staff());
    let kind = kind.ok_or_else(|| Fault::bad("role"))?;
    if !rights::may_keep_account(caller.kind, kind) {
        return Err(Fault::not_allowed());
    }
    create_staff(&state, &caller, &params, kind).await
}

/// 自有：修改后台用户
///
/// 系统管理员据此修改机构管理员（含重置密码）；机构管理员可修改咨询师与督导
#[utoipa::path(
    post,
    path = "/user/ms",
    request_body = requests::NamedStaff,
    responses((status = 200, body = Answered<Done>))
)]
async fn change_back_office(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    let reach = rights::require(&caller, Right::ManageBackOffice)?;
    let key = params.required("username")?;
    let person = find_anybody(&state, &caller, &key).await?.filter(|person| person.kind.is_staff());
    let person = person.ok_or_else(|| UnknownPerson::of(&key))?;
    // Nobody is above the administrators of the system.
    if !rights::may_keep_account(caller.kind, person.kind) || person.kind == AccountKind::System {
        return Err(Fault::not_allowed());
    }
    change(state, &caller, reach, &params, person).await
}

/// 8. 添加督导用户
#[utoipa::path(
    put,
    path = "/user/ms/supervisor",
    request_body = requests::NewStaff,
    responses((status = 200, body = Answered<Done>))
)]
async fn add_supervisor(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    rights::require(&caller, Right::ManageSupervisors)?;
    create_staff(&state, &caller, &params, AccountKind::Supervisor).await
}

/// 9. 添加咨询师用户
#[utoipa::path(
    put,
    path = "/user/ms/counselor",
    request_body = requests::NewStaff,
    responses((status = 200, body = Answered<Done>))
)]
async fn add_counselor(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    rights::require(&caller, Right::AddCounselor)?;
    create_staff(&state, &caller, &params, AccountKind::Counselor).await
}

/// 10. 获取督导列表
#[utoipa::path(
    get,
    path = "/user/ms/supervisor/list",
    params(requests::People, requests::FromOne),
    responses((status = 200, body = Listed<PersonView>))
)]
async fn supervisors(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    rights::require(&caller, Right::ReadStaff)?;
    people(&state, &caller, &params, vec![AccountKind::Supervisor]).await
}

/// 10. 获取咨询师列表
#[utoipa::path(
    get,
    path = "/user/ms/counselor/list",
    params(requests::People, requests::FromOne),
    responses((status = 200, body = Listed<PersonView>))
)]
async fn counselors(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    rights::require(&caller, Right::ReadStaff)?;
    people(&state, &caller, &params, vec![AccountKind::Counselor]).await
}

/// 11. 修改督导
#[utoipa::path(
    post,
    path = "/user/ms/supervisor",
    request_body = requests::NamedStaff,
    responses((status = 200, body = Answered<Done>))
)]
async fn change_supervisor(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    let key = params.required("username");
    change_one(state, &caller, (AccountKind::Supervisor, Right::ManageSupervisors), key, &params).await
}

/// 11. 修改督导（路径为用户 id）
#[utoipa::path(
    post,
    path = "/user/ms/supervisor/{key}",
    params(("key" = String, Path, description = "用户名或用户id")),
    request_body = requests::StaffProfile,
    responses((status = 200, body = Answered<Done>))
)]
async fn change_supervisor_of(
    state: Data<AppState>,
    caller: Caller,
    params: Params,
    key: Path<String>,
) -> Answer {
    let key = Ok(key.into_inner());
    change_one(state, &caller, (AccountKind::Supervisor, Right::ManageSupervisors), key, &params).await
}

/// 12. 修改咨询师
#[utoipa::path(
    post,
    path = "/user/ms/counselor",
    request_body = requests::NamedStaff,
    responses((status = 200, body = Answered<Done>))
)]
async fn change_counselor(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    let key = params.required("username");
    change_one(state, &caller, (AccountKind::Counselor, Right::ChangeCounselor), key, &params).await
}

/// 19. 修改咨询师
#[utoipa::path(
    post,
    path = "/user/ms/counselor/{key}",
    params(("key" = String, Path, description = "用户名或用户id")),
    request_body = requests::StaffProfile,
    responses((status = 200, body = Answered<Done>))
)]
async fn change_counselor_of(
    state: Data<AppState>,
    caller: Caller,
    params: Params,
    key: Path<String>,
) -> Answer {
    let key = Ok(key.into_inner());
    change_one(state, &caller, (AccountKind::Counselor, Right::ChangeCounselor), key, &params).await
}

/// Changes somebody of this kind, for whoever has the right; a key that was not given is told after that.
async fn change_one(
    state: Data<AppState>,
    caller: &Caller,
    (kind, right): (AccountKind, Right),
    key: Result<String, ParamError>,
    params: &Params,
) -> Answer {
    let reach = rights::require(caller, right)?;
    let person = find(&state, caller, kind, &key?).await?;
    change(state, caller, reach, params, person).await
}

/// 13. 刪除督导
#[utoipa::path(
    delete,
    path = "/user/ms/supervisor/{key}",
    params(("key" = String, Path, description = "用户名或用户id")),
    responses((status = 200, body = Answered<Done>))
)]
async fn delete_supervisor(state: Data<AppState>, caller: Caller, key: Path<String>) -> Answer {
    rights::require(&caller, Right::ManageSupervisors)?;
    delete(state, &caller, AccountKind::Supervisor, &key).await
}

/// 14. 删除咨询师
#[utoipa::path(
    delete,
    path = "/user/ms/counselor/{key}",
    params(("key" = String, Path, description = "用户名或用户id")),
    responses((status = 200, body = Answered<Done>))
)]
async fn delete_counselor(state: Data<AppState>, caller: Caller, key: Path<String>) -> Answer {
    rights::require(&caller, Right::DeleteCounselor)?;
    delete(state, &caller, AccountKind::Counselor, &key).await
}

async fn create_staff(state: &AppState, caller: &Caller, params: &Params, kind: AccountKind) -> Answer {
    let username = params.required("username")?;
    let password = new_password(params)?.ok_or_else(|| Fault::missing("password"))?;
    let institution = institution_of(state, caller, params, kind).await?;
    let change = Change {
        profile: Profile::of_staff(params)?.checked(None)?,
        password_hash: None,
        supervisors: supervisors_of(state, institution.as_deref(), kind, params).await?,
    };
    if !names::is_account(&username) || username.parse::<PersonId>().is_ok() {
        return Err(Fault::malformed(Sentence::UsernameForm));
    }
    let free = names::is_free_for_staff(&username, &state.settings.im.administrator);
    if !free || state.people.is_taken(&username).await? {
        return Err(Fault::malformed(Sentence::UsernameTaken));
    }
    let rules = match &institution {
        Some(code) => state.settings.dispatch_for(code),
        None => state.settings.dispatch.clone(),
    };
    let places = rules.default_max_consults;
    let person = NewPerson {
        id: PersonId(Uuid::now_v7()),
        institution: institution.clone(),
        kind,
        username,
        password_hash: Some(state.passwords.hash(password).await?),
        open_id: None,
        wechat_appid: None,
        name: None,
        max_consults: i32::try_from(places).map_err(Fault::internal)?,
        created_by: Some(caller.id),
        created_at: clock::now(),
    };
    let hired = state.people.create_staff(person, &change, caller.id).await?;
    let id = hired.map_err(|_taken| Fault::malformed(Sentence::UsernameTaken))?;
    if let (Some(institution), Some(role)) = (&institution, accounts::role(kind)) {
        if change.supervisors.is_some() {
            state.accounts.tell_dispatch().await;
        }
        if let Err(rejected) = state.institutions.admit(institution, id.into(), role, places).await {
            // They are there all the same: their first socket, or the first who asks for them, makes them known.
            tracing::warn!(person = %id, %rejected, "adding a new account to dispatch failed: done at their first connection");
        }
    }
    Ok(answer::done())
}

/// Where a new account belongs: the caller's own institution, or the one that a system administrator names.
async fn institution_of(
    state: &AppState,
    caller: &Caller,
    params: &Params,
    kind: AccountKind,
) -> Result<Option<String>, Fault> {
    const FIELD: &str = "institutionCode";
    if kind == AccountKind::System {
        return Ok(None);
    }
    let named = params.text(FIELD)?;
    if let Some(own) = &caller.institution {
        let elsewhere = named.is_some_and(|named| named != *own);
        return if elsewhere { Err(Fault::bad(FIELD)) } else { Ok(Some(own.clone())) };
    }
    let named = named.ok_or_else(|| Fault::missing(FIELD))?;
    let known = sqlx::query_scalar!("select code from institutions where code = $1", named)
        .fetch_optional(&state.pool)
        .await?;
    known.map(Some).ok_or_else(|| Fault::bad(FIELD))
}

/// The password to set; none if there is none, or an empty text.
fn new_password(params: &Params) -> Result<Option<NewPassword>, Fault> {
    Ok(params.text("password")?.map(|md5| NewPassword::of_md5(&md5)).transpose()?)
}

/// Who is to look after a counselor: supervisors of this institution.
async fn supervisors_of(
    state: &AppState,
    institution: Option<&str>,
    kind: AccountKind,
    params: &Params,
) -> Result<Option<Vec<PersonId>>, Fault> {
    if kind != AccountKind::Counselor {
        return Ok(None);
    }
    let Some(words) = params.texts("supervisors")? else { return Ok(None) };
    let unknown =
        |word: &str| Fault::unknown(Sentence::UnknownBoundSupervisor { key: echo(word).to_owned() });
    let ids = words.iter().map(|word| word.parse().map_err(|_| unknown(word)));
    let ids = ids.collect::<Result<Vec<PersonId>, _>>()?;
    let found = state.people.load(&ids).await?;
    let is_one = |id: &PersonId| {
        found.get(id).is_some_and(|person| {
            person.kind == AccountKind::Supervisor
                && person.deleted_at.is_none()
                && person.institution.as_deref() == institution
        })
    };
    match ids.iter().find(|id| !is_one(id)) {
        Some(stranger) => Err(unknown(&stranger.to_string())),
        None => Ok(Some(ids)),
    }
}

/// One of the staff, by user name or id; another institution's are unknown.
async fn find(state: &AppState, caller: &Caller, kind: AccountKind, key: &str) -> Result<Person, Fault> {
    let person = find_anybody(state, caller, key).await?.filter(|person| person.kind == kind);
    Ok(person.ok_or_else(|| UnknownPerson::of(key))?)
}

/// Whoever has this user name or id, is not deleted, and is in reach.
async fn find_anybody(state: &AppState, caller: &Caller, key: &str) -> Result<Option<Person>, Fault> {
    let id = match key.parse() {
        Ok(id) => Some(id),
        Err(_) => state.people.by_written_name(key).await?.map(|person| person.id),
    };
    let person = match id {
        Some(id) => state.people.get(id).await?,
        None => None,
    };
    let person = person.filter(|person| person.deleted_at.is_none());
    Ok(person.filter(|person| rights::reaches(caller, person)))
}

/// Changes what is given; the user name never changes.
async fn change(
    state: Data<AppState>,
    caller: &Caller,
    reach: Reach,
    params: &Params,
    person: Person,
) -> Answer {
    let may_bind = match reach {
        Reach::Institution | Reach::Everywhere => true,
        Reach::Nothing | Reach::Own | Reach::Bound => {
            let present = conversations::supervisors_of(&state.pool, person.id).await?;
            if !present.contains(&caller.id) {
                return Err(Fault::not_allowed());
            }
            ensure_the_same(present, params)?;
            false
        }
    };
    let profile = Profile::of_staff(params)?.checked(Some(&person))?;
    let supervisors = if may_bind {
        supervisors_of(&state, person.institution.as_deref(), person.kind, params).await?
    } else {
        None
    };
    let password_hash = match new_password(params)? {
        Some(new) => Some(state.passwords.hash(new).await?),
        None => None,
    };
    state.accounts.change(caller, person, Change { profile, password_hash, supervisors }).await?;
    Ok(answer::done())
}

/// Whoever is bound to a counselor reads everything of that counselor, so supervisors do not change that; clients that
/// send all fields send the present ones.
fn ensure_the_same(present: Vec<PersonId>, params: &Params) -> Result<(), Fault> {
    let Some(words) = params.texts("supervisors")? else { return Ok(()) };
    let named: BTreeSet<Option<PersonId>> = words.iter().map(|word| word.parse().ok()).collect();
    let present: BTreeSet<Option<PersonId>> = present.into_iter().map(Some).collect();
    if named == present { Ok(()) } else { Err(Fault::forbidden(Sentence::BindingsByAdministrator)) }
}

async fn delete(state: Data<AppState>, caller: &Caller, kind: AccountKind, key: &str) -> Answer {
    let person = find(&state, caller, kind, key).await?;
    if accounts::has_open(&state.pool, person.id).await? {
        return Err(Fault::wrong(Sentence::InConversationStays));
    }
    state.accounts.remove(caller, person, Removal::Deleted).await?;
    Ok(answer::done())
}
