//! The store in memory keeps what every journal must ([`crate::journals`]).

use std::{sync::Arc, time::Duration};

use futures_util::future::join;
use hotline_actors::{
    WriterId,
    dispatch::limits::DispatchLimits,
    journal::{Batch, Stamped, Store},
};

use crate::{
    journals::{self, Point, StoreUnderTest, every_journal},
    memory_store::MemoryStore,
    world::{World, under_paused_time},
};

/// Longer than any claim takes.
const HELD: u64 = 60_000;

impl StoreUnderTest for MemoryStore {
    type Store = MemoryStore;

    fn store(&self) -> MemoryStore {
        self.clone()
    }

    async fn log(&self) -> Vec<(Stamped, WriterId)> {
        self.0.borrow().rows.iter().map(|row| (row.stamped.clone(), row.writer)).collect()
    }

    async fn dies_sending<T>(
        &self,
        batch: Arc<Batch>,
        point: Point,
        meanwhile: impl Future<Output = T>,
    ) -> T {
        let faults = |reach, answer| {
            let mut stored = self.0.borrow_mut();
            (stored.faults.reach, stored.faults.answer) = (reach, answer);
        };
        match point {
            Point::BeforeTheFence => faults(HELD..=HELD, 0..=8),
            Point::BehindTheFence => faults(0..=0, HELD..=HELD),
        }
        // On its way with the call; nobody waits for the answer.
        drop(self.append(batch));
        faults(1..=8, 0..=8);
        let over = tokio::time::sleep(Duration::from_millis(2 * HELD));
        join(meanwhile, over).await.0
    }
}

macro_rules! tests {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            under_paused_time(async {
                let world = World::new(7, DispatchLimits::default());
                journals::$name(world.store.clone()).await;
            });
        }
    )*};
}
every_journal!(tests);
