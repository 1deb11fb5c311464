//! One visit: a socket of its own, a few messages, and away.

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
    speakers::{Speaker, VisitOutcome},
};
use crate::{
    history::{Disconnect, Fact, Visit, wall_ms},
    socket::key,
    store_probe::Lookup,
    wire::Reply,
};

pub(crate) type TalkSocket = WebSocketStream<TcpStream>;

const CONNECT_MAX: Duration = Duration::from_secs(10);
const WRITE_MAX: Duration = Duration::from_secs(10);
const ARRIVED_MAX: Duration = Duration::from_secs(10);
/// An answer takes no longer, even from a database that was away.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// Said again so often until it is acknowledged.
const AGAIN_MAX: u32 = 300;

/// How visits are made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct VisitOptions {
    pub(crate) ways: &'static [Disconnect],
    pub(crate) messages_max: u64,
    /// One in so many is gone before it is known whether everything has arrived, and says it once more.
    pub(crate) hasty_once_in: Option<u32>,
    /// Whether some stay on the socket to hear what is acknowledged after their goodbye.
    pub(crate) lingers: bool,
}

impl Speaker {
    /// Comes, speaks and leaves, and writes down what was said.
    pub(super) async fn visit(&mut self, server: SocketAddr, options: VisitOptions) -> VisitOutcome {
        let way = *self.rng.one_of(options.ways).unwrap_or(&Disconnect::CloseFrame);
        let is_hasty = options.hasty_once_in.is_some_and(|times| self.rng.once_in(times));
        if self.client.token.is_none() {
            self.log_in().await;
        }
        let is_stranger = self.rng.once_in(3);
        let Some(socket) = self.connect(server, is_stranger).await else { return VisitOutcome::default() };
        let mut visit = Visit {
            way,
            conversation: self.conversation.clone(),
            tokens: Vec::new(),
            late: Vec::new(),
            began: wall_ms(),
            left: i64::MAX,
            arrived: false,
        };
        let socket = self.speak_and_disconnect(socket, options, is_hasty, &mut visit).await;
        visit.left = visit.left.min(wall_ms());
        self.shared.history.note(&self.username, Fact::Left(visit.clone()));
        if is_hasty {
            for token in &visit.tokens {
                self.say_again(token).await;
            }
        }
        let keys = |token: &String| key(&self.conversation, token);
        let arrived = if visit.arrived { visit.tokens.iter().map(keys).collect() } else { Vec::new() };
        VisitOutcome { socket, arrived }
    }

    /// A stranger's first frame is the log-in, and nobody waits for what comes of it.
    async fn connect(&self, server: SocketAddr, is_stranger: bool) -> Option<TalkSocket> {
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
        let (mut socket, _) = timeout(CONNECT_MAX, connecting).await.ok()??;
        if is_stranger {
            let log_in = json!({ "type": "auth", "token": token });
            socket.feed(Message::text(log_in.to_string())).await.ok()?;
        }
        Some(socket)
    }

    /// None when the way was gone before all was said, or is gone now; else the socket that stays.
    async fn speak_and_disconnect(
        &mut self,
        mut socket: TalkSocket,
        options: VisitOptions,
        is_hasty: bool,
        visit: &mut Visit,
    ) -> Option<TalkSocket> {
        if self.rng.once_in(2) {
            for _ in 0..self.rng.number(1..4) {
                let token = self.next_token();
                visit.tokens.push(token.clone());
                self.say_until_said(&mut socket, &token).await?;
            }
        }
        let burst = self.rng.number(1..options.messages_max + 1);
        for _ in 0..burst {
            let token = self.next_token();
            socket.feed(self.say(&token)).await.ok()?;
            visit.tokens.push(token);
        }
        timeout(WRITE_MAX, socket.flush()).await.ok()?.ok()?;
        match visit.way {
            Disconnect::CloseFrame => timeout(WRITE_MAX, socket.close(None)).await.ok()?.ok()?,
            Disconnect::Fin => socket.get_mut().shutdown().await.ok()?,
            Disconnect::Reset | Disconnect::LogOut | Disconnect::ServerStop => {}
        }
        visit.arrived = !is_hasty && arrival::is_whole(socket.get_ref(), ARRIVED_MAX).await;
        visit.left = wall_ms();
        match visit.way {
            Disconnect::CloseFrame | Disconnect::Fin => {
                if options.lingers && self.rng.once_in(2) {
                    self.hear_the_end(&mut socket, visit).await;
                }
                None
            }
            Disconnect::Reset => {
                socket.get_ref().set_zero_linger().ok()?;
                None
            }
            Disconnect::LogOut => {
                self.log_out(&mut socket, visit).await;
                None
            }
            Disconnect::ServerStop => Some(socket),
        }
    }

    async fn log_out(&mut self, socket: &mut TalkSocket, visit: &mut Visit) {
        let is_answered = self.client.log_out().await;
        // Whoever was not answered may be logged out all the same.
        self.client.token = None;
        if !is_answered {
            return;
        }
        for _ in 0..3 {
            let token = self.next_token();
            // The socket may be closed already.
            let _closed = socket.send(self.say(&token)).await;
            visit.late.push(token);
        }
    }

    /// What is acknowledged after the goodbye counts like any other.
    async fn hear_the_end(&self, socket: &mut TalkSocket, visit: &Visit) {
        while let Ok(Some(Ok(message))) = timeout(ANSWER_MAX, socket.next()).await {
            let Message::Text(text) = message else { continue };
            let frame: Value = serde_json::from_str(&text).unwrap_or_default();
            let Some(token) = visit.tokens.iter().find(|token| frame["ref"] == token.as_str()) else {
                continue;
            };
            if frame["type"] == "said" {
                self.note_said(token).await;
            }
        }
    }

    fn say(&self, token: &str) -> Message {
        let message =
            json!({ "type": "say", "ref": token, "conversation": self.conversation, "text": token });
        Message::text(message.to_string())
    }

    /// Says it until it is acknowledged, as a page does that is told that it could not be kept just now.
    async fn say_until_said(&mut self, socket: &mut TalkSocket, token: &str) -> Option<()> {
        for _ in 0..AGAIN_MAX {
            socket.send(self.say(token)).await.ok()?;
            let answer = loop {
                let Message::Text(text) = timeout(ANSWER_MAX, socket.next()).await.ok()??.ok()? else {
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
        self.shared.history.note(&self.username, said);
        let look = Lookup::Message { from: &from, to: &to, key: &key };
        self.shared.probe.look(&self.username, look).await;
    }

    /// By a request, while the server may still be at the same message, or has been killed: it counts once.
    async fn say_again(&mut self, token: &str) {
        let messages = json!([{ "ref": token, "conversation": self.conversation, "text": token }]);
        for _ in 0..AGAIN_MAX {
            if self.client.token.is_none() {
                self.log_in().await;
            }
            match self.client.post("/im/say", &messages).await {
                // Each message of the list has its own answer.
                Reply::Told(answers) if answers[0]["type"] == "said" => {
                    self.note_said(token).await;
                    return;
                }
                Reply::Told(_) | Reply::Refused { .. } | Reply::Fault(_) | Reply::Lost => {}
            }
            tokio::time::sleep(self.rng.milliseconds(50..250)).await;
        }
    }

    /// One message, acknowledged.
    pub(super) async fn say_one(&mut self, server: SocketAddr) -> Option<String> {
        if self.client.token.is_none() {
            self.log_in().await;
        }
        let mut socket = self.connect(server, false).await?;
        let token = self.next_token();
        self.say_until_said(&mut socket, &token).await?;
        Some(token)
    }
}
