//! Where somebody who waits stands: who is served before them by whoever serves them, and what may be said of how long.
//!
//! Whoever is counted waits for the same people: a free place of any of them goes to the one who came first. Nobody is
//! told a smaller number than will be served first; where several serve, it may turn out to be fewer.

use std::{cell::RefCell, collections::BTreeMap, sync::Arc, time::Duration};

use crate::{
    dispatch::{
        Dispatch,
        command::Place,
        conversation::{Conversation, Phase, Priority},
        counselor::{Counselor, PublicStatus, Role},
        queue::{Queue, Ticket},
    },
    ids::{ConversationId, CounselorId, PersonId},
    time::Timestamp,
};

/// What dispatch is told of the past and of the days ahead, and only passes on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Forecast {
    /// The median length of each one's last consultations; left out is whoever has too few.
    pub typical: BTreeMap<CounselorId, Duration>,
    /// The start of the next day after today on which each has a shift.
    pub next_shift: BTreeMap<CounselorId, Timestamp>,
}

/// Tickets that are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tickets {
    /// The common queue.
    Common,
    /// One counselor's queue.
    Queue(CounselorId),
    /// Those of it that do not stand in the common queue.
    Alone(CounselorId),
    /// The same of all who serve the common queue now.
    AloneOfServing,
}

/// One who waits, or would.
#[derive(Debug, Clone, Copy)]
struct Request {
    ticket: Ticket,
    requested: Option<CounselorId>,
    /// Stands in the common queue.
    common: bool,
    /// Stands there, or will before long.
    by_others: bool,
    asker: Option<PersonId>,
}

impl From<&Conversation> for Request {
    fn from(facts: &Conversation) -> Self {
        Self {
            ticket: Ticket::from(facts),
            requested: facts.requested_counselor,
            common: facts.in_common_queue,
            by_others: facts.in_common_queue || facts.allow_fallback,
            asker: Some(facts.visitor.into()),
        }
    }
}

/// Whether a free place of this one goes to somebody who waits.
fn gives_places(counselor: &Counselor) -> bool {
    counselor.is_online() && counselor.capacity > 0
}

/// Whether they do so for the common queue.
fn is_serving(counselor: &Counselor) -> bool {
    counselor.serves_common() && gives_places(counselor)
}

/// What the places of one moment have in common.
struct Moment<'a> {
    dispatch: &'a Dispatch,
    /// Who serves the common queue and gives places.
    serving: Vec<&'a Counselor>,
    /// How many talks they end in a millisecond, as far as it is known.
    pace: f64,
    /// Whether any of those on shift can be reached, whatever they chose.
    is_reached: bool,
    /// Whether anybody serves the common queue today.
    has_shift: bool,
    next_shift: Option<Timestamp>,
}

impl<'a> Moment<'a> {
    fn new(dispatch: &'a Dispatch) -> Self {
        let on_shift = || dispatch.counselors.values().filter(|known| known.serves_common());
        let serving: Vec<_> = on_shift().filter(|known| is_serving(known)).collect();
        let is_counselor =
            |id: &CounselorId| dispatch.counselors.get(id).is_none_or(|known| known.role == Role::Counselor);
        let shifts = dispatch.outlook.next_shift.iter().filter(|(id, _)| is_counselor(id));
        Self {
            pace: serving.iter().map(|known| pace_of(dispatch, known)).sum(),
            serving,
            is_reached: on_shift().any(|known| known.public_status() != PublicStatus::Offline),
            has_shift: on_shift().next().is_some(),
            next_shift: shifts.map(|(_, at)| *at).min(),
            dispatch,
        }
    }

    fn requested(&self, request: &Request) -> Option<&'a Counselor> {
        self.dispatch.counselors.get(&request.requested?)
    }

    /// The asker, if they serve the common queue themself: never with their own request.
    fn asker_serving(&self, request: &Request) -> Option<&'a Counselor> {
        let asker = self.dispatch.counselors.get(&CounselorId::from(request.asker?))?;
        (request.common && is_serving(asker)).then_some(asker)
    }

    /// The one asked for, if they give places and would not be found among those who serve the common queue.
    fn requested_besides(&self, request: &Request) -> Option<&'a Counselor> {
        let requested = self.requested(request).filter(|requested| gives_places(requested))?;
        (!request.common || !is_serving(requested)).then_some(requested)
    }

    /// How many give places to this request.
    fn servers(&self, request: &Request) -> usize {
        let serving = if request.common { self.serving.len() } else { 0 };
        serving + usize::from(self.requested_besides(request).is_some())
            - usize::from(self.asker_serving(request).is_some())
    }

    /// How many are served before, each counted by `before` among its tickets.
    fn ahead(&self, request: &Request, before: &impl Fn(Tickets) -> usize) -> usize {
        let requested = self.requested(request);
        if !request.common {
            let Some(requested) = requested else { return 0 };
            let soon_by_others = request.by_others && !gives_places(requested);
            if !requested.serves_common() && !soon_by_others {
                return before(Tickets::Queue(requested.id));
            }
            let all = before(Tickets::Common) + before(Tickets::Alone(requested.id));
            return all - usize::from(requested.serves_common() && self.asks_before(requested, request));
        }
        let asker = self.asker_serving(request);
        let others = self.serving.len() - usize::from(asker.is_some());
        match (others, self.requested_besides(request)) {
            // Nobody is there: whoever comes may be either.
            (0, None) => {
                before(Tickets::Common)
                    + requested.map_or(0, |requested| before(Tickets::Alone(requested.id)))
            }
            (0, Some(requested)) => before(Tickets::Queue(requested.id)),
            (_, besides) => {
                let all = before(Tickets::Common)
                    + before(Tickets::AloneOfServing)
                    + besides.map_or(0, |requested| before(Tickets::Alone(requested.id)))
                    - asker.map_or(0, |asker| before(Tickets::Alone(asker.id)));
                let only = self.serving.iter().find(|known| Some(known.id) != asker.map(|asker| asker.id));
                let alone = only.filter(|_| others == 1 && besides.is_none());
                all - usize::from(alone.is_some_and(|only| self.asks_before(only, request)))
            }
        }
    }

    /// Whether `counselor` waits in the common queue before this request: nobody serves themself.
    fn asks_before(&self, counselor: &Counselor, request: &Request) -> bool {
        let own = self.dispatch.consultation_of(PersonId::from(counselor.id).into());
        own.is_some_and(|facts| {
            facts.phase == Phase::Waiting && facts.in_common_queue && Ticket::from(facts) < request.ticket
        })
    }

    /// The formula of docs/contract.md 6, with all who serve it: so many talks to end, at the pace of those whose
    /// talks say it.
    fn estimated_wait_seconds(&self, request: &Request, ahead: usize) -> Option<u64> {
        let shared = if request.common { self.pace } else { 0.0 };
        let besides =
            self.requested_besides(request).map_or(0.0, |requested| pace_of(self.dispatch, requested));
        let own = self.asker_serving(request).map_or(0.0, |asker| pace_of(self.dispatch, asker));
        whole_minutes(ahead, shared + besides - own)
    }

    /// When the next of those who would serve it has a shift; none while one of them can be reached or has one today.
    fn next_shift(&self, request: &Request) -> Option<Timestamp> {
        let requested = self.requested(request);
        let is_reached =
            requested.is_some_and(|requested| requested.public_status() != PublicStatus::Offline);
        let has_shift = requested.is_some_and(|requested| requested.on_shift);
        if is_reached || has_shift || (request.by_others && (self.is_reached || self.has_shift)) {
            return None;
        }
        let by_requested =
            request.requested.and_then(|requested| self.dispatch.outlook.next_shift.get(&requested)).copied();
        let by_others = self.next_shift.filter(|_| request.by_others);
        by_requested.into_iter().chain(by_others).min()
    }

    fn place(&self, facts: &Conversation, before: &impl Fn(Tickets) -> usize) -> Place {
        let request = Request::from(facts);
        let ahead = self.ahead(&request, before);
        Place {
            ahead,
            counselor: self.requested(&request).map(Counselor::public_status),
            next: ahead == 0 && self.servers(&request) > 0,
            wait_until: self.dispatch.waiting_end(facts),
            estimated_wait_seconds: self.estimated_wait_seconds(&request, ahead),
            next_shift: self.next_shift(&request),
        }
    }

    fn queue(&self, tickets: Tickets) -> Option<&'a Queue> {
        match tickets {
            Tickets::Common => Some(&self.dispatch.common_queue),
            Tickets::Queue(id) => self.dispatch.counselors.get(&id).map(|known| &known.queue),
            Tickets::Alone(id) => self.dispatch.counselors.get(&id).map(|known| &known.alone),
            Tickets::AloneOfServing => None,
        }
    }

    /// How many of `tickets` are better than `ticket`.
    fn count(&self, tickets: Tickets, ticket: &Ticket) -> usize {
        match self.queue(tickets) {
            Some(queue) => queue.ahead_of(ticket),
            None => self.serving.iter().map(|known| known.alone.ahead_of(ticket)).sum(),
        }
    }

    fn sorted(&self, tickets: Tickets) -> Vec<Ticket> {
        if let Some(queue) = self.queue(tickets) {
            return queue.iter().copied().collect();
        }
        let alone = self.serving.iter().flat_map(|known| known.alone.iter());
        let mut all: Vec<Ticket> = alone.copied().collect();
        all.sort_unstable();
        all
    }
}

/// How many of their talks end in a millisecond: none, as far as it is known, where too few say it.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of a talk are few")]
fn pace_of(dispatch: &Dispatch, counselor: &Counselor) -> f64 {
    let typical = dispatch.outlook.typical.get(&counselor.id).filter(|typical| !typical.is_zero());
    typical.map_or(0.0, |typical| f64::from(counselor.capacity) / typical.as_millis() as f64)
}

/// So much less than a minute is what the sums have lost.
const LOST_IN_SUMS: f64 = 1e-6;

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "minutes of waiting: small, positive, and a guess anyway"
)]
fn whole_minutes(ahead: usize, pace: f64) -> Option<u64> {
    if pace <= 0.0 {
        return None;
    }
    let minutes = (ahead as f64 + 1.0) / pace / 60_000.0;
    Some((minutes - LOST_IN_SUMS).ceil().max(1.0) as u64 * 60)
}

impl Dispatch {
    /// A waiting conversation's place among those who wait for the same people.
    pub fn place(&self, id: ConversationId) -> Option<Place> {
        let facts = self.conversation(id).filter(|facts| facts.phase == Phase::Waiting)?;
        let (moment, ticket) = (Moment::new(self), Ticket::from(facts));
        Some(moment.place(facts, &|tickets| moment.count(tickets, &ticket)))
    }

    /// Every waiting conversation's place, as [`Self::place`] tells it.
    pub fn places(&self) -> impl Iterator<Item = (Place, ConversationId)> {
        let moment = Moment::new(self);
        let sorted: RefCell<BTreeMap<Tickets, Vec<Ticket>>> = RefCell::default();
        let waiting =
            self.open.values().map(|open| &open.facts).filter(|facts| facts.phase == Phase::Waiting);
        waiting.map(move |facts| {
            let ticket = Ticket::from(facts);
            let before = |tickets| {
                let mut sorted = sorted.borrow_mut();
                let all = sorted.entry(tickets).or_insert_with(|| moment.sorted(tickets));
                all.partition_point(|other| *other < ticket)
            };
            (moment.place(facts, &before), facts.id)
        })
    }

    /// How many would be served before somebody who asked for each now; of one who is gone, with leave to be served by
    /// others.
    pub fn waiting_before_new(&self, now: Timestamp) -> impl Iterator<Item = (CounselorId, usize)> {
        let moment = Moment::new(self);
        let last = ConversationId(uuid::Uuid::max());
        let ticket = Ticket { priority: Priority::Normal, arrival: u64::MAX, conversation: last };
        // All ask with the same ticket, so each queue is counted once.
        let counted: RefCell<BTreeMap<Tickets, usize>> = RefCell::default();
        self.counselors.values().map(move |known| {
            let before = |tickets| {
                *counted.borrow_mut().entry(tickets).or_insert_with(|| moment.count(tickets, &ticket))
            };
            let gone = known.role == Role::Counselor && self.is_gone(known, now);
            let requested = Some(known.id);
            let request = Request { ticket, requested, common: gone, by_others: gone, asker: None };
            (known.id, moment.ahead(&request, &before))
        })
    }

    /// Takes over what is known of the past and of the days ahead.
    pub fn set_forecast(&mut self, outlook: Arc<Forecast>) {
        self.outlook = outlook;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_rounded_up_to_a_minute_and_needs_a_pace() {
        let twenty_minutes = 20.0 * 60_000.0;
        assert_eq!(whole_minutes(0, 2.0 / twenty_minutes), Some(600));
        assert_eq!(whole_minutes(2, 5.0 / twenty_minutes), Some(720));
        assert_eq!(whole_minutes(1, 2.0 / (15.0 * 60_000.0)), Some(900));
        assert_eq!(whole_minutes(0, 5.0), Some(60));
        assert_eq!(whole_minutes(0, 0.0), None);
    }
}
