//! How NATS is reached, and which subjects are used.

use std::time::Duration;

use async_nats::{ConnectOptions, ServerAddr};
use percent_encoding::percent_decode_str;
use uuid::Uuid;

use super::BusFault;

/// Servers that are told of are too many beyond this.
const URLS_MAX: usize = 16;
/// After three of them without a sign the connection is given up.
const PING: Duration = Duration::from_secs(1);
const CONNECT_MAX: Duration = Duration::from_secs(2);
const RECONNECT_DELAY_MAX: Duration = Duration::from_millis(250);
/// Messages on their way to the connection. Few: what waits longer is gathered into larger ones.
const COMMANDS_MAX: usize = 32;
/// Messages that arrived and wait to be taken. Who takes them waits for nothing, so that this is far more than ever wait, and what
/// is beyond is lost and so a gap.
const ARRIVED_MAX: usize = 16 * 1024;
const PREFIX: &str = "hotline.v1";
pub(super) const BEAT: &str = "beat";

/// Where NATS is, and who this server is to it.
#[derive(Debug)]
pub(super) struct Servers {
    pub(super) addresses: Vec<ServerAddr>,
    credentials: Option<(String, String)>,
}

impl Servers {
    /// Reads a list of urls. User and password are taken out of them: the client neither uses them there nor keeps them out of
    /// its log.
    pub(super) fn parse(urls: &str) -> Result<Self, BusFault> {
        let mut servers = Self { addresses: Vec::new(), credentials: None };
        for (index, text) in urls.split(',').map(str::trim).enumerate() {
            let fault = BusFault::Url { position: index + 1 };
            if index >= URLS_MAX {
                return Err(BusFault::TooManyUrls);
            }
            let Ok(mut url) = text.parse::<ServerAddr>().map(ServerAddr::into_inner) else {
                return Err(fault);
            };
            let is_known = text.contains("://") && matches!(url.scheme(), "nats" | "tls");
            if !is_known || url.host_str().is_none_or(str::is_empty) {
                return Err(fault);
            }
            let credentials = (!url.username().is_empty())
                .then(|| Some((decode(url.username())?, decode(url.password().unwrap_or_default())?)));
            let credentials = match credentials {
                Some(None) => return Err(fault),
                Some(read) => read,
                None => None,
            };
            if index > 0 && credentials != servers.credentials {
                return Err(BusFault::Credentials);
            }
            servers.credentials = credentials;
            let is_bare = url.set_username("").and_then(|()| url.set_password(None)).is_ok();
            let Some(address) = ServerAddr::from_url(url).ok().filter(|_| is_bare) else { return Err(fault) };
            servers.addresses.push(address);
        }
        Ok(servers)
    }

    pub(super) fn options(&self, id: Uuid) -> ConnectOptions {
        let options = ConnectOptions::new()
            .name(format!("hotline {id}"))
            .retry_on_initial_connect()
            .max_reconnects(None)
            .connection_timeout(CONNECT_MAX)
            .ping_interval(PING)
            .reconnect_delay_callback(|attempts| {
                let factor = u32::try_from(attempts).unwrap_or(u32::MAX);
                Duration::from_millis(10).saturating_mul(factor).min(RECONNECT_DELAY_MAX)
            })
            // Those of the settings and no others: what NATS tells of itself may be reachable from its own network only.
            .ignore_discovered_servers()
            .client_capacity(COMMANDS_MAX)
            .subscription_capacity(ARRIVED_MAX)
            // All subjects are made here, from ids and words.
            .skip_subject_validation(true);
        match &self.credentials {
            Some((user, password)) => options.user_and_password(user.clone(), password.clone()),
            None => options,
        }
    }
}

fn decode(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// All that is for this server alone.
pub(super) fn to_server(id: Uuid) -> String {
    format!("{PREFIX}.server.{}.>", id.simple())
}

/// All that is for everybody.
pub(super) fn to_all() -> String {
    format!("{PREFIX}.all.*")
}

pub(super) fn of_topic(topic: &str) -> String {
    format!("{PREFIX}.all.{topic}")
}

pub(super) fn topic(subject: &str) -> Option<&str> {
    subject.strip_prefix(PREFIX)?.strip_prefix(".all.")
}

pub(super) fn is_topic(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

pub(super) fn of_link(from: Uuid, to: Uuid) -> String {
    format!("{PREFIX}.server.{}.from.{}", to.simple(), from.simple())
}

/// Where NATS says that a message had no receiver.
pub(super) fn of_no_receiver(from: Uuid, to: Uuid, numbering: u64, n: u64) -> String {
    format!("{PREFIX}.server.{}.none.{}.{numbering}.{n}", from.simple(), to.simple())
}

/// What came for this server.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Arrived {
    Link { from: Uuid },
    NoReceiver { to: Uuid, numbering: u64, n: u64 },
}

pub(super) fn arrived(subject: &str) -> Option<Arrived> {
    let mut words = subject.strip_prefix(PREFIX)?.strip_prefix(".server.")?.split('.').skip(1);
    let kind = words.next()?;
    let server = Uuid::try_parse(words.next()?).ok()?;
    let arrived = match kind {
        "from" => Arrived::Link { from: server },
        "none" => Arrived::NoReceiver {
            to: server,
            numbering: words.next()?.parse().ok()?,
            n: words.next()?.parse().ok()?,
        },
        _ => return None,
    };
    words.next().is_none().then_some(arrived)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_read_as_they_are_written() {
        let (from, to) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(arrived(&of_link(from, to)), Some(Arrived::Link { from }));
        let none = Arrived::NoReceiver { to, numbering: 3, n: 4 };
        assert_eq!(arrived(&of_no_receiver(from, to, 3, 4)), Some(none));
        for odd in ["", "hotline.v1.server.x", "hotline.v1.server.x.from.y", "hotline.v1.server.x.none.y.1"] {
            assert_eq!(arrived(odd), None, "{odd}");
        }
        assert_eq!(topic(&of_topic("owners")), Some("owners"));
        assert!(!is_topic("a.b") && !is_topic("") && is_topic("beat"));
    }

    #[test]
    fn user_and_password_are_taken_out_of_the_urls() {
        let servers = Servers::parse("nats://u%40:p%2C@127.0.0.1:4222, tls://u%40:p%2C@bus.example")
            .expect("good urls");
        assert_eq!(servers.credentials, Some(("u@".to_owned(), "p,".to_owned())));
        assert_eq!(servers.addresses.len(), 2);
        assert!(!format!("{servers:?}").replace("credentials: Some((\"u@\", \"p,\"))", "").contains("p%2C"));
    }

    #[test]
    fn bad_urls_are_refused_without_being_repeated() {
        for bad in ["", "127.0.0.1:4222", "http://a", "nats://", "nats://a,", "ws://a", "nats://a:port"] {
            assert!(Servers::parse(bad).is_err(), "{bad}");
        }
        let fault = Servers::parse("nats://u:secret@a:port").expect_err("a port is a number");
        assert!(!format!("{fault} {fault:?}").contains("secret"));
        assert!(matches!(Servers::parse("nats://u:p@a,nats://b"), Err(BusFault::Credentials)));
    }
}
