//! What Tencent IM tells us over `POST /message/callback`: whether it is to be believed, and what it says.
//!
//! The documents have different ages, so both the form of 2021 and today's are understood (docs/protocols.md 2). Fields are
//! taken one by one rather than derived: a wrong one is named without repeating what it held, which may be a person's words.

use std::{borrow::Cow, fmt, time::Duration};

use hotline_actors::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

mod fields;

use fields::Fields;

use crate::{
    messages::{Body, Read, SentMessage, Withdrawn},
    text::heal,
};

/// How far `RequestTime` may be from our clock (docs/protocols.md 2.1).
const REQUEST_TIME_SKEW: Duration = Duration::from_mins(1);
/// Documented are 32 bytes; anything longer than this is none of ours.
const ACCOUNT_BYTES_MAX: usize = 128;
/// Documented are 50 characters.
const KEY_BYTES_MAX: usize = 128;

/// What makes a callback one of ours.
#[derive(Clone, Copy)]
pub struct Trust<'a> {
    /// Our IM application; 0 when there is none, and then no callback is ours.
    pub sdk_app_id: u32,
    /// The token of the console; empty when callbacks are not signed.
    pub token: &'a str,
}

impl fmt::Debug for Trust<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").field("sdk_app_id", &self.sdk_app_id).field("token", &"…").finish()
    }
}

/// Why a callback was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejected {
    /// There is no IM application to get callbacks from.
    NotConfigured,
    /// Another application's, or none named.
    ForeignApp,
    /// The query names another command than the body.
    CommandMismatch,
    /// The token is set, and the signature is missing, wrong, or too old.
    BadSign,
    /// Not JSON, or not an object.
    NotJson,
    /// A field is missing or of the wrong type.
    Field(&'static str),
}

/// A callback that passed the checks.
#[derive(Debug, Clone, PartialEq)]
pub enum Callback {
    /// `C2C.CallbackBeforeSendMsg`: may it be sent?
    BeforeSend(Box<SentMessage>),
    /// `C2C.CallbackAfterSendMsg`: it was sent, or failed to.
    AfterSend(Box<SentMessage>),
    /// `C2C.CallbackAfterMsgReport`: a person read the talk with another up to a moment.
    Read(Read),
    /// `C2C.CallbackAfterMsgWithDraw`: a message was taken back, at `EventTime` where that is told.
    Withdrawn(Withdrawn, Option<Timestamp>),
    /// `State.StateChange`: an IM log-in began or ended.
    State(StateChange),
    /// A command that does not concern us; answered OK.
    Other,
}

/// An IM log-in began or ended. `EventTime` orders several devices of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateChange {
    /// `Info.To_Account`: whose log-in.
    pub account: String,
    /// `Info.Action`: `Login`, `Logout`, `Disconnect`, and newer ones.
    pub action: String,
    /// `Info.Reason`: `Register`, `Unregister`, `LinkClose`, `TimeOut`; may be missing.
    pub reason: String,
    /// `EventTime`, milliseconds; missing in old forms.
    pub at: Option<Timestamp>,
}

/// Checks a callback and reads it. `query` is the raw query string, `body` the raw body.
///
/// # Errors
/// [`Rejected`] says which check failed.
pub fn receive(query: &str, body: &[u8], trust: Trust<'_>, now: Timestamp) -> Result<Callback, Rejected> {
    let query = Query::parse(query);
    query.check(trust, now)?;
    let document = heal(body);
    let fields = &Fields::of(&document)?;
    // Checked before anything else is read: a replayed signature must not turn one command into another.
    let command = fields.text("CallbackCommand")?;
    if query.command != command {
        return Err(Rejected::CommandMismatch);
    }
    match &*command {
        "C2C.CallbackBeforeSendMsg" => Ok(Callback::BeforeSend(Box::new(sent(fields, "MsgTime")?))),
        "C2C.CallbackAfterSendMsg" => Ok(Callback::AfterSend(Box::new(sent(fields, "MsgTime")?))),
        "C2C.CallbackAfterMsgReport" => Ok(Callback::Read(Read {
            reader: account(fields, "Report_Account")?,
            peer: account(fields, "Peer_Account")?,
            up_to: seconds(fields.number("LastReadTime")?),
        })),
        "C2C.CallbackAfterMsgWithDraw" => {
            let (from, to) = (account(fields, "From_Account")?, account(fields, "To_Account")?);
            let key = bounded(&fields.text("MsgKey")?, "MsgKey", KEY_BYTES_MAX)?;
            let at = fields.optional_number("EventTime")?.map(Timestamp);
            Ok(Callback::Withdrawn(Withdrawn { from, to, key }, at))
        }
        "State.StateChange" => state_change(fields),
        _ => Ok(Callback::Other),
    }
}

/// Whom a callback is about, as accounts; nobody where it is not one of ours, or cannot be read. For finding out who takes it, before
/// [`receive`] says whether it is taken.
pub fn accounts(query: &str, body: &[u8], trust: Trust<'_>, now: Timestamp) -> Vec<String> {
    if Query::parse(query).check(trust, now).is_err() {
        return Vec::new();
    }
    let document = heal(body);
    let Ok(fields) = Fields::of(&document) else { return Vec::new() };
    let mut accounts: Vec<_> = ["From_Account", "To_Account", "Report_Account", "Peer_Account"]
        .into_iter()
        .filter_map(|name| account(&fields, name).ok())
        .collect();
    accounts.extend(fields.object("Info").and_then(|info| account(&info, "To_Account")).ok());
    accounts
}

/// A message out of Tencent's history.
#[derive(Debug, Clone, PartialEq)]
pub struct Fetched {
    /// As the callback would have told it.
    pub sent: SentMessage,
    /// Taken back since.
    pub is_withdrawn: bool,
    /// The receiver has said that they read it.
    pub is_read: bool,
}

/// `MsgFlagBits` of a message that was taken back (document 269/42794).
const WITHDRAWN: u32 = 8;

/// Reads an entry of the history (`openim/admin_getroammsg`): the callback's message, with its time under another name.
///
/// # Errors
/// [`Rejected`] names the field that is missing or malformed.
pub fn fetched(entry: &Value) -> Result<Fetched, Rejected> {
    let document = entry.to_string();
    let fields = &Fields::of(&document)?;
    let time = if fields.json("MsgTimeStamp").is_some() { "MsgTimeStamp" } else { "MsgTime" };
    let flags: u32 = fields.optional_number("MsgFlagBits")?.unwrap_or(0);
    Ok(Fetched {
        is_withdrawn: flags & WITHDRAWN != 0,
        is_read: fields.optional_number::<u32>("IsPeerRead")?.unwrap_or(0) != 0,
        sent: sent(fields, time)?,
    })
}

/// The answer to a message that may not be sent: `ActionStatus` is OK here too, and the client sees code and reason.
pub fn denied(reason: &str) -> Value {
    json!({
        "code": -1, "message": reason, "result": null,
        "ActionStatus": "OK", "ErrorInfo": reason, "ErrorCode": DENIED,
    })
}

/// The first of the codes that reach the client who sent (docs/protocols.md 2.2).
const DENIED: u32 = 120_001;

/// The answer to a callback that was taken: both forms in one (docs/contract.md 7).
pub fn accepted() -> Value {
    json!({
        "code": 0, "message": "OK", "result": "ok",
        "ActionStatus": "OK", "ErrorInfo": "", "ErrorCode": 0,
    })
}

/// The answer to a callback that was not taken; sent with HTTP 200, since Tencent counts others as an outage.
pub fn failed(reason: &str) -> Value {
    json!({
        "code": -1, "message": reason, "result": null,
        "ActionStatus": "FAIL", "ErrorInfo": reason, "ErrorCode": 1,
    })
}

/// `time` is the name of the moment it was said.
fn sent(fields: &Fields<'_>, time: &'static str) -> Result<SentMessage, Rejected> {
    let sequence = fields.number("MsgSeq")?;
    let random = fields.number("MsgRandom")?;
    let time: u32 = fields.number(time)?;
    let key = match fields.optional_text("MsgKey")? {
        Some(key) => bounded(&key, "MsgKey", KEY_BYTES_MAX)?,
        None => format!("{sequence}_{random}_{time}"),
    };
    let body = fields.json("MsgBody").and_then(Body::read).ok_or(Rejected::Field("MsgBody"))?;
    let (from, to) = (account(fields, "From_Account")?, account(fields, "To_Account")?);
    let online_only = fields.optional_number::<u32>("OnlineOnlyFlag")?.unwrap_or(0) != 0;
    let send_result = fields.optional_number("SendMsgResult")?.unwrap_or(0);
    let cloud_custom_data = fields.optional_text("CloudCustomData")?.unwrap_or_default().into_owned();
    let said_at = seconds(time);
    Ok(SentMessage {
        from,
        to,
        sequence,
        random,
        said_at,
        key,
        online_only,
        send_result,
        cloud_custom_data,
        body,
    })
}

fn state_change(fields: &Fields<'_>) -> Result<Callback, Rejected> {
    let at = fields.optional_number("EventTime")?.map(Timestamp);
    let info = &fields.object("Info")?;
    Ok(Callback::State(StateChange {
        account: account(info, "To_Account")?,
        action: info.text("Action")?.into_owned(),
        reason: info.optional_text("Reason")?.unwrap_or_default().into_owned(),
        at,
    }))
}

fn account(fields: &Fields<'_>, name: &'static str) -> Result<String, Rejected> {
    bounded(&fields.text(name)?, name, ACCOUNT_BYTES_MAX)
}

fn bounded(text: &str, name: &'static str, bytes_max: usize) -> Result<String, Rejected> {
    if text.is_empty() || text.len() > bytes_max { Err(Rejected::Field(name)) } else { Ok(text.to_owned()) }
}

fn seconds(seconds: u32) -> Timestamp {
    Timestamp(i64::from(seconds) * 1000)
}

/// The parameters that are checked; names as Tencent writes them. The others are hints that nobody needs.
#[derive(Default)]
struct Query<'a> {
    sdk_app_id: Cow<'a, str>,
    command: Cow<'a, str>,
    sign: Cow<'a, str>,
    request_time: Cow<'a, str>,
}

impl<'a> Query<'a> {
    fn parse(query: &'a str) -> Self {
        let mut found = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "SdkAppid" => found.sdk_app_id = value,
                "CallbackCommand" => found.command = value,
                "Sign" => found.sign = value,
                "RequestTime" => found.request_time = value,
                _ => {}
            }
        }
        found
    }

    fn check(&self, trust: Trust<'_>, now: Timestamp) -> Result<(), Rejected> {
        if trust.sdk_app_id == 0 {
            return Err(Rejected::NotConfigured);
        }
        if self.sdk_app_id.parse() != Ok(trust.sdk_app_id) {
            return Err(Rejected::ForeignApp);
        }
        if trust.token.is_empty() || self.is_signed(trust.token, now) {
            Ok(())
        } else {
            Err(Rejected::BadSign)
        }
    }

    /// Plain SHA-256 of token and time, not an HMAC; the body is not covered (docs/protocols.md 2.1).
    fn is_signed(&self, token: &str, now: Timestamp) -> bool {
        let Ok(request_seconds) = self.request_time.parse::<u32>() else { return false };
        let requested = seconds(request_seconds);
        let skew = now.since(requested).max(requested.since(now));
        let expected = sign(token, &self.request_time);
        let same: bool = expected.as_bytes().ct_eq(self.sign.as_bytes()).into();
        same && skew <= REQUEST_TIME_SKEW
    }
}

/// `Sign` of a callback: lower-case hex of `SHA256(token + request_time)`.
pub fn sign(token: &str, request_time: &str) -> String {
    hex::encode(Sha256::new().chain_update(token).chain_update(request_time).finalize())
}

#[cfg(test)]
mod tests;
