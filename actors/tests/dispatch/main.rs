//! The pure core: the rules of docs/contract.md 5 one by one, and the laws (docs/design.md 4) under
//! random commands.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one kind of thing and means to pass over the rest"
)]
#![allow(clippy::unchecked_time_subtraction, reason = "ten minutes less a second are never negative")]

mod institution;
mod journal;
mod places;
mod properties;
#[path = "../shared/reference_model.rs"]
mod reference_model;
mod rules;
