//! The built server, over real HTTP, real sockets and a real PostgreSQL. `make test` gives it the database.

mod bad_input;
mod crowd;
mod fakes;
mod health;
mod im;
mod messages;
mod record;
mod samples;
mod story;
mod support;
mod tidy;
