//! A conversation as the sockets show it.

use hotline_actors::{
    ConversationId, CounselorId, Timestamp, VisitorId,
    dispatch::conversation::{Conversation, Kind},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::wire::{
    Id,
    words::{ConversationType, Priority, Status},
};

/// A conversation that waits, runs, or has just ended.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Talk {
    #[schema(value_type = Id)]
    id: ConversationId,
    #[schema(value_type = Id)]
    visitor: VisitorId,
    /// Who took it.
    #[schema(value_type = Option<Id>)]
    counselor: Option<CounselorId>,
    /// Who was asked for by name.
    #[schema(value_type = Option<Id>)]
    wanted: Option<CounselorId>,
    /// The consultation that a `REQUEST_SUPERVISE` is about.
    #[schema(value_type = Option<Id>)]
    consultation: Option<ConversationId>,
    status: Status,
    conversation_type: ConversationType,
    priority: Priority,
    /// Whether it stands, or stood, in the common queue.
    common: bool,
    #[schema(value_type = i64)]
    created_time: Timestamp,
    #[schema(value_type = Option<i64>)]
    start_time: Option<Timestamp>,
    /// When the visitor's first message came that nobody has answered yet, or the start; null once it is answered.
    #[schema(value_type = Option<i64>)]
    unanswered_since: Option<Timestamp>,
}

impl Talk {
    pub(super) fn of(facts: &Conversation, unanswered_since: Option<Timestamp>) -> Self {
        Self {
            id: facts.id,
            visitor: facts.visitor,
            counselor: facts.counselor(),
            wanted: facts.requested_counselor,
            consultation: match facts.kind {
                Kind::Consultation => None,
                Kind::Supervision { consultation } => Some(consultation),
            },
            status: facts.status().into(),
            conversation_type: facts.kind.conversation_type().into(),
            priority: facts.priority.into(),
            common: facts.in_common_queue,
            created_time: facts.opened_at,
            start_time: facts.started_at(),
            unanswered_since,
        }
    }
}
