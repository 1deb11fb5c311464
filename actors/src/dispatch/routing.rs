//! Who gets whom. Read this file to know why a visitor waits, and who ends the wait.

use std::cmp::Reverse;

use crate::{
    dispatch::{
        Dispatch,
        conversation::Conversation,
        counselor::{ChosenStatus, Connectivity, Counselor},
        queue::Ticket,
    },
    ids::{ConversationId, CounselorId, PersonId},
    time::Timestamp,
};

impl Dispatch {
    /// Who is served next by `counselor`: the better of the heads of their own queue and, on shift, of the common
    /// queue.
    pub(crate) fn next_for(&self, counselor: CounselorId) -> Option<ConversationId> {
        let counselor = self.counselors.get(&counselor).filter(|counselor| counselor.takes())?;
        self.best_waiting(counselor).map(|ticket| ticket.conversation)
    }

    /// The best ticket that `counselor` serves, whether they have room or not.
    pub(crate) fn best_waiting(&self, counselor: &Counselor) -> Option<Ticket> {
        let own = counselor.queue.head();
        let common = if counselor.serves_common() {
            self.common_queue.iter().find(|ticket| self.may_serve(counselor.id, ticket.conversation))
        } else {
            None
        };
        own.into_iter().chain(common).min().copied()
    }

    /// Who takes a conversation that stands in the common queue: the on-shift counselor online with the most free
    /// places; of several the one who was given nobody for longest.
    pub(crate) fn best_for(&self, conversation: &Conversation) -> Option<CounselorId> {
        self.counselors
            .values()
            .filter(|counselor| counselor.serves_common() && counselor.takes())
            .filter(|counselor| PersonId::from(counselor.id) != PersonId::from(conversation.visitor))
            .min_by_key(|counselor| (Reverse(counselor.free()), counselor.last_assigned))
            .map(|counselor| counselor.id)
    }

    /// Who takes a conversation that has just come into a queue, if anyone has room: the one asked for, else whoever
    /// serves the common queue. Nobody is overtaken: beside a free place nobody waits (law L-3).
    pub(crate) fn room_for(&self, conversation: &Conversation) -> Option<CounselorId> {
        let requested = conversation.requested_counselor.and_then(|id| self.counselors.get(&id));
        match requested.filter(|counselor| counselor.takes()) {
            Some(counselor) => Some(counselor.id),
            None if conversation.in_common_queue => self.best_for(conversation),
            None => None,
        }
    }

    /// Whether requests for `counselor` that others may serve need not wait for that one alone any longer.
    pub(crate) fn is_gone(&self, counselor: &Counselor, now: Timestamp) -> bool {
        match counselor.connectivity {
            Connectivity::Offline => true,
            Connectivity::AwaitingReconnect
            | Connectivity::Here { choice: ChosenStatus::Online | ChosenStatus::Busy, .. } => false,
            Connectivity::Here { choice: ChosenStatus::Away, since } => since + self.limits.away_max <= now,
        }
    }

    /// Nobody consults themselves: a counselor who asks for anyone is served by another.
    fn may_serve(&self, counselor: CounselorId, conversation: ConversationId) -> bool {
        self.conversation(conversation)
            .is_some_and(|facts| PersonId::from(facts.visitor) != PersonId::from(counselor))
    }
}
