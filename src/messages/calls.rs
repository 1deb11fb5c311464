//! Calls, recognised from the signalling of `TUICallKit` and its forebears in `TIMCustomElem` (docs/protocols.md 4).
//!
//! Only an answer and an end matter here. How long a call took is a client's claim (`call_end`) and never believed: the
//! moments of the signals themselves say it.

use hotline_actors::dispatch::conversation::CallSignal;
use serde_json::Value;

/// `businessID` of calls, in the inner document.
const CALLS: [&str; 2] = ["av_call", "rtc_call"];

/// What a message says about a call; most say nothing.
pub(super) fn signal(body: &Value) -> Option<CallSignal> {
    body.as_array()?.iter().find_map(|element| {
        let is_custom = element.get("MsgType")?.as_str()? == "TIMCustomElem";
        let outer = nested(element.get("MsgContent")?.get("Data")?)?;
        let inner = nested(outer.get("data")?)?;
        let is_call = is_custom && CALLS.contains(&inner.get("businessID")?.as_str()?);
        if is_call { meaning(outer.get("actionType")?.as_i64()?, &inner) } else { None }
    })
}

fn meaning(action: i64, inner: &Value) -> Option<CallSignal> {
    let command = inner.get("data").and_then(|data| data.get("cmd")).and_then(Value::as_str);
    // Very old clients name no command and say by this alone that they have hung up.
    let has_end = inner.get("call_end").and_then(Value::as_i64).is_some_and(|seconds| seconds > 0);
    match (action, command) {
        (_, Some("switchToAudio" | "switchToVideo")) => None,
        (3, _) => Some(CallSignal::Answered),
        (1, Some("hangup")) => Some(CallSignal::Ended),
        (1, None) if has_end => Some(CallSignal::Ended),
        // Asked and not yet answered; taken back, refused, busy, not answered: nobody talks.
        _ => None,
    }
}

/// JSON within the text of JSON; some clients leave the inner one as it is.
fn nested(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) => serde_json::from_str(text).ok(),
        Value::Object(_) => Some(value.clone()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_official_signals_are_read_as_meant() {
        let vectors: Value = serde_json::from_str(include_str!("../../tests/data/protocol-vectors.json"))
            .expect("the vectors are JSON");
        let cases = vectors["call_signalling"].as_array().expect("a list of cases");
        let read: Vec<_> = cases
            .iter()
            .map(|case| (case["name"].as_str().expect("a name"), signal(&case["MsgBody"])))
            .collect();
        assert_eq!(
            read,
            [
                ("start_audio", None),
                ("answered", Some(CallSignal::Answered)),
                ("ended_83s", Some(CallSignal::Ended)),
                ("cancelled_by_caller", None),
                ("rejected", None),
            ]
        );
    }

    fn custom(action: i64, inner: &Value) -> Value {
        let data = json!({ "businessID": 1, "actionType": action, "data": inner.to_string() }).to_string();
        json!([{ "MsgType": "TIMCustomElem", "MsgContent": { "Data": data } }])
    }

    #[test]
    fn old_new_and_foreign_forms_are_told_apart() {
        let call = |rest: Value| {
            let mut inner = json!({ "businessID": "av_call" });
            for (key, value) in rest.as_object().expect("an object") {
                inner[key] = value.clone();
            }
            inner
        };
        for (body, meant) in [
            (custom(3, &call(json!({ "data": { "cmd": "switchToAudio" } }))), None),
            (custom(3, &call(json!({ "data": { "cmd": "videoCall" } }))), Some(CallSignal::Answered)),
            (custom(3, &json!({ "businessID": "rtc_call" })), Some(CallSignal::Answered)),
            (custom(1, &call(json!({ "call_end": 83 }))), Some(CallSignal::Ended)),
            (custom(1, &call(json!({ "room_id": 7 }))), None),
            (custom(3, &json!({ "businessID": "user_typing_status" })), None),
            (json!([{ "MsgType": "TIMTextElem", "MsgContent": { "Text": "av_call" } }]), None),
            (json!([{ "MsgType": "TIMCustomElem", "MsgContent": { "Data": "{\"kind\":1}" } }]), None),
            (json!([{ "MsgType": "TIMCustomElem", "MsgContent": { "Data": "not json" } }]), None),
            (json!(null), None),
        ] {
            assert_eq!(signal(&body), meant, "{body}");
        }
    }
}
