//! This server among several: how it joins them, and what they tell each other over the bus.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use sqlx::PgPool;
use tokio::sync::{broadcast::error::RecvError, mpsc};
use uuid::Uuid;

use super::StartError;
use crate::{
    cluster::{
        self, BusView, Cluster, LeaseEnd,
        bus::{Bus, BusEnd, BusStream},
    },
    config::Settings,
    database,
    http::state::AppState,
};

/// Said to all when an institution has another owner.
const MOVED: &str = "moved";

/// One of several servers.
pub(super) struct Joined {
    pub(super) cluster: Cluster,
    pub(super) lease_end: LeaseEnd,
    pub(super) bus: Option<JoinedBus>,
}

/// The bus, and what comes over it.
pub(super) struct JoinedBus {
    pub(super) bus: Bus,
    pub(super) news: BusNews,
}

/// What comes over the bus.
pub(super) struct BusNews {
    streams: mpsc::Receiver<BusStream>,
    end: BusEnd,
}

/// Joins the other servers, if this one is among several.
pub(super) async fn join(settings: &Settings, pool: &PgPool) -> Result<Option<Joined>, StartError> {
    let name = &settings.cluster.name;
    if name.is_empty() {
        let members = cluster::members(pool).await?;
        return if members.is_empty() { Ok(None) } else { Err(StartError::Clustered(members.join(", "))) };
    }
    let urls = settings.cluster.bus.reveal();
    let bus = if urls.is_empty() {
        None
    } else {
        let started = Bus::start(urls, Uuid::now_v7()).await;
        let (bus, streams, end) = started.map_err(|fault| StartError::NotJoined(fault.to_string()))?;
        Some(JoinedBus { bus, news: BusNews { streams, end } })
    };
    let options = database::options(&settings.database)?;
    let join_max = Duration::from_secs(settings.database.acquire_seconds_max);
    let view = bus.as_ref().map(|JoinedBus { bus, .. }| view(bus));
    let (cluster, lease_end) = Cluster::join(name, &options, join_max, view).await?;
    Ok(Some(Joined { cluster, lease_end, bus }))
}

fn view(bus: &Bus) -> BusView {
    let (hearing, standing) = (bus.clone(), bus.clone());
    BusView {
        id: bus.id(),
        hears: Arc::new(move |server| hearing.hears(server)),
        is_up: Arc::new(move || standing.is_up()),
    }
}

/// Tells the other servers what they must know at once, and hears what they tell; ready when that has come to an end, which it must
/// not.
pub(super) async fn speak(state: AppState, news: Option<BusNews>) {
    let (Some(BusNews { streams, end }), Some(forwarding), Some(cluster)) =
        (news, state.forwarding, state.institutions.cluster())
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        () = forwarding.clone().let_in_all(streams) => {}
        () = tell(cluster, forwarding.bus()) => {}
        () = hear(cluster, forwarding.bus()) => {}
        () = end => {}
    }
}

async fn tell(cluster: &Cluster, bus: &Bus) {
    let moved = cluster.moved();
    loop {
        moved.notified().await;
        bus.tell_all(MOVED, Bytes::new());
    }
}

async fn hear(cluster: &Cluster, bus: &Bus) {
    let mut told = bus.told();
    loop {
        match told.recv().await {
            Ok(told) if told.topic == MOVED => cluster.look_now(),
            // A later version may tell more.
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => cluster.look_now(),
            Err(RecvError::Closed) => return,
        }
    }
}
