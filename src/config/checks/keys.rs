//! Data keys that nobody can have drawn at random. A key that can be guessed protects nothing, and looks as if it did.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use crate::config::{DEVELOPMENT_KEY, hex_key};

/// 32 random bytes have about thirty different values. So few happen once in more than 10^13 keys.
const DIFFERENT_BYTES_MIN: usize = 17;

/// Why this key, 64 hex digits, is not random; nothing where it looks as if it were.
pub(super) fn weakness(text: &str) -> Option<&'static str> {
    let key = hex_key(text)?;
    let different: HashSet<u8> = key.into_iter().collect();
    if different.len() < DIFFERENT_BYTES_MIN {
        return Some("it repeats itself, so it is not random");
    }
    let step = key[1].wrapping_sub(key[0]);
    if key.windows(2).all(|pair| pair[1].wrapping_sub(pair[0]) == step) {
        return Some("its bytes count up or down, so it is not random");
    }
    if key.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') {
        return Some("its bytes spell a text, so it is not random");
    }
    let known: [[u8; 32]; 3] =
        [DEVELOPMENT_KEY.as_bytes(), b"", b"\n"].map(|text| Sha256::digest(text).into());
    known.contains(&key).then_some("it is known to everybody")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_nobody_drew_at_random_are_told_from_others() {
        let counting = hex::encode((0..32).collect::<Vec<u8>>());
        let falling = hex::encode_upper((0..32).map(|byte| 255 - 7 * byte).collect::<Vec<u8>>());
        let twice = "5bd2850fff3ecb11d7c805251c51ee46".repeat(2);
        let text = hex::encode("correct horse battery staple 123");
        let of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned();
        let development = hex::encode(Sha256::digest(DEVELOPMENT_KEY));
        let bad = ["ab".repeat(32), "00".repeat(32), "0123456789abcdef".repeat(4), counting, falling, twice];
        for key in bad.iter().chain([&text, &of_nothing, &development]) {
            assert!(weakness(key).is_some(), "{key}");
        }
        for key in [
            "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e",
            "9C1E5E6F0A7B42D38D1F6C2B7A9053E4B8D7F61A2C3E4D5F60718293A4B5C6D7",
        ] {
            assert_eq!(weakness(key), None, "{key}");
        }
    }

    #[test]
    fn a_random_key_is_never_refused() {
        for _ in 0..2000 {
            let mut key = [0_u8; 32];
            getrandom::fill(&mut key).expect("random");
            assert_eq!(weakness(&hex::encode(key)), None);
        }
    }
}
