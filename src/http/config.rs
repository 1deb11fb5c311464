//! What a client needs to know before anybody logs in: section 39 of the document.

use std::time::Duration;

use actix_web::{
    HttpRequest,
    web::{self, Data, ServiceConfig},
};
use hotline_actors::dispatch::limits::DispatchLimits;
use serde::Serialize;
use serde_json::Value;
use utoipa::{OpenApi, ToSchema};

use super::{
    caller,
    openapi::{requests, shapes::Answered},
};

use crate::{
    answer::{self, Answer, Fault},
    calendar,
    config::{Emergency, ImMode, Settings, WechatMode},
    http::state::AppState,
    im::embedded,
    params::Params,
    wording::{consent, people, talks},
};

/// This area in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(config))]
pub(super) struct Docs;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/config").route(web::get().to(config)));
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Config<'a> {
    conversation_type: ConversationTypes,
    user_roles: UserRoles,
    counselor: Counselor,
    #[schema(value_type = Vec<Object>)]
    information: &'a Value,
    user_type: UserType,
    conversation_status: ConversationStatus,
    queue_status: QueueStatus,
    mode: Mode,
    emergency: &'a [Emergency],
    im: Im,
    sandbox: Option<Sandbox>,
    limits: Limits,
    /// Ours: where the institution's days begin, as the IANA names it; the pages tell times in it.
    #[schema(example = "Asia/Shanghai")]
    time_zone: Option<String>,
    /// Ours: what the mini-program asks its visitor about, so that they can be told when it is their turn.
    turn_template: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
struct ConversationTypes {
    request_supervise: &'static str,
    counseling_session: &'static str,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
struct UserRoles {
    role_counselor: &'static str,
    role_supervisor: &'static str,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Counselor {
    max_consults: u32,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
struct UserType {
    visitor: &'static str,
    supervisor: &'static str,
    counselor: &'static str,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
struct ConversationStatus {
    in_progress: &'static str,
    time_out: &'static str,
    finished: &'static str,
}

/// Ours: what a conversation is before it begins. Apart, so that `conversationStatus` keeps its three.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
struct QueueStatus {
    waiting: &'static str,
    cancelled: &'static str,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Mode {
    active_mode: &'static str,
}

/// Ours: over what people talk, for the pages.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Im {
    mode: ImMode,
    sdk_app_id: u32,
    image_bytes_max: usize,
    text_characters_max: usize,
}

/// Ours: what the institution allows, in seconds; the pages show the clock of a talk.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the unit stands in the names")]
struct Limits {
    waiting_seconds: u64,
    silence_notice_seconds: u64,
    silence_end_seconds: u64,
    text_seconds: u64,
    voice_seconds: u64,
    limit_notices_seconds: Vec<u64>,
}

impl From<&DispatchLimits> for Limits {
    fn from(rules: &DispatchLimits) -> Self {
        Self {
            waiting_seconds: rules.waiting_max.as_secs(),
            silence_notice_seconds: rules.silence_notice.as_secs(),
            silence_end_seconds: rules.silence_end.as_secs(),
            text_seconds: rules.text_max.as_secs(),
            voice_seconds: rules.voice_max.as_secs(),
            limit_notices_seconds: rules.limit_notices.iter().map(Duration::as_secs).collect(),
        }
    }
}

/// Ours: where anybody may log in as a visitor, to try it.
#[derive(Serialize, ToSchema)]
struct Sandbox {
    appid: String,
}

/// 39. 获取配置项
#[utoipa::path(
    get,
    path = "/config",
    params(requests::ConfigQuery),
    responses((status = 200, body = Answered<Config<'_>>)),
    security(())
)]
async fn config(req: HttpRequest, state: Data<AppState>, params: Params) -> Answer {
    let institution = institution(&req, &state, &params).await?;
    let settings = &state.settings;
    let sandbox = sandbox(settings, institution.as_deref());
    let time_zone = match &institution {
        Some(code) => calendar::zone_of(&state.pool, code).await?,
        None => None,
    };
    let rules = institution.map_or_else(|| settings.dispatch.clone(), |code| settings.dispatch_for(&code));
    Ok(answer::ok(Config {
        conversation_type: ConversationTypes {
            request_supervise: talks::SUPERVISION,
            counseling_session: talks::CONSULTATION,
        },
        user_roles: UserRoles { role_counselor: people::COUNSELOR, role_supervisor: people::SUPERVISOR },
        counselor: Counselor { max_consults: rules.default_max_consults },
        information: &consent::CONSENT,
        user_type: UserType {
            visitor: people::VISITOR,
            supervisor: people::SUPERVISOR,
            counselor: people::COUNSELOR,
        },
        conversation_status: ConversationStatus {
            in_progress: talks::IN_PROGRESS,
            time_out: talks::TIMED_OUT,
            finished: talks::FINISHED,
        },
        queue_status: QueueStatus { waiting: talks::WAITING, cancelled: talks::CANCELLED },
        mode: Mode {
            active_mode: match settings.wechat.mode {
                WechatMode::Live => "prod",
                WechatMode::Sandbox => "sandbox",
            },
        },
        emergency: &settings.emergency,
        im: Im {
            mode: settings.im.mode,
            sdk_app_id: settings.im.sdk_app_id,
            image_bytes_max: settings.im.image_bytes_max,
            text_characters_max: embedded::TEXT_CHARS_MAX,
        },
        sandbox,
        limits: Limits::from(&rules),
        time_zone,
        turn_template: turn_template(&state, &params)?,
    }))
}

/// The mini-program of the sandbox that belongs to the institution.
fn sandbox(settings: &Settings, institution: Option<&str>) -> Option<Sandbox> {
    let mut apps = settings.wechat.apps.iter().filter(|_| settings.wechat.mode == WechatMode::Sandbox);
    let app = apps.find(|app| Some(app.institution.as_str()) == institution)?;
    Some(Sandbox { appid: app.appid.clone() })
}

/// The template of the mini-program that asks, if it says which it is.
fn turn_template(state: &AppState, params: &Params) -> Result<Option<String>, Fault> {
    let Some(appid) = params.text("appid")? else { return Ok(None) };
    Ok(Some(state.wechat.app(&appid)?.settings.turn_template.clone()).filter(|template| !template.is_empty()))
}

/// `appid` or `institutionCode`, else the caller's institution, else the first there is.
async fn institution(req: &HttpRequest, state: &AppState, params: &Params) -> Result<Option<String>, Fault> {
    if let Some(appid) = params.text("appid")? {
        return Ok(Some(state.wechat.app(&appid)?.settings.institution.clone()));
    }
    if let Some(code) = params.text("institutionCode")? {
        let known = sqlx::query_scalar!("select code from institutions where code = $1", code);
        let known = known.fetch_optional(&state.pool).await?;
        return known.map(Some).ok_or_else(|| Fault::bad("institutionCode"));
    }
    // An ended session is none here: this endpoint needs no log-in.
    if let Some(token) = caller::token_of(req)
        && let Ok(caller) = caller::by_token(state, &token).await
        && caller.institution.is_some()
    {
        return Ok(caller.institution);
    }
    let first = sqlx::query_scalar!("select code from institutions order by created_at, code limit 1");
    Ok(first.fetch_optional(&state.pool).await?)
}
