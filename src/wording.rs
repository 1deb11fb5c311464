//! What people read: every text of the server once, by its key. No other file of `src/` holds one, but for the demo people
//! (`tests/it/tidy/words.rs`). The pages have theirs in `web/src/i18n`.
//!
//! Rooms below `http/` take single texts from here, for files, notices and messages; why something was refused they say
//! with an enum of their own, and `http/refusals.rs` makes a [`Sentence`] of it.

pub mod consent;
pub mod export;
pub mod notices;
pub mod openapi;
pub mod people;
mod sentences;
pub mod talks;
pub mod wechat;

pub use sentences::{Language, Sentence};
