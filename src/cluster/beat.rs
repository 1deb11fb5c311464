//! The beat: renews the lease, sees what became of the others, and takes what nobody owns.

use std::{io, sync::Arc, thread, time::Duration};

use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use tokio::{
    runtime,
    sync::{mpsc, oneshot, watch},
    time::{Instant, MissedTickBehavior, interval, timeout},
};
use uuid::Uuid;

use super::{BEAT, CUT_OFF_AFTER, LEASE, Lease, MARGIN, Owned, rows};
use crate::{clock, errors::describe};

/// A beat takes no longer, or has failed.
const BEAT_MAX: Duration = Duration::from_secs(1);
/// A beat that comes later than this after the last was missed.
const GAP_MAX: Duration = Duration::from_secs(1);

/// What the beat is told.
pub(super) enum Order {
    TakeNoMore,
    Leave(oneshot::Sender<()>),
}

/// After an outage of the database all leases have run out, and nobody is dead. So whoever would take from others must have
/// beaten without a gap for a whole lease: in that time everybody who lives has renewed theirs.
#[derive(Debug, Default)]
struct Patience {
    since: Option<Instant>,
    last: Option<Instant>,
}

impl Patience {
    fn beaten(&mut self, now: Instant) {
        let is_gap = self.last.is_none_or(|last| now.duration_since(last) > GAP_MAX);
        if is_gap {
            self.since = Some(now);
        }
        self.last = Some(now);
    }

    fn is_over(&self, now: Instant) -> bool {
        self.since.is_some_and(|since| now.duration_since(since) >= LEASE)
    }
}

pub(super) struct Beat {
    name: String,
    options: PgConnectOptions,
    connection: Option<PgConnection>,
    /// None before the first beat.
    id: Option<Uuid>,
    is_leaving: bool,
    patience: Patience,
    /// When the last beat succeeded.
    last: Instant,
    is_well: bool,
    summary: Option<rows::Summary>,
    owned: watch::Sender<Arc<Owned>>,
    lease: watch::Sender<Lease>,
}

impl Beat {
    pub(super) fn new(name: &str, options: &PgConnectOptions) -> Self {
        let milliseconds = BEAT_MAX.as_millis().to_string();
        let options = options.clone().application_name("hotline lease").options([
            ("statement_timeout", milliseconds.as_str()),
            ("lock_timeout", milliseconds.as_str()),
            // Small tables, in memory.
            ("enable_seqscan", "on"),
        ]);
        Self {
            name: name.to_owned(),
            options,
            connection: None,
            id: None,
            is_leaving: false,
            patience: Patience::default(),
            last: Instant::now(),
            is_well: true,
            summary: None,
            owned: watch::Sender::new(Arc::default()),
            lease: watch::Sender::default(),
        }
    }

    pub(super) fn owned(&self) -> watch::Receiver<Arc<Owned>> {
        self.owned.subscribe()
    }

    pub(super) fn lease(&self) -> watch::Receiver<Lease> {
        self.lease.subscribe()
    }

    /// Runs on a thread of its own until told to leave, or nobody can tell it anything any more. `joined` hears of the first beat;
    /// `ended` is dropped with the thread.
    pub(super) fn start(
        mut self,
        mut orders: mpsc::Receiver<Order>,
        joined: oneshot::Sender<Result<(), sqlx::Error>>,
        ended: oneshot::Sender<()>,
    ) -> io::Result<()> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name("lease".to_owned()).spawn(move || {
            runtime.block_on(async move {
                let first = self.beat().await;
                let has_joined = first.is_ok();
                if joined.send(first).is_ok() && has_joined {
                    self.run(&mut orders).await;
                }
            });
            drop(ended);
        })?;
        Ok(())
    }

    async fn run(&mut self, orders: &mut mpsc::Receiver<Order>) {
        let mut tick = interval(BEAT);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some(Order::TakeNoMore) => self.is_leaving = true,
                    Some(Order::Leave(done)) => return self.leave(done).await,
                    None => return,
                },
                _ = tick.tick() => match self.beat().await {
                    Ok(()) if !self.is_well => {
                        self.is_well = true;
                        tracing::info!("the lease is renewed again");
                    }
                    Ok(()) => {}
                    Err(error) => self.failed(&error),
                },
            }
        }
    }

    fn failed(&mut self, error: &sqlx::Error) {
        if std::mem::replace(&mut self.is_well, false) {
            tracing::warn!(error = %describe(error), "the lease cannot be renewed");
        }
        // Whatever it was doing: nothing of it may be taken for the answer to something else.
        self.connection = None;
        if self.last.elapsed() > CUT_OFF_AFTER {
            self.owned.send_if_modified(|owned| {
                let is_news = !owned.is_cut_off;
                *owned = Arc::new(Owned { is_cut_off: true, ..Owned::clone(owned) });
                is_news
            });
        }
    }

    async fn beat(&mut self) -> Result<(), sqlx::Error> {
        let connection = self.connection.take();
        let options = self.options.clone();
        let beat = async {
            let mut connection = match connection {
                Some(connection) => connection,
                None => PgConnection::connect_with(&options).await?,
            };
            self.renew(&mut connection).await?;
            Ok(connection)
        };
        let connection = timeout(BEAT_MAX, beat).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))?;
        self.connection = Some(connection);
        Ok(())
    }

    async fn renew(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let before = clock::since_boot();
        let id = match self.id {
            Some(id) if rows::renew(connection, id, LEASE, self.is_leaving).await? => id,
            lost => {
                if lost.is_some() {
                    tracing::warn!("the lease had run out, and another server has taken over");
                }
                self.id = None;
                self.lease.send_replace(Lease::default());
                self.is_owner_of(Owned::default());
                let id = rows::register(connection, &self.name, LEASE, self.is_leaving).await?;
                self.patience = Patience::default();
                self.summary = None;
                *self.id.insert(id)
            }
        };
        self.lease.send_replace(Lease { node: id, good_until: before + LEASE.saturating_sub(MARGIN) });
        self.last = Instant::now();
        self.patience.beaten(self.last);
        self.look_around(connection, id).await
    }

    /// Sees what became of the others, takes what is to be taken, and tells what is owned here.
    async fn look_around(&mut self, connection: &mut PgConnection, id: Uuid) -> Result<(), sqlx::Error> {
        let mut nodes = rows::nodes(connection).await?;
        if nodes.iter().any(|node| !node.is_alive && node.id != id) && self.patience.is_over(self.last) {
            for name in rows::remove_expired(connection, id).await? {
                tracing::warn!(server = name, "the lease of another server has run out");
            }
            nodes = rows::nodes(connection).await?;
        }
        let mut summary = rows::summary(connection).await?;
        // One of them, so that the institutions stay together: whoever has been here longest.
        let taker = nodes.iter().find(|node| node.is_alive && !node.leaving);
        if summary.has_unowned() && taker.is_some_and(|taker| taker.id == id) {
            let institutions = rows::take_unowned(connection, id).await?;
            tracing::info!(institutions, "this server takes what nobody owns");
            summary = rows::summary(connection).await?;
        }
        let servers = nodes.iter().filter(|node| node.is_alive).count();
        let epochs = if self.summary == Some(summary) {
            self.owned.borrow().epochs.clone()
        } else {
            rows::owned_by(connection, id).await?
        };
        self.summary = Some(summary);
        self.is_owner_of(Owned { node: id, epochs, is_cut_off: false, servers });
        Ok(())
    }

    fn is_owner_of(&self, now: Owned) {
        self.owned.send_if_modified(|owned| {
            let is_news = **owned != now;
            if is_news {
                *owned = Arc::new(now);
            }
            is_news
        });
    }

    async fn leave(&mut self, done: oneshot::Sender<()>) {
        let Some(id) = self.id.take() else { return };
        self.lease.send_replace(Lease::default());
        let leave = async {
            let mut connection = match self.connection.take() {
                Some(connection) => connection,
                None => PgConnection::connect_with(&self.options).await?,
            };
            rows::remove(&mut connection, id).await?;
            connection.close().await
        };
        match timeout(BEAT_MAX, leave).await {
            Ok(Ok(())) => drop(done.send(())),
            Ok(Err(error)) => {
                tracing::warn!(error = %describe(&error), "this server could not leave in order");
            }
            Err(_) => tracing::warn!("this server could not leave in order: no answer in time"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_missed_a_beat_waits_for_a_whole_lease_before_taking() {
        let mut patience = Patience::default();
        let begun = Instant::now();
        let at = |millis| begun + Duration::from_millis(millis);
        for beat in [0, 500, 1_000, 1_500, 2_000] {
            patience.beaten(at(beat));
            assert!(!patience.is_over(at(beat)), "{beat}");
        }
        patience.beaten(at(2_500));
        assert!(patience.is_over(at(2_500)));
        // An outage.
        patience.beaten(at(4_000));
        assert!(!patience.is_over(at(6_400)));
        for beat in [4_500, 5_000, 5_500, 6_000, 6_500] {
            patience.beaten(at(beat));
        }
        assert!(patience.is_over(at(6_500)));
    }
}
