//! A socket that the owner answers: bytes go to and fro as they come, and what bounds a socket is bounded there.

use std::{cell::Cell, io, rc::Rc};

use actix_http::ws::{CloseCode, CloseReason, Codec, Message};
use actix_web::{
    HttpMessage, HttpResponse,
    dev::{Payload, ServiceRequest},
    http::StatusCode,
};
use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, Stream, StreamExt, stream};
use http::{Response, header};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, split},
    sync::{Notify, OwnedSemaphorePermit, watch},
};
use tokio_util::codec::Encoder;

use super::Forwarding;
use crate::http::{connection::Link, sockets::header::declared};

/// Read at once.
const READ_BYTES: usize = 16 * 1024;

/// Carries a socket that the owner has accepted; none if that came to nothing.
pub(super) async fn carry(
    req: &mut ServiceRequest,
    accepted: Response<Incoming>,
    place: OwnedSemaphorePermit,
    stopping: watch::Receiver<bool>,
) -> Option<HttpResponse> {
    let link = Forwarding::link(req)?;
    let mut answer = HttpResponse::build(StatusCode::SWITCHING_PROTOCOLS);
    answer.upgrade("websocket");
    for name in [header::SEC_WEBSOCKET_ACCEPT, header::SEC_WEBSOCKET_PROTOCOL] {
        if let Some(value) = accepted.headers().get(&name) {
            answer.insert_header((name.as_str(), value.as_bytes()));
        }
    }
    let upgraded = hyper::upgrade::on(accepted).await.ok()?;
    let first = early(&mut req.take_payload());
    let frames = splice(&link, first, TokioIo::new(upgraded), place, stopping);
    Some(answer.streaming(frames))
}

/// Carries what comes on the connection to `owner`, beginning with `first`; gives what comes from there.
pub(super) fn splice<S>(
    link: &Rc<Link>,
    first: BytesMut,
    owner: S,
    place: OwnedSemaphorePermit,
    stopping: watch::Receiver<bool>,
) -> impl Stream<Item = io::Result<Bytes>> + use<S>
where
    S: AsyncRead + AsyncWrite + 'static,
{
    let (from_owner, to_owner) = split(owner);
    let over = Rc::new(Over::default());
    link.take();
    let task = actix_web::rt::spawn(inbound(Rc::clone(link), first, to_owner, Rc::clone(&over)));
    link.keep(task);
    let frames = FrameEnds::default();
    let outbound =
        Outbound { from_owner, _ended: Ended(over), _place: place, stopping, frames, is_over: false };
    stream::unfold(outbound, Outbound::next)
}

/// Whether what goes to the client has come to its end.
#[derive(Default)]
struct Over {
    is_over: Cell<bool>,
    told: Notify,
}

/// Dropped with what goes to the client.
struct Ended(Rc<Over>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.is_over.set(true);
        self.0.told.notify_one();
    }
}

async fn inbound(link: Rc<Link>, first: BytesMut, mut to_owner: impl AsyncWrite + Unpin, over: Rc<Over>) {
    let carried = carry_in(&link, first, &mut to_owner);
    tokio::select! {
        // The client has gone, or the owner; the other hears it.
        ended = carried => if let Err(error) = ended {
            tracing::debug!(%error, "forward: a socket broke off");
        },
        () = over.told.notified() => {}
    }
    // It may be gone.
    let _ = to_owner.shutdown().await;
    if !over.is_over.get() {
        // What the owner still says goes out; it says its last when it hears that the client has gone.
        over.told.notified().await;
    }
    link.end_reading();
}

async fn carry_in(link: &Link, first: BytesMut, to_owner: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    to_owner.write_all(&first).await?;
    to_owner.flush().await?;
    let mut buffer = BytesMut::with_capacity(READ_BYTES);
    loop {
        link.readable().await?;
        buffer.clear();
        match link.read(&mut buffer, READ_BYTES) {
            Ok(0) => return Ok(()),
            Ok(_) => {
                to_owner.write_all(&buffer).await?;
                to_owner.flush().await?;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// What the owner says, until it has said all, is lost, or this server stops.
struct Outbound<S> {
    from_owner: ReadHalf<S>,
    _ended: Ended,
    _place: OwnedSemaphorePermit,
    stopping: watch::Receiver<bool>,
    frames: FrameEnds,
    is_over: bool,
}

/// With what a socket is closed where this server stops.
pub(super) const STOPPING: (CloseCode, &str) = (CloseCode::Away, "the server stops");

/// Why a socket ends that its owner has not ended.
#[derive(Clone, Copy)]
enum Cut {
    /// This server stops.
    Stopping,
    /// The owner cannot be reached any more.
    Lost,
}

impl<S: AsyncRead + AsyncWrite + 'static> Outbound<S> {
    async fn next(mut self) -> Option<(io::Result<Bytes>, Self)> {
        if self.is_over {
            return None;
        }
        let mut buffer = BytesMut::with_capacity(READ_BYTES);
        let read = tokio::select! {
            biased;
            // Whoever would tell of it is gone otherwise, and so is this server.
            _ = self.stopping.wait_for(|stops| *stops), if self.frames.is_between() => Err(Cut::Stopping),
            read = self.from_owner.read_buf(&mut buffer) => read.map_err(|_| Cut::Lost),
        };
        match read {
            Ok(0) => None,
            Ok(_) => {
                self.frames.pass(&buffer);
                Some((Ok(buffer.freeze()), self))
            }
            Err(cut) => {
                self.is_over = true;
                // In the middle of a frame nothing can be said.
                let goodbye = if self.frames.is_between() {
                    cut.frame()
                } else {
                    Err(io::ErrorKind::ConnectionReset.into())
                };
                Some((goodbye, self))
            }
        }
    }
}

impl Cut {
    fn frame(self) -> io::Result<Bytes> {
        close_frame(match self {
            Self::Stopping => STOPPING,
            Self::Lost => (CloseCode::Restart, "the server changes"),
        })
    }
}

/// The frame that closes a socket.
pub(super) fn close_frame((code, why): (CloseCode, &str)) -> io::Result<Bytes> {
    let mut frame = BytesMut::new();
    let reason = CloseReason { code, description: Some(why.to_owned()) };
    Codec::new().encode(Message::Close(Some(reason)), &mut frame).map_err(io::Error::other)?;
    Ok(frame.freeze())
}

/// Where the frames of the server end among the bytes that go by.
#[derive(Default)]
struct FrameEnds {
    /// Of the header of the next frame, until it is whole.
    head: BytesMut,
    /// Of what the frame carries.
    left: u64,
}

impl FrameEnds {
    /// Whether whatever has gone by are whole frames.
    fn is_between(&self) -> bool {
        self.left == 0 && self.head.is_empty()
    }

    fn pass(&mut self, mut bytes: &[u8]) {
        while let Some(first) = bytes.first() {
            if self.left > 0 {
                let gone = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
                bytes = &bytes[gone..];
                self.left -= gone as u64;
                continue;
            }
            self.head.extend_from_slice(&[*first]);
            bytes = &bytes[1..];
            if let Some(length) = declared(&self.head) {
                self.head.clear();
                self.left = length;
            }
        }
    }
}

/// What came with the handshake of a client that did not wait for the answer.
pub(super) fn early(payload: &mut Payload) -> BytesMut {
    let mut early = BytesMut::new();
    while let Some(Some(Ok(bytes))) = payload.next().now_or_never() {
        early.extend_from_slice(&bytes);
    }
    early
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_frames_are_found_however_the_bytes_come() {
        let mut bytes = BytesMut::new();
        let mut ends = Vec::new();
        for length in [0, 1, 125, 126, 300, 65_535, 65_536, 70_000, 3] {
            Codec::new().encode(Message::Text("x".repeat(length).into()), &mut bytes).expect("a frame");
            ends.push(bytes.len());
        }
        let mut frames = FrameEnds::default();
        for end in 1..=bytes.len() {
            frames.pass(&bytes[end - 1..end]);
            assert_eq!(frames.is_between(), ends.contains(&end), "{end}");
        }
        for size in [2, 7, 64, 1_000, 100_000] {
            let mut frames = FrameEnds::default();
            let mut gone = 0;
            for part in bytes.chunks(size) {
                frames.pass(part);
                gone += part.len();
                assert_eq!(frames.is_between(), ends.contains(&gone), "{gone} of {size}");
            }
        }
    }
}
