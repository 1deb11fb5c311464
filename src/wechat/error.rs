//! What WeChat answers instead; `wording::wechat` says it as existing clients know it.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::Value;

use crate::wording::wechat as wording;

/// WeChat is busy: worth another try.
pub(super) const BUSY: i64 = -1;
/// The access token is not (or no longer) good.
pub(super) const TOKEN_CODES: [i64; 2] = [40001, 42001];
/// The person allowed no (further) message; normal.
pub(super) const REFUSED: i64 = 43101;

/// WeChat's no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WxError {
    pub(super) code: i64,
    message: String,
    /// Its answer, printed again without blanks; none where the library made the error itself.
    raw: Option<String>,
}

impl WxError {
    /// The error in an answer; none in a success, which has no `errcode` or 0.
    ///
    /// # Errors
    /// When the answer is no JSON object.
    pub(super) fn of(body: &[u8]) -> Result<Option<Self>, serde_json::Error> {
        let fields: Fields = serde_json::from_slice(body)?;
        let Some(code) = fields.get("errcode").and_then(Value::as_i64).filter(|code| *code != 0) else {
            return Ok(None);
        };
        let told = fields.get("errmsg").and_then(Value::as_str).unwrap_or_default();
        let message = wording::known(code).unwrap_or(told).to_owned();
        Ok(Some(Self { code, message, raw: Some(fields.print()) }))
    }

    /// After the last try with one that stays busy.
    pub(super) fn still_busy() -> Self {
        Self { code: BUSY, message: wording::STILL_BUSY.to_owned(), raw: None }
    }

    /// As the document prints it.
    pub(super) fn document_text(&self) -> String {
        wording::error(self.code, &self.message, self.raw.as_deref())
    }
}

/// For the log.
impl fmt::Display for WxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WeChat's error {} ({})", self.code, self.message)?;
        match &self.raw {
            Some(raw) => write!(f, ", which came as {raw}"),
            None => Ok(()),
        }
    }
}

/// A JSON object in the order it was written in, which `serde_json::Map` does not keep.
struct Fields(Vec<(String, Value)>);

impl Fields {
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    fn print(&self) -> String {
        let fields: Vec<String> =
            self.0.iter().map(|(key, value)| format!("{}:{value}", Value::from(key.as_str()))).collect();
        format!("{{{}}}", fields.join(","))
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields, M::Error> {
                let mut fields = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    if fields.len() < FIELDS_MAX {
                        fields.push((key, map.next_value()?));
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// Fields of an answer that are kept.
const FIELDS_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn error(body: &str) -> WxError {
        WxError::of(body.as_bytes()).expect("JSON").expect("an error")
    }

    #[test]
    fn the_text_is_the_librarys_to_the_character() {
        let vectors: Value =
            serde_json::from_str(include_str!("../../tests/data/protocol-vectors.json")).expect("vectors");
        let cases = vectors["wxjava_error"].as_array().expect("cases");
        assert_eq!(cases.len(), 3);
        for case in cases {
            let (raw, message) = (case["raw"].as_str().expect("text"), case["message"].as_str());
            assert_eq!(Some(error(raw).document_text().as_str()), message);
        }
    }

    #[test]
    fn the_answer_is_printed_again_in_its_own_order_without_blanks() {
        let spaced = error("{ \"errmsg\": \"a \\/ b\",\n \"errcode\" : 40226 }");
        assert!(
            spaced
                .document_text()
                .ends_with("错误信息：a / b，微信原始报文：{\"errmsg\":\"a / b\",\"errcode\":40226}")
        );
    }

    #[test]
    fn one_that_stays_busy_has_no_raw_part() {
        assert_eq!(
            WxError::still_busy().document_text(),
            "me.chanjar.weixin.common.error.WxErrorException: 错误代码：-1, 错误信息：微信服务端异常，超出重试次数！"
        );
    }

    #[test]
    fn a_success_is_no_error() {
        for body in [r#"{"openid":"o1"}"#, r#"{"errcode":0,"errmsg":"ok"}"#, "{}"] {
            assert_eq!(WxError::of(body.as_bytes()).expect("JSON"), None);
        }
        for body in ["", "<html>", "[]", "null"] {
            assert!(WxError::of(body.as_bytes()).is_err(), "{body}");
        }
    }
}
