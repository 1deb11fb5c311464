//! What every handler has at hand. Nothing below `http` knows it: there, a function takes what it uses.

use std::sync::Arc;

use sqlx::PgPool;

use super::{forward::Forwarding, sockets::OpenSockets, traffic::Traffic};
use crate::{
    accounts::Accounts,
    auth::{Sessions, limits::LoginLimits, password::Passwords},
    config::Settings,
    export::Exports,
    im::{Im, embedded::Embedded},
    images::Uploads,
    institutions::Institutions,
    messages::MessageStore,
    metrics::Metrics,
    people::People,
    secrets::Sealer,
    wechat::Wechat,
};

/// What handlers share. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState {
    pub settings: Arc<Settings>,
    pub pool: PgPool,
    /// For the list of records alone.
    pub lists: PgPool,
    pub sessions: Sessions,
    pub accounts: Accounts,
    pub passwords: Passwords,
    pub login_limits: LoginLimits,
    pub people: People,
    pub sealer: Sealer,
    pub wechat: Wechat,
    pub institutions: Institutions,
    pub messages: MessageStore,
    pub sockets: OpenSockets,
    pub metrics: Metrics,
    pub exports: Exports,
    pub im: Im,
    pub uploads: Uploads,
    pub embedded: Embedded,
    /// For what we ask others.
    pub outbound: reqwest::Client,
    pub traffic: Traffic,
    /// Among several servers with a bus: the way to the others.
    pub forwarding: Option<Forwarding>,
}
