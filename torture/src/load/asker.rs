//! A visitor's own questions, each asked once, with what was told of it written down.

use serde_json::{Value, json};

use super::World;
use crate::{
    history::Fact,
    setup::APP_ID,
    wire::{Client, Reply},
};

/// How a conversation stands, as the visitor was told last.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KnownStatus {
    pub(crate) conversation: String,
    pub(crate) status: String,
    pub(crate) counselor: Option<String>,
}

impl KnownStatus {
    fn of(object: &Value) -> Option<Self> {
        Some(Self {
            conversation: object["id"].as_str()?.to_owned(),
            status: object["status"].as_str()?.to_owned(),
            counselor: object["counselor"]["id"].as_str().map(str::to_owned),
        })
    }

    pub(crate) fn is_open(&self) -> bool {
        self.status == "WAITING" || self.status == "IN_PROGRESS"
    }
}

/// A visitor who has logged in.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    pub(crate) world: World,
    pub(crate) client: Client,
    pub(crate) id: String,
    pub(crate) username: String,
}

impl Asker {
    /// Logs in, however often it takes. In the sandbox the code is the name.
    pub(crate) async fn come(world: &World, code: &str) -> Self {
        let username = format!("sandbox_{code}");
        let mut client = world.client(&username);
        let id = client.log_in(&format!("/auth/wx/{APP_ID}/login?code={code}"), &Value::Null).await;
        world.remember_username(&id, &username);
        Self { world: world.clone(), client, id, username }
    }

    /// Somebody who asks for anyone.
    pub(crate) fn for_anyone() -> Value {
        json!({ "counselor": "any" })
    }

    /// Written down before it is asked: whether the request arrives is another matter.
    pub(crate) fn note_asked(&self) {
        self.world.history.note(&self.username, Fact::AskedOpen { visitor: self.id.clone() });
    }

    /// Asks for a conversation; none if the answer is anything but one.
    pub(crate) async fn open(&self, request: &Value) -> Option<KnownStatus> {
        self.note_asked();
        let Reply::Told(object) = self.client.put("/conversation", request).await else { return None };
        self.opened(&object)
    }

    /// What was told when a conversation was opened.
    pub(crate) fn opened(&self, object: &Value) -> Option<KnownStatus> {
        let known = KnownStatus::of(object)?;
        self.note(&known, true);
        Some(known)
    }

    fn note(&self, known: &KnownStatus, acknowledged: bool) {
        self.world.waits(&known.conversation, known.status == "WAITING");
        let KnownStatus { conversation, status, counselor } = known.clone();
        let visitor = self.id.clone();
        let fact = if acknowledged {
            Fact::Opened { conversation, visitor, status, counselor }
        } else {
            Fact::Seen { conversation, visitor, status, counselor }
        };
        self.world.history.note(&self.username, fact);
    }

    /// The newest of their conversations; none also if there was no answer.
    pub(crate) async fn current(&self) -> Option<KnownStatus> {
        self.newest().await.ok().flatten()
    }

    /// The newest of their conversations, if they have any; an error is whatever was answered instead.
    pub(crate) async fn newest(&self) -> Result<Option<KnownStatus>, Reply> {
        let reply = self.client.get("/conversation/current?size=1").await;
        let Reply::Told(list) = reply else { return Err(reply) };
        let known = KnownStatus::of(&list[0]);
        if let Some(known) = &known {
            self.note(known, false);
        }
        Ok(known)
    }

    pub(crate) async fn one(&self, conversation: &str) -> Option<KnownStatus> {
        let Reply::Told(object) = self.client.get(&format!("/conversation/{conversation}")).await else {
            return None;
        };
        let known = KnownStatus::of(&object)?;
        self.note(&known, false);
        Some(known)
    }

    /// Whether the end was acknowledged.
    pub(crate) async fn end(&self, conversation: &str) -> bool {
        let answer = self.client.post(&format!("/conversation/end/{conversation}"), &Value::Null).await;
        let told = matches!(answer, Reply::Told(_));
        if told {
            self.ended(conversation);
        }
        told
    }

    /// What was told when a conversation was ended.
    pub(crate) fn ended(&self, conversation: &str) {
        self.world.waits(conversation, false);
        self.world.history.note(&self.username, Fact::Ended { conversation: conversation.to_owned() });
    }
}
