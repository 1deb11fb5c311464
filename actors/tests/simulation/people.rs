//! People of a simulated day, each with a random source of their own: what they do follows from the seed alone.

mod administrator;
mod counselor;
mod visitor;

use hotline_actors::{CounselorId, VisitorId};
use uuid::Uuid;

pub(crate) use administrator::Administrator;
pub(crate) use counselor::Counselor;
pub(crate) use visitor::Visitor;

pub(crate) fn counselor(number: u64) -> CounselorId {
    CounselorId(Uuid::from_u64_pair(0xc, number))
}

pub(crate) fn supervisor(number: u64) -> CounselorId {
    CounselorId(Uuid::from_u64_pair(0xd, number))
}

fn visitor(number: u64) -> VisitorId {
    VisitorId(Uuid::from_u64_pair(0x1, number))
}
