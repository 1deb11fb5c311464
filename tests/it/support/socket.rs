//! A person's socket. What is expected is waited for, with a limit; what came meanwhile stays and can be expected later.

use std::time::Duration;

use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use serde_json::{Value, json};
use tokio::{
    net::{TcpSocket, TcpStream},
    sync::mpsc,
    task::JoinHandle,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest},
};

use super::SOON;

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

enum Incoming {
    Frame(Value),
    /// The close code, if one was given.
    Closed(Option<u16>),
}

/// An open socket; dropping it drops the connection without a goodbye, as a tunnel does.
#[derive(Debug)]
pub(crate) struct Socket {
    whose: String,
    sink: SplitSink<Stream, Message>,
    incoming: mpsc::UnboundedReceiver<Incoming>,
    reader: JoinHandle<()>,
    /// Frames that came and were not yet expected, oldest first.
    unexpected: Vec<Value>,
}

/// Opens a socket, with the token as Bearer where there is one.
pub(super) async fn open(url: &str, token: Option<&str>, whose: &str) -> Socket {
    let mut request = url.into_client_request().expect("the address is well formed");
    if let Some(token) = token {
        let value = format!("Bearer {token}").parse().expect("a token fits a header");
        request.headers_mut().insert("Authorization", value);
    }
    let (stream, _) = tokio_tungstenite::connect_async(request)
        .await
        .unwrap_or_else(|error| panic!("the socket of {whose} opens: {error}"));
    let (sink, stream) = stream.split();
    let (sender, incoming) = mpsc::unbounded_channel();
    // Reading in a task of its own answers the server's pings whatever the test waits for.
    let reader = tokio::spawn(read(stream, sender));
    Socket { whose: whose.to_owned(), sink, incoming, reader, unexpected: Vec::new() }
}

async fn read(mut stream: SplitStream<Stream>, sender: mpsc::UnboundedSender<Incoming>) {
    while let Some(Ok(message)) = stream.next().await {
        if let Message::Text(text) = message {
            let frame = serde_json::from_str(&text).expect("a text frame is JSON");
            let _ = sender.send(Incoming::Frame(frame));
        } else if let Message::Close(frame) = message {
            let _ = sender.send(Incoming::Closed(frame.map(|frame| frame.code.into())));
            return;
        }
    }
    let _ = sender.send(Incoming::Closed(None));
}

/// A window so small that a reader who stops is noticed early.
const RECEIVE_BUFFER_BYTES: u32 = 32 * 1024;

/// A socket whose frames nobody reads until the test does: no ping is answered meanwhile.
pub(super) async fn open_unread(url: &str, token: &str) -> WebSocketStream<TcpStream> {
    let mut request = url.into_client_request().expect("the address is well formed");
    let bearer = format!("Bearer {token}").parse().expect("a token fits a header");
    request.headers_mut().insert("Authorization", bearer);
    let host = request.uri().authority().expect("the address has a host").as_str().to_owned();
    let tcp = TcpSocket::new_v4().expect("a socket can be made");
    tcp.set_recv_buffer_size(RECEIVE_BUFFER_BYTES).expect("the window can be small");
    let stream = tcp.connect(host.parse().expect("an address")).await.expect("the server listens");
    let (socket, _) = tokio_tungstenite::client_async(request, stream).await.expect("the socket opens");
    socket
}

/// The code with which the server closes a socket that the test reads by itself.
pub(crate) async fn close_code(socket: &mut WebSocketStream<TcpStream>) -> Option<u16> {
    let closed = async {
        while let Some(Ok(message)) = socket.next().await {
            if let Message::Close(reason) = message {
                return reason.map(|reason| reason.code.into());
            }
        }
        None
    };
    tokio::time::timeout(SOON, closed).await.expect("the socket is closed")
}

impl Socket {
    /// The first frame that fits, among those that came already and those to come.
    pub(crate) async fn expect(
        &mut self,
        what: &str,
        fits: impl Fn(&Value) -> bool,
        within: Duration,
    ) -> Value {
        if let Some(index) = self.unexpected.iter().position(&fits) {
            return self.unexpected.remove(index);
        }
        let waited = tokio::time::timeout(within, async {
            loop {
                match self.incoming.recv().await {
                    Some(Incoming::Frame(frame)) if fits(&frame) => return Ok(frame),
                    Some(Incoming::Frame(frame)) => self.unexpected.push(frame),
                    Some(Incoming::Closed(code)) => return Err(code),
                    None => return Err(None),
                }
            }
        })
        .await;
        let failure = match waited {
            Ok(Ok(frame)) => return frame,
            Ok(Err(code)) => format!("the socket was closed ({code:?})"),
            Err(elapsed) => format!("not within {within:?} ({elapsed})"),
        };
        panic!("{}: {what}: {failure}\n{}", self.whose, self.seen())
    }

    fn seen(&self) -> String {
        self.unexpected.iter().fold("came instead:".to_owned(), |text, frame| format!("{text}\n  {frame}"))
    }

    pub(crate) async fn snapshot(&mut self) -> Value {
        self.expect("a snapshot", |frame| frame["type"] == "snapshot", SOON).await
    }

    /// The event `name` of a conversation.
    pub(crate) async fn event(&mut self, name: &str, conversation: &str) -> Value {
        self.event_within(name, conversation, SOON).await
    }

    pub(crate) async fn event_within(&mut self, name: &str, conversation: &str, within: Duration) -> Value {
        let what = format!("the event {name} of {conversation}");
        let fits = |frame: &Value| {
            frame["type"] == "event" && frame["event"] == name && frame["conversation"] == conversation
        };
        self.expect(&what, fits, within).await
    }

    /// The state of a waiting visitor: this place in the queue.
    pub(crate) async fn place(&mut self, position: u64) -> Value {
        let fits = |frame: &Value| frame["type"] == "state" && frame["queue"]["position"] == position;
        self.expect(&format!("place {position} in the queue"), fits, SOON).await
    }

    pub(crate) async fn send(&mut self, frame: Value) {
        self.send_text(&frame.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.sink.send(Message::text(text)).await.expect("the socket takes a frame");
    }

    /// Whether the event `name` came among what was not expected so far.
    pub(crate) fn has_come(&self, name: &str) -> bool {
        self.unexpected.iter().any(|frame| frame["event"] == name)
    }

    /// What came and was not expected so far.
    pub(crate) fn came(&self) -> &[Value] {
        &self.unexpected
    }

    /// Whether the message with this key of its author's came among what was not expected so far.
    pub(crate) fn has_heard(&self, reference: &str) -> bool {
        self.unexpected.iter().any(|frame| frame["type"] == "message" && frame["message"]["ref"] == reference)
    }

    /// Whether a frame of this type came among what was not expected so far.
    pub(crate) fn has_come_as(&self, kind: &str) -> bool {
        self.unexpected.iter().any(|frame| frame["type"] == kind)
    }

    /// Sends frames until the server has had enough.
    pub(crate) async fn flood(&mut self, frames: impl Iterator<Item = Value>) {
        for frame in frames {
            if self.sink.send(Message::text(frame.to_string())).await.is_err() {
                return;
            }
        }
    }

    /// Sends a ping command and waits for its pong: everything sent before it has been taken in.
    pub(crate) async fn ping(&mut self) {
        self.send(json!({ "type": "ping" })).await;
        self.expect("a pong", |frame| frame["type"] == "pong", SOON).await;
    }

    /// The code with which the server closes the socket.
    pub(crate) async fn closed(&mut self, within: Duration) -> Option<u16> {
        let waited = tokio::time::timeout(within, async {
            loop {
                match self.incoming.recv().await {
                    Some(Incoming::Frame(frame)) => self.unexpected.push(frame),
                    Some(Incoming::Closed(code)) => return code,
                    None => return None,
                }
            }
        });
        waited
            .await
            .unwrap_or_else(|_| panic!("{}: not closed within {within:?}\n{}", self.whose, self.seen()))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.reader.abort();
    }
}
