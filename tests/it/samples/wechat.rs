//! Sections 3 and 7 of the document: log-in and phone number through WeChat.

use serde_json::{Value, json};

use super::{fits, fits_with_words};
use crate::{
    fakes::wechat::APPID,
    wechat::{KEY, OPENID, log_in_path, open, phone_path, visitor},
};

#[tokio::test]
async fn section_03_logging_in_through_wechat() {
    let (hotline, wechat) = open().await;
    wechat.code("good", OPENID, KEY);
    let nobody = hotline.client();
    fits_with_words("03-wechat-login", "good", &nobody.post(&log_in_path("good"), Value::Null).await);
    fits_with_words("03-wechat-login", "bad", &nobody.post(&log_in_path("bad"), Value::Null).await);
}

#[tokio::test]
async fn section_07_the_phone_number() {
    let (hotline, wechat) = open().await;
    let visitor = visitor(&hotline, &wechat, OPENID).await;
    let watermark = json!({ "timestamp": 1_640_995_200, "appid": APPID });
    let info = json!({
        "phoneNumber": "18501799792", "purePhoneNumber": "18501799792", "countryCode": "86", "watermark": watermark,
    });
    wechat.phone_code("theirs", info);
    let good = visitor.post(&phone_path(APPID), json!({ "code": "theirs" })).await;
    fits_with_words("07-phone", "good", &good);
    assert_eq!(good.body["result"], "18501799792");
    let bad = visitor.post(&phone_path(APPID), json!({ "encryptedData": "AAAA", "iv": "AAAA" })).await;
    fits_with_words("07-phone", "bad", &bad);
    fits("07-phone", "bad", &bad.body);
    assert_eq!(bad.body.as_object().map(serde_json::Map::len), Some(3));
}
