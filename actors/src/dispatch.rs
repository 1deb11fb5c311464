//! Dispatch: the pure state of one institution. Who waits where, who talks to whom, and what falls due.
//!
//! Time and ids come in; events and a deadline come out. [`Dispatch::decide`] is one turn: it decides a command and
//! has applied the events it returns, so that the next turn sees them; [`Dispatch::apply`] folds the same events
//! elsewhere (the committed view, revival in tests). A refusal changes nothing.

pub mod clock;
pub mod command;
pub mod conversation;
pub mod counselor;
pub mod event;
pub mod laws;
pub mod limits;
pub mod place;
pub mod queue;
mod routing;
mod turn;
mod words;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    dispatch::{
        clock::{Due, Said, TalkClock},
        command::{Answer, Command, Refusal},
        conversation::{Conversation, Kind, Medium, Phase, Priority, SentNotices},
        counselor::{ChosenStatus, Connectivity, Counselor, Role},
        event::{Event, Notice, Removal},
        laws::Breaches,
        limits::DispatchLimits,
        place::Forecast,
        queue::{Queue, Ticket},
        turn::Turn,
    },
    ids::{ConversationId, CounselorId, PersonId, VisitorId},
    sabotage::{Sabotage, sabotaged},
    time::Timestamp,
};

/// What a turn decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What has happened, in order; may be nothing.
    pub events: Vec<Event>,
    /// Every conversation touched, in the order of the first touch, as it stands after the turn.
    pub touched: Vec<Conversation>,
    /// What to tell the one who asked, once the events are committed.
    pub answer: Answer,
}

/// Somebody with places, as the store keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffMember {
    /// Who.
    pub counselor: CounselorId,
    /// As what.
    pub role: Role,
    /// With how many places.
    pub capacity: u32,
    /// What they chose; none for one who was offline.
    pub chosen: Option<ChosenStatus>,
}

/// An open conversation, as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revived {
    /// Its facts.
    pub facts: Conversation,
    /// Who has said what last; known from the stored messages.
    pub said: Said,
}

/// All that outlives a restart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// Everyone with places, by id.
    pub staff: Vec<StaffMember>,
    /// Every open conversation, by id.
    pub open: Vec<Revived>,
    /// The last number that was given in the order of arrival, also to one that is over.
    pub last_arrival: u64,
}

/// What is known of an open conversation besides its facts, and is not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Watch {
    Waiting { deadline: Timestamp, gone: bool },
    Talking(TalkClock),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Open {
    facts: Conversation,
    watch: Watch,
}

/// A deadline of Dispatch itself. Talks have clocks of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Deadline {
    /// The grace after a start is over: who has not come back is offline.
    ReconnectTimeOver,
    /// A counselor has been away for long.
    Away(CounselorId),
    /// Somebody has waited for long.
    Waiting(ConversationId),
}

/// The state of one institution.
#[derive(Debug, Clone)]
pub struct Dispatch {
    limits: DispatchLimits,
    counselors: BTreeMap<CounselorId, Counselor>,
    open: BTreeMap<ConversationId, Open>,
    by_visitor: BTreeMap<VisitorId, ConversationId>,
    supervision_of: BTreeMap<ConversationId, ConversationId>,
    common_queue: Queue,
    /// Who is on shift, also of those who have not come in yet.
    on_shift: BTreeSet<CounselorId>,
    /// Who was taken out since the start. What was asked before and arrives later is refused; after a restart nothing
    /// of that kind is under way.
    expelled: BTreeMap<PersonId, Removal>,
    deadlines: BTreeSet<(Timestamp, Deadline)>,
    next_arrival: u64,
    /// Nobody's waiting ends before this: set after a start or an outage.
    waiting_floor: Timestamp,
    outlook: Arc<Forecast>,
    breaches: Breaches,
}

impl Dispatch {
    /// An institution with nobody in it.
    pub fn new(limits: DispatchLimits) -> Self {
        Self {
            limits,
            counselors: BTreeMap::new(),
            open: BTreeMap::new(),
            by_visitor: BTreeMap::new(),
            supervision_of: BTreeMap::new(),
            common_queue: Queue::default(),
            on_shift: BTreeSet::new(),
            expelled: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            next_arrival: 1,
            waiting_floor: Timestamp(i64::MIN),
            outlook: Arc::default(),
            breaches: Breaches::default(),
        }
    }

    /// The state after a restart at `now`: everyone is away until a socket returns, silence counts from now, and
    /// nobody's waiting ends before a counselor had time to come back. The hard limits stand.
    pub fn revive(limits: DispatchLimits, snapshot: &Snapshot, now: Timestamp) -> Self {
        let mut dispatch = Self::new(limits);
        dispatch.waiting_floor = now + dispatch.limits.waiting_after_return();
        dispatch.next_arrival = snapshot.last_arrival + 1;
        for member in &snapshot.staff {
            let mut counselor = Counselor::new(member.counselor, member.role, member.capacity);
            counselor.connectivity = Connectivity::AwaitingReconnect;
            counselor.chosen = member.chosen;
            dispatch.counselors.insert(member.counselor, counselor);
        }
        for Revived { facts, said } in &snapshot.open {
            dispatch.insert(*facts);
            dispatch.next_arrival = dispatch.next_arrival.max(facts.arrival + 1);
            if let Some(Open { watch: Watch::Talking(clock), .. }) = dispatch.open.get_mut(&facts.id) {
                clock.said = said.until(now);
                clock.returned(now, dispatch.limits.answers_settle());
            }
        }
        dispatch.deadlines.insert((now + dispatch.limits.grace, Deadline::ReconnectTimeOver));
        dispatch
    }

    /// What would have to be stored to revive this state.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            last_arrival: self.next_arrival - 1,
            staff: self
                .counselors
                .values()
                .map(|counselor| StaffMember {
                    counselor: counselor.id,
                    role: counselor.role,
                    capacity: counselor.capacity,
                    chosen: counselor.chosen,
                })
                .collect(),
            open: self
                .open
                .values()
                .map(|open| Revived {
                    facts: open.facts,
                    said: match open.watch {
                        Watch::Waiting { .. } => Said::default(),
                        Watch::Talking(clock) => clock.said,
                    },
                })
                .collect(),
        }
    }

    /// Decides one command at `now`; the events of the decision are applied.
    ///
    /// # Errors
    /// Dispatch's no, with nothing changed.
    pub fn decide(&mut self, now: Timestamp, command: &Command) -> Result<Decision, Refusal> {
        Turn::new(self, now).decide(command)
    }

    /// When [`Command::Wake`] is wanted next.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// When [`Command::Due`] is wanted for a talk, as far as is known now.
    pub fn talk_deadline(&self, conversation: ConversationId, now: Timestamp) -> Option<Timestamp> {
        match self.open.get(&conversation)?.watch {
            Watch::Waiting { .. } => None,
            Watch::Talking(clock) => Some(clock.next(&self.limits, now).0),
        }
    }

    /// What is due in a talk at `now`.
    pub fn talk_due(&self, conversation: ConversationId, now: Timestamp) -> Option<Due> {
        let (at, due) = self.clock(conversation)?.next(&self.limits, now);
        (at <= now).then_some(due)
    }

    /// The limits in force.
    pub fn limits(&self) -> &DispatchLimits {
        &self.limits
    }

    /// An open conversation.
    pub fn conversation(&self, id: ConversationId) -> Option<&Conversation> {
        self.open.get(&id).map(|open| &open.facts)
    }

    /// All open conversations, by id.
    pub fn conversations(&self) -> impl Iterator<Item = &Conversation> {
        self.open.values().map(|open| &open.facts)
    }

    /// The clock of a talk in progress.
    pub fn clock(&self, id: ConversationId) -> Option<&TalkClock> {
        match &self.open.get(&id)?.watch {
            Watch::Waiting { .. } => None,
            Watch::Talking(clock) => Some(clock),
        }
    }

    /// A visitor's open consultation.
    pub fn consultation_of(&self, visitor: VisitorId) -> Option<&Conversation> {
        self.conversation(*self.by_visitor.get(&visitor)?)
    }

    /// The talk with a supervisor about a consultation.
    pub fn supervision_of(&self, consultation: ConversationId) -> Option<&Conversation> {
        self.conversation(*self.supervision_of.get(&consultation)?)
    }

    /// Somebody with places.
    pub fn counselor(&self, id: CounselorId) -> Option<&Counselor> {
        self.counselors.get(&id)
    }

    /// Everyone with places, by id.
    pub fn counselors(&self) -> impl Iterator<Item = &Counselor> {
        self.counselors.values()
    }

    /// The common queue.
    pub fn common_queue(&self) -> &Queue {
        &self.common_queue
    }

    /// How often each law was found broken, cheaply checked at every event.
    pub fn breaches(&self) -> &Breaches {
        &self.breaches
    }

    /// Takes over what is not an event: who can be reached, who is on shift, and what a wait depends on besides.
    pub fn mirror_presence(&mut self, other: &Self) {
        self.waiting_floor = other.waiting_floor;
        self.outlook = Arc::clone(&other.outlook);
        for counselor in self.counselors.values_mut() {
            if let Some(known) = other.counselors.get(&counselor.id) {
                counselor.connectivity = known.connectivity;
                counselor.on_shift = known.on_shift;
            }
        }
    }

    /// The talk in progress of these two. What names a conversation belongs to it and to no other: a late message of a
    /// talk that is over is none of the next one's.
    pub fn talk_between(
        &self,
        one: PersonId,
        other: PersonId,
        named: Option<ConversationId>,
    ) -> Option<ConversationId> {
        let theirs = |facts: &Conversation| {
            let (visitor, counselor) = (PersonId::from(facts.visitor), facts.counselor().map(PersonId::from));
            (visitor == one && counselor == Some(other)) || (visitor == other && counselor == Some(one))
        };
        if let Some(named) = named {
            return self.conversation(named).filter(|facts| theirs(facts)).map(|facts| facts.id);
        }
        let consultation = [one, other]
            .into_iter()
            .filter_map(|person| self.consultation_of(person.into()))
            .find(|facts| theirs(facts));
        let supervision = || {
            [one, other]
                .into_iter()
                .filter_map(|person| self.counselors.get(&person.into()))
                .flat_map(|counselor| &counselor.active)
                .filter_map(|id| self.conversation(*id))
                .find(|facts| theirs(facts))
        };
        consultation.or_else(supervision).map(|facts| facts.id)
    }

    /// Folds one event that happened at `at`. Infallible: facts are not argued with. Answers the conversation the
    /// event is about, as it stands after it.
    pub fn apply(&mut self, at: Timestamp, event: &Event) -> Option<Conversation> {
        match event {
            Event::Claimed => None,
            Event::CounselorLost { counselor } => {
                if let Some(counselor) = self.counselors.get_mut(counselor) {
                    counselor.lost = Some(at);
                }
                None
            }
            Event::Admitted { counselor, role, capacity } => {
                self.admit(*counselor, *role, *capacity);
                None
            }
            Event::CapacityChanged { counselor, capacity } => {
                if let Some(counselor) = self.counselors.get_mut(counselor) {
                    counselor.capacity = *capacity;
                }
                None
            }
            Event::PresenceChosen { counselor, choice } => {
                if let Some(counselor) = self.counselors.get_mut(counselor) {
                    counselor.chosen = *choice;
                }
                None
            }
            Event::Expelled { person, how } => {
                self.counselors.remove(&CounselorId::from(*person));
                self.expelled.insert(*person, *how);
                None
            }
            Event::Pardoned { person } => {
                self.expelled.remove(person);
                None
            }
            Event::Opened { conversation, kind, visitor, wanted, fallback, arrival } => {
                self.next_arrival = self.next_arrival.max(arrival + 1);
                Some(self.insert(Conversation {
                    id: *conversation,
                    kind: *kind,
                    visitor: *visitor,
                    requested_counselor: *wanted,
                    allow_fallback: *fallback,
                    in_common_queue: wanted.is_none(),
                    priority: Priority::Normal,
                    medium: Medium::Text,
                    call_ended: None,
                    arrival: *arrival,
                    opened_at: at,
                    phase: Phase::Waiting,
                    sent: SentNotices::default(),
                    alarmed: None,
                }))
            }
            Event::Widened { conversation } => {
                self.requeue(*conversation, |facts| facts.in_common_queue = true)
            }
            Event::PriorityChanged { conversation, priority } => {
                self.requeue(*conversation, |facts| facts.priority = *priority)
            }
            Event::Assigned { conversation, counselor } => self.begin(*conversation, *counselor, at),
            Event::MediumChanged { conversation, medium } => self.update(*conversation, |facts, clock| {
                clock.medium_changed(*medium, at);
                facts.medium = *medium;
                facts.call_ended = clock.call_ended;
                facts.sent = facts.sent.without_limits();
            }),
            Event::Noticed { conversation, notice } => self.update(*conversation, |facts, clock| {
                facts.sent = facts.sent.with(*notice);
                if *notice == Notice::Silence {
                    clock.silence_noticed = Some(at);
                }
            }),
            Event::Unanswered { conversation, .. } => {
                self.update(*conversation, |facts, _| facts.alarmed = Some(at))
            }
            Event::Ended { conversation, reason } => {
                let mut facts = self.remove(*conversation)?;
                let talk = match facts.phase {
                    Phase::InProgress { counselor, since } => Some((counselor, since)),
                    Phase::Waiting | Phase::Ended { .. } => None,
                };
                facts.phase = Phase::Ended { talk, at, reason: *reason };
                Some(facts)
            }
        }
    }

    /// Somebody who was banned and is activated again finds those in their queue who went on waiting for them
    /// elsewhere.
    fn admit(&mut self, id: CounselorId, role: Role, capacity: u32) {
        if let Some(known) = self.counselors.get_mut(&id) {
            known.capacity = capacity;
            return;
        }
        let mut counselor = Counselor::new(id, role, capacity);
        counselor.on_shift = self.on_shift.contains(&id);
        let waiting = self.open.values().filter(|open| open.facts.phase == Phase::Waiting);
        for open in waiting.filter(|open| open.facts.requested_counselor == Some(id)) {
            counselor.enqueue(&open.facts);
        }
        self.counselors.insert(id, counselor);
    }

    fn insert(&mut self, facts: Conversation) -> Conversation {
        match facts.kind {
            Kind::Consultation => {
                self.by_visitor.insert(facts.visitor, facts.id);
            }
            Kind::Supervision { consultation } => {
                self.supervision_of.insert(consultation, facts.id);
            }
        }
        let watch = match facts.phase {
            Phase::Waiting => {
                self.enqueue(&facts);
                let deadline = self.waiting_deadline(&facts);
                self.deadlines.insert((deadline, Deadline::Waiting(facts.id)));
                Watch::Waiting { deadline, gone: false }
            }
            Phase::InProgress { counselor, since } => {
                if let Some(counselor) = self.counselors.get_mut(&counselor) {
                    counselor.active.insert(facts.id);
                }
                let mut clock = TalkClock::new(since, facts.medium, false);
                clock.call_ended = facts.call_ended;
                clock.sent = facts.sent;
                clock.alarmed = facts.alarmed;
                Watch::Talking(clock)
            }
            Phase::Ended { .. } => return facts,
        };
        self.open.insert(facts.id, Open { facts, watch });
        facts
    }

    fn remove(&mut self, id: ConversationId) -> Option<Conversation> {
        let Open { facts, watch } = self.open.remove(&id)?;
        match watch {
            Watch::Waiting { deadline, .. } => {
                self.dequeue(&facts);
                self.deadlines.remove(&(deadline, Deadline::Waiting(id)));
            }
            Watch::Talking(_) => {
                if let Some(counselor) = facts.counselor().and_then(|id| self.counselors.get_mut(&id)) {
                    if !sabotaged(Sabotage::ForgetRelease) {
                        counselor.active.remove(&id);
                    }
                    if sabotaged(Sabotage::ReleaseTwice) {
                        counselor.active.pop_first();
                    }
                }
            }
        }
        self.forget_loss(facts.counselor().or(facts.requested_counselor));
        match facts.kind {
            Kind::Consultation => {
                self.by_visitor.remove(&facts.visitor);
            }
            Kind::Supervision { consultation } => {
                self.supervision_of.remove(&consultation);
            }
        }
        Some(facts)
    }

    fn begin(&mut self, id: ConversationId, counselor: CounselorId, at: Timestamp) -> Option<Conversation> {
        let Open { mut facts, watch } = *self.open.get(&id)?;
        let Watch::Waiting { deadline, gone } = watch else { return Some(facts) };
        self.dequeue(&facts);
        self.deadlines.remove(&(deadline, Deadline::Waiting(id)));
        facts.phase = Phase::InProgress { counselor, since: at };
        if let Some(counselor) = self.counselors.get_mut(&counselor) {
            counselor.overfilled = counselor.free() == 0;
            counselor.active.insert(id);
            counselor.last_assigned = Some(at);
        }
        self.open.insert(id, Open { facts, watch: Watch::Talking(TalkClock::new(at, facts.medium, gone)) });
        self.forget_loss(facts.requested_counselor);
        Some(facts)
    }

    /// Nobody needs a counselor any more who went offline: that is settled.
    fn forget_loss(&mut self, counselor: Option<CounselorId>) {
        if let Some(counselor) = counselor.and_then(|id| self.counselors.get_mut(&id))
            && counselor.open_conversations().next().is_none()
        {
            counselor.lost = None;
        }
    }

    /// Changes what decides the place in the queues.
    fn requeue(
        &mut self,
        id: ConversationId,
        change: impl FnOnce(&mut Conversation),
    ) -> Option<Conversation> {
        let Open { mut facts, mut watch } = *self.open.get(&id)?;
        let waiting = matches!(watch, Watch::Waiting { .. });
        if waiting {
            self.dequeue(&facts);
        }
        change(&mut facts);
        if waiting {
            self.enqueue(&facts);
        }
        if let Watch::Waiting { deadline, .. } = &mut watch {
            self.deadlines.remove(&(*deadline, Deadline::Waiting(id)));
            *deadline = self.waiting_deadline(&facts);
            self.deadlines.insert((*deadline, Deadline::Waiting(id)));
        }
        self.open.insert(id, Open { facts, watch });
        Some(facts)
    }

    fn update(
        &mut self,
        id: ConversationId,
        change: impl FnOnce(&mut Conversation, &mut TalkClock),
    ) -> Option<Conversation> {
        let open = self.open.get_mut(&id)?;
        if let Watch::Talking(clock) = &mut open.watch {
            change(&mut open.facts, clock);
            clock.sent = open.facts.sent;
            clock.alarmed = open.facts.alarmed;
        }
        Some(open.facts)
    }

    fn enqueue(&mut self, facts: &Conversation) {
        if let Some(counselor) = facts.requested_counselor.and_then(|id| self.counselors.get_mut(&id)) {
            counselor.enqueue(facts);
        }
        if facts.in_common_queue {
            self.common_queue.insert(Ticket::from(facts));
        }
    }

    fn dequeue(&mut self, facts: &Conversation) {
        let ticket = Ticket::from(facts);
        if let Some(counselor) = facts.requested_counselor.and_then(|id| self.counselors.get_mut(&id)) {
            counselor.dequeue(&ticket);
        }
        self.common_queue.remove(&ticket);
    }

    /// When something falls due for a waiting conversation: the end of its waiting, or its way into the common queue.
    fn waiting_deadline(&self, facts: &Conversation) -> Timestamp {
        let end = self.waiting_end(facts);
        if facts.allow_fallback && !facts.in_common_queue {
            end.min(facts.opened_at + self.limits.named_wait)
        } else {
            end
        }
    }

    /// When the limit ends a wait.
    fn waiting_end(&self, facts: &Conversation) -> Timestamp {
        (facts.opened_at + self.limits.waiting_max).max(self.waiting_floor)
    }
}
