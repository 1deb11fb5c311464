//! Tencent IM: the signatures people log in with, the callbacks it sends, and the form its web client shows.

pub mod callback;
pub mod elements;
pub mod user_sig;
