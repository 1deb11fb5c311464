//! A crowd of sockets that only listen, on one thread: as little work for each as a client can do, so that on a machine
//! of two cores the server is measured rather than its client. With a task of the runtime for each socket a change took a
//! sixth longer to reach nineteen thousand.

use std::{
    io::{ErrorKind, Read, Write},
    process::Command,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, TryRecvError, channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use anyhow::{Context, Result, anyhow, ensure};
use memchr::memmem;
use mio::{Events, Interest, Poll, Token, Waker, net::TcpStream};
use tokio::sync::Notify;

use crate::listening_socket::{ListeningSocket, PartialFrame, READ_BYTES};

/// A change that has not reached everybody by then is lost.
const WAIT_MAX: Duration = Duration::from_mins(1);
const EVENTS_AT_ONCE: usize = 1024;
/// Somebody comes, or it is over; the sockets have the numbers below.
const WAKE: Token = Token(usize::MAX);

/// What a crowd listens for; by default for nothing.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Listening {
    /// Stands in the text that tells a change.
    pub(crate) change: Option<&'static str>,
    /// A text that has to be answered, and with what.
    pub(crate) answer: Option<(&'static str, &'static str)>,
}

/// Sockets that are listened to until it is dropped.
#[derive(Debug)]
pub(crate) struct Crowd {
    coming: Option<Sender<ListeningSocket>>,
    waker: Waker,
    thread: Option<JoinHandle<()>>,
    status: Arc<CrowdStatus>,
    sockets: usize,
}

/// What the thread tells.
#[derive(Debug, Default)]
struct CrowdStatus {
    all_heard: Notify,
    trouble: Mutex<Option<anyhow::Error>>,
}

impl Crowd {
    pub(crate) fn begin(listening: Listening) -> Result<Self> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKE)?;
        let (coming, newcomers) = channel();
        let status = Arc::<CrowdStatus>::default();
        let mut poller = Poller {
            poll,
            newcomers,
            listening,
            sockets: Vec::new(),
            heard: 0,
            bytes: vec![0; READ_BYTES],
            status: Arc::clone(&status),
        };
        let thread = std::thread::Builder::new().name("crowd".to_owned()).spawn(move || {
            if let Err(error) = wait_for_processor().and_then(|()| poller.listen()) {
                *poller.status.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                poller.status.all_heard.notify_one();
            }
        })?;
        Ok(Self { coming: Some(coming), waker, thread: Some(thread), status, sockets: 0 })
    }

    pub(crate) fn len(&self) -> usize {
        self.sockets
    }

    pub(crate) fn add(&mut self, socket: ListeningSocket) -> Result<()> {
        let coming = self.coming.as_ref().context("the crowd has gone")?;
        coming.send(socket).map_err(|_gone| anyhow!("nobody listens any more"))?;
        self.sockets += 1;
        Ok(self.waker.wake()?)
    }

    /// Waits until all have heard of one change.
    pub(crate) async fn all_heard(&self) -> Result<()> {
        let all_heard = tokio::time::timeout(WAIT_MAX, self.status.all_heard.notified()).await;
        self.all_there()?;
        all_heard.context("not every socket heard")
    }

    /// Whether no socket has ended so far.
    pub(crate) fn all_there(&self) -> Result<()> {
        let trouble = self.status.trouble.lock().unwrap_or_else(PoisonError::into_inner).take();
        trouble.map_or(Ok(()), Err)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.coming = None;
        let woken = self.waker.wake().is_ok();
        if let Some(thread) = self.thread.take()
            && woken
        {
            // It has told its trouble already, if it had any.
            let _panicked = thread.join();
        }
    }
}

/// Makes the calling thread one of those that, when woken, wait until a processor is free (`SCHED_BATCH`, `sched(7)`): who
/// only listens would otherwise stop the server at each frame to read it, which no crowd on machines of its own can.
fn wait_for_processor() -> Result<()> {
    let this = std::fs::read_link("/proc/thread-self")?;
    let thread = this.file_name().context("no thread of its own")?;
    let status = Command::new("chrt").args(["--batch", "--pid", "0"]).arg(thread).status();
    let status = status.context("chrt")?;
    ensure!(status.success(), "chrt: {status}");
    Ok(())
}

struct Poller {
    poll: Poll,
    newcomers: Receiver<ListeningSocket>,
    listening: Listening,
    sockets: Vec<(TcpStream, PartialFrame)>,
    /// How many have heard of the change that is being told.
    heard: usize,
    bytes: Vec<u8>,
    status: Arc<CrowdStatus>,
}

impl Poller {
    fn listen(&mut self) -> Result<()> {
        let mut events = Events::with_capacity(EVENTS_AT_ONCE);
        loop {
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            for event in &events {
                if event.token() != WAKE {
                    self.read(event.token().0)?;
                } else if !self.admit()? {
                    return Ok(());
                }
            }
        }
    }

    /// Takes in who has come; false when nobody comes any more.
    fn admit(&mut self) -> Result<bool> {
        loop {
            match self.newcomers.try_recv() {
                Ok(socket) => {
                    let (stream, partial) = socket.into_parts()?;
                    let mut stream = TcpStream::from_std(stream);
                    let token = Token(self.sockets.len());
                    self.poll.registry().register(&mut stream, token, Interest::READABLE)?;
                    self.sockets.push((stream, partial));
                }
                Err(TryRecvError::Empty) => return Ok(true),
                Err(TryRecvError::Disconnected) => return Ok(false),
            }
        }
    }

    /// Reads all that is there for this socket.
    fn read(&mut self, number: usize) -> Result<()> {
        let Self { listening: Listening { change, answer }, bytes, status, .. } = self;
        let sockets = self.sockets.len();
        let (stream, partial) = self.sockets.get_mut(number).context("a socket nobody knows")?;
        let mut on_text = |text: &[u8]| {
            if change.is_some_and(|change| memmem::find(text, change.as_bytes()).is_some()) {
                self.heard += 1;
                if self.heard == sockets {
                    self.heard = 0;
                    status.all_heard.notify_one();
                }
            }
            answer.filter(|(asked, _)| text == asked.as_bytes()).map(|(_, answer)| answer)
        };
        loop {
            let length = match stream.read(bytes) {
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            ensure!(length > 0, "the server has ended a socket");
            let answers = partial.read_frames(&bytes[..length], &mut on_text)?;
            if !answers.is_empty() {
                // A few bytes now and then always fit.
                stream.write_all(&answers)?;
            }
            // Less than there is room for is all there was.
            if length < bytes.len() {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    /// A server's frame with a short text.
    fn frame(text: &str) -> Vec<u8> {
        let length = u8::try_from(text.len()).expect("a short text");
        [&[0x81, length], text.as_bytes()].concat()
    }

    async fn serve(listener: &TcpListener) -> TcpStream {
        let (mut socket, _) = listener.accept().await.expect("a client");
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            assert!(socket.read_buf(&mut request).await.expect("a request") > 0, "no whole request");
        }
        socket.write_all(b"HTTP/1.1 101 Switching Protocols\r\n\r\n").await.expect("an answer");
        socket.write_all(&frame("welcome")).await.expect("a greeting");
        socket
    }

    #[tokio::test]
    async fn a_change_counts_once_all_have_heard_it() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let listening = Listening { change: Some("news"), answer: Some(("2", "3")) };
        let mut crowd = Crowd::begin(listening).expect("a thread");
        let mut sockets = Vec::new();
        for _ in 0..2 {
            let socket = ListeningSocket::open(&address, "/", None, None, "welcome");
            let (served, socket) = tokio::join!(serve(&listener), socket);
            crowd.add(socket.expect("greeted")).expect("taken in");
            sockets.push(served);
        }
        sockets[0].write_all(&[frame("news"), frame("2")].concat()).await.expect("sent");
        // Its answer, masked, says that the news before it was heard too.
        let mut answer = [0; 7];
        sockets[0].read_exact(&mut answer).await.expect("an answer");
        assert_eq!((answer[1], answer[6] ^ answer[2]), (0x81, b'3'));
        assert!(crowd.all_heard().now_or_never().is_none(), "only one has heard");
        sockets[1].write_all(&frame("news")).await.expect("sent");
        crowd.all_heard().await.expect("both have heard");
        drop(sockets);
        assert!(crowd.all_heard().await.is_err(), "the server has gone");
    }
}
