//! A supervisor who is asked about a talk hears it as it is said. That is noted first, once in ten minutes for each talk:
//! what cannot be noted is not heard.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};

use hotline_actors::{ConversationId, PersonId, Timestamp, registry::Overheard};
use sqlx::PgPool;
use tokio::sync::mpsc;

use super::Inner;
use crate::{
    answer::describe,
    audit::{self, Action},
    clock,
};

/// Words that wait to be noted; beyond them the onlooker reads the record instead.
const WAITING_MAX: usize = 1024;
/// Beyond it memory begins anew; a row more in the audit is no harm.
const NOTED_MAX: usize = 10_000;

/// What an institution's onlookers are to hear, in order.
pub(super) struct Onlookers(mpsc::Sender<(String, Overheard)>);

impl Onlookers {
    /// What is sent in comes out of the receiver, for [`run`].
    pub(super) fn new() -> (Self, mpsc::Receiver<(String, Overheard)>) {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        (Self(sender), receiver)
    }

    /// For the Registry of this institution; does not block.
    pub(super) fn noting(&self, institution: &str) -> Arc<dyn Fn(Overheard) + Send + Sync> {
        let (sender, institution) = (self.0.clone(), institution.to_owned());
        Arc::new(move |overheard| {
            if sender.try_send((institution.clone(), overheard)).is_err() {
                tracing::warn!(
                    institution,
                    "a supervisor does not hear a word live: too many wait to be noted"
                );
            }
        })
    }
}

/// Notes and gives back, one after the other, so that words stay in their order. Ends with the institutions.
pub(super) async fn run(
    mut overheard: mpsc::Receiver<(String, Overheard)>,
    institutions: Weak<Inner>,
    pool: PgPool,
) {
    let mut noted: HashMap<(ConversationId, PersonId), Timestamp> = HashMap::new();
    while let Some((institution, word)) = overheard.recv().await {
        let (key, now) = ((word.conversation, word.person), clock::now());
        let since = audit::same_reading_since(now);
        if noted.get(&key).is_none_or(|at| *at <= since) {
            let (action, target) = (Action::HearLive, word.conversation.0);
            if let Err(error) = audit::note_once(&pool, &institution, word.person, action, target, now).await
            {
                tracing::warn!(
                    institution,
                    error = describe(&error),
                    "a supervisor does not hear a word live: it cannot be noted"
                );
                continue;
            }
            if noted.len() >= NOTED_MAX {
                noted.clear();
            }
            noted.insert(key, now);
        }
        let Some(inner) = institutions.upgrade() else { return };
        if let Some(door) = inner.registries.get(&institution) {
            door.registry.do_send(word);
        }
    }
}
