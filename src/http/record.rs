//! Records: sections 28, 34 and 35 of the document.

use std::collections::{HashMap, HashSet};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::CONTENT_DISPOSITION,
    web::{self, Data, Path, Payload, ServiceConfig},
};
use hotline_actors::{ConversationId, dispatch::conversation::ConversationType};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use utoipa::OpenApi;
use uuid::Uuid;

use super::{
    body,
    conversation::{
        find, not_found,
        view::{self, ConversationView},
    },
    openapi::{
        requests,
        shapes::{Download, Listed, Refusal},
    },
};
use crate::{
    answer::{self, Answer, Fault},
    audit::{self, Action, Note},
    calendar, clock,
    conversations::{
        self, ConversationRow,
        list::{self, Direction, ListQuery, Property, Reader},
        reading::{self, Scope},
    },
    export::{self, Entry, Format, Maker, Reader as ExportReader},
    http::state::AppState,
    identity::Caller,
    images,
    params::{Paging, Params},
    rights::{self, Reach, Right},
    wording::{self, Sentence},
};

const PAGING: Paging = Paging::FromZero { default: 20 };
/// Conversations in one zip.
const EXPORTED_AT_ONCE_MAX: usize = 1000;
/// Pictures in one zip: it keeps an entry in memory for each, until it ends.
const PICTURES_AT_ONCE_MAX: i64 = 20_000;

/// This area in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(consult_list, export, batch_export))]
pub(super) struct Docs;

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/conversation/consultlist").route(web::get().to(consult_list)))
        .service(web::resource("/conversation/export/{id}").route(web::post().to(export)))
        .service(web::resource("/conversation/batchexport").route(web::post().to(batch_export)));
}

/// 28. 咨询记录
#[utoipa::path(
    get,
    path = "/conversation/consultlist",
    params(requests::ConsultList, requests::FromZero),
    responses((status = 200, body = Listed<ConversationView>))
)]
async fn consult_list(state: Data<AppState>, caller: Caller, params: Params) -> Answer {
    let reach = rights::require(&caller, Right::ListRecords)?;
    let institution = caller.institution()?;
    let query = ListQuery {
        kind: params.parsed("conversationType")?.unwrap_or(ConversationType::Consultation),
        status: params.parsed("status")?,
        begin: params.int("startTime")?,
        end: params.int("endTime")?,
        visitor_name: params.text("visitorName")?,
        visitor: params.parsed("visitor")?,
        counselor_name: params.text("counselorName")?,
        sorted_by: params.parsed("property")?.unwrap_or(Property::CreatedTime),
        direction: params.parsed("direction")?.unwrap_or(Direction::Descending),
        page: params.page(PAGING)?,
    };
    let scope = Scope::of(&state.pool, &caller, reach).await?;
    let reader = Reader { institution, id: caller.id, scope: &scope };
    let (rows, count) = list::page(&state.lists, &state.pool, reader, &query).await?;
    let mut seen: Vec<Uuid> = rows.iter().map(|row| row.visitor).collect();
    seen.sort_unstable();
    seen.dedup();
    let filters = query.named();
    let note = Note {
        institution: Some(institution),
        actor: caller.id,
        action: Action::ListRecords,
        target: None,
        people: &seen,
        detail: Some(&filters),
        at: clock::now(),
    };
    if reach != Reach::Own {
        note.write(&state.pool).await?;
    }
    let rows = view::many(&state, rows, &caller).await?;
    Ok(answer::list(&rows, count))
}

/// 34. 会话导出
///
/// 含咨询师备注、标签与督导会话（访客本人导出时不含）。`format=zip` 为压缩文件：文字、督导会话、图片与目录
#[utoipa::path(
    post,
    path = "/conversation/export/{id}",
    params(("id" = String, Path, description = "会话id"), requests::Export),
    responses((
        status = 200,
        description = "文件；业务拒绝则为 JSON",
        content(
            (String = "text/plain"),
            (Object = "application/json"),
            (Download = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            (Download = "application/zip"),
        ),
    ))
)]
async fn export(state: Data<AppState>, caller: Caller, id: Path<String>, params: Params) -> Answer {
    rights::require(&caller, Right::Records)?;
    // A zip of one is a zip of many with one in it.
    if params.text("format")?.is_some_and(|format| format.eq_ignore_ascii_case("zip")) {
        let anonymize = params.flag("anonymize")?.unwrap_or(false);
        return zipped(&state, &caller, vec![id.into_inner()], Format::default(), anonymize).await;
    }
    let (format, anonymize) = form(&params)?;
    let row = find(&state, &caller, &id).await?;
    reading::require(&state.pool, &caller, &row).await??;
    let now = clock::now();
    audit::note(&state.pool, caller.institution()?, caller.id, Action::ExportConversation, row.id, now)
        .await?;
    let maker = maker(&state, &caller, anonymize).await?;
    let mut transcript = maker.make(&row, None).await?;
    for supervision in
        beside(&state, &caller, std::slice::from_ref(&row)).await?.remove(&row.id).unwrap_or_default()
    {
        transcript.supervisions.push(maker.make(&supervision, None).await?);
    }
    let file = web::block(move || export::rendered(&transcript, format)).await;
    let file = file.map_err(Fault::internal)?.map_err(Fault::internal)?;
    let name = wording::export::file(&maker.conversation(row.id), format.extension());
    Ok(HttpResponse::Ok()
        .content_type(format.content_type())
        .insert_header((CONTENT_DISPOSITION, attachment(&name)))
        .body(file))
}

/// 35. 批量导出
///
/// 一个会话一个目录，目录名为时间与双方姓名：文字、督导会话（`supervise-1` …）、图片（`pictures`）；`index` 为目录清单。\
/// 图片合计至多 20000 张；匿名导出不含图片
#[utoipa::path(
    post,
    path = "/conversation/batchexport",
    params(requests::Export),
    request_body(content = Vec<String>, description = "会话id列表，至多 1000"),
    responses(
        (
            status = 200,
            description = "压缩文件，一个会话一个目录；业务拒绝则为 JSON",
            content((Download = "application/zip"), (Refusal = "application/json")),
        ),
        (status = 415),
    )
)]
async fn batch_export(req: HttpRequest, payload: Payload, state: Data<AppState>, caller: Caller) -> Answer {
    rights::require(&caller, Right::Records)?;
    let (format, anonymize) = form(&body::of_query(&req))?;
    let body = body::json(&req, payload.into_inner(), body::BYTES_MAX).await?;
    let ids: Vec<String> = serde_json::from_slice(&body).map_err(|_| Fault::MalformedJson)?;
    zipped(&state, &caller, ids, format, anonymize).await
}

async fn zipped(
    state: &AppState,
    caller: &Caller,
    ids: Vec<String>,
    format: Format,
    anonymize: bool,
) -> Answer {
    let entries = entries(state, caller, ids).await?;
    let maker = maker(state, caller, anonymize).await?;
    let leave = state.exports.begin().ok_or_else(|| Fault::wrong(Sentence::Busy))?;
    let exported: Vec<Uuid> = entries
        .iter()
        .flat_map(|entry| [&entry.conversation].into_iter().chain(&entry.supervisions))
        .map(|row| row.id)
        .collect();
    let pictures = if anonymize { 0 } else { images::count(&state.pool, &exported).await? };
    if pictures > PICTURES_AT_ONCE_MAX {
        return Err(Fault::malformed(Sentence::TooManyPictures { pictures, max: PICTURES_AT_ONCE_MAX }));
    }
    let (institution, action) = (caller.institution()?, Action::ExportConversation);
    audit::note_each(&state.pool, institution, caller.id, action, &exported, clock::now()).await?;
    Ok(HttpResponse::Ok()
        .content_type("application/zip")
        .insert_header((CONTENT_DISPOSITION, attachment(wording::export::ARCHIVE)))
        .streaming(export::stream(maker, entries, format, leave)))
}

fn form(params: &Params) -> Result<(Format, bool), Fault> {
    let format = params.parsed("format")?.unwrap_or_default();
    Ok((format, params.flag("anonymize")?.unwrap_or(false)))
}

async fn maker(state: &AppState, caller: &Caller, anonymize: bool) -> Result<Maker, Fault> {
    Ok(Maker {
        pool: state.pool.clone(),
        people: state.people.clone(),
        sealer: state.sealer.clone(),
        calendar: calendar::of(&state.pool, caller.institution()?).await?,
        reader: ExportReader { id: caller.id, kind: caller.kind },
        anonymize,
    })
}

/// The talks with supervisors about these conversations that the caller may have with them, the first of each first.
async fn beside(
    state: &AppState,
    caller: &Caller,
    rows: &[ConversationRow],
) -> Result<HashMap<Uuid, Vec<ConversationRow>>, sqlx::Error> {
    let reader = ExportReader { id: caller.id, kind: caller.kind };
    // Whoever consults is not told that they were talked about.
    let shown: Vec<Uuid> = rows.iter().filter(|row| !reader.is_consulting(row)).map(|row| row.id).collect();
    let mut about: HashMap<Uuid, Vec<ConversationRow>> = HashMap::new();
    for supervision in conversations::supervisions_of(&state.pool, &shown).await?.into_iter().rev() {
        if let (Some(consultation), Some(_)) = (supervision.consultation, supervision.started_at) {
            about.entry(consultation).or_default().push(supervision);
        }
    }
    Ok(about)
}

/// What a zip will hold. All of it may be read by the caller, or nothing is given.
async fn entries(state: &AppState, caller: &Caller, mut named: Vec<String>) -> Result<Vec<Entry>, Fault> {
    if named.is_empty() {
        return Err(Fault::missing("id"));
    }
    if named.len() > EXPORTED_AT_ONCE_MAX {
        return Err(Fault::malformed(Sentence::TooManyExported { max: EXPORTED_AT_ONCE_MAX }));
    }
    let mut seen = HashSet::new();
    named.retain(|id| seen.insert(id.clone()));
    let ids: Vec<Uuid> =
        named.iter().filter_map(|id| id.parse::<ConversationId>().ok()).map(|id| id.0).collect();
    let rows = conversations::by_ids(&state.pool, caller.institution()?, &ids).await?;
    let known: HashSet<String> = rows.iter().map(|row| ConversationId(row.id).to_string()).collect();
    if let Some(unknown) = named.iter().find(|id| !known.contains(&id.to_ascii_lowercase())) {
        return Err(not_found(unknown));
    }
    for row in &rows {
        reading::require(&state.pool, caller, row).await??;
    }
    let mut about = beside(state, caller, &rows).await?;
    let entry = |row: ConversationRow| Entry {
        supervisions: about.remove(&row.id).unwrap_or_default(),
        conversation: row,
    };
    Ok(rows.into_iter().map(entry).collect())
}

/// `Content-Disposition` with a name in Chinese, and one for clients that know only ASCII.
fn attachment(name: &str) -> String {
    let plain: String =
        name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')).collect();
    let plain = plain.trim_start_matches(['.', '_']);
    let plain = if plain.contains('.') { plain.to_owned() } else { format!("export.{plain}") };
    format!(
        "attachment; filename=\"{plain}\"; filename*=UTF-8''{}",
        utf8_percent_encode(name, NON_ALPHANUMERIC)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_is_said_twice() {
        assert_eq!(
            attachment("会话记录_a1.txt"),
            "attachment; filename=\"a1.txt\"; filename*=UTF-8''%E4%BC%9A%E8%AF%9D%E8%AE%B0%E5%BD%95%5Fa1%2Etxt"
        );
        assert!(attachment("会话记录.zip").contains("filename=\"export.zip\""));
    }
}
