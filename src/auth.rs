//! Log-in sessions, passwords, and who may try to log in.

mod common;
pub mod limits;
pub mod password;
mod session_rows;
pub mod sessions;
pub mod turns;

pub use sessions::Sessions;
