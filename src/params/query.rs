//! `name=value` pairs of a query string or form, told apart from names without a value and from what is not UTF-8.

use percent_encoding::percent_decode;

/// The value is not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotText;

/// The pairs in their order. `&state&` has no value and is left out; a name that is not UTF-8 is nobody's.
pub(super) fn pairs(text: &[u8]) -> impl Iterator<Item = (String, Result<String, NotText>)> + '_ {
    text.split(|byte| *byte == b'&').filter_map(|pair| {
        let at = pair.iter().position(|byte| *byte == b'=')?;
        let name = decode(&pair[..at]).ok()?;
        Some((name, decode(&pair[at + 1..])))
    })
}

fn decode(text: &[u8]) -> Result<String, NotText> {
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).decode_utf8().map(Into::into).map_err(|_| NotText)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded_and_bare_names_left_out() {
        let found: Vec<_> = pairs(b"a=1&b&c=%E4%BD%A0+x&d=&e=%ff&=y&f=a=b").collect();
        let text = |name: &str, value: &str| (name.to_owned(), Ok(value.to_owned()));
        assert_eq!(
            found,
            [
                text("a", "1"),
                text("c", "你 x"),
                text("d", ""),
                ("e".to_owned(), Err(NotText)),
                text("", "y"),
                text("f", "a=b"),
            ]
        );
    }
}
