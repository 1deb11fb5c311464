//! A message in words: text as it is, everything else by what it is and where it lies.

use std::collections::HashMap;

use serde_json::Value;
use uuid::Uuid;

use crate::{
    images,
    messages::elements::{self, Element},
    wording::export as wording,
};

/// Where media are said to be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Links<'a> {
    /// Nowhere: an address tells who sent it, and can be followed.
    None,
    /// At their addresses; pictures that lie beside the words there.
    Beside(&'a HashMap<Uuid, &'a str>),
}

/// The pictures of ours that a message names, in their order.
pub(super) fn pictures(body: &Value) -> Vec<Uuid> {
    let all = elements::all(body);
    let shown = all.iter().filter(|element| element.kind == "TIMImageElem");
    shown.filter_map(|element| images::named_in(address_of_picture(element))).collect()
}

fn address_of_picture(element: &Element) -> &str {
    element.payload["imageInfoArray"][0]["url"].as_str().unwrap_or_default()
}

/// The words of a message.
pub(super) fn of(body: &Value, links: Links<'_>) -> String {
    let parts: Vec<String> = elements::all(body).iter().map(|element| in_words(element, links)).collect();
    parts.join(" ")
}

fn in_words(element: &Element, links: Links<'_>) -> String {
    let payload = &element.payload;
    let text = |name: &str| payload[name].as_str().unwrap_or_default();
    let are_told = matches!(links, Links::Beside(_));
    let linked = |label: String, address: &str| {
        if are_told && !address.is_empty() { format!("[{label}]({address})") } else { format!("[{label}]") }
    };
    match element.kind.as_str() {
        "TIMTextElem" => text("text").to_owned(),
        "TIMImageElem" => linked(wording::PICTURE.to_owned(), picture_lies_at(element, links)),
        "TIMSoundElem" => linked(lasting(wording::SOUND, &payload["second"]), text("remoteAudioUrl")),
        "TIMVideoFileElem" => {
            linked(lasting(wording::VIDEO, &payload["videoSecond"]), text("remoteVideoUrl"))
        }
        "TIMFileElem" if are_told => {
            linked(format!("{} {}", wording::FILE, text("fileName")), text("fileUrl"))
        }
        "TIMFileElem" => labelled(wording::FILE, ""),
        "TIMLocationElem" if are_told => format!("[{} {}]", wording::PLACE, text("description")),
        "TIMLocationElem" => labelled(wording::PLACE, ""),
        "TIMFaceElem" => labelled(wording::FACE, ""),
        "TIMCustomElem" => labelled(wording::CUSTOM, text("description")),
        "TIMRelayElem" => {
            let abstracts =
                payload["abstractList"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let told: Vec<&str> = [text("title")].into_iter().chain(abstracts).collect();
            labelled(wording::RELAYED, told.join(" ").trim())
        }
        _ => labelled(wording::OTHER, ""),
    }
}

fn picture_lies_at<'a>(element: &'a Element, links: Links<'a>) -> &'a str {
    let address = address_of_picture(element);
    match links {
        Links::None => "",
        Links::Beside(beside) => {
            images::named_in(address).and_then(|id| beside.get(&id).copied()).unwrap_or(address)
        }
    }
}

fn labelled(label: &str, what: &str) -> String {
    if what.is_empty() { format!("[{label}]") } else { format!("[{label} {what}]") }
}

fn lasting(label: &str, seconds: &Value) -> String {
    match seconds.as_i64() {
        Some(seconds) => format!("{label} {}", wording::seconds(seconds)),
        None => label.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(kind: &str, content: &Value, are_told: bool) -> String {
        whole(&json!([{ "MsgType": kind, "MsgContent": content }]), are_told)
    }

    fn whole(body: &Value, are_told: bool) -> String {
        let none = HashMap::new();
        of(body, if are_told { Links::Beside(&none) } else { Links::None })
    }

    fn picture(url: &str) -> Value {
        json!({ "ImageInfoArray": [{ "Type": 1, "Size": 1, "Width": 8, "Height": 8, "URL": url }] })
    }

    #[test]
    fn media_are_named_with_their_address() {
        let image = picture("https://x/1.jpg");
        assert_eq!(said("TIMImageElem", &image, true), "[图片](https://x/1.jpg)");
        assert_eq!(said("TIMImageElem", &image, false), "[图片]");
        let sound = json!({ "Second": 12, "Url": "https://x/2.mp3" });
        assert_eq!(said("TIMSoundElem", &sound, true), "[语音 12秒](https://x/2.mp3)");
        let video = json!({ "VideoSecond": 7, "VideoUrl": "https://x/3.mp4" });
        assert_eq!(said("TIMVideoFileElem", &video, true), "[视频 7秒](https://x/3.mp4)");
        let file = json!({ "FileName": "小雨的日记.txt", "Url": "https://x/4" });
        assert_eq!(said("TIMFileElem", &file, true), "[文件 小雨的日记.txt](https://x/4)");
        assert_eq!(said("TIMFileElem", &file, false), "[文件]");
    }

    #[test]
    fn a_picture_that_lies_beside_is_named_by_where_it_lies() {
        let id = Uuid::from_u128(7);
        let url = images::url("/psy", id);
        let body = json!([{ "MsgType": "TIMImageElem", "MsgContent": picture(&url) }]);
        assert_eq!(pictures(&body), [id]);
        let beside = HashMap::from([(id, "pictures/001.jpg")]);
        assert_eq!(of(&body, Links::Beside(&beside)), "[图片](pictures/001.jpg)");
        assert_eq!(of(&body, Links::None), "[图片]");
        assert_eq!(whole(&body, true), format!("[图片]({url})"), "not of this conversation");
        let foreign = json!([{ "MsgType": "TIMImageElem", "MsgContent": picture("https://x/1.jpg") }]);
        assert!(pictures(&foreign).is_empty());
    }

    #[test]
    fn what_is_not_known_or_misshapen_is_still_a_message() {
        assert_eq!(said("TIMHologramElem", &json!({}), true), "[消息]");
        assert_eq!(said("TIMSoundElem", &json!(null), true), "[语音]");
        assert_eq!(whole(&json!([]), true), "");
        let two = json!([
            { "MsgType": "TIMTextElem", "MsgContent": { "Text": "看" } },
            { "MsgType": "TIMFaceElem", "MsgContent": { "Index": 1 } },
        ]);
        assert_eq!(whole(&two, true), "看 [表情]");
    }
}
