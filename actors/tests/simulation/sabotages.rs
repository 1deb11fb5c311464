//! The proof of the proof: each deliberate fault is found within a few seeds, or the simulation has a hole.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use hotline_actors::sabotage::{self, Sabotage};

use crate::{
    day::{Day, simulate, simulate_with},
    memory_store::StoreSabotage,
};

/// Days until a fault must have been found.
const SEEDS_MAX: u64 = 10;

#[derive(Debug, Clone, Copy)]
enum Fault {
    Actors(Sabotage),
    Around(StoreSabotage),
}

/// Each with what shows it, among whatever else is found by then.
const FAULTS: [(Fault, &str); 26] = [
    (Fault::Actors(Sabotage::AnswerBeforeCommit), "L-5"),
    (Fault::Actors(Sabotage::RepeatedYesBeforeCommit), "L-5"),
    (Fault::Actors(Sabotage::RefusalBeforeCommit), "L-5"),
    (Fault::Actors(Sabotage::TellBeforeKept), "L-5"),
    (Fault::Actors(Sabotage::ShowBeforeKept), "L-5"),
    (Fault::Actors(Sabotage::FenceTakenForLanded), "L-5"),
    (Fault::Around(StoreSabotage::NoFence), "L-5"),
    (Fault::Around(StoreSabotage::NoClaim), "L-9"),
    (Fault::Around(StoreSabotage::SameWriter), "L-9"),
    (Fault::Actors(Sabotage::RegatherOnRetry), "L-9"),
    (Fault::Actors(Sabotage::SplitDecision), "L-6"),
    (Fault::Actors(Sabotage::SkipUnknownBatch), "L-5"),
    (Fault::Actors(Sabotage::ReleaseTwice), "L-7"),
    (Fault::Actors(Sabotage::ForgetRelease), "L-7"),
    (Fault::Actors(Sabotage::SeatBeyondCapacity), "L-1"),
    (Fault::Actors(Sabotage::ServeNewestFirst), "L-4"),
    (Fault::Actors(Sabotage::OpenBeside), "L-2"),
    (Fault::Actors(Sabotage::ForgetTheQueue), "L-3"),
    (Fault::Actors(Sabotage::ForgetDeadlineOnRevival), "late"),
    (Fault::Actors(Sabotage::CountWordAgain), "early"),
    (Fault::Actors(Sabotage::EndWhoeverWrote), "L-11"),
    (Fault::Actors(Sabotage::ForgetTheRecord), "early"),
    (Fault::Actors(Sabotage::AlarmAtTheStartAlone), "unanswered"),
    (Fault::Actors(Sabotage::BelieveTimers), "early"),
    (Fault::Actors(Sabotage::AnswerUnconfirmed), "yesterday"),
    (Fault::Actors(Sabotage::BelieveReconnects), "presence"),
];

fn day_with(fault: Fault, seed: u64) -> Day {
    let (inside, around) = match fault {
        Fault::Actors(sabotage) => (Some(sabotage), None),
        Fault::Around(sabotage) => (None, Some(sabotage)),
    };
    sabotage::commit(inside);
    let day = simulate_with(seed, false, around);
    sabotage::commit(None);
    day
}

/// The first seed that shows it by what it breaks, and its day; failing that, the first that shows it at all.
fn found(fault: Fault, law: &str) -> Option<(u64, Day)> {
    let mut first = None;
    for seed in 1..=SEEDS_MAX {
        let day = day_with(fault, seed);
        if day.laws.contains(law) {
            return Some((seed, day));
        }
        if first.is_none() && day.wrong.is_some() {
            first = Some((seed, day));
        }
    }
    first
}

#[test]
fn every_sabotage_is_caught() {
    let (next, report) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((fault, law)) = FAULTS.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = found(*fault, law);
                    report.lock().expect("nobody dies holding it").push((*fault, *law, found));
                }
            });
        }
    });
    let mut report = report.into_inner().expect("nobody died holding it");
    report.sort_by_key(|(fault, ..)| format!("{fault:?}"));
    let mut holes = Vec::new();
    for (fault, law, found) in report {
        let Some((seed, day)) = found else {
            holes.push(format!("{fault:?} is not found in {SEEDS_MAX} days"));
            continue;
        };
        let (fault, wrong, laws) = (format!("{fault:?}"), day.wrong.unwrap_or_default(), day.laws);
        let all = laws.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        println!("{fault:<34} seed {seed}, command {:>4}: {all:<20} {wrong:.120}", day.commands);
        if !laws.contains(law) {
            holes.push(format!("{fault} breaks {law}, and what is found is {all}: {wrong}"));
        }
    }
    assert!(holes.is_empty(), "holes in the proof:\n{}", holes.join("\n"));
}

#[test]
fn without_a_fault_nothing_is_found() {
    assert_eq!(simulate(1, false).wrong, None);
}
