//! A reference model of the event stream: it knows the laws of docs/design.md 4 and the rules of docs/contract.md 5, and nothing of
//! how Dispatch is built. It keeps a naive picture of its own and says what it finds wrong.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::collections::{BTreeMap, BTreeSet};

use hotline_actors::{
    ConversationId, CounselorId, Dispatch, PersonId, Timestamp, VisitorId,
    dispatch::{
        command::Command,
        conversation::{Kind, Priority},
        counselor::{ChosenStatus, Role},
        event::Event,
    },
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Waits,
    Talks(CounselorId),
    Over,
}

#[derive(Debug, Clone)]
struct Talk {
    kind: Kind,
    visitor: VisitorId,
    requested_counselor: Option<CounselorId>,
    allow_fallback: bool,
    common: bool,
    urgent: bool,
    arrival: u64,
    life: Life,
}

impl Talk {
    /// Smaller is served first.
    fn rank(&self) -> (bool, u64) {
        (!self.urgent, self.arrival)
    }
}

#[derive(Debug, Clone)]
struct Staff {
    role: Role,
    capacity: u32,
    held: BTreeSet<ConversationId>,
}

/// What is known of who can be reached. Not in the events: whoever drives tells it, or it is not known.
#[derive(Debug, Clone, Default)]
struct Presence {
    /// Has a socket, or had one less than the grace ago.
    here: BTreeSet<CounselorId>,
    online: BTreeSet<CounselorId>,
    on_shift: BTreeSet<CounselorId>,
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReferenceModel {
    staff: BTreeMap<CounselorId, Staff>,
    talks: BTreeMap<ConversationId, Talk>,
    presence: Option<Presence>,
    /// What people chose, by the events; of those who are offline nothing.
    chosen: BTreeMap<CounselorId, ChosenStatus>,
    /// Whoever is out does nothing more before they are pardoned.
    out: BTreeSet<PersonId>,
    found: Vec<String>,
}

impl Presence {
    fn is(&mut self, counselor: CounselorId, choice: ChosenStatus) {
        self.here.insert(counselor);
        if choice == ChosenStatus::Online {
            self.online.insert(counselor);
        } else {
            self.online.remove(&counselor);
        }
    }

    fn goes(&mut self, counselor: CounselorId) {
        self.here.remove(&counselor);
        self.online.remove(&counselor);
    }
}

impl ReferenceModel {
    /// What was found wrong so far.
    pub(crate) fn found(&self) -> &[String] {
        &self.found
    }

    /// Open conversations.
    pub(crate) fn open(&self) -> BTreeSet<ConversationId> {
        self.talks.iter().filter(|(_, talk)| talk.life != Life::Over).map(|(id, _)| *id).collect()
    }

    /// Whether a conversation was ever opened, and whether it is over.
    pub(crate) fn is_over(&self, conversation: ConversationId) -> Option<bool> {
        self.talks.get(&conversation).map(|talk| talk.life == Life::Over)
    }

    /// What `dispatch` holds otherwise than the events say: people with places, who has which, and who waits how.
    pub(crate) fn differs_from(&self, dispatch: &Dispatch) -> Option<String> {
        let staff = |(id, staff_member): (&CounselorId, &Staff)| {
            let known = dispatch.counselor(*id);
            let same = known.is_some_and(|known| {
                (known.role, known.capacity, &known.active)
                    == (staff_member.role, staff_member.capacity, &staff_member.held)
            });
            (!same).then(|| format!("{id} has {staff_member:?}, and here {known:?}"))
        };
        let strangers = dispatch.counselors().find(|known| !self.staff.contains_key(&known.id));
        let talks = |(id, talk): (&ConversationId, &Talk)| {
            let holder = match talk.life {
                // How many are open is compared below.
                Life::Over => return None,
                Life::Waits => None,
                Life::Talks(counselor) => Some(counselor),
            };
            let known = dispatch.conversation(*id);
            let same = known.is_some_and(|known| {
                let urgent = known.priority == Priority::Urgent;
                (known.counselor(), known.visitor, known.requested_counselor)
                    == (holder, talk.visitor, talk.requested_counselor)
                    && (known.in_common_queue, urgent, known.arrival)
                        == (talk.common, talk.urgent, talk.arrival)
            });
            (!same).then(|| format!("{id} is {talk:?}, and here {known:?}"))
        };
        let open = self.talks.values().filter(|talk| talk.life != Life::Over).count();
        self.staff
            .iter()
            .find_map(staff)
            .or_else(|| strangers.map(|known| format!("{known:?} never came in")))
            .or_else(|| self.talks.iter().find_map(talks))
            .or_else(|| {
                (dispatch.conversations().count() != open)
                    .then(|| "one is open that was not opened".to_owned())
            })
    }

    /// A command that was not refused: who can be reached is known from them alone.
    pub(crate) fn command(&mut self, _now: Timestamp, command: &Command) {
        let presence = self.presence.get_or_insert_default();
        match command {
            Command::SetPresence { counselor, choice: Some(choice) } => presence.is(*counselor, *choice),
            Command::SetPresence { counselor, choice: None } => presence.goes(*counselor),
            // Who is here already stays as they are, and who comes back after a restart is what they were.
            Command::Arrive { counselor, .. } if presence.here.contains(counselor) => {}
            Command::Arrive { counselor, choice } => {
                let before = self.chosen.get(counselor).copied();
                presence.is(*counselor, before.or(*choice).unwrap_or(ChosenStatus::Online));
            }
            Command::Shift { on } => presence.on_shift.clone_from(on),
            _ => {}
        }
    }

    /// After a restart nobody can be reached, and nothing that was asked before is still under way.
    pub(crate) fn restarted(&mut self) {
        self.out.clear();
        self.presence = self.presence.take().map(|_| Presence::default());
    }

    fn finds(&mut self, what: String) {
        self.found.push(what);
    }

    /// Looks at one event, and takes it in.
    pub(crate) fn event(&mut self, event: &Event) {
        match event {
            Event::Claimed | Event::CounselorLost { .. } => {}
            Event::Pardoned { person } => {
                self.out.remove(person);
            }
            Event::Admitted { counselor, role, capacity } => {
                self.comes(PersonId::from(*counselor));
                let staff_member = Staff { role: *role, capacity: *capacity, held: BTreeSet::new() };
                if self.staff.insert(*counselor, staff_member).is_some() {
                    self.finds(format!("{counselor} was admitted twice"));
                }
            }
            Event::CapacityChanged { counselor, capacity } => match self.staff.get_mut(counselor) {
                Some(staff_member) => staff_member.capacity = *capacity,
                None => self.finds(format!("capacity of {counselor}, who is not here")),
            },
            Event::PresenceChosen { counselor, choice } => self.presence_chosen(*counselor, *choice),
            Event::Expelled { person, .. } => self.expelled(*person),
            Event::Opened {
                conversation,
                kind,
                visitor,
                wanted: requested_counselor,
                fallback: allow_fallback,
                arrival,
            } => {
                self.comes(PersonId::from(*visitor));
                let talk = Talk {
                    kind: *kind,
                    visitor: *visitor,
                    requested_counselor: *requested_counselor,
                    allow_fallback: *allow_fallback,
                    common: requested_counselor.is_none(),
                    urgent: false,
                    arrival: *arrival,
                    life: Life::Waits,
                };
                self.opened(*conversation, talk);
            }
            Event::Widened { conversation } => self.widened(*conversation),
            Event::PriorityChanged { conversation, priority } => match self.talks.get_mut(conversation) {
                Some(talk) if talk.life != Life::Over => talk.urgent = *priority == Priority::Urgent,
                Some(_) | None => self.finds(format!("priority of {conversation}, which is not open")),
            },
            Event::Assigned { conversation, counselor } => self.assigned(*conversation, *counselor),
            Event::MediumChanged { conversation, .. }
            | Event::Noticed { conversation, .. }
            | Event::Unanswered { conversation, .. } => {
                let life = self.talks.get(conversation).map(|talk| talk.life);
                if !matches!(life, Some(Life::Talks(_))) {
                    self.finds(format!("{} in {conversation}, which is no talk", event.name()));
                }
            }
            Event::Ended { conversation, .. } => self.ended(*conversation),
        }
    }

    /// What somebody is by the events.
    pub(crate) fn chosen(&self, counselor: CounselorId) -> Option<ChosenStatus> {
        self.chosen.get(&counselor).copied()
    }

    fn presence_chosen(&mut self, counselor: CounselorId, choice: Option<ChosenStatus>) {
        let before = match choice {
            Some(choice) => self.chosen.insert(counselor, choice),
            None => self.chosen.remove(&counselor),
        };
        if before == choice {
            self.finds(format!("presence: {counselor} is {choice:?} again"));
        }
        if !self.staff.contains_key(&counselor) {
            self.finds(format!("presence: of {counselor}, who is not here"));
        }
    }

    fn opened(&mut self, id: ConversationId, talk: Talk) {
        if self.talks.contains_key(&id) {
            self.finds(format!("L-7: {id} was opened twice"));
        }
        let behind = |other: &Talk| other.life != Life::Over && other.arrival >= talk.arrival;
        if self.talks.values().any(behind) {
            self.finds(format!("L-4: {id} came after another and has an earlier number"));
        }
        let open = |other: &Talk| other.life != Life::Over && other.kind == Kind::Consultation;
        if talk.kind == Kind::Consultation
            && self.talks.values().any(|other| open(other) && other.visitor == talk.visitor)
        {
            self.finds(format!("L-2: {} opens {id} beside another", talk.visitor));
        }
        if talk.requested_counselor.map(PersonId::from) == Some(talk.visitor.into()) {
            self.finds(format!("{} asks for themselves in {id}", talk.visitor));
        }
        self.talks.insert(id, talk);
    }

    fn widened(&mut self, id: ConversationId) {
        match self.talks.get_mut(&id) {
            Some(talk) if talk.life == Life::Waits && talk.allow_fallback && !talk.common => {
                talk.common = true;
            }
            Some(talk) => {
                let talk = talk.clone();
                self.finds(format!("{id} is widened, but is {talk:?}"));
            }
            None => self.finds(format!("{id} is widened and was never opened")),
        }
    }

    fn assigned(&mut self, id: ConversationId, counselor: CounselorId) {
        let Some(talk) = self.talks.get(&id).cloned() else {
            return self.finds(format!("L-7: {id} begins and was never opened"));
        };
        if talk.life != Life::Waits {
            self.finds(format!("L-7: {id} begins, but is {:?}", talk.life));
        }
        if PersonId::from(talk.visitor) == PersonId::from(counselor) {
            self.finds(format!("{counselor} serves themselves in {id}"));
        }
        if talk.requested_counselor != Some(counselor) && !talk.common {
            self.finds(format!("{id} is given to {counselor}, who was not asked for"));
        }
        let on_shift = self.presence.as_ref().map(|known| known.on_shift.contains(&counselor));
        if talk.requested_counselor != Some(counselor) && on_shift == Some(false) {
            self.finds(format!("{counselor} serves the common queue with {id} and is not on shift"));
        }
        if self.presence.as_ref().is_some_and(|known| !known.online.contains(&counselor)) {
            self.finds(format!("{counselor} is given {id} and is not online"));
        }
        let chosen = self.chosen(counselor);
        if chosen != Some(ChosenStatus::Online) {
            self.finds(format!("presence: {counselor} is given {id} and is {chosen:?}"));
        }
        // Somebody served out of the common queue shows that their counselor serves it.
        let serves_common = on_shift.unwrap_or(talk.requested_counselor != Some(counselor));
        let overtaken =
            self.candidates(counselor, serves_common).find(|(_, other)| other.rank() < talk.rank());
        if let Some((other, _)) = overtaken {
            let other = *other;
            self.finds(format!("L-4: {id} overtakes {other} at {counselor}"));
        }
        let Some(staff_member) = self.staff.get_mut(&counselor) else {
            return self.finds(format!("{id} is given to {counselor}, who is not here"));
        };
        let full = staff_member.held.len() >= usize::try_from(staff_member.capacity).unwrap_or(usize::MAX);
        let held_before = !staff_member.held.insert(id);
        if full {
            self.finds(format!("L-1: {counselor} is full and is given {id}"));
        }
        if held_before {
            self.finds(format!("L-7: {id} takes its place at {counselor} twice"));
        }
        if let Some(talk) = self.talks.get_mut(&id) {
            talk.life = Life::Talks(counselor);
        }
    }

    /// Everyone who waits and might be served by `counselor`.
    fn candidates(
        &self,
        counselor: CounselorId,
        serves_common: bool,
    ) -> impl Iterator<Item = (&ConversationId, &Talk)> {
        self.talks.iter().filter(move |(_, talk)| {
            talk.life == Life::Waits
                && PersonId::from(talk.visitor) != PersonId::from(counselor)
                && (talk.requested_counselor == Some(counselor) || (serves_common && talk.common))
        })
    }

    fn ended(&mut self, id: ConversationId) {
        match self.talks.get_mut(&id).map(|talk| std::mem::replace(&mut talk.life, Life::Over)) {
            Some(Life::Waits) => {}
            Some(Life::Talks(counselor)) => {
                let released =
                    self.staff.get_mut(&counselor).is_some_and(|staff_member| staff_member.held.remove(&id));
                if !released {
                    self.finds(format!("L-7: {id} ends and holds no place at {counselor}"));
                }
            }
            Some(Life::Over) => self.finds(format!("L-7: {id} ends twice")),
            None => self.finds(format!("L-7: {id} ends and was never opened")),
        }
    }

    fn comes(&mut self, person: PersonId) {
        if self.out.contains(&person) {
            self.finds(format!("{person} comes in, and was taken out"));
        }
    }

    fn expelled(&mut self, person: PersonId) {
        self.out.insert(person);
        let counselor = CounselorId::from(person);
        let open = |talk: &&Talk| talk.life != Life::Over;
        let stays = self.talks.values().filter(open).any(|talk| PersonId::from(talk.visitor) == person);
        let stranded = self
            .talks
            .values()
            .filter(open)
            .any(|talk| talk.requested_counselor == Some(counselor) && !talk.common);
        let held = self.staff.get(&counselor).is_some_and(|staff_member| !staff_member.held.is_empty());
        if stays || stranded || held {
            self.finds(format!("{person} is out: still in a talk {stays}, {held}; waited for {stranded}"));
        }
        self.staff.remove(&counselor);
        self.chosen.remove(&counselor);
        if let Some(presence) = &mut self.presence {
            presence.goes(counselor);
        }
    }

    /// A whole decision has been seen. L-3: nobody waits beside a free place.
    pub(crate) fn settled(&mut self) {
        let Some(presence) = &self.presence else { return };
        let beside = self.staff.iter().find_map(|(counselor, staff_member)| {
            let free = staff_member.held.len() < usize::try_from(staff_member.capacity).unwrap_or(usize::MAX);
            let serves_common = presence.on_shift.contains(counselor) && staff_member.role == Role::Counselor;
            if !free || !presence.online.contains(counselor) {
                return None;
            }
            self.candidates(*counselor, serves_common).next().map(|(id, _)| (*id, *counselor))
        });
        if let Some((id, counselor)) = beside {
            self.finds(format!("L-3: {id} waits beside a free place at {counselor}"));
        }
    }

    /// Makes a fresh model of what is known of who can be reached, for a stream that begins in the middle.
    pub(crate) fn shift(&mut self, on: &BTreeSet<CounselorId>) {
        self.presence.get_or_insert_default().on_shift.clone_from(on);
    }
}
