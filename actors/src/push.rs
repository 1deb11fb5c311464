//! What goes out to sockets: values, not frames. The server writes the JSON.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use actix::{Message, Recipient};

use crate::{
    dispatch::{
        command::Place,
        conversation::Conversation,
        counselor::{ChosenStatus, PublicStatus, Role},
        event::Event,
    },
    ids::{ConversationId, CounselorId, VisitorId},
    time::Timestamp,
};

/// One socket of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub u64);

/// A committed event, and the conversation it is about as it stood right after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommittedEvent {
    /// Its number: the cursor after it.
    pub seq: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
    /// The conversation after it.
    pub facts: Option<Conversation>,
    /// Since when the visitor in it waits for an answer.
    pub unanswered_since: Option<Timestamp>,
}

/// Something that went wrong and stands until it is settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StandingAlarm {
    /// A visitor is not answered: until the counselor sends a message, or the talk ends.
    Unanswered {
        /// In which talk.
        conversation: ConversationId,
        /// By whom.
        counselor: CounselorId,
        /// Who waits.
        visitor: VisitorId,
        /// For how long: since the first message without an answer, or the start.
        since: Timestamp,
        /// How long it had been when the last alarm was raised.
        after: Duration,
    },
    /// A counselor with talks or a queue went offline: until they are back, or nobody is left who needs them.
    CounselorLost {
        /// Who.
        counselor: CounselorId,
        /// Since when.
        since: Timestamp,
        /// Their talks, and who waits for them.
        conversations: Vec<ConversationId>,
    },
}

/// Who waits for an answer, as far as a reader may see it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answers {
    /// Every talk in progress: since when its visitor waits; none if they are answered.
    pub unanswered: BTreeMap<ConversationId, Option<Timestamp>>,
    /// What is not settled.
    pub alarms: Vec<StandingAlarm>,
}

/// How loaded one counselor or supervisor is, as others see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Who.
    pub counselor: CounselorId,
    /// As what.
    pub role: Role,
    /// What others see.
    pub shown: PublicStatus,
    /// Whether on shift now.
    pub on_shift: bool,
    /// Conversations in progress.
    pub active: usize,
    /// Who waits for them by name.
    pub waiting: usize,
    /// Their places.
    pub capacity: u32,
}

/// What somebody at the workbench sees when they come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkbenchSnapshot {
    /// The last event it contains.
    pub cursor: u64,
    /// Places and talks; none for administrators, who have no places.
    pub own_places: Option<OwnPlaces>,
    /// How many stand in the common queue.
    pub common_waiting: usize,
    /// Who waits for an answer.
    pub answers: Answers,
}

/// The committed view of one's own places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnPlaces {
    /// What they chose.
    pub choice: ChosenStatus,
    /// Whether they serve the common queue now.
    pub on_shift: bool,
    /// Their places.
    pub capacity: u32,
    /// Conversations in progress, oldest first.
    pub active: Vec<Conversation>,
    /// Who waits for them by name, in the order of service.
    pub waiting: Vec<Conversation>,
}

/// A frame that the server has written; what it says is the server's own. Prints nothing: it may hold a person's words.
#[derive(Clone, PartialEq, Eq)]
pub struct EncodedFrame(pub Arc<str>);

impl fmt::Debug for EncodedFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncodedFrame(…)")
    }
}

/// Something for one socket.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub enum Push {
    /// All that concerns somebody at the workbench; first of all, unless the socket resumes.
    Workbench(Arc<WorkbenchSnapshot>),
    /// All that concerns a visitor; likewise.
    Visit {
        /// The last event it contains.
        cursor: u64,
        /// The open consultation.
        conversation: Option<Conversation>,
        /// Its place, if it waits.
        place: Option<Place>,
    },
    /// The socket resumes: what it missed follows, up to this cursor.
    Resumed {
        /// The last event that will have been sent.
        cursor: u64,
        /// What a counselor or supervisor is.
        presence: Option<ChosenStatus>,
    },
    /// What the person is from now on, whichever of their sockets chose it. State, not an event.
    Presence(ChosenStatus),
    /// Committed events, in order: all that one commit has for this socket, so that a thread is woken once for them.
    Events(Arc<[Arc<CommittedEvent>]>),
    /// A visitor's place has changed. State, not an event.
    Place(Place),
    /// The queues and the others' load have changed. State, not an event.
    QueueOverview {
        /// Who waits in the common queue.
        common_waiting: usize,
        /// Whether they themselves are on shift; none for those without places.
        on_shift: Option<bool>,
        /// Everyone's load; for supervisors and administrators only.
        others: Option<Arc<Vec<Load>>>,
    },
    /// Since when visitors wait for an answer, where that has changed; none: answered, or over. State, not an event.
    Unanswered(Arc<BTreeMap<ConversationId, Option<Timestamp>>>),
    /// Every alarm that is not settled. State, not an event.
    Alarms(Arc<Vec<StandingAlarm>>),
    /// What was said, taken back or read in a talk: stored, and as the server wrote it.
    Frame(EncodedFrame),
    /// The socket is to be closed.
    Close(Closing),
}

/// Why a socket is closed by the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// The server stops (1001).
    GoingAway,
    /// It does not keep up (1013).
    TooSlow,
    /// Another server has taken the institution over (1012).
    Switching,
    /// The log-in has ended (4003).
    LoggedOut,
    /// The person has a new password, and the log-in does not go on (4003).
    PasswordSet,
    /// What carried it has died and is being rebuilt (1011).
    Faulty,
}

/// The sockets of one person.
#[derive(Debug, Default)]
pub(crate) struct Sockets(BTreeMap<SocketId, Recipient<Push>>);

impl Sockets {
    pub(crate) fn insert(&mut self, id: SocketId, socket: Recipient<Push>) {
        self.0.insert(id, socket);
    }

    /// Takes one out, and tells it why it is closed, if it is.
    pub(crate) fn detach(&mut self, Detach { id, closing }: Detach) {
        if let Some(closing) = closing {
            self.push_to(id, Push::Close(closing));
        }
        self.0.remove(&id);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// To all; one whose mailbox is full does not keep up and is closed: it resumes from its cursor.
    pub(crate) fn push(&mut self, push: &Push) {
        self.push_except(push, None);
    }

    /// As [`Sockets::push`], to all but one.
    pub(crate) fn push_except(&mut self, push: &Push, except: Option<SocketId>) {
        self.0.retain(|id, socket| {
            if Some(*id) == except {
                return true;
            }
            match socket.try_send(push.clone()) {
                Ok(()) => true,
                Err(actix::prelude::SendError::Closed(_)) => false,
                Err(actix::prelude::SendError::Full(_)) => {
                    socket.do_send(Push::Close(Closing::TooSlow));
                    false
                }
            }
        });
    }

    /// Who waits for an answer now: all of it, for a socket that knows something older.
    pub(crate) fn push_answers(&mut self, id: SocketId, answers: Answers) {
        self.push_to(id, Push::Unanswered(Arc::new(answers.unanswered)));
        self.push_to(id, Push::Alarms(Arc::new(answers.alarms)));
    }

    /// What a socket has missed, if anything.
    pub(crate) fn resume(
        &mut self,
        id: SocketId,
        cursor: u64,
        presence: Option<ChosenStatus>,
        missed: Vec<Arc<CommittedEvent>>,
    ) {
        self.push_to(id, Push::Resumed { cursor, presence });
        if !missed.is_empty() {
            self.push_to(id, Push::Events(missed.into()));
        }
    }

    pub(crate) fn push_to(&mut self, id: SocketId, push: Push) {
        if let Some(socket) = self.0.get(&id)
            && let Err(actix::prelude::SendError::Full(_)) = socket.try_send(push)
        {
            socket.do_send(Push::Close(Closing::TooSlow));
            self.0.remove(&id);
        }
    }
}

/// What was missed by a socket that comes back, or that too much was.
#[derive(Debug, Clone)]
pub(crate) enum Greeting {
    /// Everything, from the committed view.
    Snapshot,
    /// These events, then live.
    Resume(Vec<Arc<CommittedEvent>>),
}

/// A socket for an actor.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Attach {
    pub(crate) id: SocketId,
    pub(crate) socket: Recipient<Push>,
    pub(crate) cursor: u64,
    pub(crate) greeting: Greeting,
    /// What a counselor or supervisor is.
    pub(crate) choice: Option<ChosenStatus>,
    pub(crate) on_shift: bool,
    pub(crate) common_waiting: usize,
    /// A visitor's open conversation: not all that changes in it is told to them.
    pub(crate) consultation: Option<Conversation>,
    pub(crate) place: Option<Place>,
    pub(crate) answers: Answers,
}

/// A socket has gone, or is to go: it is told no more than why.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub(crate) struct Detach {
    pub(crate) id: SocketId,
    pub(crate) closing: Option<Closing>,
}

/// Committed events for an actor, in order.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub(crate) struct CommittedEvents(pub(crate) Vec<Arc<CommittedEvent>>);

/// State for the sockets of an actor.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub(crate) struct StateUpdate(pub(crate) Push);

/// A frame for the sockets of an actor, but for the one that sent it.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub(crate) struct Broadcast {
    pub(crate) frame: EncodedFrame,
    pub(crate) except: Option<SocketId>,
}
