//! The place told is true: after a random day nothing changes any more but that talks end, and whoever waits is served
//! after no more people than they were told. Who serves whom is written down here once more, as
//! docs/contract.md 6 has it.

use std::collections::{BTreeMap, BTreeSet};

use hotline_actors::{
    ConversationId, CounselorId, PersonId,
    dispatch::{
        command::{Command, Place},
        conversation::{Conversation, EndReason, Phase},
        counselor::{ChosenStatus, Connectivity, Counselor, Role},
        event::Event,
        queue::Ticket,
    },
};
use proptest::prelude::*;

use crate::properties::{Day, step};

/// Whether `counselor`, once a place is free, may take this one.
fn may_take(counselor: &Counselor, facts: &Conversation) -> bool {
    let common = facts.in_common_queue && counselor.on_shift && counselor.role == Role::Counselor;
    (facts.requested_counselor == Some(counselor.id) || common)
        && PersonId::from(facts.visitor) != PersonId::from(counselor.id)
}

fn is_there(counselor: &Counselor) -> bool {
    counselor.capacity > 0
        && matches!(counselor.connectivity, Connectivity::Here { choice: ChosenStatus::Online, .. })
}

struct Told {
    place: Place,
    facts: Conversation,
    servers: BTreeSet<CounselorId>,
    older: BTreeSet<ConversationId>,
}

fn waiting(day: &Day) -> Vec<Conversation> {
    day.dispatch.conversations().filter(|facts| facts.phase == Phase::Waiting).copied().collect()
}

/// Everybody older whom one of these counselors might take first.
fn older(day: &Day, facts: &Conversation, servers: &BTreeSet<CounselorId>) -> BTreeSet<ConversationId> {
    let before = |other: &Conversation| Ticket::from(other) < Ticket::from(facts);
    let counselors: Vec<_> = servers.iter().filter_map(|id| day.dispatch.counselor(*id)).collect();
    waiting(day)
        .iter()
        .filter(|other| before(other) && counselors.iter().any(|counselor| may_take(counselor, other)))
        .map(|other| other.id)
        .collect()
}

fn told(day: &Day) -> BTreeMap<ConversationId, Told> {
    let places: BTreeMap<_, _> = day.dispatch.places().map(|(place, id)| (id, place)).collect();
    let all = waiting(day);
    assert_eq!(places.len(), all.len(), "everybody who waits has a place");
    all.into_iter()
        .map(|facts| {
            let place = day.dispatch.place(facts.id).expect("it waits");
            assert_eq!(places.get(&facts.id), Some(&place), "told alike at once and one by one");
            let there = day.dispatch.counselors().filter(|known| is_there(known) && may_take(known, &facts));
            let servers: BTreeSet<_> = there.map(|known| known.id).collect();
            let older = older(day, &facts, &servers);
            if servers.is_empty() {
                assert!(!place.next, "nobody is there for {facts:?}");
            } else {
                assert_eq!(place.ahead, older.len(), "{facts:?}");
                assert_eq!(place.next, place.ahead == 0);
            }
            (facts.id, Told { place, facts, servers, older })
        })
        .collect()
}

/// Talks end, one after the other; who was seated by whom, in order.
fn serves(day: &mut Day, ends: &[usize]) -> Vec<(ConversationId, CounselorId)> {
    let mut seated = Vec::new();
    for which in ends {
        let talks: Vec<_> =
            day.dispatch.conversations().filter(|facts| facts.counselor().is_some()).collect();
        let Some(talk) = talks.get(which % talks.len().max(1)) else { break };
        let end = Command::End { conversation: talk.id, reason: EndReason::Counselor };
        for event in day.decide(&end).expect("it is open") {
            if let Event::Assigned { conversation, counselor } = event {
                seated.push((conversation, counselor));
            }
        }
    }
    seated
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_shrink_iters: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whoever_waits_is_served_after_no_more_people_than_they_were_told(
        steps in prop::collection::vec(step(), 1..100),
        ends in prop::collection::vec(0_usize..1000, 1..60),
    ) {
        let mut day = Day::new();
        for step in &steps {
            day.step(step);
        }
        let told = told(&day);
        let seated = serves(&mut day, &ends);
        for (at, (id, counselor)) in seated.iter().enumerate() {
            let Told { place, facts, servers, older } = told.get(id).expect("they waited");
            prop_assert!(servers.contains(counselor), "{counselor} serves {facts:?}");
            let before = seated[..at].iter().filter(|(_, by)| servers.contains(by)).count();
            prop_assert!(before <= place.ahead, "{before} were served before {facts:?}, told {place:?}");
            if servers.len() == 1 && facts.is_consultation() {
                // Those before may have been taken by others; none of them waits any more.
                let gone = seated[..at].iter().filter(|(id, _)| older.contains(id)).count();
                prop_assert_eq!(gone, place.ahead, "one alone serves {:?}", facts);
            }
        }
    }
}
