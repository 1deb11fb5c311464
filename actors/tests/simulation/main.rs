//! The real actors under a paused clock: the Registry, its child actors and the journal pipeline, against a ledger in memory.
//! A day of a hotline passes in about a second, the same way for the same seed; `days.rs` says how to run more.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one kind of thing and means to pass over the rest"
)]
#![allow(clippy::ifs_same_cond, clippy::same_functions_in_if_condition, reason = "each asks chance anew")]
#![allow(clippy::unchecked_time_subtraction, reason = "ten minutes less a second are never negative")]

mod answers;
mod chance;
mod clocks;
mod day;
mod days;
mod ears;
mod journal;
#[path = "../shared/journals.rs"]
mod journals;
mod ledger;
mod marathon;
mod people;
#[cfg(feature = "sabotage")]
mod sabotages;
mod scenarios;
#[path = "../shared/witness.rs"]
mod witness;
mod world;
