//! A message as the web client has it: the envelope of contract 7, around the element of [`crate::im::elements`].

use std::fmt;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::im::elements;

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
}

impl fmt::Debug for WebMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebMessage").field("id", &self.id).field("words", &"…").finish_non_exhaustive()
    }
}

/// Puts a row into the web client's form.
pub fn shown(message: StoredMessage, sides: &Sides) -> WebMessage {
    let element = elements::shown(&message.body);
    let is_out = message.from == sides.counselor;
    WebMessage {
        id: message.id.simple().to_string(),
        kind: element.kind,
        payload: element.payload,
        // The constants' names rather than their values: what the clients were given and compare with (contract 7).
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
    fn words_stay_out_of_logs() {
        let message = message("fangke", "zixunshi1");
        assert!(!format!("{message:?}{:?}", shown(message.clone(), &sides())).contains("你好"));
    }
}
