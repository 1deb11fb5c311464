//! What is said without a socket: by a page that goes away and cannot wait for its socket to come back.

use std::time::Duration;

use actix_web::web::Data;
use serde_json::{Value, value::RawValue};
use tokio::time::Instant;

use super::{Asking, Say, frames};
use crate::{
    answer::Fault,
    app::AppState,
    auth::Caller,
    sentences::{Language, Sentence},
};

/// Words of one request. Their bytes are bounded with the body.
pub const WORDS_MAX: usize = 200;
/// Words that have not been begun by then are answered as busy.
const BEGIN_MAX: Duration = Duration::from_secs(30);

/// Says one word after the other, as over a socket: each is stored once whichever of the two comes first, one that is
/// refused holds up no other, and each is answered with the frame that a socket would be told. They are said to the end,
/// whatever becomes of the request: whoever sent it may be gone.
///
/// # Errors
/// 500 where a word panics.
pub async fn say_all(
    state: Data<AppState>,
    caller: Caller,
    words: Vec<Value>,
    language: Language,
) -> Result<Vec<Box<RawValue>>, Fault> {
    let saying = async move {
        // Every socket of theirs hears of it: none has asked.
        let asking = Asking { state: &state, caller: &caller, socket: None };
        let begin_until = Instant::now() + BEGIN_MAX;
        let mut answers = Vec::with_capacity(words.len());
        for word in words {
            let answer = match read(word) {
                Ok(say) if Instant::now() < begin_until => asking.say_in(language, &say).await,
                Ok(say) => frames::error(Some(&say.reference), &Sentence::Busy, language),
                Err(reference) => frames::error(reference.as_deref(), &Sentence::Malformed, language),
            };
            answers.push(RawValue::from_string(answer));
        }
        answers.into_iter().collect::<Result<Vec<_>, _>>()
    };
    actix_web::rt::spawn(saying).await.map_err(Fault::internal)?.map_err(Fault::internal)
}

/// A word, or the `ref` of what is none.
fn read(word: Value) -> Result<Say, Option<String>> {
    let reference = word["ref"].as_str().map(str::to_owned);
    serde_json::from_value(word).map_err(|_| reference)
}
