//! What clients asked, what they were told, and what was done to the server: in the order of our own clock, in memory and
//! in a file of JSON lines. It is all that the checker believes.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use serde::Serialize;

/// Something that somebody was told, or that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "fact", rename_all = "kebab-case")]
pub enum Fact {
    /// A visitor asks for a conversation; whether the request arrives is another matter.
    AskedOpen { visitor: String },
    /// Acknowledged: this conversation is there, and stands so.
    Opened { conversation: String, visitor: String, status: String, counselor: Option<String> },
    /// Read: it stands so.
    Seen { conversation: String, visitor: String, status: String, counselor: Option<String> },
    /// Acknowledged: it is over.
    Ended { conversation: String },
    /// Acknowledged: this message is kept. `token` stands in the messages and nowhere else.
    Said { token: String, from: String, to: String, key: String, conversation: String },
    /// The message belongs to no talk, the server says, and it is kept as unmatched.
    Unmatched { token: String, from: String, to: String, key: String },
    /// Acknowledged: this evaluation is kept.
    Evaluated { id: Option<String>, conversation: String, object: String, level: i64 },
    /// Acknowledged: the priority is this.
    Prioritized { conversation: String, priority: String },
    /// Acknowledged: so many places.
    Places { counselor: String, capacity: u32 },
    /// A socket's first frame. It will hear everything that concerns `person` after `cursor`.
    Joined { socket: u64, person: String, cursor: u64 },
    /// A socket heard an event.
    Heard { socket: u64, event: HeardEvent },
    /// A socket heard a message of our own IM that another has said.
    HeardMessage { socket: u64, conversation: String, token: String },
    /// A socket is closed; by the server, if there is a code.
    Closed { socket: u64, code: Option<u16> },
    /// Somebody said this and was gone.
    Left(Visit),
    /// Looked up in the database, past the server, right after it was told.
    Looked { what: String, there: bool },
    /// A refusal of the server's own.
    Refused { what: String, code: i64, message: String },
    /// An answer that says that something broke inside.
    Fault { what: String, status: u16 },
    /// No answer came.
    Lost { what: String },
    /// This machine let us wait so much longer than we asked for, just now: it has too much to do.
    Stalled { ms: i64 },
    /// What was done to a server.
    Server { what: ServerFact },
    /// This was done to the one server that served, beginning then by the run's clock: another has to take over. Of servers with a
    /// bus, to any of them or to what is between them: those to whom it was not done go on, or do so again soon.
    OwnerFault { fault: OwnerFault, began_ms: u64 },
    /// The database says that the institution belongs to this server now.
    Owned { epoch: i64 },
    /// A decision that was asked for at this moment of the run is acknowledged.
    Decided { asked_ms: u64 },
    /// What one server of several said when it was asked past the balancer, at this moment of the run.
    Direct { server: String, question: DirectQuestion, asked_ms: u64, answer: DirectAnswer },
    /// To whom the institutions belonged before something that is no reason to change it, and after.
    Owners { over: String, before: Vec<OwnerRow>, after: Vec<OwnerRow> },
    /// The database, or the way to it, was out of order between these two moments of the wall clock.
    Disturbed { what: String, from: i64, to: i64 },
}

/// How the server that served was put out of action, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OwnerFault {
    /// SIGKILL.
    Kill,
    /// SIGTERM.
    Stop,
    /// SIGSTOP, and SIGCONT after so many milliseconds.
    Freeze(u64),
    /// Its connections to the database closed, and refused for so long.
    Cut(u64),
    /// The same, but that nobody is told: what is sent is on its way for so long.
    SilentCut(u64),
    /// Its connections to the bus closed, and refused for so long; or held in silence, in both directions or in one.
    BusCut(u64),
    BusSilent(u64),
    /// From the bus and from the database.
    CutOff(u64),
    /// One of the nats-servers killed.
    NatsKill,
    /// All of them killed, and started again after so many milliseconds.
    NoNats(u64),
    /// The ways between them cut for so long.
    NatsSplit(u64),
    /// What was done to it is over: it takes requests again, soon.
    Healed,
}

/// What a server is asked past the balancer. None of it needs a commit where it is out of place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DirectQuestion {
    /// The end of this conversation, which another server opened.
    End(String),
    /// A conversation, by somebody who has one.
    Open,
    /// `GET /dispatch/now`.
    Now,
}

/// What it said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DirectAnswer {
    /// What was asked for, with the conversation that the answer is about, if it is about one.
    Told(Option<String>),
    Refused {
        code: i64,
        message: String,
    },
    Fault(u16),
    Nothing,
}

/// A row of `owners`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OwnerRow {
    pub institution: String,
    pub node: Option<String>,
    pub epoch: i64,
}

/// An event as a socket tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct HeardEvent {
    pub seq: u64,
    pub at: i64,
    pub kind: String,
    pub conversation: Option<String>,
    pub counselor: Option<String>,
    pub reason: Option<String>,
}

/// How somebody leaves who has just said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disconnect {
    /// With a close frame.
    CloseFrame,
    /// The end of the stream, without a close frame.
    Fin,
    /// As when a tunnel breaks: `SO_LINGER` 0.
    Reset,
    /// `POST /logout`.
    LogOut,
    /// The socket stays open, and the server stops.
    ServerStop,
}

impl Disconnect {
    pub const ALL: [Self; 5] = [Self::CloseFrame, Self::Fin, Self::Reset, Self::LogOut, Self::ServerStop];
}

/// Everything that somebody said over one socket until they left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Visit {
    pub way: Disconnect,
    pub conversation: String,
    /// In this order.
    pub tokens: Vec<String>,
    /// Said after the answer to the log-out.
    pub late: Vec<String>,
    /// When the first of it was written, by the wall clock.
    pub began: i64,
    /// When the last of it was written, and had arrived if it is known to have.
    pub left: i64,
    /// The other side's system had acknowledged all of it before the way was gone.
    pub arrived: bool,
}

/// The life of a server's process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "server", rename_all = "kebab-case")]
pub enum ServerFact {
    Started,
    Ready {
        after_ms: u64,
    },
    /// The balancer saw that it takes no requests any more.
    NotReady,
    /// SIGSTOP.
    Frozen,
    /// SIGCONT.
    Thawed,
    Killed {
        ready: bool,
    },
    /// It is asked to stop, with SIGTERM.
    Stopping,
    /// By itself, and it was meant to.
    Stopped {
        code: Option<i32>,
    },
    /// By itself, and nobody had asked for it.
    Died {
        code: Option<i32>,
    },
    /// The log tells of something that must never be.
    LogError {
        line: String,
    },
}

/// A fact, whose, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Milliseconds since the run began; never goes back.
    pub run_ms: u64,
    /// Milliseconds since the epoch.
    pub wall_ms: i64,
    pub client: String,
    #[serde(flatten)]
    pub fact: Fact,
}

/// Milliseconds since the epoch.
pub fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The one history of a run. Cheap to clone.
#[derive(Debug, Clone)]
pub struct History {
    began: Instant,
    sockets: Arc<AtomicU64>,
    acknowledged: Arc<AtomicU64>,
    written: Arc<Mutex<Entries>>,
}

#[derive(Debug)]
struct Entries {
    entries: Vec<Entry>,
    file: BufWriter<File>,
}

impl History {
    /// A history that is also written to `path`.
    pub fn open(path: &Path) -> io::Result<Self> {
        let written = Entries { entries: Vec::new(), file: BufWriter::new(File::create(path)?) };
        let (sockets, acknowledged) = (Arc::default(), Arc::default());
        Ok(Self { began: Instant::now(), sockets, acknowledged, written: Arc::new(Mutex::new(written)) })
    }

    /// A number that no other socket of the run has.
    pub fn next_socket(&self) -> u64 {
        self.sockets.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub fn note(&self, client: &str, fact: Fact) {
        let run_ms = self.run_ms();
        if let Fact::Opened { .. } | Fact::Ended { .. } | Fact::Said { .. } | Fact::Evaluated { .. } = fact {
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        let entry = Entry { run_ms, wall_ms: wall_ms(), client: client.to_owned(), fact };
        let mut written = self.written.lock().expect("nobody panics while writing");
        if let Ok(line) = serde_json::to_string(&entry) {
            // A full disk of ours is no reason to stop: the checker reads what is in memory.
            let _unwritten = writeln!(written.file, "{line}");
        }
        written.entries.push(entry);
    }

    /// How much was acknowledged so far.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// Everything so far.
    pub fn read(&self) -> Vec<Entry> {
        let mut written = self.written.lock().expect("nobody panics while writing");
        let _unwritten = written.file.flush();
        written.entries.clone()
    }

    /// Milliseconds since the run began.
    pub fn run_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
