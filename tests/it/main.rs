//! The built server, over real HTTP, real sockets and a real PostgreSQL. `make test` gives it the database.

mod bad_input;
mod crowd;
mod health;
mod log_in;
mod messages;
mod people;
mod record;
mod rights;
mod samples;
mod story;
mod support;
mod tidy;
