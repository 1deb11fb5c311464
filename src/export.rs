//! Conversations as files (sections 34 and 35): what was said, by whom, and when; with the names, or without.

mod disguise;
mod index;
mod render;
mod sheet;
mod shown;
mod transcript;
mod words;
mod zip;

use std::{fmt, str::FromStr, sync::Arc};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use render::rendered;
pub use transcript::{Maker, Reader, Transcript};
pub use zip::{Entry, stream};

/// Exports of many at once; each holds a thread until its reader has read it.
const AT_ONCE_MAX: usize = 4;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    #[default]
    Text,
    Json,
    Sheet,
}

/// The text is no format.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("txt, json or xlsx")]
pub struct UnknownFormat;

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        match text.to_ascii_lowercase().as_str() {
            "txt" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            "xlsx" => Ok(Self::Sheet),
            _ => Err(UnknownFormat),
        }
    }
}

impl Format {
    /// What its file names end with.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Json => "json",
            Self::Sheet => "xlsx",
        }
    }

    /// Its content type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; charset=utf-8",
            Self::Json => "application/json",
            Self::Sheet => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum ExportFault {
    #[error("{}", crate::errors::describe(.0))]
    Database(#[from] sqlx::Error),
    #[error("a sheet could not be written: {0}")]
    Sheet(#[from] rust_xlsxwriter::XlsxError),
    #[error("a document could not be written: {0}")]
    Document(#[from] serde_json::Error),
}

/// Lets a few exports of many run at once. Cheap to clone.
#[derive(Clone)]
pub struct Exports(Arc<Semaphore>);

impl Default for Exports {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE_MAX)))
    }
}

impl fmt::Debug for Exports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exports").field("free", &self.0.available_permits()).finish()
    }
}

impl Exports {
    /// Leave to run one, if there is room.
    pub fn begin(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).try_acquire_owned().ok()
    }
}
