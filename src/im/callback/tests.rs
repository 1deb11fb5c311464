//! Both forms of the callbacks, and every way to be turned away.

use super::*;

const APP: u32 = 1_400_513_208;
const OPEN: Trust<'_> = Trust { sdk_app_id: APP, token: "" };
const NOW: Timestamp = Timestamp(1_669_872_112_000);

fn query(command: &str) -> String {
    format!(
        "SdkAppid={APP}&CallbackCommand={command}&contentType=JSON&ClientIP=127.0.0.1&OptPlatform=RESTAPI"
    )
}

fn receive_sent(body: &Value) -> Result<Callback, Rejected> {
    receive(&query("C2C.CallbackAfterSendMsg"), body.to_string().as_bytes(), OPEN, NOW)
}

/// The sample of the interface document, section 38.
fn sample() -> Value {
    json!({
        "CallbackCommand": "C2C.CallbackAfterSendMsg",
        "From_Account": "jared",
        "To_Account": "Jonh",
        "MsgSeq": 48374,
        "MsgRandom": 2_837_546,
        "MsgTime": 1_557_481_126,
        "MsgKey": "48374_2837546_1557481126",
        "OnlineOnlyFlag": 1,
        "SendMsgResult": 0,
        "ErrorInfo": "send msg succeed",
        "UnreadMsgNum": 7,
        "MsgBody": [{ "MsgType": "TIMTextElem", "MsgContent": { "Text": "red packet" } }],
        "CloudCustomData": "your cloud custom data",
    })
}

fn after_send(callback: Result<Callback, Rejected>) -> SentMessage {
    match callback {
        Ok(Callback::AfterSend(sent)) => *sent,
        other => panic!("not a sent message: {other:?}"),
    }
}

#[test]
fn the_sample_of_the_interface_document_is_read() {
    let sent = after_send(receive_sent(&sample()));
    assert_eq!((sent.from.as_str(), sent.to.as_str()), ("jared", "Jonh"));
    assert_eq!((sent.sequence, sent.random), (48374, 2_837_546));
    assert_eq!(sent.said_at, Timestamp(1_557_481_126_000));
    assert_eq!(sent.key, "48374_2837546_1557481126");
    assert!(sent.online_only);
    assert_eq!(sent.send_result, 0);
    assert_eq!(sent.cloud_custom_data, "your cloud custom data");
    assert_eq!(sent.body, Body::of(&sample()["MsgBody"]));
    assert!(!format!("{sent:?}").contains("red packet"), "words stay out of logs");
}

#[test]
fn the_form_of_today_with_numbers_beyond_i32_and_quoted_ones_is_read() {
    let mut body = sample();
    body["MsgRandom"] = json!(4_026_038_328_u32);
    body["MsgSeq"] = json!("4294967295");
    body["EventTime"] = json!("1670574414123");
    body["MsgId"] = json!("144115233406643804-1727580296-4026038328");
    body["SendMsgResult"] = json!(80001);
    let fields = body.as_object_mut().expect("an object");
    for optional in ["UnreadMsgNum", "CloudCustomData", "OnlineOnlyFlag", "MsgKey", "ErrorInfo"] {
        fields.remove(optional);
    }
    let sent = after_send(receive_sent(&body));
    assert_eq!((sent.sequence, sent.random), (u32::MAX, 4_026_038_328));
    assert_eq!(sent.key, "4294967295_4026038328_1557481126");
    assert_eq!((sent.online_only, sent.send_result), (false, 80001));
    assert_eq!(sent.cloud_custom_data, "");
}

#[test]
fn a_wrong_field_is_named() {
    for (name, wrong) in [
        ("From_Account", json!(7)),
        ("To_Account", json!("")),
        ("To_Account", json!("x".repeat(10_000))),
        ("MsgSeq", json!(-1)),
        ("MsgRandom", json!(4_294_967_296_u64)),
        ("MsgTime", json!(1.5)),
        ("MsgTime", Value::Null),
        ("MsgKey", json!("k".repeat(200))),
        ("MsgBody", json!("words")),
        ("MsgBody", json!({ "MsgType": "TIMTextElem" })),
        ("CloudCustomData", json!({})),
        ("SendMsgResult", json!(true)),
    ] {
        let mut body = sample();
        body[name] = wrong;
        assert_eq!(receive_sent(&body), Err(Rejected::Field(name)));
    }
}

#[test]
fn words_that_could_be_stored_and_not_be_read_again_are_refused() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for unreadable in ["[1e999]", &deep] {
        let body = sample().to_string().replacen(&sample()["MsgBody"].to_string(), unreadable, 1);
        let received = receive(&query("C2C.CallbackAfterSendMsg"), body.as_bytes(), OPEN, NOW);
        assert_eq!(received, Err(Rejected::Field("MsgBody")), "{unreadable}");
    }
}

#[test]
fn of_a_field_that_comes_twice_the_last_counts() {
    let body = sample().to_string().replacen('{', r#"{"From_Account":"nobody","Msg\u0054ime":1,"#, 1);
    let sent = after_send(receive(&query("C2C.CallbackAfterSendMsg"), body.as_bytes(), OPEN, NOW));
    assert_eq!((sent.from.as_str(), sent.said_at), ("jared", Timestamp(1_557_481_126_000)));
}

#[test]
fn a_body_that_is_no_object_is_refused() {
    for body in ["", "{", "[]", "7", "\u{0}", "null"] {
        let received = receive(&query("C2C.CallbackAfterSendMsg"), body.as_bytes(), OPEN, NOW);
        assert_eq!(received, Err(Rejected::NotJson), "{body:?}");
    }
}

#[test]
fn another_app_or_another_command_is_refused() {
    let body = sample().to_string();
    let received = |query: &str| receive(query, body.as_bytes(), OPEN, NOW);
    assert_eq!(received("CallbackCommand=C2C.CallbackAfterSendMsg"), Err(Rejected::ForeignApp));
    assert_eq!(received("SdkAppid=1&CallbackCommand=C2C.CallbackAfterSendMsg"), Err(Rejected::ForeignApp));
    assert_eq!(received(&query("C2C.CallbackBeforeSendMsg")), Err(Rejected::CommandMismatch));
    assert_eq!(received(&query("c2c.callbackaftersendmsg")), Err(Rejected::CommandMismatch));
    assert_eq!(received(&format!("SdkAppid={APP}")), Err(Rejected::CommandMismatch));
    let unconfigured = Trust { sdk_app_id: 0, token: "" };
    assert_eq!(receive("SdkAppid=0", body.as_bytes(), unconfigured, NOW), Err(Rejected::NotConfigured));
}

#[test]
fn the_official_signatures_are_ours() {
    let vectors: Value = serde_json::from_str(include_str!("../../../tests/data/protocol-vectors.json"))
        .expect("the vectors are JSON");
    let vectors = vectors["callback_sign"].as_array().expect("a list");
    assert_eq!(vectors.len(), 2);
    for vector in vectors {
        let token = vector["token"].as_str().expect("a token");
        assert_eq!(sign(token, &vector["request_time"].to_string()), vector["sign"]);
    }
}

#[test]
fn with_a_token_only_fresh_and_rightly_signed_callbacks_pass() {
    let body = sample().to_string();
    let trust = Trust { sdk_app_id: APP, token: "xxxxyyyy" };
    let at = |sign: &str, time: &str, now: Timestamp| {
        let query = format!("{}&Sign={sign}&RequestTime={time}", query("C2C.CallbackAfterSendMsg"));
        receive(&query, body.as_bytes(), trust, now)
    };
    let signed = "17773bc39a671d7b9aa835458704d2a6db81360a5940292b587d6d760d484061";
    let minute = Duration::from_mins(1);
    for now in [NOW, NOW + minute, NOW - minute] {
        assert!(at(signed, "1669872112", now).is_ok());
    }
    let late = minute + Duration::from_millis(1);
    for (sign, time, now) in [
        (signed, "1669872112", NOW + late),
        (signed, "1669872112", NOW - late),
        (signed, "1669872113", NOW),
        (&signed[1..], "1669872112", NOW),
        ("", "", NOW),
        (signed, "soon", NOW),
    ] {
        assert_eq!(at(sign, time, now), Err(Rejected::BadSign));
    }
    let unsigned = receive(&query("C2C.CallbackAfterSendMsg"), body.as_bytes(), trust, NOW);
    assert_eq!(unsigned, Err(Rejected::BadSign));
}

#[test]
fn the_other_commands_are_read() {
    let read = |command: &str, mut body: Value| {
        body["CallbackCommand"] = json!(command);
        receive(&query(command), body.to_string().as_bytes(), OPEN, NOW)
    };
    assert_eq!(
        read(
            "C2C.CallbackAfterMsgReport",
            json!({ "Report_Account": "jared", "Peer_Account": "Jonh", "LastReadTime": 1_614_754_606 }),
        ),
        Ok(Callback::Read(Read {
            reader: "jared".to_owned(),
            peer: "Jonh".to_owned(),
            up_to: Timestamp(1_614_754_606_000),
        }))
    );
    assert_eq!(
        read(
            "C2C.CallbackAfterMsgWithDraw",
            json!({ "From_Account": "jared", "To_Account": "Jonh", "MsgKey": "1_2_3", "UnreadMsgNum": 7 }),
        ),
        Ok(Callback::Withdrawn(
            Withdrawn { from: "jared".to_owned(), to: "Jonh".to_owned(), key: "1_2_3".to_owned() },
            None
        ))
    );
    assert_eq!(
        read(
            "State.StateChange",
            json!({ "EventTime": 1_629_883_332_497_i64,
                    "Info": { "Action": "Login", "To_Account": "testuser316", "Reason": "Register" },
                    "KickedDevice": [{ "Platform": "Windows" }] }),
        ),
        Ok(Callback::State(StateChange {
            account: "testuser316".to_owned(),
            action: "Login".to_owned(),
            reason: "Register".to_owned(),
            at: Some(Timestamp(1_629_883_332_497)),
        }))
    );
    assert!(matches!(read("C2C.CallbackBeforeSendMsg", sample()), Ok(Callback::BeforeSend(_))));
    assert_eq!(read("Sns.CallbackFriendAdd", json!({})), Ok(Callback::Other));
}

#[test]
fn answers_have_the_six_keys() {
    let keys = ["code", "message", "result", "ActionStatus", "ErrorInfo", "ErrorCode"];
    for (answer, status, code) in [(accepted(), "OK", 0), (failed("原因"), "FAIL", 1)] {
        let answer = answer.as_object().expect("an object").clone();
        assert_eq!(answer.len(), 6);
        assert!(keys.iter().all(|key| answer.contains_key(*key)));
        assert_eq!((&answer["ActionStatus"], &answer["ErrorCode"]), (&json!(status), &json!(code)));
    }
}
