//! docs/glossary.md: every word in both languages, with one line of meaning, once.

use super::{read, root};

/// A character of Chinese writing.
fn is_chinese(letter: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&letter)
}

/// What is wrong with a row of the table; its term if nothing is.
fn term(row: &str) -> Result<&str, String> {
    let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
    let &[term, chinese, meaning, _today] = cells.as_slice() else {
        return Err(format!("four cells, not {}: {row}", cells.len()));
    };
    if !term.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '`') {
        return Err(format!("no English term: {row}"));
    }
    if !chinese.chars().any(is_chinese) {
        return Err(format!("no Chinese term: {row}"));
    }
    if meaning.is_empty() || meaning.contains("TODO") {
        return Err(format!("no meaning: {row}"));
    }
    Ok(term)
}

#[test]
fn every_word_of_the_glossary_has_both_languages_and_one_meaning() {
    let text = read(&root().join("docs/glossary.md"));
    let is_row = |line: &&str| line.starts_with("| ") && !line.starts_with("| term |");
    let rows: Vec<&str> = text.lines().filter(is_row).collect();
    assert!(rows.len() > 100, "the tables are there: {} rows", rows.len());
    let (mut terms, mut wrong) = (Vec::new(), Vec::new());
    for row in rows {
        match term(row) {
            Ok(term) if terms.contains(&term) => wrong.push(format!("twice: {row}")),
            Ok(term) => terms.push(term),
            Err(why) => wrong.push(why),
        }
    }
    assert!(wrong.is_empty(), "docs/glossary.md:\n{}", wrong.join("\n"));
}

#[test]
fn a_word_without_a_language_or_a_meaning_is_found() {
    assert_eq!(term("| grace | 宽限期 | how long | |"), Ok("grace"));
    for broken in [
        "| grace | grace | how long | |",
        "| grace | 宽限期 | | |",
        "| 宽限 | 宽限期 | how long | |",
        "| grace | 宽限期 | |",
    ] {
        assert!(term(broken).is_err(), "{broken}");
    }
}
