//! What IM tells besides messages: calls, and who is logged in.

use std::{collections::BTreeMap, time::Duration};

use actix::{Context, Handler};

use crate::{
    dispatch::{
        command::Command,
        conversation::{CallSignal, Conversation, Medium},
    },
    ids::{ConversationId, PersonId},
    protocol::{Called, LoggedIn},
    registry::{Registry, State},
    time::Timestamp,
};

/// Devices report out of order by at most this: then it is forgotten that somebody has left.
const OUT_OF_ORDER_MAX: Duration = Duration::from_mins(10);
/// Log-ins remembered; those of more people at once are not followed.
const LOGINS_MAX: usize = 100_000;

/// Who is logged in to IM, as far as it was told.
#[derive(Debug, Default)]
pub(crate) struct Logins(BTreeMap<PersonId, (Timestamp, bool)>);

impl Logins {
    /// Takes news in; false if newer is known already.
    fn take(&mut self, person: PersonId, at: Timestamp, here: bool) -> bool {
        let is_full = self.0.len() >= LOGINS_MAX;
        match self.0.get_mut(&person) {
            Some(known) if at < known.0 => return false,
            Some(known) => *known = (at, here),
            None if is_full => return false,
            None => {
                self.0.insert(person, (at, here));
            }
        }
        true
    }

    pub(crate) fn is_here(&self, person: PersonId) -> bool {
        self.0.get(&person).is_some_and(|(_, here)| *here)
    }

    pub(crate) fn forget_before(&mut self, now: Timestamp) {
        self.0.retain(|_, (at, here)| *here || now.since(*at) < OUT_OF_ORDER_MAX);
    }
}

impl Handler<Called> for Registry {
    type Result = ();

    fn handle(&mut self, called: Called, ctx: &mut Self::Context) {
        let talk = self.decided.talk_between(called.from, called.to, called.conversation);
        if let Some(talk) = talk {
            let at = called.at.min(self.now());
            self.call(talk, called.signal, at, ctx);
        }
    }
}

impl Handler<LoggedIn> for Registry {
    type Result = ();

    fn handle(&mut self, LoggedIn { person, is_visitor, at, here }: LoggedIn, ctx: &mut Self::Context) {
        let at = at.min(self.now());
        if self.state != State::Serving || !self.children.logins.take(person, at, here) {
            return;
        }
        if is_visitor {
            self.visitor_logged_in(person.into(), here, ctx);
        }
        if !here {
            // Whoever is logged out of IM is in no call any more; perhaps nobody could tell that it is over.
            let in_call = |facts: &&Conversation| {
                let parties = [Some(PersonId::from(facts.visitor)), facts.counselor().map(PersonId::from)];
                matches!(facts.medium, Medium::Voice { .. }) && parties.contains(&Some(person))
            };
            let calls: Vec<ConversationId> =
                self.decided.conversations().filter(in_call).map(|facts| facts.id).collect();
            for talk in calls {
                self.call(talk, CallSignal::Ended, at, ctx);
            }
        }
    }
}

impl Registry {
    fn call(&mut self, talk: ConversationId, signal: CallSignal, at: Timestamp, ctx: &mut Context<Self>) {
        let medium = self.decided.conversation(talk).and_then(|facts| facts.medium_after(signal, at));
        if let Some(medium) = medium
            && self.state == State::Serving
            && let Err(refusal) = self.turn(&Command::ChangeMedium { conversation: talk, medium }, ctx)
        {
            tracing::error!(conversation = %talk, %refusal, "dispatch refused a call's change of medium");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn news_of_several_devices_count_in_the_order_they_happened() {
        let (mut logins, visitor) = (Logins::default(), PersonId(Uuid::from_u128(1)));
        assert!(logins.take(visitor, Timestamp(20), true));
        assert!(!logins.take(visitor, Timestamp(10), false), "the old device's end comes late");
        assert!(logins.is_here(visitor));
        assert!(logins.take(visitor, Timestamp(30), false));
        assert!(!logins.take(visitor, Timestamp(25), true));
        assert!(!logins.is_here(visitor));
        logins.forget_before(Timestamp(31) + OUT_OF_ORDER_MAX);
        assert!(logins.0.is_empty());
    }
}
