//! A TCP connection under HTTP. The head of each request is bounded in time, where actix bounds the first alone; nobody who
//! sends without a pause keeps the thread from the others; and once a request has become a socket, the socket itself reads
//! what comes in: actix would read ahead of it, and throw that away when the connection ends.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    io::{self, Read},
    net::{Shutdown, SocketAddr},
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use actix_web::rt::{net::TcpStream, task::JoinHandle};
use bytes::BytesMut;
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    task::yield_now,
    time::{Sleep, sleep},
};

/// A client that takes longer to send its headers is closed.
pub(super) const REQUEST_HEAD_MAX: Duration = Duration::from_mins(1);
/// What is read at once, before all others have had their turn: some tens of requests.
const READ_BYTES_IN_A_ROW: usize = 4096;
/// What the system keeps for a peer who does not read. Left to itself it keeps four megabytes for each.
const SEND_BUFFER_BYTES: usize = 256 * 1024;
/// What the system keeps of what a socket has not read yet; it doubles that.
const SOCKET_RECEIVE_BUFFER_BYTES: usize = 64 * 1024;
/// A peer that takes in nothing this long is gone, whatever its system says.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(30);

/// What actix reads from and writes to.
pub(super) struct Connection {
    link: Rc<Link>,
    /// How long the head that is coming may still take, and of which request it is.
    head: Option<(u32, Pin<Box<Sleep>>)>,
    /// Bytes that were read since nothing was there, or since others had their turn.
    in_a_row: usize,
}

/// The connection as its requests know it.
pub(crate) struct Link {
    stream: TcpStream,
    /// Requests that were answered or are being answered.
    requests: Cell<u32>,
    answering: Cell<bool>,
    /// Whether something came while none was.
    head_begun: Cell<bool>,
    /// Whether the request that is being answered may become a socket, so that what follows it is not actix's to read.
    held: Cell<bool>,
    /// Whether a socket reads instead of actix …
    taken: Cell<bool>,
    /// … and has come to its end.
    over: Cell<bool>,
    waker: RefCell<Option<Waker>>,
    reader: RefCell<Option<JoinHandle<()>>>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("taken", &self.taken.get()).finish_non_exhaustive()
    }
}

/// A request is being answered; dropped with the last byte of its answer.
#[derive(Debug)]
pub(super) struct Answering(Rc<Link>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.answering.set(false);
        if self.0.held.replace(false)
            && let Some(waker) = self.0.waker.take()
        {
            waker.wake();
        }
    }
}

impl Connection {
    pub(super) fn new(stream: TcpStream) -> Self {
        bound(&stream);
        let link = Link {
            stream,
            requests: Cell::default(),
            answering: Cell::default(),
            head_begun: Cell::default(),
            held: Cell::default(),
            taken: Cell::default(),
            over: Cell::default(),
            waker: RefCell::default(),
            reader: RefCell::default(),
        };
        Self { link: Rc::new(link), head: None, in_a_row: 0 }
    }

    pub(super) fn link(&self) -> Rc<Link> {
        Rc::clone(&self.link)
    }

    pub(super) fn peer(&self) -> Option<SocketAddr> {
        self.link.peer()
    }

    /// How long the head of a request may still come.
    fn poll_head(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let link = &self.link;
        if link.answering.get() || !link.head_begun.get() {
            self.head = None;
            return Ok(());
        }
        let request = link.requests.get();
        let (_, late) = match &mut self.head {
            Some(head) if head.0 == request => head,
            head => head.insert((request, Box::pin(sleep(REQUEST_HEAD_MAX)))),
        };
        if late.as_mut().poll(cx).is_ready() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) }
    }
}

/// Bounds what a connection can cost while its peer stalls.
fn bound(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    let bounded = socket
        .set_send_buffer_size(SEND_BUFFER_BYTES)
        .and_then(|()| socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX)));
    if let Err(error) = bounded {
        // The peer may have gone already.
        tracing::debug!(%error, "a connection could not be bounded");
    }
}

impl Link {
    /// Where the connection comes from.
    pub(super) fn peer(&self) -> Option<SocketAddr> {
        self.stream.peer_addr().ok()
    }

    /// A request has come as far as its head. What follows one that may become a socket is left where it is: actix has read
    /// no more of it than came with the head.
    pub(super) fn answer(self: &Rc<Self>, may_become_a_socket: bool) -> Answering {
        self.held.set(may_become_a_socket);
        self.requests.set(self.requests.get().wrapping_add(1));
        self.head_begun.set(false);
        self.answering.set(true);
        Answering(Rc::clone(self))
    }

    /// From now on a socket reads what comes in.
    pub(crate) fn take(&self) {
        self.taken.set(true);
        if let Err(error) = SockRef::from(&self.stream).set_recv_buffer_size(SOCKET_RECEIVE_BUFFER_BYTES) {
            tracing::debug!(%error, "a socket could not be bounded");
        }
    }

    /// Waits until something came in, or nothing more will.
    ///
    /// # Errors
    /// When the connection cannot be waited for.
    pub(crate) async fn readable(&self) -> io::Result<()> {
        self.stream.readable().await
    }

    /// Adds at most `bytes_max` to `buffer`; none is the end.
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there; otherwise the connection has ended.
    pub(crate) fn read(&self, buffer: &mut BytesMut, bytes_max: usize) -> io::Result<usize> {
        let begin = buffer.len();
        buffer.resize(begin + bytes_max, 0);
        let read = self.stream.try_read(&mut buffer[begin..]);
        buffer.truncate(begin + read.as_ref().map_or(0, |read| *read));
        read
    }

    /// As [`Link::read`], asking the system itself: it may have received what was not announced here yet.
    ///
    /// # Errors
    /// As [`Link::read`].
    pub(crate) fn read_now(&self, buffer: &mut BytesMut, bytes_max: usize) -> io::Result<usize> {
        let begin = buffer.len();
        buffer.resize(begin + bytes_max, 0);
        let read = (&*SockRef::from(&self.stream)).read(&mut buffer[begin..]);
        buffer.truncate(begin + read.as_ref().map_or(0, |read| *read));
        read
    }

    /// The socket reads no more: for actix this is the end of what comes in.
    pub(crate) fn end_reading(&self) {
        self.over.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Keeps the task that reads: the connection lasts as long as it does, whatever becomes of what is written.
    pub(crate) fn keep(&self, reader: JoinHandle<()>) {
        self.reader.replace(Some(reader));
    }

    /// Waits for the task that reads, if there is one.
    pub(super) async fn finished(&self) {
        let Some(reader) = self.reader.take() else { return };
        if reader.await.is_err() {
            tracing::error!("WebSocket reader task panicked: frames received last may be lost");
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.link.taken.get() || this.link.held.get() {
            if this.link.over.get() {
                return Poll::Ready(Ok(()));
            }
            this.link.waker.replace(Some(cx.waker().clone()));
            return Poll::Pending;
        }
        if this.in_a_row >= READ_BYTES_IN_A_ROW {
            this.in_a_row = 0;
            // Has the task woken once all others had their turn, also those for whom something has only just come.
            let turn: Poll<()> = pin!(yield_now()).poll(cx);
            if turn.is_pending() {
                return Poll::Pending;
            }
        }
        loop {
            this.poll_head(cx)?;
            let Poll::Ready(ready) = this.link.stream.poll_read_ready(cx) else {
                this.in_a_row = 0;
                return Poll::Pending;
            };
            ready?;
            let most = buf.remaining().min(READ_BYTES_IN_A_ROW - this.in_a_row);
            match this.link.stream.try_read(buf.initialize_unfilled_to(most)) {
                Ok(read) => {
                    this.in_a_row += read;
                    buf.advance(read);
                    this.link.head_begun.set(this.link.head_begun.get() || !this.link.answering.get());
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let stream = &self.link.stream;
        loop {
            ready!(stream.poll_write_ready(cx))?;
            match stream.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(SockRef::from(&self.link.stream).shutdown(Shutdown::Write))
    }
}
