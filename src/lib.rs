//! The server around the dispatch domain: configuration, HTTP, sockets, IM, WeChat and the PostgreSQL store.

pub mod answer;
pub mod app;
pub mod audit;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod conversations;
pub mod database;
pub mod demo;
pub mod http;
pub mod im;
pub mod institutions;
pub mod messages;
pub mod metrics;
pub mod params;
pub mod people;
pub mod rights;
pub mod secrets;
pub mod sockets;
pub mod store;
pub mod telemetry;
pub mod wechat;
