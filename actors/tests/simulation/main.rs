//! The real actors under a paused clock: the Registry, its child actors and the journal pipeline, against a store in memory.
//! A day of a hotline passes in about a second, the same way for the same seed; `days.rs` says how to run more.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one kind of thing and means to pass over the rest"
)]
#![allow(clippy::ifs_same_cond, clippy::same_functions_in_if_condition, reason = "each draws anew")]
#![allow(clippy::unchecked_time_subtraction, reason = "ten minutes less a second are never negative")]

mod answers;
mod clocks;
mod day;
mod days;
mod journal;
#[path = "../shared/journals.rs"]
mod journals;
mod marathon;
mod memory_store;
mod people;
#[path = "../shared/reference_model.rs"]
mod reference_model;
mod rng;
#[cfg(feature = "sabotage")]
mod sabotages;
mod scenarios;
mod sockets;
mod trace;
mod world;
