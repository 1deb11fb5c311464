//! Several servers on one database: who owns which institution.
//!
//! A server holds a lease, a row of `nodes` that it renews every half second, and owns the institutions whose rows in `owners` name it.
//! While its row is there nobody takes anything from it; the row goes when the server leaves, or when another removes it, which
//! it may once the lease has run out by PostgreSQL's clock. So the clocks of the servers decide nothing.
//!
//! This only makes two owners rare and short. That they contradict nobody rests on two other things: a batch lands for the newest
//! claim alone (the fence), and what is answered without a commit waits until the store has said that the newest claim is
//! still ours (`actors/src/registry/ownership.rs`).

mod beat;
pub mod bus;
mod rows;
pub mod share;

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use sqlx::{PgPool, postgres::PgConnectOptions};
use tokio::{
    sync::{Notify, mpsc, oneshot, watch},
    time::Instant,
};
use uuid::Uuid;

use crate::clock;
use beat::{Beat, BeatFault, Order};

/// Between two renewals of the lease.
const BEAT: Duration = Duration::from_millis(500);
/// For how long a lease is good in the database …
const LEASE: Duration = Duration::from_millis(2_500);
/// … and how much earlier its holder stops counting on it: its clock may run faster than PostgreSQL's by a fifth.
const MARGIN: Duration = Duration::from_millis(500);
/// A server that could not renew its lease for so long tells its sockets to go elsewhere: others may have taken over.
const CUT_OFF_AFTER: Duration = Duration::from_secs(5);
/// From one beat to the next, however often it is said that something has moved.
const LOOK_GAP_MIN: Duration = Duration::from_millis(50);
/// A server that stops waits no longer for its institutions to be let go; others take them when the lease has run out.
const LEAVE_MAX: Duration = Duration::from_secs(4);

/// The connections that this takes besides all others.
pub const CONNECTIONS: u32 = 1;

/// This server among the others. Cheap to clone.
#[derive(Clone)]
pub struct Cluster(Arc<Inner>);

struct Inner {
    owned: watch::Receiver<Arc<Owned>>,
    orders: mpsc::Sender<Order>,
    lease: watch::Receiver<Lease>,
    sign: watch::Sender<Instant>,
    calls: Arc<Calls>,
    has_bus: bool,
    /// Under which node id all that this process holds in memory was read.
    settled: watch::Sender<Uuid>,
}

/// Between the beat and whoever carries news over the bus.
#[derive(Debug, Default)]
struct Calls {
    /// The next beat comes at once.
    look: Notify,
    /// Something has another owner: the other servers look at once if they are told.
    moved: Arc<Notify>,
}

/// The bus between the servers, as far as it matters for who owns what.
#[derive(Clone)]
pub struct BusView {
    /// Under which id this server is reached over it.
    pub id: Uuid,
    /// Whether the server with that id was heard lately.
    pub hears: Arc<dyn Fn(Uuid) -> bool + Send + Sync>,
    /// Whether this server is connected to it.
    pub is_up: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl fmt::Debug for BusView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BusView").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What this server may count on.
#[derive(Debug, Clone, Copy, Default)]
struct Lease {
    node: Uuid,
    /// By the clock of [`clock::since_boot`].
    good_until: Duration,
}

impl Lease {
    fn is_held(&self, settled: Uuid) -> bool {
        self.node == settled && self.good_until > clock::since_boot()
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("owned", &self.0.owned.borrow().epochs.len()).finish_non_exhaustive()
    }
}

/// What this server owns, as the last beat found it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owned {
    /// Under which id: another one after a lease was lost.
    pub node: Uuid,
    /// By institution: how often it has been taken by anybody.
    pub epochs: BTreeMap<String, i64>,
    /// The database has not been reached for so long that another server may have taken over.
    pub is_cut_off: bool,
    /// The servers whose leases are good, this one too.
    pub servers: usize,
    /// With a bus: the institutions of other servers whose leases are good, each with the id under which its owner is reached over
    /// the bus.
    pub elsewhere: BTreeMap<String, Uuid>,
    /// With a bus: the other servers that may be given institutions, by node id.
    pub peers: BTreeMap<Uuid, Peer>,
    /// Whose institutions can be reached from here.
    pub reach: Reach,
}

/// Another server that may be given institutions: its lease is good, it is not about to leave, and it is on the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Under which id it is reached over the bus.
    pub bus: Uuid,
    /// It has been there for a while, so that it gets its share.
    pub has_stayed: bool,
}

/// Whose institutions can be reached from a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// Its own: it has no bus.
    #[default]
    Own,
    /// It has a bus, but some are of servers that have none.
    Some,
    /// Whoever owns them.
    All,
    /// Its own for now: it has lost the bus while others have it, and lets go what it owns.
    Lost,
}

/// Why this server is not one of them.
#[derive(Debug, thiserror::Error)]
pub enum JoinFault {
    #[error("no thread for the lease: {0}")]
    Thread(std::io::Error),
    #[error("{0}")]
    NoBeat(String),
    #[error("the others ({0}) have a bus, and this one has none: set cluster.bus")]
    NeedsBus(String),
}

impl From<BeatFault> for JoinFault {
    fn from(fault: BeatFault) -> Self {
        match fault {
            BeatFault::NeedsBus(names) => Self::NeedsBus(names),
            fault @ (BeatFault::Database(_) | BeatFault::Late | BeatFault::NoSign) => {
                Self::NoBeat(fault.to_string())
            }
        }
    }
}

/// Ready when the lease is renewed no more though nobody asked for that.
pub type LeaseEnd = oneshot::Receiver<()>;

impl Cluster {
    /// Joins the others under `name`; that is tried for `join_max`. From then on the lease is renewed, on a thread of its own, so
    /// that nothing else the server does delays it. With a `bus` the institutions are spread over all servers that have it.
    ///
    /// # Errors
    /// When it cannot join in that time, or has no bus while the others have one.
    pub async fn join(
        name: &str,
        options: &PgConnectOptions,
        join_max: Duration,
        bus: Option<BusView>,
    ) -> Result<(Self, LeaseEnd), JoinFault> {
        let (orders, to_do) = mpsc::channel(4);
        let (ended, end) = oneshot::channel();
        let sign = watch::Sender::new(Instant::now());
        let (calls, has_bus) = (Arc::<Calls>::default(), bus.is_some());
        let beat = Beat::new(name, options, sign.subscribe(), bus, Arc::clone(&calls));
        let (owned, lease) = (beat.owned(), beat.lease());
        let (joined, first) = oneshot::channel();
        beat.start(join_max, to_do, joined, ended).map_err(JoinFault::Thread)?;
        match first.await {
            Ok(joined) => joined?,
            Err(_) => return Err(JoinFault::NoBeat("it broke off".to_owned())),
        }
        let settled = watch::Sender::new(owned.borrow().node);
        Ok((Self(Arc::new(Inner { owned, orders, lease, sign, calls, has_bus, settled })), end))
    }

    /// Whether the institutions are spread over the servers, which reach each other over a bus.
    pub fn has_bus(&self) -> bool {
        self.0.has_bus
    }

    /// The next beat comes at once: somebody has said that something has another owner now. Said however often, there are no more
    /// than twenty beats a second.
    pub fn look_now(&self) {
        self.0.calls.look.notify_one();
    }

    /// Wakes whoever waits for it (one, who tells the other servers) when this server has changed who owns something. It is kept
    /// for whoever does not wait yet.
    pub fn moved(&self) -> Arc<Notify> {
        Arc::clone(&self.0.calls.moved)
    }

    /// What this server owns, as far as it knows.
    pub fn owned_now(&self) -> Arc<Owned> {
        self.0.owned.borrow().clone()
    }

    /// What this server owns, each time that it changes.
    pub fn owned(&self) -> watch::Receiver<Arc<Owned>> {
        self.0.owned.clone()
    }

    /// Whether nobody else can have taken anything from this server yet, by this machine's clock, so that what it holds in memory
    /// counts.
    pub fn holds_lease(&self) -> bool {
        self.0.lease.borrow().is_held(*self.0.settled.borrow())
    }

    /// Waits until the lease is held, within `wait_max`; false if it is not.
    pub async fn is_renewed(&self, wait_max: Duration) -> bool {
        let (mut lease, mut settled) = (self.0.lease.clone(), self.0.settled.subscribe());
        let held = async {
            while !self.holds_lease() {
                let changed = tokio::select! {
                    changed = lease.changed() => changed,
                    changed = settled.changed() => changed,
                };
                if changed.is_err() {
                    return false;
                }
            }
            true
        };
        tokio::time::timeout(wait_max, held).await.unwrap_or(false)
    }

    /// Nothing is held in memory any more that was read before this server had this node id. Until this is said of the newest, it
    /// holds no lease: after one was lost, others have changed what it knew.
    pub fn has_settled(&self, node: Uuid) {
        self.0.settled.send_replace(node);
    }

    /// What serves here gives a sign. If none comes for ten seconds, the lease is renewed no more.
    pub fn gives_sign(&self) {
        self.0.sign.send_replace(Instant::now());
    }

    /// From now on this server takes nothing more.
    pub async fn take_no_more(&self) {
        // Whoever would do it is gone otherwise, and takes nothing either.
        let _ = self.0.orders.send(Order::TakeNoMore).await;
    }

    /// Lets all institutions go, for others to take at once. Nothing may be decided for them here any more.
    pub async fn leave(&self) {
        let (done, left) = oneshot::channel();
        let leave = async {
            self.0.orders.send(Order::Leave(done)).await.ok()?;
            left.await.ok()
        };
        match tokio::time::timeout(LEAVE_MAX, leave).await {
            Ok(Some(())) => {}
            Ok(None) | Err(_) => {
                tracing::warn!(
                    "the institutions are not let go: others take them when the lease has run out"
                );
            }
        }
    }
}

impl Cluster {
    /// Gives an institution that this server owns in this `epoch` to the server `to`, or, if that one is about to leave or not there any
    /// more, lets it go; says to whom it went. None if this server does not own it so.
    ///
    /// # Errors
    /// When the database does not say; then it may have been done.
    pub async fn give(
        &self,
        pool: &PgPool,
        institution: &str,
        mine: (Uuid, i64),
        to: Uuid,
    ) -> Result<Option<Option<Uuid>>, sqlx::Error> {
        let given = rows::give(pool, institution, mine, to).await;
        // Also if nobody knows what has become of it.
        self.look_now();
        self.0.calls.moved.notify_one();
        given
    }
}

/// The names of the servers that share this database just now.
pub async fn members(pool: &PgPool) -> Result<Vec<String>, sqlx::Error> {
    rows::members(pool, LEASE).await
}
