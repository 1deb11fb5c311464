//! What we ask of Tencent IM: its server REST API (docs/protocols.md 5).
//!
//! HTTP is 200 for everything Tencent understood; what became of it stands in `ActionStatus` and `ErrorCode`. Errors tell
//! codes only: Tencent's texts may name accounts, and the address holds a signature.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hotline_actors::Timestamp;
use serde_json::{Value, json};

use super::{
    callback::{self, Fetched},
    user_sig,
};
use crate::{
    clock,
    config::{Hidden, ImMode, Settings},
    text,
};

/// Tencent's own time-out is 3 seconds; a client must be more patient.
const EXCHANGE_MAX: Duration = Duration::from_secs(5);
/// Our own administrator's signature: a day, as advised, renewed after half of it.
const SIG_LIFE: Duration = Duration::from_hours(24);
/// A notice that comes later than this would only confuse.
const NOTICE_LIFE: Duration = Duration::from_mins(10);
/// Messages in one page; the answer is bounded by 13 KB anyway.
const PAGE_MESSAGES_MAX: u32 = 100;
/// Passing by nature: time-outs, rates, and "internal error, try again" of each service (docs/protocols.md 5).
const PASSING: [i64; 15] =
    [20004, 20005, 40006, 60007, 60008, 60011, 70169, 70402, 70403, 70500, 90992, 90993, 90994, 90995, 91000];
/// The account is not known to Tencent yet.
const NOT_IMPORTED: [i64; 3] = [20003, 70107, 90012];

/// One side of a history has no account (document 269/42794).
const NO_SUCH_SIDE: i64 = 90008;

/// Why something was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RestFault {
    /// No answer in time: it may have been done.
    #[error("Tencent did not answer in time")]
    Late,
    /// No connection, or one that broke: it may have been done.
    #[error("Tencent cannot be reached")]
    Unreachable,
    /// Not an answer of this API.
    #[error("the answer is none of Tencent's (HTTP status {0})")]
    Malformed(u16),
    /// Tencent's no.
    #[error("Tencent refused it with {0}")]
    Refused(i64),
}

impl RestFault {
    /// Whether the same again may succeed.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Late | Self::Unreachable => true,
            Self::Malformed(status) => *status != 404,
            Self::Refused(code) => PASSING.contains(code),
        }
    }

    /// Whether the account has to be imported first.
    pub fn is_unknown_account(&self) -> bool {
        matches!(self, Self::Refused(code) if NOT_IMPORTED.contains(code))
    }
}

/// A text to one person, in the administrator's name.
#[derive(Clone, Copy)]
pub struct Notice<'a> {
    pub to: &'a str,
    /// Together with `random` what Tencent knows a double by: the same again within 120 seconds is dropped.
    pub sequence: u32,
    pub random: u32,
    pub text: &'a str,
    /// `CloudCustomData`: the conversation's id.
    pub custom: &'a str,
}

impl fmt::Debug for Notice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notice").field("sequence", &self.sequence).finish_non_exhaustive()
    }
}

/// What of a talk's history is asked for: as one of the two sees it, within these seconds.
#[derive(Debug, Clone)]
pub struct Span {
    pub operator: String,
    pub peer: String,
    pub from_seconds: i64,
    pub to_seconds: i64,
}

/// Where the next page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    key: String,
    to_seconds: i64,
}

/// One page of a history.
#[derive(Debug)]
pub struct HistoryPage {
    pub messages: Vec<Fetched>,
    /// Entries that were not understood.
    pub unreadable: usize,
    /// None when all is there.
    pub next: Option<Next>,
}

/// The API of one IM application. Cheap to clone.
#[derive(Clone)]
pub struct Rest(Arc<Inner>);

struct Inner {
    http: reqwest::Client,
    url: String,
    sdk_app_id: u32,
    secret_key: Hidden,
    administrator: String,
    /// The administrator's `UserSig` and when it was made.
    sig: Mutex<Option<(String, Timestamp)>>,
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rest").field("url", &self.0.url).finish_non_exhaustive()
    }
}

impl Rest {
    /// None where there is no application, or Tencent is not to be asked.
    pub fn new(settings: &Settings, http: reqwest::Client) -> Option<Self> {
        let im = &settings.im;
        let is_on = im.mode == ImMode::Tencent
            && im.sdk_app_id != 0
            && !im.secret_key.is_empty()
            && !im.rest_url.is_empty();
        is_on.then(|| {
            Self(Arc::new(Inner {
                http,
                url: im.rest_url.clone(),
                sdk_app_id: im.sdk_app_id,
                secret_key: im.secret_key.clone(),
                administrator: im.administrator.clone(),
                sig: Mutex::new(None),
            }))
        })
    }

    /// Makes an account known. Repeating it is harmless. Neither name nor picture is told: Tencent needs none.
    ///
    /// # Errors
    /// [`RestFault`].
    pub async fn account_import(&self, account: &str) -> Result<(), RestFault> {
        self.ask("im_open_login_svc/account_import", &json!({ "UserID": account })).await.map(|_| ())
    }

    /// Ends the log-ins of an account; every `UserSig` made before stops working.
    ///
    /// # Errors
    /// [`RestFault`].
    pub async fn kick(&self, account: &str) -> Result<(), RestFault> {
        match self.ask("im_open_login_svc/kick", &json!({ "UserID": account })).await {
            // Who never logged in has nothing that could end.
            Err(fault) if fault.is_unknown_account() => Ok(()),
            outcome => outcome.map(|_| ()),
        }
    }

    /// Says something in our own name. It comes back by no callback.
    ///
    /// # Errors
    /// [`RestFault`].
    pub async fn send(&self, notice: Notice<'_>) -> Result<(), RestFault> {
        let body = json!({
            "SyncOtherMachine": 2,
            "From_Account": self.0.administrator,
            "To_Account": notice.to,
            "MsgLifeTime": NOTICE_LIFE.as_secs(),
            "MsgSeq": notice.sequence,
            "MsgRandom": notice.random,
            "ForbidCallbackControl": ["ForbidBeforeSendMsgCallback", "ForbidAfterSendMsgCallback"],
            "MsgBody": [{ "MsgType": "TIMTextElem", "MsgContent": { "Text": notice.text } }],
            "CloudCustomData": notice.custom,
        });
        self.ask("openim/sendmsg", &body).await.map(|_| ())
    }

    /// Whether the account is logged in on any device.
    ///
    /// # Errors
    /// [`RestFault`].
    pub async fn is_online(&self, account: &str) -> Result<bool, RestFault> {
        let body = json!({ "To_Account": [account], "IsNeedDetail": 0 });
        let answer = match self.ask("openim/query_online_status", &body).await {
            Err(fault) if fault.is_unknown_account() => return Ok(false),
            answer => answer?,
        };
        let found =
            answer["QueryResult"].as_array().into_iter().flatten().find(|one| one["To_Account"] == account);
        // `State` in answers of the older name of this call. Pushed to is not there.
        Ok(found.is_some_and(|one| one["Status"] == "Online" || one["State"] == "Online"))
    }

    /// A page of what two people said to each other, newest page first.
    ///
    /// # Errors
    /// [`RestFault`].
    pub async fn history(&self, span: &Span, next: Option<&Next>) -> Result<HistoryPage, RestFault> {
        let mut body = json!({
            "Operator_Account": span.operator,
            "Peer_Account": span.peer,
            "MaxCnt": PAGE_MESSAGES_MAX,
            "MinTime": span.from_seconds,
            "MaxTime": next.map_or(span.to_seconds, |next| next.to_seconds),
        });
        if let Some(next) = next {
            body["LastMsgKey"] = json!(next.key);
        }
        let answer = match self.ask("openim/admin_getroammsg", &body).await {
            // Whoever has no account has said nothing.
            Err(fault) if fault.is_unknown_account() || fault == RestFault::Refused(NO_SUCH_SIDE) => {
                return Ok(HistoryPage { messages: Vec::new(), unreadable: 0, next: None });
            }
            answer => answer?,
        };
        let entries = answer["MsgList"].as_array().map(Vec::as_slice).unwrap_or_default();
        let messages: Vec<Fetched> =
            entries.iter().filter_map(|entry| callback::fetched(entry).ok()).collect();
        let next = match (answer["Complete"].as_i64(), answer["LastMsgKey"].as_str()) {
            (Some(0), Some(key)) if !key.is_empty() => {
                let to_seconds = answer["LastMsgTime"].as_i64().ok_or(RestFault::Malformed(200))?;
                Some(Next { key: key.to_owned(), to_seconds })
            }
            (Some(0) | None, _) => return Err(RestFault::Malformed(200)),
            (Some(_), _) => None,
        };
        Ok(HistoryPage { unreadable: entries.len() - messages.len(), messages, next })
    }

    async fn ask(&self, command: &str, body: &Value) -> Result<Value, RestFault> {
        let inner = &*self.0;
        let random = getrandom::u32().map_err(|_| RestFault::Unreachable)?;
        // All of it letters, digits and `*-_`: nothing to escape.
        let address = format!(
            "{}/v4/{command}?sdkappid={}&identifier={}&usersig={}&random={random}&contenttype=json",
            inner.url,
            inner.sdk_app_id,
            inner.administrator,
            self.sig(clock::now()),
        );
        let fault =
            |error: reqwest::Error| if error.is_timeout() { RestFault::Late } else { RestFault::Unreachable };
        let request = inner.http.post(address).timeout(EXCHANGE_MAX).json(body);
        let response = request.send().await.map_err(fault)?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await.map_err(fault)?;
        let answer: Value =
            serde_json::from_str(&text::heal(&bytes)).map_err(|_| RestFault::Malformed(status))?;
        match (answer["ActionStatus"].as_str(), answer["ErrorCode"].as_i64()) {
            (Some("OK"), Some(0) | None) => Ok(answer),
            (_, Some(code)) if code != 0 => Err(RestFault::Refused(code)),
            _ => Err(RestFault::Malformed(status)),
        }
    }

    fn sig(&self, now: Timestamp) -> String {
        let inner = &*self.0;
        // Whoever panicked with it left either a whole signature or none.
        let mut kept = inner.sig.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some((sig, made)) if now.since(*made) < SIG_LIFE / 2 && *made <= now => sig.clone(),
            Some(_) | None => {
                let secret_key = inner.secret_key.reveal();
                let sig = user_sig::make(inner.sdk_app_id, secret_key, &inner.administrator, now, SIG_LIFE);
                *kept = Some((sig.clone(), now));
                sig
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::defaults;

    fn rest() -> Rest {
        let mut settings = defaults();
        settings.im.sdk_app_id = 7;
        settings.im.secret_key = "key".into();
        Rest::new(&settings, crate::outbound::client().expect("a client")).expect("it is configured")
    }

    #[test]
    fn without_an_application_or_an_address_tencent_is_not_asked() {
        let client = crate::outbound::client().expect("a client");
        assert!(Rest::new(&defaults(), client.clone()).is_none());
        let mut settings = defaults();
        settings.im.sdk_app_id = 7;
        settings.im.secret_key = "key".into();
        settings.im.rest_url = String::new();
        assert!(Rest::new(&settings, client).is_none());
    }

    #[test]
    fn the_signature_is_kept_and_renewed_before_it_ends() {
        let (rest, now) = (rest(), Timestamp(1_700_000_000_000));
        let sig = rest.sig(now);
        assert_eq!(rest.sig(now + SIG_LIFE / 3), sig);
        let renewed = rest.sig(now + SIG_LIFE / 2);
        assert_ne!(renewed, sig);
        let claims = user_sig::decode(&renewed).expect("a UserSig");
        assert_eq!(claims.identifier, "administrator");
        assert!(user_sig::verify(&claims, "key", now + SIG_LIFE));
    }

    #[test]
    fn nothing_that_logs_tells_keys_or_words() {
        let notice = Notice { to: "fangke", sequence: 1, random: 2, text: "话", custom: "" };
        let printed = format!("{:?}{notice:?}", rest());
        assert!(!printed.contains("话") && !printed.contains("fangke") && !printed.contains("\"key\""));
    }
}
