//! Who is told of an event that is kept, and of what has changed since: through the actors that hold the sockets.
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
    protocol::Badge,
    push::{Feed, Load, Push, Show, Told},
    registry::{Registry, State, carriers::Bindings},
};

/// Missed events that are sent at once; whoever missed more is better served by a snapshot, and could not take them in
/// as fast as they come.
const RESUMED_AT_ONCE_MAX: usize = 200;

/// Who hears an event.
#[derive(Debug, Clone, Default)]
struct Audience {
    persons: BTreeSet<PersonId>,
    supervisors: bool,
    administrators: bool,
}

/// Events of one batch for one carrier, if there are any.
pub(super) type Gathered = Option<Vec<Arc<Told>>>;

impl Audience {
    /// Who hears `event`.
    fn of(event: &Event, facts: Option<&Conversation>, kept: &Dispatch, bindings: &Bindings) -> Self {
        let mut audience = Self::default();
        if let Some(facts) = facts {
            audience.persons.extend(facts.counselor().map(PersonId::from));
        }
        match event {
            // Of their presence people hear as of state (`carry`).
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
                let line = kept.counselor(*counselor).map(|counselor| counselor.line.iter());
                let waiting =
                    line.into_iter().flatten().filter_map(|ticket| kept.conversation(ticket.conversation));
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
                    audience.persons.extend(facts.wanted.map(PersonId::from));
                }
            }
        }
        audience
    }

    fn contains(&self, person: PersonId, badge: Badge) -> bool {
        self.persons.contains(&person)
            || match badge {
                Badge::Visitor => false,
                Badge::Counselor { role, .. } => self.supervisors && role == Role::Supervisor,
                Badge::Administrator => self.administrators,
            }
    }
}

/// The latest events, for sockets that come back.
pub(super) struct RecentEvents {
    events: VecDeque<(Arc<Told>, Audience)>,
    events_max: usize,
}

impl RecentEvents {
    pub(super) fn new(events_max: usize) -> Self {
        Self { events: VecDeque::new(), events_max }
    }

    fn push(&mut self, told: Arc<Told>, audience: Audience) {
        self.events.push_back((told, audience));
        if self.events.len() > self.events_max {
            self.events.pop_front();
        }
    }

    /// What a socket that knows everything up to `since` has missed; none if that cannot be told any more.
    pub(super) fn missed(
        &self,
        person: PersonId,
        badge: Badge,
        since: u64,
        committed: u64,
    ) -> Option<Vec<Arc<Told>>> {
        let remembered = match self.events.front() {
            Some((first, _)) => since + 1 >= first.seq,
            None => since == committed,
        };
        if !remembered || since > committed {
            return None;
        }
        let after = self.events.iter().skip_while(|(told, _)| told.seq <= since);
        let missed: Vec<Arc<Told>> = after
            .filter(|(_, audience)| audience.contains(person, badge))
            .take(RESUMED_AT_ONCE_MAX + 1)
            .map(|(told, _)| Arc::clone(told))
            .collect();
        (missed.len() <= RESUMED_AT_ONCE_MAX).then_some(missed)
    }
}

impl Registry {
    /// Applies what has landed to the committed view and tells everyone concerned.
    pub(crate) fn feed(&mut self, batch: &Batch, ctx: &mut Context<Self>) {
        let mut counselors: BTreeMap<CounselorId, Vec<Arc<Told>>> = BTreeMap::new();
        let mut visitors: BTreeMap<VisitorId, Vec<Arc<Told>>> = BTreeMap::new();
        let mut administrators: Vec<Arc<Told>> = Vec::new();
        for stamped in &batch.events {
            let facts = self.kept.apply(stamped.at, &stamped.event);
            let audience = Audience::of(&stamped.event, facts.as_ref(), &self.kept, &self.carriers.bindings);
            let told = Arc::new(Told {
                seq: stamped.seq,
                at: stamped.at,
                event: stamped.event.clone(),
                facts,
                unanswered_since: facts.and_then(|facts| self.unanswered_since(&facts)),
            });
            self.carriers.told_of.extend(told.facts.map(|facts| facts.id));
            self.carry(&told, ctx);
            if let Event::Expelled { person, .. } = told.event {
                let gathered = (counselors.remove(&person.into()), visitors.remove(&person.into()));
                self.show_out(person, gathered, &told);
                self.carriers.recent.push(told, audience);
                continue;
            }
            for person in &audience.persons {
                let counselor = CounselorId::from(*person);
                if self.carriers.counselors.contains_key(&counselor) {
                    counselors.entry(counselor).or_default().push(Arc::clone(&told));
                }
                let visitor = VisitorId::from(*person);
                if self.carriers.visitors.contains_key(&visitor) {
                    visitors.entry(visitor).or_default().push(Arc::clone(&told));
                }
            }
            if audience.supervisors {
                for supervisor in
                    self.kept.counselors().filter(|counselor| counselor.role == Role::Supervisor)
                {
                    if !audience.persons.contains(&supervisor.id.into()) {
                        counselors.entry(supervisor.id).or_default().push(Arc::clone(&told));
                    }
                }
            }
            if audience.administrators {
                administrators.push(Arc::clone(&told));
            }
            self.carriers.recent.push(told, audience);
        }
        for (counselor, events) in counselors {
            if let Some(carrier) = self.carriers.counselors.get(&counselor) {
                carrier.do_send(Feed(events));
            }
        }
        for (visitor, events) in visitors {
            if let Some(carrier) = self.carriers.visitors.get(&visitor) {
                carrier.do_send(Feed(events));
            }
        }
        if !administrators.is_empty() {
            self.carriers.administrators.push(&Push::Events(administrators.into()));
        }
        self.carriers.state_changed();
    }

    /// Places, presence and load are state, not events: gathered, and shown at most once in a while.
    pub(crate) fn show_state(&mut self) {
        let (changed, answers_changed) = self.carriers.changes();
        if self.state == State::Fenced {
            return;
        }
        if changed || answers_changed {
            self.show_answers();
        }
        if !changed {
            return;
        }
        self.kept.mirror_presence(&self.decided);
        let common_waiting = self.kept.common().len();
        let others: Arc<Vec<Load>> = Arc::new(self.kept.counselors().map(Load::from).collect());
        for (counselor, carrier) in &self.carriers.counselors {
            let known = self.kept.counselor(*counselor);
            let supervises = known.is_some_and(|known| known.role == Role::Supervisor);
            let others = supervises.then(|| Arc::clone(&others));
            let on_shift = known.map(|known| known.on_shift);
            carrier.do_send(Show(Push::Floor { common_waiting, on_shift, others }));
        }
        let floor = Push::Floor { common_waiting, on_shift: None, others: Some(others) };
        self.carriers.administrators.push(&floor);
        let Self { kept, carriers, .. } = self;
        for (place, conversation) in kept.places() {
            // A counselor who waits for a supervisor may wait for a consultation of their own, too.
            let Some(facts) = kept.conversation(conversation).filter(|facts| facts.is_consultation()) else {
                continue;
            };
            if let Some(carrier) = carriers.visitors.get(&facts.visitor) {
                carrier.do_send(Show(Push::Place(place)));
            }
        }
    }
}
