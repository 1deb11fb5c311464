//! The measurements, one file each.

pub(crate) mod arrival;
pub(crate) mod core;
pub(crate) mod costs;
pub(crate) mod fairness;
pub(crate) mod freed;
pub(crate) mod hop;
pub(crate) mod ingest;
pub(crate) mod institutions;
pub(crate) mod lists;
pub(crate) mod overload;
pub(crate) mod race;
pub(crate) mod several;
pub(crate) mod sockets;
pub(crate) mod start;

use std::time::Duration;

use crate::server::Environment;

/// How much is measured.
#[derive(Debug, Clone)]
pub(crate) struct Effort {
    pub(crate) environment: Environment,
    /// A minute in all rather than a quarter of an hour.
    pub(crate) quick: bool,
    /// What criterion measured.
    pub(crate) criterion: std::path::PathBuf,
}

impl Effort {
    pub(crate) fn rounds(&self) -> usize {
        if self.quick { 1 } else { 5 }
    }

    /// How long one side is under load in one round.
    pub(crate) fn round(&self) -> Duration {
        Duration::from_secs(if self.quick { 1 } else { 4 })
    }

    /// The larger number, or the smaller one when there is little time.
    pub(crate) fn of(&self, whole: usize, quick: usize) -> usize {
        if self.quick { quick } else { whole }
    }
}
