//! `hotline serve`.

use std::{fs, path::PathBuf};

use clap::Args;

use super::CliError;
use crate::{
    app::{Application, StartError},
    config::Settings,
};

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Write the address that is listened on here once it is, as 127.0.0.1:8080 (for port 0)
    #[arg(long, value_name = "PATH")]
    address_file: Option<PathBuf>,
}

impl Serve {
    pub(super) async fn run(self, settings: Settings) -> Result<(), CliError> {
        take_small_pages();
        settings.warnings().iter().for_each(|warning| tracing::warn!("{warning}"));
        let application = Application::build(settings).await?;
        if let Some(path) = &self.address_file {
            // Whole or not at all: somebody may be waiting for it.
            let mut unfinished = path.clone().into_os_string();
            unfinished.push(".new");
            fs::write(&unfinished, format!("{}\n", application.address())).map_err(StartError::File)?;
            fs::rename(&unfinished, path).map_err(StartError::File)?;
        }
        Ok(application.run().await?)
    }
}

/// Memory is taken in pages of 4 KiB, whatever the allocator asks for: each connection has buffers of which it uses the
/// beginning, and in pages of 2 MiB all the rest of them would be taken too (docs/performance.md).
#[cfg(target_os = "linux")]
fn take_small_pages() {
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        tracing::warn!(%error, "huge pages cannot be switched off: connections take more memory");
    }
}

#[cfg(not(target_os = "linux"))]
fn take_small_pages() {}
