//! What comes in: read, bounded, and taken apart into frames.

use std::{
    collections::VecDeque,
    io,
    time::{Duration, Instant},
};

use actix_http::ws::{Codec, Frame, ProtocolError};
use actix_web::web::Payload;
use actix_web_actors::ws::CloseCode;
use bytes::BytesMut;
use bytestring::ByteString;
use futures_util::{FutureExt, StreamExt};
use tokio_util::codec::Decoder;

use super::{
    Reader,
    shared::{Came, End},
};
use crate::{
    http::{
        connection::Link,
        sockets::{
            frames::{self, ClientFrame, SocketCommand},
            header,
            pace::{Allowance, Marks},
        },
    },
    wording::Sentence,
};

/// A client's frame holds a command; the longest is a text of our own IM.
const FRAME_BYTES_MAX: usize = 16 * 1024;
/// Before the log-in: a token is short.
const FRAME_BYTES_MAX_OF_STRANGERS: usize = 1024;
/// What is read ahead of what is done.
const AHEAD_BYTES_MAX: usize = 64 * 1024;
/// What is read beyond it before a log-in ends, so that it counts: about what the system keeps.
const LAST_BYTES_MAX: usize = 128 * 1024;
/// Read at once.
const READ_BYTES: usize = 4096;

/// A frame that is still to be carried out.
pub(super) struct Received {
    pub(super) at: Instant,
    pub(super) bytes: usize,
    pub(super) command: Result<ClientFrame, Sentence>,
}

/// What has come and is not carried out.
pub(in crate::http::sockets) struct Incoming {
    /// Kept to the end: what came with the handshake, against the rules, is in there.
    pub(super) early: Payload,
    pub(super) codec: Codec,
    pub(super) buffer: BytesMut,
    pub(super) queue: VecDeque<Received>,
    /// Bytes of the queue.
    pub(super) ahead: usize,
    pub(super) allowance: Allowance,
    /// When what is in the buffer was read.
    pub(super) marks: Marks,
    /// The connection has ended: what was read is all there is.
    pub(super) ended: bool,
    /// More came with the handshake than is taken: the whole frames of it count, and then it ends.
    pub(super) cut: bool,
    /// Whether the system had nothing more when it was last asked.
    pub(super) dry: bool,
    pub(super) end: Option<End>,
}

impl Incoming {
    pub(in crate::http::sockets) fn new(early: Payload, heartbeat: Duration) -> Self {
        let now = Instant::now();
        Self {
            early,
            codec: Codec::new().max_size(FRAME_BYTES_MAX),
            buffer: BytesMut::new(),
            queue: VecDeque::new(),
            ahead: 0,
            allowance: Allowance::new(heartbeat, now),
            marks: Marks::default(),
            ended: false,
            cut: false,
            dry: false,
            end: None,
        }
    }
}

impl Reader {
    /// A client waits for the handshake before it says more. What came with it all the same comes first.
    pub(super) fn take_early(&mut self) {
        let incoming = &mut self.incoming;
        let payload = &mut incoming.early;
        while let Some(Some(Ok(bytes))) = payload.next().now_or_never() {
            incoming.buffer.extend_from_slice(&bytes);
            incoming.marks.read(bytes.len(), Instant::now());
            if incoming.buffer.len() > AHEAD_BYTES_MAX {
                (incoming.ended, incoming.cut) = (true, true);
                return;
            }
        }
    }

    /// Takes whole frames out of what was read, as many as may be.
    pub(super) fn decode(&mut self) {
        self.incoming.allowance.grow(Instant::now());
        let frame_bytes_max =
            if self.caller.is_some() { FRAME_BYTES_MAX } else { FRAME_BYTES_MAX_OF_STRANGERS };
        while self.incoming.end.is_none() && self.may_decode() {
            let incoming = &mut self.incoming;
            let declared = header::declared(&incoming.buffer);
            if declared.is_some_and(|length| length > frame_bytes_max as u64) {
                incoming.end = Some(End::Wrong(CloseCode::Size, "too large"));
                break;
            }
            let before = incoming.buffer.len();
            match incoming.codec.decode(&mut incoming.buffer) {
                Ok(None) if incoming.cut => {
                    incoming.end = Some(End::Wrong(CloseCode::Protocol, "malformed"));
                }
                Ok(None) if incoming.ended => incoming.end = Some(End::Gone),
                Ok(None) => break,
                Ok(Some(frame)) => {
                    let bytes = before - incoming.buffer.len();
                    self.handle_frame(frame, bytes);
                }
                Err(ProtocolError::Overflow) => {
                    incoming.end = Some(End::Wrong(CloseCode::Size, "too large"));
                }
                Err(_) => incoming.end = Some(End::Wrong(CloseCode::Protocol, "malformed")),
            }
        }
        if self.incoming.end.is_some() || self.incoming.buffer.is_empty() {
            // What follows an end counts for nothing, and a socket that is silent keeps no room for more.
            self.incoming.buffer = BytesMut::new();
        }
    }

    /// Whoever is leaving is not made to wait: what is left is bounded by what was read and by the system's buffer.
    fn may_decode(&self) -> bool {
        !self.is_being_logged_in()
            && (self.incoming.allowance.is_left() || self.is_ending() || self.shared.finish.get())
    }

    /// Nothing more of a stranger is looked at before it is known who that is.
    fn is_being_logged_in(&self) -> bool {
        self.caller.is_none() && (self.shared.logging_in.get() || !self.incoming.queue.is_empty())
    }

    fn handle_frame(&mut self, frame: Frame, bytes: usize) {
        let incoming = &mut self.incoming;
        let at = incoming.marks.taken(bytes);
        match frame {
            Frame::Text(text) => {
                incoming.allowance.spend();
                let Ok(text) = ByteString::try_from(text) else {
                    incoming.end = Some(End::Wrong(CloseCode::Protocol, "malformed"));
                    return;
                };
                let command = frames::command(&text);
                if let (Ok(ClientFrame::Socket(SocketCommand::Ping)), Some(_)) = (&command, &self.caller) {
                    // Answered also while something takes long: whoever asks wants to know whether anybody is there.
                    self.session.do_send(Came::Frame(frames::pong().into()));
                    return;
                }
                incoming.ahead += bytes;
                incoming.queue.push_back(Received { at, bytes, command });
            }
            Frame::Ping(payload) => {
                incoming.allowance.spend();
                // A peer that does not read needs no pong.
                let _ = self.session.try_send(Came::Pong(payload));
            }
            // Whoever answers our pings sends few.
            Frame::Pong(_) => incoming.allowance.spend(),
            Frame::Close(reason) => incoming.end = Some(End::Bye(reason)),
            Frame::Binary(_) => incoming.end = Some(End::Wrong(CloseCode::Unsupported, "text only")),
            Frame::Continuation(_) => {
                incoming.end = Some(End::Wrong(CloseCode::Size, "one frame a command"));
            }
        }
    }

    pub(super) fn may_read(&self) -> bool {
        self.may_read_ahead(AHEAD_BYTES_MAX)
    }

    fn may_read_ahead(&self, bytes_max: usize) -> bool {
        let Incoming { buffer, ahead, end, ended, .. } = &self.incoming;
        end.is_none()
            && !ended
            && !self.shared.no_more.get()
            && !self.is_being_logged_in()
            && buffer.len() + ahead < bytes_max
    }

    pub(super) fn read(&mut self, read: impl Fn(&Link, &mut BytesMut, usize) -> io::Result<usize>) -> bool {
        let incoming = &mut self.incoming;
        let before = incoming.buffer.len();
        match read(&self.link, &mut incoming.buffer, READ_BYTES) {
            Ok(0) => incoming.ended = true,
            Ok(_) => {
                let now = Instant::now();
                self.shared.last_received.set(Some(now));
                self.place.last_received(now);
                incoming.marks.read(incoming.buffer.len() - before, now);
                incoming.dry = false;
                return true;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => incoming.dry = true,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return true,
            // Reset, or not acknowledged for too long: what came before it was read before it.
            Err(_) => incoming.ended = true,
        }
        false
    }

    /// The socket wants something: what the system has received by now belongs to it.
    pub(super) fn look_again(&mut self) {
        self.incoming.dry = false;
        self.look(AHEAD_BYTES_MAX);
    }

    /// The log-in is about to end: what the system has received by now was received while it went on.
    pub(super) fn read_last_frames(&mut self) {
        self.look(AHEAD_BYTES_MAX + LAST_BYTES_MAX);
        self.place.last_read_done();
    }

    /// Reads what the system has received by now. What comes meanwhile is not followed: it may have no end.
    fn look(&mut self, ahead_max: usize) {
        let mut bytes = 0;
        while self.may_read_ahead(ahead_max) {
            let before = self.incoming.buffer.len();
            if !self.read(Link::read_now) {
                return;
            }
            bytes += self.incoming.buffer.len() - before;
            self.decode();
            if bytes > AHEAD_BYTES_MAX + LAST_BYTES_MAX {
                // More than it keeps: all that had come is among it.
                self.incoming.dry = true;
                return;
            }
        }
    }
}
