//! A person's socket: comes back whenever it is lost, goes on from its cursor, and writes down what it hears.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpStream, sync::mpsc};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest},
};

use crate::{
    history::{Fact, HeardEvent},
    rng::Rng,
    store_probe::{Lookup, StoreProbe},
    wire::Client,
};

/// Connecting takes no longer, or is tried again.
const CONNECT_MAX: Duration = Duration::from_secs(4);
/// A server that pings every two seconds and says nothing for so long is gone.
const SILENT_MAX: Duration = Duration::from_secs(12);
/// Frames that nobody has looked at yet.
const FRAMES_MAX: usize = 4096;

/// What comes from, and goes to, a socket that its owner need not look after.
#[derive(Debug)]
pub struct Socket {
    pub frames: mpsc::Receiver<Value>,
    pub commands: mpsc::Sender<Value>,
}

/// Whose socket, and where.
#[derive(Debug, Clone)]
pub struct Listener {
    pub client: Client,
    pub person: String,
    pub path: &'static str,
    pub probe: StoreProbe,
}

/// Opens a socket that lives as long as its frames are read.
pub fn open(listener: Listener, rng: Rng) -> Socket {
    let (sender, frames) = mpsc::channel(FRAMES_MAX);
    let (commands, to_send) = mpsc::channel(16);
    tokio::spawn(keep(listener, rng, sender, to_send));
    Socket { frames, commands }
}

async fn keep(
    listener: Listener,
    mut rng: Rng,
    frames: mpsc::Sender<Value>,
    mut commands: mpsc::Receiver<Value>,
) {
    let mut cursor = None;
    while !frames.is_closed() {
        let _gone = listener.listen(&mut cursor, &frames, &mut commands).await;
        tokio::time::sleep(rng.milliseconds(20..120)).await;
        // Now and then somebody loads the page anew, and knows nothing.
        if rng.once_in(6) {
            cursor = None;
        }
    }
}

impl Listener {
    /// One connection, until it ends.
    async fn listen(
        &self,
        cursor: &mut Option<u64>,
        frames: &mpsc::Sender<Value>,
        commands: &mut mpsc::Receiver<Value>,
    ) -> Option<()> {
        let query = cursor.map_or(String::new(), |since| format!("?since={since}"));
        let url = self.client.socket_url(&format!("{}{query}", self.path));
        let mut request = url.into_client_request().ok()?;
        let bearer = format!("Bearer {}", self.client.token.as_deref().unwrap_or_default());
        request.headers_mut().insert("Authorization", bearer.parse().ok()?);
        let connecting = tokio_tungstenite::connect_async(request);
        let (stream, _) = tokio::time::timeout(CONNECT_MAX, connecting).await.ok()?.ok()?;
        let socket = self.client.history.next_socket();
        let mut code = None;
        let gone = self.hear(socket, stream, cursor, (frames, commands), &mut code).await;
        self.client.history.note(&self.client.name, Fact::Closed { socket, code });
        gone
    }

    /// As long as anything comes. `code` becomes the server's, if it closes.
    async fn hear(
        &self,
        socket: u64,
        stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
        cursor: &mut Option<u64>,
        (frames, commands): (&mpsc::Sender<Value>, &mut mpsc::Receiver<Value>),
        code: &mut Option<u16>,
    ) -> Option<()> {
        let (mut sink, mut stream) = stream.split();
        loop {
            tokio::select! {
                command = commands.recv() => {
                    sink.send(Message::text(command?.to_string())).await.ok()?;
                }
                message = tokio::time::timeout(SILENT_MAX, stream.next()) => {
                    let text = match message.ok()??.ok()? {
                        Message::Text(text) => text,
                        Message::Close(why) => {
                            *code = why.map(|why| why.code.into());
                            continue;
                        }
                        _ => continue,
                    };
                    let frame: Value = serde_json::from_str(&text).ok()?;
                    self.note(socket, &frame, cursor).await;
                    frames.send(frame).await.ok()?;
                }
            }
        }
    }

    async fn note(&self, socket: u64, frame: &Value, cursor: &mut Option<u64>) {
        let joined = |cursor| Fact::Joined { socket, person: self.person.clone(), cursor };
        let name = &self.client.name;
        match frame["type"].as_str() {
            Some("snapshot") => {
                *cursor = frame["cursor"].as_u64();
                self.client.history.note(name, joined(cursor.unwrap_or(0)));
            }
            // What was missed follows: it goes on from where it was.
            Some("resumed") => self.client.history.note(name, joined(cursor.unwrap_or(0))),
            Some("event") => {
                let Some(event) = heard(frame) else { return };
                let seq = event.seq;
                *cursor = Some(seq);
                self.client.history.note(name, Fact::Heard { socket, event });
                self.probe.look(name, Lookup::Event(seq)).await;
            }
            Some("message") => {
                let Some((conversation, from, token)) = message(frame) else { return };
                let key = key(&conversation, &token);
                self.client.history.note(name, Fact::HeardMessage { socket, conversation, token });
                self.probe.look(name, Lookup::Message { from: &from, to: name, key: &key }).await;
            }
            _ => {}
        }
    }
}

fn heard(frame: &Value) -> Option<HeardEvent> {
    let text = |key: &str| frame[key].as_str().map(str::to_owned);
    Some(HeardEvent {
        seq: frame["seq"].as_u64()?,
        at: frame["time"].as_i64()?,
        kind: text("event")?,
        conversation: text("conversation"),
        counselor: text("counselor"),
        reason: text("endReason"),
    })
}

/// The talk, the author's account and the author's own key of a message that is told.
fn message(frame: &Value) -> Option<(String, String, String)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Some((text(&frame["conversation"])?, text(&frame["message"]["from"])?, text(&frame["message"]["ref"])?))
}

/// Under which a message of our own IM is kept, once.
pub fn key(conversation: &str, token: &str) -> String {
    format!("{conversation}:{token}")
}

/// The command that sets presence.
pub fn presence(chosen: &str) -> Value {
    json!({ "type": "presence", "presence": chosen })
}
