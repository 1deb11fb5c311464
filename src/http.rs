//! The endpoints, a file per area of the interface document.

pub mod auth;
pub mod config;
pub mod conversation;
pub mod health;
pub mod im;
pub mod message;
pub mod metrics;
pub mod user;

use actix_web::web::ServiceConfig;

/// Every route. A path is registered once, with all its methods, so that another method is answered 405.
pub fn routes(cfg: &mut ServiceConfig) {
    auth::routes(cfg);
    user::routes(cfg);
    config::routes(cfg);
    conversation::routes(cfg);
    crate::sockets::routes(cfg);
    health::routes(cfg);
    im::routes(cfg);
    message::routes(cfg);
    metrics::routes(cfg);
}
