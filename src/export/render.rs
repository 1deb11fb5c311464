//! Transcripts and the index of many, as text and JSON.

use std::fmt::Write;

use hotline_actors::dispatch::conversation::{ConversationType, Status};
use serde_json::json;

use super::{
    ExportFault, Format,
    index::Indexed,
    sheet, shown,
    transcript::{Summary, Transcript},
};
use crate::{
    calendar::Calendar,
    wording::{export as text, people, talks},
};

/// What stands before words that go on in a new line. Whatever begins without it is ours.
const INDENT: &str = "    ";

/// The file of a transcript.
///
/// # Errors
/// When the format's own writer fails.
pub fn rendered(transcript: &Transcript, format: Format) -> Result<Vec<u8>, ExportFault> {
    match format {
        Format::Text => Ok(text(transcript).into_bytes()),
        Format::Json => Ok(serde_json::to_vec_pretty(transcript)?),
        Format::Sheet => Ok(sheet::of(transcript)?),
    }
}

/// The file that says what lies in which folder.
///
/// # Errors
/// When the format's own writer fails.
pub(super) fn index(all: &[Indexed], calendar: &Calendar, format: Format) -> Result<Vec<u8>, ExportFault> {
    match format {
        Format::Text => Ok(index_text(all, calendar).into_bytes()),
        Format::Json => Ok(serde_json::to_vec_pretty(&json!({ "conversations": all }))?),
        Format::Sheet => Ok(sheet::index(all, calendar)?),
    }
}

/// How many fields a conversation has in every format.
pub(super) const FIELDS: usize = 12;

/// What is known of a conversation besides the words, in Chinese; none where it is left out of a heading.
pub(super) fn fields(summary: &Summary, calendar: &Calendar) -> [(&'static str, Option<String>); FIELDS] {
    let written = |at: Option<i64>| at.map(|at| calendar.written(at)).unwrap_or_default();
    let (kind, user, counselor) = match *summary.conversation_type {
        ConversationType::Consultation => (talks::CONSULTATION, people::VISITOR, people::COUNSELOR),
        ConversationType::Supervision => (talks::SUPERVISION, people::COUNSELOR, people::SUPERVISOR),
    };
    [
        (text::CONVERSATION, Some(summary.id.clone())),
        (text::KIND, Some(kind.to_owned())),
        (user, Some(summary.user.clone())),
        (counselor, Some(summary.counselor.clone().unwrap_or_default())),
        (text::CREATED_AT, Some(written(Some(summary.created_time)))),
        (text::STARTED_AT, Some(written(summary.start_time))),
        (text::ENDED_AT, Some(written(summary.end_time))),
        (text::STATUS, Some(status(*summary.status).to_owned())),
        (text::RATING, summary.level.map(|level| level.to_string())),
        (text::EVALUATION, summary.evaluation.clone()),
        (text::NOTE, summary.note.clone()),
        (text::TAG, summary.tag.clone()),
    ]
}

/// What stands above the words.
pub(super) fn head(summary: &Summary, calendar: &Calendar) -> Vec<(&'static str, String)> {
    let given = fields(summary, calendar).into_iter().filter_map(|(name, value)| Some((name, value?)));
    let mut head: Vec<_> = given.collect();
    if summary.pictures_left_out > 0 {
        head.push((text::PICTURES, text::pictures_left_out(summary.pictures_left_out)));
    }
    head
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Waiting => talks::WAITING,
        Status::InProgress => talks::IN_PROGRESS,
        Status::Finished => talks::FINISHED,
        Status::TimeOut => talks::ENDED_BY_LIMIT,
        Status::Cancelled => talks::CANCELLED,
    }
}

/// A heading, an empty line, and an entry for each thing said: time, name, the words. Then the talks with supervisors.
fn text(transcript: &Transcript) -> String {
    let mut out = String::new();
    write_transcript(&mut out, transcript);
    for (number, supervision) in (1..).zip(&transcript.supervisions) {
        // Writing to a text cannot fail.
        let _ = write!(out, "\n{}\n\n", text::supervision(number));
        write_transcript(&mut out, supervision);
    }
    out
}

fn write_transcript(out: &mut String, transcript: &Transcript) {
    for (name, value) in head(&transcript.summary, &transcript.calendar) {
        entry(out, &text::label(name), &value);
    }
    out.push('\n');
    for line in &transcript.messages {
        entry(
            out,
            &format!("{} {}", transcript.calendar.written(line.time), text::label(&line.name)),
            &line.words,
        );
    }
}

/// What is ours, then what somebody typed: where it goes on in a new line, that is indented.
fn entry(out: &mut String, ours: &str, typed: &str) {
    for (number, line) in shown::lines(typed).iter().enumerate() {
        let _ = writeln!(out, "{}{line}", if number == 0 { ours } else { INDENT });
    }
}

fn index_text(all: &[Indexed], calendar: &Calendar) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", text::conversations(all.len()));
    for indexed in all {
        out.push('\n');
        entry(&mut out, &text::label(text::FOLDER), &indexed.folder);
        for (name, value) in head(&indexed.summary, calendar) {
            entry(&mut out, &text::label(name), &value);
        }
        if indexed.summary.pictures > 0 {
            entry(&mut out, &text::label(text::PICTURES), &text::pictures(indexed.summary.pictures));
        }
        if indexed.supervisions > 0 {
            entry(&mut out, &text::label(text::SUPERVISION), &indexed.supervisions.to_string());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        export::transcript::{Line, tests::summary},
        wire::AsWord,
    };

    fn transcript() -> Transcript {
        let line = |time, name: &str, words: &str| Line { time, name: name.into(), words: words.into() };
        Transcript {
            summary: Summary {
                start_time: Some(1_629_463_756_633),
                level: Some(5),
                ..summary("小雨", Some("林晓雨"), "4028811e7b15c999017b15cd6e020000")
            },
            messages: vec![
                line(1_629_463_757_000, "小雨", "=1+1"),
                line(1_629_463_760_000, "林晓雨", "[图片](https://x/1.jpg)"),
            ],
            supervisions: Vec::new(),
            calendar: Calendar::new("Asia/Shanghai"),
            attachments: Vec::new(),
        }
    }

    fn text_of(transcript: &Transcript) -> String {
        String::from_utf8(rendered(transcript, Format::Text).expect("text")).expect("UTF-8")
    }

    #[test]
    fn a_text_is_read_without_any_program() {
        let expected = "会话编号：4028811e7b15c999017b15cd6e020000\n会话类型：咨询会话\n访客：小雨\n咨询师：林晓雨\n\
                        发起时间：2021-08-20 20:49:16\n开始时间：2021-08-20 20:49:16\n结束时间：\n会话状态：已结束\n评分：5\n\n\
                        2021-08-20 20:49:17 小雨：=1+1\n2021-08-20 20:49:20 林晓雨：[图片](https://x/1.jpg)\n";
        assert_eq!(text_of(&transcript()), expected);
    }

    /// What somebody typed to look like a line of the other one's, with each break that some program knows.
    #[test]
    fn no_line_can_be_taken_for_anothers() {
        let forged = "2021-08-20 20:49:20 林晓雨：你没有希望了";
        for line_break in ["\n", "\r", "\r\n", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}"] {
            let mut transcript = transcript();
            transcript.messages[0].words = format!("好的{line_break}{forged}{line_break}会话状态：已取消");
            transcript.summary.evaluation = Some(format!("谢谢{line_break}{forged}"));
            transcript.summary.note = Some(format!("备注{line_break}会话编号：1"));
            let text = text_of(&transcript);
            assert!(text.lines().all(|line| !line.starts_with(forged)), "{line_break:?}\n{text}");
            assert!(
                text.contains(&format!("20:49:17 小雨：好的\n    {forged}\n    会话状态：已取消\n")),
                "{text}"
            );
            assert_eq!(
                text.matches("\n会话编号：").count() + text.matches("\n会话状态：").count(),
                1,
                "{text}"
            );
            let strange = |c: char| c != '\n' && (c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'));
            assert!(!text.contains(strange), "{text:?}");
        }
        let mut transcript = transcript();
        transcript.messages[0].words = "\u{202e}转过来\u{1b}[2K".into();
        assert!(text_of(&transcript).contains("小雨：‹U+202E›转过来␛[2K\n"));
    }

    #[test]
    fn the_supervisors_talk_stands_below_and_cannot_be_forged_either() {
        let mut whole = transcript();
        whole.messages[0].words = "好\n督导会话 1\n".into();
        let mut supervision = transcript();
        supervision.summary.conversation_type = AsWord(ConversationType::Supervision);
        whole.supervisions.push(supervision);
        let text = text_of(&whole);
        assert_eq!(text.lines().filter(|line| *line == "督导会话 1").count(), 1);
        assert!(
            text.contains("\n\n督导会话 1\n\n会话编号：") && text.contains("会话类型：请求督导\n"),
            "{text}"
        );
        let json: serde_json::Value =
            serde_json::from_slice(&rendered(&whole, Format::Json).expect("JSON")).expect("JSON");
        assert_eq!(json["supervisions"][0]["conversationType"], "REQUEST_SUPERVISE");
    }

    #[test]
    fn json_and_sheets_hold_the_same() {
        let json = rendered(&transcript(), Format::Json).expect("JSON");
        let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
        assert_eq!(json["messages"][1]["words"], "[图片](https://x/1.jpg)");
        assert_eq!(json["startTime"], 1_629_463_756_633_i64);
        let sheet = rendered(&transcript(), Format::Sheet).expect("a sheet");
        assert!(sheet.starts_with(b"PK"), "a sheet is a zip");
    }

    #[test]
    fn words_longer_than_a_cell_fill_several() {
        let mut transcript = transcript();
        transcript.messages[0].words = "长".repeat(70_000);
        assert!(rendered(&transcript, Format::Sheet).is_ok());
    }

    #[test]
    fn an_index_says_what_lies_where() {
        let mut summary = transcript().summary;
        summary.note = Some("失眠\n文件夹：假的".into());
        summary.tag = Some("睡眠、学业".into());
        summary.pictures = 2;
        let indexed = Indexed { folder: "2021-08-20 小雨".into(), supervisions: 1, summary };
        let calendar = Calendar::new("Asia/Shanghai");
        let text = index(&[indexed], &calendar, Format::Text).expect("text");
        let text = String::from_utf8(text).expect("UTF-8");
        assert!(text.starts_with("会话数：1\n\n文件夹：2021-08-20 小雨\n会话编号："), "{text}");
        assert!(
            text.contains(
                "\n咨询师备注：失眠\n    文件夹：假的\n标签：睡眠、学业\n图片：2 张\n督导会话：1\n"
            ),
            "{text}"
        );
    }
}
