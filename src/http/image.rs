//! Ours: pictures of talks over our own IM.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY},
    web::{self, Bytes, Data, Path, Payload, ServiceConfig},
};
use hotline_actors::{ConversationId, PersonId};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::{
    body,
    openapi::{
        requests,
        shapes::{Answered, Refusal},
    },
};

use crate::{
    answer::{self, Answer, Fault},
    clock,
    config::ImMode,
    http::state::AppState,
    identity::Caller,
    images::{self, Known, Picture},
    messages::record,
    rights::{self, Reach, Right},
    text::echo,
    wire::Id,
    wording::Sentence,
};

/// A browser shows it and does nothing else with it, whatever it may be.
const POLICY: &str = "default-src 'none'; sandbox";
const CROSS_ORIGIN: &str = "cross-origin-resource-policy";

/// This area in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(upload, download))]
pub(super) struct Docs;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/im/image").route(web::post().to(upload)))
        .service(web::resource("/im/image/{id}").route(web::get().to(download)));
}

/// A picture that was taken in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Uploaded {
    #[schema(value_type = Id)]
    id: String,
    /// 取图片的地址，须登录
    url: String,
    width: i32,
    height: i32,
    /// 字节
    size: i32,
    content_type: String,
}

impl Uploaded {
    fn of(known: Known, base_path: &str) -> Self {
        Self {
            id: known.id.simple().to_string(),
            url: images::url(base_path, known.id),
            width: known.width,
            height: known.height,
            size: known.size,
            content_type: known.content_type,
        }
    }
}

/// 自有：上传会话图片
///
/// 内置即时通信（`im.mode = "embedded"`）使用；会话双方在会话进行中可用。消息体为图片本身（PNG、JPEG、GIF、WebP），以内容为准；\
/// 拍摄地点等附加信息不保存。再以 `{"type":"say","image":…}` 发送
#[utoipa::path(
    post,
    path = "/im/image",
    params(requests::OfUpload),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = Answered<Uploaded>))
)]
async fn upload(req: HttpRequest, payload: Payload, state: Data<AppState>, caller: Caller) -> Answer {
    let settings = &state.settings;
    if settings.im.mode != ImMode::Embedded {
        return Err(Fault::wrong(Sentence::EmbeddedOff));
    }
    let named = body::of_query(&req).required("conversation")?;
    let conversation = state.embedded.open_talk(&caller, &named).await?;
    let _place = state.uploads.body(caller.id).await?;
    let body = body::read(&req, payload.into_inner(), settings.im.image_bytes_max).await?;
    // Only what is whole takes the time of the machine: a slow sender holds up nobody else.
    let _room = state.uploads.work().await?;
    let picture = look_at(body).await?;
    let kept = images::keep(
        &state.pool,
        caller.institution()?,
        conversation,
        caller.id,
        &picture,
        clock::now(),
        settings.im.images_per_conversation_max,
    );
    let kept = kept.await?.ok_or_else(|| Fault::wrong(Sentence::PicturesFull))?;
    Ok(answer::ok(Uploaded::of(kept, &settings.server.base_path)))
}

/// Checksums of megabytes are no work for those who serve.
async fn look_at(body: Bytes) -> Result<Picture, Fault> {
    let looked = web::block(move || Picture::of(body)).await.map_err(Fault::internal)?;
    Ok(looked?)
}

/// 自有：会话图片
///
/// 可读该会话记录者可见
#[utoipa::path(
    get,
    path = "/im/image/{id}",
    params(("id" = Id, Path, description = "图片id")),
    responses(
        (status = 200, body = Refusal, description = "图片本身，或业务拒绝"),
    )
)]
async fn download(state: Data<AppState>, caller: Caller, named: Path<String>) -> Answer {
    let reach = rights::require(&caller, Right::Records)?;
    let found = match named.parse::<PersonId>() {
        Ok(id) => images::find(&state.pool, id.0).await?,
        Err(_malformed) => None,
    };
    let unknown = || Fault::wrong(Sentence::UnknownPicture { id: echo(&named).to_owned() });
    let (known, conversation) = found.ok_or_else(unknown)?;
    require_readable(&state, &caller, reach, conversation).await?.ok_or_else(unknown)?;
    let disposition = format!("inline; filename=\"{}\"", known.file_name());
    let length = u64::try_from(known.size).unwrap_or(0);
    Ok(HttpResponse::Ok()
        .insert_header((CROSS_ORIGIN, "same-origin"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .content_type(known.content_type.clone())
        .insert_header((CONTENT_DISPOSITION, disposition))
        .no_chunking(length)
        .streaming(images::pieces(state.pool.clone(), &known)))
}

/// Whoever may read the talk may see its pictures, and is noted as a reader of it; `None` where the talk is unknown to them.
async fn require_readable(
    state: &AppState,
    caller: &Caller,
    reach: Reach,
    conversation: ConversationId,
) -> Result<Option<()>, Fault> {
    let record = record::find(&state.pool, conversation, caller.id).await?;
    let own = |record: &record::Record| caller.institution.as_deref() == Some(&record.institution);
    let Some(record) = record.filter(own) else { return Ok(None) };
    if !record.may_be_read_by(caller.id, reach) {
        return Err(Fault::not_allowed());
    }
    record.note_reading(&state.pool, caller.id, clock::now()).await?;
    Ok(Some(()))
}
