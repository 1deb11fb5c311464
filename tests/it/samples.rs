//! The document's samples against our answers (docs/contract.md 1): every key of the sample, with the same type; null in
//! a sample fits any type; ours may add keys. The samples are in `tests/data/document`, named after their sections.

mod people;
mod shifts;
mod wechat;

use std::{fs, io::Read, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{Answer, Client, Hotline, IM_KEY, SDK_APP_ID, Word, words};

pub(crate) fn sample(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/document/{name}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("a sample is JSON")
}

/// Where `ours` does not have what `sample` has, as paths.
fn misfits(sample: &Value, ours: &Value, path: &str, found: &mut Vec<String>) {
    match (sample, ours) {
        (Value::Null, _)
        | (Value::Bool(_), Value::Bool(_))
        | (Value::Number(_), Value::Number(_))
        | (Value::String(_), Value::String(_)) => {}
        (Value::Array(sample), Value::Array(ours)) => {
            if ours.len() < sample.len() {
                found.push(format!("{path}: {} entries, not {}", ours.len(), sample.len()));
            }
            for (index, (sample, ours)) in sample.iter().zip(ours).enumerate() {
                misfits(sample, ours, &format!("{path}[{index}]"), found);
            }
        }
        (Value::Object(sample), Value::Object(ours)) => {
            for (key, sample) in sample {
                match ours.get(key) {
                    Some(ours) => misfits(sample, ours, &format!("{path}.{key}"), found),
                    None => found.push(format!("{path}.{key}: missing")),
                }
            }
        }
        (
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_),
        ) => found.push(format!("{path}: {ours} is of another type than {sample}")),
    }
}

fn fits(name: &str, which: &str, ours: &Value) {
    let sample = sample(name);
    let mut found = Vec::new();
    misfits(&sample[which], ours, which, &mut found);
    assert!(found.is_empty(), "{name} ({}): {}\n{ours}", sample["section"], found.join("\n"));
}

/// Business answers: code and message are the sample's own, too.
pub(crate) fn fits_with_words(name: &str, which: &str, answer: &Answer) {
    let sample = &sample(name)[which];
    fits(name, which, &answer.body);
    assert_eq!(
        (&answer.body["code"], &answer.body["message"]),
        (&sample["code"], &sample["message"]),
        "{name} {which}"
    );
    assert_eq!(answer.status, 200, "{name} {which}");
}

/// The edge's refusals: all is the sample's own but the time.
fn fits_refusal(name: &str, which: &str, answer: &Answer) {
    let sample = &sample(name)[which];
    answer.fault(403, sample["path"].as_str().expect("the sample names the path"));
    for key in ["status", "error", "message"] {
        assert_eq!(answer.body[key], sample[key], "{name} {which}: {key}");
    }
}

async fn open_hotline() -> (Hotline, Client, Client) {
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    hotline.add_counselor("ecnu", "lin").await;
    hotline.add_user("ecnu", "INSTITUTION", "ecnu_admin").await;
    hotline.start().await;
    let (lin, visitor) = (hotline.staff("lin").await, hotline.visitor("ecnu", "sample").await);
    (hotline, lin, visitor)
}

#[tokio::test]
async fn section_01_02_03_and_04_logging_in_and_out() {
    let (hotline, ..) = open_hotline().await;
    let nobody = hotline.client();
    let login =
        |username: &str| json!({ "username": username, "password": crate::support::md5_of_everybody() });
    fits_with_words("01-login", "good", &nobody.post("/auth/login", login("ecnu_admin")).await);
    fits_with_words("01-login", "bad", &nobody.post("/auth/login", login("nobody")).await);
    let silent = nobody.post("/auth/wx/wx-ecnu/login?code=c1", Value::Null).await;
    fits_with_words("03-wechat-login", "good", &silent);
    assert_eq!(silent.body["result"], "ok");

    let admin = hotline.staff("ecnu_admin").await;
    let me = admin.get("/auth/me").await;
    fits_with_words("04-me", "good", &me);
    assert_eq!(me.body["result"]["username"], "ecnu_admin");
    fits_refusal("04-me", "bad", &nobody.get("/auth/me").await);

    let out = admin.post("/logout", Value::Null).await;
    assert_eq!(out.status, 302);
    let location =
        out.headers.get("location").and_then(|value| value.to_str().ok()).expect("a redirect says where");
    assert!(location.ends_with("/login"), "{location}");
    fits_refusal("02-logout", "good", &admin.get("/login").await);
    admin.get("/auth/me").await.fault(403, "/auth/me");
}

#[tokio::test]
async fn section_21_26_and_29_conversations() {
    let (hotline, lin, visitor) = open_hotline().await;
    fits_with_words(
        "21-maxconsults",
        "good",
        &lin.post("/user/maxconsults", json!({ "maxConsults": 1 })).await,
    );
    let mut workbench = lin.workbench().await;
    workbench.snapshot().await;
    let counselor = json!({ "counselor": lin.id().await });
    let unknown = json!({ "counselor": "2c93189d7b53e68e017b53ead62d002c" });
    fits_with_words("26-open", "bad", &visitor.put("/conversation", unknown).await);
    let opened = visitor.put("/conversation", counselor.clone()).await;
    fits_with_words("26-open", "good", &opened);
    let second = hotline.visitor("ecnu", "waiting").await;
    fits_with_words("26-open", "waiting", &second.put("/conversation", counselor).await);

    let id = opened.body["result"]["id"].as_str().expect("an id").to_owned();
    fits_with_words("26-open", "good", &visitor.get(&format!("/conversation/{id}")).await);
    fits_with_words("26-end", "good", &visitor.post(&format!("/conversation/end/{id}"), Value::Null).await);
    let current = visitor.get("/conversation/current").await;
    fits_with_words("29-current", "good", &current);
    assert_eq!((&current.body["count"], &current.body["next"]), (&json!(1), &Value::Null));
    assert_eq!(current.body["result"][0]["duration"], {
        let row = &current.body["result"][0];
        let time = |key: &str| row[key].as_i64().expect("milliseconds");
        time("endTime") - time("startTime")
    });
}

#[tokio::test]
async fn section_38_messages() {
    let (hotline, lin, visitor) = open_hotline().await;
    let mut workbench = lin.workbench().await;
    workbench.snapshot().await;
    let id = visitor.open("any").await["id"].as_str().expect("an id").to_owned();
    let word = Word::new(&visitor.username, "lin", &id, 48_374, words::text("red packet"));
    // The document's own request, with people and a conversation that exist.
    let mut request = sample("38-callback")["request"].clone();
    let callback = word.callback();
    for key in ["From_Account", "To_Account", "MsgTime", "MsgKey", "CloudCustomData", "OnlineOnlyFlag"] {
        request[key] = callback[key].clone();
    }
    let answer = hotline.client().callback(&request).await;
    fits("38-callback", "good", &answer.body);
    assert_eq!(answer.body["ActionStatus"], "OK", "{answer:?}");

    let web = lin.get(&format!("/message/conversation/web?conversationId={id}&page&size")).await;
    fits_with_words("38-web", "good", &web);
    let row = &web.body["result"][0];
    let literal = &sample("38-web")["good"]["result"][0];
    for key in
        ["type", "payload", "conversationType", "priority", "status", "nick", "avatar", "flow", "isRevoked"]
    {
        assert_eq!(row[key], literal[key], "{key}");
    }
    let mut expected = literal.as_object().expect("a row").keys().cloned().collect::<Vec<_>>();
    expected.extend(["elements", "notice"].map(str::to_owned));
    expected.sort_unstable();
    let keys = row.as_object().expect("a row").keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys, expected, "exactly the keys of docs/contract.md 7");
}

#[tokio::test]
async fn section_37_the_signature_for_im_is_the_callers_own() {
    let (hotline, ..) = open_hotline().await;
    let admin = hotline.staff("ecnu_admin").await;
    let answer = admin.post("/im/sign", Value::Null).await;
    fits_with_words("37-usersig", "good", &answer);
    fits_refusal("37-usersig", "bad", &hotline.client().post("/im/sign", Value::Null).await);

    let ticket = decoded(answer.body["result"].as_str().expect("text"));
    let printed = decoded(sample("37-usersig")["good"]["result"].as_str().expect("text"));
    let mut found = Vec::new();
    misfits(&printed, &ticket, "UserSig", &mut found);
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(ticket["TLS.identifier"], "ecnu_admin");
    assert_eq!(ticket["TLS.sdkappid"], SDK_APP_ID);
    assert_eq!(ticket["TLS.expire"], printed["TLS.expire"], "180 days");

    let content = format!(
        "TLS.identifier:ecnu_admin\nTLS.sdkappid:{SDK_APP_ID}\nTLS.time:{}\nTLS.expire:{}\n",
        ticket["TLS.time"], ticket["TLS.expire"],
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(IM_KEY.as_bytes()).expect("any key fits");
    mac.update(content.as_bytes());
    assert_eq!(ticket["TLS.sig"], STANDARD.encode(mac.finalize().into_bytes()));
}

/// Protocols section 1: base64 with `*-_` for `+/=`, zlib, JSON.
fn decoded(user_sig: &str) -> Value {
    let base64 = user_sig.replace('*', "+").replace('-', "/").replace('_', "=");
    let packed = STANDARD.decode(base64).expect("base64");
    let mut text = String::new();
    flate2::read::ZlibDecoder::new(packed.as_slice()).read_to_string(&mut text).expect("zlib");
    serde_json::from_str(&text).expect("JSON")
}

#[tokio::test]
async fn section_39_the_configuration_holds_the_whole_consent_text() {
    let (hotline, lin, _) = open_hotline().await;
    let nobodys = hotline.client().get("/config").await;
    fits_with_words("39-config", "good", &nobodys);
    assert_eq!(
        lin.get("/config").await.body["result"],
        nobodys.body["result"],
        "one institution, one answer"
    );

    let (printed, ours) = (&sample("39-config")["good"]["result"], &nobodys.body["result"]);
    for key in ["conversationType", "userRoles", "userType", "conversationStatus"] {
        assert_eq!(ours[key], printed[key], "{key}");
    }
    let children =
        |config: &Value| config["information"][0]["children"].as_array().cloned().expect("children");
    let (printed, ours) = (children(printed), children(ours));
    let breaks = ours.iter().filter(|child| child["name"] == "br").count();
    let texts = ours.iter().filter(|child| child["type"] == "text").count();
    assert_eq!((ours.len(), breaks, texts), (33, 16, 17));
    for (printed, ours) in printed.iter().zip(&ours) {
        assert_eq!(bare(&ours["text"]), bare(&printed["text"]));
    }
    let whole: String = ours.iter().filter_map(|child| child["text"].as_str()).collect();
    assert!(whole.contains('，') && whole.contains('：'), "the full-width punctuation is restored");
    let damaged =
        whole.chars().zip(whole.chars().skip(1)).find(|(a, b)| !a.is_ascii() && matches!(b, ',' | ':' | '!'));
    assert_eq!(damaged, None);
}

/// The words without what the PDF changed: blanks, and the width of punctuation.
fn bare(text: &Value) -> String {
    let text = text.as_str().unwrap_or_default().replace("&nbsp;", "");
    let narrow = |c: char| match c {
        '，' | '、' => ',',
        '：' => ':',
        '；' => ';',
        '（' => '(',
        '）' => ')',
        '！' => '!',
        other => other,
    };
    text.chars().filter(|c| !c.is_whitespace()).map(narrow).collect()
}

/// The document's numbers; 10, 26 and 38 are there twice.
const SECTIONS: std::ops::RangeInclusive<u32> = 1..=39;

#[test]
fn no_section_is_forgotten() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut tests = String::new();
    let mut folders = vec![root.join("it")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder can be listed") {
            let path = entry.expect("an entry can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                tests.push_str(&fs::read_to_string(&path).expect("a test can be read"));
            }
        }
    }
    let named: Vec<&str> = tests
        .lines()
        .filter_map(|line| line.trim().strip_prefix("async fn section_"))
        .map(|rest| rest.split('(').next().unwrap_or(rest))
        .collect();
    let files = fs::read_dir(root.join("data/document")).expect("the samples can be listed");
    let mut sampled: Vec<String> = files
        .map(|entry| entry.expect("an entry can be read").path())
        .map(|path| path.file_stem().expect("a sample has a name").to_string_lossy().into_owned())
        .collect();
    sampled.sort_unstable();
    for section in SECTIONS {
        let number = format!("{section:02}-");
        assert!(sampled.iter().any(|name| name.starts_with(&number)), "section {section} has no sample");
    }
    for name in sampled {
        assert!(tests.contains(&format!("\"{name}\"")), "no test sends the sample {name}");
        let number = name.split('-').next().unwrap_or(&name);
        let has_test = named.iter().any(|test| test.split('_').any(|word| word == number));
        assert!(has_test, "no test is named after section {number}");
    }
}
