//! Sockets are closed: always behind what they were to hear before, and so by the actors that tell it.

use std::sync::Arc;

use crate::{
    counselor::Stop,
    ids::PersonId,
    protocol::SocketRole,
    push::{Closing, CommittedEvent, CommittedEvents, Push, SocketId, StateUpdate},
    registry::{Registry, children::Children, publish::Gathered, sockets::Socket},
};

impl Children {
    /// Behind what was published to everybody before: through the same actors.
    pub(crate) fn close_all(&mut self, closing: Closing) {
        for actor in self.counselors.values() {
            actor.do_send(StateUpdate(Push::Close(closing)));
        }
        for actor in self.visitors.values() {
            actor.do_send(StateUpdate(Push::Close(closing)));
        }
        self.administrators.push(&Push::Close(closing));
    }

    /// Behind what was published to them before: through the same actors.
    pub(super) fn close(&mut self, person: PersonId, closing: Closing) {
        if let Some(actor) = self.counselors.get(&person.into()) {
            actor.do_send(StateUpdate(Push::Close(closing)));
        }
        if let Some(actor) = self.visitors.get(&person.into()) {
            actor.do_send(StateUpdate(Push::Close(closing)));
        }
        for socket in self.administrators_of(person) {
            self.administrators.push_to(socket, Push::Close(closing));
        }
    }

    /// The sockets of somebody without places.
    fn administrators_of(&self, person: PersonId) -> Vec<SocketId> {
        let theirs = |socket: &Socket| socket.person == person && socket.role == SocketRole::Administrator;
        self.sockets.iter().filter(|(_, socket)| theirs(socket)).map(|(id, _)| *id).collect()
    }

    /// Where the actor has died and can tell nothing any more.
    pub(super) fn close_directly(&self, person: PersonId, closing: Closing) {
        for socket in self.sockets.values().filter(|socket| socket.person == person) {
            socket.to.do_send(Push::Close(closing));
        }
    }
}

impl Registry {
    /// Somebody was taken out: their sockets hear how it ended, what was gathered for them and this last, and are
    /// closed. Their actor at the workbench stops: one who is added again in the same batch begins with what is
    /// committed by then.
    pub(super) fn end_sessions(
        &mut self,
        person: PersonId,
        (seat, visit): (Gathered, Gathered),
        committed: &Arc<CommittedEvent>,
    ) {
        let with_this = |gathered: Gathered| {
            let mut events = gathered.unwrap_or_default();
            events.push(Arc::clone(committed));
            CommittedEvents(events)
        };
        if let Some(actor) = self.children.counselors.get(&person.into()) {
            actor.do_send(with_this(seat));
        }
        if let Some(actor) = self.children.visitors.get(&person.into()) {
            actor.do_send(with_this(visit));
        }
        for socket in self.children.administrators_of(person) {
            self.children.administrators.push_to(socket, Push::Events([Arc::clone(committed)].into()));
        }
        self.children.close(person, Closing::LoggedOut);
        self.children.left.remove(&person.into());
        if let Some(actor) = self.children.counselors.remove(&person.into()) {
            actor.do_send(Stop);
        }
    }
}
