//! `hotline check`.

use std::io::{self, Write};

use clap::Args;

use super::CliError;
use crate::{
    check::{self, CheckFault, Finding, Seen},
    config::Settings,
};

#[derive(Debug, Args)]
pub(super) struct Check {
    /// Look at this institution alone
    #[arg(long, value_name = "CODE")]
    institution: Option<String>,
}

impl Check {
    /// Findings go to the standard output, a line each, as they are found.
    pub(super) async fn run(self, settings: Settings) -> Result<(), CliError> {
        let mut tell = |finding: &Finding| writeln!(io::stdout(), "{finding}");
        let seen = check::look(&settings.database, self.institution.as_deref(), &mut tell).await?;
        let Seen { institutions, events, conversations, findings } = seen;
        let looked =
            format!("{institutions} institutions, {events} events and {conversations} conversations");
        if findings > 0 {
            return Err(CliError::Found(format!("{findings} findings in {looked}")));
        }
        let told = writeln!(io::stdout(), "Everything fits together: {looked}.");
        Ok(told.map_err(CheckFault::from)?)
    }
}
