//! A crowd. Not a measurement: only that nothing grows with the square of it.

use std::time::Instant;

use crate::institution::{counselor, visitor};
use hotline_actors::{
    ConversationId, Dispatch, Timestamp,
    dispatch::{
        command::Command,
        conversation::EndReason,
        counselor::{ChosenStatus, Role},
        limits::DispatchLimits,
    },
};
use uuid::Uuid;

/// Seconds for `crowd` to come to one counselor of one place, and to be served one after the other.
#[expect(clippy::disallowed_methods, reason = "time is measured here, not decided by")]
fn served_in(crowd: u128) -> f64 {
    let begun = Instant::now();
    let (lin, now) = (counselor(1), Timestamp(0));
    let mut dispatch = Dispatch::new(DispatchLimits::default());
    let mut decide = |command: Command| dispatch.decide(now, &command).expect("may be done");
    decide(Command::AddStaff { counselor: lin, role: Role::Counselor, capacity: 1 });
    decide(Command::Shift { on: [lin].into() });
    decide(Command::SetPresence { counselor: lin, choice: Some(ChosenStatus::Online) });
    let id = |number| ConversationId(Uuid::from_u128(number));
    for number in 0..crowd {
        // Half of them stand in the common queue too.
        let wanted = (number % 2 == 0).then_some(lin);
        let visitor = visitor(0x1_0000 + number);
        decide(Command::Open {
            conversation: id(number),
            visitor,
            requested_counselor: wanted,
            allow_fallback: None,
        });
    }
    for number in 0..crowd {
        let end = Command::End { conversation: id(number), reason: EndReason::Visitor };
        let events = decide(end).events;
        assert_eq!(events.len(), if number + 1 == crowd { 1 } else { 2 });
    }
    begun.elapsed().as_secs_f64()
}

#[test]
fn ten_thousand_waiting_at_one_counselor_make_no_end_slow() {
    // Others share the machine: both sides take about as long, so that it slows both alike, and the best of several
    // tries counts. The square of the crowd would be ten times as much.
    let ratio = || served_in(10_000) / (0..10).map(|_| served_in(1_000)).sum::<f64>();
    let best = (0..5).map(|_| ratio()).fold(f64::INFINITY, f64::min);
    assert!(best < 5.0, "one crowd took {best:.1} times as long as ten of a tenth");
}
