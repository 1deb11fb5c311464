//! The pure core: the rules of the contract one by one, and the laws under random commands.

mod house;
mod journal;
mod properties;
mod rules;
#[path = "../shared/witness.rs"]
mod witness;
