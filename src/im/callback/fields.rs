//! Fields of a callback, taken leniently: Tencent's samples show the same number bare in one document and quoted in
//! another. An object is only divided at first; what nobody asks for is not taken apart.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::Rejected;

/// The fields of one JSON object.
pub(super) struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// Borrowed where nothing in it is escaped.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Divide;

        impl<'de> Visitor<'de> for Divide {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::with_capacity(FIELDS_EXPECTED);
                while let Some((Text(name), value)) = map.next_entry()? {
                    fields.push((name, value));
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Divide)
    }
}

/// As many as a callback of today has.
const FIELDS_EXPECTED: usize = 24;

impl<'a> Fields<'a> {
    pub(super) fn of(document: &'a str) -> Result<Self, Rejected> {
        serde_json::from_str(document).map_err(|_| Rejected::NotJson)
    }

    /// The JSON text of a field; none for `null`. Of several by this name the last counts, as `jsonb` has it.
    pub(super) fn json(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.0.iter().rfind(|(known, _)| known == name)?;
        Some(value.get()).filter(|json| *json != "null")
    }

    pub(super) fn object(&self, name: &'static str) -> Result<Self, Rejected> {
        let json = self.json(name).ok_or(Rejected::Field(name))?;
        serde_json::from_str(json).map_err(|_| Rejected::Field(name))
    }

    pub(super) fn text(&self, name: &'static str) -> Result<Cow<'a, str>, Rejected> {
        self.optional_text(name)?.ok_or(Rejected::Field(name))
    }

    pub(super) fn optional_text(&self, name: &'static str) -> Result<Option<Cow<'a, str>>, Rejected> {
        self.json(name).map(|json| text(json).ok_or(Rejected::Field(name))).transpose()
    }

    pub(super) fn number<N: TryFrom<i64>>(&self, name: &'static str) -> Result<N, Rejected> {
        self.optional_number(name)?.ok_or(Rejected::Field(name))
    }

    pub(super) fn optional_number<N: TryFrom<i64>>(&self, name: &'static str) -> Result<Option<N>, Rejected> {
        let Some(json) = self.json(name) else { return Ok(None) };
        let whole: Option<i64> = if json.starts_with('"') {
            text(json).and_then(|digits| digits.parse().ok())
        } else {
            json.parse().ok()
        };
        let fits = whole.and_then(|whole| N::try_from(whole).ok());
        fits.map(Some).ok_or(Rejected::Field(name))
    }
}

fn text(json: &str) -> Option<Cow<'_, str>> {
    serde_json::from_str(json).ok().map(|Text(text)| text)
}
