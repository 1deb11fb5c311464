//! What is said to a Registry, and what it needs from outside. The Registry knows the actors that it starts; they know
//! only this, and hold a recipient of what they tell.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};

use actix::{Message, Recipient};

use crate::{
    dispatch::{
        command::{Answer, Command, Refusal},
        conversation::CallSignal,
        counselor::{ChosenStatus, Role},
        limits::DispatchLimits,
        place::Forecast,
    },
    ids::{ConversationId, CounselorId, LogIn, PersonId, WriterId},
    push::{Closing, EncodedFrame, Push, SocketId},
    time::Timestamp,
};

/// Where moments come from: never earlier than before, and never standing still.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Something that happened at this moment is known: from now on it is not earlier.
    fn not_before(&self, at: Timestamp);
}

/// What the Registry bounds, and how often it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Events decided and not yet committed; beyond it new commands are refused at once.
    pub backlog_max: usize,
    /// Events in one commit.
    pub batch_max: usize,
    /// How often to look whether another server has taken over.
    pub fence_check: Duration,
    /// Committed events kept in memory for sockets that come back.
    pub resume_events_max: usize,
    /// How long state for the sockets is gathered.
    pub state_every: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            backlog_max: 20_000,
            batch_max: 2_000,
            fence_check: Duration::from_secs(5),
            resume_events_max: 10_000,
            state_every: Duration::from_secs(2),
        }
    }
}

/// What becomes of a Registry, for the process around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryStatus {
    /// It has claimed the journal and serves.
    Serving,
    /// The store answers again after an outage: whatever was said meanwhile may not have come here.
    StoreRecovered,
    /// Another server has taken the institution over.
    Fenced,
    /// The store refuses what was decided: only a fresh start from what is committed helps.
    Broken(String),
    /// It has gone without being asked to; the process cannot go on.
    Died,
}

/// All that a Registry needs from outside.
#[derive(Clone)]
pub struct Setup {
    /// The institution's code, for logs only.
    pub institution: String,
    /// Its limits in time.
    pub limits: DispatchLimits,
    /// The bounds.
    pub bounds: Bounds,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Makes a fresh writer id.
    pub writer: Arc<dyn Fn() -> WriterId + Send + Sync>,
    /// Hears what becomes of the Registry.
    pub on_status: Arc<dyn Fn(RegistryStatus) + Send + Sync>,
    /// Hears that something was committed.
    pub on_commit: Arc<dyn Fn() + Send + Sync>,
    /// The number of its first socket. Where an institution may be served again by a process that has served it before, no two
    /// Registries give the same, so that a socket that leaves takes out no other.
    pub first_socket: u64,
    /// Takes a frame for an observing supervisor, and gives it back once the audit log has it. Without it nobody notes
    /// that.
    pub noting: Option<Arc<dyn Fn(SupervisorFrame) + Send + Sync>>,
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup").field("institution", &self.institution).finish_non_exhaustive()
    }
}

/// Asks for something to be decided. Answered once everything decided so far is committed.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<Answer, Rejected>")]
pub struct Ask(pub Command);

/// One of the two in a conversation ends it. `None`: it is not open, or they are not in it, and nothing was done.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "Option<Result<Answer, Rejected>>")]
pub struct EndOwn {
    /// Which.
    pub conversation: ConversationId,
    /// Who asked, or who serves it.
    pub person: PersonId,
}

/// Why a command got no answer of Dispatch, or its no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// Dispatch said no.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// Too much is on its way to the store.
    #[error("too much is under way")]
    Busy,
    /// Another server has taken the institution over.
    #[error("another server has taken over")]
    Switching,
    /// The server stops.
    #[error("the server stops")]
    Stopping,
    /// It was decided but not confirmed to be committed: it may still happen.
    #[error("not settled")]
    Unsettled,
}

/// A command whose sender waits for no answer.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct Tell(pub Command);

/// Where a message is on its way to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It has come and is not stored yet: silence must not run out on the way.
    Coming,
    /// It is stored, for the first time. Only now it counts who has sent the last message: what comes again does not.
    Stored,
    /// It had been stored before, perhaps by another server: whether it counted here, the record says.
    Again,
    /// It cannot be stored, or is nobody's word.
    Passed,
}

/// A person's message has come.
#[derive(Debug, Clone, Copy)]
pub struct MessageSeen {
    /// Who said it.
    pub from: PersonId,
    /// To whom.
    pub to: PersonId,
    /// In which conversation, as the client claims.
    pub conversation: Option<ConversationId>,
    /// When it was said: perhaps long ago, if it is delivered late or again.
    pub at: Timestamp,
    /// How far it is.
    pub progress: Progress,
}

/// A signal of a call has come: a client says that it was answered, or is over.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Called {
    /// Who signals.
    pub from: PersonId,
    /// To whom.
    pub to: PersonId,
    /// In which conversation, as the client claims.
    pub conversation: Option<ConversationId>,
    /// When.
    pub at: Timestamp,
    /// What.
    pub signal: CallSignal,
}

/// A person's IM log-in has begun, or has ended on every device.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct LoggedIn {
    /// Whose.
    pub person: PersonId,
    /// Whether they ask for conversations, so that their presence matters.
    pub is_visitor: bool,
    /// When it was so; what is older than what is known already is passed over.
    pub at: Timestamp,
    /// Begun, or ended.
    pub here: bool,
}

/// Which supervisors look after which counselors: who hears that a visitor is unanswered.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct Bind(pub BTreeMap<CounselorId, BTreeSet<PersonId>>);

/// What is known of past talks and of the days ahead.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct SetForecast(pub Arc<Forecast>);

/// Who sits behind a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketRole {
    /// Somebody who asks for conversations.
    Visitor,
    /// Somebody with places; their first socket makes them known if they are not.
    Counselor {
        /// As what.
        role: Role,
        /// With how many places.
        capacity: u32,
        /// What the client wishes the person to be; counts for one who was offline.
        choice: Option<ChosenStatus>,
    },
    /// Somebody who only looks on.
    Administrator,
}

/// A socket comes.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<SocketId, Rejected>")]
pub struct Join {
    /// Whose.
    pub person: PersonId,
    /// As what.
    pub socket_role: SocketRole,
    /// By which log-in.
    pub login: LogIn,
    /// Where to.
    pub socket: Recipient<Push>,
    /// The cursor up to which the client knows everything.
    pub since: Option<u64>,
    /// Dropped when whoever asked has given up: then nobody joins. None: they wait for as long as it takes.
    pub caller: Option<Weak<()>>,
}

/// A socket has gone.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Leave(pub SocketId);

/// Somebody at a socket chose their presence. Their sockets are told once it is committed.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Choose {
    /// Who.
    pub counselor: CounselorId,
    /// What.
    pub choice: ChosenStatus,
}

/// Log-ins of a person have ended: their sockets hear nothing more and are closed, and who has no other socket is
/// offline at once.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct EndLogIns {
    /// Whose.
    pub person: PersonId,
    /// Which of them.
    pub which: LogIns,
    /// Why their sockets are closed.
    pub closing: Closing,
}

/// Some of a person's log-ins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogIns {
    /// Every one.
    All,
    /// One of them.
    One(LogIn),
    /// All but this one.
    AllBut(LogIn),
}

impl LogIns {
    /// Whether `login` is one of them.
    pub fn contain(self, login: LogIn) -> bool {
        match self {
            Self::All => true,
            Self::One(one) => login == one,
            Self::AllBut(other) => login != other,
        }
    }
}

/// Something of a talk, stored already: for the sockets of the two, and of whoever is asked about it just now.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct OutgoingMessage {
    /// Of which talk.
    pub conversation: ConversationId,
    /// The two.
    pub to: [PersonId; 2],
    /// The socket that sent it and is answered itself.
    pub except: Option<SocketId>,
    /// What.
    pub frame: EncodedFrame,
}

/// Something of a talk between two others, for whoever is asked about it just now. Given back to the Registry, it goes
/// to that person's sockets, if they still are asked about it.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct SupervisorFrame {
    /// Of which talk.
    pub conversation: ConversationId,
    /// Who is asked about it.
    pub person: PersonId,
    /// The socket that sent it and is answered itself.
    pub except: Option<SocketId>,
    /// What.
    pub frame: EncodedFrame,
}

/// The server shuts down: the Registry refuses what is new, waits for the journal, closes the sockets.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct ShutDown;

/// Another server is to own the institution: as [`ShutDown`], but whoever is refused or closed comes back at once, to the other. The
/// Registry goes on answering until it is told to [`Retire`].
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct HandOver;

/// Another server owns the institution: the Registry tells whoever waits, closes the sockets and ends.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Retire;

/// This server cannot reach the others for now, and one of them may have taken over: the sockets are told to go elsewhere. Whoever
/// comes back is served if it has not.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct SendSocketsAway;

/// A counselor's last socket is gone for longer than the grace.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub(crate) struct GraceOver(pub(crate) CounselorId);
