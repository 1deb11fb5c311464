//! Passwords: clients send the MD5 of what was typed, as 32 hex digits; we keep Argon2id of its lower-case form.

use std::{fmt, sync::Arc};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use md5::{Digest, Md5};

use super::{
    common,
    turns::{HashQueue, Rank},
};
use crate::errors::InternalError;

/// Hashes passwords, a few at a time: each takes 19 MiB and a core. Cheap to clone.
#[derive(Clone)]
pub struct Passwords(Arc<Inner>);

struct Inner {
    turns: HashQueue,
    /// Of no password: verified against for unknown users, so that they take as long as known ones.
    nobodys: String,
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passwords(…)")
    }
}

/// A password could not be hashed; only where the system gives no randomness.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("a password could not be hashed")]
pub struct HashFault;

/// Why no hash was made or compared.
#[derive(Debug, thiserror::Error)]
pub enum HashingError {
    /// Too many wait for their turn.
    #[error("too many passwords wait to be hashed")]
    Busy,
    #[error(transparent)]
    Internal(#[from] InternalError),
}

impl HashingError {
    fn broke(cause: impl fmt::Display) -> Self {
        Self::Internal(InternalError::other(cause))
    }
}

/// The MD5 of a password that somebody may have from now on. All that are set are of this type.
#[derive(Clone)]
pub struct NewPassword(String);

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPassword(…)")
    }
}

/// Why a password cannot be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("the MD5 is 32 hex digits")]
    NotMd5,
    #[error("the password is too simple: it is among those that everybody tries first")]
    TooSimple,
}

impl NewPassword {
    /// As clients send it.
    ///
    /// # Errors
    /// [`Unfit`].
    pub fn of_md5(md5: &str) -> Result<Self, Unfit> {
        if !is_md5(md5) {
            return Err(Unfit::NotMd5);
        }
        if common::is_common(md5) { Err(Unfit::TooSimple) } else { Ok(Self(md5.to_owned())) }
    }

    /// As it was typed.
    ///
    /// # Errors
    /// [`Unfit::TooSimple`].
    pub fn of_typed(typed: &str) -> Result<Self, Unfit> {
        Self::of_md5(&md5_of(typed))
    }

    /// Argon2id, in PHC form, here and now: for commands. Handlers use [`Passwords::hash`].
    ///
    /// # Errors
    /// [`HashFault`].
    pub fn hash(&self) -> Result<String, HashFault> {
        hash_now(&self.0)
    }
}

fn is_md5(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What a client sends for this typed password.
pub fn md5_of(typed: &str) -> String {
    Md5::digest(typed.as_bytes()).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn hash_now(md5: &str) -> Result<String, HashFault> {
    let hash = Argon2::default().hash_password(md5.to_ascii_lowercase().as_bytes()).map_err(|_| HashFault)?;
    Ok(hash.to_string())
}

fn matches(md5: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default().verify_password(md5.to_ascii_lowercase().as_bytes(), &hash).is_ok()
    })
}

impl Passwords {
    /// At most `at_once` hashes run at the same time.
    pub fn new(at_once: usize) -> Result<Self, HashFault> {
        let nobodys = hash_now("no password at all")?;
        Ok(Self(Arc::new(Inner { turns: HashQueue::new(at_once), nobodys })))
    }

    /// Whether this is the password behind `hash`; without one it takes as long and says no. `rank` says where in the queue whoever
    /// asks stands.
    ///
    /// # Errors
    /// -1 when no turn comes.
    pub async fn verify(&self, md5: &str, hash: Option<String>, rank: Rank) -> Result<bool, HashingError> {
        let md5 = md5.to_owned();
        let (hash, exists) = match hash {
            Some(hash) => (hash, true),
            None => (self.0.nobodys.clone(), false),
        };
        self.in_turn(rank, move || matches(&md5, &hash) && exists).await
    }

    /// Argon2id of a new password, in PHC form. Only who is logged in sets one.
    ///
    /// # Errors
    /// -1 when no turn comes.
    pub async fn hash(&self, new: NewPassword) -> Result<String, HashingError> {
        self.in_turn(Rank::LOGGED_IN, move || new.hash()).await?.map_err(HashingError::broke)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        rank: Rank,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashingError> {
        let turn = self.0.turns.take(rank).await.map_err(|_busy| HashingError::Busy)?;
        // The turn goes along: a client that hangs up does not stop the work, and so must not give its turn free.
        let work = move || {
            let done = work();
            drop(turn);
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(HashingError::broke)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_password_is_known_again_in_either_case() {
        let passwords = Passwords::new(2).expect("random");
        let md5 = md5_of("hotline-demo");
        let new = NewPassword::of_md5(&md5.to_uppercase()).expect("not a common one");
        let hash = passwords.hash(new).await.expect("a turn");
        assert!(hash.starts_with("$argon2id$"));
        let verify = async |md5: &str, hash: Option<&str>| {
            let hash = hash.map(str::to_owned);
            passwords.verify(md5, hash, Rank::LOGGED_IN).await.expect("a turn")
        };
        assert!(verify(&md5, Some(&hash)).await);
        assert!(verify(&md5.to_uppercase(), Some(&hash)).await);
        assert!(!verify(&md5_of("other"), Some(&hash)).await);
        assert!(!verify("no password at all", None).await);
        assert!(!verify(&md5, Some("not a hash")).await);
    }

    #[test]
    fn the_md5_is_the_documents_form() {
        assert_eq!(md5_of("123456"), "e10adc3949ba59abbe56e057f20f883e");
        assert!(is_md5("E10ADC3949BA59ABBE56E057F20F883E"));
        for bad in ["", "123456", "e10adc3949ba59abbe56e057f20f883g", "e10adc3949ba59abbe56e057f20f883e0"] {
            assert!(!is_md5(bad), "{bad}");
        }
    }

    #[test]
    fn a_new_password_is_an_md5_and_not_what_everybody_tries_first() {
        assert_eq!(NewPassword::of_md5("123456").expect_err("refused"), Unfit::NotMd5);
        assert_eq!(NewPassword::of_md5(&md5_of("")).expect_err("refused"), Unfit::TooSimple);
        assert_eq!(NewPassword::of_typed("Password123").expect_err("refused"), Unfit::TooSimple);
        let new = NewPassword::of_typed("hotline-demo").expect("the demo's own");
        assert!(!format!("{new:?}").contains(&md5_of("hotline-demo")));
    }
}
