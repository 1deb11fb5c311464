//! The body of a request on its way in, bounded in bytes and time, and what it carries as [`Params`].

use std::{future::Future, ops::Deref, pin::Pin, time::Duration};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::{Method, header},
    web::{Bytes, BytesMut},
};
use futures_util::StreamExt;

use crate::{answer::Fault, params::Params};

/// Bytes of a body, except a callback's.
pub(super) const BYTES_MAX: usize = 64 * 1024;
/// Many clients hear an answer only after all is sent, so as much of a body that is too large is read and thrown away.
const DRAIN_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Whoever takes longer to send a body does not mean to.
const READ_MAX: Duration = Duration::from_secs(30);

/// As [`Params`], from a body that must be JSON and say so.
#[derive(Debug)]
pub(super) struct JsonParams(Params);

impl Deref for JsonParams {
    type Target = Params;

    fn deref(&self) -> &Params {
        &self.0
    }
}

/// What the query string alone carries.
pub(super) fn of_query(req: &HttpRequest) -> Params {
    Params::of_pairs(req.query_string().as_bytes())
}

type Extraction<T> = Pin<Box<dyn Future<Output = Result<T, Fault>>>>;

impl FromRequest for Params {
    type Error = Fault;
    type Future = Extraction<Self>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let query = of_query(req);
        if req.method() == Method::GET || req.method() == Method::HEAD {
            return Box::pin(std::future::ready(Ok(query)));
        }
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move {
            match content_kind(&req) {
                ContentKind::Json | ContentKind::Form => {
                    let body = read(&req, payload, BYTES_MAX).await?;
                    params_of(&req, &body)
                }
                ContentKind::Other => Ok(query),
            }
        })
    }
}

/// What a request carries whose whole body was read.
///
/// # Errors
/// 400 where the body is not what its content type says.
pub(super) fn params_of(req: &HttpRequest, body: &[u8]) -> Result<Params, Fault> {
    let query = of_query(req);
    let body = match content_kind(req) {
        ContentKind::Json => json_object(body, true)?,
        ContentKind::Form => Params::of_pairs(body),
        ContentKind::Other => return Ok(query),
    };
    Ok(body.over(query))
}

impl FromRequest for JsonParams {
    type Error = Fault;
    type Future = Extraction<Self>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let bytes = json(&req, payload, BYTES_MAX).await?;
            json_object(&bytes, false).map(Self)
        })
    }
}

/// A body that must be JSON and say so, unparsed.
///
/// # Errors
/// 415 without the content type, 413 beyond `bytes_max`.
pub(super) async fn json(req: &HttpRequest, payload: Payload, bytes_max: usize) -> Result<Bytes, Fault> {
    match content_kind(req) {
        ContentKind::Json => read(req, payload, bytes_max).await,
        ContentKind::Form | ContentKind::Other => Err(Fault::UnsupportedMediaType),
    }
}

fn json_object(bytes: &[u8], may_be_empty: bool) -> Result<Params, Fault> {
    if may_be_empty && bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Params::default());
    }
    Params::of_json(bytes).map_err(|_| Fault::MalformedJson)
}

enum ContentKind {
    Json,
    Form,
    Other,
}

fn content_kind(req: &HttpRequest) -> ContentKind {
    let text = req.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = text.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    if essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json")) {
        ContentKind::Json
    } else if essence == "application/x-www-form-urlencoded" {
        ContentKind::Form
    } else {
        ContentKind::Other
    }
}

/// Reads a whole body.
///
/// # Errors
/// 413 beyond `bytes_max`, 400 when the client breaks off or takes too long.
pub(super) async fn read(req: &HttpRequest, payload: Payload, bytes_max: usize) -> Result<Bytes, Fault> {
    let read = within(req, payload, bytes_max);
    tokio::time::timeout(READ_MAX, read).await.unwrap_or(Err(Fault::MalformedJson))
}

async fn within(req: &HttpRequest, mut payload: Payload, bytes_max: usize) -> Result<Bytes, Fault> {
    let declared = req.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let mut too_large =
        declared.and_then(|text| text.parse().ok()).is_some_and(|length: usize| length > bytes_max);
    let (mut body, mut read) = (BytesMut::new(), 0);
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Fault::MalformedJson)?;
        read += chunk.len();
        too_large = too_large || read > bytes_max;
        if !too_large {
            body.extend_from_slice(&chunk);
        } else if read > bytes_max.saturating_add(DRAIN_BYTES_MAX) {
            break;
        }
    }
    if too_large { Err(Fault::TooLarge) } else { Ok(body.freeze()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    async fn params(request: TestRequest) -> Result<Params, Fault> {
        let (req, mut payload) = request.to_http_parts();
        Params::from_request(&req, &mut payload).await
    }

    #[actix_web::test]
    async fn query_form_and_json_are_read_alike() {
        let form = TestRequest::post()
            .uri("/x?a=1&b=2")
            .insert_header(("content-type", "application/x-www-form-urlencoded"))
            .set_payload("b=3&c=%E4%BD%A0+%E5%A5%BD");
        let json = TestRequest::post()
            .uri("/x?a=1&b=2")
            .insert_header(("content-type", "application/json; charset=utf-8"))
            .set_payload(r#"{"b":3,"c":"你 好","d":null}"#);
        for request in [form, json] {
            let p = params(request).await.expect("parameters");
            assert_eq!(p.int("a").expect("a number"), Some(1));
            assert_eq!(p.int("b").expect("a number"), Some(3), "the body goes before the query");
            assert_eq!(p.required("c").expect("text"), "你 好");
            assert_eq!(p.text("d").expect("null is absent"), None);
        }
    }

    #[actix_web::test]
    async fn a_get_ignores_its_body() {
        let request = TestRequest::get()
            .uri("/x?a=1")
            .insert_header(("content-type", "application/json"))
            .set_payload("{broken");
        assert_eq!(params(request).await.expect("the query").int("a").expect("a number"), Some(1));
    }

    #[actix_web::test]
    async fn a_json_endpoint_wants_json() {
        async fn strict(request: TestRequest) -> Result<JsonParams, Fault> {
            let (req, mut payload) = request.to_http_parts();
            JsonParams::from_request(&req, &mut payload).await
        }
        let json = || TestRequest::post().insert_header(("content-type", "application/json"));
        let broken = strict(json().set_payload("{\"a\":")).await;
        assert!(matches!(broken, Err(Fault::MalformedJson)));
        assert!(matches!(strict(json().set_payload("[1]")).await, Err(Fault::MalformedJson)));
        assert!(matches!(strict(json()).await, Err(Fault::MalformedJson)));
        let deep = "[".repeat(50_000);
        assert!(matches!(strict(json().set_payload(deep)).await, Err(Fault::MalformedJson)));
        let untold = strict(TestRequest::post().set_payload("{}")).await;
        assert!(matches!(untold, Err(Fault::UnsupportedMediaType)));
        let huge = format!("{{\"a\":\"{}\"}}", "x".repeat(BYTES_MAX));
        assert!(matches!(strict(json().set_payload(huge)).await, Err(Fault::TooLarge)));
    }
}
