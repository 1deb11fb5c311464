//! The words of the wire for what dispatch knows as enums. Dispatch knows nothing of the OpenAPI document, so each stands
//! here once more: a new variant there does not compile before it has its word here.

use hotline_actors::dispatch::{conversation, counselor};
use serde::Serialize;
use utoipa::ToSchema;

/// The words, with the module of dispatch whose enum of the same name they stand for.
macro_rules! words {
    ($($(#[$meta:meta])* $name:ident of $module:ident { $($variant:ident),+ $(,)? })+) => {$(
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
        $(#[$meta])*
        pub(crate) enum $name {
            $($variant),+
        }

        impl From<$module::$name> for $name {
            fn from(value: $module::$name) -> Self {
                match value {
                    $($module::$name::$variant => Self::$variant),+
                }
            }
        }
    )+};
}

words! {
    /// How a conversation stands.
    #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
    Status of conversation { Waiting, InProgress, Finished, TimeOut, Cancelled }

    /// Urgent ones are served first.
    #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
    Priority of conversation { Urgent, Normal }

    /// Why a conversation ended.
    #[serde(rename_all = "kebab-case")]
    EndReason of conversation {
        Visitor, Counselor, Supervisor, Administrator, Waiting, Silence, Limit, Absent, CounselorGone, Banned,
        ConsultationEnded,
    }

    /// What a counselor or supervisor chose.
    #[serde(rename_all = "kebab-case")]
    ChosenStatus of counselor { Online, Busy, Away }

    /// What others see of it.
    #[serde(rename_all = "kebab-case")]
    PublicStatus of counselor { Online, Busy, Away, Offline }

    /// What somebody with places does.
    #[serde(rename_all = "kebab-case")]
    Role of counselor { Counselor, Supervisor }
}

/// What a conversation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ConversationKind {
    /// A visitor talks with a counselor.
    CounselingSession,
    /// A counselor talks with a supervisor.
    RequestSupervise,
}

impl From<conversation::Kind> for ConversationKind {
    fn from(kind: conversation::Kind) -> Self {
        match kind {
            conversation::Kind::Consultation => Self::CounselingSession,
            conversation::Kind::Supervision { .. } => Self::RequestSupervise,
        }
    }
}

#[cfg(test)]
mod tests {
    use conversation::Status::{Cancelled, Finished, InProgress, TimeOut, Waiting};
    use serde::de::DeserializeOwned;

    use super::*;

    /// All words that an enum of dispatch is stored by, as serde lists them for one that there is not.
    fn every<T: DeserializeOwned>() -> Vec<T> {
        let error = serde_json::from_str::<T>("\"?\"").err().expect("no variant is called so").to_string();
        let listed = error.split_once("expected").expect("the variants there are").1;
        let words = listed.split('`').skip(1).step_by(2);
        words.map(|word| serde_json::from_str(&format!("{word:?}")).expect("a variant")).collect()
    }

    fn word(value: impl Serialize) -> String {
        serde_json::to_value(value).expect("it is JSON").as_str().expect("a word").to_owned()
    }

    #[test]
    fn the_words_are_those_of_dispatch() {
        let reasons = every::<conversation::EndReason>();
        assert_eq!(reasons.len(), 11);
        for reason in reasons {
            assert_eq!(word(EndReason::from(reason)), reason.as_str());
        }
        for choice in every::<counselor::ChosenStatus>() {
            assert_eq!(word(ChosenStatus::from(choice)), counselor::PublicStatus::from(choice).as_str());
        }
        assert_eq!(word(PublicStatus::Offline), counselor::PublicStatus::Offline.as_str());
        for role in every::<counselor::Role>() {
            assert_eq!(word(Role::from(role)), word(role));
        }
        for status in [Waiting, InProgress, Finished, TimeOut, Cancelled] {
            assert_eq!(word(Status::from(status)), status.as_str());
        }
        for priority in every::<conversation::Priority>() {
            assert_eq!(word(Priority::from(priority)), priority.as_str());
        }
        let consultation = hotline_actors::ConversationId(uuid::Uuid::from_u128(1));
        for kind in [conversation::Kind::Consultation, conversation::Kind::Supervision { consultation }] {
            assert_eq!(word(ConversationKind::from(kind)), kind.conversation_type().as_str());
        }
    }
}
