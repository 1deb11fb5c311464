//! A TCP proxy that cuts: it stands between the server and PostgreSQL, and between clients and the server.
//!
//! What a client has sent is on its way, whatever becomes of the client: like a network, the proxy still delivers it.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{mpsc, watch},
    time::Instant,
};

const CHUNK_BYTES: usize = 16 * 1024;
/// Chunks on their way; beyond it the sender waits, as with TCP.
const CHUNKS_MAX: usize = 256;

/// A running proxy. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Proxy(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    address: SocketAddr,
    /// Where new connections go: one of these, in turn.
    upstreams: Mutex<Vec<SocketAddr>>,
    turn: AtomicU64,
    cuts: watch::Sender<Cuts>,
    /// What does not get through, and nobody is told.
    silent: watch::Sender<Silence>,
    /// Answers vanish on the way.
    swallowing: AtomicBool,
    swallowed: AtomicU64,
    /// How long what a client sends is on its way, in milliseconds.
    delay_ms: AtomicU64,
    connections_cut: AtomicU64,
}

/// What does not get through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Silence {
    #[default]
    Nowhere,
    Both,
    /// What clients send is held; what is sent back to them arrives.
    ToServer,
    /// The other way round.
    ToClient,
}

/// How often connections were closed: all there were, and those to one upstream. Every change closes those it is about.
#[derive(Debug, Default, Clone)]
struct Cuts {
    all: u64,
    to: BTreeMap<SocketAddr, u64>,
}

impl Cuts {
    fn of(&self, upstream: SocketAddr) -> (u64, u64) {
        (self.all, self.to.get(&upstream).copied().unwrap_or(0))
    }
}

impl Proxy {
    /// Listens on a free port of loopback.
    pub async fn start(upstreams: Vec<SocketAddr>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let proxy = Self(Arc::new(Inner {
            address: listener.local_addr()?,
            upstreams: Mutex::new(upstreams),
            turn: AtomicU64::new(0),
            cuts: watch::channel(Cuts::default()).0,
            silent: watch::channel(Silence::Nowhere).0,
            swallowing: AtomicBool::new(false),
            swallowed: AtomicU64::new(0),
            delay_ms: AtomicU64::new(0),
            connections_cut: AtomicU64::new(0),
        }));
        let accepting = proxy.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(accepting.clone().carry(client));
            }
        });
        Ok(proxy)
    }

    pub fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// Where connections go from now on. Nowhere: they are closed at once.
    pub fn lead_to(&self, upstreams: Vec<SocketAddr>) {
        *self.0.upstreams.lock().expect("nobody panics while choosing") = upstreams;
    }

    /// Holds what clients send back for this long.
    pub fn delay(&self, delay: Duration) {
        self.0.delay_ms.store(u64::try_from(delay.as_millis()).unwrap_or(0), Ordering::Relaxed);
    }

    /// Closes every connection there is.
    pub fn cut(&self) {
        self.0.cuts.send_modify(|cuts| cuts.all += 1);
    }

    /// Closes every connection that leads to `upstream`.
    pub fn cut_to(&self, upstream: SocketAddr) {
        self.0.cuts.send_modify(|cuts| *cuts.to.entry(upstream).or_default() += 1);
    }

    /// While it is silent nothing comes through, in both directions or in one, and no connection is closed, as when a cable is
    /// unplugged. What was sent meanwhile arrives afterwards: the network sends it again. Nobody connects anew, since that takes
    /// both directions.
    pub fn be_silent(&self, silent: Silence) {
        self.0.silent.send_replace(silent);
    }

    /// Waits until it is silent in none of these ways.
    async fn until_none_of(&self, ways: &[Silence]) {
        let mut silent = self.0.silent.subscribe();
        // The sender lives as long as we do.
        let _over = silent.wait_for(|silent| !ways.contains(silent)).await.is_ok();
    }

    async fn until_it_takes_connections(&self) {
        self.until_none_of(&[Silence::Both, Silence::ToServer, Silence::ToClient]).await;
    }

    async fn until_servers_hear(&self) {
        self.until_none_of(&[Silence::Both, Silence::ToServer]).await;
    }

    async fn until_clients_hear(&self) {
        self.until_none_of(&[Silence::Both, Silence::ToClient]).await;
    }

    /// Lets requests through and answers vanish until at least one has, or for `within`; then cuts. Says whether an answer
    /// vanished.
    pub async fn swallow_and_cut(&self, within: Duration) -> bool {
        let before = self.0.swallowed.load(Ordering::Relaxed);
        self.0.swallowing.store(true, Ordering::Relaxed);
        let deadline = Instant::now() + within;
        let swallowed = loop {
            if self.0.swallowed.load(Ordering::Relaxed) > before {
                break true;
            }
            if Instant::now() > deadline {
                break false;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        };
        self.cut();
        self.0.swallowing.store(false, Ordering::Relaxed);
        swallowed
    }

    /// Connections closed by cuts so far.
    pub fn connections_cut(&self) -> u64 {
        self.0.connections_cut.load(Ordering::Relaxed)
    }

    fn upstream(&self) -> Option<SocketAddr> {
        let upstreams = self.0.upstreams.lock().expect("nobody panics while choosing");
        let turn = usize::try_from(self.0.turn.fetch_add(1, Ordering::Relaxed)).unwrap_or(0);
        upstreams.get(turn % upstreams.len().max(1)).copied()
    }

    async fn carry(self, client: TcpStream) {
        self.until_it_takes_connections().await;
        // Before it is known where to: nobody is led to an upstream from which all were cut off just then.
        let mut cuts = self.0.cuts.subscribe();
        let before = cuts.borrow().clone();
        let Some(upstream) = self.upstream() else { return };
        let before = before.of(upstream);
        let Ok(server) = TcpStream::connect(upstream).await else { return };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let (chunks, on_the_way) = mpsc::channel(CHUNKS_MAX);
        let there = async {
            tokio::join!(self.take(from_client, chunks), self.deliver(on_the_way, to_server));
        };
        let back = self.bring(from_server, to_client);
        let both = async {
            // The server's end is the end; the client's is not: what it sent is delivered first.
            tokio::pin!(there, back);
            tokio::select! {
                () = &mut there => back.await,
                () = &mut back => {}
            }
        };
        tokio::select! {
            () = both => {}
            _ = cuts.wait_for(|now| now.of(upstream) != before) => {
                self.0.connections_cut.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    async fn take(&self, mut from: OwnedReadHalf, chunks: mpsc::Sender<(Instant, Vec<u8>)>) {
        let mut chunk = vec![0; CHUNK_BYTES];
        while let Ok(length @ 1..) = from.read(&mut chunk).await {
            let delay = Duration::from_millis(self.0.delay_ms.load(Ordering::Relaxed));
            if chunks.send((Instant::now() + delay, chunk[..length].to_vec())).await.is_err() {
                return;
            }
        }
    }

    async fn bring(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut chunk = vec![0; CHUNK_BYTES];
        while let Ok(length @ 1..) = from.read(&mut chunk).await {
            self.until_clients_hear().await;
            if self.0.swallowing.load(Ordering::Relaxed) {
                self.0.swallowed.fetch_add(1, Ordering::Relaxed);
            } else {
                // A client may be gone while the server is still at work for it.
                let _gone = to.write_all(&chunk[..length]).await;
            }
        }
        self.until_clients_hear().await;
    }

    async fn deliver(&self, mut chunks: mpsc::Receiver<(Instant, Vec<u8>)>, mut to: OwnedWriteHalf) {
        while let Some((at, chunk)) = chunks.recv().await {
            tokio::time::sleep_until(at).await;
            self.until_servers_hear().await;
            if to.write_all(&chunk).await.is_err() {
                return;
            }
        }
        // The other side goes on in its own time.
        self.until_servers_hear().await;
        let _closed = to.shutdown().await;
    }
}
