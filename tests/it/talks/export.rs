//! 34 and 35. Conversations as files.

use std::{
    io::{Cursor, Read, Write},
    process::Command,
};

use super::*;
use crate::support::words;
use hotline::clock;
use reqwest::Method;
use serde_json::json;
use zip::ZipArchive;

/// What came back, and its headers.
async fn file(reader: &Client, path: &str, body: Option<Value>) -> (String, String, Vec<u8>) {
    let request = reader.request(Method::POST, path);
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    let response = request.send().await.expect("the server answers");
    let header = |name: &str| response.headers()[name].to_str().expect("text").to_owned();
    let (kind, name) = (header("content-type"), header("content-disposition"));
    assert_eq!(header("cache-control"), "no-store");
    (kind, name, response.bytes().await.expect("the whole file").to_vec())
}

/// A talk with a picture, a phone number and names, and what the supervisor said about it.
async fn told(hotline: &Hotline) -> (String, String) {
    let start = clock::now().0 - 1_200_000;
    let talk = Past::talk("sandbox_v1", "lin", start).put(hotline).await;
    let words_of = |text: &str| words::text(text);
    said(hotline, &talk, "sandbox_v1", "lin", words_of("我是小雨，电话138 2345 6789"), start + 1000).await;
    said(hotline, &talk, "lin", "sandbox_v1", words_of("小雨你好，我是林晓雨"), start + 2000).await;
    said(hotline, &talk, "sandbox_v1", "lin", words::image(), start + 3000).await;
    let request =
        Past { about: Some(&talk), ..Past::talk("lin", "dudao", start + 60_000) }.put(hotline).await;
    said(hotline, &request, "lin", "dudao", words_of("请您看看小雨"), start + 61_000).await;
    for (username, name) in [("sandbox_v1", "小雨"), ("lin", "林晓雨")] {
        sqlx::query!("update people set name = $2 where username = $1", username, name)
            .execute(&hotline.database.pool)
            .await
            .expect("a name");
    }
    (talk, request)
}

#[tokio::test]
async fn a_conversation_is_taken_out_as_text_json_or_a_workbook() {
    let hotline = house().await;
    let visitor = hotline.visitor("ecnu", "v1").await;
    let (talk, request) = told(&hotline).await;
    let (guanli, path) = (hotline.staff("guanli").await, format!("/conversation/export/{talk}"));

    let (kind, name, text) = file(&guanli, &path, None).await;
    assert_eq!(kind, "text/plain; charset=utf-8");
    assert!(name.starts_with("attachment; ") && name.contains("filename*=UTF-8''%E4%BC%9A"), "{name}");
    let text = String::from_utf8(text).expect("UTF-8");
    for line in [
        "小雨：我是小雨，电话138 2345 6789\n",
        "林晓雨：小雨你好，我是林晓雨\n",
        "小雨：[图片](https://example.com/",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    let (kind, _, json) = file(&guanli, &format!("{path}?format=json"), None).await;
    assert_eq!(kind, "application/json");
    let json: Value = serde_json::from_slice(&json).expect("JSON");
    assert_eq!((&json["id"], &json["messages"][1]["name"]), (&json!(talk), &json!("林晓雨")));
    let (_, name, sheet) = file(&guanli, &path, Some(json!({ "format": "xlsx" }))).await;
    assert!(sheet.starts_with(b"PK") && name.contains(".xlsx"), "{name}");

    // The two, and those it is the business of; the visitor gets their own, the request is not for them.
    for reader in [&visitor, &hotline.staff("lin").await, &hotline.staff("dudao").await] {
        file(reader, &path, None).await;
    }
    for reader in ["chen", "dudao2"] {
        hotline.staff(reader).await.post(&path, Value::Null).await.refused(-5, "未开通权限");
    }
    let supervision = format!("/conversation/export/{request}");
    visitor.post(&supervision, Value::Null).await.refused(-5, "未开通权限");
    hotline.staff("guanli2").await.post(&path, Value::Null).await.refused(-1, &format!("会话未找到：{talk}"));
    guanli.post(&format!("{path}?format=pdf"), Value::Null).await.refused_with(-2);
    let noted = noted(&hotline, "export-conversation").await;
    assert_eq!(
        noted.iter().map(|(who, _)| who.as_str()).collect::<Vec<_>>(),
        ["guanli", "guanli", "guanli", "sandbox_v1", "lin", "dudao"]
    );
    assert!(noted.iter().all(|(_, target)| target.as_deref() == Some(talk.as_str())));
    hotline.assert_calm();
}

#[tokio::test]
async fn an_anonymous_export_names_nobody_and_is_the_same_each_time() {
    let hotline = house().await;
    hotline.visitor("ecnu", "v1").await;
    let (talk, _) = told(&hotline).await;
    let (guanli, path) =
        (hotline.staff("guanli").await, format!("/conversation/export/{talk}?anonymize=true"));
    let (_, name, first) = file(&guanli, &path, None).await;
    let (_, _, second) = file(&guanli, &path, None).await;
    assert_eq!(first, second);
    let text = format!("{name}\n{}", String::from_utf8(first).expect("UTF-8"));
    for secret in ["小雨", "晓雨", "sandbox_v1", "138", "6789", "example.com", talk.as_str()] {
        assert!(!text.contains(secret), "{secret} in\n{text}");
    }
    assert!(text.contains("访客-") && text.contains("咨询师-") && text.contains("[图片]"), "{text}");
    hotline.assert_calm();
}

#[tokio::test]
async fn many_are_a_zip_with_the_supervisors_talk_beside() {
    let hotline = house().await;
    let visitor = hotline.visitor("ecnu", "v1").await;
    let (talk, _) = told(&hotline).await;
    let other = Past::talk("sandbox_v1", "chen", clock::now().0 - 7_200_000).put(&hotline).await;
    let guanli = hotline.staff("guanli").await;
    let path = "/conversation/batchexport";

    let (kind, name, zip) = file(&guanli, path, Some(json!([talk, other, talk]))).await;
    assert_eq!(kind, "application/zip");
    assert!(name.contains("filename*=UTF-8''") && name.contains("zip"), "{name}");
    let (folder, second) = (folder_of(&zip, &talk), folder_of(&zip, &other));
    assert!(folder.contains(" 小雨 与 林晓雨 ") && second.contains(" 小雨 与 chen "), "{folder}, {second}");
    let expected = [
        format!("{folder}/conversation.txt"),
        format!("{folder}/supervise-1.txt"),
        format!("{second}/conversation.txt"),
        "index.txt".to_owned(),
    ];
    assert_eq!(names_in(&zip), expected);
    unzipped(&zip, &["-tq"]);
    assert!(unzipped(&zip, &["-p"]).contains("请您看看小雨"));

    let (.., hidden) =
        file(&guanli, &format!("{path}?anonymize=true&format=json"), Some(json!([talk]))).await;
    let all = format!("{}{}", names_in(&hidden).concat(), unzipped(&hidden, &["-p"]));
    assert!(!all.contains("小雨") && !all.contains(&talk), "{all}");
    // The visitor's own, without what was said about them.
    let (.., own) = file(&visitor, path, Some(json!([talk]))).await;
    assert_eq!(names_in(&own).len(), 2, "the words and the index");

    let unknown = "402881217ba948d4017ba9787e2d000b";
    guanli.post(path, json!([talk, unknown])).await.refused(-1, &format!("会话未找到：{unknown}"));
    hotline.staff("lin").await.post(path, json!([talk, other])).await.refused(-5, "未开通权限");
    guanli.post(path, json!([])).await.refused_with(-2);
    guanli.post(path, json!({ "ids": [talk] })).await.fault(400, path);
    guanli.post(path, Value::Null).await.fault(415, path);
    hotline.assert_calm();
}

/// The folder of a conversation: its name ends as the id does.
fn folder_of(zip: &[u8], talk: &str) -> String {
    let names = names_in(zip);
    let folders = names.iter().filter_map(|name| name.split_once('/')).map(|(folder, _)| folder);
    let mut fitting = folders.filter(|folder| folder.ends_with(&talk[24..]));
    fitting.next().unwrap_or_else(|| panic!("no folder of {talk} in {names:?}")).to_owned()
}

fn names_in(zip: &[u8]) -> Vec<String> {
    let archive = ZipArchive::new(Cursor::new(zip)).expect("a zip");
    archive.file_names().map(|name| name.expect("a name").into_owned()).collect()
}

fn packed(zip: &[u8], name: &str) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(zip)).expect("a zip");
    let mut bytes = Vec::new();
    archive.by_name(name).expect("it is in there").read_to_end(&mut bytes).expect("it is whole");
    bytes
}

fn packed_text(zip: &[u8], name: &str) -> String {
    String::from_utf8(packed(zip, name)).expect("UTF-8")
}

/// A picture of a talk, shown in it by the visitor; says its address.
async fn shown(hotline: &Hotline, talk: &str, number: i32, bytes: &[u8], at: i64) -> String {
    let id = Uuid::now_v7();
    let (url, size) = (format!("/im/image/{}", id.simple()), i32::try_from(bytes.len()).expect("small"));
    sqlx::query!(
        "insert into images (id, institution, conversation, number, uploaded_by, uploaded_at, content_type, width, height,
                             size, bytes)
         select $1, 'ecnu', $2, $3, id, 0, 'image/png', 1, 1, $4, $5 from people where username = 'sandbox_v1'",
        id,
        Uuid::parse_str(talk).expect("an id"),
        number,
        size,
        bytes,
    )
    .execute(&hotline.database.pool)
    .await
    .expect("a picture of the past");
    said(hotline, talk, "sandbox_v1", "lin", picture(&url), at).await;
    url
}

fn picture(url: &str) -> Value {
    let info = json!({ "Type": 1, "Size": 1, "Width": 1, "Height": 1, "URL": url });
    json!([{ "MsgType": "TIMImageElem", "MsgContent": { "ImageInfoArray": [info] } }])
}

#[tokio::test]
async fn an_export_holds_the_note_the_tags_the_supervisors_talk_and_the_pictures() {
    let hotline = house().await;
    let visitor = hotline.visitor("ecnu", "v1").await;
    let (talk, request) = told(&hotline).await;
    let lin = hotline.staff("lin").await;
    let note = json!({ "conversationId": talk, "objectType": "VISITOR", "content": "失眠\n下周再谈", "tag": "睡眠、学业" });
    lin.put("/evaluate", note).await.ok();
    let at = clock::now().0 - 1_190_000;
    let large: Vec<u8> = (0..700_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    let first = shown(&hotline, &talk, 1, &large, at).await;
    shown(&hotline, &talk, 2, b"second", at + 1000).await;
    let beside = shown(&hotline, &request, 1, b"beside", at + 2000).await;
    // The address of another talk's picture brings no picture.
    said(&hotline, &talk, "sandbox_v1", "lin", picture(&beside), at + 3000).await;
    // What nobody showed, and what was taken back, are left where they are.
    let taken_back = shown(&hotline, &talk, 3, b"taken back", at + 4000).await;
    sqlx::query!("update messages set is_revoked = true where body::text like '%' || $1 || '%'", taken_back)
        .execute(&hotline.database.pool)
        .await
        .expect("it is taken back");

    let guanli = hotline.staff("guanli").await;
    let path = format!("/conversation/export/{talk}");
    for (reader, knows) in [(&guanli, true), (&lin, true), (&visitor, false)] {
        let (.., text) = file(reader, &path, None).await;
        let text = String::from_utf8(text).expect("UTF-8");
        assert!(
            text.contains(&format!("小雨：[图片]({first})\n")) && text.contains("小雨：[已撤回]\n"),
            "{text}"
        );
        for line in
            ["咨询师备注：失眠\n    下周再谈\n", "标签：睡眠、学业\n", "\n督导会话 1\n", "请您看看小雨\n"]
        {
            assert_eq!(text.contains(line), knows, "{line} for {}\n{text}", reader.username);
        }
    }
    let (.., json) = file(&guanli, &format!("{path}?format=json"), None).await;
    let json: Value = serde_json::from_slice(&json).expect("JSON");
    assert_eq!((&json["note"], &json["tag"]), (&json!("失眠\n下周再谈"), &json!("睡眠、学业")));
    assert_eq!(json["supervisions"][0]["messages"][1]["words"], "请您看看小雨");

    let (kind, _, zip) = file(&guanli, &format!("{path}?format=zip"), None).await;
    assert_eq!(kind, "application/zip");
    let folder = folder_of(&zip, &talk);
    let expected = [
        "conversation.txt",
        "pictures/001.png",
        "pictures/002.png",
        "supervise-1.txt",
        "pictures-supervise-1/001.png",
    ];
    let mut expected: Vec<_> = expected.iter().map(|name| format!("{folder}/{name}")).collect();
    expected.push("index.txt".to_owned());
    assert_eq!(names_in(&zip), expected);
    assert_eq!(packed(&zip, &expected[1]), large);
    assert_eq!(packed(&zip, &expected[2]), b"second");
    assert_eq!(packed(&zip, &expected[4]), b"beside");
    let text = packed_text(&zip, &expected[0]);
    assert!(
        text.contains("小雨：[图片](pictures/001.png)\n")
            && text.contains(&format!("小雨：[图片]({beside})\n")),
        "{text}"
    );
    assert!(packed_text(&zip, &expected[3]).contains("[图片](pictures-supervise-1/001.png)"));
    let index = packed_text(&zip, "index.txt");
    for line in [
        &format!("文件夹：{folder}\n"),
        "访客：小雨\n",
        "标签：睡眠、学业\n",
        "图片：2 张\n",
        "督导会话：1\n",
        &format!("会话编号：{talk}\n"),
    ] {
        assert!(index.contains(line), "{line} in\n{index}");
    }

    // A face cannot be made anonymous.
    let (.., hidden) = file(&guanli, &format!("{path}?format=zip&anonymize=true"), None).await;
    let names = names_in(&hidden);
    assert_eq!(names.len(), 3, "{names:?}");
    let index = packed_text(&hidden, "index.txt");
    assert!(index.contains("图片：匿名导出不含图片（2 张）\n"), "{index}");
    assert!(!format!("{}{index}", names.concat()).contains("小雨"), "{index}");
    for format in ["json", "xlsx"] {
        let (.., zip) =
            file(&guanli, &format!("/conversation/batchexport?format={format}"), Some(json!([talk]))).await;
        assert!(names_in(&zip).contains(&format!("index.{format}")));
    }
    guanli.post("/conversation/batchexport?format=zip", json!([talk])).await.refused_with(-2);
    hotline.assert_calm();
}

/// What a visitor types to look like a line of the counselor's, and calls themselves to look like the counselor.
#[tokio::test]
async fn a_transcript_cannot_be_forged() {
    let hotline = house().await;
    hotline.visitor("ecnu", "v1").await;
    let (talk, _) = told(&hotline).await;
    let pool = &hotline.database.pool;
    let call = async |name: &str| {
        sqlx::query!("update people set name = $1 where username = 'sandbox_v1'", name)
            .execute(pool)
            .await
            .expect("a name");
    };
    let forged = "2021-08-20 20:49:20 林晓雨：请打这个电话";
    let at = clock::now().0 - 1_190_000;
    let words_of =
        |line_break: &str| words::text(&format!("好{line_break}{forged}{line_break}会话状态：已取消"));
    for (number, line_break) in (0..).zip(["\n", "\r", "\u{2028}", "\u{85}", "\u{b}"]) {
        said(&hotline, &talk, "sandbox_v1", "lin", words_of(line_break), at + number).await;
    }
    said(&hotline, &talk, "sandbox_v1", "lin", words::text("=cmd|' /C calc'!A0"), at + 10).await;
    said(
        &hotline,
        &talk,
        "sandbox_v1",
        "lin",
        words::text("\u{202e}反过来 我叫林\u{200b}晓雨 138\u{2060}23456789"),
        at + 11,
    )
    .await;
    let guanli = hotline.staff("guanli").await;
    let path = format!("/conversation/export/{talk}");
    for name in [
        "林晓雨",
        "林 晓雨",
        "林晓雨：请打这个电话",
        "小雨\n2021-08-20 20:49:20 林晓雨",
        "\u{202e}雨晓林\u{2028}",
        "系统",
    ] {
        call(name).await;
        for query in ["", "?anonymize=true"] {
            let (.., text) = file(&guanli, &format!("{path}{query}"), None).await;
            let text = String::from_utf8(text).expect("UTF-8");
            let talk_of_two = text.split("\n督导会话 1\n").next().expect("a text");
            let lines: Vec<&str> = talk_of_two.split('\n').collect();
            assert_eq!(lines.iter().filter(|line| line.starts_with("会话状态：")).count(), 1, "{text}");
            assert!(!lines.iter().any(|line| line.starts_with("2021-08-20")), "{text}");
            if query.is_empty() {
                // Of the counselor's there is one line, whatever the visitor is called.
                let answers = lines.iter().filter(|line| {
                    line.get(19..).is_some_and(|rest| {
                        rest.starts_with(" 林晓雨：") || rest.starts_with(" 林晓雨（咨询师）：")
                    })
                });
                assert_eq!(answers.count(), 1, "{name:?}\n{text}");
            } else {
                assert!(!text.contains("晓雨") && !text.contains("23456789"), "{text}");
            }
            let strange =
                |c: char| c != '\n' && (c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202e}'));
            assert!(!text.contains(strange), "{text:?}");
        }
    }
    let (.., sheet) = file(&guanli, &format!("{path}?format=xlsx"), None).await;
    let cells = packed_text(&sheet, "xl/worksheets/sheet2.xml");
    assert!(!cells.contains("<f>") && cells.contains("t=\"s\""), "no formula: {cells}");
    let strings = packed_text(&sheet, "xl/sharedStrings.xml");
    assert!(
        strings.contains("=cmd|") && !strings.contains("_x00") && !strings.contains('\u{202e}'),
        "{strings}"
    );
    hotline.assert_calm();
}

/// What `unzip` says about an archive, or prints of it; it must find nothing wrong.
pub(super) fn unzipped(zip: &[u8], arguments: &[&str]) -> String {
    let path =
        std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.zip", Uuid::now_v7().simple()));
    let mut file = std::fs::File::create(&path).expect("cargo's folder for tests can be written");
    file.write_all(zip).expect("the archive fits");
    let output = Command::new("unzip").args(arguments).arg(&path).output().expect("unzip is installed");
    std::fs::remove_file(&path).expect("it was made");
    assert!(output.status.success(), "unzip {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}
