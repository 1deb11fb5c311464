//! What is done to the database of several servers: nothing of it is a reason to move an institution.

use std::{
    io,
    time::{Duration, Instant},
};

use sqlx::Row;

use super::{Faults, LOOK_AGAIN, SETTLED};
use crate::history::{Fact, OwnerRow, wall_ms};

/// Whoever has been there for so long has been given what it should have.
const BALANCED: Duration = Duration::from_secs(16);

impl Faults {
    pub(super) async fn crash_postgres(&mut self) -> io::Result<()> {
        let before = self.settled_owners().await?;
        let from = wall_ms();
        self.cluster.stop_at_once().await?;
        self.pause(300..4000).await;
        self.cluster.start().await?;
        self.done.crashes += 1;
        self.back("PostgreSQL crashed", from, before).await
    }

    pub(super) async fn freeze_postgres(&mut self, time: Duration) -> io::Result<()> {
        let before = self.settled_owners().await?;
        let from = wall_ms();
        let frozen = self.cluster.freeze()?;
        tokio::time::sleep(time).await;
        drop(frozen);
        self.done.frozen_seconds += time.as_secs();
        self.back("PostgreSQL frozen", from, before).await
    }

    /// The owners, when all servers have been there for a while; none if they may soon move for another reason.
    async fn settled_owners(&mut self) -> io::Result<Option<Vec<OwnerRow>>> {
        self.until_others_stand_ready(self.nodes.len() - 1).await?;
        self.owners_if_balanced().await
    }

    pub(super) async fn owners_if_balanced(&self) -> io::Result<Option<Vec<OwnerRow>>> {
        if let Some(owner) = &self.owner {
            let others = self.others();
            let long_there = others.iter().filter(|(_, since)| *since > BALANCED).count();
            if owner.for_so_long() <= BALANCED || long_there + 1 < self.nodes.len() {
                return Ok(None);
            }
        }
        Ok(Some(self.owners().await?))
    }

    /// Nobody has stayed away but the database: to whom everything belonged, it belongs.
    async fn back(&mut self, what: &str, from: i64, before: Option<Vec<OwnerRow>>) -> io::Result<()> {
        let back = Instant::now();
        // Whoever served may not have noticed that nothing was there.
        tokio::time::sleep(LOOK_AGAIN * 10).await;
        self.served(None).await?;
        self.note_disturbance(what, from);
        tokio::time::sleep(SETTLED.saturating_sub(back.elapsed())).await;
        self.compare_owners(what, before).await
    }

    /// Of servers that share, only where nothing else could move one.
    pub(super) async fn compare_owners(
        &mut self,
        over: &str,
        before: Option<Vec<OwnerRow>>,
    ) -> io::Result<()> {
        let Some(before) = before else { return Ok(()) };
        let after = self.owners().await?;
        self.done.owners_compared += 1;
        self.history.note("fault injector", Fact::Owners { over: over.to_owned(), before, after });
        Ok(())
    }

    async fn owners(&self) -> io::Result<Vec<OwnerRow>> {
        let query = "select institution, node::text, epoch from owners order by institution";
        let rows = sqlx::query(query).fetch_all(&self.pool).await.map_err(io::Error::other)?;
        rows.iter()
            .map(|row| {
                Ok(OwnerRow { institution: row.try_get(0)?, node: row.try_get(1)?, epoch: row.try_get(2)? })
            })
            .collect::<Result<_, sqlx::Error>>()
            .map_err(io::Error::other)
    }
}
