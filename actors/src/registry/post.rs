//! What was said over our own IM, on its way to the sockets. It was stored before it came here, and decides nothing.

use std::collections::BTreeSet;

use actix::{Context, Handler};

use crate::{
    dispatch::conversation::Phase,
    ids::{ConversationId, CounselorId, PersonId, VisitorId},
    push::Post,
    registry::{Deliver, Registry},
};

impl Registry {
    /// Who looks on: whoever is asked about the consultation, from the moment he takes it until that talk is over.
    fn onlooker(&self, consultation: ConversationId) -> Option<PersonId> {
        let asked = self.kept.supervision_of(consultation)?;
        match asked.phase {
            Phase::InProgress { counselor, .. } => Some(counselor.into()),
            Phase::Waiting | Phase::Ended { .. } => None,
        }
    }
}

impl Handler<Deliver> for Registry {
    type Result = ();

    fn handle(&mut self, deliver: Deliver, _ctx: &mut Context<Self>) {
        let Deliver { conversation, to, except, parcel } = deliver;
        let mut persons = BTreeSet::from(to);
        persons.extend(self.onlooker(conversation));
        for person in persons {
            // Somebody may sit at the workbench and, on another socket, ask for himself.
            if let Some(carrier) = self.carriers.counselors.get(&CounselorId::from(person)) {
                carrier.do_send(Post { parcel: parcel.clone(), except });
            }
            if let Some(carrier) = self.carriers.visitors.get(&VisitorId::from(person)) {
                carrier.do_send(Post { parcel: parcel.clone(), except });
            }
        }
    }
}
