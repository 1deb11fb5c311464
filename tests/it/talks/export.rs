//! 34 and 35. Conversations as files.

use std::{io::Write, process::Command};

use super::*;
use crate::support::words;
use hotline::clock;
use reqwest::Method;
use serde_json::json;

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

    // The two, and those it is the business of; the visitor gets his own, the request is not for him.
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
    let expected = [
        format!("{talk}/conversation.txt"),
        format!("{talk}/supervise-1.txt"),
        format!("{other}/conversation.txt"),
    ];
    assert_eq!(unzipped(&zip, &["-Z1"]).lines().collect::<Vec<_>>(), expected);
    unzipped(&zip, &["-tq"]);
    assert!(unzipped(&zip, &["-p"]).contains("请您看看小雨"));

    let (.., hidden) =
        file(&guanli, &format!("{path}?anonymize=true&format=json"), Some(json!([talk]))).await;
    let all = format!("{}{}", unzipped(&hidden, &["-Z1"]), unzipped(&hidden, &["-p"]));
    assert!(!all.contains("小雨") && !all.contains(&talk), "{all}");
    // The visitor's own, without what was said about him.
    let (.., his) = file(&visitor, path, Some(json!([talk]))).await;
    assert_eq!(unzipped(&his, &["-Z1"]).lines().count(), 1);

    let unknown = "402881217ba948d4017ba9787e2d000b";
    guanli.post(path, json!([talk, unknown])).await.refused(-1, &format!("会话未找到：{unknown}"));
    hotline.staff("lin").await.post(path, json!([talk, other])).await.refused(-5, "未开通权限");
    guanli.post(path, json!([])).await.refused_with(-2);
    guanli.post(path, json!({ "ids": [talk] })).await.fault(400, path);
    guanli.post(path, Value::Null).await.fault(415, path);
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
