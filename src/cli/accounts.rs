//! `hotline institution add` and `hotline user add`: what must be there before anybody can log in.

use std::io::Read;

use clap::{Args, Subcommand};
use hotline_actors::PersonId;
use sqlx::PgPool;
use uuid::Uuid;

use super::CliError;
use crate::{
    auth::password,
    clock,
    config::{Settings, is_institution_code},
    database,
    people::{Kind, NewPerson, People, names},
    secrets::Sealer,
};

/// A longer password is a mistake, such as a file.
const PASSWORD_BYTES_MAX: u64 = 1024;

#[derive(Debug, Subcommand)]
pub(super) enum Institution {
    /// Add an institution
    Add(AddInstitution),
}

#[derive(Debug, Args)]
pub(super) struct AddInstitution {
    /// 2 to 32 of a-z, 0-9, _ and -
    code: String,
    /// What it is called
    #[arg(long)]
    name: String,
    /// Where its days begin
    #[arg(long, default_value = "Asia/Shanghai")]
    time_zone: String,
}

#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Add somebody; the password is read from the standard input
    Add(AddUser),
}

#[derive(Debug, Args)]
pub(super) struct AddUser {
    /// 2 to 32 letters, digits, _ and -
    username: String,
    /// COUNSELOR, SUPERVISOR, INSTITUTION (its administrator) or SYSTEM
    #[arg(long, value_parser = staff_kind, ignore_case = true)]
    kind: Kind,
    /// The institution's code; not for SYSTEM
    #[arg(long, value_name = "CODE")]
    institution: Option<String>,
    /// What the person is called
    #[arg(long)]
    name: Option<String>,
    /// The standard input holds the MD5 of the password, as clients send it, rather than the password
    #[arg(long)]
    md5: bool,
}

fn staff_kind(text: &str) -> Result<Kind, String> {
    let kind = text.to_ascii_uppercase().parse::<Kind>().ok().filter(|kind| kind.is_staff());
    kind.ok_or_else(|| "COUNSELOR, SUPERVISOR, INSTITUTION or SYSTEM".to_owned())
}

impl Institution {
    pub(super) async fn run(self, settings: Settings) -> Result<(), CliError> {
        let Self::Add(add) = self;
        if !is_institution_code(&add.code) {
            return Err(CliError::Given("the code is 2 to 32 of a-z, 0-9, _ and -".to_owned()));
        }
        if jiff::tz::TimeZone::get(&add.time_zone).is_err() {
            return Err(CliError::Given(format!("there is no time zone {}", add.time_zone)));
        }
        let pool = database::pool(&settings.database).await?;
        let inserted = sqlx::query!(
            "insert into institutions (code, name, time_zone, created_at) values ($1, $2, $3, $4)
             on conflict (code) do nothing",
            add.code,
            add.name,
            add.time_zone,
            clock::now().0
        )
        .execute(&pool)
        .await?;
        pool.close().await;
        if inserted.rows_affected() == 0 {
            return Err(CliError::Given(format!("the institution {} exists already", add.code)));
        }
        println!("The institution {} is there; a server that runs sees it after a restart.", add.code);
        Ok(())
    }
}

impl User {
    pub(super) async fn run(self, settings: Settings) -> Result<(), CliError> {
        let Self::Add(add) = self;
        if !names::is_free_for_staff(&add.username, &settings.im.administrator) {
            return Err(CliError::Given(
                "the user name is 2 to 32 letters, digits, _ and -, no id, and not the IM administrator's"
                    .into(),
            ));
        }
        if (add.kind == Kind::System) != add.institution.is_none() {
            let rule = "--institution is for everybody but SYSTEM, who belongs to none";
            return Err(CliError::Given(rule.to_owned()));
        }
        let md5 = read_password(add.md5)?;
        let password_hash = password::hash_now(&md5).map_err(|error| CliError::Other(error.to_string()))?;
        let pool = database::pool(&settings.database).await?;
        if let Some(code) = &add.institution {
            ensure_institution(&pool, code).await?;
        }
        let rules = add
            .institution
            .as_deref()
            .map_or_else(|| settings.dispatch.clone(), |code| settings.dispatch_for(code));
        let people = People::new(pool.clone(), Sealer::new(&settings.secrets));
        let added = people
            .add(NewPerson {
                id: PersonId(Uuid::now_v7()),
                institution: add.institution,
                kind: add.kind,
                username: add.username.clone(),
                password_hash: Some(password_hash),
                open_id: None,
                wechat_appid: None,
                name: add.name,
                max_consults: i32::try_from(rules.default_max_consults).unwrap_or(i32::MAX),
                created_by: None,
                created_at: clock::now(),
            })
            .await?;
        pool.close().await;
        let id = added.map_err(|taken| CliError::Given(format!("{}: {taken}", add.username)))?;
        println!("{} is there, with the id {id}.", add.username);
        Ok(())
    }
}

async fn ensure_institution(pool: &PgPool, code: &str) -> Result<(), CliError> {
    let known = sqlx::query_scalar!("select 1 as \"one!\" from institutions where code = $1", code);
    match known.fetch_optional(pool).await? {
        Some(_) => Ok(()),
        None => Err(CliError::Given(format!("there is no institution {code}: add it first"))),
    }
}

/// The MD5 of the password on the standard input, up to the first line's end.
fn read_password(is_md5: bool) -> Result<String, CliError> {
    let mut text = String::new();
    std::io::stdin()
        .take(PASSWORD_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|error| CliError::Given(format!("the password cannot be read: {error}")))?;
    let typed = text.lines().next().unwrap_or("");
    if typed.is_empty() {
        return Err(CliError::Given("the password is missing: write it to the standard input".to_owned()));
    }
    if !is_md5 {
        return Ok(password::md5_of(typed));
    }
    if password::is_md5(typed) {
        Ok(typed.to_owned())
    } else {
        Err(CliError::Given("the MD5 is 32 hex digits".to_owned()))
    }
}
