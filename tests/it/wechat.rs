//! WeChat in earnest: log-ins, phone numbers, access tokens, and "it is your turn".

mod turns;

use std::process::Command;

use hotline::{
    config::Secrets,
    secrets::{Column, Sealer},
};
use hotline_actors::PersonId;
use serde_json::{Value, json};

use crate::{
    fakes::wechat::{APPID, Fault, LOG_IN, PHONE, SECRET, TEMPLATE, TOKEN, Wechat},
    support::{Answer, Client, DATA_KEY, Hotline},
};

pub(crate) const KEY: &str = "AAECAwQFBgcICQoLDA0ODw==";
pub(crate) const OPENID: &str = "o92QK5j3QuMqvOnGFsDXH23e6ihg";
const SECRET_ENV: &str = "HOTLINE_WECHAT_ECNU_SECRET";
const BUSY: Fault = Fault::Says(r#"{"errcode":-1,"errmsg":"system error, rid: 60f0-busy"}"#);

fn vectors() -> Value {
    serde_json::from_str(include_str!("../data/protocol-vectors.json")).expect("vectors are JSON")
}

/// A hotline that asks a WeChat of our own; not yet started.
async fn prepare() -> (Hotline, Wechat) {
    let wechat = Wechat::start();
    let mut hotline = Hotline::prepare(&["ecnu"]).await;
    let app = json!({
        "appid": APPID,
        "institution": "ecnu",
        "secret_env": SECRET_ENV,
        "turn_template": TEMPLATE,
        "turn_page": "pages/chat/index",
        "turn_fields": { "thing1": "轮到您了，请回到小程序", "name2": "{counselor}", "time3": "{time}" },
    });
    hotline.set("wechat.mode", "live");
    hotline.set("wechat.base_url", &wechat.url);
    hotline.set("wechat.exchange_seconds_max", 1);
    hotline.set("wechat.apps", json!([app]));
    hotline.set("log.filter", "debug,sqlx=info");
    hotline.set_variable(SECRET_ENV, SECRET);
    (hotline, wechat)
}

pub(crate) async fn open() -> (Hotline, Wechat) {
    let (mut hotline, wechat) = prepare().await;
    hotline.start().await;
    (hotline, wechat)
}

pub(crate) fn log_in_path(code: &str) -> String {
    format!("/auth/wx/{APPID}/login?code={code}")
}

pub(crate) async fn visitor(hotline: &Hotline, wechat: &Wechat, openid: &str) -> Client {
    let code = format!("code-of-{openid}");
    wechat.code(&code, openid, KEY);
    hotline.client().log_in(&log_in_path(&code), Value::Null, openid).await
}

async fn try_code(hotline: &Hotline, code: &str) -> Answer {
    hotline.client().post(&log_in_path(code), Value::Null).await
}

#[tokio::test]
async fn a_code_becomes_a_visitor_whose_session_key_stays_here() {
    let (hotline, wechat) = open().await;
    let first = visitor(&hotline, &wechat, OPENID).await;
    let me = first.get("/auth/me").await.ok();
    assert_eq!((&me["username"], &me["type"]), (&json!(OPENID), &json!("VISITOR")));
    assert_eq!(me["institutionCode"], "ecnu");
    wechat.code("another-code", OPENID, KEY);
    let again = hotline.client().log_in(&log_in_path("another-code"), Value::Null, OPENID).await;
    assert_eq!(again.id().await, first.id().await, "one openid is one visitor");

    let kept = sqlx::query_scalar!("select wechat_session_key from people where username = $1", OPENID)
        .fetch_one(&hotline.database.pool)
        .await
        .expect("they are there")
        .expect("a session_key is kept");
    let sealer = Sealer::new(&Secrets {
        data_key: DATA_KEY.into(),
        data_key_id: "k1".to_owned(),
        old_keys: Vec::new(),
    });
    let place = Column::WechatSessionKey.of(first.id().await.parse().expect("an id"));
    assert_eq!(sealer.open(&kept, place).expect("sealed with our key"), KEY);
    assert!(!me.to_string().contains(KEY));
    let log = hotline.log();
    assert!(!log.contains(KEY) && !log.contains(SECRET) && !log.contains(OPENID), "the log holds no secret");
    hotline.assert_calm();
}

#[tokio::test]
async fn a_failed_log_in_says_what_the_document_prints() {
    let (hotline, wechat) = open().await;
    let texts = vectors()["wxjava_error"].clone();
    let text = |index: usize| texts[index]["message"].as_str().expect("text").to_owned();
    try_code(&hotline, "nobodys").await.refused(-2, &text(0));

    wechat.code("once", OPENID, KEY);
    assert_eq!(try_code(&hotline, "once").await.ok(), "ok");
    try_code(&hotline, "once").await.refused(-2, &text(1));

    let limit = r#"{"errcode":45011,"errmsg":"api minute-quota reach limit  mustslower  retry next minute"}"#;
    wechat.fail(LOG_IN, &[Fault::Says(limit)]);
    try_code(&hotline, "often").await.refused(-2, &text(2));
    hotline.client().post("/auth/wx/wx-of-nobody/login?code=x", Value::Null).await.refused_with(-2);
    hotline.client().post(&format!("/auth/wx/{APPID}/login"), Value::Null).await.refused_with(-2);
    hotline.assert_calm();
}

#[tokio::test]
async fn wechat_is_asked_again_while_it_is_busy_and_not_for_ever() {
    let (hotline, wechat) = open().await;
    wechat.code("patient", OPENID, KEY);
    wechat.fail(LOG_IN, &[BUSY, BUSY]);
    assert_eq!(try_code(&hotline, "patient").await.ok(), "ok");
    assert_eq!(wechat.asked(LOG_IN).len(), 3);

    wechat.fail(LOG_IN, &vec![BUSY; 4]);
    let prefix = "me.chanjar.weixin.common.error.WxErrorException: ";
    let said = format!("{prefix}错误代码：-1, 错误信息：微信服务端异常，超出重试次数！");
    try_code(&hotline, "patient2").await.refused(-2, &said);
    assert_eq!(wechat.asked(LOG_IN).len(), 7);
}

#[tokio::test]
async fn a_wechat_that_does_not_answer_is_said_to_be_away() {
    let (hotline, wechat) = open().await;
    let away = "微信服务暂时无法访问，请稍后再试";
    for fault in [Fault::Silence, Fault::Says("<html>bad gateway</html>"), Fault::Says("{}"), Fault::Says("")]
    {
        wechat.fail(LOG_IN, &[fault]);
        try_code(&hotline, "x").await.refused(-1, away);
    }
    assert!(!hotline.log().contains(SECRET), "the address that failed is not told: it holds the secret");
    hotline.assert_calm();
}

#[test]
fn a_missing_secret_stops_the_start_and_is_named() {
    let apps = format!(r#"[{{"appid":"{APPID}","institution":"ecnu","secret_env":"{SECRET_ENV}"}}]"#);
    let check = |secret: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hotline"));
        command.arg("check-config").env("HOTLINE__WECHAT__APPS", &apps).env_remove(SECRET_ENV);
        if let Some(secret) = secret {
            command.env(SECRET_ENV, secret);
        }
        command.output().expect("the built binary runs")
    };
    let refused = check(None);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(78), "{told}");
    assert!(told.contains(SECRET_ENV) && told.contains(APPID) && told.lines().count() == 1, "{told}");
    assert!(check(Some(SECRET)).status.success());
}

pub(crate) fn phone_path(appid: &str) -> String {
    format!("/wx/user/{appid}/phone")
}

fn no_number(answer: &Answer) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body, json!({ "code": -1, "message": null, "result": null }));
}

/// What is kept of a phone, opened, and the hash beside it.
async fn kept_phone(hotline: &Hotline, openid: &str) -> Option<String> {
    let row = sqlx::query!("select id, phone, phone_hash from people where username = $1", openid)
        .fetch_one(&hotline.database.pool)
        .await
        .expect("they are there");
    let sealer = Sealer::new(&Secrets {
        data_key: DATA_KEY.into(),
        data_key_id: "k1".to_owned(),
        old_keys: Vec::new(),
    });
    let place = Column::Phone.of(PersonId(row.id));
    let phone = row.phone.map(|sealed| sealer.open(&sealed, place).expect("sealed with our key"));
    assert_eq!(row.phone_hash, phone.as_ref().map(|phone| sealer.find_hash(phone).to_vec()));
    phone
}

#[tokio::test]
async fn the_old_form_of_the_phone_is_decrypted_or_refused_without_a_word() {
    let (hotline, wechat) = open().await;
    let visitor = visitor(&hotline, &wechat, OPENID).await;
    let cases = vectors()["wechat_phone_made_up"].clone();
    let encrypted = |index: usize| {
        let case = &cases[index];
        json!({ "encryptedData": case["encryptedData"], "iv": case["iv"] })
    };
    no_number(&visitor.post(&phone_path(APPID), encrypted(1)).await);
    assert_eq!(kept_phone(&hotline, OPENID).await, None);

    let good = encrypted(0);
    assert_eq!(visitor.post(&phone_path(APPID), good.clone()).await.ok(), "13800000000");
    assert_eq!(kept_phone(&hotline, OPENID).await.as_deref(), Some("13800000000"));
    let in_query = visitor
        .request(reqwest::Method::POST, &phone_path(APPID))
        .query(&[("encryptedData", good["encryptedData"].as_str()), ("iv", good["iv"].as_str())]);
    assert_eq!(Answer::of(in_query).await.ok(), "13800000000");

    // Another log-in, another session_key: the old text opens no more, and nothing is overwritten.
    wechat.code("changed", OPENID, "DwECAwQFBgcICQoLDA0ODw==");
    let later = hotline.client().log_in(&log_in_path("changed"), Value::Null, OPENID).await;
    no_number(&later.post(&phone_path(APPID), good.clone()).await);
    for (data, iv) in [("AAAA", good["iv"].clone()), ("x y", json!("AAAA")), ("", json!(""))] {
        let answer = later.post(&phone_path(APPID), json!({ "encryptedData": data, "iv": iv })).await;
        if data.is_empty() { answer.refused_with(-2) } else { no_number(&answer) }
    }
    assert_eq!(kept_phone(&hotline, OPENID).await.as_deref(), Some("13800000000"));
    assert!(!hotline.log().contains("13800000000"), "no number in the log");
    hotline.assert_calm();
}

#[tokio::test]
async fn a_session_key_that_was_moved_in_the_database_opens_for_nobody() {
    let (hotline, wechat) = open().await;
    let another = "o92QK5j3QuMqvOnGFsDXH23eAnot";
    let (visitor, _) = (visitor(&hotline, &wechat, OPENID).await, visitor(&hotline, &wechat, another).await);
    let case = vectors()["wechat_phone_made_up"][0].clone();
    let encrypted = json!({ "encryptedData": case["encryptedData"], "iv": case["iv"] });
    // The keys are the same, so it is the place alone that does not fit.
    sqlx::query!(
        "update people set wechat_session_key = (select wechat_session_key from people where username = $2)
         where username = $1",
        OPENID,
        another,
    )
    .execute(&hotline.database.pool)
    .await
    .expect("values can be moved");
    no_number(&visitor.post(&phone_path(APPID), encrypted.clone()).await);
    assert_eq!(kept_phone(&hotline, OPENID).await, None);
    let (log, id) = (hotline.log(), visitor.id().await);
    assert!(
        log.lines().any(|line| line.contains("wechat_session_key") && line.contains(&id)),
        "the log says whose it is: {log}"
    );
    assert!(!log.contains(KEY));
    // The next log-in heals it.
    wechat.code("again", OPENID, KEY);
    let again = hotline.client().log_in(&log_in_path("again"), Value::Null, OPENID).await;
    assert_eq!(again.post(&phone_path(APPID), encrypted).await.ok(), "13800000000");
}

#[tokio::test]
async fn the_new_form_of_the_phone_is_asked_for_with_a_token() {
    let (hotline, wechat) = open().await;
    let visitor = visitor(&hotline, &wechat, OPENID).await;
    let info = |number: &str, country: Value, appid: &str| {
        json!({
            "phoneNumber": number, "purePhoneNumber": number, "countryCode": country,
            "watermark": { "timestamp": 1_640_995_200, "appid": appid },
        })
    };
    wechat.phone_code("text", info("13800000001", json!("86"), APPID));
    wechat.phone_code("number", info("13800000002", json!(86), APPID));
    wechat.phone_code("foreign", info("13800000003", json!("86"), "wxffffffffffffffff"));
    let ask = async |code: &str| visitor.post(&phone_path(APPID), json!({ "code": code })).await;
    assert_eq!(ask("text").await.ok(), "13800000001");
    assert_eq!(ask("number").await.ok(), "13800000002");
    no_number(&ask("number").await);
    no_number(&ask("foreign").await);
    assert_eq!(kept_phone(&hotline, OPENID).await.as_deref(), Some("13800000002"));
    assert_eq!(wechat.asked(TOKEN).len(), 1, "the token is kept");

    // WeChat takes the token no more, and would give the same again: it is renewed by force, and the question repeated.
    wechat.phone_code("after", info("13800000004", json!("86"), APPID));
    let old = wechat.token();
    wechat.fail(PHONE, &[Fault::Says(r#"{"errcode":40001,"errmsg":"invalid credential, rid: 60f0"}"#)]);
    assert_eq!(ask("after").await.ok(), "13800000004");
    assert_ne!(wechat.token(), old);
    let forced: Vec<bool> = wechat.asked(TOKEN).iter().map(|asked| asked["force_refresh"] == true).collect();
    assert_eq!(forced, [false, false, true]);
    let expired = Fault::Says(r#"{"errcode":42001,"errmsg":"access_token expired, rid: 60f0"}"#);
    wechat.fail(PHONE, &[expired.clone(), expired]);
    no_number(&ask("after").await);
    assert_eq!(wechat.asked(PHONE).len(), 8, "repeated once, not more");

    let log = hotline.log();
    let token = wechat.token().expect("a token");
    assert!(!log.contains(&token) && !log.contains("1380000000"), "neither token nor number in the log");
    hotline.assert_calm();
}

#[tokio::test]
async fn many_at_once_wait_for_one_token() {
    let (hotline, wechat) = open().await;
    let visitor = visitor(&hotline, &wechat, OPENID).await;
    let path = phone_path(APPID);
    let ask = |_| visitor.post(&path, json!({ "code": "nobodys" }));
    for answer in futures_util::future::join_all((0..8).map(ask)).await {
        no_number(&answer);
    }
    assert_eq!((wechat.asked(TOKEN).len(), wechat.asked(PHONE).len()), (1, 8));
}

#[tokio::test]
async fn a_phone_is_a_visitors_and_of_their_own_mini_program() {
    let (mut hotline, wechat) = prepare().await;
    hotline.add_user("ecnu", "COUNSELOR", "lin").await;
    hotline.start().await;
    let visitor = visitor(&hotline, &wechat, OPENID).await;
    let code = || json!({ "code": "x" });
    hotline.client().post(&phone_path(APPID), code()).await.fault(403, &phone_path(APPID));
    hotline.staff("lin").await.post(&phone_path(APPID), code()).await.refused(-5, "未开通权限");
    visitor.post(&phone_path("wx-of-nobody"), code()).await.refused_with(-2);
    visitor.post(&phone_path(APPID), json!({ "iv": "x" })).await.refused(-2, "缺少参数：encryptedData");
}
