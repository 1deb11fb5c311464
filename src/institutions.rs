//! Placeholder: the institutions and their Registries come here.

use hotline_actors::PersonId;
use sqlx::PgPool;

use crate::{answer::Fault, clock};

/// The institutions this server owns.
#[derive(Debug, Clone)]
pub struct Institutions {
    pool: PgPool,
}

impl Institutions {
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Whether a journal has not confirmed what it was given in good time.
    pub fn behind(&self) -> bool {
        false
    }

    /// Sets how many conversations somebody has at once.
    pub async fn set_capacity(&self, institution: &str, person: PersonId, places: u32) -> Result<(), Fault> {
        sqlx::query!(
            "update people set max_consults = $3, updated_at = $4, updated_by = $2 where id = $2 and institution = $1",
            institution,
            person.0,
            i32::try_from(places).map_err(Fault::internal)?,
            clock::now().0
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// A person's word has come, before it is stored.
    pub fn heard(&self, heard: crate::messages::Heard) {
        tracing::trace!(institution = heard.institution, "a word has come");
    }

    /// Finishes the journals and closes the sockets with 1001.
    pub async fn shut_down(&self) {
        std::future::ready(()).await;
    }
}
