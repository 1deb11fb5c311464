//! Log-in and log-out: sections 1 to 4 of the document.

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite},
    http::header::LOCATION,
    web::{self, Data, Path, ServiceConfig},
};
use hotline_actors::PersonId;
use serde::Serialize;
use std::collections::BTreeMap;

use crate::{
    answer::{self, Answer, Fault},
    app::AppState,
    auth::{self, COOKIE, Caller, TOKEN_HEADER, TokenHash, address},
    clock,
    config::Settings,
    metrics::LogInBy,
    params::{JsonParams, Params},
    people::Person,
    rights::{self, Reach, Right},
    wechat,
};

/// What every log-in that fails is told, whatever the reason (document, section 1).
pub const REFUSED: &str = "该用户名不存在或已被禁用，请核实后再登录！";

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/auth/login").route(web::post().to(login)))
        .service(web::resource("/auth/wx/{appid}/login").route(web::post().to(wechat_login)))
        .service(web::resource("/auth/me").route(web::get().to(me)))
        .service(web::resource("/logout").route(web::post().to(logout)))
        // By any method: clients that follow a redirect of a POST do not agree which to use.
        .service(web::resource("/login").route(web::to(login_page)));
}

/// 1. 后台用户登录接口
async fn login(req: HttpRequest, state: Data<AppState>, params: JsonParams) -> Answer {
    let (username, password) = (params.required("username")?, params.required("password")?);
    let from = client_address(&req, &state.settings);
    let attempt = state.login_limits.begin(&username, from, clock::now()).map_err(|wait| {
        state.metrics.log_in_failed(LogInBy::Password);
        Fault::unknown(format!("登录失败次数过多，请{}分钟后再试！", wait.minutes()))
    })?;
    match recognise(&state, &username, &password).await {
        Ok(Some(person)) => {
            attempt.succeeded();
            begin_session(&state, person).await
        }
        Ok(None) => {
            state.metrics.log_in_failed(LogInBy::Password);
            Err(Fault::unknown(REFUSED))
        }
        Err(fault) => {
            attempt.withdrawn();
            Err(fault)
        }
    }
}

/// Who has this name and password. Unknown and banned people take as long as others.
async fn recognise(state: &AppState, username: &str, password: &str) -> Result<Option<PersonId>, Fault> {
    let found = state.people.credentials(username).await?;
    let (person, hash) = found.map_or((None, None), |found| (Some(found.id), found.password_hash));
    let matches = state.passwords.verify(password, hash).await?;
    Ok(person.filter(|_| matches))
}

/// 3. 微信小程序用户登录接口
async fn wechat_login(state: Data<AppState>, appid: Path<String>, params: Params) -> Answer {
    let app = state.wechat.app(&appid)?;
    let code = params.required("code")?;
    let visitor = wechat::visitor(&state.people, &state.settings, app, &code, clock::now()).await;
    let visitor = visitor.inspect_err(|_| state.metrics.log_in_failed(LogInBy::Wechat))?;
    begin_session(&state, visitor).await
}

async fn begin_session(state: &AppState, person: PersonId) -> Answer {
    let token = state.sessions.begin(person, clock::now()).await?;
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
async fn logout(req: HttpRequest, state: Data<AppState>) -> Answer {
    if let Some(token) = auth::token_of(&req) {
        state.sessions.end(TokenHash::of(&token)).await?;
    }
    let mut gone = cookie(&state.settings, String::new());
    gone.make_removal();
    let location = format!("{}/login", state.settings.server.base_path);
    Ok(HttpResponse::Found().insert_header((LOCATION, location)).cookie(gone).finish())
}

/// Where `/logout` leads: to what the document prints there.
async fn login_page() -> Answer {
    Err(Fault::NoSession)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Me {
    name: Option<String>,
    authorities: BTreeMap<Right, Reach>,
    username: String,
    id: PersonId,
    #[serde(rename = "type")]
    kind: &'static str,
    roles: &'static str,
    institution_code: Option<String>,
    avatar_url: Option<String>,
    max_consults: i32,
}

impl From<Person> for Me {
    fn from(person: Person) -> Self {
        Self {
            name: person.name,
            authorities: rights::authorities(person.kind),
            username: person.username,
            id: person.id,
            kind: person.kind.as_str(),
            roles: person.kind.role(),
            institution_code: person.institution,
            avatar_url: person.avatar_url,
            max_consults: person.max_consults,
        }
    }
}

/// 4. 获取当前登录用户信息
async fn me(state: Data<AppState>, caller: Caller) -> Answer {
    let person = state.people.get(caller.id).await?.ok_or(Fault::NoSession)?;
    Ok(answer::ok(Me::from(person)))
}

fn client_address(req: &HttpRequest, settings: &Settings) -> std::net::IpAddr {
    let peer = req.peer_addr().map_or(std::net::Ipv4Addr::UNSPECIFIED.into(), |peer| peer.ip());
    address::client(peer, req.headers(), &settings.server.trusted_proxies)
}
