//! Streams of bytes between the servers, over NATS, so that no server needs the address of another.
//!
//! A stream is what a TCP connection is: bytes arrive whole, in order and once, or the stream fails at both ends. NATS itself promises
//! less: it may lose messages, though it never changes their order. What is made of that:
//!
//! - Between two servers there is a *link*. All its streams share its messages: what waits for the same server goes as one. Messages
//!   are numbered for each direction; whatever is lost shows as a gap, and then all streams of the link are reset
//!   (`bus/numbering.rs` says why that holds; `bus/wire.rs` has the bytes).
//! - Each end of a stream may send 256 KiB more than the other has read (`bus/flow.rs`). So buffers are bounded, and who reads slowly
//!   holds up their own stream only.
//! - Link messages go to `hotline.v1.server.<to>.from.<from>`. Each names where NATS is to say at once that nobody listens
//!   there: `hotline.v1.server.<from>.none.<to>.<numbering>.<n>`.
//! - What is for all goes to `hotline.v1.all.<topic>`: a version, the sender's id, and bytes. Twice a second each server beats
//!   there; its own beat, when it comes back, proves that the bus carries anything.
//!
//! Whoever may use the NATS account may pretend to be any server: it is for these servers alone.

mod flow;
mod link;
mod nats;
mod numbering;
mod shared;
mod wire;
mod work;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_nats::{Client, connection::State};
use bytes::Bytes;
use tokio::{
    sync::{broadcast, mpsc, oneshot},
    time::timeout,
};
use uuid::Uuid;

use flow::Refusal;
use nats::Servers;
use shared::Shared;
use work::{Inlets, Tell};

pub use link::BusStream;
pub use work::BusEnd;

/// Opening a stream takes no longer, or has failed.
pub const OPEN_MAX: Duration = Duration::from_secs(1);
/// Who was not heard for so long, three beats, is not heard.
pub const HEARD_WITHIN: Duration = Duration::from_millis(1_500);
/// Streams that others have opened and nobody has taken yet.
const ACCEPT_MAX: usize = 1024;
/// What waits to be told to all.
const TELLS_MAX: usize = 256;
/// What can be told to all at once.
pub const TELL_BYTES_MAX: usize = 256 * 1024;
/// How often a stream is opened whose link begins anew meanwhile. Nothing has been sent on it, so nothing is sent twice.
const OPEN_TRIES_MAX: usize = 3;

/// The servers that this one can reach. Cheap to clone.
#[derive(Clone)]
pub struct Bus(Arc<Inner>);

struct Inner {
    client: Client,
    shared: Arc<Shared>,
    tells: mpsc::Sender<Tell>,
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus").field("id", &self.0.shared.id).finish_non_exhaustive()
    }
}

/// Why there is no bus. The urls are not repeated: they hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BusFault {
    #[error(
        "url {position} of NATS is none: expected nats://user:password@host:port, or the same with tls://"
    )]
    Url { position: usize },
    #[error("the urls of NATS name different users or passwords")]
    Credentials,
    #[error("too many urls of NATS")]
    TooManyUrls,
    #[error("the client of NATS does not start: {0}")]
    Client(String),
}

/// Why no stream was opened. Nobody has been given anything of it, whichever it is, but perhaps of a stream with nothing in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConnectFault {
    #[error("no server is reached under this id")]
    NoSuchServer,
    #[error("the server did not answer in time")]
    Late,
    #[error("the bus is not connected")]
    NoBus,
    #[error("the server takes no more streams")]
    Refused,
    #[error("too many streams or servers")]
    TooMany,
    #[error("the link to the server broke")]
    Broken,
}

/// Something that another server told all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub from: Uuid,
    pub topic: String,
    pub bytes: Bytes,
}

/// What the bus has carried, for metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Streams open now, at this end.
    pub streams: usize,
    /// Link messages and their bytes.
    pub messages_out: u64,
    pub bytes_out: u64,
    pub messages_in: u64,
    pub bytes_in: u64,
    /// How often the streams of a link were reset because something was lost.
    pub gaps: u64,
    pub is_up: bool,
}

impl Bus {
    /// Starts the bus for the server `id`, which must be new at each start of the process. It connects in the background and
    /// goes on trying for ever: a NATS that is away keeps no server from starting.
    ///
    /// `urls`: nats:// or tls://, with user and password, separated by commas. The second value: streams that other servers open;
    /// while it is full, more are refused. The third: ready when the bus has died.
    ///
    /// # Errors
    ///
    /// A url that is none.
    pub async fn start(urls: &str, id: Uuid) -> Result<(Self, mpsc::Receiver<BusStream>, BusEnd), BusFault> {
        let servers = Servers::parse(urls)?;
        let (accept, streams) = mpsc::channel(ACCEPT_MAX);
        let (shared, ready) = Shared::new(id, accept);
        let (told_of, is_away) = (shared.clone(), Arc::new(AtomicBool::new(false)));
        let options = servers.options(id).event_callback(move |event| {
            work::on_event(&told_of, &is_away, &event);
            std::future::ready(())
        });
        let fault = |error: &dyn fmt::Display| BusFault::Client(error.to_string());
        let client = options.connect(servers.addresses).await.map_err(|error| fault(&error))?;
        // In this order: once an own beat has come back, the first is in place as well.
        let to_server = client.subscribe(nats::to_server(id)).await.map_err(|error| fault(&error))?;
        let to_all = client.subscribe(nats::to_all()).await.map_err(|error| fault(&error))?;
        let (tells, to_tell) = mpsc::channel(TELLS_MAX);
        let end = work::start(&client, &shared, Inlets { to_server, to_all, ready, tells: to_tell });
        Ok((Self(Arc::new(Inner { client, shared, tells })), streams, end))
    }

    pub fn id(&self) -> Uuid {
        self.0.shared.id
    }

    /// Opens a stream to the server with this id, within [`OPEN_MAX`]. A server has no stream to itself.
    ///
    /// # Errors
    ///
    /// [`ConnectFault::NoSuchServer`] and [`ConnectFault::NoBus`] come at once.
    pub async fn connect(&self, server: Uuid) -> Result<BusStream, ConnectFault> {
        timeout(OPEN_MAX, self.open(server)).await.unwrap_or(Err(ConnectFault::Late))
    }

    async fn open(&self, server: Uuid) -> Result<BusStream, ConnectFault> {
        let shared = &self.0.shared;
        if server == shared.id {
            return Err(ConnectFault::NoSuchServer);
        }
        for _ in 0..OPEN_TRIES_MAX {
            if self.0.client.connection_state() != State::Connected {
                return Err(ConnectFault::NoBus);
            }
            let link = shared.link(server).ok_or(ConnectFault::TooMany)?;
            let (answer, answered) = oneshot::channel();
            // Dropped, it takes back what it began, also if this is given up while it waits.
            let stream = link.open(shared.next_stream(), answer).ok_or(ConnectFault::TooMany)?;
            match answered.await {
                Ok(Ok(())) => return Ok(stream),
                Ok(Err(Refusal::Fault(fault))) => return Err(fault),
                Ok(Err(Refusal::LinkReset)) | Err(_) => {}
            }
        }
        Err(ConnectFault::Broken)
    }

    /// Whether that server was heard within [`HEARD_WITHIN`].
    pub fn hears(&self, server: Uuid) -> bool {
        self.0.shared.hears_within(server, HEARD_WITHIN)
    }

    /// Whether this server hears anything of the bus: its own beat came back within [`HEARD_WITHIN`].
    pub fn is_up(&self) -> bool {
        self.hears(self.id())
    }

    /// Tells all servers something, which may be lost. `topic` is one word, and not that of the beat; at most [`TELL_BYTES_MAX`].
    pub fn tell_all(&self, topic: &'static str, bytes: Bytes) {
        let can_be_told = nats::is_topic(topic) && topic != nats::BEAT && bytes.len() <= TELL_BYTES_MAX;
        debug_assert!(
            can_be_told,
            "{topic} is one word and not that of the beat, and what is told is not too long"
        );
        if !can_be_told || self.0.tells.try_send(Tell { topic, bytes }).is_err() {
            tracing::warn!(topic, "bus: something is not told to the other servers");
        }
    }

    /// What the other servers tell all. Whoever falls behind loses the oldest.
    pub fn told(&self) -> broadcast::Receiver<Told> {
        self.0.shared.told.subscribe()
    }

    pub fn figures(&self) -> Figures {
        let shared = &self.0.shared;
        let read = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
        Figures {
            streams: shared.links().iter().map(|link| link.with(|numbering| numbering.streams())).sum(),
            messages_out: read(&shared.counts.messages_out),
            bytes_out: read(&shared.counts.bytes_out),
            messages_in: read(&shared.counts.messages_in),
            bytes_in: read(&shared.counts.bytes_in),
            gaps: shared.gaps(),
            is_up: self.is_up(),
        }
    }
}
