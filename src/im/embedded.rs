//! An IM of our own for places without Tencent (`im.mode = "embedded"`): what people say, take back and read over their
//! sockets. Each message takes the same road as a callback's, so that nothing behind it knows the difference.

mod frames;
mod rows;

use std::fmt;

use hotline_actors::{
    ConversationId, PersonId, Timestamp,
    push::{Parcel, SocketId},
};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use std::time::Duration;
use uuid::Uuid;

use super::{
    callback::{Body, Read, Sent, Withdrawn},
    gate::Closed,
};
use crate::{
    answer::{Fault, describe},
    app::AppState,
    auth::Caller,
    clock,
    config::ImMode,
    database::Patience,
    images,
    messages::{
        NewMessage,
        said::{Draft, Letter},
        web::StoredMessage,
    },
};
use frames::Shown;
use rows::Talk;

/// Characters of one text.
pub const TEXT_CHARS_MAX: usize = 4000;
/// Characters of a client's own key of a message.
const REFERENCE_CHARS_MAX: usize = 64;
/// How long a message may be taken back, as with Tencent.
const RECALL_MAX: Duration = Duration::from_mins(2);

/// Something to be said: a text, or a picture that was uploaded before. Holds a person's words: prints none of them.
#[derive(Deserialize)]
pub struct Say {
    #[serde(rename = "ref")]
    reference: String,
    conversation: String,
    text: Option<String>,
    image: Option<String>,
}

impl fmt::Debug for Say {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Say(…)")
    }
}

/// What a client asks for over its socket. Holds a person's words: prints none of them.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Command {
    /// Says something.
    Say(Say),
    /// Takes a message of one's own back.
    Recall {
        #[serde(rename = "ref")]
        reference: String,
        conversation: String,
        message: String,
    },
    /// Has read everything the other one said so far.
    Read { conversation: String },
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Say(_) => "Say(…)",
            Self::Recall { .. } => "Recall(…)",
            Self::Read { .. } => "Read(…)",
        })
    }
}

/// Why what was asked did not happen.
enum Refused {
    /// For the person who asked.
    Because(String),
    /// The database could not be asked.
    Unwilling(sqlx::Error),
}

impl Refused {
    fn reason(self) -> String {
        match self {
            Self::Because(reason) => reason,
            Self::Unwilling(error) => {
                tracing::warn!(error = %describe(&error), "what somebody said or read found the database unwilling");
                "系统繁忙，请稍后再试".to_owned()
            }
        }
    }
}

impl From<&str> for Refused {
    fn from(reason: &str) -> Self {
        Self::Because(reason.to_owned())
    }
}

impl From<sqlx::Error> for Refused {
    fn from(error: sqlx::Error) -> Self {
        Self::Unwilling(error)
    }
}

/// The talk, if the caller is one of the two and it goes on.
///
/// # Errors
/// -1.
pub async fn open_talk(state: &AppState, caller: &Caller, named: &str) -> Result<ConversationId, Fault> {
    let talk = talk(state, caller, named).await?;
    talk.is_open().map_err(|closed| Fault::wrong(closed.to_string()))?;
    Ok(talk.id)
}

/// The talk, if the caller is one of the two. Another's is as unknown as one that never was.
async fn talk(state: &AppState, caller: &Caller, named: &str) -> Result<Talk, Refused> {
    if state.settings.im.mode != ImMode::Embedded {
        return Err("未启用内置即时通信".into());
    }
    let talk = match named.parse::<ConversationId>() {
        Ok(id) => rows::talk(&state.pool, id).await?,
        Err(_malformed) => None,
    };
    let mine =
        |talk: &Talk| talk.is_party(caller.id) && caller.institution.as_deref() == Some(&talk.institution);
    talk.filter(mine).ok_or_else(|| Refused::Because(format!("会话未找到：{}", crate::answer::echo(named))))
}

/// Says something by a request, for a page that goes away and cannot wait for its socket: the same as over a socket, and
/// stored once whichever of the two comes first.
///
/// # Errors
/// -1.
pub async fn say(state: &AppState, caller: &Caller, say: &Say) -> Result<Box<RawValue>, Fault> {
    // Every socket of theirs hears of it: none has asked.
    let asking = Asking { state, caller, socket: None };
    let said = asking.patiently(async || asking.say(say).await).await?;
    Ok(said.shown.into_row())
}

/// Does what a client asks for; what comes back is the frame for its socket, if there is one.
pub async fn obey(
    state: &AppState,
    caller: &Caller,
    socket: Option<SocketId>,
    command: Command,
) -> Option<String> {
    let asking = Asking { state, caller, socket };
    let (reference, done) = match command {
        Command::Say(say) => {
            let said = asking.patiently(async || asking.say(&say).await).await;
            let frame = said.map(|said| Some(frames::said(&say.reference, said.talk, &said.shown)));
            (Some(say.reference), frame)
        }
        Command::Recall { reference, conversation, message } => {
            let recall = async || asking.recall(&reference, &conversation, &message).await;
            let recalled = asking.patiently(recall).await;
            (Some(reference), recalled.map(Some))
        }
        Command::Read { conversation } => {
            let read = asking.patiently(async || asking.read(&conversation).await).await;
            (None, read.map(|()| None))
        }
    };
    done.unwrap_or_else(|refused| Some(frames::error(reference.as_deref(), &refused.reason())))
}

/// What was said, now or before.
struct Said {
    talk: ConversationId,
    shown: Shown,
}

/// A person's command on its way.
struct Asking<'a> {
    state: &'a AppState,
    caller: &'a Caller,
    /// The socket it came over, which is answered and hears nothing else of it.
    socket: Option<SocketId>,
}

impl Asking<'_> {
    /// Whoever has said something and is gone cannot say it again. So a database that is away is waited for as long as last
    /// words may take; each of these comes to the same however often it is done.
    async fn patiently<T>(&self, act: impl AsyncFn() -> Result<T, Refused>) -> Result<T, Refused> {
        let mut patience = Patience::new(Duration::from_secs(self.state.settings.sockets.finish_seconds_max));
        loop {
            match act().await {
                Err(Refused::Unwilling(error)) => {
                    if !patience.bears(&error).await {
                        return Err(Refused::Unwilling(error));
                    }
                }
                done => return done,
            }
        }
    }

    async fn say(&self, say: &Say) -> Result<Said, Refused> {
        let Say { reference, conversation, text, image } = say;
        let chars = reference.chars().count();
        if !(1..=REFERENCE_CHARS_MAX).contains(&chars) || reference.contains('\0') {
            return Err("参数格式不正确：ref".into());
        }
        let talk = self.talk(conversation).await?;
        let (from, to) = talk.accounts(self.caller.id);
        let key = format!("{}:{reference}", talk.id);
        if let Err(closed) = talk.is_open() {
            // Perhaps it was stored, and only the answer got lost.
            let before = rows::by_key(&self.state.pool, from, to, &key).await?;
            let before = before.ok_or_else(|| Refused::Because(closed.to_string()))?;
            return Ok(Said { talk: talk.id, shown: frames::shown(before, &talk.sides, Some(reference)) });
        }
        let body = match (text.as_deref().map(str::trim), image) {
            // The record cannot hold U+0000; what is told is what is kept.
            (Some(text), None) => text_element(&text.replace('\0', "\u{fffd}"))?,
            (None, Some(image)) => self.image_element(&talk, image).await?,
            (Some(_), Some(_)) | (None, None) => return Err("参数格式不正确：text, image".into()),
        };
        let now = clock::steady();
        let sent = sent(from, to, key.clone(), talk.id, &body);
        let message = NewMessage::new(sent.clone(), &self.state.settings.im.administrator, now);
        let write = |id, said_at| {
            let message = stored(id, said_at, &sent, body);
            let shown = frames::shown(message, &talk.sides, Some(reference));
            let letter = self.letter(&talk, frames::message(talk.id, &shown), true);
            (letter, shown)
        };
        let shown = match self.state.messages.say(Draft { message, write }, now).await {
            Ok(Some(shown)) => shown,
            Ok(None) => self.said_before(&talk, from, to, &key, reference).await?,
            Err(fault) => return Err(Refused::Because(fault.to_string())),
        };
        Ok(Said { talk: talk.id, shown })
    }

    async fn said_before(
        &self,
        talk: &Talk,
        from: &str,
        to: &str,
        key: &str,
        reference: &str,
    ) -> Result<Shown, Refused> {
        let before = rows::by_key(&self.state.pool, from, to, key).await?;
        let before = before.ok_or("消息无法保存")?;
        Ok(frames::shown(before, &talk.sides, Some(reference)))
    }

    async fn recall(&self, reference: &str, conversation: &str, message: &str) -> Result<String, Refused> {
        let talk = self.talk(conversation).await?;
        let (from, to) = talk.accounts(self.caller.id);
        let named = message.parse().ok().map(|id: PersonId| id.0);
        let found = match named {
            Some(id) => rows::own(&self.state.pool, talk.id, id, from).await?,
            None => None,
        };
        let found = found.ok_or("消息未找到")?;
        if !found.is_revoked {
            if talk.is_open().is_err() {
                return Err("会话已结束，不能撤回".into());
            }
            let now = clock::steady();
            if now.since(Timestamp(found.said_at)) > RECALL_MAX {
                return Err("消息发送已超过两分钟，不能撤回".into());
            }
            let withdrawn = Withdrawn { from: from.to_owned(), to: to.to_owned(), key: found.key };
            self.state.messages.mark_withdrawn(&self.state.pool, &withdrawn, now).await?;
            let told = self.letter(&talk, frames::recalled(None, talk.id, found.id), true);
            self.state.institutions.deliver(told);
        }
        Ok(frames::recalled(Some(reference), talk.id, found.id))
    }

    async fn read(&self, conversation: &str) -> Result<(), Refused> {
        let talk = self.talk(conversation).await?;
        let (reader, peer) = talk.accounts(self.caller.id);
        let Some(until) = rows::unread_until(&self.state.pool, talk.id, peer, reader).await? else {
            return Ok(());
        };
        let read = Read { reader: reader.to_owned(), peer: peer.to_owned(), up_to: until };
        self.state.messages.mark_read(&self.state.pool, &read).await?;
        let told = self.letter(&talk, frames::read(talk.id, self.caller.id, until), false);
        self.state.institutions.deliver(told);
        Ok(())
    }

    async fn talk(&self, named: &str) -> Result<Talk, Refused> {
        talk(self.state, self.caller, named).await
    }

    async fn image_element(&self, talk: &Talk, named: &str) -> Result<Value, Refused> {
        let found = match named.parse().ok().map(|id: PersonId| id.0) {
            Some(id) => images::uploaded(&self.state.pool, id, talk.id, self.caller.id).await?,
            None => None,
        };
        let picture = found.ok_or("图片未找到")?;
        Ok(picture.element(&self.state.settings.server.base_path))
    }

    fn letter(&self, talk: &Talk, frame: String, but_not_here: bool) -> Letter {
        Letter {
            institution: talk.institution.clone(),
            conversation: talk.id,
            to: talk.parties,
            except: self.socket.filter(|_| but_not_here),
            parcel: Parcel(frame.into()),
        }
    }
}

fn text_element(text: &str) -> Result<Value, Refused> {
    match text.chars().count() {
        0 => Err("消息内容不能为空".into()),
        1..=TEXT_CHARS_MAX => Ok(json!([{ "MsgType": "TIMTextElem", "MsgContent": { "Text": text } }])),
        _ => Err(Refused::Because(format!("消息内容不能超过{TEXT_CHARS_MAX}字"))),
    }
}

/// As a callback would have told it. Our own has no numbers: nothing can be missing between two of them.
fn sent(from: &str, to: &str, key: String, conversation: ConversationId, body: &Value) -> Sent {
    Sent {
        from: from.to_owned(),
        to: to.to_owned(),
        sequence: 0,
        random: 0,
        said_at: Timestamp(0),
        key,
        online_only: false,
        send_result: 0,
        cloud_custom_data: conversation.to_string(),
        body: Body::of(body),
    }
}

/// The row that it becomes.
fn stored(id: Uuid, said_at: Timestamp, sent: &Sent, body: Value) -> StoredMessage {
    StoredMessage {
        id,
        from: sent.from.clone(),
        to: sent.to.clone(),
        sequence: sent.sequence.into(),
        random: sent.random.into(),
        said_at: said_at.0,
        body,
        cloud_custom_data: sent.cloud_custom_data.clone(),
        is_read: false,
        is_revoked: false,
        notice_kind: None,
        notice_seconds: None,
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        Self::wrong(refused.reason())
    }
}

impl Talk {
    fn is_open(&self) -> Result<(), Closed> {
        match self.status.as_str() {
            "IN_PROGRESS" => Ok(()),
            "WAITING" => Err(Closed::Waiting),
            _ => Err(Closed::NoConversation),
        }
    }
}
