//! Who may do what: the table of docs/contract.md 2. Two handlers narrow what it says: the live
//! state (`http/dispatch.rs`) and the month of shifts (`http/shifts.rs`).

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    identity::{AccountKind, Caller, NotAllowed},
    people::Person,
};

/// What somebody may want to do. A row of the table, or a part of one where its cells differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Right {
    /// Their own profile and password.
    OwnProfile,
    /// Open, end and evaluate conversations they asked for themselves.
    OwnConversations,
    /// End a conversation of others.
    EndConversation,
    /// Records, messages, exports.
    Records,
    /// The list of records; a visitor has their own at `/conversation/current`.
    ListRecords,
    RequestSupervisor,
    RaisePriority,
    AddCounselor,
    /// Change a counselor's account. Who is bound to the counselor is changed by administrators alone.
    ChangeCounselor,
    DeleteCounselor,
    /// Add, change and delete supervisors.
    ManageSupervisors,
    /// List, ban and activate visitors.
    ManageVisitors,
    /// Ban and activate staff.
    BanStaff,
    /// Lists of counselors and supervisors: whoever works here may know who does.
    ReadStaff,
    ReadShifts,
    ChangeShifts,
    /// Statistics and the live state.
    Statistics,
    DeleteConversation,
    /// `PUT /user/ms`.
    ManageBackOffice,
}

/// How far a right goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Reach {
    Nothing,
    /// What is their own.
    Own,
    /// What is of the counselors bound to them, and what they are asked about.
    Bound,
    /// Everything of the institution.
    Institution,
    /// Every institution.
    Everywhere,
}

impl Right {
    pub const ALL: [Self; 19] = [
        Self::OwnProfile,
        Self::OwnConversations,
        Self::EndConversation,
        Self::Records,
        Self::ListRecords,
        Self::RequestSupervisor,
        Self::RaisePriority,
        Self::AddCounselor,
        Self::ChangeCounselor,
        Self::DeleteCounselor,
        Self::ManageSupervisors,
        Self::ManageVisitors,
        Self::BanStaff,
        Self::ReadStaff,
        Self::ReadShifts,
        Self::ChangeShifts,
        Self::Statistics,
        Self::DeleteConversation,
        Self::ManageBackOffice,
    ];
}

/// One row of the table.
struct Row {
    visitor: Reach,
    counselor: Reach,
    supervisor: Reach,
    institution: Reach,
    system: Reach,
}

const fn row(visitor: Reach, counselor: Reach, supervisor: Reach, institution: Reach, system: Reach) -> Row {
    Row { visitor, counselor, supervisor, institution, system }
}

/// How far `right` goes for somebody of this kind.
pub const fn reach(kind: AccountKind, right: Right) -> Reach {
    use Reach::{Bound, Everywhere, Institution as All, Nothing as No, Own};
    let row = match right {
        //                                         visitor counselor supervisor admin system
        Right::OwnProfile => row(Own, Own, Own, Own, Own),
        Right::OwnConversations => row(Own, Own, Own, Own, No),
        Right::EndConversation | Right::Statistics | Right::ListRecords => row(No, Own, Bound, All, No),
        Right::Records => row(Own, Own, Bound, All, No),
        Right::RequestSupervisor => row(No, Own, No, All, No),
        Right::RaisePriority | Right::ChangeShifts => row(No, No, All, All, No),
        Right::AddCounselor | Right::DeleteCounselor | Right::ManageSupervisors | Right::BanStaff => {
            row(No, No, No, All, Everywhere)
        }
        Right::ChangeCounselor => row(No, No, Bound, All, Everywhere),
        Right::ManageVisitors => row(No, No, All, All, Everywhere),
        Right::ReadStaff => row(No, All, All, All, Everywhere),
        // A visitor reads the day's list only; the endpoint of the month asks for `Institution`.
        Right::ReadShifts => row(Own, All, All, All, No),
        Right::DeleteConversation => row(No, No, No, All, No),
        // The administrator of an institution makes counselors and supervisors; the system's, everybody.
        Right::ManageBackOffice => row(No, No, No, All, Everywhere),
    };
    match kind {
        AccountKind::Visitor => row.visitor,
        AccountKind::Counselor => row.counselor,
        AccountKind::Supervisor => row.supervisor,
        AccountKind::Institution => row.institution,
        AccountKind::System => row.system,
    }
}

/// How far the caller's right goes.
///
/// # Errors
/// -5 where they have none.
pub fn require(caller: &Caller, right: Right) -> Result<Reach, NotAllowed> {
    match reach(caller.kind, right) {
        Reach::Nothing => Err(NotAllowed),
        reach @ (Reach::Own | Reach::Bound | Reach::Institution | Reach::Everywhere) => Ok(reach),
    }
}

/// Whether somebody of this kind may make, ban or delete an account of that kind: administrators are the system's.
pub const fn may_keep_account(keeper: AccountKind, kept: AccountKind) -> bool {
    match (keeper, kept) {
        (AccountKind::System, _)
        | (
            AccountKind::Institution,
            AccountKind::Visitor | AccountKind::Counselor | AccountKind::Supervisor,
        ) => true,
        (AccountKind::Institution, AccountKind::Institution | AccountKind::System)
        | (AccountKind::Visitor | AccountKind::Counselor | AccountKind::Supervisor, _) => false,
    }
}

/// Whether somebody is one of those the caller's rights can reach at all: people of another institution are unknown.
pub fn reaches(caller: &Caller, person: &Person) -> bool {
    match &caller.institution {
        Some(own) => person.institution.as_ref() == Some(own),
        None => caller.kind == AccountKind::System,
    }
}

/// What the role may do, for `/auth/me`.
pub fn authorities(kind: AccountKind) -> BTreeMap<Right, Reach> {
    Right::ALL
        .into_iter()
        .map(|right| (right, reach(kind, right)))
        .filter(|(_, reach)| *reach != Reach::Nothing)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotline_actors::PersonId;
    use uuid::Uuid;

    /// The table of docs/contract.md 2, written down a second time in its own words.
    const TABLE: &str = "
        OwnProfile         own own own   own         own
        OwnConversations   own own own   own         no
        EndConversation    no  own bound institution no
        Records            own own bound institution no
        ListRecords        no  own bound institution no
        RequestSupervisor  no  own no    institution no
        RaisePriority      no  no  institution institution no
        AddCounselor       no  no  no    institution everywhere
        ChangeCounselor    no  no  bound institution everywhere
        DeleteCounselor    no  no  no    institution everywhere
        ManageSupervisors  no  no  no    institution everywhere
        ManageVisitors     no  no  institution institution everywhere
        BanStaff           no  no  no    institution everywhere
        ReadStaff          no  institution institution institution everywhere
        ReadShifts         own institution institution institution no
        ChangeShifts       no  no  institution institution no
        Statistics         no  own bound institution no
        DeleteConversation no  no  no    institution no
        ManageBackOffice   no  no  no    institution everywhere
    ";

    fn word(text: &str) -> Reach {
        match text {
            "no" => Reach::Nothing,
            "own" => Reach::Own,
            "bound" => Reach::Bound,
            "institution" => Reach::Institution,
            "everywhere" => Reach::Everywhere,
            other => panic!("no such reach: {other}"),
        }
    }

    #[test]
    fn every_cell_is_as_the_contract_says() {
        let rows: Vec<Vec<&str>> = TABLE
            .lines()
            .map(|line| line.split_whitespace().collect())
            .filter(|row: &Vec<_>| !row.is_empty())
            .collect();
        assert_eq!(rows.len(), Right::ALL.len());
        for (right, row) in Right::ALL.into_iter().zip(rows) {
            assert_eq!(format!("{right:?}"), row[0]);
            for (kind, cell) in AccountKind::ALL.into_iter().zip(&row[1..]) {
                assert_eq!(reach(kind, right), word(cell), "{right:?} of {kind:?}");
                let caller = Caller::for_tests(PersonId(Uuid::from_u128(1)), kind, Some("ecnu"));
                assert_eq!(require(&caller, right).is_ok(), *cell != "no", "{right:?} of {kind:?}");
            }
        }
    }

    #[test]
    fn administrators_are_kept_by_the_system_only() {
        for kept in AccountKind::ALL {
            assert!(may_keep_account(AccountKind::System, kept));
            let below =
                matches!(kept, AccountKind::Visitor | AccountKind::Counselor | AccountKind::Supervisor);
            assert_eq!(may_keep_account(AccountKind::Institution, kept), below);
            assert!(!may_keep_account(AccountKind::Supervisor, kept));
        }
    }

    #[test]
    fn authorities_are_a_map_of_what_is_allowed() {
        let map = serde_json::to_value(authorities(AccountKind::Visitor)).expect("serializable");
        let expected = serde_json::json!({
            "ownProfile": "own", "ownConversations": "own", "records": "own", "readShifts": "own"
        });
        assert_eq!(map, expected);
    }
}
