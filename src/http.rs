//! The endpoints, a file per area of the interface document; and what stands around them: connections, every request.

pub mod auth;
mod body;
mod caller;
pub mod config;
mod connection;
pub mod conversation;
pub mod dispatch;
pub mod evaluate;
pub mod forward;
pub mod health;
pub mod im;
pub mod image;
pub mod message;
pub mod metrics;
mod middleware;
pub(crate) mod openapi;
mod origin;
pub mod pages;
pub mod record;
mod refusals;
mod server;
pub mod shifts;
pub mod sockets;
pub mod state;
pub mod statistics;
pub mod traffic;
pub mod user;
pub mod wechat;

use actix_web::web::ServiceConfig;

pub(crate) use server::serve;

/// Every route. A path is registered once, with all its methods, so that another method is answered 405.
pub fn routes(cfg: &mut ServiceConfig) {
    auth::routes(cfg);
    user::routes(cfg);
    config::routes(cfg);
    shifts::routes(cfg);
    statistics::routes(cfg);
    record::routes(cfg);
    // Last of these: its `/conversation/{id}` would take their paths.
    conversation::routes(cfg);
    evaluate::routes(cfg);
    dispatch::routes(cfg);
    sockets::routes(cfg);
    health::routes(cfg);
    im::routes(cfg);
    image::routes(cfg);
    metrics::routes(cfg);
    message::routes(cfg);
    wechat::routes(cfg);
    openapi::routes(cfg);
    pages::routes(cfg);
}
