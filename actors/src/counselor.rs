//! Counselor: the sockets of one counselor or supervisor, what they were told of the presence, and the grace after the
//! last socket drops. Keeps the committed view of capacity, talks and queue, and shows it to the sockets.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use actix::{Actor, ActorContext, AsyncContext, Context, Handler, Message, Recipient, SpawnHandle};

use crate::{
    dispatch::{
        conversation::{Conversation, Phase},
        counselor::ChosenStatus,
        event::Event,
        limits::DispatchLimits,
        queue::Ticket,
    },
    ids::{ConversationId, CounselorId},
    protocol::GraceOver,
    push::{
        Attach, Broadcast, CommittedEvent, CommittedEvents, Detach, Greeting, OwnPlaces, Push, SocketId,
        Sockets, StateUpdate, WorkbenchSnapshot,
    },
};

/// See the module.
#[derive(Debug)]
pub(crate) struct Counselor {
    id: CounselorId,
    registry: Recipient<GraceOver>,
    limits: Arc<DispatchLimits>,
    sockets: Sockets,
    /// As the sockets were told.
    choice: ChosenStatus,
    grace: Option<SpawnHandle>,
    capacity: u32,
    open: BTreeMap<ConversationId, Conversation>,
}

/// What holds for all sockets from now on, and whether they are told it again.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub(crate) struct Chosen {
    pub(crate) choice: ChosenStatus,
    pub(crate) again: bool,
}

/// Nobody is here, and whoever may come back has so long.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub(crate) struct GraceLeft(pub(crate) Duration);

/// This actor ends, as its person was taken out. Whatever was still to come of it, as the end of a grace, must not: they
/// may be back by then.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub(crate) struct Stop;

impl Counselor {
    /// With the committed view at the moment of birth; everything after it is published to it.
    pub(crate) fn new(
        id: CounselorId,
        registry: Recipient<GraceOver>,
        limits: Arc<DispatchLimits>,
        capacity: u32,
        open: impl Iterator<Item = Conversation>,
    ) -> Self {
        Self {
            id,
            registry,
            limits,
            sockets: Sockets::default(),
            choice: ChosenStatus::Online,
            grace: None,
            capacity,
            open: open.map(|facts| (facts.id, facts)).collect(),
        }
    }

    fn view(&self, on_shift: bool) -> OwnPlaces {
        let mut active: Vec<Conversation> =
            self.open.values().filter(|facts| facts.counselor() == Some(self.id)).copied().collect();
        active.sort_unstable_by_key(|facts| (facts.started_at(), facts.arrival));
        let mut waiting: Vec<Conversation> =
            self.open.values().filter(|facts| facts.phase == Phase::Waiting).copied().collect();
        waiting.sort_unstable_by_key(|facts| Ticket::from(facts));
        OwnPlaces { choice: self.choice, on_shift, capacity: self.capacity, active, waiting }
    }

    fn on_event(&mut self, committed: &CommittedEvent) {
        if let Event::CapacityChanged { counselor, capacity } = committed.event
            && counselor == self.id
        {
            self.capacity = capacity;
        }
        let Some(facts) = committed.facts else { return };
        let mine = match facts.phase {
            Phase::Waiting => facts.requested_counselor == Some(self.id),
            Phase::InProgress { counselor, .. } => counselor == self.id,
            Phase::Ended { .. } => false,
        };
        if mine {
            self.open.insert(facts.id, facts);
        } else {
            self.open.remove(&facts.id);
        }
    }

    fn dropped(&mut self, ctx: &mut Context<Self>) {
        if !self.sockets.is_empty() || self.grace.is_some() {
            return;
        }
        self.wait(self.limits.grace, ctx);
    }

    fn wait(&mut self, grace: Duration, ctx: &mut Context<Self>) {
        let handle = ctx.run_later(grace, |this, _| {
            this.grace = None;
            this.registry.do_send(GraceOver(this.id));
        });
        self.grace = Some(handle);
    }

    fn chosen(&mut self, choice: ChosenStatus, again: bool, ctx: &mut Context<Self>) {
        if again || choice != self.choice {
            self.choice = choice;
            self.push(&Push::Presence(choice), None, ctx);
        }
    }

    fn push(&mut self, push: &Push, except: Option<SocketId>, ctx: &mut Context<Self>) {
        let had = !self.sockets.is_empty();
        self.sockets.push_except(push, except);
        if had {
            self.dropped(ctx);
        }
    }
}

impl Actor for Counselor {
    type Context = Context<Self>;
}

impl Handler<Attach> for Counselor {
    type Result = ();

    fn handle(&mut self, attach: Attach, ctx: &mut Self::Context) {
        if let Some(grace) = self.grace.take() {
            ctx.cancel_future(grace);
        }
        if let Some(choice) = attach.choice {
            self.chosen(choice, false, ctx);
        }
        self.sockets.insert(attach.id, attach.socket);
        match attach.greeting {
            Greeting::Snapshot => {
                let own_places = Some(self.view(attach.on_shift));
                let Attach { cursor, common_waiting, answers, .. } = attach;
                let desk = WorkbenchSnapshot { cursor, own_places, common_waiting, answers };
                self.sockets.push_to(attach.id, Push::Workbench(Arc::new(desk)));
            }
            Greeting::Resume(missed) => {
                self.sockets.resume(attach.id, attach.cursor, Some(self.choice), missed);
                self.sockets.push_answers(attach.id, attach.answers);
            }
        }
    }
}

impl Handler<Detach> for Counselor {
    type Result = ();

    fn handle(&mut self, detach: Detach, ctx: &mut Self::Context) {
        self.sockets.detach(detach);
        // Also where it was not among these any more: an actor that had died knows none of them.
        self.dropped(ctx);
    }
}

impl Handler<GraceLeft> for Counselor {
    type Result = ();

    fn handle(&mut self, GraceLeft(grace): GraceLeft, ctx: &mut Self::Context) {
        if let Some(longer) = self.grace.take() {
            ctx.cancel_future(longer);
        }
        if self.sockets.is_empty() {
            self.wait(grace, ctx);
        }
    }
}

impl Handler<Chosen> for Counselor {
    type Result = ();

    fn handle(&mut self, Chosen { choice, again }: Chosen, ctx: &mut Self::Context) {
        self.chosen(choice, again, ctx);
    }
}

impl Handler<Stop> for Counselor {
    type Result = ();

    fn handle(&mut self, _: Stop, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

impl Handler<CommittedEvents> for Counselor {
    type Result = ();

    fn handle(&mut self, CommittedEvents(events): CommittedEvents, ctx: &mut Self::Context) {
        for committed in &events {
            self.on_event(committed);
        }
        self.push(&Push::Events(events.into()), None, ctx);
    }
}

impl Handler<StateUpdate> for Counselor {
    type Result = ();

    fn handle(&mut self, StateUpdate(push): StateUpdate, ctx: &mut Self::Context) {
        self.push(&push, None, ctx);
    }
}

impl Handler<Broadcast> for Counselor {
    type Result = ();

    fn handle(&mut self, Broadcast { frame, except }: Broadcast, ctx: &mut Self::Context) {
        self.push(&Push::Frame(frame), except, ctx);
    }
}
