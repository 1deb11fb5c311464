//! Sockets are closed: always behind what they were to hear before, and so by the carriers that tell it.

use std::sync::Arc;

use crate::{
    counselor::Retire,
    ids::PersonId,
    protocol::Badge,
    push::{Closing, Feed, Push, Show, SocketId, Told},
    registry::{Registry, carriers::Carriers, publish::Gathered, sockets::Socket},
};

impl Carriers {
    /// Behind what everybody was fed before: through the same carriers.
    pub(crate) fn close_all(&mut self, closing: Closing) {
        for carrier in self.counselors.values() {
            carrier.do_send(Show(Push::Close(closing)));
        }
        for carrier in self.visitors.values() {
            carrier.do_send(Show(Push::Close(closing)));
        }
        self.administrators.push(&Push::Close(closing));
    }

    /// Behind what they were fed before: through the same carriers.
    pub(super) fn close(&mut self, person: PersonId, closing: Closing) {
        if let Some(carrier) = self.counselors.get(&person.into()) {
            carrier.do_send(Show(Push::Close(closing)));
        }
        if let Some(carrier) = self.visitors.get(&person.into()) {
            carrier.do_send(Show(Push::Close(closing)));
        }
        for socket in self.administrators_of(person) {
            self.administrators.push_to(socket, Push::Close(closing));
        }
    }

    /// The sockets of somebody without places.
    fn administrators_of(&self, person: PersonId) -> Vec<SocketId> {
        let theirs = |socket: &Socket| socket.person == person && socket.badge == Badge::Administrator;
        self.sockets.iter().filter(|(_, socket)| theirs(socket)).map(|(id, _)| *id).collect()
    }

    /// Where the carrier has died and can tell nothing any more.
    pub(super) fn close_uncarried(&self, person: PersonId, closing: Closing) {
        for socket in self.sockets.values().filter(|socket| socket.person == person) {
            socket.to.do_send(Push::Close(closing));
        }
    }
}

impl Registry {
    /// Somebody was taken out: their sockets hear how it ended, what was gathered for them and this last, and are closed.
    /// The carrier at the workbench retires: one who is admitted again in the same batch begins with what is kept by then.
    pub(super) fn show_out(
        &mut self,
        person: PersonId,
        (seat, visit): (Gathered, Gathered),
        told: &Arc<Told>,
    ) {
        let with_this = |gathered: Gathered| {
            let mut events = gathered.unwrap_or_default();
            events.push(Arc::clone(told));
            Feed(events)
        };
        if let Some(carrier) = self.carriers.counselors.get(&person.into()) {
            carrier.do_send(with_this(seat));
        }
        if let Some(carrier) = self.carriers.visitors.get(&person.into()) {
            carrier.do_send(with_this(visit));
        }
        for socket in self.carriers.administrators_of(person) {
            self.carriers.administrators.push_to(socket, Push::Events([Arc::clone(told)].into()));
        }
        self.carriers.close(person, Closing::LoggedOut);
        self.carriers.left.remove(&person.into());
        if let Some(carrier) = self.carriers.counselors.remove(&person.into()) {
            carrier.do_send(Retire);
        }
    }
}
