//! A sealed value as it lies in the database, opened only when somebody may see it.

use std::fmt;

use crate::secrets::{SealedField, Sealer};

/// A sealed text with what opens it, and where it was found.
#[derive(Clone)]
pub struct Secret {
    text: String,
    sealer: Sealer,
    place: SealedField,
}

impl Secret {
    pub(crate) fn new(text: String, sealer: Sealer, place: SealedField) -> Self {
        Self { text, sealer, place }
    }

    /// The text; nothing where it cannot be opened, which the log then tells.
    pub fn open(&self) -> Option<String> {
        self.sealer.open_or_tell(&self.text, self.place)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}
