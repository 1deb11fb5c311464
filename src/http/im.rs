//! Section 37 of the document: the key to Tencent IM.

use std::time::Duration;

use actix_web::web::{self, Data, ServiceConfig};
use utoipa::OpenApi;

use super::openapi::shapes::Answered;

use crate::{
    answer::{self, Answer, Fault},
    app::AppState,
    auth::Caller,
    clock,
    im::user_sig,
};

/// This area in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(sign))]
pub(super) struct Docs;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/im/sign").route(web::post().to(sign)));
}

/// 37. 获取 UserSig
///
/// 登录者本人的，用户名即 IM 账号
#[utoipa::path(post, path = "/im/sign", responses((status = 200, body = Answered<String>)))]
async fn sign(state: Data<AppState>, caller: Caller) -> Answer {
    let im = &state.settings.im;
    if im.sdk_app_id == 0 || im.secret_key.is_empty() {
        return Err(Fault::wrong("未配置即时通信，无法获取 UserSig"));
    }
    state.im.accounts.needed(caller.id);
    let life = Duration::from_secs(im.user_sig_seconds);
    let secret_key = im.secret_key.reveal();
    Ok(answer::ok(user_sig::make(im.sdk_app_id, secret_key, &caller.username, clock::now(), life)))
}
