//! The actors that carry what lives outside a decision: they begin with what they carry, end with it, and are made again
//! if one has died.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use actix::{Actor, Addr, AsyncContext, Context, Handler, Message};

use crate::{
    conversation::Conversation as TalkCarrier,
    counselor::{Chosen, Counselor as CounselorCarrier},
    dispatch::{
        conversation::{Conversation, Phase},
        event::Event,
    },
    ids::{ConversationId, CounselorId, LogIn, PersonId, VisitorId},
    protocol::Badge,
    push::{Answers, Closing, Feed, SocketId, Sockets, Told},
    registry::{Registry, answers::Reader, im::Logins, publish::RecentEvents, sockets::Socket},
    sabotage::{Sabotage, sabotaged},
    time::Timestamp,
    visitor::{ImPresence, Visitor as VisitorCarrier},
};

/// Which supervisors look after which counselors.
pub(super) type Bindings = BTreeMap<CounselorId, BTreeSet<PersonId>>;

/// The actors that carry what lives outside a decision, and what they were told.
pub(crate) struct Carriers {
    pub(crate) counselors: BTreeMap<CounselorId, Addr<CounselorCarrier>>,
    pub(crate) visitors: BTreeMap<VisitorId, Addr<VisitorCarrier>>,
    talks: BTreeMap<ConversationId, Addr<TalkCarrier>>,
    /// Who is logged in to IM.
    pub(crate) logins: Logins,
    pub(crate) administrators: Sockets,
    pub(crate) sockets: BTreeMap<SocketId, Socket>,
    /// By which log-ins sockets of each counselor went, and when: each may come back within the grace.
    pub(crate) left: BTreeMap<CounselorId, BTreeMap<LogIn, Timestamp>>,
    pub(super) next_socket: u64,
    pub(super) bindings: Bindings,
    /// Who waits for an answer, as it was shown last.
    pub(super) shown: BTreeMap<Reader, Answers>,
    /// The talks of which an event has told since.
    pub(super) told_of: BTreeSet<ConversationId>,
    pub(super) recent: RecentEvents,
    state_changed: bool,
    answers_changed: bool,
}

impl Carriers {
    pub(crate) fn new(recent_max: usize) -> Self {
        Self {
            counselors: BTreeMap::new(),
            visitors: BTreeMap::new(),
            talks: BTreeMap::new(),
            logins: Logins::default(),
            administrators: Sockets::default(),
            sockets: BTreeMap::new(),
            left: BTreeMap::new(),
            next_socket: 1,
            bindings: BTreeMap::new(),
            shown: BTreeMap::new(),
            told_of: BTreeSet::new(),
            recent: RecentEvents::new(recent_max),
            state_changed: false,
            answers_changed: false,
        }
    }

    pub(crate) fn answers_changed(&mut self) {
        self.answers_changed = true;
    }

    /// Whether anything that is state has changed since this was asked last, and who waits for an answer.
    pub(super) fn changes(&mut self) -> (bool, bool) {
        (std::mem::take(&mut self.state_changed), std::mem::take(&mut self.answers_changed))
    }

    pub(crate) fn state_changed(&mut self) {
        self.state_changed = true;
    }

    pub(crate) fn bind(&mut self, bindings: Bindings) {
        self.bindings = bindings;
        self.answers_changed = true;
    }

    pub(crate) fn sockets(&self) -> usize {
        self.sockets.len()
    }

    pub(crate) fn tell_talk<M>(&self, talk: ConversationId, message: M)
    where
        M: Message<Result = ()> + Send + 'static,
        TalkCarrier: Handler<M>,
    {
        if let Some(carrier) = self.talks.get(&talk) {
            carrier.do_send(message);
        }
    }

    pub(crate) fn tell_talks<M>(&self, message: M)
    where
        M: Message<Result = ()> + Copy + Send + 'static,
        TalkCarrier: Handler<M>,
    {
        for carrier in self.talks.values() {
            carrier.do_send(message);
        }
    }
}

impl Registry {
    /// Every carrier from what is kept, after a revival.
    pub(crate) fn rebuild_carriers(&mut self, ctx: &mut Context<Self>) {
        let counselors: Vec<(CounselorId, u32)> =
            self.kept.counselors().map(|counselor| (counselor.id, counselor.capacity)).collect();
        for (counselor, capacity) in counselors {
            self.carry_counselor(counselor, capacity, ctx);
        }
        if sabotaged(Sabotage::ForgetDeadlineOnRevival) {
            return;
        }
        let talks: Vec<ConversationId> = self
            .kept
            .conversations()
            .filter(|facts| facts.counselor().is_some())
            .map(|facts| facts.id)
            .collect();
        for talk in talks {
            self.carry_talk(talk, ctx);
        }
    }

    pub(super) fn carry_counselor(&mut self, counselor: CounselorId, capacity: u32, ctx: &mut Context<Self>) {
        // Not by their place in the committed view: they may be on their way back into it, and be waited for.
        let theirs = |facts: &&Conversation| match facts.phase {
            Phase::Waiting => facts.wanted == Some(counselor),
            Phase::InProgress { .. } | Phase::Ended { .. } => facts.counselor() == Some(counselor),
        };
        let open = self.kept.conversations().filter(theirs).copied();
        let carrier = CounselorCarrier::new(
            counselor,
            ctx.address().recipient(),
            Arc::clone(&self.limits),
            capacity,
            open,
        );
        self.carriers.counselors.insert(counselor, carrier.start());
    }

    fn carry_talk(&mut self, talk: ConversationId, ctx: &mut Context<Self>) {
        let Some(clock) = self.decided.clock(talk).copied() else { return };
        let carrier = TalkCarrier::new(
            talk,
            ctx.address().recipient(),
            Arc::clone(&self.limits),
            Arc::clone(&self.setup.clock),
            clock,
        );
        self.carriers.talks.insert(talk, carrier.start());
    }

    /// A carrier that has died is noticed here, and rebuilt from what is kept; its sockets come back by themselves.
    pub(crate) fn revive_carriers(&mut self, ctx: &mut Context<Self>) {
        let dead_talks: Vec<ConversationId> = self
            .carriers
            .talks
            .iter()
            .filter(|(_, carrier)| !carrier.connected())
            .map(|(id, _)| *id)
            .collect();
        for talk in dead_talks {
            self.carriers.talks.remove(&talk);
            if self.kept.conversation(talk).is_some() {
                tracing::error!(institution = %self.setup.institution, conversation = %talk, "a talk's actor had died");
                self.carry_talk(talk, ctx);
            }
        }
        let dead: Vec<CounselorId> = self
            .carriers
            .counselors
            .iter()
            .filter(|(_, carrier)| !carrier.connected())
            .map(|(id, _)| *id)
            .collect();
        for counselor in dead {
            tracing::error!(institution = %self.setup.institution, %counselor, "a counselor's actor had died");
            self.carriers.close_uncarried(counselor.into(), Closing::Faulty);
            let capacity = self.kept.counselor(counselor).map_or(0, |known| known.capacity);
            self.carry_counselor(counselor, capacity, ctx);
        }
        let dead: Vec<VisitorId> = self
            .carriers
            .visitors
            .iter()
            .filter(|(_, carrier)| !carrier.connected())
            .map(|(id, _)| *id)
            .collect();
        for visitor in dead {
            tracing::error!(institution = %self.setup.institution, %visitor, "a visitor's actor had died");
            self.carriers.close_uncarried(visitor.into(), Closing::Faulty);
            self.carriers.visitors.remove(&visitor);
        }
    }

    /// Carriers come and go with what they carry.
    pub(super) fn carry(&mut self, told: &Arc<Told>, ctx: &mut Context<Self>) {
        match (&told.event, told.facts) {
            (Event::Assigned { conversation, .. }, _) => self.carry_talk(*conversation, ctx),
            (Event::Admitted { counselor, capacity, .. }, _) => {
                if !self.carriers.counselors.contains_key(counselor) {
                    self.carry_counselor(*counselor, *capacity, ctx);
                }
            }
            (Event::PresenceChosen { counselor, choice: Some(choice) }, _) => {
                if let Some(carrier) = self.carriers.counselors.get(counselor) {
                    carrier.do_send(Chosen { choice: *choice, again: false });
                }
            }
            (_, Some(facts)) => {
                if let Some(carrier) = self.carriers.talks.get(&facts.id) {
                    carrier.do_send(Feed(vec![Arc::clone(told)]));
                }
                if matches!(facts.phase, Phase::Ended { .. }) {
                    self.carriers.talks.remove(&facts.id);
                }
            }
            (_, None) => {}
        }
    }

    pub(super) fn visitor_carrier(
        &mut self,
        visitor: VisitorId,
        ctx: &mut Context<Self>,
    ) -> &Addr<VisitorCarrier> {
        let consultation = self.kept.consultation_of(visitor).copied();
        self.carriers
            .visitors
            .entry(visitor)
            .or_insert_with(|| VisitorCarrier::new(visitor, ctx.address().recipient(), consultation).start())
    }

    /// A visitor's IM log-in begins, or has ended. Their carrier lives as long as anything holds them here.
    pub(crate) fn visitor_logged_in(&mut self, visitor: VisitorId, here: bool, ctx: &mut Context<Self>) {
        self.visitor_carrier(visitor, ctx).do_send(ImPresence(here));
        self.release_visitor(visitor);
    }

    /// Without a socket and without an IM log-in they have left; their carrier tells that they are gone, and ends.
    pub(crate) fn release_visitor(&mut self, visitor: VisitorId) {
        let person = PersonId::from(visitor);
        let has_socket = self
            .carriers
            .sockets
            .values()
            .any(|socket| socket.person == person && socket.badge == Badge::Visitor);
        if !has_socket && !self.carriers.logins.is_here(person) {
            self.carriers.visitors.remove(&visitor);
        }
    }
}
