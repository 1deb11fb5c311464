//! Whether JSON is as the OpenAPI document says, as far as the document's words for frames go. Stricter than a schema has to
//! be: what is not described is wrong, too.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// The keys of a value that a schema knows, or what does not fit.
type Known = Result<BTreeSet<String>, String>;

pub(super) struct Document(pub(super) Value);

impl Document {
    pub(super) fn schema(&self, name: &str) -> &Value {
        let schema = &self.0["components"]["schemas"][name];
        assert!(schema.is_object(), "there is no schema {name}");
        schema
    }

    /// # Errors
    /// What does not fit, and where.
    pub(super) fn check(&self, schema: &Value, value: &Value) -> Result<(), String> {
        let known = self.known(schema, value)?;
        let unknown = value.as_object().and_then(|object| object.keys().find(|key| !known.contains(*key)));
        unknown.map_or(Ok(()), |key| Err(format!("{key}: not in the schema")))
    }

    fn known(&self, schema: &Value, value: &Value) -> Known {
        if let Some(reference) = schema["$ref"].as_str() {
            let target = reference.strip_prefix('#').and_then(|pointer| self.0.pointer(pointer));
            return self.known(target.ok_or_else(|| format!("{reference} leads nowhere"))?, value);
        }
        check_itself(schema, value)?;
        let mut known = BTreeSet::new();
        for part in list(schema, "allOf") {
            known.extend(self.known(part, value)?);
        }
        for word in ["oneOf", "anyOf"] {
            let parts = list(schema, word);
            let tried: Vec<Known> = parts.iter().map(|part| self.known(part, value)).collect();
            let fitting: Vec<&BTreeSet<String>> = tried.iter().flatten().collect();
            match (parts, &fitting[..]) {
                ([], _) => {}
                (_, []) => {
                    let why = tried.into_iter().filter_map(Result::err).collect::<Vec<_>>();
                    return Err(format!("none of: {}", why.join(" / ")));
                }
                (_, [_, _, ..]) if word == "oneOf" => return Err("more than one of them".to_owned()),
                (_, fitting) => known.extend(fitting.iter().copied().flatten().cloned()),
            }
        }
        if let Some(object) = value.as_object() {
            known.extend(self.fields(schema, object)?);
        }
        for (at, item) in value.as_array().into_iter().flatten().enumerate() {
            self.check(&schema["items"], item).map_err(|why| format!("{at}: {why}"))?;
        }
        Ok(known)
    }

    fn fields(&self, schema: &Value, object: &Map<String, Value>) -> Known {
        let missing = list(schema, "required").iter().filter_map(Value::as_str);
        if let Some(missing) = missing.into_iter().find(|key| !object.contains_key(*key)) {
            return Err(format!("{missing}: missing"));
        }
        let described = schema["properties"].as_object();
        let others = &schema["additionalProperties"];
        // Any object: what is in it is another's.
        let is_made_of_others = ["allOf", "oneOf", "anyOf"].iter().any(|word| schema[*word].is_array());
        let is_free = described.is_none() && others.is_null() && !is_made_of_others;
        let mut known = BTreeSet::new();
        for (key, value) in object {
            let schema = described.and_then(|described| described.get(key));
            let schema = schema.or_else(|| others.is_object().then_some(others));
            match schema {
                Some(schema) => self.check(schema, value).map_err(|why| format!("{key}: {why}"))?,
                None if is_free => {}
                None => continue,
            }
            known.insert(key.clone());
        }
        Ok(known)
    }
}

/// What a schema says without the schemas in it.
fn check_itself(schema: &Value, value: &Value) -> Result<(), String> {
    let one_type = schema["type"].as_str();
    let types: Vec<&str> =
        one_type.into_iter().chain(list(schema, "type").iter().filter_map(Value::as_str)).collect();
    let is = |name: &&str| match *name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("an unknown type: {other}"),
    };
    if !types.is_empty() && !types.iter().any(is) {
        return Err(format!("{value} is not {types:?}"));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        return Err(format!("{value} is none of {words:?}"));
    }
    match (schema["pattern"].as_str(), value.as_str()) {
        (Some("^[0-9a-f]{32}$"), Some(text)) => {
            let is_hex =
                text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            is_hex.then_some(()).ok_or_else(|| format!("{text} is no id"))
        }
        (Some(pattern), Some(_)) => panic!("a pattern that nobody can read here: {pattern}"),
        (_, None) | (None, _) => Ok(()),
    }
}

fn list<'a>(schema: &'a Value, key: &str) -> &'a [Value] {
    schema[key].as_array().map_or(&[], Vec::as_slice)
}
