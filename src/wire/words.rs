//! The words of the wire for what dispatch knows as enums. Each word stands beside its enum; here are the names by which the
//! OpenAPI document can refer to them.

use hotline_actors::dispatch::{conversation, counselor};

use super::AsWord;

/// How a conversation stands.
pub(crate) type Status = AsWord<conversation::Status>;
/// What a conversation is about.
pub(crate) type ConversationType = AsWord<conversation::ConversationType>;
/// Urgent ones are served first.
pub(crate) type Priority = AsWord<conversation::Priority>;
/// How the two talk.
pub(crate) type MediumType = AsWord<conversation::MediumType>;
/// Why a conversation ended.
pub(crate) type EndReason = AsWord<conversation::EndReason>;
/// What a counselor or supervisor chose.
pub(crate) type ChosenStatus = AsWord<counselor::ChosenStatus>;
/// What others see of it.
pub(crate) type PublicStatus = AsWord<counselor::PublicStatus>;
/// What somebody with places does.
pub(crate) type Role = AsWord<counselor::Role>;
