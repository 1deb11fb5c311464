//! A small institution for tests: short words for commands, a clock that is pushed forward by hand, and the model
//! that looks at every event.

use std::{collections::BTreeSet, time::Duration};

use hotline_actors::{
    ConversationId, CounselorId, Dispatch, PersonId, Timestamp, VisitorId,
    dispatch::{
        command::{Answer, Command, Refusal},
        conversation::{Conversation, EndReason, Phase, Priority},
        counselor::{ChosenStatus, Role},
        event::{Event, Notice, Removal},
        limits::DispatchLimits,
    },
};
use uuid::Uuid;

use crate::reference_model::ReferenceModel;

pub(crate) const fn minutes(count: u64) -> Duration {
    Duration::from_mins(count)
}

pub(crate) const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

pub(crate) fn visitor(number: u128) -> VisitorId {
    VisitorId(Uuid::from_u128(0x1000 + number))
}

pub(crate) fn counselor(number: u128) -> CounselorId {
    CounselorId(Uuid::from_u128(0xc000 + number))
}

pub(crate) struct Institution {
    pub(crate) dispatch: Dispatch,
    pub(crate) now: Timestamp,
    pub(crate) model: ReferenceModel,
    /// Everything that has happened.
    pub(crate) log: Vec<(Timestamp, Event)>,
    next_conversation: u128,
    on_shift: BTreeSet<CounselorId>,
}

impl Institution {
    pub(crate) fn new() -> Self {
        Self::with(DispatchLimits::default())
    }

    pub(crate) fn with(limits: DispatchLimits) -> Self {
        Self {
            dispatch: Dispatch::new(limits),
            now: Timestamp(1_700_000_000_000),
            model: ReferenceModel::default(),
            log: Vec::new(),
            next_conversation: 0,
            on_shift: BTreeSet::new(),
        }
    }

    /// Decides, and looks at everything that can be looked at. The events of this one decision, or the refusal.
    pub(crate) fn decide(&mut self, command: &Command) -> Result<(Answer, Vec<Event>), Refusal> {
        let before = self.dispatch.clone();
        match self.dispatch.decide(self.now, command) {
            Ok(decision) => {
                self.model.command(self.now, command);
                for event in &decision.events {
                    self.model.event(event);
                    self.log.push((self.now, event.clone()));
                }
                self.model.settled();
                assert_eq!(self.model.found(), &[] as &[String], "after {command:?}");
                assert_eq!(self.dispatch.broken_laws(), vec![], "after {command:?}");
                Ok((decision.answer, decision.events))
            }
            Err(refusal) => {
                assert_eq!(
                    format!("{before:?}"),
                    format!("{:?}", self.dispatch),
                    "a refusal changes nothing: {command:?}"
                );
                Err(refusal)
            }
        }
    }

    /// Decides what cannot be refused here; the events of the decision.
    pub(crate) fn does(&mut self, command: &Command) -> Vec<Event> {
        self.decide(command).unwrap_or_else(|refusal| panic!("{command:?}: {refusal}")).1
    }

    /// Somebody with places who is not there yet.
    pub(crate) fn admit(&mut self, number: u128, capacity: u32) -> CounselorId {
        let id = counselor(number);
        self.does(&Command::AddStaff { counselor: id, role: Role::Counselor, capacity });
        id
    }

    /// A counselor who is online, off shift.
    pub(crate) fn online(&mut self, number: u128, capacity: u32) -> CounselorId {
        let id = self.admit(number, capacity);
        self.appears(id, ChosenStatus::Online);
        id
    }

    /// A counselor who is online and on shift.
    pub(crate) fn serving(&mut self, number: u128, capacity: u32) -> CounselorId {
        let id = self.online(number, capacity);
        self.on_shift.insert(id);
        self.shift();
        id
    }

    pub(crate) fn supervisor(&mut self, number: u128, capacity: u32) -> CounselorId {
        let id = counselor(number);
        self.does(&Command::AddStaff { counselor: id, role: Role::Supervisor, capacity });
        self.appears(id, ChosenStatus::Online);
        id
    }

    pub(crate) fn on_shift(&mut self, counselor: CounselorId) -> Vec<Event> {
        self.on_shift.insert(counselor);
        self.shift()
    }

    pub(crate) fn off_shift(&mut self, counselor: CounselorId) -> Vec<Event> {
        self.on_shift.remove(&counselor);
        self.shift()
    }

    pub(crate) fn shift(&mut self) -> Vec<Event> {
        let on = self.on_shift.clone();
        self.does(&Command::Shift { on })
    }

    pub(crate) fn appears(&mut self, counselor: CounselorId, choice: ChosenStatus) -> Vec<Event> {
        self.does(&Command::SetPresence { counselor, choice: Some(choice) })
    }

    pub(crate) fn goes_offline(&mut self, counselor: CounselorId) -> Vec<Event> {
        self.does(&Command::SetPresence { counselor, choice: None })
    }

    pub(crate) fn asks(
        &mut self,
        number: u128,
        wanted: Option<CounselorId>,
        fallback: Option<bool>,
    ) -> Result<ConversationId, Refusal> {
        self.next_conversation += 1;
        let conversation = ConversationId(Uuid::from_u128(0xa_0000 + self.next_conversation));
        let open = Command::Open {
            conversation,
            visitor: visitor(number),
            requested_counselor: wanted,
            allow_fallback: fallback,
        };
        let (answer, _) = self.decide(&open)?;
        let Answer::Opened { facts, place } = answer else {
            panic!("an open is answered with the conversation, not {answer:?}");
        };
        assert_eq!(facts.id, conversation);
        let counselor = facts.counselor();
        assert_eq!(counselor, self.served_by(conversation), "the answer names who took it");
        assert_eq!(place.is_some(), counselor.is_none(), "whoever is not seated has a place in a queue");
        Ok(conversation)
    }

    pub(crate) fn asks_for(&mut self, number: u128, wanted: CounselorId) -> ConversationId {
        self.asks(number, Some(wanted), None).expect("may ask")
    }

    pub(crate) fn asks_with_fallback(&mut self, number: u128, wanted: CounselorId) -> ConversationId {
        self.asks(number, Some(wanted), Some(true)).expect("may ask")
    }

    pub(crate) fn asks_for_anyone(&mut self, number: u128) -> ConversationId {
        self.asks(number, None, None).expect("may ask")
    }

    pub(crate) fn ends(&mut self, conversation: ConversationId) -> Vec<Event> {
        self.does(&Command::End { conversation, reason: EndReason::Visitor })
    }

    pub(crate) fn urges(&mut self, conversation: ConversationId) -> Vec<Event> {
        self.does(&Command::Prioritize { conversation, priority: Priority::Urgent })
    }

    pub(crate) fn resizes(&mut self, counselor: CounselorId, capacity: u32) -> Vec<Event> {
        self.does(&Command::SetCapacity { counselor, capacity })
    }

    pub(crate) fn expels(&mut self, person: impl Into<PersonId>) -> Vec<Event> {
        self.does(&Command::Remove { person: person.into(), how: Removal::Banned })
    }

    pub(crate) fn pardons(&mut self, person: impl Into<PersonId>, seat: Option<(Role, u32)>) -> Vec<Event> {
        self.does(&Command::Reinstate { person: person.into(), seat })
    }

    pub(crate) fn says(&mut self, conversation: ConversationId, by: impl Into<PersonId>) {
        let by = by.into();
        self.dispatch.message_seen(conversation, self.now, by);
        self.dispatch.stored(conversation, self.now, by, self.now);
    }

    /// The nearest moment at which anything is due, and what to ask then.
    pub(crate) fn next_due(&self) -> Option<(Timestamp, Command)> {
        let wake = self.dispatch.next_deadline().map(|at| (at, Command::Wake));
        let talks = self.dispatch.conversations().filter_map(|facts| {
            let at = self.dispatch.talk_deadline(facts.id, self.now)?;
            Some((at, Command::Due { conversation: facts.id }))
        });
        wake.into_iter().chain(talks).min_by_key(|(at, _)| *at)
    }

    /// Lets time pass; what falls due meanwhile is decided at its moment.
    pub(crate) fn passes(&mut self, time: Duration) -> Vec<Event> {
        let until = self.now + time;
        let from = self.log.len();
        while let Some((at, command)) = self.next_due().filter(|(at, _)| *at <= until) {
            self.now = self.now.max(at);
            self.does(&command);
        }
        self.now = until;
        self.log[from..].iter().map(|(_, event)| event.clone()).collect()
    }

    /// Lets time pass while nobody looks; then everything that was due is decided at once.
    pub(crate) fn sleeps(&mut self, time: Duration) -> Vec<Event> {
        self.now = self.now + time;
        self.passes(Duration::ZERO)
    }

    /// The server dies, stays away, and comes back with what was kept.
    pub(crate) fn restarts_after(&mut self, time: Duration) {
        let kept = self.dispatch.snapshot();
        self.now = self.now + time;
        self.dispatch = Dispatch::revive(self.dispatch.limits().clone(), &kept, self.now);
        self.model.restarted();
        assert_eq!(self.dispatch.broken_laws(), vec![]);
        assert_eq!(self.dispatch.snapshot(), kept);
        // The shell tells who is on shift right after a start.
        self.shift();
    }

    pub(crate) fn facts(&self, conversation: ConversationId) -> Option<Conversation> {
        self.dispatch.conversation(conversation).copied()
    }

    pub(crate) fn waits(&self, conversation: ConversationId) -> bool {
        self.facts(conversation).is_some_and(|facts| facts.phase == Phase::Waiting)
    }

    pub(crate) fn is_common(&self, conversation: ConversationId) -> bool {
        self.waits(conversation) && self.facts(conversation).is_some_and(|facts| facts.in_common_queue)
    }

    pub(crate) fn served_by(&self, conversation: ConversationId) -> Option<CounselorId> {
        self.facts(conversation).and_then(|facts| facts.counselor())
    }

    /// How many stand before it in the queue that it is told of.
    pub(crate) fn ahead(&self, conversation: ConversationId) -> Option<usize> {
        self.dispatch.place(conversation).map(|place| place.ahead)
    }

    /// Why, and when, a conversation ended.
    pub(crate) fn end_of(&self, conversation: ConversationId) -> Option<(Timestamp, EndReason)> {
        self.log.iter().find_map(|(at, event)| match event {
            Event::Ended { conversation: ended, reason } if *ended == conversation => Some((*at, *reason)),
            _ => None,
        })
    }
}

/// Who was given to whom by these events, in order.
pub(crate) fn assigned(events: &[Event]) -> Vec<(ConversationId, CounselorId)> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Assigned { conversation, counselor } => Some((*conversation, *counselor)),
            _ => None,
        })
        .collect()
}

/// What the two in `talk` were told by these events.
pub(crate) fn notices(events: &[Event], talk: ConversationId) -> Vec<Notice> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Noticed { conversation, notice } if *conversation == talk => Some(*notice),
            _ => None,
        })
        .collect()
}
