//! Ids as types: one can never be passed for the other. On the wire and in text all of them are 32 hex digits.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

/// The text was not an id: 32 hex digits, no dashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is 32 hex digits")]
pub struct MalformedId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0.simple())
            }
        }

        impl FromStr for $name {
            type Err = MalformedId;

            fn from_str(text: &str) -> Result<Self, MalformedId> {
                if text.len() != 32 {
                    return Err(MalformedId);
                }
                Uuid::try_parse(text).map(Self).map_err(|_| MalformedId)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

id!(
    /// Anyone with an account: visitor, counselor, supervisor or administrator.
    PersonId
);
id!(
    /// Somebody in the role of the one who asks for a conversation.
    VisitorId
);
id!(
    /// Somebody with places to give: a counselor, or a supervisor for requests of counselors.
    CounselorId
);
id!(
    /// A conversation: a consultation, or the talk with a supervisor about one.
    ConversationId
);
id!(
    /// Who writes an institution's journal: fresh at every revival.
    WriterId
);

/// A log-in of a person, of whom several may go on at once. Nobody can log in with it, and it is not printed all the
/// same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogIn(pub [u8; 32]);

impl fmt::Debug for LogIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogIn(…)")
    }
}

impl From<VisitorId> for PersonId {
    fn from(id: VisitorId) -> Self {
        Self(id.0)
    }
}

impl From<CounselorId> for PersonId {
    fn from(id: CounselorId) -> Self {
        Self(id.0)
    }
}

impl From<PersonId> for VisitorId {
    fn from(id: PersonId) -> Self {
        Self(id.0)
    }
}

impl From<PersonId> for CounselorId {
    fn from(id: PersonId) -> Self {
        Self(id.0)
    }
}
