//! Others' servers, as their documents say they answer.

pub(crate) mod wechat;
