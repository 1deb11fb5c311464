//! What somebody did over IM, whichever it was: said something, read it, took it back. The names of the fields are those of
//! Tencent's callbacks (docs/protocols.md 2), of which most come.

use std::fmt;

use hotline_actors::Timestamp;

use super::Body;

/// A message on its way.
#[derive(Clone, PartialEq)]
pub struct SentMessage {
    /// `From_Account`.
    pub from: String,
    /// `To_Account`.
    pub to: String,
    /// `MsgSeq`, an unsigned 32-bit number.
    pub sequence: u32,
    /// `MsgRandom`, an unsigned 32-bit number.
    pub random: u32,
    /// `MsgTime`: whole seconds.
    pub said_at: Timestamp,
    /// `MsgKey`; made from the three above where it is missing.
    pub key: String,
    /// `OnlineOnlyFlag`: typing and signalling, not kept by Tencent.
    pub online_only: bool,
    /// `SendMsgResult`: other than 0 was never delivered. 0 where it is missing.
    pub send_result: i32,
    /// `CloudCustomData`: holds the conversation's id.
    pub cloud_custom_data: String,
    /// `MsgBody`: the words.
    pub body: Body,
}

impl fmt::Debug for SentMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentMessage")
            .field("key", &self.key)
            .field("said_at", &self.said_at)
            .field("send_result", &self.send_result)
            .finish_non_exhaustive()
    }
}

/// A person has read a talk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// `Report_Account`: who read.
    pub reader: String,
    /// `Peer_Account`: whose messages.
    pub peer: String,
    /// `LastReadTime`: everything up to here, whole seconds.
    pub up_to: Timestamp,
}

/// A message was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn {
    /// Sender of the message.
    pub from: String,
    /// Its receiver.
    pub to: String,
    /// `MsgKey`.
    pub key: String,
}
