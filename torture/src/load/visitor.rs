//! A visitor: logs in, asks, waits or leaves, talks or falls silent, ends, evaluates, and comes again.

use std::time::Duration;

use serde_json::json;

use super::{
    World,
    asker::{Asker, KnownStatus},
    im::{Talk, say},
};
use crate::{
    history::Fact,
    rng::Rng,
    setup::Counselor,
    socket::{self, Listener, Socket},
    store_probe::Lookup,
    wire::Reply,
};

/// Looks again after this when nothing was heard.
const LOOK_AGAIN: Duration = Duration::from_millis(400);

struct Visitor {
    world: World,
    asker: Asker,
    rng: Rng,
    socket: Socket,
    counselors: Vec<Counselor>,
}

/// Lives until the world closes.
pub(super) async fn live(world: World, number: usize, counselors: Vec<Counselor>) {
    let code = format!("v{number}");
    let mut rng = world.rng(&format!("sandbox_{code}"));
    tokio::time::sleep(rng.milliseconds(0..1500)).await;
    let asker = Asker::come(&world, &code).await;
    let listener = Listener {
        client: asker.client.clone(),
        person: asker.id.clone(),
        path: "/visitor/ws",
        probe: world.probe.clone(),
    };
    let socket = socket::open(listener, world.rng(&format!("{} socket", asker.username)));
    let mut visitor = Visitor { world, asker, rng, socket, counselors };
    while !visitor.world.is_closing() {
        visitor.visit().await;
        let pause = visitor.rng.milliseconds(100..1200);
        visitor.pause(pause).await;
    }
    // What is still told to them is heard.
    loop {
        visitor.pause(Duration::from_secs(1)).await;
    }
}

impl Visitor {
    async fn visit(&mut self) {
        let Some(opened) = self.open().await else { return };
        let Some(talk) = self.wait(opened).await else { return };
        let counselor = talk.counselor.as_deref().and_then(|id| self.world.username(id));
        if let Some(counselor) = counselor {
            self.talk(&talk, &counselor).await;
        }
        // Some just go, and leave the end to the limits.
        if self.rng.once_in(5) {
            self.until_over(&talk).await;
        } else {
            self.end(&talk.conversation).await;
        }
        if !self.rng.once_in(3) {
            self.evaluate(&talk.conversation).await;
        }
    }

    async fn open(&mut self) -> Option<KnownStatus> {
        let named = self.rng.once_in(3);
        let requested_counselor =
            if named { self.rng.one_of(&self.counselors).map(|c| c.id.clone()) } else { None };
        let mut request =
            json!({ "counselor": requested_counselor.clone().unwrap_or_else(|| "any".to_owned()) });
        if requested_counselor.is_some() && self.rng.once_in(2) {
            request["fallback"] = json!(true);
        }
        if let Some(known) = self.asker.open(&request).await {
            let conversation = Lookup::Conversation(&known.conversation);
            self.world.probe.look(&self.asker.username, conversation).await;
            return Some(known);
        }
        let pause = self.rng.milliseconds(50..250);
        self.pause(pause).await;
        self.asker.current().await.filter(KnownStatus::is_open)
    }

    /// Waits for their turn, or leaves; none when it is over before it began.
    async fn wait(&mut self, opened: KnownStatus) -> Option<KnownStatus> {
        let mut known = opened;
        let patience = if self.rng.once_in(4) { 300..3000 } else { 60_000..120_000 };
        let patience = tokio::time::Instant::now() + self.rng.milliseconds(patience);
        while known.status == "WAITING" {
            if tokio::time::Instant::now() > patience || self.world.is_closing() {
                self.end(&known.conversation).await;
                return None;
            }
            self.pause(LOOK_AGAIN).await;
            if let Some(now) = self.asker.one(&known.conversation).await {
                known = now;
            }
        }
        (known.status == "IN_PROGRESS").then_some(known)
    }

    async fn talk(&mut self, talk: &KnownStatus, counselor: &str) {
        for _ in 0..self.rng.number(1..7) {
            let (from, to) = (self.asker.username.clone(), counselor.to_owned());
            say(&self.world, Talk { conversation: talk.conversation.clone(), from, to });
            let pause = self.rng.milliseconds(80..900);
            if self.pause_unless_over(pause, &talk.conversation).await {
                return;
            }
        }
    }

    async fn until_over(&mut self, talk: &KnownStatus) {
        loop {
            if self.pause_unless_over(LOOK_AGAIN * 2, &talk.conversation).await {
                return;
            }
            if self.asker.one(&talk.conversation).await.is_some_and(|now| !now.is_open()) {
                return;
            }
        }
    }

    async fn end(&mut self, conversation: &str) {
        while !self.asker.end(conversation).await {
            let pause = self.rng.milliseconds(50..250);
            self.pause(pause).await;
        }
        self.world.probe.look(&self.asker.username, Lookup::End(conversation)).await;
    }

    /// Evaluates until the server says that it is there, by its own answer or by refusing a second one.
    async fn evaluate(&mut self, conversation: &str) {
        let object = if self.rng.once_in(2) { "CONVERSATION" } else { "COUNSELOR" };
        let level = i64::try_from(self.rng.number(1..6)).unwrap_or(5);
        let request = json!({ "conversationId": conversation, "objectType": object, "level": level });
        for _ in 0..100 {
            let id = match self.asker.client.put("/evaluate", &request).await {
                Reply::Told(evaluation) => evaluation["id"].as_str().map(str::to_owned),
                Reply::Refused { message, .. } if message == "评价已存在" => None,
                Reply::Refused { code: -1, message } if message == "会话尚未开始" => return,
                Reply::Refused { .. } | Reply::Fault(_) | Reply::Lost => {
                    let pause = self.rng.milliseconds(50..250);
                    self.pause(pause).await;
                    continue;
                }
            };
            let (conversation, object) = (conversation.to_owned(), object.to_owned());
            let look = Lookup::Evaluation { conversation: &conversation, object: &object };
            self.world.probe.look(&self.asker.username, look).await;
            self.world
                .history
                .note(&self.asker.username, Fact::Evaluated { id, conversation, object, level });
            return;
        }
    }

    /// Passes time, and hears what comes.
    async fn pause(&mut self, time: Duration) {
        self.pause_unless_over(time, "").await;
    }

    /// As [`Self::pause`]; breaks off and says so when `conversation` is heard to be over.
    async fn pause_unless_over(&mut self, time: Duration, conversation: &str) -> bool {
        let until = tokio::time::Instant::now() + time;
        loop {
            match tokio::time::timeout_at(until, self.socket.frames.recv()).await {
                Ok(Some(frame)) => {
                    if frame["event"] == "ended" && frame["conversation"] == conversation {
                        return true;
                    }
                }
                // The socket keeps itself; it ends with us.
                Ok(None) | Err(_) => return false,
            }
        }
    }
}
