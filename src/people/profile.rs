//! What is told of a person: by themself, or by those who keep the account. Absent is unchanged, empty clears; only a
//! name stays, since others call them by it.

use std::fmt;

use hotline_actors::{PersonId, Timestamp};
use sqlx::postgres::PgExecutor;

use super::{Person, Secret, formats};
use crate::{
    params::{ParamError, Params},
    secrets::{Column, SealFault, Sealer},
    text,
};

/// Characters of each field. Formats are not checked where somebody tells of themselves: existing clients send what they
/// like.
const NAME_CHARS_MAX: usize = 64;
const WORD_CHARS_MAX: usize = 100;
const NUMBER_CHARS_MAX: usize = 32;
const ADDRESS_CHARS_MAX: usize = 254;
const URL_CHARS_MAX: usize = 1000;
const AGE_MAX: i64 = 150;

/// The fields to change.
#[derive(Clone, Default)]
pub struct Profile {
    name: Option<String>,
    gender: Option<String>,
    age: Option<i32>,
    avatar_url: Option<String>,
    phone: Option<String>,
    id_number: Option<String>,
    email: Option<String>,
    emergency_contact: Option<String>,
    emergency_phone: Option<String>,
    department: Option<String>,
    title: Option<String>,
    qualification: Option<String>,
    qualification_code: Option<String>,
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Profile(…)")
    }
}

impl Profile {
    /// What people may tell of themselves: section 18, and `avatarUrl`, `gender`, `age`.
    ///
    /// # Errors
    /// [`ParamError::Bad`] when one is too long or of a wrong type.
    pub fn own(params: &Params) -> Result<Self, ParamError> {
        Ok(Self {
            // A name of which nobody sees anything is none.
            name: params.given("name", NAME_CHARS_MAX)?.map(|name| {
                let name = if text::is_blank(&name) { "" } else { name.trim() };
                name.to_owned()
            }),
            gender: params.given("gender", NUMBER_CHARS_MAX)?,
            age: age(params)?,
            avatar_url: params.given("avatarUrl", URL_CHARS_MAX)?,
            phone: params.given("phoneNumber", NUMBER_CHARS_MAX)?,
            emergency_contact: params.given("emergencyContact", NAME_CHARS_MAX)?,
            emergency_phone: params.given("emergencyPhone", NUMBER_CHARS_MAX)?,
            ..Self::default()
        })
    }

    /// What is told of staff: sections 8, 9, 11, 12 and 19.
    ///
    /// # Errors
    /// As [`Profile::own`].
    pub fn of_staff(params: &Params) -> Result<Self, ParamError> {
        let code = params.given("qualificationCode", WORD_CHARS_MAX)?;
        Ok(Self {
            // Its check character is written as X.
            id_number: params.given("idNumber", NUMBER_CHARS_MAX)?.as_deref().map(str::to_ascii_uppercase),
            email: params.given("email", ADDRESS_CHARS_MAX)?,
            department: params.given("department", WORD_CHARS_MAX)?,
            title: params.given("title", WORD_CHARS_MAX)?,
            qualification: params.given("qualification", WORD_CHARS_MAX)?,
            qualification_code: match code {
                Some(code) => Some(code),
                None => params.given("qualificationcode", WORD_CHARS_MAX)?,
            },
            ..Self::own(params)?
        })
    }
}

impl Profile {
    /// This, with numbers and addresses that look like such. What is told as it stands already is left out, so that a
    /// value of before does not keep others from being changed.
    ///
    /// # Errors
    /// [`ParamError::Bad`].
    pub fn checked(mut self, known: Option<&Person>) -> Result<Self, ParamError> {
        let open = |secret: Option<&Secret>| secret.and_then(Secret::open);
        let phone = open(known.and_then(|person| person.phone.as_ref()));
        let number = open(known.and_then(|person| person.id_number.as_ref()));
        let emergency = open(known.and_then(|person| person.emergency_phone.as_ref()));
        let email = known.and_then(|person| person.email.clone());
        for (field, told, known, fits) in [
            ("phoneNumber", &mut self.phone, phone, formats::is_phone as fn(&str) -> bool),
            ("emergencyPhone", &mut self.emergency_phone, emergency, formats::is_phone),
            (
                "idNumber",
                &mut self.id_number,
                number.as_deref().map(str::to_ascii_uppercase),
                formats::is_identity_number,
            ),
            ("email", &mut self.email, email, formats::is_email),
        ] {
            if told.is_some() && *told == known {
                *told = None;
            } else if told.as_deref().is_some_and(|told| !told.is_empty() && !fits(told)) {
                return Err(ParamError::bad(field));
            }
        }
        Ok(self)
    }

    /// The names of the fields to change, as they are on the wire.
    pub(super) fn fields(&self) -> Vec<&'static str> {
        [
            ("name", self.name.is_some()),
            ("gender", self.gender.is_some()),
            ("age", self.age.is_some()),
            ("avatarUrl", self.avatar_url.is_some()),
            ("phoneNumber", self.phone.is_some()),
            ("idNumber", self.id_number.is_some()),
            ("email", self.email.is_some()),
            ("emergencyContact", self.emergency_contact.is_some()),
            ("emergencyPhone", self.emergency_phone.is_some()),
            ("department", self.department.is_some()),
            ("title", self.title.is_some()),
            ("qualification", self.qualification.is_some()),
            ("qualificationCode", self.qualification_code.is_some()),
        ]
        .into_iter()
        .filter_map(|(field, is_given)| is_given.then_some(field))
        .collect()
    }
}

fn age(params: &Params) -> Result<Option<i32>, ParamError> {
    if params.given("age", NUMBER_CHARS_MAX)?.is_some_and(|age| age.is_empty()) {
        return Ok(Some(0));
    }
    let age = params.int("age")?;
    age.map(|age| {
        let fits = (0..=AGE_MAX).contains(&age);
        i32::try_from(age).ok().filter(|_| fits).ok_or_else(|| ParamError::bad("age"))
    })
    .transpose()
}

/// Why a profile could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ProfileFault {
    #[error(transparent)]
    Seal(#[from] SealFault),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Writes what is told of somebody; says whether they are there.
pub(super) async fn write(
    executor: impl PgExecutor<'_>,
    sealer: &Sealer,
    person: PersonId,
    profile: &Profile,
    by: PersonId,
    at: Timestamp,
) -> Result<bool, ProfileFault> {
    let shut = |text: &Option<String>, column: Column| match text.as_deref() {
        None => Ok(None),
        Some("") => Ok(Some(String::new())),
        Some(text) => sealer.seal(text, column.of(person)).map(Some),
    };
    let hashed = |text: &Option<String>| {
        let text = text.as_deref().filter(|text| !text.is_empty());
        text.map(|text| sealer.find_hash(text).to_vec())
    };
    let updated = sqlx::query!(
        "update people set
             name = coalesce(nullif($2, ''), name),
             gender = nullif(coalesce($3, gender), ''),
             age = coalesce($4, age),
             avatar_url = nullif(coalesce($5, avatar_url), ''),
             phone = nullif(coalesce($6, phone), ''),
             phone_hash = case when $6 is null then phone_hash else $7 end,
             id_number = nullif(coalesce($8, id_number), ''),
             id_number_hash = case when $8 is null then id_number_hash else $9 end,
             email = nullif(coalesce($10, email), ''),
             emergency_contact = nullif(coalesce($11, emergency_contact), ''),
             emergency_phone = nullif(coalesce($12, emergency_phone), ''),
             department = nullif(coalesce($13, department), ''),
             title = nullif(coalesce($14, title), ''),
             qualification = nullif(coalesce($15, qualification), ''),
             qualification_code = nullif(coalesce($16, qualification_code), ''),
             updated_by = $17,
             updated_at = $18
         where id = $1 and deleted_at is null",
        person.0,
        profile.name,
        profile.gender,
        profile.age,
        profile.avatar_url,
        shut(&profile.phone, Column::Phone)?,
        hashed(&profile.phone),
        shut(&profile.id_number, Column::IdNumber)?,
        hashed(&profile.id_number),
        profile.email,
        profile.emergency_contact,
        shut(&profile.emergency_phone, Column::EmergencyPhone)?,
        profile.department,
        profile.title,
        profile.qualification,
        profile.qualification_code,
        by.0,
        at.0,
    )
    .execute(executor)
    .await?;
    Ok(updated.rows_affected() == 1)
}
