//! Lists of people: newest first, a page at a time, without the deleted.

use hotline_actors::PersonId;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    errors::InternalError,
    identity::AccountKind,
    params::Page,
    secrets::{Column, Sealer},
};

/// Phone numbers that one search opens at most, the newest accounts' first. They are staff, and an institution has few.
const PHONES_OPENED_MAX: i64 = 5000;

/// Whom to list. Without an institution: everybody's.
#[derive(Clone)]
pub struct Filter {
    pub institution: Option<String>,
    pub kinds: Vec<AccountKind>,
    /// Parts of the texts, in any case.
    pub name: Option<String>,
    pub username: Option<String>,
    pub department: Option<String>,
    /// The whole text.
    pub gender: Option<String>,
    /// A part of a staff member's number, or the whole number of anybody.
    pub phone: Option<String>,
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Filter").field("kinds", &self.kinds).finish_non_exhaustive()
    }
}

impl Filter {
    /// Everybody of these kinds.
    pub fn of(institution: Option<String>, kinds: Vec<AccountKind>) -> Self {
        Self { institution, kinds, name: None, username: None, department: None, gender: None, phone: None }
    }

    /// The kinds and the names of the filters, for the audit; none of their values.
    pub fn named(&self) -> String {
        let given = [
            ("name", self.name.is_some()),
            ("username", self.username.is_some()),
            ("department", self.department.is_some()),
            ("gender", self.gender.is_some()),
            ("phoneNumber", self.phone.is_some()),
        ];
        let filters = given.into_iter().filter_map(|(field, is_given)| is_given.then_some(field));
        self.kinds.iter().map(|kind| kind.as_str()).chain(filters).collect::<Vec<_>>().join(" ")
    }

    fn kinds(&self) -> Vec<String> {
        self.kinds.iter().map(|kind| kind.as_str().to_owned()).collect()
    }
}

/// The people of one page in their order, and how many the whole list has.
pub(super) async fn page(
    pool: &PgPool,
    sealer: &Sealer,
    filter: &Filter,
    page: Page,
) -> Result<(Vec<PersonId>, i64), InternalError> {
    let (phone_hashes, with_phone) = match &filter.phone {
        Some(phone) => {
            let hashes: Vec<Vec<u8>> = sealer.find_hashes(phone).into_iter().map(Into::into).collect();
            (Some(hashes), staff_with_phone(pool, sealer, filter, phone).await?)
        }
        None => (None, Vec::new()),
    };
    let found = sqlx::query!(
        r#"with found as (
               select id, created_at from people
               where ($1::text is null or institution = $1) and kind = any($2) and deleted_at is null
                 and ($3::text is null or strpos(searched_name(name, username, visitor_number), lower($3)) > 0)
                 and ($4::text is null or strpos(lower(username), lower($4)) > 0)
                 and ($5::text is null or strpos(lower(department), lower($5)) > 0)
                 and ($6::text is null or gender = $6)
                 and ($7::bytea[] is null or phone_hash = any($7) or id = any($8))
           )
           select (select count(*) from found) as "count!",
                  array(select id from found order by created_at desc, id desc limit $9 offset $10) as "ids!""#,
        filter.institution,
        &filter.kinds(),
        filter.name,
        filter.username,
        filter.department,
        filter.gender,
        phone_hashes.as_deref(),
        &with_phone,
        page.limit,
        page.offset,
    )
    .fetch_one(pool)
    .await?;
    Ok((found.ids.into_iter().map(PersonId).collect(), found.count))
}

/// Staff in whose number `part` is. The numbers are sealed in the database, so they are opened here.
async fn staff_with_phone(
    pool: &PgPool,
    sealer: &Sealer,
    filter: &Filter,
    part: &str,
) -> Result<Vec<Uuid>, InternalError> {
    let candidates = sqlx::query!(
        r#"select id, phone as "phone!" from people
           where ($1::text is null or institution = $1) and kind = any($2) and kind <> 'VISITOR'
             and deleted_at is null and phone is not null
           order by created_at desc, id desc
           limit $3"#,
        filter.institution,
        &filter.kinds(),
        PHONES_OPENED_MAX,
    )
    .fetch_all(pool)
    .await?;
    let (sealer, part) = (sealer.clone(), part.to_owned());
    let search = move || {
        let holds = |person: Uuid, sealed: &str| {
            let phone = sealer.open_or_tell(sealed, Column::Phone.of(PersonId(person)));
            phone.is_some_and(|phone| phone.contains(&part))
        };
        candidates.into_iter().filter(|row| holds(row.id, &row.phone)).map(|row| row.id).collect()
    };
    tokio::task::spawn_blocking(search).await.map_err(InternalError::other)
}
