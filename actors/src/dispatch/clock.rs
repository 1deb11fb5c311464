//! The clock of one talk: pure, so that the Conversation actor that waits for it and Dispatch that checks it agree.

use std::time::Duration;

use crate::{
    dispatch::{
        conversation::{Medium, SentNotices},
        event::Notice,
        limits::DispatchLimits,
    },
    ids::ConversationId,
    sabotage::{Sabotage, sabotaged},
    time::Timestamp,
};

/// A message on its way to the store holds silence and alarms up for so long, if nobody reports what became of it.
const COMING_MAX: Duration = Duration::from_secs(2);

/// What two who still speak get at least when their call ends: the limit of a text may have passed meanwhile.
pub const AFTER_CALL: Duration = Duration::from_mins(5);

/// Who has said what last, as far as it is stored. Words may come late and out of order; they count by when they were
/// said, and of two at the same moment the one that came later is the later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Said {
    /// The counselor's last message, or the last call: whoever calls is there and answers.
    pub counselor: Option<Timestamp>,
    /// The visitor's messages after it, the first and the last of them: nobody has answered these.
    pub unanswered: Option<(Timestamp, Timestamp)>,
}

impl Said {
    /// One more message is stored. Each is told once, however often it is delivered.
    pub fn add(&mut self, at: Timestamp, by_counselor: bool) {
        if by_counselor {
            self.answer(at);
        } else if self.counselor.is_none_or(|answer| answer <= at) {
            let (first, last) = self.unanswered.unwrap_or((at, at));
            self.unanswered = Some((first.min(at), last.max(at)));
        }
    }

    /// What the record says besides: words that were stored and not told here. What is known here and not in `record` came
    /// while it was read.
    fn learn(&mut self, record: Self) {
        let (newer, other) =
            if record.counselor < self.counselor { (*self, record) } else { (record, *self) };
        *self = newer;
        // What only the other knows of is not answered if it was said after the later answer.
        let answer = newer.counselor;
        let after = |at: &Timestamp| answer.is_none_or(|answer| answer < *at);
        if let Some((first, last)) = other.unanswered.filter(|(_, last)| after(last)) {
            let first = if after(&first) { first } else { last };
            let (mine_first, mine_last) = self.unanswered.unwrap_or((first, last));
            self.unanswered = Some((mine_first.min(first), mine_last.max(last)));
        }
    }

    /// The latest moment of a word.
    fn last(&self) -> Option<Timestamp> {
        self.counselor.max(self.unanswered.map(|(_, last)| last))
    }

    /// Whatever was said up to this moment is answered.
    fn answer(&mut self, at: Timestamp) {
        self.counselor = Some(self.counselor.map_or(at, |before| before.max(at)));
        self.unanswered = match self.unanswered {
            Some((_, last)) if last <= at => None,
            // Which came first after it is not known any more; what is known is that the last did.
            Some((first, last)) if first <= at => Some((last, last)),
            after => after,
        };
    }

    /// As it counts at `now`: nobody has said anything later, whatever their clock told.
    #[must_use]
    pub fn until(self, now: Timestamp) -> Self {
        Self {
            counselor: self.counselor.map(|at| at.min(now)),
            unanswered: self.unanswered.map(|(first, last)| (first.min(now), last.min(now))),
        }
    }

    /// Whether the visitor has sent the last message. Nobody who waits for an answer is asked whether that was all.
    pub fn is_last_by_visitor(&self) -> bool {
        self.unanswered.is_some()
    }
}

/// What the record of a talk says about who has said what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TalkRecord {
    /// Which talk.
    pub talk: ConversationId,
    /// Who has said what last.
    pub said: Said,
    /// Whether the visitor has said anything in it.
    pub has_visitor_spoken: bool,
}

/// What a talk knows of its own time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TalkClock {
    /// When the talk began.
    pub started: Timestamp,
    /// Text or a running call.
    pub medium: Medium,
    /// When the last call in it ended.
    pub call_ended: Option<Timestamp>,
    /// The last message, or the moment from which silence counts.
    pub quiet_since: Timestamp,
    /// When the notice of silence went out, if nobody has spoken since.
    pub silence_noticed: Option<Timestamp>,
    /// Who has said what last.
    pub said: Said,
    /// Since when a message is on its way to the store that may change who said the last one.
    pub coming: Option<Timestamp>,
    /// No alarm before this: messages that were sent before may still come, and answers to them.
    pub calm_until: Timestamp,
    /// Whether the visitor was gone when the talk began, and neither came back nor sent anything.
    pub absent: bool,
    /// Notices already out, of those that are remembered.
    pub sent: SentNotices,
    /// When the last alarm was raised.
    pub alarmed: Option<Timestamp>,
}

/// What falls due in a talk. In the order in which they are decided when several are due at once: what ends it, then what the
/// two are told, then what others are warned of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// The longest time is reached.
    LimitEnd,
    /// The visitor never came back.
    AbsentEnd,
    /// The notice stayed without a message.
    SilenceEnd,
    /// The two are told something.
    Notice(Notice),
    /// The counselor has not answered: the alarm of this number.
    Unanswered(u32),
}

impl Due {
    /// Whether it ends the talk whatever has been said in it. All else rests on the words, or only warns.
    pub fn is_hard(self) -> bool {
        matches!(self, Self::LimitEnd)
    }
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
            said: Said::default(),
            coming: None,
            calm_until: started,
            absent,
            sent: SentNotices::default(),
            alarmed: None,
        }
    }

    /// A person's message has come, sent at this moment and not stored yet. One that is older than what came already,
    /// or is delivered again, ends no silence; one that was said before the notice and only comes after it does: there
    /// was none.
    pub fn message_seen(&mut self, at: Timestamp, by_counselor: bool) {
        if at > self.quiet_since {
            self.quiet_since = at;
            self.silence_noticed = None;
        }
        self.absent &= by_counselor;
    }

    /// What came at `now` is on its way to the store; what it changes is known when it is there.
    pub fn comes(&mut self, now: Timestamp) {
        self.coming = Some(now);
    }

    /// A message that was sent at this moment is stored, for the first time, and known at `now`. No alarm follows
    /// before messages that belong to it had time to `settle`.
    pub fn stored(&mut self, at: Timestamp, by_counselor: bool, now: Timestamp, settle: Duration) {
        let before = self.unanswered_since();
        self.coming = None;
        self.message_seen(at, by_counselor);
        self.said.add(at, by_counselor);
        if self.said.is_last_by_visitor() {
            self.silence_noticed = None;
        }
        if !by_counselor && self.unanswered_since() != before {
            self.calm_until = self.calm_until.max(now + settle);
        }
    }

    /// The record says this of the talk at `now`.
    pub fn recorded(&mut self, record: &TalkRecord, now: Timestamp, settle: Duration) {
        self.absent &= !record.has_visitor_spoken;
        let (before, since) = (self.said, self.unanswered_since());
        self.said.learn(record.said.until(now));
        if self.said == before {
            return;
        }
        if let Some(last) = self.said.last().filter(|last| Some(*last) > before.last()) {
            self.message_seen(last, true);
        }
        if self.said.is_last_by_visitor() {
            self.silence_noticed = None;
            if self.unanswered_since() != since {
                self.calm_until = self.calm_until.max(now + settle);
            }
        }
    }

    /// What was on its way had been stored before, or cannot be.
    pub fn passed(&mut self) {
        self.coming = None;
    }

    /// Since when the visitor waits for an answer: since the first of their messages that has none, or since the start
    /// when nobody has answered anything yet.
    pub fn unanswered_since(&self) -> Option<Timestamp> {
        if self.in_call() {
            return None;
        }
        match self.said.counselor {
            None => Some(self.started),
            Some(_) => self.said.unanswered.map(|(first, _)| first.max(self.started)),
        }
    }

    /// The number of the last alarm that is out about the messages that are not answered now.
    pub fn alarm_out(&self, limits: &DispatchLimits) -> Option<u32> {
        let (since, alarmed) = (self.unanswered_since()?, self.alarmed?);
        if alarmed < since { None } else { limits.unanswered_by(alarmed.since(since)) }
    }

    /// After a start or an outage silence counts from then on: nobody could be heard meanwhile. Nor is anybody blamed
    /// at once: their answer may be among what is fetched now.
    pub fn returned(&mut self, now: Timestamp, settle: Duration) {
        self.quiet_since = self.quiet_since.max(now);
        self.silence_noticed = None;
        self.coming = None;
        self.calm_until = self.calm_until.max(now + settle);
    }

    /// A call was answered, or is over. Whoever calls is there and answers; what is said in a call is not known here,
    /// so silence counts from its end.
    pub fn medium_changed(&mut self, medium: Medium, at: Timestamp) {
        self.medium = medium;
        self.silence_noticed = None;
        self.said.answer(match medium {
            Medium::Text => at,
            Medium::Voice { since } => since,
        });
        match medium {
            Medium::Text => {
                self.call_ended = Some(at);
                self.quiet_since = self.quiet_since.max(at);
            }
            Medium::Voice { .. } => self.absent = false,
        }
    }

    /// When the talk must end at the latest. However often they call, text and one call are the longest it takes, and
    /// after a call nobody is cut off without notice.
    pub fn limit(&self, limits: &DispatchLimits) -> Timestamp {
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
    pub fn next(&self, limits: &DispatchLimits, now: Timestamp) -> (Timestamp, Due) {
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
        let stored_by = self.coming.map_or(Timestamp(i64::MIN), |coming| coming + COMING_MAX);
        if !self.in_call() && (!self.said.is_last_by_visitor() || sabotaged(Sabotage::EndWhoeverWrote)) {
            let silent = self.quiet_since + limits.silence_notice;
            match self.silence_noticed {
                Some(noticed) => offer((noticed + limits.silence_end).max(stored_by), Due::SilenceEnd),
                None => offer(silent.max(stored_by), Due::Notice(Notice::Silence)),
            }
        }
        for (notice, at) in self.limit_notices(limits) {
            // Of several notices due at once only the last is worth sending.
            let overtaken = self.limit_notices(limits).any(|(later, at)| later > notice && at <= now);
            if !self.sent.has(notice) && !overtaken {
                offer(at, Due::Notice(notice));
            }
        }
        if let Some((at, index)) = self.next_alarm(limits, now) {
            offer(at.max(self.calm_until).max(stored_by), Due::Unanswered(index));
        }
        best
    }

    /// The next alarm and when it is due. Of several due at `now` only the last is worth raising.
    fn next_alarm(&self, limits: &DispatchLimits, now: Timestamp) -> Option<(Timestamp, u32)> {
        let since = self.unanswered_since()?;
        if self.said.counselor.is_some() && sabotaged(Sabotage::AlarmAtTheStartAlone) {
            return None;
        }
        let next = self.alarm_out(limits).map_or(0, |out| out.saturating_add(1));
        let index = limits.unanswered_by(now.since(since)).map_or(next, |due| due.max(next));
        Some((since + limits.unanswered_after(index)?, index))
    }

    /// The notices that have room between the start and the limit.
    fn limit_notices(&self, limits: &DispatchLimits) -> impl Iterator<Item = (Notice, Timestamp)> {
        let (limit, begun) = (
            self.limit(limits),
            match self.medium {
                Medium::Text => self.started,
                Medium::Voice { since } => since,
            },
        );
        (0_u8..)
            .zip(limits.limit_notices.iter())
            .map(move |(index, ahead)| {
                let ahead_seconds = u32::try_from(ahead.as_secs()).unwrap_or(u32::MAX);
                (Notice::Limit { index, ahead_seconds }, limit - *ahead)
            })
            .filter(move |(_, at)| *at > begun)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

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
        let (limits, clock) = (DispatchLimits::default(), called(55, 80));
        assert_eq!(clock.limit(&limits), at(85));
        assert_eq!(
            clock.next(&limits, at(80)),
            (at(80), Due::Notice(Notice::Limit { index: 1, ahead_seconds: 300 }))
        );
        assert_eq!(called(10, 30).limit(&limits), at(60), "within the limit nothing is added");
        assert_eq!(called(10, 58).limit(&limits), at(63));
    }

    #[test]
    fn every_kind_of_notice_falls_due() {
        let limits = DispatchLimits::default();
        let mut silent = TalkClock::new(at(0), Medium::Text, false);
        silent.stored(at(1), true, at(1), limits.answers_settle());
        let talks = [(silent, at(1)), (called(55, 80), at(80))];
        let due: BTreeSet<String> = talks
            .iter()
            .filter_map(|(clock, now)| match clock.next(&limits, *now).1 {
                Due::Notice(notice) => Some(notice.kind().to_owned()),
                Due::LimitEnd | Due::AbsentEnd | Due::SilenceEnd | Due::Unanswered(_) => None,
            })
            .collect();
        // All there are, as serde lists them for one that there is not.
        let error = serde_json::from_str::<Notice>(r#"{"notice":"?"}"#).expect_err("none is called so");
        let error = error.to_string();
        let listed = error.split_once("expected").expect("the kinds there are").1;
        let every: BTreeSet<String> = listed.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        assert_eq!(due, every, "each is offered by TalkClock::next, and a talk here shows when");
    }

    #[test]
    fn the_record_adds_what_was_not_told_and_takes_nothing_away() {
        let said = |counselor: Option<u64>, unanswered: Option<(u64, u64)>| Said {
            counselor: counselor.map(at),
            unanswered: unanswered.map(|(first, last)| (at(first), at(last))),
        };
        let none = said(None, None);
        for (known, record, then) in [
            (none, none, none),
            (none, said(Some(3), Some((4, 5))), said(Some(3), Some((4, 5)))),
            // What is known here alone came while the record was read.
            (said(Some(3), Some((4, 5))), none, said(Some(3), Some((4, 5)))),
            (said(None, Some((1, 2))), said(Some(3), None), said(Some(3), None)),
            (said(None, Some((1, 4))), said(Some(3), None), said(Some(3), Some((4, 4)))),
            (said(Some(5), None), said(Some(3), Some((4, 4))), said(Some(5), None)),
            (said(Some(5), None), said(Some(3), Some((4, 6))), said(Some(5), Some((6, 6)))),
            (said(Some(3), Some((5, 5))), said(Some(3), Some((4, 6))), said(Some(3), Some((4, 6)))),
            // Of two at the same moment the record knows the order.
            (said(Some(3), Some((3, 3))), said(Some(3), None), said(Some(3), None)),
            (said(Some(3), None), said(Some(3), Some((3, 3))), said(Some(3), Some((3, 3)))),
        ] {
            let mut learns = known;
            learns.learn(record);
            assert_eq!(learns, then, "{known:?} learns {record:?}");
        }
    }

    #[test]
    fn a_word_said_before_the_notice_that_comes_after_it_was_no_silence() {
        let limits = DispatchLimits::default();
        let mut clock = TalkClock::new(at(0), Medium::Text, false);
        clock.stored(at(1), true, at(1), limits.answers_settle());
        clock.silence_noticed = Some(at(11));
        clock.message_seen(at(1), true);
        assert_eq!(
            clock.next(&limits, at(12)),
            (at(16), Due::SilenceEnd),
            "delivered again it changes nothing"
        );
        clock.message_seen(at(6), true);
        assert_eq!(
            clock.next(&limits, at(12)),
            (at(16), Due::Notice(Notice::Silence)),
            "ten minutes after it was said"
        );
    }

    #[test]
    fn words_count_in_the_order_in_which_they_were_said_whatever_the_order_in_which_they_come() {
        // The counselor at 10, the visitor at 8, 12 and 14.
        let words = [(at(10), true), (at(8), false), (at(12), false), (at(14), false)];
        for turn in 0..words.len() {
            let mut said = Said::default();
            for (at, by_counselor) in words.iter().cycle().skip(turn).take(words.len()) {
                said.add(*at, *by_counselor);
            }
            assert_eq!(said.counselor, Some(at(10)), "{turn}");
            assert!(said.unanswered.is_some_and(|(_, last)| last == at(14)), "{turn}: {said:?}");
        }
        let mut said = Said::default();
        said.add(at(12), false);
        said.add(at(12), true);
        assert_eq!(said.unanswered, None, "of two in the same second the one that came later is the later");
        said.add(at(12), false);
        assert!(said.is_last_by_visitor());
    }

    #[test]
    fn however_often_they_call_text_and_one_call_are_the_longest() {
        let limits = DispatchLimits::default();
        let mut clock = called(55, 94);
        clock.medium_changed(Medium::Voice { since: at(98) }, at(98));
        assert_eq!(clock.limit(&limits), at(100));
    }

    #[test]
    fn in_a_call_nobody_is_silent_absent_or_unanswered() {
        let limits = DispatchLimits::default();
        let mut clock = TalkClock::new(at(0), Medium::Text, true);
        clock.medium_changed(Medium::Voice { since: at(1) }, at(1));
        assert_eq!(
            clock.next(&limits, at(25)),
            (at(31), Due::Notice(Notice::Limit { index: 0, ahead_seconds: 600 }))
        );
        clock.medium_changed(Medium::Text, at(25));
        assert_eq!(clock.next(&limits, at(25)), (at(35), Due::Notice(Notice::Silence)));
    }
}
