//! Where somebody who waits stands, as answers and frames tell it (docs/contract.md 6).

use hotline_actors::{Timestamp, dispatch::command::Place};
use serde::Serialize;
use utoipa::ToSchema;

use crate::wire::words::PublicStatus;

/// A waiting conversation's place, counted as people count.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueView {
    position: usize,
    /// How many are served before, by whoever serves this one.
    ahead: usize,
    /// What the counselor asked for by name does.
    counselor_state: Option<PublicStatus>,
    /// A guess in whole minutes; null while it cannot be known.
    estimated_wait_seconds: Option<u64>,
    /// Nobody is served before, and somebody is there to serve.
    next: bool,
    /// When the limit ends the wait.
    #[schema(value_type = i64)]
    wait_until: Timestamp,
    /// While none of those who would serve can be reached, nor has a shift today: the start of the next day on which one
    /// has.
    #[schema(value_type = Option<i64>)]
    next_shift: Option<Timestamp>,
}

impl From<Place> for QueueView {
    fn from(place: Place) -> Self {
        Self {
            position: place.ahead + 1,
            ahead: place.ahead,
            counselor_state: place.counselor.map(PublicStatus::from),
            estimated_wait_seconds: place.estimated_wait_seconds,
            next: place.next,
            wait_until: place.wait_until,
            next_shift: place.next_shift,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_counted_as_people_count() {
        let place = Place {
            ahead: 0,
            counselor: None,
            next: true,
            wait_until: Timestamp(9_000),
            estimated_wait_seconds: Some(120),
            next_shift: None,
        };
        let expected = serde_json::json!({
            "position": 1, "ahead": 0, "counselorState": null, "estimatedWaitSeconds": 120, "next": true, "waitUntil": 9_000,
            "nextShift": null,
        });
        assert_eq!(serde_json::to_value(QueueView::from(place)).expect("it is JSON"), expected);
    }
}
