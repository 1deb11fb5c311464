//! Section 37 of the document: the key to Tencent IM. Ours: saying something without a socket.

use std::time::Duration;

use actix_web::{
    HttpRequest,
    web::{self, Data, Payload, ServiceConfig},
};
use serde_json::{Value, value::RawValue};
use utoipa::OpenApi;

use super::{
    body,
    openapi::shapes::{Answered, AnsweredAll, SayAnswer},
    refusals,
};

use crate::{
    answer::{self, Answer, Fault},
    clock,
    http::state::AppState,
    identity::Caller,
    im::{
        embedded::{Say, WORDS_MAX},
        user_sig,
    },
    text,
    wording::{Language, Sentence},
};

/// This area in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(sign, say))]
pub(super) struct Docs;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/im/sign").route(web::post().to(sign)))
        .service(web::resource("/im/say").route(web::post().to(say)));
}

/// 37. 获取 UserSig
///
/// 登录者本人的，用户名即 IM 账号
#[utoipa::path(post, path = "/im/sign", responses((status = 200, body = Answered<String>)))]
async fn sign(state: Data<AppState>, caller: Caller) -> Answer {
    let im = &state.settings.im;
    if im.sdk_app_id == 0 || im.secret_key.is_empty() {
        return Err(Fault::wrong(Sentence::SigningOff));
    }
    state.im.accounts.needed(caller.id);
    let life = Duration::from_secs(im.user_sig_seconds);
    let secret_key = im.secret_key.reveal();
    Ok(answer::ok(user_sig::make(im.sdk_app_id, secret_key, &caller.username, clock::now(), life)))
}

/// 自有：不经实时连接发送消息
///
/// 内置即时通信（`im.mode = "embedded"`）使用，供即将关闭的页面（`fetch` 的 `keepalive`）：与实时连接的 `say` 同一条路、同样检查，\
/// 以 `ref` 去重，两边同时送达也只存一次。依次发送，至多 200 条，其中一条不成不影响其他。应答依次为每条的结果，\
/// 与实时连接的 `said` 或 `error` 相同
#[utoipa::path(
    post,
    path = "/im/say",
    request_body = Vec<Say>,
    responses((status = 200, body = AnsweredAll<SayAnswer>), (status = 415))
)]
async fn say(req: HttpRequest, payload: Payload, state: Data<AppState>, caller: Caller) -> Answer {
    let body = body::json(&req, payload.into_inner(), body::BYTES_MAX).await?;
    let value: Value = serde_json::from_str(&text::heal(&body)).map_err(|_| Fault::MalformedJson)?;
    let Value::Array(words) = value else { return Err(Fault::malformed(Sentence::Malformed)) };
    if words.len() > WORDS_MAX {
        return Err(Fault::malformed(Sentence::TooManyWords { max: WORDS_MAX }));
    }
    let language = Language::asked(req.headers());
    let said = state.embedded.say_all(caller, words).await?;
    let frames = said
        .into_iter()
        .map(|said| RawValue::from_string(said.unwrap_or_else(|refused| refusals::frame(refused, language))));
    Ok(answer::ok(frames.collect::<Result<Vec<_>, _>>().map_err(Fault::internal)?))
}
