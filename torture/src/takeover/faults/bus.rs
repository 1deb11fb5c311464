//! What is done to the nats-servers between several servers. The one that decides goes on, and the others do so again soon.

use std::{io, time::Duration};

use super::{Faults, milliseconds};
use crate::history::{OwnerFault, OwnerRow, wall_ms};

impl Faults {
    /// One after the other; each is back before the next.
    pub(super) async fn kill_each_nats(&mut self) -> io::Result<()> {
        for place in 0..self.nats.len() {
            self.settle().await?;
            self.work().await;
            let name = self.nats[place].name().to_owned();
            let (began_ms, from) = (self.history.run_ms(), wall_ms());
            self.nats[place].kill().await?;
            self.note_owner_fault(&name, OwnerFault::NatsKill, began_ms);
            self.pause(500..4000).await;
            self.nats[place].start().await?;
            self.note_disturbance("a nats-server killed", from);
        }
        Ok(())
    }

    /// All at once.
    pub(super) async fn no_nats(&mut self, time: Duration) -> io::Result<()> {
        let before = self.owners_if_balanced().await?;
        let (began_ms, from) = (self.history.run_ms(), wall_ms());
        for nats in &mut self.nats {
            nats.kill().await?;
        }
        self.note_owner_fault("nats", OwnerFault::NoNats(milliseconds(time)), began_ms);
        tokio::time::sleep(time).await;
        for nats in &mut self.nats {
            nats.start().await?;
        }
        self.bus_is_back("all nats-servers away", from, before).await
    }

    /// They live, and none reaches another.
    pub(super) async fn split_nats(&mut self, time: Duration) -> io::Result<()> {
        let before = self.owners_if_balanced().await?;
        let (began_ms, from) = (self.history.run_ms(), wall_ms());
        for nats in &self.nats {
            nats.cut_routes();
        }
        self.note_owner_fault("nats", OwnerFault::NatsSplit(milliseconds(time)), began_ms);
        tokio::time::sleep(time).await;
        for nats in &self.nats {
            nats.heal_routes();
        }
        self.bus_is_back("the nats-servers apart", from, before).await
    }

    async fn bus_is_back(&mut self, what: &str, from: i64, before: Option<Vec<OwnerRow>>) -> io::Result<()> {
        self.note_disturbance(what, from);
        self.note_healed("nats");
        self.settle().await?;
        self.compare_owners(what, before).await
    }
}
