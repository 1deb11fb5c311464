//! One visit: a socket of its own, a few words, and away.

use std::{net::SocketAddr, time::Duration};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest},
};

use super::{
    arrival,
    crew::{Gone, Speaker},
};
use crate::{
    history::{Fact, Leaving, Way, wall_ms},
    socket::key,
    wire::Reply,
    witness::Thing,
};

pub(crate) type Line = WebSocketStream<TcpStream>;

const CONNECT_MAX: Duration = Duration::from_secs(10);
const WRITE_MAX: Duration = Duration::from_secs(10);
const ARRIVED_MAX: Duration = Duration::from_secs(10);
/// An answer takes no longer, even from a database that was away.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// Said again so often until it is acknowledged.
const AGAIN_MAX: u32 = 300;

/// How visits are made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    pub(crate) ways: &'static [Way],
    pub(crate) words_max: u64,
    /// One in so many is gone before it is known whether everything has arrived, and says it once more.
    pub(crate) hasty_once_in: Option<u32>,
    /// Whether some stay on the line to hear what is acknowledged after their goodbye.
    pub(crate) lingers: bool,
}

impl Speaker {
    /// Comes, speaks and leaves, and writes down what was said.
    pub(super) async fn visit(&mut self, server: SocketAddr, manner: Manner) -> Gone {
        let way = *self.rng.one_of(manner.ways).unwrap_or(&Way::Goodbye);
        let is_hasty = manner.hasty_once_in.is_some_and(|times| self.rng.once_in(times));
        if self.client.token.is_none() {
            self.log_in().await;
        }
        let is_stranger = self.rng.once_in(3);
        let Some(line) = self.connect(server, is_stranger).await else { return Gone::default() };
        let mut leaving = Leaving {
            way,
            conversation: self.conversation.clone(),
            tokens: Vec::new(),
            late: Vec::new(),
            began: wall_ms(),
            left: i64::MAX,
            arrived: false,
        };
        let line = self.speak_and_leave(line, manner, is_hasty, &mut leaving).await;
        leaving.left = leaving.left.min(wall_ms());
        self.ground.history.note(&self.username, Fact::Left(leaving.clone()));
        if is_hasty {
            for token in &leaving.tokens {
                self.say_again(token).await;
            }
        }
        let keys = |token: &String| key(&self.conversation, token);
        let arrived = if leaving.arrived { leaving.tokens.iter().map(keys).collect() } else { Vec::new() };
        Gone { line, arrived }
    }

    /// A stranger's first frame is the log-in, and nobody waits for what comes of it.
    async fn connect(&self, server: SocketAddr, is_stranger: bool) -> Option<Line> {
        let token = self.client.token.as_deref().unwrap_or_default();
        let mut request = format!("ws://{server}/visitor/ws").into_client_request().ok()?;
        if !is_stranger {
            request.headers_mut().insert("Authorization", format!("Bearer {token}").parse().ok()?);
        }
        let connecting = async {
            let stream = TcpStream::connect(server).await.ok()?;
            stream.set_nodelay(true).ok()?;
            tokio_tungstenite::client_async(request, stream).await.ok()
        };
        let (mut line, _) = timeout(CONNECT_MAX, connecting).await.ok()??;
        if is_stranger {
            let log_in = json!({ "type": "auth", "token": token });
            line.feed(Message::text(log_in.to_string())).await.ok()?;
        }
        Some(line)
    }

    /// None when the way was gone before all was said, or is gone now; else the socket that stays.
    async fn speak_and_leave(
        &mut self,
        mut line: Line,
        manner: Manner,
        is_hasty: bool,
        leaving: &mut Leaving,
    ) -> Option<Line> {
        if self.rng.once_in(2) {
            for _ in 0..self.rng.number(1..4) {
                let token = self.next_token();
                leaving.tokens.push(token.clone());
                self.say_until_said(&mut line, &token).await?;
            }
        }
        let burst = self.rng.number(1..manner.words_max + 1);
        for _ in 0..burst {
            let token = self.next_token();
            line.feed(self.say(&token)).await.ok()?;
            leaving.tokens.push(token);
        }
        timeout(WRITE_MAX, line.flush()).await.ok()?.ok()?;
        match leaving.way {
            Way::Goodbye => timeout(WRITE_MAX, line.close(None)).await.ok()?.ok()?,
            Way::Fin => line.get_mut().shutdown().await.ok()?,
            Way::Reset | Way::LogOut | Way::Stop => {}
        }
        leaving.arrived = !is_hasty && arrival::is_whole(line.get_ref(), ARRIVED_MAX).await;
        leaving.left = wall_ms();
        match leaving.way {
            Way::Goodbye | Way::Fin => {
                if manner.lingers && self.rng.once_in(2) {
                    self.hear_the_end(&mut line, leaving).await;
                }
                None
            }
            Way::Reset => {
                line.get_ref().set_zero_linger().ok()?;
                None
            }
            Way::LogOut => {
                self.log_out(&mut line, leaving).await;
                None
            }
            Way::Stop => Some(line),
        }
    }

    async fn log_out(&mut self, line: &mut Line, leaving: &mut Leaving) {
        let is_answered = self.client.log_out().await;
        // Whoever was not answered may be logged out all the same.
        self.client.token = None;
        if !is_answered {
            return;
        }
        for _ in 0..3 {
            let token = self.next_token();
            // The socket may be closed already.
            let _closed = line.send(self.say(&token)).await;
            leaving.late.push(token);
        }
    }

    /// What is acknowledged after the goodbye counts like any other.
    async fn hear_the_end(&self, line: &mut Line, leaving: &Leaving) {
        while let Ok(Some(Ok(message))) = timeout(ANSWER_MAX, line.next()).await {
            let Message::Text(text) = message else { continue };
            let frame: Value = serde_json::from_str(&text).unwrap_or_default();
            let Some(token) = leaving.tokens.iter().find(|token| frame["ref"] == token.as_str()) else {
                continue;
            };
            if frame["type"] == "said" {
                self.note_said(token).await;
            }
        }
    }

    fn say(&self, token: &str) -> Message {
        let word = json!({ "type": "say", "ref": token, "conversation": self.conversation, "text": token });
        Message::text(word.to_string())
    }

    /// Says it until it is acknowledged, as a page does that is told that it could not be kept just now.
    async fn say_until_said(&mut self, line: &mut Line, token: &str) -> Option<()> {
        for _ in 0..AGAIN_MAX {
            line.send(self.say(token)).await.ok()?;
            let answer = loop {
                let Message::Text(text) = timeout(ANSWER_MAX, line.next()).await.ok()??.ok()? else {
                    continue;
                };
                let frame: Value = serde_json::from_str(&text).ok()?;
                if frame["ref"] == token {
                    break frame;
                }
            };
            if answer["type"] == "said" {
                self.note_said(token).await;
                return Some(());
            }
            tokio::time::sleep(self.rng.milliseconds(50..250)).await;
        }
        None
    }

    async fn note_said(&self, token: &str) {
        let (from, to) = (self.username.clone(), self.counselor.clone());
        let (key, conversation) = (key(&self.conversation, token), self.conversation.clone());
        let said = Fact::Said {
            token: token.to_owned(),
            from: from.clone(),
            to: to.clone(),
            key: key.clone(),
            conversation,
        };
        self.ground.history.note(&self.username, said);
        let look = Thing::Word { from: &from, to: &to, key: &key };
        self.ground.witness.look(&self.username, look).await;
    }

    /// By a request, while the server may still be at the same word, or has been killed: it counts once.
    async fn say_again(&mut self, token: &str) {
        let words = json!([{ "ref": token, "conversation": self.conversation, "text": token }]);
        for _ in 0..AGAIN_MAX {
            if self.client.token.is_none() {
                self.log_in().await;
            }
            match self.client.post("/im/say", &words).await {
                // Each word of the list has its own answer.
                Reply::Told(answers) if answers[0]["type"] == "said" => {
                    self.note_said(token).await;
                    return;
                }
                Reply::Told(_) | Reply::Refused { .. } | Reply::Fault(_) | Reply::Lost => {}
            }
            tokio::time::sleep(self.rng.milliseconds(50..250)).await;
        }
    }

    /// One word, acknowledged.
    pub(super) async fn say_one(&mut self, server: SocketAddr) -> Option<String> {
        if self.client.token.is_none() {
            self.log_in().await;
        }
        let mut line = self.connect(server, false).await?;
        let token = self.next_token();
        self.say_until_said(&mut line, &token).await?;
        Some(token)
    }
}
