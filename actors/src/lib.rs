//! The dispatch domain: pure decisions, the actors that carry them, and the ordered journal.
//!
//! No SQL, no HTTP, no JSON frames, no clock and no chance in here: time and ids come in, facts come out.

mod conversation;
mod counselor;
pub mod dispatch;
pub mod ids;
pub mod journal;
mod protocol;
pub mod push;
pub mod registry;
pub mod sabotage;
pub mod time;
mod visitor;
pub mod words;

pub use dispatch::Dispatch;
pub use ids::{ConversationId, CounselorId, LogIn, MalformedId, PersonId, VisitorId, WriterId};
pub use registry::Registry;
pub use time::Timestamp;
