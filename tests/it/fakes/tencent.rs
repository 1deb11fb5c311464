//! Tencent's server API as docs/protocols.md 5 has it, over HTTP on a port of its own. What is wrong with a request is answered
//! with Tencent's own code; what is to go wrong can be said beforehand.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use hotline::{
    clock,
    im::user_sig::{self, Claims},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::support::{IM_KEY, SDK_APP_ID, SOON, Word, until};

pub(crate) const ADMINISTRATOR: &str = "administrator";
/// A double within this is dropped.
const DOUBLE_WITHIN_SECONDS: i64 = 120;

/// What is to go wrong with a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// It is refused with this code, and nothing is done.
    Code(i64),
    /// It is done, and never answered.
    Silence,
    /// The connection breaks before anything is done.
    Cut,
}

#[derive(Default)]
struct State {
    accounts: BTreeSet<String>,
    online: BTreeSet<String>,
    kicked: Vec<String>,
    /// The history: entries as `admin_getroammsg` gives them.
    history: Vec<Value>,
    /// What `sendmsg` delivered, doubles not among it.
    delivered: Vec<Value>,
    /// Every request that was understood, with what became of it.
    asked: Vec<(String, Value)>,
    faults: BTreeMap<String, VecDeque<Fault>>,
    page: usize,
}

/// The fake. Dropping it takes it off the network.
pub(crate) struct Tencent {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
    server: JoinHandle<()>,
}

impl Tencent {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(Mutex::new(State { page: 3, ..State::default() }));
        let shared = Arc::clone(&state);
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { url, state, server }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panicked with it")
    }

    /// Lets the next requests of this command go wrong, one after the other.
    pub(crate) fn fail(&self, command: &str, faults: &[Fault]) {
        self.state().faults.entry(command.to_owned()).or_default().extend(faults);
    }

    /// Keeps a word in the history, as if its callback never came.
    pub(crate) fn keep(&self, word: &Word) {
        self.keep_with(word, &json!({}));
    }

    /// The same, taken back since.
    pub(crate) fn keep_recalled(&self, word: &Word) {
        self.keep_with(word, &json!({ "MsgFlagBits": 8 }));
    }

    fn keep_with(&self, word: &Word, with: &Value) {
        let callback = word.callback();
        let mut entry = json!({ "MsgTimeStamp": callback["MsgTime"], "MsgFlagBits": 0, "IsPeerRead": 0 });
        for name in
            ["From_Account", "To_Account", "MsgSeq", "MsgRandom", "MsgKey", "MsgBody", "CloudCustomData"]
        {
            entry[name] = callback[name].clone();
        }
        for (name, value) in with.as_object().expect("an object") {
            entry[name] = value.clone();
        }
        self.state().history.push(entry);
    }

    /// Logs an account in, or out, on some device. Nobody is told: that is what callbacks are for.
    pub(crate) fn log_in(&self, account: &str, is_in: bool) {
        let online = &mut self.state().online;
        if is_in {
            online.insert(account.to_owned())
        } else {
            online.remove(account)
        };
    }

    pub(crate) fn knows(&self, account: &str) -> bool {
        self.state().accounts.contains(account)
    }

    pub(crate) fn kicked(&self) -> Vec<String> {
        self.state().kicked.clone()
    }

    /// What was delivered, doubles dropped.
    pub(crate) fn delivered(&self) -> Vec<Value> {
        self.state().delivered.clone()
    }

    /// The bodies of the requests of one command so far.
    pub(crate) fn asked(&self, command: &str) -> Vec<Value> {
        let state = self.state();
        let bodies = state.asked.iter().filter(|(asked, _)| asked == command).map(|(_, body)| body.clone());
        bodies.collect()
    }

    /// Waits until a command was asked at least this often.
    pub(crate) async fn asked_at_least(&self, command: &str, times: usize) {
        until(&format!("{command} is asked {times} times"), SOON * 2, async || {
            (self.asked(command).len() >= times).then_some(())
        })
        .await;
    }
}

impl Drop for Tencent {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// One connection, request after request.
async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut stream = BufReader::new(stream);
    while let Some((target, body)) = request(&mut stream).await {
        let (command, query) = split(&target);
        let fault =
            state.lock().expect("nobody panicked").faults.get_mut(&command).and_then(VecDeque::pop_front);
        let answer = match fault {
            Some(Fault::Cut) => return,
            Some(Fault::Code(code)) => {
                state.lock().expect("nobody panicked").asked.push((command, body));
                refusal(code)
            }
            Some(Fault::Silence) => {
                state.lock().expect("nobody panicked").answer(&command, &query, &body);
                // Until the other side has had enough.
                let mut rest = Vec::new();
                let _ = stream.read_to_end(&mut rest).await;
                return;
            }
            None => state.lock().expect("nobody panicked").answer(&command, &query, &body),
        };
        let answer = answer.to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        );
        if stream.write_all(format!("{head}{answer}").as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The target and the body of the next request; none when the other side is done.
async fn request(stream: &mut BufReader<TcpStream>) -> Option<(String, Value)> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok().filter(|bytes| *bytes > 0)?;
    let mut words = line.split(' ');
    assert_eq!(words.next(), Some("POST"), "everything is a POST");
    let target = words.next()?.to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await.ok().filter(|bytes| *bytes > 0)?;
        match header.trim().split_once(':') {
            None => break,
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().expect("a length is a number");
            }
            Some(_) => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some((target, serde_json::from_slice(&body).unwrap_or(Value::Null)))
}

/// `/v4/{service}/{command}?…` as command and parameters.
fn split(target: &str) -> (String, BTreeMap<String, String>) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let query = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    (path.strip_prefix("/v4/").unwrap_or_default().to_owned(), query)
}

fn refusal(code: i64) -> Value {
    json!({ "ActionStatus": "FAIL", "ErrorInfo": "as the documents say", "ErrorCode": code })
}

fn success(more: &Value) -> Value {
    let mut answer = json!({ "ActionStatus": "OK", "ErrorInfo": "", "ErrorCode": 0 });
    for (name, value) in more.as_object().expect("an object") {
        answer[name] = value.clone();
    }
    answer
}

impl State {
    fn answer(&mut self, command: &str, query: &BTreeMap<String, String>, body: &Value) -> Value {
        if let Err(code) = entitled(query) {
            return refusal(code);
        }
        self.asked.push((command.to_owned(), body.clone()));
        if !body.is_object() {
            return refusal(60003);
        }
        let outcome = match command {
            "im_open_login_svc/account_import" => self.import(body),
            "im_open_login_svc/kick" => self.kick(body),
            "openim/sendmsg" => self.send(body),
            "openim/query_online_status" => self.query_online_status(body),
            "openim/admin_getroammsg" => self.history(body),
            _ => Err(60002),
        };
        outcome.unwrap_or_else(refusal)
    }

    fn import(&mut self, body: &Value) -> Result<Value, i64> {
        let account = body["UserID"].as_str().or(body["Identifier"].as_str()).ok_or(70402)?;
        self.accounts.insert(account.to_owned());
        Ok(success(&json!({})))
    }

    fn kick(&mut self, body: &Value) -> Result<Value, i64> {
        let account = body["UserID"].as_str().or(body["Identifier"].as_str()).ok_or(70402)?;
        if !self.accounts.contains(account) {
            return Err(70107);
        }
        self.kicked.push(account.to_owned());
        Ok(success(&json!({})))
    }

    fn send(&mut self, body: &Value) -> Result<Value, i64> {
        let to = body["To_Account"].as_str().ok_or(90003)?;
        if !self.accounts.contains(to) {
            return Err(90012);
        }
        let random =
            body["MsgRandom"].as_u64().filter(|random| u32::try_from(*random).is_ok()).ok_or(90005)?;
        let is_body = body["MsgBody"].as_array().is_some_and(|elements| !elements.is_empty());
        if !is_body || !(body["CloudCustomData"].is_string() || body["CloudCustomData"].is_null()) {
            return Err(90007);
        }
        let now = clock::now().0 / 1000;
        let same = |sent: &&Value| {
            ["To_Account", "MsgSeq", "MsgRandom", "MsgBody"].iter().all(|name| sent[*name] == body[*name])
                && now - sent["MsgTime"].as_i64().unwrap_or(0) <= DOUBLE_WITHIN_SECONDS
        };
        if !self.delivered.iter().any(|sent| same(&sent)) {
            let mut sent = body.clone();
            sent["MsgTime"] = json!(now);
            self.delivered.push(sent);
        }
        Ok(success(&json!({ "MsgTime": now, "MsgKey": format!("{}_{random}_{now}", body["MsgSeq"]) })))
    }

    fn query_online_status(&self, body: &Value) -> Result<Value, i64> {
        let accounts = body["To_Account"].as_array().filter(|accounts| accounts.len() <= 500).ok_or(90003)?;
        let results = accounts.iter().filter_map(Value::as_str).map(|account| {
            let status = if self.online.contains(account) { "Online" } else { "Offline" };
            json!({ "To_Account": account, "Status": status })
        });
        Ok(success(&json!({ "QueryResult": results.collect::<Vec<_>>(), "ErrorList": [] })))
    }

    /// Newest page first, oldest message first in a page; bounded by a number here, by bytes there.
    fn history(&self, body: &Value) -> Result<Value, i64> {
        let side = |name: &str| body[name].as_str().map(str::to_owned).ok_or(90001);
        let (operator, peer) = (side("Operator_Account")?, side("Peer_Account")?);
        let (from, to) = (body["MinTime"].as_i64().ok_or(90001)?, body["MaxTime"].as_i64().ok_or(90001)?);
        let place = |entry: &Value| {
            (entry["MsgTimeStamp"].as_i64().unwrap_or(0), entry["MsgSeq"].as_u64().unwrap_or(0))
        };
        let mut found: Vec<&Value> = self
            .history
            .iter()
            .filter(|entry| {
                let sides = [&entry["From_Account"], &entry["To_Account"]];
                sides.contains(&&json!(operator))
                    && sides.contains(&&json!(peer))
                    && (from..=to).contains(&place(entry).0)
            })
            .collect();
        found.sort_by_key(|entry| place(entry));
        if let Some(last) = body["LastMsgKey"].as_str() {
            let end = found.iter().position(|entry| entry["MsgKey"] == last).ok_or(90001)?;
            found.truncate(end);
        }
        let page = &found[found.len().saturating_sub(self.page)..];
        let first = page.first();
        Ok(success(&json!({
            "Complete": i32::from(page.len() == found.len()),
            "MsgCnt": page.len(),
            "LastMsgTime": first.map_or(json!(0), |entry| entry["MsgTimeStamp"].clone()),
            "LastMsgKey": first.map_or(json!(""), |entry| entry["MsgKey"].clone()),
            "MsgList": page,
        })))
    }
}

/// Whether a request carries what every one has to, else the code for it.
fn entitled(query: &BTreeMap<String, String>) -> Result<(), i64> {
    let parameter = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    if parameter("sdkappid") != SDK_APP_ID.to_string() {
        return Err(60006);
    }
    let claims: Claims = user_sig::decode(parameter("usersig")).map_err(|_| 60005)?;
    if !user_sig::verify(&claims, IM_KEY, clock::now()) || claims.identifier != parameter("identifier") {
        return Err(60004);
    }
    if claims.identifier != ADMINISTRATOR {
        return Err(60010);
    }
    if parameter("random").parse::<u32>().is_err() || parameter("contenttype") != "json" {
        return Err(60002);
    }
    Ok(())
}
