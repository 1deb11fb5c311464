//! Visitor: the sockets and the IM log-in of one visitor, so their online state; and their place or talk, as committed.

use actix::{Actor, Context, Handler, Message, Recipient};

use crate::{
    dispatch::{
        command::{Command, Place},
        conversation::{Conversation, Phase},
    },
    ids::VisitorId,
    protocol::Tell,
    push::{Attach, Broadcast, CommittedEvents, Detach, Greeting, Push, SocketId, Sockets, StateUpdate},
};

/// See the module.
#[derive(Debug)]
pub(crate) struct Visitor {
    id: VisitorId,
    registry: Recipient<Tell>,
    sockets: Sockets,
    /// Logged in to IM, logged out, or not known.
    im: Option<bool>,
    /// What dispatch was told last.
    reported: Option<bool>,
    conversation: Option<Conversation>,
    place: Option<Place>,
}

/// A visitor logged in to IM, or out of it.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub(crate) struct ImPresence(pub(crate) bool);

impl Visitor {
    /// With the committed view at the moment of birth; everything after it is published to it.
    pub(crate) fn new(id: VisitorId, registry: Recipient<Tell>, conversation: Option<Conversation>) -> Self {
        Self {
            id,
            registry,
            sockets: Sockets::default(),
            im: None,
            reported: None,
            conversation,
            place: None,
        }
    }

    /// Tells dispatch when they come and when they are known to be gone: by every way they were known, they have left.
    fn seen(&mut self) {
        let here = !self.sockets.is_empty() || self.im == Some(true);
        if self.reported != Some(here) {
            self.reported = Some(here);
            self.registry.do_send(Tell(Command::Seen { visitor: self.id, here }));
        }
    }

    fn push(&mut self, push: &Push, except: Option<SocketId>) {
        let had = !self.sockets.is_empty();
        self.sockets.push_except(push, except);
        if had {
            self.seen();
        }
    }
}

impl Actor for Visitor {
    type Context = Context<Self>;
}

impl Handler<Attach> for Visitor {
    type Result = ();

    fn handle(&mut self, attach: Attach, _ctx: &mut Self::Context) {
        // The others hear what the new one is greeted with.
        if let Some(place) = attach.place.filter(|place| self.place != Some(*place)) {
            self.push(&Push::Place(place), None);
        }
        self.sockets.insert(attach.id, attach.socket);
        (self.conversation, self.place) = (attach.consultation, attach.place);
        match attach.greeting {
            Greeting::Snapshot => self.sockets.push_to(
                attach.id,
                Push::Visit { cursor: attach.cursor, conversation: self.conversation, place: attach.place },
            ),
            Greeting::Resume(missed) => {
                self.sockets.resume(attach.id, attach.cursor, None, missed);
                if let Some(place) = attach.place {
                    self.sockets.push_to(attach.id, Push::Place(place));
                }
            }
        }
        self.seen();
    }
}

impl Handler<Detach> for Visitor {
    type Result = ();

    fn handle(&mut self, detach: Detach, _ctx: &mut Self::Context) {
        self.sockets.detach(detach);
        self.seen();
    }
}

impl Handler<ImPresence> for Visitor {
    type Result = ();

    fn handle(&mut self, ImPresence(here): ImPresence, _ctx: &mut Self::Context) {
        self.im = Some(here);
        self.seen();
    }
}

impl Handler<CommittedEvents> for Visitor {
    type Result = ();

    fn handle(&mut self, CommittedEvents(events): CommittedEvents, _ctx: &mut Self::Context) {
        for committed in &events {
            if let Some(facts) =
                committed.facts.filter(|facts| facts.is_consultation() && facts.visitor == self.id)
            {
                self.conversation = match facts.phase {
                    Phase::Waiting | Phase::InProgress { .. } => Some(facts),
                    Phase::Ended { .. } => None,
                };
            }
        }
        self.push(&Push::Events(events.into()), None);
        if self.conversation.is_none_or(|facts| facts.phase != Phase::Waiting) {
            self.place = None;
        }
        // Whether they are there matters to each new request.
        if let Some(here) =
            self.reported.filter(|_| self.conversation.is_some_and(|facts| facts.phase == Phase::Waiting))
        {
            self.registry.do_send(Tell(Command::Seen { visitor: self.id, here }));
        }
    }
}

impl Handler<StateUpdate> for Visitor {
    type Result = ();

    fn handle(&mut self, StateUpdate(push): StateUpdate, _ctx: &mut Self::Context) {
        if let Push::Place(place) = push {
            let waits = self.conversation.is_some_and(|facts| facts.phase == Phase::Waiting);
            if !waits || self.place == Some(place) {
                return;
            }
            self.place = Some(place);
        }
        self.push(&push, None);
    }
}

impl Handler<Broadcast> for Visitor {
    type Result = ();

    fn handle(&mut self, Broadcast { frame, except }: Broadcast, _ctx: &mut Self::Context) {
        self.push(&Push::Frame(frame), except);
    }
}
