//! A server that is not the owner of its institution.

use hotline_actors::{
    ConversationId,
    dispatch::{conversation::EndReason, limits::DispatchLimits},
    registry::{RegistryStatus, Rejected},
};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::{AT_WORKBENCH, lin, minutes};
use crate::world::{World, ends, under_paused_time};

#[test]
fn a_server_that_is_not_the_owner_claims_nothing_and_is_fenced() {
    under_paused_time(async {
        let world = World::new(1, DispatchLimits::default());
        world.store.0.borrow_mut().faults.is_anothers = true;
        // It is answered how it is as soon as it does not wait for its claim any more.
        timeout(minutes(1), world.start()).await.expect("it does not try again");
        assert_eq!(*world.statuses.lock().expect("unbroken"), [RegistryStatus::Fenced]);
        let end = ends(ConversationId(Uuid::nil()), EndReason::Visitor);
        assert_eq!(world.asks(end).await, Err(Rejected::Switching));
        assert!(world.joins(lin().into(), AT_WORKBENCH, None).await.is_none(), "no socket either");
        // Nor later, whosever the institution is by then.
        world.store.0.borrow_mut().faults.is_anothers = false;
        sleep(minutes(5)).await;
        assert!(world.stored().rows.is_empty());
        assert_eq!(*world.statuses.lock().expect("unbroken"), [RegistryStatus::Fenced]);
        world.check().await;
        assert_eq!(world.verdict(), None);
    });
}
