//! `core`: what criterion found just before of Dispatch alone and of the actors with a journal in memory
//! (`bench/benches/core.rs`), told in the same list.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::Effort;
use crate::report::{Outcome, Target};

/// Folders of criterion: group, function, and decisions in one iteration.
const FOUND: [(&str, &str, f64); 4] = [
    ("core-dispatch", "dispatch/comes and goes/0", 2.0),
    ("core-dispatch-100-waiting", "dispatch/comes and goes/100", 2.0),
    ("core-dispatch-10000-waiting", "dispatch/comes and goes/10000", 2.0),
    ("core-actors", "actors/comes and goes", 128.0),
];

pub(crate) fn measure(effort: &Effort) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for (name, path, decisions) in FOUND {
        let file = effort.criterion.join(path.replace(' ', "_")).join("new/estimates.json");
        let alternative = effort.criterion.join(path).join("new/estimates.json");
        let text = std::fs::read_to_string(&file)
            .or_else(|_| std::fs::read_to_string(&alternative))
            .with_context(|| format!("criterion has left nothing at {}", alternative.display()))?;
        let estimates: Value = serde_json::from_str(&text)?;
        let nanoseconds = estimates["median"]["point_estimate"].as_f64().context("no median")?;
        let per_second = decisions * 1e9 / nanoseconds;
        let first = outcomes.first().map_or(per_second, |outcome: &Outcome| outcome.ours);
        let details = json!({ "nanoseconds_each": nanoseconds / decisions });
        outcomes.push(Outcome::new(name, "/s", (per_second, first), Target::Reported, details));
    }
    Ok(outcomes)
}
