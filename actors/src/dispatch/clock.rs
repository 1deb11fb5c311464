//! The clock of one talk: pure, so that the Conversation actor that waits for it and Dispatch that checks it agree.

use std::time::Duration;

use crate::{
    dispatch::{
        conversation::{Medium, Sent},
        limits::Limits,
    },
    time::Timestamp,
};

/// What two who still speak get at least when their call ends: the limit of a text may have passed meanwhile.
pub const AFTER_CALL: Duration = Duration::from_mins(5);

/// What a talk knows of its own time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TalkClock {
    /// When the talk began.
    pub started: Timestamp,
    /// Text or a running call.
    pub medium: Medium,
    /// When the last call in it ended.
    pub call_ended: Option<Timestamp>,
    /// The last word, or the moment from which silence counts.
    pub quiet_since: Timestamp,
    /// When the notice of silence went out, if nobody has spoken since.
    pub silence_noticed: Option<Timestamp>,
    /// Whether the counselor has said anything yet.
    pub answered: bool,
    /// Whether the visitor was gone when seated, and neither came back nor was heard.
    pub absent: bool,
    /// Notices ahead of the limit and alarms already out.
    pub sent: Sent,
}

/// What falls due in a talk. In the order in which they are decided when several are due at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// The longest time is reached.
    LimitEnd,
    /// The visitor never came back.
    AbsentEnd,
    /// The notice stayed without a word.
    SilenceEnd,
    /// The limit is near: the notice of this number.
    LimitNotice(u8),
    /// The counselor has not answered: the alarm of this number.
    Unanswered(u8),
    /// It has been silent.
    SilenceNotice,
}

impl TalkClock {
    /// The clock of a talk that begins at `started`.
    pub fn new(started: Timestamp, medium: Medium, absent: bool) -> Self {
        Self {
            started,
            medium,
            call_ended: None,
            quiet_since: started,
            silence_noticed: None,
            answered: false,
            absent,
            sent: Sent::default(),
        }
    }

    /// A person said something at this moment. A word that is older than what was heard already, or is delivered again,
    /// ends no silence; one that was said before the notice and only comes after it does: there was none.
    pub fn heard(&mut self, at: Timestamp, by_counselor: bool) {
        if at > self.quiet_since {
            self.quiet_since = at;
            self.silence_noticed = None;
        }
        if by_counselor {
            self.answered = true;
        } else {
            self.absent = false;
        }
    }

    /// After a start or an outage silence counts from the return: nobody could be heard meanwhile.
    pub fn returned(&mut self, now: Timestamp) {
        self.quiet_since = self.quiet_since.max(now);
        self.silence_noticed = None;
    }

    /// A call was answered, or is over. Whoever calls is there and answers; what is said in a call is not heard here, so
    /// silence counts from its end.
    pub fn medium_changed(&mut self, medium: Medium, at: Timestamp) {
        self.medium = medium;
        self.silence_noticed = None;
        match medium {
            Medium::Text => {
                self.call_ended = Some(at);
                self.quiet_since = self.quiet_since.max(at);
            }
            Medium::Voice { .. } => {
                self.answered = true;
                self.absent = false;
            }
        }
    }

    /// When the talk must end at the latest. However often they call, text and one call are the longest it takes, and
    /// after a call nobody is cut off without notice.
    pub fn limit(&self, limits: &Limits) -> Timestamp {
        let text = self.started + limits.text_max;
        match self.medium {
            Medium::Text => self.call_ended.map_or(text, |ended| text.max(ended + AFTER_CALL)),
            Medium::Voice { since } => (since + limits.voice_max).min(text + limits.voice_max),
        }
    }

    fn in_call(&self) -> bool {
        matches!(self.medium, Medium::Voice { .. })
    }

    /// What falls due next and when: of several due at `now` the gravest, else the earliest.
    pub fn next(&self, limits: &Limits, now: Timestamp) -> (Timestamp, Due) {
        let mut best = (self.limit(limits), Due::LimitEnd);
        let mut offer = |at: Timestamp, due: Due| {
            let both_due = at <= now && best.0 <= now;
            if (both_due && due < best.1) || (!both_due && at < best.0) {
                best = (at, due);
            }
        };
        if self.absent {
            offer(self.started + limits.absent_max, Due::AbsentEnd);
        }
        match self.silence_noticed {
            _ if self.in_call() => {}
            Some(noticed) => offer(noticed + limits.silence_end, Due::SilenceEnd),
            None => offer(self.quiet_since + limits.silence_notice, Due::SilenceNotice),
        }
        for (index, at) in self.limit_notices(limits) {
            // Of several notices due at once only the last is worth sending.
            let overtaken = self.limit_notices(limits).any(|(later, at)| later > index && at <= now);
            if !self.sent.limit(index) && !overtaken {
                offer(at, Due::LimitNotice(index));
            }
        }
        if !self.answered {
            for (index, after) in (0_u8..).zip(limits.unanswered.iter()) {
                let overtaken = limits
                    .unanswered
                    .iter()
                    .skip(usize::from(index) + 1)
                    .any(|later| self.started + *later <= now);
                if !self.sent.unanswered(index) && !overtaken {
                    offer(self.started + *after, Due::Unanswered(index));
                }
            }
        }
        best
    }

    /// The notices that have room between the start and the limit.
    fn limit_notices(&self, limits: &Limits) -> impl Iterator<Item = (u8, Timestamp)> {
        let (limit, begun) = (
            self.limit(limits),
            match self.medium {
                Medium::Text => self.started,
                Medium::Voice { since } => since,
            },
        );
        (0_u8..)
            .zip(limits.limit_notices.iter())
            .map(move |(index, ahead)| (index, limit - *ahead))
            .filter(move |(_, at)| *at > begun)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: u64) -> Timestamp {
        Timestamp(0) + Duration::from_mins(minutes)
    }

    fn called(from: u64, to: u64) -> TalkClock {
        let mut clock = TalkClock::new(at(0), Medium::Text, true);
        clock.medium_changed(Medium::Voice { since: at(from) }, at(from));
        clock.medium_changed(Medium::Text, at(to));
        clock
    }

    #[test]
    fn a_call_that_ends_after_the_text_limit_leaves_five_minutes_and_a_notice() {
        let (limits, clock) = (Limits::default(), called(55, 80));
        assert_eq!(clock.limit(&limits), at(85));
        assert_eq!(clock.next(&limits, at(80)), (at(80), Due::LimitNotice(1)));
        assert_eq!(called(10, 30).limit(&limits), at(60), "within the limit nothing is added");
        assert_eq!(called(10, 58).limit(&limits), at(63));
    }

    #[test]
    fn a_word_said_before_the_notice_that_comes_after_it_was_no_silence() {
        let limits = Limits::default();
        let mut clock = TalkClock::new(at(0), Medium::Text, false);
        clock.heard(at(1), true);
        clock.silence_noticed = Some(at(11));
        clock.heard(at(1), true);
        assert_eq!(
            clock.next(&limits, at(12)),
            (at(16), Due::SilenceEnd),
            "delivered again it changes nothing"
        );
        clock.heard(at(6), false);
        assert_eq!(
            clock.next(&limits, at(12)),
            (at(16), Due::SilenceNotice),
            "ten minutes after it was said"
        );
    }

    #[test]
    fn however_often_they_call_text_and_one_call_are_the_longest() {
        let limits = Limits::default();
        let mut clock = called(55, 94);
        clock.medium_changed(Medium::Voice { since: at(98) }, at(98));
        assert_eq!(clock.limit(&limits), at(100));
    }

    #[test]
    fn in_a_call_nobody_is_silent_absent_or_unanswered() {
        let limits = Limits::default();
        let mut clock = TalkClock::new(at(0), Medium::Text, true);
        clock.medium_changed(Medium::Voice { since: at(1) }, at(1));
        assert_eq!(clock.next(&limits, at(25)), (at(31), Due::LimitNotice(0)));
        clock.medium_changed(Medium::Text, at(25));
        assert_eq!(clock.next(&limits, at(25)), (at(35), Due::SilenceNotice));
    }
}
