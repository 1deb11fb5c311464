//! What comes in on one socket: read, bounded and carried out, one command after the other, in a task of its own. So it
//! goes on to its end whatever becomes of the socket: what was received counts, however the socket closed.
//!
//! A sender who is ahead waits: no more is read than [`AHEAD_BYTES_MAX`] ahead of what is done, and the system's own
//! buffer is small. Nothing is thrown away for having come too fast. And none keeps its thread: every frame counts, also
//! one that is never answered, and after each reading others have their turn.

use std::{
    cell::Cell,
    collections::VecDeque,
    future::Future,
    io,
    pin::Pin,
    rc::Rc,
    time::{Duration, Instant},
};

use actix::Addr;
use actix_http::ws::{Codec, Frame, ProtocolError};
use actix_web::web::{Data, Payload};
use actix_web_actors::ws::{CloseCode, CloseReason};
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use futures_util::{FutureExt, StreamExt};
use hotline_actors::{CounselorId, dispatch::counselor::Choice, push::SocketId};
use tokio::{sync::Notify, task::yield_now, time::sleep_until};
use tokio_util::codec::Decoder;

use super::{
    Session,
    frames::{self, Command},
    header,
    open::Place,
    pace::{Allowance, Marks},
};
use crate::{
    answer::describe,
    clock,
    database::Patience,
    http::{Link, state::AppState},
    identity::{Caller, Kind},
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

/// What the socket and its reader know of each other. Both live on one thread.
#[derive(Default)]
pub(super) struct Shared {
    /// When anything was last heard.
    pub(super) heard: Cell<Option<Instant>>,
    /// What was received and is not carried out yet.
    pub(super) busy: Cell<bool>,
    /// A stranger's first frame is being looked at.
    pub(super) logging_in: Cell<bool>,
    /// The socket, once it has joined.
    pub(super) socket: Cell<Option<SocketId>>,
    /// Whether it has joined, or will not.
    settled: Cell<bool>,
    /// All that came so far is to be carried out, and then said to be.
    finish: Cell<bool>,
    /// Nothing that is still to come counts.
    no_more: Cell<bool>,
    /// The socket is no more.
    gone: Cell<bool>,
    changed: Notify,
    joined: Notify,
}

impl Shared {
    /// The socket has joined, or will not.
    pub(super) fn settle(&self, socket: Option<SocketId>) {
        self.socket.set(socket);
        self.settled.set(true);
        self.joined.notify_waiters();
    }

    async fn settled(&self) {
        loop {
            let joined = self.joined.notified();
            if self.settled.get() || self.gone.get() {
                return;
            }
            joined.await;
        }
    }

    /// Asks for all that has come to be carried out.
    pub(super) fn finish(&self) {
        self.finish.set(true);
        self.changed.notify_one();
    }

    pub(super) fn no_more(&self) {
        self.no_more.set(true);
        self.changed.notify_one();
    }

    pub(super) fn gone(&self) {
        self.gone.set(true);
        self.joined.notify_waiters();
        self.changed.notify_one();
    }
}

/// What a reader tells its socket.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub(super) enum Came {
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
pub(super) enum End {
    /// With a close frame.
    Bye(Option<CloseReason>),
    /// Without.
    Gone,
    /// The peer has broken a rule, or is not logged in.
    Wrong(CloseCode, &'static str),
}

/// A frame that is still to be carried out.
struct Received {
    at: Instant,
    bytes: usize,
    command: Result<Command, Sentence>,
}

/// With what a stranger's socket is closed.
type Refusal = (CloseCode, &'static str);

/// No session, or another's first frame than a log-in.
const NO_SESSION: Refusal = (super::LOGGED_OUT, "no session");

/// What became of one.
enum Done {
    Frame(Option<String>),
    LoggedIn(Result<Caller, Refusal>),
    /// The log-in had ended before the frame came.
    LoggedOut,
}

type UnderWay = Pin<Box<dyn Future<Output = Done>>>;

/// See the module.
pub(super) struct Reader {
    pub(super) state: Data<AppState>,
    pub(super) link: Rc<Link>,
    pub(super) session: Addr<Session>,
    pub(super) shared: Rc<Shared>,
    pub(super) caller: Option<Caller>,
    /// On the visitor's path everybody is the one who asks.
    pub(super) asks: bool,
    pub(super) place: Place,
    pub(super) incoming: Incoming,
}

/// What has come and is not carried out.
pub(super) struct Incoming {
    /// Kept to the end: what came with the handshake, against the rules, is in there.
    early: Payload,
    codec: Codec,
    buffer: BytesMut,
    queue: VecDeque<Received>,
    /// Bytes of the queue.
    ahead: usize,
    allowance: Allowance,
    /// When what is in the buffer was read.
    marks: Marks,
    /// The connection has ended: what was read is all there is.
    ended: bool,
    /// More came with the handshake than is taken: the whole frames of it count, and then it ends.
    cut: bool,
    /// Whether the system had nothing more when it was last asked.
    dry: bool,
    end: Option<End>,
}

impl Incoming {
    pub(super) fn new(early: Payload, heartbeat: Duration) -> Self {
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
    /// Reads until the peer or the socket has ended, and carries out all that came before, within a bound of time.
    pub(super) async fn run(mut self) {
        self.take_early();
        let mut under_way: Option<UnderWay> = None;
        let mut deadline: Option<Instant> = None;
        let mut left = false;
        loop {
            self.decode();
            if self.incoming.end.is_some() && !std::mem::replace(&mut left, true) {
                self.session.do_send(Came::Left);
            }
            if under_way.is_none() {
                under_way = self.next().map(|received| self.carry_out(received));
            }
            // Whoever is made to wait is not silent.
            self.shared.busy.set(under_way.is_some() || self.waits_until().is_some());
            self.shared.logging_in.set(self.caller.is_none() && under_way.is_some());
            if under_way.is_none() {
                if self.is_over() {
                    break;
                }
                self.report();
                if !self.incoming.queue.is_empty() || self.incoming.end.is_some() {
                    // Looking again has found something.
                    continue;
                }
            }
            if deadline.is_none() && self.is_ending() {
                let seconds = self.state.settings.sockets.finish_seconds_max;
                deadline = Some(Instant::now() + Duration::from_secs(seconds));
            }
            let (link, shared) = (Rc::clone(&self.link), Rc::clone(&self.shared));
            let (may_read, waits) = (self.may_read(), self.waits_until());
            tokio::select! {
                biased;
                done = carried_out(&mut under_way) => {
                    under_way = None;
                    self.done(done).await;
                }
                () = self.place.last_look() => self.look_last(),
                () = shared.changed.notified() => self.look_again(),
                () = sleep_until(deadline.unwrap_or_else(Instant::now).into()), if deadline.is_some() => {
                    self.give_up(under_way.is_some());
                    break;
                }
                readable = link.readable(), if may_read => match readable {
                    Ok(()) => if self.read(Link::read) { yield_now().await },
                    Err(_) => self.incoming.ended = true,
                },
                () = sleep_until(waits.unwrap_or_else(Instant::now).into()), if waits.is_some() => {}
            }
        }
        self.shared.busy.set(false);
        let end = self.incoming.end.take().unwrap_or(End::Gone);
        self.session.do_send(Came::Over(end));
        self.link.end_reading();
    }

    /// A client waits for the handshake before it says more. What came with it all the same comes first.
    fn take_early(&mut self) {
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
    fn decode(&mut self) {
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
                    self.take_in(frame, bytes);
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

    fn take_in(&mut self, frame: Frame, bytes: usize) {
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
                if let (Ok(Command::Ping), Some(_)) = (&command, &self.caller) {
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

    fn next(&mut self) -> Option<Received> {
        let received = self.incoming.queue.pop_front()?;
        self.incoming.ahead -= received.bytes;
        Some(received)
    }

    fn may_read(&self) -> bool {
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

    /// Until when what was read already has to wait, if it has.
    fn waits_until(&self) -> Option<Instant> {
        let held = !self.incoming.buffer.is_empty() && !self.incoming.allowance.is_left();
        held.then(|| self.incoming.allowance.next())
    }

    fn read(&mut self, read: impl Fn(&Link, &mut BytesMut, usize) -> io::Result<usize>) -> bool {
        let incoming = &mut self.incoming;
        let before = incoming.buffer.len();
        match read(&self.link, &mut incoming.buffer, READ_BYTES) {
            Ok(0) => incoming.ended = true,
            Ok(_) => {
                let now = Instant::now();
                self.shared.heard.set(Some(now));
                self.place.heard(now);
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
    fn look_again(&mut self) {
        self.incoming.dry = false;
        self.look(AHEAD_BYTES_MAX);
    }

    /// The log-in is about to end: what the system has received by now was received while it went on.
    fn look_last(&mut self) {
        self.look(AHEAD_BYTES_MAX + LAST_BYTES_MAX);
        self.place.looked_last();
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

    /// Whether the socket or its peer has ended, so that only what came before is left.
    fn is_ending(&self) -> bool {
        self.incoming.ended
            || self.incoming.end.is_some()
            || self.shared.gone.get()
            || self.shared.no_more.get()
    }

    /// Nothing is under way, and nothing more will be.
    fn is_over(&mut self) -> bool {
        if !self.incoming.queue.is_empty() {
            return false;
        }
        if self.incoming.end.is_some() || self.shared.no_more.get() {
            return true;
        }
        if self.shared.gone.get() {
            if !self.incoming.dry {
                self.look_again();
            }
            self.decode();
            return self.incoming.queue.is_empty() && (self.incoming.dry || self.incoming.end.is_some());
        }
        false
    }

    /// Says that all is carried out, if that was asked for and is so.
    fn report(&mut self) {
        if !self.shared.finish.get() || !self.incoming.queue.is_empty() {
            return;
        }
        if !self.incoming.dry {
            self.look_again();
            self.decode();
        }
        if self.incoming.dry && self.incoming.queue.is_empty() {
            self.shared.finish.set(false);
            self.place.finished();
            self.session.do_send(Came::Finished);
        }
    }

    fn carry_out(&self, Received { at, command, .. }: Received) -> UnderWay {
        let state = self.state.clone();
        let Some(caller) = self.caller.clone() else {
            return Box::pin(async move {
                let Ok(Command::Auth { token }) = command else {
                    return Done::LoggedIn(Err(NO_SESSION));
                };
                Done::LoggedIn(log_in(&state, &token).await)
            });
        };
        match command {
            Ok(Command::Talk(command)) => {
                let shared = Rc::clone(&self.shared);
                Box::pin(async move {
                    shared.settled().await;
                    // Not known just now: the command itself will find out.
                    let ended = matches!(state.sessions.goes_on(caller.token, clock::now()).await, Ok(None));
                    if ended && !state.sessions.went_on_until(&caller, at) {
                        return Done::LoggedOut;
                    }
                    Done::Frame(state.embedded.obey(&caller, shared.socket.get(), command).await)
                })
            }
            Ok(Command::Presence { choice }) => {
                let (shared, asks) = (Rc::clone(&self.shared), self.asks);
                Box::pin(async move {
                    shared.settled().await;
                    let ended = matches!(state.sessions.goes_on(caller.token, clock::now()).await, Ok(None));
                    if ended && !state.sessions.went_on_until(&caller, at) {
                        return Done::LoggedOut;
                    }
                    Done::Frame(choose(&state, &caller, asks, choice))
                })
            }
            Ok(Command::Ping) => Box::pin(async { Done::Frame(Some(frames::pong())) }),
            Ok(Command::Auth { .. }) => {
                Box::pin(async { Done::Frame(Some(frames::error(&Sentence::LoggedInAlready))) })
            }
            Err(why) => Box::pin(async move { Done::Frame(Some(frames::error(&why))) }),
        }
    }

    async fn done(&mut self, done: Done) {
        match done {
            Done::Frame(None) => {}
            Done::Frame(Some(frame)) => {
                // Whoever does not read what is answered asks for nothing more meanwhile. One who has gone is told nothing.
                let _ = self.session.send(Came::Frame(frame.into())).await;
            }
            Done::LoggedIn(Ok(caller)) => {
                self.place.logged_in(&caller);
                self.caller = Some(caller.clone());
                self.session.do_send(Came::LoggedIn(caller));
            }
            Done::LoggedIn(Err((code, why))) => {
                self.incoming.end = Some(End::Wrong(code, why));
                self.incoming.queue.clear();
            }
            Done::LoggedOut => {
                self.incoming.end = Some(End::Wrong(super::LOGGED_OUT, "logged out"));
                self.incoming.queue.clear();
            }
        }
    }

    fn give_up(&self, under_way: bool) {
        let lost = self.incoming.queue.len() + usize::from(under_way);
        tracing::warn!(lost, "a socket's last frames could not be carried out in time");
    }
}

/// What somebody chose is told to all their sockets once it is kept, and so not answered here.
fn choose(state: &AppState, caller: &Caller, asks: bool, choice: Choice) -> Option<String> {
    match (caller.kind, &caller.institution) {
        (Kind::Counselor | Kind::Supervisor, Some(institution)) if !asks => {
            state.institutions.choose(institution, CounselorId::from(caller.id), choice);
            None
        }
        (Kind::Counselor | Kind::Supervisor | Kind::Visitor | Kind::Institution | Kind::System, _) => {
            Some(frames::error(&Sentence::NotAllowed))
        }
    }
}

/// Waits for what is under way, if there is anything.
async fn carried_out(under_way: &mut Option<UnderWay>) -> Done {
    match under_way {
        Some(under_way) => under_way.await,
        None => std::future::pending().await,
    }
}

/// What a stranger said behind their log-in counts as well, so a database that is away is waited for.
async fn log_in(state: &AppState, token: &str) -> Result<Caller, Refusal> {
    let mut patience = Patience::new(Duration::from_secs(state.settings.sockets.finish_seconds_max));
    loop {
        match state.sessions.find(token, clock::now()).await {
            Ok(Some(caller)) if caller.institution().is_ok() => return Ok(caller),
            Ok(_) => return Err(NO_SESSION),
            Err(error) => {
                if !patience.bears(&error).await {
                    tracing::warn!(error = %describe(&error), "a log-in could not be looked up");
                    return Err(super::TRY_AGAIN);
                }
            }
        }
    }
}
