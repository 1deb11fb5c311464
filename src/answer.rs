//! What goes back over the wire: answers, business refusals and faults, each in its documented shape.

use std::fmt;

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde::Serialize;

use crate::{
    errors::{describe, is_away},
    wording::{Language, Sentence},
};

/// What a handler returns.
pub type Answer = Result<HttpResponse, Fault>;

/// The codes of the interface document, section 1.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Something went wrong, or the state forbids it.
    Wrong = -1,
    /// A parameter is missing or malformed.
    Malformed = -2,
    /// Unknown account or person, or too many tries.
    Unknown = -3,
    /// The role may not do it.
    Forbidden = -5,
}

#[derive(Serialize)]
struct Envelope<T> {
    code: i32,
    message: Option<String>,
    result: T,
}

#[derive(Serialize)]
struct ListEnvelope<'a, T> {
    code: i32,
    message: &'static str,
    result: &'a [T],
    count: i64,
    next: (),
}

/// A success with its object.
pub fn ok<T: Serialize>(result: T) -> HttpResponse {
    HttpResponse::Ok().json(Envelope { code: 0, message: Some("OK".to_owned()), result })
}

/// A success without an object.
pub fn done() -> HttpResponse {
    ok("ok")
}

/// A page of rows; `count` is how many the whole query has.
pub fn list<T: Serialize>(rows: &[T], count: i64) -> HttpResponse {
    HttpResponse::Ok().json(ListEnvelope { code: 0, message: "OK", result: rows, count, next: () })
}

/// The document's failure without a word (its section 7); the reason is in the log.
pub fn failed() -> HttpResponse {
    HttpResponse::Ok().json(Envelope { code: Code::Wrong as i32, message: None, result: () })
}

/// A business refusal. `reason` and `field` are ours, behind the document's own.
#[derive(Serialize)]
struct Refusal<'a> {
    code: i32,
    message: String,
    result: (),
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

impl<'a> Refusal<'a> {
    fn of(code: Code, sentence: &'a Sentence, language: Language) -> Self {
        let (message, reason, field) = (sentence.said(language), sentence.reason(), sentence.field());
        Self { code: code as i32, message, result: (), reason, field }
    }
}

/// What an edge says instead of an answer.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A business refusal: HTTP 200 with a negative code.
    #[error("refused with code {}", *code as i32)]
    Refused { code: Code, sentence: Sentence },
    /// No session, one that ended, or a request that must not be answered: the document's 403.
    #[error("no session")]
    NoSession,
    #[error("unknown path")]
    NotFound,
    /// The body is not what its content type says.
    #[error("malformed body")]
    MalformedJson,
    #[error("body too large")]
    TooLarge,
    #[error("the body must be JSON and say so")]
    UnsupportedMediaType,
    /// The server is stopping.
    #[error("stopping")]
    Stopping,
    /// Another server serves, or may: nothing was done here.
    #[error("another server serves")]
    Elsewhere,
    /// Our own fault. The cause goes to the log, never over the wire.
    #[error("internal: {0}")]
    Internal(Cause),
}

/// The cause of an internal fault, told without the values it was about.
#[derive(Debug)]
pub struct Cause(String);

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Fault {
    /// -1: something went wrong, or the state forbids it.
    pub fn wrong(sentence: Sentence) -> Self {
        Self::Refused { code: Code::Wrong, sentence }
    }

    /// -2: a parameter is malformed; the sentence names it.
    pub fn malformed(sentence: Sentence) -> Self {
        Self::Refused { code: Code::Malformed, sentence }
    }

    /// -2: the field is missing.
    pub fn missing(field: &str) -> Self {
        Self::malformed(Sentence::Missing { field: field.to_owned() })
    }

    /// -2: the field is not what it should be.
    pub fn bad(field: &str) -> Self {
        Self::malformed(Sentence::Bad { field: field.to_owned() })
    }

    /// -3: unknown account or person, or too many tries.
    pub fn unknown(sentence: Sentence) -> Self {
        Self::Refused { code: Code::Unknown, sentence }
    }

    /// -5: the role may not do it.
    pub fn not_allowed() -> Self {
        Self::forbidden(Sentence::NotAllowed)
    }

    /// -5, where more is to be said.
    pub fn forbidden(sentence: Sentence) -> Self {
        Self::Refused { code: Code::Forbidden, sentence }
    }

    /// The body of a refusal in that language; any other fault has none.
    pub fn refusal_in(&self, language: Language) -> Option<String> {
        let Self::Refused { code, sentence } = self else { return None };
        // Texts and a number: nothing in it can fail to be JSON.
        Some(serde_json::to_string(&Refusal::of(*code, sentence, language)).unwrap_or_default())
    }

    /// 500, with a cause for the log. Errors of the database come through `From` instead, which keeps values out.
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::Internal(Cause(cause.to_string()))
    }
}

/// A database that is away is not a fault of ours: the client is told to come again.
impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        if is_away(&error) {
            tracing::warn!(error = %describe(&error), "request failed: database unavailable");
            return Self::wrong(Sentence::Busy);
        }
        Self::Internal(Cause(describe(&error)))
    }
}

impl ResponseError for Fault {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Refused { .. } => StatusCode::OK,
            Self::NoSession => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MalformedJson => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Stopping | Self::Elsewhere => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Refusals are whole, in the document's language; the middleware puts in that of the request. The body of any other fault needs the path, and [`error_body`] is put in by the middleware.
    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Refused { code, sentence } => {
                HttpResponse::Ok().json(Refusal::of(*code, sentence, Language::default()))
            }
            Self::Internal(cause) => {
                tracing::error!(%cause, "a request failed");
                HttpResponse::new(self.status_code())
            }
            Self::NoSession
            | Self::NotFound
            | Self::MalformedJson
            | Self::TooLarge
            | Self::UnsupportedMediaType
            | Self::Stopping
            | Self::Elsewhere => HttpResponse::new(self.status_code()),
        }
    }
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    timestamp: String,
    status: u16,
    error: &'a str,
    message: &'a str,
    path: &'a str,
}

/// The document's body of an HTTP error (its sections 2, 4, 6 and 37).
pub fn error_body(status: StatusCode, path: &str, now: hotline_actors::Timestamp) -> String {
    let error = status.canonical_reason().unwrap_or("Error");
    let message = match status {
        StatusCode::FORBIDDEN => "Access Denied",
        StatusCode::BAD_REQUEST => "The request cannot be read",
        StatusCode::NOT_FOUND => "No message available",
        StatusCode::METHOD_NOT_ALLOWED => "Request method not supported",
        StatusCode::PAYLOAD_TOO_LARGE => "The body is too large",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "Content type not supported",
        StatusCode::SERVICE_UNAVAILABLE => "The server is stopping, or another one serves",
        StatusCode::INTERNAL_SERVER_ERROR => "The server has failed",
        _ => error,
    };
    let moment = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default();
    let timestamp = moment.strftime("%Y-%m-%dT%H:%M:%S.%3f+00:00").to_string();
    serde_json::to_string(&ErrorBody { timestamp, status: status.as_u16(), error, message, path })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;

    async fn text(response: HttpResponse) -> String {
        let bytes = to_bytes(response.into_body()).await.expect("a body in memory");
        String::from_utf8(bytes.to_vec()).expect("JSON is UTF-8")
    }

    #[actix_web::test]
    async fn answers_have_the_documents_shape() {
        assert_eq!(text(done()).await, r#"{"code":0,"message":"OK","result":"ok"}"#);
        assert_eq!(
            text(list(&[1, 2], 18)).await,
            r#"{"code":0,"message":"OK","result":[1,2],"count":18,"next":null}"#
        );
        assert_eq!(
            text(Fault::not_allowed().error_response()).await,
            r#"{"code":-5,"message":"未开通权限","result":null,"reason":"notAllowed"}"#
        );
        let missing = Fault::missing("phone");
        assert_eq!(
            text(missing.error_response()).await,
            r#"{"code":-2,"message":"缺少参数：phone","result":null,"reason":"missing","field":"phone"}"#
        );
        let english = missing.refusal_in(Language::English).expect("a refusal");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&english).expect("JSON")["message"],
            "Missing: phone"
        );
    }

    #[test]
    fn an_error_body_is_the_documents() {
        let now = hotline_actors::Timestamp(1_619_157_186_333);
        assert_eq!(
            error_body(StatusCode::FORBIDDEN, "/auth/me", now),
            r#"{"timestamp":"2021-04-23T05:53:06.333+00:00","status":403,"error":"Forbidden","message":"Access Denied","path":"/auth/me"}"#
        );
    }
}
