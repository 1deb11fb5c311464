//! Makes JSON from outside storable without losing the message.
//!
//! A client that cuts an emoji in half sends a lone surrogate, another sends U+0000: both are legal in JSON text, the
//! first in no Rust string, the second in no `jsonb`. Each becomes U+FFFD, as does a byte that is not UTF-8;
//! everything around it stays.

use std::borrow::Cow;

const REPLACEMENT: &str = "\\ufffd";

/// The JSON text of `body` with everything replaced that could not be stored.
pub(crate) fn heal(body: &[u8]) -> Cow<'_, str> {
    // Nearly always it is UTF-8, and that is found out faster than what to replace where it is not.
    let text = std::str::from_utf8(body).map_or_else(|_| String::from_utf8_lossy(body), Cow::Borrowed);
    if text.contains("\\u") { Cow::Owned(heal_escapes(&text)) } else { text }
}

fn heal_escapes(text: &str) -> String {
    let mut healed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        healed.push_str(before);
        let kept = match code(escape) {
            // `\\`, `\"` and the like: the character after the backslash belongs to it, and may be another backslash.
            None => escape.chars().take(2).map(char::len_utf8).sum(),
            Some(0xD800..=0xDBFF) if matches!(code(&escape[6..]), Some(0xDC00..=0xDFFF)) => 12,
            Some(0 | 0xD800..=0xDFFF) => {
                healed.push_str(REPLACEMENT);
                rest = &escape[6..];
                continue;
            }
            Some(_) => 6,
        };
        healed.push_str(&escape[..kept]);
        rest = &escape[kept..];
    }
    healed.push_str(rest);
    healed
}

/// The number of a `\uXXXX` at the start of `text`.
fn code(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    // from_str_radix would take a sign too.
    if digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        u16::from_str_radix(digits, 16).ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_be_stored_is_replaced() {
        for (body, healed) in [
            (r#"{"a":"plain"}"#, r#"{"a":"plain"}"#),
            (r#""a\u0000b""#, r#""a\ufffdb""#),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\ud83d!""#, r#""\ufffd!""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\ude00\u0041""#, r#""\ufffd\u0041""#),
            // An escaped backslash before the letters `u0000` is text.
            (r#""\\u0000""#, r#""\\u0000""#),
            (r#""\\\u0000""#, r#""\\\ufffd""#),
            (r#""\u12"#, r#""\u12"#),
            (r#""\u00é0 \u+000 \"#, r#""\u00é0 \u+000 \"#),
        ] {
            assert_eq!(heal(body.as_bytes()), healed, "{body}");
        }
        assert_eq!(heal(b"\"a\xffb\""), "\"a\u{fffd}b\"");
    }

    #[test]
    fn a_healed_text_parses_where_the_original_would_not() {
        let healed: String = serde_json::from_str(&heal(br#""\ud83d \u0000 \ude00""#)).expect("healed JSON");
        assert_eq!(healed, "\u{fffd} \u{fffd} \u{fffd}");
    }
}
