//! The real actors under a paused clock: the Registry, its carriers and the journal pipeline, against a ledger in memory.
//! A day of a hotline passes in about a second, the same way for the same seed (`SEED=…` replays one).

mod chance;
mod day;
mod ledger;
mod people;
mod scenarios;
#[path = "../shared/witness.rs"]
mod witness;
mod world;
