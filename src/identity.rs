//! Who somebody is, as all the house names it: kinds of people, what an account may be called, and whoever calls.

pub mod names;

use std::{fmt, str::FromStr};

use hotline_actors::{LogIn, PersonId};
use sha2::{Digest, Sha256};

/// What somebody is. A person has one kind for life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AccountKind {
    Visitor,
    Counselor,
    Supervisor,
    /// The administrator of an institution.
    Institution,
    /// The administrator of the whole server; belongs to no institution.
    System,
}

impl AccountKind {
    pub const ALL: [Self; 5] =
        [Self::Visitor, Self::Counselor, Self::Supervisor, Self::Institution, Self::System];

    /// As stored, and as `type` on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Visitor => "VISITOR",
            Self::Counselor => "COUNSELOR",
            Self::Supervisor => "SUPERVISOR",
            Self::Institution => "INSTITUTION",
            Self::System => "SYSTEM",
        }
    }

    /// `roles` on the wire: one text.
    pub fn role(self) -> &'static str {
        match self {
            Self::Visitor => "ROLE_VISITOR",
            Self::Counselor => "ROLE_COUNSELOR",
            Self::Supervisor => "ROLE_SUPERVISOR",
            Self::Institution => "ROLE_INSTITUTION_ADMINISTRATOR",
            Self::System => "ROLE_SYSTEM_ADMINISTRATOR",
        }
    }

    /// Whether this is somebody who works here, rather than somebody who asks.
    pub fn is_staff(self) -> bool {
        self != Self::Visitor
    }
}

/// The text is no kind of person.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("VISITOR, COUNSELOR, SUPERVISOR, INSTITUTION or SYSTEM")]
pub struct UnknownKind;

impl FromStr for AccountKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(UnknownKind)
    }
}

/// Whoever is logged in on a request. Without a session the extractor answers the document's 403.
#[derive(Clone)]
pub struct Caller {
    pub id: PersonId,
    pub kind: AccountKind,
    pub institution: Option<String>,
    pub username: String,
    /// Tells this session from their others.
    pub token: TokenHash,
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Whoever asks may not do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not allowed")]
pub struct NotAllowed;

impl Caller {
    /// The caller's institution.
    ///
    /// # Errors
    /// -5 for system administrators, who have none.
    pub fn institution(&self) -> Result<&str, NotAllowed> {
        self.institution.as_deref().ok_or(NotAllowed)
    }

    #[cfg(test)]
    pub(crate) fn for_tests(id: PersonId, kind: AccountKind, institution: Option<&str>) -> Self {
        let institution = institution.map(str::to_owned);
        Self { id, kind, institution, username: "reader".into(), token: TokenHash::of("reader") }
    }
}

/// SHA-256 of a token. A stolen table of these logs nobody in.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl TokenHash {
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }
}

/// Tells a person's log-ins apart for their sockets.
impl From<TokenHash> for LogIn {
    fn from(hash: TokenHash) -> Self {
        Self(hash.0)
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}
