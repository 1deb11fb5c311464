//! Whose sockets are here: one presence of all of a person's, until the grace after the last is over or the log-in
//! ends.

use std::time::Duration;

use actix::{Context, Handler};

use crate::{
    counselor::{Chosen, GraceLeft},
    dispatch::{
        command::Command,
        counselor::{ChosenStatus, Connectivity},
    },
    ids::{CounselorId, LogIn, PersonId, VisitorId},
    protocol::{Choose, EndLogIns, GraceOver, SocketRole},
    push::{Closing, Detach, SocketId},
    registry::{Registry, State, sockets::Socket},
};

impl Socket {
    /// Whether it holds a presence of `counselor`.
    fn is_of(&self, counselor: CounselorId) -> bool {
        matches!(self.role, SocketRole::Counselor { .. })
            && self.person == PersonId::from(counselor)
            && self.to.connected()
    }
}

impl Registry {
    /// What sockets are told of a presence: as it is committed, else as it was decided a moment ago.
    pub(crate) fn chosen(&self, counselor: CounselorId) -> Option<ChosenStatus> {
        let committed = self.committed.counselor(counselor).and_then(|known| known.chosen);
        committed.or_else(|| self.decided.counselor(counselor).and_then(|known| known.chosen))
    }

    /// A socket has gone, or is to go: whatever was on its way to it before is told, then why, and nothing after.
    pub(crate) fn take_out(&mut self, id: SocketId, closing: Option<Closing>) {
        let Some(socket) = self.children.sockets.remove(&id) else { return };
        let detach = Detach { id, closing };
        match socket.role {
            SocketRole::Visitor => {
                let visitor = VisitorId::from(socket.person);
                if let Some(actor) = self.children.visitors.get(&visitor) {
                    actor.do_send(detach);
                }
                self.release_visitor(visitor);
            }
            SocketRole::Counselor { .. } => {
                let counselor = CounselorId::from(socket.person);
                self.has_left(counselor, socket.login);
                if let Some(actor) = self.children.counselors.get(&counselor) {
                    actor.do_send(detach);
                }
            }
            SocketRole::Administrator => {
                self.children.administrators.detach(detach);
            }
        }
    }

    /// Nobody waits for one who was taken out.
    fn has_left(&mut self, counselor: CounselorId, login: LogIn) {
        if self.decided.counselor(counselor).is_none() {
            return;
        }
        let (now, grace) = (self.now(), self.limits.grace);
        let left = self.children.left.entry(counselor).or_default();
        left.retain(|_, at| now.since(*at) < grace);
        left.insert(login, now);
    }

    /// What is left of the grace of the log-in that may come back longest.
    fn grace_left(&self, counselor: CounselorId) -> Option<Duration> {
        let latest = self.children.left.get(&counselor)?.values().max()?;
        let left = self.limits.grace.saturating_sub(self.now().since(*latest));
        (!left.is_zero()).then_some(left)
    }

    fn has_socket(&self, counselor: CounselorId) -> bool {
        self.children.sockets.values().any(|socket| socket.is_of(counselor))
    }

    /// Nobody is here for them any more.
    fn set_offline(&mut self, counselor: CounselorId, ctx: &mut Context<Self>) {
        if self.state != State::Serving {
            return;
        }
        self.children.left.remove(&counselor);
        // Who was taken out meanwhile is not here either.
        let _ = self.turn(&Command::SetPresence { counselor, choice: None }, ctx);
    }
}

impl Handler<Choose> for Registry {
    type Result = ();

    fn handle(&mut self, Choose { counselor, choice }: Choose, ctx: &mut Self::Context) {
        let decided =
            |this: &Self| this.decided.counselor(counselor).map(|known| (known.connectivity, known.chosen));
        let Some((Connectivity::Here { .. }, before)) = decided(self) else { return };
        // One who has no socket any more, and no grace, chooses nothing.
        if self.state != State::Serving
            || self.turn(&Command::SetPresence { counselor, choice: Some(choice) }, ctx).is_err()
        {
            return;
        }
        let committed = self.committed.counselor(counselor).and_then(|known| known.chosen);
        // A change is told once it is committed; what is so already is told to whoever asked.
        if before == Some(choice)
            && committed.is_none_or(|committed| committed == choice)
            && let Some(actor) = self.children.counselors.get(&counselor)
        {
            actor.do_send(Chosen { choice, again: true });
        }
    }
}

impl Handler<GraceOver> for Registry {
    type Result = ();

    fn handle(&mut self, GraceOver(counselor): GraceOver, ctx: &mut Self::Context) {
        // One may have come while this was on its way.
        if !self.has_socket(counselor) {
            self.set_offline(counselor, ctx);
        }
    }
}

impl Handler<EndLogIns> for Registry {
    type Result = ();

    fn handle(&mut self, EndLogIns { person, which, closing }: EndLogIns, ctx: &mut Self::Context) {
        let theirs = self.children.sockets.iter().filter(|(_, socket)| socket.person == person);
        let ended: Vec<SocketId> =
            theirs.filter(|(_, socket)| which.contain(socket.login)).map(|(id, _)| *id).collect();
        let was_here = !ended.is_empty();
        for id in ended {
            self.take_out(id, Some(closing));
        }
        let counselor = CounselorId::from(person);
        let Some(left) = self.children.left.get_mut(&counselor) else { return };
        let before = left.len();
        left.retain(|login, _| !which.contain(*login));
        // One that was not here takes nobody away.
        if left.len() == before || self.has_socket(counselor) {
            return;
        }
        // Whoever logs out while here goes now. A tab that was closed elsewhere a moment before must keep no visitor
        // for somebody who has gone home.
        if was_here {
            self.set_offline(counselor, ctx);
            return;
        }
        match (self.grace_left(counselor), self.children.counselors.get(&counselor)) {
            // Of another log-in, whose connection dropped: it goes on, and becomes no longer.
            (Some(left), Some(actor)) => actor.do_send(GraceLeft(left)),
            _ => self.set_offline(counselor, ctx),
        }
    }
}
