//! What a request carries: query string, form body and JSON body, read alike (docs/contract.md 1).

mod paging;
mod query;

use std::{future::Future, ops::Deref, pin::Pin, str::FromStr, time::Duration};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::{Method, header},
    web::{Bytes, BytesMut},
};
use futures_util::StreamExt;
use serde_json::{Map, Value};

pub use paging::{Page, Paging};

use crate::{answer::Fault, text};

/// Bytes of a body, except a callback's.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a callback of Tencent IM.
pub const CALLBACK_BYTES_MAX: usize = 256 * 1024;
/// Many clients hear an answer only after all is sent, so as much of a body that is too large is read and thrown away.
const DRAIN_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Whoever takes longer to send a body does not mean to.
const BODY_READ_MAX: Duration = Duration::from_secs(30);
/// Characters of one text, where the field itself says no less.
pub const TEXT_CHARS_MAX: usize = 1000;
/// Entries of one list.
const LIST_MAX: usize = 1000;

/// The parameters of a request. A body's go before those of the query string; GET has no body.
#[derive(Default)]
pub struct Params {
    fields: Map<String, Value>,
    /// Named in the query or form, but not UTF-8.
    garbled: Vec<String>,
}

/// As [`Params`], from a body that must be JSON and say so.
#[derive(Debug)]
pub struct JsonParams(Params);

impl Deref for JsonParams {
    type Target = Params;

    fn deref(&self) -> &Params {
        &self.0
    }
}

impl std::fmt::Debug for Params {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.fields.keys().map(|_| "…")).finish()
    }
}

impl Params {
    /// A text, if there is one that is not empty. -2 when it is not text of one line, or is too long.
    pub fn text(&self, name: &str) -> Result<Option<String>, Fault> {
        Ok(self.given(name, TEXT_CHARS_MAX)?.filter(|text| !text.is_empty()))
    }

    /// A text that must be there. -2 without it.
    pub fn required(&self, name: &str) -> Result<String, Fault> {
        self.text(name)?.ok_or_else(|| Fault::missing(name))
    }

    /// A text of one line (`text.rs`) and at most `chars_max` characters; an empty one is `Some("")`, which clears a field.
    pub fn given(&self, name: &str, chars_max: usize) -> Result<Option<String>, Fault> {
        let text = self.words(name, chars_max)?;
        if text.as_deref().is_some_and(|text| !text::is_line(text)) {
            return Err(Fault::bad(name));
        }
        Ok(text)
    }

    /// As [`Params::given`], of any number of lines.
    pub fn words(&self, name: &str, chars_max: usize) -> Result<Option<String>, Fault> {
        let text = match self.value(name)? {
            None => return Ok(None),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_) | Value::Null) => {
                return Err(Fault::bad(name));
            }
        };
        if !text::is_words(&text) || text.chars().nth(chars_max).is_some() {
            return Err(Fault::bad(name));
        }
        Ok(Some(text))
    }

    /// A whole number: a number, or digits in a text.
    pub fn int(&self, name: &str) -> Result<Option<i64>, Fault> {
        match self.value(name)? {
            None => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(value) => whole(value).map(Some).ok_or_else(|| Fault::bad(name)),
        }
    }

    /// A whole number that must be there.
    pub fn required_int(&self, name: &str) -> Result<i64, Fault> {
        self.int(name)?.ok_or_else(|| Fault::missing(name))
    }

    /// Yes or no: a boolean, or `true`, `false`, `1`, `0` as text or number.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Fault> {
        match self.value(name)? {
            None => Ok(None),
            Some(Value::Bool(yes)) => Ok(Some(*yes)),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(value) => match whole(value) {
                Some(0) => Ok(Some(false)),
                Some(1) => Ok(Some(true)),
                Some(_) | None => Err(Fault::bad(name)),
            },
        }
    }

    /// An id or another word with a type of its own. -2 when it cannot be one.
    pub fn parsed<T: FromStr>(&self, name: &str) -> Result<Option<T>, Fault> {
        self.text(name)?.map(|text| text.parse().map_err(|_| Fault::bad(name))).transpose()
    }

    /// A list of texts: a JSON array, or words with commas between them.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Fault> {
        let items: Vec<String> = match self.value(name)? {
            None => return Ok(None),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| match item {
                    Value::String(text) => Ok(text.clone()),
                    Value::Number(number) => Ok(number.to_string()),
                    Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                        Err(Fault::bad(name))
                    }
                })
                .collect::<Result<_, _>>()?,
            Some(Value::String(text)) => {
                text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
            }
            Some(Value::Number(number)) => vec![number.to_string()],
            Some(Value::Bool(_) | Value::Object(_) | Value::Null) => return Err(Fault::bad(name)),
        };
        let fit = |text: &String| text::is_line(text) && text.chars().nth(TEXT_CHARS_MAX).is_none();
        if items.len() > LIST_MAX || !items.iter().all(fit) {
            return Err(Fault::bad(name));
        }
        Ok(Some(items))
    }

    /// A list of whole numbers, as [`Params::texts`].
    pub fn ints(&self, name: &str) -> Result<Option<Vec<i64>>, Fault> {
        self.texts(name)?
            .map(|items| items.iter().map(|item| item.parse().map_err(|_| Fault::bad(name))).collect())
            .transpose()
    }

    /// `page` and `size`, counted as the endpoint counts.
    pub fn page(&self, paging: Paging) -> Result<Page, Fault> {
        paging.page(self.int("page")?, self.int("size")?)
    }

    /// An absent field, a JSON null and a name without a value are the same: not there.
    fn value(&self, name: &str) -> Result<Option<&Value>, Fault> {
        if self.garbled.iter().any(|garbled| garbled == name) {
            return Err(Fault::bad(name));
        }
        Ok(self.fields.get(name).filter(|value| !value.is_null()))
    }

    /// What the query string alone carries, where the body is something else.
    pub fn of_query(req: &HttpRequest) -> Self {
        Self::from_pairs(req.query_string().as_bytes())
    }

    fn from_pairs(text: &[u8]) -> Self {
        let mut params = Self::default();
        for (name, value) in query::pairs(text) {
            match value {
                Ok(value) => {
                    // As elsewhere on the web, the first of several counts.
                    params.fields.entry(name).or_insert(Value::String(value));
                }
                Err(query::NotText) => params.garbled.push(name),
            }
        }
        params
    }

    fn over(mut self, lower: Self) -> Self {
        let hidden = |name: &String| !self.fields.contains_key(name);
        self.garbled.extend(lower.garbled.into_iter().filter(hidden));
        for (name, value) in lower.fields {
            self.fields.entry(name).or_insert(value);
        }
        self
    }
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

type Extraction<T> = Pin<Box<dyn Future<Output = Result<T, Fault>>>>;

impl FromRequest for Params {
    type Error = Fault;
    type Future = Extraction<Self>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let query = Self::from_pairs(req.query_string().as_bytes());
        if req.method() == Method::GET || req.method() == Method::HEAD {
            return Box::pin(std::future::ready(Ok(query)));
        }
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let body = match content_kind(&req) {
                ContentKind::Json => json_object(&read_body(&req, payload, BODY_BYTES_MAX).await?, true)?,
                ContentKind::Form => Self::from_pairs(&read_body(&req, payload, BODY_BYTES_MAX).await?),
                ContentKind::Other => return Ok(query),
            };
            Ok(body.over(query))
        })
    }
}

impl FromRequest for JsonParams {
    type Error = Fault;
    type Future = Extraction<Self>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let bytes = json_body(&req, payload, BODY_BYTES_MAX).await?;
            json_object(&bytes, false).map(Self)
        })
    }
}

/// A body that must be JSON and say so, unparsed.
///
/// # Errors
/// 415 without the content type, 413 beyond `bytes_max`.
pub async fn json_body(req: &HttpRequest, payload: Payload, bytes_max: usize) -> Result<Bytes, Fault> {
    match content_kind(req) {
        ContentKind::Json => read_body(req, payload, bytes_max).await,
        ContentKind::Form | ContentKind::Other => Err(Fault::UnsupportedMediaType),
    }
}

fn json_object(bytes: &[u8], may_be_empty: bool) -> Result<Params, Fault> {
    if may_be_empty && bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Params::default());
    }
    let fields = serde_json::from_slice(bytes).map_err(|_| Fault::MalformedJson)?;
    Ok(Params { fields, garbled: Vec::new() })
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
pub async fn read_body(req: &HttpRequest, payload: Payload, bytes_max: usize) -> Result<Bytes, Fault> {
    let read = read_within(req, payload, bytes_max);
    tokio::time::timeout(BODY_READ_MAX, read).await.unwrap_or(Err(Fault::MalformedJson))
}

async fn read_within(req: &HttpRequest, mut payload: Payload, bytes_max: usize) -> Result<Bytes, Fault> {
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

    fn message(fault: Fault) -> String {
        match fault {
            Fault::Refused { sentence, .. } => sentence.to_string(),
            Fault::NoSession
            | Fault::NotFound
            | Fault::MalformedJson
            | Fault::TooLarge
            | Fault::UnsupportedMediaType
            | Fault::Stopping
            | Fault::Internal(_) => panic!("a refusal was expected"),
        }
    }

    #[actix_web::test]
    async fn a_parameter_without_a_value_is_absent() {
        let p = params(TestRequest::get().uri("/x?state&page&size=5&name=")).await.expect("a query");
        assert_eq!(p.text("state").expect("absent"), None);
        assert_eq!(p.given("state", 9).expect("absent"), None);
        assert_eq!(p.given("name", 9).expect("empty"), Some(String::new()));
        assert_eq!((p.int("page").expect("absent"), p.int("size").expect("a number")), (None, Some(5)));
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
    async fn nul_bad_utf8_and_monstrous_texts_are_refused_by_name() {
        let long = format!("/x?name={}", "a".repeat(10_000));
        for uri in [
            "/x?name=a%00b",
            "/x?name=a%0Ab",
            "/x?name=%E2%80%AEab",
            "/x?name=%09",
            "/x?name=%ff%fe",
            "/x?name=%C3%28",
            long.as_str(),
        ] {
            let p = params(TestRequest::get().uri(uri)).await.expect("a query");
            assert!(message(p.text("name").expect_err("refused")).contains("name"), "{uri}");
            assert_eq!(p.text("other").expect("absent"), None);
        }
    }

    #[actix_web::test]
    async fn wrong_types_are_refused_by_name() {
        let request = TestRequest::put()
            .insert_header(("content-type", "application/json"))
            .set_payload(r#"{"a":{"b":1},"n":"x","f":1.5,"s":[1,"2"],"big":99999999999999999999}"#);
        let p = params(request).await.expect("JSON");
        assert!(message(p.text("a").expect_err("an object is no text")).contains('a'));
        for field in ["n", "f", "big", "s"] {
            assert!(message(p.int(field).expect_err("no whole number")).contains(field));
        }
        assert_eq!(p.ints("s").expect("numbers"), Some(vec![1, 2]));
        assert!(message(p.required("gone").expect_err("missing")).contains("gone"));
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
        let huge = format!("{{\"a\":\"{}\"}}", "x".repeat(BODY_BYTES_MAX));
        assert!(matches!(strict(json().set_payload(huge)).await, Err(Fault::TooLarge)));
    }
}
