//! Fields of a callback, taken leniently: Tencent's samples show the same number bare in one document and quoted in
//! another.

use serde_json::{Map, Value};

use super::Rejected;

/// The fields of one JSON object.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    pub(super) fn of(document: &'a Value) -> Result<Self, Rejected> {
        document.as_object().map(Self).ok_or(Rejected::NotJson)
    }

    pub(super) fn object(self, name: &'static str) -> Result<Self, Rejected> {
        self.0.get(name).and_then(Value::as_object).map(Self).ok_or(Rejected::Field(name))
    }

    pub(super) fn is_array(self, name: &str) -> bool {
        self.0.get(name).is_some_and(Value::is_array)
    }

    pub(super) fn text(self, name: &'static str) -> Result<&'a str, Rejected> {
        self.optional_text(name)?.ok_or(Rejected::Field(name))
    }

    pub(super) fn optional_text(self, name: &'static str) -> Result<Option<&'a str>, Rejected> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_str().map(Some).ok_or(Rejected::Field(name)),
        }
    }

    pub(super) fn number<N: TryFrom<i64>>(self, name: &'static str) -> Result<N, Rejected> {
        self.optional_number(name)?.ok_or(Rejected::Field(name))
    }

    pub(super) fn optional_number<N: TryFrom<i64>>(self, name: &'static str) -> Result<Option<N>, Rejected> {
        let whole = match self.0.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Number(number)) => number.as_i64(),
            Some(Value::String(digits)) => digits.parse().ok(),
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => None,
        };
        let fits = whole.and_then(|whole| N::try_from(whole).ok());
        fits.map(Some).ok_or(Rejected::Field(name))
    }
}
