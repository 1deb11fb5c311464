//! Whose sockets are here: one presence of all of a person's, until the grace after the last is over or the log-in ends.

use std::time::Duration;

use actix::{Context, Handler};

use crate::{
    counselor::{Chosen, GraceLeft},
    dispatch::{
        command::Command,
        counselor::{Choice, Presence},
    },
    ids::{CounselorId, LogIn, PersonId, VisitorId},
    protocol::{Badge, Choose, EndLogIns, GraceOver},
    push::{Closing, Detach, SocketId},
    registry::{Registry, State, sockets::Socket},
};

impl Socket {
    /// Whether it holds a presence of `counselor`.
    fn is_of(&self, counselor: CounselorId) -> bool {
        matches!(self.badge, Badge::Counselor { .. })
            && self.person == PersonId::from(counselor)
            && self.to.connected()
    }
}

impl Registry {
    /// What sockets are told of a presence: as it is kept, else as it was decided a moment ago.
    pub(crate) fn chosen(&self, counselor: CounselorId) -> Option<Choice> {
        let kept = self.kept.counselor(counselor).and_then(|known| known.chosen);
        kept.or_else(|| self.decided.counselor(counselor).and_then(|known| known.chosen))
    }

    /// A socket has gone, or is to go: whatever was on its way to it before is told, then why, and nothing after.
    pub(crate) fn take_out(&mut self, id: SocketId, closing: Option<Closing>) {
        let Some(socket) = self.carriers.sockets.remove(&id) else { return };
        let detach = Detach { id, closing };
        match socket.badge {
            Badge::Visitor => {
                let visitor = VisitorId::from(socket.person);
                if let Some(carrier) = self.carriers.visitors.get(&visitor) {
                    carrier.do_send(detach);
                }
                self.release_visitor(visitor);
            }
            Badge::Counselor { .. } => {
                let counselor = CounselorId::from(socket.person);
                self.has_left(counselor, socket.login);
                if let Some(carrier) = self.carriers.counselors.get(&counselor) {
                    carrier.do_send(detach);
                }
            }
            Badge::Administrator => {
                self.carriers.administrators.detach(detach);
            }
        }
    }

    /// Nobody waits for one who was taken out.
    fn has_left(&mut self, counselor: CounselorId, login: LogIn) {
        if self.decided.counselor(counselor).is_none() {
            return;
        }
        let (now, grace) = (self.now(), self.limits.grace);
        let left = self.carriers.left.entry(counselor).or_default();
        left.retain(|_, at| now.since(*at) < grace);
        left.insert(login, now);
    }

    /// What is left of the grace of the log-in that may come back longest.
    fn grace_left(&self, counselor: CounselorId) -> Option<Duration> {
        let latest = self.carriers.left.get(&counselor)?.values().max()?;
        let left = self.limits.grace.saturating_sub(self.now().since(*latest));
        (!left.is_zero()).then_some(left)
    }

    fn has_socket(&self, counselor: CounselorId) -> bool {
        self.carriers.sockets.values().any(|socket| socket.is_of(counselor))
    }

    /// Nobody is here for them any more.
    fn goes_offline(&mut self, counselor: CounselorId, ctx: &mut Context<Self>) {
        if self.state != State::Serving {
            return;
        }
        self.carriers.left.remove(&counselor);
        // Who was taken out meanwhile is not here either.
        let _ = self.turn(&Command::Appear { counselor, choice: None }, ctx);
    }
}

impl Handler<Choose> for Registry {
    type Result = ();

    fn handle(&mut self, Choose { counselor, choice }: Choose, ctx: &mut Self::Context) {
        let decided =
            |this: &Self| this.decided.counselor(counselor).map(|known| (known.presence, known.chosen));
        let Some((Presence::Here { .. }, before)) = decided(self) else { return };
        // One who has no socket any more, and no grace, chooses nothing.
        if self.state != State::Serving
            || self.turn(&Command::Appear { counselor, choice: Some(choice) }, ctx).is_err()
        {
            return;
        }
        let kept = self.kept.counselor(counselor).and_then(|known| known.chosen);
        // A change is told once it is kept; what is so already is told to whoever asked.
        if before == Some(choice)
            && kept.is_none_or(|kept| kept == choice)
            && let Some(carrier) = self.carriers.counselors.get(&counselor)
        {
            carrier.do_send(Chosen { choice, again: true });
        }
    }
}

impl Handler<GraceOver> for Registry {
    type Result = ();

    fn handle(&mut self, GraceOver(counselor): GraceOver, ctx: &mut Self::Context) {
        // One may have come while this was on its way.
        if !self.has_socket(counselor) {
            self.goes_offline(counselor, ctx);
        }
    }
}

impl Handler<EndLogIns> for Registry {
    type Result = ();

    fn handle(&mut self, EndLogIns { person, which, closing }: EndLogIns, ctx: &mut Self::Context) {
        let theirs = self.carriers.sockets.iter().filter(|(_, socket)| socket.person == person);
        let ended: Vec<SocketId> =
            theirs.filter(|(_, socket)| which.contain(socket.login)).map(|(id, _)| *id).collect();
        let was_here = !ended.is_empty();
        for id in ended {
            self.take_out(id, Some(closing));
        }
        let counselor = CounselorId::from(person);
        let Some(left) = self.carriers.left.get_mut(&counselor) else { return };
        let before = left.len();
        left.retain(|login, _| !which.contain(*login));
        // One that was not here takes nobody away.
        if left.len() == before || self.has_socket(counselor) {
            return;
        }
        // Whoever logs out while here goes now. A tab that was closed elsewhere a moment before must keep no visitor for
        // somebody who has gone home.
        if was_here {
            self.goes_offline(counselor, ctx);
            return;
        }
        match (self.grace_left(counselor), self.carriers.counselors.get(&counselor)) {
            // Of another log-in, whose connection dropped: it goes on, and becomes no longer.
            (Some(left), Some(carrier)) => carrier.do_send(GraceLeft(left)),
            _ => self.goes_offline(counselor, ctx),
        }
    }
}
