//! The four questions we ask WeChat (docs/protocols.md 6.1, 6.3 to 6.5). Secrets and tokens stand in its URLs, so no URL is
//! ever told: not in an error, not in the log.

use std::{collections::BTreeMap, fmt, time::Duration};

use reqwest::{RequestBuilder, Url};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    error::{BUSY, WxError},
    phone::PhoneInfo,
};

/// WeChat's answers are some hundred bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Asks of one question while WeChat is busy, and the wait before the second, doubled for each further.
const BUSY_TRIES_MAX: u32 = 4;
const BUSY_WAIT: Duration = Duration::from_millis(200);

/// WeChat, as one address. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Api {
    http: reqwest::Client,
    base: Url,
    exchange_max: Duration,
}

/// Why WeChat did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiFault {
    /// It said no.
    #[error("{0}")]
    Refused(WxError),
    /// It did not answer, or nothing that can be understood.
    #[error("WeChat cannot be reached: {0}")]
    Unreachable(String),
}

impl From<reqwest::Error> for ApiFault {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let kind = if error.is_timeout() { "no answer in time" } else { "no answer" };
        Self::Unreachable(format!("{kind}: {error}"))
    }
}

/// Who a log-in code is. `unionid` may be there too; we have no use for it.
#[derive(Deserialize)]
pub(super) struct Session {
    pub(super) openid: String,
    pub(super) session_key: String,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session(…)")
    }
}

/// The key to everything but the log-in.
#[derive(Deserialize)]
pub(super) struct FreshToken {
    pub(super) access_token: String,
    /// Seconds.
    pub(super) expires_in: u64,
}

#[derive(Deserialize)]
struct PhoneAnswer {
    phone_info: PhoneInfo,
}

/// A subscription message.
#[derive(Debug)]
pub(super) struct TurnMessage<'a> {
    pub(super) open_id: &'a str,
    pub(super) template: &'a str,
    pub(super) page: Option<&'a str>,
    pub(super) state: &'a str,
    pub(super) values: BTreeMap<String, String>,
}

impl Api {
    pub(super) fn new(http: reqwest::Client, base: Url, exchange_max: Duration) -> Self {
        Self { http, base, exchange_max }
    }

    /// Whose the code of a `wx.login` is. GET only: POST is refused.
    pub(super) async fn code_to_session(
        &self,
        appid: &str,
        secret: &str,
        code: &str,
    ) -> Result<Session, ApiFault> {
        let url = self.url(
            "sns/jscode2session",
            &[("appid", appid), ("secret", secret), ("js_code", code), ("grant_type", "authorization_code")],
        );
        self.ask(|| self.http.get(url.clone())).await
    }

    /// The stable token. Unforced, it is the same one as long as WeChat takes it for good.
    pub(super) async fn token(&self, appid: &str, secret: &str, force: bool) -> Result<FreshToken, ApiFault> {
        let body = json!({
            "grant_type": "client_credential",
            "appid": appid,
            "secret": secret,
            "force_refresh": force,
        });
        let url = self.url("cgi-bin/stable_token", &[]);
        self.ask(|| self.http.post(url.clone()).json(&body)).await
    }

    /// The phone behind the code of the number button (not the code of the log-in).
    pub(super) async fn phone(&self, token: &str, code: &str) -> Result<PhoneInfo, ApiFault> {
        let body = json!({ "code": code });
        let url = self.url("wxa/business/getuserphonenumber", &[("access_token", token)]);
        let answer: PhoneAnswer = self.ask(|| self.http.post(url.clone()).json(&body)).await?;
        Ok(answer.phone_info)
    }

    /// Sends a subscription message.
    pub(super) async fn send(&self, token: &str, message: &TurnMessage<'_>) -> Result<(), ApiFault> {
        let data: BTreeMap<&str, Value> =
            message.values.iter().map(|(field, value)| (field.as_str(), json!({ "value": value }))).collect();
        let mut body = json!({
            "touser": message.open_id,
            "template_id": message.template,
            "data": data,
            "miniprogram_state": message.state,
            "lang": "zh_CN",
        });
        if let Some(page) = message.page {
            body["page"] = page.into();
        }
        let url = self.url("cgi-bin/message/subscribe/send", &[("access_token", token)]);
        let _: Value = self.ask(|| self.http.post(url.clone()).json(&body)).await?;
        Ok(())
    }

    fn url(&self, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}/{path}"));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// Asks, and asks again with doubling waits as long as WeChat is busy.
    async fn ask<T: DeserializeOwned>(&self, request: impl Fn() -> RequestBuilder) -> Result<T, ApiFault> {
        let mut wait = BUSY_WAIT;
        for left in (0..BUSY_TRIES_MAX).rev() {
            match self.exchange(request()).await {
                Err(ApiFault::Refused(error)) if error.code == BUSY && left > 0 => {
                    tokio::time::sleep(wait).await;
                    wait *= 2;
                }
                Err(ApiFault::Refused(error)) if error.code == BUSY => break,
                outcome => return outcome,
            }
        }
        Err(ApiFault::Refused(WxError::still_busy()))
    }

    /// One exchange. The content type says `text/plain` and the status 200 also where it failed, so neither is looked at.
    async fn exchange<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, ApiFault> {
        let mut response = request.timeout(self.exchange_max).send().await?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(ApiFault::Unreachable("the answer is far too long".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        let garbled = |_| ApiFault::Unreachable(format!("an answer (HTTP {status}) that is not WeChat's"));
        if let Some(error) = WxError::of(&body).map_err(garbled)? {
            return Err(ApiFault::Refused(error));
        }
        serde_json::from_slice(&body).map_err(garbled)
    }
}
