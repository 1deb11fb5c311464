//! Torture: a real server on a real PostgreSQL, hammered, and judged from outside by what it told its clients.
//!
//! `scripts/torture.sh` makes the cluster; [`run`] does the rest, and [`words`] the part about last words. The checker ([`checker`]) is pure, and tested by itself.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "each check picks the few facts it judges by; a new one is no business of the others"
)]

pub mod chance;
pub mod checker;
pub mod diary;
pub mod hammer;
pub mod load;
pub mod postgres;
pub mod proxy;
pub mod report;
pub mod rude;
pub mod run;
pub mod server;
pub mod setup;
pub mod socket;
pub mod tables;
pub mod wire;
pub mod witness;
pub mod words;
