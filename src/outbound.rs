//! The one HTTP client for what we ask others: WeChat, Tencent IM.

use std::time::Duration;

/// To reach the other side at all.
const CONNECT_MAX: Duration = Duration::from_secs(3);
/// One whole exchange, unless the caller is in more of a hurry.
const EXCHANGE_MAX: Duration = Duration::from_secs(10);

/// No client for what we ask others could be made.
#[derive(Debug, thiserror::Error)]
#[error("no HTTPS client could be made: {0}")]
pub struct ClientFault(#[from] reqwest::Error);

/// A client with limits; its clones share connections. Follows no redirect: none of those asked sends any.
///
/// # Errors
/// Where the machine has no certificates to trust.
pub fn client() -> Result<reqwest::Client, ClientFault> {
    // Installed already is as good: there is only this one in the build.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder()
        .connect_timeout(CONNECT_MAX)
        .timeout(EXCHANGE_MAX)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("hotline/", env!("CARGO_PKG_VERSION")))
        .build()?)
}
