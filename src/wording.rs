//! What people read: every text of the server once, by its key. No other file of `src/` holds one, but for the demo people
//! (`tests/it/tidy/words.rs`). The pages have theirs in `web/src/i18n`.

pub mod consent;
pub mod export;
pub mod notices;
pub mod openapi;
pub mod people;
mod sentences;
pub mod talks;
pub mod wechat;

pub use sentences::{Language, Sentence};
