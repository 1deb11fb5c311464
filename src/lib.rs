//! The server around the dispatch domain: configuration, HTTP, sockets, IM, WeChat and the PostgreSQL store.

// No server can be sabotaged: it does not even compile.
const _: () =
    assert!(!hotline_actors::sabotage::POSSIBLE, "the feature `sabotage` is for the actors' own tests");

pub mod accounts;
pub mod address;
pub mod answer;
pub mod app;
pub mod audit;
pub mod auth;
pub mod calendar;
pub mod check;
pub mod cli;
pub mod clock;
pub mod cluster;
pub mod config;
pub mod consumers;
pub mod conversations;
pub mod database;
pub mod demo;
pub mod errors;
pub mod evaluations;
pub mod export;
pub mod http;
pub mod identity;
pub mod im;
pub mod images;
pub mod institutions;
pub mod messages;
pub mod metrics;
pub mod outbound;
pub mod params;
pub mod people;
pub mod retention;
pub mod rights;
pub mod secrets;
pub mod shifts;
pub mod statistics;
pub mod store;
pub mod telemetry;
pub mod text;
pub mod wechat;
pub mod wire;
pub mod wording;
