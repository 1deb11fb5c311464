//! The command line: `hotline serve`, and what an operator does besides.
//!
//! Exit codes: 0 good, 1 anything else, 2 the command line itself is wrong, 65 what was given cannot be used (a user name
//! that exists), 69 the database cannot be reached, 71 the address cannot be listened on, 75 another server has taken over,
//! 78 the settings. `hotline check` alone has three: 0 clean, 1 something found, 2 could not look. docs/operations.md says
//! what each asks of a service manager.

mod accounts;
mod check;
mod keys;
mod serve;

use std::{
    future::Future,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, Subcommand};

use crate::{
    app::StartError,
    check::CheckFault,
    config::{ConfigError, Settings},
    database::{self, DatabaseFault},
    demo,
    http::openapi,
    telemetry, wechat,
};

/// As in "0.1.0 (commit 0123456789ab)"; build.rs finds the commit.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("HOTLINE_BUILD"), ")");

#[derive(Debug, Parser)]
#[command(name = "hotline", version = VERSION, about = "Dispatch server of a psychological-counseling hotline")]
struct Arguments {
    /// Settings that go over the built-in ones; ./config.toml where it exists
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until SIGTERM or Ctrl-C
    Serve(serve::Serve),
    /// Bring the database's schema up to date
    Migrate,
    /// Check the settings without starting
    CheckConfig,
    /// Look whether what is stored fits together; reads only, also beside a running server
    Check(check::Check),
    /// Print the interface's OpenAPI document
    Openapi,
    /// Seal phone and identity numbers anew under `secrets.data_key`, after changing it
    RotateKeys,
    /// Institutions
    #[command(subcommand)]
    Institution(accounts::Institution),
    /// People
    #[command(subcommand)]
    User(accounts::User),
    /// Make the demo institution, its people and some history; again and again changes nothing but fresh shifts
    Demo(Demo),
}

#[derive(Debug, clap::Args)]
struct Demo {
    /// Besides, ten thousand conversations of a thousand people
    #[arg(long)]
    large: bool,
}

/// Why a command did not do what it was told. Each reads as one sentence.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error(transparent)]
    Start(#[from] StartError),
    /// What was given cannot be used.
    #[error("{0}")]
    Given(String),
    /// `hotline check` has found something.
    #[error("{0}")]
    Found(String),
    /// `hotline check` could not look.
    #[error("nothing can be said: {0}")]
    NotLooked(#[from] CheckFault),
    #[error("{0}")]
    Other(String),
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self::Start(error.into())
    }
}

impl From<DatabaseFault> for CliError {
    fn from(fault: DatabaseFault) -> Self {
        Self::Start(fault.into())
    }
}

impl From<sqlx::Error> for CliError {
    fn from(error: sqlx::Error) -> Self {
        Self::Start(error.into())
    }
}

impl CliError {
    fn exit_code(&self) -> u8 {
        match self {
            Self::NotLooked(_) => 2,
            Self::Given(_) => 65,
            Self::Start(StartError::Database(_)) => 69,
            Self::Start(StartError::AddressTaken(_) | StartError::Listen(..)) => 71,
            Self::Start(StartError::FencedOut) => 75,
            Self::Start(StartError::Config(_) | StartError::Connections(_) | StartError::Clustered(_)) => 78,
            Self::Start(
                StartError::Migration(_)
                | StartError::File(_)
                | StartError::Signals(_)
                | StartError::Hash(_)
                | StartError::Metrics(_)
                | StartError::Outbound(_)
                | StartError::Ended
                | StartError::NotJoined(_)
                | StartError::StopTooSlow
                | StartError::Died(_),
            )
            | Self::Found(_)
            | Self::Other(_) => 1,
        }
    }
}

/// Reads the command line and does what it says. What went wrong is told in one sentence on the standard error.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hotline: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(arguments: Arguments) -> Result<(), CliError> {
    let settings = match Settings::load(arguments.config.as_deref()) {
        Ok(settings) => settings,
        Err(error) if matches!(arguments.command, Command::Check(_)) => {
            return Err(CheckFault::from(DatabaseFault::from(error)).into());
        }
        Err(error) => return Err(error.into()),
    };
    match arguments.command {
        Command::CheckConfig => {
            wechat::check_secrets(&settings)?;
            println!("The settings are good.");
            settings.warnings().iter().for_each(|warning| println!("But {warning}."));
            Ok(())
        }
        Command::Openapi => print_document(),
        Command::Serve(serve) => {
            telemetry::start(&settings.log);
            in_system(serve.run(settings))
        }
        Command::Migrate => in_system(async move { migrate(&settings).await }),
        Command::Check(check) => in_system(check.run(settings)),
        Command::RotateKeys => in_system(keys::rotate(settings)),
        Command::Institution(institution) => in_system(institution.run(settings)),
        Command::User(user) => in_system(user.run(settings)),
        Command::Demo(Demo { large }) => in_system(make_demo(settings, large)),
    }
}

/// The clients of the pages are generated from it, so that they cannot drift from the server.
fn print_document() -> Result<(), CliError> {
    let document = openapi::json().map_err(|error| CliError::Other(error.to_string()))?;
    // Whoever reads it may have enough before the end.
    writeln!(io::stdout(), "{document}").map_err(|error| CliError::Other(error.to_string()))
}

/// actix needs a `System` of its own on the main thread.
fn in_system(command: impl Future<Output = Result<(), CliError>>) -> Result<(), CliError> {
    actix_web::rt::System::new().block_on(command)
}

/// What rows from before break is told and is no failure: the schema is up to date, and the server starts.
async fn migrate(settings: &Settings) -> Result<(), CliError> {
    for unproven in database::migrate(&settings.database).await? {
        eprintln!("hotline: {unproven}");
    }
    Ok(())
}

async fn make_demo(settings: Settings, is_large: bool) -> Result<(), CliError> {
    settings.check_for_demo()?;
    migrate(&settings).await?;
    let pool = database::pool(&settings.database).await?;
    let made = demo::make(&pool, &settings, is_large).await.map_err(|fault| match fault {
        demo::DemoFault::Database(error) => error.into(),
        fault @ (demo::DemoFault::Hash(_) | demo::DemoFault::Password(_) | demo::DemoFault::Calendar(_)) => {
            CliError::Other(fault.to_string())
        }
    })?;
    pool.close().await;
    println!("{made}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_file_of_settings_may_be_named_anywhere() {
        for line in [["hotline", "--config", "a.toml", "serve"], ["hotline", "serve", "--config", "a.toml"]] {
            let arguments = Arguments::try_parse_from(line).expect("understood");
            assert_eq!(arguments.config, Some(PathBuf::from("a.toml")));
        }
        assert!(Arguments::try_parse_from(["hotline"]).is_err());
        assert!(Arguments::try_parse_from(["hotline", "user", "add", "x", "--kind", "BOSS"]).is_err());
    }
}
