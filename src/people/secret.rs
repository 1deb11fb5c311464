//! A sealed value as it lies in the database, opened only when somebody may see it.

use std::fmt;

use crate::secrets::Sealer;

/// A sealed text with what opens it.
#[derive(Clone)]
pub struct Secret {
    text: String,
    sealer: Sealer,
}

impl Secret {
    pub(crate) fn new(text: String, sealer: Sealer) -> Self {
        Self { text, sealer }
    }

    /// The text; nothing where it cannot be opened, which the log then tells.
    pub fn open(&self) -> Option<String> {
        self.sealer
            .open(&self.text)
            .inspect_err(|error| tracing::error!(%error, "a sealed value cannot be opened"))
            .ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}
