//! What a value may be, beyond its type, and what must not be open to the world.

mod keys;
mod proxies;

use std::collections::HashSet;

use super::{ConfigError, ImMode, Settings, WechatMode};
use crate::{address::is_loopback_host, params::CALLBACK_BYTES_MAX};

type Checked = Result<(), ConfigError>;

pub(super) fn check(settings: &Settings) -> Checked {
    server(settings)?;
    let name = &settings.cluster.name;
    ensure(name.is_empty() || is_code(name), "cluster.name", "a name is 2 to 32 of a-z, 0-9, _ and -")?;
    ensure(
        settings.cluster.bus.reveal().is_empty() || !name.is_empty(),
        "cluster.bus",
        "servers that share a bus need a cluster.name each",
    )?;
    within("cluster.balance_seconds", settings.cluster.balance_seconds, 1, 86_400)?;
    limits(settings)?;
    secrets(settings)?;
    for code in settings.institutions.keys() {
        ensure(is_code(code), &format!("institutions.{code}"), "a code is 2 to 32 of a-z, 0-9, _ and -")?;
    }
    im(settings)?;
    wechat(settings)?;
    for (index, entry) in settings.emergency.iter().enumerate() {
        let filled = !entry.name.trim().is_empty() && !entry.number.trim().is_empty();
        ensure(filled, &format!("emergency[{index}]"), "name and number must be there")?;
    }
    safety(settings)
}

fn ensure(holds: bool, key: &str, cause: &str) -> Checked {
    if holds { Ok(()) } else { Err(ConfigError::Key { key: key.to_owned(), cause: cause.to_owned() }) }
}

/// Whether this may be an institution's code, as the schema says.
pub(crate) fn is_code(text: &str) -> bool {
    (2..=32).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
}

fn server(settings: &Settings) -> Checked {
    let server = &settings.server;
    let url = server.public_url.as_str();
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let names_a_host = host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']));
    ensure(
        url.is_empty() || names_a_host,
        "server.public_url",
        "write it as https://hotline.example.edu, without a path (that is server.base_path)",
    )?;
    let base = server.base_path.as_str();
    let plain = base.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_'));
    ensure(
        base.is_empty() || (base.starts_with('/') && !base.ends_with('/') && !base.contains("//") && plain),
        "server.base_path",
        "write it as /hotline: a slash first, none last",
    )?;
    ensure(
        !proxies::trust_strangers(&server.trusted_proxies),
        "server.trusted_proxies",
        "so many cannot all be proxies: whoever is trusted chooses the address that the limits on log-ins count by",
    )?;
    ensure(server.workers <= 1024, "server.workers", "at most 1024")?;
    within("server.shutdown_seconds_max", server.shutdown_seconds_max, 1, 600)?;
    let filter = tracing_subscriber::EnvFilter::try_new(&settings.log.filter);
    ensure(filter.is_ok(), "log.filter", "write it as info, or hotline=debug,info")
}

fn within(key: &str, value: u64, least: u64, most: u64) -> Checked {
    ensure((least..=most).contains(&value), key, &format!("{value} is not within {least} to {most}"))
}

/// A month in seconds: longer limits are mistakes, and sums of them must not overflow.
const SECONDS_MAX: u64 = 31 * 24 * 3600;

fn limits(settings: &Settings) -> Checked {
    let (database, session) = (&settings.database, &settings.session);
    let url = database.url.reveal();
    ensure(
        url.starts_with("postgres://") || url.starts_with("postgresql://"),
        "database.url",
        "write it as postgres://user@host/database",
    )?;
    within("database.connections_max", database.connections_max.into(), 1, 1000)?;
    within("database.acquire_seconds_max", database.acquire_seconds_max, 1, 600)?;
    within("database.statement_seconds_max", database.statement_seconds_max, 1, 600)?;
    within("database.lock_seconds_max", database.lock_seconds_max, 1, 600)?;
    within("session.staff_idle_seconds_max", session.staff_idle_seconds_max, 1, SECONDS_MAX * 12)?;
    within("session.staff_seconds_max", session.staff_seconds_max, 1, SECONDS_MAX * 12)?;
    within("session.visitor_idle_seconds_max", session.visitor_idle_seconds_max, 1, SECONDS_MAX * 12)?;
    within(
        "session.failures_max_account_address",
        session.failures_max_account_address.into(),
        1,
        1_000_000,
    )?;
    within("session.failures_max_address", session.failures_max_address.into(), 1, 1_000_000)?;
    within("session.failures_window_seconds", session.failures_window_seconds, 1, SECONDS_MAX)?;
    within("session.password_hashes_max", session.password_hashes_max as u64, 1, 64)?;
    let (journal, messages, sockets) = (&settings.journal, &settings.messages, &settings.sockets);
    within("journal.settle_seconds_max", journal.settle_seconds_max, 1, 600)?;
    within("journal.backlog_max", journal.backlog_max as u64, 1, 10_000_000)?;
    within("journal.batch_max", journal.batch_max as u64, 1, 100_000)?;
    within("journal.fence_check_seconds", journal.fence_check_seconds, 1, 3600)?;
    within("journal.resume_events_max", journal.resume_events_max as u64, 1, 10_000_000)?;
    within("messages.buffer_max", messages.buffer_max as u64, 1, 10_000_000)?;
    within("messages.batch_max", messages.batch_max as u64, 1, 100_000)?;
    within("messages.store_milliseconds_max", messages.store_milliseconds_max, 1, 60_000)?;
    within("messages.unplaced_max", messages.unplaced_max.into(), 1, 1_000_000)?;
    within("messages.unplaced_per_person_max", messages.unplaced_per_person_max.into(), 1, 1_000_000)?;
    let bytes = |bytes: i64| u64::try_from(bytes).unwrap_or(0);
    within("messages.unplaced_bytes_max", bytes(messages.unplaced_bytes_max), 1024, 1 << 40)?;
    let message = bytes(messages.unplaced_message_bytes_max.into());
    within("messages.unplaced_message_bytes_max", message, 1024, CALLBACK_BYTES_MAX as u64)?;
    within("messages.unplaced_days_max", messages.unplaced_days_max.into(), 1, 36_500)?;
    within("records.retention_days", settings.records.retention_days.into(), 0, 36_500)?;
    within("records.erase_every_seconds", settings.records.erase_every_seconds, 1, SECONDS_MAX)?;
    within("sockets.heartbeat_seconds", sockets.heartbeat_seconds, 1, 3600)?;
    // With one, the answer to a ping would have no time to come.
    within("sockets.heartbeats_missed_max", sockets.heartbeats_missed_max.into(), 2, 100)?;
    within("sockets.auth_seconds_max", sockets.auth_seconds_max, 1, 600)?;
    within("sockets.debt_bytes_max", sockets.debt_bytes_max as u64, 4096, 1 << 30)?;
    within("sockets.state_seconds", sockets.state_seconds, 1, 600)?;
    within("sockets.finish_seconds_max", sockets.finish_seconds_max, 1, 600)?;
    within("sockets.open_max", sockets.open_max as u64, 1, 10_000_000)?;
    within("sockets.per_person_max", sockets.per_person_max as u64, 2, 10_000_000)?;
    within("sockets.strangers_max", sockets.strangers_max as u64, 1, 1_000_000)?;
    within(
        "sockets.strangers_per_address_max",
        sockets.strangers_per_address_max as u64,
        1,
        sockets.strangers_max as u64,
    )
}

fn secrets(settings: &Settings) -> Checked {
    let secrets = &settings.secrets;
    let is_key = |key: &str| key.len() == 64 && key.bytes().all(|b| b.is_ascii_hexdigit());
    let is_id = |id: &str| (1..=16).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric());
    let (key_rule, id_rule) =
        ("it is 64 hex digits (openssl rand -hex 32)", "it is 1 to 16 letters or digits");
    let key = secrets.data_key.reveal();
    ensure(key.is_empty() || is_key(key), "secrets.data_key", key_rule)?;
    if let Some(weakness) = keys::weakness(key) {
        ensure(false, "secrets.data_key", &format!("{weakness} (openssl rand -hex 32 draws one)"))?;
    }
    ensure(is_id(&secrets.data_key_id), "secrets.data_key_id", id_rule)?;
    let mut ids = HashSet::from([secrets.data_key_id.as_str()]);
    for (index, old) in secrets.old_keys.iter().enumerate() {
        let name = |field: &str| format!("secrets.old_keys[{index}].{field}");
        // However it was drawn: it must still open what was sealed under it.
        ensure(is_key(old.key.reveal()), &name("key"), key_rule)?;
        let is_new = !old.key.reveal().eq_ignore_ascii_case(key);
        ensure(
            is_new,
            &name("key"),
            "it is secrets.data_key itself: whoever has the old one still reads everything",
        )?;
        ensure(is_id(&old.id), &name("id"), id_rule)?;
        ensure(ids.insert(&old.id), &name("id"), "another key has it: each needs an id of its own")?;
    }
    ensure(
        secrets.old_keys.is_empty() || !key.is_empty(),
        "secrets.data_key",
        "it must be set where secrets.old_keys is",
    )
}

fn im(settings: &Settings) -> Checked {
    let im = &settings.im;
    ensure(
        (im.sdk_app_id == 0) == im.secret_key.is_empty(),
        "im.secret_key",
        "im.sdk_app_id and im.secret_key are set together, or neither",
    )?;
    ensure(
        crate::identity::names::is_account(&im.administrator),
        "im.administrator",
        "it is 2 to 32 letters, digits, _ or -",
    )?;
    let url = im.rest_url.as_str();
    let is_local =
        ["http://127.0.0.1", "http://localhost", "http://[::1]"].iter().any(|host| url.starts_with(host));
    ensure(
        url.is_empty()
            || ((url.starts_with("https://") || is_local) && !url.ends_with('/') && !url.contains('?')),
        "im.rest_url",
        "write it as https://console.tim.qq.com, with no slash at the end",
    )?;
    ensure(
        !im.notices || (im.sdk_app_id != 0 && !url.is_empty()),
        "im.notices",
        "notices need im.sdk_app_id, im.secret_key and im.rest_url",
    )?;
    ensure(
        !im.notices || im.mode == ImMode::Tencent,
        "im.notices",
        "with im.mode = \"embedded\" the pages show notices themselves, and Tencent is not asked for anything",
    )?;
    within("im.image_bytes_max", im.image_bytes_max as u64, 1024, 64 << 20)?;
    within("im.images_per_conversation_max", im.images_per_conversation_max.into(), 0, 100_000)?;
    within("im.user_sig_seconds", im.user_sig_seconds, 60, SECONDS_MAX * 120)
}

fn wechat(settings: &Settings) -> Checked {
    let wechat = &settings.wechat;
    let mut seen = HashSet::new();
    for (index, app) in wechat.apps.iter().enumerate() {
        let key = |field: &str| format!("wechat.apps[{index}].{field}");
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        ensure(
            (1..=64).contains(&app.appid.len()) && plain(&app.appid),
            &key("appid"),
            "it is 1 to 64 letters or digits",
        )?;
        ensure(seen.insert(&app.appid), &key("appid"), "it stands there twice")?;
        ensure(is_code(&app.institution), &key("institution"), "a code is 2 to 32 of a-z, 0-9, _ and -")?;
        ensure(
            wechat.mode == WechatMode::Sandbox || plain_name(&app.secret_env),
            &key("secret_env"),
            "it names the environment variable that holds the mini-program's secret",
        )?;
        ensure(
            app.turn_template.is_empty() || !app.turn_fields.is_empty(),
            &key("turn_fields"),
            "a template has fields, as { thing1 = \"…\" }",
        )?;
    }
    within("wechat.exchange_seconds_max", wechat.exchange_seconds_max, 1, 60)?;
    ensure(
        is_private_url(&wechat.base_url),
        "wechat.base_url",
        "write it as https://api.weixin.qq.com; http only on loopback, since secrets travel there",
    )
}

fn plain_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether only the other side can read what is sent there.
fn is_private_url(text: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(text) else { return false };
    let bare = url.query().is_none() && url.fragment().is_none() && url.password().is_none();
    let on_loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    bare && (url.scheme() == "https" || (url.scheme() == "http" && on_loopback))
}

fn safety(settings: &Settings) -> Checked {
    if settings.wechat.mode == WechatMode::Sandbox {
        closed(settings, "wechat.mode is \"sandbox\", where anybody logs in as anybody")?;
    }
    if settings.secrets.data_key.is_empty() {
        closed(settings, "secrets.data_key is not set, so phone and identity numbers are not protected")?;
    }
    if settings.im.sdk_app_id != 0 && settings.im.callback_token.is_empty() {
        closed(
            settings,
            "im.sdk_app_id is set without im.callback_token, so whoever knows that number could write in anybody's name",
        )?;
    }
    plain_text_stays_here(settings)?;
    if settings.demo.enabled { demo_is_safe(settings) } else { Ok(()) }
}

pub(super) fn demo_is_safe(settings: &Settings) -> Checked {
    closed(settings, "the demo people share a published password")
}

/// Over `http://` the session cookie is not `Secure`, and everything said can be read on the way.
fn plain_text_stays_here(settings: &Settings) -> Checked {
    let server = &settings.server;
    let Some(host) = server.public_url.strip_prefix("http://") else { return Ok(()) };
    if server.address.is_loopback() && is_loopback_host(host) {
        return Ok(());
    }
    Err(ConfigError::Unsafe(
        "server.public_url begins with http://, so log-ins and words would travel in clear; write https://"
            .to_owned(),
    ))
}

fn closed(settings: &Settings, because: &str) -> Checked {
    let server = &settings.server;
    if server.address.is_loopback() && server.public_url.is_empty() {
        return Ok(());
    }
    Err(ConfigError::Unsafe(format!(
        "{because}; that needs a loopback server.address and an empty server.public_url"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{OldKey, WechatApp, defaults};

    /// Random, and of these tests alone.
    const KEY: &str = "9a4f1c27e0b35d688e71f2ac4d90b6153cf8a7e42b196d05c3d4e8f7061b2a39";
    const OLD_KEY: &str = "1d7e90c2a5b84f36e2917a5c0d3fb86449e1a0f7c28b5d63917f4e0a8c2d5b16";

    fn refused(change: impl FnOnce(&mut Settings)) -> String {
        let mut settings = defaults();
        change(&mut settings);
        check(&settings).expect_err("refused").to_string()
    }

    #[test]
    fn the_defaults_pass() {
        check(&defaults()).expect("the defaults are good");
    }

    #[test]
    fn impossible_values_are_named() {
        assert!(refused(|s| s.server.base_path = "hotline".into()).contains("server.base_path"));
        assert!(
            refused(|s| s.server.public_url = "hotline.example.edu".into()).contains("server.public_url")
        );
        assert!(refused(|s| s.database.connections_max = 0).contains("database.connections_max"));
        assert!(refused(|s| s.database.url = "mysql://x".into()).contains("database.url"));
        assert!(refused(|s| s.secrets.data_key = "abc".into()).contains("secrets.data_key"));
        assert!(refused(|s| s.im.sdk_app_id = 7).contains("im.secret_key"));
        assert!(refused(|s| s.sockets.open_max = 0).contains("sockets.open_max"));
        let beyond = refused(|s| s.sockets.strangers_per_address_max = s.sockets.strangers_max + 1);
        assert!(beyond.contains("sockets.strangers_per_address_max"));
        assert!(refused(|s| s.log.filter = "hotline=loudly".into()).contains("log.filter"));
    }

    #[test]
    fn old_keys_have_ids_of_their_own_and_are_never_told() {
        let old = |id: &str, key: &str| OldKey { id: id.into(), key: key.into() };
        let key = OLD_KEY.to_owned();
        let with = |olds: Vec<OldKey>| {
            refused(|s| {
                s.secrets.data_key = KEY.into();
                s.secrets.old_keys = olds;
            })
        };
        assert!(with(vec![old("k1", &key)]).contains("secrets.old_keys[0].id"), "the current key has it");
        assert!(with(vec![old("k0", &key), old("k0", &key)]).contains("secrets.old_keys[1].id"));
        let short = with(vec![old("k0", "abcdef")]);
        assert!(short.contains("secrets.old_keys[0].key") && !short.contains("abcdef"), "{short}");
        assert!(refused(|s| s.secrets.old_keys = vec![old("k0", &key)]).contains("secrets.data_key"));
        assert!(!format!("{:?}", old("k0", &key)).contains(&key));
    }

    #[test]
    fn what_is_unsafe_in_the_open_stays_on_loopback() {
        let open = |s: &mut Settings| s.server.address = [0, 0, 0, 0].into();
        let named = |s: &mut Settings| s.server.public_url = "https://hotline.example.edu".into();
        let keyed = |s: &mut Settings| s.secrets.data_key = KEY.into();
        assert!(refused(open).contains("secrets.data_key"));
        assert!(refused(named).contains("secrets.data_key"));
        for expose in [open as fn(&mut Settings), named] {
            assert!(
                refused(|s| {
                    keyed(s);
                    expose(s);
                    s.wechat.mode = WechatMode::Sandbox;
                })
                .contains("sandbox")
            );
            assert!(
                refused(|s| {
                    keyed(s);
                    expose(s);
                    s.demo.enabled = true;
                })
                .contains("demo")
            );
            let mut settings = defaults();
            keyed(&mut settings);
            expose(&mut settings);
            check(&settings).expect("with a key it may be open");
        }
    }

    #[test]
    fn in_the_open_callbacks_are_signed_and_the_way_is_encrypted() {
        let open = |s: &mut Settings, url: &str| {
            s.server.address = [0, 0, 0, 0].into();
            s.server.public_url = url.into();
            s.secrets.data_key = KEY.into();
            s.im.callback_token = "token".into();
            s.im.sdk_app_id = 7;
            s.im.secret_key = "key".into();
        };
        for mode in [ImMode::Tencent, ImMode::Embedded] {
            for address in [[127, 0, 0, 1], [0, 0, 0, 0]] {
                let unsigned = refused(|s| {
                    open(s, "https://hotline.example.edu");
                    s.server.address = address.into();
                    s.im.mode = mode;
                    s.im.callback_token = "".into();
                });
                assert!(unsigned.contains("im.callback_token"), "{unsigned}");
            }
        }
        let clear = |url: &str, address: [u8; 4]| {
            let refusal = refused(|s| {
                open(s, url);
                s.server.address = address.into();
            });
            assert!(refusal.contains("server.public_url"), "{url}: {refusal}");
        };
        clear("http://hotline.example.edu", [0, 0, 0, 0]);
        clear("http://hotline.example.edu", [127, 0, 0, 1]);
        clear("http://localhost.example.edu", [127, 0, 0, 1]);
        clear("http://127.0.0.1:8080", [0, 0, 0, 0]);
        for (url, address) in [
            ("https://hotline.example.edu", [0, 0, 0, 0]),
            ("http://127.0.0.1:8080", [127, 0, 0, 1]),
            ("http://localhost", [127, 0, 0, 1]),
        ] {
            let mut settings = defaults();
            open(&mut settings, url);
            settings.server.address = address.into();
            check(&settings).expect(url);
        }
        let mut settings = defaults();
        (settings.im.sdk_app_id, settings.im.secret_key) = (7, "key".into());
        check(&settings).expect("for trying, on this machine alone");
    }

    #[test]
    fn keys_that_are_none_and_proxies_that_are_everybody_are_refused_everywhere() {
        let weak = refused(|s| s.secrets.data_key = "ab".repeat(32).as_str().into());
        assert!(weak.contains("secrets.data_key") && !weak.contains("abab"), "{weak}");
        let same = |old: &str| {
            refused(|s| {
                s.secrets.data_key = KEY.into();
                s.secrets.old_keys = vec![OldKey { id: "k0".into(), key: old.into() }];
            })
        };
        for old in [KEY.to_owned(), KEY.to_uppercase()] {
            let same = same(&old);
            assert!(same.contains("secrets.old_keys[0].key") && !same.contains("9a4f"), "{same}");
        }
        let mut settings = defaults();
        settings.secrets.data_key = KEY.into();
        let weak = OldKey { id: "k0".into(), key: "ab".repeat(32).as_str().into() };
        settings.secrets.old_keys = vec![weak];
        check(&settings).expect("a weak one can be left behind");
        let everybody = refused(|s| {
            let halves = ["0.0.0.0/1", "128.0.0.0/1"].map(|half| half.parse().expect("a network"));
            s.server.trusted_proxies = halves.to_vec();
        });
        assert!(everybody.contains("server.trusted_proxies"), "{everybody}");
    }

    #[test]
    fn mini_programs_are_told_apart_and_name_their_secret() {
        let app = |extra: &str| -> WechatApp {
            let text = format!(r#"{{"appid":"wx1","institution":"ecnu"{extra}}}"#);
            serde_json::from_str(&text).expect("an app")
        };
        assert!(refused(|s| s.wechat.apps.push(app(""))).contains("wechat.apps[0].secret_env"));
        let named = r#","secret_env":"HOTLINE_WECHAT_ECNU_SECRET""#;
        let twice = refused(|s| s.wechat.apps = vec![app(named), app(named)]);
        assert!(twice.contains("wechat.apps[1].appid"));
        let empty = refused(|s| s.wechat.apps.push(app(&format!(r#"{named},"turn_template":"t1""#))));
        assert!(empty.contains("wechat.apps[0].turn_fields"));
        let mut settings = defaults();
        settings.wechat.apps.push(app(named));
        check(&settings).expect("a live mini-program");
    }

    #[test]
    fn secrets_travel_encrypted_or_not_at_all() {
        for bad in ["", "api.weixin.qq.com", "http://api.weixin.qq.com", "https://x/?a=b", "ftp://127.0.0.1"]
        {
            assert!(refused(|s| s.wechat.base_url = bad.into()).contains("wechat.base_url"), "{bad}");
        }
        for good in
            ["https://api.weixin.qq.com", "http://127.0.0.1:8081", "https://proxy.example.edu/wechat/"]
        {
            let mut settings = defaults();
            settings.wechat.base_url = good.into();
            check(&settings).expect(good);
        }
    }
}
