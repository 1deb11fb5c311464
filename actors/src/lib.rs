//! The dispatch domain: pure decisions, the actors that carry them, and the ordered journal.
//!
//! No SQL, no HTTP, no JSON frames, no clock and no chance in here: time and ids come in, facts come out.

pub mod ids;
pub mod time;

pub use ids::{ConversationId, CounselorId, MalformedId, PersonId, VisitorId, WriterId};
pub use time::Timestamp;
