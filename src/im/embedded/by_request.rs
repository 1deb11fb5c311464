//! What is said without a socket: by a page that goes away and cannot wait for its socket to come back.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::{Asking, Embedded, NotDone, Refused, Say};
use crate::{errors::InternalError, identity::Caller};

/// Words of one request. Their bytes are bounded with the body.
pub const WORDS_MAX: usize = 200;
/// Words that have not been begun by then are answered as busy.
const BEGIN_MAX: Duration = Duration::from_secs(30);

impl Embedded {
    /// Says one word after the other, as over a socket: each is stored once whichever of the two comes first, one that is
    /// refused holds up no other, and each is answered with the frame that a socket would be told. They are said to the end,
    /// whatever becomes of the request: whoever sent it may be gone.
    ///
    /// # Errors
    /// 500 where a word panics.
    pub async fn say_all(
        &self,
        caller: Caller,
        words: Vec<Value>,
    ) -> Result<Vec<Result<String, Refused>>, InternalError> {
        let im = self.clone();
        let saying = async move {
            // Every socket of theirs hears of it: none has asked.
            let asking = Asking { im: &im, caller: &caller, socket: None };
            let begin_until = Instant::now() + BEGIN_MAX;
            let mut answers = Vec::with_capacity(words.len());
            for word in words {
                let answer = match read(word) {
                    Ok(say) if asking.has_its_turn(begin_until).await => asking.answer(&say).await,
                    Ok(say) => Err(Refused { reference: Some(say.reference), why: NotDone::Busy }),
                    Err(reference) => Err(Refused { reference, why: NotDone::Malformed }),
                };
                answers.push(answer);
            }
            answers
        };
        actix_web::rt::spawn(saying).await.map_err(InternalError::other)
    }
}

impl Asking<'_> {
    /// Waits for the turn of the person's next word; false where that is not before this moment.
    async fn has_its_turn(&self, before: Instant) -> bool {
        let now = Instant::now();
        let wait = self.im.paces.next(self.caller.id, now.into_std(), before.saturating_duration_since(now));
        if let Some(wait) = wait {
            tokio::time::sleep(wait).await;
        }
        wait.is_some()
    }
}

/// A word, or the `ref` of what is none.
fn read(word: Value) -> Result<Say, Option<String>> {
    let reference = word["ref"].as_str().map(str::to_owned);
    serde_json::from_value(word).map_err(|_| reference)
}
