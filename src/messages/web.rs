//! A message as the web client has it: the envelope of docs/contract.md 7, around the element of [`elements`].

use std::fmt;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::elements::{self, Element};

/// The two of a conversation, by their IM accounts. Whoever reads, the counselor is the viewpoint.
#[derive(Debug, Clone)]
pub struct Sides {
    /// The counselor: who took a consultation, who asked in a talk with a supervisor.
    pub counselor: String,
    /// The other one: visitor or supervisor.
    pub peer: String,
}

/// A row of the record. Holds a person's words: prints none of them.
#[derive(Clone)]
pub struct StoredMessage {
    pub id: Uuid,
    pub from: String,
    pub to: String,
    pub sequence: i64,
    pub random: i64,
    /// Milliseconds since the epoch.
    pub said_at: i64,
    /// `MsgBody` as it came.
    pub body: Value,
    pub cloud_custom_data: String,
    pub is_read: bool,
    pub is_revoked: bool,
    /// What a notice of ours says; none for people's words.
    pub notice_kind: Option<String>,
    pub notice_seconds: Option<i32>,
}

impl fmt::Debug for StoredMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredMessage").field("id", &self.id).field("words", &"…").finish_non_exhaustive()
    }
}

/// One row of `/message/conversation/web`, with exactly these keys.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the web client has four flags")]
pub struct WebMessage {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "type")]
    kind: String,
    payload: Value,
    conversation_type: &'static str,
    priority: &'static str,
    #[serde(rename = "conversationID")]
    conversation_id: String,
    from: String,
    to: String,
    flow: &'static str,
    /// Seconds since the epoch.
    time: i64,
    status: &'static str,
    is_revoked: bool,
    is_deleted: bool,
    is_modified: bool,
    is_peer_read: bool,
    nick: &'static str,
    avatar: &'static str,
    cloud_custom_data: String,
    sequence: i64,
    random: i64,
    /// 一条消息含多个元素时的全部元素；只有一个时为 null
    elements: Option<Vec<Element>>,
    /// 系统提示的含义；不是系统提示时为 null
    notice: Option<Notice>,
}

/// What a notice of ours says, so that nobody has to read it out of the sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Notice {
    /// 提示的种类，如 `silence`（长时间无人发言）、`limit`（即将到时）；全部见 docs/contract.md 第 5 节
    kind: String,
    /// 提示里说到的秒数，如 `limit` 的距结束的秒数；没有时为 null
    seconds: Option<i32>,
}

impl fmt::Debug for WebMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebMessage").field("id", &self.id).field("words", &"…").finish_non_exhaustive()
    }
}

/// Puts a row into the web client's form.
pub fn shown(message: StoredMessage, sides: &Sides) -> WebMessage {
    let several = message.body.as_array().is_some_and(|elements| elements.len() > 1);
    let elements = several.then(|| elements::all(&message.body));
    let element = elements::shown(&message.body);
    let is_out = message.from == sides.counselor;
    WebMessage {
        id: message.id.simple().to_string(),
        kind: element.kind,
        payload: element.payload,
        // The constants' names rather than their values: what the clients were given and compare with (docs/contract.md 7).
        conversation_type: "TIM.TYPES.CONV_C2C",
        priority: "TIM.TYPES.MSG_PRIORITY_NORMAL",
        conversation_id: format!("C2C{}", sides.peer),
        from: message.from,
        to: message.to,
        flow: if is_out { "out" } else { "in" },
        time: message.said_at.div_euclid(1000),
        status: "success",
        is_revoked: message.is_revoked,
        // Deleted conversations are not shown at all, and nothing of ours changes a message.
        is_deleted: false,
        is_modified: false,
        // As in the SDK: only one's own messages can be read by the other one.
        is_peer_read: is_out && message.is_read,
        nick: "",
        avatar: "",
        cloud_custom_data: message.cloud_custom_data,
        sequence: message.sequence,
        random: message.random,
        elements,
        notice: message.notice_kind.map(|kind| Notice { kind, seconds: message.notice_seconds }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(from: &str, to: &str) -> StoredMessage {
        StoredMessage {
            id: Uuid::from_u128(0x0402_8812_17d0_da5b),
            from: from.to_owned(),
            to: to.to_owned(),
            sequence: 48374,
            random: 4_026_038_328,
            said_at: 1_640_995_200_000,
            body: json!([{ "MsgType": "TIMTextElem", "MsgContent": { "Text": "你好" } }]),
            cloud_custom_data: "402881217d0da5b1017d0da864880002".to_owned(),
            is_read: true,
            is_revoked: false,
            notice_kind: None,
            notice_seconds: None,
        }
    }

    fn sides() -> Sides {
        Sides { counselor: "zixunshi1".to_owned(), peer: "fangke".to_owned() }
    }

    #[test]
    fn the_envelope_has_exactly_the_keys_of_the_contract() {
        let web = serde_json::to_value(shown(message("fangke", "zixunshi1"), &sides())).expect("JSON");
        assert_eq!(
            web,
            json!({
                "ID": "00000000000000000402881217d0da5b",
                "type": "TIMTextElem",
                "payload": { "text": "你好" },
                "conversationType": "TIM.TYPES.CONV_C2C",
                "priority": "TIM.TYPES.MSG_PRIORITY_NORMAL",
                "conversationID": "C2Cfangke",
                "from": "fangke",
                "to": "zixunshi1",
                "flow": "in",
                "time": 1_640_995_200,
                "status": "success",
                "isRevoked": false,
                "isDeleted": false,
                "isModified": false,
                "isPeerRead": false,
                "nick": "",
                "avatar": "",
                "cloudCustomData": "402881217d0da5b1017d0da864880002",
                "sequence": 48374,
                "random": 4_026_038_328_u32,
                "elements": null,
                "notice": null,
            })
        );
    }

    #[test]
    fn the_counselor_is_the_viewpoint() {
        let web = serde_json::to_value(shown(message("zixunshi1", "fangke"), &sides())).expect("JSON");
        assert_eq!((&web["flow"], &web["isPeerRead"]), (&json!("out"), &json!(true)));
        assert_eq!(web["conversationID"], "C2Cfangke");
        let notice = serde_json::to_value(shown(message("administrator", "fangke"), &sides())).expect("JSON");
        assert_eq!((&notice["flow"], &notice["conversationID"]), (&json!("in"), &json!("C2Cfangke")));
    }

    #[test]
    fn all_elements_of_a_message_are_shown_and_what_a_notice_means() {
        let several = json!([
            { "MsgType": "TIMTextElem", "MsgContent": { "Text": "看这里" } },
            { "MsgType": "TIMFaceElem", "MsgContent": { "Index": 1, "Data": "[笑]" } },
        ]);
        let message = StoredMessage { body: several, ..message("fangke", "zixunshi1") };
        let web = serde_json::to_value(shown(message, &sides())).expect("JSON");
        assert_eq!((&web["type"], &web["payload"]), (&json!("TIMTextElem"), &json!({ "text": "看这里" })));
        assert_eq!(
            web["elements"],
            json!([
                { "type": "TIMTextElem", "payload": { "text": "看这里" } },
                { "type": "TIMFaceElem", "payload": { "index": 1, "data": "[笑]" } },
            ])
        );
        let notice = |kind: &str, seconds| {
            let kind = Some(kind.to_owned());
            let row = StoredMessage { notice_kind: kind, notice_seconds: seconds, ..message_of_ours() };
            serde_json::to_value(shown(row, &sides())).expect("JSON")["notice"].clone()
        };
        assert_eq!(notice("limit", Some(600)), json!({ "kind": "limit", "seconds": 600 }));
        assert_eq!(notice("silence", None), json!({ "kind": "silence", "seconds": null }));
    }

    fn message_of_ours() -> StoredMessage {
        message("administrator", "fangke")
    }

    #[test]
    fn words_stay_out_of_logs() {
        let message = message("fangke", "zixunshi1");
        assert!(!format!("{message:?}{:?}", shown(message.clone(), &sides())).contains("你好"));
    }
}
