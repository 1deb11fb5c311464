//! The ledger in memory keeps what every journal must ([`crate::journals`]).

use std::{sync::Arc, time::Duration};

use futures_util::future::join;
use hotline_actors::{
    WriterId,
    dispatch::limits::DispatchLimits,
    journal::{Batch, Stamped, Store},
};

use crate::{
    journals::{self, Point, Shelf, every_journal},
    ledger::Ledger,
    world::{World, under_paused_time},
};

/// Longer than any claim takes.
const HELD: u64 = 60_000;

impl Shelf for Ledger {
    type Store = Ledger;

    fn store(&self) -> Ledger {
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
        let weather = |reach, answer| {
            let mut book = self.0.borrow_mut();
            (book.weather.reach, book.weather.answer) = (reach, answer);
        };
        match point {
            Point::BeforeTheFence => weather(HELD..=HELD, 0..=8),
            Point::BehindTheFence => weather(0..=0, HELD..=HELD),
        }
        // On its way with the call; nobody waits for the answer.
        drop(self.append(batch));
        weather(1..=8, 0..=8);
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
                journals::$name(world.ledger.clone()).await;
            });
        }
    )*};
}
every_journal!(tests);
