//! Access tokens: kept in memory, fetched ahead of their end, by one request at a time (docs/protocols.md 6.4).

use std::{future::Future, time::Duration};

use tokio::{sync::Mutex, time::Instant};

use super::{
    api::{Api, ApiFault},
    error::TOKEN_CODES,
};

/// WeChat has a new token this long before the old one ends; both are good meanwhile.
const AHEAD: Duration = Duration::from_secs(280);
/// Between two forced renewals, of which there are twenty a day.
const FORCED_EVERY: Duration = Duration::from_secs(30);

/// The token of one mini-program. Whoever needs one while it is being fetched waits for the same.
#[derive(Default)]
pub(super) struct TokenCache(Mutex<Held>);

#[derive(Default)]
struct Held {
    token: Option<Token>,
    forced_at: Option<Instant>,
}

#[derive(Clone)]
struct Token {
    text: String,
    ends_at: Instant,
}

/// For whom a token is asked.
#[derive(Clone, Copy)]
pub(super) struct Credentials<'a> {
    pub(super) appid: &'a str,
    pub(super) secret: &'a str,
}

impl TokenCache {
    /// Does `ask` with a token. Where WeChat does not take the token, it is fetched anew and asked once more.
    pub(super) async fn with_token<T, F: Future<Output = Result<T, ApiFault>>>(
        &self,
        api: &Api,
        credentials: Credentials<'_>,
        ask: impl Fn(String) -> F,
    ) -> Result<T, ApiFault> {
        let token = self.good(api, credentials).await?;
        match ask(token.clone()).await {
            Err(ApiFault::Refused(error)) if TOKEN_CODES.contains(&error.code) => {
                tracing::info!(
                    appid = credentials.appid,
                    code = error.code,
                    "an access token is fetched anew"
                );
                let token = self.other_than(&token, api, credentials).await?;
                ask(token).await
            }
            outcome => outcome,
        }
    }

    async fn good(&self, api: &Api, credentials: Credentials<'_>) -> Result<String, ApiFault> {
        let mut held = self.0.lock().await;
        let now = Instant::now();
        let old = held.token.clone().filter(|token| token.ends_at > now);
        if let Some(token) = old.as_ref().filter(|token| token.ends_at > now + AHEAD) {
            return Ok(token.text.clone());
        }
        match fetch(api, credentials, false).await {
            Ok(token) => Ok(held.token.insert(token).text.clone()),
            // The old one is good for a while yet.
            Err(fault) => old.map(|token| token.text).ok_or(fault),
        }
    }

    async fn other_than(
        &self,
        bad: &str,
        api: &Api,
        credentials: Credentials<'_>,
    ) -> Result<String, ApiFault> {
        let mut held = self.0.lock().await;
        if let Some(token) = held.token.as_ref().filter(|token| token.text != bad) {
            // Another request was quicker.
            return Ok(token.text.clone());
        }
        held.token = None;
        let mut token = fetch(api, credentials, false).await?;
        let now = Instant::now();
        let may_force = held.forced_at.is_none_or(|at| now.duration_since(at) >= FORCED_EVERY);
        if token.text == bad && may_force {
            held.forced_at = Some(now);
            token = fetch(api, credentials, true).await?;
        }
        Ok(held.token.insert(token).text.clone())
    }
}

async fn fetch(api: &Api, credentials: Credentials<'_>, force: bool) -> Result<Token, ApiFault> {
    let fresh = api.token(credentials.appid, credentials.secret, force).await?;
    Ok(Token { text: fresh.access_token, ends_at: Instant::now() + Duration::from_secs(fresh.expires_in) })
}
