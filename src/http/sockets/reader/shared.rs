//! What a socket and its reader know of each other, and tell each other.

use std::{cell::Cell, time::Instant};

use actix_web_actors::ws::{CloseCode, CloseReason};
use bytes::Bytes;
use bytestring::ByteString;
use hotline_actors::push::SocketId;
use tokio::sync::Notify;

use crate::identity::Caller;

/// What the socket and its reader know of each other. Both live on one thread.
#[derive(Default)]
pub(in crate::http::sockets) struct Shared {
    /// When anything was last received.
    pub(in crate::http::sockets) last_received: Cell<Option<Instant>>,
    /// What was received and is not carried out yet.
    pub(in crate::http::sockets) busy: Cell<bool>,
    /// A stranger's first frame is being looked at.
    pub(in crate::http::sockets) logging_in: Cell<bool>,
    /// The socket, once it has joined.
    pub(in crate::http::sockets) socket: Cell<Option<SocketId>>,
    /// Whether it has joined, or will not.
    join_finished: Cell<bool>,
    /// All that came so far is to be carried out, and then said to be.
    pub(super) finish: Cell<bool>,
    /// Nothing that is still to come counts.
    pub(super) no_more: Cell<bool>,
    /// The socket is no more.
    pub(super) gone: Cell<bool>,
    pub(super) changed: Notify,
    joined: Notify,
}

impl Shared {
    /// The socket has joined, or will not.
    pub(in crate::http::sockets) fn finish_join(&self, socket: Option<SocketId>) {
        self.socket.set(socket);
        self.join_finished.set(true);
        self.joined.notify_waiters();
    }

    pub(super) async fn join_finished(&self) {
        loop {
            let joined = self.joined.notified();
            if self.join_finished.get() || self.gone.get() {
                return;
            }
            joined.await;
        }
    }

    /// Asks for all that has come to be carried out.
    pub(in crate::http::sockets) fn finish(&self) {
        self.finish.set(true);
        self.changed.notify_one();
    }

    pub(in crate::http::sockets) fn no_more(&self) {
        self.no_more.set(true);
        self.changed.notify_one();
    }

    pub(in crate::http::sockets) fn gone(&self) {
        self.gone.set(true);
        self.joined.notify_waiters();
        self.changed.notify_one();
    }
}

/// What a reader tells its socket.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub(in crate::http::sockets) enum Came {
    /// For the peer.
    Frame(ByteString),
    Pong(Bytes),
    /// A visitor's first frame was good.
    LoggedIn(Caller),
    /// Nothing more will come: the peer has left. What it sent last is still being carried out.
    Left,
    /// All that had come when it was asked for is carried out.
    Finished,
    /// All is carried out.
    Over(End),
}

/// How what comes in has ended.
#[derive(Debug, Clone)]
pub(in crate::http::sockets) enum End {
    /// With a close frame.
    Bye(Option<CloseReason>),
    /// Without.
    Gone,
    /// The peer has broken a rule, or is not logged in.
    Wrong(CloseCode, &'static str),
}
