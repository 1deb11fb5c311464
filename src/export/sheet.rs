//! Transcripts as a workbook: what it was, and what was said, on two sheets for each talk; and the index of many.
//! Everything is written as text, so that no words are taken for a formula.

use std::iter;

use rust_xlsxwriter::{Format, FormatAlign, Workbook, Worksheet, XlsxError};

use super::{
    index::Indexed,
    render::{self, FIELDS},
    shown,
    transcript::Transcript,
};
use crate::{calendar::Calendar, wording::export as text};

/// What a cell takes, in units of UTF-16: a program counts so, and takes 32,767.
const CELL_UNITS_MAX: usize = 32_000;
/// Columns of the index: how wide, and what is in them. Between the folder and what lies in it stand the [`render::fields`].
const INDEX_COLUMNS: [(f64, &str); FIELDS + 3] = [
    (48.0, text::FOLDER),
    (34.0, text::CONVERSATION),
    (10.0, text::KIND),
    (16.0, text::ASKED_BY),
    (16.0, text::ANSWERED_BY),
    (20.0, text::CREATED_AT),
    (20.0, text::STARTED_AT),
    (20.0, text::ENDED_AT),
    (10.0, text::STATUS),
    (6.0, text::RATING),
    (40.0, text::EVALUATION),
    (60.0, text::NOTE),
    (20.0, text::TAG),
    (10.0, text::SUPERVISION),
    (26.0, text::PICTURES),
];

/// The workbook's file.
pub(super) fn of(transcript: &Transcript) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    add(&mut workbook, transcript, text::TALK_SHEET, text::WORDS_SHEET)?;
    for (number, supervision) in (1..).zip(&transcript.supervisions) {
        let [talk, words] = text::supervision_sheets(number);
        add(&mut workbook, supervision, &talk, &words)?;
    }
    workbook.save_to_buffer()
}

fn add(workbook: &mut Workbook, transcript: &Transcript, what: &str, said: &str) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold();
    let sheet = workbook.add_worksheet().set_name(what)?;
    sheet.set_column_width(0, 12)?.set_column_width(1, 60)?;
    for (row, (name, value)) in (0..).zip(render::head(&transcript.summary, &transcript.calendar)) {
        sheet.write_string_with_format(row, 0, name, &bold)?;
        write(sheet, row, 1, &value)?;
    }
    let sheet = workbook.add_worksheet().set_name(said)?;
    sheet.set_column_width(0, 20)?.set_column_width(1, 16)?.set_column_width(2, 80)?;
    for (column, name) in (0..).zip([text::TIME, text::NAME, text::WORDS]) {
        sheet.write_string_with_format(0, column, name, &bold)?;
    }
    let mut row = 1;
    for line in &transcript.messages {
        let time = transcript.calendar.written(line.time);
        for part in typed(&line.words) {
            write(sheet, row, 0, &time)?;
            write(sheet, row, 1, &line.name)?;
            sheet.write_string_with_format(row, 2, part, &wrapped())?;
            row += 1;
        }
    }
    Ok(())
}

/// The list of many, a row for each.
pub(super) fn index(all: &[Indexed], calendar: &Calendar) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let bold = Format::new().set_bold();
    let sheet = workbook.add_worksheet().set_name(text::INDEX_SHEET)?;
    for (column, (width, name)) in (0..).zip(INDEX_COLUMNS) {
        sheet.set_column_width(column, width)?;
        sheet.write_string_with_format(0, column, name, &bold)?;
    }
    for (row, indexed) in (1..).zip(all) {
        for (column, value) in (0..).zip(cells(indexed, calendar)) {
            write(sheet, row, column, &value)?;
        }
    }
    workbook.save_to_buffer()
}

fn cells(indexed: &Indexed, calendar: &Calendar) -> Vec<String> {
    let summary = &indexed.summary;
    let number = |number: usize| if number == 0 { String::new() } else { number.to_string() };
    let pictures = match (summary.pictures, summary.pictures_left_out) {
        (pictures, 0) => number(pictures),
        (_, left_out) => text::pictures_left_out(left_out),
    };
    let fields = render::fields(summary, calendar).map(|(_, value)| value.unwrap_or_default());
    let beside = [number(indexed.supervisions), pictures];
    iter::once(indexed.folder.clone()).chain(fields).chain(beside).collect()
}

fn write(sheet: &mut Worksheet, row: u32, column: u16, value: &str) -> Result<(), XlsxError> {
    let cut = typed(value).into_iter().next().unwrap_or_default();
    sheet.write_string_with_format(row, column, cut, &wrapped()).map(|_| ())
}

/// Several lines stay several lines in a cell.
fn wrapped() -> Format {
    Format::new().set_text_wrap().set_align(FormatAlign::Top)
}

/// With all controls visible, cut to what cells take; at least one part. A workbook writes a control as `_x000A_`, so what
/// somebody typed like that is marked as typed (ECMA-376, 22.9.2.19); a mark stays whole.
fn typed(words: &str) -> Vec<String> {
    let words = shown::lines(words).join("\n");
    let (mut parts, mut part, mut units) = (Vec::new(), String::new(), 0);
    for (at, c) in words.char_indices() {
        let follows = words.as_bytes().get(at + 1..at + 7);
        let is_code = follows.is_some_and(|code| {
            code[0] == b'x' && code[1..5].iter().all(u8::is_ascii_hexdigit) && code[5] == b'_'
        });
        let mark = if c == '_' && is_code { "_x005F" } else { "" };
        let more = mark.len() + c.len_utf16();
        if units + more > CELL_UNITS_MAX {
            parts.push(std::mem::take(&mut part));
            units = 0;
        }
        part.push_str(mark);
        part.push(c);
        units += more;
    }
    parts.push(part);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_shows_what_was_typed() {
        assert_eq!(typed("=1+1\r\n@SUM\0"), ["=1+1\n@SUM␀"]);
        assert_eq!(typed("a_x000D_b_x00G0_c_"), ["a_x005F_x000D_b_x00G0_c_"]);
        assert_eq!(typed("长_x000a_"), ["长_x005F_x000a_"]);
        assert_eq!(typed(""), [""]);
    }

    #[test]
    fn long_words_are_cut_beside_a_mark_and_never_in_it() {
        for before in CELL_UNITS_MAX - 10..=CELL_UNITS_MAX {
            let parts = typed(&format!("{}_x000D_{}", "a".repeat(before), "b".repeat(9)));
            let whole = parts.concat();
            assert_eq!(whole.len(), before + 9 + 6 + 7, "nothing is lost");
            assert_eq!(parts.iter().filter(|part| part.contains("_x005F_")).count(), 1, "{before}");
        }
        let faces = typed(&"😀".repeat(CELL_UNITS_MAX));
        assert_eq!(faces.len(), 2);
        assert!(faces.iter().all(|part| part.encode_utf16().count() <= CELL_UNITS_MAX));
    }
}
