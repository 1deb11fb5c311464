//! Who waits for an answer, and what is not settled.

use std::collections::BTreeMap;

use hotline_actors::{
    ConversationId, CounselorId, Timestamp, VisitorId,
    push::{Answers, StandingAlarm},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::wire::Id;

/// Who waits for an answer, in a snapshot.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Unanswered {
    /// By talk, since when; only those whose visitor waits.
    #[schema(value_type = BTreeMap<String, i64>)]
    unanswered_since: BTreeMap<ConversationId, Timestamp>,
    /// What is not settled.
    alarms: Vec<AlarmView>,
}

impl Unanswered {
    pub(super) fn of(answers: &Answers) -> Self {
        Self {
            unanswered_since: answers
                .unanswered
                .iter()
                .filter_map(|(id, since)| Some((*id, (*since)?)))
                .collect(),
            alarms: answers.alarms.iter().map(AlarmView::from).collect(),
        }
    }
}

/// An alarm that is not settled.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum AlarmView {
    /// A visitor is not answered: until the counselor sends a message, or the talk ends.
    #[serde(rename_all = "camelCase")]
    Unanswered {
        #[schema(value_type = Id)]
        conversation: ConversationId,
        #[schema(value_type = Id)]
        counselor: CounselorId,
        #[schema(value_type = Id)]
        visitor: VisitorId,
        #[schema(value_type = i64)]
        since: Timestamp,
        after_seconds: u64,
    },
    /// A counselor with talks or a queue went offline: until they are back, or nobody is left who needs them.
    CounselorLost {
        #[schema(value_type = Id)]
        counselor: CounselorId,
        #[schema(value_type = i64)]
        since: Timestamp,
        #[schema(value_type = Vec<Id>)]
        conversations: Vec<ConversationId>,
    },
}

impl From<&StandingAlarm> for AlarmView {
    fn from(alarm: &StandingAlarm) -> Self {
        match alarm {
            StandingAlarm::Unanswered { conversation, counselor, visitor, since, after } => {
                Self::Unanswered {
                    conversation: *conversation,
                    counselor: *counselor,
                    visitor: *visitor,
                    since: *since,
                    after_seconds: after.as_secs(),
                }
            }
            StandingAlarm::CounselorLost { counselor, since, conversations } => Self::CounselorLost {
                counselor: *counselor,
                since: *since,
                conversations: conversations.clone(),
            },
        }
    }
}
