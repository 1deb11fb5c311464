//! Sockets of the simulated people. Whatever they hear is held against what is kept at that moment.

use std::{cell::RefCell, collections::BTreeSet, rc::Rc, sync::Arc};

use actix::{Actor, Addr, Context, Handler};
use hotline_actors::{
    CounselorId, LogIn, PersonId, Registry, VisitorId,
    dispatch::{
        conversation::{Conversation, Phase},
        counselor::ChosenStatus,
        event::Event,
    },
    push::{Closing, CommittedEvent, Push, SocketId, WorkbenchSnapshot},
    registry::{Choose, Join, Leave, SocketRole},
};

use crate::{
    memory_store::{Row, StoredState},
    world::World,
};

/// Everybody has one log-in.
pub(crate) fn login_of(person: PersonId) -> LogIn {
    let mut login = [0; 32];
    login[..16].copy_from_slice(person.0.as_bytes());
    LogIn(login)
}

impl World {
    /// A socket for somebody, and what it hears.
    pub(crate) async fn joins(
        self: &Rc<Self>,
        person: PersonId,
        socket_role: SocketRole,
        since: Option<u64>,
    ) -> Option<ClientSocket> {
        self.joins_by(login_of(person), person, socket_role, since).await
    }

    /// As [`World::joins`], by another log-in of the person.
    pub(crate) async fn joins_by(
        self: &Rc<Self>,
        login: LogIn,
        person: PersonId,
        socket_role: SocketRole,
        since: Option<u64>,
    ) -> Option<ClientSocket> {
        let registry = self.server_of(person)?.registry;
        let heard: Rc<RefCell<ReceivedFrames>> = Rc::default();
        heard.borrow_mut().cursor = since;
        let actor =
            SocketActor { world: Rc::clone(self), person, socket_role, heard: Rc::clone(&heard) }.start();
        let socket = actor.clone().recipient();
        let joining = registry.send(Join { person, socket_role, login, socket, since, caller: None });
        let joined = match self.settle_max.get() {
            Some(limit) => tokio::time::timeout(limit, joining).await.ok()?,
            None => joining.await,
        };
        let id = joined.ok()?.ok()?;
        Some(ClientSocket { id, person, registry, heard, _actor: actor })
    }
}

/// What a client holds of its socket.
pub(crate) struct ClientSocket {
    id: SocketId,
    person: PersonId,
    registry: Addr<Registry>,
    heard: Rc<RefCell<ReceivedFrames>>,
    _actor: Addr<SocketActor>,
}

#[derive(Debug, Default)]
pub(crate) struct ReceivedFrames {
    pub(crate) cursor: Option<u64>,
    pub(crate) closed: Option<Closing>,
    pub(crate) events: Vec<Arc<CommittedEvent>>,
    pub(crate) pushes: Vec<Push>,
}

impl ClientSocket {
    pub(crate) fn received(&self) -> std::cell::Ref<'_, ReceivedFrames> {
        self.heard.borrow()
    }

    /// What the person chooses here.
    pub(crate) fn chooses(&self, choice: ChosenStatus) {
        self.registry.do_send(Choose { counselor: self.person.into(), choice });
    }

    pub(crate) fn is_up(&self) -> bool {
        self.heard.borrow().closed.is_none() && self.registry.connected()
    }

    /// Hangs up; the cursor up to which it knows everything.
    pub(crate) fn leaves(self) -> Option<u64> {
        self.registry.do_send(Leave(self.id));
        self.heard.borrow().cursor
    }
}

struct SocketActor {
    world: Rc<World>,
    person: PersonId,
    socket_role: SocketRole,
    heard: Rc<RefCell<ReceivedFrames>>,
}

impl Actor for SocketActor {
    type Context = Context<Self>;
}

impl Handler<Push> for SocketActor {
    type Result = ();

    fn handle(&mut self, push: Push, _ctx: &mut Self::Context) {
        let world = Rc::clone(&self.world);
        world.pushes.set(world.pushes.get() + 1);
        let is_state = matches!(
            push,
            Push::Place(_) | Push::QueueOverview { .. } | Push::Unanswered(_) | Push::Alarms(_)
        );
        if is_state {
            world.note_state(format_args!("{:?} {} {push:?}", world.now(), self.person));
        } else {
            world.note(|| format!("{} hears {push:?}", self.person));
        }
        if let Some(wrong) = self.hears(&push) {
            world.finds(format!("L-5: {} hears {wrong}: {push:?}", self.person));
        }
        if is_state && self.world.settle_max.get().is_some() {
            // A day of it is not worth remembering.
            return;
        }
        self.heard.borrow_mut().pushes.push(push);
    }
}

impl SocketActor {
    /// Takes it in; what is wrong with it, if anything.
    fn hears(&mut self, push: &Push) -> Option<String> {
        let mut heard = self.heard.borrow_mut();
        let stored = self.world.stored();
        let kept = stored.rows.len() as u64;
        match push {
            Push::Workbench(workbench) => {
                heard.cursor = Some(workbench.cursor);
                (workbench.cursor > kept)
                    .then(|| "of what is not kept".to_owned())
                    .or_else(|| self.workbench(workbench, &stored))
            }
            Push::Visit { cursor, conversation, .. } => {
                heard.cursor = Some(*cursor);
                let visitor = VisitorId::from(self.person);
                let open = stored.open_at(*cursor);
                let kept_open =
                    open.values().find(|facts| facts.is_consultation() && facts.visitor == visitor);
                if *cursor > kept {
                    Some("of what is not kept".to_owned())
                } else {
                    (kept_open != conversation.as_ref())
                        .then(|| format!("a snapshot where {kept_open:?} is kept"))
                }
            }
            Push::Resumed { cursor, .. } => (*cursor > kept).then(|| "of what is not kept".to_owned()),
            Push::Events(events) => {
                let mut wrong = None;
                for told in events.iter() {
                    wrong = wrong.or_else(|| self.event(told, heard.cursor, &stored));
                    heard.cursor = Some(told.seq);
                    heard.events.push(Arc::clone(told));
                }
                wrong.or_else(|| events.is_empty().then(|| "of nothing".to_owned()))
            }
            Push::Close(closing) => {
                heard.closed = Some(*closing);
                None
            }
            Push::Place(_)
            | Push::QueueOverview { .. }
            | Push::Presence(_)
            | Push::Unanswered(_)
            | Push::Alarms(_)
            | Push::Frame(_) => None,
        }
    }

    fn event(&self, told: &CommittedEvent, cursor: Option<u64>, stored: &StoredState) -> Option<String> {
        let row = usize::try_from(told.seq - 1).ok().and_then(|at| stored.rows.get(at));
        let Some(row) = row else { return Some("what is not kept".to_owned()) };
        if (row.stamped.at, &row.stamped.event, row.facts) != (told.at, &told.event, told.facts) {
            return Some(format!("something else than is kept: {row:?}"));
        }
        let cursor = cursor?;
        if told.seq <= cursor {
            return Some(format!("what they know up to {cursor}"));
        }
        let (from, to) = (usize::try_from(cursor).ok()?, usize::try_from(told.seq - 1).ok()?);
        let missed = stored.rows.get(from..to)?.iter().find(|row| self.concerns(row))?;
        Some(format!("it without {missed:?}"))
    }

    /// Whether a row surely concerns them.
    fn concerns(&self, row: &Row) -> bool {
        let Some(facts) = row.facts.filter(|_| is_told_to_both(&row.stamped.event)) else { return false };
        match self.socket_role {
            SocketRole::Visitor => PersonId::from(facts.visitor) == self.person,
            SocketRole::Counselor { .. } => facts.counselor().map(PersonId::from) == Some(self.person),
            SocketRole::Administrator => false,
        }
    }

    fn workbench(&self, workbench: &WorkbenchSnapshot, stored: &StoredState) -> Option<String> {
        let seat = workbench.own_places.as_ref()?;
        let counselor = CounselorId::from(self.person);
        let open = stored.open_at(workbench.cursor);
        let active: BTreeSet<_> = open
            .values()
            .filter(|facts| facts.counselor() == Some(counselor))
            .map(|facts| facts.id)
            .collect();
        let waiting: BTreeSet<_> = open
            .values()
            .filter(|facts| facts.phase == Phase::Waiting && facts.requested_counselor == Some(counselor))
            .map(|facts| facts.id)
            .collect();
        let ids = |all: &[Conversation]| all.iter().map(|facts| facts.id).collect::<BTreeSet<_>>();
        (ids(&seat.active) != active || ids(&seat.waiting) != waiting)
            .then(|| format!("a workbench where {active:?} and {waiting:?} are kept"))
    }
}

/// Whether an event is for both in its conversation. Without a wildcard: whoever adds a kind says who hears it.
fn is_told_to_both(event: &Event) -> bool {
    match event {
        Event::Opened { .. }
        | Event::Widened { .. }
        | Event::PriorityChanged { .. }
        | Event::Assigned { .. }
        | Event::MediumChanged { .. }
        | Event::Noticed { .. }
        | Event::Ended { .. } => true,
        Event::Claimed
        | Event::Admitted { .. }
        | Event::CapacityChanged { .. }
        | Event::PresenceChosen { .. }
        | Event::Expelled { .. }
        | Event::Pardoned { .. }
        | Event::Unanswered { .. }
        | Event::CounselorLost { .. } => false,
    }
}
