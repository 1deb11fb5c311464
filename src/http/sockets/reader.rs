//! What comes in on one socket: read, bounded and carried out, one command after the other, in a task of its own. So it
//! goes on to its end whatever becomes of the socket: what was received counts, however the socket closed.
//!
//! A sender who is ahead waits: no more is read than `AHEAD_BYTES_MAX` ahead of what is done, and the system's own
//! buffer is small. Nothing is thrown away for having come too fast. And none keeps its thread: every frame counts, also
//! one that is never answered, and after each reading others have their turn.

mod carry_out;
mod incoming;
mod shared;

use std::{
    future::Future,
    pin::Pin,
    rc::Rc,
    time::{Duration, Instant},
};

use actix::Addr;
use actix_web::web::Data;
use tokio::{task::yield_now, time::sleep_until};

use super::{Session, open::OpenSocket};
use crate::{
    http::{connection::Link, state::AppState},
    identity::Caller,
};
use carry_out::Done;
pub(super) use incoming::Incoming;
use incoming::Received;
pub(super) use shared::{Came, End, Shared};

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
    pub(super) place: OpenSocket,
    pub(super) incoming: Incoming,
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
                () = self.place.last_read() => self.read_last_frames(),
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

    fn next(&mut self) -> Option<Received> {
        let received = self.incoming.queue.pop_front()?;
        self.incoming.ahead -= received.bytes;
        Some(received)
    }

    /// Until when what was read already has to wait, if it has.
    fn waits_until(&self) -> Option<Instant> {
        let held = !self.incoming.buffer.is_empty() && !self.incoming.allowance.is_left();
        held.then(|| self.incoming.allowance.next())
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

    fn give_up(&self, under_way: bool) {
        let lost = self.incoming.queue.len() + usize::from(under_way);
        tracing::warn!(lost, "WebSocket: handling the last frames timed out, they are lost");
    }
}

/// Waits for what is under way, if there is anything.
async fn carried_out(under_way: &mut Option<UnderWay>) -> Done {
    match under_way {
        Some(under_way) => under_way.await,
        None => std::future::pending().await,
    }
}
