//! What is kept is told: to the carriers concerned, and through them to the sockets. Nothing here decides.

mod closing;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use actix::{Actor, Addr, AsyncContext, Context, Handler, Message, Recipient};

use crate::{
    conversation::Conversation as TalkCarrier,
    counselor::{Chosen, Counselor as CounselorCarrier},
    dispatch::{
        Dispatch,
        command::Command,
        conversation::{Conversation, Phase},
        counselor::Role,
        event::Event,
    },
    ids::{ConversationId, CounselorId, LogIn, PersonId, VisitorId},
    journal::Batch,
    push::{Answers, Attach, Closing, Desk, Feed, Greeting, Load, Push, Show, SocketId, Sockets, Told},
    registry::{Badge, Join, Leave, Registry, Rejected, State, answers::Reader, im::Logins},
    sabotage::{Sabotage, sabotaged},
    time::Timestamp,
    visitor::{ImPresence, Visitor as VisitorCarrier},
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
type Gathered = Option<Vec<Arc<Told>>>;

pub(crate) struct Socket {
    pub(crate) person: PersonId,
    pub(crate) badge: Badge,
    pub(crate) login: LogIn,
    pub(crate) to: Recipient<Push>,
}

/// The actors that carry what lives outside a decision, and what they were told.
pub(crate) struct Carriers {
    pub(crate) counselors: BTreeMap<CounselorId, Addr<CounselorCarrier>>,
    pub(crate) visitors: BTreeMap<VisitorId, Addr<VisitorCarrier>>,
    talks: BTreeMap<ConversationId, Addr<TalkCarrier>>,
    /// Who is logged in to IM.
    pub(crate) logins: Logins,
    pub(crate) administrators: Sockets,
    pub(crate) sockets: BTreeMap<SocketId, Socket>,
    /// By which log-ins sockets of each counselor went, and when: each may come back within the grace.
    pub(crate) left: BTreeMap<CounselorId, BTreeMap<LogIn, Timestamp>>,
    next_socket: u64,
    pub(super) bindings: BTreeMap<CounselorId, BTreeSet<PersonId>>,
    /// Who waits for an answer, as it was shown last.
    pub(super) shown: BTreeMap<Reader, Answers>,
    /// The talks of which an event has told since.
    pub(super) told_of: BTreeSet<ConversationId>,
    /// The latest events, for sockets that come back.
    told: VecDeque<(Arc<Told>, Audience)>,
    told_max: usize,
    state_changed: bool,
    answers_changed: bool,
}

impl Carriers {
    pub(crate) fn new(told_max: usize) -> Self {
        Self {
            counselors: BTreeMap::new(),
            visitors: BTreeMap::new(),
            talks: BTreeMap::new(),
            logins: Logins::default(),
            administrators: Sockets::default(),
            sockets: BTreeMap::new(),
            left: BTreeMap::new(),
            next_socket: 1,
            bindings: BTreeMap::new(),
            shown: BTreeMap::new(),
            told_of: BTreeSet::new(),
            told: VecDeque::new(),
            told_max,
            state_changed: false,
            answers_changed: false,
        }
    }

    pub(crate) fn answers_changed(&mut self) {
        self.answers_changed = true;
    }

    /// Whether anything that is state has changed since this was asked last, and who waits for an answer.
    fn changes(&mut self) -> (bool, bool) {
        (std::mem::take(&mut self.state_changed), std::mem::take(&mut self.answers_changed))
    }

    pub(crate) fn state_changed(&mut self) {
        self.state_changed = true;
    }

    pub(crate) fn bind(&mut self, bindings: BTreeMap<CounselorId, BTreeSet<PersonId>>) {
        self.bindings = bindings;
        self.answers_changed = true;
    }

    pub(crate) fn sockets(&self) -> usize {
        self.sockets.len()
    }

    pub(crate) fn tell_talk<M>(&self, talk: ConversationId, message: M)
    where
        M: Message<Result = ()> + Send + 'static,
        TalkCarrier: Handler<M>,
    {
        if let Some(carrier) = self.talks.get(&talk) {
            carrier.do_send(message);
        }
    }

    pub(crate) fn tell_talks<M>(&self, message: M)
    where
        M: Message<Result = ()> + Copy + Send + 'static,
        TalkCarrier: Handler<M>,
    {
        for carrier in self.talks.values() {
            carrier.do_send(message);
        }
    }

    /// Who hears `event`.
    fn audience(&self, event: &Event, facts: Option<&Conversation>, kept: &Dispatch) -> Audience {
        let mut audience = Audience::default();
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
                let bound = counselor.and_then(|counselor| self.bindings.get(&counselor));
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

    fn remember(&mut self, told: Arc<Told>, audience: Audience) {
        self.told.push_back((told, audience));
        if self.told.len() > self.told_max {
            self.told.pop_front();
        }
    }

    fn concerns(audience: &Audience, person: PersonId, badge: Badge) -> bool {
        audience.persons.contains(&person)
            || match badge {
                Badge::Visitor => false,
                Badge::Counselor { role, .. } => audience.supervisors && role == Role::Supervisor,
                Badge::Administrator => audience.administrators,
            }
    }

    /// What a socket that knows everything up to `since` has missed; none if that cannot be told any more.
    fn missed(&self, person: PersonId, badge: Badge, since: u64, committed: u64) -> Option<Vec<Arc<Told>>> {
        let remembered = match self.told.front() {
            Some((first, _)) => since + 1 >= first.seq,
            None => since == committed,
        };
        if !remembered || since > committed {
            return None;
        }
        let after = self.told.iter().skip_while(|(told, _)| told.seq <= since);
        let missed: Vec<Arc<Told>> = after
            .filter(|(_, audience)| Self::concerns(audience, person, badge))
            .take(RESUMED_AT_ONCE_MAX + 1)
            .map(|(told, _)| Arc::clone(told))
            .collect();
        (missed.len() <= RESUMED_AT_ONCE_MAX).then_some(missed)
    }
}

impl Registry {
    /// Every carrier from what is kept, after a revival.
    pub(crate) fn rebuild_carriers(&mut self, ctx: &mut Context<Self>) {
        let counselors: Vec<(CounselorId, u32)> =
            self.kept.counselors().map(|counselor| (counselor.id, counselor.capacity)).collect();
        for (counselor, capacity) in counselors {
            self.carry_counselor(counselor, capacity, ctx);
        }
        if sabotaged(Sabotage::ForgetDeadlineOnRevival) {
            return;
        }
        let talks: Vec<ConversationId> = self
            .kept
            .conversations()
            .filter(|facts| facts.counselor().is_some())
            .map(|facts| facts.id)
            .collect();
        for talk in talks {
            self.carry_talk(talk, ctx);
        }
    }

    fn carry_counselor(&mut self, counselor: CounselorId, capacity: u32, ctx: &mut Context<Self>) {
        // Not by their place in the committed view: they may be on their way back into it, and be waited for.
        let theirs = |facts: &&Conversation| match facts.phase {
            Phase::Waiting => facts.wanted == Some(counselor),
            Phase::InProgress { .. } | Phase::Ended { .. } => facts.counselor() == Some(counselor),
        };
        let open = self.kept.conversations().filter(theirs).copied();
        let carrier =
            CounselorCarrier::new(counselor, ctx.address(), Arc::clone(&self.limits), capacity, open);
        self.carriers.counselors.insert(counselor, carrier.start());
    }

    fn carry_talk(&mut self, talk: ConversationId, ctx: &mut Context<Self>) {
        let Some(clock) = self.decided.clock(talk).copied() else { return };
        let carrier = TalkCarrier::new(
            talk,
            ctx.address(),
            Arc::clone(&self.limits),
            Arc::clone(&self.setup.clock),
            clock,
        );
        self.carriers.talks.insert(talk, carrier.start());
    }

    /// A carrier that has died is noticed here, and rebuilt from what is kept; its sockets come back by themselves.
    pub(crate) fn revive_carriers(&mut self, ctx: &mut Context<Self>) {
        let dead_talks: Vec<ConversationId> = self
            .carriers
            .talks
            .iter()
            .filter(|(_, carrier)| !carrier.connected())
            .map(|(id, _)| *id)
            .collect();
        for talk in dead_talks {
            self.carriers.talks.remove(&talk);
            if self.kept.conversation(talk).is_some() {
                tracing::error!(institution = %self.setup.institution, conversation = %talk, "a talk's actor had died");
                self.carry_talk(talk, ctx);
            }
        }
        let dead: Vec<CounselorId> = self
            .carriers
            .counselors
            .iter()
            .filter(|(_, carrier)| !carrier.connected())
            .map(|(id, _)| *id)
            .collect();
        for counselor in dead {
            tracing::error!(institution = %self.setup.institution, %counselor, "a counselor's actor had died");
            self.carriers.close_uncarried(counselor.into(), Closing::Faulty);
            let capacity = self.kept.counselor(counselor).map_or(0, |known| known.capacity);
            self.carry_counselor(counselor, capacity, ctx);
        }
        let dead: Vec<VisitorId> = self
            .carriers
            .visitors
            .iter()
            .filter(|(_, carrier)| !carrier.connected())
            .map(|(id, _)| *id)
            .collect();
        for visitor in dead {
            tracing::error!(institution = %self.setup.institution, %visitor, "a visitor's actor had died");
            self.carriers.close_uncarried(visitor.into(), Closing::Faulty);
            self.carriers.visitors.remove(&visitor);
        }
    }

    /// Applies what has landed to the committed view and tells everyone concerned.
    pub(crate) fn feed(&mut self, batch: &Batch, ctx: &mut Context<Self>) {
        let mut counselors: BTreeMap<CounselorId, Vec<Arc<Told>>> = BTreeMap::new();
        let mut visitors: BTreeMap<VisitorId, Vec<Arc<Told>>> = BTreeMap::new();
        let mut administrators: Vec<Arc<Told>> = Vec::new();
        for stamped in &batch.events {
            let facts = self.kept.apply(stamped.at, &stamped.event);
            let audience = self.carriers.audience(&stamped.event, facts.as_ref(), &self.kept);
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
                self.carriers.remember(told, audience);
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
            self.carriers.remember(told, audience);
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

    /// Carriers come and go with what they carry.
    fn carry(&mut self, told: &Arc<Told>, ctx: &mut Context<Self>) {
        match (&told.event, told.facts) {
            (Event::Assigned { conversation, .. }, _) => self.carry_talk(*conversation, ctx),
            (Event::Admitted { counselor, capacity, .. }, _) => {
                if !self.carriers.counselors.contains_key(counselor) {
                    self.carry_counselor(*counselor, *capacity, ctx);
                }
            }
            (Event::PresenceChosen { counselor, choice: Some(choice) }, _) => {
                if let Some(carrier) = self.carriers.counselors.get(counselor) {
                    carrier.do_send(Chosen { choice: *choice, again: false });
                }
            }
            (_, Some(facts)) => {
                if let Some(carrier) = self.carriers.talks.get(&facts.id) {
                    carrier.do_send(Feed(vec![Arc::clone(told)]));
                }
                if matches!(facts.phase, Phase::Ended { .. }) {
                    self.carriers.talks.remove(&facts.id);
                }
            }
            (_, None) => {}
        }
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

    fn attach(&mut self, join: Join, id: SocketId, ctx: &mut Context<Self>) {
        let Join { person, badge, socket, since, .. } = join;
        let committed = self.journal.committed();
        let missed = since.and_then(|since| self.carriers.missed(person, badge, since, committed));
        let greeting = missed.map_or(Greeting::Snapshot, Greeting::Resume);
        let choice = match badge {
            Badge::Counselor { .. } => self.chosen(person.into()),
            Badge::Visitor | Badge::Administrator => None,
        };
        self.kept.mirror_presence(&self.decided);
        let consultation = self.kept.consultation_of(person.into()).copied();
        let place = consultation.and_then(|facts| self.kept.place(facts.id));
        let on_shift = self.decided.counselor(person.into()).is_some_and(|known| known.on_shift);
        let common_waiting = self.kept.common().len();
        let answers = match badge {
            Badge::Visitor => Answers::default(),
            Badge::Counselor { .. } => self.answers_of(Reader::Staff(person.into())),
            Badge::Administrator => self.answers_of(Reader::Administrators),
        };
        let cursor = committed;
        let attach =
            Attach { id, socket, cursor, greeting, choice, on_shift, common_waiting, place, answers };
        match badge {
            Badge::Visitor => self.visitor_carrier(person.into(), ctx).do_send(attach),
            Badge::Counselor { .. } => {
                if let Some(carrier) = self.carriers.counselors.get(&CounselorId::from(person)) {
                    carrier.do_send(attach);
                }
            }
            Badge::Administrator => self.attach_administrator(attach),
        }
    }

    fn visitor_carrier(&mut self, visitor: VisitorId, ctx: &mut Context<Self>) -> &Addr<VisitorCarrier> {
        let consultation = self.kept.consultation_of(visitor).copied();
        self.carriers
            .visitors
            .entry(visitor)
            .or_insert_with(|| VisitorCarrier::new(visitor, ctx.address(), consultation).start())
    }

    /// A visitor's IM log-in begins, or has ended. Their carrier lives as long as anything holds them here.
    pub(crate) fn visitor_logged_in(&mut self, visitor: VisitorId, here: bool, ctx: &mut Context<Self>) {
        self.visitor_carrier(visitor, ctx).do_send(ImPresence(here));
        self.release_visitor(visitor);
    }

    /// Without a socket and without an IM log-in they have left; their carrier tells that they are gone, and ends.
    pub(crate) fn release_visitor(&mut self, visitor: VisitorId) {
        let person = PersonId::from(visitor);
        let has_socket = self
            .carriers
            .sockets
            .values()
            .any(|socket| socket.person == person && socket.badge == Badge::Visitor);
        if !has_socket && !self.carriers.logins.is_here(person) {
            self.carriers.visitors.remove(&visitor);
        }
    }

    fn attach_administrator(&mut self, attach: Attach) {
        let administrators = &mut self.carriers.administrators;
        administrators.insert(attach.id, attach.socket);
        match attach.greeting {
            Greeting::Snapshot => {
                let Attach { cursor, common_waiting, answers, .. } = attach;
                let desk = Desk { cursor, seat: None, common_waiting, answers };
                administrators.push_to(attach.id, Push::Desk(Arc::new(desk)));
            }
            Greeting::Resume(missed) => {
                administrators.resume(attach.id, attach.cursor, None, missed);
                administrators.push_answers(attach.id, attach.answers);
            }
        }
    }
}

impl Handler<Join> for Registry {
    type Result = Result<SocketId, Rejected>;

    fn handle(&mut self, join: Join, ctx: &mut Self::Context) -> Self::Result {
        match self.state {
            State::Fenced => return Err(Rejected::Switching),
            State::Stopping => return Err(Rejected::Stopping),
            State::Serving => {}
        }
        if let Badge::Counselor { role, capacity, .. } = join.badge {
            let counselor = CounselorId::from(join.person);
            if self.decided.counselor(counselor).is_none() {
                let admit = Command::Admit { counselor, role, capacity };
                self.turn(&admit, ctx).map_err(Rejected::Refused)?;
            }
            if !self.carriers.counselors.contains_key(&counselor) {
                self.carry_counselor(counselor, capacity, ctx);
            }
        }
        let id = SocketId(self.carriers.next_socket);
        self.carriers.next_socket += 1;
        let Join { person, badge, login, ref socket, .. } = join;
        if let Badge::Counselor { choice: wish, .. } = badge {
            // Before they are greeted: whoever asks for them once they have seen their desk finds them there.
            self.turn(&Command::Arrive { counselor: person.into(), wish }, ctx).map_err(Rejected::Refused)?;
        }
        self.carriers.sockets.insert(id, Socket { person, badge, login, to: socket.clone() });
        self.attach(join, id, ctx);
        // A newcomer sees the state of the others soon.
        self.carriers.state_changed();
        Ok(id)
    }
}

impl Handler<Leave> for Registry {
    type Result = ();

    fn handle(&mut self, Leave(id): Leave, _ctx: &mut Self::Context) {
        self.take_out(id, None);
    }
}
