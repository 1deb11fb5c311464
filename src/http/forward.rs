//! Where several servers share the institutions (`cluster.bus`), a request is answered by the owner of its institution. Whoever
//! receives it carries it there, as HTTP over a byte stream of the bus, and carries the answer back; a socket stays such a stream.
//! So all that is kept in memory of an institution (its people, its log-ins, failed tries at them, the access token of its
//! mini-program) is in one process, and nothing has to be told to others before it is acknowledged.
//!
//! A request that surely did nothing is carried again, to whoever owns the institution then, for a few seconds: over a move, a
//! death, or a restart its sender sees a slow answer. One that may have done something is not.

mod arrival;
mod home;
mod request;
mod socket;
mod stranger;

use std::{
    fmt,
    net::SocketAddr,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{
    HttpResponse,
    dev::ServiceRequest,
    web::{Bytes, Data},
};
use hotline_actors::registry::Rejected;
use tokio::{
    sync::{Semaphore, mpsc, watch},
    time::timeout,
};
use uuid::Uuid;

use super::{connection::Link, state::AppState};
use crate::{
    answer::Fault,
    cluster::bus::{Bus, BusStream},
    config::Settings,
    institutions::{Entry, Institutions, Visit},
};
use arrival::Arrivals;
pub(super) use arrival::Carried;
use home::Home;
pub(super) use request::CarriedAnswer;
use request::{NotCarried, Outgoing, Pool};

/// How long a request waits for somebody to own its institution.
const OWNER_WAIT_MAX: Duration = Duration::from_secs(4);
/// Of that, a callback of Tencent's, which is given up after two seconds there: whoever has it keeps it.
const CALLBACK_WAIT_MAX: Duration = Duration::from_millis(1_200);
/// An owner that could not be reached is tried again after this, if nothing has changed meanwhile.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// On a carried request, whose institution it is of …
const INSTITUTION: &str = "x-hotline-institution";
/// … and from which address it came.
const PEER: &str = "x-hotline-peer";
/// On an answer: nothing was done here, another server owns the institution.
const ELSEWHERE: &str = "x-hotline-elsewhere";

/// What carries requests to the owners. Cheap to clone.
#[derive(Clone)]
pub struct Forwarding(Arc<Inner>);

struct Inner {
    bus: Bus,
    institutions: Institutions,
    address: SocketAddr,
    arrivals: Arrivals,
    pool: Pool,
    strangers: stranger::Strangers,
    /// Places for sockets that others answer, or of which it is not known yet who does.
    sockets: Arc<Semaphore>,
    stopping: watch::Sender<bool>,
}

impl fmt::Debug for Forwarding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Forwarding(…)")
    }
}

/// What becomes of a request.
pub(super) enum Way {
    /// It is answered here. The institution is not handed over before the visit has ended.
    Here(Option<Visit>),
    /// It was answered elsewhere.
    Answered(HttpResponse),
}

impl Forwarding {
    /// `address`: where this server itself listens.
    pub(crate) fn new(
        bus: Bus,
        institutions: Institutions,
        settings: &Settings,
        address: SocketAddr,
    ) -> Self {
        let stopping = watch::Sender::new(false);
        let strangers = stranger::Strangers::new(&settings.sockets);
        let (arrivals, pool) = (Arrivals::default(), Pool::default());
        let sockets = Arc::new(Semaphore::new(settings.sockets.open_max));
        Self(Arc::new(Inner { bus, institutions, address, arrivals, pool, strangers, sockets, stopping }))
    }

    /// Takes in what other servers carry here, until there is no bus any more.
    pub(crate) async fn let_in_all(self, streams: mpsc::Receiver<BusStream>) {
        arrival::let_in(streams, self.0.address, self.0.arrivals.clone()).await;
    }

    /// What the bus carries, for the figures.
    pub(crate) fn bus(&self) -> &Bus {
        &self.0.bus
    }

    /// The sockets that are carried end, for their clients to come back through another server.
    pub(crate) fn stop(&self) {
        self.0.stopping.send_replace(true);
    }

    /// Finds out who answers a request, and has it answered there if that is another server.
    pub(super) async fn direct(
        &self,
        req: &mut ServiceRequest,
        carried: Option<Carried>,
        state: &Data<AppState>,
        route: Option<&str>,
        id: &str,
    ) -> Result<Way, Fault> {
        if let Some(carried) = carried {
            return Ok(self.let_in(carried).await);
        }
        match home::of(req, state, route).await? {
            Home::Anywhere => Ok(Way::Here(None)),
            Home::InFirstFrame => self.stranger(req, state, id),
            Home::Institution(institution) => self.find_owner(req, &institution, None, id).await,
            Home::OfCallback { institution, body } => {
                let carried = self.find_owner(req, &institution, Some(body.clone()), id);
                if let Ok(Ok(way)) = timeout(CALLBACK_WAIT_MAX, carried).await {
                    return Ok(way);
                }
                // What was said is kept here, and once, though the owner may have kept it as well, who finds it in the record.
                home::put_back(req, body);
                Ok(Way::Here(None))
            }
        }
    }

    /// What is said of a request that another server has carried here; none of one that a client has sent.
    pub(super) fn carried(&self, req: &mut ServiceRequest) -> Option<Carried> {
        let carried = self.0.arrivals.carried(req)?;
        req.head_mut().peer_addr = Some(carried.peer);
        Some(carried)
    }

    async fn let_in(&self, Carried { institution, .. }: Carried) -> Way {
        let Some(institution) = institution else { return Way::Here(None) };
        let (mut changes, until) = (self.0.institutions.changed_owner(), Instant::now() + OWNER_WAIT_MAX);
        loop {
            match self.0.institutions.enter(&institution) {
                Entry::Here(visit) => return Way::Here(Some(visit)),
                Entry::Held if Instant::now() < until => wait(&mut changes).await,
                Entry::Held | Entry::Elsewhere(_) | Entry::Nowhere => return elsewhere(),
            }
        }
    }

    async fn find_owner(
        &self,
        req: &mut ServiceRequest,
        institution: &str,
        body: Option<Bytes>,
        id: &str,
    ) -> Result<Way, Fault> {
        let (mut changes, until) = (self.0.institutions.changed_owner(), Instant::now() + OWNER_WAIT_MAX);
        let (mut outgoing, mut is_known): (Option<Outgoing>, bool) = (None, false);
        loop {
            match self.0.institutions.enter(institution) {
                Entry::Here(visit) => {
                    if let Some(outgoing) = outgoing.take() {
                        outgoing.put_back(req);
                    }
                    return Ok(Way::Here(Some(visit)));
                }
                Entry::Elsewhere(owner) => {
                    let sent = match outgoing.take() {
                        Some(outgoing) => outgoing,
                        None => Outgoing::of(req, institution, body.clone(), id).await?,
                    };
                    match self.carry(owner, sent, req).await {
                        Ok(answer) => return Ok(Way::Answered(answer)),
                        Err(NotCarried::NothingDone(Some(again))) => outgoing = Some(again),
                        Err(NotCarried::NothingDone(None)) => return Err(Fault::Elsewhere),
                        Err(NotCarried::Unsettled) => return Err(Rejected::Unsettled.into()),
                    }
                }
                Entry::Held => {}
                Entry::Nowhere => {
                    is_known = is_known || self.0.institutions.exists(institution).await?;
                    if !is_known {
                        // Its handler says so.
                        return Ok(Way::Here(None));
                    }
                }
            }
            if Instant::now() >= until {
                return Err(Fault::Elsewhere);
            }
            wait(&mut changes).await;
        }
    }

    /// A stream on which the owner answers HTTP.
    async fn stream(&self, owner: Uuid) -> Result<BusStream, ()> {
        // Nothing has gone over it yet, whatever failed.
        self.0
            .bus
            .connect(owner)
            .await
            .map_err(|fault| tracing::debug!(%fault, "forward: no stream to the owner"))
    }

    /// The connection that a request came on.
    fn link(req: &ServiceRequest) -> Option<Rc<Link>> {
        req.conn_data::<Rc<Link>>().cloned()
    }
}

/// Tells whoever has carried a request here that nothing was done.
pub(super) fn elsewhere() -> Way {
    Way::Answered(HttpResponse::ServiceUnavailable().insert_header((ELSEWHERE, "1")).finish())
}

/// Waits until an institution has another owner, or it is time to look all the same.
async fn wait(changes: &mut watch::Receiver<u64>) {
    // Late is as good as changed: whoever waits looks again.
    let _ = timeout(TRY_AGAIN_AFTER, changes.changed()).await;
}

/// From where a request came, as the limits count it.
fn peer_of(req: &ServiceRequest) -> Option<SocketAddr> {
    req.head().peer_addr
}
