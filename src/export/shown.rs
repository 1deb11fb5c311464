//! What people typed, so that whoever reads a file sees what stands in it: no character breaks a line, turns the words
//! around or hides. Controls are shown by a sign of their own, and where words go on in a new line the caller indents it.

use std::fmt::Write;

use crate::text::misleads;

/// Whether some program begins a new line at it.
fn breaks_line(c: char) -> bool {
    matches!(c, '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// The lines of what somebody typed, at least one; in each all is visible.
pub(super) fn lines(words: &str) -> Vec<String> {
    // One break, as Windows writes it.
    let words = words.replace("\r\n", "\n");
    words.split(breaks_line).map(visible).collect()
}

/// All of it in one line.
pub(super) fn one_line(words: &str) -> String {
    lines(words).join(" ")
}

/// A name in one line, which cannot be taken for the end of a name and the begin of words.
pub(super) fn name(name: &str) -> String {
    let name = one_line(name);
    // U+FF1A is the colon that Chinese has.
    name.trim().replace('\u{ff1a}', "‹\u{ff1a}›").replace(':', "‹:›")
}

fn visible(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            // The pictures of controls stand in their order (U+2400).
            '\0'..='\u{1f}' => out.extend(char::from_u32(0x2400 + u32::from(c))),
            '\u{7f}' => out.push('␡'),
            c if c.is_control() || misleads(c) => {
                // Writing to a text cannot fail.
                let _ = write!(out, "‹U+{:04X}›", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// Without what is invisible, so that a name or number is found however it was taken apart.
pub(super) fn without_invisible(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for c in words.chars() {
        let is_joiner = matches!(c, '\u{200c}' | '\u{200d}');
        let joins_letters = is_joiner && out.chars().next_back().is_some_and(char::is_alphanumeric);
        let is_hidden = misleads(c) || joins_letters || (c.is_control() && !breaks_line(c) && c != '\t');
        if !is_hidden {
            out.push(c);
        }
    }
    out
}

/// A part of a file name: nothing that Windows or another system reads as more than a letter, and not long.
pub(super) fn file_name(text: &str, chars_max: usize) -> String {
    let letters = text.chars().filter(|c| !misleads(*c)).map(|c| {
        let is_reserved = matches!(c, '<' | '>' | ':' | '"' | '/' | '\\' | '|' | '?' | '*');
        if is_reserved || c.is_control() || breaks_line(c) { '_' } else { c }
    });
    let cut: String = letters.take(chars_max).collect();
    // Windows drops what stands there.
    let cut = cut.trim_matches([' ', '.']);
    if cut.is_empty() { "_".to_owned() } else { cut.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_break_of_some_program_is_a_line_and_no_control_is_written() {
        let words = "a\nb\r\nc\rd\u{b}e\u{c}f\u{85}g\u{2028}h\u{2029}i";
        assert_eq!(lines(words), ["a", "b", "c", "d", "e", "f", "g", "h", "i"]);
        assert_eq!(lines(""), [""]);
        assert_eq!(lines("a\0\t\u{1b}[0m\u{7f}\u{9b}b"), ["a␀␉␛[0m␡‹U+009B›b"]);
        assert_eq!(lines("x\u{202e}y\u{2066}z\u{200b}\u{feff}"), ["x‹U+202E›y‹U+2066›z‹U+200B›‹U+FEFF›"]);
        // One emoji of four, and its joiners.
        assert_eq!(lines("👨‍👩‍👧 ok"), ["👨‍👩‍👧 ok"]);
        for c in (0..=0x3000_u32).filter_map(char::from_u32) {
            let shown = lines(&format!("a{c}b")).concat();
            assert!(!shown.contains(|c: char| c.is_control() || misleads(c) || breaks_line(c)), "{c:?}");
        }
    }

    #[test]
    fn a_name_ends_where_its_line_says() {
        assert_eq!(name("林晓雨：好的\n2021 小雨"), "林晓雨‹：›好的 2021 小雨");
    }

    #[test]
    fn what_was_taken_apart_by_nothing_visible_is_put_together() {
        assert_eq!(
            without_invisible("林\u{200b}晓\u{202e}雨 138\u{200d}2345\u{2060}6789\0"),
            "林晓雨 13823456789"
        );
        assert_eq!(without_invisible("👨‍👩‍👧\n好"), "👨‍👩‍👧\n好");
    }

    #[test]
    fn a_file_name_is_one_on_every_system() {
        assert_eq!(file_name("../a\\b:c*?\"<>|\n\u{202e}d. ", 40), "_a_b_c_______d");
        assert_eq!(file_name("小雨", 40), "小雨");
        assert_eq!(file_name(" .. ", 40), "_");
        assert_eq!(file_name(&"长".repeat(100), 20).chars().count(), 20);
    }
}
