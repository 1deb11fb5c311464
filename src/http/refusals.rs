//! Which code and which sentence every "no" of the rooms below is, and the frame of one. These say with an enum of their
//! own why something did not happen; what people are told stands here and in `wording/sentences.rs`. No arm is a wildcard:
//! a new variant does not compile before it has its sentence.
//!
//! What a handler refuses by itself stands beside what it asks.

use hotline_actors::{dispatch::command::Refusal, registry::Rejected};

use crate::{
    accounts::AccountError,
    answer::Fault,
    auth::{
        limits::Wait,
        password::{HashingError, Unfit},
        sessions::SessionFault,
    },
    errors::{InternalError, describe},
    identity::NotAllowed,
    im::{
        callback,
        embedded::{self, NotDone, Refused},
        gate::Closed,
    },
    images::{Busy, NotTaken},
    messages::StoreFault,
    params::ParamError,
    people::{ProfileFault, UnknownPerson},
    shifts::ShiftError,
    wechat::{LogInError, UnknownApp},
    wording::{Language, Sentence},
};

// Anything.

impl From<InternalError> for Fault {
    fn from(error: InternalError) -> Self {
        match error {
            InternalError::Database(error) => error.into(),
            InternalError::Other(cause) => Self::internal(cause),
        }
    }
}

impl From<ParamError> for Fault {
    fn from(error: ParamError) -> Self {
        match error {
            ParamError::Missing(field) => Self::malformed(Sentence::Missing { field }),
            ParamError::Bad(field) => Self::malformed(Sentence::Bad { field }),
        }
    }
}

impl From<NotAllowed> for Fault {
    fn from(NotAllowed: NotAllowed) -> Self {
        Self::forbidden(Sentence::NotAllowed)
    }
}

// Dispatch, where the caller has nothing better to say.

impl From<Rejected> for Fault {
    fn from(rejected: Rejected) -> Self {
        match rejected {
            Rejected::Refused(refusal) => refusal.into(),
            Rejected::Busy => Self::wrong(Sentence::Busy),
            Rejected::Switching => Self::wrong(Sentence::Switching),
            Rejected::Stopping => Self::wrong(Sentence::Restarting),
            Rejected::Unsettled => Self::wrong(Sentence::Unsettled),
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::UnknownCounselor => Self::unknown(Sentence::UnknownCounselor),
            Refusal::UnknownSupervisor => Self::unknown(Sentence::UnknownSupervisor),
            Refusal::UnknownConversation => Self::wrong(Sentence::UnknownConversation),
            Refusal::AlreadyConsulting { .. } => Self::wrong(Sentence::Consulting),
            Refusal::WithOneself => Self::wrong(Sentence::WithOneself),
            Refusal::OnlyWaiting => Self::wrong(Sentence::NotBegun),
            Refusal::AlreadySupervised => Self::wrong(Sentence::SupervisorAsked),
            // The caller's own: their session has ended with it.
            Refusal::Expelled => Self::NoSession,
            Refusal::InConversation => Self::wrong(Sentence::InConversation),
        }
    }
}

// Log-ins and passwords.

impl From<SessionFault> for Fault {
    fn from(fault: SessionFault) -> Self {
        match fault {
            SessionFault::NoRandomness(error) => Self::internal(error),
            SessionFault::Database(error) => error.into(),
        }
    }
}

impl From<Wait> for Fault {
    fn from(wait: Wait) -> Self {
        Self::unknown(Sentence::LogInTries { minutes: wait.minutes() })
    }
}

/// Told to whoever wants to set it.
impl From<Unfit> for Fault {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::NotMd5 => Self::bad("password"),
            Unfit::TooSimple => Self::malformed(Sentence::SimplePassword),
        }
    }
}

impl From<HashingError> for Fault {
    fn from(error: HashingError) -> Self {
        match error {
            HashingError::Busy => Self::wrong(Sentence::Busy),
            HashingError::Internal(error) => error.into(),
        }
    }
}

impl From<UnknownApp> for Fault {
    fn from(UnknownApp: UnknownApp) -> Self {
        Self::malformed(Sentence::UnknownApp)
    }
}

/// The interface document, section 3.
impl From<LogInError> for Fault {
    fn from(error: LogInError) -> Self {
        match error {
            LogInError::Refused { text } => Self::malformed(Sentence::WechatSays { text }),
            LogInError::Unreachable => Self::wrong(Sentence::WechatAway),
            LogInError::NotLetIn => Self::unknown(Sentence::LogInRefused),
            LogInError::Internal(error) => error.into(),
        }
    }
}

// People and shifts.

impl From<UnknownPerson> for Fault {
    fn from(UnknownPerson { key }: UnknownPerson) -> Self {
        Self::unknown(Sentence::UnknownPerson { key })
    }
}

impl From<ProfileFault> for Fault {
    fn from(fault: ProfileFault) -> Self {
        match fault {
            ProfileFault::Seal(fault) => Self::internal(fault),
            ProfileFault::Database(error) => error.into(),
        }
    }
}

impl From<AccountError> for Fault {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Gone(unknown) => unknown.into(),
            AccountError::NotAllowed(refusal) => refusal.into(),
            AccountError::WrongPassword => Self::wrong(Sentence::WrongPassword),
            AccountError::Rejected(rejected) => rejected.into(),
            AccountError::Profile(fault) => fault.into(),
            AccountError::Internal(error) => error.into(),
        }
    }
}

impl From<ShiftError> for Fault {
    fn from(error: ShiftError) -> Self {
        match error {
            ShiftError::PastDay => Self::malformed(Sentence::PastDay),
            ShiftError::Param(error) => error.into(),
            ShiftError::UnknownPerson(unknown) => unknown.into(),
            ShiftError::Internal(error) => error.into(),
        }
    }
}

// Conversations and their messages.

/// As Tencent is told.
impl From<callback::Rejected> for Sentence {
    fn from(rejected: callback::Rejected) -> Self {
        match rejected {
            callback::Rejected::NotConfigured => Self::CallbackUnwanted,
            callback::Rejected::ForeignApp => Self::CallbackApp,
            callback::Rejected::CommandMismatch => Self::CallbackCommand,
            callback::Rejected::BadSign => Self::CallbackSign,
            callback::Rejected::NotJson => Self::CallbackJson,
            callback::Rejected::Field(name) => Self::CallbackField { name },
        }
    }
}

/// The person who wrote the message reads this.
impl From<Closed> for Sentence {
    fn from(closed: Closed) -> Self {
        match closed {
            Closed::NoConversation => Self::NoTalk,
            Closed::Waiting => Self::TalkWaits,
        }
    }
}

impl From<StoreFault> for Sentence {
    fn from(fault: StoreFault) -> Self {
        match fault {
            StoreFault::Full => Self::MessagesFull,
            StoreFault::Late => Self::MessageLate,
            StoreFault::Unmatched { reason } => Self::MessageUnmatched { why: reason },
            StoreFault::Dropped { reason } => Self::MessageDropped { why: reason },
            StoreFault::Refused => Self::MessageUnfit,
            StoreFault::Stopped => Self::MessageStopping,
        }
    }
}

impl From<NotDone> for Sentence {
    fn from(why: NotDone) -> Self {
        match why {
            NotDone::Off => Self::EmbeddedOff,
            NotDone::Malformed => Self::Malformed,
            NotDone::Bad(field) => Self::Bad { field: field.to_owned() },
            NotDone::EmptyText => Self::EmptyText,
            NotDone::LongText => Self::LongText { max: embedded::TEXT_CHARS_MAX },
            NotDone::UnknownConversation { id } => Self::NoSuchConversation { id },
            NotDone::Closed(closed) => closed.into(),
            NotDone::UnknownPicture => Self::NamedPicture,
            NotDone::UnknownMessage => Self::UnknownMessage,
            NotDone::Unfit => Self::MessageUnfit,
            NotDone::RecallAfterEnd => Self::OverForRecall,
            NotDone::RecallTooLate => Self::LateForRecall,
            NotDone::Store(fault) => fault.into(),
            NotDone::Busy => Self::Busy,
            NotDone::Database(error) => {
                tracing::warn!(error = %describe(&error), "database unavailable for a command of our own IM");
                Self::Busy
            }
        }
    }
}

impl From<NotDone> for Fault {
    fn from(why: NotDone) -> Self {
        Self::wrong(why.into())
    }
}

/// The frame that says so over our own IM.
pub(super) fn frame(Refused { reference, why }: Refused, language: Language) -> String {
    let sentence = Sentence::from(why);
    embedded::error_frame(reference.as_deref(), &sentence.said(language), sentence.reason())
}

// Pictures.

impl From<NotTaken> for Fault {
    fn from(reason: NotTaken) -> Self {
        Self::malformed(match reason {
            NotTaken::Kind => Sentence::PictureKind,
            NotTaken::Damaged => Sentence::PictureDamaged,
            NotTaken::TooManyPixels => Sentence::PicturePoints,
            NotTaken::TooManyFrames => Sentence::PictureFrames,
            NotTaken::FilmTooLarge => Sentence::PictureFilm,
            NotTaken::TooManyScans | NotTaken::TooManyParts => Sentence::PictureParts,
        })
    }
}

impl From<Busy> for Fault {
    fn from(busy: Busy) -> Self {
        Self::wrong(match busy {
            Busy::Own => Sentence::PictureUnderWay,
            Busy::All => Sentence::Busy,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Code;

    fn told(fault: impl Into<Fault>) -> Option<(Code, Sentence)> {
        match fault.into() {
            Fault::Refused { code, sentence } => Some((code, sentence)),
            Fault::NoSession
            | Fault::NotFound
            | Fault::MalformedJson
            | Fault::TooLarge
            | Fault::UnsupportedMediaType
            | Fault::Stopping
            | Fault::Elsewhere
            | Fault::Internal(_) => None,
        }
    }

    #[test]
    fn a_database_that_does_not_do_its_part_is_busy_to_whoever_talks_and_else_a_fault_of_ours() {
        let broken = || sqlx::Error::RowNotFound;
        assert_eq!(told(NotDone::Database(broken())), Some((Code::Wrong, Sentence::Busy)));
        assert_eq!(told(AccountError::from(broken())), None);
        assert_eq!(told(AccountError::from(sqlx::Error::PoolTimedOut)), Some((Code::Wrong, Sentence::Busy)));
    }

    #[test]
    fn what_a_room_says_comes_out_as_the_document_has_it() {
        assert_eq!(told(NotAllowed), Some((Code::Forbidden, Sentence::NotAllowed)));
        assert_eq!(told(AccountError::from(Rejected::Refused(Refusal::Expelled))), None, "a 403");
        assert_eq!(told(ShiftError::PastDay), Some((Code::Malformed, Sentence::PastDay)));
        let unknown = ShiftError::from(UnknownPerson::of("lin"));
        let sentence = Sentence::UnknownPerson { key: "lin".to_owned() };
        assert_eq!(told(unknown), Some((Code::Unknown, sentence)));
        let (code, sentence) = told(NotTaken::TooManyScans).expect("a refusal");
        assert_eq!((code, sentence.reason()), (Code::Malformed, "pictureLarge"));
        let refused = Refused { reference: Some("7".to_owned()), why: NotDone::Closed(Closed::Waiting) };
        let frame: serde_json::Value =
            serde_json::from_str(&frame(refused, Language::English)).expect("JSON");
        assert_eq!((&frame["ref"], &frame["reason"]), (&"7".into(), &"waiting".into()));
    }
}
