//! The elements of a message: from the form of the callback to the form the web client shows.
//!
//! Followed is `tim-js-sdk` 2.15.0 (docs/protocols.md 3), of the time of the interface document; later versions only add keys.
//! One rule is ours: pictures are taken by their `Type`, where the SDK goes by position and mislabels other orders.
//! An element we do not know is shown as it came.

use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

mod picture;

/// One element as the web client has it.
#[derive(Clone, PartialEq, Serialize, ToSchema)]
pub struct Element {
    /// `TIMTextElem` and so on: the same string as in the callback.
    #[serde(rename = "type")]
    pub kind: String,
    /// The content under the web client's names.
    pub payload: Value,
}

impl std::fmt::Debug for Element {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Element").field("kind", &self.kind).field("payload", &"…").finish()
    }
}

/// The element a web client shows for a message: the first one. An empty body is an empty element.
pub fn shown(body: &Value) -> Element {
    let first = body.as_array().and_then(|elements| elements.first());
    first.map_or_else(|| Element { kind: String::new(), payload: json!({}) }, convert)
}

/// All elements of a message, in their order.
pub fn all(body: &Value) -> Vec<Element> {
    body.as_array().into_iter().flatten().map(convert).collect()
}

fn convert(element: &Value) -> Element {
    let kind = element.get("MsgType").and_then(Value::as_str).unwrap_or_default();
    let raw = element.get("MsgContent").cloned().unwrap_or_else(|| json!({}));
    let payload = raw.as_object().and_then(|content| payload(kind, content));
    Element { kind: kind.to_owned(), payload: payload.unwrap_or(raw) }
}

/// The web form of a known element, `None` for others.
fn payload(kind: &str, content: &Map<String, Value>) -> Option<Value> {
    let payload = match kind {
        "TIMTextElem" => json!({ "text": or_empty(content, "Text") }),
        "TIMLocationElem" => {
            renamed(content, &[("Desc", "description"), ("Longitude", "longitude"), ("Latitude", "latitude")])
        }
        "TIMFaceElem" => renamed(content, &[("Index", "index"), ("Data", "data")]),
        // `Sound` is for push notices only; the web client drops it.
        "TIMCustomElem" => json!({
            "data": or_empty(content, "Data"),
            "description": or_empty(content, "Desc"),
            "extension": or_empty(content, "Ext"),
        }),
        "TIMSoundElem" => sound(content),
        "TIMImageElem" => picture::payload(content),
        "TIMFileElem" => file(content),
        "TIMVideoFileElem" => video(content),
        "TIMRelayElem" => relay(content),
        _ => return None,
    };
    Some(payload)
}

fn sound(content: &Map<String, Value>) -> Value {
    let names = [("Second", "second"), ("Size", "size"), ("Url", "url"), ("UUID", "uuid")];
    let mut payload = renamed(content, &names);
    payload["downloadFlag"] = json!(2);
    payload["remoteAudioUrl"] = or_empty(content, "Url");
    payload
}

fn file(content: &Map<String, Value>) -> Value {
    let mut payload =
        renamed(content, &[("UUID", "uuid"), ("FileName", "fileName"), ("FileSize", "fileSize")]);
    payload["downloadFlag"] = json!(2);
    payload["fileUrl"] = or_empty(content, "Url");
    payload
}

fn video(content: &Map<String, Value>) -> Value {
    let names = [
        ("VideoUrl", "remoteVideoUrl"),
        ("VideoUrl", "videoUrl"),
        ("VideoFormat", "videoFormat"),
        ("VideoSize", "videoSize"),
        ("VideoUUID", "videoUUID"),
        ("ThumbUUID", "thumbUUID"),
        ("ThumbFormat", "thumbFormat"),
        ("ThumbWidth", "thumbWidth"),
        ("ThumbHeight", "thumbHeight"),
        ("ThumbSize", "thumbSize"),
        ("ThumbUrl", "thumbUrl"),
    ];
    let mut payload = renamed(content, &names);
    payload["videoSecond"] = whole_seconds(content.get("VideoSecond"));
    payload["videoDownloadFlag"] = json!(2);
    payload["thumbDownloadFlag"] = json!(2);
    payload
}

/// A forwarded talk. Its shape in a callback is not documented (docs/protocols.md 8.2); what does not fit stays out.
fn relay(content: &Map<String, Value>) -> Value {
    let messages: Vec<Value> =
        content.get("MsgList").and_then(Value::as_array).into_iter().flatten().map(relayed).collect();
    json!({
        "downloadKey": or_empty(content, "JsonMsgKey"),
        "pbDownloadKey": or_empty(content, "PbMsgKey"),
        "messageList": messages,
        "title": or_empty(content, "Title"),
        "abstractList": lines(content.get("AbstractList")),
        "compatibleText": or_empty(content, "CompatibleText"),
        "version": 0,
        "layersOverLimit": false,
    })
}

fn relayed(message: &Value) -> Value {
    let empty = Map::new();
    let message = message.as_object().unwrap_or(&empty);
    let names = [
        ("From_Account", "from"),
        ("From_Account", "messageSender"),
        ("MsgTimeStamp", "time"),
        ("MsgSeq", "messageSequence"),
        ("MsgSeq", "clientSequence"),
        ("MsgRandom", "messageRandom"),
        ("To_Account", "receiverUserID"),
        ("To_Account", "messageReceiver"),
    ];
    let mut out = renamed(message, &names);
    out["cloudCustomData"] = or_empty(message, "CloudCustomData");
    out["nick"] = or_empty(message, "From_AccountNick");
    out["avatar"] = or_empty(message, "From_AccountHeadurl");
    let body = message.get("MsgBody").map(all).unwrap_or_default();
    out["messageBody"] = json!(body);
    out
}

/// What of a list is text: whoever shows it gets nothing else.
fn lines(list: Option<&Value>) -> Value {
    list.and_then(Value::as_array).into_iter().flatten().filter(|line| line.is_string()).cloned().collect()
}

/// The named fields that are there, under their web names. As in the SDK's JSON, what is absent stays absent.
fn renamed(content: &Map<String, Value>, names: &[(&str, &str)]) -> Value {
    let fields = names.iter().filter_map(|(from, to)| Some(((*to).to_owned(), content.get(*from)?.clone())));
    Value::Object(fields.collect())
}

fn or_empty(content: &Map<String, Value>, name: &str) -> Value {
    content.get(name).filter(|value| !value.is_null()).cloned().unwrap_or_else(|| json!(""))
}

/// Some clients send fractions of a second; the web client cuts them off.
fn whole_seconds(value: Option<&Value>) -> Value {
    let Some(value) = value else { return json!(0) };
    match (value.as_i64(), value.as_f64()) {
        (Some(whole), _) => json!(whole),
        #[expect(clippy::cast_possible_truncation, reason = "the fraction is to go, and the cast saturates")]
        (None, Some(fraction)) => json!(fraction.trunc() as i64),
        (None, None) => json!(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors, each with what tim-js-sdk 2.15.0 shows.
    fn vectors() -> Vec<(String, Value, Value)> {
        let vectors: Value = serde_json::from_str(include_str!("../../tests/data/protocol-vectors.json"))
            .expect("the vectors are JSON");
        let cases = vectors["message_conversion"].as_array().expect("a list of cases");
        cases
            .iter()
            .map(|case| {
                let name = case["name"].as_str().expect("a name").to_owned();
                (name, case["callback"].clone(), case["web_payload"]["tim-js-sdk@2.15.0"].clone())
            })
            .collect()
    }

    #[test]
    fn every_kind_converts_as_the_official_sdk_does() {
        let vectors = vectors();
        let by_name = |wanted: &str| {
            let found = vectors.iter().find(|(name, ..)| name == wanted);
            found.expect("the vector is there").2.clone()
        };
        assert_eq!(vectors.len(), 13);
        for (name, callback, web) in &vectors {
            // The one place where the SDK goes by position and gets it wrong: we show what the right order shows.
            let expected = if name == "image_web_order" { by_name("image") } else { web.clone() };
            let element = shown(&json!([callback]));
            assert_eq!(element.kind, callback["MsgType"], "{name}");
            assert_eq!(element.payload, expected, "{name}");
        }
    }

    #[test]
    fn an_unknown_element_stays_as_it_came() {
        let element = shown(&json!([{ "MsgType": "TIMHologramElem", "MsgContent": { "Depth": 3 } }]));
        assert_eq!(element.kind, "TIMHologramElem");
        assert_eq!(element.payload, json!({ "Depth": 3 }));
    }

    #[test]
    fn missing_and_misshapen_content_is_no_panic() {
        assert_eq!(
            shown(&json!([{ "MsgType": "TIMTextElem", "MsgContent": {} }])).payload,
            json!({ "text": "" })
        );
        for body in [json!([]), json!(null), json!("words"), json!([null]), json!([{ "MsgType": 7 }])] {
            assert_eq!(shown(&body).kind, "");
        }
        for kind in ["TIMImageElem", "TIMVideoFileElem", "TIMRelayElem", "TIMSoundElem", "TIMFileElem"] {
            for content in
                [json!({}), json!(null), json!([1]), json!({ "ImageInfoArray": 1, "MsgList": [7] })]
            {
                assert_eq!(shown(&json!([{ "MsgType": kind, "MsgContent": content }])).kind, kind);
            }
        }
    }

    /// What the pages show of each kind; a client that leaves one out, or sends something else, leaves it empty.
    #[test]
    fn what_a_page_shows_of_each_kind_is_there() {
        let payload =
            |kind: &str, content: Value| shown(&json!([{ "MsgType": kind, "MsgContent": content }])).payload;
        let relay = json!({
            "Title": "小雨和朋友的聊天记录", "AbstractList": ["小雨: 在吗", { "not": "a line" }, null], "CompatibleText": "请升级",
            "MsgList": [{ "From_Account": "a", "To_Account": "b", "MsgSeq": 1, "MsgTimeStamp": 1, "MsgBody": [
                { "MsgType": "TIMTextElem", "MsgContent": { "Text": "在吗" } }] }],
        });
        let relay = payload("TIMRelayElem", relay);
        assert_eq!(relay["title"], "小雨和朋友的聊天记录");
        assert_eq!(relay["abstractList"], json!(["小雨: 在吗"]));
        let inner = json!([{ "type": "TIMTextElem", "payload": { "text": "在吗" } }]);
        assert_eq!(relay["messageList"][0]["messageBody"], inner);
        assert_eq!(payload("TIMRelayElem", json!({ "AbstractList": null }))["abstractList"], json!([]));
        let place = json!({ "Desc": "图书馆", "Latitude": 31.2, "Longitude": 121.4 });
        assert_eq!(payload("TIMLocationElem", place)["description"], "图书馆");
        assert_eq!(payload("TIMFaceElem", json!({ "Index": 3, "Data": "[笑]" }))["data"], "[笑]");
        assert_eq!(payload("TIMCustomElem", json!({ "Desc": "评价", "Data": "{}" }))["description"], "评价");
        let sound = payload("TIMSoundElem", json!({ "Second": 12, "Url": "http://x/1.mp3" }));
        assert_eq!((&sound["second"], &sound["remoteAudioUrl"]), (&json!(12), &json!("http://x/1.mp3")));
        let file = payload("TIMFileElem", json!({ "FileName": "a.txt", "FileSize": 9, "Url": "http://x/a" }));
        assert_eq!(
            (&file["fileName"], &file["fileUrl"], &file["fileSize"]),
            (&json!("a.txt"), &json!("http://x/a"), &json!(9))
        );
        let video = json!({ "VideoUrl": "http://x/v.mp4", "ThumbUrl": "http://x/t.jpg", "VideoSecond": 7.9 });
        let video = payload("TIMVideoFileElem", video);
        assert_eq!(
            (&video["videoUrl"], &video["thumbUrl"], &video["videoSecond"]),
            (&json!("http://x/v.mp4"), &json!("http://x/t.jpg"), &json!(7))
        );
    }

    #[test]
    fn the_first_of_several_elements_is_shown_and_all_are_kept() {
        let text = |words: &str| json!({ "MsgType": "TIMTextElem", "MsgContent": { "Text": words } });
        let body = json!([text("一"), text("二")]);
        assert_eq!(shown(&body).payload, json!({ "text": "一" }));
        assert_eq!(all(&body).len(), 2);
        assert!(!format!("{:?}", all(&body)).contains('一'), "words stay out of logs");
    }
}
