//! HTTP as a client sees it: an answer, a refusal, a fault, or nothing at all.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use crate::history::{Fact, History};

/// Longer than the server takes to call something unsettled.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// What came of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// The `result` of a success.
    Told(Value),
    /// A refusal by name.
    Refused { code: i64, message: String },
    /// Something broke inside, or at the edge.
    Fault(u16),
    /// No answer: it may have happened or not.
    Lost,
}

/// A client with or without a log-in.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    pub name: String,
    pub token: Option<String>,
    pub history: History,
}

impl Client {
    pub fn new(base: &str, name: &str, history: &History) -> reqwest::Result<Self> {
        Self::of(base, name, history, usize::MAX)
    }

    /// One who connects anew for each request.
    pub fn that_never_stays(base: &str, name: &str, history: &History) -> reqwest::Result<Self> {
        Self::of(base, name, history, 0)
    }

    fn of(base: &str, name: &str, history: &History, idle_max: usize) -> reqwest::Result<Self> {
        // Installed already is as good: there is only this one in the build.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(ANSWER_MAX)
            .pool_max_idle_per_host(idle_max)
            .build()?;
        let (base, name, history) = (base.to_owned(), name.to_owned(), history.clone());
        Ok(Self { http, base, name, token: None, history })
    }

    /// The same client, of the server at `base`.
    #[must_use]
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// The address for a socket.
    pub fn socket_url(&self, path: &str) -> String {
        format!("{}{path}", self.base.replacen("http", "ws", 1))
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, &Value::Null).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::POST, path, body).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::PUT, path, body).await
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> Reply {
        let what = format!("{method} {}", path.split('?').next().unwrap_or_default());
        let Some((status, body, _)) = self.exchange(method, path, body).await else {
            self.history.note(&self.name, Fact::Lost { what });
            return Reply::Lost;
        };
        let reply = reply(status, &body);
        match &reply {
            Reply::Refused { code, message } => {
                self.history.note(&self.name, Fact::Refused { what, code: *code, message: message.clone() });
            }
            Reply::Fault(status) => self.history.note(&self.name, Fact::Fault { what, status: *status }),
            Reply::Told(_) | Reply::Lost => {}
        }
        reply
    }

    /// The raw answer: status, body, and the token of a log-in.
    pub async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Option<(u16, Value, Option<String>)> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let token = response.headers().get("x-auth-token").and_then(|token| token.to_str().ok());
        let token = token.map(str::to_owned);
        let body = response.bytes().await.ok()?;
        Some((status, serde_json::from_slice(&body).ok()?, token))
    }

    /// Logs out; whether that was acknowledged.
    pub async fn log_out(&self) -> bool {
        let request = self.http.post(format!("{}/logout", self.base));
        let request = request.bearer_auth(self.token.as_deref().unwrap_or_default());
        let answered = request.send().await.is_ok_and(|answer| answer.status().as_u16() == 302);
        if !answered {
            self.history.note(&self.name, Fact::Lost { what: "POST /logout".to_owned() });
        }
        answered
    }

    /// Logs in, however often it takes; gives the person's id.
    pub async fn log_in(&mut self, path: &str, body: &Value) -> String {
        loop {
            if let Some((200, answer, Some(token))) = self.exchange(Method::POST, path, body).await
                && answer["code"] == 0
            {
                self.token = Some(token);
                break;
            }
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        loop {
            if let Reply::Told(me) = self.get("/auth/me").await
                && let Some(id) = me["id"].as_str()
            {
                return id.to_owned();
            }
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    }
}

/// What an answer means.
pub fn reply(status: u16, body: &Value) -> Reply {
    match (status, body["code"].as_i64()) {
        (200, Some(0)) => Reply::Told(body["result"].clone()),
        (200, Some(code)) => {
            Reply::Refused { code, message: body["message"].as_str().unwrap_or_default().to_owned() }
        }
        (status, _) => Reply::Fault(status),
    }
}
