//! The beat: renews the lease, sees what became of the others, and takes what nobody owns.

use std::{collections::BTreeMap, io, sync::Arc, thread, time::Duration};

use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::{
    runtime,
    sync::{mpsc, oneshot, watch},
    time::{Instant, MissedTickBehavior, interval, timeout},
};
use uuid::Uuid;

use super::{
    BEAT, BusView, CUT_OFF_AFTER, Calls, LEASE, LOOK_GAP_MIN, Lease, MARGIN, Owned, Peer, Reach, rows,
    share::{self, OffTheBus, Takes},
};
use crate::{clock, errors::describe};

/// A beat takes no longer, or has failed: by then the lease is lost anyway. A new connection is made in a time of its own, as that
/// takes longer than a beat.
const BEAT_MAX: Duration = Duration::from_secs(2);
const CONNECT_MAX: Duration = Duration::from_secs(2);
/// How long whoever would take from others waits where each beat takes long.
const SLOW_PATIENCE: Duration = Duration::from_secs(10);
/// Nothing that serves here has given a sign for so long: then others may serve better.
const SIGN_MAX: Duration = Duration::from_secs(10);
/// A beat that comes later than this after the last was missed.
const GAP_MAX: Duration = Duration::from_millis(1_500);

/// Why a beat failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum BeatFault {
    #[error("{}", describe(.0))]
    Database(#[from] sqlx::Error),
    #[error("no answer in time")]
    Late,
    #[error("nothing that serves has given a sign: others may serve better")]
    NoSign,
    #[error("the others ({0}) have a bus")]
    NeedsBus(String),
}

/// What the beat is told.
pub(super) enum Order {
    TakeNoMore,
    Leave(oneshot::Sender<()>),
}

/// After an outage of the database all leases have run out, and nobody is dead. So whoever would take from others must have
/// beaten without a gap for a whole lease: in that time everybody who lives has renewed theirs. Where the database is so slow that
/// there are gaps always, it is longer.
#[derive(Debug, Default)]
struct Patience {
    /// Beats without a gap.
    since: Option<Instant>,
    /// Beats without one that failed.
    well_since: Option<Instant>,
    last: Option<Instant>,
}

impl Patience {
    fn beaten(&mut self, now: Instant) {
        let is_gap = self.last.is_none_or(|last| now.duration_since(last) > GAP_MAX);
        if is_gap {
            self.since = Some(now);
        }
        self.well_since.get_or_insert(now);
        self.last = Some(now);
    }

    fn missed(&mut self) {
        *self = Self::default();
    }

    fn is_over(&self, now: Instant) -> bool {
        let has_passed =
            |since: Option<Instant>, span| since.is_some_and(|since| now.duration_since(since) >= span);
        has_passed(self.since, LEASE) || has_passed(self.well_since, SLOW_PATIENCE)
    }
}

pub(super) struct Beat {
    name: String,
    options: PgConnectOptions,
    connection: Option<PgConnection>,
    /// None before the first beat.
    id: Option<Uuid>,
    marks: rows::Marks,
    patience: Patience,
    off_the_bus: OffTheBus,
    /// When the last beat began, whatever became of it.
    begun: Instant,
    /// When the last beat succeeded.
    last: Instant,
    is_well: bool,
    /// What stood there when it was last read who owns what: the summary, and the living.
    read_at: Option<(rows::Summary, Vec<Uuid>)>,
    /// Some were of a living server without a bus then.
    is_out_of_reach: bool,
    owned: watch::Sender<Arc<Owned>>,
    lease: watch::Sender<Lease>,
    /// When whatever serves here gave a sign.
    sign: watch::Receiver<Instant>,
    bus: Option<BusView>,
    calls: Arc<Calls>,
}

impl Beat {
    pub(super) fn new(
        name: &str,
        options: &PgConnectOptions,
        sign: watch::Receiver<Instant>,
        bus: Option<BusView>,
        calls: Arc<Calls>,
    ) -> Self {
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
            marks: rows::Marks::default(),
            patience: Patience::default(),
            off_the_bus: OffTheBus::default(),
            begun: Instant::now(),
            last: Instant::now(),
            is_well: true,
            read_at: None,
            is_out_of_reach: false,
            owned: watch::Sender::new(Arc::default()),
            lease: watch::Sender::default(),
            sign,
            bus,
            calls,
        }
    }

    pub(super) fn owned(&self) -> watch::Receiver<Arc<Owned>> {
        self.owned.subscribe()
    }

    pub(super) fn lease(&self) -> watch::Receiver<Lease> {
        self.lease.subscribe()
    }

    /// Runs on a thread of its own until told to leave, or nobody can tell it anything any more. `joined` hears of the first beat,
    /// which is tried for `join_max`; `ended` is dropped with the thread.
    pub(super) fn start(
        mut self,
        join_max: Duration,
        mut orders: mpsc::Receiver<Order>,
        joined: oneshot::Sender<Result<(), BeatFault>>,
        ended: oneshot::Sender<()>,
    ) -> io::Result<()> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name("lease".to_owned()).spawn(move || {
            runtime.block_on(async move {
                let first = self.first_beat(join_max).await;
                let has_joined = first.is_ok();
                if joined.send(first).is_ok() && has_joined {
                    self.run(&mut orders).await;
                }
            });
            drop(ended);
        })?;
        Ok(())
    }

    async fn first_beat(&mut self, join_max: Duration) -> Result<(), BeatFault> {
        let begun = Instant::now();
        loop {
            match self.joining_beat().await {
                // Another try changes nothing.
                Err(fault @ BeatFault::NeedsBus(_)) => return Err(fault),
                Err(_) if begun.elapsed() < join_max => tokio::time::sleep(BEAT).await,
                first => return first,
            }
        }
    }

    /// A server without a bus would take institutions that the others could reach no more.
    async fn joining_beat(&mut self) -> Result<(), BeatFault> {
        if self.bus.is_none() {
            let mut connection = self.connect().await?;
            let found = timeout(BEAT_MAX, rows::with_bus(&mut connection, LEASE)).await;
            let names = found.map_err(|_| BeatFault::Late)??;
            if !names.is_empty() {
                return Err(BeatFault::NeedsBus(names.join(", ")));
            }
            self.connection = Some(connection);
        }
        self.beat().await
    }

    async fn run(&mut self, orders: &mut mpsc::Receiver<Order>) {
        let mut tick = interval(BEAT);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let calls = Arc::clone(&self.calls);
        loop {
            tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some(Order::TakeNoMore) => {
                        self.marks.is_leaving = true;
                        if self.bus.is_some() {
                            // Those that hand something over find out from its row.
                            calls.look.notify_one();
                        }
                    }
                    Some(Order::Leave(done)) => return self.leave(done).await,
                    None => return,
                },
                () = calls.look.notified() => tick.reset_at(Instant::now().max(self.begun + LOOK_GAP_MIN)),
                _ = tick.tick() => match self.beat().await {
                    Ok(()) if !self.is_well => {
                        self.is_well = true;
                        tracing::info!("the lease is renewed again");
                    }
                    Ok(()) => {}
                    Err(fault) => self.failed(&fault),
                },
            }
        }
    }

    fn failed(&mut self, fault: &BeatFault) {
        if std::mem::replace(&mut self.is_well, false) {
            tracing::warn!(%fault, "the lease cannot be renewed");
        }
        self.patience.missed();
        if self.last.elapsed() > CUT_OFF_AFTER {
            self.owned.send_if_modified(|owned| {
                let is_news = !owned.is_cut_off;
                *owned = Arc::new(Owned { is_cut_off: true, ..Owned::clone(owned) });
                is_news
            });
        }
    }

    async fn beat(&mut self) -> Result<(), BeatFault> {
        self.begun = Instant::now();
        // One that stops has a limit of its own, and gives no sign meanwhile.
        if !self.marks.is_leaving && self.sign.borrow().elapsed() > SIGN_MAX {
            return Err(BeatFault::NoSign);
        }
        let mut connection = self.connect().await?;
        timeout(BEAT_MAX, self.renew(&mut connection)).await.map_err(|_| BeatFault::Late)??;
        self.connection = Some(connection);
        Ok(())
    }

    /// The connection, taken out: one on which something failed or is late is not used again.
    async fn connect(&mut self) -> Result<PgConnection, BeatFault> {
        if let Some(connection) = self.connection.take() {
            return Ok(connection);
        }
        let connected = timeout(CONNECT_MAX, PgConnection::connect_with(&self.options)).await;
        Ok(connected.map_err(|_| BeatFault::Late)??)
    }

    async fn renew(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let mut before = clock::since_boot();
        let known = match self.id {
            Some(id) => Some((id, rows::renew(connection, id, LEASE, self.marks).await?)),
            None => None,
        };
        let (id, look) = match known {
            Some((id, look)) if look.is_renewed => (id, look),
            lost => {
                if lost.is_some() {
                    tracing::warn!("the lease had run out, and another server has taken over");
                }
                self.id = None;
                let bus = self.bus.as_ref().map(|bus| bus.id);
                self.lease.send_replace(Lease::default());
                self.is_owner_of(Owned::default());
                let id = rows::register(connection, &self.name, LEASE, bus, self.marks).await?;
                self.id = Some(id);
                (self.patience, self.read_at) = (Patience::default(), None);
                before = clock::since_boot();
                (id, rows::renew(connection, id, LEASE, self.marks).await?)
            }
        };
        if !look.is_renewed {
            // Lost again at once; the next beat begins anew.
            return Ok(());
        }
        self.lease.send_replace(Lease { node: id, good_until: before + LEASE.saturating_sub(MARGIN) });
        self.last = Instant::now();
        self.patience.beaten(self.last);
        self.take_and_tell(connection, id, look).await
    }

    /// Takes what is to be taken, and tells what is owned here.
    async fn take_and_tell(
        &mut self,
        connection: &mut PgConnection,
        id: Uuid,
        mut look: rows::Look,
    ) -> Result<(), sqlx::Error> {
        let mut is_changed = self.looks_at_the_bus(id, &mut look);
        let is_lost = self.off_the_bus.is_too_long(self.last, id, &look.nodes);
        if is_lost && look.nodes.iter().any(|node| node.id == id && node.is_owner) {
            // First here, so that nobody is answered any more when another may have taken them.
            let now = Arc::clone(&self.owned.borrow());
            self.is_owner_of(Owned { epochs: BTreeMap::new(), reach: Reach::Lost, ..Owned::clone(&now) });
            self.read_at = None;
            let institutions = rows::let_all_go(connection, id).await?;
            tracing::warn!(institutions, "this server is cut off from the bus and lets its institutions go");
            is_changed = self.has_moved();
        }
        let are_expired = look.nodes.iter().any(|node| !node.is_alive);
        if are_expired && self.patience.is_over(self.last) {
            for name in rows::remove_expired(connection, id, LEASE).await? {
                tracing::warn!(server = name, "the lease of another server has run out");
                is_changed = true;
            }
        }
        if is_changed || look.summary.has_unowned() {
            is_changed |= self.take(connection, id, &look).await?;
        }
        if is_changed {
            look = rows::renew(connection, id, LEASE, self.marks).await?;
        }
        self.tell(connection, id, &look, is_lost).await
    }

    /// Finds out whether this server is on the bus; true if that is news, which stands in its row with the next renewal. Connected to it,
    /// it must hear one of those that say they are on it, if any does. So of two that do not hear each other, one is on the bus.
    fn looks_at_the_bus(&mut self, id: Uuid, look: &mut rows::Look) -> bool {
        let Some(bus) = &self.bus else { return false };
        let is_other = |node: &&rows::Node| node.id != id && node.is_alive && share::is_on_the_bus(node);
        let mut others = look.nodes.iter().filter(is_other).filter_map(|node| node.bus).peekable();
        let hears = (bus.is_up)() && (others.peek().is_none() || others.any(|other| (bus.hears)(other)));
        for node in &mut look.nodes {
            if node.id == id {
                node.marks.bus_is_heard = hears;
            }
        }
        std::mem::replace(&mut self.marks.bus_is_heard, hears) != hears
    }

    /// Takes what this server may; true if that was anything.
    async fn take(
        &self,
        connection: &mut PgConnection,
        id: Uuid,
        look: &rows::Look,
    ) -> Result<bool, sqlx::Error> {
        let takes = share::takes(id, &look.nodes);
        if takes == Takes::Nothing {
            return Ok(false);
        }
        let mut unowned = rows::unowned(connection).await?;
        if let Takes::ShareAmong(nodes) = takes {
            unowned.retain(|institution| share::winner(institution, nodes.iter().copied()) == Some(id));
        }
        if unowned.is_empty() {
            return Ok(false);
        }
        let institutions = rows::take(connection, id, &unowned).await?;
        tracing::info!(institutions, "this server takes what nobody owns");
        Ok(self.has_moved())
    }

    /// Whoever tells the others hears of it.
    fn has_moved(&self) -> bool {
        self.calls.moved.notify_one();
        true
    }

    /// Tells what is owned here, and by others.
    async fn tell(
        &mut self,
        connection: &mut PgConnection,
        id: Uuid,
        look: &rows::Look,
        is_lost: bool,
    ) -> Result<(), sqlx::Error> {
        let living = || look.nodes.iter().filter(|node| node.is_alive);
        let mut now = Owned::clone(&self.owned.borrow());
        let mut ids: Vec<Uuid> = living().map(|node| node.id).collect();
        ids.sort_unstable();
        let read_at = Some((look.summary, ids));
        if self.read_at != read_at {
            let (epochs, of_others) = rows::owners(connection, id, self.bus.is_some()).await?;
            let buses: BTreeMap<Uuid, Option<Uuid>> = living().map(|node| (node.id, node.bus)).collect();
            self.is_out_of_reach = of_others.iter().any(|(_, node)| buses.get(node) == Some(&None));
            let bus_of = |node: &Uuid| buses.get(node).copied().flatten();
            now.elsewhere =
                of_others.into_iter().filter_map(|(code, node)| Some((code, bus_of(&node)?))).collect();
            now.epochs = epochs;
            self.read_at = read_at;
        }
        now.reach = match &self.bus {
            None => Reach::Own,
            Some(_) if is_lost => Reach::Lost,
            Some(_) if self.is_out_of_reach => Reach::Some,
            Some(_) => Reach::All,
        };
        if self.bus.is_some() {
            let others = living().filter(|node| node.id != id && !node.marks.is_leaving);
            now.peers = others
                .filter(|node| share::is_on_the_bus(node))
                .filter_map(|node| Some((node.id, Peer { bus: node.bus?, has_stayed: node.has_stayed })))
                .collect();
        }
        now.servers = living().count();
        (now.node, now.is_cut_off) = (id, false);
        self.is_owner_of(now);
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
        let left = match self.connect().await {
            Ok(mut connection) => timeout(BEAT_MAX, rows::remove(&mut connection, id))
                .await
                .map_err(|_| BeatFault::Late)
                .and_then(|removed| removed.map_err(BeatFault::from)),
            Err(fault) => Err(fault),
        };
        match left {
            // Whoever waited may have given up.
            Ok(()) => {
                self.has_moved();
                let _ = done.send(());
            }
            Err(fault) => tracing::warn!(%fault, "this server could not leave in order"),
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
        // An outage, that no beat was tried in.
        patience.beaten(at(4_500));
        for beat in [5_000, 5_500, 6_000, 6_500] {
            patience.beaten(at(beat));
            assert!(!patience.is_over(at(beat)), "{beat}");
        }
        patience.beaten(at(7_000));
        assert!(patience.is_over(at(7_000)));
        // One that was tried, and failed.
        patience.missed();
        patience.beaten(at(7_500));
        assert!(!patience.is_over(at(9_900)));
        // A slow database.
        for beat in [9_500, 11_500, 13_500, 15_500] {
            patience.beaten(at(beat));
            assert!(!patience.is_over(at(beat)), "{beat}");
        }
        patience.beaten(at(17_500));
        assert!(patience.is_over(at(17_500)));
    }
}
