//! Around every request: its id, what is refused at the door, the shape of errors, and its line in the log.

use std::{panic::AssertUnwindSafe, time::Instant};

use actix_web::{
    Error, HttpMessage, HttpResponse, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        ConnectionType, Method, StatusCode,
        header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use futures_util::FutureExt;
use hotline_actors::PersonId;
use uuid::Uuid;

use super::{AppState, traffic::Counted};
use crate::{
    answer::{Fault, error_body},
    auth::{self, address, origin},
    clock,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A longer id of a client is not taken over.
const REQUEST_ID_CHARS_MAX: usize = 64;

pub(super) async fn edge(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let line = Line::begin(&req);
    let Some(state) = req.app_data::<Data<AppState>>().cloned() else {
        return Err(Fault::internal("no state").into());
    };
    let passage = state.traffic.enter();
    let outcome = match admit(&req, &state) {
        Err(fault) => Ok(req.into_response(fault.error_response())),
        // The call itself may panic as well as what it returns.
        Ok(()) => match AssertUnwindSafe(async move { next.call(req).await }).catch_unwind().await {
            Ok(Ok(answer)) => Ok(answer.map_into_boxed_body()),
            Ok(Err(error)) => Err(error.error_response()),
            Err(_) => {
                tracing::error!(request = %line.id, path = %line.path, "a handler panicked");
                Err(HttpResponse::InternalServerError().finish())
            }
        },
    };
    match outcome {
        Ok(mut answer) => {
            let person = answer.request().extensions().get::<PersonId>().copied();
            line.finish(answer.response_mut(), state.traffic.is_stopping(), person);
            Ok(answer.map_body(|_, body| BoxBody::new(Counted::new(body, passage))))
        }
        Err(mut answer) => {
            line.finish(&mut answer, state.traffic.is_stopping(), None);
            Err(InternalError::from_response("an error with its answer", answer).into())
        }
    }
}

/// What is refused before any handler sees it.
fn admit(req: &ServiceRequest, state: &AppState) -> Result<(), Fault> {
    if state.traffic.is_stopping() {
        return Err(Fault::Stopping);
    }
    let headers = req.headers();
    if state.settings.answers_this_machine_only() {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
        if address::was_forwarded(headers) || !address::is_loopback_host(host) {
            return Err(Fault::NoSession);
        }
    }
    let writes = [Method::POST, Method::PUT, Method::DELETE, Method::PATCH].contains(req.method());
    let by_cookie = writes && auth::is_carried_by_cookie(req.request());
    if by_cookie && !origin::may_write(headers, &state.settings.server.public_url) {
        return Err(Fault::NoSession);
    }
    Ok(())
}

/// A request's line in the log. The query is left out: it may hold names and codes.
struct Line {
    id: String,
    method: Method,
    path: String,
    begun: Instant,
}

impl Line {
    fn begin(req: &ServiceRequest) -> Self {
        let given = req.headers().get(&REQUEST_ID).and_then(|value| value.to_str().ok());
        let id = given.filter(|id| is_request_id(id)).map(str::to_owned);
        Self {
            id: id.unwrap_or_else(|| Uuid::now_v7().simple().to_string()),
            method: req.method().clone(),
            path: req.path().to_owned(),
            begun: Instant::now(),
        }
    }

    /// Gives an error the document's body, adds the headers, and writes the line.
    fn finish(self, answer: &mut HttpResponse, stopping: bool, person: Option<PersonId>) {
        let status = answer.status();
        if status.is_client_error() || status.is_server_error() {
            give_error_body(answer, status, &self.path);
        }
        if let Ok(id) = HeaderValue::from_str(&self.id) {
            answer.headers_mut().insert(REQUEST_ID, id);
        }
        if stopping && status != StatusCode::SWITCHING_PROTOCOLS {
            answer.head_mut().set_connection_type(ConnectionType::Close);
        }
        let ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (request, method, path) = (&self.id, &self.method, &self.path);
        let person = person.map(tracing::field::display);
        tracing::info!(%request, %method, %path, status = status.as_u16(), ms, person, "answered");
    }
}

/// Health says in its own body what is missing; every other error has the document's.
fn give_error_body(answer: &mut HttpResponse, status: StatusCode, path: &str) {
    if status == StatusCode::SERVICE_UNAVAILABLE && answer.headers().contains_key(CONTENT_TYPE) {
        return;
    }
    let body = error_body(status, path, clock::now());
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *answer = std::mem::replace(answer, HttpResponse::new(status)).set_body(BoxBody::new(body));
}

fn is_request_id(text: &str) -> bool {
    (1..=REQUEST_ID_CHARS_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
