//! Around every request: its id, what is refused before a handler runs, the shape of errors, and its line in the log.

use std::{
    panic::AssertUnwindSafe,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{
    Error, HttpMessage, HttpResponse, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        ConnectionType, Method, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, UPGRADE,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
    middleware::Next,
    web::Data,
};
use futures_util::{FutureExt, future::BoxFuture};
use hotline_actors::PersonId;
use uuid::Uuid;

use super::{
    caller,
    connection::Link,
    forward::{self, CarriedAnswer, Way},
    origin,
    state::AppState,
    traffic::{Counted, Traffic},
};
use crate::{
    address,
    answer::{Fault, error_body},
    clock,
    config::Settings,
    institutions::Standing,
    metrics::Metrics,
    wording::Language,
};

pub(super) const REQUEST_ID_NAME: &str = "x-request-id";
const REQUEST_ID: HeaderName = HeaderName::from_static(REQUEST_ID_NAME);
/// A longer id of a client is not taken over.
const REQUEST_ID_CHARS_MAX: usize = 64;

/// A request to a server that cannot renew its lease waits for it so long: the database may be back in a moment.
const LEASE_WAIT_MAX: Duration = Duration::from_secs(4);

/// Says whether this server may answer; waits a while for that.
type AskStanding = Box<dyn Fn() -> BoxFuture<'static, Standing> + Send + Sync>;

/// What every request passes.
pub(super) struct RequestContext {
    state: Option<Data<AppState>>,
    settings: Arc<Settings>,
    traffic: Traffic,
    metrics: Metrics,
    standing: AskStanding,
}

impl RequestContext {
    pub(super) fn of(state: &AppState) -> Self {
        Self {
            // Where there is one server, nothing is carried anywhere.
            state: state.forwarding.is_some().then(|| Data::new(state.clone())),
            settings: Arc::clone(&state.settings),
            traffic: state.traffic.clone(),
            metrics: state.metrics.clone(),
            standing: {
                let institutions = state.institutions.clone();
                Box::new(move || {
                    let institutions = institutions.clone();
                    async move { institutions.standing(LEASE_WAIT_MAX).await }.boxed()
                })
            },
        }
    }
}

pub(super) async fn request_middleware(
    mut req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let line = Line::begin(&req);
    let Some(context) = req.app_data::<Data<RequestContext>>().cloned() else {
        return Err(Fault::internal("no context").into());
    };
    let under_way = context.traffic.enter();
    let mut visit = None;
    let answering = req.conn_data::<Rc<Link>>().map(|link| link.answer(may_become_a_socket(&req)));
    let outcome = match direct(&mut req, &context, &line).await {
        Err(fault) => Ok(req.into_response(fault.error_response())),
        Ok(Way::Answered(answer)) => Ok(req.into_response(answer)),
        // The call itself may panic as well as what it returns.
        Ok(Way::Here(entered)) => {
            match AssertUnwindSafe(async move { next.call(req).await }).catch_unwind().await {
                Ok(Ok(answer)) => {
                    // A socket goes on for hours.
                    visit = entered.filter(|_| answer.status() != StatusCode::SWITCHING_PROTOCOLS);
                    Ok(answer.map_into_boxed_body())
                }
                Ok(Err(error)) => Err(error.error_response()),
                Err(_) => {
                    tracing::error!(request = %line.id, path = %line.told_path(), "a handler panicked");
                    Err(HttpResponse::InternalServerError().finish())
                }
            }
        }
    };
    match outcome {
        Ok(mut answer) => {
            let person = answer.request().extensions().get::<PersonId>().copied();
            let language = Language::asked(answer.request().headers());
            translate(answer.response_mut(), language);
            line.finish(answer.response_mut(), &context, person);
            Ok(answer.map_body(|_, body| BoxBody::new(Counted::new(body, (under_way, visit), answering))))
        }
        Err(mut answer) => {
            line.finish(&mut answer, &context, None);
            Err(InternalError::from_response("an error with its answer", answer).into())
        }
    }
}

/// As RFC 6455 (4.1) has it begin.
pub(super) fn may_become_a_socket(req: &ServiceRequest) -> bool {
    let upgrade = req.headers().get(UPGRADE).and_then(|upgrade| upgrade.to_str().ok());
    req.method() == Method::GET && upgrade.is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("websocket"))
}

/// Who answers the request: this server, unless it is refused or another owns its institution.
async fn direct(req: &mut ServiceRequest, context: &RequestContext, line: &Line) -> Result<Way, Fault> {
    let route = line.route.as_deref();
    let forwarding = context.state.as_ref().and_then(|state| Some((state, state.forwarding.as_ref()?)));
    let Some((state, forwarding)) = forwarding else {
        return admit(req, context, route).await.map(|()| Way::Here(None));
    };
    let carried = forwarding.carried(req);
    match admit(req, context, route).await {
        Ok(()) if is_about_itself(route) => Ok(Way::Here(None)),
        Ok(()) => forwarding.direct(req, carried, state, route, &line.id).await,
        // Whoever carried it may carry it elsewhere.
        Err(Fault::Stopping | Fault::Elsewhere) if carried.is_some() => Ok(forward::elsewhere()),
        Err(fault) => Err(fault),
    }
}

/// What tells how this very server is.
fn is_about_itself(route: Option<&str>) -> bool {
    route.is_some_and(|route| route.contains("/health/") || route.ends_with("/metrics"))
}

/// What is refused before any handler sees it.
async fn admit(req: &ServiceRequest, context: &RequestContext, route: Option<&str>) -> Result<(), Fault> {
    if context.traffic.is_stopping() {
        return Err(Fault::Stopping);
    }
    if !is_about_itself(route) && (context.standing)().await != Standing::Serves {
        return Err(Fault::Elsewhere);
    }
    let headers = req.headers();
    if context.settings.answers_this_machine_only() {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
        if address::was_forwarded(headers) || !address::is_loopback_host(host) {
            return Err(Fault::NoSession);
        }
    }
    let writes = [Method::POST, Method::PUT, Method::DELETE, Method::PATCH].contains(req.method());
    let by_cookie = writes && caller::is_carried_by_cookie(req.request());
    if by_cookie && !origin::may_write(headers, &context.settings.server.public_url) {
        return Err(Fault::NoSession);
    }
    Ok(())
}

/// A request's line in the log. The query is left out: it may hold names and codes.
struct Line {
    id: String,
    method: Method,
    path: String,
    /// The pattern of the route; none where there is no such path.
    route: Option<String>,
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
            // Asked before the call, which a panic would keep the request of.
            route: req.match_pattern(),
            begun: Instant::now(),
        }
    }

    /// Gives an error the document's body, adds the headers, counts it, and writes the line.
    fn finish(self, answer: &mut HttpResponse, context: &RequestContext, person: Option<PersonId>) {
        let status = answer.status();
        let is_carried = answer.extensions().get::<CarriedAnswer>().is_some();
        if !is_carried && (status.is_client_error() || status.is_server_error()) {
            give_error_body(answer, status, &self.path);
        }
        keep_out_of_caches(answer.headers_mut());
        if let Ok(id) = HeaderValue::from_str(&self.id) {
            answer.headers_mut().insert(REQUEST_ID, id);
        }
        if context.traffic.is_stopping() && status != StatusCode::SWITCHING_PROTOCOLS {
            answer.head_mut().set_connection_type(ConnectionType::Close);
        }
        let took = self.begun.elapsed();
        context.metrics.answered(self.route.as_deref(), &self.method, status.as_u16(), took);
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let (request, method, path) = (&self.id, &self.method, self.told_path());
        let (status, person) = (status.as_u16(), person.map(tracing::field::display));
        // Prometheus comes every few seconds; a line for each would bury the rest.
        if status == StatusCode::OK.as_u16() && self.path.ends_with("/metrics") {
            tracing::debug!(%request, %method, %path, status, ms, person, "answered");
        } else {
            tracing::info!(%request, %method, %path, status, ms, person, "answered");
        }
    }
}

impl Line {
    /// The path for the log: of what stands in it beside the route's own words, ids only. Staff may be named in a path by
    /// their user names, and what leads nowhere may hold anything.
    fn told_path(&self) -> String {
        let Some(route) = &self.route else { return "…".to_owned() };
        let parts = route
            .split('/')
            .zip(self.path.split('/'))
            .map(|(pattern, part)| if !pattern.starts_with('{') || is_id(part) { part } else { "…" });
        parts.collect::<Vec<_>>().join("/")
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// A refusal in the language that was asked for.
fn translate(answer: &mut HttpResponse, language: Language) {
    if language == Language::default() {
        return;
    }
    let fault = answer.error().and_then(|error| error.as_error::<Fault>());
    let Some(body) = fault.and_then(|fault| fault.refusal_in(language)) else { return };
    *answer = std::mem::replace(answer, HttpResponse::new(StatusCode::OK)).set_body(BoxBody::new(body));
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

/// Nothing of a talk stays in a browser: only pages and their hashed files say otherwise of themselves.
fn keep_out_of_caches(headers: &mut HeaderMap) {
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

fn is_request_id(text: &str) -> bool {
    (1..=REQUEST_ID_CHARS_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{answer, config};
    use actix_web::{
        App, HttpRequest,
        body::to_bytes,
        middleware::from_fn,
        test::{self, TestRequest},
        web,
    };
    use serde_json::Value;

    async fn boom() -> HttpResponse {
        panic!("on purpose")
    }

    /// Status, headers and body of one request to a small server behind the middleware.
    async fn ask(settings: Settings, stopping: bool, request: TestRequest) -> (StatusCode, Value, String) {
        let metrics = Metrics::new().expect("the names are names");
        let context = Data::new(RequestContext {
            state: None,
            settings: Arc::new(settings),
            traffic: Traffic::default(),
            metrics,
            standing: Box::new(|| async { Standing::Serves }.boxed()),
        });
        if stopping {
            context.traffic.stop();
        }
        let app = App::new()
            .app_data(context)
            .wrap(from_fn(request_middleware))
            .service(web::resource("/good").route(web::post().to(async || answer::done())))
            .service(web::resource("/boom").route(web::get().to(boom)))
            .default_service(web::to(async |_: HttpRequest| Err::<&str, _>(Fault::NotFound)));
        let app = test::init_service(app).await;
        let answer = match test::try_call_service(&app, request.to_request()).await {
            Ok(answer) => answer.into_parts().1,
            Err(error) => error.error_response(),
        };
        let id = answer.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or("").to_owned();
        let status = answer.status();
        let bytes = to_bytes(answer.into_body()).await.unwrap_or_default();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null), id)
    }

    fn sandbox() -> Settings {
        let mut settings = config::defaults();
        settings.demo.enabled = true;
        settings
    }

    #[actix_web::test]
    async fn every_error_has_the_documents_body_with_its_path() {
        for (uri, path, status) in
            [("/nowhere?name=secret", "/nowhere", 404), ("/good", "/good", 405), ("/boom", "/boom", 500)]
        {
            let (got, body, id) = ask(config::defaults(), false, TestRequest::get().uri(uri)).await;
            assert_eq!(
                (got.as_u16(), &body["status"], &body["path"]),
                (status, &status.into(), &path.into())
            );
            assert!(body["error"].is_string() && body["timestamp"].is_string() && !id.is_empty(), "{body}");
        }
    }

    #[actix_web::test]
    async fn a_request_keeps_the_id_it_brings() {
        let bring = |id: &'static str| TestRequest::post().uri("/good").insert_header(("x-request-id", id));
        assert_eq!(ask(config::defaults(), false, bring("abc-1")).await.2, "abc-1");
        let own = ask(config::defaults(), false, bring("a b\"c")).await.2;
        assert_eq!(own.len(), 32, "what is no id is not taken over");
    }

    #[actix_web::test]
    async fn sandbox_and_demo_answer_this_machine_only() {
        let to = |host: &'static str| TestRequest::post().uri("/good").insert_header(("host", host));
        assert_eq!(ask(sandbox(), false, to("127.0.0.1:8080")).await.0, 200);
        assert_eq!(ask(config::defaults(), false, to("hotline.example.edu")).await.0, 200);
        let forwarded = to("127.0.0.1:8080").insert_header(("x-forwarded-for", "1.2.3.4"));
        for request in [to("hotline.example.edu"), to("127.0.0.1.evil.example"), forwarded] {
            let (status, body, _) = ask(sandbox(), false, request).await;
            assert_eq!((status.as_u16(), &body["message"]), (403, &"Access Denied".into()));
        }
    }

    #[actix_web::test]
    async fn what_another_site_sends_with_our_cookie_is_refused() {
        let write = || TestRequest::post().uri("/good").insert_header(("host", "127.0.0.1:8080"));
        let foreign = || write().insert_header(("origin", "https://evil.example"));
        let cookie = ("cookie", "JSESSIONID=token");
        let status = async |request| ask(config::defaults(), false, request).await.0.as_u16();
        assert_eq!(status(foreign().insert_header(cookie)).await, 403);
        assert_eq!(
            status(write().insert_header(cookie).insert_header(("sec-fetch-site", "same-site"))).await,
            403
        );
        assert_eq!(status(write().insert_header(cookie)).await, 200);
        assert_eq!(
            status(write().insert_header(cookie).insert_header(("origin", "http://127.0.0.1:8080"))).await,
            200
        );
        let bearer = foreign().insert_header(cookie).insert_header(("authorization", "Bearer token"));
        assert_eq!(status(bearer).await, 200, "no other site can add a Bearer");
        assert_eq!(status(foreign()).await, 200, "nobody is logged in by it");
    }

    #[test]
    fn the_log_tells_ids_and_no_other_part_of_a_path() {
        let told = |route: Option<&str>, path: &str| {
            let (id, path, route) = (String::new(), path.to_owned(), route.map(str::to_owned));
            Line { id, method: Method::GET, path, route, begun: Instant::now() }.told_path()
        };
        let id = "01a20a49249075379b2f92152cebc161";
        assert_eq!(told(Some("/counselor/{key}"), "/counselor/zhangsan"), "/counselor/…");
        assert_eq!(told(Some("/counselor/{key}"), &format!("/counselor/{id}")), format!("/counselor/{id}"));
        assert_eq!(told(Some("/hotline/auth/me"), "/hotline/auth/me"), "/hotline/auth/me");
        assert_eq!(told(None, "/zhangsan/13823456789"), "…");
    }

    #[actix_web::test]
    async fn a_server_that_stops_refuses_new_requests() {
        let (status, body, _) = ask(config::defaults(), true, TestRequest::post().uri("/good")).await;
        assert_eq!((status.as_u16(), &body["path"]), (503, &"/good".into()));
    }
}
