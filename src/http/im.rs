//! Section 37 of the document: the key to Tencent IM.

use std::time::Duration;

use actix_web::web::{self, Data, ServiceConfig};

use crate::{
    answer::{self, Answer, Fault},
    app::AppState,
    auth::Caller,
    clock,
    im::user_sig,
};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/im/sign").route(web::post().to(sign)));
}

/// 37. 获取 `UserSign`: of the caller himself, whose user name is his IM account.
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
