//! `hotline institution add`, `hotline user add`: what must be there before anybody can log in; and `hotline user password`
//! for those who can no longer.

use std::io::{BufRead, Read};

use clap::{Args, Subcommand};
use hotline_actors::PersonId;
use sqlx::PgPool;
use uuid::Uuid;

use super::CliError;
use crate::{
    auth::password::NewPassword,
    clock,
    config::{Settings, is_institution_code},
    database,
    identity::{AccountKind, names},
    people::{NewPerson, People},
    secrets::Sealer,
    text,
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
    /// Set somebody's password, which is read from the standard input, and end the person's log-ins
    Password(SetPassword),
}

#[derive(Debug, Args)]
pub(super) struct SetPassword {
    /// The user name of somebody of the staff
    username: String,
    /// The standard input holds the MD5 of the password, as clients send it, rather than the password
    #[arg(long)]
    md5: bool,
}

#[derive(Debug, Args)]
pub(super) struct AddUser {
    /// 2 to 32 letters, digits, _ and -
    username: String,
    /// COUNSELOR, SUPERVISOR, INSTITUTION (its administrator) or SYSTEM
    #[arg(long, value_parser = staff_kind, ignore_case = true)]
    kind: AccountKind,
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

fn staff_kind(text: &str) -> Result<AccountKind, String> {
    let kind = text.to_ascii_uppercase().parse::<AccountKind>().ok().filter(|kind| kind.is_staff());
    kind.ok_or_else(|| "COUNSELOR, SUPERVISOR, INSTITUTION or SYSTEM".to_owned())
}

impl Institution {
    pub(super) async fn run(self, settings: Settings) -> Result<(), CliError> {
        let Self::Add(add) = self;
        if !is_institution_code(&add.code) {
            return Err(CliError::Given("the code is 2 to 32 of a-z, 0-9, _ and -".to_owned()));
        }
        if text::is_blank(&add.name) || !text::is_line(&add.name) {
            return Err(CliError::Given(
                "the name is one line of something visible, without control characters".to_owned(),
            ));
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
        match self {
            Self::Add(add) => add.run(settings).await,
            Self::Password(set) => set.run(settings).await,
        }
    }
}

impl SetPassword {
    async fn run(self, settings: Settings) -> Result<(), CliError> {
        let password_hash = hash(&read_password(self.md5)?)?;
        let pool = database::pool(&settings.database).await?;
        let people = People::new(pool.clone(), Sealer::new(&settings.secrets));
        let is_set = match people.by_written_name(&self.username).await? {
            Some(person) => people.reset_password(person.id, &password_hash, clock::now()).await?,
            None => false,
        };
        pool.close().await;
        if !is_set {
            return Err(CliError::Given(format!("nobody of the staff has the user name {}", self.username)));
        }
        println!(
            "The password of {} is set. Log-ins from before are over; a server that runs notices within seconds.",
            self.username
        );
        Ok(())
    }
}

impl AddUser {
    async fn run(self, settings: Settings) -> Result<(), CliError> {
        let add = self;
        if !names::is_free_for_staff(&add.username, &settings.im.administrator) {
            return Err(CliError::Given(
                "the user name is 2 to 32 letters, digits, _ and -, no id, and not the IM administrator's"
                    .into(),
            ));
        }
        if add.name.as_deref().is_some_and(|name| text::is_blank(name) || !text::is_line(name)) {
            return Err(CliError::Given(
                "the name is one line of something visible, without control characters".to_owned(),
            ));
        }
        if (add.kind == AccountKind::System) != add.institution.is_none() {
            let rule = "--institution is for everybody but SYSTEM, who belongs to none";
            return Err(CliError::Given(rule.to_owned()));
        }
        let password_hash = hash(&read_password(add.md5)?)?;
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

fn hash(new: &NewPassword) -> Result<String, CliError> {
    new.hash().map_err(|error| CliError::Other(error.to_string()))
}

/// The password on the standard input: its first line. Never an argument, which every user of the machine could read.
fn read_password(is_md5: bool) -> Result<NewPassword, CliError> {
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(PASSWORD_BYTES_MAX + 1)
        .read_line(&mut text)
        .map_err(|error| CliError::Given(format!("the password cannot be read: {error}")))?;
    if text.len() as u64 > PASSWORD_BYTES_MAX {
        return Err(CliError::Given(format!("the password is longer than {PASSWORD_BYTES_MAX} bytes")));
    }
    let typed = text.lines().next().unwrap_or("");
    if typed.is_empty() {
        return Err(CliError::Given("the password is missing: write it to the standard input".to_owned()));
    }
    let new = if is_md5 { NewPassword::of_md5(typed) } else { NewPassword::of_typed(typed) };
    new.map_err(|unfit| CliError::Given(unfit.to_string()))
}
