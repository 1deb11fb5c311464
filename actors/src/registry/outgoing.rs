//! What was said over our own IM, on its way to the sockets. It was stored before it came here, and decides nothing.

use std::collections::BTreeSet;

use actix::{Context, Handler};

use crate::{
    dispatch::conversation::Phase,
    ids::{ConversationId, CounselorId, PersonId, VisitorId},
    protocol::{OutgoingMessage, SupervisorFrame},
    push::{Broadcast, EncodedFrame, SocketId},
    registry::Registry,
};

impl Registry {
    /// Who looks on: whoever is asked about the consultation, from the moment they take it until that talk is over.
    fn observing_supervisor(&self, consultation: ConversationId) -> Option<PersonId> {
        let asked = self.committed.supervision_of(consultation)?;
        match asked.phase {
            Phase::InProgress { counselor, .. } => Some(counselor.into()),
            Phase::Waiting | Phase::Ended { .. } => None,
        }
    }
}

impl Registry {
    /// To every socket of that person, who may sit at the workbench and, on another socket, ask for conversations too.
    fn broadcast(&self, person: PersonId, frame: &EncodedFrame, except: Option<SocketId>) {
        if let Some(actor) = self.children.counselors.get(&CounselorId::from(person)) {
            actor.do_send(Broadcast { frame: frame.clone(), except });
        }
        if let Some(actor) = self.children.visitors.get(&VisitorId::from(person)) {
            actor.do_send(Broadcast { frame: frame.clone(), except });
        }
    }
}

impl Handler<OutgoingMessage> for Registry {
    type Result = ();

    fn handle(&mut self, deliver: OutgoingMessage, _ctx: &mut Context<Self>) {
        let OutgoingMessage { conversation, to, except, frame } = deliver;
        for person in BTreeSet::from(to) {
            self.broadcast(person, &frame, except);
        }
        let Some(person) = self.observing_supervisor(conversation).filter(|person| !to.contains(person))
        else {
            return;
        };
        match &self.setup.noting {
            Some(note) => note(SupervisorFrame { conversation, person, except, frame }),
            None => self.broadcast(person, &frame, except),
        }
    }
}

impl Handler<SupervisorFrame> for Registry {
    type Result = ();

    fn handle(&mut self, supervisor_frame: SupervisorFrame, _ctx: &mut Context<Self>) {
        let SupervisorFrame { conversation, person, except, frame } = supervisor_frame;
        // What was said while they were asked is theirs to hear, also when that talk ended a moment ago.
        let was_asked = self
            .committed
            .supervision_of(conversation)
            .is_none_or(|asked| asked.counselor() == Some(person.into()));
        if was_asked {
            self.broadcast(person, &frame, except);
        }
    }
}
