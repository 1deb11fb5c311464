//! What is being answered just now, so that a stop can wait for it.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use bytes::Bytes;
use tokio::sync::Notify;

use super::connection::Answering;
use crate::institutions::Visit;

/// Counts requests from their head to the last byte of their answer. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Traffic(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    leaving: AtomicBool,
    stopping: AtomicBool,
    running: AtomicUsize,
    left: Notify,
}

/// A request under way; dropped when its answer has gone.
#[derive(Debug)]
pub(super) struct RunningRequest(Arc<Inner>);

impl Traffic {
    /// From now on a balancer is to lead requests elsewhere; those that come all the same are answered.
    pub(crate) fn leave(&self) {
        self.0.leaving.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.0.leaving.load(Ordering::SeqCst)
    }

    /// From now on new requests are refused.
    pub(crate) fn stop(&self) {
        self.0.stopping.store(true, Ordering::SeqCst);
    }

    /// Whether the server is stopping.
    pub fn is_stopping(&self) -> bool {
        self.0.stopping.load(Ordering::SeqCst)
    }

    pub(super) fn enter(&self) -> RunningRequest {
        self.0.running.fetch_add(1, Ordering::SeqCst);
        RunningRequest(Arc::clone(&self.0))
    }

    /// Waits until nothing is under way.
    pub(crate) async fn drained(&self) {
        loop {
            let left = self.0.left.notified();
            if self.0.running.load(Ordering::SeqCst) == 0 {
                return;
            }
            left.await;
        }
    }
}

impl Drop for RunningRequest {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
        // One waits at most; a permit is kept for it if it does not wait yet.
        self.0.left.notify_one();
    }
}

/// The body of an answer. Dropping it ends the running request and tells its connection so.
pub(super) struct Counted {
    body: BoxBody,
    _request: (RunningRequest, Option<Visit>),
    _answering: Option<Answering>,
}

impl Counted {
    pub(super) fn new(
        body: BoxBody,
        request: (RunningRequest, Option<Visit>),
        answering: Option<Answering>,
    ) -> Self {
        Self { body, _request: request, _answering: answering }
    }
}

impl MessageBody for Counted {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_stop_waits_for_the_last_answer() {
        let traffic = Traffic::default();
        let (one, two) = (traffic.enter(), traffic.enter());
        traffic.stop();
        assert!(traffic.is_stopping());
        let waiting = actix_web::rt::spawn({
            let traffic = traffic.clone();
            async move { traffic.drained().await }
        });
        drop(one);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(two);
        waiting.await.expect("no panic");
        traffic.drained().await;
    }
}
