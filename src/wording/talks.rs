//! What is said about conversations: their kinds and states, and why a message is in none.

pub const CONSULTATION: &str = "咨询会话";
pub const SUPERVISION: &str = "请求督导";

/// States of a conversation, as `/config` and the exports name them.
pub const WAITING: &str = "等待中";
pub const IN_PROGRESS: &str = "进行中";
pub const FINISHED: &str = "已结束";
pub const CANCELLED: &str = "已取消";
/// In `/config`.
pub const TIMED_OUT: &str = "已超时";
/// In files, where it stands alone.
pub const ENDED_BY_LIMIT: &str = "超时结束";

/// Why a message belongs to no conversation: the reasons that `insert.sql` gives.
pub fn unmatched(reason: &str) -> &'static str {
    match reason {
        "unknown-account" => "账号不存在",
        "no-open-conversation" => "双方没有进行中的会话",
        "several-open-conversations" => "双方有多个进行中的会话，无法确定归属",
        "unknown-conversation" => "会话不存在",
        "after-the-end" => "会话结束后发送",
        "other-people" => "不是该会话的双方",
        _ => "未归入会话",
    }
}
