//! A client over HTTP: one person's, or nobody's.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{Arc, RwLock},
    time::Duration,
};

use md5::{Digest, Md5};
use reqwest::{Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;

use super::{Socket, hotline::Bases, socket};

/// A connection on which nothing was asked for so long is not used again: the server closes it after five seconds, perhaps in the
/// moment of the next request.
const IDLE_MAX: Duration = Duration::from_secs(2);

/// A password as clients send it.
pub(crate) fn md5(password: &str) -> String {
    Md5::digest(password).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// An HTTP client that may hold a session. Follows the server over restarts; follows no redirect.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    bases: Bases,
    pub(crate) username: String,
    pub(crate) token: Option<String>,
}

impl Client {
    pub(super) fn new(bases: Bases) -> Self {
        // Installed already is as good: there is only this one in the build.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .pool_idle_timeout(IDLE_MAX)
            .build()
            .expect("a plain client can be built");
        Self { http, bases, username: String::new(), token: None }
    }

    pub(crate) async fn log_in(mut self, path: &str, body: Value, username: &str) -> Self {
        let answer = self.post(path, body).await;
        let token = answer
            .headers
            .get("x-auth-token")
            .map(|token| token.to_str().expect("a token is text").to_owned());
        assert_eq!(answer.ok(), "ok", "{username} logs in");
        username.clone_into(&mut self.username);
        self.token = Some(token.expect("the log-in gives the token in X-Auth-Token"));
        self
    }

    /// At any of the servers, if there are several.
    pub(crate) fn url(&self, path: &str) -> String {
        let bases = self.bases.read().expect("no holder panicked");
        let chance = usize::try_from(RandomState::new().hash_one(path) % 1_000_000).expect("small");
        format!("{}{path}", bases[chance % bases.len()])
    }

    /// The same person, whose requests all go to one of the servers, whichever it is.
    pub(crate) fn at_one_server(&self) -> Self {
        Self { bases: Arc::new(RwLock::new(vec![self.url("")])), ..self.clone() }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, self.url(path));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    /// Null sends no body at all.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, body).await
    }

    /// Null sends no body at all.
    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Value) -> Answer {
        let request = self.request(method, path);
        Answer::of(if body.is_null() { request } else { request.json(&body) }).await
    }

    /// The caller's own id.
    pub(crate) async fn id(&self) -> String {
        let me = self.get("/auth/me").await.ok();
        me["id"].as_str().expect("/auth/me gives the id").to_owned()
    }

    /// Asks for a conversation with `counselor` (an id, or "any"); gives the conversation object.
    pub(crate) async fn open(&self, counselor: &str) -> Value {
        self.put("/conversation", json!({ "counselor": counselor })).await.ok()
    }

    /// One conversation as it stands.
    pub(crate) async fn conversation(&self, id: &str) -> Value {
        self.get(&format!("/conversation/{id}")).await.ok()
    }

    pub(crate) async fn end(&self, id: &str) {
        assert_eq!(self.post(&format!("/conversation/end/{id}"), Value::Null).await.ok(), "ok");
    }

    /// The person's socket: the workbench for staff.
    pub(crate) async fn workbench(&self) -> Socket {
        self.socket("/workbench/ws").await
    }

    /// The workbench of somebody who reads nothing and answers no ping, until the test reads for them.
    pub(crate) async fn unread_workbench(&self) -> WebSocketStream<TcpStream> {
        self.unread_socket("/workbench/ws").await
    }

    /// As [`Client::unread_workbench`], at any path.
    pub(crate) async fn unread_socket(&self, path: &str) -> WebSocketStream<TcpStream> {
        let url = self.url(path).replacen("http", "ws", 1);
        socket::open_unread(&url, self.token.as_deref().expect("logged in")).await
    }

    /// The visitor's socket.
    pub(crate) async fn visitor_socket(&self) -> Socket {
        self.socket("/visitor/ws").await
    }

    pub(crate) async fn socket(&self, path: &str) -> Socket {
        let url = self.url(path).replacen("http", "ws", 1);
        socket::open(&url, self.token.as_deref(), &self.username).await
    }
}

/// What came back, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) asked: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Null where the body is no JSON.
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        Self::try_of(request).await.unwrap_or_else(|error| panic!("the server answers: {error:?}"))
    }

    /// As [`Answer::of`], where the server may be killed meanwhile.
    pub(crate) async fn try_of(request: RequestBuilder) -> reqwest::Result<Self> {
        let (client, request) = request.build_split();
        let request = request?;
        let asked = format!("{} {}", request.method(), request.url().path());
        let response = client.execute(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await?;
        Ok(Self { asked, status, headers, body: serde_json::from_slice(&body).unwrap_or(Value::Null) })
    }

    /// The result of a success.
    pub(crate) fn ok(self) -> Value {
        assert!(
            self.status == 200 && self.body["code"] == 0,
            "{} was not answered well: {self:?}",
            self.asked
        );
        assert_eq!(self.body["message"], "OK", "{}", self.asked);
        self.body["result"].clone()
    }

    /// A business refusal with this code and message.
    pub(crate) fn refused(&self, code: i64, message: &str) {
        self.refused_with(code);
        assert_eq!(self.body["message"], message, "{}", self.asked);
    }

    /// A business refusal with this code and some message.
    pub(crate) fn refused_with(&self, code: i64) {
        assert_eq!((self.status, &self.body["code"]), (200, &json!(code)), "{}: {self:?}", self.asked);
        assert_eq!(self.body["result"], Value::Null, "{}", self.asked);
    }

    /// A refusal of the edge: the document's error body, with this path.
    pub(crate) fn fault(&self, status: u16, path: &str) {
        assert_eq!(self.status, status, "{}: {self:?}", self.asked);
        assert_eq!(self.body["status"], status, "{}: {self:?}", self.asked);
        assert_eq!(self.body["path"], path, "{}: {self:?}", self.asked);
        let timestamp = self.body["timestamp"].as_str().unwrap_or_default();
        let shape: String = timestamp.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(shape, "0000-00-00T00:00:00.000+00:00", "{}: {self:?}", self.asked);
        let texts =
            ["error", "message"].map(|key| self.body[key].as_str().is_some_and(|text| !text.is_empty()));
        assert_eq!(texts, [true; 2], "{}: {self:?}", self.asked);
        assert_eq!(
            self.body.as_object().map(serde_json::Map::len),
            Some(5),
            "nothing else is told: {self:?}"
        );
    }
}
