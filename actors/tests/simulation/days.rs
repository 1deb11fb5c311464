//! Days from seeds: a few fixed ones and a fresh one in every run of the tests, and as many as wanted in a long one.
//!
//! `SEED=…` replays one alone. `DAYS=…` or `HOURS=…` (of the wall clock) run fresh ones on every core, with a progress
//! bar: `make simulate`.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    process::Command,
};

use crate::{
    day::{Day, simulate},
    marathon::{self, Length},
    memory_store::faults::FaultCounts,
};

const FIXED: [u64; 4] = [1, 2, 3, 4];

/// How a failing run is told: the seed first, then what is wrong, then the last that happened.
fn all_is_well(seed: u64) -> Day {
    let day = simulate(seed, true);
    if let Some(account) = &day.account {
        panic!(
            "SEED={seed} is wrong: SEED={seed} cargo test -p hotline-actors --test simulation a_day\n{account}"
        );
    }
    day
}

fn number_of<T: std::str::FromStr>(variable: &str) -> Option<T> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number, not {text}")))
}

/// A seed that nobody has chosen.
fn fresh_seed() -> u64 {
    RandomState::new().build_hasher().finish() >> 16
}

fn is_busy(day: &Day) -> bool {
    day.commands >= 1_500 && day.events >= 1_500 && day.lives > 2
}

#[test]
fn a_day_keeps_every_law() {
    let length = match (number_of("HOURS"), number_of("DAYS")) {
        (Some(hours), _) => Some(Length::Hours(hours)),
        (None, days) => days.map(Length::Days),
    };
    if let Some(length) = length {
        return marathon::runs(number_of("SEED").unwrap_or_else(fresh_seed), length);
    }
    let seeds = match number_of("SEED") {
        Some(seed) => vec![seed],
        None => FIXED.into_iter().chain([fresh_seed()]).collect(),
    };
    let mut seen = FaultCounts::default();
    let mut fenced = 0;
    for seed in &seeds {
        println!("SEED={seed}");
        let day = all_is_well(*seed);
        println!("{day:?}");
        assert!(is_busy(&day), "SEED={seed} is a dull day: {day:?}");
        seen = seen.and(day.faults);
        fenced += day.fenced;
    }
    if seeds.len() >= FIXED.len() {
        assert!(seen.is_complete() && fenced > 0, "the store behaved too well: {fenced} fenced, {seen:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_day_and_another_seed_another() {
    let seed = number_of("SEED").unwrap_or(FIXED[0]);
    let (day, again) = (all_is_well(seed), all_is_well(seed));
    assert_eq!(day, again);
    assert_ne!(day.hash, all_is_well(seed + 1).hash);
}

#[test]
fn two_processes_see_the_same_day() {
    let seed = number_of("SEED").unwrap_or_else(fresh_seed);
    println!("SEED={seed}");
    let here = format!("{:?}", all_is_well(seed));
    let other = Command::new(std::env::current_exe().expect("this test is a file"))
        .args(["days::a_day_keeps_every_law", "--exact", "--nocapture"])
        .env("SEED", seed.to_string())
        .env_remove("DAYS")
        .env_remove("HOURS")
        .output()
        .expect("this test can be started again");
    let there = String::from_utf8_lossy(&other.stdout);
    assert!(other.status.success(), "SEED={seed} in another process:\n{there}");
    assert!(there.lines().any(|line| line == here), "SEED={seed}: here\n{here}\nthere\n{there}");
}
