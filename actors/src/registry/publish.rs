//! Who is told of an event that is committed, and of what has changed since: through the actors that hold the sockets.
//! Nothing here decides.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use actix::Context;

use crate::{
    dispatch::{Dispatch, conversation::Conversation, counselor::Role, event::Event},
    ids::{CounselorId, PersonId, VisitorId},
    journal::Batch,
    protocol::SocketRole,
    push::{CommittedEvent, CommittedEvents, Load, Push, StateUpdate},
    registry::{Registry, State, children::Bindings},
};

/// Missed events that are sent at once; whoever missed more is better served by a snapshot, and could not take them in
/// as fast as they come.
const RESUMED_AT_ONCE_MAX: usize = 200;

/// Who is told of an event.
#[derive(Debug, Clone, Default)]
struct Audience {
    persons: BTreeSet<PersonId>,
    supervisors: bool,
    administrators: bool,
}

/// Events of one batch for one actor, if there are any.
pub(super) type Gathered = Option<Vec<Arc<CommittedEvent>>>;

impl Audience {
    /// Who hears `event`.
    fn of(event: &Event, facts: Option<&Conversation>, committed: &Dispatch, bindings: &Bindings) -> Self {
        let mut audience = Self::default();
        if let Some(facts) = facts {
            audience.persons.extend(facts.counselor().map(PersonId::from));
        }
        match event {
            // Of their presence people hear as of state (`show_state`).
            Event::Claimed
            | Event::Admitted { .. }
            | Event::Pardoned { .. }
            | Event::PresenceChosen { .. } => {}
            Event::CapacityChanged { counselor, .. } => {
                audience.persons.insert((*counselor).into());
            }
            Event::Expelled { person, .. } => {
                audience.persons.insert(*person);
            }
            Event::Unanswered { .. } => {
                let counselor = facts.and_then(Conversation::counselor);
                let bound = counselor.and_then(|counselor| bindings.get(&counselor));
                audience.persons.extend(bound.into_iter().flatten());
                audience.administrators = true;
            }
            Event::CounselorLost { counselor } => {
                audience.persons.insert((*counselor).into());
                audience.supervisors = true;
                audience.administrators = true;
                let queue = committed.counselor(*counselor).map(|counselor| counselor.queue.iter());
                let waiting = queue
                    .into_iter()
                    .flatten()
                    .filter_map(|ticket| committed.conversation(ticket.conversation));
                audience.persons.extend(waiting.map(|facts| PersonId::from(facts.visitor)));
            }
            Event::Opened { .. }
            | Event::Widened { .. }
            | Event::PriorityChanged { .. }
            | Event::Assigned { .. }
            | Event::MediumChanged { .. }
            | Event::Noticed { .. }
            | Event::Ended { .. } => {
                if let Some(facts) = facts {
                    audience.persons.insert(facts.visitor.into());
                    audience.persons.extend(facts.requested_counselor.map(PersonId::from));
                }
            }
        }
        audience
    }

    fn contains(&self, person: PersonId, socket_role: SocketRole) -> bool {
        self.persons.contains(&person)
            || match socket_role {
                SocketRole::Visitor => false,
                SocketRole::Counselor { role, .. } => self.supervisors && role == Role::Supervisor,
                SocketRole::Administrator => self.administrators,
            }
    }
}

/// The latest events, for sockets that come back.
pub(super) struct RecentEvents {
    events: VecDeque<(Arc<CommittedEvent>, Audience)>,
    events_max: usize,
}

impl RecentEvents {
    pub(super) fn new(events_max: usize) -> Self {
        Self { events: VecDeque::new(), events_max }
    }

    fn push(&mut self, committed: Arc<CommittedEvent>, audience: Audience) {
        self.events.push_back((committed, audience));
        if self.events.len() > self.events_max {
            self.events.pop_front();
        }
    }

    /// What a socket that knows everything up to `since` has missed; none if that cannot be told any more.
    pub(super) fn missed(
        &self,
        person: PersonId,
        socket_role: SocketRole,
        since: u64,
        committed: u64,
    ) -> Option<Vec<Arc<CommittedEvent>>> {
        let remembered = match self.events.front() {
            Some((first, _)) => since + 1 >= first.seq,
            None => since == committed,
        };
        if !remembered || since > committed {
            return None;
        }
        let after = self.events.iter().skip_while(|(committed, _)| committed.seq <= since);
        let missed: Vec<Arc<CommittedEvent>> = after
            .filter(|(_, audience)| audience.contains(person, socket_role))
            .take(RESUMED_AT_ONCE_MAX + 1)
            .map(|(committed, _)| Arc::clone(committed))
            .collect();
        (missed.len() <= RESUMED_AT_ONCE_MAX).then_some(missed)
    }
}

impl Registry {
    /// Applies what was committed to the committed view and tells everyone concerned.
    pub(crate) fn publish(&mut self, batch: &Batch, ctx: &mut Context<Self>) {
        let mut counselors: BTreeMap<CounselorId, Vec<Arc<CommittedEvent>>> = BTreeMap::new();
        let mut visitors: BTreeMap<VisitorId, Vec<Arc<CommittedEvent>>> = BTreeMap::new();
        let mut administrators: Vec<Arc<CommittedEvent>> = Vec::new();
        for stamped in &batch.events {
            let facts = self.committed.apply(stamped.at, &stamped.event);
            let audience =
                Audience::of(&stamped.event, facts.as_ref(), &self.committed, &self.children.bindings);
            let committed = Arc::new(CommittedEvent {
                seq: stamped.seq,
                at: stamped.at,
                event: stamped.event.clone(),
                facts,
                unanswered_since: facts.and_then(|facts| self.unanswered_since(&facts)),
            });
            self.children.published_talks.extend(committed.facts.map(|facts| facts.id));
            self.ensure_actors(&committed, ctx);
            if let Event::Expelled { person, .. } = committed.event {
                let gathered = (counselors.remove(&person.into()), visitors.remove(&person.into()));
                self.end_sessions(person, gathered, &committed);
                self.children.recent.push(committed, audience);
                continue;
            }
            for person in &audience.persons {
                let counselor = CounselorId::from(*person);
                if self.children.counselors.contains_key(&counselor) {
                    counselors.entry(counselor).or_default().push(Arc::clone(&committed));
                }
                let visitor = VisitorId::from(*person);
                if self.children.visitors.contains_key(&visitor) {
                    visitors.entry(visitor).or_default().push(Arc::clone(&committed));
                }
            }
            if audience.supervisors {
                for supervisor in
                    self.committed.counselors().filter(|counselor| counselor.role == Role::Supervisor)
                {
                    if !audience.persons.contains(&supervisor.id.into()) {
                        counselors.entry(supervisor.id).or_default().push(Arc::clone(&committed));
                    }
                }
            }
            if audience.administrators {
                administrators.push(Arc::clone(&committed));
            }
            self.children.recent.push(committed, audience);
        }
        for (counselor, events) in counselors {
            if let Some(actor) = self.children.counselors.get(&counselor) {
                actor.do_send(CommittedEvents(events));
            }
        }
        for (visitor, events) in visitors {
            if let Some(actor) = self.children.visitors.get(&visitor) {
                actor.do_send(CommittedEvents(events));
            }
        }
        if !administrators.is_empty() {
            self.children.administrators.push(&Push::Events(administrators.into()));
        }
        self.children.state_changed();
    }

    /// Places, presence and load are state, not events: gathered, and shown at most once in a while.
    pub(crate) fn show_state(&mut self) {
        let (changed, answers_changed) = self.children.changes();
        if self.state == State::Fenced {
            return;
        }
        if changed || answers_changed {
            self.show_answers();
        }
        if !changed {
            return;
        }
        self.committed.mirror_presence(&self.decided);
        let common_waiting = self.committed.common_queue().len();
        let others: Arc<Vec<Load>> = Arc::new(self.committed.counselors().map(Load::from).collect());
        for (counselor, actor) in &self.children.counselors {
            let known = self.committed.counselor(*counselor);
            let supervises = known.is_some_and(|known| known.role == Role::Supervisor);
            let others = supervises.then(|| Arc::clone(&others));
            let on_shift = known.map(|known| known.on_shift);
            actor.do_send(StateUpdate(Push::QueueOverview { common_waiting, on_shift, others }));
        }
        let floor = Push::QueueOverview { common_waiting, on_shift: None, others: Some(others) };
        self.children.administrators.push(&floor);
        let Self { committed, children, .. } = self;
        for (place, conversation) in committed.places() {
            // A counselor who waits for a supervisor may wait for a consultation of their own, too.
            let Some(facts) = committed.conversation(conversation).filter(|facts| facts.is_consultation())
            else {
                continue;
            };
            if let Some(actor) = children.visitors.get(&facts.visitor) {
                actor.do_send(StateUpdate(Push::Place(place)));
            }
        }
    }
}
