//! What a request carries: query string, form body and JSON body, read alike (docs/contract.md 1). `http/body.rs` brings
//! the bytes.

mod paging;
mod query;

use std::str::FromStr;

use serde_json::{Map, Value};

pub use paging::{Page, Paging};

use crate::text;

/// Bytes of a callback of Tencent IM.
pub const CALLBACK_BYTES_MAX: usize = 256 * 1024;
/// Characters of one text, where the field itself says no less.
pub const TEXT_CHARS_MAX: usize = 1000;
/// Entries of one list.
const LIST_MAX: usize = 1000;

/// The parameters of a request. A body's go before those of the query string; GET has no body.
#[derive(Default)]
pub struct Params {
    fields: Map<String, Value>,
    /// Named in the query or form, but not UTF-8.
    garbled: Vec<String>,
}

/// What is wrong with a parameter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParamError {
    #[error("{0} is missing")]
    Missing(String),
    #[error("{0} is not what it should be")]
    Bad(String),
}

impl ParamError {
    pub fn missing(name: &str) -> Self {
        Self::Missing(name.to_owned())
    }

    pub fn bad(name: &str) -> Self {
        Self::Bad(name.to_owned())
    }
}

impl std::fmt::Debug for Params {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.fields.keys().map(|_| "…")).finish()
    }
}

impl Params {
    /// A text, if there is one that is not empty. [`ParamError::Bad`] when it is not text of one line, or is too long.
    pub fn text(&self, name: &str) -> Result<Option<String>, ParamError> {
        Ok(self.given(name, TEXT_CHARS_MAX)?.filter(|text| !text.is_empty()))
    }

    /// A text that must be there.
    pub fn required(&self, name: &str) -> Result<String, ParamError> {
        self.text(name)?.ok_or_else(|| ParamError::missing(name))
    }

    /// A text of one line (`text.rs`) and at most `chars_max` characters; an empty one is `Some("")`, which clears a field.
    pub fn given(&self, name: &str, chars_max: usize) -> Result<Option<String>, ParamError> {
        let text = self.words(name, chars_max)?;
        if text.as_deref().is_some_and(|text| !text::is_line(text)) {
            return Err(ParamError::bad(name));
        }
        Ok(text)
    }

    /// As [`Params::given`], of any number of lines.
    pub fn words(&self, name: &str, chars_max: usize) -> Result<Option<String>, ParamError> {
        let text = match self.value(name)? {
            None => return Ok(None),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_) | Value::Null) => {
                return Err(ParamError::bad(name));
            }
        };
        if !text::is_words(&text) || text.chars().nth(chars_max).is_some() {
            return Err(ParamError::bad(name));
        }
        Ok(Some(text))
    }

    /// A whole number: a number, or digits in a text.
    pub fn int(&self, name: &str) -> Result<Option<i64>, ParamError> {
        match self.value(name)? {
            None => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(value) => whole(value).map(Some).ok_or_else(|| ParamError::bad(name)),
        }
    }

    /// A whole number that must be there.
    pub fn required_int(&self, name: &str) -> Result<i64, ParamError> {
        self.int(name)?.ok_or_else(|| ParamError::missing(name))
    }

    /// Yes or no: a boolean, or `true`, `false`, `1`, `0` as text or number.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, ParamError> {
        match self.value(name)? {
            None => Ok(None),
            Some(Value::Bool(yes)) => Ok(Some(*yes)),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(value) => match whole(value) {
                Some(0) => Ok(Some(false)),
                Some(1) => Ok(Some(true)),
                Some(_) | None => Err(ParamError::bad(name)),
            },
        }
    }

    /// An id or another word with a type of its own. [`ParamError::Bad`] when it cannot be one.
    pub fn parsed<T: FromStr>(&self, name: &str) -> Result<Option<T>, ParamError> {
        self.text(name)?.map(|text| text.parse().map_err(|_| ParamError::bad(name))).transpose()
    }

    /// A list of texts: a JSON array, or words with commas between them.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<String>>, ParamError> {
        let items: Vec<String> = match self.value(name)? {
            None => return Ok(None),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| match item {
                    Value::String(text) => Ok(text.clone()),
                    Value::Number(number) => Ok(number.to_string()),
                    Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                        Err(ParamError::bad(name))
                    }
                })
                .collect::<Result<_, _>>()?,
            Some(Value::String(text)) => {
                text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
            }
            Some(Value::Number(number)) => vec![number.to_string()],
            Some(Value::Bool(_) | Value::Object(_) | Value::Null) => return Err(ParamError::bad(name)),
        };
        let fit = |text: &String| text::is_line(text) && text.chars().nth(TEXT_CHARS_MAX).is_none();
        if items.len() > LIST_MAX || !items.iter().all(fit) {
            return Err(ParamError::bad(name));
        }
        Ok(Some(items))
    }

    /// A list of whole numbers, as [`Params::texts`].
    pub fn ints(&self, name: &str) -> Result<Option<Vec<i64>>, ParamError> {
        self.texts(name)?
            .map(|items| items.iter().map(|item| item.parse().map_err(|_| ParamError::bad(name))).collect())
            .transpose()
    }

    /// `page` and `size`, counted as the endpoint counts.
    pub fn page(&self, paging: Paging) -> Result<Page, ParamError> {
        paging.page(self.int("page")?, self.int("size")?)
    }

    /// An absent field, a JSON null and a name without a value are the same: not there.
    fn value(&self, name: &str) -> Result<Option<&Value>, ParamError> {
        if self.garbled.iter().any(|garbled| garbled == name) {
            return Err(ParamError::bad(name));
        }
        Ok(self.fields.get(name).filter(|value| !value.is_null()))
    }

    /// The fields of a JSON object.
    ///
    /// # Errors
    /// When it is none.
    pub fn of_json(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        Ok(Self { fields: serde_json::from_slice(bytes)?, garbled: Vec::new() })
    }

    /// The pairs of a query string or a form.
    pub fn of_pairs(text: &[u8]) -> Self {
        let mut params = Self::default();
        for (name, value) in query::pairs(text) {
            match value {
                Ok(value) => {
                    // As elsewhere on the web, the first of several counts.
                    params.fields.entry(name).or_insert(Value::String(value));
                }
                Err(query::NotText) => params.garbled.push(name),
            }
        }
        params
    }

    /// These before those of `lower`.
    #[must_use]
    pub fn over(mut self, lower: Self) -> Self {
        let hidden = |name: &String| !self.fields.contains_key(name);
        self.garbled.extend(lower.garbled.into_iter().filter(hidden));
        for (name, value) in lower.fields {
            self.fields.entry(name).or_insert(value);
        }
        self
    }
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_without_a_value_is_absent() {
        let p = Params::of_pairs(b"state&page&size=5&name=");
        assert_eq!(p.text("state").expect("absent"), None);
        assert_eq!(p.given("state", 9).expect("absent"), None);
        assert_eq!(p.given("name", 9).expect("empty"), Some(String::new()));
        assert_eq!((p.int("page").expect("absent"), p.int("size").expect("a number")), (None, Some(5)));
    }

    #[test]
    fn nul_bad_utf8_and_monstrous_texts_are_refused_by_name() {
        let long = format!("name={}", "a".repeat(10_000));
        for query in [
            "name=a%00b",
            "name=a%0Ab",
            "name=%E2%80%AEab",
            "name=%09",
            "name=%ff%fe",
            "name=%C3%28",
            long.as_str(),
        ] {
            let p = Params::of_pairs(query.as_bytes());
            assert_eq!(p.text("name"), Err(ParamError::bad("name")), "{query}");
            assert_eq!(p.text("other"), Ok(None));
        }
    }

    #[test]
    fn wrong_types_are_refused_by_name() {
        let p = Params::of_json(br#"{"a":{"b":1},"n":"x","f":1.5,"s":[1,"2"],"big":99999999999999999999}"#)
            .expect("JSON");
        assert_eq!(p.text("a"), Err(ParamError::bad("a")), "an object is no text");
        for field in ["n", "f", "big", "s"] {
            assert_eq!(p.int(field), Err(ParamError::bad(field)), "no whole number");
        }
        assert_eq!(p.ints("s"), Ok(Some(vec![1, 2])));
        assert_eq!(p.required("gone"), Err(ParamError::missing("gone")));
    }
}
