//! What texts from outside may hold, besides letters and signs (docs/contract.md 2).

mod heal;

pub(crate) use heal::heal;

/// Whether a text can stand on one line and in a sentence of ours: no controls, no line breaks, and nothing that turns the
/// direction of what stands around it. The invisible marks of direction are refused too: no name needs them.
pub fn is_line(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || breaks_lines(c) || turns_direction(c))
}

/// Whether a text that may have several lines has no other controls. A carriage return is half of a line break.
pub fn is_words(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && c != '\n' && c != '\r')
}

/// Whether nobody sees anything of it: blanks, and what is drawn as nothing.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || c.is_control() || misleads(c) || is_drawn_as_nothing(c))
}

/// Whether it turns around how words are read, or puts something between them that nobody sees (Unicode Annex 9, and the
/// invisible ones of general category Cf, tags among them). Joiners stay: emoji and some scripts are made with them.
pub(crate) fn misleads(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// What has no shape without others beside it, as joiners and selectors of variants; fillers; and the pattern of Braille
/// without a dot.
fn is_drawn_as_nothing(c: char) -> bool {
    matches!(c,
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200c}' | '\u{200d}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Line and paragraph separators; the controls among line breaks are known as such.
fn breaks_lines(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// Embeddings, overrides, isolates and marks of the bidirectional algorithm (Unicode Annex 9).
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A client's word, short enough to be said back to it.
pub fn echo(word: &str) -> &str {
    let end = word.char_indices().nth(ECHO_CHARS_MAX).map_or(word.len(), |(end, _)| end);
    &word[..end]
}

/// Characters of a client's word that an answer repeats.
const ECHO_CHARS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_no_breaks_controls_or_overrides() {
        for good in ["", "林晓雨", "O'Neill-李 (2)", "a b　c", "👩‍👩‍👧", "שלום", "<b>&"]
        {
            assert!(is_line(good), "{good:?}");
        }
        for bad in "\0 \n \r \t \u{b} \u{1b} \u{7f} \u{85} \u{9f} \u{2028} \u{2029} \u{202a} \u{202e} \u{2066} \u{2069} \u{200e} \u{200f} \u{61c}"
            .split(' ')
        {
            assert!(!is_line(&format!("a{bad}b")), "{bad:?}");
        }
    }

    #[test]
    fn a_name_of_nothing_visible_is_blank() {
        for blank in
            ["", " 　", "\u{200b}", "\u{2060}\u{feff} \u{ad}", "\u{200d}", "\u{3164}", "\u{fe0f}\u{2800}\t"]
        {
            assert!(is_blank(blank), "{blank:?}");
        }
        for name in ["林", "\u{200b}a", "👩‍👩‍👧", "0", ".", "שלום"] {
            assert!(!is_blank(name), "{name:?}");
        }
    }

    #[test]
    fn words_may_be_hidden_in_tags() {
        for c in ['\u{e0000}', '\u{e0001}', '\u{e0041}', '\u{e007f}', '\u{200b}', '\u{feff}'] {
            assert!(misleads(c), "{c:?}");
        }
        for c in ['\u{dffff}', '\u{e0100}', '\u{200d}', '\u{fe0f}', '林'] {
            assert!(!misleads(c), "{c:?}");
        }
    }

    #[test]
    fn words_have_line_breaks_and_no_other_controls() {
        assert!(is_words("谢谢。\n\r\n很好 \u{2028} \u{202e}"));
        for bad in ["\0", "\t", "\u{1b}", "\u{7f}", "\u{85}"] {
            assert!(!is_words(&format!("a{bad}b")), "{bad:?}");
        }
    }
}
