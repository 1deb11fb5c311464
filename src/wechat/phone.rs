//! The phone number in the old form: encrypted by WeChat for whoever holds the `session_key` (docs/protocols.md 6.2).
//!
//! A wrong key or a changed text must never yield garbage, so every length, the padding and the watermark are checked.

use aes::{
    Aes128,
    cipher::{BlockModeDecrypt, KeyIvInit, block_padding::Pkcs7},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Deserialize;

/// A phone number with its watermark is some 200 bytes.
const ENCRYPTED_BYTES_MAX: usize = 4096;
/// Of a number with its area code (E.164 has 15 digits).
const NUMBER_CHARS_MAX: usize = 20;

/// Why no number came out. Told to the log only, and without the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum PhoneFault {
    #[error("{0} is not base64 of the right length")]
    Malformed(&'static str),
    #[error("it does not decrypt: the session_key has changed since, or the text is not WeChat's")]
    Undecipherable,
    #[error("what was decrypted holds no phone number")]
    NoNumber,
    #[error("it was made for another mini-program")]
    ForeignWatermark,
}

/// What WeChat tells of a phone, in both forms. `countryCode` is a text or a number; we do not need it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhoneInfo {
    phone_number: String,
    watermark: Watermark,
}

#[derive(Deserialize)]
struct Watermark {
    appid: String,
}

impl PhoneInfo {
    /// The number, with the area code where it is foreign.
    ///
    /// # Errors
    /// When it is none, or was made for another mini-program than `appid`.
    pub(super) fn number(self, appid: &str) -> Result<String, PhoneFault> {
        if self.watermark.appid != appid {
            return Err(PhoneFault::ForeignWatermark);
        }
        let number = self.phone_number;
        let digits = number.strip_prefix('+').unwrap_or(&number);
        let plausible = (1..=NUMBER_CHARS_MAX).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-' || byte == b' ');
        if plausible { Ok(number) } else { Err(PhoneFault::NoNumber) }
    }
}

/// The number in `encryptedData`, for the mini-program `appid`.
///
/// # Errors
/// When anything about it is not as WeChat makes it.
pub(super) fn decrypt(
    session_key: &str,
    iv: &str,
    encrypted_data: &str,
    appid: &str,
) -> Result<String, PhoneFault> {
    let key = block(session_key).ok_or(PhoneFault::Malformed("session_key"))?;
    let iv = block(iv).ok_or(PhoneFault::Malformed("iv"))?;
    let mut text = BASE64_STANDARD
        .decode(encrypted_data.trim())
        .ok()
        .filter(|bytes| {
            !bytes.is_empty() && bytes.len() <= ENCRYPTED_BYTES_MAX && bytes.len().is_multiple_of(16)
        })
        .ok_or(PhoneFault::Malformed("encryptedData"))?;
    let plain = cbc::Decryptor::<Aes128>::new(&key.into(), &iv.into())
        .decrypt_padded::<Pkcs7>(&mut text)
        .map_err(|_| PhoneFault::Undecipherable)?;
    // One wrong key in 256 leaves a padding that looks right, but no JSON.
    let info: PhoneInfo = serde_json::from_slice(plain).map_err(|_| PhoneFault::NoNumber)?;
    info.number(appid)
}

fn block(text: &str) -> Option<[u8; 16]> {
    BASE64_STANDARD.decode(text.trim()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aes::cipher::BlockModeEncrypt;
    use serde_json::Value;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODw==";
    const IV: &str = "EBESExQVFhcYGRobHB0eHw==";
    const APPID: &str = "wx0000000000000001";

    fn vectors() -> Vec<Value> {
        let vectors: Value =
            serde_json::from_str(include_str!("../../tests/data/protocol-vectors.json")).expect("vectors");
        vectors["wechat_phone_made_up"].as_array().expect("cases").clone()
    }

    fn encrypted(plain: &[u8]) -> String {
        let (key, iv) = (block(KEY).expect("a key"), block(IV).expect("an iv"));
        let mut bytes = [plain, &[0; 16]].concat();
        let encryptor = cbc::Encryptor::<Aes128>::new(&key.into(), &iv.into());
        let bytes = encryptor.encrypt_padded::<Pkcs7>(&mut bytes, plain.len()).expect("room for the padding");
        BASE64_STANDARD.encode(bytes)
    }

    #[test]
    fn the_vectors_open_or_fail_as_they_say() {
        let vectors = vectors();
        assert_eq!(vectors.len(), 2);
        for vector in vectors {
            let text = |key: &str| vector[key].as_str().expect("text");
            let number = decrypt(text("session_key"), text("iv"), text("encryptedData"), text("appid"));
            if text("name").contains("must_fail") {
                assert_eq!(number, Err(PhoneFault::ForeignWatermark));
            } else {
                assert_eq!(number.as_deref(), Ok("13800000000"));
            }
        }
    }

    #[test]
    fn no_wrong_key_ever_yields_a_number() {
        let data = vectors()[0]["encryptedData"].as_str().expect("text").to_owned();
        for wrong in 1..=2000_u128 {
            let key = BASE64_STANDARD.encode(wrong.to_le_bytes());
            assert!(decrypt(&key, IV, &data, APPID).is_err(), "{wrong}");
        }
    }

    #[test]
    fn lengths_padding_and_content_are_checked() {
        let data = vectors()[0]["encryptedData"].as_str().expect("text").to_owned();
        for bad in ["", "AAAA", "***", "AAECAwQFBgcICQoLDA0ODxAREhM="] {
            assert_eq!(decrypt(bad, IV, &data, APPID), Err(PhoneFault::Malformed("session_key")), "{bad}");
            assert_eq!(decrypt(KEY, bad, &data, APPID), Err(PhoneFault::Malformed("iv")), "{bad}");
            assert_eq!(decrypt(KEY, IV, bad, APPID), Err(PhoneFault::Malformed("encryptedData")), "{bad}");
        }
        let bytes = BASE64_STANDARD.decode(&data).expect("base64");
        let cut = BASE64_STANDARD.encode(&bytes[..bytes.len() - 16]);
        assert_eq!(decrypt(KEY, IV, &cut, APPID), Err(PhoneFault::Undecipherable), "its padding is gone");
        for plain in [
            "",
            "no JSON",
            r#"{"openId":"x","watermark":{"appid":"wx0000000000000001"}}"#,
            r#"{"phoneNumber":"<b>","watermark":{"appid":"wx0000000000000001"}}"#,
            r#"{"phoneNumber":"","watermark":{"appid":"wx0000000000000001"}}"#,
            r#"{"phoneNumber":"13800000000"}"#,
        ] {
            let result = decrypt(KEY, IV, &encrypted(plain.as_bytes()), APPID);
            assert_eq!(result, Err(PhoneFault::NoNumber), "{plain}");
        }
    }
}
