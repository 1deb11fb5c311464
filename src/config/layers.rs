//! The layers of the settings: `config.toml` as built in, a file, the environment.

use std::path::Path;

use config::{Config, File, FileFormat};
use serde_json::{Map, Value};

use super::{ConfigError, Settings};

/// Every key with its default; the lowest layer.
const DEFAULTS: &str = include_str!("../../config.toml");

/// Read from the working directory when no file is named.
const FILE_BY_DEFAULT: &str = "config.toml";

const PREFIX: &str = "HOTLINE__";

pub(super) fn read(
    file: Option<&Path>,
    env: impl Iterator<Item = (String, String)>,
) -> Result<Settings, ConfigError> {
    let by_default = Path::new(FILE_BY_DEFAULT);
    let file = file.or_else(|| by_default.exists().then_some(by_default));
    let text = file
        .map(|path| {
            std::fs::read_to_string(path)
                .map_err(|error| ConfigError::File { path: path.to_owned(), cause: error.to_string() })
        })
        .transpose()?;
    read_text(text.as_deref(), env).map_err(|error| in_file(error, file))
}

/// A file that is no TOML has no key to name: name the file.
fn in_file(error: ConfigError, file: Option<&Path>) -> ConfigError {
    match (error, file) {
        (ConfigError::Key { key, cause }, Some(path)) if key.is_empty() => {
            // The parser draws a picture over several lines; its first says where, its last says what.
            let lines: Vec<&str> = cause.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
            let cause = match lines.as_slice() {
                [place, .., what] => format!("{place}: {what}"),
                _ => cause,
            };
            ConfigError::File { path: path.to_owned(), cause }
        }
        (error, _) => error,
    }
}

pub(super) fn read_text(
    file: Option<&str>,
    env: impl Iterator<Item = (String, String)>,
) -> Result<Settings, ConfigError> {
    let mut builder = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
    if let Some(text) = file {
        builder = builder.add_source(File::from_str(text, FileFormat::Toml));
    }
    let mut tree: Value = builder.build().and_then(Config::try_deserialize).map_err(|e| key("", e))?;
    let mut database_url = None;
    for (name, text) in env {
        if name == "DATABASE_URL" {
            database_url = Some(text);
        } else if let Some(path) = name.strip_prefix(PREFIX) {
            set(&mut tree, &path.to_lowercase(), text)?;
        }
    }
    if let Some(url) = database_url {
        tree["database"]["url"] = Value::String(url);
    }
    complete_institutions(&mut tree)?;
    serde_path_to_error::deserialize(tree).map_err(|error| {
        let path = error.path().to_string();
        key(&path, error.into_inner())
    })
}

fn key(key: &str, cause: impl std::fmt::Display) -> ConfigError {
    ConfigError::Key { key: key.to_owned(), cause: cause.to_string() }
}

/// Sets one variable. The default's kind says how the text is read, so that a key of digits stays text.
fn set(tree: &mut Value, path: &str, text: String) -> Result<(), ConfigError> {
    let dotted = path.replace("__", ".");
    let parts: Vec<&str> = path.split("__").collect();
    let default = match parts.as_slice() {
        ["institutions", _, field] => tree["dispatch"].get(field),
        ["emergency"] => tree.get("emergency"),
        [section, field] => tree.get(section).and_then(|section| section.get(field)),
        _ => None,
    };
    let default = default.ok_or_else(|| key(&dotted, "there is no such setting"))?;
    let value = parse(default, text).map_err(|cause| key(&dotted, cause))?;
    let mut place = tree;
    for part in parts {
        // Sections exist, being there by default; only an institution may be named here first.
        place = place
            .as_object_mut()
            .ok_or_else(|| key(&dotted, "there is no such setting"))?
            .entry(part)
            .or_insert_with(|| Value::Object(Map::new()));
    }
    *place = value;
    Ok(())
}

fn parse(default: &Value, text: String) -> Result<Value, String> {
    match default {
        Value::String(_) => Ok(Value::String(text)),
        Value::Bool(_) => text.parse().map(Value::Bool).map_err(|_| "it is true or false".to_owned()),
        Value::Number(_) => {
            text.parse::<i64>().map(Value::from).map_err(|_| "it is a whole number".to_owned())
        }
        Value::Array(_) => list(&text),
        Value::Object(_) | Value::Null => Err("it is a section".to_owned()),
    }
}

/// A list is written as in JSON, or as in TOML: `[{appid = "wx1", institution = "ecnu"}]`.
fn list(text: &str) -> Result<Value, String> {
    if let Ok(value @ Value::Array(_)) = serde_json::from_str(text) {
        return Ok(value);
    }
    Config::builder()
        .add_source(File::from_str(&format!("value = {text}"), FileFormat::Toml))
        .build()
        .and_then(|config| config.get::<Value>("value"))
        .ok()
        .filter(Value::is_array)
        .ok_or_else(|| "it is a list, written as JSON or TOML".to_owned())
}

/// Lays each institution's differences over `[dispatch]`, so that the rest sees whole rules.
fn complete_institutions(tree: &mut Value) -> Result<(), ConfigError> {
    let base = tree["dispatch"].as_object().cloned().unwrap_or_default();
    let Some(institutions) = tree.get_mut("institutions").and_then(Value::as_object_mut) else {
        return Ok(());
    };
    for (code, differences) in institutions {
        let differences = differences
            .as_object_mut()
            .ok_or_else(|| key(&format!("institutions.{code}"), "it is a section"))?;
        for (field, value) in &base {
            differences.entry(field.as_str()).or_insert_with(|| value.clone());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hotline_actors::dispatch::limits::DispatchLimits;

    use super::*;

    const CONTRACT: &str = include_str!("../../docs/contract.md");

    /// The lines `key = value` of `[dispatch]` in config.toml.
    fn limits_as_written() -> Vec<(&'static str, &'static str)> {
        let section = DEFAULTS.split("\n[dispatch]\n").nth(1).expect("a section of that name");
        let section = section.split("\n[").next().expect("its lines");
        let limits: Vec<_> = section.lines().filter_map(|line| line.split_once(" = ")).collect();
        assert!(limits.len() > 10, "they were found: {limits:?}");
        limits
    }

    #[test]
    fn the_limits_of_the_settings_are_those_that_the_domain_is_tested_with() {
        assert_eq!(crate::config::defaults().dispatch, DispatchLimits::default());
    }

    #[test]
    fn every_limit_stands_in_the_contract_with_its_default() {
        for (key, value) in limits_as_written() {
            let line = format!("`{key} = {value}`");
            assert!(CONTRACT.contains(&line), "docs/contract.md 5 does not say {line}");
        }
    }

    #[test]
    fn no_limit_takes_what_it_cannot_be_and_each_is_named() {
        for (key, value) in limits_as_written() {
            let impossible: &[&str] = match key {
                "named_fallback" => &["1"],
                "default_max_consults" => &["51", "-1"],
                "unanswered_seconds" => &["[0]", "[300, 120]", "[120, 120]", "[1,2,3,4,5,6,7,8,9]"],
                _ if value.starts_with('[') => &["[0]", "[2678401]", "[1,2,3,4,5,6,7,8,9]"],
                _ => &["0", "2678401", "-1"],
            };
            for (section, name) in [("DISPATCH", "dispatch"), ("INSTITUTIONS__ECNU", "institutions.ecnu")] {
                let variable = format!("HOTLINE__{section}__{}", key.to_uppercase());
                for value in impossible {
                    let refusal = refusal(&[(&variable, value)]);
                    let named = format!("the setting {name}.{key} cannot be used");
                    assert!(refusal.starts_with(&named), "{variable}={value}: {refusal}");
                }
            }
        }
    }

    fn with(env: &[(&str, &str)]) -> Result<Settings, ConfigError> {
        read_text(None, env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
    }

    fn refusal(env: &[(&str, &str)]) -> String {
        with(env).expect_err("refused").to_string()
    }

    #[test]
    fn the_environment_goes_over_the_file_and_the_file_over_the_defaults() {
        let file = Some("[server]\nport = 1\nworkers = 3\n[[emergency]]\nname = \"a\"\nnumber = \"1\"\n");
        let env = [("HOTLINE__SERVER__PORT".to_owned(), "0".to_owned())];
        let settings = read_text(file, env.into_iter()).expect("known keys");
        assert_eq!((settings.server.port, settings.server.workers), (0, 3));
        assert_eq!(settings.emergency.len(), 1, "a list is replaced, not merged");
        assert_eq!(settings.database.connections_max, 16);
    }

    #[test]
    fn a_key_of_digits_stays_text() {
        let digits = "1".repeat(64);
        let settings = with(&[("HOTLINE__SECRETS__DATA_KEY", &digits)]).expect("text");
        assert_eq!(settings.secrets.data_key.reveal(), digits);
    }

    #[test]
    fn apps_by_environment_are_json_or_toml() {
        for text in
            [r#"[{"appid":"wx1","institution":"ecnu"}]"#, r#"[{appid = "wx1", institution = "ecnu"}]"#]
        {
            let settings = with(&[("HOTLINE__WECHAT__APPS", text)]).expect(text);
            assert_eq!(settings.wechat.apps[0].appid, "wx1");
        }
        let networks = with(&[("HOTLINE__SERVER__TRUSTED_PROXIES", r#"["10.0.0.0/8"]"#)]).expect("a list");
        assert_eq!(networks.server.trusted_proxies.len(), 1);
    }

    #[test]
    fn an_institution_differs_in_what_it_names_only() {
        let settings = with(&[("HOTLINE__INSTITUTIONS__ECNU__GRACE_SECONDS", "5")]).expect("a known key");
        assert_eq!(settings.dispatch_for("ecnu").grace, Duration::from_secs(5));
        assert_eq!(settings.dispatch_for("ecnu").waiting_max, Duration::from_mins(30));
        assert_eq!(settings.dispatch_for("other"), settings.dispatch);
    }

    #[test]
    fn the_database_url_of_the_surroundings_wins() {
        let settings =
            with(&[("DATABASE_URL", "postgres://a/b"), ("HOTLINE__DATABASE__URL", "postgres://c/d")]);
        assert_eq!(settings.expect("known keys").database.url.reveal(), "postgres://a/b");
    }

    #[test]
    fn what_is_not_known_or_cannot_be_is_named() {
        for (name, value, named) in [
            ("HOTLINE__SERVER__PROT", "1", "server.prot"),
            ("HOTLINE__SERVER__PORT", "70000", "server.port"),
            ("HOTLINE__SERVER__PORT", "x", "server.port"),
            ("HOTLINE__SERVER", "x", "server"),
            ("HOTLINE__DEMO__ENABLED", "yes", "demo.enabled"),
            ("HOTLINE__WECHAT__MODE", "box", "wechat.mode"),
            ("HOTLINE__WECHAT__APPS", "wx1", "wechat.apps"),
            ("HOTLINE__WECHAT__APPS", r#"[{"appid":"a"}]"#, "wechat.apps[0]"),
            ("HOTLINE__INSTITUTIONS__ECNU__GRACE", "5", "institutions.ecnu.grace"),
            ("HOTLINE__INSTITUTIONS__ECNU__GRACE_SECONDS", "-5", "institutions.ecnu.grace_seconds"),
        ] {
            let refusal = refusal(&[(name, value)]);
            assert!(refusal.contains(named), "{name}={value}: {refusal}");
        }
    }

    #[test]
    fn unknown_keys_of_a_file_are_named() {
        for (text, named) in
            [("[server]\nprot = 1", "prot"), ("[sever]\nport = 1", "sever"), ("[institutions.x]\ny = 1", "y")]
        {
            let refusal = read_text(Some(text), std::iter::empty()).expect_err("refused").to_string();
            assert!(refusal.contains(named), "{text}: {refusal}");
        }
    }
}
