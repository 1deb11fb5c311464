//! What becomes of a frame: each is carried out to its end, and answered.

use std::{rc::Rc, time::Duration};

use actix_web_actors::ws::CloseCode;
use hotline_actors::{CounselorId, dispatch::counselor::ChosenStatus};

use super::{
    Reader, UnderWay,
    incoming::Received,
    shared::{Came, End},
};
use crate::{
    clock,
    database::RetryDelay,
    errors::describe,
    http::{
        refusals,
        sockets::{
            LOGGED_OUT, TRY_AGAIN,
            frames::{self, ClientFrame, SocketCommand},
        },
        state::AppState,
    },
    identity::{AccountKind, Caller},
    wording::{Language, Sentence},
};

/// With what a stranger's socket is closed.
pub(super) type Refusal = (CloseCode, &'static str);

/// No session, or another's first frame than a log-in.
const NO_SESSION: Refusal = (LOGGED_OUT, "no session");

/// What became of one.
pub(super) enum Done {
    Frame(Option<String>),
    LoggedIn(Result<Caller, Refusal>),
    /// The log-in had ended before the frame came.
    LoggedOut,
}

impl Reader {
    pub(super) fn carry_out(&self, Received { at, command, .. }: Received) -> UnderWay {
        let state = self.state.clone();
        let Some(caller) = self.caller.clone() else {
            return Box::pin(async move {
                let Ok(ClientFrame::Socket(SocketCommand::Auth { token })) = command else {
                    return Done::LoggedIn(Err(NO_SESSION));
                };
                Done::LoggedIn(log_in(&state, &token).await)
            });
        };
        match command {
            Ok(ClientFrame::Talk(command)) => {
                let shared = Rc::clone(&self.shared);
                Box::pin(async move {
                    shared.join_finished().await;
                    // Not known just now: the command itself will find out.
                    let ended =
                        matches!(state.sessions.is_active(caller.token, clock::now()).await, Ok(None));
                    if ended && !state.sessions.went_on_until(&caller, at) {
                        return Done::LoggedOut;
                    }
                    let done = state.embedded.handle_command(&caller, shared.socket.get(), command).await;
                    Done::Frame(
                        done.unwrap_or_else(|refused| Some(refusals::frame(refused, Language::default()))),
                    )
                })
            }
            Ok(ClientFrame::Socket(SocketCommand::Presence { choice })) => {
                let (shared, asks) = (Rc::clone(&self.shared), self.asks);
                Box::pin(async move {
                    shared.join_finished().await;
                    let ended =
                        matches!(state.sessions.is_active(caller.token, clock::now()).await, Ok(None));
                    if ended && !state.sessions.went_on_until(&caller, at) {
                        return Done::LoggedOut;
                    }
                    Done::Frame(choose(&state, &caller, asks, choice))
                })
            }
            Ok(ClientFrame::Socket(SocketCommand::Ping)) => {
                Box::pin(async { Done::Frame(Some(frames::pong())) })
            }
            Ok(ClientFrame::Socket(SocketCommand::Auth { .. })) => {
                Box::pin(async { Done::Frame(Some(frames::error(&Sentence::LoggedInAlready))) })
            }
            Err(why) => Box::pin(async move { Done::Frame(Some(frames::error(&why))) }),
        }
    }

    pub(super) async fn done(&mut self, done: Done) {
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
                self.incoming.end = Some(End::Wrong(LOGGED_OUT, "logged out"));
                self.incoming.queue.clear();
            }
        }
    }
}

/// What somebody chose is told to all their sockets once it is kept, and so not answered here.
fn choose(state: &AppState, caller: &Caller, asks: bool, choice: ChosenStatus) -> Option<String> {
    match (caller.kind, &caller.institution) {
        (AccountKind::Counselor | AccountKind::Supervisor, Some(institution)) if !asks => {
            state.institutions.choose(institution, CounselorId::from(caller.id), choice);
            None
        }
        (
            AccountKind::Counselor
            | AccountKind::Supervisor
            | AccountKind::Visitor
            | AccountKind::Institution
            | AccountKind::System,
            _,
        ) => Some(frames::error(&Sentence::NotAllowed)),
    }
}

/// What a stranger said behind their log-in counts as well, so a database that is away is waited for.
async fn log_in(state: &AppState, token: &str) -> Result<Caller, Refusal> {
    let mut delay = RetryDelay::new(Duration::from_secs(state.settings.sockets.finish_seconds_max));
    loop {
        match state.sessions.find(token, clock::now()).await {
            Ok(Some(caller)) if caller.institution().is_ok() => return Ok(caller),
            Ok(_) => return Err(NO_SESSION),
            Err(error) => {
                if !delay.may_retry_after(&error).await {
                    tracing::warn!(error = %describe(&error), "WebSocket: looking up the session token failed, database unavailable");
                    return Err(TRY_AGAIN);
                }
            }
        }
    }
}
