//! What those concerned are told of a committed event: the only place where events become frames.

use hotline_actors::{
    ConversationId, CounselorId, PersonId, Timestamp,
    dispatch::{
        conversation::Conversation,
        event::{Event, Notice},
    },
    push::CommittedEvent,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::talk::Talk;
use crate::{
    wire::{
        Id,
        words::{EndReason, Priority, Status},
    },
    wording::notices,
};

/// A committed event.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventFrame {
    /// The cursor after it.
    seq: u64,
    #[schema(value_type = i64)]
    time: Timestamp,
    #[serde(flatten)]
    event: PublicEvent,
}

/// An event as it is told; others are not told, but show as state.
#[derive(Serialize, ToSchema)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum PublicEvent {
    /// A conversation was asked for, and waits.
    Opened {
        #[schema(value_type = Id)]
        conversation: ConversationId,
        talk: Talk,
    },
    /// A request by name now stands in the common queue, too.
    Widened {
        #[schema(value_type = Id)]
        conversation: ConversationId,
        talk: Talk,
    },
    /// Its place in the queues changed.
    PriorityChanged {
        #[schema(value_type = Id)]
        conversation: ConversationId,
        talk: Talk,
        priority: Priority,
    },
    /// It has a place: the talk begins.
    Assigned {
        #[schema(value_type = Id)]
        conversation: ConversationId,
        talk: Talk,
        #[schema(value_type = Id)]
        counselor: CounselorId,
    },
    /// A call began or ended.
    MediumChanged {
        #[schema(value_type = Id)]
        conversation: ConversationId,
        talk: Talk,
    },
    /// The two are told something.
    Noticed {
        #[schema(value_type = Id)]
        conversation: ConversationId,
        talk: Talk,
        /// Its kind, with the seconds that it speaks of behind it, if it does: `silence`, `limit-600`.
        notice: String,
        text: String,
    },
    /// The counselor has not answered for a while.
    #[serde(rename_all = "camelCase")]
    Unanswered {
        #[schema(value_type = Id)]
        conversation: ConversationId,
        talk: Talk,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Id, required = false)]
        counselor: Option<CounselorId>,
        after_seconds: u32,
    },
    /// It is over.
    #[serde(rename_all = "camelCase")]
    Ended {
        #[schema(value_type = Id)]
        conversation: ConversationId,
        talk: Talk,
        /// Whoever took it, if anybody did.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Id, required = false)]
        counselor: Option<CounselorId>,
        end_reason: EndReason,
        status: Status,
    },
    /// A counselor with talks or a queue went offline.
    CounselorLost {
        #[schema(value_type = Id)]
        counselor: CounselorId,
    },
    /// How many places somebody has.
    #[serde(rename_all = "camelCase")]
    CapacityChanged {
        #[schema(value_type = Id)]
        counselor: CounselorId,
        max_consults: u32,
    },
    /// An account was banned or deleted.
    Expelled {
        #[schema(value_type = Id)]
        person: PersonId,
    },
}

impl EventFrame {
    /// None for what nobody is told as an event.
    pub(super) fn of(told: &CommittedEvent) -> Option<Self> {
        let event = PublicEvent::of(&told.event, told.facts.as_ref(), told.unanswered_since)?;
        Some(Self { seq: told.seq, time: told.at, event })
    }
}

impl PublicEvent {
    /// `facts` is the conversation after the event; an event of one that is not known has changed nothing, and is not told.
    fn of(event: &Event, facts: Option<&Conversation>, unanswered_since: Option<Timestamp>) -> Option<Self> {
        let talk = facts.map(|facts| Talk::of(facts, unanswered_since));
        let counselor = facts.and_then(Conversation::counselor);
        Some(match *event {
            // Who writes the journal is nobody's business; the others show as state.
            Event::Claimed
            | Event::Admitted { .. }
            | Event::PresenceChosen { .. }
            | Event::Pardoned { .. } => return None,
            Event::Opened { conversation, .. } => Self::Opened { conversation, talk: talk? },
            Event::Widened { conversation } => Self::Widened { conversation, talk: talk? },
            Event::PriorityChanged { conversation, priority } => {
                Self::PriorityChanged { conversation, talk: talk?, priority: priority.into() }
            }
            Event::Assigned { conversation, counselor } => {
                Self::Assigned { conversation, talk: talk?, counselor }
            }
            Event::MediumChanged { conversation, .. } => Self::MediumChanged { conversation, talk: talk? },
            Event::Noticed { conversation, notice } => Self::Noticed {
                conversation,
                talk: talk?,
                notice: notice_name(notice),
                text: notices::text_of(notice),
            },
            Event::Unanswered { conversation, after_seconds, .. } => {
                Self::Unanswered { conversation, talk: talk?, counselor, after_seconds }
            }
            Event::Ended { conversation, reason } => Self::Ended {
                conversation,
                talk: talk?,
                counselor,
                end_reason: reason.into(),
                status: facts?.status().into(),
            },
            Event::CounselorLost { counselor } => Self::CounselorLost { counselor },
            Event::CapacityChanged { counselor, capacity } => {
                Self::CapacityChanged { counselor, max_consults: capacity }
            }
            Event::Expelled { person, .. } => Self::Expelled { person },
        })
    }
}

fn notice_name(notice: Notice) -> String {
    notice
        .seconds()
        .map_or_else(|| notice.kind().to_owned(), |seconds| format!("{}-{seconds}", notice.kind()))
}
