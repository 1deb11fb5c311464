//! A request on its way to the owner, and the answer on its way back.

use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use actix_web::{
    HttpMessage, HttpResponse, ResponseError,
    body::SizedStream,
    dev::{Payload, ServiceRequest},
    http::{StatusCode, header as actix_header},
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header};
use http_body_util::{BodyExt, Empty, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    body::{Body as _, Frame, Incoming},
    client::conn::http1::{self, SendRequest},
    upgrade::Upgraded,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
    time::timeout,
};
use uuid::Uuid;

use super::{ELSEWHERE, Forwarding, INSTITUTION, PEER, arrival::Arrival, home, peer_of, socket};
use crate::{
    answer::Fault,
    http::{
        body,
        middleware::{REQUEST_ID_NAME, may_become_a_socket},
    },
    wording::Sentence,
};

/// The owner answers within its own limits; this is longer than all of them.
const ANSWER_MAX: Duration = Duration::from_mins(1);
/// A connection that nothing went over for so long is not used again. The other end keeps it a little longer.
const IDLE_MAX: Duration = Duration::from_secs(3);
/// Connections kept for one server.
const IDLE_COUNT_MAX: usize = 64;
/// Parts of a large body that are read ahead of what has gone.
const PARTS_AHEAD_MAX: usize = 4;
/// Answers up to so many bytes are taken whole.
const WHOLE_BYTES_MAX: u64 = 64 * 1024;

/// Headers that are about one connection alone.
const OF_CONNECTION: [HeaderName; 6] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
];

type OutgoingBody = UnsyncBoxBody<Bytes, io::Error>;
type Sender = SendRequest<OutgoingBody>;

/// Why there is no answer of the owner.
pub(super) enum NotCarried {
    /// The owner has surely done nothing: here it is once more, unless its body has gone.
    NothingDone(Option<Outgoing>),
    /// It may have been done.
    Unsettled,
}

/// A request as it goes out.
pub(super) struct Outgoing {
    method: Method,
    target: String,
    headers: HeaderMap,
    body: Part,
    is_socket: bool,
}

/// The body, on its way.
enum Part {
    Whole(Bytes),
    Parts(mpsc::Receiver<io::Result<Bytes>>),
}

impl Outgoing {
    /// Takes the body of a request; one that is not large is read whole first, so that it can be carried again.
    /// `body`, if it was read already.
    pub(super) async fn of(
        req: &mut ServiceRequest,
        institution: &str,
        body: Option<Bytes>,
        id: &str,
    ) -> Result<Self, Fault> {
        let is_socket = may_become_a_socket(req);
        let mut headers = headers_of(req, is_socket)?;
        headers.insert(INSTITUTION, value(institution)?);
        headers.insert(REQUEST_ID_NAME, value(id)?);
        let body = if let Some(whole) = body {
            headers.remove(header::CONTENT_LENGTH);
            Part::Whole(whole)
        } else if is_socket || !has_body(req) {
            Part::Whole(Bytes::new())
        } else if length_of(req).is_some_and(|length| length <= body::BYTES_MAX) {
            headers.remove(header::CONTENT_LENGTH);
            Part::Whole(home::peek(req, body::BYTES_MAX).await?)
        } else {
            Part::Parts(in_parts(req.take_payload()))
        };
        let method = Method::from_bytes(req.method().as_str().as_bytes()).map_err(Fault::internal)?;
        let target = req.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
        Ok(Self { method, target, headers, body, is_socket })
    }

    /// The body goes back to where it came from.
    pub(super) fn put_back(self, req: &mut ServiceRequest) {
        match self.body {
            Part::Whole(whole) => home::put_back(req, whole),
            Part::Parts(parts) => {
                let parts = receiving(parts).map_err(actix_web::error::PayloadError::Io);
                req.set_payload(Payload::Stream { payload: Box::pin(parts) });
            }
        }
    }

    /// The request, and what is left to send it again if it is not sent.
    fn request(self) -> Result<(Request<OutgoingBody>, Option<Self>), http::Error> {
        let (body, left) = match self.body {
            Part::Whole(whole) => {
                (Full::new(whole.clone()).map_err(|never| match never {}).boxed_unsync(), Some(whole))
            }
            Part::Parts(parts) => {
                (BodyExt::boxed_unsync(StreamBody::new(receiving(parts).map_ok(Frame::data))), None)
            }
        };
        let mut request = Request::builder().method(self.method.clone()).uri(&self.target).body(body)?;
        *request.headers_mut() = self.headers.clone();
        Ok((request, left.map(|whole| Self { body: Part::Whole(whole), ..self })))
    }
}

fn value(text: &str) -> Result<HeaderValue, Fault> {
    HeaderValue::from_str(text).map_err(Fault::internal)
}

/// The headers of a request that go along.
pub(super) fn headers_of(req: &ServiceRequest, is_socket: bool) -> Result<HeaderMap, Fault> {
    let mut headers = HeaderMap::with_capacity(req.headers().len() + 4);
    for (name, given) in req.headers() {
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).map_err(Fault::internal)?;
        // These were answered or are said anew; a handshake has no body.
        let is_left = OF_CONNECTION.contains(&name)
            || name == header::EXPECT
            || name == INSTITUTION
            || name == PEER
            || (is_socket && name == header::CONTENT_LENGTH);
        if !is_left {
            headers.append(name, HeaderValue::from_bytes(given.as_bytes()).map_err(Fault::internal)?);
        }
    }
    if is_socket {
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    }
    if let Some(peer) = peer_of(req) {
        headers.insert(PEER, value(&peer.to_string())?);
    }
    Ok(headers)
}

fn length_of(req: &ServiceRequest) -> Option<usize> {
    req.headers().get(actix_header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn has_body(req: &ServiceRequest) -> bool {
    req.headers().contains_key(actix_header::TRANSFER_ENCODING)
        || length_of(req).is_some_and(|length| length > 0)
}

/// Reads a large body as it goes out.
fn in_parts(mut payload: Payload) -> mpsc::Receiver<io::Result<Bytes>> {
    let (parts, rest) = mpsc::channel(PARTS_AHEAD_MAX);
    // The payload belongs to this thread.
    actix_web::rt::spawn(async move {
        while let Some(part) = payload.next().await {
            if parts.send(part.map_err(io::Error::other)).await.is_err() {
                return;
            }
        }
    });
    rest
}

fn receiving(parts: mpsc::Receiver<io::Result<Bytes>>) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::unfold(parts, async |mut parts| parts.recv().await.map(|part| (part, parts)))
}

/// Connections to one server that wait for their next request, and since when.
type Idle = Vec<(Sender, Instant)>;

/// Those to each server. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Pool(Arc<Mutex<HashMap<Uuid, Idle>>>);

impl Pool {
    fn take(&self, owner: Uuid) -> Option<Sender> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_owner = idle.get_mut(&owner)?;
        // The latest first; what has waited for too long goes with it.
        while let Some((sender, since)) = of_owner.pop() {
            if since.elapsed() > IDLE_MAX {
                idle.remove(&owner);
                return None;
            }
            if sender.is_ready() {
                return Some(sender);
            }
        }
        None
    }

    /// Keeps a connection once its answer has gone.
    fn keep(&self, owner: Uuid, mut sender: Sender) {
        let pool = self.clone();
        tokio::spawn(async move {
            if !matches!(timeout(IDLE_MAX, sender.ready()).await, Ok(Ok(()))) {
                return;
            }
            let mut idle = pool.0.lock().unwrap_or_else(PoisonError::into_inner);
            idle.retain(|_, senders| senders.last().is_some_and(|(_, since)| since.elapsed() <= IDLE_MAX));
            let of_owner = idle.entry(owner).or_default();
            if of_owner.len() < IDLE_COUNT_MAX {
                of_owner.push((sender, Instant::now()));
            }
        });
    }
}

impl Forwarding {
    /// Has a request answered by its owner.
    pub(super) async fn carry(
        &self,
        owner: Uuid,
        outgoing: Outgoing,
        req: &mut ServiceRequest,
    ) -> Result<HttpResponse, NotCarried> {
        let (is_socket, may_repeat) = (outgoing.is_socket, outgoing.method == Method::GET);
        let kept = if is_socket { None } else { self.0.pool.take(owner) };
        let mut sender = match kept {
            Some(sender) => sender,
            None => match self.connection(owner).await {
                Ok(sender) => sender,
                Err(()) => return Err(NotCarried::NothingDone(Some(outgoing))),
            },
        };
        let (request, again) = outgoing.request().map_err(|error| {
            tracing::error!(%error, "forward: a request could not be written down");
            NotCarried::NothingDone(None)
        })?;
        let answer = match timeout(ANSWER_MAX, sender.try_send_request(request)).await {
            Ok(Ok(answer)) => answer,
            // It has not gone out, or only looks at something.
            Ok(Err(fault)) if may_repeat || fault.message().is_some() => {
                return Err(NotCarried::NothingDone(again));
            }
            Ok(Err(_)) | Err(_) => return Err(NotCarried::Unsettled),
        };
        if answer.headers().contains_key(ELSEWHERE) {
            self.0.pool.keep(owner, sender);
            return Err(NotCarried::NothingDone(again));
        }
        if answer.status() == http::StatusCode::SWITCHING_PROTOCOLS {
            let Ok(place) = Arc::clone(&self.0.sockets).try_acquire_owned() else {
                return Ok(Fault::wrong(Sentence::Busy).error_response());
            };
            let stopping = self.0.stopping.subscribe();
            return socket::carry(req, answer, place, stopping).await.ok_or(NotCarried::Unsettled);
        }
        self.answer(owner, sender, answer).await.ok_or(NotCarried::Unsettled)
    }

    async fn connection(&self, owner: Uuid) -> Result<Sender, ()> {
        http_over(self.stream(owner).await?, ()).await
    }

    /// Makes the handshake of a socket at its owner; none where that comes to nothing.
    pub(super) async fn upgrade_at(
        &self,
        owner: Uuid,
        target: &str,
        headers: &HeaderMap,
    ) -> Option<Upgraded> {
        upgrade(self.connection(owner).await.ok()?, target, headers).await
    }

    /// The same at this server itself.
    pub(super) async fn upgrade_at_self(&self, target: &str, headers: &HeaderMap) -> Option<Upgraded> {
        let connected = self.0.arrivals.connect(self.0.address).await;
        let Arrival { connection, known } = connected
            .inspect_err(|error| tracing::warn!(%error, "forward: connecting to this server itself failed"))
            .ok()?;
        upgrade(http_over(connection, known).await.ok()?, target, headers).await
    }

    /// The answer as it goes to the client; none if it broke off.
    async fn answer(&self, owner: Uuid, sender: Sender, answer: Response<Incoming>) -> Option<HttpResponse> {
        let (head, body) = answer.into_parts();
        let status = StatusCode::from_u16(head.status.as_u16()).ok()?;
        let mut response = HttpResponse::build(status);
        for (name, value) in &head.headers {
            let is_left =
                OF_CONNECTION.contains(name) || name == header::CONTENT_LENGTH || name == header::DATE;
            if !is_left {
                response.append_header((name.as_str(), value.as_bytes()));
            }
        }
        let length = body.size_hint().exact();
        let mut response = match length {
            Some(length) if length <= WHOLE_BYTES_MAX => {
                let whole = timeout(ANSWER_MAX, body.collect()).await.ok()?.ok()?.to_bytes();
                self.0.pool.keep(owner, sender);
                response.body(whole)
            }
            // In parts, and the connection ends with them.
            Some(length) => response.body(SizedStream::new(length, parts(body, sender))),
            None => response.streaming(parts(body, sender)),
        };
        response.extensions_mut().insert(CarriedAnswer);
        Some(response)
    }
}

/// Speaks HTTP over a stream; `known` is kept as long.
async fn http_over<S, K>(stream: S, known: K) -> Result<Sender, ()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    K: Send + 'static,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(drop)?;
    tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "forward: a connection to an owner has ended");
        }
        drop(known);
    });
    Ok(sender)
}

async fn upgrade(mut sender: Sender, target: &str, headers: &HeaderMap) -> Option<Upgraded> {
    let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
    let mut request = Request::builder().uri(target).body(body).ok()?;
    *request.headers_mut() = headers.clone();
    let answer = timeout(ANSWER_MAX, sender.send_request(request)).await.ok()?.ok()?;
    let is_accepted = answer.status() == http::StatusCode::SWITCHING_PROTOCOLS;
    if is_accepted { hyper::upgrade::on(answer).await.ok() } else { None }
}

/// Marks an answer that the owner has given: it is whole.
pub(in crate::http) struct CarriedAnswer;

/// The connection lasts as long as its answer.
fn parts(body: Incoming, sender: Sender) -> impl Stream<Item = io::Result<Bytes>> {
    stream::unfold((body, sender), async |(mut body, sender)| {
        loop {
            match body.frame().await? {
                Ok(frame) => {
                    if let Ok(data) = frame.into_data() {
                        return Some((Ok(data), (body, sender)));
                    }
                }
                Err(error) => return Some((Err(io::Error::other(error)), (body, sender))),
            }
        }
    })
}
