//! Two sides in one run: round by round, in random order and from a random moment, so that whatever else the machine
//! does falls on both alike.

use std::{future::Future, time::Duration};

use anyhow::Result;

/// The longest pause before a round: a random phase against everything periodic (checkpoints, timers, the neighbours).
const PHASE_MILLIS_MAX: u64 = 400;

/// A random number below `below`.
pub(crate) fn random(below: u64) -> Result<u64> {
    Ok(getrandom::u64().map_err(|error| anyhow::anyhow!("no randomness: {error}"))? % below.max(1))
}

/// What both sides gave, round by round.
#[derive(Debug)]
pub(crate) struct Rounds<A, B> {
    pub(crate) ours: Vec<A>,
    pub(crate) other: Vec<B>,
}

/// What is measured on both sides.
pub(crate) trait Comparison {
    type Ours;
    type Other;

    /// One round of ours.
    fn ours(&mut self) -> impl Future<Output = Result<Self::Ours>>;
    /// One round of the other.
    fn other(&mut self) -> impl Future<Output = Result<Self::Other>>;
}

/// Plays so many rounds after one of each that warms both up and is not counted.
pub(crate) async fn play<D: Comparison>(
    comparison: &mut D,
    rounds: usize,
) -> Result<Rounds<D::Ours, D::Other>> {
    comparison.ours().await?;
    comparison.other().await?;
    let mut found = Rounds { ours: Vec::new(), other: Vec::new() };
    for _ in 0..rounds {
        let ours_first = random(2)? == 0;
        if ours_first {
            phase().await?;
            found.ours.push(comparison.ours().await?);
        }
        phase().await?;
        found.other.push(comparison.other().await?);
        if !ours_first {
            phase().await?;
            found.ours.push(comparison.ours().await?);
        }
    }
    Ok(found)
}

async fn phase() -> Result<()> {
    tokio::time::sleep(Duration::from_millis(random(PHASE_MILLIS_MAX)?)).await;
    Ok(())
}
