//! The rules of docs/contract.md 5, a sentence each.

mod capacity;
mod common_queue;
mod ends;
mod load;
mod named;
mod places;
mod presence;
mod revival;
mod supervision;
mod talks;
mod waiting;
