//! The sockets: `/workbench/ws` for staff and `/visitor/ws`. What goes out is here, what comes in is in `sockets/reader.rs`;
//! how many there may be, in `sockets/open.rs`. Only these know actix-web-actors, whose authors now point to actix-ws.
//!
//! Its context queues frames without a bound and hides how many. So the stream of bytes is wrapped: what was handed in
//! minus what was pulled is queued, and whoever has too many bytes queued is closed with 1013 and resumes from their cursor.

pub(crate) mod frames;
pub(super) mod header;
mod open;
mod pace;
mod reader;

use std::{
    cell::Cell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use actix::{
    Actor, ActorContext, ActorFutureExt, AsyncContext, ContextFutureSpawner, Handler, StreamHandler,
    WrapFuture,
};
use actix_web::{
    HttpRequest,
    web::{self, Data, Payload, ServiceConfig},
};
use actix_web_actors::ws::{
    CloseCode, CloseReason, Message, ProtocolError, WebsocketContext, handshake_with_protocols,
};
use bytes::Bytes;
use bytestring::ByteString;
use futures_util::{Stream, stream};
use hotline_actors::{
    dispatch::counselor::{ChosenStatus, Role},
    push::{Closing, Push, SocketId},
    registry::{LogIns, SocketRole},
};

use utoipa::OpenApi;

use super::{
    caller,
    connection::Link,
    openapi::{requests, shapes::Refusal},
    origin,
    state::AppState,
};
use crate::{
    address,
    answer::{Answer, Fault},
    clock,
    identity::{AccountKind, Caller},
    params::Params,
    wording::Sentence,
};
pub use open::OpenSockets;
use open::{Asked, Full};
use reader::{Came, End, Incoming, Reader, Shared};

/// Pushes waiting to be written before the socket counts as too slow.
const PUSHES_MAX: usize = 4096;
/// After the close frame: for it to reach the wire, and for what was under way to arrive.
const CLOSE_MAX: Duration = Duration::from_secs(1);
/// Before it: for what has come already to be carried out, and answered.
const PENDING_CLOSE_MAX: Duration = Duration::from_secs(2);

/// The sockets in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(workbench, visitor))]
pub(crate) struct Docs;

pub(crate) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/workbench/ws").route(web::get().to(workbench)))
        .service(web::resource("/visitor/ws").route(web::get().to(visitor)));
}

/// 自有：工作台的实时连接（WebSocket）
///
/// 咨询师、督导、机构管理员使用，连接即在线。帧的格式见项目的 docs/sockets.md
#[utoipa::path(
    get,
    path = "/workbench/ws",
    params(requests::WorkbenchQuery),
    responses((status = 101, description = "已升级为 WebSocket"), (status = 200, body = Refusal))
)]
async fn workbench(
    req: HttpRequest,
    stream: Payload,
    state: Data<AppState>,
    caller: Caller,
    params: Params,
) -> Answer {
    only_from_our_pages(&req, &state)?;
    match caller.kind {
        AccountKind::Counselor | AccountKind::Supervisor | AccountKind::Institution => {}
        AccountKind::Visitor | AccountKind::System => return Err(Fault::not_allowed()),
    }
    let choice =
        params.text("presence")?.map(|word| frames::choice(&word).ok_or_else(|| Fault::bad("presence")));
    let session = Session::new(state, Some(caller), false, since(&params)?, choice.transpose()?);
    open(&req, stream, session)
}

/// 自有：访客的实时连接（WebSocket）
///
/// 同上；也可不带会话，而在首帧给出令牌。帧的格式见项目的 docs/sockets.md
#[utoipa::path(
    get,
    path = "/visitor/ws",
    params(requests::VisitorQuery),
    responses((status = 101, description = "已升级为 WebSocket"), (status = 200, body = Refusal)),
    security((), ("session" = []), ("bearer" = []))
)]
async fn visitor(req: HttpRequest, stream: Payload, state: Data<AppState>, params: Params) -> Answer {
    let caller = match caller::token_of(&req) {
        Some(token) => {
            only_from_our_pages(&req, &state)?;
            let caller = caller::by_token(&state, &token).await?;
            caller.institution()?;
            Some(caller)
        }
        None => None,
    };
    let session = Session::new(state, caller, true, since(&params)?, None);
    open(&req, stream, session)
}

fn only_from_our_pages(req: &HttpRequest, state: &AppState) -> Result<(), Fault> {
    let ours = !caller::is_carried_by_cookie(req)
        || origin::is_ours(req.headers(), &state.settings.server.public_url);
    if ours { Ok(()) } else { Err(Fault::NoSession) }
}

fn since(params: &Params) -> Result<Option<u64>, Fault> {
    params.int("since")?.map(|since| u64::try_from(since).map_err(|_| Fault::bad("since"))).transpose()
}

fn open(req: &HttpRequest, early: Payload, session: Session) -> Answer {
    let mut response = handshake_with_protocols(req, &[]).map_err(|_| Fault::bad("Upgrade"))?;
    let link = req.conn_data::<Rc<Link>>().cloned().ok_or_else(|| Fault::internal("no connection"))?;
    let (state, queued_bytes, shared) =
        (session.state.clone(), Rc::clone(&session.queued_bytes), Rc::clone(&session.shared));
    let (caller, asks) = (session.caller.clone(), session.asks);
    // What comes in is none of its business: a stream that says nothing takes the place of it.
    let (address, frames) = WebsocketContext::create_with_addr(session, stream::pending());
    let from = address::limited(address::of(req, &state.settings.server.trusted_proxies));
    let entered = state.sockets.enter(from, caller.as_ref(), address.clone().recipient());
    let place = entered.map_err(|Full| Fault::wrong(Sentence::Busy))?;
    link.take();
    let incoming = Incoming::new(early, Duration::from_secs(state.settings.sockets.heartbeat_seconds));
    let reader =
        Reader { state, link: Rc::clone(&link), session: address, shared, caller, asks, place, incoming };
    link.keep(actix_web::rt::spawn(reader.run()));
    Ok(response.streaming(Metered { frames: Box::pin(frames), queued_bytes }))
}

/// The frames on their way out, with what is pulled taken off the queued bytes.
struct Metered<S> {
    frames: Pin<Box<S>>,
    queued_bytes: Rc<Cell<usize>>,
}

impl<S: Stream<Item = Result<Bytes, actix_web::Error>>> Stream for Metered<S> {
    type Item = Result<Bytes, actix_web::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let pulled = self.frames.as_mut().poll_next(cx);
        if let Poll::Ready(Some(Ok(bytes))) = &pulled {
            self.queued_bytes.set(self.queued_bytes.get().saturating_sub(bytes.len()));
        }
        pulled
    }
}

/// Closes a socket without a log-in, or whose log-in has ended.
pub(super) const LOGGED_OUT: CloseCode = CloseCode::Other(4003);
/// Closes one whose log-in could not be looked up: that says nothing about the log-in.
pub(super) const TRY_AGAIN: (CloseCode, &str) = (CloseCode::Restart, "try again");
/// The word by which a page knows why it must log in again.
const PASSWORD_CHANGED: &str = "password changed";

/// A log-in that ends by time is looked at so much later.
const END_SLACK: Duration = Duration::from_millis(2);

/// One socket.
struct Session {
    state: Data<AppState>,
    caller: Option<Caller>,
    /// On the visitor's path everybody is the one who asks.
    asks: bool,
    since: Option<u64>,
    choice: Option<ChosenStatus>,
    socket: Option<SocketId>,
    queued_bytes: Rc<Cell<usize>>,
    /// With what reads.
    shared: Rc<Shared>,
    opened: Instant,
    /// It closes as soon as what has come is carried out.
    pending_close: Option<(CloseCode, &'static str)>,
    closing: bool,
}

impl Session {
    fn new(
        state: Data<AppState>,
        caller: Option<Caller>,
        asks: bool,
        since: Option<u64>,
        choice: Option<ChosenStatus>,
    ) -> Self {
        Self {
            state,
            caller,
            asks,
            since,
            choice,
            socket: None,
            queued_bytes: Rc::default(),
            shared: Rc::default(),
            opened: Instant::now(),
            pending_close: None,
            closing: false,
        }
    }

    fn send(&mut self, text: impl Into<ByteString>, ctx: &mut WebsocketContext<Self>) {
        if self.closing {
            return;
        }
        let text = text.into();
        self.add_queued(text.len());
        ctx.text(text);
        if self.queued_bytes.get() > self.state.settings.sockets.debt_bytes_max {
            self.close(CloseCode::Again, "too slow", ctx);
        }
    }

    /// A frame of the server has a header of two, four or ten bytes.
    fn add_queued(&self, payload: usize) {
        let header = match payload {
            0..=125 => 2,
            126..=0xffff => 4,
            _ => 10,
        };
        self.queued_bytes.set(self.queued_bytes.get() + header + payload);
    }

    /// Sends a close frame with the reason, and ends. Unsent bytes are waited for at most [`CLOSE_MAX`].
    fn close(&mut self, code: CloseCode, why: &str, ctx: &mut WebsocketContext<Self>) {
        if self.closing {
            return;
        }
        self.closing = true;
        self.add_queued(why.len() + 2);
        ctx.close(Some(CloseReason { code, description: Some(why.to_owned()) }));
        ctx.run_later(CLOSE_MAX, |_, ctx| ctx.stop());
        if code == LOGGED_OUT {
            self.shared.no_more();
            // Behind the presence that this log-in held.
            if let Some(Caller { id, institution: Some(institution), token, .. }) = &self.caller {
                let which = LogIns::One((*token).into());
                self.state.institutions.end_log_ins(institution, *id, which, Closing::LoggedOut);
            }
        }
        self.left();
    }

    /// Closes once all that has come so far is carried out, and answered.
    fn close_when_done(&mut self, code: CloseCode, why: &'static str, ctx: &mut WebsocketContext<Self>) {
        if self.closing || self.pending_close.is_some() {
            return;
        }
        self.pending_close = Some((code, why));
        self.shared.finish();
        ctx.run_later(PENDING_CLOSE_MAX, Self::send_pending_close);
    }

    fn send_pending_close(&mut self, ctx: &mut WebsocketContext<Self>) {
        if let Some((code, why)) = self.pending_close {
            self.close(code, why, ctx);
        }
    }

    fn left(&mut self) {
        if let (Some(socket), Some(institution)) = (self.socket.take(), self.institution()) {
            self.state.institutions.leave(institution, socket);
        }
    }

    fn institution(&self) -> Option<&str> {
        self.caller.as_ref()?.institution.as_deref()
    }

    fn join(&mut self, ctx: &mut WebsocketContext<Self>) {
        let Some(caller) = self.caller.clone() else { return };
        let (state, since, choice, asks) = (self.state.clone(), self.since, self.choice, self.asks);
        let socket = ctx.address().recipient();
        async move {
            let socket_role = socket_role(&state, &caller, asks, choice).await?;
            let institution = caller.institution()?;
            let login = caller.token.into();
            let joined =
                state.institutions.join(institution, caller.id, socket_role, login, socket, since).await?;
            // The log-in may have ended meanwhile, before there was a socket to close.
            match state.sessions.is_active(caller.token, clock::now()).await {
                Ok(Some(_)) => Ok(joined),
                Ok(None) => {
                    let which = LogIns::One(login);
                    state.institutions.end_log_ins(institution, caller.id, which, Closing::LoggedOut);
                    Err(Fault::NoSession)
                }
                Err(error) => {
                    state.institutions.leave(institution, joined);
                    Err(error.into())
                }
            }
        }
        .into_actor(self)
        .map(|joined, this, ctx| match joined {
            Ok(socket) if this.closing => {
                if let Some(institution) = this.institution() {
                    this.state.institutions.leave(institution, socket);
                }
            }
            Ok(socket) => {
                this.socket = Some(socket);
                this.shared.finish_join(Some(socket));
                this.look_whether_logged_in(ctx);
            }
            Err(fault) => {
                this.shared.finish_join(None);
                if matches!(fault, Fault::NoSession) {
                    this.close(LOGGED_OUT, "no session", ctx);
                } else {
                    tracing::debug!(%fault, "a socket could not join");
                    let (code, why) = TRY_AGAIN;
                    this.close(code, why, ctx);
                }
            }
        })
        .wait(ctx);
    }

    /// The end of a log-in is told by whoever ends it. Looked for here is one that ends by time, or unheard of.
    fn look_whether_logged_in(&self, ctx: &mut WebsocketContext<Self>) {
        let Some(caller) = &self.caller else { return };
        let (state, token) = (self.state.clone(), caller.token);
        async move { state.sessions.is_active(token, clock::now()).await }
            .into_actor(self)
            .map(|is_active, this, ctx| {
                let heartbeat = Duration::from_secs(this.state.settings.sockets.heartbeat_seconds);
                match is_active {
                    Ok(Some(end)) => {
                        let left = end.since(clock::now());
                        if left < heartbeat {
                            ctx.run_later(left + END_SLACK, |this, ctx| this.look_whether_logged_in(ctx));
                        }
                    }
                    Ok(None) => this.close(LOGGED_OUT, "logged out", ctx),
                    // Not known just now: looked at again with the next heartbeat.
                    Err(_) => {}
                }
            })
            .spawn(ctx);
    }

    /// How long nothing was received. A client whose frame is still being handled is not silent.
    fn silence(&self) -> Duration {
        if self.shared.busy.get() {
            return Duration::ZERO;
        }
        self.shared.last_received.get().unwrap_or(self.opened).elapsed()
    }

    fn heartbeat(&mut self, ctx: &mut WebsocketContext<Self>) {
        let settings = &self.state.settings.sockets;
        let heartbeat = Duration::from_secs(settings.heartbeat_seconds);
        let silence_max = heartbeat * settings.heartbeats_missed_max;
        let left = silence_max.saturating_sub(self.silence());
        if left < heartbeat {
            // Not with the next heartbeat, which may be nearly one too late: whoever waits for them waits for this.
            ctx.run_later(left, move |this, ctx| {
                if this.silence() >= silence_max {
                    // Nobody is there to read a close frame.
                    this.left();
                    ctx.stop();
                }
            });
        }
        self.add_queued(0);
        ctx.ping(b"");
        self.look_whether_logged_in(ctx);
    }
}

/// As what somebody sits behind a socket. Their places are read afresh: they may be new to dispatch.
async fn socket_role(
    state: &AppState,
    caller: &Caller,
    asks: bool,
    choice: Option<ChosenStatus>,
) -> Result<SocketRole, Fault> {
    let role = match caller.kind {
        _ if asks => return Ok(SocketRole::Visitor),
        AccountKind::Counselor => Role::Counselor,
        AccountKind::Supervisor => Role::Supervisor,
        AccountKind::Visitor | AccountKind::Institution | AccountKind::System => {
            return Ok(SocketRole::Administrator);
        }
    };
    let person = state.people.get(caller.id).await?.ok_or(Fault::NoSession)?;
    let capacity = u32::try_from(person.max_consults).map_err(Fault::internal)?;
    Ok(SocketRole::Counselor { role, capacity, choice })
}

impl Actor for Session {
    type Context = WebsocketContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(PUSHES_MAX);
        let settings = self.state.settings.sockets.clone();
        ctx.run_interval(Duration::from_secs(settings.heartbeat_seconds), Self::heartbeat);
        if self.caller.is_some() {
            self.join(ctx);
        } else {
            ctx.run_later(Duration::from_secs(settings.auth_seconds_max), |this, ctx| {
                if this.caller.is_none() {
                    // One that has come is still being looked up.
                    let (code, why) =
                        if this.shared.logging_in.get() { TRY_AGAIN } else { (LOGGED_OUT, "no session") };
                    this.close(code, why, ctx);
                }
            });
        }
    }

    fn stopped(&mut self, _ctx: &mut Self::Context) {
        self.left();
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.shared.gone();
    }
}

/// The context asks for it; what comes in is read elsewhere.
impl StreamHandler<Result<Message, ProtocolError>> for Session {
    fn handle(&mut self, _: Result<Message, ProtocolError>, _: &mut Self::Context) {}
}

impl Handler<Came> for Session {
    type Result = ();

    fn handle(&mut self, came: Came, ctx: &mut Self::Context) {
        match came {
            Came::Frame(text) => self.send(text, ctx),
            Came::Pong(bytes) => {
                self.add_queued(bytes.len());
                ctx.pong(&bytes);
            }
            Came::LoggedIn(caller) => {
                self.caller = Some(caller);
                self.join(ctx);
            }
            Came::Left => self.left(),
            Came::Finished => self.send_pending_close(ctx),
            Came::Over(End::Bye(reason)) => {
                if !self.closing {
                    self.closing = true;
                    ctx.close(reason);
                }
                ctx.stop();
            }
            Came::Over(End::Gone) => {
                self.send_pending_close(ctx);
                ctx.stop();
            }
            Came::Over(End::Wrong(code, why)) => self.close(code, why, ctx),
        }
    }
}

impl Handler<Asked> for Session {
    type Result = ();

    fn handle(&mut self, asked: Asked, ctx: &mut Self::Context) {
        match asked {
            Asked::Finish => self.shared.finish(),
            Asked::MakeRoom => {
                self.close(CloseCode::Again, "too many", ctx);
                if self.caller.is_none() {
                    // There may be thousands: nobody waits for them.
                    self.shared.no_more();
                    ctx.stop();
                }
            }
        }
    }
}

impl Handler<Push> for Session {
    type Result = ();

    fn handle(&mut self, push: Push, ctx: &mut Self::Context) {
        if let Push::Close(closing) = push {
            match closing {
                Closing::GoingAway => self.close_when_done(CloseCode::Away, "the server stops", ctx),
                Closing::Switching => self.close_when_done(CloseCode::Restart, "the server changes", ctx),
                Closing::Faulty => self.close_when_done(CloseCode::Error, "try again", ctx),
                Closing::TooSlow => self.close(CloseCode::Again, "too slow", ctx),
                Closing::LoggedOut => self.close(LOGGED_OUT, "logged out", ctx),
                Closing::PasswordSet => self.close(LOGGED_OUT, PASSWORD_CHANGED, ctx),
            }
        } else {
            frames::each(push, |text| self.send(text, ctx));
        }
    }
}
