//! Deliberate faults, for the proof alone: a simulation that has never gone red proves nothing. Without the feature
//! `sabotage`, which only the tests of this crate switch on, none can be committed and every seam compiles to nothing.

/// A fault that can be put into the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// An answer leaves when it is decided, not when it is committed (L-5).
    AnswerBeforeCommit,
    /// Only the repeated yes to the same request does (L-5).
    RepeatedYesBeforeCommit,
    /// Only a refusal does (L-5).
    RefusalBeforeCommit,
    /// Sockets hear what is on its way to the store (L-5).
    TellBeforeKept,
    /// What is looked at is what is decided (L-5).
    ShowBeforeKept,
    /// Another's row is taken for one's own (L-9).
    FenceTakenForLanded,
    /// What is tried again is not what was frozen (L-6).
    RegatherOnRetry,
    /// A batch ends in the middle of a decision (L-6).
    SplitDecision,
    /// A retry begins with the next batch, without the one whose outcome is unknown (L-6).
    SkipUnknownBatch,
    /// The end of a talk frees another's place too (L-7).
    ReleaseTwice,
    /// The end of a talk frees no place (L-7, L-3).
    ForgetRelease,
    /// One more than the places (L-1).
    SeatBeyondCapacity,
    /// Who came last is served first (L-4).
    ServeNewestFirst,
    /// A visitor opens a second beside the first (L-2).
    OpenBeside,
    /// A freed place is given to nobody (L-3).
    ForgetTheQueue,
    /// The talks of before a restart have no clock after it (L-10).
    ForgetDeadlineOnRevival,
    /// A message delivered again counts as sent again (L-8).
    CountWordAgain,
    /// Whoever wrote last is asked for silence and ended for it like anybody (L-11).
    EndWhoeverWrote,
    /// Words that another server has stored do not count (L-11, and alarms about nothing).
    ForgetTheRecord,
    /// Nobody hears of a visitor who waits for a second answer.
    AlarmAtTheStartAlone,
    /// A tab that comes back says what its person is, whatever they chose meanwhile.
    BelieveReconnects,
    /// Timers are believed: what they wake for is not checked again.
    BelieveTimers,
    /// What needs no commit is answered without asking whose the journal is.
    AnswerUnconfirmed,
}

/// Whether this build can be sabotaged. The server does not compile if it can.
pub const POSSIBLE: bool = cfg!(feature = "sabotage");

/// Whether an answer leaves before it is committed: what was decided for the first time, a repeated yes, or a refusal.
pub(crate) fn answers_early(is_first: bool, is_yes: bool) -> bool {
    sabotaged(Sabotage::AnswerBeforeCommit)
        || (!is_first && is_yes && sabotaged(Sabotage::RepeatedYesBeforeCommit))
        || (!is_yes && sabotaged(Sabotage::RefusalBeforeCommit))
}

#[cfg(feature = "sabotage")]
mod committed {
    use std::cell::Cell;

    use super::Sabotage;

    thread_local! {
        // One simulated world per thread.
        static COMMITTED: Cell<Option<Sabotage>> = const { Cell::new(None) };
    }

    /// From now on this thread's actors have this fault, or none.
    pub fn commit(sabotage: Option<Sabotage>) {
        COMMITTED.set(sabotage);
    }

    pub(crate) fn sabotaged(sabotage: Sabotage) -> bool {
        COMMITTED.get() == Some(sabotage)
    }

    /// Does something without the fault: who judges must not have it too.
    pub fn honestly<T>(work: impl FnOnce() -> T) -> T {
        let committed = COMMITTED.take();
        let done = work();
        COMMITTED.set(committed);
        done
    }
}

#[cfg(feature = "sabotage")]
pub(crate) use committed::sabotaged;
#[cfg(feature = "sabotage")]
pub use committed::{commit, honestly};

/// Nothing to keep out.
#[cfg(not(feature = "sabotage"))]
pub fn honestly<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[cfg(not(feature = "sabotage"))]
pub(crate) const fn sabotaged(_: Sabotage) -> bool {
    false
}
