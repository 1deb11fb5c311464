//! The built server, over real HTTP, real sockets and a real PostgreSQL. `make test` gives it the database.

mod arrange;
mod bad_input;
mod consumers;
mod crowd;
mod fakes;
mod health;
mod log_in;
mod messages;
mod outage;
mod record;
mod samples;
mod sockets;
mod store;
mod story;
mod support;
mod talks;
mod tidy;
mod wechat;
