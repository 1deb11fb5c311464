//! Tencent IM as the hotline sees it: words that were said come as callbacks (protocols: `C2C.CallbackAfterSendMsg`).

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Client, SDK_APP_ID};

const PATH: &str = "/message/callback";

/// A message somebody sent over IM.
#[derive(Debug, Clone)]
pub(crate) struct Word {
    from: String,
    to: String,
    conversation: String,
    sequence: u32,
    random: u32,
    /// Seconds since the epoch, as Tencent counts.
    time: i64,
    body: Value,
}

/// The message elements that the tests use.
pub(crate) mod words {
    use serde_json::{Value, json};

    pub(crate) fn text(text: &str) -> Value {
        json!([{ "MsgType": "TIMTextElem", "MsgContent": { "Text": text } }])
    }

    pub(crate) fn image() -> Value {
        let picture = |kind: u32, side: u32| {
            let url = format!("https://example.com/{kind}.jpg");
            json!({ "Type": kind, "Size": 1024 * side, "Width": side, "Height": side, "URL": url })
        };
        let content = json!({
            "UUID": "1400513208_picture",
            "ImageFormat": 1,
            "ImageInfoArray": [picture(1, 800), picture(2, 720), picture(3, 198)],
        });
        json!([{ "MsgType": "TIMImageElem", "MsgContent": content }])
    }

    /// A signal of a call, out of the official vectors (`call_signalling`).
    pub(crate) fn call(name: &str) -> Value {
        let vectors: Value = serde_json::from_str(include_str!("../../data/protocol-vectors.json"))
            .expect("the vectors are JSON");
        let cases = vectors["call_signalling"].as_array().expect("a list of cases");
        let case = cases.iter().find(|case| case["name"] == name);
        case.unwrap_or_else(|| panic!("there is no call signal {name}"))["MsgBody"].clone()
    }

    pub(crate) fn custom() -> Value {
        let content = json!({ "Data": "{\"kind\":\"evaluate\"}", "Desc": "评价", "Ext": "", "Sound": "" });
        json!([{ "MsgType": "TIMCustomElem", "MsgContent": content }])
    }
}

impl Word {
    /// Said now, in `conversation`; `sequence` tells it from the sender's others.
    pub(crate) fn new(from: &str, to: &str, conversation: &str, sequence: u32, body: Value) -> Self {
        Self {
            from: from.to_owned(),
            to: to.to_owned(),
            conversation: conversation.to_owned(),
            sequence,
            // Above i32::MAX, as Tencent's often are.
            random: 4_026_000_000 + sequence + from.bytes().map(u32::from).sum::<u32>() * 1000,
            time: hotline::clock::now().0 / 1000,
            body,
        }
    }

    /// The same, said at another time.
    pub(crate) fn at(self, time: i64) -> Self {
        Self { time, ..self }
    }

    pub(crate) fn key(&self) -> String {
        format!("{}_{}_{}", self.sequence, self.random, self.time)
    }

    pub(crate) fn callback(&self) -> Value {
        json!({
            "CallbackCommand": "C2C.CallbackAfterSendMsg",
            "From_Account": self.from,
            "To_Account": self.to,
            "MsgSeq": self.sequence,
            "MsgRandom": self.random,
            "MsgTime": self.time,
            "MsgKey": self.key(),
            "OnlineOnlyFlag": 0,
            "SendMsgResult": 0,
            "ErrorInfo": "send msg succeed",
            "UnreadMsgNum": 1,
            "MsgBody": self.body,
            "CloudCustomData": self.conversation,
        })
    }
}

impl Client {
    /// Delivers a callback as Tencent does, without a session; gives the answer as it is.
    pub(crate) async fn callback(&self, body: &Value) -> Answer {
        let command = body["CallbackCommand"].as_str().unwrap_or_default();
        Answer::of(self.callback_request(command).json(body)).await
    }

    /// As [`Client::callback`], where the server may be killed meanwhile.
    pub(crate) async fn try_callback(&self, body: &Value) -> reqwest::Result<Answer> {
        let command = body["CallbackCommand"].as_str().unwrap_or_default();
        Answer::try_of(self.callback_request(command).json(body)).await
    }

    /// A callback without its body.
    pub(crate) fn callback_request(&self, command: &str) -> reqwest::RequestBuilder {
        self.request(Method::POST, PATH).query(&[
            ("SdkAppid", SDK_APP_ID.to_string().as_str()),
            ("CallbackCommand", command),
            ("contenttype", "json"),
            ("ClientIP", "127.0.0.1"),
            ("OptPlatform", "RESTAPI"),
        ])
    }

    /// Delivers a word and checks that Tencent would take it for done.
    pub(crate) async fn say(&self, word: &Word) {
        let answer = self.callback(&word.callback()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let whole = json!({ "code": 0, "message": "OK", "result": "ok", "ActionStatus": "OK", "ErrorInfo": "", "ErrorCode": 0 });
        assert_eq!(answer.body, whole, "the six keys of docs/contract.md 7");
    }
}
