//! A supervisor who is asked about a talk gets its messages live, after a note in the audit log (one in ten minutes):
//! what cannot be noted is not delivered.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Weak},
};

use hotline_actors::{ConversationId, PersonId, Timestamp, registry::SupervisorFrame};
use sqlx::PgPool;
use tokio::sync::mpsc;

use super::{FatalError, Inner};
use crate::{
    audit::{self, Action},
    clock,
    errors::describe,
};

/// Messages waiting for the audit log; beyond them the supervisor reads the stored messages instead.
const WAITING_MAX: usize = 1024;
/// Beyond it memory begins anew; a row more in the audit is no harm.
const NOTED_MAX: usize = 10_000;

/// For the Registry of this institution; does not block. Each has a line of its own: where one is slow, no other waits.
pub(super) fn noting(
    institution: &str,
    institutions: Weak<Inner>,
    pool: PgPool,
    fatal_errors: mpsc::Sender<FatalError>,
) -> Arc<dyn Fn(SupervisorFrame) + Send + Sync> {
    let (sender, frames) = mpsc::channel(WAITING_MAX);
    let institution = institution.to_owned();
    tokio::spawn(watched(
        "what notes who hears a talk live",
        run(institution.clone(), frames, institutions, pool),
        fatal_errors,
    ));
    Arc::new(move |observed_frame| {
        if sender.try_send(observed_frame).is_err() {
            tracing::warn!(institution, "live message not delivered to the supervisor: audit queue full");
        }
    })
}

/// Runs `work` on the thread where this is polled. If it dies, the process ends over it.
pub(super) async fn watched(
    what: &'static str,
    work: impl Future<Output = ()> + Send + 'static,
    fatal_errors: mpsc::Sender<FatalError>,
) {
    if tokio::spawn(work).await.is_err() {
        tracing::error!("task died: {what}");
        // One is enough.
        let _ = fatal_errors.try_send(FatalError::Died(what));
    }
}

/// Notes and gives back, one after the other, so that words stay in their order. Ends with the institutions.
async fn run(
    institution: String,
    mut frames: mpsc::Receiver<SupervisorFrame>,
    institutions: Weak<Inner>,
    pool: PgPool,
) {
    let mut noted: HashMap<(ConversationId, PersonId), Timestamp> = HashMap::new();
    while let Some(observed_frame) = frames.recv().await {
        let (key, now) = ((observed_frame.conversation, observed_frame.person), clock::now());
        let (since, until) = audit::same_reading(now);
        if noted.get(&key).is_none_or(|at| *at <= since || *at > until) {
            let (action, target) = (Action::HearLive, observed_frame.conversation.0);
            if let Err(error) =
                audit::note_once(&pool, &institution, observed_frame.person, action, target, now).await
            {
                tracing::warn!(
                    institution,
                    error = describe(&error),
                    "live message not delivered to the supervisor: it cannot be noted in the audit log"
                );
                continue;
            }
            if noted.len() >= NOTED_MAX {
                noted.clear();
            }
            noted.insert(key, now);
        }
        let Some(inner) = institutions.upgrade() else { return };
        if let Some(handle) = inner.registries.get(&institution) {
            handle.registry.do_send(observed_frame);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_dies_ends_the_process_and_one_that_is_done_does_not() {
        let (fatal_errors, mut told) = mpsc::channel(1);
        let last = fatal_errors.clone();
        watched("what is done", async {}, fatal_errors.clone()).await;
        watched("what dies", async { panic!("as it may be") }, fatal_errors).await;
        assert_eq!(told.recv().await, Some(FatalError::Died("what dies")));
        drop(last);
        assert_eq!(told.recv().await, None, "and nothing else is told");
    }
}
