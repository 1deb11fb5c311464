//! WeChat: a code of `wx.login` becomes an openid, and an openid a visitor; phone numbers; "it is your turn".
//!
//! In the sandbox nobody is asked: every code is somebody, and a code that is a phone number is that phone's.

mod api;
mod error;
mod phone;
mod rows;
mod token;
pub mod turn;

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use hotline_actors::{PersonId, Timestamp};
use reqwest::Url;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    config::{ConfigError, Hidden, Settings, WechatApp, WechatMode},
    errors::InternalError,
    identity::{AccountKind, names},
    people::{NewPerson, People},
    secrets::{Column, Sealer},
};
use api::{Api, ApiFault, Session};
use phone::PhoneFault;
use token::{Credentials, TokenCache};

/// What a sandbox openid begins with.
pub const SANDBOX_PREFIX: &str = "sandbox_";
/// Everybody's in the sandbox: it opens the made-up samples of `tests/data/protocol-vectors.json`.
const SANDBOX_SESSION_KEY: &str = "AAECAwQFBgcICQoLDA0ODw==";

/// The mini-programs, and the way to WeChat. Cheap to clone.
#[derive(Clone)]
pub struct Wechat(Arc<Inner>);

struct Inner {
    mode: WechatMode,
    api: Api,
    apps: HashMap<String, App>,
    turns: turn::Counts,
    settings: Arc<Settings>,
    pool: PgPool,
    people: People,
    sealer: Sealer,
}

/// A mini-program, with what we need to ask WeChat about it.
pub struct App {
    pub settings: WechatApp,
    secret: Hidden,
    tokens: TokenCache,
}

impl fmt::Debug for Wechat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wechat").field("apps", &self.0.apps.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("appid", &self.settings.appid).finish_non_exhaustive()
    }
}

impl App {
    /// Whose visitors come by it.
    pub fn institution(&self) -> &str {
        &self.settings.institution
    }

    fn credentials(&self) -> Credentials<'_> {
        Credentials { appid: &self.settings.appid, secret: self.secret.reveal() }
    }
}

/// How a visitor proves which phone is theirs.
pub enum PhoneProof {
    /// The old form: encrypted under their `session_key`.
    Encrypted { data: String, iv: String },
    /// The new form: the code of the number button.
    Code(String),
}

impl fmt::Debug for PhoneProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneProof(…)")
    }
}

/// No mini-program of ours has this appid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such mini-program")]
pub struct UnknownApp;

/// Why nobody is logged in through WeChat.
#[derive(Debug, thiserror::Error)]
pub enum LogInError {
    /// WeChat does not like the code; in the words that existing clients know.
    #[error("WeChat refuses the code: {text}")]
    Refused { text: String },
    #[error("WeChat cannot be reached")]
    Unreachable,
    /// Banned or deleted, or somebody of another mini-program.
    #[error("not let in")]
    NotLetIn,
    #[error(transparent)]
    Internal(#[from] InternalError),
}

impl From<ApiFault> for LogInError {
    fn from(fault: ApiFault) -> Self {
        match fault {
            ApiFault::Refused(error) => Self::Refused { text: error.document_text() },
            ApiFault::Unreachable(_) => Self::Unreachable,
        }
    }
}

impl From<sqlx::Error> for LogInError {
    fn from(error: sqlx::Error) -> Self {
        Self::Internal(error.into())
    }
}

/// Why a visitor's phone number is not known now. For the log: it holds no number.
#[derive(Debug, thiserror::Error)]
enum NoPhone {
    #[error(transparent)]
    Decrypting(#[from] PhoneFault),
    #[error(transparent)]
    Asking(#[from] ApiFault),
    #[error("there is no session_key of a log-in through this mini-program, or none that opens")]
    NoSessionKey,
}

impl Wechat {
    /// Reads the secrets of the mini-programs, each from the variable that its `secret_env` names.
    ///
    /// # Errors
    /// Names the first variable that is missing, unless in the sandbox.
    pub fn new(
        settings: &Arc<Settings>,
        http: reqwest::Client,
        pool: PgPool,
        people: People,
        sealer: Sealer,
    ) -> Result<Self, ConfigError> {
        let wechat = &settings.wechat;
        let mut apps = HashMap::new();
        for app in &wechat.apps {
            let secret = match wechat.mode {
                WechatMode::Sandbox => Hidden::default(),
                WechatMode::Live => secret_of(app, from_surroundings)?,
            };
            let app = App { settings: app.clone(), secret, tokens: TokenCache::default() };
            apps.insert(app.settings.appid.clone(), app);
        }
        let base = Url::parse(&wechat.base_url).map_err(|error| ConfigError::Key {
            key: "wechat.base_url".to_owned(),
            cause: error.to_string(),
        })?;
        let api = Api::new(http, base, Duration::from_secs(wechat.exchange_seconds_max));
        let (mode, turns, settings) = (wechat.mode, turn::Counts::default(), Arc::clone(settings));
        Ok(Self(Arc::new(Inner { mode, api, apps, turns, settings, pool, people, sealer })))
    }

    /// How many visitors were told that it is their turn.
    pub fn turns(&self) -> &turn::Counts {
        &self.0.turns
    }

    /// The mini-program with this appid.
    ///
    /// # Errors
    /// [`UnknownApp`].
    pub fn app(&self, appid: &str) -> Result<&App, UnknownApp> {
        self.0.apps.get(appid).ok_or(UnknownApp)
    }

    /// Who sent this code. In the sandbox: whoever the code says.
    async fn session(&self, app: &App, code: &str) -> Result<Session, LogInError> {
        let session = match self.0.mode {
            WechatMode::Sandbox => return sandbox_session(code),
            WechatMode::Live => {
                let Credentials { appid, secret } = app.credentials();
                self.0.api.code_to_session(appid, secret, code).await
            }
        };
        let session = session.map_err(|fault| {
            tracing::info!(appid = app.settings.appid, reason = %fault, "WeChat log-in failed");
            LogInError::from(fault)
        })?;
        // Tencent's rule for IM accounts, which openids keep by their making (docs/protocols.md 1).
        if names::is_account(&session.openid) {
            Ok(session)
        } else {
            Err(InternalError::other("an openid that cannot be an IM account").into())
        }
    }

    /// The caller's phone number, kept on their profile. None where WeChat does not tell it; the log then says why.
    ///
    /// # Errors
    /// Only when the database does not do its part.
    pub async fn phone(
        &self,
        app: &App,
        person: PersonId,
        proof: &PhoneProof,
        now: Timestamp,
    ) -> Result<Option<String>, InternalError> {
        let Inner { pool, people, sealer, .. } = &*self.0;
        let sealed_key = rows::session_key(pool, person, &app.settings.appid).await?;
        let place = Column::WechatSessionKey.of(person);
        let told = match proof {
            PhoneProof::Encrypted { data, iv } => sealed_key
                .and_then(|sealed| sealer.open_or_tell(&sealed, place))
                .ok_or(NoPhone::NoSessionKey)
                .and_then(|key| Ok(phone::decrypt(&key, iv, data, &app.settings.appid)?)),
            PhoneProof::Code(code) => self.phone_of_code(app, code).await,
        };
        let number = match told {
            Ok(number) => number,
            Err(reason) => {
                tracing::info!(%person, %reason, "WeChat tells no phone number");
                return Ok(None);
            }
        };
        let sealed = sealer.seal(&number, Column::Phone.of(person)).map_err(InternalError::other)?;
        let kept = rows::keep_phone(pool, person, &sealed, &sealer.find_hash(&number), now).await;
        people.changed([person]);
        kept?;
        Ok(Some(number))
    }

    /// The visitor behind a code of this mini-program; a new one is made where there is none.
    ///
    /// # Errors
    /// [`LogInError`].
    pub async fn visitor(&self, app: &App, code: &str, now: Timestamp) -> Result<PersonId, LogInError> {
        let session = self.session(app, code).await?;
        let visitor = match self.made(app, &session.openid, now).await? {
            Some(visitor) => visitor,
            None => self.known(app, &session.openid).await?,
        };
        let place = Column::WechatSessionKey.of(visitor);
        let sealed = self.0.sealer.seal(&session.session_key, place).map_err(InternalError::other)?;
        let kept = rows::keep_session_key(&self.0.pool, visitor, &app.settings.appid, &sealed).await;
        self.0.people.changed([visitor]);
        kept?;
        Ok(visitor)
    }

    /// A new visitor, if this openid has not been here before.
    async fn made(&self, app: &App, open_id: &str, now: Timestamp) -> Result<Option<PersonId>, LogInError> {
        if self.0.people.by_username(open_id).await?.is_some() {
            return Ok(None);
        }
        let institution = &app.settings.institution;
        let max_consults = self.0.settings.dispatch_for(institution).default_max_consults;
        let visitor = NewPerson {
            id: PersonId(Uuid::now_v7()),
            institution: Some(institution.clone()),
            kind: AccountKind::Visitor,
            username: open_id.to_owned(),
            password_hash: None,
            open_id: Some(open_id.to_owned()),
            wechat_appid: Some(app.settings.appid.clone()),
            name: None,
            max_consults: i32::try_from(max_consults).map_err(InternalError::other)?,
            created_by: None,
            created_at: now,
        };
        // Where the name is taken meanwhile, another request of the same visitor was quicker.
        Ok(self.0.people.add(visitor).await?.ok())
    }

    async fn known(&self, app: &App, open_id: &str) -> Result<PersonId, LogInError> {
        let found = self.0.people.by_username(open_id).await?.ok_or(LogInError::NotLetIn)?;
        let person = self.0.people.get(found.id).await?.ok_or(LogInError::NotLetIn)?;
        let is_ours = person.kind == AccountKind::Visitor
            && person.institution.as_deref() == Some(&app.settings.institution);
        if is_ours && person.may_come_in() { Ok(person.id) } else { Err(LogInError::NotLetIn) }
    }

    async fn phone_of_code(&self, app: &App, code: &str) -> Result<String, NoPhone> {
        if self.0.mode == WechatMode::Sandbox {
            let is_number = (5..=15).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit());
            return if is_number { Ok(code.to_owned()) } else { Err(PhoneFault::NoNumber.into()) };
        }
        let api = &self.0.api;
        let ask = |token: String| async move { api.phone(&token, code).await };
        let info = app.tokens.with_token(api, app.credentials(), ask).await?;
        Ok(info.number(&app.settings.appid)?)
    }
}

/// Whether the secrets that the settings name are there.
///
/// # Errors
/// Names the first variable that is missing, unless in the sandbox.
pub fn check_secrets(settings: &Settings) -> Result<(), ConfigError> {
    let is_live = settings.wechat.mode == WechatMode::Live;
    settings
        .wechat
        .apps
        .iter()
        .filter(|_| is_live)
        .try_for_each(|app| secret_of(app, from_surroundings).map(drop))
}

fn from_surroundings(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}

fn secret_of(app: &WechatApp, variable: impl Fn(&str) -> Option<String>) -> Result<Hidden, ConfigError> {
    match variable(&app.secret_env).filter(|secret| !secret.trim().is_empty()) {
        Some(secret) => Ok(Hidden::from(secret.trim())),
        None => Err(ConfigError::Key {
            key: format!("wechat.apps ({}) secret_env", app.appid),
            cause: format!(
                "the environment variable {} does not hold the mini-program's secret",
                app.secret_env
            ),
        }),
    }
}

fn sandbox_session(code: &str) -> Result<Session, LogInError> {
    let openid = format!("{SANDBOX_PREFIX}{code}");
    if names::is_account(&openid) {
        return Ok(Session { openid, session_key: SANDBOX_SESSION_KEY.to_owned() });
    }
    let raw = br#"{"errcode":40029,"errmsg":"invalid code, hints: [ req_id: sandbox ]"}"#;
    match error::WxError::of(raw) {
        Ok(Some(error)) => Err(ApiFault::Refused(error).into()),
        Ok(None) | Err(_) => Err(InternalError::other("the sandbox's own error cannot be read").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_code_that_can_be_a_name_is_somebody_in_the_sandbox() {
        let open_id = |code: &str| sandbox_session(code).ok().map(|session| session.openid);
        assert_eq!(open_id("li-lei").as_deref(), Some("sandbox_li-lei"));
        for bad in ["a b", "张三", "a\0", &"x".repeat(25)] {
            assert_eq!(open_id(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_sandboxs_error_is_the_documents() {
        let Err(LogInError::Refused { text }) = sandbox_session("a b") else { panic!("a refusal") };
        assert!(text.starts_with(
            "me.chanjar.weixin.common.error.WxErrorException: 错误代码：40029, 错误信息：code 无效，微信原始报文：{\"errcode\":40029,"
        ));
    }

    #[test]
    fn a_missing_secret_is_named() {
        let app: WechatApp = serde_json::from_value(serde_json::json!({
            "appid": "wx1", "institution": "ecnu", "secret_env": "HOTLINE_WECHAT_ECNU_SECRET"
        }))
        .expect("an app");
        for missing in [None, Some(String::new()), Some("  ".to_owned())] {
            let refusal = secret_of(&app, |_| missing.clone()).expect_err("refused").to_string();
            assert!(refusal.contains("HOTLINE_WECHAT_ECNU_SECRET") && refusal.contains("wx1"), "{refusal}");
        }
        let secret =
            secret_of(&app, |name| (name == "HOTLINE_WECHAT_ECNU_SECRET").then(|| "s3\n".to_owned()));
        assert_eq!(secret.expect("set").reveal(), "s3");
    }
}
