//! The JSON of our own IM; `docs/sockets.md` shows one of each.

use hotline_actors::{ConversationId, PersonId, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{
    messages::web::{Sides, StoredMessage, WebMessage, shown as in_web_form},
    text::echo,
};

/// What a message is shown as, written once for all who hear of it.
pub(super) struct Shown(Box<RawValue>);

/// A row of `/message/conversation/web`, with what only the sockets tell.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    #[serde(flatten)]
    row: WebMessage,
    time_ms: i64,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    reference: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Frame<'a> {
    Said {
        #[serde(rename = "ref")]
        reference: &'a str,
        conversation: ConversationId,
        message: &'a RawValue,
    },
    Message {
        conversation: ConversationId,
        message: &'a RawValue,
    },
    Recalled {
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<&'a str>,
        conversation: ConversationId,
        message: String,
    },
    Read {
        conversation: ConversationId,
        reader: PersonId,
        until: Timestamp,
    },
    Error {
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<&'a str>,
        code: i32,
        message: &'a str,
        reason: &'a str,
    },
}

pub(super) fn shown(message: StoredMessage, sides: &Sides, reference: Option<&str>) -> Shown {
    let time_ms = message.said_at;
    let message = Message { row: in_web_form(message, sides), time_ms, reference };
    // Texts, numbers and what was JSON before: nothing in it can fail to be JSON.
    Shown(serde_json::value::to_raw_value(&message).unwrap_or_default())
}

pub(super) fn said(reference: &str, conversation: ConversationId, Shown(message): &Shown) -> String {
    write(&Frame::Said { reference, conversation, message })
}

pub(super) fn message(conversation: ConversationId, Shown(message): &Shown) -> String {
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
    write(&Frame::Error { reference, code: -1, message, reason })
}

fn write(frame: &Frame<'_>) -> String {
    serde_json::to_string(frame).unwrap_or_default()
}
