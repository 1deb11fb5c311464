//! Voice calls, recognised from their signalling.

use super::*;

impl Talk {
    fn signals(&self, from_visitor: bool, sequence: u32, name: &str) -> Word {
        let (from, to) = if from_visitor {
            (self.visitor.username.as_str(), "lin")
        } else {
            ("lin", self.visitor.username.as_str())
        };
        Word::new(from, to, &self.id, sequence, words::call(name))
    }

    async fn becomes(&self, medium: &str) -> Value {
        until(&format!("it becomes {medium}"), SOON, async || {
            let conversation = self.visitor.conversation(&self.id).await;
            (conversation["medium"] == medium).then_some(conversation)
        })
        .await
    }
}

#[tokio::test]
async fn a_running_call_is_shown_and_over_when_somebody_hangs_up() {
    let mut house = House::open().await;
    let (nobody, talk) = (house.hotline.client(), house.talk("anna").await);
    let shown = talk.visitor.conversation(&talk.id).await;
    assert_eq!((&shown["medium"], &shown["callStartTime"]), (&json!("TEXT"), &Value::Null));
    nobody.say(&talk.signals(true, 1, "start_audio")).await;
    let answered = talk.signals(false, 1, "answered");
    nobody.say(&answered).await;
    let shown = talk.becomes("VOICE").await;
    assert!(shown["callStartTime"].as_i64() >= shown["startTime"].as_i64(), "{shown}");
    house.lin_socket.event("medium-changed", &talk.id).await;

    nobody.say(&talk.signals(false, 2, "ended_83s")).await;
    talk.becomes("TEXT").await;
    // The answer, delivered again, does not begin the call anew; what comes after it shows that it was taken in.
    nobody.say(&answered).await;
    house.lin_socket.event("medium-changed", &talk.id).await;
    nobody.say(&talk.says(2, "好的")).await;
    house.lin_socket.ping().await;
    assert_eq!(talk.visitor.conversation(&talk.id).await["medium"], "TEXT");
}

#[tokio::test]
async fn a_call_nobody_answered_changes_nothing() {
    let house = House::open().await;
    let (nobody, talk, other) = (house.hotline.client(), house.talk("anna").await, house.talk("bo").await);
    nobody.say(&talk.signals(true, 1, "start_audio")).await;
    nobody.say(&talk.signals(true, 2, "cancelled_by_caller")).await;
    nobody.say(&talk.signals(true, 3, "start_audio")).await;
    nobody.say(&talk.signals(false, 1, "rejected")).await;
    // A signal that names a talk of others is none of theirs.
    let mut forged = talk.signals(true, 4, "answered").callback();
    forged["CloudCustomData"] = json!(other.id);
    nobody.callback(&forged).await;
    nobody.say(&other.signals(false, 1, "answered")).await;
    other.becomes("VOICE").await;
    assert_eq!(talk.visitor.conversation(&talk.id).await["medium"], "TEXT");
}

#[tokio::test]
async fn a_call_has_its_own_limit_and_no_silence_and_outlives_a_restart() {
    let mut house = House::open_with(&[
        ("dispatch.voice_seconds_max", "15"),
        ("dispatch.limit_notices_seconds", "[]"),
        ("dispatch.silence_notice_seconds", "6"),
        ("dispatch.silence_end_seconds", "6"),
    ])
    .await;
    let (nobody, talk) = (house.hotline.client(), house.talk("anna").await);
    nobody.say(&talk.signals(false, 1, "answered")).await;
    let since = talk.becomes("VOICE").await["callStartTime"].as_i64().expect("a time");
    house.restart().await;
    let over = house.over(&talk).await;
    assert_eq!((&over["status"], &over["endReason"]), (&json!("TIME_OUT"), &json!("limit")));
    let length_ms = over["endTime"].as_i64().expect("a time") - since;
    assert!((15_000..75_000).contains(&length_ms), "{length_ms} ms");
}

#[tokio::test]
async fn whoever_leaves_im_is_in_no_call_any_more() {
    let house = House::open().await;
    let (nobody, talk) = (house.hotline.client(), house.talk("anna").await);
    nobody.say(&talk.signals(false, 1, "answered")).await;
    talk.becomes("VOICE").await;
    let gone = json!({
        "CallbackCommand": "State.StateChange", "EventTime": hotline::clock::now().0 + 1000,
        "Info": { "Action": "Disconnect", "To_Account": "lin", "Reason": "LinkClose" },
    });
    assert_taken(&nobody.callback(&gone).await);
    talk.becomes("TEXT").await;
}
