//! Torture: a real server on a real PostgreSQL, under load and injected faults, judged from outside by what it told its clients.
//!
//! `scripts/torture.sh` makes the cluster; [`run`] does the rest, [`last_words`] the part about last words, and [`takeover`] that about
//! several servers. The checker ([`checker`]) is pure, and tested by itself.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "each check picks the few facts it judges by; a new one is no business of the others"
)]

pub mod checker;
pub mod fault_injector;
pub mod history;
pub mod last_words;
pub mod load;
pub mod misbehaving_clients;
pub mod nats;
pub mod postgres;
pub mod proxy;
pub mod report;
pub mod rng;
pub mod run;
pub mod server;
pub mod setup;
pub mod socket;
pub mod store_probe;
pub mod tables;
pub mod takeover;
pub mod wire;
