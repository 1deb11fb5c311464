//! Whose a request is. That only says where it is answered: whoever answers it looks at everything again.

use std::borrow::Cow;

use actix_http::h1;
use actix_web::{
    HttpMessage,
    dev::{Payload, ServiceRequest},
    http::Method,
    web::Bytes,
};
use percent_encoding::percent_decode_str;

use super::super::{body, caller, state::AppState};
use crate::{
    answer::Fault,
    clock,
    im::callback::{self, Trust},
    params::{CALLBACK_BYTES_MAX, Params},
    people::PersonRef,
};

/// Where a request is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Home {
    /// By the owner of this institution.
    Institution(String),
    /// The same for a callback of Tencent's, whose body was read for that; whoever has it keeps it, if there is no owner.
    OfCallback { institution: String, body: Bytes },
    /// By any server.
    Anywhere,
    /// A visitor's socket without a session: its first frame says whose it is.
    InFirstFrame,
}

impl From<Option<String>> for Home {
    fn from(institution: Option<String>) -> Self {
        institution.map_or(Self::Anywhere, Self::Institution)
    }
}

/// Whose the request is. What of its body is read for that is put back.
///
/// # Errors
/// Where the body cannot be read; its handler would say the same.
pub(super) async fn of(
    req: &mut ServiceRequest,
    state: &AppState,
    route: Option<&str>,
) -> Result<Home, Fault> {
    let base = state.settings.server.base_path.as_str();
    let Some(path) = route.and_then(|route| route.strip_prefix(base)) else { return Ok(Home::Anywhere) };
    match path {
        // What is the same everywhere, and logs nobody in.
        "" | "/" | "/visitor" | "/assets/{file}" | "/login" => return Ok(Home::Anywhere),
        _ if path.starts_with("/api") => return Ok(Home::Anywhere),
        "/auth/login" => return of_log_in(req, state).await,
        "/auth/wx/{appid}/login" => {
            let appid = part(req, route, "{appid}");
            let app = appid.and_then(|appid| state.wechat.app(&appid).ok());
            return Ok(app.map(|app| app.institution().to_owned()).into());
        }
        "/message/callback" => return of_callback(req, state).await,
        _ => {}
    }
    let Some(token) = caller::token_of(req.request()) else {
        return Ok(if path == "/visitor/ws" { Home::InFirstFrame } else { Home::Anywhere });
    };
    match of_token(state, &token).await? {
        Some(Some(institution)) => Ok(Home::Institution(institution)),
        // Whoever administers all of it belongs to none, and changes people of each.
        Some(None) => of_target(req, state, route, path).await,
        None => Ok(Home::Anywhere),
    }
}

/// The institution of a session, if there is such a session; none of it for administrators of the system.
pub(super) async fn of_token(state: &AppState, token: &str) -> Result<Option<Option<String>>, Fault> {
    Ok(state.sessions.institution_of(token).await?)
}

async fn of_log_in(req: &mut ServiceRequest, state: &AppState) -> Result<Home, Fault> {
    let body = peek(req, body::BYTES_MAX).await?;
    let name = Params::of_json(&body).ok().and_then(|params| params.text("username").ok().flatten());
    let Some(name) = name else { return Ok(Home::Anywhere) };
    Ok(institution(state.people.by_written_name(&name).await?).into())
}

/// Both accounts are people of one institution. A callback that names nobody we know is kept by whoever receives it.
async fn of_callback(req: &mut ServiceRequest, state: &AppState) -> Result<Home, Fault> {
    let body = peek(req, CALLBACK_BYTES_MAX).await?;
    let im = &state.settings.im;
    let trust = Trust { sdk_app_id: im.sdk_app_id, token: im.callback_token.reveal() };
    for account in callback::accounts(req.query_string(), &body, trust, clock::now()) {
        if let Some(institution) = institution(state.people.by_account(&account).await?) {
            return Ok(Home::OfCallback { institution, body });
        }
    }
    Ok(Home::Anywhere)
}

/// Whom an administrator of the system changes, or where they make somebody.
async fn of_target(
    req: &mut ServiceRequest,
    state: &AppState,
    route: Option<&str>,
    path: &str,
) -> Result<Home, Fault> {
    if !path.starts_with("/user/") || req.method() == Method::GET {
        return Ok(Home::Anywhere);
    }
    let named = ["{id}", "{key}"].into_iter().find_map(|name| part(req, route, name));
    let key = if let Some(key) = named {
        key
    } else {
        let body = peek(req, body::BYTES_MAX).await?;
        let Ok(params) = body::params_of(req.request(), &body) else { return Ok(Home::Anywhere) };
        // Whoever is there already stays where they are.
        if req.method() == Method::PUT
            && let Ok(Some(code)) = params.text("institutionCode")
        {
            return Ok(Home::Institution(code));
        }
        let Ok(Some(username)) = params.text("username") else { return Ok(Home::Anywhere) };
        username
    };
    let person = match key.parse() {
        Ok(id) => state.people.by_id(id).await?,
        Err(_) => state.people.by_written_name(&key).await?,
    };
    Ok(institution(person).into())
}

/// The part of the path that stands where the route has `pattern`. Nobody has taken the path apart yet.
fn part(req: &ServiceRequest, route: Option<&str>, pattern: &str) -> Option<String> {
    let mut parts = route?.split('/').zip(req.path().split('/'));
    let (_, part) = parts.find(|(of_route, _)| *of_route == pattern)?;
    percent_decode_str(part).decode_utf8().ok().map(Cow::into_owned)
}

fn institution(person: Option<PersonRef>) -> Option<String> {
    person.and_then(|person| person.institution)
}

/// Reads the whole body and puts it back.
pub(super) async fn peek(req: &mut ServiceRequest, bytes_max: usize) -> Result<Bytes, Fault> {
    let payload = req.take_payload();
    let whole = body::read(req.request(), payload, bytes_max).await?;
    put_back(req, whole.clone());
    Ok(whole)
}

pub(super) fn put_back(req: &mut ServiceRequest, whole: Bytes) {
    let mut payload = h1::Payload::create(true).1;
    payload.unread_data(whole);
    req.set_payload(Payload::from(payload));
}
