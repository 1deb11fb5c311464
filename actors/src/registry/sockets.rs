//! Sockets come and go. One that comes is told where it stands by the actor that holds it from then on.

use std::sync::Arc;

use actix::{Context, Handler, Recipient};

use crate::{
    dispatch::command::Command,
    ids::{CounselorId, LogIn, PersonId},
    protocol::{Badge, Join, Leave, Rejected},
    push::{Answers, Attach, Desk, Greeting, Push, SocketId},
    registry::{Registry, State, answers::Reader},
};

pub(crate) struct Socket {
    pub(crate) person: PersonId,
    pub(crate) badge: Badge,
    pub(crate) login: LogIn,
    pub(crate) to: Recipient<Push>,
}

impl Registry {
    fn attach(&mut self, join: Join, id: SocketId, ctx: &mut Context<Self>) {
        let Join { person, badge, socket, since, .. } = join;
        let committed = self.journal.committed();
        let missed = since.and_then(|since| self.carriers.recent.missed(person, badge, since, committed));
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
