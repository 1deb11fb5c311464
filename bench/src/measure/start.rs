//! `start`: how long after SIGKILL the server is ready again with ten thousand open conversations, beside a start with an
//! empty database.

use anyhow::Result;
use serde_json::json;

use super::Effort;
use crate::{
    house::House,
    report::{Outcome, Target},
    rounds::{Duel, play},
    stats::median,
    talks,
};

/// What ten thousand open conversations may cost in addition.
const MORE_SECONDS_MAX: f64 = 2.0;

struct Sides {
    full: House,
    empty: House,
}

impl Duel for Sides {
    type Ours = f64;
    type Other = f64;

    async fn ours(&mut self) -> Result<f64> {
        self.full.kill().await?;
        Ok(self.full.start().await?.as_secs_f64())
    }

    async fn other(&mut self) -> Result<f64> {
        self.empty.kill().await?;
        Ok(self.empty.start().await?.as_secs_f64())
    }
}

pub(crate) async fn measure(effort: &Effort) -> Result<Vec<Outcome>> {
    let open = effort.of(10_000, 1000);
    let mut full = House::prepare(&effort.place, "bench_start_full").await?;
    full.start().await?;
    let (presence, _talks) = talks::many(&full, open).await?;
    drop(presence);
    let mut empty = House::prepare(&effort.place, "bench_start_empty").await?;
    empty.start().await?;
    let mut sides = Sides { full, empty };
    let found = play(&mut sides, effort.rounds()).await?;
    let (ours, other) = (median(&found.ours), median(&found.other));
    let details = json!({ "ours_rounds_s": found.ours, "other_rounds_s": found.other, "open": open });
    // Two seconds more than an empty start, said as a ratio.
    let target = Target::AtMost((other + MORE_SECONDS_MAX) / other);
    Ok(vec![Outcome::new("start", "s", (ours, other), target, details)])
}
