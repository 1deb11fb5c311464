//! What was said over our own IM, on its way to the sockets. It was stored before it came here, and decides nothing.

use std::collections::BTreeSet;

use actix::{Context, Handler};

use crate::{
    dispatch::conversation::Phase,
    ids::{ConversationId, CounselorId, PersonId, VisitorId},
    protocol::{Deliver, Overheard},
    push::{Parcel, Post, SocketId},
    registry::Registry,
};

impl Registry {
    /// Who looks on: whoever is asked about the consultation, from the moment they take it until that talk is over.
    fn onlooker(&self, consultation: ConversationId) -> Option<PersonId> {
        let asked = self.kept.supervision_of(consultation)?;
        match asked.phase {
            Phase::InProgress { counselor, .. } => Some(counselor.into()),
            Phase::Waiting | Phase::Ended { .. } => None,
        }
    }
}

impl Registry {
    /// To every socket of that person, who may sit at the workbench and, on another socket, ask for conversations too.
    fn post(&self, person: PersonId, parcel: &Parcel, except: Option<SocketId>) {
        if let Some(carrier) = self.carriers.counselors.get(&CounselorId::from(person)) {
            carrier.do_send(Post { parcel: parcel.clone(), except });
        }
        if let Some(carrier) = self.carriers.visitors.get(&VisitorId::from(person)) {
            carrier.do_send(Post { parcel: parcel.clone(), except });
        }
    }
}

impl Handler<Deliver> for Registry {
    type Result = ();

    fn handle(&mut self, deliver: Deliver, _ctx: &mut Context<Self>) {
        let Deliver { conversation, to, except, parcel } = deliver;
        for person in BTreeSet::from(to) {
            self.post(person, &parcel, except);
        }
        let Some(person) = self.onlooker(conversation).filter(|person| !to.contains(person)) else { return };
        match &self.setup.noting {
            Some(note) => note(Overheard { conversation, person, except, parcel }),
            None => self.post(person, &parcel, except),
        }
    }
}

impl Handler<Overheard> for Registry {
    type Result = ();

    fn handle(&mut self, overheard: Overheard, _ctx: &mut Context<Self>) {
        let Overheard { conversation, person, except, parcel } = overheard;
        // What was said while they were asked is theirs to hear, also when that talk ended a moment ago.
        let was_asked = self
            .kept
            .supervision_of(conversation)
            .is_none_or(|asked| asked.counselor() == Some(person.into()));
        if was_asked {
            self.post(person, &parcel, except);
        }
    }
}
