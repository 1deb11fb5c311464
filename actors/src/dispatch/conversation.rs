//! One conversation: who asked, whom, how it stands, and how it may end.

use serde::{Deserialize, Serialize};

use crate::{
    dispatch::event::Notice,
    ids::{ConversationId, CounselorId, VisitorId},
    time::Timestamp,
    words::words,
};

/// What a conversation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A visitor talks with a counselor (`COUNSELING_SESSION`).
    Consultation,
    /// A counselor talks with a supervisor about a consultation (`REQUEST_SUPERVISE`).
    Supervision {
        /// The consultation it is about, and with which it ends.
        consultation: ConversationId,
    },
}

impl Kind {
    /// The `conversationType` of the wire.
    pub fn conversation_type(self) -> ConversationType {
        match self {
            Self::Consultation => ConversationType::Consultation,
            Self::Supervision { .. } => ConversationType::Supervision,
        }
    }

    /// The consultation that a supervision is about.
    pub fn consultation(self) -> Option<ConversationId> {
        match self {
            Self::Consultation => None,
            Self::Supervision { consultation } => Some(consultation),
        }
    }
}

/// A [`Kind`] without what it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConversationType {
    /// A visitor talks with a counselor (咨询记录).
    Consultation,
    /// A counselor talks with a supervisor (求助记录).
    Supervision,
}

words!(ConversationType { Consultation = "COUNSELING_SESSION", Supervision = "REQUEST_SUPERVISE" });

/// Urgent ones are served first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Priority {
    /// Before all that are not.
    Urgent,
    /// By arrival.
    Normal,
}

words!(Priority { Normal = "NORMAL", Urgent = "URGENT" });

/// How the two talk; it decides the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Medium {
    /// Written messages.
    Text,
    /// A voice call is running.
    Voice {
        /// When the call was answered.
        since: Timestamp,
    },
}

impl Medium {
    /// The `medium` of the wire.
    pub fn medium_type(self) -> MediumType {
        match self {
            Self::Text => MediumType::Text,
            Self::Voice { .. } => MediumType::Voice,
        }
    }

    /// When the running call was answered.
    pub fn call_started_at(self) -> Option<Timestamp> {
        match self {
            Self::Text => None,
            Self::Voice { since } => Some(since),
        }
    }
}

/// A [`Medium`] without since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediumType {
    /// Written messages.
    Text,
    /// A voice call is running.
    Voice,
}

words!(MediumType { Text = "TEXT", Voice = "VOICE" });

/// What IM tells of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallSignal {
    /// It was answered.
    Answered,
    /// Somebody hung up, or is gone.
    Ended,
}

/// Why a conversation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndReason {
    /// The one who asked ended it, or left the queue.
    Visitor,
    /// The counselor (or the asked supervisor) ended it.
    Counselor,
    /// A supervisor who looks after the counselor ended it.
    Supervisor,
    /// An administrator ended it.
    Administrator,
    /// Waited too long.
    Waiting,
    /// Nobody said anything, also after the notice.
    Silence,
    /// The longest time of a talk was reached.
    Limit,
    /// The visitor was gone when the talk began and did not come back.
    Absent,
    /// The counselor asked for by name was banned or deleted, and nobody else was wanted.
    CounselorGone,
    /// One of the two was banned or deleted.
    Banned,
    /// The consultation that it was about has ended.
    ConsultationEnded,
}

words!(EndReason {
    Visitor = "visitor",
    Counselor = "counselor",
    Supervisor = "supervisor",
    Administrator = "administrator",
    Waiting = "waiting",
    Silence = "silence",
    Limit = "limit",
    Absent = "absent",
    CounselorGone = "counselor-gone",
    Banned = "banned",
    ConsultationEnded = "consultation-ended",
});

/// The `status` of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// In a queue.
    Waiting,
    /// Being held.
    InProgress,
    /// Ended by a person.
    Finished,
    /// Ended by a limit.
    TimeOut,
    /// Left or removed before it began.
    Cancelled,
}

words!(Status {
    Waiting = "WAITING",
    InProgress = "IN_PROGRESS",
    Finished = "FINISHED",
    TimeOut = "TIME_OUT",
    Cancelled = "CANCELLED",
});

/// Where in its life a conversation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// In the named counselor's queue, in the common queue, or in both.
    Waiting,
    /// Has a place.
    InProgress {
        /// Who took it.
        counselor: CounselorId,
        /// Since when.
        since: Timestamp,
    },
    /// Over.
    Ended {
        /// Who had taken it and since when; none if it never began.
        talk: Option<(CounselorId, Timestamp)>,
        /// When it ended.
        at: Timestamp,
        /// Why.
        reason: EndReason,
    },
}

/// Which notices a conversation has had, a bit each: `Notice::bit`. As the column `notices` keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SentNotices(pub i32);

impl SentNotices {
    const LIMITS: i32 = 0xff;
    /// Here alarms were remembered until migration 0016: no notice may have one of these bits.
    pub const OLD_ALARMS: i32 = 0xff00;

    /// Whether `notice` is out; of those ahead of the limit, this one or one nearer to it.
    pub fn has(self, notice: Notice) -> bool {
        if let Notice::Limit { index, .. } = notice {
            return (self.0 & Self::LIMITS) >> index != 0;
        }
        notice.bit().is_some_and(|bit| self.0 >> bit & 1 != 0)
    }

    pub(crate) fn with(self, notice: Notice) -> Self {
        Self(notice.bit().map_or(self.0, |bit| self.0 | 1 << bit))
    }

    /// None of the notices ahead of the limit: a new limit has its own.
    pub(crate) fn without_limits(self) -> Self {
        Self(self.0 & !Self::LIMITS)
    }
}

/// The facts of one conversation, as the journal keeps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// What it is about.
    pub kind: Kind,
    /// Who asked.
    pub visitor: VisitorId,
    /// Who was asked for by name; none for anyone.
    pub requested_counselor: Option<CounselorId>,
    /// Whether others may serve it after a while.
    pub allow_fallback: bool,
    /// Whether it stands in the common queue.
    pub in_common_queue: bool,
    /// Urgent or not.
    pub priority: Priority,
    /// Text or a running call.
    pub medium: Medium,
    /// When the last call in it ended.
    pub call_ended: Option<Timestamp>,
    /// Its number in the order of arrival.
    pub arrival: u64,
    /// When it was asked for.
    pub opened_at: Timestamp,
    /// How it stands.
    pub phase: Phase,
    /// What went out about it.
    pub sent: SentNotices,
    /// When the last alarm about a visitor who is not answered was raised in it. Together with the first unanswered
    /// word this tells which alarms are out, however many they are.
    pub alarmed: Option<Timestamp>,
}

impl Conversation {
    /// Who serves it, or served it.
    pub fn counselor(&self) -> Option<CounselorId> {
        match self.phase {
            Phase::Waiting => None,
            Phase::InProgress { counselor, .. } => Some(counselor),
            Phase::Ended { talk, .. } => talk.map(|(counselor, _)| counselor),
        }
    }

    /// When it ended, and why.
    pub fn ended(&self) -> Option<(Timestamp, EndReason)> {
        match self.phase {
            Phase::Waiting | Phase::InProgress { .. } => None,
            Phase::Ended { at, reason, .. } => Some((at, reason)),
        }
    }

    /// When the talk began.
    pub fn started_at(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Waiting => None,
            Phase::InProgress { since, .. } => Some(since),
            Phase::Ended { talk, .. } => talk.map(|(_, since)| since),
        }
    }

    /// How the two talk after a signal of `at`; none if it changes nothing. Signals come from clients: doubled, late,
    /// and perhaps forged.
    pub fn medium_after(&self, signal: CallSignal, at: Timestamp) -> Option<Medium> {
        let Phase::InProgress { since: started, .. } = self.phase else { return None };
        match (self.medium, signal) {
            (Medium::Text, CallSignal::Answered) => {
                // Delivered again, it does not begin a call that is over.
                let is_over = self.call_ended.is_some_and(|ended| at <= ended);
                (!is_over).then(|| Medium::Voice { since: at.max(started) })
            }
            (Medium::Voice { since }, CallSignal::Ended) => (at >= since).then_some(Medium::Text),
            (Medium::Text, CallSignal::Ended) | (Medium::Voice { .. }, CallSignal::Answered) => None,
        }
    }

    /// The status of the wire.
    pub fn status(&self) -> Status {
        match self.phase {
            Phase::Waiting => Status::Waiting,
            Phase::InProgress { .. } => Status::InProgress,
            Phase::Ended { reason, talk, .. } => match reason {
                EndReason::Waiting | EndReason::Silence | EndReason::Limit | EndReason::Absent => {
                    Status::TimeOut
                }
                EndReason::Visitor
                | EndReason::Counselor
                | EndReason::Supervisor
                | EndReason::Administrator
                | EndReason::CounselorGone
                | EndReason::Banned
                | EndReason::ConsultationEnded => {
                    if talk.is_some() {
                        Status::Finished
                    } else {
                        Status::Cancelled
                    }
                }
            },
        }
    }

    /// Whether it takes a visitor's one open consultation.
    pub fn is_consultation(&self) -> bool {
        matches!(self.kind, Kind::Consultation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn talk(medium: Medium, call_ended: Option<Timestamp>) -> Conversation {
        let id = Uuid::from_u128;
        Conversation {
            id: ConversationId(id(1)),
            kind: Kind::Consultation,
            visitor: VisitorId(id(2)),
            requested_counselor: None,
            allow_fallback: false,
            in_common_queue: true,
            priority: Priority::Normal,
            medium,
            call_ended,
            arrival: 1,
            opened_at: Timestamp(0),
            phase: Phase::InProgress { counselor: CounselorId(id(3)), since: Timestamp(100) },
            sent: SentNotices::default(),
            alarmed: None,
        }
    }

    #[test]
    fn a_word_is_read_as_what_it_was_written_for() {
        for status in
            [Status::Waiting, Status::InProgress, Status::Finished, Status::TimeOut, Status::Cancelled]
        {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        assert_eq!("URGENT".parse(), Ok(Priority::Urgent));
        assert_eq!("consultation-ended".parse(), Ok(EndReason::ConsultationEnded));
        assert!("urgent".parse::<Priority>().is_err(), "the journal's own words are others");
    }

    #[test]
    fn signals_of_calls_count_once_and_in_their_order() {
        let (text, voice) = (talk(Medium::Text, None), talk(Medium::Voice { since: Timestamp(300) }, None));
        let after = |talk: &Conversation, signal, at| talk.medium_after(signal, Timestamp(at));
        let running = |since| Some(Medium::Voice { since: Timestamp(since) });
        assert_eq!(after(&text, CallSignal::Answered, 300), running(300));
        assert_eq!(after(&text, CallSignal::Answered, 50), running(100), "no call begins before its talk");
        assert_eq!(after(&text, CallSignal::Ended, 300), None);
        assert_eq!(after(&voice, CallSignal::Answered, 400), None, "a call does not begin twice");
        assert_eq!(after(&voice, CallSignal::Ended, 299), None, "the end of an earlier one");
        assert_eq!(after(&voice, CallSignal::Ended, 301), Some(Medium::Text));
        let called = talk(Medium::Text, Some(Timestamp(500)));
        assert_eq!(after(&called, CallSignal::Answered, 500), None, "delivered again");
        assert_eq!(after(&called, CallSignal::Answered, 501), running(501));
        let waiting = Conversation { phase: Phase::Waiting, ..text };
        assert_eq!(after(&waiting, CallSignal::Answered, 300), None);
    }
}
