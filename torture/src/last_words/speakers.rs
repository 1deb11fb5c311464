//! The people: counselors who listen, and visitors, each in one talk for the whole run.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::visit::{TalkSocket, VisitOptions};
use crate::{
    history::{Fact, History},
    rng::Rng,
    setup::{APP_ID, Counselor, PASSWORD_MD5},
    socket::{self, Listener},
    store_probe::StoreProbe,
    wire::{Client, Reply},
};

const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// What had arrived is carried out within this; generous, since it is the checker who finds what is not there.
const SETTLED_MAX: Duration = Duration::from_secs(45);
/// Where something did not come, the run is lost, and nobody waits so long again.
const SETTLED_AGAIN_MAX: Duration = Duration::from_secs(2);
const HEARD_MAX: Duration = Duration::from_mins(1);

/// What everybody shares. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct SharedContext {
    /// The way to whichever server runs.
    pub(super) way: SocketAddr,
    pub(super) seed: u64,
    pub(super) history: History,
    pub(super) probe: StoreProbe,
    /// What any counselor has heard.
    heard: Arc<Mutex<BTreeSet<String>>>,
}

impl SharedContext {
    pub(super) fn new(way: SocketAddr, seed: u64, history: &History, probe: &StoreProbe) -> Self {
        let (history, probe) = (history.clone(), probe.clone());
        Self { way, seed, history, probe, heard: Arc::default() }
    }

    fn client(&self, name: &str) -> Client {
        Client::new(&format!("http://{}", self.way), name, &self.history)
            .expect("a plain client can be built")
    }

    fn has_heard(&self, token: &str) -> bool {
        self.heard.lock().expect("nobody panics while writing").contains(token)
    }

    /// A counselor who hears what is said, until sent home.
    async fn listen(self, counselor: Counselor) {
        let mut client = self.client(&counselor.username);
        let log_in = json!({ "username": counselor.username, "password": PASSWORD_MD5 });
        let person = client.log_in("/auth/login", &log_in).await;
        let listener = Listener { client, person, path: "/workbench/ws", probe: self.probe.clone() };
        let rng = Rng::of(self.seed, &format!("{} socket", counselor.username));
        let mut socket = socket::open(listener, rng);
        while let Some(frame) = socket.frames.recv().await {
            if let (Some("message"), Some(token)) = (frame["type"].as_str(), frame["message"]["ref"].as_str())
            {
                self.heard.lock().expect("nobody panics while writing").insert(token.to_owned());
            }
        }
    }
}

/// A visitor in a talk.
#[derive(Debug)]
pub(crate) struct Speaker {
    pub(super) shared: SharedContext,
    pub(super) client: Client,
    pub(super) rng: Rng,
    pub(super) username: String,
    pub(super) conversation: String,
    /// The account of the other one.
    pub(super) counselor: String,
    number: usize,
    said: u64,
}

impl Speaker {
    /// Asks for the counselor, and is there once the talk has begun.
    async fn come(shared: SharedContext, number: usize, counselor: Counselor) -> Self {
        let username = format!("sandbox_w{number}");
        let (client, rng) = (shared.client(&username), Rng::of(shared.seed, &username));
        let (conversation, taker) = (String::new(), counselor.username);
        let mut speaker =
            Self { shared, client, rng, username, conversation, counselor: taker, number, said: 0 };
        let id = speaker.log_in().await;
        loop {
            speaker.shared.history.note(&speaker.username, Fact::AskedOpen { visitor: id.clone() });
            let asked = speaker.client.put("/conversation", &json!({ "counselor": counselor.id })).await;
            if let Reply::Told(talk) = asked {
                speaker.opened(&id, &talk);
                break;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        loop {
            let path = format!("/conversation/{}", speaker.conversation);
            if let Reply::Told(talk) = speaker.client.get(&path).await
                && talk["status"] == "IN_PROGRESS"
            {
                return speaker;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    fn opened(&mut self, id: &str, talk: &Value) {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        self.conversation = text(&talk["id"]).unwrap_or_default();
        let opened = Fact::Opened {
            conversation: self.conversation.clone(),
            visitor: id.to_owned(),
            status: text(&talk["status"]).unwrap_or_default(),
            counselor: text(&talk["counselor"]["id"]),
        };
        self.shared.history.note(&self.username, opened);
    }

    pub(super) async fn log_in(&mut self) -> String {
        let path = format!("/auth/wx/{APP_ID}/login?code=w{}", self.number);
        self.client.log_in(&path, &Value::Null).await
    }

    /// A message that nobody has said before.
    pub(super) fn next_token(&mut self) -> String {
        self.said += 1;
        format!("token-{}-end", self.number as u64 * 1_000_000 + self.said)
    }
}

/// All who speak. Dropped, everybody is sent home.
#[derive(Debug)]
pub(crate) struct Speakers {
    shared: SharedContext,
    all: Vec<Speaker>,
    settled_max: Duration,
    _listeners: JoinSet<()>,
}

/// Visits under way.
pub(crate) type Visits = JoinSet<(Speaker, VisitOutcome)>;

/// What a visit leaves behind: a socket that is still open, and the keys of what had arrived.
#[derive(Debug, Default)]
pub(crate) struct VisitOutcome {
    pub(super) socket: Option<TalkSocket>,
    pub(super) arrived: Vec<String>,
}

impl Speakers {
    /// Counselors sit down, and every visitor's talk begins. The server is ready.
    pub(crate) async fn come(shared: &SharedContext, visitors: usize, counselors: &[Counselor]) -> Self {
        let mut listeners = JoinSet::new();
        for counselor in counselors {
            listeners.spawn(shared.clone().listen(counselor.clone()));
        }
        let mut coming = JoinSet::new();
        for (number, counselor) in (0..visitors).zip(counselors.iter().cycle()) {
            coming.spawn(Speaker::come(shared.clone(), number, counselor.clone()));
        }
        let mut all = coming.join_all().await;
        all.sort_by_key(|speaker| speaker.number);
        Self { shared: shared.clone(), all, settled_max: SETTLED_MAX, _listeners: listeners }
    }

    /// Everybody comes to the server at this address, says something and leaves.
    pub(crate) fn start_visits(&mut self, server: SocketAddr, options: VisitOptions) -> Visits {
        let mut visits = JoinSet::new();
        for mut speaker in self.all.drain(..) {
            visits.spawn(async move {
                let outcome = speaker.visit(server, options).await;
                (speaker, outcome)
            });
        }
        visits
    }

    /// Waits until all have left; gives the sockets that are still open, and the keys of what must be kept.
    pub(crate) async fn finish(&mut self, visits: Visits) -> (Vec<TalkSocket>, Vec<String>) {
        let (mut sockets, mut arrived) = (Vec::new(), Vec::new());
        for (speaker, outcome) in visits.join_all().await {
            self.all.push(speaker);
            sockets.extend(outcome.socket);
            arrived.extend(outcome.arrived);
        }
        self.all.sort_by_key(|speaker| speaker.number);
        (sockets, arrived)
    }

    /// Waits until all of this is kept, but not for ever.
    pub(crate) async fn settled(&mut self, keys: &[String]) {
        let until = Instant::now() + self.settled_max;
        while self.shared.probe.kept(keys).await != Some(keys.len()) {
            if Instant::now() > until {
                self.settled_max = SETTLED_AGAIN_MAX;
                return;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Everybody says a last word that is acknowledged, and it is waited for until the counselors have heard it.
    pub(crate) async fn say_final_messages(&mut self, server: SocketAddr) {
        let mut last = Vec::new();
        for speaker in &mut self.all {
            last.extend(speaker.say_one(server).await);
        }
        let until = Instant::now() + HEARD_MAX;
        while !last.iter().all(|token| self.shared.has_heard(token)) && Instant::now() < until {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}
