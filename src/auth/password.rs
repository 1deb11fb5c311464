//! Passwords: clients send the MD5 of what was typed, as 32 hex digits; we keep Argon2id of its lower-case form.

use std::{fmt, sync::Arc, time::Duration};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use md5::{Digest, Md5};
use tokio::sync::Semaphore;

use crate::answer::Fault;

/// Who waits for a turn at most; the rest is refused at once.
const WAITING_MAX: usize = 256;
/// How long a turn is waited for.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Hashes passwords, a few at a time: each takes 19 MiB and a core. Cheap to clone.
#[derive(Clone)]
pub struct Passwords(Arc<Inner>);

struct Inner {
    turns: Arc<Semaphore>,
    waiting: Semaphore,
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

/// Whether the text is an MD5 as clients send it.
pub fn is_md5(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What a client sends for this typed password.
pub fn md5_of(typed: &str) -> String {
    Md5::digest(typed.as_bytes()).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// Argon2id of an MD5, in PHC form, here and now: for commands. Handlers use [`Passwords::hash`].
pub fn hash_now(md5: &str) -> Result<String, HashFault> {
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
        let (turns, waiting) = (Arc::new(Semaphore::new(at_once)), Semaphore::new(at_once + WAITING_MAX));
        Ok(Self(Arc::new(Inner { turns, waiting, nobodys })))
    }

    /// Whether this is the password behind `hash`; without one it takes as long and says no.
    ///
    /// # Errors
    /// -1 when too many wait already.
    pub async fn verify(&self, md5: &str, hash: Option<String>) -> Result<bool, Fault> {
        let md5 = md5.to_owned();
        let (hash, exists) = match hash {
            Some(hash) => (hash, true),
            None => (self.0.nobodys.clone(), false),
        };
        self.in_turn(move || matches(&md5, &hash) && exists).await
    }

    /// Argon2id of an MD5, in PHC form.
    ///
    /// # Errors
    /// -1 when too many wait already.
    pub async fn hash(&self, md5: &str) -> Result<String, Fault> {
        let md5 = md5.to_owned();
        self.in_turn(move || hash_now(&md5)).await?.map_err(Fault::internal)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let busy = || Fault::wrong("系统繁忙，请稍后再试");
        let _place = self.0.waiting.try_acquire().map_err(|_| busy())?;
        let turn = Arc::clone(&self.0.turns).acquire_owned();
        let turn =
            tokio::time::timeout(WAIT_MAX, turn).await.map_err(|_| busy())?.map_err(Fault::internal)?;
        // The turn goes along: a client that hangs up does not stop the work, and so must not give its turn free.
        let work = move || {
            let done = work();
            drop(turn);
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(Fault::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_password_is_known_again_in_either_case() {
        let passwords = Passwords::new(2).expect("random");
        let md5 = md5_of("hotline-demo");
        let hash = passwords.hash(&md5.to_uppercase()).await.expect("a turn");
        assert!(hash.starts_with("$argon2id$"));
        assert!(passwords.verify(&md5, Some(hash.clone())).await.expect("a turn"));
        assert!(passwords.verify(&md5.to_uppercase(), Some(hash.clone())).await.expect("a turn"));
        assert!(!passwords.verify(&md5_of("other"), Some(hash)).await.expect("a turn"));
        assert!(!passwords.verify("no password at all", None).await.expect("a turn"));
        assert!(!passwords.verify(&md5, Some("not a hash".into())).await.expect("a turn"));
    }

    #[test]
    fn the_md5_is_the_documents_form() {
        assert_eq!(md5_of("123456"), "e10adc3949ba59abbe56e057f20f883e");
        assert!(is_md5("E10ADC3949BA59ABBE56E057F20F883E"));
        for bad in ["", "123456", "e10adc3949ba59abbe56e057f20f883g", "e10adc3949ba59abbe56e057f20f883e0"] {
            assert!(!is_md5(bad), "{bad}");
        }
    }

    #[actix_web::test]
    async fn whoever_comes_when_too_many_wait_is_refused_at_once() {
        let passwords = Passwords::new(1).expect("random");
        let all = u32::try_from(WAITING_MAX + 1).expect("small");
        let _places = passwords.0.waiting.try_acquire_many(all).expect("all places are free");
        assert!(matches!(passwords.verify("x", None).await, Err(Fault::Refused { .. })));
    }
}
