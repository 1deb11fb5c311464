//! One turn: a command is decided, its events are applied as they come, and nobody is left beside a free place.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    dispatch::{
        Deadline, Decision, Dispatch, Open, Watch,
        clock::Due,
        command::{Answer, Command, Refusal},
        conversation::{Conversation, EndReason, Kind, Phase},
        counselor::{ChosenStatus, Connectivity, Role},
        event::{Event, Removal},
        laws::{self, Law},
        queue::Ticket,
    },
    ids::{ConversationId, CounselorId, PersonId, VisitorId},
    sabotage::{Sabotage, sabotaged},
    time::Timestamp,
};

/// What is asked for when a conversation is opened.
struct Request {
    conversation: ConversationId,
    kind: Kind,
    visitor: VisitorId,
    requested_counselor: Option<CounselorId>,
    allow_fallback: bool,
}

pub(crate) struct Turn<'a> {
    dispatch: &'a mut Dispatch,
    now: Timestamp,
    events: Vec<Event>,
    touched: Vec<Conversation>,
    touched_at: BTreeMap<ConversationId, usize>,
    /// Counselors who may have got room.
    freed: BTreeSet<CounselorId>,
    /// Conversations that have come into a queue.
    queued: Vec<ConversationId>,
}

impl<'a> Turn<'a> {
    pub(crate) fn new(dispatch: &'a mut Dispatch, now: Timestamp) -> Self {
        Self {
            dispatch,
            now,
            events: Vec::new(),
            touched: Vec::new(),
            touched_at: BTreeMap::new(),
            freed: BTreeSet::new(),
            queued: Vec::new(),
        }
    }

    pub(crate) fn decide(mut self, command: &Command) -> Result<Decision, Refusal> {
        let opened = self.handle_command(command)?;
        self.assign_free_places();
        if self.dispatch.room_beside_waiting().is_some() {
            self.dispatch.breaches.count(Law::NobodyWaitsBesideRoom);
            tracing::error!(law = Law::NobodyWaitsBesideRoom.name(), "a law of dispatch is broken");
        }
        let answer = match opened.and_then(|conversation| self.dispatch.conversation(conversation)) {
            // Seated or not is known only now.
            Some(facts) => Answer::Opened { facts: *facts, place: self.dispatch.place(facts.id) },
            None => Answer::Done,
        };
        Ok(Decision { events: self.events, touched: self.touched, answer })
    }

    /// Refuses before the first event, or not at all. Tells what was opened, if anything was.
    fn handle_command(&mut self, command: &Command) -> Result<Option<ConversationId>, Refusal> {
        match command {
            Command::Open { conversation, visitor, requested_counselor, allow_fallback } => {
                self.open(*conversation, *visitor, *requested_counselor, *allow_fallback).map(Some)
            }
            Command::Supervise { conversation, consultation, supervisor } => {
                self.supervise(*conversation, *consultation, *supervisor).map(Some)
            }
            Command::End { conversation, reason } => {
                self.known(*conversation)?;
                self.end(*conversation, *reason);
                Ok(None)
            }
            Command::Prioritize { conversation, priority } => {
                if self.known(*conversation)?.priority != *priority {
                    self.emit(Event::PriorityChanged { conversation: *conversation, priority: *priority });
                }
                Ok(None)
            }
            Command::SetCapacity { counselor, capacity } => {
                self.set_capacity(*counselor, *capacity).map(|()| None)
            }
            Command::AddStaff { counselor, role, capacity } => {
                self.add_staff(*counselor, *role, *capacity).map(|()| None)
            }
            Command::Remove { person, how } => self.remove_person(*person, *how).map(|()| None),
            Command::Reinstate { person, seat } => self.reinstate(*person, *seat).map(|()| None),
            Command::ChangeMedium { conversation, medium } => {
                let facts = self.known(*conversation)?;
                if facts.phase == Phase::Waiting {
                    return Err(Refusal::OnlyWaiting);
                }
                if facts.medium != *medium {
                    self.emit(Event::MediumChanged { conversation: *conversation, medium: *medium });
                }
                Ok(None)
            }
            Command::Arrive { counselor, choice } => self.arrive(*counselor, *choice).map(|()| None),
            Command::SetPresence { counselor, choice } => {
                self.set_presence(*counselor, *choice).map(|()| None)
            }
            Command::Shift { on } => {
                self.dispatch.on_shift.clone_from(on);
                for counselor in self.dispatch.counselors.values_mut() {
                    counselor.on_shift = on.contains(&counselor.id);
                }
                self.serve_common();
                Ok(None)
            }
            Command::Seen { visitor, here } => {
                self.seen(*visitor, *here);
                Ok(None)
            }
            Command::Due { conversation } => {
                self.due(*conversation);
                Ok(None)
            }
            Command::Wake => {
                self.wake();
                Ok(None)
            }
            Command::StoreRecovered => {
                self.dispatch.waiting_floor = self.now + self.dispatch.limits.waiting_after_return();
                let settle = self.dispatch.limits.answers_settle();
                for open in self.dispatch.open.values_mut() {
                    if let Watch::Talking(clock) = &mut open.watch {
                        clock.returned(self.now, settle);
                    }
                }
                Ok(None)
            }
        }
    }

    fn open(
        &mut self,
        conversation: ConversationId,
        visitor: VisitorId,
        requested_counselor: Option<CounselorId>,
        allow_fallback: Option<bool>,
    ) -> Result<ConversationId, Refusal> {
        if self.dispatch.expelled.contains_key(&visitor.into()) {
            return Err(Refusal::Expelled);
        }
        if let Some(open) = self.dispatch.consultation_of(visitor)
            && !sabotaged(Sabotage::OpenBeside)
        {
            let counselor = open.counselor().or(open.requested_counselor);
            return Err(Refusal::AlreadyConsulting { conversation: open.id, counselor });
        }
        if let Some(requested_counselor) = requested_counselor {
            let known = self
                .dispatch
                .counselor(requested_counselor)
                .is_some_and(|known| known.role == Role::Counselor);
            if !known {
                return Err(Refusal::UnknownCounselor);
            }
            if PersonId::from(requested_counselor) == PersonId::from(visitor) {
                return Err(Refusal::WithOneself);
            }
        }
        let allow_fallback =
            requested_counselor.is_some() && allow_fallback.unwrap_or(self.dispatch.limits.named_fallback);
        Ok(self.enter(&Request {
            conversation,
            kind: Kind::Consultation,
            visitor,
            requested_counselor,
            allow_fallback,
        }))
    }

    fn supervise(
        &mut self,
        conversation: ConversationId,
        consultation: ConversationId,
        supervisor: CounselorId,
    ) -> Result<ConversationId, Refusal> {
        let known = self.dispatch.counselor(supervisor).is_some_and(|known| known.role == Role::Supervisor);
        if !known {
            return Err(Refusal::UnknownSupervisor);
        }
        let facts = *self.known(consultation)?;
        if !facts.is_consultation() {
            return Err(Refusal::UnknownConversation);
        }
        let Some(counselor) = facts.counselor() else { return Err(Refusal::OnlyWaiting) };
        if self.dispatch.supervision_of.contains_key(&consultation) {
            return Err(Refusal::AlreadySupervised);
        }
        if counselor == supervisor {
            return Err(Refusal::WithOneself);
        }
        Ok(self.enter(&Request {
            conversation,
            kind: Kind::Supervision { consultation },
            visitor: PersonId::from(counselor).into(),
            requested_counselor: Some(supervisor),
            allow_fallback: false,
        }))
    }

    fn enter(&mut self, request: &Request) -> ConversationId {
        let Request { conversation, kind, visitor, requested_counselor, allow_fallback } = *request;
        let arrival = self.dispatch.next_arrival;
        self.emit(Event::Opened {
            conversation,
            kind,
            visitor,
            wanted: requested_counselor,
            fallback: allow_fallback,
            arrival,
        });
        self.queued.push(conversation);
        let gone = requested_counselor
            .and_then(|requested_counselor| self.dispatch.counselor(requested_counselor))
            .is_some_and(|counselor| self.dispatch.is_gone(counselor, self.now));
        if allow_fallback && gone {
            self.emit(Event::Widened { conversation });
        }
        conversation
    }

    fn set_capacity(&mut self, counselor: CounselorId, capacity: u32) -> Result<(), Refusal> {
        let known = self.dispatch.counselor(counselor).ok_or(Refusal::UnknownCounselor)?;
        if known.capacity != capacity {
            self.emit(Event::CapacityChanged { counselor, capacity });
            self.freed.insert(counselor);
        }
        Ok(())
    }

    fn add_staff(&mut self, counselor: CounselorId, role: Role, capacity: u32) -> Result<(), Refusal> {
        if self.dispatch.expelled.contains_key(&counselor.into()) {
            return Err(Refusal::Expelled);
        }
        if self.dispatch.counselor(counselor).is_some() {
            return self.set_capacity(counselor, capacity);
        }
        self.emit(Event::Admitted { counselor, role, capacity });
        Ok(())
    }

    /// The deleted stay out. Kept also of one who was not out since the start: they were banned before.
    fn reinstate(&mut self, person: PersonId, seat: Option<(Role, u32)>) -> Result<(), Refusal> {
        if self.dispatch.expelled.get(&person) == Some(&Removal::Deleted) {
            return Err(Refusal::Expelled);
        }
        self.emit(Event::Pardoned { person });
        match seat {
            Some((role, capacity)) => self.add_staff(person.into(), role, capacity),
            None => Ok(()),
        }
    }

    /// Whatever the person is in ends, whoever waits for them goes on to others or is told; then they are out.
    fn remove_person(&mut self, person: PersonId, how: Removal) -> Result<(), Refusal> {
        let counselor = CounselorId::from(person);
        let concerned: Vec<ConversationId> = self
            .dispatch
            .conversations()
            .filter(|facts| PersonId::from(facts.visitor) == person || facts.counselor() == Some(counselor))
            .map(|facts| facts.id)
            .collect();
        if self.dispatch.expelled.get(&person) == Some(&Removal::Deleted) {
            return Err(Refusal::Expelled);
        }
        if how == Removal::Deleted && !concerned.is_empty() {
            return Err(Refusal::InConversation);
        }
        for conversation in concerned {
            // A supervision may have ended with its consultation just now.
            if self.dispatch.conversation(conversation).is_some() {
                self.end(conversation, EndReason::Banned);
            }
        }
        self.move_queue_to_common(counselor);
        let left: Vec<ConversationId> = self.queue_of(counselor, |facts| !facts.in_common_queue);
        for conversation in left {
            self.end(conversation, EndReason::CounselorGone);
        }
        self.emit(Event::Expelled { person, how });
        self.freed.remove(&counselor);
        Ok(())
    }

    /// Presence belongs to the person: only the first socket of one who was offline says what they wish to be. One who
    /// comes back after a restart goes on with what they chose last, whichever of their tabs is the first.
    fn arrive(&mut self, counselor: CounselorId, choice: Option<ChosenStatus>) -> Result<(), Refusal> {
        let known = self.dispatch.counselor(counselor).ok_or(Refusal::UnknownCounselor)?;
        let remembered = match known.connectivity {
            Connectivity::Here { .. } if !sabotaged(Sabotage::BelieveReconnects) => return Ok(()),
            Connectivity::AwaitingReconnect => known.chosen,
            Connectivity::Offline | Connectivity::Here { .. } => None,
        };
        self.set_presence(counselor, Some(remembered.or(choice).unwrap_or(ChosenStatus::Online)))
    }

    fn set_presence(&mut self, counselor: CounselorId, choice: Option<ChosenStatus>) -> Result<(), Refusal> {
        let (now, away_max) = (self.now, self.dispatch.limits.away_max);
        let known = self.dispatch.counselors.get_mut(&counselor).ok_or(Refusal::UnknownCounselor)?;
        if let Connectivity::Here { choice: ChosenStatus::Away, since } = known.connectivity {
            self.dispatch.deadlines.remove(&(since + away_max, Deadline::Away(counselor)));
        }
        let Some(choice) = choice else {
            self.lose(counselor);
            return Ok(());
        };
        let since = match known.connectivity {
            Connectivity::Here { choice: before, since } if before == choice => since,
            Connectivity::Here { .. } | Connectivity::AwaitingReconnect | Connectivity::Offline => now,
        };
        known.connectivity = Connectivity::Here { choice, since };
        let is_new = known.chosen != Some(choice);
        if choice == ChosenStatus::Away {
            self.dispatch.deadlines.insert((since + away_max, Deadline::Away(counselor)));
        }
        if is_new {
            self.emit(Event::PresenceChosen { counselor, choice: Some(choice) });
        }
        self.freed.insert(counselor);
        Ok(())
    }

    /// The counselor is offline now. Their talks go on; whoever may be served by others no longer waits for them alone.
    fn lose(&mut self, counselor: CounselorId) {
        let Some(known) = self.dispatch.counselors.get_mut(&counselor) else { return };
        if known.connectivity == Connectivity::Offline {
            return;
        }
        known.connectivity = Connectivity::Offline;
        let (was_chosen, is_missed) =
            (known.chosen.is_some(), !known.active.is_empty() || !known.queue.is_empty());
        if was_chosen {
            self.emit(Event::PresenceChosen { counselor, choice: None });
        }
        if is_missed {
            self.emit(Event::CounselorLost { counselor });
        }
        self.move_queue_to_common(counselor);
    }

    fn seen(&mut self, visitor: VisitorId, here: bool) {
        let Some(id) = self.dispatch.by_visitor.get(&visitor) else { return };
        let Some(open) = self.dispatch.open.get_mut(id) else { return };
        match &mut open.watch {
            Watch::Waiting { gone, .. } => *gone = !here,
            Watch::Talking(clock) if here => clock.absent = false,
            Watch::Talking(_) => {}
        }
    }

    /// Checks a talk's clock again: a timer only wakes, and a message may have come since.
    fn due(&mut self, conversation: ConversationId) {
        let mut believed = sabotaged(Sabotage::BelieveTimers);
        while let Some(clock) = self.dispatch.clock(conversation) {
            let (at, due) = clock.next(&self.dispatch.limits, self.now);
            if at > self.now && !std::mem::take(&mut believed) {
                break;
            }
            match due {
                Due::LimitEnd => self.end(conversation, EndReason::Limit),
                Due::AbsentEnd => self.end(conversation, EndReason::Absent),
                Due::SilenceEnd => self.end(conversation, EndReason::Silence),
                Due::Notice(notice) => self.emit(Event::Noticed { conversation, notice }),
                Due::Unanswered(index) => {
                    let after = self.dispatch.limits.unanswered_after(index).unwrap_or_default();
                    let after_seconds = u32::try_from(after.as_secs()).unwrap_or(u32::MAX);
                    self.emit(Event::Unanswered { conversation, index, after_seconds });
                }
            }
        }
    }

    fn wake(&mut self) {
        while let Some((at, deadline)) =
            self.dispatch.deadlines.first().copied().filter(|(at, _)| *at <= self.now)
        {
            self.dispatch.deadlines.remove(&(at, deadline));
            match deadline {
                Deadline::ReconnectTimeOver => {
                    let missing: Vec<CounselorId> = self
                        .dispatch
                        .counselors()
                        .filter(|counselor| counselor.connectivity == Connectivity::AwaitingReconnect)
                        .map(|counselor| counselor.id)
                        .collect();
                    for counselor in missing {
                        self.lose(counselor);
                    }
                }
                Deadline::Away(counselor) => {
                    let gone = self
                        .dispatch
                        .counselor(counselor)
                        .is_some_and(|known| self.dispatch.is_gone(known, self.now));
                    if gone {
                        self.move_queue_to_common(counselor);
                    }
                }
                Deadline::Waiting(conversation) => self.waited(conversation),
            }
        }
    }

    /// Somebody's deadline has come: the wait is over, or is no longer for one counselor alone, or it was too early.
    fn waited(&mut self, id: ConversationId) {
        let Some(Open { facts, watch: Watch::Waiting { .. } }) = self.dispatch.open.get(&id) else { return };
        if self.dispatch.waiting_end(facts) <= self.now {
            self.end(id, EndReason::Waiting);
        } else if self.dispatch.waiting_deadline(facts) <= self.now {
            self.emit(Event::Widened { conversation: id });
            self.queued.push(id);
        } else {
            let next = self.dispatch.waiting_deadline(facts);
            if let Some(Open { watch: Watch::Waiting { deadline, .. }, .. }) = self.dispatch.open.get_mut(&id)
            {
                *deadline = next;
            }
            self.dispatch.deadlines.insert((next, Deadline::Waiting(id)));
        }
    }

    fn end(&mut self, conversation: ConversationId, reason: EndReason) {
        if let Some(supervision) = self.dispatch.supervision_of.get(&conversation).copied() {
            self.end(supervision, EndReason::ConsultationEnded);
        }
        self.freed.extend(self.dispatch.conversation(conversation).and_then(Conversation::counselor));
        self.emit(Event::Ended { conversation, reason });
    }

    /// Whoever waits in the counselor's queue and may be served by others stands in the common queue from now on, in
    /// order.
    fn move_queue_to_common(&mut self, counselor: CounselorId) {
        for conversation in self.queue_of(counselor, |facts| facts.allow_fallback && !facts.in_common_queue) {
            self.emit(Event::Widened { conversation });
            self.queued.push(conversation);
        }
    }

    fn queue_of(&self, counselor: CounselorId, which: impl Fn(&Conversation) -> bool) -> Vec<ConversationId> {
        let queue = self.dispatch.counselor(counselor).map(|counselor| counselor.queue.iter());
        queue
            .into_iter()
            .flatten()
            .filter_map(|ticket| self.dispatch.conversation(ticket.conversation))
            .filter(|facts| which(facts))
            .map(|facts| facts.id)
            .collect()
    }

    /// Law L-3: nobody is left beside a free place.
    fn assign_free_places(&mut self) {
        if sabotaged(Sabotage::ForgetTheQueue) {
            self.freed.clear();
        }
        while let Some(counselor) = self.freed.pop_first() {
            while let Some(conversation) = self.dispatch.next_for(counselor) {
                self.emit(Event::Assigned { conversation, counselor });
            }
        }
        // Several may have come into the common queue in one turn, out of several queues: in the order of service.
        let queued = std::mem::take(&mut self.queued);
        let mut queued: Vec<Ticket> = queued
            .into_iter()
            .filter_map(|conversation| self.dispatch.conversation(conversation))
            .filter(|facts| facts.phase == Phase::Waiting)
            .map(Ticket::from)
            .collect();
        queued.sort_unstable();
        for Ticket { conversation, .. } in queued {
            let waiting = self.dispatch.conversation(conversation);
            if let Some(counselor) = waiting.and_then(|facts| self.dispatch.room_for(facts)) {
                self.emit(Event::Assigned { conversation, counselor });
            }
        }
    }

    /// Shifts have changed: the common queue is shared out, whoever has most room first.
    fn serve_common(&mut self) {
        while self.dispatch.counselors().any(|counselor| counselor.serves_common() && counselor.takes()) {
            let next = self.dispatch.common_queue.iter().find_map(|ticket| {
                let facts = self.dispatch.conversation(ticket.conversation)?;
                Some((facts.id, self.dispatch.best_for(facts)?))
            });
            let Some((conversation, counselor)) = next else { break };
            self.emit(Event::Assigned { conversation, counselor });
        }
    }

    fn known(&self, conversation: ConversationId) -> Result<&Conversation, Refusal> {
        self.dispatch.conversation(conversation).ok_or(Refusal::UnknownConversation)
    }

    fn emit(&mut self, event: Event) {
        if let Some(law) = laws::breach_of(self.dispatch, &event) {
            self.dispatch.breaches.count(law);
            tracing::error!(law = law.name(), event = event.name(), "a law of dispatch is broken");
        }
        if let Some(facts) = self.dispatch.apply(self.now, &event) {
            let index = *self.touched_at.entry(facts.id).or_insert(self.touched.len());
            if index == self.touched.len() {
                self.touched.push(facts);
            } else {
                self.touched[index] = facts;
            }
        }
        self.events.push(event);
    }
}
