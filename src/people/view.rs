//! The one person object of the wire, and the one place that decides how much of a person a reader sees.

use hotline_actors::{PersonId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::Person;
use crate::{
    identity::{AccountKind, Caller},
    wire::Id,
};

/// The fields of the document's section 16, in its order.
#[expect(clippy::struct_excessive_bools, reason = "the document's object has them")]
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonView {
    #[schema(value_type = Id)]
    pub id: PersonId,
    #[schema(value_type = i64)]
    pub created_time: Timestamp,
    #[schema(value_type = Option<Id>)]
    pub creator: Option<PersonId>,
    #[schema(value_type = i64)]
    pub last_update_time: Timestamp,
    #[schema(value_type = Option<Id>)]
    pub last_updater: Option<PersonId>,
    pub institution_code: Option<String>,
    pub open_id: Option<String>,
    pub name: Option<String>,
    pub username: String,
    /// Ours: what a visitor without a name is called by.
    pub visitor_number: Option<i32>,
    pub avatar_url: Option<String>,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub gender: Option<String>,
    pub phone_number: Option<String>,
    pub email: Option<String>,
    pub id_number: Option<String>,
    pub department: Option<String>,
    pub title: Option<String>,
    pub age: i32,
    pub state: Option<&'static str>,
    pub avatar: Option<String>,
    pub total_time: i64,
    pub qualification: Option<String>,
    pub qualification_code: Option<String>,
    #[schema(value_type = Option<Vec<Id>>)]
    pub supervisors: Option<Vec<PersonId>>,
    pub activated: bool,
    #[schema(value_type = Option<i64>)]
    pub activate_time: Option<Timestamp>,
    pub roles: &'static str,
    pub emergency_contact: Option<String>,
    pub emergency_phone: Option<String>,
    pub max_consults: i32,
    pub authorities: Option<()>,
    pub enabled: bool,
    pub account_non_locked: bool,
    pub credentials_non_expired: bool,
    pub account_non_expired: bool,
    pub subscribe: bool,
}

impl std::fmt::Debug for PersonView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PersonView({}, …)", self.id)
    }
}

/// How much of the confidential fields a reader sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Visibility {
    Clear,
    Masked,
    Nothing,
}

/// docs/contract.md 2: null for visitors, masked for counselors, clear for the person and those who answer for them.
///
/// The system administrator keeps the accounts of the staff, and so reads those; visitors stay masked.
fn visibility(person: &Person, reader: &Caller) -> Visibility {
    if person.id == reader.id {
        return Visibility::Clear;
    }
    let at_home = reader.institution.is_some() && reader.institution == person.institution;
    match reader.kind {
        AccountKind::Counselor if at_home => Visibility::Masked,
        AccountKind::Supervisor | AccountKind::Institution if at_home => Visibility::Clear,
        AccountKind::Visitor
        | AccountKind::Counselor
        | AccountKind::Supervisor
        | AccountKind::Institution => Visibility::Nothing,
        AccountKind::System if person.kind.is_staff() => Visibility::Clear,
        AccountKind::System => Visibility::Masked,
    }
}

/// A person as `reader` may see them.
pub fn view(person: &Person, reader: &Caller) -> PersonView {
    let visibility = visibility(person, reader);
    let shown = |text: Option<String>, mask: fn(&str) -> String| match visibility {
        Visibility::Clear => text,
        Visibility::Masked => text.map(|text| mask(&text)),
        Visibility::Nothing => None,
    };
    // What is not shown is not opened either.
    let opened = |secret: &Option<super::Secret>| match visibility {
        Visibility::Clear | Visibility::Masked => secret.as_ref().and_then(super::Secret::open),
        Visibility::Nothing => None,
    };
    let may_come_in = person.may_come_in();
    PersonView {
        id: person.id,
        created_time: person.created_at,
        creator: person.created_by,
        last_update_time: person.updated_at,
        last_updater: person.updated_by,
        institution_code: person.institution.clone(),
        open_id: shown(person.open_id.clone(), mask_middle),
        name: person.name.clone(),
        username: person.username.clone(),
        visitor_number: person.visitor_number,
        avatar_url: person.avatar_url.clone(),
        kind: person.kind.as_str(),
        gender: person.gender.clone(),
        phone_number: shown(opened(&person.phone), mask_middle),
        email: shown(person.email.clone(), mask_email),
        id_number: shown(opened(&person.id_number), mask_middle),
        department: person.department.clone(),
        title: person.title.clone(),
        age: person.age,
        state: person.state.map(super::AccountState::as_str),
        avatar: None,
        total_time: person.total_time,
        qualification: person.qualification.clone(),
        qualification_code: person.qualification_code.clone(),
        supervisors: (person.kind == AccountKind::Counselor).then(|| person.supervisors.clone()),
        // Visitors come in activated; staff only once they did it themselves, which is then dated.
        activated: person.activated && (!person.kind.is_staff() || person.activated_at.is_some()),
        activate_time: person.activated_at,
        roles: person.kind.role(),
        emergency_contact: shown(person.emergency_contact.clone(), mask_name),
        emergency_phone: shown(opened(&person.emergency_phone), mask_middle),
        max_consults: person.max_consults,
        authorities: None,
        enabled: may_come_in,
        account_non_locked: may_come_in,
        credentials_non_expired: true,
        account_non_expired: true,
        subscribe: person.subscribe,
    }
}

/// `13823456789` becomes `138****6789`. A text too short to hide its middle shows its last character at most.
fn mask_middle(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let (head, tail) = match letters.len() {
        0 => return String::new(),
        1..=4 => (0, 0),
        5..=8 => (1, 1),
        9..=10 => (2, 2),
        _ => (3, 4),
    };
    let part = |range: &[char]| range.iter().collect::<String>();
    format!("{}****{}", part(&letters[..head]), part(&letters[letters.len() - tail..]))
}

/// `zhang@ecnu.edu.cn` becomes `z****@ecnu.edu.cn`.
fn mask_email(text: &str) -> String {
    match text.split_once('@') {
        Some((user, host)) => {
            let first: String = user.chars().take(1).collect();
            format!("{first}****@{host}")
        }
        None => mask_middle(text),
    }
}

/// `张三` becomes `张**`.
fn mask_name(text: &str) -> String {
    match text.chars().next() {
        Some(first) => format!("{first}**"),
        None => String::new(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        config,
        people::{AccountState, Secret},
        secrets::{Column, Sealer},
    };
    use uuid::Uuid;

    pub(in crate::people) fn person(kind: AccountKind, institution: &str) -> Person {
        let sealer = Sealer::new(&config::defaults().secrets);
        let id = PersonId(Uuid::from_u128(7));
        let secret = |text: &str, column: Column| {
            let text = sealer.seal(text, column.of(id)).expect("sealed");
            Some(Secret::new(text, sealer.clone(), column.of(id)))
        };
        Person {
            id,
            institution: Some(institution.to_owned()),
            kind,
            username: "somebody".into(),
            visitor_number: (kind == AccountKind::Visitor).then_some(12),
            open_id: Some("o92QK5j3QuMqvOnGFsDXH23e6ihg".into()),
            wechat_appid: None,
            name: Some("王芳".into()),
            gender: Some("女".into()),
            age: 19,
            avatar_url: None,
            phone: secret("13823456789", Column::Phone),
            id_number: secret("43230019950616001X", Column::IdNumber),
            email: Some("wang@example.edu".into()),
            emergency_contact: Some("王强".into()),
            emergency_phone: secret("13900001111", Column::EmergencyPhone),
            department: None,
            title: None,
            qualification: None,
            qualification_code: None,
            state: Some(AccountState::Normal),
            max_consults: 5,
            total_time: 0,
            subscribe: false,
            activated: true,
            activated_at: None,
            supervisors: vec![],
            created_by: None,
            created_at: Timestamp(1),
            updated_by: None,
            updated_at: Timestamp(1),
            deleted_at: None,
        }
    }

    fn seen(person: &Person, kind: AccountKind, institution: Option<&str>) -> [Option<String>; 6] {
        let view = view(person, &Caller::for_tests(PersonId(Uuid::from_u128(8)), kind, institution));
        assert_eq!(view.name.as_deref(), Some("王芳"), "a name is not confidential");
        confidential(view)
    }

    fn confidential(view: PersonView) -> [Option<String>; 6] {
        [
            view.phone_number,
            view.id_number,
            view.email,
            view.emergency_contact,
            view.emergency_phone,
            view.open_id,
        ]
    }

    fn all(texts: [&str; 6]) -> [Option<String>; 6] {
        texts.map(|text| Some(text.to_owned()))
    }

    fn clear() -> [Option<String>; 6] {
        all([
            "13823456789",
            "43230019950616001X",
            "wang@example.edu",
            "王强",
            "13900001111",
            "o92QK5j3QuMqvOnGFsDXH23e6ihg",
        ])
    }

    fn masked() -> [Option<String>; 6] {
        all(["138****6789", "432****001X", "w****@example.edu", "王**", "139****1111", "o92****6ihg"])
    }

    #[test]
    fn each_reader_sees_what_is_for_them() {
        let nothing = [const { None }; 6];
        for kind in
            [AccountKind::Visitor, AccountKind::Counselor, AccountKind::Supervisor, AccountKind::Institution]
        {
            let person = person(kind, "ecnu");
            assert_eq!(seen(&person, AccountKind::Visitor, Some("ecnu")), nothing);
            assert_eq!(seen(&person, AccountKind::Counselor, Some("ecnu")), masked());
            assert_eq!(seen(&person, AccountKind::Supervisor, Some("ecnu")), clear());
            assert_eq!(seen(&person, AccountKind::Institution, Some("ecnu")), clear());
            for reader in [
                AccountKind::Visitor,
                AccountKind::Counselor,
                AccountKind::Supervisor,
                AccountKind::Institution,
            ] {
                assert_eq!(seen(&person, reader, Some("elsewhere")), nothing);
            }
            let to_system = if kind == AccountKind::Visitor { masked() } else { clear() };
            assert_eq!(seen(&person, AccountKind::System, None), to_system);
        }
    }

    #[test]
    fn everybody_sees_themselves_in_clear() {
        for kind in AccountKind::ALL {
            let person = person(kind, "ecnu");
            let oneself = Caller::for_tests(person.id, kind, Some("ecnu"));
            assert_eq!(confidential(view(&person, &oneself)), clear());
        }
    }

    #[test]
    fn staff_who_never_activated_anything_are_not_activated() {
        let activated = |kind, activated_at| {
            let person = Person { activated_at, ..person(kind, "ecnu") };
            let reader = Caller::for_tests(person.id, kind, Some("ecnu"));
            view(&person, &reader).activated
        };
        for kind in AccountKind::ALL {
            assert_eq!(activated(kind, None), kind == AccountKind::Visitor, "{kind:?}");
            assert!(activated(kind, Some(Timestamp(1))), "{kind:?}");
        }
    }

    #[test]
    fn short_texts_are_not_given_away_by_their_mask() {
        assert_eq!(mask_middle("110"), "****");
        assert_eq!(mask_middle("62233"), "6****3");
        assert_eq!(mask_middle("0216223333"), "02****33");
        assert_eq!(mask_middle(""), "");
        assert_eq!(mask_email("no address"), "no****ss");
    }

    #[test]
    fn the_object_has_the_documents_keys() {
        let person = person(AccountKind::Visitor, "ecnu");
        let reader = Caller::for_tests(PersonId(Uuid::from_u128(8)), AccountKind::Institution, Some("ecnu"));
        let value = serde_json::to_value(view(&person, &reader)).expect("serializable");
        let keys: std::collections::BTreeSet<_> =
            value.as_object().expect("an object").keys().cloned().collect();
        let documented = "id createdTime creator lastUpdateTime lastUpdater institutionCode openId name username avatarUrl \
            type gender phoneNumber email idNumber department title age state avatar totalTime qualification \
            qualificationCode supervisors activated activateTime roles emergencyContact emergencyPhone maxConsults \
            authorities enabled accountNonLocked credentialsNonExpired accountNonExpired subscribe visitorNumber";
        assert_eq!(keys, documented.split_whitespace().map(str::to_owned).collect());
        assert_eq!(value["roles"], "ROLE_VISITOR");
        assert_eq!(value["createdTime"], 1);
    }
}
