//! What is sealed in the database: phone and identity numbers and WeChat session keys.
//!
//! A sealed value is `k1.2:` and base64 of nonce and ciphertext (AES-256-GCM); `k1` is the id of the key, so that keys can
//! be rotated: old ones still open, and `secrets/rotation.rs` seals everything anew. Form 2 is bound to its person and
//! column as associated data: copied anywhere else in the database it does not open. Values of the first form (`k1:`) are
//! bound to nothing; they are read until they are rotated, and none is made. Beside a value stands a keyed hash where a
//! whole one must be found. The key with which a person's browser seals drafts is made of the same, and kept nowhere.

pub mod rotation;

use std::{fmt, sync::Arc};

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{Aead, KeyInit, Payload},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac};
use hotline_actors::PersonId;
use sha2::{Digest, Sha256};

use crate::config::{DEVELOPMENT_KEY, Secrets, hex_key};

const NONCE_BYTES: usize = 12;
/// Of values that are bound to their place.
const BOUND_FORM: &str = "2";

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
    drafts: [u8; 32],
}

impl Key {
    fn new(id: &str, key: [u8; 32]) -> Self {
        let finding = keyed(&key, b"hotline find hash");
        let drafts = keyed(&key, b"hotline draft keys");
        Self { id: id.to_owned(), cipher: Aes256Gcm::new(&key.into()), finding, drafts }
    }
}

/// Where a sealed value belongs. Elsewhere it does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedField {
    pub person: PersonId,
    pub column: Column,
}

/// The columns of `people` that are sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    Phone,
    IdNumber,
    EmergencyPhone,
    WechatSessionKey,
}

impl Column {
    /// Of this person.
    pub fn of(self, person: PersonId) -> SealedField {
        SealedField { person, column: self }
    }

    /// As in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::IdNumber => "id_number",
            Self::EmergencyPhone => "emergency_phone",
            Self::WechatSessionKey => "wechat_session_key",
        }
    }
}

impl SealedField {
    /// What is authenticated beside the value. A person's id is theirs alone on the whole server and for ever, so it stands
    /// for the institution too.
    fn associated(self) -> Vec<u8> {
        [b"people.", self.column.as_str().as_bytes(), b"\0", self.person.0.as_bytes()].concat()
    }
}

/// Why a value could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealFault {
    #[error("the system gives no random bytes")]
    NoRandomness,
    #[error("the value was sealed under a key that is not set")]
    OtherKey,
    #[error(
        "the sealed value is damaged, was sealed for another person or column, or under another key of that name"
    )]
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

    /// Seals a value for the place where it will stand. Twice the same value gives two different texts.
    ///
    /// # Errors
    /// Only where the system gives no randomness.
    pub fn seal(&self, plain: &str, place: SealedField) -> Result<String, SealFault> {
        let mut nonce = [0_u8; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|_| SealFault::NoRandomness)?;
        let sealed = self
            .0
            .current
            .cipher
            .encrypt(&Nonce::from(nonce), Payload { msg: plain.as_bytes(), aad: &place.associated() })
            .map_err(|_| SealFault::Damaged)?;
        let mut bytes = nonce.to_vec();
        bytes.extend_from_slice(&sealed);
        Ok(format!("{}{}", self.mark(), BASE64_STANDARD.encode(bytes)))
    }

    /// Opens what [`Sealer::seal`] made for this place, and what earlier versions made for none.
    ///
    /// # Errors
    /// When it was sealed under another key or for another place, or changed since.
    pub fn open(&self, sealed: &str, place: SealedField) -> Result<String, SealFault> {
        let (mark, text) = sealed.split_once(':').ok_or(SealFault::Damaged)?;
        let (id, associated) = match mark.split_once('.') {
            None => (mark, Vec::new()),
            Some((id, BOUND_FORM)) => (id, place.associated()),
            Some(_) => return Err(SealFault::Damaged),
        };
        let key = self.keys().find(|key| key.id == id).ok_or(SealFault::OtherKey)?;
        let bytes = BASE64_STANDARD.decode(text).map_err(|_| SealFault::Damaged)?;
        let (nonce, cipher_text) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or(SealFault::Damaged)?;
        let payload = Payload { msg: cipher_text, aad: &associated };
        let plain = key.cipher.decrypt(&Nonce::from(*nonce), payload).map_err(|_| SealFault::Damaged)?;
        String::from_utf8(plain).map_err(|_| SealFault::Damaged)
    }

    /// The value of a row; nothing where it does not open. That is a fault of the data somebody has to look into: sealed under
    /// a key that is not set, damaged, or copied from another's row.
    pub fn open_or_tell(&self, sealed: &str, place: SealedField) -> Option<String> {
        let SealedField { person, column } = place;
        let column = column.as_str();
        let absent = |error: &SealFault| {
            tracing::error!(%person, column, %error, "decrypting a stored value failed: it is treated as absent");
        };
        self.open(sealed, place).inspect_err(absent).ok()
    }

    /// What is written beside a sealed value, so that a whole one is found again without opening any.
    pub fn find_hash(&self, plain: &str) -> [u8; 32] {
        keyed(&self.0.current.finding, plain.as_bytes())
    }

    /// What to look for: the hash under each key that is set, since not all may have been sealed anew yet.
    pub fn find_hashes(&self, plain: &str) -> Vec<[u8; 32]> {
        self.keys().map(|key| keyed(&key.finding, plain.as_bytes())).collect()
    }

    /// With what a browser seals what this person has begun to write: base64 of 32 bytes, for nobody but them. The same at
    /// each log-in, so that a draft outlives one; another once the key of the data is.
    pub fn draft_key(&self, person: PersonId) -> String {
        BASE64_STANDARD.encode(keyed(&self.0.current.drafts, person.0.as_bytes()))
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.0.current).chain(&self.0.old)
    }

    /// With what every value begins that is sealed under the current key, and bound.
    fn mark(&self) -> String {
        format!("{}.{BOUND_FORM}:", self.0.current.id)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::OldKey;
    use uuid::Uuid;

    const KEY: &str = "0f6b1c92d3e4857a90b1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f50617";
    const ANOTHER: &str = "1e7a2d83c4f5968b01a2b3c4d5e6f70819283a4b5c6d7e8f90a1b2c3d4e5f607";
    /// `13823456789` under [`KEY`] as `k1`, as the first version sealed it: bound to nothing.
    const OF_THE_FIRST_FORM: &str = "k1:0MrXZOpNhJEAr+OTJxuJwWM3TJ23EvPcoTI9emJAEgYp2t/QnBGU";

    fn sealer(key: &str, id: &str) -> Sealer {
        Sealer::new(&Secrets { data_key: key.into(), data_key_id: id.into(), old_keys: Vec::new() })
    }

    fn somebodys(column: Column) -> SealedField {
        column.of(PersonId(Uuid::from_u128(7)))
    }

    #[test]
    fn an_old_key_still_opens_and_finds_but_seals_nothing() {
        let phone = somebodys(Column::Phone);
        let before = sealer(KEY, "k1");
        let old = OldKey { id: "k1".into(), key: KEY.into() };
        let settings = Secrets { data_key: ANOTHER.into(), data_key_id: "k2".into(), old_keys: vec![old] };
        let after = Sealer::new(&settings);
        let sealed = before.seal("13823456789", phone).expect("sealed");
        assert_eq!(after.open(&sealed, phone).expect("an old key opens"), "13823456789");
        assert_eq!(after.open(OF_THE_FIRST_FORM, phone).expect("in the first form, too"), "13823456789");
        assert!(after.seal("13823456789", phone).expect("sealed").starts_with("k2.2:"));
        assert!(after.find_hashes("13823456789").contains(&before.find_hash("13823456789")));
        assert_eq!(after.find_hashes("13823456789")[0], after.find_hash("13823456789"));
        assert_ne!(after.find_hash("13823456789"), before.find_hash("13823456789"));
    }

    #[test]
    fn what_is_sealed_opens_again_and_never_looks_the_same() {
        let (sealer, phone) = (sealer(KEY, "k1"), somebodys(Column::Phone));
        let seal = || sealer.seal("13823456789", phone).expect("sealed");
        let (one, two) = (seal(), seal());
        assert_ne!(one, two);
        assert!(one.starts_with("k1.2:") && !one.contains("138"));
        assert_eq!(sealer.open(&one, phone).expect("ours"), "13823456789");
    }

    #[test]
    fn what_is_sealed_opens_for_its_person_and_column_alone() {
        let (ours, phone) = (sealer(KEY, "k1"), somebodys(Column::Phone));
        let sealed = ours.seal("13823456789", phone).expect("sealed");
        let another = Column::Phone.of(PersonId(Uuid::from_u128(8)));
        assert_eq!(ours.open(&sealed, another), Err(SealFault::Damaged));
        for column in [Column::IdNumber, Column::EmergencyPhone, Column::WechatSessionKey] {
            assert_eq!(ours.open(&sealed, somebodys(column)), Err(SealFault::Damaged), "{column:?}");
        }
        // Nor does it become one that is bound to nothing, or of a form to come.
        for mark in ["k1:", "k1.1:", "k1.3:", "k1.:"] {
            let dressed_up = sealed.replacen("k1.2:", mark, 1);
            assert_eq!(ours.open(&dressed_up, phone), Err(SealFault::Damaged), "{mark}");
            assert_eq!(ours.open(&dressed_up, another), Err(SealFault::Damaged), "{mark}");
        }
        let dressed_up = OF_THE_FIRST_FORM.replacen("k1:", "k1.2:", 1);
        assert_eq!(ours.open(&dressed_up, phone), Err(SealFault::Damaged));
    }

    #[test]
    fn another_key_or_a_changed_value_does_not_open() {
        let (ours, phone) = (sealer(KEY, "k1"), somebodys(Column::Phone));
        let sealed = ours.seal("secret", phone).expect("sealed");
        assert_eq!(sealer(ANOTHER, "k1").open(&sealed, phone), Err(SealFault::Damaged));
        assert_eq!(sealer(KEY, "k2").open(&sealed, phone), Err(SealFault::OtherKey));
        for broken in ["", "k1:", "k1.2:", "k1:AAAA", "k1.2:***", "plain"] {
            assert_eq!(ours.open(broken, phone), Err(SealFault::Damaged), "{broken}");
        }
        let mut changed = sealed.into_bytes();
        let at = changed.len() - 6;
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).expect("ASCII");
        assert_eq!(ours.open(&changed, phone), Err(SealFault::Damaged));
    }

    #[test]
    fn each_person_has_a_key_for_drafts_that_says_nothing_about_another() {
        let (ours, [one, two]) = (sealer(KEY, "k1"), [7, 8].map(|id| PersonId(Uuid::from_u128(id))));
        let key = ours.draft_key(one);
        assert_eq!(BASE64_STANDARD.decode(&key).expect("base64").len(), 32);
        assert_eq!(sealer(KEY, "k9").draft_key(one), key, "the same at each log-in, and at each start");
        assert_ne!(ours.draft_key(two), key);
        assert_ne!(sealer(ANOTHER, "k1").draft_key(one), key);
        let hash = BASE64_STANDARD.encode(ours.find_hash(std::str::from_utf8(&[0; 16]).expect("ASCII")));
        assert_ne!(ours.draft_key(PersonId(Uuid::nil())), hash, "for another purpose another key");
    }

    #[test]
    fn a_whole_value_is_found_by_its_keyed_hash() {
        let (a, b) = (sealer(KEY, "k1"), sealer(ANOTHER, "k1"));
        assert_eq!(a.find_hash("13823456789"), a.find_hash("13823456789"));
        assert_ne!(a.find_hash("13823456789"), a.find_hash("13823456780"));
        assert_ne!(a.find_hash("13823456789"), b.find_hash("13823456789"));
    }
}
