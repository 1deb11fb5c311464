//! Transcripts as text and JSON.

use std::fmt::Write;

use super::{ExportFault, Format, sheet, transcript::Transcript};

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

/// What stands above the words, in Chinese.
pub(super) fn head(transcript: &Transcript) -> Vec<(&'static str, String)> {
    let written = |at: Option<i64>| at.map(|at| transcript.calendar.written(at)).unwrap_or_default();
    let is_consultation = transcript.conversation_type == "COUNSELING_SESSION";
    let (kind, user, counselor) = if is_consultation {
        ("咨询会话", "访客", "咨询师")
    } else {
        ("请求督导", "咨询师", "督导")
    };
    let mut head = vec![
        ("会话编号", transcript.id.clone()),
        ("会话类型", kind.to_owned()),
        (user, transcript.user.clone()),
        (counselor, transcript.counselor.clone().unwrap_or_default()),
        ("发起时间", written(Some(transcript.created_time))),
        ("开始时间", written(transcript.start_time)),
        ("结束时间", written(transcript.end_time)),
        ("会话状态", status(&transcript.status).to_owned()),
    ];
    if let Some(level) = transcript.level {
        head.push(("评分", level.to_string()));
    }
    if let Some(evaluation) = &transcript.evaluation {
        head.push(("评价", evaluation.clone()));
    }
    head
}

fn status(word: &str) -> &str {
    match word {
        "WAITING" => "等待中",
        "IN_PROGRESS" => "进行中",
        "FINISHED" => "已结束",
        "TIME_OUT" => "超时结束",
        "CANCELLED" => "已取消",
        other => other,
    }
}

/// A heading, an empty line, and a line for each thing said: time, name, the words.
fn text(transcript: &Transcript) -> String {
    let mut out = String::new();
    // Writing to a text cannot fail.
    for (name, value) in head(transcript) {
        let _ = writeln!(out, "{name}：{value}");
    }
    out.push('\n');
    for line in &transcript.messages {
        let _ = writeln!(out, "{} {}：{}", transcript.calendar.written(line.time), line.name, line.words);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{calendar::Calendar, export::transcript::Line};

    fn transcript() -> Transcript {
        let line = |time, name: &str, words: &str| Line { time, name: name.into(), words: words.into() };
        Transcript {
            id: "4028811e7b15c999017b15cd6e020000".into(),
            conversation_type: "COUNSELING_SESSION".into(),
            user: "小雨".into(),
            counselor: Some("林晓雨".into()),
            status: "FINISHED".into(),
            end_reason: Some("visitor".into()),
            created_time: 1_629_463_756_633,
            start_time: Some(1_629_463_756_633),
            end_time: None,
            level: Some(5),
            evaluation: None,
            messages: vec![
                line(1_629_463_757_000, "小雨", "=1+1"),
                line(1_629_463_760_000, "林晓雨", "[图片](https://x/1.jpg)"),
            ],
            calendar: Calendar::new("Asia/Shanghai"),
        }
    }

    #[test]
    fn a_text_is_read_without_any_program() {
        let text = String::from_utf8(rendered(&transcript(), Format::Text).expect("text")).expect("UTF-8");
        let expected = "会话编号：4028811e7b15c999017b15cd6e020000\n会话类型：咨询会话\n访客：小雨\n咨询师：林晓雨\n\
                        发起时间：2021-08-20 20:49:16\n开始时间：2021-08-20 20:49:16\n结束时间：\n会话状态：已结束\n评分：5\n\n\
                        2021-08-20 20:49:17 小雨：=1+1\n2021-08-20 20:49:20 林晓雨：[图片](https://x/1.jpg)\n";
        assert_eq!(text, expected);
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
}
