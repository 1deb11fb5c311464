//! A message in words: text as it is, everything else by what it is and where it lies.

use serde_json::Value;

use crate::im::elements::{self, Element};

/// The words of a message. Without `links` media are named only: an address tells who sent it, and can be followed.
pub(super) fn of(body: &Value, links: bool) -> String {
    let parts: Vec<String> = elements::all(body).iter().map(|element| in_words(element, links)).collect();
    parts.join(" ")
}

fn in_words(element: &Element, links: bool) -> String {
    let payload = &element.payload;
    let text = |name: &str| payload[name].as_str().unwrap_or_default();
    let linked = |label: String, address: &str| {
        if links && !address.is_empty() { format!("[{label}]({address})") } else { format!("[{label}]") }
    };
    match element.kind.as_str() {
        "TIMTextElem" => text("text").to_owned(),
        "TIMImageElem" => {
            linked("图片".to_owned(), payload["imageInfoArray"][0]["url"].as_str().unwrap_or_default())
        }
        "TIMSoundElem" => linked(format!("语音{}", lasting(&payload["second"])), text("remoteAudioUrl")),
        "TIMVideoFileElem" => {
            linked(format!("视频{}", lasting(&payload["videoSecond"])), text("remoteVideoUrl"))
        }
        "TIMFileElem" if links => linked(format!("文件 {}", text("fileName")), text("fileUrl")),
        "TIMFileElem" => "[文件]".to_owned(),
        "TIMLocationElem" if links => format!("[位置 {}]", text("description")),
        "TIMLocationElem" => "[位置]".to_owned(),
        "TIMFaceElem" => "[表情]".to_owned(),
        "TIMCustomElem" => labelled("自定义消息", text("description")),
        "TIMRelayElem" => {
            let abstracts =
                payload["abstractList"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let told: Vec<&str> = [text("title")].into_iter().chain(abstracts).collect();
            labelled("聊天记录", told.join(" ").trim())
        }
        _ => "[消息]".to_owned(),
    }
}

fn labelled(label: &str, what: &str) -> String {
    if what.is_empty() { format!("[{label}]") } else { format!("[{label} {what}]") }
}

fn lasting(seconds: &Value) -> String {
    seconds.as_i64().map_or_else(String::new, |seconds| format!(" {seconds}秒"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(kind: &str, content: &Value, links: bool) -> String {
        of(&json!([{ "MsgType": kind, "MsgContent": content }]), links)
    }

    #[test]
    fn media_are_named_with_their_address() {
        let image = json!({ "ImageInfoArray": [{ "Type": 1, "Size": 1, "Width": 8, "Height": 8, "URL": "https://x/1.jpg" }] });
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
    fn what_is_not_known_or_misshapen_is_still_a_message() {
        assert_eq!(said("TIMHologramElem", &json!({}), true), "[消息]");
        assert_eq!(said("TIMSoundElem", &json!(null), true), "[语音]");
        assert_eq!(of(&json!([]), true), "");
        let two = json!([
            { "MsgType": "TIMTextElem", "MsgContent": { "Text": "看" } },
            { "MsgType": "TIMFaceElem", "MsgContent": { "Index": 1 } },
        ]);
        assert_eq!(of(&two, true), "看 [表情]");
    }
}
