//! The actors that carry what lives outside a decision: they begin with what they carry, end with it, and are made
//! again if one has died.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use actix::{Actor, Addr, AsyncContext, Context, Handler, Message};

use crate::{
    conversation::Conversation as TalkActor,
    counselor::{Chosen, Counselor as CounselorActor},
    dispatch::{
        conversation::{Conversation, Phase},
        event::Event,
    },
    ids::{ConversationId, CounselorId, LogIn, PersonId, VisitorId},
    protocol::SocketRole,
    push::{Answers, Closing, CommittedEvent, CommittedEvents, SocketId, Sockets},
    registry::{Registry, answers::Reader, im::Logins, publish::RecentEvents, sockets::Socket},
    sabotage::{Sabotage, sabotaged},
    time::Timestamp,
    visitor::{ImPresence, Visitor as VisitorActor},
};

/// Which supervisors look after which counselors.
pub(super) type Bindings = BTreeMap<CounselorId, BTreeSet<PersonId>>;

/// These actors, the sockets, and what is remembered of what was published to them.
pub(crate) struct Children {
    pub(crate) counselors: BTreeMap<CounselorId, Addr<CounselorActor>>,
    pub(crate) visitors: BTreeMap<VisitorId, Addr<VisitorActor>>,
    talks: BTreeMap<ConversationId, Addr<TalkActor>>,
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
    /// The talks of which an event was published since.
    pub(super) published_talks: BTreeSet<ConversationId>,
    pub(super) recent: RecentEvents,
    state_changed: bool,
    answers_changed: bool,
}

impl Children {
    pub(crate) fn new(recent_max: usize, first_socket: u64) -> Self {
        Self {
            counselors: BTreeMap::new(),
            visitors: BTreeMap::new(),
            talks: BTreeMap::new(),
            logins: Logins::default(),
            administrators: Sockets::default(),
            sockets: BTreeMap::new(),
            left: BTreeMap::new(),
            next_socket: first_socket,
            bindings: BTreeMap::new(),
            shown: BTreeMap::new(),
            published_talks: BTreeSet::new(),
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
        TalkActor: Handler<M>,
    {
        if let Some(actor) = self.talks.get(&talk) {
            actor.do_send(message);
        }
    }

    pub(crate) fn tell_talks<M>(&self, message: M)
    where
        M: Message<Result = ()> + Copy + Send + 'static,
        TalkActor: Handler<M>,
    {
        for actor in self.talks.values() {
            actor.do_send(message);
        }
    }
}

impl Registry {
    /// Every actor from what is committed, after a revival.
    pub(crate) fn start_children(&mut self, ctx: &mut Context<Self>) {
        let counselors: Vec<(CounselorId, u32)> =
            self.committed.counselors().map(|counselor| (counselor.id, counselor.capacity)).collect();
        for (counselor, capacity) in counselors {
            self.start_counselor(counselor, capacity, ctx);
        }
        if sabotaged(Sabotage::ForgetDeadlineOnRevival) {
            return;
        }
        let talks: Vec<ConversationId> = self
            .committed
            .conversations()
            .filter(|facts| facts.counselor().is_some())
            .map(|facts| facts.id)
            .collect();
        for talk in talks {
            self.start_talk(talk, ctx);
        }
    }

    pub(super) fn start_counselor(&mut self, counselor: CounselorId, capacity: u32, ctx: &mut Context<Self>) {
        // Not by their place in the committed view: they may be on their way back into it, and be waited for.
        let theirs = |facts: &&Conversation| match facts.phase {
            Phase::Waiting => facts.requested_counselor == Some(counselor),
            Phase::InProgress { .. } | Phase::Ended { .. } => facts.counselor() == Some(counselor),
        };
        let open = self.committed.conversations().filter(theirs).copied();
        let actor = CounselorActor::new(
            counselor,
            ctx.address().recipient(),
            Arc::clone(&self.limits),
            capacity,
            open,
        );
        self.children.counselors.insert(counselor, actor.start());
    }

    fn start_talk(&mut self, talk: ConversationId, ctx: &mut Context<Self>) {
        let Some(clock) = self.decided.clock(talk).copied() else { return };
        let actor = TalkActor::new(
            talk,
            ctx.address().recipient(),
            Arc::clone(&self.limits),
            Arc::clone(&self.setup.clock),
            clock,
        );
        self.children.talks.insert(talk, actor.start());
    }

    /// An actor that has died is noticed here, and rebuilt from what is committed; its sockets come back by themselves.
    pub(crate) fn revive_children(&mut self, ctx: &mut Context<Self>) {
        let dead_talks: Vec<ConversationId> =
            self.children.talks.iter().filter(|(_, actor)| !actor.connected()).map(|(id, _)| *id).collect();
        for talk in dead_talks {
            self.children.talks.remove(&talk);
            if self.committed.conversation(talk).is_some() {
                tracing::error!(institution = %self.setup.institution, conversation = %talk, "a conversation's actor had died, started again");
                self.start_talk(talk, ctx);
            }
        }
        let dead: Vec<CounselorId> = self
            .children
            .counselors
            .iter()
            .filter(|(_, actor)| !actor.connected())
            .map(|(id, _)| *id)
            .collect();
        for counselor in dead {
            tracing::error!(institution = %self.setup.institution, %counselor, "a counselor's actor had died, started again");
            self.children.close_directly(counselor.into(), Closing::Faulty);
            let capacity = self.committed.counselor(counselor).map_or(0, |known| known.capacity);
            self.start_counselor(counselor, capacity, ctx);
        }
        let dead: Vec<VisitorId> = self
            .children
            .visitors
            .iter()
            .filter(|(_, actor)| !actor.connected())
            .map(|(id, _)| *id)
            .collect();
        for visitor in dead {
            tracing::error!(institution = %self.setup.institution, %visitor, "a visitor's actor had died, their sockets are closed");
            self.children.close_directly(visitor.into(), Closing::Faulty);
            self.children.visitors.remove(&visitor);
        }
    }

    /// Starts and stops the actors, as what they are for begins and ends.
    pub(super) fn ensure_actors(&mut self, committed: &Arc<CommittedEvent>, ctx: &mut Context<Self>) {
        match (&committed.event, committed.facts) {
            (Event::Assigned { conversation, .. }, _) => self.start_talk(*conversation, ctx),
            (Event::Admitted { counselor, capacity, .. }, _) => {
                if !self.children.counselors.contains_key(counselor) {
                    self.start_counselor(*counselor, *capacity, ctx);
                }
            }
            (Event::PresenceChosen { counselor, choice: Some(choice) }, _) => {
                if let Some(actor) = self.children.counselors.get(counselor) {
                    actor.do_send(Chosen { choice: *choice, again: false });
                }
            }
            (_, Some(facts)) => {
                if let Some(actor) = self.children.talks.get(&facts.id) {
                    actor.do_send(CommittedEvents(vec![Arc::clone(committed)]));
                }
                if matches!(facts.phase, Phase::Ended { .. }) {
                    self.children.talks.remove(&facts.id);
                }
            }
            (_, None) => {}
        }
    }

    pub(super) fn visitor_actor(
        &mut self,
        visitor: VisitorId,
        ctx: &mut Context<Self>,
    ) -> &Addr<VisitorActor> {
        let consultation = self.committed.consultation_of(visitor).copied();
        self.children
            .visitors
            .entry(visitor)
            .or_insert_with(|| VisitorActor::new(visitor, ctx.address().recipient(), consultation).start())
    }

    /// A visitor's IM log-in begins, or has ended. Their actor lives as long as anything holds them here.
    pub(crate) fn visitor_logged_in(&mut self, visitor: VisitorId, here: bool, ctx: &mut Context<Self>) {
        self.visitor_actor(visitor, ctx).do_send(ImPresence(here));
        self.release_visitor(visitor);
    }

    /// Without a socket and without an IM log-in they have left; their actor tells that they are gone, and ends.
    pub(crate) fn release_visitor(&mut self, visitor: VisitorId) {
        let person = PersonId::from(visitor);
        let has_socket = self
            .children
            .sockets
            .values()
            .any(|socket| socket.person == person && socket.role == SocketRole::Visitor);
        if !has_socket && !self.children.logins.is_here(person) {
            self.children.visitors.remove(&visitor);
        }
    }
}
