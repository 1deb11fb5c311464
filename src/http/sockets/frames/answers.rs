//! Who waits for an answer, and what is not settled.

use std::collections::BTreeMap;

use hotline_actors::{
    ConversationId, CounselorId, Timestamp, VisitorId,
    push::{Answers, StandingAlarm},
};
use serde::Serialize;

/// Who waits for an answer, in a snapshot.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Waiting {
    unanswered_since: BTreeMap<ConversationId, Option<Timestamp>>,
    alarms: Vec<AlarmView>,
}

impl Waiting {
    pub(super) fn of(answers: &Answers) -> Self {
        let waits = answers.unanswered.iter().filter(|(_, since)| since.is_some());
        Self {
            unanswered_since: waits.map(|(id, since)| (*id, *since)).collect(),
            alarms: answers.alarms.iter().map(AlarmView::from).collect(),
        }
    }
}

/// An alarm that is not settled.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub(crate) enum AlarmView {
    Unanswered {
        conversation: ConversationId,
        counselor: CounselorId,
        visitor: VisitorId,
        since: Timestamp,
        after_seconds: u64,
    },
    CounselorLost {
        counselor: CounselorId,
        since: Timestamp,
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
