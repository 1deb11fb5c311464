//! A whole day of a hotline, from a seed.

use std::{rc::Rc, time::Duration};

use hotline_actors::{dispatch::limits::Limits, registry::Stop};
use tokio::task::{JoinHandle, spawn_local};

use crate::{
    chance::Chance,
    people::{Desk, Visitor, administrates, counselor, kills},
    world::{World, under_paused_time},
};

const VISITORS: u64 = 220;
const COUNSELORS: u64 = 8;
const SUPERVISORS: u64 = 2;
const DAY: Duration = Duration::from_hours(24);

/// What a day was like.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Day {
    hash: u64,
    commands: u64,
    events: usize,
    commits: usize,
    pushes: u64,
    lives: u32,
    /// What was found wrong, with the last that happened.
    wrong: Option<String>,
}

fn simulate(seed: u64) -> Day {
    under_paused_time(async move {
        let world = World::new(seed, Limits::default());
        // Two of them work off shift.
        world.on_shift.borrow_mut().extend((0..COUNSELORS - 2).map(counselor));
        weather(&world);
        world.start().await;
        let until = world.now() + DAY;
        let mut people: Vec<JoinHandle<()>> = Vec::new();
        for number in 0..COUNSELORS {
            people.push(spawn_local(Desk::counselor(&world, number).works(until)));
        }
        for number in 0..SUPERVISORS {
            people.push(spawn_local(Desk::supervisor(&world, number).works(until)));
        }
        for number in 0..VISITORS {
            people.push(spawn_local(Visitor::new(&world, number, COUNSELORS).lives(until)));
        }
        people.push(spawn_local(administrates(Rc::clone(&world), until, COUNSELORS, VISITORS)));
        people.push(spawn_local(kills(Rc::clone(&world), until)));
        while world.now() < until {
            tokio::time::sleep(Duration::from_secs(20)).await;
            world.check().await;
            if world.verdict().is_some() {
                return day(&world);
            }
        }
        for person in people {
            if person.await.is_err() {
                world.finds("somebody of the simulation panicked".to_owned());
            }
        }
        if let Some(registry) = world.registry()
            && registry.send(Stop).await.is_err()
        {
            world.finds("the server did not stop in order".to_owned());
        }
        day(&world)
    })
}

/// Some days the store is slow.
fn weather(world: &World) {
    let slow = Chance::stream(world.seed, 500).one_of(&[2, 8, 60, 900]).unwrap_or(8);
    let weather = &mut world.ledger.0.borrow_mut().weather;
    (weather.reach, weather.answer) = (0..=slow, 0..=slow);
}

fn day(world: &World) -> Day {
    let wrong = world.verdict();
    let book = world.book();
    Day {
        hash: world.hash(),
        commands: world.commands.get(),
        events: book.rows.len(),
        commits: book.commits,
        pushes: world.pushes.get(),
        lives: world.lives.get(),
        wrong,
    }
}

fn all_is_well(seed: u64) -> Day {
    let day = simulate(seed);
    if let Some(wrong) = &day.wrong {
        panic!("SEED={seed} cargo test -p hotline-actors --test simulation a_day\n{wrong}");
    }
    day
}

fn number_of(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number, not {text}")))
}

/// The seeds of every run; `SEED=…` replays one alone, `DAYS=…` runs that many.
fn seeds() -> Vec<u64> {
    match (number_of("SEED"), number_of("DAYS")) {
        (Some(seed), _) => vec![seed],
        (None, days) => (1..=days.unwrap_or(4).max(1)).collect(),
    }
}

#[test]
fn a_day_keeps_every_law() {
    for seed in seeds() {
        let day = all_is_well(seed);
        assert!(day.commands >= 500 && day.events >= 1_500 && day.lives > 2, "a dull day: {day:?}");
        println!("seed {seed}: {day:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_day_and_another_seed_another() {
    let seed = seeds()[0];
    let (day, again) = (all_is_well(seed), all_is_well(seed));
    assert_eq!(day, again);
    assert_ne!(day.hash, all_is_well(seed + 1).hash);
}
