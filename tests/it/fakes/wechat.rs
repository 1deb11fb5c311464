//! WeChat as docs/protocols.md 6 has it, over HTTP on a port of its own. What is wrong with a request is answered with WeChat's
//! own code; what is to go wrong can be said beforehand.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::TcpListener,
    sync::{Arc, Mutex, MutexGuard},
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::ServerHandle,
    http::Method,
    web::{self, Bytes, Data},
};
use serde_json::{Value, json};

pub(crate) const APPID: &str = "wx0000000000000001";
pub(crate) const SECRET: &str = "0123456789abcdef-the-secret";
/// The template of "it is your turn".
pub(crate) const TEMPLATE: &str = "xun4LEKP1SdmR6iVEDgMNHRWYPD-M3tW0HZ8Nll9x8Q";

pub(crate) const LOG_IN: &str = "/sns/jscode2session";
pub(crate) const TOKEN: &str = "/cgi-bin/stable_token";
pub(crate) const PHONE: &str = "/wxa/business/getuserphonenumber";
pub(crate) const SEND: &str = "/cgi-bin/message/subscribe/send";

/// What is to go wrong with a request.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// This answer, word for word.
    Says(&'static str),
    /// No answer, until the client goes.
    Silence,
}

#[derive(Default)]
struct State {
    /// Codes of log-ins not yet used: openid and `session_key`.
    codes: BTreeMap<String, (String, String)>,
    used: BTreeSet<String>,
    /// Codes of the number button.
    phones: BTreeMap<String, Value>,
    /// Messages that each openid has allowed.
    quota: BTreeMap<String, u32>,
    tokens_made: u32,
    token: Option<String>,
    /// Every request: the path, and the query and body in one.
    asked: Vec<(String, Value)>,
    sent: Vec<Value>,
    faults: BTreeMap<String, VecDeque<Fault>>,
}

/// The fake. Dropping it takes it off the network.
pub(crate) struct Wechat {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
    server: ServerHandle,
}

impl Wechat {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Data::from(Arc::clone(&state));
        let (tell, told) = std::sync::mpsc::channel();
        // Beside the test's own runtime, so that a test that blocks does not stop it.
        std::thread::spawn(move || {
            let serving = async move {
                let server = HttpServer::new(move || {
                    App::new().app_data(shared.clone()).default_service(web::to(answer))
                });
                let server = server.workers(1).disable_signals().listen(listener).expect("it listens").run();
                tell.send(server.handle()).expect("the test waits");
                server.await.expect("it serves to its end");
            };
            actix_web::rt::System::new().block_on(serving);
        });
        let server = told.recv().expect("it runs");
        Self { url, state, server }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panicked with it")
    }

    /// `wx.login` gives the openid this code.
    pub(crate) fn code(&self, code: &str, openid: &str, session_key: &str) {
        self.state().codes.insert(code.to_owned(), (openid.to_owned(), session_key.to_owned()));
    }

    /// The number button gives this code for the `phone_info`.
    pub(crate) fn phone_code(&self, code: &str, phone_info: Value) {
        self.state().phones.insert(code.to_owned(), phone_info);
    }

    /// The visitor taps "allow" once.
    pub(crate) fn allow(&self, openid: &str) {
        *self.state().quota.entry(openid.to_owned()).or_default() += 1;
    }

    /// Lets the next requests of this path go wrong, one after the other.
    pub(crate) fn fail(&self, path: &str, faults: &[Fault]) {
        self.state().faults.entry(path.to_owned()).or_default().extend(faults.iter().cloned());
    }

    /// The requests of this path so far.
    pub(crate) fn asked(&self, path: &str) -> Vec<Value> {
        let state = self.state();
        state.asked.iter().filter(|(asked, _)| asked == path).map(|(_, what)| what.clone()).collect()
    }

    /// The messages that went out.
    pub(crate) fn sent(&self) -> Vec<Value> {
        self.state().sent.clone()
    }

    /// The access token that is good now.
    pub(crate) fn token(&self) -> Option<String> {
        self.state().token.clone()
    }
}

impl Drop for Wechat {
    fn drop(&mut self) {
        // Told to stop; the thread ends by itself.
        drop(self.server.stop(false));
    }
}

fn says(text: impl Into<String>) -> HttpResponse {
    // As seen: the content type is that of text.
    HttpResponse::Ok().content_type("text/plain").body(text.into())
}

fn error(code: i64, message: &str) -> HttpResponse {
    says(format!(r#"{{"errcode":{code},"errmsg":"{message}"}}"#))
}

async fn answer(request: HttpRequest, body: Bytes, state: Data<Mutex<State>>) -> HttpResponse {
    let query: BTreeMap<String, String> =
        form_urlencoded::parse(request.query_string().as_bytes()).into_owned().collect();
    let mut what = serde_json::from_slice(&body).unwrap_or(json!({}));
    for (name, value) in query {
        what[name] = value.into();
    }
    let path = request.path().to_owned();
    let fault = {
        let mut state = state.lock().expect("nobody panicked with it");
        state.asked.push((path.clone(), what.clone()));
        state.faults.get_mut(&path).and_then(VecDeque::pop_front)
    };
    match fault {
        Some(Fault::Says(text)) => return says(text),
        Some(Fault::Silence) => return std::future::pending().await,
        None => {}
    }
    let mut state = state.lock().expect("nobody panicked with it");
    match (request.method(), path.as_str()) {
        (&Method::GET, LOG_IN) => state.log_in(&what),
        (&Method::POST, LOG_IN) => error(41002, "appid missing, rid: 60f0-post"),
        (&Method::POST, TOKEN) => state.stable_token(&what),
        (&Method::POST, PHONE) => state.with_token(&what, State::phone),
        (&Method::POST, SEND) => state.with_token(&what, State::send),
        _ => HttpResponse::NotFound().body("<html>not found</html>"),
    }
}

impl State {
    fn log_in(&mut self, what: &Value) -> HttpResponse {
        if what["appid"] != APPID {
            return error(40013, "invalid appid, hints: [ req_id: madeUp0002 ]");
        }
        if what["secret"] != SECRET {
            return error(40125, "invalid appsecret, hints: [ req_id: madeUp0003 ]");
        }
        assert_eq!(what["grant_type"], "authorization_code");
        let code = what["js_code"].as_str().unwrap_or_default().to_owned();
        if self.used.contains(&code) {
            return error(40163, "code been used, hints: [ req_id: madeUp0001 ]");
        }
        match self.codes.remove(&code) {
            Some((openid, session_key)) => {
                self.used.insert(code);
                // No errcode on success.
                says(json!({ "session_key": session_key, "openid": openid }).to_string())
            }
            None => error(40029, "invalid code, hints: [ req_id: xhnBHtNre-iyE ]"),
        }
    }

    fn stable_token(&mut self, what: &Value) -> HttpResponse {
        if (&what["appid"], &what["secret"]) != (&json!(APPID), &json!(SECRET)) {
            return error(40125, "invalid appsecret, rid: 60f0-secret");
        }
        assert_eq!(what["grant_type"], "client_credential");
        if what["force_refresh"] == true || self.token.is_none() {
            self.tokens_made += 1;
            self.token = Some(format!("{}_{}", self.tokens_made, "t".repeat(500)));
        }
        HttpResponse::Ok().json(json!({ "access_token": self.token, "expires_in": 7200 }))
    }

    fn with_token(
        &mut self,
        what: &Value,
        then: impl FnOnce(&mut Self, &Value) -> HttpResponse,
    ) -> HttpResponse {
        if self.token.as_deref() == what["access_token"].as_str() && self.token.is_some() {
            return then(self, what);
        }
        error(40001, "invalid credential, access_token is invalid or not latest, rid: 60f0-token")
    }

    fn phone(&mut self, what: &Value) -> HttpResponse {
        match self.phones.remove(what["code"].as_str().unwrap_or_default()) {
            Some(info) => {
                HttpResponse::Ok().json(json!({ "errcode": 0, "errmsg": "ok", "phone_info": info }))
            }
            None => error(40029, "invalid code, rid: 60f0-phone"),
        }
    }

    fn send(&mut self, what: &Value) -> HttpResponse {
        if what["template_id"] != TEMPLATE {
            return error(40037, "invalid template_id, rid: 60f0-template");
        }
        let too_long = what["data"].as_object().is_some_and(|data| {
            data.values().any(|field| field["value"].as_str().is_some_and(|value| value.chars().count() > 32))
        });
        if too_long {
            return error(47003, "argument invalid! data.thing1.value invalid rid: 60f0-value");
        }
        let openid = what["touser"].as_str().unwrap_or_default();
        match self.quota.get_mut(openid).filter(|left| **left > 0) {
            Some(left) => {
                *left -= 1;
                self.sent.push(what.clone());
                error(0, "ok")
            }
            None => error(43101, "user refuse to accept the msg, rid: 60f0-refuse"),
        }
    }
}
