//! Our notices over IM: whether there is anything else, that the limit is near. To both, in the administrator's name.
//!
//! Told from the journal with a stored cursor, at least once. What makes it once is Tencent's own de-duplication: number
//! and chance are derived from the event, so the same notice sent again is the same message.

use std::time::Duration;

use hotline_actors::dispatch::event::Event;
use sha2::{Digest, Sha256};
use sqlx::PgPool;

use super::rest::{Notice, Rest, RestFault};
use crate::{
    consumers::{Consumed, Consumer, Failure, StoredEvent},
    wording::notices::text_of,
};

/// Later than this the talk it speaks of has ended or gone on.
const AGE_MAX: Duration = Duration::from_mins(5);

/// See the module.
#[derive(Debug, Clone)]
pub struct Notices {
    pool: PgPool,
    rest: Rest,
}

impl Notices {
    pub fn new(pool: PgPool, rest: Rest) -> Self {
        Self { pool, rest }
    }

    async fn tell(&self, stored: &StoredEvent, to: &str, text: &str, custom: &str) -> Result<(), Failure> {
        let (sequence, random) = mark(stored, to);
        let notice = Notice { to, sequence, random, text, custom };
        match self.rest.send(notice).await {
            Err(fault) if fault.is_unknown_account() => {
                self.rest.account_import(to).await.map_err(failure)?;
                self.rest.send(notice).await.map_err(failure)
            }
            outcome => outcome.map_err(failure),
        }
    }
}

impl Consumer for Notices {
    fn name(&self) -> &'static str {
        "im-notices"
    }

    fn kinds(&self) -> &'static [&'static str] {
        &["noticed"]
    }

    fn age_max(&self) -> Duration {
        AGE_MAX
    }

    async fn consume(&self, stored: &StoredEvent) -> Result<Consumed, Failure> {
        let Event::Noticed { conversation, notice } = &stored.event else { return Ok(Consumed::Nothing) };
        let talk = sqlx::query!(
            "select v.username as visitor, k.username as counselor
             from conversations c join people v on v.id = c.visitor join people k on k.id = c.counselor
             where c.id = $1 and c.ended_at is null",
            conversation.0,
        )
        .fetch_optional(&self.pool)
        .await?;
        // Over meanwhile: nothing left to be said.
        let Some(talk) = talk else { return Ok(Consumed::Nothing) };
        let (text, custom) = (text_of(*notice), conversation.to_string());
        for to in [&talk.visitor, &talk.counselor] {
            self.tell(stored, to, &text, &custom).await?;
        }
        Ok(Consumed::Acted)
    }
}

/// `MsgSeq` and `MsgRandom` of a notice: the same for the same event and person, whenever it is sent.
fn mark(stored: &StoredEvent, to: &str) -> (u32, u32) {
    let name = format!("{}/{}/{to}", stored.institution, stored.seq);
    let digest = Sha256::digest(name);
    let number = |from: usize| {
        u32::from_be_bytes([digest[from], digest[from + 1], digest[from + 2], digest[from + 3]])
    };
    (number(0), number(4))
}

fn failure(fault: RestFault) -> Failure {
    if fault.is_passing() { Failure::Passing(fault.to_string()) } else { Failure::Lasting(fault.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotline_actors::Timestamp;

    #[test]
    fn the_same_notice_is_the_same_message_and_another_is_another() {
        let kept = |seq| StoredEvent {
            institution: "ecnu".to_owned(),
            seq,
            at: Timestamp(0),
            event: Event::Claimed,
        };
        assert_eq!(mark(&kept(7), "fangke"), mark(&kept(7), "fangke"));
        assert_ne!(mark(&kept(7), "fangke"), mark(&kept(8), "fangke"));
        assert_ne!(mark(&kept(7), "fangke"), mark(&kept(7), "zixunshi"));
    }
}
