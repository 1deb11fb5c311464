//! The JSON of our own IM; `docs/sockets.md` shows one of each.

use hotline_actors::{ConversationId, PersonId, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    messages::web::{Sides, StoredMessage, WebMessage, shown as in_web_form},
    text::echo,
    wire::Id,
};

/// What a message is shown as, written once for all who hear of it.
pub(super) struct MessageJson(Box<RawValue>);

/// A row of `/message/conversation/web`, with what only the sockets tell.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SaidMessage)]
pub(crate) struct Message<'a> {
    #[serde(flatten)]
    row: WebMessage,
    /// When it was said, in milliseconds.
    time_ms: i64,
    /// The sender's own key of it.
    #[serde(rename = "ref")]
    reference: &'a str,
}

/// What our own IM says.
#[derive(Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
#[schema(as = TalkFrame)]
pub(crate) enum Frame<'a> {
    /// It is stored.
    Said {
        #[serde(rename = "ref")]
        reference: &'a str,
        #[schema(value_type = Id)]
        conversation: ConversationId,
        #[schema(value_type = Message)]
        message: &'a RawValue,
    },
    /// Somebody else, or another socket of one's own, said something.
    Message {
        #[schema(value_type = Id)]
        conversation: ConversationId,
        #[schema(value_type = Message)]
        message: &'a RawValue,
    },
    /// A message was taken back.
    Recalled {
        /// To whoever asked.
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        #[schema(value_type = String, required = false)]
        reference: Option<&'a str>,
        #[schema(value_type = Id)]
        conversation: ConversationId,
        #[schema(value_type = Id)]
        message: String,
    },
    /// Somebody has read all that the other one had said until then.
    Read {
        #[schema(value_type = Id)]
        conversation: ConversationId,
        #[schema(value_type = Id)]
        reader: PersonId,
        #[schema(value_type = i64)]
        until: Timestamp,
    },
    Error(#[schema(inline)] ErrorFrame<'a>),
}

/// Something was refused.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorFrame<'a> {
    /// Of the command, if it had one.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub(crate) reference: Option<&'a str>,
    pub(crate) code: i32,
    /// For people.
    pub(crate) message: &'a str,
    /// For programs: one of `ChatReason` where it is about something said.
    pub(crate) reason: &'a str,
}

pub(super) fn shown(message: StoredMessage, sides: &Sides, reference: &str) -> MessageJson {
    let time_ms = message.said_at;
    let message = Message { row: in_web_form(message, sides), time_ms, reference };
    // Texts, numbers and what was JSON before: nothing in it can fail to be JSON.
    MessageJson(serde_json::value::to_raw_value(&message).unwrap_or_default())
}

pub(super) fn said(
    reference: &str,
    conversation: ConversationId,
    MessageJson(message): &MessageJson,
) -> String {
    write(&Frame::Said { reference, conversation, message })
}

pub(super) fn message(conversation: ConversationId, MessageJson(message): &MessageJson) -> String {
    write(&Frame::Message { conversation, message })
}

pub(super) fn recalled(reference: Option<&str>, conversation: ConversationId, message: Uuid) -> String {
    write(&Frame::Recalled { reference, conversation, message: message.simple().to_string() })
}

pub(super) fn read(conversation: ConversationId, reader: PersonId, until: Timestamp) -> String {
    write(&Frame::Read { conversation, reader, until })
}

/// That what was asked for did not happen: `message` for people, `reason` for programs.
pub fn error(reference: Option<&str>, message: &str, reason: &str) -> String {
    let reference = reference.map(echo);
    write(&Frame::Error(ErrorFrame { reference, code: -1, message, reason }))
}

fn write(frame: &Frame<'_>) -> String {
    serde_json::to_string(frame).unwrap_or_default()
}

/// One of each, for who compares them with their schema.
#[cfg(test)]
pub(crate) fn one_of_each() -> [String; 6] {
    let message_of = |id| StoredMessage {
        id: Uuid::from_u128(id),
        from: "zixunshi1".to_owned(),
        to: "fangke".to_owned(),
        sequence: 0,
        random: 0,
        said_at: 1_640_995_200_000,
        body: serde_json::json!([
            { "MsgType": "TIMTextElem", "MsgContent": { "Text": "hello" } },
            { "MsgType": "TIMFaceElem", "MsgContent": { "Index": 1, "Data": "" } },
        ]),
        cloud_custom_data: String::new(),
        is_read: false,
        is_revoked: false,
        notice_kind: Some("limit".to_owned()),
        notice_seconds: Some(600),
    };
    let sides = Sides { counselor: "zixunshi1".to_owned(), peer: "fangke".to_owned() };
    let shown = shown(message_of(1), &sides, "1");
    let (talk, reader) = (ConversationId(Uuid::from_u128(2)), PersonId(Uuid::from_u128(3)));
    [
        said("1", talk, &shown),
        message(talk, &shown),
        recalled(Some("1"), talk, Uuid::from_u128(1)),
        recalled(None, talk, Uuid::from_u128(1)),
        read(talk, reader, Timestamp(1)),
        error(Some("1"), "1", "busy"),
    ]
}
