//! The link to one other server, as its streams and the background tasks share it.

use std::{
    fmt,
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::mpsc,
    time::Instant,
};
use uuid::Uuid;

use super::{
    flow::{Answer, Flow},
    numbering::{Effects, Message, Numbering},
    wire::Key,
};

/// What all links share.
#[derive(Debug)]
pub(super) struct Outlet {
    /// Links with something to send, each at most once.
    pub(super) ready: mpsc::Sender<Arc<Link>>,
    /// Streams that others open.
    pub(super) streams: mpsc::Sender<BusStream>,
    pub(super) numberings: Arc<AtomicU64>,
    pub(super) gaps: AtomicU64,
}

#[derive(Debug)]
pub(super) struct Link {
    peer: Uuid,
    outlet: Arc<Outlet>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    numbering: Numbering,
    /// Stands in the queue of links that have something to send.
    is_ready: bool,
}

impl Link {
    pub(super) fn new(peer: Uuid, outlet: Arc<Outlet>) -> Self {
        let numbering = Numbering::new(outlet.numberings.clone(), Instant::now());
        Self { peer, outlet, state: Mutex::new(State { numbering, is_ready: false }) }
    }

    pub(super) fn peer(&self) -> Uuid {
        self.peer
    }

    /// Does something with the link locked, and then what follows from it.
    pub(super) fn with<T>(self: &Arc<Self>, act: impl FnOnce(&mut Numbering) -> T) -> T {
        let (result, effects) = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let result = act(&mut state.numbering);
            let effects = state.numbering.take_effects();
            if state.numbering.waits() && !state.is_ready {
                // There is room for each link once; without a background task nothing is sent any more.
                state.is_ready = self.outlet.ready.try_send(self.clone()).is_ok();
            }
            (result, effects)
        };
        self.settle(effects);
        result
    }

    fn settle(self: &Arc<Self>, effects: Effects) {
        self.outlet.gaps.fetch_add(effects.gaps, Ordering::Relaxed);
        for (answer, result) in effects.answers {
            // Whoever asked may have gone.
            let _ = answer.send(result);
        }
        effects.wakers.into_iter().for_each(std::task::Waker::wake);
        for key in effects.opened {
            // One that is not taken resets its stream as it is dropped.
            if self.outlet.streams.try_send(BusStream { link: self.clone(), key }).is_ok() {
                self.with(|numbering| numbering.enqueue(key));
            }
        }
    }

    /// The next message to be published. Whoever takes it has taken the link off the queue.
    pub(super) fn gather(self: &Arc<Self>) -> Option<Message> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).is_ready = false;
        self.with(Numbering::gather)
    }

    /// Opens a stream; none where there are too many.
    pub(super) fn open(self: &Arc<Self>, id: u64, answer: Answer) -> Option<BusStream> {
        self.with(|numbering| numbering.open(id, answer, Instant::now()))
            .then(|| BusStream { link: self.clone(), key: Key { is_ours: true, id } })
    }
}

/// A stream of bytes to and from another server. Dropped before both ends have ended it, it is reset: the other end's reads and
/// writes fail.
pub struct BusStream {
    link: Arc<Link>,
    key: Key,
}

impl fmt::Debug for BusStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BusStream").field("peer", &self.link.peer).field("key", &self.key).finish()
    }
}

impl BusStream {
    pub fn peer(&self) -> Uuid {
        self.link.peer
    }

    fn write(&self, cx: &Context<'_>, parts: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.link.with(|numbering| {
            let written = flow(numbering, self.key)?.write(parts, cx.waker());
            if written.is_ready() {
                numbering.enqueue(self.key);
            }
            written
        })
    }
}

fn flow(numbering: &mut Numbering, key: Key) -> io::Result<&mut Flow> {
    numbering.flow(key).ok_or_else(|| io::ErrorKind::ConnectionReset.into())
}

impl AsyncRead for BusStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.link.with(|numbering| {
            let (read, owes_credit) = flow(numbering, self.key)?.read(buf, cx.waker());
            if owes_credit {
                numbering.enqueue(self.key);
            }
            read
        })
    }
}

impl AsyncWrite for BusStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.write(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// What is written is on its way already.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.link.with(|numbering| {
            flow(numbering, self.key)?.end()?;
            numbering.enqueue(self.key);
            Poll::Ready(Ok(()))
        })
    }
}

impl Drop for BusStream {
    fn drop(&mut self) {
        self.link.with(|numbering| numbering.release(self.key));
    }
}
