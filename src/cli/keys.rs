//! `hotline rotate-keys`.

use super::CliError;
use crate::{
    config::Settings,
    database,
    secrets::{Sealer, rotation},
};

/// How many ids a message names.
const NAMED_MAX: usize = 20;

pub(super) async fn rotate(settings: Settings) -> Result<(), CliError> {
    if settings.secrets.data_key.is_empty() {
        return Err(CliError::Given("secrets.data_key is not set: there is nothing to rotate to".to_owned()));
    }
    let pool = database::pool(&settings.database).await?;
    let rotated = rotation::rotate(&pool, &Sealer::new(&settings.secrets)).await?;
    pool.close().await;
    println!(
        "The values of {} people were sealed anew under {}.",
        rotated.people, settings.secrets.data_key_id
    );
    if let [(_, fault), ..] = rotated.unopened.as_slice() {
        let ids = named(rotated.unopened.iter().map(|(person, _)| person));
        return Err(CliError::Other(format!(
            "the values of {} people do not open, so they stay as they are ({fault}): {ids}",
            rotated.unopened.len()
        )));
    }
    if !rotated.overtaken.is_empty() {
        let ids = named(rotated.overtaken.iter());
        return Err(CliError::Other(format!(
            "{} people were changed meanwhile; run it once more: {ids}",
            rotated.overtaken.len()
        )));
    }
    println!("Nothing is sealed under another key any more: secrets.old_keys can be emptied.");
    Ok(())
}

fn named(ids: impl Iterator<Item = impl ToString>) -> String {
    let mut named: Vec<String> = ids.map(|id| id.to_string()).collect();
    if named.len() > NAMED_MAX {
        named.truncate(NAMED_MAX);
        named.push("…".to_owned());
    }
    named.join(", ")
}
