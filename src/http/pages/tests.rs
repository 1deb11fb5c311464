use actix_web::{
    body::to_bytes,
    http::header::{ACCEPT_ENCODING, IF_NONE_MATCH},
    test::TestRequest,
};

use super::*;

/// What a build left behind.
fn built(name: &str) -> Option<File> {
    let bytes: &'static [u8] = match name {
        "index.html" => b"<!doctype html>",
        "index.html.br" | "assets/app-1a2b.js.br" => b"br",
        "index.html.gz" | "assets/app-1a2b.js.gz" => b"gz",
        "assets/app-1a2b.js" => b"let app;",
        "assets/icon-1a2b.svg" => b"<svg/>",
        _ => return None,
    };
    let mut hash = [0; 32];
    hash[..bytes.len().min(32)].copy_from_slice(&bytes[..bytes.len().min(32)]);
    Some(File { bytes: Cow::Borrowed(bytes), hash })
}

fn asked(accept: &'static str) -> HttpRequest {
    TestRequest::get().insert_header((ACCEPT_ENCODING, accept)).to_http_request()
}

fn header(response: &HttpResponse, name: &str) -> String {
    response.headers().get(name).map_or("", |value| value.to_str().expect("text")).to_owned()
}

#[actix_web::test]
async fn a_page_comes_packed_as_the_client_takes_it() {
    for (accept, encoding, body) in [
        ("gzip, deflate, br, zstd", "br", &b"br"[..]),
        ("br;q=0.1, gzip", "gzip", b"gz"),
        ("gzip", "gzip", b"gz"),
        ("identity", "", b"<!doctype html>"),
        ("deflate", "", b"<!doctype html>"),
        ("br;q=0", "", b"<!doctype html>"),
        ("", "", b"<!doctype html>"),
    ] {
        let response = page(&asked(accept), built, "index.html", ImMode::Embedded);
        assert_eq!(header(&response, "content-encoding"), encoding, "{accept}");
        assert_eq!(header(&response, "vary"), "accept-encoding");
        assert_eq!(header(&response, "content-type"), "text/html; charset=utf-8");
        assert_eq!(to_bytes(response.into_body()).await.expect("a body"), body, "{accept}");
    }
}

#[actix_web::test]
async fn a_page_may_ask_us_alone_and_tencent_only_where_people_talk_over_it() {
    let response = page(&asked(""), built, "index.html", ImMode::Embedded);
    assert_eq!(header(&response, "cache-control"), "no-cache");
    assert_eq!(header(&response, "x-content-type-options"), "nosniff");
    assert_eq!(header(&response, "referrer-policy"), "no-referrer");
    assert!(header(&response, "permissions-policy").contains("microphone=()"));
    let policy = header(&response, "content-security-policy");
    let parts: Vec<&str> = policy.split("; ").collect();
    for part in [
        "default-src 'self'",
        "script-src 'self'",
        "style-src-elem 'self'",
        "connect-src 'self'",
        "img-src 'self' blob: data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ] {
        assert!(parts.contains(&part), "{part} in {policy}");
    }
    assert!(!policy.contains("http") && !policy.contains("unsafe-eval"), "{policy}");
    let tencent = page(&asked(""), built, "index.html", ImMode::Tencent);
    let policy = header(&tencent, "content-security-policy");
    assert!(policy.contains("wss://*.im.qcloud.com") && policy.contains("script-src 'self';"), "{policy}");
}

#[actix_web::test]
async fn a_client_that_has_it_gets_it_no_second_time() {
    let first = page(&asked("br"), built, "index.html", ImMode::Embedded);
    let again = TestRequest::get()
        .insert_header((ACCEPT_ENCODING, "br"))
        .insert_header((IF_NONE_MATCH, header(&first, "etag")))
        .to_http_request();
    let again = page(&again, built, "index.html", ImMode::Embedded);
    assert_eq!((again.status().as_u16(), header(&again, "etag")), (304, header(&first, "etag")));
    let other = TestRequest::get().insert_header((IF_NONE_MATCH, header(&first, "etag"))).to_http_request();
    assert_eq!(
        page(&other, built, "index.html", ImMode::Embedded).status().as_u16(),
        200,
        "packed otherwise"
    );
}

#[actix_web::test]
async fn assets_are_for_ever_and_nothing_else_is_to_be_had() {
    let script = one_asset(&asked("gzip"), built, "app-1a2b.js").expect("it is there");
    assert_eq!(header(&script, "cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(header(&script, "content-type"), "text/javascript; charset=utf-8");
    assert_eq!(header(&script, "content-encoding"), "gzip");
    let picture = one_asset(&asked("gzip"), built, "icon-1a2b.svg").expect("it is there");
    assert!(header(&picture, "content-security-policy").contains("sandbox"));
    for gone in [
        "app-9z.js",
        "app-1a2b.js.br",
        "app-1a2b.js.gz",
        "../index.html",
        "..",
        "",
        ".hidden",
        "a/b.js",
        "a\\b",
        "%2e%2e",
    ] {
        assert!(one_asset(&asked(""), built, gone).is_none(), "{gone}");
    }
}

#[actix_web::test]
async fn a_build_without_pages_says_so() {
    let response = page(&asked("br"), |_| None, "index.html", ImMode::Embedded);
    assert_eq!(header(&response, "content-type"), "text/plain; charset=utf-8");
    let body = to_bytes(response.into_body()).await.expect("a body");
    assert!(body.starts_with(b"The pages are not in this build"));
}

#[test]
fn every_kind_of_file_a_build_makes_has_its_type() {
    for (name, kind) in [
        ("index.html", "text/html; charset=utf-8"),
        ("a.css", "text/css; charset=utf-8"),
        ("a.svg", "image/svg+xml"),
        ("a.woff2", "font/woff2"),
        ("a.mp3", "audio/mpeg"),
        ("a", "application/octet-stream"),
    ] {
        assert_eq!(content_type(name), kind);
    }
}
