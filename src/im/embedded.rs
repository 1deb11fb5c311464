//! An IM of our own for places without Tencent (`im.mode = "embedded"`): what people say, take back and read over their
//! sockets. Each message is processed like one from a callback, so that no later code needs to tell them apart.

mod by_request;
pub(crate) mod frames;
mod pace;
mod rows;

use std::{fmt, sync::Arc, time::Duration};

use hotline_actors::{
    ConversationId, PersonId, Timestamp,
    dispatch::conversation::Status,
    push::{EncodedFrame, SocketId},
    registry::OutgoingMessage,
};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgPool;
use utoipa::ToSchema;
use uuid::Uuid;

use super::gate::Closed;
use crate::{
    clock,
    config::{ImMode, Settings},
    database::RetryDelay,
    errors::describe,
    identity::Caller,
    images,
    institutions::Institutions,
    messages::{
        Body, MessageStore, NewMessage, Read, SentMessage, StoreFault, Withdrawn,
        outgoing::{Delivery, UnsentMessage},
        web::StoredMessage,
    },
    text::{self, echo},
};
pub use by_request::WORDS_MAX;
use frames::MessageJson;
pub use frames::error as error_frame;
pub use pace::FRAMES_PER_HEARTBEAT;
use pace::Paces;
use rows::Talk;

/// Characters of one text.
pub const TEXT_CHARS_MAX: usize = 4000;
/// Characters of a client's own key of a message.
const REFERENCE_CHARS_MAX: usize = 64;
/// How long a message may be taken back, as with Tencent.
const RECALL_MAX: Duration = Duration::from_mins(2);

/// 发送一条消息；`text` 与 `image` 二选一
// Holds a person's words: prints none of them.
#[derive(Deserialize, ToSchema)]
pub struct Say {
    /// 客户端为此消息取的名字，1 到 64 字；重发时不变
    #[serde(rename = "ref")]
    #[schema(example = "7f0c2d9e")]
    reference: String,
    /// 会话id
    conversation: String,
    /// 文字，1 到 4000 字；与 `image` 二选一
    text: Option<String>,
    /// 已上传的图片（`POST /im/image`）的id
    image: Option<String>,
}

impl fmt::Debug for Say {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Say(…)")
    }
}

/// What a client asks for over its socket. Holds a person's words: prints none of them.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum TalkCommand {
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

impl fmt::Debug for TalkCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Say(_) => "Say(…)",
            Self::Recall { .. } => "Recall(…)",
            Self::Read { .. } => "Read(…)",
        })
    }
}

/// Why what was asked did not happen.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    /// People talk over Tencent here.
    #[error("this server carries no messages itself")]
    Off,
    /// It is nothing that could be said; its parts are not told apart.
    #[error("not in the form of a message")]
    Malformed,
    /// This part of it is not what it should be.
    #[error("{0} is not what it should be")]
    Bad(&'static str),
    #[error("the text is empty")]
    EmptyText,
    #[error("the text is too long")]
    LongText,
    /// No conversation of theirs has this id, as far as it can be said back.
    #[error("no such conversation")]
    UnknownConversation { id: String },
    #[error(transparent)]
    Closed(#[from] Closed),
    #[error("no such picture")]
    UnknownPicture,
    #[error("no such message")]
    UnknownMessage,
    /// What was said before under this key cannot be found again.
    #[error("the message cannot be stored")]
    Unfit,
    /// The talk is over.
    #[error("nothing can be recalled after the end")]
    RecallAfterEnd,
    /// Longer ago than `RECALL_MAX`.
    #[error("too late to recall it")]
    RecallTooLate,
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// The person says too much to have it done in time.
    #[error("too much of one person is under way")]
    Busy,
    #[error("{}", describe(.0))]
    Database(#[from] sqlx::Error),
}

/// What did not happen, for whoever asked for it by this key of theirs.
#[derive(Debug)]
pub struct Refused {
    pub reference: Option<String>,
    pub why: NotDone,
}

/// The IM of our own. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Embedded {
    settings: Arc<Settings>,
    pool: PgPool,
    messages: MessageStore,
    institutions: Institutions,
    /// Of those who say something by requests.
    paces: Paces,
}

impl Embedded {
    pub fn new(
        settings: Arc<Settings>,
        pool: PgPool,
        messages: MessageStore,
        institutions: Institutions,
    ) -> Self {
        let paces = Paces::new(Duration::from_secs(settings.sockets.heartbeat_seconds));
        Self { settings, pool, messages, institutions, paces }
    }

    /// The talk, if the caller is one of the two and it goes on.
    ///
    /// # Errors
    /// [`NotDone`].
    pub async fn open_talk(&self, caller: &Caller, named: &str) -> Result<ConversationId, NotDone> {
        let talk = self.talk(caller, named).await?;
        talk.is_open()?;
        Ok(talk.id)
    }

    /// The talk, if the caller is one of the two. Another's is as unknown as one that never was.
    async fn talk(&self, caller: &Caller, named: &str) -> Result<Talk, NotDone> {
        if self.settings.im.mode != ImMode::Embedded {
            return Err(NotDone::Off);
        }
        let talk = match named.parse::<ConversationId>() {
            Ok(id) => rows::talk(&self.pool, id).await?,
            Err(_malformed) => None,
        };
        let mine = |talk: &Talk| {
            talk.is_party(caller.id) && caller.institution.as_deref() == Some(&talk.institution)
        };
        talk.filter(mine).ok_or_else(|| NotDone::UnknownConversation { id: echo(named).to_owned() })
    }

    /// Does what a client asks for; what comes back is the frame for its socket, if there is one.
    ///
    /// # Errors
    /// [`Refused`] for whoever asked.
    pub async fn handle_command(
        &self,
        caller: &Caller,
        socket: Option<SocketId>,
        command: TalkCommand,
    ) -> Result<Option<String>, Refused> {
        let asking = Asking { im: self, caller, socket };
        match command {
            TalkCommand::Say(say) => asking.answer(&say).await.map(Some),
            TalkCommand::Recall { reference, conversation, message } => {
                let recall = async || asking.recall(&reference, &conversation, &message).await;
                let recalled = asking.retry(recall).await;
                recalled.map(Some).map_err(|why| Refused { reference: Some(reference), why })
            }
            TalkCommand::Read { conversation } => {
                let read = asking.retry(async || asking.read(&conversation).await).await;
                read.map(|()| None).map_err(|why| Refused { reference: None, why })
            }
        }
    }
}

/// What was said, now or before.
struct Said {
    talk: ConversationId,
    shown: MessageJson,
}

/// A person's command on its way.
struct Asking<'a> {
    im: &'a Embedded,
    caller: &'a Caller,
    /// The socket it came over: it gets the answer, and not the broadcast.
    socket: Option<SocketId>,
}

impl Asking<'_> {
    /// What whoever says it is told: `said`.
    async fn answer(&self, say: &Say) -> Result<String, Refused> {
        match self.retry(async || self.say(say).await).await {
            Ok(said) => Ok(frames::said(&say.reference, said.talk, &said.shown)),
            Err(why) => Err(Refused { reference: Some(say.reference.clone()), why }),
        }
    }

    /// Whoever has said something and is gone cannot say it again. So a database that is away is waited for as long as last
    /// words may take; each of these comes to the same however often it is done.
    async fn retry<T>(&self, act: impl AsyncFn() -> Result<T, NotDone>) -> Result<T, NotDone> {
        let mut delay = RetryDelay::new(Duration::from_secs(self.im.settings.sockets.finish_seconds_max));
        loop {
            match act().await {
                Err(NotDone::Database(error)) => {
                    if !delay.may_retry_after(&error).await {
                        return Err(NotDone::Database(error));
                    }
                }
                done => return done,
            }
        }
    }

    async fn say(&self, say: &Say) -> Result<Said, NotDone> {
        let Say { reference, conversation, text, image } = say;
        let chars = reference.chars().count();
        if !(1..=REFERENCE_CHARS_MAX).contains(&chars) || reference.contains('\0') {
            return Err(NotDone::Bad("ref"));
        }
        let talk = self.talk(conversation).await?;
        let (from, to) = talk.accounts(self.caller.id);
        let key = format!("{}:{reference}", talk.id);
        if let Err(closed) = talk.is_open() {
            // Perhaps it was stored, and only the answer got lost.
            let before = rows::by_key(&self.im.pool, from, to, &key).await?;
            let before = before.ok_or(closed)?;
            return Ok(Said { talk: talk.id, shown: frames::shown(before, &talk.sides, reference) });
        }
        let body = match (text.as_deref().map(str::trim), image) {
            // The record cannot hold U+0000; what is told is what is kept.
            (Some(text), None) => text_element(&text.replace('\0', "\u{fffd}"))?,
            (None, Some(image)) => self.image_element(&talk, image).await?,
            (Some(_), Some(_)) | (None, None) => {
                return Err(NotDone::Bad("text, image"));
            }
        };
        let now = clock::steady();
        let sent = sent(from, to, key.clone(), talk.id, &body);
        let message = NewMessage::new(sent.clone(), &self.im.settings.im.administrator, now);
        let write = |id, said_at| {
            let message = stored(id, said_at, &sent, body);
            let shown = frames::shown(message, &talk.sides, reference);
            let delivery = self.delivery(&talk, frames::message(talk.id, &shown), true);
            (delivery, shown)
        };
        let shown = match self.im.messages.say(UnsentMessage { message, write }, now).await {
            Ok(Some(shown)) => shown,
            Ok(None) => {
                let shown = self.said_before(&talk, from, to, &key, reference).await?;
                self.tell_again(self.delivery(&talk, frames::message(talk.id, &shown), true));
                shown
            }
            Err(fault) => return Err(fault.into()),
        };
        self.is_told(&talk)?;
        Ok(Said { talk: talk.id, shown })
    }

    async fn said_before(
        &self,
        talk: &Talk,
        from: &str,
        to: &str,
        key: &str,
        reference: &str,
    ) -> Result<MessageJson, NotDone> {
        let before = rows::by_key(&self.im.pool, from, to, key).await?;
        let before = before.ok_or(NotDone::Unfit)?;
        Ok(frames::shown(before, &talk.sides, reference))
    }

    async fn recall(&self, reference: &str, conversation: &str, message: &str) -> Result<String, NotDone> {
        let talk = self.talk(conversation).await?;
        let (from, to) = talk.accounts(self.caller.id);
        let named = message.parse().ok().map(|id: PersonId| id.0);
        let found = match named {
            Some(id) => rows::own(&self.im.pool, talk.id, id, from).await?,
            None => None,
        };
        let found = found.ok_or(NotDone::UnknownMessage)?;
        let told = self.delivery(&talk, frames::recalled(None, talk.id, found.id), true);
        if found.is_revoked {
            self.tell_again(told);
        } else {
            if talk.is_open().is_err() {
                return Err(NotDone::RecallAfterEnd);
            }
            let now = clock::steady();
            if now.since(Timestamp(found.said_at)) > RECALL_MAX {
                return Err(NotDone::RecallTooLate);
            }
            let withdrawn = Withdrawn { from: from.to_owned(), to: to.to_owned(), key: found.key };
            self.im.messages.mark_withdrawn(&self.im.pool, &withdrawn, now).await?;
            self.im.institutions.deliver(told);
        }
        self.is_told(&talk)?;
        Ok(frames::recalled(Some(reference), talk.id, found.id))
    }

    async fn read(&self, conversation: &str) -> Result<(), NotDone> {
        let talk = self.talk(conversation).await?;
        let (reader, peer) = talk.accounts(self.caller.id);
        let Some(until) = rows::unread_until(&self.im.pool, talk.id, peer, reader).await? else {
            return Ok(());
        };
        let read = Read { reader: reader.to_owned(), peer: peer.to_owned(), up_to: until };
        self.im.messages.mark_read(&self.im.pool, &read).await?;
        let told = self.delivery(&talk, frames::read(talk.id, self.caller.id, until), false);
        self.im.institutions.deliver(told);
        Ok(())
    }

    async fn talk(&self, named: &str) -> Result<Talk, NotDone> {
        self.im.talk(self.caller, named).await
    }

    async fn image_element(&self, talk: &Talk, named: &str) -> Result<Value, NotDone> {
        let found = match named.parse().ok().map(|id: PersonId| id.0) {
            Some(id) => images::uploaded(&self.im.pool, id, talk.id, self.caller.id).await?,
            None => None,
        };
        let picture = found.ok_or(NotDone::UnknownPicture)?;
        Ok(picture.element(&self.im.settings.server.base_path))
    }

    /// Among several servers: whether the other side is told from here. What is kept and not told is asked for again, of whoever serves.
    fn is_told(&self, talk: &Talk) -> Result<(), NotDone> {
        if self.im.institutions.tells(&talk.institution) { Ok(()) } else { Err(NotDone::Busy) }
    }

    /// What is asked for again was kept before, among several servers perhaps by one that could not tell anybody. Whoever knows it
    /// already sees it once.
    fn tell_again(&self, delivery: Delivery) {
        if self.im.institutions.cluster().is_some() {
            self.im.institutions.deliver(delivery);
        }
    }

    fn delivery(&self, talk: &Talk, frame: String, but_not_here: bool) -> Delivery {
        let message = OutgoingMessage {
            conversation: talk.id,
            to: talk.parties,
            except: self.socket.filter(|_| but_not_here),
            frame: EncodedFrame(frame.into()),
        };
        Delivery { institution: talk.institution.clone(), message }
    }
}

fn text_element(text: &str) -> Result<Value, NotDone> {
    if text::is_blank(text) {
        return Err(NotDone::EmptyText);
    }
    match text.chars().count() {
        0..=TEXT_CHARS_MAX => Ok(json!([{ "MsgType": "TIMTextElem", "MsgContent": { "Text": text } }])),
        _ => Err(NotDone::LongText),
    }
}

/// As a callback would have told it. Our own has no numbers: nothing can be missing between two of them.
fn sent(from: &str, to: &str, key: String, conversation: ConversationId, body: &Value) -> SentMessage {
    SentMessage {
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
fn stored(id: Uuid, said_at: Timestamp, sent: &SentMessage, body: Value) -> StoredMessage {
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

impl Talk {
    fn is_open(&self) -> Result<(), Closed> {
        match *self.status {
            Status::InProgress => Ok(()),
            Status::Waiting => Err(Closed::Waiting),
            Status::Finished | Status::TimeOut | Status::Cancelled => Err(Closed::NoConversation),
        }
    }
}
