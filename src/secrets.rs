//! What is sealed in the database: phone and identity numbers and WeChat session keys.
//!
//! A sealed value is `k1:` and base64 of nonce and ciphertext (AES-256-GCM); `k1` is the id of the key, so that keys can
//! be rotated: old ones still open, and `secrets/rotation.rs` seals everything anew. Beside it stands a keyed hash where a
//! whole value must be found.

pub mod rotation;

use std::{fmt, sync::Arc};

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{Aead, KeyInit},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use crate::config::Secrets;

const NONCE_BYTES: usize = 12;

/// Used where no key is set: on loopback only, see `config/checks.rs`.
const DEVELOPMENT_KEY: &str = "hotline development key: protects nothing";

/// Seals and opens. Cheap to clone.
#[derive(Clone)]
pub struct Sealer(Arc<Keys>);

struct Keys {
    current: Key,
    old: Vec<Key>,
}

struct Key {
    id: String,
    cipher: Aes256Gcm,
    finding: [u8; 32],
}

impl Key {
    fn new(id: &str, key: [u8; 32]) -> Self {
        let finding = keyed(&key, b"hotline find hash");
        Self { id: id.to_owned(), cipher: Aes256Gcm::new(&key.into()), finding }
    }
}

/// Why a value could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealFault {
    #[error("the system gives no random bytes")]
    NoRandomness,
    #[error("the value was sealed under a key that is not set")]
    OtherKey,
    #[error("the sealed value is damaged, or the key is not the one it was sealed with")]
    Damaged,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer({}, …)", self.0.current.id)
    }
}

impl Sealer {
    /// With the keys of `[secrets]`, which the check of the settings has seen to be 64 hex digits, the first or nothing.
    pub fn new(settings: &Secrets) -> Self {
        let key = hex_key(settings.data_key.reveal())
            .unwrap_or_else(|| Sha256::digest(DEVELOPMENT_KEY.as_bytes()).into());
        let old =
            settings.old_keys.iter().filter_map(|old| Some(Key::new(&old.id, hex_key(old.key.reveal())?)));
        Self(Arc::new(Keys { current: Key::new(&settings.data_key_id, key), old: old.collect() }))
    }

    /// Seals a value. Twice the same value gives two different texts.
    ///
    /// # Errors
    /// Only where the system gives no randomness.
    pub fn seal(&self, plain: &str) -> Result<String, SealFault> {
        let mut nonce = [0_u8; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|_| SealFault::NoRandomness)?;
        let sealed = self
            .0
            .current
            .cipher
            .encrypt(&Nonce::from(nonce), plain.as_bytes())
            .map_err(|_| SealFault::Damaged)?;
        let mut bytes = nonce.to_vec();
        bytes.extend_from_slice(&sealed);
        Ok(format!("{}:{}", self.0.current.id, BASE64_STANDARD.encode(bytes)))
    }

    /// Opens what [`Sealer::seal`] made.
    ///
    /// # Errors
    /// When it was sealed under another key, or changed since.
    pub fn open(&self, sealed: &str) -> Result<String, SealFault> {
        let (id, text) = sealed.split_once(':').ok_or(SealFault::Damaged)?;
        let key = self.keys().find(|key| key.id == id).ok_or(SealFault::OtherKey)?;
        let bytes = BASE64_STANDARD.decode(text).map_err(|_| SealFault::Damaged)?;
        let (nonce, cipher_text) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or(SealFault::Damaged)?;
        let plain = key.cipher.decrypt(&Nonce::from(*nonce), cipher_text).map_err(|_| SealFault::Damaged)?;
        String::from_utf8(plain).map_err(|_| SealFault::Damaged)
    }

    /// What is written beside a sealed value, so that a whole one is found again without opening any.
    pub fn find_hash(&self, plain: &str) -> [u8; 32] {
        keyed(&self.0.current.finding, plain.as_bytes())
    }

    /// What to look for: the hash under each key that is set, since not all may have been sealed anew yet.
    pub fn find_hashes(&self, plain: &str) -> Vec<[u8; 32]> {
        self.keys().map(|key| keyed(&key.finding, plain.as_bytes())).collect()
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.0.current).chain(&self.0.old)
    }

    /// With what every value under the current key begins.
    fn mark(&self) -> String {
        format!("{}:", self.0.current.id)
    }
}

fn keyed(key: &[u8; 32], text: &[u8]) -> [u8; 32] {
    // A key shorter than HMAC's block is filled with zeros by its definition; done here, it cannot fail.
    let mut block = [0_u8; 64];
    block[..32].copy_from_slice(key);
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    mac.update(text);
    mac.finalize().into_bytes().into()
}

fn hex_key(text: &str) -> Option<[u8; 32]> {
    let mut key = [0_u8; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[index * 2..index * 2 + 2], 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::OldKey;

    fn sealer(key: &str, id: &str) -> Sealer {
        Sealer::new(&Secrets { data_key: key.into(), data_key_id: id.into(), old_keys: Vec::new() })
    }

    #[test]
    fn an_old_key_still_opens_and_finds_but_seals_nothing() {
        let before = sealer(&"0f".repeat(32), "k1");
        let old = OldKey { id: "k1".into(), key: "0f".repeat(32).as_str().into() };
        let settings = Secrets {
            data_key: "1e".repeat(32).as_str().into(),
            data_key_id: "k2".into(),
            old_keys: vec![old],
        };
        let after = Sealer::new(&settings);
        let sealed = before.seal("13823456789").expect("sealed");
        assert_eq!(after.open(&sealed).expect("an old key opens"), "13823456789");
        assert!(after.seal("13823456789").expect("sealed").starts_with("k2:"));
        assert!(after.find_hashes("13823456789").contains(&before.find_hash("13823456789")));
        assert_eq!(after.find_hashes("13823456789")[0], after.find_hash("13823456789"));
        assert_ne!(after.find_hash("13823456789"), before.find_hash("13823456789"));
    }

    #[test]
    fn what_is_sealed_opens_again_and_never_looks_the_same() {
        let sealer = sealer(&"0f".repeat(32), "k1");
        let (one, two) =
            (sealer.seal("13823456789").expect("sealed"), sealer.seal("13823456789").expect("sealed"));
        assert_ne!(one, two);
        assert!(one.starts_with("k1:") && !one.contains("138"));
        assert_eq!(sealer.open(&one).expect("ours"), "13823456789");
    }

    #[test]
    fn another_key_or_a_changed_value_does_not_open() {
        let ours = sealer(&"0f".repeat(32), "k1");
        let sealed = ours.seal("secret").expect("sealed");
        assert_eq!(sealer(&"0e".repeat(32), "k1").open(&sealed), Err(SealFault::Damaged));
        assert_eq!(sealer(&"0f".repeat(32), "k2").open(&sealed), Err(SealFault::OtherKey));
        for broken in ["", "k1:", "k1:AAAA", "k1:***", "plain"] {
            assert_eq!(ours.open(broken), Err(SealFault::Damaged), "{broken}");
        }
        let mut changed = sealed.into_bytes();
        let at = changed.len() - 6;
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        assert_eq!(ours.open(&String::from_utf8(changed).expect("ASCII")), Err(SealFault::Damaged));
    }

    #[test]
    fn a_whole_value_is_found_by_its_keyed_hash() {
        let (a, b) = (sealer(&"0f".repeat(32), "k1"), sealer(&"0e".repeat(32), "k1"));
        assert_eq!(a.find_hash("13823456789"), a.find_hash("13823456789"));
        assert_ne!(a.find_hash("13823456789"), a.find_hash("13823456780"));
        assert_ne!(a.find_hash("13823456789"), b.find_hash("13823456789"));
    }
}
