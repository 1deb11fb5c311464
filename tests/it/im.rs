//! The hotline and Tencent IM, with a fake Tencent that keeps what was said: callbacks in, requests out.

mod asking;
mod callbacks;
mod calls;
mod forged;
mod history;
mod lost;
mod notices;
mod presence;
mod torrent;

use serde_json::{Value, json};

use crate::{
    fakes::tencent::Tencent,
    support::{Answer, Client, Hotline, SOON, Socket, Word, until, words},
};

/// A hotline with the counselor `lin` at the workbench, beside a fake Tencent.
struct House {
    hotline: Hotline,
    tencent: Tencent,
    lin: Client,
    lin_id: String,
    lin_socket: Socket,
}

/// A visitor in conversation with `lin`, or waiting for them.
struct Talk {
    visitor: Client,
    id: String,
}

impl House {
    async fn open() -> Self {
        Self::open_with(&[]).await
    }

    async fn open_with(settings: &[(&str, &str)]) -> Self {
        let tencent = Tencent::start().await;
        let mut hotline = Hotline::prepare(&["ecnu"]).await;
        hotline.set("im.rest_url", &tencent.url);
        for (key, value) in settings {
            hotline.set(key, value);
        }
        hotline.add_counselor("ecnu", "lin").await;
        hotline.add_user("ecnu", "INSTITUTION", "guanli").await;
        hotline.start().await;
        let (lin, lin_id, lin_socket) = workbench(&hotline).await;
        Self { hotline, tencent, lin, lin_id, lin_socket }
    }

    /// A visitor who asks for `lin`.
    async fn talk(&self, code: &str) -> Talk {
        let visitor = self.hotline.visitor("ecnu", code).await;
        let id = visitor.open(&self.lin_id).await["id"].as_str().expect("an id").to_owned();
        Talk { visitor, id }
    }

    /// Kills the server and starts it again.
    async fn restart(&mut self) {
        self.hotline.kill();
        self.start_again().await;
    }

    /// After a kill.
    async fn start_again(&mut self) {
        self.hotline.start().await;
        (self.lin, self.lin_id, self.lin_socket) = workbench(&self.hotline).await;
    }

    /// The record of a talk, as its texts.
    async fn record(&self, talk: &Talk) -> Vec<Value> {
        let path = format!("/message/conversation/web?conversationId={}&size=200", talk.id);
        let rows = self.lin.get(&path).await.ok();
        rows.as_array().expect("a list").clone()
    }

    async fn texts(&self, talk: &Talk) -> Vec<String> {
        let texts = self.record(talk).await;
        texts.iter().map(|row| row["payload"]["text"].as_str().unwrap_or("?").to_owned()).collect()
    }

    /// Waits until the record holds just these texts, in this order.
    async fn reads(&self, talk: &Talk, expected: &[&str]) {
        let mut last = Vec::new();
        let found = tokio::time::timeout(
            SOON * 3,
            until("the record is complete", SOON * 4, async || {
                last = self.texts(talk).await;
                (last == expected).then_some(())
            }),
        );
        assert!(found.await.is_ok(), "the record holds {last:?}, not {expected:?}");
    }

    /// Waits until a conversation is over; gives it.
    async fn over(&self, talk: &Talk) -> Value {
        until("the conversation is over", SOON * 3, async || {
            let conversation = talk.visitor.conversation(&talk.id).await;
            conversation["endTime"].is_i64().then_some(conversation)
        })
        .await
    }
}

async fn workbench(hotline: &Hotline) -> (Client, String, Socket) {
    let lin = hotline.staff("lin").await;
    let (id, mut socket) = (lin.id().await, lin.workbench().await);
    socket.snapshot().await;
    (lin, id, socket)
}

impl Talk {
    /// What the visitor says to `lin`.
    fn says(&self, sequence: u32, text: &str) -> Word {
        Word::new(&self.visitor.username, "lin", &self.id, sequence, words::text(text))
    }

    /// What `lin` answers.
    fn hears(&self, sequence: u32, text: &str) -> Word {
        Word::new("lin", &self.visitor.username, &self.id, sequence, words::text(text))
    }
}

/// A callback that was taken.
fn assert_taken(answer: &Answer) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        (&answer.body["ActionStatus"], &answer.body["ErrorCode"]),
        (&json!("OK"), &json!(0)),
        "{answer:?}"
    );
}
