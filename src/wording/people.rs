//! What people are called by what they are.

pub const VISITOR: &str = "访客";
pub const COUNSELOR: &str = "咨询师";
pub const SUPERVISOR: &str = "督导";
pub const ADMINISTRATOR: &str = "管理员";
/// Nobody is that here, but whoever calls themselves so seems to speak for the hotline.
pub const CUSTOMER_SERVICE: &str = "客服";

/// A visitor without a name.
pub fn numbered_visitor(number: i32) -> String {
    format!("{VISITOR} {number}")
}
