//! What a mini-program asks for its visitor: section 7 of the document, and a message when their turn comes.

use actix_web::web::{self, Data, Path, ServiceConfig};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::openapi::{requests, shapes::Answered};
use crate::{
    answer::{self, Answer, Fault},
    clock,
    http::state::AppState,
    identity::{AccountKind, Caller},
    params::Params,
    rights::{self, Right},
    wechat::{PhoneProof, turn},
    wording::Sentence,
};

/// Characters of `encryptedData`; WeChat's are some 250.
const ENCRYPTED_CHARS_MAX: usize = 8000;

/// This area in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(phone, subscribe))]
pub(super) struct Docs;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/wx/user/{appid}/phone").route(web::post().to(phone)))
        .service(web::resource("/wx/user/{appid}/subscribe").route(web::post().to(subscribe)));
}

/// 7. 微信小程序获取当前用户手机号
#[utoipa::path(
    post,
    path = "/wx/user/{appid}/phone",
    params(("appid" = String, Path, description = "微信小程序APPID")),
    request_body = requests::PhoneProof,
    responses((status = 200, body = Answered<String>))
)]
async fn phone(state: Data<AppState>, caller: Caller, appid: Path<String>, params: Params) -> Answer {
    visitors_only(&caller)?;
    let app = state.wechat.app(&appid)?;
    let proof = proof(&params)?;
    let number = state.wechat.phone(app, caller.id, &proof, clock::now()).await?;
    Ok(number.map_or_else(answer::failed, answer::ok))
}

/// Newer clients send a code, beside the old form or alone.
fn proof(params: &Params) -> Result<PhoneProof, Fault> {
    if let Some(code) = params.text("code")? {
        return Ok(PhoneProof::Code(code));
    }
    let base64 = |name: &str| {
        let text = params.words(name, ENCRYPTED_CHARS_MAX)?.filter(|text| !text.is_empty());
        // A plus sign that was not escaped in a query string arrives as a blank.
        text.map(|text| text.replace(' ', "+")).ok_or_else(|| Fault::missing(name))
    };
    Ok(PhoneProof::Encrypted { data: base64("encryptedData")?, iv: base64("iv")? })
}

#[derive(Serialize, ToSchema)]
struct Subscription {
    /// Messages that may be sent to them.
    allowed: i32,
}

/// 自有：允许发送一次“轮到您了”订阅消息
#[utoipa::path(
    post,
    path = "/wx/user/{appid}/subscribe",
    params(("appid" = String, Path, description = "微信小程序APPID")),
    request_body = requests::Subscribe,
    responses((status = 200, body = Answered<Subscription>))
)]
async fn subscribe(state: Data<AppState>, caller: Caller, appid: Path<String>, params: Params) -> Answer {
    visitors_only(&caller)?;
    let app = state.wechat.app(&appid)?;
    let ours = &app.settings.turn_template;
    if ours.is_empty() {
        return Err(Fault::wrong(Sentence::NoTemplate));
    }
    if params.text("templateId")?.is_some_and(|named| named != *ours) {
        return Err(Fault::bad("templateId"));
    }
    let allowed = turn::allow_one(&state.pool, caller.id, clock::now()).await?;
    Ok(answer::ok(Subscription { allowed }))
}

fn visitors_only(caller: &Caller) -> Result<(), Fault> {
    rights::require(caller, Right::OwnProfile)?;
    // Staff have no openid that could be asked about.
    if caller.kind == AccountKind::Visitor { Ok(()) } else { Err(Fault::not_allowed()) }
}
