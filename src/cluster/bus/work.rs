//! The background tasks: one takes in what arrives, one sends what waits, one beats.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use async_nats::{Client, Event, Subscriber, client::PublishErrorKind, connection::State};
use bytes::{BufMut as _, Bytes, BytesMut};
use futures_util::StreamExt as _;
use tokio::{
    sync::mpsc,
    task::{JoinHandle, JoinSet},
    time::{Instant, MissedTickBehavior, interval, timeout},
};
use uuid::Uuid;

use super::{
    Told,
    flow::Refusal,
    link::Link,
    nats::{self, Arrived},
    numbering::Numbering,
    shared::Shared,
    wire::VERSION,
};

/// NATS's word for a message that nobody is there to receive.
const NO_RESPONDERS: u16 = 503;

/// Between two beats.
const BEAT: Duration = Duration::from_millis(500);
/// A beat that comes later than this: this process stood still, so silence of the others says nothing.
const LATE: Duration = Duration::from_secs(1);
/// A message that the connection does not take for so long is given up.
const PUBLISH_MAX: Duration = Duration::from_secs(1);
/// Version and sender, before what is told to all.
const TELL_HEAD_BYTES: usize = 17;

/// Something to be told to all.
#[derive(Debug)]
pub(super) struct Tell {
    pub(super) topic: &'static str,
    pub(super) bytes: Bytes,
}

/// Ready when a background task of the bus has ended: from then on it carries nothing.
#[derive(Debug)]
pub struct BusEnd(JoinHandle<()>);

impl Future for BusEnd {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx).map(|_| ())
    }
}

/// What comes to the tasks from elsewhere.
#[derive(Debug)]
pub(super) struct Inlets {
    pub(super) to_server: Subscriber,
    pub(super) to_all: Subscriber,
    pub(super) ready: mpsc::Receiver<Arc<Link>>,
    pub(super) tells: mpsc::Receiver<Tell>,
}

pub(super) fn start(client: &Client, shared: &Arc<Shared>, inlets: Inlets) -> BusEnd {
    let Inlets { to_server, to_all, ready, tells } = inlets;
    let mut tasks = JoinSet::new();
    tasks.spawn(take_in(shared.clone(), to_server));
    tasks.spawn(listen(shared.clone(), to_all));
    tasks.spawn(send(client.clone(), shared.clone(), ready, tells));
    tasks.spawn(beat(client.clone(), shared.clone()));
    BusEnd(tokio::spawn(async move {
        let ended = tasks.join_next().await;
        tracing::error!(
            panicked = ended.is_some_and(|ended| ended.is_err()),
            "bus: a background task has ended"
        );
        tasks.shutdown().await;
    }))
}

/// What becomes of the connection, for the log and for the streams.
pub(super) fn on_event(shared: &Shared, is_away: &AtomicBool, event: &Event) {
    match event {
        Event::Connected => {
            is_away.store(false, Ordering::Relaxed);
            tracing::info!("bus: NATS is connected");
        }
        Event::Disconnected | Event::Closed => {
            shared.begin_anew();
            tracing::warn!("bus: the connection to NATS is lost, and so are its streams");
        }
        Event::LameDuckMode => tracing::warn!("bus: NATS is about to stop"),
        Event::SlowConsumer(_) => {
            tracing::warn!("bus: messages came faster than they were taken, some are lost");
        }
        Event::ServerError(error) => tracing::warn!(%error, "bus: NATS reports an error"),
        Event::ClientError(error) => {
            // It is tried several times each second.
            if !is_away.swap(true, Ordering::Relaxed) {
                tracing::warn!(%error, "bus: NATS is not reached, and tried again until it is");
            }
        }
        Event::Draining => {}
    }
}

/// Takes in what is for this server. It waits for nothing else, so that NATS never has to drop messages.
async fn take_in(shared: Arc<Shared>, mut arriving: Subscriber) {
    while let Some(message) = arriving.next().await {
        match nats::arrived(&message.subject) {
            Some(Arrived::Link { from }) => {
                shared.counts.received(message.payload.len());
                let Some(link) = shared.link(from).filter(|_| from != shared.id) else { continue };
                let received = link.with(|numbering| numbering.receive(&message.payload, Instant::now()));
                if let Err(malformed) = received {
                    tracing::warn!(server = %from, %malformed, "bus: a malformed message, the link is reset");
                }
            }
            Some(Arrived::NoReceiver { to, numbering, n }) => {
                if message.status.is_some_and(|status| status.as_u16() == NO_RESPONDERS)
                    && let Some(link) = shared.link(to)
                {
                    link.with(|state| state.has_no_receiver(numbering, n));
                }
            }
            None => tracing::debug!("bus: a message on an unknown subject"),
        }
    }
}

/// Listens to what is for everybody.
async fn listen(shared: Arc<Shared>, mut arriving: Subscriber) {
    while let Some(message) = arriving.next().await {
        let Some(topic) = nats::topic(&message.subject) else { continue };
        let Some((from, bytes)) = read_tell(&message.payload) else {
            tracing::debug!("bus: a malformed message to all");
            continue;
        };
        if topic == nats::BEAT {
            shared.hear(from, Instant::now());
        } else if from != shared.id {
            // Perhaps nobody listens.
            let _ = shared.told.send(Told { from, topic: topic.to_owned(), bytes });
        }
    }
}

fn read_tell(payload: &Bytes) -> Option<(Uuid, Bytes)> {
    let (head, _) = payload.split_at_checked(TELL_HEAD_BYTES)?;
    let from = Uuid::from_slice(head.strip_prefix(&[VERSION])?).ok()?;
    Some((from, payload.slice(TELL_HEAD_BYTES..)))
}

fn write_tell(from: Uuid, bytes: &[u8]) -> Bytes {
    let mut payload = BytesMut::with_capacity(TELL_HEAD_BYTES + bytes.len());
    payload.put_u8(VERSION);
    payload.put_slice(from.as_bytes());
    payload.put_slice(bytes);
    payload.freeze()
}

/// Sends what waits: the links take turns, each with all it has up to one message.
async fn send(
    client: Client,
    shared: Arc<Shared>,
    mut ready: mpsc::Receiver<Arc<Link>>,
    mut tells: mpsc::Receiver<Tell>,
) {
    loop {
        let is_open = tokio::select! {
            Some(link) = ready.recv() => send_link(&client, &shared, &link).await,
            Some(Tell { topic, bytes }) = tells.recv() => tell(&client, &shared, topic, &bytes).await,
            else => false,
        };
        if !is_open {
            return;
        }
    }
}

/// False if nothing can be sent any more.
async fn send_link(client: &Client, shared: &Shared, link: &Arc<Link>) -> bool {
    let Some(message) = link.gather() else { return true };
    if client.connection_state() != State::Connected {
        link.with(|numbering| numbering.begin_anew(Refusal::LinkReset));
        return true;
    }
    shared.counts.sent(message.bytes.len());
    let subject = nats::of_link(shared.id, link.peer());
    let no_receiver = nats::of_no_receiver(shared.id, link.peer(), message.numbering, message.n);
    let fault =
        match timeout(PUBLISH_MAX, client.publish_with_reply(subject, no_receiver, message.bytes)).await {
            Ok(Ok(())) => return true,
            Ok(Err(error)) if error.kind() == PublishErrorKind::Send => return false,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the connection takes nothing".to_owned(),
        };
    tracing::warn!(server = %link.peer(), fault, "bus: a message is not sent, the link is reset");
    link.with(Numbering::lose);
    true
}

/// False if nothing can be sent any more.
async fn tell(client: &Client, shared: &Shared, topic: &'static str, bytes: &[u8]) -> bool {
    if client.connection_state() != State::Connected {
        return true;
    }
    let payload = write_tell(shared.id, bytes);
    match timeout(PUBLISH_MAX, client.publish(nats::of_topic(topic), payload)).await {
        Ok(Ok(())) | Err(_) => true,
        Ok(Err(error)) => {
            tracing::warn!(topic, %error, "bus: something is not told to the other servers");
            error.kind() != PublishErrorKind::Send
        }
    }
}

/// Tells all that this server is there, and looks after the links.
async fn beat(client: Client, shared: Arc<Shared>) {
    let mut ticks = interval(BEAT);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = Instant::now();
    loop {
        ticks.tick().await;
        let now = Instant::now();
        let stood_still = now.duration_since(last) >= LATE;
        last = now;
        for link in shared.links() {
            let is_silent = link.with(|numbering| {
                if stood_still {
                    numbering.excuse(now);
                }
                numbering.tick(now)
            });
            if is_silent {
                tracing::warn!(server = %link.peer(), "bus: a server is silent, its streams are reset");
            }
        }
        shared.forget(now);
        if !tell(&client, &shared, nats::BEAT, &[]).await {
            return;
        }
    }
}
