//! Section 38 of the document: callbacks of Tencent IM, and what was said as the web client shows it.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Data, Payload, ServiceConfig},
};
use hotline_actors::ConversationId;
use serde_json::Value;
use std::{future::Future, time::Duration};
use utoipa::OpenApi;

use super::{
    body,
    openapi::{
        requests,
        shapes::{AnsweredAll, CallbackAnswer, Listed},
    },
};

use crate::{
    answer::{self, Answer, Fault},
    audit::{self, Action},
    clock,
    errors::describe,
    http::state::AppState,
    identity::Caller,
    im::{
        callback::{self, Callback, Trust},
        gate,
    },
    messages::{
        NewMessage, Read,
        gaps::{self, Gap},
        record::{self, Record, RecordPage},
        unmatched::{self, Unmatched},
        unread::{self, Unread},
        web::{WebMessage, shown},
    },
    params::{CALLBACK_BYTES_MAX, Paging, Params},
    rights::{self, Reach, Right},
    wording::Sentence,
};

const PAGING: Paging = Paging::FromZero { default: 20 };
/// How far Tencent's clock may be ahead of ours: a word is said and read in its time. What somebody claims to have read
/// beyond that is still to be said.
const CLOCK_AHEAD_MAX: Duration = Duration::from_secs(10);

/// This area in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(callback, conversation_web, unread, unmatched, gaps))]
pub(super) struct Docs;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/message/callback").route(web::post().to(callback)))
        .service(web::resource("/message/conversation/web").route(web::get().to(conversation_web)))
        .service(web::resource("/message/unread").route(web::get().to(unread)))
        .service(web::resource("/message/unplaced").route(web::get().to(unmatched)))
        .service(web::resource("/message/gaps").route(web::get().to(gaps)));
}

/// 38. 消息回调
///
/// 无需登录，但经校验。总是 HTTP 200，除非消息体过大
#[utoipa::path(
    post,
    path = "/message/callback",
    params(requests::CallbackQuery),
    request_body = requests::CallbackBody,
    responses((status = 200, body = CallbackAnswer)),
    security(())
)]
async fn callback(req: HttpRequest, payload: Payload, state: Data<AppState>) -> Answer {
    let body = body::read(&req, payload.into_inner(), CALLBACK_BYTES_MAX).await?;
    let answer = match take(&state, req.query_string(), &body).await {
        Ok(answer) => answer,
        Err(sentence) => {
            let reason = sentence.to_string();
            tracing::info!(reason, "IM callback refused");
            callback::failed(&reason)
        }
    };
    Ok(HttpResponse::Ok().json(answer))
}

/// Does what a callback asks for; an error is what Tencent is told.
async fn take(state: &AppState, query: &str, body: &[u8]) -> Result<Value, Sentence> {
    let im = &state.settings.im;
    let trust = Trust { sdk_app_id: im.sdk_app_id, token: im.callback_token.reveal() };
    let now = clock::now();
    match callback::receive(query, body, trust, now)? {
        Callback::AfterSend(sent) => {
            let message = NewMessage::new(*sent, &im.administrator, clock::steady());
            state.messages.store(message).await?;
        }
        Callback::BeforeSend(sent) if im.gate => {
            let at = clock::steady();
            let passed = gate::pass(&state.pool, &state.people, &im.administrator, &sent, at).await;
            if let Err(closed) = passed {
                return Ok(callback::denied(&Sentence::from(closed).to_string()));
            }
        }
        Callback::Read(read) => {
            let read = Read { up_to: read.up_to.min(now + CLOCK_AHEAD_MAX), ..read };
            in_time(state, state.messages.mark_read(&state.pool, &read)).await?;
        }
        Callback::Withdrawn(withdrawn, at) => {
            // In the time of dispatch, as ends are.
            let at = at.map_or(now, |at| at.min(now)) + clock::ahead();
            in_time(state, state.messages.mark_withdrawn(&state.pool, &withdrawn, at)).await?;
        }
        Callback::State(change) => state.im.presences.changed(change, now),
        Callback::BeforeSend(_) | Callback::Other => {}
    }
    Ok(callback::accepted())
}

/// Tencent does not wait for ever, so neither do marks.
async fn in_time(
    state: &AppState,
    marking: impl Future<Output = Result<(), sqlx::Error>>,
) -> Result<(), Sentence> {
    let limit = Duration::from_millis(state.settings.messages.store_milliseconds_max);
    match tokio::time::timeout(limit, marking).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            tracing::warn!(error = %describe(&error), "messages cannot be marked");
            Err(Sentence::MarksLate)
        }
        Err(_) => Err(Sentence::MarksLate),
    }
}

/// 38. 根据会话提取web转化后的消息
#[utoipa::path(
    get,
    path = "/message/conversation/web",
    params(requests::OfConversation, requests::FromZero),
    responses((status = 200, body = Listed<WebMessage>))
)]
async fn conversation_web(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    let reach = rights::require(&caller, Right::Records)?;
    let named = params.required("conversationId")?;
    let page = params.page(PAGING)?;
    let asked = (page.offset, page.limit);
    let (record, RecordPage { messages, count }) = readable(&state, &caller, reach, &named, asked).await?;
    record.note_reading(&state.pool, caller.id, clock::now()).await?;
    let rows: Vec<_> = messages.into_iter().map(|message| shown(message, &record.sides)).collect();
    Ok(answer::list(&rows, count))
}

/// 自有：进行中会话的未读数、已读位置与最后一条消息
///
/// 登录者本人参与的会话
#[utoipa::path(get, path = "/message/unread", responses((status = 200, body = AnsweredAll<Unread>)))]
async fn unread(state: Data<AppState>, caller: Caller) -> Answer {
    rights::require(&caller, Right::OwnConversations)?;
    Ok(answer::ok(unread::of(&state.pool, caller.id, &caller.username).await?))
}

/// 自有：未归入会话的消息
///
/// 机构管理员可见；不属于任何人的账号，对谁都不显示
#[utoipa::path(
    get,
    path = "/message/unplaced",
    params(requests::FromZero),
    responses((status = 200, body = Listed<Unmatched>))
)]
async fn unmatched(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    match rights::require(&caller, Right::Records)? {
        Reach::Institution => {}
        Reach::Nothing | Reach::Own | Reach::Bound | Reach::Everywhere => return Err(Fault::not_allowed()),
    }
    let institution = caller.institution()?;
    let (rows, count) = unmatched::page(
        &state.pool,
        institution,
        params.page(PAGING)?,
        state.settings.messages.unplaced_message_bytes_max,
    )
    .await?;
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    audit::note_each(&state.pool, institution, caller.id, Action::ReadUnmatched, &ids, clock::now()).await?;
    Ok(answer::list(&rows, count))
}

/// 自有：消息序号缺口
///
/// 可读该会话记录者可见
#[utoipa::path(
    get,
    path = "/message/gaps",
    params(requests::OfConversation, requests::FromZero),
    responses((status = 200, body = Listed<Gap>))
)]
async fn gaps(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    let reach = rights::require(&caller, Right::Records)?;
    let named = params.required("conversationId")?;
    let page = params.page(PAGING)?;
    let (record, _nothing_of_it) = readable(&state, &caller, reach, &named, (0, 0)).await?;
    record.note_reading(&state.pool, caller.id, clock::now()).await?;
    let gaps = gaps::of(&state.pool, record.id).await?;
    let count = i64::try_from(gaps.len()).unwrap_or(i64::MAX);
    let whole = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    let shown: Vec<&Gap> = gaps.iter().skip(whole(page.offset)).take(whole(page.limit)).collect();
    Ok(answer::list(&shown, count))
}

/// The conversation that was named, if the caller may read it, with the page of it that was asked for (offset, size).
async fn readable(
    state: &AppState,
    caller: &Caller,
    reach: Reach,
    named: &str,
    page: (i64, i64),
) -> Result<(Record, RecordPage), Fault> {
    let found = match named.parse::<ConversationId>() {
        Ok(id) => record::read(&state.pool, id, caller.id, page).await?,
        Err(_malformed) => None,
    };
    // Another institution's is as unknown as one that never was.
    let (record, page) = found
        .filter(|(record, _)| caller.institution.as_deref() == Some(&record.institution))
        .ok_or_else(|| Fault::wrong(Sentence::NoMessagesOf { id: named.to_owned() }))?;
    if !record.may_be_read_by(caller.id, reach) {
        return Err(Fault::not_allowed());
    }
    Ok((record, page))
}
