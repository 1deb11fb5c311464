//! `UserSig`, version 2 (TLSSigAPIv2): what a client logs in to Tencent IM with.
//!
//! Source: the official libraries (npm and `PyPI` `tls-sig-api-v2`); every vector of both is checked below. Tokens of
//! different libraries differ as strings (key order, spaces), so compare what they decode to.

use std::{
    io::{Read, Write},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};
use hmac::{Hmac, KeyInit, Mac};
use hotline_actors::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// A decoded token is a small JSON object; more than this is no token.
const DECODED_BYTES_MAX: u64 = 16 * 1024;

/// What a `UserSig` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Always "2.0".
    #[serde(rename = "TLS.ver")]
    pub version: String,
    /// The IM account, our user name.
    #[serde(rename = "TLS.identifier")]
    pub identifier: String,
    /// The IM application.
    #[serde(rename = "TLS.sdkappid")]
    pub sdk_app_id: u32,
    /// When it was made, in seconds since the epoch.
    #[serde(rename = "TLS.time")]
    pub made_seconds: i64,
    /// How long it lives, in seconds; not a moment.
    #[serde(rename = "TLS.expire")]
    pub life_seconds: u64,
    /// Base64 of the HMAC over all the rest.
    #[serde(rename = "TLS.sig")]
    pub signature: String,
}

/// The text was no `UserSig`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UserSig")]
pub struct MalformedSig;

/// Makes the `UserSig` of `identifier`, valid from `now` for `life`.
///
/// `secret_key` is used as the text it is; its hex digits are not decoded.
pub fn make(sdk_app_id: u32, secret_key: &str, identifier: &str, now: Timestamp, life: Duration) -> String {
    let made_seconds = now.0.div_euclid(1000);
    let life_seconds = life.as_secs();
    let mut claims = Claims {
        version: "2.0".to_owned(),
        identifier: identifier.to_owned(),
        sdk_app_id,
        made_seconds,
        life_seconds,
        signature: String::new(),
    };
    claims.signature = BASE64_STANDARD.encode(mac(secret_key, &claims).finalize().into_bytes());
    let json = serde_json::to_vec(&claims).expect("strings and numbers always become JSON");
    let mut deflated = ZlibEncoder::new(Vec::new(), Compression::default());
    let deflated =
        deflated.write_all(&json).and_then(|()| deflated.finish()).expect("a Vec takes every byte");
    // Not the URL-safe alphabet: there `-` would stand for `+`.
    BASE64_STANDARD.encode(deflated).replace('+', "*").replace('/', "-").replace('=', "_")
}

/// Reads what a `UserSig` says, without checking its signature.
///
/// # Errors
/// [`MalformedSig`] when it is none.
pub fn decode(user_sig: &str) -> Result<Claims, MalformedSig> {
    let base64 = user_sig.replace('*', "+").replace('-', "/").replace('_', "=");
    let deflated = BASE64_STANDARD.decode(base64).map_err(|_| MalformedSig)?;
    let mut json = Vec::new();
    ZlibDecoder::new(deflated.as_slice())
        .take(DECODED_BYTES_MAX)
        .read_to_end(&mut json)
        .map_err(|_| MalformedSig)?;
    serde_json::from_slice(&json).map_err(|_| MalformedSig)
}

/// Whether `claims` were signed with `secret_key` and are still valid at `now`.
pub fn verify(claims: &Claims, secret_key: &str, now: Timestamp) -> bool {
    let expected = BASE64_STANDARD.encode(mac(secret_key, claims).finalize().into_bytes());
    let signed: bool = expected.as_bytes().ct_eq(claims.signature.as_bytes()).into();
    let ends_seconds =
        claims.made_seconds.saturating_add(i64::try_from(claims.life_seconds).unwrap_or(i64::MAX));
    signed && now.0.div_euclid(1000) < ends_seconds
}

/// The order of the lines is fixed, and each ends with a newline, the last one too.
fn mac(secret_key: &str, claims: &Claims) -> Hmac<Sha256> {
    let Claims { identifier, sdk_app_id, made_seconds, life_seconds, .. } = claims;
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret_key.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(
        format!(
            "TLS.identifier:{identifier}\nTLS.sdkappid:{sdk_app_id}\nTLS.time:{made_seconds}\nTLS.expire:{life_seconds}\n"
        )
        .as_bytes(),
    );
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Vectors {
        seed_usersig: Seed,
        usersig: Vec<Vector>,
    }

    #[derive(Deserialize)]
    struct Seed {
        usersig: String,
        decoded: Claims,
    }

    #[derive(Deserialize)]
    struct Vector {
        name: String,
        sdkappid: u32,
        key: String,
        identifier: String,
        expire: u64,
        time: i64,
        usersig_npm: String,
        usersig_pypi: String,
        tls_sig: String,
    }

    fn vectors() -> Vectors {
        serde_json::from_str(include_str!("../../tests/data/protocol-vectors.json"))
            .expect("the vectors are JSON")
    }

    #[test]
    fn ours_decodes_to_what_the_official_libraries_sign() {
        for vector in vectors().usersig {
            let now = Timestamp(vector.time * 1000 + 999);
            let ours = make(
                vector.sdkappid,
                &vector.key,
                &vector.identifier,
                now,
                Duration::from_secs(vector.expire),
            );
            let ours = decode(&ours).expect("what we make decodes");
            assert_eq!(ours.signature, vector.tls_sig, "{}", vector.name);
            for official in [&vector.usersig_npm, &vector.usersig_pypi] {
                assert_eq!(decode(official).as_ref(), Ok(&ours), "{}", vector.name);
            }
            assert!(verify(&ours, &vector.key, now));
            assert!(!verify(&ours, "another key", now));
            assert!(!verify(&ours, &vector.key, now + Duration::from_secs(vector.expire)));
        }
    }

    #[test]
    fn the_sample_of_the_interface_document_decodes() {
        let seed = vectors().seed_usersig;
        assert_eq!(decode(&seed.usersig), Ok(seed.decoded));
    }

    #[test]
    fn a_token_uses_tencents_own_alphabet_and_the_default_zlib_level() {
        let sig = make(1_400_000_001, "key", "visitor_0001", Timestamp(0), Duration::from_secs(1));
        assert!(!sig.contains(['+', '/', '=']));
        let bytes = BASE64_STANDARD.decode(sig.replace('*', "+").replace('-', "/").replace('_', "="));
        assert_eq!(bytes.expect("base64")[..2], [0x78, 0x9c]);
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for text in ["", "eJyrVgrx", "not base64 at all", "AAAA"] {
            assert_eq!(decode(text), Err(MalformedSig));
        }
    }
}
