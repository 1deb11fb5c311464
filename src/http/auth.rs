//! Log-in and log-out: sections 1 to 4 of the document.

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite},
    http::header::LOCATION,
    web::{self, Data, Path, ServiceConfig},
};
use hotline_actors::{PersonId, push::Closing, registry::LogIns};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::{OpenApi, ToSchema};

use super::{
    body::JsonParams,
    caller::{self, COOKIE, FromOurPages, TOKEN_HEADER},
    openapi::{
        requests,
        shapes::{Answered, Done},
    },
};
use crate::{
    address,
    answer::{self, Answer, Code, Fault},
    auth::turns::Rank,
    clock,
    config::Settings,
    http::state::AppState,
    identity::{Caller, TokenHash},
    metrics::LogInBy,
    params::Params,
    people::{Person, PersonView, view},
    rights::{self, Reach, Right},
    wire::Id,
    wording::Sentence,
};

/// This area in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(login, logout, login_page, wechat_login, me))]
pub(super) struct Docs;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/auth/login").route(web::post().to(login)))
        .service(web::resource("/auth/wx/{appid}/login").route(web::post().to(wechat_login)))
        .service(web::resource("/auth/me").route(web::get().to(me)))
        .service(web::resource("/logout").route(web::post().to(logout)))
        // By any method: clients that follow a redirect of a POST do not agree which to use.
        .service(web::resource("/login").route(web::to(login_page)));
}

/// 1. 后台用户登录接口
#[utoipa::path(
    post,
    path = "/auth/login",
    request_body = requests::Login,
    responses((status = 200, body = Answered<Done>, headers(("X-Auth-Token", description = "会话令牌"))), (status = 415)),
    security(())
)]
async fn login(_: FromOurPages, req: HttpRequest, state: Data<AppState>, params: JsonParams) -> Answer {
    let answer = log_in(&req, &state, &params).await;
    if is_refused_as(&answer, Code::Unknown) {
        state.metrics.log_in_failed(LogInBy::Password);
    }
    answer
}

async fn log_in(req: &HttpRequest, state: &AppState, params: &JsonParams) -> Answer {
    let (username, password) = (params.required("username")?, params.required("password")?);
    let from = address::of(req, &state.settings.server.trusted_proxies);
    let attempt = state.login_limits.begin(&username, from, clock::steady())?;
    let recognised = match attempt.in_line().await {
        Ok(rank) => recognise(state, &username, &password, rank).await,
        Err(wait) => Err(wait.into()),
    };
    match recognised {
        Ok(Some((person, hash))) => {
            attempt.succeeded(clock::steady());
            begin_session(state, person, Some(&hash)).await
        }
        Ok(None) => Err(Fault::unknown(Sentence::LogInRefused)),
        Err(fault) => {
            attempt.withdrawn();
            Err(fault)
        }
    }
}

/// Where a parameter is missing, nobody tried to log in.
fn is_refused_as(answer: &Answer, expected: Code) -> bool {
    matches!(answer, Err(Fault::Refused { code, .. }) if *code == expected)
}

/// Who has this name and password. Unknown and banned people take as long as others.
async fn recognise(
    state: &AppState,
    username: &str,
    password: &str,
    rank: Rank,
) -> Result<Option<(PersonId, String)>, Fault> {
    let found = state.people.credentials(username).await?;
    let (person, hash) = found.map_or((None, None), |found| (Some(found.id), found.password_hash));
    let matches = state.passwords.verify(password, hash.clone(), rank).await?;
    Ok(person.zip(hash).filter(|_| matches))
}

/// 3. 微信小程序用户登录接口
#[utoipa::path(
    post,
    path = "/auth/wx/{appid}/login",
    params(("appid" = String, Path, description = "微信小程序APPID"), requests::WechatCode),
    responses((status = 200, body = Answered<Done>, headers(("X-Auth-Token", description = "会话令牌")))),
    security(())
)]
async fn wechat_login(_: FromOurPages, state: Data<AppState>, appid: Path<String>, params: Params) -> Answer {
    let app = state.wechat.app(&appid)?;
    let code = params.required("code")?;
    let answer = match state.wechat.visitor(app, &code, clock::now()).await {
        Ok(visitor) => begin_session(&state, visitor, None).await,
        Err(error) => Err(error.into()),
    };
    if matches!(answer, Err(Fault::Refused { .. })) {
        state.metrics.log_in_failed(LogInBy::Wechat);
    }
    answer
}

/// `password`: the hash that the log-in was checked against. If it is no longer theirs, or they are no longer let in, it is a
/// log-in that failed.
async fn begin_session(state: &AppState, person: PersonId, password: Option<&str>) -> Answer {
    let begun = state.sessions.begin(person, password, clock::now()).await?;
    let token = begun.ok_or_else(|| Fault::unknown(Sentence::LogInRefused))?;
    state.im.accounts.needed(person);
    let mut answer = answer::done();
    let header = token.parse().map_err(|_| Fault::internal("a token is no header"))?;
    answer.headers_mut().insert(TOKEN_HEADER, header);
    answer.add_cookie(&cookie(&state.settings, token)).map_err(Fault::internal)?;
    Ok(answer)
}

fn cookie(settings: &Settings, token: String) -> Cookie<'static> {
    let path = match settings.server.base_path.as_str() {
        "" => "/".to_owned(),
        base => base.to_owned(),
    };
    Cookie::build(COOKIE, token)
        .path(path)
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(settings.cookie_is_secure())
        .finish()
}

/// 2. 后台用户注销接口
#[utoipa::path(
    post,
    path = "/logout",
    responses((status = 302, description = "会话已结束", headers(("Location", description = "/login")))),
    security(())
)]
async fn logout(_: FromOurPages, req: HttpRequest, state: Data<AppState>) -> Answer {
    if let Some(token) = caller::token_of(&req) {
        let whose = state.sessions.find(&token, clock::now()).await?;
        let hash = TokenHash::of(&token);
        if let Some(caller) = &whose {
            state.sockets.read_last_frames(caller).await;
        }
        state.sessions.end(hash).await?;
        if let Some(Caller { id, institution: Some(institution), .. }) = whose {
            // Its sockets hear nothing more, and who has no other log-in here is offline at once.
            let which = LogIns::One(hash.into());
            state.institutions.end_log_ins(&institution, id, which, Closing::LoggedOut);
        }
    }
    let mut gone = cookie(&state.settings, String::new());
    gone.make_removal();
    let location = format!("{}/login", state.settings.server.base_path);
    Ok(HttpResponse::Found().insert_header((LOCATION, location)).cookie(gone).finish())
}

/// 2. 注销后跳转到的登录页：总是 403
#[utoipa::path(get, path = "/login", responses(), security(()))]
async fn login_page() -> Answer {
    Err(Fault::NoSession)
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Me {
    name: Option<String>,
    #[schema(value_type = BTreeMap<String, String>)]
    authorities: BTreeMap<Right, Reach>,
    username: String,
    /// Of visitors: what one without a name is called by.
    visitor_number: Option<i32>,
    #[schema(value_type = Id)]
    id: PersonId,
    #[serde(rename = "type")]
    kind: &'static str,
    roles: &'static str,
    institution_code: Option<String>,
    avatar_url: Option<String>,
    max_consults: i32,
    /// Their own, and so in clear.
    gender: Option<String>,
    age: i32,
    phone_number: Option<String>,
    emergency_contact: Option<String>,
    emergency_phone: Option<String>,
    /// 浏览器用以加密草稿的密钥（base64，32 字节）：仅本人可得，浏览器不得保存。
    draft_key: String,
}

impl Me {
    fn of(person: Person, caller: &Caller, draft_key: String) -> Self {
        let PersonView { gender, age, phone_number, emergency_contact, emergency_phone, .. } =
            view(&person, caller);
        Self {
            gender,
            age,
            phone_number,
            emergency_contact,
            emergency_phone,
            name: person.name,
            authorities: rights::authorities(person.kind),
            username: person.username,
            visitor_number: person.visitor_number,
            id: person.id,
            kind: person.kind.as_str(),
            roles: person.kind.role(),
            institution_code: person.institution,
            avatar_url: person.avatar_url,
            max_consults: person.max_consults,
            draft_key,
        }
    }
}

/// 4. 获取当前登录用户信息
#[utoipa::path(get, path = "/auth/me", responses((status = 200, body = Answered<Me>)))]
async fn me(state: Data<AppState>, caller: Caller) -> Answer {
    let person = state.people.get(caller.id).await?.ok_or(Fault::NoSession)?;
    Ok(answer::ok(Me::of(person, &caller, state.sealer.draft_key(caller.id))))
}
