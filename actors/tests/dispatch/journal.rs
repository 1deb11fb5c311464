//! The ordered group commit by itself: what is frozen is a prefix of what was decided, in whole decisions (L-6), and
//! nobody is answered before everything decided earlier is kept (L-5).

use std::time::Duration;

use hotline_actors::{
    ConversationId, Timestamp, WriterId,
    dispatch::{
        Decision,
        command::Answer,
        conversation::{Conversation, EndReason, Kind, Medium, Phase, Priority, SentNotices},
        event::Event,
    },
    journal::Journal,
};
use proptest::prelude::*;
use uuid::Uuid;

use crate::institution::{counselor, seconds, visitor};

fn decision(events: usize) -> Decision {
    let event =
        |index: usize| Event::Widened { conversation: ConversationId(Uuid::from_u128(index as u128)) };
    Decision { events: (0..events).map(event).collect(), touched: Vec::new(), answer: Answer::Done }
}

fn writer() -> WriterId {
    WriterId(Uuid::from_u128(1))
}

fn moment(seq: u64) -> Timestamp {
    Timestamp(0) + Duration::from_millis(seq)
}

#[derive(Debug, Clone)]
enum Step {
    Decide(usize),
    Ask,
    Freeze(usize),
    Land,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0_usize..6).prop_map(Step::Decide),
        2 => Just(Step::Ask),
        2 => (1_usize..8).prop_map(Step::Freeze),
        2 => Just(Step::Land),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_kept_is_a_prefix_in_whole_decisions_and_nobody_is_answered_early(
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let claimed = 41;
        let mut journal: Journal<u64> = Journal::new(writer(), claimed);
        // Where decisions end, and which number each waiter waits for.
        let mut ends = vec![claimed];
        let mut decided = claimed;
        let mut kept = claimed;
        let mut answered = Vec::new();
        let mut asked = Vec::new();
        for step in steps {
            match step {
                Step::Decide(events) => {
                    // The moment is the number before the decision's first.
                    journal.append(moment(decided), &mut decision(events));
                    decided += events as u64;
                    ends.push(decided);
                }
                Step::Ask => {
                    asked.push(decided);
                    if let Some(at_once) = journal.wait(decided) {
                        prop_assert_eq!(at_once, kept, "nothing is under way");
                        answered.push(at_once);
                    }
                }
                Step::Freeze(most) => {
                    let before = journal.in_flight().cloned();
                    match journal.freeze(most) {
                        Some(batch) => {
                            prop_assert!(before.is_none(), "one commit at a time");
                            let seqs: Vec<u64> = batch.events.iter().map(|event| event.seq).collect();
                            let wanted: Vec<u64> = (kept + 1..=batch.last_seq()).collect();
                            prop_assert_eq!(seqs, wanted, "without gaps, from where it stands");
                            prop_assert!(ends.contains(&batch.last_seq()), "whole decisions");
                        }
                        None => prop_assert!(before.is_some() || decided == kept),
                    }
                }
                Step::Land => {
                    let frozen = journal.in_flight().map(|batch| batch.last_seq());
                    if let Some((batch, ready)) = journal.take_committed() {
                        prop_assert_eq!(Some(batch.last_seq()), frozen);
                        kept = batch.last_seq();
                        prop_assert!(ready.iter().all(|seq| *seq <= kept), "not before it is kept");
                        answered.extend(ready);
                    }
                }
            }
            prop_assert_eq!((journal.committed(), journal.decided()), (kept, decided));
            prop_assert_eq!(journal.backlog() as u64, decided - kept);
            prop_assert_eq!(journal.uncommitted_since(), (kept < decided).then(|| moment(kept)), "the lag's begin");
            prop_assert!(answered.len() == asked.iter().filter(|seq| **seq <= kept).count(), "and not later");
            prop_assert_eq!(&answered[..], &asked[..answered.len()], "in order");
        }
    }
}

#[test]
fn a_batch_frozen_once_is_tried_again_as_it_is() {
    let mut journal: Journal<()> = Journal::new(writer(), 0);
    journal.append(Timestamp(0), &mut decision(1));
    let frozen = journal.freeze(100).expect("something is decided");
    journal.append(Timestamp(0), &mut decision(2));
    assert_eq!(journal.freeze(100), None, "nothing is regathered");
    assert_eq!(journal.in_flight(), Some(&frozen));
    journal.take_committed();
    assert_eq!(journal.freeze(100).map(|batch| batch.last_seq()), Some(3));
}

#[test]
fn a_batch_has_each_conversation_once_as_it_stands_at_its_end_and_counts_the_time_talked_once() {
    let talk = ConversationId(Uuid::from_u128(5));
    let facts = |phase| Conversation {
        id: talk,
        kind: Kind::Consultation,
        visitor: visitor(1),
        requested_counselor: Some(counselor(1)),
        allow_fallback: false,
        in_common_queue: false,
        priority: Priority::Normal,
        medium: Medium::Text,
        call_ended: None,
        arrival: 1,
        opened_at: Timestamp(0),
        phase,
        sent: SentNotices::default(),
        alarmed: None,
    };
    let since = Timestamp(1_000);
    let talks = Phase::InProgress { counselor: counselor(1), since };
    let over = Phase::Ended {
        talk: Some((counselor(1), since)),
        at: since + seconds(90),
        reason: EndReason::Visitor,
    };
    let mut journal: Journal<()> = Journal::new(writer(), 0);
    for phase in [Phase::Waiting, talks, over] {
        let mut decision = Decision { touched: vec![facts(phase)], ..decision(1) };
        journal.append(Timestamp(0), &mut decision);
    }
    let batch = journal.freeze(100).expect("something is decided");
    assert_eq!(batch.conversations, [facts(over)]);
    let talked: Vec<_> = batch.people.iter().map(|(person, change)| (*person, change.talked)).collect();
    assert_eq!(talked, [(visitor(1).into(), seconds(90)), (counselor(1).into(), seconds(90))]);
}
