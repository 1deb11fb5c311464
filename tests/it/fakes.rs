//! Others' servers, as their documents say they answer.

pub(crate) mod tencent;
pub(crate) mod wechat;
