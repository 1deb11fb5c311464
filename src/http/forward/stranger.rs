//! A visitor's socket without a session: its first frame says who they are, and so who answers it. Until then it is kept here, with
//! the bounds that sockets of strangers have; then all of it, from its first byte, is carried to the owner, or to this server itself.

use std::{
    collections::VecDeque,
    io,
    net::IpAddr,
    rc::Rc,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use actix_http::ws::{CloseCode, Codec, Frame};
use actix_web::{HttpMessage, dev::ServiceRequest, web::Data};
use actix_web_actors::ws::handshake_with_protocols;
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use futures_util::{FutureExt, Stream, StreamExt, future::Either, stream};
use http::{HeaderMap, HeaderValue};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::{
    sync::{Notify, OwnedSemaphorePermit},
    time::timeout,
};
use tokio_util::codec::Decoder;

use super::{
    Forwarding, INSTITUTION, OWNER_WAIT_MAX, Way, home, request,
    socket::{STOPPING, close_frame, early, splice},
    wait,
};
use crate::{
    address,
    answer::Fault,
    config,
    http::{
        connection::Link,
        middleware,
        sockets::{
            LOGGED_OUT, TRY_AGAIN,
            frames::{self, ClientFrame, SocketCommand},
        },
        state::AppState,
    },
    institutions::Entry,
    wording::Sentence,
};

/// A first frame is no longer, and nothing more is read before it is known.
const FIRST_BYTES_MAX: usize = 1024;
/// With their headers; beyond it, whoever answers the socket refuses it.
const READ_BYTES_MAX: usize = 4 * FIRST_BYTES_MAX;

/// As of one who says nothing in time.
const NO_SESSION: (CloseCode, &str) = (LOGGED_OUT, "no session");
/// As of one who makes room for a newcomer.
const TOO_MANY: (CloseCode, &str) = (CloseCode::Again, "too many");

/// The sockets of which it is not known yet whose they are. A newcomer is let in always; where there are as many as may be, the one
/// that has been there longest makes room.
pub(super) struct Strangers {
    max: usize,
    of_address_max: usize,
    wait_max: Duration,
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Default)]
struct Waiting {
    next: u64,
    /// The oldest first.
    all: VecDeque<(u64, IpAddr, Arc<Notify>)>,
}

/// The place of one of them.
struct Place {
    id: u64,
    /// Told when it has to make room.
    displaced: Arc<Notify>,
    waiting: Arc<Mutex<Waiting>>,
}

impl Strangers {
    pub(super) fn new(settings: &config::Sockets) -> Self {
        Self {
            max: settings.strangers_max,
            of_address_max: settings.strangers_per_address_max,
            wait_max: Duration::from_secs(settings.auth_seconds_max),
            waiting: Arc::default(),
        }
    }

    fn enter(&self, address: IpAddr) -> Place {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let here = |(_, from, _): &&(u64, IpAddr, Arc<Notify>)| *from == address;
        let oldest = if waiting.all.iter().filter(here).count() >= self.of_address_max {
            waiting.all.iter().position(|(_, from, _)| *from == address)
        } else {
            (waiting.all.len() >= self.max).then_some(0)
        };
        if let Some((_, _, displaced)) = oldest.and_then(|oldest| waiting.all.remove(oldest)) {
            displaced.notify_one();
        }
        let (id, displaced) = (waiting.next, Arc::<Notify>::default());
        waiting.next += 1;
        waiting.all.push_back((id, address, Arc::clone(&displaced)));
        Place { id, displaced, waiting: Arc::clone(&self.waiting) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.all.retain(|(id, ..)| *id != self.id);
    }
}

/// The handshake, to be made again where the socket is answered.
struct Handshake {
    target: String,
    headers: HeaderMap,
}

/// The connection of a socket that has not been spliced yet: actix reads from it again when this is dropped.
struct Unspliced(Option<Rc<Link>>);

impl Drop for Unspliced {
    fn drop(&mut self) {
        if let Some(link) = self.0.take() {
            link.end_reading();
        }
    }
}

impl Forwarding {
    /// Accepts a socket of which only its first frame says whose it is.
    pub(super) fn stranger(
        &self,
        req: &mut ServiceRequest,
        state: &Data<AppState>,
        id: &str,
    ) -> Result<Way, Fault> {
        let (Ok(mut accepted), Some(link)) = (handshake_with_protocols(req.request(), &[]), Self::link(req))
        else {
            // Its handler says what is wrong with it.
            return Ok(Way::Here(None));
        };
        let from = address::of(req.request(), &state.settings.server.trusted_proxies);
        let socket = Arc::clone(&self.0.sockets).try_acquire_owned();
        let socket = socket.map_err(|_| Fault::wrong(Sentence::Busy))?;
        let place = self.0.strangers.enter(address::limited(from));
        let mut headers = request::headers_of(req, true)?;
        headers.insert(middleware::REQUEST_ID_NAME, HeaderValue::from_str(id).map_err(Fault::internal)?);
        let target = req.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
        let first = early(&mut req.take_payload());
        link.take();
        let (forwarding, state) = (self.clone(), state.clone());
        let frames = async move {
            forwarding.first_frame(link, first, Handshake { target, headers }, state, (place, socket)).await
        };
        Ok(Way::Answered(accepted.streaming(frames.into_stream().flatten())))
    }

    async fn first_frame(
        &self,
        link: Rc<Link>,
        mut first: BytesMut,
        handshake: Handshake,
        state: Data<AppState>,
        (place, socket): (Place, OwnedSemaphorePermit),
    ) -> impl Stream<Item = io::Result<Bytes>> + use<> {
        let mut unspliced = Unspliced(Some(Rc::clone(&link)));
        let mut stopping = self.0.stopping.subscribe();
        let token = tokio::select! {
            read = timeout(self.0.strangers.wait_max, read_first(&link, &mut first)) => read,
            // Whoever would tell of it is gone otherwise, and so is this server.
            _ = stopping.wait_for(|stops| *stops) => return Either::Left(closed(STOPPING)),
            () = place.displaced.notified() => return Either::Left(closed(TOO_MANY)),
        };
        let Ok(token) = token else { return Either::Left(closed(NO_SESSION)) };
        let owner = match self.owner(token, handshake, &state).await {
            Ok(owner) => owner,
            Err(fault) => {
                tracing::info!(%fault, "forward: a socket could not be carried to its owner");
                return Either::Left(closed(TRY_AGAIN));
            }
        };
        drop(place);
        unspliced.0 = None;
        Either::Right(splice(&link, first, TokioIo::new(owner), socket, self.0.stopping.subscribe()))
    }

    /// Whoever answers a socket with this token: this server where nobody else does.
    async fn owner(
        &self,
        token: Option<String>,
        mut handshake: Handshake,
        state: &AppState,
    ) -> Result<Upgraded, Fault> {
        let home = match token {
            Some(token) => home::of_token(state, &token).await?.flatten(),
            None => None,
        };
        let Some(institution) = home else { return self.upgrade_here(&handshake).await };
        let (mut changes, until) = (self.0.institutions.changed_owner(), Instant::now() + OWNER_WAIT_MAX);
        handshake.headers.insert(INSTITUTION, HeaderValue::from_str(&institution).map_err(Fault::internal)?);
        loop {
            match self.0.institutions.enter(&institution) {
                Entry::Here(_) => return self.upgrade_here(&handshake).await,
                Entry::Elsewhere(owner) => {
                    if let Some(owner) = self.upgrade_at(owner, &handshake.target, &handshake.headers).await {
                        return Ok(owner);
                    }
                }
                Entry::Held | Entry::Nowhere => {}
            }
            if Instant::now() >= until {
                return Err(Fault::Elsewhere);
            }
            wait(&mut changes).await;
        }
    }

    async fn upgrade_here(&self, handshake: &Handshake) -> Result<Upgraded, Fault> {
        let upgraded = self.upgrade_at_self(&handshake.target, &handshake.headers).await;
        upgraded.ok_or_else(|| Fault::internal("a socket to this server itself"))
    }
}

/// Reads until the first frame is there; the token in it, if it is a log-in. Nothing is taken out of what was read.
async fn read_first(link: &Link, first: &mut BytesMut) -> Option<String> {
    loop {
        match first_text(first) {
            Ok(Some(text)) => {
                let Ok(ClientFrame::Socket(SocketCommand::Auth { token })) = frames::command(&text) else {
                    return None;
                };
                return Some(token);
            }
            Ok(None) if first.len() < READ_BYTES_MAX => {}
            Ok(None) | Err(()) => return None,
        }
        link.readable().await.ok()?;
        match link.read(first, FIRST_BYTES_MAX) {
            Ok(0) => return None,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return None,
        }
    }
}

/// The first text among these bytes; an error where something else comes first than pings.
fn first_text(bytes: &BytesMut) -> Result<Option<ByteString>, ()> {
    let (mut codec, mut left) = (Codec::new().max_size(FIRST_BYTES_MAX), bytes.clone());
    loop {
        match codec.decode(&mut left).map_err(drop)? {
            None => return Ok(None),
            Some(Frame::Text(text)) => return ByteString::try_from(text).map(Some).map_err(drop),
            Some(Frame::Ping(_) | Frame::Pong(_)) => {}
            Some(Frame::Binary(_) | Frame::Continuation(_) | Frame::Close(_)) => return Err(()),
        }
    }
}

/// The end of a socket that nobody answers.
fn closed(why: (CloseCode, &str)) -> impl Stream<Item = io::Result<Bytes>> + use<> {
    stream::iter([close_frame(why)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_http::ws::Message;
    use tokio_util::codec::Encoder as _;

    fn frame(message: Message) -> BytesMut {
        let mut bytes = BytesMut::new();
        Codec::new().client_mode().encode(message, &mut bytes).expect("a frame");
        bytes
    }

    #[test]
    fn the_first_text_is_found_behind_pings_and_left_where_it_is() {
        let mut bytes = frame(Message::Ping(Bytes::from_static(b"x")));
        assert_eq!(first_text(&bytes), Ok(None));
        let text = frame(Message::Text("hello".into()));
        bytes.extend_from_slice(&text[..4]);
        assert_eq!(first_text(&bytes), Ok(None));
        bytes.extend_from_slice(&text[4..]);
        let before = bytes.clone();
        assert_eq!(first_text(&bytes), Ok(Some("hello".into())));
        assert_eq!(bytes, before);
        assert_eq!(first_text(&frame(Message::Binary(Bytes::from_static(b"x")))), Err(()));
        assert_eq!(first_text(&frame(Message::Text("x".repeat(FIRST_BYTES_MAX + 1).into()))), Err(()));
    }

    #[test]
    fn the_oldest_stranger_makes_room() {
        let mut settings = config::defaults().sockets;
        (settings.strangers_max, settings.strangers_per_address_max) = (3, 2);
        let strangers = Strangers::new(&settings);
        let [one, two] = ["10.0.0.1", "10.0.0.2"].map(|text| text.parse::<IpAddr>().expect("an address"));
        let is_displaced = |place: &Place| place.displaced.notified().now_or_never().is_some();
        let other = strangers.enter(two);
        let (first, second) = (strangers.enter(one), strangers.enter(one));
        assert!(!is_displaced(&first) && !is_displaced(&second) && !is_displaced(&other));
        let third = strangers.enter(one);
        assert!(is_displaced(&first) && !is_displaced(&other), "their own address has too many");
        let more = strangers.enter(two);
        assert!(
            is_displaced(&other) && !is_displaced(&second) && !is_displaced(&third),
            "there are no more in all"
        );
        drop((first, second, third, other, more));
        assert!(strangers.waiting.lock().expect("nobody panicked").all.is_empty());
    }
}
