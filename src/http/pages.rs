//! The pages: `/`, `/visitor`, and what they are made of under `/assets/`. Built by `web/` and embedded in the binary; a
//! debug build reads them from the folder.

use std::borrow::Cow;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{
            AcceptEncoding, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ContentEncoding, ETAG,
            Encoding, EntityTag, Header, IfNoneMatch, LOCATION, REFERRER_POLICY, VARY,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
    web::{self, Data, Path, ServiceConfig},
};
use rust_embed::RustEmbed;

use crate::{
    answer::{Answer, Fault},
    config::ImMode,
    http::state::AppState,
};

/// Asked for anew each time, and answered 304 as long as they are the same.
const PAGE_CACHE: &str = "no-cache";
/// The name holds a hash of the content.
const ASSET_CACHE: &str = "public, max-age=31536000, immutable";
const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), \
    magnetometer=(), microphone=(), midi=(), payment=(), usb=()";
const NOT_BUILT: &str = "The pages are not in this build: run `make web` (or `make release` for a release).\n\
    The interface is at api/.\n";

#[derive(RustEmbed)]
#[folder = "web/dist/"]
#[allow_missing = true]
struct Dist;

/// A file of the pages.
struct File {
    bytes: Cow<'static, [u8]>,
    hash: [u8; 32],
}

fn embedded(name: &str) -> Option<File> {
    Dist::get(name).map(|file| File { hash: file.metadata.sha256_hash(), bytes: file.data })
}

/// The paths of the pages; HEAD is for whoever looks whether they are there.
pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("").route(web::get().to(to_front)))
        .service(web::resource("/").route(web::get().to(front)).route(web::head().to(front)))
        .service(web::resource("/visitor").route(web::get().to(visitor)).route(web::head().to(visitor)))
        .service(web::resource("/assets/{file}").route(web::get().to(asset)).route(web::head().to(asset)));
}

/// Under a prefix, what a page refers to is relative to the slash.
async fn to_front(state: Data<AppState>) -> HttpResponse {
    let location = format!("{}/", state.settings.server.base_path);
    HttpResponse::PermanentRedirect().insert_header((LOCATION, location)).finish()
}

async fn front(req: HttpRequest, state: Data<AppState>) -> HttpResponse {
    page(&req, embedded, "index.html", state.settings.im.mode)
}

async fn visitor(req: HttpRequest, state: Data<AppState>) -> HttpResponse {
    page(&req, embedded, "visitor.html", state.settings.im.mode)
}

async fn asset(req: HttpRequest, file: Path<String>) -> Answer {
    one_asset(&req, embedded, &file).ok_or(Fault::NotFound)
}

fn page(req: &HttpRequest, find: impl Fn(&str) -> Option<File>, name: &str, mode: ImMode) -> HttpResponse {
    let found = answer(req, find, name, PAGE_CACHE, &policy(mode));
    found.unwrap_or_else(|| {
        HttpResponse::Ok()
            .content_type("text/plain; charset=utf-8")
            .insert_header((CACHE_CONTROL, PAGE_CACHE))
            .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .body(NOT_BUILT)
    })
}

fn one_asset(req: &HttpRequest, find: impl Fn(&str) -> Option<File>, file: &str) -> Option<HttpResponse> {
    // What is served packed has no address of its own, and nothing here is above or below.
    let plain = file.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    if !plain || file.starts_with('.') || PACKED.iter().any(|(_, ending)| file.ends_with(ending)) {
        return None;
    }
    // Opened by itself, a picture among them is not to run anything either.
    answer(
        req,
        find,
        &format!("assets/{file}"),
        ASSET_CACHE,
        "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    )
}

/// As the build packs them beside each file, the smaller first.
const PACKED: [(ContentEncoding, &str); 2] =
    [(ContentEncoding::Brotli, ".br"), (ContentEncoding::Gzip, ".gz")];

fn answer(
    req: &HttpRequest,
    find: impl Fn(&str) -> Option<File>,
    name: &str,
    cache: &str,
    policy: &str,
) -> Option<HttpResponse> {
    let plain = find(name)?;
    let (encoding, file) = packed(req, &find, name).map_or((None, plain), |(way, file)| (Some(way), file));
    let tag = EntityTag::new_strong(hex::encode(&file.hash[..16]));
    let mut response = HttpResponse::Ok();
    response
        .insert_header((ETAG, tag.to_string()))
        .insert_header((CACHE_CONTROL, cache))
        .insert_header((VARY, "accept-encoding"))
        .insert_header((CONTENT_SECURITY_POLICY, policy))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header(("permissions-policy", PERMISSIONS))
        .insert_header(("cross-origin-opener-policy", "same-origin"))
        .insert_header(("cross-origin-resource-policy", "same-origin"));
    if has_it(req, &tag) {
        return Some(response.status(StatusCode::NOT_MODIFIED).finish());
    }
    if let Some(encoding) = encoding {
        response.insert_header((CONTENT_ENCODING, encoding.as_str()));
    }
    Some(response.content_type(content_type(name)).body(file.bytes.into_owned()))
}

/// The file as it was packed by the build, in the best way the client takes.
fn packed(
    req: &HttpRequest,
    find: &impl Fn(&str) -> Option<File>,
    name: &str,
) -> Option<(ContentEncoding, File)> {
    let accepted = AcceptEncoding::parse(req).ok()?;
    let there: Vec<(ContentEncoding, File)> = PACKED
        .into_iter()
        .filter_map(|(way, ending)| Some((way, find(&format!("{name}{ending}"))?)))
        .collect();
    let ways: Vec<Encoding> =
        there.iter().map(|(way, _)| Encoding::Known(*way)).chain([Encoding::identity()]).collect();
    let chosen = accepted.negotiate(ways.iter())?;
    there.into_iter().find(|(way, _)| Encoding::Known(*way) == chosen)
}

fn has_it(req: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(req) {
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(tag)),
        Ok(IfNoneMatch::Any) | Err(_) => false,
    }
}

/// What builds of pages are made of.
fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "wav" => "audio/wav",
        "json" | "webmanifest" => "application/json",
        _ => "application/octet-stream",
    }
}

/// What a page may load and whom it may ask. Nothing but ourselves, and Tencent where people talk over it; scripts and
/// sheets come as files only. Charts and widgets place their parts by `style` attributes, which run nothing.
fn policy(mode: ImMode) -> String {
    let (ask, show) = match mode {
        ImMode::Embedded => ("", ""),
        ImMode::Tencent => (TENCENT_ASKED, TENCENT_SHOWN),
    };
    format!(
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; style-src-elem 'self'; \
         style-src-attr 'unsafe-inline'; img-src 'self' blob: data:{show}; media-src 'self' data: blob:{show}; \
         font-src 'self' data:; connect-src 'self'{ask}; object-src 'none'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'"
    )
}

/// Where the SDK of Tencent's IM connects, and where it puts files (its documentation, "domains to allow").
const TENCENT_ASKED: &str = " https://*.tim.qq.com wss://*.tim.qq.com https://*.im.qcloud.com wss://*.im.qcloud.com \
    https://*.my-imcloud.com wss://*.my-imcloud.com https://*.opensso.tencent-cloud.com https://*.myqcloud.com";
/// Where pictures, voices and files of a talk are.
const TENCENT_SHOWN: &str = " https://*.im.qcloud.com https://*.my-imcloud.com https://*.myqcloud.com";

#[cfg(test)]
mod tests;
