//! Random commands, with time passing between them: every law holds after every step, seen by the laws' own
//! predicates and by the model; a refusal changes nothing; the events alone give the same state; revival too.

use std::{collections::BTreeSet, time::Duration};

use hotline_actors::{
    ConversationId, CounselorId, Dispatch, PersonId, Timestamp,
    dispatch::{
        clock::AFTER_CALL,
        command::Command,
        conversation::{EndReason, Medium, Priority},
        counselor::{ChosenStatus, Role},
        event::{Event, Removal},
        limits::DispatchLimits,
    },
};
use proptest::prelude::*;
use uuid::Uuid;

use crate::{
    institution::{counselor, visitor},
    reference_model::ReferenceModel,
};

const COUNSELORS: u128 = 5;
const SUPERVISOR: u128 = 20;
const VISITORS: u128 = 12;

/// One step of a random day. Conversations are chosen among those that were ever opened, so that ended ones are too.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Open {
        visitor: u128,
        wanted: Option<u128>,
        fallback: Option<bool>,
    },
    Supervise {
        which: usize,
    },
    End {
        which: usize,
        reason: EndReason,
    },
    Prioritize {
        which: usize,
        priority: Priority,
    },
    SetCapacity {
        counselor: u128,
        capacity: u32,
    },
    AddStaff {
        counselor: u128,
        capacity: u32,
    },
    Remove {
        person: PersonId,
    },
    Reinstate {
        person: PersonId,
        seat: Option<(Role, u32)>,
    },
    Call {
        which: usize,
        on: bool,
    },
    SetPresence {
        counselor: u128,
        choice: Option<ChosenStatus>,
    },
    /// A tab comes, perhaps with what its person chose long ago.
    Arrive {
        counselor: u128,
        choice: Option<ChosenStatus>,
    },
    Shift {
        on: BTreeSet<u128>,
    },
    Seen {
        visitor: u128,
        here: bool,
    },
    Say {
        which: usize,
        by_visitor: bool,
    },
    /// Time passes; what falls due is decided at its moment …
    Pass(u64),
    /// … or late, all at once.
    Sleep(u64),
    /// A timer rings for nothing.
    Spurious {
        which: usize,
    },
    Return,
    Restart(u64),
}

fn choice() -> impl Strategy<Value = ChosenStatus> {
    prop_oneof![4 => Just(ChosenStatus::Online), 1 => Just(ChosenStatus::Busy), 1 => Just(ChosenStatus::Away)]
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let named = 0..COUNSELORS;
    let anyone = prop_oneof![4 => 0..COUNSELORS, 1 => Just(SUPERVISOR)];
    let which = 0_usize..1000;
    let by = prop_oneof![
        Just(EndReason::Visitor),
        Just(EndReason::Counselor),
        Just(EndReason::Supervisor),
        Just(EndReason::Administrator)
    ];
    let urgency = prop_oneof![Just(Priority::Urgent), Just(Priority::Normal)];
    let person = prop_oneof![
        (0..VISITORS).prop_map(|number| PersonId::from(visitor(number))),
        anyone.clone().prop_map(|number| PersonId::from(counselor(number)))
    ];
    let wanted = prop::option::weighted(0.7, named.clone());
    let asker = prop_oneof![9 => 0..VISITORS, 1 => named.clone().prop_map(|number| 0xc000 - 0x1000 + number)];
    prop_oneof![
        10 => (asker, wanted, any::<Option<bool>>())
            .prop_map(|(visitor, wanted, fallback)| Step::Open { visitor, wanted, fallback }),
        2 => which.clone().prop_map(|which| Step::Supervise { which }),
        6 => (which.clone(), by).prop_map(|(which, reason)| Step::End { which, reason }),
        2 => (which.clone(), urgency).prop_map(|(which, priority)| Step::Prioritize { which, priority }),
        3 => (anyone.clone(), 0_u32..4)
            .prop_map(|(counselor, capacity)| Step::SetCapacity { counselor, capacity }),
        4 => (anyone.clone(), 0_u32..4).prop_map(|(counselor, capacity)| Step::AddStaff { counselor, capacity }),
        1 => person.prop_map(|person| Step::Remove { person }),
        1 => (0..VISITORS).prop_map(|number| Step::Reinstate { person: visitor(number).into(), seat: None }),
        3 => (anyone.clone(), 0_u32..4).prop_map(|(number, capacity)| Step::Reinstate {
            person: counselor(number).into(),
            seat: Some((role(number), capacity)),
        }),
        1 => (which.clone(), any::<bool>()).prop_map(|(which, on)| Step::Call { which, on }),
        4 => (anyone.clone(), prop::option::of(choice()))
            .prop_map(|(counselor, choice)| Step::Arrive { counselor, choice }),
        9 => (anyone, prop::option::weighted(0.8, choice()))
            .prop_map(|(counselor, choice)| Step::SetPresence { counselor, choice }),
        2 => prop::collection::btree_set(named, 0..5).prop_map(|on| Step::Shift { on }),
        2 => (0..VISITORS, any::<bool>()).prop_map(|(visitor, here)| Step::Seen { visitor, here }),
        4 => (which.clone(), any::<bool>()).prop_map(|(which, by_visitor)| Step::Say { which, by_visitor }),
        5 => (0_u64..900).prop_map(Step::Pass),
        2 => (0_u64..4000).prop_map(Step::Sleep),
        1 => which.prop_map(|which| Step::Spurious { which }),
        1 => Just(Step::Return),
        1 => (0_u64..4000).prop_map(Step::Restart),
    ]
}

fn role(number: u128) -> Role {
    if number == SUPERVISOR { Role::Supervisor } else { Role::Counselor }
}

pub(crate) struct Day {
    pub(crate) dispatch: Dispatch,
    /// Hears the events and the words, and decides nothing.
    folded: Dispatch,
    model: ReferenceModel,
    now: Timestamp,
    /// The last start or end of an outage.
    returned: Timestamp,
    opened: u128,
    calls: u128,
}

impl Day {
    pub(crate) fn new() -> Self {
        let limits = DispatchLimits::default();
        let mut day = Self {
            dispatch: Dispatch::new(limits.clone()),
            folded: Dispatch::new(limits),
            model: ReferenceModel::default(),
            now: Timestamp(1_700_000_000_000),
            returned: Timestamp(0),
            opened: 0,
            calls: 0,
        };
        for number in 0..COUNSELORS {
            let counselor = counselor(number);
            day.decide(&Command::AddStaff { counselor, role: Role::Counselor, capacity: 1 });
        }
        let supervisor = counselor(SUPERVISOR);
        day.decide(&Command::AddStaff { counselor: supervisor, role: Role::Supervisor, capacity: 1 });
        day.decide(&Command::Shift { on: (0..2).map(counselor).collect() });
        day
    }

    pub(crate) fn decide(&mut self, command: &Command) -> Option<Vec<Event>> {
        let before = self.dispatch.clone();
        let Ok(decision) = self.dispatch.decide(self.now, command) else {
            assert_eq!(
                format!("{before:?}"),
                format!("{:?}", self.dispatch),
                "a refusal changes nothing: {command:?}"
            );
            return None;
        };
        self.model.command(self.now, command);
        let mut last = std::collections::BTreeMap::new();
        for event in &decision.events {
            self.model.event(event);
            if let Some(facts) = self.folded.apply(self.now, event) {
                last.insert(facts.id, facts);
            }
        }
        self.model.settled();
        let touched: std::collections::BTreeMap<_, _> =
            decision.touched.iter().map(|facts| (facts.id, *facts)).collect();
        assert_eq!(touched.len(), decision.touched.len(), "each conversation touched once: {command:?}");
        assert_eq!(touched, last, "what is stored is what the events say: {command:?}");
        self.check(&format!("{command:?}"));
        Some(decision.events)
    }

    fn check(&self, after: &str) {
        assert_eq!(self.model.found(), &[] as &[String], "after {after}");
        assert_eq!(self.dispatch.broken_laws(), vec![], "after {after}");
        assert_eq!(self.dispatch.snapshot(), self.folded.snapshot(), "after {after}");
        let kept = self.dispatch.snapshot();
        let revived = Dispatch::revive(DispatchLimits::default(), &kept, self.now);
        assert_eq!(revived.snapshot(), kept, "revived after {after}");
        assert_eq!(revived.broken_laws(), vec![], "revived after {after}");
        let open: BTreeSet<ConversationId> = self.dispatch.conversations().map(|facts| facts.id).collect();
        assert_eq!(open, self.model.open(), "after {after}");
    }

    fn chosen(&self, which: usize) -> ConversationId {
        let total = usize::try_from(self.opened + self.calls).expect("few").max(1);
        let number = which % total;
        let opened = usize::try_from(self.opened).expect("few");
        if number < opened { consultation(number as u128) } else { call((number - opened) as u128) }
    }

    fn talks_due(&self) -> Option<(Timestamp, Command)> {
        let due = |facts: &hotline_actors::dispatch::conversation::Conversation| {
            let at = self.dispatch.talk_deadline(facts.id, self.now)?;
            Some((at, Command::Due { conversation: facts.id }))
        };
        let wake = self.dispatch.next_deadline().map(|at| (at, Command::Wake));
        self.dispatch.conversations().filter_map(due).chain(wake).min_by_key(|(at, _)| *at)
    }

    fn passes(&mut self, time: Duration) {
        let until = self.now + time;
        let mut rounds = 0;
        while let Some((at, command)) = self.talks_due().filter(|(at, _)| *at <= until) {
            self.now = self.now.max(at);
            self.decide(&command);
            rounds += 1;
            assert!(rounds < 10_000, "deadlines never come to rest: {command:?} at {at:?}");
        }
        self.now = until;
        self.check_times();
    }

    /// Nothing is overdue once the timers have rung.
    fn check_times(&self) {
        let limits = self.dispatch.limits();
        for facts in self.dispatch.conversations() {
            let (may, what) = if let Some(started) = facts.started_at() {
                let text = started + limits.text_max;
                let may = match facts.medium {
                    Medium::Text => facts.call_ended.map_or(text, |ended| text.max(ended + AFTER_CALL)),
                    Medium::Voice { since } => (since + limits.voice_max).min(text + limits.voice_max),
                };
                (may, "talks for too long")
            } else {
                let waiting = facts.opened_at + limits.waiting_max;
                (waiting.max(self.returned + limits.waiting_after_return()), "waits for ever")
            };
            assert!(may > self.now, "{facts:?} {what}");
        }
    }

    pub(crate) fn step(&mut self, step: &Step) {
        match step {
            Step::Open { visitor: number, wanted, fallback } => {
                let open = Command::Open {
                    conversation: consultation(self.opened),
                    visitor: visitor(*number),
                    requested_counselor: wanted.map(counselor),
                    allow_fallback: *fallback,
                };
                self.opened += u128::from(self.decide(&open).is_some());
            }
            Step::Supervise { which } => {
                let ask = Command::Supervise {
                    conversation: call(self.calls),
                    consultation: self.chosen(*which),
                    supervisor: counselor(SUPERVISOR),
                };
                self.calls += u128::from(self.decide(&ask).is_some());
            }
            Step::End { which, reason } => {
                let conversation = self.chosen(*which);
                let was_open = self.model.is_over(conversation) == Some(false);
                let ended = self.decide(&Command::End { conversation, reason: *reason }).is_some();
                assert_eq!(ended, was_open, "open ones end, and others are refused");
            }
            Step::Say { which, by_visitor } => self.say(*which, *by_visitor),
            Step::Pass(seconds) => self.passes(Duration::from_secs(*seconds)),
            Step::Sleep(seconds) => {
                self.now = self.now + Duration::from_secs(*seconds);
                self.passes(Duration::ZERO);
            }
            Step::Restart(seconds) => {
                let kept = self.dispatch.snapshot();
                self.now = self.now + Duration::from_secs(*seconds);
                self.dispatch = Dispatch::revive(DispatchLimits::default(), &kept, self.now);
                self.model.restarted();
                self.returned = self.now;
                self.passes(Duration::ZERO);
            }
            Step::Spurious { which } => {
                let conversation = self.chosen(*which);
                self.passes(Duration::ZERO);
                assert_eq!(self.decide(&Command::Due { conversation }), Some(vec![]));
                assert_eq!(self.decide(&Command::Wake), Some(vec![]));
            }
            Step::Return => {
                self.returned = self.now;
                self.decide(&Command::StoreRecovered);
            }
            simple => {
                let command = self.command(simple).expect("a simple step");
                self.decide(&command);
            }
        }
    }

    /// The command of a step that is no more than that.
    fn command(&self, step: &Step) -> Option<Command> {
        Some(match step {
            Step::Prioritize { which, priority } => {
                Command::Prioritize { conversation: self.chosen(*which), priority: *priority }
            }
            Step::SetCapacity { counselor: number, capacity } => {
                Command::SetCapacity { counselor: counselor(*number), capacity: *capacity }
            }
            Step::AddStaff { counselor: number, capacity } => {
                Command::AddStaff { counselor: counselor(*number), role: role(*number), capacity: *capacity }
            }
            Step::Remove { person } => Command::Remove { person: *person, how: Removal::Banned },
            Step::Reinstate { person, seat } => Command::Reinstate { person: *person, seat: *seat },
            Step::Call { which, on } => Command::ChangeMedium {
                conversation: self.chosen(*which),
                medium: if *on { Medium::Voice { since: self.now } } else { Medium::Text },
            },
            Step::SetPresence { counselor: number, choice } => {
                Command::SetPresence { counselor: counselor(*number), choice: *choice }
            }
            Step::Arrive { counselor: number, choice } => {
                Command::Arrive { counselor: counselor(*number), choice: *choice }
            }
            Step::Shift { on } => Command::Shift { on: on.iter().map(|number| counselor(*number)).collect() },
            Step::Seen { visitor: number, here } => Command::Seen { visitor: visitor(*number), here: *here },
            _ => return None,
        })
    }

    fn say(&mut self, which: usize, by_visitor: bool) {
        let Some(facts) = self.dispatch.conversation(self.chosen(which)).copied() else { return };
        let by: PersonId = match facts.counselor() {
            Some(counselor) if !by_visitor => counselor.into(),
            _ => facts.visitor.into(),
        };
        for dispatch in [&mut self.dispatch, &mut self.folded] {
            dispatch.message_seen(facts.id, self.now, by);
            dispatch.stored(facts.id, self.now, by, self.now);
        }
    }
}

fn consultation(number: u128) -> ConversationId {
    // Ids in no order, as of several servers: arrival alone decides.
    ConversationId(Uuid::from_u128((number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)))
}

fn call(number: u128) -> ConversationId {
    ConversationId(Uuid::from_u128((number + 1).wrapping_mul(0xd1b5_4a32_d192_ed03_a0b4_28db_9b0f_2c1d)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_shrink_iters: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_law_holds_after_every_step(steps in prop::collection::vec(step(), 1..120)) {
        let mut day = Day::new();
        for step in &steps {
            day.step(step);
        }
    }

    #[test]
    fn the_same_commands_give_the_same_events(steps in prop::collection::vec(step(), 1..60)) {
        let states: Vec<String> = (0..2)
            .map(|_| {
                let mut day = Day::new();
                for step in &steps {
                    day.step(step);
                }
                format!("{:?}", day.dispatch)
            })
            .collect();
        prop_assert_eq!(&states[0], &states[1]);
    }
}

/// The model would be worth nothing if it could not see: each law is broken for it here.
mod the_witness_finds {
    use super::{
        ChosenStatus, CounselorId, EndReason, Event, ReferenceModel, Role, consultation, counselor, visitor,
    };
    use hotline_actors::dispatch::conversation::{Kind, Priority};

    fn opened(number: u128, wanted: Option<CounselorId>) -> Event {
        Event::Opened {
            conversation: consultation(number),
            kind: Kind::Consultation,
            visitor: visitor(number),
            wanted,
            fallback: false,
            arrival: u64::try_from(number).expect("small"),
        }
    }

    fn found(events: &[Event]) -> Vec<String> {
        let mut model = ReferenceModel::default();
        let lin = Event::Admitted { counselor: counselor(1), role: Role::Counselor, capacity: 1 };
        model.event(&lin);
        model.event(&chooses(Some(ChosenStatus::Online)));
        for event in events {
            model.event(event);
        }
        let law = |text: &String| text.split(':').next().unwrap_or_default().to_owned();
        model.found().iter().map(law).collect()
    }

    fn given(number: u128) -> Event {
        Event::Assigned { conversation: consultation(number), counselor: counselor(1) }
    }

    fn over(number: u128) -> Event {
        Event::Ended { conversation: consultation(number), reason: EndReason::Visitor }
    }

    #[test]
    fn nothing_where_all_is_well() {
        let lin = Some(counselor(1));
        assert!(found(&[opened(1, lin), given(1), opened(2, lin), over(1), given(2), over(2)]).is_empty());
    }

    fn chooses(choice: Option<ChosenStatus>) -> Event {
        Event::PresenceChosen { counselor: counselor(1), choice }
    }

    #[test]
    fn one_seated_with_somebody_who_chose_away_or_is_offline() {
        let lin = Some(counselor(1));
        for choice in [Some(ChosenStatus::Away), Some(ChosenStatus::Busy), None] {
            assert_eq!(found(&[chooses(choice), opened(1, lin), given(1)]), ["presence"]);
        }
    }

    #[test]
    fn one_over_capacity() {
        let lin = Some(counselor(1));
        assert_eq!(found(&[opened(1, lin), given(1), opened(2, lin), given(2)]), ["L-1"]);
    }

    #[test]
    fn one_doubled() {
        let first = opened(1, None);
        let Event::Opened { kind, visitor, wanted, fallback, .. } = first.clone() else { unreachable!() };
        let second =
            Event::Opened { conversation: consultation(9), kind, visitor, wanted, fallback, arrival: 9 };
        assert_eq!(found(&[first, second]), ["L-2"]);
    }

    #[test]
    fn one_overtaken_by_arrival_and_by_urgency() {
        let lin = Some(counselor(1));
        assert_eq!(found(&[opened(1, lin), opened(2, lin), given(2)]), ["L-4"]);
        let urgent = Event::PriorityChanged { conversation: consultation(2), priority: Priority::Urgent };
        assert_eq!(found(&[opened(1, lin), opened(2, lin), urgent, given(1)]), ["L-4"]);
    }

    #[test]
    fn one_begun_twice_ended_twice_or_never_opened() {
        let lin = Some(counselor(1));
        assert!(found(&[opened(1, lin), given(1), given(1)]).contains(&"L-7".to_owned()));
        assert_eq!(found(&[opened(1, lin), over(1), over(1)]), ["L-7"]);
        assert_eq!(found(&[over(1)]), ["L-7"]);
    }
}
