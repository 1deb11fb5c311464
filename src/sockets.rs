//! The sockets: `/workbench/ws` for staff and `/visitor/ws`. The only file that knows actix-web-actors, whose authors
//! now point to actix-ws.
//!
//! Its context queues frames without a bound and hides how many. So the stream of bytes is wrapped: what was handed in
//! minus what was pulled is the debt, and whoever owes too much is closed with 1013 and resumes from his cursor.

pub(crate) mod frames;

use std::{
    cell::Cell,
    collections::VecDeque,
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
use futures_util::Stream;
use hotline_actors::{
    CounselorId,
    dispatch::counselor::{Choice, Role},
    push::{Closing, Push, SocketId},
    registry::Badge,
};

use utoipa::OpenApi;

use crate::{
    answer::{Answer, Fault},
    app::AppState,
    auth::{self, Caller, origin},
    http::openapi::{requests, shapes::Refusal},
    im::embedded,
    params::Params,
    people::Kind,
};
use frames::Command;

/// A client's frame holds a command; the longest is a text of our own IM.
const FRAME_BYTES_MAX: usize = 16 * 1024;
/// Pushes waiting to be written before the socket counts as too slow.
const PUSHES_MAX: usize = 4096;
/// Commands a socket may send in a row; refilled at every heartbeat.
const COMMANDS_BURST_MAX: u32 = 120;
/// Of them, those of our own IM that wait for the one under way.
const ASKED_MAX: usize = 64;
/// After the close frame: for it to reach the wire.
const CLOSE_MAX: Duration = Duration::from_secs(1);

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
        Kind::Counselor | Kind::Supervisor | Kind::Institution => {}
        Kind::Visitor | Kind::System => return Err(Fault::not_allowed()),
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
    let caller = match auth::token_of(&req) {
        Some(token) => {
            only_from_our_pages(&req, &state)?;
            let caller = Caller::by_token(&state, &token).await?;
            caller.institution()?;
            Some(caller)
        }
        None => None,
    };
    let session = Session::new(state, caller, true, since(&params)?, None);
    open(&req, stream, session)
}

fn only_from_our_pages(req: &HttpRequest, state: &AppState) -> Result<(), Fault> {
    let ours =
        !auth::is_carried_by_cookie(req) || origin::is_ours(req.headers(), &state.settings.server.public_url);
    if ours { Ok(()) } else { Err(Fault::NoSession) }
}

fn since(params: &Params) -> Result<Option<u64>, Fault> {
    params.int("since")?.map(|since| u64::try_from(since).map_err(|_| Fault::bad("since"))).transpose()
}

fn open(req: &HttpRequest, stream: Payload, session: Session) -> Answer {
    let mut response = handshake_with_protocols(req, &[]).map_err(|_| Fault::bad("Upgrade"))?;
    let debt = Rc::clone(&session.debt);
    let frames = WebsocketContext::create(session, stream);
    Ok(response.streaming(Metered { frames: Box::pin(frames), debt }))
}

/// The frames on their way out, with what is pulled taken off the debt.
struct Metered<S> {
    frames: Pin<Box<S>>,
    debt: Rc<Cell<usize>>,
}

impl<S: Stream<Item = Result<Bytes, actix_web::Error>>> Stream for Metered<S> {
    type Item = Result<Bytes, actix_web::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let pulled = self.frames.as_mut().poll_next(cx);
        if let Poll::Ready(Some(Ok(bytes))) = &pulled {
            self.debt.set(self.debt.get().saturating_sub(bytes.len()));
        }
        pulled
    }
}

/// Closes a socket without a log-in, or whose log-in has ended.
const LOGGED_OUT: CloseCode = CloseCode::Other(4003);
/// The word by which a page knows why it must log in again.
const PASSWORD_CHANGED: &str = "password changed";

/// One socket.
struct Session {
    state: Data<AppState>,
    caller: Option<Caller>,
    /// On the visitor's path everybody is the one who asks.
    asks: bool,
    since: Option<u64>,
    choice: Option<Choice>,
    socket: Option<SocketId>,
    debt: Rc<Cell<usize>>,
    /// When anything was last heard.
    heard: Instant,
    commands_left: u32,
    /// One after the other, in the order in which they came.
    asked: VecDeque<embedded::Command>,
    asking: bool,
    closing: bool,
}

impl Session {
    fn new(
        state: Data<AppState>,
        caller: Option<Caller>,
        asks: bool,
        since: Option<u64>,
        choice: Option<Choice>,
    ) -> Self {
        Self {
            state,
            caller,
            asks,
            since,
            choice,
            socket: None,
            debt: Rc::default(),
            heard: Instant::now(),
            commands_left: COMMANDS_BURST_MAX,
            asked: VecDeque::new(),
            asking: false,
            closing: false,
        }
    }

    fn send(&mut self, text: impl Into<ByteString>, ctx: &mut WebsocketContext<Self>) {
        if self.closing {
            return;
        }
        let text = text.into();
        self.owe(text.len());
        ctx.text(text);
        if self.debt.get() > self.state.settings.sockets.debt_bytes_max {
            self.close(CloseCode::Again, "too slow", ctx);
        }
    }

    /// A frame of the server has a header of two, four or ten bytes.
    fn owe(&self, payload: usize) {
        let header = match payload {
            0..=125 => 2,
            126..=0xffff => 4,
            _ => 10,
        };
        self.debt.set(self.debt.get() + header + payload);
    }

    /// Says why, and ends. Whatever is still owed is not waited for longer than a moment.
    fn close(&mut self, code: CloseCode, why: &str, ctx: &mut WebsocketContext<Self>) {
        if self.closing {
            return;
        }
        self.closing = true;
        self.owe(why.len() + 2);
        ctx.close(Some(CloseReason { code, description: Some(why.to_owned()) }));
        ctx.run_later(CLOSE_MAX, |_, ctx| ctx.stop());
        self.left();
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
            let badge = badge(&state, &caller, asks, choice).await?;
            let institution = caller.institution()?;
            let joined = state.institutions.join(institution, caller.id, badge, socket, since).await?;
            // His log-in may have ended meanwhile, before there was a socket to close.
            let goes_on = state.sessions.goes_on(caller.token).await;
            if !matches!(goes_on, Ok(true)) {
                state.institutions.leave(institution, joined);
                goes_on?;
                return Err(Fault::NoSession);
            }
            Ok(joined)
        }
        .into_actor(self)
        .map(|joined, this, ctx| match joined {
            Ok(socket) if this.closing => {
                if let Some(institution) = this.institution() {
                    this.state.institutions.leave(institution, socket);
                }
            }
            Ok(socket) => this.socket = Some(socket),
            Err(Fault::NoSession) => this.close(LOGGED_OUT, "no session", ctx),
            Err(fault) => {
                tracing::debug!(%fault, "a socket could not join");
                this.close(CloseCode::Restart, "try again", ctx);
            }
        })
        .wait(ctx);
    }

    /// A visitor's first frame.
    fn log_in(&mut self, token: String, ctx: &mut WebsocketContext<Self>) {
        let state = self.state.clone();
        async move {
            let caller = Caller::by_token(&state, &token).await?;
            caller.institution()?;
            Ok::<_, Fault>(caller)
        }
        .into_actor(self)
        .map(|caller, this, ctx| match caller {
            Ok(caller) => {
                this.caller = Some(caller);
                this.join(ctx);
            }
            Err(_) => this.close(LOGGED_OUT, "no session", ctx),
        })
        .wait(ctx);
    }

    fn obey(&mut self, text: &str, ctx: &mut WebsocketContext<Self>) {
        let Some(left) = self.commands_left.checked_sub(1) else {
            self.close(CloseCode::Policy, "too many commands", ctx);
            return;
        };
        self.commands_left = left;
        match (frames::command(text), &self.caller) {
            (Ok(Command::Auth { token }), None) => self.log_in(token, ctx),
            (_, None) => self.close(LOGGED_OUT, "no session", ctx),
            (Ok(Command::Auth { .. }), Some(_)) => self.send(frames::error("已登录"), ctx),
            (Ok(Command::Talk(command)), Some(_)) => self.ask(command, ctx),
            (Ok(Command::Ping), Some(_)) => self.send(frames::pong(), ctx),
            (Ok(Command::Presence { .. }), Some(_)) if self.asks => {
                self.send(frames::error("未开通权限"), ctx);
            }
            (Ok(Command::Presence { choice }), Some(caller)) => match (caller.kind, &caller.institution) {
                (Kind::Counselor | Kind::Supervisor, Some(institution)) => {
                    self.state.institutions.choose(institution, CounselorId::from(caller.id), choice);
                    self.send(frames::presence(choice), ctx);
                }
                (Kind::Visitor | Kind::Institution | Kind::System, _) | (_, None) => {
                    self.send(frames::error("未开通权限"), ctx);
                }
            },
            (Err(why), Some(_)) => self.send(frames::error(why), ctx),
        }
    }

    fn ask(&mut self, command: embedded::Command, ctx: &mut WebsocketContext<Self>) {
        if self.asked.len() >= ASKED_MAX {
            self.close(CloseCode::Policy, "too many commands", ctx);
            return;
        }
        self.asked.push_back(command);
        self.ask_next(ctx);
    }

    fn ask_next(&mut self, ctx: &mut WebsocketContext<Self>) {
        let (Some(caller), Some(socket), false) = (self.caller.clone(), self.socket, self.asking) else {
            return;
        };
        let Some(command) = self.asked.pop_front() else { return };
        self.asking = true;
        let state = self.state.clone();
        async move {
            // Not known just now: the command itself will find out.
            if matches!(state.sessions.goes_on(caller.token).await, Ok(false)) {
                return Err(Fault::NoSession);
            }
            Ok(embedded::obey(&state, &caller, Some(socket), command).await)
        }
        .into_actor(self)
        .map(|frame, this, ctx| {
            this.asking = false;
            match frame {
                Ok(Some(frame)) => this.send(frame, ctx),
                Ok(None) => {}
                Err(_) => this.close(LOGGED_OUT, "logged out", ctx),
            }
            this.ask_next(ctx);
        })
        .spawn(ctx);
    }

    /// A log-out ends the sockets of that log-in, and of no other of the same person.
    fn look_whether_logged_in(&self, ctx: &mut WebsocketContext<Self>) {
        let Some(caller) = &self.caller else { return };
        let (state, token) = (self.state.clone(), caller.token);
        async move { state.sessions.goes_on(token).await }
            .into_actor(self)
            .map(|goes_on, this, ctx| {
                if matches!(goes_on, Ok(false)) {
                    this.close(LOGGED_OUT, "logged out", ctx);
                }
            })
            .spawn(ctx);
    }

    fn beat(&mut self, ctx: &mut WebsocketContext<Self>) {
        let settings = &self.state.settings.sockets;
        let heartbeat = Duration::from_secs(settings.heartbeat_seconds);
        let silence_max = heartbeat * settings.heartbeats_missed_max;
        let left = silence_max.saturating_sub(self.heard.elapsed());
        if left < heartbeat {
            // Not with the next heartbeat, which may be nearly one too late: whoever waits for him waits for this.
            ctx.run_later(left, move |this, ctx| {
                if this.heard.elapsed() >= silence_max {
                    // Nobody is there to read a close frame.
                    this.left();
                    ctx.stop();
                }
            });
        }
        self.commands_left = COMMANDS_BURST_MAX;
        self.owe(0);
        ctx.ping(b"");
        self.look_whether_logged_in(ctx);
    }
}

/// As what somebody sits behind a socket. His places are read afresh: he may be new to dispatch.
async fn badge(
    state: &AppState,
    caller: &Caller,
    asks: bool,
    choice: Option<Choice>,
) -> Result<Badge, Fault> {
    let role = match caller.kind {
        _ if asks => return Ok(Badge::Visitor),
        Kind::Counselor => Role::Counselor,
        Kind::Supervisor => Role::Supervisor,
        Kind::Visitor | Kind::Institution | Kind::System => return Ok(Badge::Administrator),
    };
    let person = state.people.get(caller.id).await?.ok_or(Fault::NoSession)?;
    let capacity = u32::try_from(person.max_consults).map_err(Fault::internal)?;
    Ok(Badge::Counselor { role, capacity, choice })
}

impl Actor for Session {
    type Context = WebsocketContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(PUSHES_MAX);
        let settings = self.state.settings.sockets.clone();
        ctx.run_interval(Duration::from_secs(settings.heartbeat_seconds), Self::beat);
        if self.caller.is_some() {
            self.join(ctx);
        } else {
            ctx.run_later(Duration::from_secs(settings.auth_seconds_max), |this, ctx| {
                if this.caller.is_none() {
                    this.close(LOGGED_OUT, "no session", ctx);
                }
            });
        }
    }

    fn stopped(&mut self, _ctx: &mut Self::Context) {
        self.left();
    }
}

impl StreamHandler<Result<Message, ProtocolError>> for Session {
    fn handle(&mut self, message: Result<Message, ProtocolError>, ctx: &mut Self::Context) {
        self.heard = Instant::now();
        match message {
            Ok(Message::Text(text)) if text.len() > FRAME_BYTES_MAX => {
                self.close(CloseCode::Size, "too large", ctx);
            }
            Ok(Message::Text(text)) if !self.closing => self.obey(&text, ctx),
            Ok(Message::Binary(_)) => self.close(CloseCode::Unsupported, "text only", ctx),
            Ok(Message::Continuation(_)) => self.close(CloseCode::Size, "one frame a command", ctx),
            Ok(Message::Ping(bytes)) => {
                self.owe(bytes.len());
                ctx.pong(&bytes);
            }
            Ok(Message::Close(reason)) => {
                if !self.closing {
                    self.closing = true;
                    ctx.close(reason);
                }
                self.left();
                ctx.stop();
            }
            Ok(Message::Text(_) | Message::Pong(_) | Message::Nop) => {}
            Err(ProtocolError::Overflow) => self.close(CloseCode::Size, "too large", ctx),
            Err(_) => self.close(CloseCode::Protocol, "malformed", ctx),
        }
    }

    fn finished(&mut self, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

impl Handler<Push> for Session {
    type Result = ();

    fn handle(&mut self, push: Push, ctx: &mut Self::Context) {
        if let Push::Close(closing) = push {
            let (code, why) = match closing {
                Closing::GoingAway => (CloseCode::Away, "the server stops"),
                Closing::TooSlow => (CloseCode::Again, "too slow"),
                Closing::Switching => (CloseCode::Restart, "the server changes"),
                Closing::LoggedOut => (LOGGED_OUT, "logged out"),
                Closing::PasswordReplaced => (CloseCode::Restart, PASSWORD_CHANGED),
                Closing::PasswordSet => (LOGGED_OUT, PASSWORD_CHANGED),
                Closing::Faulty => (CloseCode::Error, "try again"),
            };
            self.close(code, why, ctx);
        } else {
            frames::each(push, |text| self.send(text, ctx));
        }
    }
}
