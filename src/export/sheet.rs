//! Transcripts as a workbook of two sheets: what it was, and what was said.

use rust_xlsxwriter::{Format, Workbook, XlsxError};

use super::{render, transcript::Transcript};

/// Characters that a cell takes.
const CELL_CHARS_MAX: usize = 32_000;

/// The workbook's file. Everything is written as text, so that no words are taken for a formula.
pub(super) fn of(transcript: &Transcript) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let bold = Format::new().set_bold();
    let sheet = workbook.add_worksheet().set_name("会话")?;
    sheet.set_column_width(0, 12)?.set_column_width(1, 60)?;
    for (row, (name, value)) in (0..).zip(render::head(transcript)) {
        sheet.write_string_with_format(row, 0, name, &bold)?;
        sheet.write_string(row, 1, value)?;
    }
    let sheet = workbook.add_worksheet().set_name("消息")?;
    sheet.set_column_width(0, 20)?.set_column_width(1, 16)?.set_column_width(2, 80)?;
    for (column, name) in (0..).zip(["时间", "姓名", "内容"]) {
        sheet.write_string_with_format(0, column, name, &bold)?;
    }
    let mut row = 1;
    for line in &transcript.messages {
        let time = transcript.calendar.written(line.time);
        for part in parts(&line.words) {
            sheet.write_string(row, 0, &time)?;
            sheet.write_string(row, 1, &line.name)?;
            sheet.write_string(row, 2, part)?;
            row += 1;
        }
    }
    workbook.save_to_buffer()
}

/// The words cut to what cells take; at least one part.
fn parts(words: &str) -> Vec<String> {
    let letters: Vec<char> = words.chars().collect();
    if letters.len() <= CELL_CHARS_MAX {
        return vec![words.to_owned()];
    }
    letters.chunks(CELL_CHARS_MAX).map(|part| part.iter().collect()).collect()
}
