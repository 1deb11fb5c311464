//! A whole day of a hotline, from a seed.

use std::{collections::BTreeSet, rc::Rc, time::Duration};

use hotline_actors::{dispatch::limits::DispatchLimits, registry::Bounds};
use tokio::{
    task::{JoinHandle, spawn_local},
    time::sleep,
};

use crate::{
    memory_store::{
        StoreSabotage,
        faults::{self, FaultCounts},
    },
    people::{Administrator, Counselor, Visitor, counselor},
    world::{World, server_faults, under_paused_time},
};

const VISITORS: u64 = 220;
const COUNSELORS: u64 = 8;
const SUPERVISORS: u64 = 2;
const ADMINISTRATORS: u64 = 2;
const DAY: Duration = Duration::from_hours(24);
/// As the edge has it by default.
const SETTLE_MAX: Duration = Duration::from_secs(10);

const STATE_EVERY: Duration = Duration::from_secs(10);

/// What a day was like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Day {
    /// Of everything that anyone saw; zero without a trace.
    pub(crate) hash: u64,
    pub(crate) commands: u64,
    pub(crate) events: usize,
    /// Committed prefixes, each of which was revived.
    pub(crate) commits: usize,
    pub(crate) pushes: u64,
    /// How often a server was started.
    pub(crate) lives: u32,
    /// How often one found out that another had taken over.
    pub(crate) fenced: usize,
    pub(crate) faults: FaultCounts,
    /// What was found wrong first, in a line.
    pub(crate) wrong: Option<String>,
    /// What was broken, with everything found by then.
    pub(crate) laws: BTreeSet<String>,
    /// The first with the last that happened.
    pub(crate) account: Option<String>,
}

pub(crate) fn simulate(seed: u64, traced: bool) -> Day {
    simulate_with(seed, traced, None)
}

/// A day on a store with a deliberate fault.
pub(crate) fn simulate_with(seed: u64, traced: bool, sabotage: Option<StoreSabotage>) -> Day {
    under_paused_time(async move {
        let world = World::new_traced(seed, DispatchLimits::default(), traced);
        world.store.0.borrow_mut().sabotage = sabotage;
        world.settle_max.set(Some(SETTLE_MAX));
        // What is state and no event is shown less often than by default: half the time of a day went there.
        world.bounds.set(Bounds { state_every: STATE_EVERY, ..Bounds::default() });
        // Two of them work off shift.
        world.on_shift.borrow_mut().extend((0..COUNSELORS - 2).map(counselor));
        world.start().await;
        let until = world.now() + DAY;
        let operator = spawn_local(Rc::clone(&world).operates(until));
        let mut people: Vec<JoinHandle<()>> = Vec::new();
        for number in 0..COUNSELORS {
            people.push(spawn_local(Counselor::taking_visitors(&world, number).works(until)));
        }
        for number in 0..SUPERVISORS {
            people.push(spawn_local(Counselor::supervisor(&world, number).works(until)));
        }
        for number in 0..VISITORS {
            people.push(spawn_local(Visitor::new(&world, number, COUNSELORS).lives(until)));
        }
        for number in 0..ADMINISTRATORS {
            let administrator = Administrator::new(&world, number, COUNSELORS, VISITORS);
            people.push(spawn_local(administrator.works(until)));
        }
        people.push(spawn_local(faults::changes(Rc::clone(&world), until)));
        people.push(spawn_local(server_faults(Rc::clone(&world), until)));
        while world.now() < until {
            sleep(Duration::from_secs(20)).await;
            world.check().await;
            if world.first_wrong().is_some() {
                return day(&world);
            }
        }
        people.push(operator);
        for person in people {
            if person.await.is_err() {
                world.finds("somebody of the simulation panicked".to_owned());
            }
        }
        world.stops().await;
        world.check_acknowledged();
        day(&world)
    })
}

fn day(world: &World) -> Day {
    let fenced = |status: &&hotline_actors::registry::RegistryStatus| {
        **status == hotline_actors::registry::RegistryStatus::Fenced
    };
    let fenced = world.statuses.lock().expect("nobody dies holding it").iter().filter(fenced).count();
    let stored = world.stored();
    Day {
        hash: world.hash(),
        commands: world.commands.get(),
        events: stored.rows.len(),
        commits: stored.commits,
        pushes: world.pushes.get(),
        lives: world.lives.get(),
        fenced,
        faults: stored.faults.seen,
        wrong: world.first_wrong(),
        laws: world.laws_broken(),
        account: world.verdict(),
    }
}
