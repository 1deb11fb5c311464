//! Asks every server past the balancer, all the time, also while it is frozen, what it could answer from memory: the end of a
//! conversation that another has opened, `GET /dispatch/now`, and a conversation for somebody who has one.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::{Value, json};

use super::balancer::{Balancer, Behind};
use crate::{
    history::{DirectAnswer, DirectQuestion, Fact},
    load::{
        World,
        asker::{Asker, KnownStatus},
    },
    setup::PASSWORD_MD5,
    store_probe::Lookup,
    wire::{Client, Reply, reply},
};

/// Between two questions to a server.
const ASK_AGAIN: Duration = Duration::from_millis(150);
/// Questions to one server without an answer: more than a frozen one gathers before they are given up.
const OPEN_QUESTIONS_MAX: usize = 40;
/// The visitor's conversation is a new one so often, so that who was away does not know it.
const NEW_TALK: Duration = Duration::from_millis(1500);

/// Cheap to clone.
#[derive(Debug, Clone)]
struct DirectProber {
    world: World,
    /// Any server takes any request.
    spread: bool,
    visitor: Asker,
    supervisor: Client,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// The visitor's conversation, opened through the balancer.
    talk: Mutex<Option<String>>,
    /// By server.
    open_questions: Mutex<BTreeMap<String, usize>>,
}

/// Asks until the world closes.
pub(super) async fn ask(world: World, balancer: Balancer, supervisor: String, spread: bool) {
    let visitor = Asker::come(&world, "direct").await;
    let mut supervisor_client = world.client("direct supervisor");
    let log_in = json!({ "username": supervisor, "password": PASSWORD_MD5 });
    supervisor_client.log_in("/auth/login", &log_in).await;
    let prober = DirectProber {
        world: world.clone(),
        spread,
        visitor,
        supervisor: supervisor_client,
        shared: Arc::default(),
    };
    tokio::join!(prober.clone().keep_a_talk(balancer.clone()), prober.ask_everybody(&balancer));
}

impl DirectProber {
    fn set_talk(&self, talk: String) {
        *self.shared.talk.lock().expect("nobody panics while writing") = Some(talk);
    }

    fn talk(&self) -> Option<String> {
        self.shared.talk.lock().expect("nobody panics while writing").clone()
    }

    /// A conversation that whoever serves now has opened, and another one after a while. The last one is asked about until the
    /// next is there, whether it is over or not.
    async fn keep_a_talk(self, balancer: Balancer) {
        let (mut opened_by, mut until) = (None, Instant::now());
        while !self.world.is_closing() {
            let serving = balancer.serving();
            if serving.is_some() && (serving != opened_by || Instant::now() > until) {
                if let Some(last) = self.talk() {
                    // Over already, or unsettled: the next one says.
                    let _over = self.visitor.end(&last).await;
                }
                let opened = match self.visitor.open(&Asker::for_anyone()).await {
                    Some(opened) => Some(opened),
                    None => self.visitor.current().await.filter(KnownStatus::is_open),
                };
                if let Some(opened) = opened {
                    self.set_talk(opened.conversation);
                    (opened_by, until) = (serving, Instant::now() + NEW_TALK);
                }
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    async fn ask_everybody(self, balancer: &Balancer) {
        let mut turn = 0_u64;
        while !self.world.is_closing() {
            for server in balancer.behind() {
                if let Some(question) = self.question(turn, &server)
                    && self.take_place(&server.name)
                {
                    tokio::spawn(self.clone().ask(server, question));
                }
            }
            turn += 1;
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    fn question(&self, turn: u64, server: &Behind) -> Option<DirectQuestion> {
        let talk = self.talk();
        match turn % 3 {
            // Who serves alone would end it, and rightly.
            0 if server.is_ready && !self.spread => None,
            0 => talk.map(DirectQuestion::End),
            1 => talk.map(|_| DirectQuestion::Open),
            _ => Some(DirectQuestion::Now),
        }
    }

    fn take_place(&self, server: &str) -> bool {
        let mut all = self.shared.open_questions.lock().expect("nobody panics while counting");
        let open = all.entry(server.to_owned()).or_default();
        *open += 1;
        if *open > OPEN_QUESTIONS_MAX {
            *open -= 1;
            return false;
        }
        true
    }

    fn leave_place(&self, server: &str) {
        let mut all = self.shared.open_questions.lock().expect("nobody panics while counting");
        if let Some(open) = all.get_mut(server) {
            *open -= 1;
        }
    }

    async fn ask(self, server: Behind, question: DirectQuestion) {
        let base = format!("http://{}", server.address);
        let asked_ms = self.world.history.run_ms();
        let (client, method, path, body) = match &question {
            DirectQuestion::End(talk) => {
                (&self.visitor.client, Method::POST, format!("/conversation/end/{talk}"), Value::Null)
            }
            DirectQuestion::Open => {
                self.visitor.note_asked();
                (&self.visitor.client, Method::PUT, "/conversation".to_owned(), Asker::for_anyone())
            }
            DirectQuestion::Now => (&self.supervisor, Method::GET, "/dispatch/now".to_owned(), Value::Null),
        };
        let exchanged = client.at(&base).exchange(method, &path, &body).await;
        let reply = exchanged.map_or(Reply::Lost, |(status, body, _)| reply(status, &body));
        self.leave_place(&server.name);
        let answer = match &reply {
            Reply::Told(object) => DirectAnswer::Told(object["id"].as_str().map(str::to_owned)),
            Reply::Refused { code, message } => {
                DirectAnswer::Refused { code: *code, message: message.clone() }
            }
            Reply::Fault(status) => DirectAnswer::Fault(*status),
            Reply::Lost => DirectAnswer::Nothing,
        };
        let fact = Fact::Direct { server: server.name, question: question.clone(), asked_ms, answer };
        self.world.history.note(&self.visitor.username, fact);
        let Reply::Told(object) = reply else { return };
        let name = &self.visitor.username;
        match question {
            DirectQuestion::End(talk) => {
                self.visitor.ended(&talk);
                self.world.probe.look(name, Lookup::End(&talk)).await;
            }
            DirectQuestion::Open => {
                if let Some(known) = self.visitor.opened(&object) {
                    self.world.probe.look(name, Lookup::Conversation(&known.conversation)).await;
                }
            }
            DirectQuestion::Now => {}
        }
    }
}
