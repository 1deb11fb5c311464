//! The built server, over real HTTP, real sockets and a real PostgreSQL. `make test` gives it the database.

mod arrange;
mod backup;
mod bad_input;
mod chat;
mod consumers;
mod crowd;
mod fakes;
mod health;
mod im;
mod log_in;
mod messages;
mod metrics;
mod openapi;
mod outage;
mod people;
mod record;
mod rights;
mod rotation;
mod samples;
mod sockets;
mod store;
mod story;
mod support;
mod talks;
mod tidy;
mod wechat;
