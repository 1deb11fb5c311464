//! Sockets come and go. One that comes is told where it stands by the actor that holds it from then on.

use std::sync::Arc;

use actix::{ActorFutureExt, Context, Handler, Recipient, ResponseActFuture, WrapFuture};

use crate::{
    dispatch::command::Command,
    ids::{CounselorId, LogIn, PersonId},
    protocol::{Join, Leave, Rejected, SocketRole},
    push::{Answers, Attach, Greeting, Push, SocketId, WorkbenchSnapshot},
    registry::{Registry, answers::Reader},
};

pub(crate) struct Socket {
    pub(crate) person: PersonId,
    pub(crate) role: SocketRole,
    pub(crate) login: LogIn,
    pub(crate) to: Recipient<Push>,
}

impl Registry {
    fn attach(&mut self, join: Join, id: SocketId, ctx: &mut Context<Self>) {
        let Join { person, socket_role, socket, since, .. } = join;
        let committed = self.journal.committed();
        let missed =
            since.and_then(|since| self.children.recent.missed(person, socket_role, since, committed));
        let greeting = missed.map_or(Greeting::Snapshot, Greeting::Resume);
        let choice = match socket_role {
            SocketRole::Counselor { .. } => self.chosen(person.into()),
            SocketRole::Visitor | SocketRole::Administrator => None,
        };
        self.committed.mirror_presence(&self.decided);
        let consultation = self.committed.consultation_of(person.into()).copied();
        let place = consultation.and_then(|facts| self.committed.place(facts.id));
        let on_shift = self.decided.counselor(person.into()).is_some_and(|known| known.on_shift);
        let common_waiting = self.committed.common_queue().len();
        let answers = match socket_role {
            SocketRole::Visitor => Answers::default(),
            SocketRole::Counselor { .. } => self.answers_of(Reader::Staff(person.into())),
            SocketRole::Administrator => self.answers_of(Reader::Administrators),
        };
        let cursor = committed;
        let attach = Attach {
            id,
            socket,
            cursor,
            greeting,
            choice,
            on_shift,
            common_waiting,
            consultation,
            place,
            answers,
        };
        match socket_role {
            SocketRole::Visitor => self.visitor_actor(person.into(), ctx).do_send(attach),
            SocketRole::Counselor { .. } => {
                if let Some(actor) = self.children.counselors.get(&CounselorId::from(person)) {
                    actor.do_send(attach);
                }
            }
            SocketRole::Administrator => self.attach_administrator(attach),
        }
    }

    fn attach_administrator(&mut self, attach: Attach) {
        let administrators = &mut self.children.administrators;
        administrators.insert(attach.id, attach.socket);
        match attach.greeting {
            Greeting::Snapshot => {
                let Attach { cursor, common_waiting, answers, .. } = attach;
                let desk = WorkbenchSnapshot { cursor, own_places: None, common_waiting, answers };
                administrators.push_to(attach.id, Push::Workbench(Arc::new(desk)));
            }
            Greeting::Resume(missed) => {
                administrators.resume(attach.id, attach.cursor, None, missed);
                administrators.push_answers(attach.id, attach.answers);
            }
        }
    }
}

impl Handler<Join> for Registry {
    type Result = ResponseActFuture<Self, Result<SocketId, Rejected>>;

    /// Whoever joins is shown how things stand: once it is known that they stand so.
    fn handle(&mut self, join: Join, ctx: &mut Self::Context) -> Self::Result {
        let confirmed = self.confirm_look(ctx).into_actor(self);
        Box::pin(confirmed.map(|confirmed, this, ctx| confirmed.and_then(|()| this.join(join, ctx))))
    }
}

impl Registry {
    fn join(&mut self, join: Join, ctx: &mut Context<Self>) -> Result<SocketId, Rejected> {
        if join.caller.as_ref().is_some_and(|caller| caller.strong_count() == 0) {
            // They have gone meanwhile: nobody is seated with who is not here.
            return Err(Rejected::Unsettled);
        }
        if let Some(rejected) = self.state.rejects() {
            return Err(rejected);
        }
        if let SocketRole::Counselor { role, capacity, .. } = join.socket_role {
            let counselor = CounselorId::from(join.person);
            if self.decided.counselor(counselor).is_none() {
                let admit = Command::AddStaff { counselor, role, capacity };
                self.turn(&admit, ctx).map_err(Rejected::Refused)?;
            }
            if !self.children.counselors.contains_key(&counselor) {
                self.start_counselor(counselor, capacity, ctx);
            }
        }
        let id = SocketId(self.children.next_socket);
        self.children.next_socket += 1;
        let Join { person, socket_role, login, ref socket, .. } = join;
        if let SocketRole::Counselor { choice, .. } = socket_role {
            // Before they are greeted: whoever asks for them once they have seen the workbench finds them there.
            self.turn(&Command::Arrive { counselor: person.into(), choice }, ctx)
                .map_err(Rejected::Refused)?;
        }
        self.children.sockets.insert(id, Socket { person, role: socket_role, login, to: socket.clone() });
        self.attach(join, id, ctx);
        // A newcomer sees the state of the others soon.
        self.children.state_changed();
        Ok(id)
    }
}

impl Handler<Leave> for Registry {
    type Result = ();

    fn handle(&mut self, Leave(id): Leave, _ctx: &mut Self::Context) {
        self.take_out(id, None);
    }
}
