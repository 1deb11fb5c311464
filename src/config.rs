//! Settings: `config.toml` holds every key with its default, a file and the environment go over it, and all is checked once.

mod checks;
mod layers;

use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

pub(crate) use checks::is_code as is_institution_code;
use hotline_actors::dispatch::limits::DispatchLimits;
use ipnet::IpNet;
use serde::Deserialize;

/// Why the settings cannot be used. Each names the key, or the file.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("the configuration file {} cannot be read: {cause}", path.display())]
    File { path: PathBuf, cause: String },
    #[error("the setting {key} cannot be used: {cause}")]
    Key { key: String, cause: String },
    #[error("this would be unsafe in the open, so it does not start: {0}")]
    Unsafe(String),
}

/// Text that is never printed.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Hidden(String);

impl Hidden {
    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Hidden {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "\"\"" } else { "…" })
    }
}

/// All settings, a struct per section of `config.toml`, where each key is explained.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub server: Server,
    pub cluster: Cluster,
    pub database: Database,
    pub log: Log,
    pub metrics: Metrics,
    pub secrets: Secrets,
    pub session: Session,
    /// Its keys, what they may be and their defaults: `actors/src/dispatch/limits.rs`.
    pub dispatch: DispatchLimits,
    pub journal: Journal,
    pub messages: Messages,
    pub records: Records,
    pub sockets: Sockets,
    pub im: Im,
    pub wechat: Wechat,
    pub demo: Demo,
    pub emergency: Vec<Emergency>,
    /// By institution code: `[dispatch]` with what that institution does differently. Ask through [`Settings::dispatch_for`].
    pub institutions: BTreeMap<String, DispatchLimits>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    pub address: IpAddr,
    pub port: u16,
    pub public_url: String,
    pub base_path: String,
    pub trusted_proxies: Vec<IpNet>,
    pub workers: usize,
    pub shutdown_seconds_max: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    pub name: String,
    pub bus: Hidden,
    pub balance_seconds: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    pub url: Hidden,
    pub connections_max: u32,
    pub acquire_seconds_max: u64,
    pub statement_seconds_max: u64,
    pub lock_seconds_max: u64,
    pub migrate_on_start: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub filter: String,
    pub format: LogFormat,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    pub allow: Vec<IpNet>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Auto,
    Text,
    Json,
}

/// Used where no key is set: on loopback only, see `config/checks.rs`.
pub(crate) const DEVELOPMENT_KEY: &str = "hotline development key: protects nothing";

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    pub data_key: Hidden,
    pub data_key_id: String,
    pub old_keys: Vec<OldKey>,
}

/// A key that still opens what was sealed under it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OldKey {
    pub id: String,
    pub key: Hidden,
}

/// The bytes of 64 hex digits.
pub(crate) fn hex_key(text: &str) -> Option<[u8; 32]> {
    let mut key = [0_u8; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[index * 2..index * 2 + 2], 16).ok()?;
    }
    Some(key)
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    pub staff_idle_seconds_max: u64,
    pub staff_seconds_max: u64,
    pub visitor_idle_seconds_max: u64,
    pub failures_max_account_address: u32,
    pub failures_max_address: u32,
    pub failures_window_seconds: u64,
    pub password_hashes_max: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    pub settle_seconds_max: u64,
    pub backlog_max: usize,
    pub batch_max: usize,
    pub fence_check_seconds: u64,
    pub resume_events_max: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Messages {
    pub buffer_max: usize,
    pub batch_max: usize,
    pub store_milliseconds_max: u64,
    pub unplaced_max: u32,
    pub unplaced_per_person_max: u32,
    pub unplaced_bytes_max: i64,
    pub unplaced_message_bytes_max: i32,
    pub unplaced_days_max: u32,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Records {
    pub retention_days: u32,
    pub erase_every_seconds: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sockets {
    pub heartbeat_seconds: u64,
    pub heartbeats_missed_max: u32,
    pub auth_seconds_max: u64,
    pub debt_bytes_max: usize,
    pub state_seconds: u64,
    pub finish_seconds_max: u64,
    pub open_max: usize,
    pub per_person_max: usize,
    pub strangers_max: usize,
    pub strangers_per_address_max: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Im {
    pub mode: ImMode,
    pub image_bytes_max: usize,
    pub images_per_conversation_max: u32,
    pub sdk_app_id: u32,
    pub secret_key: Hidden,
    pub administrator: String,
    pub user_sig_seconds: u64,
    pub callback_token: Hidden,
    pub gate: bool,
    pub rest_url: String,
    pub notices: bool,
}

/// Over what people talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ImMode {
    /// Over the sockets of this server.
    Embedded,
    /// Over Tencent IM.
    Tencent,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wechat {
    pub mode: WechatMode,
    pub base_url: String,
    pub exchange_seconds_max: u64,
    pub apps: Vec<WechatApp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WechatMode {
    Live,
    Sandbox,
}

/// A mini-program and the institution it belongs to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WechatApp {
    pub appid: String,
    pub institution: String,
    #[serde(default)]
    pub secret_env: String,
    /// The template of "it is your turn"; empty where there is none.
    #[serde(default)]
    pub turn_template: String,
    /// The page it opens; empty for none.
    #[serde(default)]
    pub turn_page: String,
    #[serde(default)]
    pub turn_state: MiniprogramState,
    /// By field of the template, the text with `{counselor}`, `{institution}` and `{time}` in it.
    #[serde(default)]
    pub turn_fields: BTreeMap<String, String>,
}

/// Which version of the mini-program a message opens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MiniprogramState {
    Developer,
    Trial,
    #[default]
    Formal,
}

impl MiniprogramState {
    /// WeChat's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Developer => "developer",
            Self::Trial => "trial",
            Self::Formal => "formal",
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demo {
    pub enabled: bool,
}

/// A number for somebody in need.
#[derive(Debug, Clone, Deserialize, serde::Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Emergency {
    pub name: String,
    pub number: String,
}

impl Settings {
    /// Reads the layers: the defaults, `file` (or `./config.toml` where it exists), `HOTLINE__SECTION__KEY`, `DATABASE_URL`.
    ///
    /// # Errors
    /// Names the first key that is not known, cannot be, or would be unsafe.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let settings = layers::read(file, std::env::vars())?;
        checks::check(&settings)?;
        Ok(settings)
    }

    /// The rules of dispatch of one institution: `[dispatch]`, with `[institutions.CODE]` over it.
    pub fn dispatch_for(&self, code: &str) -> DispatchLimits {
        self.institutions.get(code).unwrap_or(&self.dispatch).clone()
    }

    /// What is allowed, and better were otherwise.
    pub fn warnings(&self) -> Vec<&'static str> {
        let is_open = !self.server.address.is_loopback();
        let unnamed = is_open && self.server.public_url.is_empty();
        unnamed
            .then_some("server.public_url is empty, so the session cookie is not Secure")
            .into_iter()
            .collect()
    }

    /// Refuses what would be unsafe if the demo people are there, as [`Settings::load`] does when they are switched on.
    pub fn check_for_demo(&self) -> Result<(), ConfigError> {
        checks::demo_is_safe(self)
    }

    /// Sandbox and demo: everybody can log in as anybody, so only this very machine is answered.
    pub fn answers_this_machine_only(&self) -> bool {
        self.demo.enabled || self.wechat.mode == WechatMode::Sandbox
    }

    /// Whether the session cookie is for encrypted connections only.
    pub fn cookie_is_secure(&self) -> bool {
        self.server.public_url.starts_with("https://")
    }
}

impl Server {
    pub fn socket_address(&self) -> SocketAddr {
        SocketAddr::new(self.address, self.port)
    }
}

/// The defaults alone, for tests.
#[cfg(test)]
pub(crate) fn defaults() -> Settings {
    layers::read_text(None, std::iter::empty()).expect("config.toml holds every key")
}
