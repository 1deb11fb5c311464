//! The words of a message: a list of elements (docs/protocols.md 3).

use std::fmt;

use hotline_actors::dispatch::conversation::CallSignal;
use serde_json::Value;

use super::calls;
use crate::text::heal;

/// `MsgBody` as JSON text that can be stored and read again, and what it says about a call. Prints no words.
#[derive(Clone, PartialEq, Eq)]
pub struct Body {
    json: String,
    call: Option<CallSignal>,
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("call", &self.call).finish_non_exhaustive()
    }
}

impl Body {
    /// Of elements that did not come as text.
    pub fn of(elements: &Value) -> Self {
        Self { json: heal(elements.to_string().as_bytes()).into_owned(), call: calls::signal(elements) }
    }

    /// Of text that was healed; none if it is no list. Looked at whole although it is stored as it came: what could be
    /// stored and not be read again (nested too deeply, a number beyond all bounds) would spoil the record.
    pub(crate) fn read(json: &str) -> Option<Self> {
        let elements: Value = serde_json::from_str(json).ok()?;
        elements.is_array().then(|| Self { json: json.to_owned(), call: calls::signal(&elements) })
    }

    /// As it is stored.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// What it says about a call; most say nothing.
    pub fn call(&self) -> Option<CallSignal> {
        self.call
    }
}
